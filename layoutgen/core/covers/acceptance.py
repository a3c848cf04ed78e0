"""When a cover may go out as it is: the acceptance check, one pure function, with names for the reasons.

- `touches_face`: an element touches a face.
- `safe_zone`: an element touches a zone that the player's own controls take.
- `covers_subject`: elements cover more than `most_covered` of the protected area (map of 0.5 and more).
- `on_subject`: more than `most_on_subject` of a text's or logo's box lies on the subject.
- `subject_cut`: the framing leaves out more than `most_cut` of the subject that the photo shows.
- `second_opinion`: one of the last two, of the subject as another finder marks it than the one that was placed by.
- `low_contrast`: less than 95 % of a text's glyph pixels have a contrast ratio (WCAG 2.2) of `min_contrast` with what
  is behind them: the picture, with the underlays that the text stands on.
- `small_text`: a font below `smallest_px`, 24 px where the canvas is 1080 px wide.
- `overlap`: two elements overlap, other than a text and the underlays that it stands on.
- `outside`: an element leaves the canvas.
- `overflow`: drawn glyphs leave their text's box by more than accents and slanted strokes do.
- `no_text`: a text without lines or without any glyph.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Canvas, Element, Role, inside, intersection, to_px
from layoutgen.core.shapes.underlays import OPEN

REASONS = (
    "touches_face",
    "safe_zone",
    "covers_subject",
    "on_subject",
    "subject_cut",
    "second_opinion",
    "low_contrast",
    "small_text",
    "overlap",
    "outside",
    "overflow",
    "no_text",
)
SMALLEST_SHARE = 24 / 1080
READABLE_SHARE = 0.95
PROTECTED = 0.5
_TOUCH_PX = 0.05  # boxes are float32 in tables


@dataclass(frozen=True)
class Limits:
    """What is allowed: share of the protected area under elements, least contrast ratio, smallest font as a share of
    the canvas's width, share of the subject that the framing leaves out, and of a text's box that lies on it."""

    most_covered: float = 0.05
    min_contrast: float = 4.5
    smallest_font: float = SMALLEST_SHARE
    most_cut: float = 0.03
    most_on_subject: float = 0.05


@dataclass(frozen=True, eq=False)
class Sight:
    """A subject on a canvas as a finder sees it: where it is, (h, w) bool, and the share that the framing leaves
    out, [0, 1]."""

    marks: np.ndarray
    lost: float


@dataclass(frozen=True, eq=False)
class Glyphs:
    """A text as it is drawn: the box of its ink in px of the canvas (None where nothing is drawn), and the pixels
    (n, 3) behind its glyphs."""

    ink: Box | None
    behind: np.ndarray


@dataclass(frozen=True)
class Verdict:
    """The check's outcome: `reasons` are `name: what was found`; least contrast ratio of a text (5th percentile of its
    glyph pixels, 21 for none) and the covered share of the protected area."""

    accepted: bool
    reasons: tuple[str, ...]
    contrast: float
    covered: float


def accept(
    elements: Sequence[Element],
    canvas: Canvas,
    protection: np.ndarray,
    glyphs: Mapping[int, Glyphs],
    *,
    faces: Sequence[Box] = (),
    zones: Sequence[Box] = (),
    limits: Limits | None = None,
    sights: Sequence[Sight] = (),
) -> Verdict:
    """Check a cover. `protection` is (h, w) in [0, 1] of the framed canvas, `glyphs` by the index of each text; faces
    and zones are normalised to the canvas. the first of `sights` is by the finder that the cover was placed by,
    the others are second opinions."""
    limits = limits or Limits()
    reasons: list[str] = []
    for i, element in enumerate(elements):
        name = _named(element)
        if not inside(element.box, (0.0, 0.0, 1.0, 1.0), _TOUCH_PX / max(canvas.width, canvas.height)):
            reasons.append(f"outside: {name} leaves the canvas")
        if any(_touch(element.box, face, canvas) for face in faces):
            reasons.append(f"touches_face: {name}")
        if any(_touch(element.box, zone, canvas) for zone in zones):
            reasons.append(f"safe_zone: {name}")
        reasons += [
            f"overlap: {name} and {elements[j].role.value}" for j in range(i) if _collide(elements, i, j, canvas)
        ]
        if element.lines or element.text:
            reasons += _text_reasons(element, name, glyphs.get(i), canvas, limits)
    share = covered_share([element.box for element in elements], protection)
    if share > limits.most_covered + 1e-9:
        reasons.append(f"covers_subject: {share:.1%} of the protected area, {limits.most_covered:.0%} is allowed")
    for i, sight in enumerate(sights):
        faults = _subject_reasons(elements, sight, limits)
        reasons += [f"{name if i == 0 else 'second_opinion'}: {fault}" for name, fault in faults]
    ratios = [contrast_of(elements, i, glyphs[i].behind) for i in glyphs if len(glyphs[i].behind)]
    return Verdict(not reasons, tuple(reasons), min(ratios, default=21.0), share)


def _subject_reasons(elements: Sequence[Element], sight: Sight, limits: Limits) -> list[tuple[str, str]]:
    """What a finder has against a cover, each with its name."""
    reasons = []
    if sight.lost > limits.most_cut:
        fault = f"{sight.lost:.1%} of the subject is cut off, {limits.most_cut:.0%} is allowed"
        reasons.append(("subject_cut", fault))
    for element in elements:
        share = 0.0 if element.role is Role.UNDERLAY else marked_share(element.box, sight.marks)
        if share > limits.most_on_subject:
            fault = f"{share:.0%} of {_named(element)} lies on the subject, {limits.most_on_subject:.0%} is allowed"
            reasons.append(("on_subject", fault))
    return reasons


def _named(element: Element) -> str:
    return f"{element.role.value} {element.text!r}" if element.text else element.role.value


def marked_share(box: Box, marks: np.ndarray) -> float:
    """Share of a box (normalised) that lies on what is marked in (h, w) bool, [0, 1]."""
    height, width = marks.shape
    top, bottom = int(box[1] * height + 1e-6), int(np.ceil(box[3] * height - 1e-6))
    left, right = int(box[0] * width + 1e-6), int(np.ceil(box[2] * width - 1e-6))
    part = marks[max(0, top) : bottom, max(0, left) : right]
    return float(part.mean()) if part.size else 0.0


def _text_reasons(element: Element, name: str, drawn: Glyphs | None, canvas: Canvas, limits: Limits) -> list[str]:
    reasons = []
    smallest = limits.smallest_font * canvas.width
    if element.font_px < smallest - 1e-6:
        reasons.append(f"small_text: {name} is set in {element.font_px} px, the smallest is {smallest:.3g} px")
    if drawn is None or drawn.ink is None or not element.lines:
        return [*reasons, f"no_text: {name} shows no glyph"]
    box = to_px(element.box, canvas.width, canvas.height)
    slack = 1 + 0.06 * element.font_px
    if not inside(drawn.ink, (box[0] - slack, box[1] - slack, box[2] + slack, box[3] + slack)):
        reasons.append(f"overflow: glyphs of {name} leave its box")
    share = readable_share(element.colour, drawn.behind, limits.min_contrast)
    if share < READABLE_SHARE:
        reasons.append(f"low_contrast: {share:.0%} of the glyphs of {name} have {limits.min_contrast:g}")
    return reasons


def readable_share(text: str, behind: np.ndarray, min_contrast: float) -> float:
    """Share of glyph pixels (n, 3) on which a text colour has the contrast ratio; 1 for none."""
    if len(behind) == 0:
        return 1.0
    ratios = colour.contrast(colour.luminance(colour.to_rgb(text)), colour.luminance(behind))
    return float((ratios >= min_contrast).mean())


def contrast_of(elements: Sequence[Element], index: int, behind: np.ndarray) -> float:
    """Contrast ratio of a text with the pixels behind its glyphs: 95 % of them have more."""
    return colour.contrast_on(elements[index].colour, behind)


def on_underlays(elements: Sequence[Element], index: int, picture: np.ndarray) -> np.ndarray:
    """The picture's pixels (n, 3) behind a text as they look under the underlays that it stands on; below one with a
    gradient, as they look under each of its colours, (2n, 3)."""
    chain: list[Element] = []
    at = elements[index].underlay
    while at is not None and len(chain) < len(elements):
        chain.append(elements[at])
        at = elements[at].underlay
    behind = np.asarray(picture, np.float64)
    for underlay in sorted(chain, key=lambda element: element.z):
        if underlay.shape not in OPEN:
            fills = [fill for fill in (underlay.colour, underlay.gradient) if fill]
            behind = np.concatenate([colour.blend(behind, fill, underlay.opacity) for fill in fills])
    return behind


def covered_share(boxes: Sequence[Box], protection: np.ndarray) -> float:
    """Share of the protected area (map of 0.5 and more) under boxes (normalised), [0, 1]; 0 where nothing is
    protected. Pixels that a box touches count as covered."""
    height, width = protection.shape
    protected = protection >= PROTECTED
    total = int(protected.sum())
    under = np.zeros(protection.shape, bool)
    for left, top, right, bottom in boxes:
        rows = slice(max(0, int(top * height + 1e-6)), max(0, int(np.ceil(bottom * height - 1e-6))))
        under[rows, max(0, int(left * width + 1e-6)) : max(0, int(np.ceil(right * width - 1e-6)))] = True
    return float((under & protected).sum() / total) if total else 0.0


def _touch(a: Box, b: Box, canvas: Canvas) -> bool:
    across = (min(a[2], b[2]) - max(a[0], b[0])) * canvas.width
    down = (min(a[3], b[3]) - max(a[1], b[1])) * canvas.height
    return across > _TOUCH_PX and down > _TOUCH_PX


def _collide(elements: Sequence[Element], i: int, j: int, canvas: Canvas) -> bool:
    """Tell whether two elements overlap and neither is an underlay that holds the other."""
    if not _touch(elements[i].box, elements[j].box, canvas):
        return False
    for upper, lower in ((i, j), (j, i)):
        at, steps = elements[upper].underlay, 0
        while at is not None and steps < len(elements):
            if at == lower and elements[lower].role is Role.UNDERLAY:
                slack = _TOUCH_PX / min(canvas.width, canvas.height)
                return not inside(elements[upper].box, elements[lower].box, slack)
            at, steps = elements[at].underlay, steps + 1
    return intersection(elements[i].box, elements[j].box) > 0
