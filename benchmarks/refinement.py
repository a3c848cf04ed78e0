"""What a model learnt of finishing layouts: boxes completed and de-noised on held-back posters, before and after.

    python -m benchmarks.refinement [--model embedded] [--before CHECKPOINT] [--posters 8] [--folder PHOTOS] [--full]
        [--output results.jsonl]

Posters are of a seed that the embedded model was not trained on. Before is a checkpoint with random weights, the one
that training began with; both answer under the same grammar, which holds them to what is locked. Three tasks:

- `absent`: half of the elements are locked in place, the others are to be placed;
- `masked`: of every element one to four of role, x, y, width and height are hidden, the rest is told;
- `noisy`: every element is told, each coordinate moved with probability 0.5 by N(0, 0.01) of the side, as a hint.

Prints a JSON line a task: the mean IoU of the boxes in question with the designer's, before and after, with a 95 %
interval of the paired difference over posters; for `noisy` besides, what the hints themselves have; and the share of
the roles that were hidden and found.
"""

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.benchmark import Benchmark
from layoutgen.core.layout import Box, Role, Suggestion, iou
from layoutgen.core.prompts.refinements import (
    ATTRIBUTES,
    Given,
    parse_refinement,
    refinement_grammar,
    refinement_prompt,
)
from layoutgen.imaging.framed import draw_at
from layoutgen.models.decoding.backbone import Backbone
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.vlm.checkpoints import load_chat_format, load_model
from layoutgen.models.weights import fetch_weights
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import jittered
from layoutgen.training.data.datasets import corpus_task
from layoutgen.training.data.sample import Task
from layoutgen.training.vlm import blank as embedded

BENCHMARK = Benchmark(
    "refinement",
    "boxes that the embedded model completes in layouts",
    "the same model before training",
    seconds=65,
    full="100 posters, about 20 minutes",
)
TASKS = ("absent", "masked", "noisy")
_SEED, _FIRST = 1, 1000
_SIGMA, _SHARE = 0.01, 0.5


@dataclass(frozen=True)
class Question:
    """A poster's task, what is given of it, and which of its elements (by index) count."""

    task: Task
    given: tuple[Given, ...]
    counted: tuple[int, ...]


