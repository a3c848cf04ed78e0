"""Reads published posters: what their texts say where the set does not tell it, and whether erasing took them away.

A picture is erased just as it will be when it is learnt from. Where one of the layout's texts can then still be read in
its place, boxes and letters don't fit: a model would learn to copy what it sees.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from functools import cached_property
from typing import Any

import numpy as np

from layoutgen.core.layout import TEXT_ROLES, Box, Canvas, area, intersection
from layoutgen.imaging import images
from layoutgen.io.storage import Storage, StorageFault
from layoutgen.models.base import Annotator, Fault
from layoutgen.training.examples.erasing import erase_in
from layoutgen.training.examples.examples import Drop, Example
from layoutgen.training.examples.row_elements import UnfitError
from layoutgen.training.published import labels as classes
from layoutgen.training.published.posters import Part, example_of, lines_in, parts_of
from layoutgen.training.published.records import Record, record_of

_SIDE = 1024
_LEAST_SIDE = 64
_MAX_PIXELS = 120_000_000
_ALIKE = 0.6  # of a line that stands in one piece in a text
_NEAR = 1.0  # of a text's height, around it
_STANDS_IN = 0.3  # of a line's area in the box of a text
_Read = tuple[Box, str]


class PosterReader:
    """Records in; examples, drops and counts of what was put right out. `reader` builds what reads text in pictures;
    without one, sets have to say their texts themselves, and nobody checks the erasing."""

    def __init__(self, storage: Storage, reader: Callable[[], Annotator] | None) -> None:
        self._storage, self._build = storage, reader

    @cached_property
    def _reader(self) -> Annotator | None:
        return self._build() if self._build else None

    def __call__(self, rows: Sequence[Mapping[str, Any]]) -> Iterator[Example | Drop | Counter[str]]:
        """What becomes of records, each an example or a drop, in order."""
        for row in rows:
            record = record_of(row)
            mended = Counter(record.mended)
            try:
                if record.reason:
                    raise UnfitError(record.reason, record.message)
                yield self._example(record, mended)
                yield mended
            except UnfitError as fault:
                yield Drop(fault.reason, "poster", record.poster_id, fault.message)

    def _example(self, record: Record, mended: Counter[str]) -> Example:
        pictures = self._pictures(record)
        poster = pictures.get(record.poster)
        decoded, _ = poster or next(iter(pictures.values()))
        parts = parts_of(record, decoded.width, decoded.height, mended)
        if any(part.kind == classes.TEXT and part.text is None for part in parts):
            parts = self._with_read(record, parts, None if poster is None else poster[0].pixels)
        fault = None
        for uri, (picture, sha) in reversed(pictures.items()):  # an erased canvas before the poster
            canvas = Canvas(picture.width, picture.height)
            example = example_of(record, parts, (uri, sha), canvas, changes := Counter(mended))
            remains = self._remains(example, picture.pixels) if record.needs_erasing else None
            if remains is None:
                mended.clear()
                mended.update(+changes)
                return example
            mended["canvas_badly_erased"] += uri == record.erased_canvas
            fault = fault or UnfitError(
                "erased_badly", f"{record.poster_id}: {remains!r} can be read in {uri} after its text is erased"
            )
        assert fault is not None
        raise fault

    def _pictures(self, record: Record) -> dict[str, tuple[images.Decoded, str]]:
        """The pictures that can be read, with their SHA-256: the poster, the erased canvas. Raises UnfitError where
        there is none, or they don't belong together."""
        uris = [uri for uri in (record.poster, record.erased_canvas) if uri]
        if not uris:
            raise UnfitError("image_gone", f"{record.poster_id} has no picture among the set's files; unpack them all")
        pictures, fault = {}, None
        for uri, data in zip(uris, self._storage.read_many(uris), strict=True):
            if isinstance(data, StorageFault):
                fault = UnfitError("image_gone", f"{record.poster_id}: {data.message}")
                continue
            try:
                picture = images.decode(data, side=_SIDE, min_side=_LEAST_SIDE, max_pixels=_MAX_PIXELS)
            except images.ImageFault as error:
                fault = UnfitError("image_broken", f"{uri} of {record.poster_id}: {error}")
                continue
            pictures[uri] = picture, hashlib.sha256(data).hexdigest()
        if fault and not pictures:
            raise fault
        sizes = {(picture.width, picture.height) for picture, _ in pictures.values()}
        if len({round(width / height, 2) for width, height in sizes}) > 1:
            message = f"{record.poster_id} and its erased canvas have {sorted(sizes)} px; give both of the same poster"
            raise UnfitError("size_differs", message)
        return pictures

    def _with_read(self, record: Record, parts: Sequence[Part], pixels: np.ndarray | None) -> list[Part]:
        if self._reader is None or pixels is None:
            what = "no poster beside its erased canvas" if pixels is None else "nobody reads it: reader = 'none'"
            raise UnfitError("text_unknown", f"{record.poster_id} does not say its texts, and there is {what}")
        return lines_in(parts, self._lines(pixels))

    def _lines(self, pixels: np.ndarray) -> list[_Read]:
        assert self._reader is not None
        (answer,) = self._reader.annotate([pixels])
        if isinstance(answer, Fault):
            raise UnfitError("image_broken", answer.message)
        return [(line.box, line.text) for line in answer.lines]

    def _remains(self, example: Example, pixels: np.ndarray) -> str | None:
        """A text of the layout that can still be read where it stood, None for none."""
        if self._reader is None:
            return None
        texts = [element for element in example.target if element.role in TEXT_ROLES and element.text]
        for box, text in self._lines(erase_in(pixels, example.image, example.erased)):
            for element in texts:
                stands_in = intersection(box, element.box) > _STANDS_IN * area(box)
                is_near = len(text) > 1 and intersection(box, _around(element.box)) > 0
                if stands_in or (is_near and _is_in(text.lower(), element.text.lower())):
                    return text
        return None


def _is_in(text: str, whole: str) -> bool:
    """Tell whether most of a read line stands in one piece in a text, letter by letter."""
    return SequenceMatcher(None, text, whole, autojunk=False).find_longest_match().size >= _ALIKE * len(text)


def _around(box: Box) -> Box:
    margin = _NEAR * (box[3] - box[1])
    return box[0] - margin, box[1] - margin, box[2] + margin, box[3] + margin
