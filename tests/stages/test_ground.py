"""The ground stage: pictures with text are asked about, photos without are not."""

import json
from dataclasses import replace

import numpy as np

from layoutgen.core import rows
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.models.annotators.grounded import GroundedAnnotator
from layoutgen.models.base import Fault
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.ground import Ground
from tests.stages.planned import (
    FAILED,
    assert_failed_rows_are_untouched,
    assert_neighbours_change_nothing,
    planned,
    with_pixels,
)

READ = TextLine("Sofa", (0.12, 0.1, 0.48, 0.18), Role.OTHER, "en", "#ff0000", 0.9, True)
NAMED = TextLine("sofa", (0.1, 0.1, 0.5, 0.2), Role.TITLE, "en", "#000000", 1.0, True)
SUBJECT = (0.0, 0.25, 0.5, 1.0)


class Reader:
    """An OCR that reads one line in light images, and nothing in dark ones."""

    def annotate(self, images):
        return [Annotation((READ,) if image.mean() > 100 else (), SUBJECT, np.ones((3, 4))) for image in images]


class Namer:
    """A language model that names the line, but not of grey images; keeps how many it saw."""

    def __init__(self):
        self.batches = []

    def annotate(self, images):
        self.batches.append(len(images))
        return [
            Annotation((NAMED,)) if image.mean() > 200 else Fault("unparsable_answer", "cut off", "[{")
            for image in images
        ]


def photo(value):
    return np.full((40, 30, 3), value, np.uint8)


LIGHT, GREY, DARK = photo(250), photo(150), photo(10)


def read(table):
    return Annotate(lambda: (Reader(), "ocr-1"), Reader, 8)(table)


def ground(table, namer=None, batch=8):
    grounder = GroundedAnnotator(namer or Namer(), Reader())
    return Ground(lambda: (grounder, "vlm-1, grounded-9 in ocr-1"), batch)(table)


def test_rows_with_text_are_grounded_and_those_without_stay_as_they_were_read():
    namer = Namer()
    table = read(with_pixels(planned({}, {}, {}), [LIGHT, DARK, LIGHT]))
    first, second, third = ground(table, namer).to_pylist()
    assert namer.batches == [1], "an image is asked about once, and none without text"
    assert first["annotator"] == "vlm-1, grounded-9 in ocr-1"
    (line,) = rows.read_annotation(first["text_lines"], first["subject_box"]).lines
    assert (line.text, line.role, line.grounded) == ("Sofa", Role.TITLE, True)
    assert first["text_lines"] == third["text_lines"]
    assert "Sofa" in json.dumps(json.loads(first["annotation_json"]))
    assert second == table.to_pylist()[1]
    assert second["annotator"] == "ocr-1"


def test_a_row_is_what_one_stage_with_both_models_makes_of_it():
    apart = ground(read(with_pixels(planned({}), [LIGHT]))).to_pylist()
    both = GroundedAnnotator(Namer(), Reader())
    together = Annotate(lambda: (both, "vlm-1, grounded-9 in ocr-1"), Reader, 8)(with_pixels(planned({}), [LIGHT]))
    assert apart == together.to_pylist()


def test_without_text_no_model_is_built():
    def unwanted():
        raise AssertionError("a model is built for photos without text")

    table = read(with_pixels(planned({}, {}), [DARK, DARK]))
    assert Ground(unwanted, 8)(table) is table


def test_an_answer_that_can_not_be_read_fails_its_rows_alone():
    good, bad, _ = ground(read(with_pixels(planned({}, {}, {}), [LIGHT, GREY, DARK]))).to_pylist()
    assert good["status"] == "ok"
    assert bad["error"] == {"stage": "annotate", "kind": "unparsable_answer", "message": "cut off"}
    assert bad["text_lines"] is None and bad["annotator"] is None


def test_no_batch_is_larger_than_asked():
    namer = Namer()
    ground(read(with_pixels(planned(*[{}] * 5), [photo(value) for value in range(201, 250, 10)])), namer, batch=2)
    assert namer.batches == [2, 2, 1]


def test_rows_that_failed_pass_and_neighbours_change_nothing():
    table = read(with_pixels(planned({}, FAILED, {}, {}), [LIGHT, None, DARK, GREY]))
    assert_failed_rows_are_untouched(table, ground(table))
    assert_neighbours_change_nothing(ground, table)


def test_other_lines_than_the_named_ones_stay():
    other = replace(READ, text="Made in Spain", box=(0.1, 0.8, 0.6, 0.9))

    class Reads(Reader):
        def annotate(self, images):
            return [Annotation((READ, other), SUBJECT) for _ in images]

    table = Annotate(lambda: (Reads(), "ocr-1"), Reads, 8)(with_pixels(planned({}), [LIGHT]))
    (row,) = ground(table).to_pylist()
    assert [line["grounded"] for line in row["text_lines"]] == [True, None]
