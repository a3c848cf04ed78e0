"""Networks that denoise learn from rewards: from their best layouts, or by policy gradients on their chains."""

import copy
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from layoutgen.core.layout import Framing, Suggestion
from layoutgen.io.crash import crash_point
from layoutgen.models.base import Composition, Fault
from layoutgen.models.denoising.boxes.chains import BoxChains
from layoutgen.models.denoising.chains import log_prob
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.training import run
from layoutgen.training.data.cases import Case
from layoutgen.training.data.sample import Sample, SampleError, Task
from layoutgen.training.loop.engines import PlainEngine
from layoutgen.training.loop.steps import recipe_of
from layoutgen.training.networks.rewarded import ChainBatch, ChainRow, NetworkPolicy, Rewarded, question
from layoutgen.training.rewards.exploring import Explorer
from layoutgen.training.rewards.reward import Worth
from layoutgen.training.rewards.rollouts import Question
from tests.models.denoising.tiny import TINY, network
from tests.pipeline.retraining import data_of, settings, undisturbed
from tests.training import samples
from tests.training.tiny_networks import denoising, network_of

RADM = FAMILIES["radm"]


def asked(number: int) -> Question:
    pixels, about, canvas, told = samples.question(number)
    mask = np.where((pixels == 235).all(2), 0, 1).astype(np.float32)
    task = Task(pixels, Framing(), canvas, about, told, mask=mask)
    sample = Sample("", "", pixels, "", task=task)
    return question(sample, number, 0, family=RADM, size=TINY, seed=0)


def learner(*, kl: float = 0.1, clip: float = 0.2) -> Rewarded:
    return Rewarded(RADM, network().train(), BoxChains(), clip=clip, kl=kl)


def policy(method: str = "grpo", samples: int = 4, steps: int = 2) -> NetworkPolicy:
    return NetworkPolicy(RADM, TINY, method, samples, steps, 0)


def rows_of(made: Rewarded, *numbers: int, advantages: tuple[float, ...] = (1.0, -1.0, 0.5, -0.5)) -> list[ChainRow]:
    with torch.no_grad():
        groups = policy().rollouts(made, [asked(number) for number in numbers])
    made.train()
    return [policy().valued(r.row, a) for group in groups for r, a in zip(group, advantages, strict=True)]


class TestGrpo:
    def test_at_the_start_nothing_diverges_and_nothing_is_clipped(self) -> None:
        made = learner()
        batch = policy().batch(made, rows_of(made, 1, 2))
        assert isinstance(batch, ChainBatch)
        loss, chains, clipped, apart = made(batch).tolist()
        assert chains == pytest.approx(8)
        assert clipped == 0
        assert apart == pytest.approx(0, abs=1e-5)
        assert loss == pytest.approx(0, abs=1e-3), "advantages that add up to 0, and ratios of 1"

    def test_what_is_recorded_is_what_the_policy_gave(self) -> None:
        made = learner()
        batch = policy().batch(made, rows_of(made, 1))
        now = log_prob(batch.move, made.means(made.network, batch.rows, batch.move))
        assert torch.allclose(now, batch.before, atol=1e-3)

    def test_a_step_makes_better_chains_likelier_and_worse_ones_less_likely(self) -> None:
        made = learner(kl=0.0)
        rows = rows_of(made, 1, advantages=(1.0, 0.0, 0.0, -1.0))
        batch = policy().batch(made, rows)
        optimiser = torch.optim.SGD(made.parameters(), 1e-6)
        made(batch)[0].backward()
        optimiser.step()
        with torch.no_grad():
            moved = log_prob(batch.move, made.means(made.network, batch.rows, batch.move)) - batch.before
        by_chain = moved.view(4, -1).mean(1)
        assert by_chain[0] > by_chain[3]

    def test_away_from_the_reference_the_divergence_is_above_nothing_and_draws_back(self) -> None:
        made = learner(kl=1.0)
        rows = rows_of(made, 1, advantages=(0.0, 0.0, 0.0, 0.0))
        with torch.no_grad():
            made.network.heads[-1].box[-1].bias += 0.3
        batch = policy().batch(made, rows)
        loss, _, _, apart = made(batch)
        assert apart > 0.01
        assert loss.item() == pytest.approx(apart.item(), rel=1e-4)
        loss.backward()
        assert (made.network.heads[-1].box[-1].bias.grad > 0).any()

    def test_a_row_that_fills_a_place_teaches_nothing(self) -> None:
        made = learner()
        rows = rows_of(made, 1)
        alone = made(policy().batch(made, rows))
        filled = made(policy().batch(made, [*rows, rows[0].filler()]))
        assert torch.allclose(alone, filled, atol=1e-4)
        idle = made(policy().batch(made, [rows[0].filler()]))
        assert idle.tolist() == [0.0] * 4

    def test_the_reference_is_not_learnt_and_not_saved(self) -> None:
        made = learner()
        assert {name.partition(".")[0] for name, _ in made.named_parameters()} == {"network"}
        assert len(list(made.parameters())) == len(list(network().parameters()))


