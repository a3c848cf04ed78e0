"""What is given of a layout is outlined on the picture, and nothing else of it changes."""

import numpy as np

from layoutgen.core.layout import Role, Suggestion
from layoutgen.core.prompts.refinements import Given
from layoutgen.imaging.given_boxes import HINT, LOCKED, drawn


def given(box, *, locked=False, hidden=()):
    return Given(Suggestion(Role.TITLE, box, "Vase"), locked, frozenset(hidden))


def test_boxes_are_outlined_by_what_they_are():
    grey = np.full((100, 200, 3), 128, np.uint8)
    shown = drawn(grey, [given((0.1, 0.1, 0.4, 0.5)), given((0.5, 0.5, 0.9, 0.9), locked=True, hidden={"role"})])
    assert tuple(shown[10, 20]) == tuple(shown[49, 79]) == HINT and tuple(shown[50, 100]) == LOCKED
    assert (shown[11:49, 21:79] == 128).all() and (shown[:10] == 128).all() and (grey == 128).all()


def test_what_has_no_known_place_is_not_drawn_and_the_smallest_box_is():
    grey = np.full((100, 200, 3), 128, np.uint8)
    assert (drawn(grey, [given((0.1, 0.1, 0.4, 0.5), hidden={"w"})]) == grey).all()
    assert (drawn(grey, [given((0.5, 0.5, 0.5001, 0.5001))]) != grey).any()
    assert drawn(grey, [given((0.9, 0.9, 1.0, 1.0))]).shape == grey.shape
