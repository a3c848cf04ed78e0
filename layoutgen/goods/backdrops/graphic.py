"""Graphic scenes: paper layers, soft colour fields, rings, halves, a grid and a ring of light."""

import cv2
import numpy as np

from layoutgen.goods.backdrops.forms import FLATTEN, cylinder, floor, neighbours, raised, room
from layoutgen.goods.backdrops.stage import Part, Stage, around, shaded
from layoutgen.goods.sheet import blur


def paper(s: Stage) -> None:
    """Cut paper in waves, layer over layer, from below."""
    n, u, rng = s.numbers, s.unit, s.rng
    s.image[:] = s.surface(s.wall, s.glow())
    reach = max(0.60 * s.tall, 0.66 * s.wide) * (0.95 + 0.25 * n.scale)
    disc = s.ellipse(s.middle, s.centre - 0.05 * u, reach)
    s.cast(disc, (-n.light * 0.01 * u, 0.014 * u), 0.018 * u, 0.20)
    s.lay(disc, s.surface(s.second, s.glow(0.4)))
    x = np.linspace(-0.05 * s.width, 1.05 * s.width, 120)
    colours = [s.second * 0.5 + s.floor * 0.5, s.floor, s.prop]
    levels = [s.foot - 0.085 * u, s.foot - 0.02 * u, s.foot + 0.115 * u]
    for number, (level, colour) in enumerate(zip(levels, colours, strict=True)):
        phase, count = rng.uniform(0, 6.3), rng.uniform(1.2, 2.0)
        if number == 2 and not s.is_free(0, level - 0.05 * u, s.width, level + 0.05 * u):
            continue
        bow = np.sin(2 * np.pi * count * x / s.width + phase) * 0.032 * u * (0.6 + 0.8 * n.scale)
        flat = np.exp(-(((x - s.middle) / (0.55 * s.wide + 0.05 * u)) ** 2)) if number == 1 else 0
        top = level + bow * (1 - flat)
        wave = s.polygon([*zip(x, top, strict=True), (x[-1], s.height + 9), (x[0], s.height + 9)])
        s.cast(wave, (0, -0.010 * u), 0.012 * u, 0.22)
        shade = 1.02 - 0.10 * np.clip((s.y - level) / (0.4 * u), 0, 1)
        s.lay(wave, s.surface(colour, np.asarray(shade, np.float32)))
    s.image *= s.texture(190, 0.012 + 0.014 * n.texture, octaves=2)[..., None]


def mesh(s: Stage) -> None:
    """Colours that flow into each other."""
    n, rng = s.numbers, s.rng
    colours = np.stack([s.wall, s.second, s.floor, s.second * 0.6 + s.wall * 0.4, s.prop])
    weights, total = np.zeros((*s.coarse, 1), np.float32), np.zeros((*s.coarse, 3), np.float32)
    for k, colour in enumerate(colours):
        for _ in range(2 if k < 4 else 1):
            x, y = rng.uniform(0, 1) * s.width, rng.uniform(0, 1) * s.height
            pool = s.pool(x, y, (0.22 + 0.16 * n.softness) * s.unit)[..., None] * (1.0 if k < 4 else 0.55) + 1e-4
            total += pool * colour
            weights += pool
    field = total / weights
    shade = s.glow(0.7)
    s.image[:] = s.large(np.asarray(field * shade[..., None], np.float32))


def rings(s: Stage) -> None:
    """Rings about the product, each a little lighter, over a soft floor."""
    n, u = s.numbers, s.unit
    s.image[:] = s.surface(s.wall, s.glow())
    reach = max(0.60 * s.tall, 0.62 * s.wide)
    for k in range(4, 0, -1):
        radius = reach * (0.92 + (0.26 + 0.12 * n.scale) * (k - 1))
        part = s.ellipse(s.middle, s.centre, radius)
        if part is None:
            continue
        share = (0.16 + 0.20 * n.contrast) * (5 - k) / 2.2
        fade = s.large(1 - 0.9 * s.quiet)[part.window]
        s.lay(Part(part.left, part.top, part.mask * fade.clip(0, 1)), s.second, min(share, 0.8))
    across = max(s.wide * 0.62, 0.16 * u)
    stands = raised(s, across, 0.03 * u)
    floor(s, 0.03 * u + 0.10 * u * n.softness)
    if stands:
        cylinder(s, s.middle, s.foot - 0.3 * across * FLATTEN, across, 0.10 * across, s.prop)


def split(s: Stage) -> None:
    """Two colours that meet in a slanting line, over a floor."""
    n, u = s.numbers, s.unit
    s.image[:] = s.surface(s.wall, s.glow(0.7))
    lean = (0.10 + 0.30 * n.scale) * (1 if n.side > 0 else -1) * s.height
    middle = s.middle + n.side * 0.12 * s.wide
    right = s.polygon(
        [(middle + lean / 2, -9), (s.width + u, -9), (s.width + u, s.height + 9), (middle - lean / 2, s.height + 9)]
    )
    s.cast(right, (-0.006 * u, 0), 0.012 * u, 0.14 * n.contrast)
    s.lay(right, s.surface(s.second, s.glow(0.7)))
    across = max(s.wide * (0.62 + 0.1 * n.scale), 0.16 * u)
    if raised(s, across, 0.03 * u):
        cylinder(s, s.middle, s.foot - 0.3 * across * FLATTEN, across, max(0.10 * across, 0.06 * u), s.prop)
    neighbours(s, s.accent, depth=0.03 * u)


