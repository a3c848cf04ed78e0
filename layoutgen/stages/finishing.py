"""Rows to finished files: each row's photo read again, its layout drawn at output size, written in each format, stored.

A file is named by what it is made of (`core.fingerprint.file_name`): to write it again is to write the same, and one
that a row names already is not drawn again. What can't be drawn is a fault of its row.
"""

import math
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import partial
from hashlib import sha256
from itertools import groupby
from typing import Any

from layoutgen.core import fingerprint, rows
from layoutgen.core.layout import Canvas
from layoutgen.imaging.documents import formats
from layoutgen.imaging.documents.page import Page, Provenance
from layoutgen.imaging.documents.rasters import AS_USUAL, Encoding
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io import font_files
from layoutgen.io.crash import crash_point
from layoutgen.io.objects.locations import StorageFault
from layoutgen.io.storage import Storage
from layoutgen.stages.originals import Logo, OriginalFault, Originals, Photo, check_same, logo_side, scale_of

File = dict[str, Any]
"""A file as rows name it: format, uri, sha256, bytes."""
_READ_AHEAD, _WRITERS = 4, 4
_LARGEST_FRAME = 8192


@dataclass(frozen=True)
class Finish:
    """What is made of each row: a recipe for each format, by its name (what stands for all that draws and writes it),
    how pictures are encoded, and font files that rows may name, by path or address (`io.font_files`)."""

    recipes: Mapping[str, str]
    encoding: Encoding = AS_USUAL
    font_files: tuple[str, ...] = ()

    def here(self, storage: Storage) -> "Finish":
        """The same with the paths of its fonts on this machine. Raises as `font_files.here` does."""
        return replace(self, font_files=font_files.here(self.font_files, storage))


@dataclass
class _Writing:
    """Files on their way into storage, a few at once."""

    storage: Storage
    pool: ThreadPoolExecutor
    underway: deque[Future[None]] = field(default_factory=deque)

    def add(self, uri: str, data: bytes) -> None:
        while len(self.underway) >= _WRITERS:
            self.underway.popleft().result()
        self.underway.append(self.pool.submit(self.storage.write, uri, data))

    def end(self) -> None:
        while self.underway:
            self.underway.popleft().result()


