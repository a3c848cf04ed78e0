"""Ornaments on the flat part of a ground, sparingly: where neither text nor photo is."""

from collections.abc import Iterator, Sequence

from layoutgen.core import colour
from layoutgen.core.layout import Box, Canvas, Ornament, intersection
from layoutgen.core.styles.style import Style
from layoutgen.models.composers.rules.arrangements import Spot
from layoutgen.models.composers.rules.photo import Photo
from layoutgen.models.composers.rules.scenes import Scene

_MOST = 2
_FLAT = frozenset({"panel", "split", "card", "cut_out", "extend", "collage"})
_SIZES = {"corner": (0.07, 0.07), "dots": (0.13, 0.09), "ring": (0.16, 0.16), "disc": (0.16, 0.16)}
"""Of ornaments in a corner, shares of the canvas's short side."""
_INSET, _GAP = 0.028, 0.012
_BAR, _RULE = 0.014, (0.1, 0.007)
_OPACITIES = {"dots": 0.5, "ring": 0.5, "disc": 0.35}
_CHROMA = 0.13


def ornaments(
    photo: Photo, scene: Scene, style: Style, spots: Sequence[Spot], backdrop: str, canvas: Canvas
) -> tuple[Ornament, ...]:
    """Those that a style draws on a scene's flat ground beside its copy, at most one of each of its kinds and two in
    all."""
    texts = [spot.box(canvas) for spot in spots]
    if scene.ground not in _FLAT:
        return ()
    drawn: list[Ornament] = []
    tone = _tone(photo, style, backdrop)
    for kind in style.ornaments:
        taken = [*texts, *(ornament.box for ornament in drawn)]
        for box in _places(kind, texts, spots[0].alignment == "center", canvas):
            if _is_free(box, taken, scene):
                drawn.append(Ornament(kind, box, tone, _OPACITIES.get(kind, 1.0)))
                break
        if len(drawn) == _MOST:
            break
    return tuple(drawn)


def _tone(photo: Photo, style: Style, backdrop: str) -> str:
    """The accent, as much lighter or darker than the ground as lets it be seen and no more."""
    lightness = float(colour.to_oklch(colour.to_rgb(backdrop))[0])
    return colour.tint(photo.accent, lightness - 0.3 if lightness > 0.55 else lightness + 0.35, _CHROMA)


def _places(kind: str, texts: list[Box], is_centred: bool, canvas: Canvas) -> Iterator[Box]:
    """Where an ornament may be, the likeliest first: a rule above the copy, a bar at the canvas's side, others in its
    corners, the furthest from the copy first."""
    short = min(canvas.width, canvas.height)
    x, y = short / canvas.width, short / canvas.height
    left, top = texts[0][0], texts[0][1]
    if kind == "rule":
        if is_centred:
            left = (texts[0][0] + texts[0][2] - _RULE[0] * x) / 2
        yield (left, top - (_RULE[1] + 2 * _GAP) * y, left + _RULE[0] * x, top - 2 * _GAP * y)
    elif kind == "bar":
        yield from ((0.0, 0.0, _BAR * x, 1.0), (1 - _BAR * x, 0.0, 1.0, 1.0), (0.0, 1 - _BAR * y, 1.0, 1.0))
    else:
        width, height = _SIZES[kind][0] * x, _SIZES[kind][1] * y
        away = sorted(
            ((right, low) for right in (False, True) for low in (False, True)),
            key=lambda corner: (-abs(corner[0] - left) - abs(corner[1] - top), corner),
        )
        for is_right, is_low in away:
            x1 = 1 - _INSET * x - width if is_right else _INSET * x
            y1 = 1 - _INSET * y - height if is_low else _INSET * y
            yield (x1, y1, x1 + width, y1 + height)


def _is_free(box: Box, taken: list[Box], scene: Scene) -> bool:
    around = (box[0] - _GAP, box[1] - _GAP, box[2] + _GAP, box[3] + _GAP)
    on_photo = 0.0 if scene.ground in ("cut_out", "extend") else scene.on_photo(around)
    subject = scene.covered((max(0.0, box[0]), max(0.0, box[1]), min(1.0, box[2]), min(1.0, box[3])))
    is_clear = scene.ground not in ("cut_out", "extend") or subject < 0.005
    return box[1] >= 0 and is_clear and on_photo == 0 and not any(intersection(around, other) > 0 for other in taken)
