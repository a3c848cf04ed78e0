"""The point stage: what a language model says of covers joins what finders saw there."""

import numpy as np
import pyarrow as pa
import pytest

from layoutgen.core import rows, schema
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.covers.key_elements import UNKNOWN
from layoutgen.core.layout import Role
from layoutgen.core.prompts.covers import KeyElement, Kind
from layoutgen.models.base import Fault
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.point import Point
from tests.stages.planned import (
    FAILED,
    assert_failed_rows_are_untouched,
    assert_neighbours_change_nothing,
    planned,
    with_pixels,
)

LINE = TextLine("Sale", (0.1, 0.02, 0.4, 0.1), Role.OTHER, "en", "#ff0000", 0.9, True)
VASE, SALE, GHOST = (
    KeyElement(Kind.PRODUCT, "vase", (0.2, 0.22, 0.8, 0.98)),
    KeyElement(Kind.TEXT, "sale", (0.05, 0.0, 0.45, 0.12)),
    KeyElement(Kind.OBJECT, "bird", (0.6, 0.0, 0.9, 0.15)),
)


class Finders:
    """Sees a vase, and the word above it."""

    def annotate(self, images):
        subject = np.zeros((80, 60), np.float32)
        subject[20:78, 12:50] = 0.9
        return [Annotation((LINE,), (0.2, 0.25, 0.8, 0.97), subject) for _ in images]


class Pointer:
    """A language model that names three things, but can't write them down of dark pictures, and is late with black
    ones; keeps how many it saw."""

    def __init__(self):
        self.batches = []

    def point(self, images):
        self.batches.append(len(images))
        return [self.answer(image.mean()) for image in images]

    def answer(self, light):
        if light > 100:
            return (VASE, SALE, GHOST)
        return Fault("deadline", "late") if light < 20 else Fault("unparsable_answer", "item 0 is no object", "[1]")


def photo(value):
    return np.full((80, 60, 3), value, np.uint8)


LIGHT, DARK, BLACK = photo(220), photo(60), photo(5)


def covers(*changes):
    return planned(*({"application": "video_cover", **change} for change in changes))


def protected(table):
    return Annotate(lambda: (Finders(), "finders-1"), Finders, 8)(table)


def point(table, pointer=None, batch=8):
    return Point(lambda: (pointer or Pointer(), "vlm-1"), batch)(table)


def test_elements_weigh_by_what_finders_saw_and_a_picture_is_shown_once():
    pointer = Pointer()
    first, second = point(protected(with_pixels(covers({}, {}), [LIGHT, LIGHT])), pointer).to_pylist()
    assert pointer.batches == [1]
    assert first["key_elements"] == second["key_elements"]
    said = [(one["kind"], one["label"], round(one["weight"], 3)) for one in first["key_elements"]]
    assert said == [("product", "vase", 1), ("text", "sale", 0), ("object", "bird", 0.3)]
    assert first["key_elements"][0]["box"] == pytest.approx(VASE.box)
    assert first["notes"] == [] and first["status"] == "ok"
    assert first["annotator"] == "finders-1; vlm-1"


def test_an_answer_that_can_not_be_read_costs_a_note_and_no_cover():
    table = protected(with_pixels(covers({}, {"notes": ["a note"]}), [LIGHT, DARK]))
    good, bad = point(table).to_pylist()
    assert good["key_elements"] and not good["notes"]
    assert bad["status"] == "ok" and bad["key_elements"] is None
    assert bad["notes"] == ["a note", f"{UNKNOWN}: item 0 is no object"]
    assert bad["text_lines"] == good["text_lines"]


def test_what_may_do_better_another_time_is_a_dead_letter():
    good, bad = point(protected(with_pixels(covers({}, {}), [LIGHT, BLACK]))).to_pylist()
    assert good["status"] == "ok"
    assert bad["error"] == {"stage": "point", "kind": "deadline", "message": "late"}


def test_rows_that_failed_pass_and_neighbours_change_nothing():
    table = protected(with_pixels(covers({}, FAILED, {}, {}, {}), [LIGHT, None, DARK, BLACK, LIGHT]))
    assert_failed_rows_are_untouched(table, point(table))
    assert_neighbours_change_nothing(point, table)


def test_no_batch_is_larger_than_asked_and_without_pictures_no_model_is_built():
    pointer = Pointer()
    point(protected(with_pixels(covers(*[{}] * 5), [photo(value) for value in range(210, 250, 8)])), pointer, batch=2)
    assert pointer.batches == [2, 2, 1]

    def unwanted():
        raise AssertionError("a model is built for nothing")

    assert len(Point(unwanted, 8)(protected(with_pixels(covers(FAILED), [None])))) == 1


def test_what_was_said_the_night_before_is_not_asked_again_and_its_notes_stay():
    key = {"source": "s", "annotate": "a", "compose": "c", "place": "p"}
    table = protected(with_pixels(covers({}, {}), [LIGHT, DARK]))
    before = point(table).to_pylist()
    for name, values in {
        "fingerprint": [key, key],
        schema.WAS: [{**key, "place": "other"}] * 2,
        schema.WAS_NOTES: [row["notes"] + ["of the placer"] for row in before],
        "key_elements": [row["key_elements"] for row in before],
        "annotator": [row["annotator"] for row in before],
    }.items():
        kind = {schema.WAS: schema.FINGERPRINT, schema.WAS_NOTES: pa.list_(pa.string())}.get(name)
        array = pa.array(values, kind or schema.ANNOTATED.field(name).type)
        index = table.schema.get_field_index(name)
        table = table.append_column(name, array) if index < 0 else table.set_column(index, name, array)

    def unwanted():
        raise AssertionError("a model is asked again")

    after = Point(unwanted, 8)(table).to_pylist()
    assert [row["key_elements"] for row in after] == [row["key_elements"] for row in before]
    assert [row["annotator"] for row in after] == [row["annotator"] for row in before]
    assert [row["notes"] for row in after] == [row["notes"] for row in before]
    assert rows.kept(table, "annotate") == {0, 1}
