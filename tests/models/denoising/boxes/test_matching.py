"""Elements are learnt by the proposals that are nearest to them."""

import pytest
import torch

from layoutgen.models.denoising.boxes.matching import match
from layoutgen.models.denoising.lines import ROLES

TRUE = torch.tensor([[0.1, 0.1, 0.5, 0.2], [0.1, 0.3, 0.4, 0.35], [0.6, 0.6, 0.9, 0.9]])
TRUE_ROLES = torch.tensor([0, 2, 5])


def sure(roles, count):
    logits = torch.full((count, len(ROLES)), -4.0)
    logits[torch.arange(len(roles)), roles] = 4.0
    return logits


def test_right_answers_are_matched_with_what_they_answer():
    boxes = torch.cat([TRUE[[2, 0, 1]], torch.tensor([[0.0, 0.9, 0.05, 0.95]])])
    assert match(sure(TRUE_ROLES[[2, 0, 1]], 4), boxes, TRUE_ROLES, TRUE).tolist() == [2, 0, 1, -1]


def test_the_role_decides_between_boxes_that_lie_alike():
    boxes = TRUE[:1].expand(2, 4)
    assert match(sure(torch.tensor([3, 0]), 2), boxes, TRUE_ROLES[:1], TRUE[:1])[1] == 0


def test_an_element_that_many_boxes_cover_is_learnt_by_as_many_as_they_overlap_it():
    boxes = torch.cat([TRUE[:1].expand(4, 4), torch.tensor([[0.8, 0.8, 0.9, 0.9]]).expand(3, 4)])
    taken = match(torch.zeros(7, len(ROLES)), boxes, TRUE_ROLES[:1], TRUE[:1])
    assert (taken == 0).sum() == 4
    assert (taken[4:] == -1).all()


@pytest.mark.parametrize("proposals", [3, 4, 12])
def test_every_element_is_learnt_and_no_proposal_learns_two(proposals):
    for seed in range(20):
        drawn = torch.Generator().manual_seed(seed)
        boxes = torch.rand(proposals, 2, 2, generator=drawn).sort(1).values.flatten(1) * 0.1
        logits = torch.randn(proposals, len(ROLES), generator=drawn)
        taken = match(logits, boxes, TRUE_ROLES, TRUE)
        assert taken.shape == (proposals,)
        assert {0, 1, 2} <= set(taken.tolist())


def test_no_elements_and_too_many():
    assert match(torch.zeros(2, len(ROLES)), torch.rand(2, 4), TRUE_ROLES[:0], TRUE[:0]).tolist() == [-1, -1]
    with pytest.raises(ValueError, match="3 elements for 2 proposals"):
        match(torch.zeros(2, len(ROLES)), torch.rand(2, 4), TRUE_ROLES, TRUE)
