"""protect: pixels in; what must not be covered out: subject map, text lines, faces, once an image whatever its rows."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.imaging import images
from layoutgen.imaging.shrinking import shrink
from layoutgen.models.base import Faces
from layoutgen.stages.annotate import Annotate

_LOOK_SIDE = 1600  # px of the longer side, of very long pictures


class Protect:
    """The protect stage: `annotate` finds text and subject, `build` gives the face finder, or None where there is none;
    then `faces` stays null."""

    def __init__(self, annotate: Annotate, build: Callable[[], Faces | None], batch: int) -> None:
        self._annotate, self._build, self._batch = annotate, build, batch

    @cached_property
    def _finder(self) -> Faces | None:
        return self._build()  # at the first image, not before: a night without changes loads no model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the protected columns."""
        table = self._annotate(table)
        known = rows.kept(table, "annotate")
        pixels, index_of = rows.distinct(table, "pixels")
        wanted = sorted({index for i in rows.open_rows(table) if i not in known and (index := index_of[i]) is not None})
        found: dict[int, list[Any]] = {}
        for first in range(0, len(wanted), self._batch):
            chunk = wanted[first : first + self._batch]
            if self._finder is not None:
                answers = self._finder.faces([shrink(images.decode_jpeg(pixels[i]), _LOOK_SIDE) for i in chunk])
                found |= {
                    index: [list(face.box) for face in boxes] for index, boxes in zip(chunk, answers, strict=True)
                }
        faces = [None if index is None else found.get(index) for index in index_of]
        return rows.add(table, rows.merge(table, {"faces": faces}, known), schema.ANNOTATED)
