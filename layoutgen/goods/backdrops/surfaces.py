"""Scenes of materials: stone, wood, tiles and cloth."""

import cv2
import numpy as np

from layoutgen.goods.backdrops.forms import floor, neighbours, raised, room
from layoutgen.goods.backdrops.stage import Stage, shaded
from layoutgen.goods.sheet import Array, blur, noise


def _top(s: Stage, material: Array) -> None:
    """Lay a material (h, w, 3) from the horizon down, in the floor's light."""
    top = int(np.clip(round(s.horizon), 0, s.height - 1))
    shade = s.large(
        np.asarray(
            (1.02 + 0.10 * s.pool(s.middle, s.foot, 0.4 * s.unit) - 0.20 * s.below(s.height, s.unit)) * s.corners(),
            np.float32,
        )
    )
    s.image[top:] = material[top:] * shade[top:, :, None]
    dark = np.exp(-np.clip(s.horizon - s.y, 0, None) / (0.02 * s.unit)) * (s.y < s.horizon)
    s.multiply(np.asarray(1 - 0.12 * dark, np.float32))


def marble(s: Stage) -> None:
    """A marble top before a plain wall."""
    n = s.numbers
    room(s, edge=s.unit * 0.01)
    half = (-(-s.height // 2), -(-s.width // 2))
    y, x = np.mgrid[0 : half[0], 0 : half[1]].astype(np.float32) / (s.unit / 2)
    warp = noise(half, s.rng, 4, octaves=4)
    veins = np.zeros(half, np.float32)
    for frequency, strength in ((1.6, 0.85), (3.7, 0.40)):
        wave = np.abs(np.sin(np.pi * frequency * (x * 0.75 + y * 1.3) + 2.4 * warp))
        veins += strength * np.exp(-wave * 22)
    quiet = cv2.resize(s.quiet, half[::-1])
    share = np.clip((veins + 0.22 + 0.3 * noise(half, s.rng, 5, octaves=3)) * (0.3 + 0.6 * n.texture), 0, 1) * (
        1 - 0.85 * quiet
    )
    stone = s.blended(s.floor, s.floor * 0.55 + s.second * 0.2, share)
    _top(s, s.large(np.clip(stone, 0, 1)))
    neighbours(s, s.prop)


def wood(s: Stage) -> None:
    """A wooden top before a plain wall."""
    n, u = s.numbers, s.unit
    room(s, edge=u * 0.01)
    half = (-(-s.height // 2), -(-s.width // 2))
    grain = noise(half, s.rng, 90, octaves=3, stretch=22)
    y = np.arange(half[0], dtype=np.float32)[:, None] / (u / 2)
    bend = noise(half, s.rng, 3, octaves=3, stretch=4)
    rings = 0.5 + 0.5 * np.sin(2 * np.pi * (y * 7 + bend * 1.1))
    plank = 0.13 + 0.08 * n.scale
    number = np.floor(y / plank).astype(int)
    tone = s.rng.uniform(-0.5, 0.5, int(number.max()) + 1).astype(np.float32)[number]
    joint = np.minimum((y / plank) % 1, 1 - (y / plank) % 1) < 0.012
    quiet = cv2.resize(s.quiet, half[::-1])
    figure = (0.30 * rings**2 + 0.34 * grain) * (0.4 + 0.6 * n.texture) + 0.30 * tone
    shade = np.clip(0.97 + 0.26 * (figure - 0.1) * (1 - 0.8 * quiet) - 0.35 * joint * (1 - 0.6 * quiet), 0.3, 1.25)
    _top(s, s.large(shaded(s.floor, np.asarray(shade, np.float32))))
    neighbours(s, s.prop)


def tiles(s: Stage) -> None:
    """Glazed tiles behind a counter."""
    n, u = s.numbers, s.unit
    tall = u * (0.075 + 0.05 * n.scale)
    wide = tall * (1.0 if n.contrast > 0.5 else 2.1)
    y = np.arange(s.height, dtype=np.float32)[:, None] + np.float32(tall - s.horizon % tall)
    x = np.arange(s.width, dtype=np.float32)[None]
    row = np.floor(y / tall)
    shifted = x + (row % 2) * (wide / 2 if wide != tall else 0)
    column = np.floor(shifted / wide)
    tones = s.rng.uniform(-1, 1, 997).astype(np.float32)
    tone = tones[(row * 37 + column * 11).astype(int) % 997]
    v, h = y % tall, shifted % wide
    edge = np.minimum(np.minimum(v, tall - v), np.minimum(h, wide - h))
    joint = max(1.2, u * 0.0024)
    grout = np.clip(1.5 - edge / joint, 0, 1)
    bevel = np.clip(1 - edge / (joint * 4), 0, 1) * np.where(v < tall / 2, 0.10, -0.06)
    loud = s.large(np.asarray((1 - 0.93 * s.quiet) * (0.40 + 0.60 * n.texture), np.float32))
    shine = 0.10 * np.exp(-(((h / wide - 0.3) / 0.22) ** 2)) * (1 - v / tall)
    factor = 1 + (0.045 * tone + bevel + shine) * loud
    s.image[:] = s.surface(s.wall, s.glow())
    s.image *= factor[..., None]
    s.image += (s.second - s.image) * (grout * loud * 0.8)[..., None]
    floor(s, 5.0)
    neighbours(s, s.prop)


def drape(s: Stage) -> None:
    """A curtain in soft folds behind a plain floor."""
    n, u = s.numbers, s.unit
    half = (-(-s.height // 2), -(-s.width // 2))
    y, x = np.mgrid[0 : half[0], 0 : half[1]].astype(np.float32) / (u / 2)
    bend = noise(half, s.rng, 2.2, octaves=2)
    count = 9 - 4 * n.scale
    fall = 0.35 + 0.65 * np.clip(y * u / max(s.horizon, 1), 0, 1)
    fold = np.sin(2 * np.pi * count / 2 * x + 2.0 * bend * fall) + 0.45 * np.sin(
        2 * np.pi * count * 1.37 * x + 3.1 * bend + 1.7
    )
    slope = np.gradient(np.asarray(fold, np.float32))[1] * u / 60
    quiet = cv2.resize(s.quiet, half[::-1])
    depth = (0.5 + 0.5 * n.contrast) * (1 - 0.85 * quiet)
    shade = 0.93 + (0.11 * fold - 0.13 * np.sign(n.light) * np.tanh(slope)) * depth
    glow = cv2.resize(s.glow(0.8), half[::-1])
    s.image[:] = s.large(shaded(s.wall, np.asarray(shade * glow, np.float32)))
    floor(s, u * 0.012)
    shadow = np.exp(-np.clip(s.horizon - s.y, 0, None) / (0.03 * u)) * (s.y < s.horizon)
    s.multiply(np.asarray(1 - 0.18 * shadow, np.float32))
    neighbours(s, s.prop)


def silk(s: Stage) -> None:
    """Satin in waves, seen from above, smooth where the product lies."""
    n, u = s.numbers, s.unit
    half = (-(-s.height // 2), -(-s.width // 2))
    y, x = np.mgrid[0 : half[0], 0 : half[1]].astype(np.float32) / (u / 2)
    bend, drift = noise(half, s.rng, 1.3, octaves=2), noise(half, s.rng, 0.8, octaves=1)
    lean = 0.9 if n.light < 0 else -0.9
    along = (x * lean * 0.55 + y) * (2.1 + 1.6 * (1 - n.scale)) + 0.75 * bend
    sharp = np.sin(2 * np.pi * along) + 0.30 * np.sin(4 * np.pi * along + 1.1 + 5 * drift)
    height = blur(np.asarray(sharp * (0.55 + 0.45 * drift), np.float32), 0.006 * u / 2)
    down, across = np.gradient(height)
    slope = (across * -np.sign(n.light) * 1.2 - 0.8 * down) * u / 34
    quiet = np.maximum(
        cv2.resize(s.quiet, half[::-1]),
        0.5 * cv2.resize(s.pool(s.middle, s.centre, s.wide * 0.5, s.tall * 0.5), half[::-1]),
    )
    depth = (0.5 + 0.5 * n.contrast) * (1 - 0.88 * quiet)
    shine = np.exp(-(((slope - 0.42) / 0.16) ** 2))
    shade = 0.94 + (0.20 * np.tanh(1.6 * slope) + 0.13 * shine) * depth
    share = np.clip(0.5 + 0.5 * height * (1 - quiet) * 0.6, 0, 1)
    glow = cv2.resize(s.glow(0.6), half[::-1])
    s.image[:] = s.large(shaded(s.blended(s.wall, s.second, share * 0.5), np.asarray(shade * glow, np.float32)))


def stone(s: Stage) -> None:
    """Rough slabs on a plaster wall: the product stands on the upper one."""
    n, u, rng = s.numbers, s.unit, s.rng
    half = max(s.wide * (0.62 + 0.2 * n.scale), 0.17 * u)
    stands = raised(s, 1.2 * half, 0.10 * u)
    room(s, edge=u * 0.05)
    s.image *= s.texture(14, 0.020 * n.texture + 0.006, octaves=5)[..., None]
    if not stands:
        neighbours(s, s.prop)
        return
    layers = [(s.foot + 0.085 * u, half * 1.25, 0.10 * u, s.floor), (s.foot, half, 0.075 * u, s.prop)]
    grain = s.texture(70, 0.10 * (0.4 + 0.6 * n.texture), octaves=5)
    for top, reach, thick, colour in layers:
        t = np.linspace(-1, 1, 60)
        rough, bite = (np.interp(t, np.linspace(-1, 1, 13), rng.uniform(-1, 1, 13)) for _ in range(2))
        rough, bite = rough + 0.25 * rng.uniform(-1, 1, 60), bite + 0.25 * rng.uniform(-1, 1, 60)
        middle = s.middle + rng.uniform(-0.08, 0.08) * half
        back = np.stack([middle + t * reach * 0.94, top - 0.040 * u + 0.010 * u * rough], 1)
        front = np.stack([middle + t * reach, top + 0.014 * u + 0.012 * u * bite], 1)
        low = np.stack([middle + t * reach * 0.97, top + thick + 0.014 * u * rough[::-1]], 1)
        whole = s.polygon(np.vstack([front, low[::-1]]))
        s.cast(whole, (-n.light * 0.04 * u, 0.03 * u), 0.030 * u, 0.34)
        for outline, lit in ((np.vstack([front, low[::-1]]), 0.80), (np.vstack([back, front[::-1]]), 1.06)):
            part = s.polygon(outline)
            if part is not None:
                s.lay(part, shaded(colour, np.asarray(lit * grain[part.window], np.float32)))
    neighbours(s, s.prop, depth=0.12 * u)
