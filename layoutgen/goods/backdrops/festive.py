"""Scenes of sales and festivals: lanterns, confetti, rays, lights and ribbons."""

import cv2
import numpy as np

from layoutgen.goods.backdrops.forms import cylinder, floor, neighbours, raised, room
from layoutgen.goods.backdrops.stage import Stage, above, shaded
from layoutgen.goods.sheet import Array, blur


def _burst(s: Stage, count: int, strength: float, colour: Array) -> None:
    """Rays from behind the product, quiet where text stands."""
    angle = np.arctan2(s.y - s.centre, s.x - s.middle)
    wave = np.sin(angle * count)
    ray = np.clip(wave * 12, -1, 1) * 0.5 + 0.5
    reach = np.hypot(s.x - s.middle, s.y - s.centre) / s.unit
    share = s.calm(np.asarray(ray * np.exp(-reach * 0.9) * strength, np.float32), 0.35 * strength, 0.9)
    s.image += (colour - s.image) * s.large(share)[..., None].clip(0, 1)


def _reach(s: Stage) -> float:
    return max(s.wide * 0.66, 0.17 * s.unit)


def _stage(s: Stage, colour: Array) -> None:
    """A round stage of two steps."""
    across = _reach(s)
    cylinder(s, s.middle, s.foot + 0.05 * across, across * 1.22, 0.6 * s.unit, s.floor)
    cylinder(s, s.middle, s.foot - 0.3 * across * 0.17, across, 0.11 * across, colour)


def lanterns(s: Stage) -> None:
    """Paper lanterns in the upper corners, a great moon behind the product, a round stage."""
    n, u, rng = s.numbers, s.unit, s.rng
    stands = raised(s, 1.22 * _reach(s), 0.08 * u)
    s.image[:] = s.surface(s.wall, s.glow(1.2))
    floor(s, 0.05 * u)
    reach = max(0.62 * s.tall, 0.66 * s.wide) * (0.95 + 0.25 * n.scale)
    moon = above(s.ellipse(s.middle, s.centre - 0.03 * u, reach), s.horizon)
    s.multiply(
        np.asarray(1 + s.calm(np.asarray(0.22 * s.pool(s.middle, s.centre, reach * 1.15), np.float32)), np.float32)
    )
    s.lay(
        moon,
        s.surface(s.second, np.asarray(0.94 + 0.16 * s.pool(s.middle, s.centre - 0.4 * reach, reach), np.float32)),
        0.92,
    )
    if stands:
        _stage(s, s.prop)
    size = u * (0.050 + 0.022 * n.scale)
    for side in (-1, 1):
        for k in range(1 + round(1.4 * n.props)):
            x = s.width / 2 + side * (s.width / 2 - size * (1.25 + 2.1 * k))
            y = size * (1.9 - 0.8 * k) + rng.uniform(0, 0.04) * u
            r = size * (1 - 0.25 * k)
            if s.is_free(x - 1.2 * r, 0, x + 1.2 * r, y + 2.6 * r):
                lantern(s, x, y, r, s.prop if k % 2 == 0 else s.accent)


def lantern(s: Stage, x: float, y: float, radius: float, colour: Array) -> None:
    """A lantern that hangs with its middle at (x, y), px: ribs, caps, a cord and a tassel."""
    gold = s.accent if colour is s.prop else s.prop
    s.lay(s.box(x - 0.02 * radius - 0.6, 0, x + 0.02 * radius + 0.6, y), gold, 0.9)
    whole = s.ellipse(x, y, radius * 1.12, radius * 0.90)
    s.cast(whole, (0.10 * radius, 0.28 * radius), 0.25 * radius, 0.28)
    if whole is not None:
        rows, columns = np.mgrid[0 : whole.mask.shape[0], 0 : whole.mask.shape[1]].astype(np.float32)
        across, down = (columns + whole.left - x) / (1.12 * radius), (rows + whole.top - y) / (0.9 * radius)
        ribs = across / np.sqrt(np.clip(1 - down * down, 0.02, 1))
        seam = np.abs(np.sin(np.pi * np.arcsin(np.clip(ribs, -1, 1)) * 2.55))
        light = 1.16 - 0.42 * np.clip(across * across + down * down, 0, 1) - 0.13 * np.exp(-seam * 9)
        s.lay(whole, shaded(colour, np.asarray(light, np.float32)))
    for level in (-0.90, 0.90):
        s.lay(
            s.box(
                x - 0.42 * radius,
                y + level * radius - 0.10 * radius,
                x + 0.42 * radius,
                y + level * radius + 0.10 * radius,
                0.05 * radius,
            ),
            gold,
        )
    for k in range(-3, 4):
        s.lay(
            s.box(
                x + k * 0.07 * radius - 0.025 * radius,
                y + radius,
                x + k * 0.07 * radius + 0.025 * radius,
                y + (1.75 - 0.03 * k * k) * radius,
            ),
            gold,
            0.85,
        )


