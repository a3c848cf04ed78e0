"""place, for covers: pixels, protection and copy in; crop, elements and the acceptance check's verdict out. All the
deciding is `models.composers.covers`'."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.covers import key_elements
from layoutgen.core.covers.protection import Contents
from layoutgen.core.covers.text import CoverCopy
from layoutgen.core.layout import Canvas, Role
from layoutgen.core.text.offers import offered
from layoutgen.core.text.settable import Settable
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import images
from layoutgen.models.composers.covers import Cover, CoverComposer, Photo
from layoutgen.stages.travelling import read_map

_READ = (
    "title",
    "language",
    "subtitle",
    "stickers",
    "canvas_width",
    "canvas_height",
    "text_lines",
    "faces",
    "key_elements",
)


class PlaceCovers:
    """The place stage of covers. `faces` tell which font will set a text, so that a title that none can set fails
    its row; `version` is what rows say of the composer."""

    def __init__(self, composer: CoverComposer, faces: Faces, version: str) -> None:
        self._composer, self._faces, self._version = composer, faces, version

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the placed columns."""
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        read = [*_READ, *(name for name in ("price", "badge") if name in table.column_names)]
        columns = {name: table.column(name).to_pylist() for name in read}
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
            copy, offers, notes[i], fault = self._copy(row)
            if fault:
                faults[i] = fault
                continue
            index = pixels_of[i]
            assert index is not None
            if index not in decoded:
                decoded = {index: images.decode_jpeg(pixels[index])}  # rows of one image are neighbours
            photo = _photo(decoded[index], None if map_of[i] is None else maps[map_of[i] or 0], row)
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            cover = self._composer.compose(photo, copy, canvas)
            elements = tuple(replace(e, role=offers.get(e.text, e.role)) for e in cover.elements)
            done[i] = replace(cover, elements=elements)
        count = range(len(table))

        def of(value: Callable[[Cover], Any]) -> list[Any]:
            return [value(done[i]) if i in done else None for i in count]

        added = {
            **rows.framing_columns({i: cover.framing for i, cover in done.items()}, len(table)),
            "style_used": of(lambda _: None),
            "suggestion": of(lambda _: []),
            "composer": of(lambda _: self._version),
            "adapter": of(lambda _: None),
            "prompt_version": of(lambda _: None),
            "seed": of(lambda _: None),
            "answer": of(lambda _: None),
            "elements": of(lambda cover: [rows.element_row(element) for element in cover.elements]),
            "contrast": of(lambda cover: cover.verdict.contrast),
            "subject_covered": of(lambda cover: cover.verdict.covered),
            "objections": of(lambda _: None),
            "objected_to": of(lambda _: None),
            "accepted": of(lambda cover: cover.verdict.accepted),
            "reasons": of(lambda cover: list(cover.verdict.reasons)),
        }
        merged = rows.merge(table, added, known)
        return rows.note(rows.fail(rows.add(table, merged, schema.PLACED), "place", faults), notes)

    def _copy(self, row: dict[str, Any]) -> tuple[CoverCopy, dict[str, Role], list[str], tuple[str, str] | None]:
        """The copy as the fonts can set it, its badge and price being stickers; the roles of these two, what was left
        out, and why it can't be set (None where it can)."""
        settable = Settable(self._faces.speaking(row["language"]))
        title, _ = settable.title(row["title"])
        subtitle = settable.text(Role.SUBTITLE, row["subtitle"])
        shown = offered({name: row.get(name) for name in ("badge", "price")})
        offers = {text: role for role, given in shown.items() if (text := settable.text(role, given))}
        stickers = filter(None, (settable.text(Role.OTHER, text) for text in row["stickers"] or ()))
        return (
            CoverCopy(title, subtitle or None, tuple(dict.fromkeys((*stickers, *offers))), row["language"]),
            offers,
            settable.notes,
            settable.fault,
        )


def _photo(pixels: np.ndarray, png: bytes | None, row: dict[str, Any]) -> Photo:
    subject = np.zeros(pixels.shape[:2], np.float32) if png is None else read_map(png)
    faces, texts = row["faces"] or (), (line["box"] for line in row["text_lines"] or ())
    elements = key_elements.of_rows(row["key_elements"])
    dear = key_elements.joined(subject, elements) if elements else None
    return Photo(pixels, Contents(subject, tuple(map(tuple, faces)), tuple(map(tuple, texts)), dear))
