"""compose: pixels, annotation and copy in; framing and suggested elements out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.covers.protection import Zones, zones_for
from layoutgen.core.layout import Canvas, Copy, Role
from layoutgen.core.proposals.stacking import is_price
from layoutgen.core.reading.text_roles import is_call
from layoutgen.core.text.settable import Settable
from layoutgen.core.text.typography import Face
from layoutgen.imaging import images
from layoutgen.models.base import Brief, Composer, Composition, Fault, Prepared
from layoutgen.stages.travelling import read_map, read_prepared

_READ = (
    "application",
    "title",
    "selling_points",
    "brand",
    "logo",
    "language",
    "canvas_width",
    "canvas_height",
    "text_lines",
    "subject_box",
)


_NO_IMAGE = np.zeros((0, 0, 3), np.uint8)
_PROVENANCE = ("composer", "adapter", "prompt_version", "seed")


class Compose:
    """The compose stage. `build` gives the composer and what fills composer, adapter, prompt_version and seed;
    `face_for` tells which font will set a text, so that a text that none can set fails its row here. Of some
    applications' rows, `first` are the kinds of selling points that go before all others, and `zones` what platforms
    lay over them."""

    def __init__(
        self,
        build: Callable[[], tuple[Composer, dict[str, Any]]],
        face_for: Callable[[Role, str], Face],
        batch: int,
        first: Mapping[str, Sequence[Role]] | None = None,
        zones: Mapping[str, Zones] | None = None,
    ) -> None:
        self._build, self._face_for, self._batch = build, face_for, batch
        self._first, self._zones = first or {}, zones or {}

    @cached_property
    def _model(self) -> tuple[Composer, dict[str, Any]]:
        return self._build()  # at the first layout, not before: a night without changes loads no model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the composed columns."""
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {}
        answers: dict[int, Composition] = {}
        raw: dict[int, str | None] = {}
        known = rows.kept(table, "compose")
        prepared: dict[int, Prepared | None] = {}
        if schema.PREPARED in table.column_names:
            prepared = {i: read_prepared(table.column(schema.PREPARED)[i]) for i in rows.open_rows(table)}
            table = table.drop_columns([schema.PREPARED])
        for chunk in self._briefs(table, known, prepared, faults, notes):
            composed = self._model[0].compose([brief for _, brief in chunk])
            for (i, brief), answer in zip(chunk, composed, strict=True):
                raw[i] = answer.raw
                if isinstance(answer, Fault):
                    faults[i] = (answer.kind, answer.message)
                    continue
                answers[i] = answer
                texts = {suggestion.text for suggestion in answer.suggestions}
                notes[i] += [f"left out for want of room: {p}" for p in brief.copy.selling_points if p not in texts]
        count = range(len(table))
        columns: dict[str, Any] = {
            "crop": [answers[i].framing.crop if i in answers else None for i in count],
            "picture": [answers[i].framing.picture if i in answers else None for i in count],
            "backdrop": [answers[i].framing.backdrop if i in answers else None for i in count],
            "suggestion": [
                [rows.suggestion_row(s) for s in answers[i].suggestions] if i in answers else None for i in count
            ],
            "answer": [raw.get(i) for i in count],
        }
        for name, value in (self._model[1] if answers else dict.fromkeys(_PROVENANCE)).items():
            columns[name] = [value if i in answers else None for i in count]
        merged = rows.merge(table, columns, known)
        return rows.note(rows.fail(rows.add(table, merged, schema.COMPOSED), "compose", faults), notes)

    def _briefs(
        self,
        table: pa.Table,
        known: set[int],
        prepared: dict[int, Prepared | None],
        faults: dict[int, tuple[str, str]],
        notes: dict[int, list[str]],
    ) -> "list[list[tuple[int, Brief]]]":
        """Briefs of the open rows in chunks; rows whose copy can't be set are failed. Rows of one image share it."""
        work = rows.open_rows(table)
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        logos, logo_of = rows.distinct(table, "logo_pixels")
        columns = {name: table.column(name).to_pylist() for name in _READ}
        decoded: dict[int, Any] = {}
        chunks: list[list[tuple[int, Brief]]] = [[]]
        for i in work:
            row = {name: values[i] for name, values in columns.items()}
            # A logo that can't be used, of which fetch left a note, is none: its brand is set as text.
            copy, noted, fault = self._renderable(row | {"logo": row["logo"] if logo_of[i] is not None else None})
            notes[i] = noted
            if fault:
                faults[i] = fault
                continue
            if i in known:
                texts = {suggestion["text"] for suggestion in table.column("suggestion")[i].as_py()}
                noted += [f"left out for want of room: {p}" for p in copy.selling_points if p not in texts]
                continue
            ready = prepared.get(i)
            image = _NO_IMAGE
            if ready is None:
                index = pixels_of[i]
                assert index is not None
                if index not in decoded:
                    decoded[index] = images.decode_jpeg(pixels[index])
                image = decoded[index]
            annotation = rows.read_annotation(columns["text_lines"][i], columns["subject_box"][i])
            if ready is None and map_of[i] is not None:
                annotation = replace(annotation, subject_map=read_map(maps[map_of[i] or 0]))
            logo = logo_of[i]
            aspect = None if logo is None else _aspect(images.decode_png(logos[logo]))
            canvas = Canvas(columns["canvas_width"][i], columns["canvas_height"][i])
            free = tuple(zone.box for zone in zones_for(canvas, self._zones.get(columns["application"][i], {})))
            chunks[-1].append((i, Brief(image, annotation, copy, canvas, aspect, ready, free)))
            if len(chunks[-1]) == self._batch:
                chunks.append([])
        return [chunk for chunk in chunks if chunk]

    def _renderable(self, row: dict[str, Any]) -> tuple[Copy, list[str], tuple[str, str] | None]:
        """The copy as the fonts can set it, what was changed, and why it can't be set (None where it can)."""
        settable = Settable(self._face_for)
        title, _ = settable.title(row["title"])
        points = [kept for point in row["selling_points"] or () if (kept := settable.text(Role.SELLING_POINT, point))]
        brand = settable.text(Role.LOGO, row["brand"])
        first = self._first.get(row["application"], ())
        points.sort(key=lambda point: first.index(kind) if (kind := kind_of_point(point)) in first else len(first))
        copy = Copy(title, tuple(dict.fromkeys(points)), brand or None, row["logo"], row["language"])
        return copy, settable.notes, settable.fault


def kind_of_point(point: str) -> Role:
    """What a selling point is by its words."""
    return Role.PRICE if is_price(point) else Role.CALL_TO_ACTION if is_call(point) else Role.SELLING_POINT


def _aspect(logo: Any) -> float:
    return float(logo.shape[1] / logo.shape[0])
