"""Our own metrics, which no protocol of the field has: of elements with text, fonts and colours, in their real canvas.

Each function takes one row's elements and measures with what the row says; where a part is not known (no copy in the
table, no photo, a font that is not here) the metric is excluded and the reason named, never guessed.

- **count_error** (lower is better): Σ over text and logo of |placed - asked for|; `count_error_text`, `_logo` alone.
  Asked for are the title, each selling point and text of an offer, and one logo where there is a brand or a logo image.
- **overflow** (lower, pooled over texts): by how much a text's lines, as its font measures them, are wider or its
  lines together higher than its box, as a share of the box; 0 where all fits. **fill** (neither): area of the lines'
  em boxes by the box's area.
- **contrast** (higher): least WCAG contrast ratio of a row's texts on the pixels behind them, underlays blended in,
  5th percentile. **low_contrast** (lower, pooled over texts): share of texts under 4.5.
- **product_occlusion** (lower): share of the texts' pixels that lie on the protected mask (not on soft saliency).
  Human posters of apparel do put text on the model: lower is better only where the product must stay free.
- **subject_cut** (lower): share of the subject, by its map, that the layout's framing leaves out, whatever covers the
  rest; what the photo itself cuts off is not counted. A designer sends back more than 0.03.
- **violations** (lower, pooled over checks): share of the hard constraints that could be checked and are broken,
  computed exactly in px with half a pixel of slack: see `CONSTRAINTS`.
- **out_of_canvas** (lower, pooled over proposed elements): share of the composer's boxes that leave the canvas,
  before the solver clamps them; not finite or inverted ones count as outside.
- **smallest_font** (higher): px at output size.
- **objections** (lower): what `judge` holds against a layout, in units of which one is enough to send it back;
  **sent_back** (lower): 1 where one of its hard terms is; **hierarchy** (lower): its term of that name;
  **second_objections** (lower): what the held-out judge, `second_judge`, holds against it. All need the photo.
- **critic** (higher): what the embedded critic gives a layout, in log odds that were learnt from pairs: surer than
  right of layouts that differ in more than these. It compares no layouts of different rows, and needs the photo.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import TEXT_ROLES, Box, Canvas, Element, Framing, Role, intersection, to_px
from layoutgen.core.metrics.layouts import LOGO, TEXT
from layoutgen.core.shapes import gradients
from layoutgen.core.shapes.underlays import OPEN

NAMES = (
    *("count_error", "count_error_text", "count_error_logo", "overflow", "fill", "contrast", "low_contrast"),
    *("product_occlusion", "subject_cut", "violations", "out_of_canvas", "smallest_font"),
    *("objections", "sent_back", "hierarchy", "second_objections", "critic"),
)
CONSTRAINTS = {
    "copy_missing": "the title, and each selling point that no note excuses, is there word for word",
    "outside": "every element lies in the canvas",
    "overlap": "no two elements overlap but those that stand on one another",
    "off_underlay": "an element lies wholly inside the underlay it stands on",
    "overflow": "text fits its box by its font's metrics",
    "small_font": "no text is smaller than the smallest size",
    "low_contrast": "every text reaches the least contrast ratio",
}
READABLE = 4.5
_SLACK_PX = 0.5

Totals = dict[str, tuple[float, float]]


@dataclass(frozen=True)
class ElementScore:
    """What was measured of one element; None where it could not be."""

    role: str
    area: float
    font_px: int | None = None
    contrast: float | None = None
    occlusion: float | None = None
    overflow: float | None = None
    fill: float | None = None


@dataclass(frozen=True)
class Asked:
    """What a row had to say: its texts, the number of logos, and the texts that a note says were left out."""

    texts: tuple[str, ...]
    logos: int
    excused: frozenset[str] = frozenset()


def is_text(element: Element) -> bool:
    """Tell whether an element is set in type: a text role, or a brand's name in place of a logo."""
    return element.role in TEXT_ROLES or bool(element.text)


def class_of(role: Role) -> int:
    """The class that the protocols give a role: text, logo or underlay."""
    return TEXT if role in TEXT_ROLES else LOGO if role is Role.LOGO else 3


def count_errors(elements: Sequence[Element], asked: Asked) -> Totals:
    """The count errors."""
    classes = [class_of(element.role) for element in elements]
    text = abs(classes.count(TEXT) - len(asked.texts))
    logo = abs(classes.count(LOGO) - asked.logos)
    return {"count_error": (text + logo, 1), "count_error_text": (text, 1), "count_error_logo": (logo, 1)}


