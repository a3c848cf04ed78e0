"""Things that stand in scenes: cylinders, blocks, balls, leaves, and the floor that they stand on."""

import cv2
import numpy as np

from layoutgen.goods.backdrops.stage import Part, Stage, shaded
from layoutgen.goods.sheet import Array, blur

FLATTEN = 0.17  # how flat a circle on the floor looks


def room(s: Stage, *, edge: float | None = None, strength: float = 1.0) -> None:
    """A wall and a floor; `edge` is how soft their meeting is, px. The light lies on both."""
    soft = edge if edge is not None else s.unit * (0.004 + 0.05 * s.numbers.softness**2)
    s.image[:] = s.surface(s.wall, s.glow(strength))
    floor(s, soft)


def floor(s: Stage, soft: float, colour: Array | None = None) -> None:
    """The floor alone, from the horizon down: lighter under the product, darker towards us."""
    n = s.numbers
    deep = np.clip((s.y - s.horizon) / max(s.height - s.horizon, 1), 0, 1)
    pool = s.pool(s.middle - 0.10 * n.light * s.unit, s.foot, 0.40 * s.unit, 0.20 * s.unit)
    shade = (0.95 + 0.13 * pool - (0.05 + 0.12 * n.contrast) * deep) * s.corners()
    near = np.exp(-np.clip(s.y - s.horizon, 0, None) / (0.025 * s.unit + soft))
    shade = np.asarray(shade - 0.05 * near * (1 - n.softness), np.float32)
    cover = s.large(s.below(s.horizon, max(soft, 6.0)))[..., None] if soft > 6 else None
    ground = s.surface(s.floor if colour is None else colour, shade)
    if cover is not None:
        s.image += (ground - s.image) * cover
    else:
        top = int(np.clip(round(s.horizon), 0, s.height))
        s.image[top:] = ground[top:]
        if 0 < top < s.height:
            s.image[top - 1] = (s.image[top - 1] + ground[top]) / 2


def raised(s: Stage, reach: float, drop: float) -> bool:
    """Whether the product may stand on something that reaches so far to its sides, down out of the picture, because no
    text is there; then the floor begins `drop` px below its foot."""
    if not s.may_stand(reach, s.height):
        return False
    if s.foot <= s.height:  # else nothing stands here, and no floor comes into the picture
        s.horizon = min(s.foot + drop, 0.94 * s.height)
    return True


def cylinder(s: Stage, x: float, top: float, across: float, tall: float, colour: Array) -> None:
    """A round block whose upper face's middle is at (x, top), px; `tall` may run out of the picture."""
    n = s.numbers
    down = across * FLATTEN
    t = np.linspace(0, np.pi, 90)
    low = np.stack([x + across * np.cos(t), top + tall + down * np.sin(t)], 1)
    body = s.polygon(np.concatenate([low, [(x - across, top), (x + across, top)]]))
    ground = s.polygon(np.stack([x + across * np.cos(2 * t), top + tall + down * np.sin(2 * t)], 1))
    far = (-n.light * across * 0.30, down * 0.25)
    s.cast(ground, far, across * 0.16, 0.26 + 0.16 * n.contrast)
    s.cast(ground, (0, down * 0.10), across * 0.04, 0.30)
    if body is not None:
        columns = np.arange(body.left, body.left + body.mask.shape[1], dtype=np.float32)
        u = np.clip((columns - x) / across, -1, 1)
        facing = u * n.light * 0.75 + np.sqrt(1 - np.clip(u * u, 0, 0.999)) * 0.66
        rows = np.arange(body.top, body.top + body.mask.shape[0], dtype=np.float32)
        fade = 1 - 0.16 * np.clip((rows - top) / max(tall, 1), 0, 1)
        shade = (0.80 + 0.10 * (1 - n.contrast)) * (0.60 + 0.52 * facing)[None] * fade[:, None]
        s.lay(body, shaded(colour, np.asarray(shade, np.float32)))
    face = s.ellipse(x, top, across, down)
    rim = s.ellipse(x, top + 0.006 * s.unit, across * 1.0, down)
    if face is not None and rim is not None:
        s.lay(rim, shaded(colour, np.full((1, 1), 1.10, np.float32))[0, 0], 0.55)
        columns = np.arange(face.left, face.left + face.mask.shape[1], dtype=np.float32)
        slope = 1.08 + 0.06 * n.light * (columns - x) / across
        s.lay(face, shaded(colour, np.broadcast_to(slope, face.mask.shape).astype(np.float32)))


