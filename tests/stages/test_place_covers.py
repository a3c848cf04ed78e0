import numpy as np
import pyarrow as pa
import pytest

from layoutgen.config.stages import CoverPlaceSettings
from layoutgen.core import schema
from layoutgen.core.covers.text import CoverCopy
from layoutgen.core.layout import Canvas, Framing, Role, intersection
from layoutgen.imaging import images
from layoutgen.models.building.stages import FaceFor
from layoutgen.stages.place_covers import Photo, PlaceCovers, lay_out, scene_of

SETTINGS = CoverPlaceSettings()
FACE_FOR = FaceFor(SETTINGS)
CANVAS = Canvas(540, 720)


def photo(subject=(0.25, 0.35, 0.75, 0.95), **other) -> Photo:
    pixels = np.full((480, 360, 3), 226, np.uint8)
    found = np.zeros((160, 120), np.float32)
    rows, columns = (
        slice(int(subject[1] * 160), int(subject[3] * 160)),
        slice(int(subject[0] * 120), int(subject[2] * 120)),
    )
    found[rows, columns] = 1
    pixels[rows.start * 3 : rows.stop * 3, columns.start * 3 : columns.stop * 3] = (40, 90, 160)
    return Photo(pixels, found, **other)


def laid_out(one: Photo, title: str = "三分钟学会插花", **other):
    return lay_out(one, CoverCopy(title, **other), CANVAS, SETTINGS, FACE_FOR, zones={})


def test_a_cover_is_accepted_with_its_title_beside_the_subject():
    cover = laid_out(photo(), subtitle="新手也能做好", stickers=("新品",))
    assert cover.verdict.accepted and cover.verdict.covered <= 0.05 and cover.verdict.contrast >= 4.5
    assert [e.role for e in cover.elements if e.lines] == [Role.TITLE, Role.SUBTITLE, Role.OTHER]


def test_a_subject_all_over_the_photo_gets_its_title_on_a_panel():
    cover = laid_out(photo((0.0, 0.0, 1.0, 1.0)))
    assert cover.verdict.accepted
    assert cover.framing.picture != (0.0, 0.0, 1.0, 1.0)


def test_where_only_one_framing_is_allowed_the_broken_limit_is_named():
    everywhere = photo(faces=((0.0, 0.0, 1.0, 1.0),))
    cover = lay_out(everywhere, CoverCopy("标题"), CANVAS, SETTINGS, FACE_FOR, zones={}, framings=[Framing()])
    assert "touches_face" in cover.broken
    assert not cover.verdict.accepted and any(r.startswith("touches_face") for r in cover.verdict.reasons)


def test_text_that_is_there_already_is_protected():
    one = photo(texts=((0.0, 0.0, 1.0, 0.2),))
    scene = scene_of(one, Framing(), CANVAS, {})
    assert scene.protection[:30].min() == 1
    title = next(e for e in laid_out(one).elements if e.role is Role.TITLE)
    assert intersection(title.box, (0.0, 0.0, 1.0, 0.2)) < 0.05


def table(**row: object) -> pa.Table:
    one = photo()
    values = {
        "row_id": "a@540x720",
        "product_id": "a",
        "canvas_width": 540,
        "canvas_height": 720,
        "title": "三分钟学会插花",
        "status": "ok",
        "notes": [],
        **row,
    }
    made = schema.complete(pa.Table.from_pylist([values]), schema.COVER_PLANNED)
    for name, data in (
        ("pixels", images.encode_jpeg(one.pixels)),
        ("subject_map", images.encode_png((one.subject * 255).astype(np.uint8))),
    ):
        column = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array([data], pa.binary()))
        made = made.append_column(name, column)
    return schema.complete(made, schema.COVER_PROTECTED)


def placed(**row: object):
    return PlaceCovers(SETTINGS, {}, FACE_FOR, "cover-test")(table(**row))


def test_the_stage_adds_the_placed_columns():
    found = placed(stickers=["新品", "新品"])
    assert found.column_names == schema.COVER_PLACED.names
    (row,) = found.to_pylist()
    assert row["accepted"] is True and row["reasons"] == [] and row["composer"] == "cover-test"
    assert [e["text"] for e in row["elements"] if e["role"] == "other"] == ["新品"]


def test_characters_without_a_glyph_are_noted_and_a_title_of_them_fails():
    (row,) = placed(subtitle="好看\U0001f600的").to_pylist()
    assert any("no font has" in note for note in row["notes"])
    assert "好看的" in [e["text"] for e in row["elements"]]
    (row,) = placed(title="\U0001f600").to_pylist()
    assert (row["status"], row["error"]["kind"]) == ("failed", "missing_glyphs")


@pytest.mark.parametrize("title", ["שלום", "مرحبا"])
def test_a_title_that_runs_right_to_left_fails_its_row(title):
    (row,) = placed(title=title).to_pylist()
    assert row["error"]["kind"] == "unsupported_script" and row["elements"] is None