def text_fit(element: Element, canvas: Canvas, widths: Sequence[float] | None) -> tuple[float, float] | None:
    """Overflow and fill of a text whose lines are so wide (px; None for an unknown font). None where that, or the lines
    or the box's area, is missing."""
    left, top, right, bottom = to_px(element.box, canvas.width, canvas.height)
    across, down = right - left, bottom - top
    if not widths or element.font_px <= 0 or across <= 0 or down <= 0:
        return None
    step = element.line_height_px or element.font_px
    height = step * (len(widths) - 1) + element.font_px
    over = max(max(widths) - across, height - down, 0.0)
    overflow = 0.0 if over <= _SLACK_PX else max((max(widths) - across) / across, (height - down) / down)
    return overflow, sum(widths) * element.font_px / (across * down)


def behind(elements: Sequence[Element], index: int, pixels: np.ndarray) -> np.ndarray:
    """The pixels (k, 3) behind an element: the framed photo (h, w, 3) uint8, where underlays lie below it with these
    blended in, float, but for rules that lie beside their text; (1, 3) where one opaque colour lies behind it all."""
    height, width = pixels.shape[:2]
    rows, columns = _cells(elements[index].box, width, height)
    ground = pixels[rows, columns]
    below = [e for e in elements if e.role is Role.UNDERLAY and e.z < elements[index].z and e.shape not in OPEN]
    layers = []
    for underlay in sorted(below, key=lambda e: e.z):
        over_rows, over_columns = _cells(underlay.box, width, height)
        part = (_within(over_rows, rows), _within(over_columns, columns))
        if ground[part].size:
            layers.append((underlay, part))
    if not layers:
        return np.asarray(ground.reshape(-1, 3))
    last, part = layers[-1]
    if ground[part].size == ground.size and last.opacity == 1 and not last.gradient:
        return colour.to_rgb(last.colour)[None]
    ground = ground.astype(np.float64)
    for underlay, part in layers:
        fill = colour.to_rgb(underlay.colour)
        if underlay.gradient:
            ends = gradients.ends(to_px(underlay.box, width, height), underlay.gradient_angle)
            share = gradients.along(ends, rows, columns)[part][..., None]
            fill = fill + (colour.to_rgb(underlay.gradient) - fill) * share
        ground[part] = ground[part] * (1 - underlay.opacity) + fill * underlay.opacity
    return np.asarray(ground.reshape(-1, 3))


def contrast_of(elements: Sequence[Element], index: int, pixels: np.ndarray) -> float | None:
    """Contrast ratio of a text on what is behind it; None where it lies outside the canvas or has no colour."""
    ground = behind(elements, index, pixels)
    try:
        return colour.contrast_on(elements[index].colour, ground) if len(ground) else None
    except ValueError:
        return None


def text_mask(elements: Sequence[Element], shape: tuple[int, int]) -> np.ndarray:
    """Where a row's texts lie, (h, w) bool."""
    mask = np.zeros(shape, bool)
    for element in elements:
        if is_text(element):
            mask[_cells(element.box, shape[1], shape[0])] = True
    return mask


def occlusion_of(box: Box, protected: np.ndarray) -> float | None:
    """Share of a box's pixels on a protected mask (h, w) bool; None for a box outside."""
    under = protected[_cells(box, protected.shape[1], protected.shape[0])]
    return float(under.mean()) if under.size else None


def subject_cut(subject: np.ndarray, framing: Framing) -> float:
    """Share of a photo's subject map (h, w) in [0, 1] that lies outside of what a framing shows; 0 of an empty map."""
    height, width = subject.shape
    whole = float(subject.sum())
    if not whole:
        return 0.0
    crop, picture = framing.crop, framing.picture
    across, down = (crop[2] - crop[0]) / (picture[2] - picture[0]), (crop[3] - crop[1]) / (picture[3] - picture[1])
    shown = (  # what of the picture lies on the canvas, in the photo
        max(crop[0], crop[0] - picture[0] * across),
        max(crop[1], crop[1] - picture[1] * down),
        min(crop[2], crop[2] - (picture[2] - 1) * across),
        min(crop[3], crop[3] - (picture[3] - 1) * down),
    )
    columns = slice(max(0, round(shown[0] * width)), round(shown[2] * width))
    rows = slice(max(0, round(shown[1] * height)), round(shown[3] * height))
    return max(0.0, 1 - float(subject[rows, columns].sum()) / whole)


def out_of_canvas(boxes: Iterable[Sequence[float]]) -> tuple[float, float]:
    """How many of the boxes leave the canvas, and how many there are."""
    proposed_boxes = [
        not (all(map(math.isfinite, box)) and 0 <= box[0] <= box[2] <= 1 + 1e-6 and 0 <= box[1] <= box[3] <= 1 + 1e-6)
        for box in ([round(side, 6) if math.isfinite(side) else side for side in box] for box in boxes)
    ]
    return float(sum(proposed_boxes)), float(len(proposed_boxes))