def confetti(s: Stage) -> None:
    """Paper pieces in the air about a stage, before rays."""
    n, u, rng = s.numbers, s.unit, s.rng
    stands = raised(s, 1.22 * _reach(s), 0.10 * u)
    s.image[:] = s.surface(s.wall, s.glow(1.1))
    _burst(s, 9, 0.12 + 0.18 * n.contrast, s.second)
    floor(s, 0.04 * u)
    if stands:
        _stage(s, s.prop)
    for _ in range(round(50 + 90 * n.props)):
        x, y = rng.uniform(0, s.width), rng.uniform(-0.02, 0.86) * s.height
        size = u * rng.uniform(0.006, 0.015) * (0.8 + 0.5 * n.scale)
        near = abs(x - s.middle) < 0.62 * s.wide and abs(y - s.centre) < 0.62 * s.tall
        if near or not s.is_free(x - size, y - size, x + size, y + size):
            continue
        turn, fold = rng.uniform(0, np.pi), rng.uniform(0.35, 1.0)
        ax = np.array([np.cos(turn), np.sin(turn)]) * size
        ay = np.array([-np.sin(turn), np.cos(turn)]) * size * fold * 0.6
        piece = s.polygon([tuple((x, y) + a * ax + b * ay) for a, b in ((-1, -1), (1, -1), (1, 1), (-1, 1))])
        colour = (s.accent, s.second, s.prop)[int(rng.integers(3))]
        s.cast(piece, (0.2 * size, 0.7 * size), 0.5 * size, 0.22)
        s.lay(piece, shaded(colour, np.full((1, 1), 0.78 + 0.42 * fold, np.float32))[0, 0])


def rays(s: Stage) -> None:
    """A sunburst behind the product, and a round stage."""
    n, u = s.numbers, s.unit
    stands = raised(s, 1.22 * _reach(s), 0.08 * u)
    s.image[:] = s.surface(s.wall, s.glow(1.0))
    angle = np.arctan2(
        np.arange(s.height, dtype=np.float32)[:, None] - s.centre, np.arange(s.width, dtype=np.float32)[None] - s.middle
    )
    ray = np.clip(0.5 + np.sin(angle * round(8 + 8 * n.scale)) * 14, 0, 1)
    loud = s.large(np.asarray((1 - 0.93 * s.quiet) * (0.30 + 0.45 * n.contrast), np.float32))
    s.image += (s.second - s.image) * (ray * loud)[..., None]
    glow = s.calm(np.asarray(0.55 * s.pool(s.middle, s.centre, 0.30 * u + 0.2 * s.wide), np.float32), 0.0, 0.8)
    s.image += (np.minimum(s.second * 0.5 + 0.5, 1) - s.image) * s.large(glow)[..., None]
    floor(s, 6.0)
    if stands:
        _stage(s, s.prop)
    neighbours(s, s.accent, depth=0.10 * u)


