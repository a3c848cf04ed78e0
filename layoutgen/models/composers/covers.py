"""The composer of covers: the rules composer's search with the player's controls, faces and subject kept free, held
against the acceptance check, which asks a second finder.

A layout that the check refuses is composed anew with what the second finder marks kept free as well, then on other
grounds and in other rooms; the first that is accepted is taken, else the one with the fewest reasons. Needs no weights.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from layoutgen.core import mirroring
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.brands.brand import safe_boxes
from layoutgen.core.brands.kits import BrandKit
from layoutgen.core.covers import acceptance, protection
from layoutgen.core.covers.protection import SAFE_ZONES, Contents, Zone, Zones
from layoutgen.core.layout import Box, Canvas, Copy, Element, Framing, Role, intersection, to_px
from layoutgen.core.placing import branding, dressing, placement
from layoutgen.core.placing.placement import NoLayoutError
from layoutgen.core.proposals.blocks import LOGO_LARGEST
from layoutgen.core.styles.containers import is_held
from layoutgen.core.styles.style import Style
from layoutgen.core.text.direction import base_direction
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import framed
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.composers import cover_check
from layoutgen.models.composers.cover_check import Photo
from layoutgen.models.composers.rules import RulesComposer
from layoutgen.models.composers.rules.taste import PLAIN
from layoutgen.models.finders.border import BorderSaliency

VERSION = "cover-6"  # goes up with every change of what it decides
_SIDE = 384
_SPARE = 1.04  # another decoder or scale sees slightly other pixels
_FURTHER = 3
_LARGER = 1.2  # a cover's title than a poster's: it is seen small


@dataclass(frozen=True)
class Proportions:
    """A cover's free edge and the largest font of its title, as shares of its short side."""

    margin: float
    largest_font: float


@dataclass(frozen=True, eq=False)
class Outfit:
    """What a cover may look like: house styles in order, () for the plain one; the kit of its brand and the fonts that
    set the brand's texts; width over height and dominant colour of its logo's image; and the product's category."""

    styles: tuple[Style, ...] = ()
    kit: BrandKit | None = None
    faces: Faces | None = None
    logo_aspect: float | None = None
    logo_colour: str | None = None
    category: str | None = None


@dataclass(frozen=True, eq=False)
class Cover:
    """A laid-out cover: framing, elements, the name of its style, the verdict, what was left out, and the URI of the
    variant of the logo that its brand's kit has for it."""

    framing: Framing
    elements: tuple[Element, ...]
    style: str
    verdict: acceptance.Verdict
    notes: tuple[str, ...] = ()
    logo: str | None = None


class CoverComposer:
    """Composes covers by search. Deterministic.

    `style` and `limits` are shares of a canvas, `zones` the player's controls by ratio, `font_files` the fonts besides
    the embedded ones that texts may be set in."""

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
        self, photo: Photo, copy: Copy, canvas: Canvas, outfit: Outfit | None = None, *, framing: str = ""
    ) -> Cover | Fault:
        """Lay out one cover, or say why there is none: `copy_too_long`, and the faults of placing. `copy` has its
        stickers as selling points; `framing` is as_is for a picture that stays whole. A title that runs from right to
        left is placed in a mirrored world. Raises ValueError for a title without text."""
        if not copy.title.strip():
            raise ValueError("the title has no text; a cover needs one")
        page = _Page(photo, copy, canvas, outfit or Outfit(), self._style, self._limits, self._faces, self._zones)
        best: Cover | None = None
        fault = Fault("no_room", f"nothing finds a place on {canvas.name}")
        for brief in page.briefs(framing):
            try:
                answer = page.laid_out(brief)
                if isinstance(answer, Fault):
                    return best or answer
                cover = page.judged(*answer, self._font_files)
            except NoLayoutError as error:
                fault = Fault(error.kind, str(error))
                continue
            if cover.verdict.accepted:
                return cover
            if best is None or len(cover.verdict.reasons) < len(best.verdict.reasons):
                best = cover
        return best or fault


