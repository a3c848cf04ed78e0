"""How far annotators agree on layouts that both decided on: shares, and Cohen's kappa.

**agreement** is the share of common layouts on which a pair of annotators decided alike, with a Wilson interval.
**kappa** (Cohen 1960) is (p_o - p_e) / (1 - p_e), where p_o is that share and p_e the share that two annotators with
these habits would reach by chance, Σ over decisions of the product of how often each gave it. 1: always alike; 0: as by
chance; below: less. None where chance alone would reach 1: where both gave one and the same decision throughout. Higher
is better; over .6 is usually called substantial (Landis and Koch 1977).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

from layoutgen.core.metrics.statistics import Estimate, wilson


@dataclass(frozen=True)
class Pair:
    """Two annotators, `rows` layouts that both decided on, and how far they agree on these."""

    annotators: tuple[str, str]
    rows: int
    agreement: Estimate
    kappa: float | None


def pairs(decisions: Mapping[str, Mapping[str, str]], level: float) -> list[Pair]:
    """Every pair with a layout in common, by name. `decisions` has an annotator's decision by layout."""
    agreed = []
    for a, b in combinations(sorted(decisions), 2):
        common = [(decisions[a][row], decisions[b][row]) for row in decisions[a] if row in decisions[b]]
        if common:
            alike = sum(x == y for x, y in common)
            agreed.append(Pair((a, b), len(common), wilson(alike, len(common), level), kappa(common)))
    return agreed


def kappa(common: Iterable[tuple[str, str]]) -> float | None:
    """Cohen's kappa of pairs of decisions; None without any, and where chance alone would agree on all."""
    counts = Counter(common)
    rows = sum(counts.values())
    if not rows:
        return None
    first, second = Counter[str](), Counter[str]()
    for (a, b), times in counts.items():
        first[a] += times
        second[b] += times
    by_chance = sum(first[name] * second[name] for name in first)  # of rows squared; whole, so that 1 is exactly 1
    if by_chance == rows * rows:
        return None
    alike = sum(times for (a, b), times in counts.items() if a == b)
    return (alike * rows - by_chance) / (rows * rows - by_chance)
