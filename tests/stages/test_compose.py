import numpy as np
import pyarrow as pa
import pytest

from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.core import rows, schema
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.styles.choosing import Wardrobe
from layoutgen.core.styles.style import Style
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.building import composers
from layoutgen.models.building.fonts import FaceFor
from layoutgen.stages.compose import Compose
from tests.stages.planned import (
    FAILED,
    assert_failed_rows_are_untouched,
    assert_neighbours_change_nothing,
    planned,
    with_pixels,
)

FACES = FaceFor(PlaceSettings())
FRAMING = Framing((0.25, 0.0, 0.75, 1.0), (0.0, 0.5, 1.0, 1.0), "#eeeeee")
PROVENANCE = {"composer": "fake-1", "adapter": "lora", "prompt_version": "p1", "seed": 7}
PHOTO = np.full((60, 40, 3), 200, np.uint8)


class FakeComposer:
    """Says the title and the first selling point; can't do titles that start with 错. Keeps its briefs."""

    def __init__(self):
        self.batches = []

    def compose(self, briefs):
        self.batches.append(briefs)
        return [self._one(brief.copy) for brief in briefs]

    def _one(self, copy):
        if copy.title.startswith("错"):
            return Fault("bad_answer", "no JSON", raw="???")
        said = [Suggestion(Role.TITLE, (0.0, 0.0, 0.5, 0.25), copy.title)]
        said += [Suggestion(Role.SELLING_POINT, (0.0, 0.25, 0.5, 0.5), point) for point in copy.selling_points[:1]]
        return Composition(FRAMING, tuple(said), raw="{}")


def annotated(*changes, photos=None, logos=None, lines=(), subject_map=None):
    table = with_pixels(planned(*changes), photos or [PHOTO] * len(changes), logos)
    there = [status == "ok" for status in table.column("status").to_pylist()]
    maps = {i: images.encode_png(subject_map) for i, ok in enumerate(there) if ok and subject_map is not None}
    return rows.add(
        table,
        {
            "text_lines": [[rows.text_line_row(line) for line in lines] if ok else None for ok in there],
            "subject_box": [(0.25, 0.25, 0.75, 1.0) if ok else None for ok in there],
            "subject_map": rows.dictionary(maps, dict.fromkeys(maps, "map"), len(table)),
        },
        schema.ANNOTATED,
    )


def compose(table, composer=None, batch=8):
    model = composer or FakeComposer()
    return Compose(lambda: (model, PROVENANCE), FACES, batch)(table)


def briefs_of(table, batch=8):
    composer = FakeComposer()
    compose(table, composer, batch)
    return [brief for batch in composer.batches for brief in batch]


def test_a_row_gets_framing_suggestion_answer_and_provenance():
    table = compose(annotated({"title": "破壁机"}))
    (row,) = table.to_pylist()
    assert rows.read_framing(row) == FRAMING
    assert [rows.read_suggestion(s) for s in row["suggestion"]] == [
        Suggestion(Role.TITLE, (0.0, 0.0, 0.5, 0.25), "破壁机")
    ]
    assert row["answer"] == "{}"
    assert {name: row[name] for name in PROVENANCE} == PROVENANCE
    assert table.column_names == [*schema.COMPOSED.names, "stock"]


def test_the_brief_holds_photo_annotation_copy_canvas_and_logo_shape():
    line = TextLine("NEW", (0.0, 0.0, 0.5, 0.25), Role.OTHER, "en", "#102030", 0.5, False)
    seen = np.arange(12, dtype=np.uint8).reshape(3, 4) * 20
    row = {
        "title": "破壁机",
        "selling_points": ["静音"],
        "brand": "ACME",
        "logo": "logo.png",
        "canvas_width": 200,
        "canvas_height": 1000,
    }
    logo = np.zeros((20, 50, 4), np.uint8)
    (brief,) = briefs_of(annotated(row, logos=[logo], lines=[line], subject_map=seen))
    assert brief.image.shape == PHOTO.shape
    assert brief.annotation == Annotation((line,), (0.25, 0.25, 0.75, 1.0))
    assert np.array_equal(brief.annotation.subject_map, seen.astype(np.float32) / 255)
    assert brief.copy == Copy("破壁机", ("静音",), "ACME", "logo.png")
    assert brief.canvas == Canvas(200, 1000)
    assert brief.logo_aspect == 2.5