def block(s: Stage, left: float, right: float, top: float, bottom: float, colour: Array, lip: float = 0.045) -> None:
    """A rectangular block: its front from `top` to `bottom`, px, and the upper face behind it."""
    n = s.numbers
    depth = lip * s.unit
    middle = s.width / 2
    inset = 0.5 * depth
    back = [
        (left + inset * np.sign(middle - left) * 0.6, top - depth),
        (right + inset * np.sign(middle - right) * 0.6, top - depth),
    ]
    front = s.box(left, top, right, bottom)
    s.cast(front, (-n.light * 0.05 * s.unit, 0.012 * s.unit), 0.035 * s.unit, 0.26 + 0.14 * n.contrast)
    upper = s.polygon([*back, (right, top), (left, top)])
    if front is not None:
        rows = np.arange(front.top, front.top + front.mask.shape[0], dtype=np.float32)
        columns = np.arange(front.left, front.left + front.mask.shape[1], dtype=np.float32)
        fade = 0.93 - 0.10 * np.clip((rows - top) / max(bottom - top, 1), 0, 1)
        slope = 1 + 0.05 * n.light * (columns - (left + right) / 2) / max(right - left, 1)
        s.lay(front, shaded(colour, np.asarray(fade[:, None] * slope[None] * (1.0 - 0.10 * n.contrast), np.float32)))
    if upper is not None:
        s.lay(upper, shaded(colour, np.full(upper.mask.shape, 1.09, np.float32)))
        edge = s.box(left, top - 0.0012 * s.unit, right, top + 0.0016 * s.unit)
        s.lay(edge, shaded(colour, np.full((1, 1), 1.28, np.float32))[0, 0], 0.7)


def ball(s: Stage, x: float, foot: float, radius: float, colour: Array) -> None:
    """A matt ball that stands at (x, foot), px."""
    n = s.numbers
    y = foot - radius
    ground = s.ellipse(x, foot - radius * 0.10, radius * 0.72, radius * FLATTEN)
    s.cast(ground, (-n.light * radius * 0.7, 0.0), radius * 0.24, 0.42)
    s.cast(ground, (-n.light * radius * 0.15, 0.0), radius * 0.08, 0.40)
    part = s.ellipse(x, y, radius)
    if part is None:
        return
    rows, columns = np.mgrid[0 : part.mask.shape[0], 0 : part.mask.shape[1]].astype(np.float32)
    u, v = (columns + part.left - x) / radius, (rows + part.top - y) / radius
    w = np.sqrt(np.clip(1 - u * u - v * v, 0, 1))
    lit = np.clip(u * n.light * 0.62 - v * (0.35 + 0.35 * n.height) + 0.58 * w, -0.3, 1)
    bounce = 0.12 * np.clip(v, 0, 1)
    s.lay(part, shaded(colour, np.asarray(0.50 + 0.68 * np.clip(lit, 0, 1) + bounce, np.float32)))


def leaf(x: float, y: float, length: float, turn: float, wide: float = 0.20, bend: float = 0.10) -> tuple[Array, Array]:
    """A leaf's two halves as outlines, from its stalk at (x, y) in the direction `turn` (radians), px."""
    t = np.linspace(0, 1, 22)
    half = wide * length * np.sin(np.pi * t**0.75) * (1 - 0.25 * t)
    spine = np.stack([t * length, bend * length * np.sin(np.pi * t)], 1)
    turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    halves = []
    for side in (1, -1):
        rim = np.stack([spine[:, 0], spine[:, 1] + side * half], 1)
        halves.append((np.vstack([rim, spine[::-1]]) @ turned + (x, y)).astype(np.float32))
    return halves[0], halves[1]


