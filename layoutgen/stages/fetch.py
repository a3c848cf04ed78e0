"""fetch: image objects in, upright RGB pixels out, at the size that the models need.

Objects are read with bounded concurrency while those before them are decoded; bytes of an original live no longer than
its decoding. An image that several rows of a block share is read once. Of several images of one product, the first
readable one whose shape is nearest to the canvas is used.
"""

import hashlib
import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from layoutgen.config import Images
from layoutgen.core import rows, schema
from layoutgen.io import images
from layoutgen.io.storage import Storage, StorageFault
from layoutgen.models.base import Fault

_MOST_IMAGES = 8


@dataclass(frozen=True)
class _Fetched:
    """A decoded image: its pixels as JPEG, the original's sha and size in px."""

    jpeg: bytes
    sha256: str
    width: int
    height: int


class Fetch:
    """The fetch stage; one actor reads and decodes."""

    def __init__(self, storage: Storage, settings: Images) -> None:
        self._storage, self._settings = storage, settings

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the fetched columns. Faults of single images become failed rows; a broken logo becomes a note."""
        work = rows.open_rows(table)
        uris = {
            i: (uris or [])[:_MOST_IMAGES]
            for i, uris in enumerate(table.column("images").to_pylist())
            if i in set(work)
        }
        logos = {i: uri for i, uri in enumerate(table.column("logo").to_pylist()) if uri and i in uris}
        found = dict(self._fetch(list(dict.fromkeys(uri for i in work for uri in uris[i]))))
        marks = dict(self._logos(list(dict.fromkeys(logos.values()))))
        shapes = zip(table.column("canvas_width").to_pylist(), table.column("canvas_height").to_pylist(), strict=True)
        used: dict[int, tuple[str, _Fetched]] = {}
        faults, notes = {}, {}
        for i, (width, height) in enumerate(shapes):
            if i not in uris:
                continue
            chosen = _choose(uris[i], found, width / height if width else None)
            if chosen is None:
                fault = found[uris[i][0]]
                faults[i] = (fault.kind, f"{uris[i][0]}: {fault.message}")
                continue
            used[i] = (chosen, found[chosen])
            mark = marks.get(logos.get(i, ""))
            if isinstance(mark, Fault):
                notes[i] = [f"logo {logos[i]} could not be used: {mark.kind}, {mark.message}"]
        count = len(table)
        columns: dict[str, Any] = {
            "image": [used[i][0] if i in used else None for i in range(count)],
            "image_sha256": [used[i][1].sha256 if i in used else None for i in range(count)],
            "image_width": [used[i][1].width if i in used else None for i in range(count)],
            "image_height": [used[i][1].height if i in used else None for i in range(count)],
            "pixels": rows.dictionary(
                {i: image.jpeg for i, (_, image) in used.items()}, {i: uri for i, (uri, _) in used.items()}, count
            ),
            "logo_pixels": rows.dictionary(
                {i: mark for i, uri in logos.items() if isinstance(mark := marks[uri], bytes)}, logos, count
            ),
        }
        return rows.note(rows.fail(rows.add(table, columns, schema.FETCHED), "fetch", faults), notes)

    def _read(self, uris: list[str]) -> Iterator[tuple[str, bytes | StorageFault]]:
        """Read objects chunk by chunk, one chunk ahead of the reader."""
        size = 2 * self._storage.concurrency
        chunks = [uris[i : i + size] for i in range(0, len(uris), size)]
        with ThreadPoolExecutor(1, "read-ahead") as ahead:
            reading = None
            for chunk in [*chunks, []]:
                upcoming = ahead.submit(self._storage.read_many, chunk, self._settings.max_bytes) if chunk else None
                if reading is not None:
                    yield from zip(reading[0], reading[1].result(), strict=True)
                reading = (chunk, upcoming) if upcoming else None

    def _fetch(self, uris: list[str]) -> Iterator[tuple[str, Any]]:
        settings = self._settings
        for uri, data in self._read(uris):
            if isinstance(data, StorageFault):
                yield uri, Fault(data.kind, data.message)
                continue
            try:
                picture = images.decode(
                    data, side=settings.side, min_side=settings.min_side, max_pixels=settings.max_pixels
                )
            except images.ImageFault as fault:
                yield uri, Fault(fault.kind, fault.message)
                continue
            jpeg = images.encode_jpeg(picture.pixels, settings.jpeg_quality)
            yield uri, _Fetched(jpeg, hashlib.sha256(data).hexdigest(), picture.width, picture.height)

    def _logos(self, uris: list[str]) -> Iterator[tuple[str, bytes | Fault]]:
        for uri, data in self._read(uris):
            if isinstance(data, StorageFault):
                yield uri, Fault(data.kind, data.message)
                continue
            try:
                yield uri, images.encode_png(images.decode_logo(data))
            except images.ImageFault as fault:
                yield uri, Fault(fault.kind, fault.message)


def _choose(uris: list[str], found: dict[str, Any], aspect: float | None) -> str | None:
    """The readable image whose shape is nearest to `aspect` (width / height), the first of equals; None for none."""
    readable = [uri for uri in uris if isinstance(found[uri], _Fetched)]
    if not readable or aspect is None:
        return readable[0] if readable else None
    return min(readable, key=lambda uri: round(abs(math.log(found[uri].width / found[uri].height / aspect)), 2))