def test_rows_of_one_image_share_it_and_have_no_map_where_there_is_none():
    first, second = briefs_of(annotated({}, {}))
    assert first.image is second.image
    assert first.annotation.subject_map is None


def test_no_batch_is_larger_than_asked_and_answers_come_to_their_rows():
    composer = FakeComposer()
    table = compose(annotated(*[{"title": f"机{i}"} for i in range(5)]), composer, batch=2)
    assert [len(batch) for batch in composer.batches] == [2, 2, 1]
    assert [row[0]["text"] for row in table.column("suggestion").to_pylist()] == [f"机{i}" for i in range(5)]


def test_a_fault_fails_its_row_and_keeps_the_raw_answer():
    bad, good = compose(annotated({"title": "错"}, {"title": "对"})).to_pylist()
    assert bad["error"] == {"stage": "compose", "kind": "bad_answer", "message": "no JSON"}
    assert (bad["answer"], bad["suggestion"], bad["composer"], bad["seed"]) == ("???", None, None, None)
    assert good["status"] == "ok"


SIGN = "\ue000"  # of private use: no font has it


def test_a_sign_that_no_font_has_is_left_out_of_a_title_and_noted():
    (row,) = compose(annotated({"title": f"🔥爆款破壁机{SIGN}"})).to_pylist()
    assert row["suggestion"][0]["text"] == "🔥爆款破壁机"
    assert len(row["notes"]) == 1 and row["notes"][0].startswith("no font has U+E000 of ")


@pytest.mark.parametrize("title", ["བོད་ཇ", "静音 ꦗꦮ"])
def test_a_title_in_a_script_without_a_font_is_an_unsupported_script(title):
    (row,) = compose(annotated({"title": title})).to_pylist()
    assert (row["status"], row["error"]["stage"], row["error"]["kind"]) == ("failed", "compose", "unsupported_script")
    assert title in row["error"]["message"]


def test_a_title_of_emoji_alone_is_set():
    (row,) = compose(annotated({"title": "🔥🎁❤️👩‍👩‍👧"})).to_pylist()
    assert row["suggestion"][0]["text"] == "🔥🎁❤️👩‍👩‍👧"


def test_a_title_of_signs_that_no_font_has_has_missing_glyphs():
    (row,) = compose(annotated({"title": 2 * SIGN})).to_pylist()
    assert (row["status"], row["error"]["kind"]) == ("failed", "missing_glyphs")
    assert "place.bold_font" in row["error"]["message"]


def test_rows_whose_copy_cannot_be_set_are_not_composed():
    assert [brief.copy.title for brief in briefs_of(annotated({"title": SIGN}, {"title": "对"}, {"title": "བོད"}))] == [
        "对"
    ]


def test_selling_points_that_cannot_be_set_are_left_out_and_noted():
    (brief,) = briefs_of(annotated({"selling_points": [SIGN, "བོད", "包邮", " "]}))
    assert brief.copy.selling_points == ("包邮",)
    (row,) = compose(annotated({"selling_points": [SIGN, "བོད", "包邮"]})).to_pylist()
    assert f"left out, since it can't be set: {SIGN}" in row["notes"]
    assert "left out, since it can't be set: བོད" in row["notes"]


def test_a_selling_point_given_twice_is_said_once():
    (brief,) = briefs_of(annotated({"selling_points": ["包邮", "包邮" + SIGN, "静音"]}))
    assert brief.copy.selling_points == ("包邮", "静音")


def test_selling_points_that_the_composer_left_out_are_noted():
    (row,) = compose(annotated({"selling_points": ["包邮", "静音"], "notes": ["before"]})).to_pylist()
    assert row["notes"] == ["before", "left out for want of room: 静音"]


def test_a_brand_that_no_font_has_is_no_brand():
    (brief,) = briefs_of(annotated({"brand": SIGN}))
    assert brief.copy.brand is None


