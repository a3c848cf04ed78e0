"""Mask and replace: what is forgotten is forgotten as the schedule says, and posteriors are those of Bayes."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.models.denoising.plans import states
from layoutgen.models.denoising.plans.sampling import sample
from layoutgen.models.denoising.plans.slots import numbers_of, slots_of
from layoutgen.models.denoising.plans.states import KEPT, MASKED, STEPS, earlier, forgotten, from_states, to_states
from tests.models.denoising.plans.drawn import brief, network

BINS = 5


@given(st.floats(0, 1), st.integers(2, 256))
def test_a_number_comes_back_within_half_a_bin(number: float, bins: int) -> None:
    back = from_states(to_states(torch.tensor([number]), bins), bins)
    assert abs(back.item() - number) <= 0.5 / bins + 1e-6


def test_the_schedule_goes_from_the_truth_to_the_mask() -> None:
    assert (KEPT.diff() < 0).all()
    assert (MASKED.diff() > 0).all()
    assert KEPT[0] > 0.98
    assert MASKED[-1] > 0.999
    assert (KEPT + MASKED <= 1).all()
    assert (1 - KEPT - MASKED).max() > 0.02  # some are drawn anew


def _step(t: int, u: int) -> np.ndarray:
    """The whole matrix q(x_t = column | x_u = row), masks last."""
    kept = [1.0 if at < 0 else KEPT[at].item() for at in (u, t)]
    masked = [0.0 if at < 0 else MASKED[at].item() for at in (u, t)]
    alpha, gamma = kept[1] / kept[0], 1 - (1 - masked[1]) / (1 - masked[0])
    whole = np.full((BINS + 1, BINS + 1), (1 - alpha - gamma) / BINS)
    whole[np.arange(BINS), np.arange(BINS)] += alpha
    whole[:BINS, BINS] = gamma
    whole[BINS] = [*[0.0] * BINS, 1.0]
    return whole


def test_steps_are_chances_and_two_make_one() -> None:
    for u, s, t in ((-1, 3, 50), (10, 40, 99), (0, 1, 2)):
        assert np.allclose(_step(t, u).sum(1), 1)
        assert (_step(t, u) >= -1e-12).all()
        assert np.allclose(_step(s, u) @ _step(t, s), _step(t, u))


@pytest.mark.parametrize(("t", "u"), [(99, 80), (50, 49), (30, -1), (1, 0), (0, -1)])
@pytest.mark.parametrize("seen", [0, 3, BINS])
def test_posteriors_are_those_of_bayes(t: int, u: int, seen: int) -> None:
    truth = np.random.default_rng(t).dirichlet(np.ones(BINS))
    forward = _step(t, -1)[:BINS, seen]
    back = _step(t, u)[:, seen] * (_step(u, -1)[:BINS] if u >= 0 else np.eye(BINS, BINS + 1)).T.dot(truth / forward)
    found = earlier(
        torch.tensor([[seen]]), torch.tensor(truth)[None, None], torch.tensor([t]), torch.tensor([u])
    ).numpy()[0, 0]
    assert np.allclose(found, back / back.sum(), atol=1e-6)


def test_states_are_forgotten_as_often_as_the_schedule_says() -> None:
    drawn = torch.Generator().manual_seed(0)
    true = torch.full((1, 40_000), 2)
    uniform = torch.rand(true.shape, generator=drawn)
    anew = torch.randint(BINS, true.shape, generator=drawn)
    for t in (10, 50, 90):
        x = forgotten(true, torch.tensor([t]), uniform, anew, BINS)
        assert (x == BINS).float().mean().item() == pytest.approx(MASKED[t].item(), abs=0.01)
        still = KEPT[t].item() + (1 - KEPT[t].item() - MASKED[t].item()) / BINS
        assert (x == 2).float().mean().item() == pytest.approx(still, abs=0.01)


def test_times_end_at_the_truth() -> None:
    assert states.times(4)[0][0] == STEPS - 1
    assert states.times(4)[-1][1] == -1
    with pytest.raises(ValueError, match="steps is 0"):
        states.times(0)


def test_given_numbers_are_completed_and_come_back_as_they_were() -> None:
    from layoutgen.models.denoising.lines import lines_of
    from layoutgen.models.denoising.plans.asking import Item, asked

    net, one = network(32), brief(1)
    lines = lines_of(one.copy, one.canvas)
    scene = net.scene(asked([Item(one.product, lines, one.canvas)], net.size))
    slots = slots_of([lines], [one.canvas], [1.0], [None], net.size.underlays)
    boxes = torch.rand(1, slots.kinds.shape[1], 2, 2, generator=torch.Generator().manual_seed(1)).sort(2).values
    numbers = numbers_of(boxes.flatten(2), slots)
    fixed = torch.zeros_like(slots.there)
    fixed[0, ::2] = True
    found, _ = sample(net, scene, [3], numbers, fixed, steps=6)
    assert torch.equal(found[fixed], numbers[fixed])
    assert ((found >= 0) & (found <= 1)).all()
    at_bins = found[~fixed] * 32 - 0.5
    assert torch.allclose(at_bins, at_bins.round(), atol=1e-4)  # none is left masked
    other, _ = sample(net, scene, [3], numbers.flip(1), fixed, steps=6)
    assert not torch.equal(found[~fixed], other[~fixed])  # what is given changes the rest