class Finisher:
    """Makes rows' files. `uri_of` says where a file lies: row, name and ending to URI. With `is_dated`, files say which
    run computed their row and when; else they don't, since a file outlives the runs that find nothing changed."""

    def __init__(
        self,
        storage: Storage,
        originals: Originals,
        finish: Finish,
        uri_of: Callable[[Mapping[str, Any], str, str], str],
        *,
        is_dated: bool = False,
    ) -> None:
        self._storage, self._originals, self._finish = storage, originals, finish
        self._uri_of, self._is_dated = uri_of, is_dated

    def files(
        self, wanted: Sequence[Mapping[str, Any]], before: Sequence[Sequence[File]] = ()
    ) -> list[list[File] | FileFault]:
        """The files of placed rows, or why there are none; `before` are those that each row named so far. Raises
        StorageError where storage fails."""
        done: list[list[File] | FileFault] = [[] for _ in wanted]
        known = self._known(before)
        order = sorted(range(len(wanted)), key=lambda i: (wanted[i]["image"], wanted[i].get("frame_s") or 0.0))
        groups = [list(group) for _, group in groupby(order, key=lambda i: self._original(wanted[i]))]
        with ThreadPoolExecutor(_WRITERS, "pictures") as pool:
            writing = _Writing(self._storage, pool)
            for group, data in self._read(wanted, groups, done, known):
                self._photo(wanted, group, data, done, partial(self._row, known, writing))
            writing.end()
        return done

    @staticmethod
    def _original(row: Mapping[str, Any]) -> tuple[str, float | None]:
        return row["image"], row.get("frame_s")

    def _known(self, before: Sequence[Sequence[File]]) -> dict[str, File]:
        """The files of before that are there, by URI."""
        by_uri = {file["uri"]: file for files in before for file in files}
        uris = sorted(by_uri)
        stored = zip(uris, self._storage.versions(uris), strict=True)
        return {uri: by_uri[uri] for uri, version in stored if version is not None}

    def _read(
        self,
        wanted: Sequence[Mapping[str, Any]],
        groups: list[list[int]],
        done: list[list[File] | FileFault],
        known: Mapping[str, File],
    ) -> Iterator[tuple[list[int], tuple[bytes, str] | StorageFault | None]]:
        """The rows of each photo that have to be drawn, and the photo's bytes, some read ahead; None for a clip. The
        files of rows that need not be drawn, and what is wrong with logos, are put into `done`."""
        left = []
        for group in groups:
            open_rows = []
            for i in group:
                try:
                    logo = self._logo(wanted[i])
                except FileFault as fault:
                    done[i] = _of_logo(wanted[i], fault)
                    continue
                uris = [self._place(wanted[i], logo, name) for name in self._finish.recipes] if known else []
                if uris and all(uri in known for uri in uris):
                    done[i] = [known[uri] for uri in uris]
                else:
                    open_rows.append(i)
            if open_rows:
                left.append(open_rows)
        chunks = [left[k : k + _READ_AHEAD] for k in range(0, len(left), _READ_AHEAD)]
        with ThreadPoolExecutor(1, "read-ahead") as ahead:
            coming = [ahead.submit(self._objects, wanted, chunk) for chunk in chunks[:1]]
            for number, chunk in enumerate(chunks):
                coming += [ahead.submit(self._objects, wanted, later) for later in chunks[number + 1 : number + 2]]
                yield from zip(chunk, coming.pop(0).result(), strict=True)

    def _objects(
        self, wanted: Sequence[Mapping[str, Any]], groups: list[list[int]]
    ) -> list[tuple[bytes, str] | StorageFault | None]:
        firsts = [wanted[group[0]] for group in groups]
        uris = [row["image"] for row in firsts if row.get("frame_s") is None]
        objects = iter(self._originals.read(uris))
        return [None if row.get("frame_s") is not None else next(objects) for row in firsts]

    def _photo(
        self,
        wanted: Sequence[Mapping[str, Any]],
        group: list[int],
        data: tuple[bytes, str] | StorageFault | None,
        done: list[list[File] | FileFault],
        draw: Callable[[Mapping[str, Any], Photo], list[File]],
    ) -> None:
        """Draw the rows of one photo, a canvas at a time."""
        try:
            photo = self._decoded([wanted[i] for i in group], data)
        except FileFault as fault:
            for i in group:
                done[i] = type(fault)(fault.kind, f"{wanted[i]['image']}: {fault.message}")
            return
        for i in group:
            try:
                done[i] = draw(wanted[i], photo)
            except FileFault as fault:
                done[i] = fault

    def _decoded(self, group: list[Mapping[str, Any]], data: tuple[bytes, str] | StorageFault | None) -> Photo:
        row = group[0]
        width, height = row.get("image_width"), row.get("image_height")
        scale, side = 1.0, _LARGEST_FRAME  # of a table from elsewhere
        if width and height:
            side = max(width, height)
            scale = max(scale_of(rows.read_framing(member), _canvas(member), (width, height)) for member in group)
        if data is None:
            return self._originals.frame(row["image"], row["frame_s"], math.ceil(side * scale))
        if isinstance(data, StorageFault):
            raise OriginalFault(data.kind, data.message)
        photo = self._originals.photo(data[0], scale)
        check_same(row.get("image_sha256"), photo)
        return photo

    def _row(self, known: Mapping[str, File], writing: _Writing, row: Mapping[str, Any], photo: Photo) -> list[File]:
        """A row's files; those that are known are not drawn again."""
        logo = self._logo(row)
        finish, files = self._finish, []
        framing = rows.read_framing(row)
        page = Page(
            _canvas(row),
            framing,
            photo.pixels,
            tuple(map(rows.read_element, row["elements"])),
            self._provenance(row),
            None if logo is None else logo.pixels,
            finish.font_files,
            row.get("language"),
            self._originals.tiles(framing, _canvas(row)),
        )
        for name in finish.recipes:
            uri = self._place(row, logo, name)
            if uri in known:
                files.append(known[uri])
                continue
            data = formats.write(page, name, finish.encoding)
            writing.add(uri, data)
            files.append({"format": name, "uri": uri, "sha256": sha256(data).hexdigest(), "bytes": len(data)})
            crash_point("picture_drawn")
        return files

    def _logo(self, row: Mapping[str, Any]) -> Logo | None:
        side = logo_side(row["elements"], _canvas(row)) if row.get("logo") else 0
        return self._originals.logo(row["logo"], side) if side else None

    def _place(self, row: Mapping[str, Any], logo: Logo | None, name: str) -> str:
        """Where a file lies."""
        recipe = fingerprint.digest(name, self._finish.recipes[name], self._dates(row))
        made_of = fingerprint.file_name(row, None if logo is None else logo.sha256, recipe)
        return self._uri_of(row, made_of, formats.FORMATS[name].ending)

    def _dates(self, row: Mapping[str, Any]) -> list[str]:
        return [str(row.get("run_id")), str(row.get("created_at"))] if self._is_dated else []

    def _provenance(self, row: Mapping[str, Any]) -> Provenance:
        dated = {name: row.get(name) for name in ("run_id", "created_at")} if self._is_dated else {}
        painter = fingerprint.painted_by(row)
        return Provenance(
            row["row_id"], composer=row.get("composer"), adapter=row.get("adapter"), painter=painter, **dated
        )


def _canvas(row: Mapping[str, Any]) -> Canvas:
    return Canvas(row["canvas_width"], row["canvas_height"])


def _of_logo(row: Mapping[str, Any], fault: FileFault) -> FileFault:
    return type(fault)(fault.kind, f"logo {row['logo']}: {fault.message}")
