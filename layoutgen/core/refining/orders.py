"""What decisions want of a row: an edit to be kept exactly, an instruction, or either carried over from another row."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from layoutgen.core.fingerprint import digest
from layoutgen.core.refining.changes import Change, as_json, from_json


@dataclass(frozen=True)
class Order:
    """What the decision of `by` at `time` on the layout `row_id` of `run_id` wants of a row. `elements` are those of an
    edit of the row itself, which is kept exactly, `style` and `styled` its house style; `changes` are the same as they
    hold on any canvas. `same_copy` tells whether the row says what that layout says; `instruction` is what was asked
    for in words, `refused` what of it was not understood."""

    by: str
    time: str
    row_id: str
    run_id: str
    changes: tuple[Change, ...] = ()
    elements: tuple[Mapping[str, Any], ...] = ()
    style: str = ""
    styled: tuple[Mapping[str, Any], ...] = ()
    same_copy: bool = True
    instruction: str = ""
    refused: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """By which a decision is known again."""
        return digest(self.by, self.time, self.row_id, self.run_id)


def write(orders: Iterable[Order]) -> str:
    """Orders as a row's `refinement`."""
    return json.dumps([_row(order) for order in orders], ensure_ascii=False)


def read(text: str | None) -> list[Order]:
    """The orders that `write` wrote; none of None."""
    return [_order(row) for row in json.loads(text)] if text else []


def keys(text: str | None) -> set[str]:
    """The keys of the decisions that a row has been refined by."""
    return {order.key for order in read(text)}


def merged(before: Sequence[Order], now: Sequence[Order]) -> list[Order]:
    """A row's orders with newer ones: of edits that are kept exactly the last alone, in the order of their time."""
    by_key = {order.key: order for order in (*before, *now)}
    ordered = sorted(by_key.values(), key=lambda order: order.time)
    exact = [order for order in ordered if order.elements]
    return [order for order in ordered if not order.elements or order is exact[-1]]


def _row(order: Order) -> dict[str, Any]:
    row = {name: value for name, value in vars(order).items() if value and name != "changes"}
    if not order.same_copy:
        row["same_copy"] = False
    return {**row, "changes": [as_json(change) for change in order.changes]}


def _order(row: Mapping[str, Any]) -> Order:
    lists = {name: tuple(row[name]) for name in ("elements", "styled", "refused") if name in row}
    return Order(**{**row, **lists, "changes": tuple(from_json(change) for change in row["changes"])})
