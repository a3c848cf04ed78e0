"""place, for covers: pixels, protection and copy in; crop, elements and the acceptance check's verdict out.

Framings (`core.framing`) are tried in the order in which a designer would, full bleed first, and the search ends at the
first whose layout is good; how layouts are weighed is `core.covers.placement`'s.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.config.stages import CoverPlaceSettings
from layoutgen.core import colour, framing, rows, schema
from layoutgen.core.covers import acceptance, cropping, protection
from layoutgen.core.covers import colouring as cover_colouring
from layoutgen.core.covers.placement import Scene, Solution, solve
from layoutgen.core.covers.protection import Zones
from layoutgen.core.covers.text import CoverCopy, Style
from layoutgen.core.layout import Box, Canvas, Element, Framing, Role, Suggestion, area, inside
from layoutgen.core.text.settable import Settable
from layoutgen.core.text.typography import Face
from layoutgen.imaging import drawing, images
from layoutgen.imaging.framed import frame
from layoutgen.models.composers.rules import flat_ground, panel_colour
from layoutgen.stages.annotate import read_map

_GOOD = 1.6  # cost of a layout that needs no other framing
_PRIOR = {"bleed": 0.0, "extend": 0.2, "panel": 0.6, "card": 0.8}
_UNSEEN = 6.0
_EMPTY = 1.2  # a canvas without any photo
_MOST_TRIED = {"bleed": 3, "extend": 3, "panel": 4, "card": 2}
_READ = ("title", "subtitle", "stickers", "canvas_width", "canvas_height", "text_lines", "faces", "subject_box")


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture to put a title on: pixels (h, w, 3), subject map (h, w) in [0, 1] of any size, and the boxes of faces
    and of text that is there already (ltrb, normalised)."""

    pixels: np.ndarray
    subject: np.ndarray
    faces: tuple[Box, ...] = ()
    texts: tuple[Box, ...] = ()


@dataclass(frozen=True, eq=False)
class Cover:
    """A laid-out cover: framing, elements, verdict; the limits that the solver had to break, and its cost."""

    framing: Framing
    elements: tuple[Element, ...]
    verdict: acceptance.Verdict
    broken: tuple[str, ...]
    cost: float


@dataclass(frozen=True, eq=False)
class _Try:
    framing: Framing
    scene: Scene
    solution: Solution
    cost: float


def lay_out(
    photo: Photo,
    copy: CoverCopy,
    canvas: Canvas,
    settings: CoverPlaceSettings,
    face_for: Callable[[Role, str], Face],
    *,
    zones: Zones = protection.SAFE_ZONES,
    suggestions: Sequence[Suggestion] = (),
    framings: Sequence[Framing] = (),
    font_files: tuple[str, ...] = (),
) -> Cover:
    """Lay out one cover. `framings` are the ones to try; none: those that suit the picture."""
    style = style_of(settings, canvas)
    tried: list[_Try] = []
    for kind, candidate, seen in (
        _framings(photo, canvas, settings) if not framings else [("bleed", one, 1.0) for one in framings]
    ):
        scene = scene_of(photo, candidate, canvas, zones)
        solution = solve(copy, canvas, scene, face_for, style, suggestions)
        cost = solution.cost + _PRIOR[kind] + _UNSEEN * (1 - seen) + _EMPTY * (1 - area(candidate.picture))
        tried.append(_Try(candidate, scene, solution, cost))
        if cost <= _GOOD and not solution.broken:
            break
    best = min(tried, key=lambda one: one.cost)
    elements, verdict = finish(photo, best.framing, best.scene, best.solution, canvas, settings, font_files)
    return Cover(best.framing, elements, verdict, best.solution.broken, best.cost)


def finish(
    photo: Photo,
    chosen: Framing,
    scene: Scene,
    solution: Solution,
    canvas: Canvas,
    settings: CoverPlaceSettings,
    font_files: tuple[str, ...] = (),
) -> tuple[tuple[Element, ...], acceptance.Verdict]:
    """Colour a solution on the pixels behind its glyphs, and check it."""
    full = frame(photo.pixels, chosen, canvas, max(canvas.width, canvas.height))
    texts = [i for i, element in enumerate(solution.elements) if element.lines and i >= len(scene.locked)]
    drawn = {i: drawing.glyphs(full, solution.elements[i], canvas, font_files) for i in texts}
    elements = cover_colouring.colour_cover(
        solution,
        canvas,
        {i: found.behind for i, found in drawn.items()},
        cover_colouring.Palette.of(scene.pixels, scene.protection),
        settings.min_contrast,
        dark=float(colour.luminance(scene.pixels).mean()) < 0.18,
        keep_clear=(*scene.faces, *scene.zones),
    )
    moved = len(elements) - len(solution.elements)
    seen = {
        i + moved: replace(found, behind=acceptance.on_underlays(elements, i + moved, found.behind))
        for i, found in drawn.items()
    }
    seen |= {
        i: drawing.glyphs(full, element, canvas, font_files) for i, element in enumerate(scene.locked) if element.lines
    }
    limits = acceptance.Limits(settings.most_covered, settings.min_contrast, settings.min_font)
    verdict = acceptance.accept(
        elements, canvas, scene.protection, seen, faces=scene.faces, zones=scene.zones, limits=limits
    )
    return elements, verdict


