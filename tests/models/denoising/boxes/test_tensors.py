"""Boxes as tensors mean what boxes mean elsewhere."""

import math

import pytest
import torch

from layoutgen.core import layout
from layoutgen.models.denoising.boxes.tensors import (
    SCALE,
    from_signal,
    in_px,
    iou_giou,
    refined,
    set_anew,
    survivors,
    to_cxcywh,
    to_ltrb,
    to_signal,
)

BOXES = torch.tensor([[0.1, 0.2, 0.5, 0.4], [0.0, 0.0, 1.0, 1.0], [0.4, 0.3, 0.9, 0.35]])


def test_a_box_survives_each_form():
    assert torch.allclose(to_ltrb(to_cxcywh(BOXES)), BOXES)
    assert torch.allclose(from_signal(to_signal(BOXES)), BOXES, atol=1e-6)
    assert torch.allclose(refined(BOXES, torch.zeros_like(BOXES)), BOXES)


def test_a_signal_is_scaled_and_clamped():
    assert to_signal(torch.tensor([0.0, 0.0, 1.0, 1.0])).tolist() == [0.0, 0.0, SCALE, SCALE]
    left, top, right, bottom = from_signal(torch.full((4,), -100.0)).tolist()
    assert (left, top) == pytest.approx((0, 0), abs=1e-4)
    assert right > left
    assert bottom > top


def test_x_is_measured_by_the_width_and_y_by_the_height():
    assert in_px(torch.tensor([[[0.5, 0.5, 1.0, 1.0]]]), torch.tensor([[200.0, 100.0]])).tolist() == [
        [[100.0, 50.0, 200.0, 100.0]]
    ]


def test_a_delta_moves_by_shares_of_the_box_and_grows_it():
    moved = refined(torch.tensor([0.2, 0.2, 0.4, 0.6]), torch.tensor([1.0, -1.0, 0.0, 0.0]))
    assert torch.allclose(moved, torch.tensor([0.3, 0.0, 0.5, 0.4]), atol=1e-6)
    grown = to_cxcywh(refined(torch.tensor([0.2, 0.2, 0.4, 0.6]), torch.tensor([0.0, 0.0, math.log(3), 0.0])))
    assert torch.allclose(grown, torch.tensor([0.3, 0.4, 0.6, 0.4]))


def test_a_box_is_set_anew_from_where_it_is_or_from_nowhere():
    def shifted(box, delta, kept=20.0):
        return set_anew(box, torch.cat([delta, torch.full((4,), kept)]))

    small, large = torch.tensor([0.1, 0.1, 0.12, 0.12]), torch.tensor([0.01, 0.01, 0.21, 0.21])
    assert torch.allclose(shifted(small, torch.zeros(4)), small, atol=1e-6)
    delta = torch.tensor([3.0, 0.0, 0.0, 0.0])
    assert torch.allclose(to_cxcywh(shifted(small, delta))[:2], to_cxcywh(shifted(large, delta))[:2], atol=1e-5)
    assert to_cxcywh(shifted(small, delta))[0] > 0.65
    assert torch.allclose(shifted(small, delta, -20.0), shifted(large, delta, -20.0), atol=1e-5)
    wild = shifted(torch.tensor([-0.4, 0.2, 1.3, 0.2]), torch.full((4,), 50.0))
    assert wild.isfinite().all()


def test_iou_is_that_of_layouts_and_giou_tells_how_far_apart_boxes_are():
    iou, giou = iou_giou(BOXES[:, None], BOXES[None])
    for i, a in enumerate(BOXES.tolist()):
        for j, b in enumerate(BOXES.tolist()):
            assert iou[i, j].item() == pytest.approx(layout.iou(tuple(a), tuple(b)), abs=1e-6)
    near, far = torch.tensor([0.3, 0.0, 0.4, 0.1]), torch.tensor([0.9, 0.0, 1.0, 0.1])
    here = torch.tensor([0.1, 0.0, 0.2, 0.1])
    assert -1 < iou_giou(here, far)[1] < iou_giou(here, near)[1] < 0
    assert torch.allclose(giou.diagonal(), torch.ones(3))


def test_of_boxes_that_overlap_the_best_survives():
    boxes = torch.tensor([[0.0, 0.0, 0.5, 0.5], [0.02, 0.0, 0.5, 0.5], [0.6, 0.6, 0.9, 0.9], [0.0, 0.0, 0.5, 0.48]])
    assert survivors(boxes, torch.tensor([0.3, 0.9, 0.1, 0.3]), 0.15).tolist() == [False, True, True, False]
    assert survivors(boxes, torch.tensor([0.3, 0.9, 0.1, 0.3]), 0.999).all()
    assert survivors(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []
