"""Elements are the copy's: one box a text, in a role it may have."""

import pytest
import torch

from layoutgen.core.layout import Canvas, Copy, Role
from layoutgen.models.denoising.boxes.binding import bind
from layoutgen.models.denoising.boxes.head import Prediction
from layoutgen.models.denoising.lines import ROLES, lines_of

LINES = lines_of(Copy("Kettle", ("1.5 l", "￥89")), Canvas(1000, 1000))
BOXES = [
    (0.1, 0.1, 0.5, 0.2),
    (0.1, 0.3, 0.5, 0.35),
    (0.1, 0.4, 0.3, 0.45),
    (0.08, 0.08, 0.52, 0.22),
    (0.6, 0.6, 0.9, 0.9),
    (0.1, 0.1, 0.5, 0.21),
]


def found(*says, boxes=BOXES):
    """An answer of proposals, each (role, sureness, line or None)."""
    roles = torch.full((1, len(boxes), len(ROLES)), -6.0)
    carries = torch.zeros(1, len(boxes), len(LINES) + 1)
    for k, (role, sure, line) in enumerate(says):
        roles[0, k, ROLES.index(role)] = sure
        carries[0, k, len(LINES) if line is None else line] = 5.0
    return Prediction(roles, torch.tensor([boxes]), carries)


PLAIN = [
    (Role.SELLING_POINT, 2.0, 1),
    (Role.TITLE, 2.0, 0),
    (Role.PRICE, 2.0, 2),
    (Role.OTHER, -5.0, None),
    (Role.OTHER, -5.0, None),
    (Role.OTHER, -5.0, None),
]


def test_each_text_gets_the_box_that_carries_it():
    assert bind(found(*PLAIN), 0, LINES) == ([1, 0, 2], [Role.TITLE, Role.SELLING_POINT, Role.PRICE])


def test_a_text_only_takes_roles_it_may_have():
    swapped = [(Role.TITLE, 3.0, 1), (Role.UNDERLAY, 3.0, 0), (Role.LOGO, 3.0, 2), *PLAIN[3:]]
    _, roles = bind(found(*swapped), 0, LINES)
    assert roles[0] is Role.TITLE
    assert set(roles[1:]) <= {Role.SUBTITLE, Role.SELLING_POINT, Role.PRICE, Role.CALL_TO_ACTION, Role.OTHER}


def test_no_box_is_used_twice_and_every_text_has_one_even_where_nothing_is_sure():
    unsure = [(Role.OTHER, -5.0, 0)] * 6
    proposals, _ = bind(found(*unsure), 0, LINES)
    assert len(set(proposals)) == len(LINES)


def test_of_boxes_of_one_role_that_overlap_only_the_best_is_taken():
    says = [*PLAIN[:5], (Role.SELLING_POINT, 1.9, 2)]
    says[2] = (Role.PRICE, 1.0, None)
    says[4] = (Role.SELLING_POINT, -1.0, 2)
    proposals, _ = bind(found(*says), 0, LINES)
    assert proposals == [1, 0, 4]  # box 5 is better for the price, and lies on box 0


def test_underlays_are_what_is_left_over_sure_and_under_a_text():
    says = [*PLAIN]
    says[3] = (Role.UNDERLAY, 2.0, None)
    says[4] = (Role.UNDERLAY, 3.0, None)  # under nothing
    assert bind(found(*says), 0, LINES)[0] == [1, 0, 2, 3]
    assert bind(found(*says), 0, LINES, underlays=0)[0] == [1, 0, 2]
    assert bind(found(*says), 0, LINES, underlays=2)[0] == [1, 0, 2, 4, 3]


def test_pinned_elements_have_the_proposals_of_their_numbers_and_no_other_has_them():
    says = [*PLAIN]
    proposals, roles = bind(found(*says), 0, LINES, underlays=1, pinned={0, 3})
    assert proposals[0] == 0
    assert proposals[3] == 3
    assert roles[3] is Role.UNDERLAY
    assert len(set(proposals)) == 4


def test_more_elements_than_proposals_is_an_error():
    with pytest.raises(ValueError, match="7 elements for 6 proposals"):
        bind(found(*PLAIN), 0, LINES, underlays=4)
