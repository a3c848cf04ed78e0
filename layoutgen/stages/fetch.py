"""fetch: image objects in, upright RGB pixels out, at the size that the models need.

Objects are read while those before them are decoded, as many as `images.ahead_mb` holds; bytes of an original live no
longer than its decoding. An image that several rows of a block share is read once. Of several images of one product,
the first readable one that shows something and whose shape is nearest to the canvas is used; of a row that may show
several, the first readable one, and the further ones travel beside it. A very long picture travels at a width at which
it can be read.
"""

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pyarrow as pa

from layoutgen.config.stages import ImagesSettings
from layoutgen.core import arms, fingerprint, rows, schema
from layoutgen.core.fingerprint import Versions
from layoutgen.core.pictures import strips
from layoutgen.imaging import images
from layoutgen.io.storage import Storage, StorageError, StorageFault
from layoutgen.models.base import ChosenFrame, Fault, FrameChooser
from layoutgen.stages import further
from layoutgen.stages.further import FurtherPhoto

_UNTELLABLE = "untellable"
"""The version of what was read from a store that gives none: the row is computed again, since no look confirms it."""


@dataclass(frozen=True)
class _Fetched:
    """A decoded image: its pixels as JPEG, the original's sha and size in px."""

    jpeg: bytes
    sha256: str
    width: int
    height: int
    time_s: float | None = None
    notes: tuple[str, ...] = ()


