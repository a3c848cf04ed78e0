"""Fresh scenes: leaves, gardens out of focus, water, sky and drops."""

import cv2
import numpy as np

from layoutgen.goods.backdrops.forms import corner_sprays, neighbours, room
from layoutgen.goods.backdrops.stage import Stage
from layoutgen.goods.backdrops.surfaces import wood
from layoutgen.goods.sheet import blur, noise


def foliage(s: Stage) -> None:
    """Leaves that lean in from the edges, near ones out of focus, on a light wall and floor."""
    n, u = s.numbers, s.unit
    room(s, edge=u * 0.10)
    corner_sprays(s, s.prop * 0.86, 2, soft=0.016 * u)
    corner_sprays(s, s.prop, 2 + round(n.props))


def garden(s: Stage) -> None:
    """A garden far out of focus behind a wooden table."""
    n, u, rng = s.numbers, s.unit, s.rng
    wood(s)
    base = s.blended(s.wall, s.second, np.asarray(s.y / max(s.horizon, 1), np.float32))
    haze = noise(s.coarse, rng, 5, octaves=2)[..., None] * 0.10 * (1 - s.quiet[..., None])
    view = np.asarray(base * (1 + haze), np.float32)
    discs = np.zeros((*s.coarse, 3), np.float32)
    for _ in range(26 + round(20 * n.props)):
        x, y = rng.uniform(0, s.width) / 4, rng.uniform(-0.05, 1.0) * s.horizon / 4
        radius = u * rng.uniform(0.02, 0.07) / 4
        colour = s.prop if rng.random() < 0.6 else s.accent
        layer = np.zeros(s.coarse, np.float32)
        cv2.circle(layer, (int(x * 16), int(y * 16)), int(radius * 16), 1.0, -1, cv2.LINE_AA, 4)
        discs += layer[..., None] * colour * np.float32(rng.uniform(0.05, 0.20))
    discs = 0.8 * blur(discs, 0.006 * u / 4) * (1 - 0.9 * s.quiet[..., None])
    sun = s.pool(s.width * (0.5 + 0.45 * n.light), 0.0, 0.5 * u)[..., None]
    view = np.clip(view * 0.92 + discs + 0.20 * sun, 0, 1)
    top = int(np.clip(round(s.horizon), 0, s.height - 1))
    s.image[:top] = s.large(np.asarray(view, np.float32))[:top]
    neighbours(s, s.accent)


def water(s: Stage) -> None:
    """A calm water's surface under a sky, with rings about the product's foot."""
    n, u = s.numbers, s.unit
    sky = s.blended(s.wall, s.second, np.clip(s.y / max(s.horizon, 1), 0, 1) ** 1.3)
    s.image[:] = s.large(np.asarray(sky * s.corners()[..., None], np.float32))
    depth = np.clip((s.y - s.horizon) / max(s.height - s.horizon, 1), 0, 1)
    far = s.blended(s.second, s.floor, depth**0.6)
    perspective = 1 / (0.06 + depth)
    ripple = np.sin(s.y / u * 90 * perspective**0.55 + 2.2 * noise(s.coarse, s.rng, 9, octaves=3, stretch=5))
    across, down = (s.x - s.middle) / u, (s.y - s.foot - 0.01 * u) / (u * 0.22)
    reach = np.hypot(across, down)
    rings = np.sin(reach * (70 - 20 * n.scale)) * np.exp(-reach * 5.5) * 1.4
    waves = s.calm(np.asarray(0.30 * ripple * (0.25 + 0.75 * n.texture) + rings, np.float32))
    glint = np.clip(waves, 0, 1)[..., None] * (0.14 + 0.10 * n.contrast)
    shade = np.clip(-waves, 0, 1)[..., None] * 0.16
    sea = np.clip(far * (1 - shade) + (1 - far) * glint, 0, 1)
    sea += (1 - sea) * 0.25 * s.pool(s.width * (0.5 + 0.3 * n.light), s.horizon, 0.35 * u, 0.10 * u)[..., None]
    cover = s.large(s.below(s.horizon, 0.012 * u))[..., None]
    s.image += (s.large(np.asarray(sea, np.float32)) - s.image) * cover


