"""The loss falls where answers are right, and each row's lots are its own."""

import pytest
import torch
from torch.nn.functional import binary_cross_entropy_with_logits

from layoutgen.models.denoising.boxes.head import Prediction, Scene
from layoutgen.models.denoising.boxes.objective import focal, head_loss, learners, loss, overlapping, padded
from layoutgen.models.denoising.inputs import Truth
from layoutgen.models.denoising.lines import ROLES, batch, lines_of
from tests.models.denoising.tiny import CANVASES, COPIES, TINY, network, scenes

TRUE = Truth(
    torch.tensor([[0.1, 0.1, 0.5, 0.2], [0.1, 0.3, 0.4, 0.35], [0.05, 0.05, 0.6, 0.4]]),
    torch.tensor([0, 2, 6]),
    torch.tensor([0, 1, -1]),
)


def right():
    roles = torch.full((1, 5, len(ROLES)), -20.0)
    carries = torch.full((1, 5, 3), -20.0)
    ltrb = torch.rand(1, 5, 2, 2).sort(2).values.flatten(2)
    ltrb[0, :3] = TRUE.ltrb
    roles[0, range(3), TRUE.roles] = 20.0
    carries[0, range(3), [0, 1, 2]] = 20.0
    return Prediction(roles, ltrb, carries)


def test_a_right_answer_costs_nothing_and_each_fault_its_part():
    plain = head_loss(right(), [TRUE], [0])
    assert plain.pop("iou").item() == pytest.approx(1, abs=1e-4)
    assert all(value.item() == pytest.approx(0, abs=1e-4) for value in plain.values())
    moved = right()
    moved.ltrb[0, 0] += 0.02
    assert head_loss(moved, [TRUE], [0])["boxes"].item() == pytest.approx(4 * 0.02 / 3, rel=1e-3)
    crossed = right()
    crossed.carries[0, 2] = torch.tensor([20.0, -20, -20])  # an underlay that carries a text
    found = head_loss(crossed, [TRUE], [0])
    assert found["carries"].item() == pytest.approx(40 / 3, rel=1e-3)
    assert found["boxes"].item() == pytest.approx(0, abs=1e-6)


def test_what_anchored_texts_share_of_the_smaller_one_costs():
    boxes = torch.tensor([[0.0, 0.0, 0.4, 0.4], [0.2, 0.0, 0.4, 0.4], [0.6, 0.6, 0.9, 0.9], [0.5, 0.5, 0.7, 0.7]])
    assert overlapping(boxes).item() == pytest.approx(1 + 0.01 / 0.04, rel=1e-5)
    assert overlapping(boxes[:1]).item() == 0
    one, other = right(), right()
    other.ltrb[0, 1] = other.ltrb[0, 0]
    alone, over = (head_loss(found, [TRUE], [2])["overlap"].item() for found in (one, other))
    assert over > alone


def test_the_focal_loss_is_a_weighted_cross_entropy():
    logits, true = torch.randn(50), (torch.rand(50) > 0.5).float()
    p = torch.where(true > 0, logits.sigmoid(), 1 - logits.sigmoid())
    weight = torch.where(true > 0, 0.25, 0.75) * (1 - p) ** 2
    expected = weight * binary_cross_entropy_with_logits(logits, true, reduction="none")
    assert torch.allclose(focal(logits, true), expected, atol=1e-6)


def test_a_layout_is_padded_with_boxes_about_the_middle():
    found = padded(TRUE, 0, torch.Generator().manual_seed(0), 2003)
    assert torch.equal(found[:3], TRUE.ltrb)
    middle = (found[3:, :2] + found[3:, 2:]) / 2
    assert middle.mean().item() == pytest.approx(0.5, abs=0.01)
    assert middle.std().item() == pytest.approx(1 / 6, abs=0.01)
    with pytest.raises(ValueError, match="3 elements for 2 proposals"):
        padded(TRUE, 0, torch.Generator(), 2)


def test_anchored_texts_stand_at_their_lines_number_and_underlays_after_all_lines():
    turned = Truth(TRUE.ltrb, TRUE.roles, torch.tensor([3, 1, -1]))
    found = padded(turned, 4, torch.Generator().manual_seed(0), 8)
    assert torch.equal(found[[3, 1, 4]], TRUE.ltrb)
    answer = right()
    taken = learners(answer, 0, Truth(TRUE.ltrb, TRUE.roles, torch.tensor([1, 0, -1])), 2)
    assert taken[:2].tolist() == [1, 0]  # each text by its own proposal, wherever that is
    assert taken[2] == 2
    assert (taken[3:] == -1).all()


def test_a_rows_lots_do_not_depend_on_its_batch():
    net = network()
    truths = [TRUE, Truth(TRUE.ltrb.flip(0), TRUE.roles, TRUE.carries)]
    alone = [
        loss(net, Scene(*(part.clone() for part in scenes(net, [k]))), [truths[k]], [5 + k])[0].item() for k in (0, 1)
    ]
    both, parts = loss(net, Scene(*(part.clone() for part in scenes(net, [0, 1]))), truths, [5, 6])
    assert set(parts) == {"roles", "boxes", "giou", "carries", "overlap", "iou"}
    assert min(alone) - 0.5 < both.item() < max(alone) + 0.5  # a mean by matched proposals


def test_all_weights_learn_and_the_loss_falls():
    net = network().train()
    pictures = torch.rand(2, TINY.channels, TINY.side, TINY.side)
    lines = batch([lines_of(COPIES[k], CANVASES[k]) for k in (0, 1)])
    sizes = torch.tensor([[64.0, 64.0], [43.0, 64.0]])
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3)
    lost = []
    for step in range(40):
        optimiser.zero_grad()
        value, _ = loss(net, net.scene(pictures, sizes, lines), [TRUE, TRUE], [2 * step, 2 * step + 1])
        value.backward()
        if step == 0:
            still = [name for name, p in net.named_parameters() if p.grad is None or not p.grad.isfinite().all()]
            assert not still
        optimiser.step()
        lost.append(value.item())
    assert sum(lost[-5:]) < 0.75 * sum(lost[:5])
