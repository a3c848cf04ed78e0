"""prepare: pixels, annotation and canvas in; out comes what a vision-language composer is shown, drawn on CPUs.

Only layouts of such a composer pass here. The pictures travel to the compose stage and no further.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import row_types, rows, schema
from layoutgen.core.layout import Canvas
from layoutgen.imaging import images
from layoutgen.models.base import Preparer
from layoutgen.stages.travelling import prepared_row, read_map


class Prepare:
    """The prepare stage."""

    def __init__(self, build: Callable[[], Preparer]) -> None:
        self._build = build

    @cached_property
    def _preparer(self) -> Preparer:
        return self._build()  # at the first layout, not before: a night without changes fetches nothing

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the pictures of the rows that are to be composed."""
        known = rows.kept(table, "compose")
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        read = {name: table.column(name).to_pylist() for name in ("canvas_width", "canvas_height", "subject_box")}
        decoded: dict[int, np.ndarray] = {}
        prepared: list[dict[str, Any] | None] = [None] * len(table)
        for i in rows.open_rows(table):
            if i in known:
                continue
            index = pixels_of[i]
            assert index is not None
            if index not in decoded:
                decoded = {index: images.decode_jpeg(pixels[index])}  # rows of one image are neighbours
            annotation = rows.read_annotation(None, read["subject_box"][i])
            if map_of[i] is not None:
                annotation = replace(annotation, subject_map=read_map(maps[map_of[i] or 0]))
            canvas = Canvas(read["canvas_width"][i], read["canvas_height"][i])
            prepared[i] = prepared_row(self._preparer.prepare(decoded[index], annotation, canvas))
        return table.append_column(schema.PREPARED, pa.array(prepared, row_types.PREPARED_TYPE))
