"""Sampling is each row's own, in any number of steps, and what is given stays."""

import pytest
import torch

from layoutgen.models.denoising.boxes.head import Prediction
from layoutgen.models.denoising.boxes.sampling import sample
from layoutgen.models.denoising.boxes.schedule import KEPT, STEPS
from layoutgen.models.denoising.boxes.tensors import from_signal, to_signal
from tests.models.denoising.tiny import TINY, network, scenes

GIVEN = {1: (0.123456, 0.1, 0.5, 0.2), 4: (0.3, 0.7, 0.6, 0.9)}


class Says(torch.nn.Module):
    """Answers every time with the same boxes; the first half of the proposals scores high."""

    def __init__(self, ltrb, anchored=False):
        super().__init__()
        self.ltrb, self.size, self.asked, self.anchored = ltrb, TINY, [], anchored

    def forward(self, scene, ltrb, t):
        self.asked.append((ltrb, t))
        rows, count = ltrb.shape[:2]
        roles = torch.full((rows, count, 8), -9.0)
        roles[:, : count // 2] = 9.0
        return [Prediction(roles, self.ltrb.expand(rows, count, 4), torch.zeros(rows, count, 3))]


def keep(told):
    """Appends each step's time, the boxes before it, and what was made of them."""
    return lambda move, made: told.append((int(move.t[0]), from_signal(move.before), made))


def test_a_row_has_the_same_layout_in_any_batch():
    net = network().to(torch.float64)
    together = sample(net, scenes(net, list(range(8))), list(range(8)), steps=4)
    for row in (0, 3, 7):
        alone = sample(net, scenes(net, [row]), [row], steps=4)
        assert torch.allclose(together.ltrb[row], alone.ltrb[0], atol=1e-6)
        assert torch.allclose(together.roles[row], alone.roles[0], atol=1e-5)


def test_the_same_seed_gives_the_same_layout_and_another_one_another():
    net = network()
    scene = scenes(net, [0, 0, 0])
    found = sample(net, scene, [4, 4, 5], steps=2).ltrb
    assert torch.allclose(found[0], found[1], atol=1e-4)
    assert not torch.allclose(found[0], found[2], atol=1e-2)
    state = torch.random.get_rng_state()
    sample(net, scene, [4, 4, 5], steps=1)
    assert torch.equal(torch.random.get_rng_state(), state)


@pytest.mark.parametrize("steps", [1, 2, 4, 8, 16])
def test_one_to_sixteen_steps_end_on_the_canvas(steps):
    net, told = network(), []
    found = sample(net, scenes(net, [1]), [0], steps=steps, seen=keep(told))
    assert len(told) == steps
    assert told[0][0] == STEPS - 1
    assert found.ltrb.isfinite().all()
    assert torch.equal(told[-1][2].roles, found.roles)


def test_given_boxes_are_seen_with_the_noise_of_each_step_and_come_back_as_they_were_given():
    net = network()
    told = []
    found = sample(
        net,
        scenes(net, [0, 1]),
        [0, 1],
        steps=8,
        given=[GIVEN, {}],
        seen=keep(told),
    )
    boxes = torch.tensor(list(GIVEN.values()))
    assert torch.equal(found.ltrb[0, [1, 4]], boxes)
    free = sample(net, scenes(net, [0, 1]), [0, 1], steps=8)
    assert torch.allclose(found.ltrb[1], free.ltrb[1], atol=1e-3)
    assert not torch.allclose(found.ltrb[0, 5:], free.ltrb[0, 5:], atol=1e-3)
    late = to_signal(told[-1][1][0, [1, 4]])
    assert ((late - to_signal(boxes)).abs() < 5 * (1 - KEPT[told[-1][0]]) ** 0.5).all()


def test_proposals_that_nothing_scores_are_drawn_anew():
    boxes = torch.tensor([0.2, 0.2, 0.4, 0.4])
    net = Says(boxes)
    scene = scenes(network(), [0])
    sample(net, scene, [0], steps=250)
    last, _ = net.asked[-1]
    half = TINY.proposals // 2
    assert (last[0, :half] - boxes).abs().max() < 0.02
    assert last[0, half:].std() > 0.1
    net = Says(boxes, anchored=True)
    scene = scene._replace(there=torch.ones(1, TINY.proposals, dtype=torch.bool))  # every proposal is a text's own
    sample(net, scene, [0], steps=250)
    assert (net.asked[-1][0] - boxes).abs().max() < 0.02


def test_steering_acts_on_every_step_but_the_last():
    there = torch.tensor([0.5, 0.5, 0.7, 0.6])
    net = Says(torch.tensor([0.2, 0.2, 0.4, 0.4]))
    found = sample(
        net, scenes(network(), [0]), [0], steps=250, steer=lambda one: there.expand_as(one.ltrb).contiguous()
    )
    half = TINY.proposals // 2
    assert (net.asked[-1][0][0, :half] - there).abs().max() < 0.02
    assert torch.allclose(found.ltrb[0, 0], torch.tensor([0.2, 0.2, 0.4, 0.4]))