@dataclass(frozen=True, eq=False)
class _Page:
    """One cover in the making; what all attempts at it share."""

    photo: Photo
    copy: Copy
    canvas: Canvas
    outfit: Outfit
    proportions: Proportions
    limits: acceptance.Limits
    embedded: Faces
    controls: Zones

    @property
    def is_turned(self) -> bool:
        """Whether the copy runs from right to left."""
        return base_direction(self.copy.title, self.copy.language) == "rtl"

    @property
    def smallest_px(self) -> int:
        """The smallest font that is accepted."""
        return math.ceil(self.limits.smallest_font * self.canvas.width - 1e-6)

    @property
    def zones(self) -> tuple[Zone, ...]:
        """The player's controls, and what the brand keeps free."""
        own = self.outfit.kit and safe_boxes(self.outfit.kit.brand, self.canvas)
        return (*protection.zones_for(self.canvas, self.controls), *(Zone("brand", box) for box in own or ()))

    @property
    def faces(self) -> Faces:
        """The fonts of its texts."""
        return self.outfit.faces or self.embedded

    def briefs(self, framing: str) -> Iterator[Brief]:
        """What the composer is asked for, until a cover is accepted: first with one finder's map, then with both."""
        of = self.photo.contents
        free = tuple(zone.box for zone in self.zones)
        printed = (TextLine("", box, Role.OTHER, "other", "#000000", 1.0, False) for box in of.texts)
        styles = tuple(_of_cover(style, self.proportions) for style in self.outfit.styles or (PLAIN,))
        short = min(self.canvas.width, self.canvas.height)
        brief = Brief(
            self.photo.pixels,
            Annotation(tuple(printed), None, _with_faces(of.dear, of)),
            self.copy,
            self.canvas,
            self.outfit.logo_aspect,
            free=free,
            styles=styles,
            category=self.outfit.category,
            framing=framing,
            logo_clear=self.outfit.kit.logo_clear(LOGO_LARGEST, short) if self.outfit.kit else 0.0,
        )
        if self.is_turned:
            brief = replace(
                brief,
                image=mirroring.pixels(brief.image),
                annotation=mirroring.annotation(brief.annotation),
                free=mirroring.boxes(free),
            )
        yield brief
        if of.opinion is not None:
            both = _with_faces(_joined(of.dear, of.opinion), of)
            both = mirroring.pixels(both) if self.is_turned else both
            brief = replace(brief, annotation=replace(brief.annotation, subject_map=both))
            yield brief
        for further in range(1, _FURTHER + 1):
            yield replace(brief, variant=further * len(styles))

    def laid_out(self, brief: Brief) -> tuple[Framing, tuple[Element, ...], str, tuple[str, ...]] | Fault:
        """A brief's framing, its elements, the name of their style, and what was left out. Raises NoLayoutError."""
        short = min(self.canvas.width, self.canvas.height)
        # Subjects are known, so that the composer's own finder is never asked.
        rules = RulesComposer(
            BorderSaliency(), self.faces, margin=self.proportions.margin, min_font=self.smallest_px / short
        )
        (answer,) = rules.compose([brief])
        if isinstance(answer, Fault):
            return answer
        framing = self._kept_free(answer, brief)
        style = next(style for style in brief.styles if style.name == answer.style)
        if self.outfit.kit:
            framing = branding.ground(framing, self.outfit.kit.brand)
            style = branding.style_of(style, self.outfit.kit)
        style = style.on(framing.ground)
        subject = brief.annotation.subject_map
        assert subject is not None
        ground = placement.Ground(
            framed.draw(brief.image, framing, self.canvas, _SIDE),
            framed.draw(subject, framing, self.canvas, _SIDE),
            self.outfit.logo_colour,
        )
        limits, faces = self._limits(brief.free), self._face_boxes(framing)
        dress = partial(
            dressing.dress,
            answer.suggestions,
            self.canvas,
            ground,
            self.faces.speaking(self.copy.language, style),
            style=style,
            language=self.copy.language,
        )
        try:
            placed = dress(replace(limits, free=(*limits.free, *faces)))
        except NoLayoutError:  # faces leave no place; where one is touched, the check says so
            placed = dress(limits)
        elements = placed.elements
        if self.is_turned:
            framing = mirroring.framing(framing)
            elements = tuple(mirroring.element(element, self.canvas) for element in elements)
        shown = {element.text for element in elements}
        notes = [f"left out for want of room: {text}" for text in self.copy.selling_points if text not in shown]
        return framing, elements, style.name, (*dict.fromkeys((*placed.notes, *notes)),)

    def _kept_free(self, answer: Composition, brief: Brief) -> Framing:
        """A composition's framing without ornaments where the player draws."""
        drawn = answer.framing.ornaments
        free = tuple(each for each in drawn if not any(intersection(each.box, box) > 0 for box in brief.free))
        return replace(answer.framing, ornaments=free)

    def _face_boxes(self, framing: Framing) -> tuple[Box, ...]:
        """The boxes (px) of faces that a framing shows."""
        of = self.photo.contents
        contents = Contents(of.subject, mirroring.boxes(of.faces) if self.is_turned else of.faces)
        hard = protection.protect(contents, self.canvas, framing).hard
        return tuple(to_px(each.box, self.canvas.width, self.canvas.height) for each in hard)

    def _limits(self, free: tuple[Box, ...]) -> placement.Limits:
        short = min(self.canvas.width, self.canvas.height)
        return placement.Limits(
            margin_px=self.proportions.margin * short,
            smallest_px=self.smallest_px,
            min_contrast=min(15.0, _SPARE * self.limits.min_contrast),
            free=tuple(to_px(box, self.canvas.width, self.canvas.height) for box in free),
            **(branding.logo_room(self.outfit.kit, short) if self.outfit.kit else {}),
        )

    def judged(
        self,
        framing: Framing,
        elements: tuple[Element, ...],
        style: str,
        notes: tuple[str, ...],
        font_files: tuple[str, ...],
    ) -> Cover:
        """A layout under its brand's kit, held against the acceptance check. Raises NoLayoutError."""
        logo = None
        if self.outfit.kit:
            drawn = framed.draw(self.photo.pixels, framing, self.canvas, _SIDE)
            branded = branding.keep(elements, self.outfit.kit, self.canvas, drawn, framing, self.limits.min_contrast)
            elements, logo = branded.elements, branded.logo
        verdict = cover_check.judged(
            self.photo, framing, elements, self.canvas, zones=self.zones, limits=self.limits, font_files=font_files
        )
        return Cover(framing, elements, style, verdict, notes, logo)