def question_of(task: Task, kind: str, rng: np.random.Generator) -> Question | None:
    """What is given of a poster; None where there is nothing to ask."""
    elements = [element for element in task.target if element.role is not Role.UNDERLAY]
    task = replace(task, target=tuple(elements))
    order = [int(i) for i in rng.permutation(len(elements))]
    match kind:
        case "absent":
            locked = order[: len(order) // 2]
            counted = order[len(order) // 2 :]
            given = [Given(elements[i], True) for i in locked]
        case "masked":
            counted, given = order, []
            for i in order:
                names = ATTRIBUTES if elements[i].text else ATTRIBUTES[1:]
                hidden = rng.permutation(len(names))[: int(rng.integers(1, 5))]
                given.append(Given(elements[i], False, frozenset(names[int(k)] for k in hidden)))
        case _:
            counted = order
            moved, _ = jittered([elements[i].box for i in order], _SIGMA, _SHARE, rng)
            given = [Given(replace(elements[i], box=box), False) for i, box in zip(order, moved, strict=True)]
    return Question(task, tuple(given), tuple(counted)) if counted else None


def answers(weights: Path, questions: list[Question], side: int) -> list[tuple[Suggestion, ...] | None]:
    """A checkpoint's answers; None for one that is no layout."""
    chat = load_chat_format(weights)
    decoder = Decoder(
        Backbone(load_model(weights, None, "cpu", torch.float32), chat.pictures), chat.tokenizer, chat.ends
    )
    asked = []
    for question in questions:
        task = question.task
        size = chat.pictures.size(task.canvas.width, task.canvas.height, side)
        picture = chat.pictures.prepare(draw_at(task.photo, task.framing, *size), side)
        prompt = refinement_prompt(task.copy, task.canvas, question.given, task.logo_aspect)
        grammar = refinement_grammar(task.copy, question.given)
        asked.append(Request(chat.prompt(prompt.system, prompt.user, picture), grammar))
    layouts: list[tuple[Suggestion, ...] | None] = []
    for question, (answer,) in zip(questions, decoder.decode(asked), strict=True):
        if isinstance(answer, Answer) and answer.ended:
            layouts.append(parse_refinement(answer.text, question.task.copy, question.given))
        else:
            layouts.append(None)
    return layouts


def scores(question: Question, layout: tuple[Suggestion, ...] | None) -> tuple[float, float | None]:
    """Mean IoU over the elements that count, and the share of hidden roles that were found."""
    if layout is None:
        return 0.0, None
    total, left = 0.0, list(layout)
    roles = []
    hidden = {id(given.element): "role" in given.hidden for given in question.given}
    for index in question.counted:
        truth = question.task.target[index]
        alike = [other for other in left if other.text == truth.text and _is_logo(other) == _is_logo(truth)]
        best = max(alike, key=lambda other: iou(other.box, truth.box))
        left.remove(best)
        total += iou(best.box, truth.box)
        if hidden.get(id(truth)):
            roles.append(best.role is truth.role)
    return total / len(question.counted), float(np.mean(roles)) if roles else None


def _is_logo(element: Suggestion) -> bool:
    return element.role is Role.LOGO


def interval(differences: np.ndarray, resamples: int = 2000) -> list[float]:
    """A bootstrap interval of a mean."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(resamples, len(differences)))].mean(1)
    return [round(float(value), 4) for value in np.quantile(means, (0.025, 0.975))]


def main() -> None:
    """Measure all tasks."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--model", default="embedded")
    parser.add_argument("--before", help="a checkpoint; left out, random weights")
    parser.add_size("--posters", 8, 100)
    parser.add_argument("--folder", default="", help="photos that are shown besides drawn products")
    parser.add_argument("--side", type=int, default=224)
    given = parser.parse_args()
    corpus = Corpus(CorpusSpec(_SEED, folder=given.folder))
    tasks = [corpus_task(corpus.poster(_FIRST + number)) for number in range(given.posters)]
    with tempfile.TemporaryDirectory(prefix="layoutgen-refinement-") as folder:
        cache = Path(folder)
        before = fetch_weights(given.before, cache) if given.before else embedded.build(cache / "base")
        after = fetch_weights(given.model, cache)
        for number, kind in enumerate(TASKS):
            rng = np.random.default_rng([_SEED, 51, number])
            asked = [question_of(task, kind, rng) for task in tasks]
            questions = [each for each in asked if each is not None]
            sides = []
            for side, weights in (("before", before), ("after", after)):
                BENCHMARK.say(f"{kind}, {side} training: {len(questions)} posters")
                layouts = answers(weights, questions, given.side)
                sides.append([scores(*pair) for pair in zip(questions, layouts, strict=True)])
            report(kind, questions, *sides)


def report(kind: str, questions: list[Question], before: list[Any], after: list[Any]) -> None:
    """Print a task's line."""
    was, now = (np.array([overlap for overlap, _ in side]) for side in (before, after))
    roles = [[share for _, share in side if share is not None] for side in (before, after)]
    more: dict[str, Any] = {}
    if kind == "noisy":
        more["hints"] = round(float(np.mean([_hinted(question) for question in questions])), 4)
    if roles[0]:
        more |= {"roles_before": round(float(np.mean(roles[0])), 4), "roles_after": round(float(np.mean(roles[1])), 4)}
    BENCHMARK.line(
        kind,
        posters=len(questions),
        before=round(float(was.mean()), 4),
        after=round(float(now.mean()), 4),
        difference=round(float((now - was).mean()), 4),
        interval=interval(now - was),
        unit="IoU",
        **more,
    )


def _hinted(question: Question) -> float:
    pairs: list[tuple[Box, Box]] = [
        (given.element.box, question.task.target[index].box)
        for given, index in zip(question.given, question.counted, strict=True)
    ]
    return float(np.mean([iou(a, b) for a, b in pairs]))


if __name__ == "__main__":
    main()
