"""Adoption, from designers' feedback: how many layouts were taken, as they are or edited, and how much was edited.

A feedback row has `row_id`, `decision` (adopt, edit, reject), `elements` (the edited ones; of edits only),
`annotator`, `time` (ISO 8601) and perhaps `note`; `core.feedback` has the contract, of which rows that lack a run or a
time are counted here too. **adoption_rate** (higher is better) is (adopt + edit) / decided rows, **as_is_rate** adopt /
decided; Wilson intervals. What can't be counted is reported with its reason, never dropped in silence:

- `malformed`: no object, no row_id, another decision, an edit without usable elements, a time that is none.
- `duplicate`: the same annotator said the same of the same row again; the first counts.
- `changed`: the same annotator decided otherwise later, by `time`; the latest counts, the earlier are reported.
- `overruled`: a `final` decision on the row counts instead; of several the latest does.
- `contradictory`: annotators disagree, or one does with no time to tell which is later; the row counts in no rate.
- `unknown_row`: the table has no such row.

**edit_distance** (lower: less work) of an edited layout: (added + removed + Σ over matched elements of (1 - IoU) / 2
+ (edited characters share) / 2) / max(number of elements before, after, 1). Elements are matched by role and text
likeness, then by place. 0: nothing changed; an element added or removed counts 1, one moved or reworded 1/2 at most.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from layoutgen.core.edited_elements import fault_of_elements
from layoutgen.core.feedback import DECISIONS, name_key
from layoutgen.core.json_lines import moment
from layoutgen.core.layout import iou
from layoutgen.core.metrics import agreement as agreed
from layoutgen.core.metrics.statistics import Estimate, wilson
from layoutgen.core.text.distance import edits

REASONS = ("malformed", "duplicate", "changed", "overruled", "contradictory", "unknown_row")


@dataclass(frozen=True)
class Decision:
    """A feedback row that could be read. `place` is where it stands in the input, from 1; `reasons` are those of a
    list of names, whatever else stands there."""

    place: int
    row_id: str
    decision: str
    annotator: str
    time: datetime | None
    elements: tuple[Mapping[str, Any], ...] | None
    reasons: tuple[str, ...] = ()
    final: bool = False


@dataclass(frozen=True)
class Problem:
    """A feedback row that does not count, and why."""

    place: int
    reason: str
    row_id: str | None
    message: str


def read(rows: Iterable[object]) -> tuple[list[Decision], list[Problem]]:
    """Feedback rows as decisions, and those that can't be read."""
    judged = [_decision(place, row) for place, row in enumerate(rows, 1)]
    return [entry for entry in judged if isinstance(entry, Decision)], [
        entry for entry in judged if isinstance(entry, Problem)
    ]


def _decision(place: int, row: object) -> Decision | Problem:
    if not isinstance(row, Mapping):
        return Problem(place, "malformed", None, f"{str(row)[:80]!r} is no object; write one JSON object a line")
    row_id, decision = row.get("row_id"), row.get("decision")
    key = row_id if isinstance(row_id, str) else None
    if not key:
        return Problem(place, "malformed", None, f"row_id is {row_id!r}; give the layout's row_id")
    if decision not in DECISIONS:
        return Problem(place, "malformed", key, f"decision is {decision!r}; give one of {', '.join(DECISIONS)}")
    written = row.get("time")
    time = moment(written)
    if written is not None and time is None:
        return Problem(place, "malformed", key, f"time is {written!r}; give ISO 8601, such as 2026-11-21T09:30:00Z")
    elements = row.get("elements")
    if decision == "edit" and (fault := fault_of_elements(elements)):
        return Problem(place, "malformed", key, f"an edit needs its elements: {fault}")
    edited = tuple(elements) if decision == "edit" and isinstance(elements, Sequence) else None
    annotator = row.get("annotator")
    named = row.get("reasons")
    reasons = tuple(dict.fromkeys(filter(None, map(str, named)))) if isinstance(named, list | tuple) else ()
    who = str(annotator) if annotator is not None else ""
    return Decision(place, key, decision, who, time, edited, reasons, row.get("final") is True)


def settle(decisions: Sequence[Decision], known: Callable[[str], bool]) -> tuple[list[Decision], list[Problem]]:
    """One decision a row, and every other decision with the reason why it does not count."""
    by_row: dict[str, list[Decision]] = {}
    problems = []
    for decision in decisions:
        if known(decision.row_id):
            by_row.setdefault(decision.row_id, []).append(decision)
        else:
            problems.append(
                Problem(decision.place, "unknown_row", decision.row_id, f"no layout has row_id {decision.row_id!r}")
            )
    settled = []
    for row_id, of_row in by_row.items():
        latest, aside = _latest(of_row)
        problems += aside
        if finals := [decision for decision in latest if decision.final]:
            last = max(finals, key=lambda decision: (_moment(decision), decision.place))
            message = f"{last.annotator or 'somebody'} gave the final decision: {last.decision}"
            problems += [Problem(other.place, "overruled", row_id, message) for other in latest if other is not last]
            latest = [last]
        words = {decision.decision for decision in latest}
        if len(words) == 1:
            settled.append(latest[0])
            problems += [
                Problem(decision.place, "duplicate", row_id, "another annotator agrees; the row counts once")
                for decision in latest[1:]
            ]
        else:
            said_by = ", ".join(
                sorted(f"{decision.annotator or 'nobody named'}: {decision.decision}" for decision in latest)
            )
            problems += [Problem(decision.place, "contradictory", row_id, said_by) for decision in latest]
    return settled, sorted(problems, key=lambda problem: problem.place)