def _of_cover(style: Style, proportions: Proportions) -> Style:
    """A house style as covers have it: larger titles, within the cover's limits and no smaller than prices, and
    stickers each on a ground."""
    kind = style.type_of(Role.SELLING_POINT)
    sticker = kind if is_held(kind.container) else replace(kind, container="rounded")
    price = style.type_of(Role.PRICE)
    most = min(_LARGER * style.title_most, proportions.largest_font)
    types = {**style.types, Role.SELLING_POINT: sticker, Role.PRICE: replace(price, scale=min(1.0, price.scale))}
    return replace(style, types=types, title_most=most, title_least=min(style.title_least, most))


def _with_faces(subject: np.ndarray, contents: Contents) -> np.ndarray:
    """A subject map (h, w) with the faces in it, so that no crop cuts them."""
    marked = subject.astype(np.float32, copy=True)
    height, width = marked.shape
    for left, top, right, bottom in contents.faces:
        rows = slice(int(top * height), math.ceil(bottom * height))
        marked[rows, int(left * width) : math.ceil(right * width)] = 1
    return marked


def _joined(subject: np.ndarray, opinion: np.ndarray) -> np.ndarray:
    """A subject map (h, w) with what another finder is sure of."""
    sure = (opinion > protection.SURE).astype(np.float32)
    return np.maximum(subject, cv2.resize(sure, subject.shape[::-1], interpolation=cv2.INTER_LINEAR))
