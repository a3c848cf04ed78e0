"""How often a layout by `radm` breaks what it has to keep, before it is put on it at last, and after.

    python -m benchmarks.control [--weights embedded] [--posters 12] [--full] [--output results.jsonl]

Held-back drawn posters are laid out under constraints that their designer's layout keeps, drawn by lot: an element
that is given, the size of another, roles of all, the number of underlays, and up to three relations. The JSON line has
the shares of all constraints on boxes that are broken: `before` the last projection and `after` it, by the best of
`samples`, and `not_held`, by layouts that were made without them. `score_first` and `score_best` are the layout scores
of the first sample and of the best.
"""

from collections import Counter
from itertools import permutations

import cv2
import numpy as np

from benchmarks.benchmark import Benchmark
from benchmarks.relations import held_back, network_of
from layoutgen.core.layout import Role, Suggestion
from layoutgen.core.proposals.constraints import Constraints, Kind, Relation, violations
from layoutgen.core.proposals.ranking import layout_score
from layoutgen.models.base import Fault
from layoutgen.models.denoising.boxes import composer as composing
from layoutgen.models.denoising.lines import lines_of
from layoutgen.models.weights import EMBEDDED
from layoutgen.training.data.cases import Case
from layoutgen.training.judging.measures import brief_of, framed_before

BENCHMARK = Benchmark(
    "control",
    "broken constraints of layouts by radm",
    "layouts made without them",
    seconds=30,
    full="100 posters, about 6 minutes",
)
_KINDS: tuple[Kind, ...] = ("above", "left_of", "same_size", "inside")


def numbered(case: Case) -> list[Suggestion]:
    """The designer's elements as constraints number them: the copy's, then underlays."""
    left = [element for element in case.truth if element.role is not Role.UNDERLAY]
    elements = []
    for line in lines_of(case.copy, case.canvas, case.logo_aspect):
        elements.append(next(element for element in left if element.text == line.slot.text))
        left.remove(elements[-1])
    return elements + [element for element in case.truth if element.role is Role.UNDERLAY]


def constraints_of(case: Case, seed: int) -> Constraints:
    """Constraints that the designer's layout keeps."""
    rng, elements = np.random.default_rng([5, seed]), numbered(case)
    boxes = [element.box for element in elements]
    texts = sum(element.role is not Role.UNDERLAY for element in elements)
    given, sized = (int(index) for index in rng.choice(len(boxes), 2, replace=len(boxes) < 2))
    relations = [
        relation
        for first, second in permutations(range(len(boxes)), 2)
        for relation in (Relation(kind, first, second) for kind in _KINDS)
        if not violations(boxes, Constraints(relations=(relation,)))
    ]
    chosen = rng.permutation(len(relations))[:3]
    left, top, right, bottom = boxes[sized]
    return Constraints(
        given={given: boxes[given]},
        sizes={} if sized == given else {sized: (right - left, bottom - top)},
        relations=tuple(relations[i] for i in chosen),
        roles={i: element.role for i, element in enumerate(elements)},
        underlays=len(boxes) - texts,
    )


def main() -> None:
    """Measure with and without being held on the way."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--weights", default=EMBEDDED, help="folder of a network")
    parser.add_size("--posters", 12, 100)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--samples", type=int, default=4)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    network = network_of(given.weights)
    cases = held_back(given.posters)
    constraints = [constraints_of(case, number) for number, case in enumerate(cases)]
    composer = composing.RadmComposer(network, frame=framed_before, steps=given.steps, samples=given.samples)
    briefs = [brief_of(case) for case in cases]
    total = sum(map(len, constraints))
    BENCHMARK.say(f"laying {len(cases)} posters out, held to their constraints, then free")
    held = composer.sample(briefs, constraints)
    free = composer.sample(briefs)
    faults = Counter(answer.kind for answer in held if isinstance(answer, Fault))
    before, after, first, best = 0, 0, [], []
    unheld = 0
    for case, limits, ours, theirs in zip(cases, constraints, held, free, strict=True):
        if isinstance(ours, Fault) or isinstance(theirs, Fault):
            continue
        taken = max(ours, key=lambda sample: sample.score)
        before += len(taken.before)
        after += len(violations([element.box for element in taken.suggestions], limits))
        subject = brief_of(case).annotation.subject
        first.append(layout_score(ours[0].suggestions, case.canvas, subject))
        best.append(taken.score)
        boxes = [element.box for element in max(theirs, key=lambda sample: sample.score).suggestions]
        texts = len(lines_of(case.copy, case.canvas, case.logo_aspect))
        unheld += _broken(boxes, limits, texts)
    BENCHMARK.line(
        f"{given.steps} steps, best of {given.samples}", posters=len(cases), constraints=total,
        before=round(before / total, 4), after=round(after / total, 4), not_held=round(unheld / total, 4),
        score_first=round(float(np.mean(first)), 4), score_best=round(float(np.mean(best)), 4), faults=dict(faults),
    )  # fmt: skip


def _broken(boxes: list[tuple[float, float, float, float]], limits: Constraints, texts: int) -> int:
    """Constraints that a layout made without them breaks; all that name an underlay that it does not have."""
    count = texts + (limits.underlays or 0)
    padded = [*boxes[:count], *[(-9.0, -9.0, -8.0, -8.0)] * max(0, count - len(boxes))]
    return len(violations(padded, limits))


if __name__ == "__main__":
    main()