class TestRollouts:
    def test_they_are_told_by_weights_and_seed_alone(self) -> None:
        made = learner()
        together = policy().rollouts(made, [asked(1), asked(2)])
        (alone,) = policy().rollouts(made, [asked(2)])
        for one, other in zip(together[1], alone, strict=True):
            pairs = zip(one.answer.suggestions, other.answer.suggestions, strict=True)
            assert all(np.allclose(a.box, b.box, atol=1e-3) for a, b in pairs)
        assert together[0][0].answer != together[0][1].answer, "lots differ within a group"

    def test_the_best_is_learnt_as_a_truth_at_several_times(self) -> None:
        made = learner()
        ((first, *_),) = policy("best_of").rollouts(made, [asked(1)])
        shown = first.answer.suggestions
        assert torch.allclose(first.row.inputs.truth.ltrb, torch.tensor([one.box for one in shown]))
        rows = policy("best_of").batch(made, [first.row])
        assert len({row.seed for row in rows}) == len(rows) > 1
        assert sum(row.weight for row in rows) == pytest.approx(1)
        assert made.train()(rows)[1].item() == pytest.approx(1)

    def test_an_answer_that_is_not_finite_is_a_fault_and_teaches_nothing(self) -> None:
        made = learner()
        broken = asked(1)
        row = broken.asked
        broken = replace(broken, asked=replace(row, inputs=replace(row.inputs, picture=row.inputs.picture * torch.nan)))
        good, bad = policy().rollouts(made, [asked(1), broken])
        assert all(isinstance(one.answer, Composition) for one in good)
        assert all(isinstance(one.answer, Fault) and one.row is None for one in bad)

    def test_a_sample_that_does_not_know_its_subject_is_named(self) -> None:
        pixels, about, canvas, told = samples.question(1)
        plain = Sample("", "", pixels, "", log={"key": "k7"}, task=Task(pixels, Framing(), canvas, about, told))
        with pytest.raises(SampleError, match="k7"):
            question(plain, 0, 0, family=RADM, size=TINY, seed=0)


def leftness(suggestions: tuple[Suggestion, ...]) -> float:
    """A reward that anybody can see: the further left the middles of texts are, the more."""
    return -float(np.mean([(one.box[0] + one.box[2]) / 2 for one in suggestions]))


class Left:
    """Rewards what stands on the left."""

    def __call__(self, case: Case, answer: Composition | Fault) -> Worth:
        assert isinstance(answer, Composition)
        return Worth(10 * leftness(answer.suggestions), {})


class Equal:
    """Likes everything alike, or says no number."""

    def __init__(self, reward: float) -> None:
        self.reward = reward

    def __call__(self, case: Case, answer: Composition | Fault) -> Worth:
        return Worth(self.reward, {})


def explorer(
    made: nn.Module, reward: Callable[[Case, Composition | Fault], Worth], method: str, tmp_path: Path
) -> Explorer:
    train = settings(tmp_path, tmp_path, method=method, warmup=0.0, rate=3e-3, micro=8, batch=4).train
    return Explorer(PlainEngine(made, clip=1.0, decay=0.0), policy(method, 4, 2), reward, recipe_of(train))  # type: ignore[arg-type]  # a callable


@pytest.mark.parametrize("method", ["best_of", "grpo"])
def test_the_reward_rises(method: str, tmp_path: Path) -> None:
    made = learner(kl=0.0)
    asking = [asked(number) for number in (1, 2)]
    explore = explorer(made, Left(), method, tmp_path)
    rewards = [explore.step([asking], step, 1000).means["reward"] for step in range(12)]
    assert np.mean(rewards[-3:]) > np.mean(rewards[:3]) + 0.2


@pytest.mark.parametrize("reward", [-2.0, float("nan"), float("-inf")])
@pytest.mark.parametrize("method", ["best_of", "grpo"])
def test_rewards_that_are_all_equal_or_no_numbers_are_no_step(method: str, reward: float, tmp_path: Path) -> None:
    made = learner()
    before = copy.deepcopy(made.network.state_dict())
    told = explorer(made, Equal(reward), method, tmp_path).step([[asked(1), asked(2)]], 0, 10)
    assert told.norm == 0
    assert told.means["not_finite"] == (0 if np.isfinite(reward) else 1)
    assert all(torch.equal(weight, before[name]) for name, weight in made.network.state_dict().items())


@pytest.mark.slow
@pytest.mark.parametrize(("name", "method"), [("radm", "best_of"), ("radm", "grpo"), ("layout_image", "grpo")])
def test_training_goes_on_after_an_interruption_and_ends_with_the_same_weights(
    name: str, method: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if name == "layout_image":
        pytest.importorskip("diffusers")
    explore = {"group": 2, **({"kl": 0.1} if method == "grpo" else {})}
    base, data = network_of(name, tmp_path / "base"), data_of(tmp_path / "data", train=6, held=4)
    config = denoising(base, data, steps=4, batch=2, method=method, explore=explore, denoising_steps=2,
                       validation_samples=2)  # fmt: skip
    whole = undisturbed(config, tmp_path / "whole")

    def dies(point: str) -> None:
        if point == "step_3_of_0":
            raise KeyboardInterrupt

    monkeypatch.setattr(run, "crash_point", dies)
    with pytest.raises(KeyboardInterrupt):
        undisturbed(config, tmp_path / "cut")
    monkeypatch.setattr(run, "crash_point", crash_point)
    assert undisturbed(config, tmp_path / "cut")["folder"] == whole["folder"], "the same weights have the same name"
    if name == "radm":  # a network that draws, with random weights, draws nothing, and so nothing better
        begun = load_file(base / "model.safetensors")
        out = load_file(tmp_path / "whole" / whole["folder"] / "model.safetensors")
        assert any(not torch.equal(out[key], begun[key]) for key in out)
