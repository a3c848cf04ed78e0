"""A designer's layout damaged in graded ways, for the critic to tell from the whole one."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import Box, Element, Role, area, union

GRADES = ("subtle", "medium", "clear")
Rng = np.random.Generator
Elements = list[Element]
_AMOUNTS = {
    "shift": (0.025, 0.06, 0.18),  # of the canvas
    "subject": (0.35, 0.65, 1.0),  # of the way to the subject's middle
    "overlap": (0.4, 0.7, 1.0),  # of the way to the next text
    "title": (0.8, 0.6, 0.4),  # times its size
    "loud": (1.25, 1.7, 2.4),
    "scatter": (0.015, 0.05, 0.15),
    "edge": (0.6, 0.85, 1.0),  # of the way to the canvas's edge
    "faint": (0.4, 0.65, 0.9),  # of the way to the colour behind
}
KINDS = tuple(_AMOUNTS)
_OF_LETTERS = frozenset({"title", "loud", "faint"})
_ACROSS = 0.7  # how often a text is shifted across, rather than down


def damaged(
    elements: Sequence[Element],
    ground: np.ndarray,
    subject: np.ndarray,
    kind: str,
    grade: str,
    rng: Rng,
) -> Elements | None:
    """The elements with a damage of a kind and grade; None where it would change nothing that can be seen. `ground`
    (h, w, 3) and `subject` (h, w) are the canvas's as the critic sees them."""
    if kind not in _AMOUNTS:
        raise ValueError(f"a damage is {kind!r}; known: {', '.join(KINDS)}")
    amount = _AMOUNTS[kind][GRADES.index(grade)]
    texts = [i for i, element in enumerate(elements) if element.role is not Role.UNDERLAY]
    if kind in _OF_LETTERS:
        texts = [i for i in texts if elements[i].lines and (elements[i].role is Role.TITLE) == (kind == "title")]
        texts = texts if kind != "faint" else [i for i, element in enumerate(elements) if element.lines]
    if not texts:
        return None
    out, at = list(elements), int(rng.choice(texts))
    match kind:
        case "shift":
            sign = rng.choice([-1, 1])
            _move(out, at, *((amount * sign, 0.0) if rng.random() < _ACROSS else (0.0, amount * sign)))
        case "scatter":
            for i in texts:
                _move(out, i, *rng.uniform(-amount, amount, 2))
        case "title" | "loud":
            out[at] = _scaled(out[at], amount)
        case "faint":
            out[at] = replace(out[at], colour=_faint(out, at, ground, amount))
        case _:
            goal = _goal(kind, out, at, subject, rng)
            if goal is None:
                return None
            _towards(out, at, goal, amount)
    return out if _differs(elements, out) else None


def _goal(kind: str, out: Elements, at: int, subject: np.ndarray, rng: Rng) -> tuple[float, float] | None:
    """Where a text must not be: on the subject, on its neighbour, at the canvas's edge; None where there is none."""
    x, y = _middle(out[at].box)
    if kind == "subject":
        rows, columns = np.nonzero(subject > 0.5)
        height, width = subject.shape
        return ((columns.mean() + 0.5) / width, (rows.mean() + 0.5) / height) if len(rows) else None
    if kind == "overlap":
        others = [_middle(e.box) for i, e in enumerate(out) if i != at and e.role is not Role.UNDERLAY]
        return min(others, key=lambda other: abs(other[0] - x) + abs(other[1] - y), default=None)
    width, height = out[at].box[2] - out[at].box[0], out[at].box[3] - out[at].box[1]
    edges = [(width / 2, y), (1 - width / 2, y), (x, height / 2), (x, 1 - height / 2)]
    return edges[int(rng.integers(len(edges)))]


def _move(out: Elements, at: int, x: float, y: float) -> None:
    """Move a text, and the ground that it has for itself, without leaving the canvas."""
    under, moved = out[at].underlay, [at]
    if under is not None and sum(element.underlay == under for element in out) == 1:
        moved.append(under)
    box = union([out[i].box for i in moved]) or out[at].box
    x, y = (min(max(step, -low), max(-low, 1 - high)) for step, low, high in ((x, box[0], box[2]), (y, box[1], box[3])))
    for i in moved:
        left, top, right, bottom = out[i].box
        out[i] = replace(out[i], box=(left + x, top + y, right + x, bottom + y))


def _towards(out: Elements, at: int, goal: tuple[float, float], share: float) -> None:
    x, y = _middle(out[at].box)
    _move(out, at, share * (goal[0] - x), share * (goal[1] - y))


def _middle(box: Box) -> tuple[float, float]:
    return (box[0] + box[2]) / 2, (box[1] + box[3]) / 2


def _scaled(element: Element, factor: float) -> Element:
    """A text in another size about its middle."""
    (x, y), (left, top, right, bottom) = _middle(element.box), element.box
    box = (x + factor * (left - x), y + factor * (top - y), x + factor * (right - x), y + factor * (bottom - y))
    runs = tuple(
        replace(run, **{name: factor * getattr(run, name) for name in ("x_px", "baseline_px", "width_px")})
        for run in element.runs
    )
    px, line = max(1, round(factor * element.font_px)), max(1, round(factor * element.line_height_px))
    return replace(element, box=box, font_px=px, line_height_px=line, runs=runs)


def _faint(out: Elements, at: int, ground: np.ndarray, share: float) -> str:
    """A text's colour moved towards what is behind it."""
    under, box = out[at].underlay, out[at].box
    if under is not None and out[under].opacity > 0.5:
        behind = np.asarray(colour.to_rgb(out[under].colour), float)
    else:
        height, width = ground.shape[:2]
        rows = slice(int(box[1] * height), max(int(box[1] * height) + 1, int(box[3] * height)))
        columns = slice(int(box[0] * width), max(int(box[0] * width) + 1, int(box[2] * width)))
        part = ground[rows, columns].reshape(-1, 3)
        behind = part.mean(0) if len(part) else np.full(3, 128.0)
    own = np.asarray(colour.to_rgb(out[at].colour), float)
    red, green, blue = np.rint(own + share * (behind - own)).astype(int)
    return f"#{red:02x}{green:02x}{blue:02x}"


def _differs(before: Sequence[Element], after: Sequence[Element]) -> bool:
    """Whether more than a trace was changed: a pixel of a sketch, or a visible colour."""
    for was, now in zip(before, after, strict=True):
        far = max(abs(a - b) for a, b in zip(was.box, now.box, strict=True))
        if far > 0.01 or (was.colour != now.colour and area(now.box) > 0):
            return True
    return False
