"""Which of two sides people prefer, from choices between two layouts of the same row.

**win rate** of a side (higher is better): choices for it / choices for either, ties apart, with a Wilson interval; and
its **score**, which counts a tie as half, with a bootstrap interval that draws whole products, whose rows are no
independent evidence. **agreement** of two people is `agreement`'s, of the sides that they prefer.
**ranking** (higher is better): share of choices in which `proposals.ranking.layout_score`, the rough ranking of boxes,
is higher for the side that was preferred.

Of several words of one annotator on a pair the latest counts; the others are reported, never dropped in silence.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from layoutgen.core.layout import Canvas, Suggestion
from layoutgen.core.metrics import agreement as agreements
from layoutgen.core.metrics.agreement import Pair
from layoutgen.core.metrics.layouts import Score
from layoutgen.core.metrics.statistics import Estimate, estimates, wilson
from layoutgen.core.preferences import Preference, Side
from layoutgen.core.proposals.ranking import layout_score


def settle(choices: Iterable[Preference]) -> tuple[list[Preference], int]:
    """Each annotator's latest word on each pair, and how many earlier ones there were."""
    latest: dict[tuple[Any, ...], Preference] = {}
    count = 0
    for choice in sorted(choices, key=lambda choice: choice.time):
        latest[choice.annotator, choice.pair] = choice
        count += 1
    return list(latest.values()), count - len(latest)


def sides_of(choice: Preference) -> tuple[str, str]:
    """The names of the two sides, in order."""
    first, second = sorted((choice.chosen.name, choice.rejected.name))
    return first, second


def rates(choices: Sequence[Preference], *, level: float, resamples: int, seed: int) -> dict[str, Any]:
    """Counts and rates of choices between the same two sides, by each side's name."""
    names = sides_of(choices[0])
    wins = Counter(choice.chosen.name for choice in choices if not choice.is_tie)
    decided = wins.total()
    products = [choice.product_id or choice.row_id for choice in choices]
    scores = {
        name: Score(np.array([_points(choice, name) for choice in choices], np.float64), np.ones(len(choices)))
        for name in names
    }
    intervals = estimates(scores, products, resamples=resamples, level=level, seed=seed)
    return {
        "choices": len(choices),
        "ties": len(choices) - decided,
        "sides": {
            name: {
                "wins": wins[name],
                "win_rate": _plain(wilson(wins[name], decided, level)),
                "score": _plain(intervals[name]),
            }
            for name in names
        },
    }


def agreement(choices: Sequence[Preference], level: float) -> list[Pair]:
    """How far two people prefer the same sides, of the pairs that both compared."""
    words: dict[str, dict[str, str]] = {}
    for choice in choices:
        words.setdefault(choice.annotator, {})[repr(choice.pair)] = "(tie)" if choice.is_tie else choice.chosen.name
    return agreements.pairs(words, level)


def ranking(choices: Sequence[Preference], level: float) -> dict[str, Any]:
    """How often the ranking of proposals prefers what people do; where it finds both alike it counts as half."""
    points = []
    for choice in choices:
        if choice.is_tie or not choice.size:
            continue
        gap = _rank(choice.chosen, choice) - _rank(choice.rejected, choice)
        points.append(0.5 if abs(gap) < 1e-9 else float(gap > 0))
    return {"choices": len(points), "agreement": _plain(wilson(round(sum(points)), len(points), level))}


def by_group(choices: Sequence[Preference]) -> Mapping[str, list[Preference]]:
    """Choices by the sides that were compared, the most frequent first."""
    groups: dict[str, list[Preference]] = {}
    for choice in choices:
        groups.setdefault(" | ".join(sides_of(choice)), []).append(choice)
    return dict(sorted(groups.items(), key=lambda item: (-len(item[1]), item[0])))


def _rank(side: Side, choice: Preference) -> float:
    assert choice.size is not None
    return layout_score([Suggestion(e.role, e.box, e.text) for e in side.elements], Canvas(*choice.size))


def _points(choice: Preference, name: str) -> float:
    return 0.5 if choice.is_tie else float(choice.chosen.name == name)


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}
