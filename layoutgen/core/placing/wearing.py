"""Colours and containers of a styled layout: from its scheme, readable on what is behind, one for all equals.

Contrast is computed on the pixels behind each text's box (5th percentile), or on the container that it stands on.
"""

from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.brands.visibility import VISIBLE
from layoutgen.core.layout import Box, Canvas, Element, Role
from layoutgen.core.placing.behind import Behind
from layoutgen.core.placing.colouring import behind_of, panels_for, plate
from layoutgen.core.styles.containers import BESIDE, is_held
from layoutgen.core.styles.schemes import Scheme, legible, readable_tone, running_to, scheme_of, visible
from layoutgen.core.styles.style import Style

_OPACITY = 0.86
_RULE_CONTRAST = 2.0
_LOUD = (Role.PRICE, Role.CALL_TO_ACTION, Role.TITLE)


@dataclass(frozen=True)
class Worn:
    """A text or logo in its place: its element without colours, and its container with the box around it, px."""

    element: Element
    outer: Box
    container: str


@dataclass(frozen=True, eq=False)
class _Ground:
    """What lies behind a layout, the colours that it wears, and the contrast asked for."""

    canvas: Canvas
    pixels: np.ndarray
    style: Style
    scheme: Scheme
    least: float

    def behind(self, box: Box) -> Behind:
        """What lies behind a box in px."""
        return behind_of(self.pixels, box, self.canvas)

    def radius(self, box: Box, container: str) -> int:
        """How round a container's corners are, px."""
        half = (box[3] - box[1]) / 2
        short = min(self.canvas.width, self.canvas.height)
        return round(half if container == "pill" else min(half, self.style.radius * short))


def coloured(
    worn: list[Worn],
    canvas: Canvas,
    pixels: np.ndarray,
    subject: np.ndarray,
    style: Style,
    min_contrast: float,
    logo: str | None = None,
) -> tuple[list[Element], float]:
    """Give texts their colours and containers; `logo` is a logo image's dominant colour. Returns the elements,
    underlays first, and the least contrast ratio of all texts (21 for none)."""
    ground = _Ground(canvas, pixels, style, scheme_of(style, pixels, subject), min_contrast)
    behind = [ground.behind(each.element.box) for each in worn]
    free = [i for i, each in enumerate(worn) if each.element.lines and not is_held(each.container)]
    chosen = _texts(worn, behind, free, ground)
    failing = _with_equals(worn, [i for i in free if chosen[i] is None])
    worn = [replace(w, container="none", outer=w.element.box) if i in failing else w for i, w in enumerate(worn)]
    underlays, underlay_of, least = _panels(worn, behind, failing, ground, chosen)
    held = [i for i, each in enumerate(worn) if is_held(each.container)]
    for members in _alike(worn, held):
        fill, text = _fill(worn[members[0]].element.role, [behind[i] for i in members], ground)
        lighter = style.type_of(worn[members[0]].element.role).gradient
        end = running_to(fill, lighter, text, min_contrast)
        least = min(least, *(colour.ratio(text, each) for each in (fill, end) if each))
        for i in members:
            chosen[i] = text
            underlays.append(_underlay(worn[i], fill, underlay_of.get(i), ground, end))
            underlay_of[i] = len(underlays) - 1
    for i in free:
        if i not in underlay_of:
            least = min(least, behind[i].contrast(chosen[i] or ground.scheme.ink))
    for members in _alike(worn, [i for i in free if worn[i].container in BESIDE]):
        under = Behind.all_of(behind[i] for i in members)
        rule = (
            readable_tone(ground.scheme.accent, under.contrast, _RULE_CONTRAST)
            or chosen[members[0]]
            or ground.scheme.ink
        )
        for i in members:
            underlays.append(_underlay(worn[i], rule, underlay_of.get(i), ground))
            underlay_of[i] = len(underlays) - 1
    for i, each in enumerate(worn):
        if each.element.role is Role.LOGO and not each.element.lines and logo:
            _plate(i, worn, logo, behind[i], underlays, underlay_of, ground)
    texts = [
        replace(each.element, colour=chosen.get(i) or ground.scheme.ink, underlay=underlay_of.get(i), z=2)
        for i, each in enumerate(worn)
    ]
    return [*underlays, *texts], least


def _texts(worn: list[Worn], behind: list[Behind], free: list[int], ground: _Ground) -> dict[int, str | None]:
    """A readable colour for each text without a container, or None: one for all where one serves, and the accent for
    prices where it can be read."""
    scheme = ground.scheme
    ratios = {c: {i: behind[i].readable(c) for i in free} for c in (scheme.ink, scheme.paper)}
    serving = [c for c in ratios if all(ratios[c][i] >= ground.least for i in free)]
    chosen: dict[int, str | None] = {}
    for i in free:
        mine = serving or [c for c in ratios if ratios[c][i] >= ground.least]
        chosen[i] = max(mine, key=lambda c: sum(ratios[c].values()) if serving else ratios[c][i]) if mine else None
        if chosen[i] and worn[i].element.role is Role.PRICE:
            chosen[i] = readable_tone(scheme.accent, behind[i].contrast, ground.least) or chosen[i]
    return chosen


