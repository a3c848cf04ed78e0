"""Gives a cover's texts, panels and stickers their colours: from the picture's own palette, checked on the pixels that
lie behind the glyphs.

The palette are tints of the picture's most telling hue (OKLCH): a near-white, a deep shade, the accent itself. A text
takes the near-white or the deep shade where 95 % of its glyph pixels have the contrast; where neither can be read, or
the picture is too restless, its block gets a panel, as translucent as the contrast allows. Stickers stand on a pill of
the accent. Text straight on a picture that is not calm gets a thin stroke, light text a soft shadow; neither counts for
the contrast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.covers.acceptance import READABLE_SHARE, readable_share
from layoutgen.core.covers.placement import Solution
from layoutgen.core.layout import Box, Canvas, Element, Role, from_px, to_px, union
from layoutgen.core.placing.colouring import accent_colour, padded, pill_colours, plate

_OPACITIES = (0.7, 0.82, 0.92, 1.0)
_FLAT, _CALM, _RESTLESS = 0.015, 0.07, 0.15
_STROKE_SHARE, _SHADOW = 0.035, 0.45
_PANEL_PAD, _PANEL_RADIUS = 0.4, 0.18
_SPARE = 1.03  # another decoder or scale sees slightly other pixels


@dataclass(frozen=True)
class Palette:
    """Colours of a picture's hue: near-white and deep shade for text and panels, and the accent; #rrggbb."""

    light: str
    deep: str
    accent: str

    @classmethod
    def of(cls, pixels: np.ndarray, protection: np.ndarray) -> "Palette":
        """The palette of a picture (h, w, 3) and what it is about (h, w)."""
        accent = accent_colour(pixels, protection)
        return cls(colour.tint(accent, 0.98, 0.012), colour.tint(accent, 0.24, 0.05), accent)


def colour_cover(
    solution: Solution,
    canvas: Canvas,
    behind: Mapping[int, np.ndarray],
    palette: Palette,
    min_contrast: float,
    *,
    dark: bool,
    keep_clear: Sequence[Box] = (),
) -> tuple[Element, ...]:
    """Colour a solution's texts and add panels and pills. `behind` are the picture's pixels (n, 3) behind each text's
    glyphs, `dark` tells whether the picture is, `keep_clear` are boxes (normalised) that no panel may touch. Locked
    elements, which have no entry in `behind`, stay as they are and come first."""
    least = min_contrast * _SPARE
    elements = solution.elements
    locked = [i for i in range(len(elements)) if i not in behind]
    texts = [i for i in range(len(elements)) if i in behind]
    free = [i for i in texts if i not in solution.pills]
    plain = {} if set(free) & set(solution.panels) else _plain(free, behind, palette, least)
    boxes = {i: to_px(element.box, canvas.width, canvas.height) for i, element in enumerate(elements)}
    pills = {i: _around(boxes[i], solution.pills[i]) for i in texts if i in solution.pills}
    barred = [to_px(box, canvas.width, canvas.height) for box in keep_clear]
    underlays: list[Element] = []
    stands_on: dict[int, int] = {}
    chosen: dict[int, Element] = {}
    for group in [] if plain else _groups(free, elements):
        others = [box for i, box in boxes.items() if i not in group] + [*pills.values(), *barred]
        panel, members = _panel(group, elements, boxes, others, behind, palette, least, canvas)
        stands_on |= dict.fromkeys(group, len(locked) + len(underlays))
        underlays.append(panel)
        chosen |= members
    for i, text_colour in plain.items():
        chosen[i] = _drawn(elements[i], text_colour, behind[i], palette)
    for i, box in pills.items():
        fill, text = pill_colours([behind[k] for k in pills], palette.accent, palette.deep, dark, least)
        stands_on[i] = len(locked) + len(underlays)
        radius = round((box[3] - box[1]) / 2)
        underlays.append(Element(Role.UNDERLAY, _normalised(box, canvas), colour=fill, radius_px=radius, z=1))
        chosen[i] = replace(elements[i], colour=text)
    placed = [replace(chosen[i], underlay=stands_on.get(i), z=2) for i in texts]
    return (*(elements[i] for i in locked), *underlays, *placed)


