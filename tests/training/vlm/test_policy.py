"""A vision-language model learns from rewards: its rollouts are layouts, its choices as likely as the loop has them."""

from collections import defaultdict
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from layoutgen.config.training import TrainSettings
from layoutgen.core.layout import Role
from layoutgen.core.prompts.coordinates import GRID
from layoutgen.core.prompts.layouts import answer_grammar, write_layout
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composition, Fault
from layoutgen.models.decoding import batch as batches
from layoutgen.models.decoding import choosing
from layoutgen.models.decoding.decoder import Answer
from layoutgen.models.decoding.grammar import Guides
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.data.cases import Case
from layoutgen.training.data.sample import Sample, SampleError
from layoutgen.training.data.stored import open_stored
from layoutgen.training.loop.engines import PlainEngine
from layoutgen.training.loop.steps import recipe_of
from layoutgen.training.rewards.exploring import Explorer
from layoutgen.training.rewards.reward import Worth
from layoutgen.training.rewards.rollouts import Question
from layoutgen.training.vlm.kind import VlmKind
from layoutgen.training.vlm.learner import PolicyBatch
from layoutgen.training.vlm.policy import replayed
from tests.training.samples import question, store

pytestmark = pytest.mark.slow

SIDE = 56


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Bench:
    """A tiny model that learns from rewards."""

    def __init__(self, base: Path, samples: Any, **train: Any) -> None:
        values: dict[str, Any] = {"batch": 2, "micro": 4, "rate": 1e-2, "warmup": 0.0, "dtype": "float32"}
        values |= {"model": str(base), "cache": str(base.parent / "cache"), "image_side": SIDE, "checkpointing": False}
        self.train = TrainSettings.model_validate(values | {"method": "grpo", "explore": {"group": 4}} | train)
        self.kind = VlmKind(self.train, Storage())
        self.policy = self.kind.policy()
        self.engine = PlainEngine(self.kind.learner("cpu", samples), clip=1.0, decay=0.0)
        self.learner = self.engine.learner
        self.samples = samples.train

    def questions(self, count: int) -> list[Question]:
        ask = self.policy.encoder()
        return [ask(self.samples.sample(i, 0), i, 0) for i in range(count)]  # type: ignore[misc]

    def explorer(self, reward: Any) -> Explorer:
        return Explorer(self.engine, self.policy, reward, recipe_of(self.train), self.train.explore.updates)