def sky(s: Stage) -> None:
    """A clear sky; the product rests on clouds."""
    n, u, rng = s.numbers, s.unit, s.rng
    air = s.blended(s.wall, s.second, np.clip(s.y / s.height * 1.1, 0, 1))
    sun = s.pool(s.width * (0.5 + 0.45 * n.light), s.height * 0.1, 0.5 * u)[..., None]
    s.image[:] = s.large(np.asarray(air + (1 - air) * 0.22 * sun, np.float32))
    white = np.clip(0.82 + 0.18 * s.floor, 0, 1)
    banks = [(s.foot - 0.015 * u, 1.0, 24), (s.foot + 0.075 * u, 1.0, 26)]
    for level, opacity, count in banks:
        layer = np.zeros(s.coarse, np.float32)
        for _ in range(count):
            x, radius = rng.uniform(-0.1, 1.1) * s.width, u * rng.uniform(0.05, 0.12) * (0.7 + 0.6 * n.scale)
            y = level + rng.uniform(0.02, 0.08) * u
            cv2.circle(layer, (int(x * 4), int(y * 4)), int(radius * 4), 1.0, -1, cv2.LINE_AA, 4)
        layer[int(np.clip((level + 0.1 * u) / 4, 0, s.coarse[0])) :] = 1
        puff = blur(layer, 0.012 * u / 4)
        lump = noise(s.coarse, rng, 12, octaves=4)
        cover = np.clip(puff * 1.15 + 0.16 * lump * puff - 0.08, 0, 1)
        relief = np.clip(blur(puff, 0.03 * u / 4) - 0.5, -0.5, 0.5)
        tone = white * (1.0 - 0.16 * relief[..., None] * (1 + n.contrast)) + 0.06 * (s.wall - white) * (
            1 - puff[..., None]
        )
        s.image += (s.large(np.clip(tone, 0, 1)) - s.image) * (s.large(np.asarray(cover * opacity, np.float32)))[
            ..., None
        ].clip(0, 1)
    wisps = np.clip(noise(s.coarse, rng, 3, octaves=5, stretch=3) - 0.15, 0, 1) * 0.55 * (0.3 + n.texture)
    high = s.calm(np.asarray(wisps * np.clip(1 - s.y / max(s.foot, 1), 0, 1), np.float32))
    s.image += (1 - s.image) * s.large(high)[..., None].clip(0, 1)


def drops(s: Stage) -> None:
    """A cool surface with drops of water, none behind text; seen from above."""
    n, u, rng = s.numbers, s.unit, s.rng
    ground = s.blended(
        s.wall, s.second, np.clip(0.5 + 0.7 * ((s.x / s.width - 0.5) * n.light + s.y / s.height - 0.5), 0, 1)
    )
    s.image[:] = s.large(np.asarray(ground * s.glow(0.7)[..., None], np.float32))
    for _ in range(round(60 + 130 * n.props)):
        radius = u * (0.003 + 0.020 * rng.random() ** 3.2) * (0.7 + 0.6 * n.scale)
        x, y = rng.uniform(0, s.width), rng.uniform(0, s.height)
        if not s.is_free(x - radius, y - radius, x + radius, y + radius, 0.008):
            continue
        drop(s, x, y, radius)


def drop(s: Stage, x: float, y: float, radius: float) -> None:
    """One drop of water at (x, y), px: lit through on the side away from the lamp, a glint on the other."""
    side = 1 if s.numbers.light > 0 else -1
    part = s.ellipse(x, y, radius, radius * s.rng.uniform(0.88, 1.08))
    if part is None:
        return
    s.cast(part, (-side * radius * 0.18, radius * 0.26), radius * 0.20, 0.34)
    rows, columns = np.mgrid[0 : part.mask.shape[0], 0 : part.mask.shape[1]].astype(np.float32)
    u, v = (columns + part.left - x) / radius, (rows + part.top - y) / radius
    through = np.clip(0.5 + 0.5 * (-u * side * 0.7 + v * 0.7), 0, 1)[..., None]
    ground = s.image[part.window]
    rim = np.clip(u * u + v * v, 0, 1)[..., None] ** 3
    tone = ground * (0.80 + 0.10 * (1 - rim)) + (1 - ground) * 0.52 * through**2
    s.lay(part, np.asarray(np.clip(tone, 0, 1), np.float32))
    s.lay(
        s.ellipse(x + side * radius * 0.36, y - radius * 0.40, radius * 0.16, radius * 0.12),
        np.ones(3, np.float32),
        0.9,
    )