def bokeh(s: Stage) -> None:
    """Lights far out of focus over a dark, glossy floor."""
    n, u, rng = s.numbers, s.unit, s.rng
    base = s.blended(s.wall, s.second, np.clip(s.y / max(s.horizon, 1) * 0.8, 0, 1))
    glow = np.zeros((*s.coarse, 3), np.float32)
    for _ in range(round(22 + 26 * n.props)):
        radius = u * rng.uniform(0.012, 0.050) * (0.7 + 0.6 * n.scale)
        x, y = rng.uniform(0, s.width), rng.normal(0.60, 0.22) * s.horizon
        if y > s.horizon - 0.4 * radius or not s.is_free(x - radius, y - radius, x + radius, y + radius, 0.0):
            continue
        layer = np.zeros(s.coarse, np.float32)
        place, size = (int(x * 4), int(y * 4)), int(radius * 4)
        cv2.circle(layer, place, size, 0.75, -1, cv2.LINE_AA, 4)
        cv2.circle(layer, place, size, 1.0, max(1, size // 60), cv2.LINE_AA, 4)
        colour = s.prop if rng.random() < 0.6 else s.accent
        glow += layer[..., None] * colour * np.float32(rng.uniform(0.12, 0.45))
    glow = blur(glow, max(0.7, 0.003 * u / 4)) * (1 - 0.9 * s.quiet[..., None])
    wall = np.clip(base + glow, 0, 1)
    start = int(np.clip(s.horizon / 4, 1, s.coarse[0] - 1))
    mirrored = np.zeros_like(wall)
    below = wall[max(0, 2 * start - s.coarse[0]) : start][::-1]
    mirrored[start : start + len(below)] = below[: s.coarse[0] - start]
    mirrored[start + len(below) :] = below[-1] if len(below) else 0
    mirrored = cv2.GaussianBlur(mirrored, (0, 0), sigmaX=0.008 * u / 4, sigmaY=0.05 * u / 4)
    pool = s.pool(s.middle, s.foot, 0.5 * s.wide + 0.1 * u, 0.07 * u)[..., None]
    ground = np.clip(s.floor * (0.75 + 0.25 * pool) + 0.35 * mirrored, 0, 1)
    cover = s.below(s.horizon, 0.02 * u)[..., None]
    s.image[:] = s.large(np.asarray((wall * (1 - cover) + ground * cover) * s.corners()[..., None], np.float32))


def ribbons(s: Stage) -> None:
    """Satin ribbons that wave in from the canvas's edges, on plain paper."""
    n, u, rng = s.numbers, s.unit, s.rng
    room(s, edge=0.16 * u)
    for number in range(2 + round(n.props)):
        side = 1 if (number % 2 == 0) == (n.side > 0) else -1
        high = number < 2
        y0 = s.height * (rng.uniform(0.02, 0.14) if high else rng.uniform(0.80, 0.92))
        reach = u * (0.34 + 0.16 * n.scale)
        wide = u * rng.uniform(0.026, 0.042)
        t = np.linspace(0, 1, 70)
        x = (0 if side < 0 else s.width) - side * t * reach * 1.0 + side * 0.03 * u
        if not s.is_free(min(x), y0 - 0.07 * u, max(x), y0 + 0.10 * u):
            continue
        phase = rng.uniform(0, 1.5)
        y = y0 + 0.05 * u * np.sin(7.0 * t + phase) * (0.4 + 0.6 * t)
        twist = np.cos(8.5 * t + phase)
        upper, lower = y - 0.5 * wide * np.abs(twist) - 1, y + 0.5 * wide * np.abs(twist) + 1
        whole = s.polygon(np.vstack([np.stack([x, upper], 1), np.stack([x, lower], 1)[::-1]]))
        s.cast(whole, (0.01 * u, 0.025 * u), 0.014 * u, 0.26)
        for k in range(len(t) - 1):
            quad = [(x[k], upper[k]), (x[k + 1], upper[k + 1]), (x[k + 1], lower[k + 1]), (x[k], lower[k])]
            lit = 0.84 + 0.34 * np.sin(8.5 * t[k] + phase + 0.9) ** 2 - 0.12 * (twist[k] < 0)
            s.lay(
                s.polygon(quad),
                shaded(s.prop if twist[k] > 0 else s.prop * 0.82, np.full((1, 1), lit, np.float32))[0, 0],
            )
    neighbours(s, s.accent)
