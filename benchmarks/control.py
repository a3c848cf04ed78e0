"""How often a layout by `radm` breaks what it has to keep, before it is put on it at last, and after.

    python -m benchmarks.control [--weights embedded] [--posters 100] [--steps 8] [--samples 4] [--output results.jsonl]

Held-back drawn posters are laid out under constraints that their designer's layout keeps, drawn by lot: an element
that is given, the size of another, roles of all, the number of underlays, and up to three relations. The JSON line has
the shares of all constraints on boxes that are broken: `before` the last projection and `after` it, by the best of
`samples`, and `not_held`, by layouts that were made without them. `score_first` and `score_best` are the layout scores
of the first sample and of the best.
"""

import argparse
import json
from collections import Counter
from itertools import permutations
from pathlib import Path

import cv2
import numpy as np

from benchmarks.relations import held_back
from benchmarks.reporting import cpu
from layoutgen.core.layout import Role, Suggestion
from layoutgen.core.proposals.constraints import Constraints, Kind, Relation, violations
from layoutgen.core.proposals.ranking import layout_score
from layoutgen.io.storage import Storage
from layoutgen.models.base import Fault
from layoutgen.models.denoising.boxes import composer as composing
from layoutgen.models.denoising.lines import lines_of
from layoutgen.models.denoising.networks import loaded
from layoutgen.models.weights import EMBEDDED, fetch_weights
from layoutgen.training.data.cases import Case
from layoutgen.training.judging.gate import brief_of, framed_before

_KINDS: tuple[Kind, ...] = ("above", "left_of", "same_size", "inside")


def numbered(case: Case) -> list[Suggestion]:
    """The designer's elements as constraints number them: the copy's, then underlays."""
    left, found = [one for one in case.truth if one.role is not Role.UNDERLAY], []
    for line in lines_of(case.copy, case.canvas, case.logo_aspect):
        found.append(next(one for one in left if one.text == line.slot.text))
        left.remove(found[-1])
    return found + [one for one in case.truth if one.role is Role.UNDERLAY]


def asked(case: Case, seed: int) -> Constraints:
    """Constraints that the designer's layout keeps."""
    lots, elements = np.random.default_rng([5, seed]), numbered(case)
    boxes = [one.box for one in elements]
    texts = sum(one.role is not Role.UNDERLAY for one in elements)
    given, sized = (int(one) for one in lots.choice(len(boxes), 2, replace=len(boxes) < 2))
    kept = [
        relation
        for first, second in permutations(range(len(boxes)), 2)
        for relation in (Relation(kind, first, second) for kind in _KINDS)
        if not violations(boxes, Constraints(relations=(relation,)))
    ]
    chosen = lots.permutation(len(kept))[:3]
    left, top, right, bottom = boxes[sized]
    return Constraints(
        given={given: boxes[given]},
        sizes={} if sized == given else {sized: (right - left, bottom - top)},
        relations=tuple(kept[i] for i in chosen),
        roles={i: one.role for i, one in enumerate(elements)},
        underlays=len(boxes) - texts,
    )


def main() -> None:
    """Measure with and without being held on the way."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", default=EMBEDDED, help="folder of a network")
    parser.add_argument("--posters", type=int, default=100)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--samples", type=int, default=4)
    parser.add_argument("--output", type=Path, help="append the JSON lines to this file too")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    named = f"{EMBEDDED}/radm" if given.weights == EMBEDDED else given.weights
    network = loaded("radm", fetch_weights(named, Path("~/.cache/layoutgen").expanduser(), Storage()))
    cases = held_back(given.posters)
    constraints = [asked(case, number) for number, case in enumerate(cases)]
    composer = composing.RadmComposer(network, frame=framed_before, steps=given.steps, samples=given.samples)
    briefs = [brief_of(case) for case in cases]
    total = sum(map(len, constraints))
    held = composer.sample(briefs, constraints)
    free = composer.sample(briefs)
    faults = Counter(one.kind for one in held if isinstance(one, Fault))
    before, after, first, best = 0, 0, [], []
    unheld = 0
    for case, told, ours, theirs in zip(cases, constraints, held, free, strict=True):
        if isinstance(ours, Fault) or isinstance(theirs, Fault):
            continue
        taken = max(ours, key=lambda one: one.score)
        before += len(taken.before)
        after += len(violations([one.box for one in taken.suggestions], told))
        subject = brief_of(case).annotation.subject
        first.append(layout_score(ours[0].suggestions, case.canvas, subject))
        best.append(taken.score)
        boxes = [one.box for one in max(theirs, key=lambda one: one.score).suggestions]
        texts = len(lines_of(case.copy, case.canvas, case.logo_aspect))
        unheld += _broken(boxes, told, texts)
    line = json.dumps(
        {
            "bench": "control", "case": f"{given.steps} steps, best of {given.samples}", "posters": len(cases),
            "constraints": total, "before": round(before / total, 4), "after": round(after / total, 4),
            "not_held": round(unheld / total, 4), "score_first": round(float(np.mean(first)), 4),
            "score_best": round(float(np.mean(best)), 4), "faults": dict(faults), "hardware": cpu(),
        }
    )  # fmt: skip
    print(line)
    if given.output:
        with given.output.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


def _broken(boxes: list[tuple[float, float, float, float]], told: Constraints, texts: int) -> int:
    """Constraints that a layout made without them breaks; all that name an underlay that it does not have."""
    count = texts + (told.underlays or 0)
    padded = [*boxes[:count], *[(-9.0, -9.0, -8.0, -8.0)] * max(0, count - len(boxes))]
    return len(violations(padded, told))


if __name__ == "__main__":
    main()