def test_where_the_logo_is_broken_the_brand_is_set_as_text():
    settings = ComposeSettings()
    model, _ = composers.composer(settings, PlaceSettings(), FACES, 0, Storage())
    row = {"brand": "ACME", "logo": "broken.png"}
    broken, whole = compose(annotated(row, row, logos=[None, np.zeros((20, 50, 4), np.uint8)]), model).to_pylist()
    assert [s["text"] for s in broken["suggestion"] if s["role"] == "logo"] == ["ACME"]
    assert [s["text"] for s in whole["suggestion"] if s["role"] == "logo"] == [""]


def wishing(table, **wishes):
    for name, values in wishes.items():
        table = table.append_column(schema.WISHES.field(name), pa.array(values, schema.WISHES.field(name).type))
    return table


def test_the_brief_holds_what_a_row_wishes_and_the_styles_that_it_may_have():
    plain, kids = Style("plain", "", ""), Style("kids", "", "")
    wardrobe = Wardrobe({"plain": plain, "kids": kids}, by_category={"toys": "kids"})
    products = (("破壁机", None), ("积木", "toys"), ("杯", None), ("碗", None))
    rows_of = annotated(*({"title": title, "category": category} for title, category in products))
    table = wishing(
        rows_of,
        style=[None, None, "plain", "unheard-of"],
        series=["spring", "spring", "autumn", None],
        variant=[0, 1, 2, 0],
        framing=[None, "as_is", None, None],
    )
    composer = FakeComposer()
    answer = Compose(lambda: (composer, PROVENANCE), FACES, 8, wardrobe=wardrobe)(table).to_pylist()
    first, second, third = (brief for batch in composer.batches for brief in batch)
    assert (first.styles, second.styles, third.styles) == ((plain, kids), (kids,), (plain,))
    assert first.series_seed == second.series_seed != third.series_seed
    assert [(b.variant, b.framing) for b in (first, second, third)] == [(0, ""), (1, "as_is"), (2, "")]
    assert answer[3]["error"]["kind"] == "unknown_style" and "known: auto, plain, kids" in answer[3]["error"]["message"]


def test_failed_rows_pass_through():
    before = annotated(FAILED, {}, photos=[None, PHOTO])
    assert_failed_rows_are_untouched(before, compose(before))


def test_a_bad_row_changes_nothing_for_its_neighbours():
    table = annotated(
        {"selling_points": ["a", "b"]},
        {"title": "🔥"},
        FAILED,
        {"title": "错"},
        {},
        photos=[PHOTO] * 2 + [None] + [PHOTO] * 2,
    )
    assert_neighbours_change_nothing(lambda part: compose(part, batch=2), table)


def test_no_rows_are_no_rows_and_no_call():
    composer = FakeComposer()
    assert len(compose(annotated({}).slice(0, 0), composer)) == 0
    assert composer.batches == []


def test_a_logo_that_cannot_be_used_is_no_logo_to_any_composer():
    row = {"brand": "ACME", "logo": "logo.png"}
    (without, whole) = briefs_of(annotated(row, row, logos=[None, np.zeros((20, 50, 4), np.uint8)]))
    assert (without.copy.brand, without.copy.logo, without.logo_aspect) == ("ACME", None, None)
    assert (whole.copy.brand, whole.copy.logo) == ("ACME", "logo.png")


def test_an_offer_is_said_in_its_roles_and_what_has_no_room_is_noted():
    table = annotated({"selling_points": ["Light", "New"]})
    for name, text in (("price", "$9"), ("was_price", "12"), ("badge", "New")):
        table = table.append_column(name, [[text]])
    composer = FakeComposer()
    (row,) = Compose(lambda: (composer, PROVENANCE), FACES, 8)(table).to_pylist()
    ((brief,),) = composer.batches
    assert brief.copy.selling_points == ("Light",) and brief.copy.offers == {Role.PRICE: "$9", Role.BADGE: "New"}
    assert row["notes"] == ["left out for want of room: $9", "left out for want of room: New"]
