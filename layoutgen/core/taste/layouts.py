"""Layouts as ranking heads know them: which row, of whom, its features, and the variants beside it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from layoutgen.core.manifest.keys import first_variant

COLUMNS = ("row_id", "run_id", "product_id", "variant", "brand", "category", "features")
Key = tuple[str, str]
"""The row_id and run_id of a layout."""


@dataclass(frozen=True, eq=False)
class Layout:
    """A row of a table. `features` is None where it has none, or those of another `version` than is read."""

    row_id: str
    run_id: str
    product_id: str
    variant: int
    groups: Mapping[str, str | None]
    features: np.ndarray | None
    version: str | None = None

    @property
    def key(self) -> Key:
        """Which layout it is."""
        return self.row_id, self.run_id


def layout(row: Mapping[str, Any], version: str) -> Layout:
    """The layout of a row with `COLUMNS`, whose features count where they are of a `version`."""
    features = row["features"] or {"version": None, "values": None}
    is_known = features["version"] == version and features["values"] is not None
    return Layout(
        str(row["row_id"]), str(row.get("run_id") or ""), str(row["product_id"] or ""), int(row.get("variant") or 0),
        {name: row[name] for name in ("brand", "category")},
        np.array(features["values"], np.float64) if is_known else None, features["version"],
    )  # fmt: skip


@dataclass
class Catalogue:
    """Layouts of one table or more, found by their keys, each with its canvas's variants in the same table. Their
    features are differences from the mean of their canvas's variants: what picture and copy have in common says nothing
    of which variant is preferred, and a head would learn products by heart."""

    _by_key: dict[Key, tuple[Layout, ...]] = field(default_factory=dict)
    _place: dict[Key, int] = field(default_factory=dict)
    _keys: dict[str, list[Key]] = field(default_factory=dict)

    def add(self, layouts: Sequence[Layout]) -> None:
        """Add the rows of one table; what is there already stays as it was found first."""
        canvases: dict[str, list[Layout]] = {}
        for each in layouts:
            canvases.setdefault(first_variant(each.row_id), []).append(each)
        for variants in canvases.values():
            beside = _apart(sorted(variants, key=lambda each: each.variant))
            for place, each in enumerate(beside):
                if each.key not in self._by_key:
                    self._by_key[each.key], self._place[each.key] = beside, place
                    self._keys.setdefault(each.row_id, []).append(each.key)

    def find(self, row_id: str, run_id: str = "") -> Layout | None:
        """A layout by its key; without a run the only one of its row_id. None where there is none, or several."""
        keys = [(row_id, run_id)] if run_id else self._keys.get(row_id, [])
        if len(keys) != 1 or keys[0] not in self._by_key:
            return None
        return self._by_key[keys[0]][self._place[keys[0]]]

    def runs(self, row_id: str) -> list[str]:
        """The runs that layouts with a row_id are of."""
        return [run_id for _, run_id in self._keys.get(row_id, [])]

    def variants(self, of: Layout) -> tuple[Layout, ...]:
        """The variants of a layout's canvas, itself among them."""
        return self._by_key[of.key]

    @property
    def layouts(self) -> list[Layout]:
        """All layouts."""
        return [self._by_key[key][place] for key, place in self._place.items()]

    def __len__(self) -> int:
        return len(self._by_key)


def _apart(variants: Sequence[Layout]) -> tuple[Layout, ...]:
    """The variants of a canvas with their features less their mean."""
    known = [each.features for each in variants if each.features is not None]
    mean = np.mean(known, axis=0) if known else 0.0
    return tuple(each if each.features is None else replace(each, features=each.features - mean) for each in variants)
