"""cut_out: the originals of posters' rows read again; their products without the ground out, as PNG between stages.

A product is cut out by its picture's alpha, a mask, a plain ground or the subject's map, whichever there is first
(`imaging.products.cutting`). A mask that can't be used fails its row. What can't be cut out otherwise keeps its photo:
the row says why in its notes and is laid out as `jobs.layouts` does.
"""

import hashlib
import math
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import groupby
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.imaging import images
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.products import cutting, reading
from layoutgen.imaging.products.faults import CutOutFault
from layoutgen.imaging.shrinking import shrink
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.storage import Storage
from layoutgen.models.base import Faces
from layoutgen.stages.travelling import read_map

KEEPS_PHOTO = "keeps its photo: "
_LEAST_SIDE, _SPARE = 1200, 1.5  # px that an original is decoded to at least, and times the longest canvas
_READ = ("image", "image_sha256", "mask", "canvas_width", "canvas_height")
_READ_AT_ONCE, _FACES_SIDE = 4, 768


class CutOut:
    """The cut-out stage. `limits` are the most bytes and pixels of an original; `by_finder` says whether a subject's
    map may cut out; `faces` builds what finds persons who wear it, None where nobody looks."""

    def __init__(
        self, storage: Storage, limits: tuple[int, int], *, by_finder: bool, faces: Callable[[], Faces | None]
    ) -> None:
        self._storage, self._limits, self._by_finder, self._build = storage, limits, by_finder, faces

    @cached_property
    def _faces(self) -> Faces | None:
        return self._build()  # at the first product, not before

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add `cut_out` and the travelling `schema.PRODUCT`, once a picture and mask whatever the number of rows."""
        work, known, placed = rows.open_rows(table), rows.kept(table, "cut_out"), rows.kept(table, "place")
        before = table.column("cut_out").to_pylist() if "cut_out" in table.column_names else [None] * len(table)
        columns = {name: table.column(name).to_pylist() for name in _READ}
        wanted = [i for i in work if i not in known or (before[i] and i not in placed)]
        wanted.sort(key=lambda i: (columns["image"][i], columns["mask"][i] or ""))
        groups = [list(g) for _, g in groupby(wanted, key=lambda i: (columns["image"][i], columns["mask"][i]))]
        maps, map_of = rows.distinct(table, "subject_map")
        sources: dict[int, str] = {}
        products: dict[int, bytes] = {}
        keys: dict[int, int] = {}
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {i: _reasons(table, i) for i in known if not before[i]}
        for first in range(0, len(groups), _READ_AT_ONCE):
            chunk = groups[first : first + _READ_AT_ONCE]
            firsts = [{name: values[group[0]] for name, values in columns.items()} for group in chunk]
            for group, row, objects in zip(chunk, firsts, self._objects(firsts), strict=True):
                longest = max(max(columns["canvas_width"][i], columns["canvas_height"][i]) for i in group)
                shown = map_of[group[0]]
                subject = None if shown is None or not self._by_finder else read_map(maps[shown])
                try:
                    cut = self._cut(row, objects, max(_LEAST_SIDE, math.ceil(_SPARE * longest)), subject)
                except CutOutFault as fault:
                    is_of_mask = row["mask"] is not None and fault.kind.startswith("mask_")
                    for i in group:
                        if is_of_mask:
                            faults[i] = (fault.kind, f"{row['image']}: {fault.message}")
                        else:
                            notes[i] = [f"{KEEPS_PHOTO}{fault.kind}, {fault.message}"]
                    continue
                except FileFault as fault:
                    faults |= dict.fromkeys(group, (fault.kind, fault.message))
                    continue
                png = images.encode_png(cut.pixels)
                for i in group:
                    sources[i], products[i], keys[i] = cut.source, png, group[0]
        added = {"cut_out": [sources.get(i) for i in range(len(table))]}
        table = rows.add(table, rows.merge(table, added, known), schema.CUT_OUT)
        table = table.append_column(schema.PRODUCT, rows.dictionary(products, keys, len(table)))
        return rows.note(rows.fail(table, "cut_out", faults), notes)

    def _objects(
        self, firsts: Sequence[Mapping[str, Any]]
    ) -> list[tuple[tuple[bytes, str] | StorageFault, tuple[bytes, str] | StorageFault | None]]:
        """The bytes of each picture and, where it has one, its mask."""
        masks = [row["mask"] for row in firsts if row["mask"]]
        read = self._storage.fetch([*(row["image"] for row in firsts), *masks], self._limits[0])
        of_mask = iter(read[len(firsts) :])
        return [(read[k], next(of_mask) if row["mask"] else None) for k, row in enumerate(firsts)]

    def _cut(
        self,
        row: Mapping[str, Any],
        objects: tuple[tuple[bytes, str] | StorageFault, tuple[bytes, str] | StorageFault | None],
        side: int,
        subject: np.ndarray | None,
    ) -> cutting.CutOut:
        """Cut out a row's product at `side` px of the picture's longer side. Raises FileFault for what can't be read,
        CutOutFault for what can't be cut out."""
        picture_file, mask_file = objects
        data = _bytes_of(row["image"], picture_file)
        if hashlib.sha256(data).hexdigest() != row["image_sha256"]:
            raise FileFault(
                "image_changed", f"{row['image']} was replaced while the run was at it; the next run takes the new one"
            )
        mask = None
        if mask_file is not None:
            mask_bytes = _bytes_of(f"mask {row['mask']}", mask_file)
            try:
                mask = reading.mask(mask_bytes, side=side, max_pixels=self._limits[1])
            except FileFault as fault:
                raise FileFault(fault.kind, f"mask {row['mask']}: {fault.message}") from None
        picture = reading.original(data, side=side, max_pixels=self._limits[1])
        boxes = []
        if mask is None and picture.shape[2] == 3 and self._faces is not None:
            boxes = [face.box for face in self._faces.faces([shrink(picture, _FACES_SIDE)])[0]]
        return cutting.cut_out(picture, mask, subject, faces=boxes)


def _bytes_of(name: str, read: tuple[bytes, str] | StorageFault) -> bytes:
    if isinstance(read, StorageFault):
        raise FileFault(read.kind, f"{name}: {read.message}")
    return read[0]


def _reasons(table: pa.Table, i: int) -> list[str]:
    """Why a row kept its photo the night before."""
    return [note for note in table.column(schema.WAS_NOTES)[i].as_py() or () if note.startswith(KEEPS_PHOTO)]