def violations(
    elements: Sequence[Element],
    canvas: Canvas,
    scores: Sequence[ElementScore],
    *,
    asked: Asked | None,
    smallest_px: float,
    min_contrast: float,
) -> tuple[list[str], int]:
    """The constraints that are broken, and how many could be checked. `scores` are the elements' own."""
    px = [to_px(element.box, canvas.width, canvas.height) for element in elements]
    checks: dict[str, bool] = {
        "outside": any(
            min(box[0], box[1]) < -_SLACK_PX
            or box[2] > canvas.width + _SLACK_PX
            or box[3] > canvas.height + _SLACK_PX
            or box[2] < box[0]
            or box[3] < box[1]
            for box in px
        ),
        "overlap": any(
            _overlap_px(px[i], px[k]) and not (_stands_on(elements, i, k) or _stands_on(elements, k, i))
            for i in range(len(px))
            for k in range(i)
        ),
    }
    borne = [(i, e.underlay) for i, e in enumerate(elements) if e.underlay is not None]
    if borne:
        checks["off_underlay"] = any(not 0 <= under < len(px) or not _inside_px(px[i], px[under]) for i, under in borne)
    if asked is not None:
        texts = {" ".join(e.text.split()) for e in elements}
        checks["copy_missing"] = any(
            " ".join(text.split()) not in texts and text not in asked.excused for text in asked.texts
        )
    fits = [score.overflow for score in scores if score.overflow is not None]
    fonts = [score.font_px for score in scores if score.font_px is not None]
    ratios = [score.contrast for score in scores if score.contrast is not None]
    for name, measured, broken in (
        ("overflow", fits, [value > 0 for value in fits]),
        ("small_font", fonts, [value < smallest_px for value in fonts]),
        ("low_contrast", ratios, [value < min_contrast for value in ratios]),
    ):
        if measured:
            checks[name] = any(broken)
    return [name for name in CONSTRAINTS if checks.get(name)], len(checks)


def totals(
    elements: Sequence[Element],
    scores: Sequence[ElementScore],
    *,
    asked: Asked | None,
    broken: tuple[Sequence[str], int],
    proposed: Iterable[Sequence[float]] | None,
    protected: np.ndarray | None,
    cut: float | None = None,
) -> Mapping[str, tuple[float, float]]:
    """Total and weight of each metric of a row; weight 0 where it could not be measured."""
    totals: Totals = dict.fromkeys(NAMES, (0.0, 0.0))
    if asked is not None:
        totals |= count_errors(elements, asked)
    for name, values in (
        ("overflow", [score.overflow for score in scores if score.overflow is not None]),
        ("fill", [score.fill for score in scores if score.fill is not None]),
    ):
        totals[name] = (float(sum(values)), float(len(values)))
    ratios = [score.contrast for score in scores if score.contrast is not None]
    if ratios:
        totals["contrast"] = (min(ratios), 1)
        totals["low_contrast"] = (float(sum(ratio < READABLE for ratio in ratios)), float(len(ratios)))
    if protected is not None:
        mask = text_mask(elements, (protected.shape[0], protected.shape[1]))
        if mask.any():
            totals["product_occlusion"] = (float(protected[mask].mean()), 1)
    if cut is not None:
        totals["subject_cut"] = (cut, 1)
    totals["violations"] = (float(len(broken[0])), float(broken[1]))
    if proposed is not None:
        totals["out_of_canvas"] = out_of_canvas(proposed)
    fonts = [score.font_px for score in scores if score.font_px is not None]
    if fonts:
        totals["smallest_font"] = (float(min(fonts)), 1)
    return totals


def _cells(box: Box, width: int, height: int) -> tuple[slice, slice]:
    left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in box)
    return (
        slice(int(top * height), math.ceil(round(bottom * height, 3))),
        slice(int(left * width), math.ceil(round(right * width, 3))),
    )


def _within(part: slice, whole: slice) -> slice:
    size = max(0, whole.stop - whole.start)
    return slice(min(max(part.start - whole.start, 0), size), min(max(part.stop - whole.start, 0), size))


def _overlap_px(a: Box, b: Box) -> bool:
    across, down = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    return across > _SLACK_PX and down > _SLACK_PX and intersection(a, b) > 0


def _inside_px(a: Box, b: Box) -> bool:
    return (
        a[0] >= b[0] - _SLACK_PX and a[1] >= b[1] - _SLACK_PX and a[2] <= b[2] + _SLACK_PX and a[3] <= b[3] + _SLACK_PX
    )


def _stands_on(elements: Sequence[Element], upper: int, lower: int) -> bool:
    passed: set[int] = set()
    at = elements[upper].underlay
    while at is not None and 0 <= at < len(elements) and at not in passed:
        if at == lower:
            return True
        passed.add(at)
        at = elements[at].underlay
    return False
