"""paint: planned products in; their grounds out as a painter on a GPU gives them, which nobody has looked at yet.

A GPU waits for nothing here: the finish stage, on CPUs, checks, encodes and stores. Where the painter runs on CPUs
there is no such stage before it: it paints itself. Rows that keep their photo pass untouched.
"""

from functools import cached_property

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.row_types import PAINTED_TYPE
from layoutgen.imaging.image_faults import FileFault
from layoutgen.models.base import Fault, Painter, Scene
from layoutgen.models.building.painters import BuildPainter, Provenance
from layoutgen.stages.poster_scenes import PosterScenes, cleared, unpainted
from layoutgen.stages.travelling import ground_row


class Paint:
    """The paint stage. `build` gives the painter and what rows say of it; `batch` scenes are painted at once."""

    def __init__(self, scenes: PosterScenes, build: BuildPainter, batch: int) -> None:
        self._scenes, self._build, self._batch = scenes, build, batch

    @cached_property
    def _painter(self) -> tuple[Painter, Provenance]:
        return self._build()  # at the first ground, not before: a night without changes loads no model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the painted columns, still null, and the travelling `schema.UNSEEN`."""
        wanted, faults = unpainted(table), dict[int, tuple[str, str]]()
        grounds: list[dict[str, object] | None] = [None] * len(table)
        for first in range(0, len(wanted), self._batch):
            batch: dict[int, Scene] = {}
            for i in wanted[first : first + self._batch]:
                try:
                    batch[i] = self._scenes.scene(table, i)
                except FileFault as fault:
                    faults[i] = (fault.kind, fault.message)
            if not batch:
                continue
            painter, about = self._painter
            for i, painted in zip(batch, painter.paint([*batch.values()]), strict=True):
                if isinstance(painted, Fault):
                    faults[i] = (painted.kind, painted.message)
                else:
                    grounds[i] = ground_row(painted) | vars(about)
        table = cleared(table).append_column(schema.UNSEEN, pa.array(grounds, PAINTED_TYPE))
        return rows.fail(table, "paint", faults)