class Fetch:
    """The fetch stage; one actor reads and decodes. `versions` are those of each application's rows. With `chooser`,
    rows are covers', whose image may be a clip: it chooses the frame, the sha is then the frame's and the size the
    clip's."""

    def __init__(
        self,
        storage: Storage,
        settings: ImagesSettings,
        versions: Mapping[str, Versions],
        chooser: Callable[[], FrameChooser] | None = None,
    ) -> None:
        self._storage, self._settings, self._versions, self._build = storage, settings, versions, chooser
        has_scenes = any(of_rows.cut_out for of_rows in versions.values())
        self._scene_columns = ("mask", "reference") if has_scenes else ()

    @cached_property
    def _chooser(self) -> FrameChooser:
        assert self._build is not None
        return self._build()  # at the first clip, not before

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the fetched columns. Faults of single images become failed rows; a broken logo becomes a note."""
        work = rows.open_rows(table)
        of_scenes = [table.column(name).to_pylist() for name in self._scene_columns]
        masks = of_scenes[0] if of_scenes else [None] * len(table)
        named = zip(table.column("images").to_pylist(), masks, strict=True)
        uris = {
            i: fingerprint.images({"images": images, "mask": mask})
            for i, (images, mask) in enumerate(named)
            if i in set(work)
        }
        logos = {i: uri for i, uri in enumerate(table.column("logo").to_pylist()) if uri and i in uris}
        clips = set(table.column("video").to_pylist()) - {None} if self._build else set()
        wanted = list(dict.fromkeys(uri for i in work for uri in uris[i]))
        stored: dict[str, str | None] = {}  # of what can be read and of what can't: URI to version
        pictures = dict(self._decoded([uri for uri in wanted if uri not in clips], stored, self._image))
        pictures |= {uri: self._frame(uri, stored) for uri in wanted if uri in clips}
        marks = dict(self._decoded(list(dict.fromkeys(logos.values())), stored, _logo))
        read = {uri for uri, image in [*pictures.items(), *marks.items()] if isinstance(image, _Fetched)}
        stored |= {uri: _UNTELLABLE for uri in read if not stored[uri]}
        of_work = sorted({column[i] for column in of_scenes for i in work if column[i]})
        stored |= dict(zip(of_work, self._storage.versions(of_work), strict=True))  # before stages read them
        shapes = zip(table.column("canvas_width").to_pylist(), table.column("canvas_height").to_pylist(), strict=True)
        collages = table.column("layout").to_pylist() if "layout" in table.column_names else [None] * len(table)
        others: dict[int, list[FurtherPhoto]] = {}
        used: dict[int, tuple[str, _Fetched]] = {}
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {}
        for i, (width, height) in enumerate(shapes):
            if i not in uris:
                continue
            first = pictures[uris[i][0]]
            readable = {uri: picture for uri in uris[i] if isinstance(picture := pictures[uri], _Fetched)}
            if isinstance(first, Fault) and not readable:
                faults[i] = (first.kind, f"{uris[i][0]}: {first.message}")
                continue
            chosen = _choose(readable, width / height if width and not collages[i] else None)
            used[i] = (chosen, readable[chosen])
            notes[i] = [f"image {chosen}: {note}" for note in readable[chosen].notes]
            if collages[i]:
                others[i] = [
                    FurtherPhoto(uri, photo.sha256, photo.width, photo.height, photo.jpeg)
                    for uri, photo in readable.items()
                    if uri != chosen
                ]
                notes[i] += _unread(uris[i], pictures, len(table.column("images")[i]))
            mark = marks.get(logos.get(i, ""))
            if isinstance(mark, Fault):
                notes[i] += [f"logo {logos[i]} could not be used: {mark.kind}, {mark.message}"]
        count = len(table)
        columns: dict[str, Any] = {
            "fingerprint": self._fingerprints(table, {i: image.sha256 for i, (_, image) in used.items()}, stored),
            "image": [used[i][0] if i in used else None for i in range(count)],
            "image_sha256": [used[i][1].sha256 if i in used else None for i in range(count)],
            "image_width": [used[i][1].width if i in used else None for i in range(count)],
            "image_height": [used[i][1].height if i in used else None for i in range(count)],
            "pixels": rows.dictionary(
                {i: image.jpeg for i, (_, image) in used.items()}, {i: uri for i, (uri, _) in used.items()}, count
            ),
            "logo_pixels": rows.dictionary(
                {i: mark.jpeg for i, uri in logos.items() if isinstance(mark := marks[uri], _Fetched)}, logos, count
            ),
        }
        columns["frame_s"] = [used[i][1].time_s if i in used else None for i in range(count)]
        table = further.added(rows.add(table, columns, schema.FETCHED), others)
        return rows.note(rows.fail(table, "fetch", faults), notes)

    def _fingerprints(
        self, table: pa.Table, shas: dict[int, str], stored: dict[str, str | None]
    ) -> list[dict[str, str] | None]:
        read = fingerprint.reads(self._versions.values(), table)
        fingerprints: list[dict[str, str] | None] = [None] * len(table)
        was = table.column(schema.WAS).to_pylist() if schema.WAS in table.column_names else fingerprints
        for i, sha in shas.items():
            row = {name: values[i] for name, values in read.items()}
            fingerprints[i] = vars(fingerprint.keys(row, sha, stored, arms.of_row(self._versions, row), was[i]))
        return fingerprints

    def _decoded(
        self, uris: list[str], stored: dict[str, str | None], decode: Callable[[bytes], _Fetched]
    ) -> Iterator[tuple[str, _Fetched | Fault]]:
        """Objects as `decode` makes them, or why it can't; their versions go into `stored`."""
        ahead = round(self._settings.ahead_mb * 1e6)
        for uri, read in zip(uris, self._storage.fetch_in_turn(uris, self._settings.max_bytes, ahead), strict=True):
            if isinstance(read, StorageFault):
                stored[uri] = read.version
                yield uri, Fault(read.kind, read.message)
                continue
            stored[uri] = read[1]
            try:
                yield uri, decode(read[0])
            except images.ImageFault as fault:
                yield uri, Fault(fault.kind, fault.message)

    def _image(self, data: bytes) -> _Fetched:
        settings = self._settings
        picture = images.decode(
            data,
            side=settings.side,
            min_side=settings.min_side,
            max_pixels=settings.max_pixels,
            fit=strips.travelling_size,
        )
        images.check_shown(picture.pixels)
        jpeg = images.encode_jpeg(picture.pixels, settings.jpeg_quality)
        sha = hashlib.sha256(data).hexdigest()
        return _Fetched(jpeg, sha, picture.width, picture.height, notes=picture.notes)

    def _frame(self, uri: str, stored: dict[str, str | None]) -> _Fetched | Fault:
        """Choose a clip's frame; only the parts of the object that are needed are read."""

        def choose() -> ChosenFrame | Fault:
            with self._storage.open(uri) as file:
                return self._chooser.choose(file)

        (stored[uri],) = self._storage.versions([uri])  # before the bytes: a clip that changes now is read again
        try:
            chosen = self._storage.attempt(uri, choose)
        except StorageError as error:
            if error.fault is None:
                raise
            return Fault(error.fault.kind, error.fault.message)
        if isinstance(chosen, Fault):
            return chosen
        jpeg = images.encode_jpeg(chosen.pixels, self._settings.jpeg_quality)
        sha = hashlib.sha256(jpeg).hexdigest()
        return _Fetched(jpeg, sha, chosen.width, chosen.height, chosen.time_s, chosen.notes)


def _choose(readable: dict[str, _Fetched], aspect: float | None) -> str:
    """The image whose shape is nearest to `aspect` (width / height), the first of equals; of no aspect, the first."""
    if aspect is None:
        return next(iter(readable))
    return min(readable, key=lambda uri: round(abs(math.log(readable[uri].width / readable[uri].height / aspect)), 2))


def _unread(uris: list[str], pictures: Mapping[str, _Fetched | Fault], count: int) -> list[str]:
    """Notes on the images of a row that asks for a collage, of which it has `count`, that can't be on it."""
    notes = [
        f"image {uri} is not on the collage: {fault.kind}, {fault.message}"
        for uri in uris
        if isinstance(fault := pictures[uri], Fault)
    ]
    if count > len(uris):
        notes.append(f"{count - len(uris)} of {count} images are not read: a product has at most {len(uris)}")
    return notes


def _logo(data: bytes) -> _Fetched:
    logo = images.decode_logo(data)
    return _Fetched(images.encode_png(logo), "", logo.shape[1], logo.shape[0])