def style_of(settings: CoverPlaceSettings, canvas: Canvas) -> Style:
    """The settings in px of a canvas."""
    short = min(canvas.width, canvas.height)
    smallest = math.ceil(settings.min_font * canvas.width - 1e-6)
    return Style(
        margin_px=settings.margin * short,
        smallest_px=smallest,
        largest_px=max(smallest, round(settings.max_font * short)),
        most_lines=settings.most_lines,
        min_contrast=settings.min_contrast,
        most_covered=settings.most_covered,
    )


def scene_of(photo: Photo, chosen: Framing, canvas: Canvas, zones: Zones) -> Scene:
    """What lies behind a cover whose photo is framed so; `zones` are the player's controls by ratio."""
    found = protection.protect(
        photo.subject,
        canvas,
        chosen,
        faces=photo.faces,
        texts=photo.texts,
        zones=protection.zones_for(canvas, zones),
        hard_texts=False,
    )
    return Scene(
        found.map,
        frame(photo.pixels, chosen, canvas, protection.SIDE),
        faces=tuple(hard.box for hard in found.hard if hard.kind == "face"),
        zones=tuple(hard.box for hard in found.hard if hard.kind == "zone"),
        picture=chosen.picture,
    )


def _framings(photo: Photo, canvas: Canvas, settings: CoverPlaceSettings) -> list[tuple[str, Framing, float]]:
    """Framings worth trying: kind, framing, share of the subject that is seen; full bleed first. Those that cut faces
    which another leaves whole are not."""
    height, width = photo.pixels.shape[:2]
    subject = framing.subject_box(photo.subject)
    whole = cropping.crop(
        width / height, canvas.width / canvas.height, subject=subject, faces=photo.faces, values=photo.subject
    )
    candidates = framing.candidates(
        width / height,
        subject,
        canvas,
        flat=flat_ground(photo.pixels, photo.subject),
        panel=panel_colour(photo.pixels, photo.subject),
        margin=settings.margin,
    )
    found = {Framing(whole.box): ("bleed", Framing(whole.box), whole.subject_seen)}
    for one in candidates:
        if one.subject_seen >= framing.ENOUGH_SEEN:
            found.setdefault(one.framing, (one.kind, one.framing, one.subject_seen))
    uncut = {chosen: sum(inside(face, chosen.crop) for face in photo.faces) for chosen in found}
    ordered = sorted(
        (one for one in found.values() if uncut[one[1]] == max(uncut.values())),
        key=lambda one: (_PRIOR[one[0]], _UNSEEN * (1 - one[2]) + _EMPTY * (1 - area(one[1].picture))),
    )
    counts: Counter[str] = Counter()
    kept = []
    for kind, chosen, seen in ordered:
        counts[kind] += 1
        if counts[kind] <= _MOST_TRIED[kind]:
            kept.append((kind, chosen, seen))
    return kept


class PlaceCovers:
    """The place stage of covers."""

    def __init__(
        self, settings: CoverPlaceSettings, zones: Zones, face_for: Callable[[Role, str], Face], version: str
    ) -> None:
        self._settings, self._zones, self._face_for, self._version = settings, zones, face_for, version
        self._font_files = tuple(filter(None, (settings.regular_font, settings.bold_font)))

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
            done[i] = lay_out(
                photo, copy, canvas, self._settings, self._face_for, zones=self._zones, font_files=self._font_files
            )
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
        return rows.note(rows.fail(rows.add(table, merged, schema.COVER_PLACED), "place", faults), notes)

    def _copy(self, row: dict[str, Any]) -> tuple[CoverCopy, list[str], tuple[str, str] | None]:
        """The copy as the fonts can set it, what was left out, and why it can't be set (None where it can)."""
        settable = Settable(self._face_for)
        title, _ = settable.title(row["title"])
        subtitle = settable.text(Role.SUBTITLE, row["subtitle"])
        stickers = [kept for text in row["stickers"] or () if (kept := settable.text(Role.OTHER, text))]
        return CoverCopy(title, subtitle or None, tuple(dict.fromkeys(stickers))), settable.notes, settable.fault


def _photo(pixels: np.ndarray, png: bytes | None, row: dict[str, Any]) -> Photo:
    found = np.zeros(pixels.shape[:2], np.float32) if png is None else read_map(png)
    texts = tuple(tuple(line["box"]) for line in row["text_lines"] or ())
    return Photo(pixels, found, tuple(tuple(face) for face in row["faces"] or ()), texts)
