"""place, for covers: pixels, protection and copy in; crop, elements and the acceptance check's verdict out. All the
deciding is `models.composers.covers`'."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.covers.text import CoverCopy
from layoutgen.core.layout import Canvas, Role
from layoutgen.core.text.settable import Settable
from layoutgen.core.text.typography import Face
from layoutgen.imaging import images
from layoutgen.models.composers.covers import Cover, CoverComposer, Photo
from layoutgen.stages.travelling import read_map

_READ = ("title", "subtitle", "stickers", "canvas_width", "canvas_height", "text_lines", "faces", "subject_box")


class PlaceCovers:
    """The place stage of covers. `face_for` tells which font will set a text, so that a title that none can set fails
    its row; `version` is what rows say of the composer."""

    def __init__(self, composer: CoverComposer, face_for: Callable[[Role, str], Face], version: str) -> None:
        self._composer, self._face_for, self._version = composer, face_for, version

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the placed columns."""
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        columns = {name: table.column(name).to_pylist() for name in _READ}
        known = rows.kept(table, "place")
        decoded: dict[int, np.ndarray] = {}
        done: dict[int, Cover] = {}
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {}
        for i in rows.open_rows(table):
            if i in known:
                here = table.column("notes")[i].as_py() or []
                notes[i] = [n for n in table.column(schema.WAS_NOTES)[i].as_py() or () if n not in here]
                continue
            row = {name: values[i] for name, values in columns.items()}
            copy, notes[i], fault = self._copy(row)
            if fault:
                faults[i] = fault
                continue
            index = pixels_of[i]
            assert index is not None
            if index not in decoded:
                decoded = {index: images.decode_jpeg(pixels[index])}  # rows of one image are neighbours
            photo = _photo(decoded[index], None if map_of[i] is None else maps[map_of[i] or 0], row)
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            done[i] = self._composer.compose(photo, copy, canvas)
        count = range(len(table))

        def of(value: Callable[[Cover], Any]) -> list[Any]:
            return [value(done[i]) if i in done else None for i in count]

        added = {
            "crop": of(lambda cover: cover.framing.crop),
            "picture": of(lambda cover: cover.framing.picture),
            "backdrop": of(lambda cover: cover.framing.backdrop),
            "suggestion": of(lambda _: []),
            "composer": of(lambda _: self._version),
            "adapter": of(lambda _: None),
            "prompt_version": of(lambda _: None),
            "seed": of(lambda _: None),
            "answer": of(lambda _: None),
            "elements": of(lambda cover: [rows.element_row(element) for element in cover.elements]),
            "contrast": of(lambda cover: cover.verdict.contrast),
            "subject_covered": of(lambda cover: cover.verdict.covered),
            "accepted": of(lambda cover: cover.verdict.accepted),
            "reasons": of(lambda cover: list(cover.verdict.reasons)),
        }
        merged = rows.merge(table, added, known)
        return rows.note(rows.fail(rows.add(table, merged, schema.PLACED), "place", faults), notes)

    def _copy(self, row: dict[str, Any]) -> tuple[CoverCopy, list[str], tuple[str, str] | None]:
        """The copy as the fonts can set it, what was left out, and why it can't be set (None where it can)."""
        settable = Settable(self._face_for)
        title, _ = settable.title(row["title"])
        subtitle = settable.text(Role.SUBTITLE, row["subtitle"])
        stickers = filter(None, (settable.text(Role.OTHER, text) for text in row["stickers"] or ()))
        return CoverCopy(title, subtitle or None, tuple(dict.fromkeys(stickers))), settable.notes, settable.fault


def _photo(pixels: np.ndarray, png: bytes | None, row: dict[str, Any]) -> Photo:
    subject = np.zeros(pixels.shape[:2], np.float32) if png is None else read_map(png)
    texts = tuple(tuple(line["box"]) for line in row["text_lines"] or ())
    return Photo(pixels, subject, tuple(tuple(face) for face in row["faces"] or ()), texts)
