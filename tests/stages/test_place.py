import math

import numpy as np
import pytest

from layoutgen.config.stages import PlaceSettings
from layoutgen.core import rows, schema
from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.imaging import images
from layoutgen.models.building.fonts import FaceFor
from layoutgen.stages.place import Place, as_equals
from tests.pipeline.independent_check import judge
from tests.stages.planned import (
    FAILED,
    assert_failed_rows_are_untouched,
    assert_neighbours_change_nothing,
    composed,
    planned,
    with_pixels,
)

SETTINGS = PlaceSettings()
PHOTO = np.full((90, 60, 3), 235, np.uint8)
NOISE = np.random.default_rng(0).integers(0, 256, (60, 60, 3), dtype=np.uint8)
TITLE = Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.25), "静音破壁机")
POINT = Suggestion(Role.SELLING_POINT, (0.1, 0.2, 0.5, 0.26), "包邮")
OVERLAPPING = [POINT, TITLE, Suggestion(Role.PRICE, (0.1, 0.1, 0.4, 0.3), "￥199")]
NOWHERE = [Suggestion(Role.TITLE, (math.nan, 0.1, 0.9, 0.25), "静音破壁机")]


def placed(*changes, suggestions, photos=None, settings=SETTINGS, framing=None):
    return Place(settings, FaceFor(settings))(ready(*changes, suggestions=suggestions, photos=photos, framing=framing))


def ready(*changes, suggestions, photos=None, framing=None):
    return composed(with_pixels(planned(*changes), photos or [PHOTO] * len(changes)), suggestions, framing)


@pytest.mark.parametrize("size", [(1080, 1080), (1920, 1080), (200, 1000)])
@pytest.mark.parametrize("photo", [PHOTO, NOISE])
def test_a_layout_keeps_every_limit_as_the_table_holds_it(size, photo):
    row = {"title": "静音破壁机", "selling_points": ["包邮"], "canvas_width": size[0], "canvas_height": size[1]}
    table = placed(row, suggestions=[OVERLAPPING], photos=[photo])
    assert {name: n for name, n in judge(table.to_pylist()).items() if n and name != "layouts"} == {}
    assert table.column_names == [*schema.PLACED.names, "stock"]
    assert table.column("contrast")[0].as_py() >= 4.5


def test_elements_keep_the_order_of_the_copy():
    (row,) = placed({}, suggestions=[OVERLAPPING]).to_pylist()
    assert [e["text"] for e in row["elements"] if e["lines"]] == ["包邮", "静音破壁机", "￥199"]


def test_a_suggestion_that_cannot_be_placed_fails_its_row_with_the_reason():
    long = [Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.9), "长" * 3000)]
    found = placed({}, {}, {}, suggestions=[long, [TITLE], NOWHERE]).to_pylist()
    assert [row["status"] for row in found] == ["failed", "ok", "failed"]
    assert [row["error"] and (row["error"]["stage"], row["error"]["kind"]) for row in found] == [
        ("place", "copy_too_long"),
        None,
        ("place", "bad_box"),
    ]
    assert found[0]["elements"] is None and found[0]["contrast"] is None


def test_what_has_no_room_is_noted():
    points = [Suggestion(Role.SELLING_POINT, (0.1, 0.1, 0.9, 0.9), f"第{i}个卖点") for i in range(60)]
    row = {"canvas_width": 200, "canvas_height": 200, "notes": ["before"]}
    (row,) = placed(row, suggestions=[[TITLE, *points]]).to_pylist()
    said = {e["text"] for e in row["elements"]}
    assert row["notes"][0] == "before"
    assert {f"left out for want of room: {p.text}" for p in points if p.text not in said} == set(row["notes"][1:])
    assert row["notes"][1:]


def test_text_is_coloured_for_the_photo_as_it_is_framed():
    split = np.full((90, 60, 3), 255, np.uint8)
    split[:, :30] = 0
    colours = [
        placed({}, suggestions=[[TITLE]], photos=[split], framing=Framing(crop)).to_pylist()[0]["elements"][0]["colour"]
        for crop in ((0.0, 0.0, 0.5, 1.0), (0.5, 0.0, 1.0, 1.0))
    ]
    assert colours[0] == "#ffffff" != colours[1]


def test_the_subjects_map_says_how_much_of_it_is_covered():
    table = ready({}, suggestions=[[TITLE]])
    subject = np.zeros((90, 60), np.uint8)
    subject[:45] = 255
    maps = rows.dictionary({0: images.encode_png(subject)}, {0: "map"}, 1)
    shown = rows.replace(table, subject_map=maps)
    stage = Place(SETTINGS, FaceFor(SETTINGS))
    assert 0.05 < stage(shown).column("subject_covered")[0].as_py() < 0.5
    assert stage(table).column("subject_covered")[0].as_py() == 0


def test_limits_come_from_the_settings():
    settings = PlaceSettings(margin=0.2, min_font=0.06)
    (row,) = placed({}, suggestions=[[TITLE, POINT]], settings=settings).to_pylist()
    for element in row["elements"]:
        assert min(element["box"][:2]) >= 0.2 - 1e-6 and max(element["box"][2:]) <= 0.8 + 1e-6
        assert element["font_px"] >= 0.06 * 1080


def test_failed_rows_pass_through():
    before = ready(FAILED, {}, suggestions=[None, [TITLE]], photos=[None, PHOTO])
    assert_failed_rows_are_untouched(before, Place(SETTINGS, FaceFor(SETTINGS))(before))


def test_a_bad_row_changes_nothing_for_its_neighbours():
    nothing = [Suggestion(Role.LOGO, (0.3, 0.3, 0.3, 0.3))]
    suggestions = [OVERLAPPING, nothing, None, [TITLE]]
    table = ready({}, {}, FAILED, {}, suggestions=suggestions, photos=[PHOTO, NOISE, None, PHOTO])
    assert_neighbours_change_nothing(Place(SETTINGS, FaceFor(SETTINGS)), table)


def test_a_selling_point_that_a_network_calls_subtitle_looks_like_its_equals():
    first, second = (Suggestion(role, (0.1, 0.3, 0.4, 0.4), role.value) for role in (Role.SUBTITLE, Role.SELLING_POINT))
    assert [s.role for s in as_equals([first, second], ("subtitle", "selling_point"))] == [Role.SELLING_POINT] * 2
    assert as_equals([first], ("subtitle",)) == [first]
    assert as_equals([first, second], ("selling_point",)) == [first, second]


def test_no_rows_are_no_rows():
    table = ready({}, suggestions=[[TITLE]]).slice(0, 0)
    assert len(Place(SETTINGS, FaceFor(SETTINGS))(table)) == 0
