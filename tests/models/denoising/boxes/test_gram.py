"""The geometric relation is its equations, and of each layout's own boxes."""

import math

import torch

from layoutgen.models.denoising.boxes.gram import GeometricRelation, relations
from tests.models.denoising.tiny import TINY


def module():
    torch.manual_seed(0)
    return GeometricRelation(TINY).eval()


def drawn(rows=3, count=5):
    torch.manual_seed(1)
    features = torch.randn(rows, count, TINY.positions, TINY.width)
    return features, torch.rand(rows, count, 2, 2).sort(2).values.flatten(2)


def test_how_boxes_lie_to_each_other_is_told_in_the_other_ones_sides():
    wide, tall = [0.1, 0.1, 0.5, 0.2], [0.6, 0.3, 0.7, 0.7]
    found = relations(torch.tensor([[wide, tall]]))[0]
    expected = [abs(0.3 - 0.65) / 0.1, abs(0.15 - 0.5) / 0.4, 0.4 / 0.1, 0.1 / 0.4]  # of wide to tall
    assert torch.allclose(found[0, 1], torch.tensor([math.log(v) for v in expected]), atol=1e-5)
    expected = [abs(0.3 - 0.65) / 0.4, abs(0.15 - 0.5) / 0.1, 0.1 / 0.4, 0.4 / 0.1]  # of tall to wide
    assert torch.allclose(found[1, 0], torch.tensor([math.log(v) for v in expected]), atol=1e-5)
    assert torch.allclose(found[0, 0], torch.tensor([math.log(1e-3)] * 2 + [0.0] * 2), atol=1e-6)


@torch.inference_mode()
def test_it_is_its_equations_box_by_box():
    net, (features, boxes) = module(), drawn()
    found = net(features, boxes)
    told = relations(boxes)
    for row in range(3):
        values = features[row].flatten(1) @ net.value.weight.T + net.value.bias
        for i in range(5):
            scores = []
            for j in range(5):
                embedded = []
                for number in told[row, i, j].tolist():
                    angles = [100 * number * 1000 ** (-k / 8) for k in range(8)]
                    embedded += [*map(math.sin, angles), *map(math.cos, angles)]
                score = net.share.weight[0] @ torch.tensor(embedded) + net.share.bias[0]
                scores.append(max(0.0, score.item()))
            expected = torch.tensor(scores).softmax(0) @ values
            assert torch.allclose(found[row, i], expected, atol=2e-3), (row, i)


@torch.inference_mode()
def test_the_boxes_of_one_layout_change_no_other():
    net, (features, boxes) = module(), drawn()
    found = net(features, boxes)
    boxes[0, 0] = boxes[0, 0] * 0.5
    changed = net(features, boxes)
    assert torch.equal(changed[1:], found[1:])
    assert not torch.allclose(changed[0], found[0])


@torch.inference_mode()
def test_boxes_without_extent_are_finite():
    features, boxes = drawn()
    boxes[:, 0] = 0.5
    assert module()(features, boxes).isfinite().all()
