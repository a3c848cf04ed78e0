import json

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.models.base import Fault
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.travelling import read_map
from tests.stages.planned import (
    FAILED,
    assert_failed_rows_are_untouched,
    assert_neighbours_change_nothing,
    planned,
    with_pixels,
)

LINE = TextLine("新品上市", (0.25, 0.5, 0.75, 0.625), Role.TITLE, "zh", "#102030", 0.5, True)
MAP = np.linspace(0, 1, 12, dtype=np.float32).reshape(3, 4)


class FakeAnnotator:
    """Reads one line in light images, and can't read black ones; keeps the batches it was given."""

    def __init__(self):
        self.batches = []

    def annotate(self, pixels):
        self.batches.append(len(pixels))
        return [
            Annotation((LINE,), (0.0, 0.25, 0.5, 1.0), MAP)
            if image.mean() > 20
            else Fault("reader_failed", "black image", "…")
            for image in pixels
        ]


def photo(value):
    return np.full((40, 30, 3), value, np.uint8)


LIGHT, GREY, BLACK = photo(250), photo(128), photo(0)


class Blind:
    """Finds a subject and reads nothing."""

    def annotate(self, pixels):
        return [Annotation() for _ in pixels]


def annotate(table, annotator=None, batch=8, subject_only=FakeAnnotator):
    model = annotator or FakeAnnotator()
    return Annotate(lambda: (model, "fake-1"), subject_only, batch)(table)


def test_a_row_gets_lines_subject_map_and_version():
    table = annotate(with_pixels(planned({}), [LIGHT]))
    (row,) = table.to_pylist()
    assert rows.read_annotation(row["text_lines"], row["subject_box"]) == Annotation((LINE,), (0.0, 0.25, 0.5, 1.0))
    assert row["annotator"] == "fake-1"
    assert "新品上市" in json.dumps(json.loads(row["annotation_json"]), ensure_ascii=False)
    assert np.abs(read_map(row["subject_map"]) - MAP).max() <= 0.5 / 255
    assert table.column_names == [*schema.ANNOTATED.names, "stock"]


def test_an_image_is_read_once_whatever_the_number_of_its_rows():
    annotator = FakeAnnotator()
    table = annotate(with_pixels(planned({}, {}, {}, {}), [LIGHT, GREY, LIGHT, LIGHT]), annotator)
    assert annotator.batches == [2]
    assert len(table.column("subject_map").combine_chunks().dictionary) == 2


def test_no_batch_is_larger_than_asked_and_answers_come_to_their_rows():
    annotator = FakeAnnotator()
    photos = [photo(value) for value in (0, 60, 0, 120, 180)]
    table = annotate(with_pixels(planned(*[{}] * 5), photos), annotator, batch=2)
    assert annotator.batches == [2, 2, 1]
    assert table.column("status").to_pylist() == ["failed", "ok", "failed", "ok", "ok"]


def test_a_fault_fails_every_row_of_its_image():
    table = annotate(with_pixels(planned({}, {}, {}), [BLACK, LIGHT, BLACK]))
    assert table.column("status").to_pylist() == ["failed", "ok", "failed"]
    assert table.column("error").to_pylist()[0] == {
        "stage": "annotate",
        "kind": "reader_failed",
        "message": "black image",
    }
    assert table.column("annotator").to_pylist() == [None, "fake-1", None]


def test_an_annotator_without_a_map_leaves_none():
    (row,) = annotate(with_pixels(planned({}), [LIGHT]), Blind()).to_pylist()
    assert (row["subject_map"], row["subject_box"], row["text_lines"]) == (None, None, [])


def test_failed_rows_pass_through():
    before = with_pixels(planned(FAILED, {}), [None, LIGHT])
    assert_failed_rows_are_untouched(before, annotate(before))


def test_a_bad_row_changes_nothing_for_its_neighbours():
    assert_neighbours_change_nothing(annotate, with_pixels(planned({}, {}, FAILED, {}), [LIGHT, BLACK, None, LIGHT]))


def test_no_rows_are_no_rows_and_no_call():
    annotator = FakeAnnotator()
    assert len(annotate(with_pixels(planned({}), [LIGHT]).slice(0, 0), annotator)) == 0


def test_a_picture_too_long_to_be_read_has_no_lines_and_says_so():
    travelling = np.full((3000, 30, 3), 250, np.uint8)
    size = {"image_width": 1000, "image_height": 100_000}
    reader = FakeAnnotator()
    table = with_pixels(planned({}, {}), [travelling, LIGHT])
    columns = {name: pa.array([value, 30], pa.int32()) for name, value in size.items()}
    (long, plain) = annotate(rows.replace(table, **columns), reader, subject_only=Blind).to_pylist()
    assert (long["status"], long["text_lines"]) == ("ok", [])
    assert long["notes"] == ["1000x100000 px are too long to be read: text in the picture is unknown; cut it in parts"]
    assert reader.batches == [1] and len(plain["text_lines"]) == 1 and plain["notes"] == []
