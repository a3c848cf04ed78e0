import numpy as np

from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.models.annotators.grounded import GroundedAnnotator
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
