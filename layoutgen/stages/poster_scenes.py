"""Planned posters as the scenes that a painter is shown."""

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.fingerprint import digest
from layoutgen.core.layout import Box, Canvas
from layoutgen.core.posters import poses
from layoutgen.imaging import images
from layoutgen.imaging.image_faults import FileFault, ImageFault
from layoutgen.imaging.products import cutting
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.storage import Storage
from layoutgen.models.base import Scene

_REFERENCE_SIDE = 768
_READ = (
    *("row_id", "canvas_width", "canvas_height", "category", "reference", "reference_strength", "background_prompt"),
    *("product_box", "suggestion"),
)


class PosterScenes:
    """Reads scenes from rows. A row's seed is made of `seed` and its key; where it doesn't say how closely its
    reference is followed, `strength` does. `limits` are the most bytes and pixels of a reference."""

    def __init__(self, storage: Storage, seed: int, strength: float, limits: tuple[int, int]) -> None:
        self._storage, self._seed, self._strength, self._limits = storage, seed, strength, limits
        self._reference = lru_cache(maxsize=32)(self._read_reference)

    def scene(self, table: pa.Table, i: int) -> Scene:
        """A row as a scene. Raises FileFault for a reference that can't be read."""
        row: dict[str, Any] = {name: table.column(name)[i].as_py() for name in _READ}
        strength, product = row["reference_strength"], product_of(table, i)
        return Scene(
            canvas_of(table, i),
            product,
            box_of(table, i),
            tuple(map(rows.read_suggestion, row["suggestion"])),
            category=row["category"],
            reference=self._reference(row["reference"]) if row["reference"] else None,
            strength=self._strength if strength is None else strength,
            prompt=row["background_prompt"],
            seed=seed_of(self._seed, row["row_id"]),
            photo=lambda: images.decode_jpeg(table.column("pixels")[i].as_py()),
            lies=poses.lies(row["category"]) or not cutting.stands(product[..., 3]),
        )

    def _read_reference(self, uri: str) -> np.ndarray:
        (read,) = self._storage.fetch([uri], self._limits[0])
        if isinstance(read, StorageFault):
            raise FileFault(read.kind, f"reference {uri}: {read.message}")
        try:
            return images.decode(read[0], side=_REFERENCE_SIDE, min_side=1, max_pixels=self._limits[1]).pixels
        except ImageFault as fault:
            raise FileFault(fault.kind, f"reference {uri}: {fault.message}") from None


def canvas_of(table: pa.Table, i: int) -> Canvas:
    """A row's canvas."""
    return Canvas(table.column("canvas_width")[i].as_py(), table.column("canvas_height")[i].as_py())


def product_of(table: pa.Table, i: int) -> np.ndarray:
    """A row's product without its ground, (h, w, 4) uint8."""
    return images.decode_png(table.column(schema.PRODUCT)[i].as_py())


def box_of(table: pa.Table, i: int) -> Box:
    """Where a row's product goes."""
    left, top, right, bottom = table.column("product_box")[i].as_py()
    return left, top, right, bottom


def seed_of(seed: int, row_id: str) -> int:
    """The seed of a row, 63 bits."""
    return int(digest("poster", seed, row_id), 16) >> 1


def unpainted(table: pa.Table) -> list[int]:
    """Indices of the rows that want a ground: cut out, and not kept from the snapshot before."""
    same, sources = rows.kept(table, "paint"), table.column("cut_out").to_pylist()
    return [i for i in rows.open_rows(table) if sources[i] is not None and i not in same]


def cleared(table: pa.Table) -> pa.Table:
    """The table with the painted columns: those of the snapshot before in rows that are kept, else null."""
    empty = {name: [None] * len(table) for name in schema.RESULTS["paint"]}
    return rows.add(table, rows.merge(table, empty, rows.kept(table, "paint")), schema.PAINTED)
