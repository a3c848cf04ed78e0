"""place, and then what people wanted of rows that were refined before: done again in a layout that was made anew, as
far as that can be, and told in its notes."""

from collections.abc import Callable

import numpy as np
import pyarrow as pa

from layoutgen.core import rows
from layoutgen.core.refining import orders
from layoutgen.imaging import images
from layoutgen.stages import further
from layoutgen.stages.refine import SET
from layoutgen.stages.refining import Refining
from layoutgen.stages.travelling import read_map


class KeepRefinements:
    """The place stage of rows some of which were refined. A row that keeps its placed layout keeps what was refined in
    it; one that is placed anew gets it again."""

    def __init__(self, place: Callable[[pa.Table], pa.Table], refining: Refining) -> None:
        self._place, self._refining = place, refining

    def __call__(self, table: pa.Table) -> pa.Table:
        """Place the rows, and refine again those that had been."""
        placed = self._place(table)
        if "refinement" not in table.column_names or table.column("refinement").null_count == len(table):
            return placed
        before = table.column("refinement").to_pylist()
        placed = rows.replace(placed, refinement=table.column("refinement"))
        done = rows.kept(placed, "place")
        fresh = [i for i in rows.open_rows(placed) if before[i] and i not in done]
        values = {name: placed.column(name).to_pylist() for name in SET}
        packs = further.Packs(table)
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        for i in fresh:
            (row,) = placed.slice(i, 1).select([name for name in placed.column_names if name[:1] != "_"]).to_pylist()
            index, map_index = pixels_of[i], map_of[i]
            assert index is not None
            image = images.decode_jpeg(pixels[index])
            subject = np.zeros(image.shape[:2], np.float32) if map_index is None else read_map(maps[map_index])
            photos = packs.shown(i, image, subject, rows.read_framing(row))
            for name, value in self._refining.refined(row, photos, orders.read(before[i]), again=True).items():
                values[name][i] = value
        arrays = {name: pa.array(column, placed.schema.field(name).type) for name, column in values.items()}
        return rows.replace(placed, **arrays)
