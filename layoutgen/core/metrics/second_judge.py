"""The held-out judge: what another designer would object to, by other measures than `judge`'s, for evaluation alone.

    objections = Σ over terms of min(term, 3)

Nothing is optimised for it: no ranking, repair or reward asks it, and no network learns from it (a contract on imports
holds that). Whoever trains, promotes or compares asks both: where the judge's objections fall and these rise, something
learnt to please the judge and not people. The less the two share the better, so `Judged.subject` is to be another
finder's map than the one by which layouts were made (`models.finders.border` where that was the embedded network), and
`Judged.ground` is needed for the first terms.

One unit is an evident fault, or what one in twenty posters has that the designer of `training.corpus` draws; what the
better half of them has costs nothing (measured on 300 of them, seen by `border`, which is often wrong: hidden 0.22,
cut 0.07, clutter 1.6, weight 0.16, rhythm 0.72, thin 0.04).

- faint: the worst text's share of pixels behind it whose lightness (CIE L*) is less than 40 from its own, by 0.1;
- clutter: the mean step of lightness (L*) between neighbouring pixels behind the worst text without a ground, by 1.6;
- weight: how far the centre of visual weight lies from the canvas's, a share of its sides, beyond 0.065, by 0.1: each
  pixel of the layout, texts as half-covered boxes, weighs what its lightness and chroma differ from their median;
- hidden: the share of the subject's map that lies under elements, by 0.2;
- cut: what the framing leaves out of the subject, by 0.07;
- collision: area of texts' and logos' boxes that two of them claim, over all of theirs, by 0.01;
- missing: the share of the copy's characters that are not there, by 0.1;
- order: pairs of texts that are read in the wrong order (title, subtitle, selling points in the copy's order, call to
  action, disclaimer, from top to bottom), by 1;
- breaks: lines that end in a word's middle, by 1;
- rhythm: how uneven the gaps between selling points below each other are (standard deviation over mean), and how much
  larger the largest of them is than the gap to what is next to the group, together by 0.7;
- grid: how many vertical axes it takes for every text and logo to stand on one, beyond 3, by 1;
- sizes: how many sizes of type there are, a twentieth apart, beyond 4, by 1;
- tiny: what the smallest text lacks of 0.028 of the short side, by 0.004;
- palette: how many colours texts and underlays have, 0.1 apart in OKLab, beyond 4, by 1;
- thin: what elements lack of 0.12 of the room that the subject leaves, by 0.04.
"""

from collections.abc import Sequence
from itertools import combinations, pairwise

import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Canvas, Element, Role, area, intersection, to_px, union
from layoutgen.core.metrics.judge import Judged, Verdict
from layoutgen.core.metrics.own import Asked, behind, is_text
from layoutgen.core.placing.moves import lines_of

VERSION = "second-judge-1"  # goes up with every change of what it says
HARD = ("faint", "hidden", "cut", "collision", "missing", "order", "breaks")
_SIDE = 192  # px of the longer side, at most, that pictures are looked at
_FAINT = 40.0
_INK = 0.5  # of a text's box that its letters cover
_LIKE_SIZE, _LIKE_COLOUR, _SAME_AXIS = 1.05, 0.1, 0.01
_READ = (Role.TITLE, Role.SUBTITLE, Role.SELLING_POINT, Role.CALL_TO_ACTION, Role.DISCLAIMER)
_ABOVE = 0.02
_UNITS = {
    "faint": (0.0, 0.1),
    "clutter": (0.0, 1.6),
    "weight": (0.065, 0.1),
    "hidden": (0.0, 0.2),
    "cut": (0.0, 0.07),
    "collision": (0.0, 0.01),
    "missing": (0.0, 0.1),
    "order": (0.0, 1.0),
    "breaks": (0.0, 1.0),
    "rhythm": (0.0, 0.7),
    "grid": (3.0, 1.0),
    "sizes": (4.0, 1.0),
    "tiny": (0.0, 0.004),
    "palette": (4.0, 1.0),
    "thin": (0.0, 0.04),
}
"""What of a term costs nothing, and how much more is one unit."""


def judge(layout: Judged) -> Verdict:
    """What is held against a layout. What is seen in its picture alone is 0 where there is no `ground`."""
    terms = measured(layout)
    return Verdict({name: max(0.0, terms[name] - free) / unit for name, (free, unit) in _UNITS.items()}, HARD)