def _latest(decisions: Sequence[Decision]) -> tuple[list[Decision], list[Problem]]:
    """Each annotator's last word of one row, all of them where no time tells which it is."""
    by_annotator: dict[str, list[Decision]] = {}
    for decision in decisions:
        by_annotator.setdefault(name_key(decision.annotator), []).append(decision)
    latest, problems = [], []
    for given in by_annotator.values():
        answers = sorted(given, key=lambda decision: (_moment(decision), decision.place))
        if len({(decision.decision, decision.final) for decision in answers}) > 1:
            if any(decision.time is None for decision in answers):
                latest += answers
                continue
            reason, message, counted = "changed", "the same annotator decided otherwise later", answers[-1]
        else:
            reason, message, counted = "duplicate", "the same annotator said so already", answers[0]
        latest.append(counted)
        problems += [
            Problem(decision.place, reason, decision.row_id, message) for decision in answers if decision is not counted
        ]
    return latest, problems


def _moment(decision: Decision) -> float:
    return decision.time.timestamp() if decision.time else 0.0


def agreement(decisions: Iterable[Decision], level: float) -> list[dict[str, Any]]:
    """Pairs of annotators, how far they agree (see `core.metrics.agreement`), by each one's latest decision a row. A
    final decision says how a row was settled, knowing the others', and is nobody's own."""
    by_annotator: dict[str, dict[str, str]] = {}
    names: dict[str, str] = {}
    for decision in sorted(decisions, key=lambda decision: (_moment(decision), decision.place)):
        if decision.annotator.strip() and not decision.final:
            key = name_key(decision.annotator)
            names.setdefault(key, decision.annotator.strip())
            by_annotator.setdefault(key, {})[decision.row_id] = decision.decision
    return [
        {
            "annotators": [names[key] for key in pair.annotators],
            "rows": pair.rows,
            "agreement": _plain(pair.agreement),
            "kappa": pair.kappa,
        }
        for pair in agreed.pairs(by_annotator, level)
    ]


def rates(decisions: Sequence[Decision], level: float) -> dict[str, Any]:
    """Counts and rates with intervals of settled decisions."""
    counts = Counter(decision.decision for decision in decisions)
    taken = counts["adopt"] + counts["edit"]
    return {
        "decided": len(decisions),
        **{name: counts[name] for name in DECISIONS},
        "adoption_rate": _plain(wilson(taken, len(decisions), level)),
        "as_is_rate": _plain(wilson(counts["adopt"], len(decisions), level)),
    }


def reasons(decisions: Sequence[Decision]) -> dict[str, dict[str, int]]:
    """How often each reason was given with each decision, the most frequent first."""
    counts = Counter((reason, decision.decision) for decision in decisions for reason in decision.reasons)
    totals = Counter(reason for decision in decisions for reason in decision.reasons)
    return {
        reason: {name: counts[reason, name] for name in DECISIONS}
        for reason, _ in sorted(totals.items(), key=lambda item: (-item[1], item[0]))
    }


def _plain(estimate: Estimate) -> dict[str, float | None]:
    return {"value": estimate.value, "low": estimate.low, "high": estimate.high}


def week(moment: datetime | date | None) -> str:
    """The ISO week, such as 2026-W47; `unknown` without a time."""
    if moment is None:
        return "unknown"
    year, number, _ = moment.isocalendar()
    return f"{year}-W{number:02d}"


def edit_distance(before: Sequence[Mapping[str, Any]], after: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """How far an edited layout is from the one before: `distance`, and what it is made of."""
    left = list(range(len(after)))
    moved = words = 0.0
    matched = 0
    for old in before:
        likely = [k for k in left if after[k].get("role") == old.get("role")]
        if not likely:
            continue
        k = min(likely, key=lambda k: (_words(old, after[k]), -iou(_box(old), _box(after[k]))))
        left.remove(k)
        matched += 1
        moved += 1 - iou(_box(old), _box(after[k]))
        words += _words(old, after[k])
    removed, added = len(before) - matched, len(left)
    most = max(len(before), len(after), 1)
    return {
        "distance": (added + removed + moved / 2 + words / 2) / most,
        "added": float(added),
        "removed": float(removed),
        "moved": moved / matched if matched else 0.0,
        "text_changed": words / matched if matched else 0.0,
    }


def _box(element: Mapping[str, Any]) -> tuple[float, float, float, float]:
    left, top, right, bottom = (float(side) for side in element["box"])
    return (left, top, right, bottom)


def _words(a: Mapping[str, Any], b: Mapping[str, Any]) -> float:
    """Share of characters that differ between two elements' texts, [0, 1]."""
    text, edited = str(a.get("text") or ""), str(b.get("text") or "")
    return edits(text, edited) / max(len(text), len(edited), 1)