def spray(
    s: Stage, x: float, y: float, turn: float, length: float, colour: Array, *, soft: float = 0.0, pairs: int = 7
) -> None:
    """A twig with leaves on both sides, out of focus by `soft` px, that throws a shadow where it is sharp."""
    rng = s.rng
    layer = np.zeros((s.height, s.width), np.float32) if soft else None
    bow = rng.uniform(-0.5, 0.5)
    t = np.linspace(0, 1, 24)
    stem = np.stack([x + length * t * np.cos(turn + bow * t), y + length * t * np.sin(turn + bow * t)], 1)
    if not soft:
        across = np.stack([-np.gradient(stem[:, 1]), np.gradient(stem[:, 0])], 1)
        across *= (0.010 - 0.007 * t)[:, None] * length / np.hypot(*across.T)[:, None]
        s.lay(s.polygon(np.vstack([stem + across, (stem - across)[::-1]])), colour * 0.66)
    for k in range(pairs):
        way = (k + 0.6) / pairs
        px = x + length * way * np.cos(turn + bow * way)
        py = y + length * way * np.sin(turn + bow * way)
        for side in (1, -1):
            size = length * (0.42 - 0.16 * way) * rng.uniform(0.85, 1.15)
            angle = turn + bow * way + side * (0.95 - 0.35 * way) + rng.uniform(-0.12, 0.12)
            halves = leaf(px, py, size, angle, rng.uniform(0.15, 0.20), side * 0.10)
            whole = s.polygon(np.vstack(halves))
            tone = rng.uniform(0.78, 1.06)
            if layer is not None:
                if whole is not None:
                    layer[whole.window] = np.maximum(layer[whole.window], whole.mask * tone)
                continue
            s.cast(whole, (0.006 * s.unit * (1 if s.numbers.light < 0 else -1), 0.010 * s.unit), 0.008 * s.unit, 0.20)
            for half, lit in zip(halves, (0.90, 1.06), strict=True):
                s.lay(s.polygon(half), shaded(colour, np.full((1, 1), tone * lit, np.float32))[0, 0])
    if layer is not None:
        cover = blur(np.asarray(np.minimum(layer * 1.4, 1), np.float32), soft)[..., None]
        tone = cv2.resize(blur(layer, soft), (s.width, s.height))[..., None]
        s.image += (colour * (0.72 + 0.30 * tone) - s.image) * cover


def corner_sprays(s: Stage, colour: Array, count: int, *, soft: float = 0.0) -> None:
    """Twigs that lean in from the canvas's edges, in corners without text."""
    w, h, u = s.width, s.height, s.unit
    corners = [(0.0, 0.0, 0.7), (w, 0.0, 2.4), (0.0, h * 0.98, -0.7), (w, h * 0.98, -2.4)]
    order = s.rng.permutation(4)
    if s.numbers.side > 0:
        order = order[np.argsort([corners[k][0] == 0 for k in order], kind="stable")]
    for k in order[: max(0, count)]:
        x, y, turn = corners[k]
        reach = u * s.rng.uniform(0.26, 0.38) * (0.7 + 0.6 * s.numbers.scale)
        left, right = (x - 0.1 * reach, x + reach) if x == 0 else (x - reach, x)
        top, bottom = (y, y + reach) if y == 0 else (y - reach, y)
        if not s.is_free(left, top, right, bottom):
            continue
        for spread in (-0.42, 0.30):
            spray(s, x, y, turn + spread, reach * s.rng.uniform(0.85, 1.1), colour, soft=soft, pairs=6)


def neighbours(s: Stage, colour: Array, *, depth: float = 0.0) -> None:
    """Plain forms beside the product, as many as the scene has: balls and low cylinders."""
    count = round(2.4 * s.numbers.props)
    size = min(s.wide * 0.30, s.tall * 0.34, 0.11 * s.unit) * (0.7 + 0.6 * s.numbers.scale)
    for number, x in enumerate(s.beside(size * 2, size * 2, depth)[:count]):
        radius = size * (1.0 if number == 0 else 0.66) * 0.62
        if (number + (s.numbers.scale > 0.5)) % 2 == 0:
            ball(s, x, s.foot + depth, radius, colour)
        else:
            cylinder(s, x, s.foot + depth - radius * 1.1, radius, radius * 1.1, colour)


def gobo(s: Stage, parts: list[Part | None], soft: float) -> Array:
    """Light through openings, (coarse) in [0, 1]: the parts' masks together, soft by px, less where text stands."""
    lit = np.zeros((s.height, s.width), np.float32)
    for part in parts:
        if part is not None:
            lit[part.window] = np.maximum(lit[part.window], part.mask)
    small = cv2.resize(lit, (s.coarse[1], s.coarse[0]), None, 0, 0, cv2.INTER_AREA)
    return s.calm(blur(small, soft / 4))
