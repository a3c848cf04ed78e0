"""Variants and series: layouts that differ on purpose, and layouts that look alike.

Canvases of a product are on the kind of ground that its square canvas has, where they can be; a series' products are on
grounds of its hue. Of the layouts that the composer has for a canvas, variants are those that cost little more than the
first and can be told from all before. Each layout follows from its own brief, whatever else there is; layouts of one
picture that follow one another share what was found.
"""

from dataclasses import dataclass, field, replace
from typing import Any

from layoutgen.core.layout import Canvas
from layoutgen.core.proposals.unlike import ALIKE, distance
from layoutgen.core.styles import series
from layoutgen.models.base import Brief, Composer, Composition, Fault

VERSION = "campaigns-2"
_SQUARE = Canvas(1080, 1080)
_AGREED = 0.3  # what a ground costs less that the square canvas has
_FLOOR = 0.8  # how much more than the first layout a variant may cost
_ROUNDS = 3  # how often all styles may give nothing new before there is nothing


@dataclass(eq=False)
class _Listing:
    """A canvas's layouts as far as they were looked for; `asked` is how many the composer was asked for, `idle` how
    many of the last gave nothing new."""

    chosen: list[Composition] = field(default_factory=list)
    asked: int = 0
    idle: int = 0


class Campaign:
    """A composer that asks another one, which has many layouts for a canvas, for those that are wanted."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer
        self._image: Any = None
        self._squares: dict[Any, Composition | Fault] = {}
        self._listings: dict[Any, _Listing] = {}

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `no_more_variants` where picture and copy have no
        further layout that is good and unlike the others, and the other composer's faults."""
        return [self._compose(brief) for brief in briefs]

    def _compose(self, brief: Brief) -> Composition | Fault:
        if self._image is not brief.image:
            self._image, self._squares, self._listings = brief.image, {}, {}
        key = (_about(brief), brief.canvas, brief.free)
        listing = self._listings.setdefault(key, _Listing())
        most_idle = _ROUNDS * max(1, len(brief.styles))
        while len(listing.chosen) <= brief.variant and listing.idle < most_idle:
            answer = self._ask(self._agreeing(replace(brief, variant=listing.asked)))
            listing.asked += 1
            if isinstance(answer, Composition) and _is_welcome(answer, listing.chosen):
                listing.chosen.append(answer)
                listing.idle = 0
            elif isinstance(answer, Fault) and not listing.chosen:
                return answer
            else:
                listing.idle += 1
        if len(listing.chosen) <= brief.variant:
            return no_more(brief, len(listing.chosen))
        return listing.chosen[brief.variant]

    def _agreeing(self, brief: Brief) -> Brief:
        """A brief to which the ground of the product's square canvas is welcome."""
        is_square = brief.canvas.width == brief.canvas.height
        if brief.variant or brief.framing or not brief.styles or is_square or brief.series_seed is not None:
            return brief
        square = replace(brief, canvas=_SQUARE, free=())
        key = (_about(square), square.free)
        if key not in self._squares:
            known = self._listings.get((_about(square), _SQUARE, ()))
            self._squares[key] = known.chosen[0] if known and known.chosen else self._ask(square)
        answer = self._squares[key]
        if isinstance(answer, Fault):
            return brief
        ground = answer.framing.ground
        styles = [
            replace(style, grounds={name: cost - _AGREED * (name == ground) for name, cost in style.grounds.items()})
            if style.name == answer.style
            else style
            for style in brief.styles
        ]
        return replace(brief, styles=tuple(styles))

    def _ask(self, brief: Brief) -> Composition | Fault:
        seed = brief.series_seed
        if seed is not None:
            brief = replace(brief, styles=tuple(series.shared(style, seed, brief.canvas) for style in brief.styles))
        (answer,) = self._composer.compose([brief])
        if seed is None or not isinstance(answer, Composition):
            return answer
        style = next((style for style in brief.styles if style.name == answer.style), None)
        return replace(answer, framing=series.tinted(answer.framing, seed, style)) if style else answer


def _is_welcome(answer: Composition, chosen: list[Composition]) -> bool:
    """Whether a layout is good enough beside the first, and unlike all others."""
    if not chosen:
        return True
    first = chosen[0].cost
    if first is not None and answer.cost is not None and answer.cost > first + _AGREED + _FLOOR:
        return False
    return all(
        answer.style != other.style
        or distance((answer.framing, answer.suggestions), (other.framing, other.suggestions)) >= ALIKE
        for other in chosen
    )


def no_more(brief: Brief, count: int) -> Fault:
    """Why a brief has no composition whose canvas has `count` layouts at the most."""
    return Fault(
        "no_more_variants",
        f"variant {brief.variant} of {brief.canvas.name}: the picture and the copy give {count} layouts that are good "
        f"and differ; ask for at most {count} variants, or allow more styles",
    )


def _about(brief: Brief) -> Any:
    """What tells briefs of one image apart, besides canvas and variant."""
    styles = tuple(style.name for style in brief.styles)
    collage = (brief.layout, tuple((still.uri, still.caption) for still in brief.further), brief.caption)
    wishes = (brief.category, brief.framing, brief.series_seed, collage)
    return brief.copy, brief.logo_aspect, brief.logo_clear, styles, *wishes