def measured(layout: Judged) -> dict[str, float]:
    """Each term as it is measured, before it is held against its unit."""
    elements, canvas, subject = layout.elements, layout.canvas, layout.subject
    boxes = [element.box for element in elements if element.role is not Role.UNDERLAY]
    faint, clutter, weight = (0.0, 0.0, 0.0) if layout.ground is None else _of_picture(elements, layout.ground)
    return {
        "faint": faint,
        "clutter": clutter,
        "hidden": _hidden(elements, subject),
        "cut": layout.cut,
        "collision": _collision(boxes),
        "missing": _missing(elements, layout.asked),
        "order": float(_disorder(elements, layout.asked)),
        "breaks": float(layout.split_words),
        "weight": weight,
        "rhythm": _unevenness(elements, canvas),
        "grid": float(_axes(boxes, canvas)),
        "sizes": float(_sizes(elements)),
        "tiny": _tiny(elements, canvas),
        "palette": float(_colours(elements)),
        "thin": max(0.0, 0.12 - _filled(elements, subject)),
    }


def _of_picture(elements: Sequence[Element], ground: np.ndarray) -> tuple[float, float, float]:
    """faint, clutter and weight, of a layout on its framed photo."""
    step = -(-max(ground.shape[:2]) // _SIDE)
    pixels = ground[step // 2 :: step, step // 2 :: step]
    lit = _lightness(pixels)
    shares, steps = [], []
    for i, element in enumerate(elements):
        own = _paint(element) if is_text(element) and element.lines else None
        if own is None:
            continue
        around = behind(elements, i, pixels)
        if len(around):
            shares.append(float((np.abs(_lightness(around) - _lightness(own)) < _FAINT).mean()))
        if element.underlay is None:
            steps.append(_restless(lit[_window(element.box, pixels.shape[:2])]))
    return max(shares, default=0.0), max(steps, default=0.0), _off_centre(_drawn(elements, pixels))


def _drawn(elements: Sequence[Element], pixels: np.ndarray) -> np.ndarray:
    """The layout as a small picture (h, w, 3) float: underlays blended in, texts as half-covered boxes."""
    out = pixels.astype(np.float64)
    for element in sorted(elements, key=lambda e: e.z):
        own, window = _paint(element), _window(element.box, out.shape[:2])
        if own is not None and (element.role is Role.UNDERLAY or element.lines):
            opacity = element.opacity if element.role is Role.UNDERLAY else _INK
            out[window] += opacity * (own - out[window])
    return out


def _off_centre(picture: np.ndarray) -> float:
    colours = colour.to_oklch(picture)[..., :2]
    weight = np.abs(colours - np.median(colours.reshape(-1, 2), axis=0)).sum(-1)
    total = weight.sum()
    if total <= 0:
        return 0.0
    height, width = weight.shape
    across = float((weight.sum(0) * (np.arange(width) + 0.5)).sum() / total / width) - 0.5
    down = float((weight.sum(1) * (np.arange(height) + 0.5)).sum() / total / height) - 0.5
    return float(np.hypot(across, down))


def _hidden(elements: Sequence[Element], subject: np.ndarray) -> float:
    total = float(subject.sum())
    return float(subject[_covered(elements, subject.shape)].sum()) / total if total > 0 else 0.0


def _filled(elements: Sequence[Element], subject: np.ndarray) -> float:
    """Share of the room beside the subject that elements take; 1 where there is no room."""
    room = subject <= 0.5
    return float(_covered(elements, subject.shape)[room].mean()) if room.any() else 1.0


def _covered(elements: Sequence[Element], shape: tuple[int, ...]) -> np.ndarray:
    mask = np.zeros(shape, bool)
    for element in elements:
        mask[_window(element.box, shape)] = True
    return mask


def _collision(boxes: Sequence[Box]) -> float:
    total = sum(map(area, boxes))
    return sum(intersection(a, b) for a, b in combinations(boxes, 2)) / total if total > 0 else 0.0


def _missing(elements: Sequence[Element], asked: Asked | None) -> float:
    if asked is None:
        return 0.0
    there = {"".join(element.text.split()) for element in elements if is_text(element)}
    texts = ["".join(text.split()) for text in asked.texts]
    characters = sum(map(len, texts))
    return sum(len(text) for text in texts if text not in there) / characters if characters else 0.0


def _disorder(elements: Sequence[Element], asked: Asked | None) -> int:
    places = {"".join(text.split()): i for i, text in enumerate(asked.texts)} if asked else {}
    ranked = [
        (_READ.index(e.role), places.get("".join(e.text.split()), 0), (e.box[1] + e.box[3]) / 2, e.box[0])
        for e in elements
        if e.role in _READ and e.lines
    ]
    # Points side by side, or in columns, have no order from top to bottom.
    return sum(
        a[2] - b[2] > _ABOVE and (a[0] != b[0] or abs(a[3] - b[3]) < _ABOVE)
        for a, b in combinations(sorted(ranked), 2)
        if a[:2] < b[:2]
    )


def _unevenness(elements: Sequence[Element], canvas: Canvas) -> float:
    points = [to_px(e.box, canvas.width, canvas.height) for e in elements if e.role is Role.SELLING_POINT]
    others = [
        to_px(e.box, canvas.width, canvas.height)
        for e in elements
        if e.role not in (Role.SELLING_POINT, Role.UNDERLAY, Role.BADGE)
    ]
    rows = [union([points[i] for i in line]) or points[line[0]] for line in lines_of(points)]
    gaps = [max(0.0, below[1] - above[3]) for above, below in pairwise(sorted(rows, key=lambda row: row[1]))]
    if not gaps or (group := union(rows)) is None:
        return 0.0
    mean = sum(gaps) / len(gaps)
    uneven = float(np.std(gaps)) / mean if mean > 0 else 0.0
    outer = [max(box[1] - group[3], group[1] - box[3]) for box in others if box[0] < group[2] and group[0] < box[2]]
    apart = [gap for gap in outer if gap >= 0]
    loose = max(0.0, max(gaps) / max(min(apart), 1.0) - 1) if apart else 0.0
    return uneven + min(loose, 1.0)


def _axes(boxes: Sequence[Box], canvas: Canvas) -> int:
    """How few vertical axes hold all boxes, by taking the one that holds the most first."""
    tolerance = _SAME_AXIS * min(canvas.width, canvas.height) / canvas.width
    lines = np.array([(box[0], (box[0] + box[2]) / 2, box[2]) for box in boxes])
    count = 0
    while len(lines):
        held = (np.abs(lines[:, None, :] - lines.reshape(-1)[None, :, None]) < tolerance).any(2)
        lines = lines[~held[:, held.sum(0).argmax()]]
        count += 1
    return count


def _sizes(elements: Sequence[Element]) -> int:
    sizes = sorted(element.font_px for element in elements if element.lines and element.font_px > 0)
    return sum(after > _LIKE_SIZE * before for before, after in pairwise(sizes)) + bool(sizes)


def _tiny(elements: Sequence[Element], canvas: Canvas) -> float:
    least = min((e.font_px for e in elements if e.lines and e.font_px > 0), default=None)
    return 0.0 if least is None else max(0.0, 0.028 - least / min(canvas.width, canvas.height))


def _colours(elements: Sequence[Element]) -> int:
    kinds: list[np.ndarray] = []
    for element in elements:
        if (paint := _paint(element)) is not None and (element.lines or element.role is Role.UNDERLAY):
            lab = np.array(colour.to_oklab(colour.to_hex(paint)))
            if all(np.linalg.norm(lab - kind) > _LIKE_COLOUR for kind in kinds):
                kinds.append(lab)
    return len(kinds)


def _paint(element: Element) -> np.ndarray | None:
    """An element's colour, three floats 0-255; None for what is none, as tables from elsewhere may have it."""
    try:
        return colour.to_rgb(element.colour)
    except ValueError:
        return None


def _lightness(rgb: np.ndarray) -> np.ndarray:
    """CIE L* in [0, 100] of RGB values, (..., 3) to (...)."""
    light = colour.luminance(rgb)
    return np.where(light > 216 / 24389, 116 * np.cbrt(light) - 16, light * 24389 / 27)


def _restless(lit: np.ndarray) -> float:
    """Mean step between neighbours of lightness (h, w), across and down; 0 of less than two pixels."""
    steps = [np.abs(np.diff(lit, axis=axis)) for axis in (0, 1)]
    return sum(float(step.mean()) for step in steps if step.size) / 2


def _window(box: Box, shape: tuple[int, ...]) -> tuple[slice, slice]:
    height, width = shape[:2]
    left, top, right, bottom = to_px(box, width, height)
    return (
        slice(max(0, round(top)), max(0, round(bottom), round(top) + 1)),
        slice(max(0, round(left)), max(0, round(right), round(left) + 1)),
    )
