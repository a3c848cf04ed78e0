"""The loss of policy gradients: what moves, what is clipped, and what keeps it near the reference."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.training.rewards.groups import Groups
from layoutgen.training.rewards.grpo import divergence, surrogate

CHANCES = st.lists(st.floats(-8, 0), min_size=2, max_size=6).map(torch.tensor)


def test_before_the_first_step_the_gradient_is_the_policys_own() -> None:
    chances = torch.tensor([-1.0, -2.0], requires_grad=True)
    advantage = torch.tensor([1.5, -0.5])
    loss, clipped = surrogate(chances, None, advantage, 0.2)
    assert loss.tolist() == [-1.5, 0.5]
    (gradient,) = torch.autograd.grad(loss.sum(), chances)
    assert gradient.tolist() == [-1.5, 0.5]
    assert not clipped.any()


@pytest.mark.parametrize(
    ("ratio", "advantage", "is_clipped"),
    [(1.5, 1, True), (1.5, -1, False), (0.5, -1, True), (0.5, 1, False), (1.1, 1, False)],
)
def test_a_choice_that_has_moved_far_enough_is_moved_no_further(ratio: float, advantage: int, is_clipped: bool) -> None:
    now = torch.tensor([ratio]).log().requires_grad_()
    loss, clipped = surrogate(now, torch.zeros(1), torch.tensor([float(advantage)]), 0.2)
    (gradient,) = torch.autograd.grad(loss.sum(), now)
    assert bool(clipped) is is_clipped
    assert (gradient.item() == 0) is is_clipped


@given(CHANCES)
def test_the_divergence_is_zero_from_itself_and_never_below(chances: torch.Tensor) -> None:
    assert divergence(chances, chances).abs().max() == 0
    assert (divergence(chances, chances.roll(1)) >= 0).all()


@pytest.mark.parametrize("updates", [1, 4])
def test_it_raises_the_reward_of_a_bandit(updates: int) -> None:
    """Five arms of which the fourth pays most: the policy comes to take it, from chances that are all alike."""
    rng = torch.Generator().manual_seed(0)
    pays = torch.tensor([-3.0, -2.0, -2.5, 0.0, -1.0])
    scores = torch.zeros(5, requires_grad=True)
    optimiser = torch.optim.SGD([scores], lr=0.5)
    expected = [float((scores.detach().softmax(0) * pays).sum())]
    for _ in range(60):
        arms = torch.multinomial(scores.detach().softmax(0), 8, replacement=True, generator=rng)
        advantage = torch.tensor(Groups(pays[arms].numpy()[None]).advantages()[0], dtype=torch.float32)
        before = scores.detach().log_softmax(0)[arms]
        for _ in range(updates):
            loss, _ = surrogate(scores.log_softmax(0)[arms], before, advantage, 0.2)
            optimiser.zero_grad()
            loss.mean().backward()
            optimiser.step()
        expected.append(float((scores.detach().softmax(0) * pays).sum()))
    assert expected[-1] > -0.2
    assert expected[0] == pytest.approx(-1.7)
    assert scores.argmax() == 3


def test_a_heavy_divergence_holds_the_policy_at_its_reference() -> None:
    def moved(weight: float) -> float:
        rng = torch.Generator().manual_seed(1)
        pays, scores = torch.tensor([0.0, -1.0]), torch.zeros(2, requires_grad=True)
        optimiser = torch.optim.SGD([scores], lr=0.2)
        for _ in range(40):
            arms = torch.multinomial(scores.detach().softmax(0), 8, replacement=True, generator=rng)
            advantage = torch.tensor(Groups(pays[arms].numpy()[None]).advantages()[0], dtype=torch.float32)
            now = scores.log_softmax(0)[arms]
            reference = torch.full((8,), 0.5).log()
            loss = surrogate(now, None, advantage, 0.2)[0] + weight * divergence(now, reference)
            optimiser.zero_grad()
            loss.mean().backward()
            optimiser.step()
        return float(scores.detach().softmax(0)[0])

    assert moved(0.0) > 0.9
    assert 0.5 < moved(20.0) < 0.7
