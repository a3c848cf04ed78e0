"""What a designer would hold against a composition; 0 is nothing. Weights were set by looking at pictures.

A term is a share of what is missing, of what is too much, or a rate a designer pays for a way out.
"""

from layoutgen.core import colour
from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import Box, Canvas, Framing, area, intersection
from layoutgen.core.proposals.framings import Candidate
from layoutgen.core.styles.style import Style
from layoutgen.models.composers.rules.arrangements import Arrangement
from layoutgen.models.composers.rules.scenes import Scene

_GOOD_TITLE, _SMALL_TITLE, _TINY_TITLE = 0.085, 0.06, 0.05  # shares of the short side
_SMALL_SUBJECT, _WHITE = 0.22, 0.95
_FULL_ROOM, _FULL_CANVAS = 0.3, 0.42
_NO_SIDE = 0.08  # of the canvas
_BESIDE = frozenset({"panel", "split", "card", "collage"})


def of_framing(candidate: Candidate, style: Style, canvas: Canvas) -> float:
    """What it costs whatever stands on it: its ground in a style, a cut subject, a photo that leaves much of the canvas
    empty."""
    framing = candidate.framing
    visible = intersection(framing.extent, (0.0, 0.0, 1.0, 1.0))
    cost = candidate.cost + 14.0 * candidate.cut
    cost += style.grounds.get(framing.ground, 0.4 if framing.ground != "as_is" else 0.0)
    if framing.ground in _BESIDE:
        cost += 0.3 + 0.55 * (1 - visible)
    if framing.ground in ("bleed", "band", "frame"):
        cost += 0.12 * (1 - max(framing.crop[2] - framing.crop[0], framing.crop[3] - framing.crop[1]))
    if framing.ground == "outpaint":
        cost += 0.45 * candidate.carried
    return cost


def worth(framing: Framing) -> float:
    """What a collage is worth where the row leaves it open: more photos tell more of a product."""
    return 0.1 + 0.16 * len(framing.tiles)


def scarcity(candidate: Candidate, subject: Box, em_area: float, canvas: Canvas) -> float:
    """What a framing costs that leaves less room than a copy of `em_area` em² takes in a good size: a guess by the
    subject's box, before any scene is drawn."""
    short = min(canvas.width, canvas.height)
    wanted = em_area * (0.8 * _GOOD_TITLE * short) ** 2 / (canvas.width * canvas.height)
    free = max(_bands(candidate, subject).values())
    return 1.2 * max(0.0, 1 - 0.45 * free / wanted)


def open_side(candidate: Candidate, subject: Box) -> str:
    """The side of a photo at which its subject leaves the most room."""
    bands = _bands(candidate, subject)
    return max(bands, key=lambda name: bands[name])


def _bands(candidate: Candidate, subject: Box) -> dict[str, float]:
    """How much of the canvas is free at each side of the subject, or beside the photo."""
    picture = candidate.framing.extent
    left, top, right, bottom = picture if candidate.framing.ground in _BESIDE else on_canvas(subject, candidate.framing)
    if candidate.framing.ground in _BESIDE:
        only = {"left": left, "top": top, "right": 1 - right, "bottom": 1 - bottom}[candidate.side]
        return {candidate.side: only}
    return {"left": left, "top": top, "right": 1 - right, "bottom": 1 - bottom}


def of_scene(candidate: Candidate, ground: str | None, shown: float) -> float:
    """What a subject costs of which so little is `shown` (a share of the canvas) that it is too small to be looked at;
    white emptiness: a photo whose flat `ground` is as good as white makes a canvas of it that no style had a hand in;
    and worse, such a ground as a box on another colour."""
    framing = candidate.framing
    is_white = ground is not None and framing.ground in ("bleed", "extend", "outpaint") and _lightness(ground) > _WHITE
    is_boxed = ground is not None and framing.ground in _BESIDE and framing.blend != "cut_out"
    return 2.2 * max(0.0, _SMALL_SUBJECT - shown) + 0.3 * is_white + 0.7 * is_boxed


def _lightness(hex_colour: str) -> float:
    return float(colour.to_oklch(colour.to_rgb(hex_colour))[0])


def of_arrangement(scene: Scene, arrangement: Arrangement, texts: list[Box], style: Style, canvas: Canvas) -> float:
    """What the places of the texts cost: small titles, texts left out, on the subject, or lost in an empty room."""
    short = min(canvas.width, canvas.height)
    title = arrangement.title_px / short
    cost = style.blocks.get(arrangement.block, 0.15)
    cost += 0.8 * max(0.0, 1 - title / _GOOD_TITLE)
    cost += 0.6 * (title < _SMALL_TITLE - 1e-6) + 0.8 * (title < _TINY_TITLE - 1e-6)
    cost += 0.5 * arrangement.omitted
    cost += 9.0 * max(scene.covered(text) for text in texts)
    filled = sum(map(area, texts))
    if scene.ground in _BESIDE:
        empty = max(1e-6, 1 - intersection(scene.candidate.framing.extent, (0.0, 0.0, 1.0, 1.0)))
        cost += 1.1 * max(0.0, _FULL_ROOM - filled / empty)
    elif scene.ground in ("extend", "cut_out"):
        cost += 0.9 * max(0.0, _FULL_CANVAS - filled - scene.shown)
    elif scene.ground == "as_is":
        cost += 1.6 * max(0.0, _FULL_ROOM - filled / max(0.2, 1 - scene.shown))
    elif scene.ground == "outpaint":
        cost += 0.6 * max(0.0, _FULL_CANVAS - filled - scene.shown)
    whole = _middle(texts)
    cost += style.anchors.get(anchor_of(*whole), 0.0)
    lean = abs(0.5 * whole[0] + 0.5 * scene.centre[0] - 0.5) + 0.6 * abs(0.5 * whole[1] + 0.5 * scene.centre[1] - 0.5)
    return cost + 0.7 * lean


def anchor_of(across: float, down: float) -> str:
    """The side of the canvas at which copy stands whose middle is there (shares of it); middle at none."""
    x, y = across - 0.5, down - 0.5
    if max(abs(x), abs(y)) < _NO_SIDE:
        return "middle"
    return ("left" if x < 0 else "right") if abs(x) > abs(y) else ("top" if y < 0 else "bottom")


def of_bands(scene: Scene, bands: list[Box]) -> float:
    """What bands cost that lie on the subject, or take much of the photo."""
    return sum(9.0 * scene.covered(band) + 0.5 * max(0.0, area(band) - 0.25) for band in bands)


def _middle(texts: list[Box]) -> tuple[float, float]:
    """The middle of some boxes by their areas."""
    weights = [max(1e-9, area(text)) for text in texts]
    total = sum(weights)
    across = sum(weight * (text[0] + text[2]) / 2 for weight, text in zip(weights, texts, strict=True)) / total
    down = sum(weight * (text[1] + text[3]) / 2 for weight, text in zip(weights, texts, strict=True)) / total
    return across, down
