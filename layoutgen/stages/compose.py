"""compose: pixels, annotation and copy in; framing and suggested elements out."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import fingerprint, rows, schema
from layoutgen.core.brands.brand import safe_boxes
from layoutgen.core.brands.kits import NO_KITS, BrandKits
from layoutgen.core.covers.protection import Zones, zones_for
from layoutgen.core.layout import Canvas, Role
from layoutgen.core.placing import branding
from layoutgen.core.proposals.blocks import LOGO_LARGEST
from layoutgen.core.styles.choosing import UnknownStyleError, Wardrobe
from layoutgen.core.styles.style import Style
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import images
from layoutgen.models.base import Brief, Composer, Composition, Fault, Prepared, Still
from layoutgen.stages import further, settable_copy
from layoutgen.stages.settable_copy import SettableCopy, demands_of, left_out
from layoutgen.stages.travelling import read_map, read_photo, read_prepared

_READ = ("canvas_width", "canvas_height", "text_lines", "subject_box", "images")
_WISHES = ("category", *fingerprint.WISHES)  # columns of tables that have them


_NO_IMAGE = np.zeros((0, 0, 3), np.uint8)
_PROVENANCE = ("composer", "adapter", "prompt_version", "seed")


class Compose:
    """The compose stage. `build` gives the composer and what fills composer, adapter, prompt_version and seed;
    `faces` tell which font will set a text, so that a text that none can set fails its row here. Of some
    applications' rows, `first` are the kinds of selling points that go before all others, and `zones` what platforms
    lay over them. `wardrobe` says which house styles a row may have; None: the plain one."""

    def __init__(
        self,
        build: Callable[[], tuple[Composer, dict[str, Any]]],
        faces: Faces,
        batch: int,
        first: Mapping[str, Sequence[Role]] | None = None,
        zones: Mapping[str, Zones] | None = None,
        wardrobe: Wardrobe | None = None,
        kits: BrandKits = NO_KITS,
    ) -> None:
        self._build, self._copy, self._batch = build, SettableCopy(faces, first), batch
        self._wardrobe, self._kits = wardrobe, kits
        self._zones = zones or {}

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
        collages = further.Collages(table)
        for chunk in self._briefs(table, known, prepared, collages, faults, notes):
            composed = self._model[0].compose([brief for _, brief in chunk])
            for (i, brief), answer in zip(chunk, composed, strict=True):
                raw[i] = answer.raw
                if isinstance(answer, Fault):
                    faults[i] = (answer.kind, answer.message)
                    continue
                kit = self._kits.named(brief.copy.brand)
                answers[i] = replace(answer, framing=branding.ground(answer.framing, kit.brand)) if kit else answer
                notes[i] += answer.notes
                notes[i] += left_out(brief.copy, (suggestion.text for suggestion in answer.suggestions))
                if choice := collages.of(i):
                    notes[i] += choice.notes_on(answer.framing)
        count = range(len(table))
        columns: dict[str, Any] = {
            **rows.framing_columns({i: answer.framing for i, answer in answers.items()}, len(table)),
            "style_used": [answers[i].style or None if i in answers else None for i in count],
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
        collages: further.Collages,
        faults: dict[int, tuple[str, str]],
        notes: dict[int, list[str]],
    ) -> "list[list[tuple[int, Brief]]]":
        """Briefs of the open rows in chunks; rows whose copy can't be set are failed. Rows of one image share it."""
        work = rows.open_rows(table)
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        logos, logo_of = rows.distinct(table, "logo_pixels")
        columns = settable_copy.columns(table, [*_READ, *(name for name in _WISHES if name in table.column_names)])
        chunks: list[list[tuple[int, Brief]]] = [[]]
        for i in work:
            row = {name: values[i] for name, values in columns.items()}
            # A logo that can't be used, of which fetch left a note, is none: its brand is set as text.
            copy, noted, fault = self._copy.of(row | {"logo": row["logo"] if logo_of[i] is not None else None})
            notes[i] = noted
            if fault:
                faults[i] = fault
                continue
            if i in known:
                suggested = table.column("suggestion")[i].as_py()
                noted += left_out(copy, (suggestion["text"] for suggestion in suggested))
                if choice := collages.of(i):
                    noted += choice.notes_on(
                        rows.read_framing({name: table.column(name)[i].as_py() for name in rows.FRAMING})
                    )
                continue
            try:
                styles = self._styles(row)
            except UnknownStyleError as error:
                faults[i] = ("unknown_style", str(error))
                continue
            ready = prepared.get(i)
            image = _NO_IMAGE
            if ready is None:
                index = pixels_of[i]
                assert index is not None
                image = read_photo(pixels[index])
            annotation = rows.read_annotation(columns["text_lines"][i], columns["subject_box"][i])
            if ready is None and (of_map := map_of[i]) is not None:
                annotation = replace(annotation, subject_map=read_map(maps[of_map]))
            logo = logo_of[i]
            aspect = None if logo is None else _aspect(images.decode_png(logos[logo]))
            canvas = Canvas(columns["canvas_width"][i], columns["canvas_height"][i])
            free = tuple(zone.box for zone in zones_for(canvas, self._zones.get(columns["application"][i], {})))
            if kit := self._kits.named(columns["brand"][i]):
                free += safe_boxes(kit.brand, canvas)
            brief = Brief(image, annotation, copy, canvas, aspect, ready, free, styles, row.get("category"))
            choice = collages.of(i) if ready is None else None
            captions = self._copy.captions(row, noted) if choice else {}
            series_seed, variant = _seed(row.get("series")), row.get("variant") or 0
            brief = replace(
                brief,
                framing=row.get("framing") or "",
                series_seed=series_seed,
                variant=variant,
                demands=demands_of(row),
                logo_clear=kit.logo_clear(LOGO_LARGEST, min(canvas.width, canvas.height)) if kit else 0.0,
                layout=choice.kind if choice else "",
                further=_captioned(choice, captions) if choice else (),
                caption=captions.get(choice.uri, "") if choice else "",
            )
            chunks[-1].append((i, brief))
            if len(chunks[-1]) == self._batch:
                chunks.append([])
        return [chunk for chunk in chunks if chunk]

    def _styles(self, row: Mapping[str, Any]) -> tuple[Style, ...]:
        if self._wardrobe is None:
            return ()
        styles = self._wardrobe.of_row(row.get("style"), row["brand"], row.get("category"))
        kit = self._kits.named(row["brand"])
        return self._wardrobe.of_kit(styles, kit.brand.styles, row.get("style")) if kit else styles


def _captioned(choice: further.Choice, captions: Mapping[str, str]) -> tuple[Still, ...]:
    return tuple(replace(still, caption=captions.get(still.uri, "")) for still in choice.photos)


def _seed(series: str | None) -> int | None:
    return int(fingerprint.digest("series", series), 16) if series else None


def _aspect(logo: Any) -> float:
    return float(logo.shape[1] / logo.shape[0])
