"""Unfinished layouts given to the composers that finish them: boxes given, completed and mended, on held-back posters.

    python -m benchmarks.refinement [--composers qwen_vl radm layout_image] [--posters 8] [--folder PHOTOS]
        [--refiner FILE.safetensors] [--full] [--output results.jsonl]

Posters are of a seed that no embedded network was trained on. Four tasks:

- `absent`: half of the elements are locked in place, the others are to be placed;
- `masked`: of every element one to four of role, x, y, width and height are hidden, the rest is told;
- `noisy .01`, `noisy .03`: every element is told, each coordinate moved with probability 0.5 by N(0, .01) or N(0, .03)
  of the side, as a hint.

Prints a JSON line a composer and task, mean IoU with the designer's of the boxes in question:

- `given`: what is given, with a box in the middle of the canvas for what is not told;
- `alone`: the composer's answer, with what is told laid over it, and no refiner; `free`, of the language model alone,
  its answer where hints may go anywhere and nothing is laid over it;
- `after`: what `refine` gives back, told the level; `unknown_level`: not told it, of noisy hints;

with 95 % intervals of the paired differences of `after` from `given` and from `alone`, over posters; the share of
layouts that are worse than given, and the share of the hidden roles that were found.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.benchmark import Benchmark
from layoutgen.core.layout import Canvas, Role, Suggestion, iou
from layoutgen.core.prompts.layouts import slots
from layoutgen.core.prompts.refinements import (
    ATTRIBUTES,
    Given,
    parse_refinement,
    refinement_grammar,
    refinement_prompt,
)
from layoutgen.core.proposals.hints import Draft, draft
from layoutgen.models.base import Fault
from layoutgen.models.composers.vlm import QwenVlComposer, layout_task
from layoutgen.models.decoding.answerer import DecodingOptions, open_answerer
from layoutgen.models.decoding.decoder import Answer, Request
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.refiners.refiner import Refiner
from layoutgen.models.weights import fetch_weights
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import jittered
from layoutgen.training.data.cases import Case
from layoutgen.training.data.sources import drawn_case
from layoutgen.training.judging.measures import brief_of, framed_before

COMPOSERS = ("qwen_vl", "radm", "layout_image")
BENCHMARK = Benchmark(
    "refinement",
    "unfinished layouts that the embedded networks finish",
    "the boxes that were given",
    seconds=75,
    full="100 posters, about 20 minutes",
)
LEVELS = {"absent": 0.0, "masked": 0.0, "noisy .01": 0.01, "noisy .03": 0.03}
_SEED, _FIRST = 1, 1000
_SHARE = 0.5
_MIDDLE = (0.3, 0.46, 0.7, 0.54)
_SIDE = 224
_STEPS = 8


@dataclass(frozen=True)
class Question:
    """A poster, what is given of it, and which of its elements (by index) count; underlays do not."""

    case: Case
    truth: tuple[Suggestion, ...]
    given: tuple[Given, ...]
    counted: tuple[int, ...]


class _Unmending(Refiner):
    """A refiner that leaves boxes as they are."""

    def mended(self, layout: Draft, canvas: Canvas, logo_aspect: float | None = None) -> tuple[Suggestion, ...]:
        return layout.held([element.box for element in layout.elements])


def question_of(case: Case, kind: str, rng: np.random.Generator) -> Question | None:
    """What is given of a poster; None where there is nothing to ask."""
    elements = tuple(element for element in case.truth if element.role is not Role.UNDERLAY)
    order = [int(i) for i in rng.permutation(len(elements))]
    if kind == "absent":
        given = [Given(elements[i], True) for i in order[: len(order) // 2]]
        counted = order[len(order) // 2 :]
    elif kind == "masked":
        counted, given = order, []
        for i in order:
            names = ATTRIBUTES if elements[i].text else ATTRIBUTES[1:]
            hidden = rng.permutation(len(names))[: int(rng.integers(1, 5))]
            given.append(Given(elements[i], False, frozenset(names[int(k)] for k in hidden)))
    else:
        counted = order
        moved, _ = jittered([elements[i].box for i in order], LEVELS[kind], _SHARE, rng)
        given = [Given(replace(elements[i], box=box), False) for i, box in zip(order, moved, strict=True)]
    return Question(case, elements, tuple(given), tuple(counted)) if counted else None


def score(question: Question, layout: Sequence[Suggestion] | None) -> tuple[float, float | None]:
    """Mean IoU over the elements that count, and the share of hidden roles that were found."""
    if layout is None:
        return 0.0, None
    total, left, roles = 0.0, [element for element in layout if element.role is not Role.UNDERLAY], []
    hidden = {given.element.text for given in question.given if "role" in given.hidden}
    for index in question.counted:
        truth = question.truth[index]
        alike = [e for e in left if e.text == truth.text and (e.role is Role.LOGO) == (truth.role is Role.LOGO)]
        best = max(alike, key=lambda other: iou(other.box, truth.box))
        left.remove(best)
        total += iou(best.box, truth.box)
        if truth.text in hidden:
            roles.append(best.role is truth.role)
    return total / len(question.counted), float(np.mean(roles)) if roles else None


def given_layout(question: Question) -> tuple[Suggestion, ...]:
    """What is given, and a box in the middle for what is not."""
    middle = [Suggestion(slot.roles[0], _MIDDLE, slot.text) for slot in slots(question.case.copy)]
    return draft(question.case.copy, middle, question.given, 0.0).elements


def composer_of(name: str) -> Any:
    """An embedded composer; cases are framed before."""
    if name == "qwen_vl":
        folder = fetch_weights("embedded", Path())
        return QwenVlComposer(
            open_answerer(folder, None, DecodingOptions(max_side=_SIDE), task=layout_task), frame=framed_before
        )
    family = FAMILIES[name]
    return family.composer(
        family.load(fetch_weights(f"embedded/{name}", Path()), "cpu"), frame=framed_before, steps=_STEPS
    )


def refine(composer: Any, refiner: Refiner, questions: Sequence[Question], level: float | None) -> list[Any]:
    """The compositions that a composer gives back with a refiner; None for a fault."""
    vars(composer)["_refiner"] = refiner
    kind = composer._answerer.chat.pictures if isinstance(composer, QwenVlComposer) else None
    briefs = [brief_of(question.case, kind, _SIDE) for question in questions]
    answers = composer.refine(briefs, [question.given for question in questions], level)
    return [None if isinstance(answer, Fault) else answer for answer in answers]


def mended(refiner: Refiner, questions: Sequence[Question], answers: Sequence[Any], level: float | None) -> list[Any]:
    """What a refiner makes of the composers' answers: as `refine` would give it back, without asking them again."""
    return [
        answer and refiner.finished(answer, brief_of(question.case), question.given, level)
        for question, answer in zip(questions, answers, strict=True)
    ]


