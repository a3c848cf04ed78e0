"""What variants earned in a shop: what training and evaluation of ranking heads read.

One row a variant that was shown, in Parquet or JSON lines, `FIELDS` is the contract; other columns are ignored. Each
row is read alone, and one that can't be used is an error with its place, its column, the value and the fix.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from layoutgen.core import json_lines
from layoutgen.core.json_lines import LineError

FIELDS = (
    ("row_id", "string", "key of the layout that was shown, as in the table"),
    ("variant", "int", "which of the canvas's layouts it was, from 0, as in the table"),
    ("impressions", "int", "how often it was shown; from 1"),
    ("clicks", "int", "how often it was clicked; no more than impressions"),
    ("orders", "int", "how many were ordered from it; no more than clicks. May be left out"),
    ("propensity", "float", "the probability with which this variant of the canvas was served, in (0, 1], as the "
     "table's `propensity` or the shop's own system has it"),
    ("run_id", "string", "the run that computed the layout, as in the table; may be left out where one table is read"),
)  # fmt: skip
REWARDS = ("clicks", "orders")


@dataclass(frozen=True)
class Outcome:
    """What one variant of one canvas earned. `place` is its row's, from 1; `run_id` is "" where none is given."""

    place: int
    row_id: str
    variant: int
    impressions: int
    clicks: int
    orders: int | None
    propensity: float
    run_id: str = ""

    @property
    def key(self) -> tuple[str, str]:
        """Which layout it is."""
        return self.row_id, self.run_id

    def earned(self, reward: str) -> int:
        """Its clicks or orders. Raises LineError where it has none."""
        if reward == "orders" and self.orders is None:
            raise LineError(self.place, "orders", "orders is missing; give it, or learn from clicks")
        return self.clicks if reward == "clicks" or self.orders is None else self.orders


def read(rows: Iterable[tuple[int, object]], reward: str = "clicks") -> tuple[list[Outcome], list[LineError]]:
    """The outcomes of rows, each with its place, and an error for each that can't be used; a layout that was reported
    before is one."""
    outcomes: dict[tuple[str, str], Outcome] = {}
    errors = []
    for place, row in rows:
        try:
            outcome = check(row, place)
            outcome.earned(reward)
            if before := outcomes.get(outcome.key):
                of_run = f" of run {outcome.run_id}" if outcome.run_id else ""
                message = f"row_id {outcome.row_id!r}{of_run} stands in row {before.place} already; add its rows up"
                raise LineError(place, "row_id", message)
            outcomes[outcome.key] = outcome
        except LineError as error:
            errors.append(error)
    return list(outcomes.values()), errors


def check(value: object, place: int) -> Outcome:
    """Read one row. Raises LineError naming the row, the column, the value and the fix."""
    row = json_lines.record(value, place)
    row_id = json_lines.text(row, "row_id", place)
    run_id = json_lines.text(row, "run_id", place) if row.get("run_id") is not None else ""
    variant, impressions, clicks = (
        _whole(row, name, least, place) for name, least in (("variant", 0), ("impressions", 1), ("clicks", 0))
    )
    orders = None if row.get("orders") is None else _whole(row, "orders", 0, place)
    if clicks > impressions:
        message = f"clicks is {clicks} of {impressions} impressions; give no more clicks than impressions"
        raise LineError(place, "clicks", message)
    if orders is not None and orders > clicks:
        raise LineError(place, "orders", f"orders is {orders} of {clicks} clicks; give no more orders than clicks")
    return Outcome(place, row_id, variant, impressions, clicks, orders, _propensity(row, place), run_id)


def _whole(row: Mapping[str, Any], name: str, least: int, place: int) -> int:
    value: Any = row.get(name)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_number and float(value).is_integer() and value >= least:
        return int(value)
    raise LineError(place, name, f"{name} is {value!r}; give a whole number from {least}")


def _propensity(row: Mapping[str, Any], place: int) -> float:
    value = row.get("propensity")
    if value is None:
        message = "propensity is missing; give the probability with which the variant was served, or leave the row out"
        raise LineError(place, "propensity", message)
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 < value <= 1:
        raise LineError(place, "propensity", f"propensity is {value!r}; give a probability above 0 and up to 1")
    return float(value)


def markdown() -> str:
    """The contract as docs/tables.md shows it."""
    return json_lines.markdown(FIELDS)


if __name__ == "__main__":
    print(markdown())  # noqa: T201 - a command