@pytest.fixture(scope="module", params=["qwen2_5_vl"])
def base(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint(request.param, tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_stored(str(store(tmp_path_factory.mktemp("data") / "samples.arrow")), "", Storage())


def prices(case: Case, answer: Composition | Fault) -> Worth:
    """Worth more the more selling points it calls prices."""
    assert isinstance(answer, Composition)
    return Worth(float(sum(element.role is Role.PRICE for element in answer.suggestions)), {})


def test_what_the_loop_drew_is_as_likely_here(base: Path, samples: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench(base, samples, explore={"group": 4, "temperature": 0.7, "updates": 2, "kl": 0.1})
    drawn: dict[Any, list[float]] = defaultdict(list)

    def recorded(scores: torch.Tensor, choices: Any) -> list[int | None]:
        tokens = choosing.sample(scores, choices)
        chances = (scores / 0.7).log_softmax(1)
        for (row, _), token, each in zip(choices, tokens, chances, strict=True):
            drawn[row.owner].append(float(each[token]))
        return tokens

    monkeypatch.setattr(batches, "sample", recorded)
    asked = bench.questions(2)
    groups = bench.policy.rollouts(bench.learner, asked)
    rows = [bench.policy.valued(rollout.row, 1.0) for group in groups for rollout in group]
    with torch.no_grad():
        found = bench.policy.batch(bench.learner, rows)
    assert isinstance(found, PolicyBatch)
    by_loop = torch.tensor([chance for i in range(2) for k in range(4) for chance in drawn[i, k]])
    assert torch.allclose(bench.learner.chances(found), by_loop, atol=1e-4)
    assert found.before is not None
    assert torch.allclose(found.before, by_loop, atol=1e-4)
    assert len({rollout.answer.raw for rollout in groups[0]}) > 1  # type: ignore[union-attr]


def test_every_rollout_is_a_layout_and_every_choice_was_allowed(base: Path, samples: Any) -> None:
    bench = Bench(base, samples)
    for asked, group in zip(
        (questions := bench.questions(3)), bench.policy.rollouts(bench.learner, questions), strict=True
    ):
        texts = sorted((asked.case.copy.title, *asked.case.copy.selling_points))
        for rollout in group:
            assert isinstance(rollout.answer, Composition)
            assert sorted(e.text for e in rollout.answer.suggestions if e.role is not Role.UNDERLAY) == texts
            chosen = rollout.row.answer[rollout.row.free]
            bits = np.unpackbits(rollout.row.bits.view(np.uint8), axis=1, bitorder="little")
            assert bits[np.arange(len(chosen)), chosen].all()
            assert rollout.row.learnt == len(chosen) < len(rollout.row.answer)


def test_at_the_start_it_is_its_own_reference(base: Path, samples: Any) -> None:
    bench = Bench(base, samples, explore={"group": 4, "updates": 2})
    rows = [rollout.row for group in bench.policy.rollouts(bench.learner, bench.questions(1)) for rollout in group]
    with torch.no_grad():
        found = bench.policy.batch(bench.learner, [bench.policy.valued(row, 1.0) for row in rows])
        loss, count, clipped, divergence = bench.learner(found).tolist()
    assert divergence == clipped == 0
    assert loss == pytest.approx(-count)


def test_the_reward_rises(base: Path, samples: Any) -> None:
    bench = Bench(base, samples, rate=3e-2, explore={"group": 6, "updates": 2})
    explorer, asked = bench.explorer(prices), bench.questions(3)[1:]
    steps = [explorer.step([[replace(q, seed=q.seed + step) for q in asked]], step, 8) for step in range(8)]
    rewards = [step.means["reward"] for step in steps]
    assert np.mean(rewards[-2:]) > np.mean(rewards[:2]) + 0.3
    assert (steps[0].samples, "kl" in steps[0].means) == (12, True)


def test_the_best_of_a_group_becomes_likelier(base: Path, samples: Any) -> None:
    bench = Bench(base, samples, method="best_of")
    questions = bench.questions(3)[1:]
    groups = bench.policy.rollouts(bench.learner, questions)
    rewards = [
        [prices(question.case, rollout.answer).reward for rollout in group]
        for question, group in zip(questions, groups, strict=True)
    ]
    best = [group[int(np.argmax(values))].row for group, values in zip(groups, rewards, strict=True)]
    batch = bench.policy.batch(bench.learner, best)
    before = float(bench.learner(batch)[0].detach())
    step = bench.explorer(prices).step([questions], 0, 4)
    assert step.means["best"] == np.mean([max(values) for values in rewards])
    assert float(bench.learner(batch)[0].detach()) < before
    assert "kl" not in step.means


@pytest.mark.parametrize("method", ["grpo", "best_of"])
def test_equal_rewards_are_no_step(base: Path, samples: Any, method: str) -> None:
    bench = Bench(base, samples, method=method)
    before = {name: weight.clone() for name, weight in bench.engine.weights().items()}
    step = bench.explorer(lambda *_: Worth(-2.0, {})).step([bench.questions(2)], 0, 4)
    assert (step.means["equal"], step.means["reward"], step.norm) == (1, -2, 0)
    assert all(torch.equal(weight, before[name]) for name, weight in bench.engine.weights().items())


def test_rewards_that_are_not_finite_are_left_out_by_name(
    base: Path, samples: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bench, rewards = Bench(base, samples), iter([float("nan"), -1.0, float("inf"), -2.0] * 2)
    step = bench.explorer(lambda *_: Worth(next(rewards), {})).step([bench.questions(2)], 0, 4)
    assert (step.means["not_finite"], step.means["reward"], step.means["best"]) == (0.5, -1.5, -1.0)
    assert "a layout of s0 has the reward nan: it is left out" in caplog.text
    assert step.norm > 0


def test_an_answer_is_replayed_to_its_end(base: Path) -> None:
    """What was forced is no choice: of a layout that is written out, roles, numbers and what ends it are left."""
    chat = load_chat_format(base)
    _, copy, _, told = question(3)
    text = write_layout(told, copy)
    guides = Guides(chat.tokenizer, len(chat.tokenizer) + 7)
    tokens = tuple(chat.tokenizer(text, add_special_tokens=False).input_ids)
    guide = guides.guide(answer_grammar(copy), (GRID, GRID))
    answer, chosen, bits = replayed(guide, Answer(text, tokens, True), guides.words, chat.ends)
    assert tuple(answer[: len(tokens)]) == tokens
    assert len(bits) == chosen.sum()
    assert 4 < chosen.sum() < len(tokens) / 2


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"task": None}, "sample s0 does not say its canvas and copy, which a reward asks for"),
        ({"mask": None}, r"sample s0 does not say where its subject is, which .*; set data\.subjects = 'net'"),
        ({"max_tokens": 64}, r"sample s0 asks with \d+ tokens, the limit is 64; raise train\.max_tokens"),
    ],
)
def test_what_cant_be_asked_is_refused_by_name(base: Path, samples: Any, change: dict[str, Any], reason: str) -> None:
    bench = Bench(base, samples, **({"max_tokens": 64} if "max_tokens" in change else {}))
    sample: Sample = samples.train.sample(0, 0)
    if "task" in change:
        sample = replace(sample, task=None)
    if "mask" in change:
        assert sample.task is not None
        sample = replace(sample, task=replace(sample.task, mask=None))
    with pytest.raises(SampleError, match=reason):
        bench.policy.encoder()(sample, 0, 0)


@pytest.mark.parametrize(
    ("train", "reason"),
    [
        ({"explore": {"group": 4}}, r"explore\.group has no meaning with method = 'lora'; leave it out"),
        ({"method": "best_of", "explore": {"kl": 0.1}}, r"explore\.kl has no meaning with method = 'best_of'"),
        ({"method": "grpo", "model": "radm"}, "goes on with a model that makes layouts, and 'radm' is a new one"),
        ({"method": "grpo", "zero": 3}, r"zero = 3 parts them; set it to 0"),
        ({"method": "grpo", "explore": {"patience": 2}, "validation_samples": 0}, "set validation_samples"),
        ({"method": "grpo", "explore": {"group": 1}}, "greater than or equal to 2"),
    ],
)
def test_settings_that_dont_go_together_are_refused(train: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        TrainSettings.model_validate(train)
