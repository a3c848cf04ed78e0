import numpy as np

from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.models.annotators.strips import InParts
from layoutgen.models.base import Fault


class Reader:
    """Reads a line wherever a row is white; its text is the row's red value. Keeps what it was given."""

    def __init__(self):
        self.shapes = []

    def annotate(self, images):
        self.shapes.append([image.shape[:2] for image in images])
        return [self._one(image) for image in images]

    def _one(self, image):
        if (image[..., 2] == 7).any():
            return Fault("reader_failed", "a blue corner")
        rows = np.flatnonzero(image[:, 0, 1] == 255)
        starts = [row for row in rows if row - 1 not in rows]
        height = len(image)
        boxes = [(row, (0.1, row / height, 0.9, (row + 4) / height)) for row in starts if row + 4 <= height]
        return Annotation(
            tuple(TextLine(str(image[r, 0, 0]), box, Role.TITLE, "en", "#000000", 1.0, True) for r, box in boxes)
        )


class Subject:
    def annotate(self, images):
        return [Annotation((), (0.0, 0.0, 1.0, 1.0), np.ones((2, 2), np.float32)) for _ in images]


def page(height, width=480, every=348):
    image = np.zeros((height, width, 3), np.uint8)
    for k, top in enumerate(range(84, height - 96, every)):
        image[top : top + 4] = (k + 1, 255, 0)
    return image, [(str(k + 1), top) for k, top in enumerate(range(84, height - 96, every))]


def test_a_strip_is_read_in_parts_and_its_boxes_are_of_the_whole():
    reader = Reader()
    image, lines = page(4800)
    plain = page(720)[0]
    first, whole, last = InParts(reader, Subject(), batch=3).annotate([plain, image, plain])
    assert [line.text for line in first.lines] == [line.text for line in last.lines] == ["1", "2"]
    assert reader.shapes[0] == [(720, 480), (720, 480)]
    assert all(len(shapes) <= 3 and all(h <= 2 * w + 1 for h, w in shapes) for shapes in reader.shapes[1:])
    assert [(line.text, round(line.box[1] * 4800)) for line in whole.lines] == lines
    assert whole.subject == (0.0, 0.0, 1.0, 1.0) and whole.subject_map is not None


def test_a_part_that_cannot_be_read_is_why_the_strip_cannot():
    image, _ = page(4800)
    image[3000, 3, 2] = 7
    assert InParts(Reader(), Subject(), batch=8).annotate([image]) == [Fault("reader_failed", "a blue corner")]