def free(composer: QwenVlComposer, questions: Sequence[Question]) -> list[Any]:
    """The language model's answers as they come."""
    answerer = composer._answerer
    asked = []
    for question in questions:
        case = question.case
        brief = brief_of(case, answerer.chat.pictures, _SIDE)
        assert brief.prepared is not None
        prompt = refinement_prompt(case.copy, case.canvas, question.given, case.logo_aspect)
        ids = answerer.chat.prompt(prompt.system, prompt.user, brief.prepared.picture)
        asked.append(Request(ids, refinement_grammar(case.copy, question.given)))
    answers = [candidates[0] for candidates in answerer.answers(asked)]
    return [
        parse_refinement(answer.text, question.case.copy, question.given)
        if isinstance(answer, Answer) and answer.ended
        else None
        for question, answer in zip(questions, answers, strict=True)
    ]


def interval(differences: np.ndarray, resamples: int = 2000) -> list[float]:
    """A bootstrap interval of a mean."""
    rng = np.random.default_rng(0)
    means = differences[rng.integers(len(differences), size=(resamples, len(differences)))].mean(1)
    return [round(float(value), 4) for value in np.quantile(means, (0.025, 0.975))]


def main() -> None:
    """Measure all tasks."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--composers", nargs="+", choices=COMPOSERS, default=COMPOSERS)
    parser.add_size("--posters", 8, 100)
    parser.add_argument("--folder", default="", help="photos that are shown besides drawn products")
    parser.add_argument("--refiner", type=Path, help="other weights than the embedded ones")
    given = parser.parse_args()
    corpus = Corpus(CorpusSpec(_SEED, folder=given.folder))
    cases = [drawn_case(corpus, _FIRST + number, _shown) for number in range(given.posters)]
    weights = given.refiner.read_bytes() if given.refiner else None
    refiner = Refiner(weights)
    for name in given.composers:
        composer = composer_of(name)
        for number, (kind, level) in enumerate(LEVELS.items()):
            rng = np.random.default_rng([_SEED, 51, number])
            questions = [each for each in (question_of(case, kind, rng) for case in cases) if each is not None]
            alone = refine(composer, _Unmending(weights), questions, level)
            levels = {"after": level} | ({"unknown_level": None} if level else {})
            ways: dict[str, list[Any]] = {"given": [given_layout(question) for question in questions]}
            ways["alone"] = [answer and answer.suggestions for answer in alone]
            for way, known in levels.items():
                ways[way] = [answer and answer.suggestions for answer in mended(refiner, questions, alone, known)]
            if isinstance(composer, QwenVlComposer):
                ways["free"] = free(composer, questions)
            scores = {
                way: [score(*pair) for pair in zip(questions, layouts, strict=True)] for way, layouts in ways.items()
            }
            report(name, kind, scores)


def report(name: str, kind: str, scores: dict[str, list[tuple[float, float | None]]]) -> None:
    """Print a composer's line of a task."""
    overlaps = {way: np.array([overlap for overlap, _ in each]) for way, each in scores.items()}
    means = {way: round(float(each.mean()), 4) for way, each in overlaps.items()}
    after, before = overlaps["after"], overlaps["given"]
    roles = [share for _, share in scores["after"] if share is not None]
    BENCHMARK.line(
        kind,
        composer=name,
        posters=len(after),
        **means,
        from_given=interval(after - before),
        from_alone=interval(after - overlaps["alone"]),
        worse_than_given=round(float((after < before - 1e-9).mean()), 4),
        unit="IoU",
        **({"roles": round(float(np.mean(roles)), 4)} if roles else {}),
    )


def _shown(width: int, height: int) -> tuple[int, int]:
    scale = _SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


if __name__ == "__main__":
    main()
