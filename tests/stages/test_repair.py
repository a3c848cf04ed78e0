import math
from dataclasses import replace
from functools import cache

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.core import rows, schema
from layoutgen.core.fingerprint import Keys
from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.models.building import composers
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers import rules
from layoutgen.stages.compose import Compose
from layoutgen.stages.judging import RECOMPOSED, Judging
from layoutgen.stages.place import Place
from layoutgen.stages.repair import Effort, Repair
from tests.budget import examples
from tests.pipeline.independent_check import judge as broken
from tests.stages.planned import FAILED, composed, planned, with_pixels

SETTINGS = PlaceSettings()
PHOTO = np.full((120, 120, 3), 235, np.uint8)
PHOTO[60:110, 30:90] = (40, 60, 160)
SUBJECT = np.zeros((120, 120), np.uint8)
SUBJECT[60:110, 30:90] = 255
TEXTS = (
    (Role.TITLE, "静音破壁机"),
    (Role.SELLING_POINT, "一机多用"),
    (Role.SELLING_POINT, "终身保修"),
    (Role.PRICE, "￥199"),
)
COPY = {"title": "静音破壁机", "selling_points": ["一机多用", "终身保修"], "price": "￥199"}
SOUND = ((0.3, 0.06, 0.7, 0.17), (0.3, 0.21, 0.5, 0.26), (0.3, 0.29, 0.5, 0.34), (0.3, 0.38, 0.46, 0.44))
ASKEW = ((0.3, 0.06, 0.7, 0.17), (0.313, 0.21, 0.513, 0.26), (0.313, 0.29, 0.513, 0.34), (0.324, 0.38, 0.484, 0.44))
SCATTERED = ((0.4, 0.3, 0.98, 0.42), (0.05, 0.92, 0.3, 0.98), (0.7, 0.05, 0.95, 0.1), (0.05, 0.55, 0.3, 0.7))


@cache
def place():
    return Place(SETTINGS, FaceFor(SETTINGS))


def rules_composer():
    return composers.composer(ComposeSettings(), SETTINGS, FaceFor(SETTINGS), 0, Storage())


def repair(**effort):
    by_rules = Compose(rules_composer, FaceFor(SETTINGS), 8)
    judging = Judging(SETTINGS.min_font, SETTINGS.min_contrast)
    return Repair(place(), judging, Effort(**effort), by_rules, rules.VERSION)


def ready(*layouts, framing=None, **changes):
    """A composed table with a row for each layout: the boxes of `TEXTS`."""
    suggestions = [
        [Suggestion(role, box, text) for (role, text), box in zip(TEXTS, boxes, strict=True)] for boxes in layouts
    ]
    table = with_pixels(planned(*({**COPY, **changes} for _ in layouts)), [PHOTO] * len(layouts))
    table = composed(table, suggestions, framing)
    maps = rows.dictionary(
        dict.fromkeys(range(len(layouts)), images.encode_png(SUBJECT)),
        dict.fromkeys(range(len(layouts)), 0),
        len(layouts),
    )
    return rows.add(table, {"subject_map": maps}, schema.COMPOSED)


def repair_notes(row):
    return [note for note in row["notes"] if note.startswith("repaired")]


def test_a_sound_layout_is_judged_and_left_as_it_is():
    table = ready(SOUND)
    (row,) = repair(rounds=2, anew=True)(table).to_pylist()
    (as_placed,) = place()(table).to_pylist()
    assert row["objections"] < 0.5
    assert row["objected_to"] == []
    assert row["elements"] == as_placed["elements"]
    assert row["notes"] == as_placed["notes"]


def test_texts_that_are_almost_flush_are_set_flush():
    (row,) = repair(rounds=1)(ready(ASKEW)).to_pylist()
    lefts = {round(e["box"][0] * 1080) for e in row["elements"] if e["lines"]}
    assert len(lefts) == 1
    assert row["objections"] < 0.5
    (note,) = repair_notes(row)
    assert note.startswith("repaired, texts set flush left for its alignment: objections ")
    assert row["composer"] is None, "the proposal is still the composer's own"
    assert [tuple(s["box"]) for s in row["suggestion"]] == [pytest.approx(box) for box in ASKEW]


def test_without_rounds_layouts_are_only_judged():
    (row,) = repair(rounds=0, anew=True)(ready(ASKEW)).to_pylist()
    assert row["objections"] >= 1
    assert row["objected_to"] == ["alignment"]
    assert not repair_notes(row)


def test_what_moves_do_not_mend_is_composed_anew_by_the_rules():
    (before,) = repair()(ready(SCATTERED)).to_pylist()
    (row,) = repair(rounds=1, candidates=1, anew=True)(ready(SCATTERED)).to_pylist()
    assert before["objections"] > 1 > row["objections"]
    (note,) = repair_notes(row)
    assert note.startswith(RECOMPOSED)
    assert row["composer"] == rules.VERSION
    assert row["suggestion"] != before["suggestion"]
    assert broken([row])["layouts"] == 1