def _with_equals(worn: list[Worn], failing: list[int]) -> list[int]:
    """Texts that can't be read, and their equals, so that all of a group look alike."""
    groups = {worn[i].element.group for i in failing} - {None}
    return [i for i, w in enumerate(worn) if i in failing or (w.element.group in groups and not is_held(w.container))]


def _panels(
    worn: list[Worn],
    behind: list[Behind],
    failing: list[int],
    ground: _Ground,
    chosen: dict[int, str | None],
) -> tuple[list[Element], dict[int, int], float]:
    """Panels of one colour under texts that can't be read without, each's underlay, and their least contrast."""
    elements = [each.element for each in worn]
    outers = [each.outer if each.container != "none" else None for each in worn]
    panels, on_panel = panels_for(elements, outers, failing, ground.canvas)
    underlays: list[Element] = []
    underlay_of: dict[int, int] = {}
    if not panels:
        return underlays, underlay_of, 21.0
    members = [i for i in on_panel if not is_held(worn[i].container)]
    fill, text, opacity, least = _panel_colours([behind[i] for i in members if elements[i].lines], ground)
    for panel in panels:
        for i, mine in on_panel.items():
            if mine is panel:
                underlay_of[i] = len(underlays)
                if not is_held(worn[i].container):
                    chosen[i] = text
        radius = ground.radius(panel, "rounded")
        underlays.append(Element(Role.UNDERLAY, panel, colour=fill, opacity=opacity, radius_px=radius, z=0))
    return underlays, underlay_of, least


def _panel_colours(behind: list[Behind], ground: _Ground) -> tuple[str, str, float, float]:
    """Fill, text colour, opacity and least contrast of panels: dark on dark pictures, light on light ones, translucent
    where that is enough for all texts."""
    scheme = ground.scheme
    pairs = [(scheme.ink, scheme.paper), (scheme.paper, scheme.ink)]
    if float(colour.luminance(Behind.all_of(behind).pixels).mean()) >= 0.3:
        pairs.reverse()
    for opacity in (_OPACITY, 1.0):
        for fill, text in pairs:
            reached = min(colour.contrast_on(text, colour.blend(under.pixels, fill, opacity)) for under in behind)
            if reached >= ground.least:
                return fill, text, opacity, reached
    fill, text = legible(pairs[0][0], scheme, ground.least)
    return fill, text, 1.0, colour.ratio(text, fill)


def _alike(worn: list[Worn], held: list[int]) -> list[list[int]]:
    """Containers that look alike: those of a group, and those of a role."""
    alike: dict[object, list[int]] = {}
    for i in held:
        element = worn[i].element
        alike.setdefault((element.group, element.role), []).append(i)
    return list(alike.values())


def _fill(role: Role, behind: list[Behind], ground: _Ground) -> tuple[str, str]:
    """Fill and text colour of equal containers: that of their role, told from what is behind, with readable text."""
    scheme = ground.scheme
    fill = scheme.accent if role in _LOUD else scheme.second if role is Role.BADGE else scheme.tone
    middle = Behind.all_of(behind).middle if any(map(len, behind)) else scheme.paper
    return legible(visible(fill, middle), scheme, ground.least)


def _underlay(each: Worn, fill: str, parent: int | None, ground: _Ground, end: str = "") -> Element:
    shape = "rounded" if each.container == "pill" else each.container
    return Element(
        Role.UNDERLAY,
        each.outer,
        colour=fill,
        radius_px=ground.radius(each.outer, each.container),
        gradient=end,
        shape=shape,
        group=each.element.group,
        underlay=parent,
        z=1,
    )


def _plate(
    i: int,
    worn: list[Worn],
    logo: str,
    behind: Behind,
    underlays: list[Element],
    underlay_of: dict[int, int],
    ground: _Ground,
) -> None:
    """Lay a plate under a logo's image that can't be told from what is behind."""
    if not len(behind) or colour.ratio(logo, behind.middle) >= VISIBLE:
        return
    box = worn[i].element.box
    fill = max((colour.PAPER, colour.INK), key=lambda c: colour.ratio(c, logo))
    others = [each.outer for k, each in enumerate(worn) if k != i] + [underlay.box for underlay in underlays]
    under = plate(box, others, 0.22 * (box[3] - box[1]), ground.canvas)
    underlay_of[i] = len(underlays)
    underlays.append(Element(Role.UNDERLAY, under, colour=fill, radius_px=ground.radius(under, "rounded"), z=1))