def _plain(free: list[int], behind: Mapping[int, np.ndarray], palette: Palette, least: float) -> dict[int, str]:
    """A colour for each text straight on the picture, one for all where one serves; nothing where any has none."""
    if any(colour.clutter(behind[i]) > _RESTLESS for i in free):
        return {}
    serving = {
        shade: min((colour.contrast_on(shade, behind[i]) for i in free), default=21.0)
        for shade in (palette.light, palette.deep)
        if all(readable_share(shade, behind[i], least) >= READABLE_SHARE for i in free)
    }
    if serving:
        return dict.fromkeys(free, max(serving, key=lambda shade: serving[shade]))
    by_text = {}
    for i in free:
        mine = [c for c in (palette.light, palette.deep) if readable_share(c, behind[i], least) >= READABLE_SHARE]
        if not mine:
            return {}
        by_text[i] = mine[0]
    return by_text


def _drawn(element: Element, text_colour: str, behind: np.ndarray, palette: Palette) -> Element:
    """A text straight on the picture: with a stroke where the picture is not calm, light text with a soft shadow."""
    light = text_colour == palette.light
    clutter = colour.clutter(behind)
    stroke = 0 if clutter <= _CALM else max(1, round(_STROKE_SHARE * element.font_px))
    return replace(
        element,
        colour=text_colour,
        stroke_px=stroke,
        stroke=palette.deep if light else palette.light,
        shadow=_SHADOW if light and clutter > _FLAT else 0.0,
    )


def _groups(free: list[int], elements: Sequence[Element]) -> list[list[int]]:
    """Texts that share a panel: a title and the subtitle right below it."""
    groups: list[list[int]] = []
    for i in free:
        last = elements[groups[-1][-1]] if groups else None
        if last and last.role is Role.TITLE and elements[i].role is Role.SUBTITLE:
            near = elements[i].box[1] - last.box[3] < 0.6 * (last.box[3] - last.box[1])
            if near and elements[i].box[1] >= last.box[3] - 1e-6 and elements[i].alignment == last.alignment:
                groups[-1].append(i)
                continue
        groups.append([i])
    return groups


def _panel(
    group: list[int],
    elements: Sequence[Element],
    boxes: Mapping[int, Box],
    others: list[Box],
    behind: Mapping[int, np.ndarray],
    palette: Palette,
    least: float,
    canvas: Canvas,
) -> tuple[Element, dict[int, Element]]:
    """A panel under texts, and the texts in its colours: deep on dark pictures, light on light ones."""
    px = elements[group[0]].font_px
    around = union([boxes[i] for i in group])
    assert around is not None
    box = plate(around, others, _PANEL_PAD * px, canvas)
    pixels = np.concatenate([behind[i] for i in group])
    pairs = [(palette.deep, palette.light), (palette.light, palette.deep)]
    if len(pixels) and float(colour.luminance(pixels).mean()) >= 0.3:
        pairs.reverse()
    best = (colour.INK, colour.PAPER, 1.0)
    for opacity in _OPACITIES:
        reaching = [
            (fill, text, opacity)
            for fill, text in pairs
            if all(readable_share(text, colour.blend(behind[i], fill, opacity), least) >= READABLE_SHARE for i in group)
        ]
        if reaching:
            best = reaching[0]
            break
    fill, text, opacity = best
    radius = round(_PANEL_RADIUS * px)
    panel = Element(Role.UNDERLAY, _normalised(box, canvas), colour=fill, opacity=opacity, radius_px=radius, z=0)
    return panel, {i: replace(elements[i], colour=text) for i in group}


def _around(box: Box, pad: tuple[float, float]) -> Box:
    return (box[0] - pad[0], box[1] - pad[1], box[2] + pad[0], box[3] + pad[1])


def _normalised(box: Box, canvas: Canvas) -> Box:
    """A box in px, cut to the canvas, as a share of it."""
    return from_px(padded(box, 0.0, canvas), canvas.width, canvas.height)