def grid(s: Stage) -> None:
    """A grid of light on a dark floor that runs to a glowing horizon."""
    n, u = s.numbers, s.unit
    high = np.clip(s.y / max(s.horizon, 1), 0, 1)
    wall = s.blended(s.wall, s.wall * 0.6 + s.second * 0.4, high**2)
    glow = np.exp(-np.abs(s.y - s.horizon) / (0.055 * u)) * s.pool(s.middle, s.horizon, 0.5 * u, 9 * u)
    halo = 0.5 * s.pool(s.middle, s.centre, 0.45 * s.wide + 0.10 * u, 0.5 * s.tall + 0.05 * u)
    light = s.calm(np.asarray(np.maximum(glow, halo) * (0.5 + 0.4 * n.contrast), np.float32), 0.08)
    s.image[:] = s.large(np.clip(wall + light[..., None] * s.second * 0.75, 0, 1))
    top = int(np.clip(round(s.horizon), 0, s.height - 1))
    rows = np.arange(top, s.height, dtype=np.float32)[:, None]
    columns = np.arange(s.width, dtype=np.float32)[None]
    down = np.clip((rows - s.horizon) / (0.40 * u), 1e-3, None)
    away = 1 / down
    pitch = 0.55 + 0.35 * n.scale
    cross = away * 0.9 / pitch * 2.2
    along = (columns - s.middle) / u * 3.4 * away / pitch * 0.42
    near = np.minimum(down * 1.3, 1)
    lines = np.maximum(
        _line(cross, 2.0 / (0.40 * u) * away * away * 2.0 / pitch), _line(along, 3.4 * away / pitch * 0.42 / u * 1.6)
    )
    ground = shaded(s.floor, np.asarray(0.9 - 0.25 * near + 0 * columns, np.float32))
    ground = ground + s.accent * (lines * near * (0.35 + 0.3 * n.texture))[..., None]
    quiet = s.large(s.quiet)[top:, :, None].clip(0, 1)
    plain = shaded(s.floor, np.asarray(0.9 - 0.25 * near + 0 * columns, np.float32))
    ground = ground + (plain - ground) * quiet * 0.95
    fade = np.exp(-(rows - s.horizon) / (0.05 * u))[..., None]
    s.image[top:] = np.clip(ground + fade * s.second * 0.45 * (1 - quiet), 0, 1)


def _line(value: np.ndarray, thin: np.ndarray) -> np.ndarray:
    """Lines at whole numbers of a value, `thin` wide in its units, 1 in their middle."""
    off = np.abs(value - np.round(value))
    return np.asarray(np.clip(1.5 - off / np.maximum(thin, 1e-4), 0, 1), np.float32)


def halo(s: Stage) -> None:
    """A ring of light on the wall behind the product, and its reflection."""
    n, u = s.numbers, s.unit
    room(s, edge=0.05 * u, strength=0.6)
    reach = max(0.56 * s.tall, 0.62 * s.wide) * (0.95 + 0.2 * n.scale)
    y = s.centre
    thick = (0.008 + 0.010 * n.contrast) * u
    tube = np.zeros(s.coarse, np.float32)
    cv2.ellipse(
        tube,
        (int(s.middle * 4), int(y * 4)),
        (int(reach * 4), int(reach * 4)),
        0,
        0,
        360,
        1.0,
        max(1, round(thick / 4 * 1.6)),
        cv2.LINE_AA,
        4,
    )
    spread = blur(tube, 0.018 * u / 4) * 1.2 + blur(tube, 0.06 * u / 4) * 1.5
    light = s.calm(np.asarray(np.clip(spread, 0, 1.2), np.float32), 0.05, 0.85)
    wall = np.asarray(1 - s.below(s.horizon, 0.02 * u), np.float32)
    mirrored = cv2.GaussianBlur(np.ascontiguousarray(light[::-1]), (0, 0), sigmaX=0.01 * u / 4, sigmaY=0.05 * u / 4)
    shift = np.array([[1, 0, 0], [0, 1, s.horizon / 2 - s.coarse[0]]], np.float32)
    mirrored = cv2.warpAffine(mirrored, shift, (s.coarse[1], s.coarse[0]))
    field = light * wall + 0.30 * mirrored * (1 - wall)
    s.image += s.large(np.asarray(field[..., None] * s.second * 0.62, np.float32))
    ring = around(s.ellipse(s.middle, y, reach + thick / 2), s.ellipse(s.middle, y, reach - thick / 2))
    if ring is not None:
        over = s.large(np.asarray(wall * (1 - 0.95 * s.quiet), np.float32))[ring.window].clip(0, 1)
        s.lay(Part(ring.left, ring.top, ring.mask * over), np.minimum(s.second * 0.35 + 0.68, 1))
    np.clip(s.image, 0, 1, out=s.image)
