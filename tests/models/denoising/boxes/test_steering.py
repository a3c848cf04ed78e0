"""The denoising is held to constraints, row by row."""

import pytest
import torch

from layoutgen.core.layout import Canvas, Copy, Role
from layoutgen.core.proposals.constraints import Constraints, Relation, violations
from layoutgen.models.denoising.boxes.binding import bind
from layoutgen.models.denoising.boxes.steering import Steering, boxes, with_roles
from layoutgen.models.denoising.lines import lines_of
from tests.models.denoising.boxes.test_binding import PLAIN, found

LINES = lines_of(Copy("Kettle", ("1.5 l", "￥89")), Canvas(1000, 1000))


def test_what_is_bound_keeps_the_constraints_and_all_else_stays():
    answer = found(*PLAIN)
    answer = type(answer)(*(part.repeat(2, 1, 1) for part in answer))
    constraints = Constraints(relations=(Relation("above", 2, 0),), sizes={1: (0.3, 0.1)})
    steered = answer._replace(ltrb=Steering([LINES, LINES], [constraints, Constraints()])(answer))
    assert torch.equal(steered.ltrb[1], answer.ltrb[1])
    proposals, _ = bind(answer, 0, LINES)
    assert violations(boxes(answer, 0, proposals), constraints)
    assert violations(boxes(steered, 0, proposals), constraints) == []
    others = [k for k in range(6) if k not in proposals]
    assert torch.equal(steered.ltrb[0, others], answer.ltrb[0, others])


def test_a_text_may_be_told_its_role():
    lines = with_roles(LINES, {2: Role.PRICE, 3: Role.UNDERLAY})
    assert lines[2].slot.roles == (Role.PRICE,)
    assert lines[:2] == LINES[:2]
    with pytest.raises(ValueError, match="element 0 is a price, and its text may be: title"):
        with_roles(LINES, {0: Role.PRICE})