def test_variants_of_a_canvas_are_not_composed_anew_for_they_differ_on_purpose():
    table = ready(SCATTERED, SCATTERED)
    ids = ["p0@1080x1080", "p0@1080x1080@v1"]
    table = rows.replace(table, row_id=pa.array(ids)).append_column("variant", pa.array([0, 1], pa.int32()))
    after = repair(rounds=1, candidates=1, anew=True)(table).to_pylist()
    assert [row["composer"] for row in after] == [None, None]


def test_neighbours_and_failed_rows_change_nothing():
    alone = [repair(rounds=1, anew=True)(ready(layout)).to_pylist()[0] for layout in (ASKEW, SCATTERED, SOUND)]
    together = repair(rounds=1, anew=True)(ready(ASKEW, SCATTERED, SOUND)).to_pylist()
    apart = {"row_id", "product_id", "stock", "pixels", "subject_map"}
    for one, other in zip(alone, together, strict=True):
        assert {k: v for k, v in one.items() if k not in apart} == {k: v for k, v in other.items() if k not in apart}
    (failed,) = repair(rounds=1, anew=True)(ready(SCATTERED, **FAILED)).to_pylist()
    assert failed["status"] == "failed"
    assert failed["objections"] is None
    assert failed["objected_to"] is None


def test_rows_that_are_kept_keep_their_verdict():
    keys = vars(Keys("s", "a", "c", "p"))
    table = ready(ASKEW)
    table = rows.replace(table, fingerprint=pa.array([keys], schema.PLACED.field("fingerprint").type))
    first = repair(rounds=1)(table)
    kept = first.append_column(schema.WAS, pa.array([keys], schema.FINGERPRINT))
    kept = kept.append_column(schema.WAS_NOTES, first.column("notes"))
    again = rows.replace(kept, objections=pa.array([7.0], pa.float32()), notes=table.column("notes"))
    (row,) = repair(rounds=1, anew=True)(again).to_pylist()
    assert row["objections"] == 7
    assert row["elements"] == first.to_pylist()[0]["elements"]
    assert row["notes"] == first.to_pylist()[0]["notes"]


sides = st.floats(0, 0.85)
boxes = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), sides, sides, st.floats(0.05, 0.6), st.floats(0.03, 0.2))
framings = st.sampled_from(
    [
        Framing(),
        Framing((0.0, 0.2, 1.0, 1.0)),
        Framing(picture=(0.5, 0.0, 1.0, 1.0), crop=(0.2, 0.0, 0.7, 1.0), ground="panel"),
    ]
)


@settings(max_examples=examples(12, 400))
@given(st.tuples(boxes, boxes, boxes, boxes), framings)
def test_no_layout_becomes_worse(layout, framing):
    table = ready(layout, framing=framing)
    (before,) = repair()(table).to_pylist()
    (after,) = repair(rounds=2, candidates=3, above=0.0, anew=True)(table).to_pylist()
    assert before["status"] == after["status"]
    if before["status"] != "ok":
        return
    assert after["objections"] <= before["objections"]
    assert bool(repair_notes(after)) == (after["objections"] < before["objections"])
    if repair_notes(after):
        assert after["objections"] <= before["objections"] - 0.1 + 1e-6
    assert math.isfinite(after["objections"])
    limits = {name: count for name, count in broken([after]).items() if count and name != "layouts"}
    assert limits == {} or limits == {name: n for name, n in broken([before]).items() if n and name != "layouts"}


def test_a_models_texts_are_set_by_the_network_where_that_is_better_and_the_rules_are_not():
    def mend(texts, canvas):
        asked.append(len(texts))
        return [replace(text, box=box) for text, box in zip(texts, SOUND, strict=True)]

    asked = []
    judging = Judging(SETTINGS.min_font, SETTINGS.min_contrast)
    mending = Repair(place(), judging, Effort(rounds=1, candidates=1), None, rules.VERSION, mend)
    (row,) = mending(ready(SCATTERED)).to_pylist()
    assert row["objections"] < repair()(ready(SCATTERED)).to_pylist()[0]["objections"]
    assert repair_notes(row)[0].startswith("repaired, texts set by their own order for its ")
    assert asked == [len(TEXTS)]
    table = ready(SCATTERED)
    by_rules = rows.replace(table, composer=pa.array([rules.VERSION]))
    mending(by_rules)
    assert asked == [len(TEXTS)]
    worse = Repair(place(), judging, Effort(rounds=1), None, rules.VERSION, lambda texts, canvas: [*texts][::-1])
    (kept,) = worse(ready(SOUND)).to_pylist()
    assert kept["objections"] == repair()(ready(SOUND)).to_pylist()[0]["objections"]
