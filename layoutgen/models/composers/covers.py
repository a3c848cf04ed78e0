"""The composer of covers: puts a title on a picture, with the framing and the place where it hides least.

Framings (`core.framing`) are tried in the order in which a designer would, full bleed first, and the search ends at the
first whose layout is good; how layouts are weighed is `core.covers.placement`'s, and when a cover may go out
`core.covers.acceptance`'s. Needs no weights.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core import colour, framing, mirroring
from layoutgen.core.covers import acceptance, cropping, protection
from layoutgen.core.covers import colouring as cover_colouring
from layoutgen.core.covers.placement import Scene, Solution, solve
from layoutgen.core.covers.protection import SAFE_ZONES, Contents, Zone, Zones
from layoutgen.core.covers.text import CoverCopy, Proportions
from layoutgen.core.framing import Candidate
from layoutgen.core.layout import Box, Canvas, Element, Framing, Suggestion, area, inside
from layoutgen.core.text.direction import base_direction
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import drawing, framed
from layoutgen.imaging.grounds import flat_ground, panel_colour

_GOOD = 1.6  # cost of a layout that needs no other framing
_PRIOR = {"bleed": 0.0, "extend": 0.2, "panel": 0.6, "card": 0.8}
_SUBJECT_CUT = 6.0  # a canvas that shows nothing of the subject
_EMPTY = 1.2  # a canvas without any photo
_UNCUT = 0.99  # share of the subject's box that is as good as all
_MOST_TRIED = {"bleed": 3, "extend": 3, "panel": 4, "card": 2}
_WHOLE: Box = (0.0, 0.0, 1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Photo:
    """A picture to put a title on: pixels (h, w, 3), and what must not be covered there."""

    pixels: np.ndarray
    contents: Contents


@dataclass(frozen=True, eq=False)
class Cover:
    """A laid-out cover: framing, elements, verdict; the limits that the solver had to break, and its cost."""

    framing: Framing
    elements: tuple[Element, ...]
    verdict: acceptance.Verdict
    broken: tuple[str, ...]
    cost: float


@dataclass(frozen=True, eq=False)
class _Attempt:
    framing: Framing
    scene: Scene
    solution: Solution
    cost: float


class CoverComposer:
    """Composes covers by search. Deterministic.

    `style` and `limits` are shares of a canvas, `zones` the player's controls by ratio, `font_files` the user's own
    fonts among those that `faces` gives."""

    def __init__(
        self,
        style: Proportions,
        limits: acceptance.Limits,
        faces: Faces,
        *,
        zones: Zones = SAFE_ZONES,
        font_files: tuple[str, ...] = (),
    ) -> None:
        self._style, self._limits, self._faces = style, limits, faces
        self._zones, self._font_files = zones, font_files

    def compose(
        self,
        photo: Photo,
        copy: CoverCopy,
        canvas: Canvas,
        *,
        suggestions: Sequence[Suggestion] = (),
        framings: Sequence[Framing] = (),
    ) -> Cover:
        """Lay out one cover. `framings` are the ones to try; none: those that suit the picture. A title that runs from
        right to left is placed in a mirrored world. Raises ValueError for a title without text."""
        if base_direction(copy.title, copy.language) != "rtl":
            best = self._solved(photo, copy, canvas, self._zones, suggestions, framings)
        else:
            turned = self._solved(
                _mirrored(photo),
                copy,
                canvas,
                {name: tuple(Zone(zone.name, mirroring.box(zone.box)) for zone in zones)
                 for name, zones in self._zones.items()},
                [mirroring.suggestion(suggestion) for suggestion in suggestions],
                [mirroring.framing(shown) for shown in framings],
            )  # fmt: skip
            shown = mirroring.framing(turned.framing)
            elements = tuple(mirroring.element(element, canvas) for element in turned.solution.elements)
            scene = scene_of(photo, shown, canvas, self._zones)
            best = _Attempt(shown, scene, replace(turned.solution, elements=elements), turned.cost)
        elements, verdict = self._coloured(photo, best, canvas)
        return Cover(best.framing, elements, verdict, best.solution.broken, best.cost)

    def _solved(
        self,
        photo: Photo,
        copy: CoverCopy,
        canvas: Canvas,
        zones: Zones,
        suggestions: Sequence[Suggestion],
        framings: Sequence[Framing],
    ) -> _Attempt:
        """The best place of the copy, in the first framing in which it is good."""
        style = self._style.on(canvas, self._limits)
        attempts: list[_Attempt] = []
        for candidate in [Candidate("bleed", shown, _WHOLE, 1.0) for shown in framings] or self._framings(
            photo, canvas
        ):
            scene = scene_of(photo, candidate.framing, canvas, zones)
            solution = solve(copy, canvas, scene, self._faces.speaking(copy.language), style, suggestions)
            cost = solution.cost + _PRIOR[candidate.kind] + _hidden(candidate)
            attempts.append(_Attempt(candidate.framing, scene, solution, cost))
            if cost <= _GOOD and not solution.broken:
                break
        return min(attempts, key=lambda attempt: attempt.cost)

    def _framings(self, photo: Photo, canvas: Canvas) -> list[Candidate]:
        """Framings worth trying, full bleed first. Those that cut faces which another leaves whole are not. Where none
        shows all that the finder marked, its largest parts count: lights behind a product are none of it."""
        whole, candidates = self._showing(photo, canvas, framing.subject_box(photo.contents.dear))
        main = framing.main_box(photo.contents.dear)
        if main and max(candidate.subject_seen for candidate in (whole, *candidates)) < _UNCUT:
            whole, candidates = self._showing(photo, canvas, main)
        by_framing = {whole.framing: whole}
        for candidate in candidates:
            if candidate.subject_seen >= framing.ENOUGH_SEEN:
                by_framing.setdefault(candidate.framing, candidate)
        uncut = {shown: sum(inside(face, shown.crop) for face in photo.contents.faces) for shown in by_framing}
        ordered = sorted(
            (candidate for shown, candidate in by_framing.items() if uncut[shown] == max(uncut.values())),
            key=lambda candidate: (_PRIOR[candidate.kind], _hidden(candidate)),
        )
        counts: Counter[str] = Counter()
        tried = []
        for candidate in ordered:
            counts[candidate.kind] += 1
            if counts[candidate.kind] <= _MOST_TRIED[candidate.kind]:
                tried.append(candidate)
        return tried

    def _showing(self, photo: Photo, canvas: Canvas, subject: Box) -> tuple[Candidate, list[Candidate]]:
        """The full bleed that shows the most, and the other framings of a subject."""
        height, width = photo.pixels.shape[:2]
        of = photo.contents
        whole = cropping.crop(
            width / height, canvas.width / canvas.height, subject=subject, faces=of.faces, values=of.dear
        )
        candidates = framing.candidates(
            width / height,
            subject,
            canvas,
            flat=flat_ground(photo.pixels, of.subject),
            panel=panel_colour(photo.pixels, of.subject),
            margin=self._style.margin,
        )
        return Candidate("bleed", Framing(whole.box), _WHOLE, whole.subject_seen), candidates

    def _coloured(
        self, photo: Photo, attempt: _Attempt, canvas: Canvas
    ) -> tuple[tuple[Element, ...], acceptance.Verdict]:
        """Colour a solution on the pixels behind its glyphs, and check it."""
        scene, solution, limits = attempt.scene, attempt.solution, self._limits
        full = framed.draw(photo.pixels, attempt.framing, canvas, max(canvas.width, canvas.height))
        texts = [i for i, element in enumerate(solution.elements) if element.lines and i >= len(scene.locked)]
        glyphs = {i: drawing.glyphs(full, solution.elements[i], canvas, self._font_files) for i in texts}
        elements = cover_colouring.colour_cover(
            solution,
            canvas,
            {i: drawn.behind for i, drawn in glyphs.items()},
            cover_colouring.Palette.of(scene.pixels, scene.protection),
            limits.min_contrast,
            dark=float(colour.luminance(scene.pixels).mean()) < 0.18,
            keep_clear=(*scene.faces, *scene.zones),
        )
        underlays = len(elements) - len(solution.elements)
        glyphs = {
            i + underlays: replace(drawn, behind=acceptance.on_underlays(elements, i + underlays, drawn.behind))
            for i, drawn in glyphs.items()
        }
        glyphs |= {
            i: drawing.glyphs(full, element, canvas, self._font_files)
            for i, element in enumerate(scene.locked)
            if element.lines
        }
        verdict = acceptance.accept(
            elements, canvas, scene.protection, glyphs, faces=scene.faces, zones=scene.zones, limits=limits
        )
        return elements, verdict


def _mirrored(photo: Photo) -> Photo:
    of = photo.contents
    dear = None if of.with_elements is None else mirroring.pixels(of.with_elements)
    turned = Contents(mirroring.pixels(of.subject), mirroring.boxes(of.faces), mirroring.boxes(of.texts), dear)
    return Photo(mirroring.pixels(photo.pixels), turned)


def scene_of(photo: Photo, shown: Framing, canvas: Canvas, zones: Zones) -> Scene:
    """What lies behind a cover whose photo is framed so; `zones` are the player's controls by ratio."""
    protected = protection.protect(
        photo.contents, canvas, shown, zones=protection.zones_for(canvas, zones), hard_texts=False
    )
    return Scene(
        protected.map,
        framed.draw(photo.pixels, shown, canvas, protection.SIDE),
        faces=tuple(hard.box for hard in protected.hard if hard.kind == "face"),
        zones=tuple(hard.box for hard in protected.hard if hard.kind == "zone"),
        picture=shown.picture,
    )


def _hidden(candidate: Candidate) -> float:
    """What a framing costs by what it does not show: of the subject, and of the canvas without photo."""
    return _SUBJECT_CUT * (1 - candidate.subject_seen) + _EMPTY * (1 - area(candidate.framing.picture))
