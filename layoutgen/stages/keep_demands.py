"""place, and then a look at what rows demand: a layout that does not keep it fails its row, whatever proposed it."""

from collections.abc import Callable

import pyarrow as pa

from layoutgen.core import rows
from layoutgen.core.covers.protection import boxes_named
from layoutgen.core.demands import broken, texts_of
from layoutgen.core.layout import Canvas
from layoutgen.core.text.typography import Faces
from layoutgen.stages import settable_copy
from layoutgen.stages.settable_copy import SettableCopy, demands_of

_READ = ("canvas_width", "canvas_height", "elements", "constraints")


class KeepDemands:
    """The place stage of rows that may demand something of their layouts."""

    def __init__(self, place: Callable[[pa.Table], pa.Table], faces: Faces) -> None:
        self._place, self._copy = place, SettableCopy(faces)

    def __call__(self, table: pa.Table) -> pa.Table:
        """Place the rows; those whose layout breaks a demand fail with `constraint_broken`."""
        placed = self._place(table)
        if "constraints" not in placed.column_names or placed.column("constraints").null_count == len(placed):
            return placed
        columns = settable_copy.columns(placed, _READ)
        faults: dict[int, tuple[str, str]] = {}
        for i in rows.open_rows(placed):
            row = {name: values[i] for name, values in columns.items()}
            demands = demands_of(row)
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            free = (*demands.free, *boxes_named(demands.zones, canvas))
            copy, _, _ = self._copy.of(row)
            elements = [rows.read_element(element) for element in row["elements"]]
            faulty = broken(demands, free, elements, texts_of(copy))
            if faulty:
                faults[i] = (
                    "constraint_broken",
                    f"no layout on {canvas.name} keeps {'; '.join(faulty)}: give it more room, or leave it out",
                )
        return rows.fail(placed, "place", faults)
