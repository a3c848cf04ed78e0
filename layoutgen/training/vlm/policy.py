"""How a vision-language model makes layouts that are rewarded, and learns them: rollouts of the serving loop under the
answer's grammar, of which the choices alone are actions.

What a grammar forces is no choice and no action. The guide that held a rollout is asked again, token by token, where
there was a choice and what else was allowed, so the log-probabilities here are those that the loop drew from: of the
allowed tokens, at the temperature. (The loop draws from the 64 likeliest; no grammar of layouts allows more.)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from layoutgen.config.training import ExploreSettings
from layoutgen.core.layout import Framing
from layoutgen.core.prompts.coordinates import GRID
from layoutgen.core.prompts.layouts import answer_grammar, layout_prompt, parse_layout
from layoutgen.models.base import Composition, Fault
from layoutgen.models.decoding.answerer import Answerer
from layoutgen.models.decoding.decoder import Answer, Request
from layoutgen.models.decoding.grammar import Guides
from layoutgen.models.decoding.row import Guided
from layoutgen.models.vlm.checkpoints import ChatFormat
from layoutgen.models.vlm.prompt import Prompt
from layoutgen.training.data.sample import Sample, SampleError
from layoutgen.training.loop.rows import Encode
from layoutgen.training.loop.steps import Recipe
from layoutgen.training.rewards.rollouts import Question, Rollout, case_of
from layoutgen.training.vlm import lora
from layoutgen.training.vlm.learner import PolicyBatch
from layoutgen.training.vlm.tokens import Batch, Row


@dataclass(frozen=True, eq=False)
class Action(Row):
    """A rollout's tokens; `bits` (k, words) int32 are the tokens that were allowed at each of its k choices, one bit
    each, `advantage` how much better it is than others of its question."""

    bits: np.ndarray | None = None
    advantage: float = 0.0


@dataclass(frozen=True)
class Asked:
    """A question in tokens, and the grammar of its answer."""

    prompt: Prompt
    grammar: str


class VlmPolicy:
    """See `rewards.rollouts.Policy`. `opened` is a learner as it serves; `is_grpo`: of its rollouts all are drawn by
    lot and learnt by their advantage, else the first is the greedy one, and they are learnt as answers are."""

    def __init__(
        self,
        chat: ChatFormat,
        opened: Callable[[Any], Answerer],
        recipe: Recipe,
        explore: ExploreSettings,
    ) -> None:
        self._chat, self._opened, self._recipe, self._explore = chat, opened, recipe, explore
        self._is_grpo = recipe.method == "grpo"

    def encoder(self) -> Encode:
        """Samples as questions: of any sample the whole layout is asked for."""
        return partial(ask, self._chat, self._recipe)

    def rollouts(self, learner: Any, questions: Sequence[Question]) -> list[list[Rollout]]:
        """Answers of the serving loop. An answer that was cut off is a fault, and can be learnt from."""
        answerer, explore = self._opened(learner), self._explore
        guides = Guides(self._chat.tokenizer, learner.bare.lm_head.out_features)
        requests: list[Request | Fault] = [
            Request(
                question.asked.prompt,
                question.asked.grammar,
                answerer.options.max_new_tokens,
                explore.group,
                explore.temperature,
                question.seed,
                greedy=not self._is_grpo,
            )
            for question in questions
        ]
        return [
            [self._rollout(answerer, guides, question, answer) for answer in answers]
            for question, answers in zip(questions, answerer.answers(requests), strict=True)
        ]

    def _rollout(self, answerer: Answerer, guides: Guides, question: Question, answer: Answer | Fault) -> Rollout:
        def parse(text: str) -> Composition:
            return Composition(Framing(), parse_layout(text, question.case.copy), text)

        parsed = answerer.parsed(answer, parse)
        if isinstance(answer, Fault):
            return Rollout(parsed, None)
        prompt: Prompt = question.asked.prompt
        guide = guides.guide(question.asked.grammar, (GRID, GRID))
        tokens, chosen, bits = replayed(guide, answer, guides.words, self._chat.ends)
        assert prompt.picture is not None
        asked = np.array([*prompt.prefix, *prompt.rest], np.int64)
        return Rollout(parsed, Action(asked, tokens, prompt.picture, None, chosen, bits=bits))

    def valued(self, row: Action, advantage: float) -> Action:
        """With its advantage."""
        return replace(row, advantage=advantage)

    def batch(self, learner: Any, rows: list[Action]) -> Batch | PolicyBatch:
        """On the learner's device; with what the reference, which is the model without its adapter, says of each choice
        and, where it will be asked again after a step, the policy."""
        device = next(learner.parameters()).device
        batch = lora.collator(self._chat, self._recipe, device)(rows)
        if not self._is_grpo:
            return batch
        bits = torch.from_numpy(np.concatenate([row.bits for row in rows])).to(device)
        advantages = torch.tensor([row.advantage for row in rows], device=device)[batch.row]
        actions = PolicyBatch(batch, bits, advantages)
        before = learner.chances(actions) if self._explore.updates > 1 else None
        reference = None
        if self._explore.kl:
            with learner.model.disable_adapter():
                reference = learner.chances(actions)
        return replace(actions, before=before, reference=reference)


def ask(chat: ChatFormat, recipe: Recipe, sample: Sample, index: int, epoch: int) -> Question:
    """A sample as a question. Raises SampleError where it does not say enough to be rewarded, or is too long."""
    case = case_of(sample, str(index))
    picture = chat.pictures.prepare(np.asarray(sample.pixels), recipe.image_side)
    try:
        question = layout_prompt(case.copy, case.canvas, case.logo_aspect)
    except ValueError as error:
        raise SampleError(f"sample {case.key}: {error}") from None
    prompt = chat.prompt(question.system, question.user, picture)
    if len(prompt) > recipe.max_tokens:
        raise SampleError(
            f"sample {case.key} asks with {len(prompt)} tokens, the limit is {recipe.max_tokens}; raise "
            "train.max_tokens, lower train.image_side, or leave it out"
        )
    seed = int(np.random.default_rng([recipe.seed, 67, index, epoch]).integers(2**62))
    return Question(case, Asked(prompt, answer_grammar(case.copy)), seed)


def replayed(
    guide: Guided, answer: Answer, words: int, ends: Sequence[int]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """An answer under its guide again: its tokens (a,) int64, with the end where that was chosen, which of them were
    chosen (a,) bool, and what was allowed there (k, words) int32, one bit a token."""
    tokens, where, allowed = list(answer.tokens), [], []
    at = len(guide.forced())
    while not guide.finished and (at < len(tokens) or answer.ended):
        if at == len(tokens):
            tokens.append(ends[0])
        bits = np.empty(words, np.int32)
        guide.fill(bits)
        where.append(at)
        allowed.append(bits)
        at += 1 + len(guide.take(tokens[at]))
    chosen = np.zeros(len(tokens), bool)
    chosen[where] = True
    return np.array(tokens, np.int64), chosen, np.array(allowed, np.int32).reshape(-1, words)
