from dataclasses import replace

import numpy as np

from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.models.annotators.grounded import GroundedAnnotator, GroundedInParts
from layoutgen.models.base import Fault


class Says:
    """An annotator that gives the same answers whatever it sees."""

    def __init__(self, *answers):
        self.answers = answers

    def annotate(self, images):
        return list(self.answers[: len(images)])


IMAGE = np.zeros((64, 64, 3), np.uint8)
NAMED = TextLine("sofa", (0.1, 0.1, 0.5, 0.2), Role.TITLE, "en", "#000000", 1.0, True)
READ = TextLine("Sofa", (0.12, 0.11, 0.48, 0.18), Role.OTHER, "en", "#ff0000", 0.9, True)
MAP = np.ones((4, 4), np.float32)


def test_roles_come_from_the_one_and_boxes_strings_and_subject_from_the_other():
    annotator = GroundedAnnotator(Says(Annotation((NAMED,))), Says(Annotation((READ,), (0.2, 0.2, 0.9, 0.9), MAP)))
    (found,) = annotator.annotate([IMAGE])
    assert found.lines == (TextLine("Sofa", READ.box, Role.TITLE, "en", "#ff0000", 0.9, True, grounded=True),)
    assert found.subject == (0.2, 0.2, 0.9, 0.9)
    assert found.subject_map is MAP


def test_a_fault_of_either_is_the_images_and_no_other_ones():
    fault = Fault("unparsable_answer", "cut off", "[{")
    good = Annotation((READ,))
    annotator = GroundedAnnotator(Says(fault, good, good), Says(good, Fault("image", "broken"), good))
    first, second, third = annotator.annotate([IMAGE] * 3)
    assert first is fault
    assert second == Fault("image", "broken")
    assert isinstance(third, Annotation)


class Counts:
    """An annotator that names `NAMED` in every image, and keeps how many it saw."""

    def __init__(self):
        self.seen = 0

    def annotate(self, images):
        self.seen += len(images)
        return [Annotation((NAMED,)) for _ in images]


def test_only_pictures_with_text_are_shown_to_the_language_model():
    namer = Counts()
    empty = Annotation((), (0.2, 0.2, 0.9, 0.9), MAP)
    first, second, third = GroundedAnnotator(namer, Says(empty, Annotation((READ,)), empty)).annotate([IMAGE] * 3)
    assert namer.seen == 1
    assert (first, third) == (empty, empty)
    assert second.lines[0].grounded is True


def test_strips_are_grounded_in_parts_and_each_answer_comes_to_its_image():
    long, plain = np.zeros((400, 64, 3), np.uint8), IMAGE
    part = Annotation((replace(READ, text="part"),))
    found = GroundedInParts(Counts(), lambda: Says(part)).ground([plain, long, plain], [Annotation((READ,))] * 3)
    assert [answer.lines[0].text for answer in found] == ["Sofa", "part", "Sofa"]
