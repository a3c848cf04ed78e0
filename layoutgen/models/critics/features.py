"""What is known of a layout by which ranking heads tell what a brand prefers: named traits, the critic's number, and
what the critic sees.

Traits are measured on the sketch and the elements, none of them says which is better: how much text there is, how large
and where, how it is aligned, what lies below it, the colours and contrasts of the whole, and how it goes with the
subject. Lengths are shares of the canvas's sides, areas of the canvas, sizes of its short side.
"""

from collections.abc import Sequence

import numpy as np

from layoutgen.core.layout import TEXT_ROLES, Canvas, Element, Role
from layoutgen.models.critics import network
from layoutgen.models.critics.network import Critic

TRAITS = (
    *("texts", "text_area", "text_x", "text_y", "spread_x", "spread_y", "off_axis", "left", "centred"),
    *("title_size", "price_size", "smallest_size", "size_ratio", "title_x", "title_y", "title_lines"),
    *("underlays", "underlay_area", "underlay_opacity", "underlay_round", "logo_x", "logo_y"),
    *("brightness", "contrast", "saturation", "warmth", "variety", "letters_dark", "letters_colour"),
    *("subject_area", "subject_x", "subject_y", "empty", "lean", "critic"),
)
"""The first features, by name; those of the critic follow."""
SIZE = len(TRAITS) + network.FEATURES
_PIXELS, _SIZES, _SUBJECT, _CANVAS = slice(0, 3), 3, 4, 5


def version() -> str:
    """Name of the features: heads work on those alone that they were trained on."""
    return f"features-1-{network.version()}"


def features(critic: Critic, elements: Sequence[Element], canvas: Canvas, sketch: np.ndarray) -> np.ndarray:
    """Features (SIZE,) float32 of a layout with its sketch (6, 128, 128)."""
    (rating,), (vector,) = critic.rate([sketch]), critic.features([sketch])
    return np.array([*_traits(elements, canvas, sketch), rating, *vector], np.float32)


def _traits(elements: Sequence[Element], canvas: Canvas, sketch: np.ndarray) -> list[float]:
    texts = [element for element in elements if element.role in TEXT_ROLES and element.lines]
    return [*_of_texts(texts, canvas), *_of_others(elements), *_of_pixels(sketch)]


def _of_texts(texts: Sequence[Element], canvas: Canvas) -> list[float]:
    """From `texts` to `title_lines`; the middle, and sizes 0, where there are none."""
    boxes = np.array([element.box for element in texts] or [(0.5, 0.5, 0.5, 0.5)], np.float64)
    area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
    weight = area / area.sum() if area.sum() > 0 else np.full(len(boxes), 1 / len(boxes))
    x, y = (boxes[:, 0] + boxes[:, 2]) / 2, (boxes[:, 1] + boxes[:, 3]) / 2
    middle = weight @ x, weight @ y
    spread = [float(np.sqrt(weight @ (each - mean) ** 2)) for each, mean in zip((x, y), middle, strict=True)]
    sides = [np.mean([element.alignment == side for element in texts]) if texts else 0.0 for side in ("left", "center")]
    short = min(canvas.width, canvas.height)
    sizes = [element.font_px / short for element in texts if element.font_px > 0] or [0.0]
    smallest = min(sizes)
    largest = {role: [e for e in texts if e.role is role] for role in (Role.TITLE, Role.PRICE)}
    title = max(largest[Role.TITLE], key=lambda e: e.font_px, default=None)
    price = max((e.font_px / short for e in largest[Role.PRICE]), default=0.0)
    of_title = [0.0, *middle, 0.0]
    if title:
        left, top, right, bottom = title.box
        of_title = [title.font_px / short, (left + right) / 2, (top + bottom) / 2, float(len(title.lines))]
    return [
        *(np.log1p(len(texts)), area.sum(), *middle, *spread, weight @ np.abs(x - 0.5), *sides),
        *(of_title[0], price, smallest, np.log(max(*sizes, 1e-3) / max(smallest, 1e-3)), *of_title[1:]),
    ]  # fmt: skip


def _of_others(elements: Sequence[Element]) -> list[float]:
    """From `underlays` to `logo_y`."""
    grounds = [element for element in elements if element.role is Role.UNDERLAY]
    areas = [(e.box[2] - e.box[0]) * (e.box[3] - e.box[1]) for e in grounds]
    logos = [element.box for element in elements if element.role is Role.LOGO] or [(0.5, 0.5, 0.5, 0.5)]
    left, top, right, bottom = logos[0]
    return [
        np.log1p(len(grounds)),
        min(1.0, sum(areas)),
        float(np.mean([e.opacity for e in grounds])) if grounds else 0.0,
        float(np.mean([e.radius_px > 0 for e in grounds])) if grounds else 0.0,
        (left + right) / 2,
        (top + bottom) / 2,
    ]


def _of_pixels(sketch: np.ndarray) -> list[float]:
    """From `brightness` to `lean`; all 0 of a sketch without a canvas."""
    rows, columns = np.nonzero(sketch[_CANVAS] > 0)
    if not len(rows):
        return [0.0] * 12
    pixels = sketch[_PIXELS][:, rows, columns] + 0.5
    letters = sketch[_SIZES][rows, columns] > 0.01
    subject = sketch[_SUBJECT][rows, columns]
    light, saturation = pixels.mean(axis=0), np.ptp(pixels, axis=0)
    x, y = ((each - each.min() + 0.5) / (np.ptp(each) + 1) for each in (columns, rows))
    weight = subject / subject.sum() if subject.sum() > 0 else np.full(len(rows), 1 / len(rows))
    apart = np.abs(light - np.median(light)) + subject
    lean = float((apart / max(float(apart.sum()), 1e-6)) @ (x - 0.5))
    of_letters = [float(1 - light[letters].mean()), float(saturation[letters].mean())] if letters.any() else [0.5, 0.0]
    return [
        *(float(light.mean()), float(light.std()), float(saturation.mean()), float((pixels[0] - pixels[2]).mean())),
        *(float(pixels.std(axis=1).mean()), *of_letters),
        *(float(subject.mean()), float(weight @ x), float(weight @ y)),
        *(float(((subject < 0.1) & ~letters).mean()), abs(lean)),
    ]
