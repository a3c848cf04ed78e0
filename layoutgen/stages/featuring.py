"""A place stage whose layouts also say their features, by which ranking heads tell what a brand prefers.

They are in the row, so that what serves a variant, and what trains on decisions of last month, needs no picture and no
network.
"""

from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.layout import Canvas, Element
from layoutgen.models.critics import features
from layoutgen.models.critics.network import Critic
from layoutgen.models.critics.sketch import sketch
from layoutgen.stages import further, judging

TableStage = Callable[[pa.Table], pa.Table]
_READ = ["canvas_width", "canvas_height", "elements"]


class Featured:
    """A place stage, and the features of what it places. `font_files` are fonts besides the embedded ones."""

    def __init__(self, place: TableStage, build_critic: Callable[[], Critic], font_files: tuple[str, ...] = ()) -> None:
        self._place, self._build_critic, self._font_files = place, build_critic, font_files

    @cached_property
    def _critic(self) -> Critic:
        return self._build_critic()  # at the first row, not before: a night without changes loads no model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Place the rows, and measure those that are new."""
        packs = further.Packs(table)
        placed = self._place(table)
        known = rows.kept(placed, "place")
        fresh = [i for i in rows.open_rows(placed) if i not in known]
        read = (
            placed.select(["canvas_width", "canvas_height", "elements"]).take(pa.array(fresh, pa.int64())).to_pylist()
        )
        values: list[dict[str, Any] | None] = [None] * len(placed)
        for row, (i, photos) in zip(read, judging.shown(placed, fresh, packs), strict=True):
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            elements = [rows.read_element(element) for element in row["elements"]]
            values[i] = self._features(elements, canvas, photos.on(canvas, judging.SIDE))
        return rows.add(placed, rows.merge(placed, {"features": values}, known), schema.PLACED)

    def _features(
        self, elements: Sequence[Element], canvas: Canvas, shown: tuple[np.ndarray, np.ndarray]
    ) -> dict[str, Any]:
        drawn = sketch(elements, canvas, *shown, self._font_files)
        vector = features.features(self._critic, elements, canvas, drawn)
        return {"version": features.version(), "values": vector.tolist()}
