"""Scenes of a photo studio: paper, walls, light through windows, and what goods are stood on."""

import numpy as np

from layoutgen.goods.backdrops.forms import FLATTEN, ball, block, cylinder, gobo, leaf, neighbours, raised, room
from layoutgen.goods.backdrops.stage import Stage, above, around, shaded


def sweep(s: Stage) -> None:
    """Paper that runs from the wall into the floor."""
    room(s, edge=s.unit * (0.10 + 0.16 * s.numbers.softness))
    neighbours(s, s.prop)


def table(s: Stage) -> None:
    """A table's edge before a plain wall."""
    room(s, edge=s.unit * 0.006)
    neighbours(s, s.prop)


def window(s: Stage) -> None:
    """The light of a window with bars, slanting over the wall."""
    room(s, edge=s.unit * 0.008, strength=0.5)
    n, u = s.numbers, s.unit
    lean = -0.34 if n.light > 0 else 0.34
    wide, tall = u * (0.13 + 0.05 * n.scale), u * (0.17 + 0.05 * n.scale)
    x0 = s.middle - np.sign(n.light) * 0.16 * u - wide
    y0 = s.horizon - 2.25 * tall - 0.16 * u
    panes = []
    for column in range(2):
        for row in range(3):
            left, top = x0 + column * wide * 1.10, y0 + row * tall * 1.08
            points = [(left, top), (left + wide, top), (left + wide, top + tall), (left, top + tall)]
            panes.append(s.polygon([(x + lean * (y - y0) * 0.7, y + lean * (x - x0) * 0.5) for x, y in points]))
    light = gobo(s, panes, u * (0.004 + 0.012 * n.softness))
    wall = 1 - s.below(s.horizon, 0.02 * u)
    s.multiply(np.asarray(0.90 + (0.24 + 0.14 * n.contrast) * light * (0.35 + 0.65 * wall), np.float32))
    neighbours(s, s.prop)


def sunlit(s: Stage) -> None:
    """A sunlit wall with the shadows of leaves."""
    room(s, edge=s.unit * 0.02, strength=0.6)
    n, u, rng = s.numbers, s.unit, s.rng
    parts = []
    side = 1 if n.light > 0 else -1
    for _ in range(2 + round(2 * n.props)):
        x = s.width / 2 + side * s.width * rng.uniform(0.30, 0.62)
        y = s.height * rng.uniform(-0.08, 0.42)
        turn = np.pi / 2 + side * rng.uniform(0.3, 1.2)
        length = u * rng.uniform(0.42, 0.60)
        for k in range(11):  # a palm's leaflets along its rib
            t = 0.15 + 0.8 * k / 11
            px, py = x + length * t * np.cos(turn), y + length * t * np.sin(turn)
            for way in (1, -1):
                angle = turn + way * (1.0 - 0.5 * t)
                parts.append(s.polygon(np.vstack(leaf(px, py, length * (0.50 - 0.28 * t), angle, 0.075))))
    shadow = gobo(s, parts, u * (0.006 + 0.014 * n.softness)) * (1 - s.quiet)
    s.multiply(np.asarray(1.04 - (0.20 + 0.16 * n.contrast) * shadow, np.float32))
    neighbours(s, s.prop)


def podium(s: Stage) -> None:
    """A round podium under the product, a disc on the wall behind it."""
    n = s.numbers
    across = max(s.wide * (0.62 + 0.14 * n.scale), 0.14 * s.unit)
    stands = raised(s, 1.6 * across, 0.30 * across)
    room(s, edge=s.unit * (0.01 + 0.08 * n.softness))
    reach = max(0.62 * s.tall, 0.72 * s.wide) * (0.86 + 0.3 * n.scale)
    disc = above(s.ellipse(s.middle, s.centre - 0.02 * s.tall, reach), s.horizon)
    if n.contrast > 0.25:
        s.cast(disc, (-n.light * 0.01 * s.unit, 0.012 * s.unit), 0.02 * s.unit, 0.16)
        s.lay(disc, s.surface(s.second, s.glow(0.8)))
    if not stands:
        neighbours(s, s.accent)
        return
    tall = max(0.5 * across, s.horizon - s.foot + 0.1 * s.unit)
    low = across * (1.35 + 0.2 * n.props)
    if n.props > 0.45:
        cylinder(s, s.middle, s.foot + 0.36 * across, low, tall, s.floor)
    cylinder(s, s.middle, s.foot - 0.3 * across * FLATTEN, across, 0.36 * across if n.props > 0.45 else tall, s.prop)
    size = 0.22 * across
    for x in s.beside(2 * size, 2 * size, 0.4 * across)[: round(1.6 * n.props)]:
        ball(s, x + np.sign(x - s.middle) * 0.12 * across, s.foot + 0.44 * across, size, s.accent)


def steps(s: Stage) -> None:
    """Blocks of several heights; the product stands on the middle one."""
    n, u = s.numbers, s.unit
    half = max(s.wide * (0.60 + 0.16 * n.scale), 0.15 * u)
    stands = raised(s, half, 0.10 * u)
    room(s, edge=u * 0.02)
    if not stands:
        neighbours(s, s.accent)
        return
    first = 1 if n.side >= 0 else -1
    base = min(s.foot + 0.19 * u, s.height * 0.985)
    rise = min(0.16 * u, 0.4 * s.tall)
    if n.props > 0.3:
        x0, x1 = sorted((s.middle + first * half * 0.75, s.middle + first * (half * 0.75 + half * 0.95)))
        if s.is_free(x0, s.foot - rise - 0.04 * u, x1, s.foot):
            block(s, x0, x1, s.foot - rise, base, s.second)
    block(s, s.middle - half, s.middle + half, s.foot + 0.012 * u, base, s.prop, lip=0.055)
    x0, x1 = sorted((s.middle - first * half * 0.80, s.middle - first * half * 1.75))
    low = s.foot + 0.085 * u
    if s.is_free(x0, low - 0.03 * u, x1, base):
        block(s, x0, x1, low, base + 0.03 * u, s.floor, lip=0.04)
        if n.props > 0.5:
            ball(s, (x0 + x1) / 2 - first * 0.2 * half, low - 0.012 * u, 0.032 * u + 0.06 * half, s.accent)


def arch(s: Stage) -> None:
    """An arched opening in the wall, lit from within."""
    n, u = s.numbers, s.unit
    room(s, edge=u * 0.008)
    half = max(0.60 * s.wide, 0.36 * s.tall) * (1.02 + 0.28 * n.scale)
    top = s.product[1] - 0.10 * s.tall - 0.04 * u
    opening = above(s.box(s.middle - half, top - 0.2 * half, s.middle + half, s.horizon + half, half), s.horizon)
    s.lay(opening, s.surface(s.second, np.asarray(0.90 + 0.22 * s.pool(s.middle, s.centre, 0.9 * half), np.float32)))
    thick = -0.09 * n.light * half
    through = (s.middle - half + thick, top - 0.14 * half, s.middle + half + thick, s.horizon + half)
    # The wall's thickness is in shade on the side of the lamp.
    reveal = around(opening, above(s.box(*through, half), s.horizon))
    s.lay(reveal, shaded(s.wall, np.full((1, 1), 0.80, np.float32))[0, 0])
    neighbours(s, s.prop)


def shelf(s: Stage) -> None:
    """A board on the wall, with its shadow."""
    n, u = s.numbers, s.unit
    if not s.may_stand(s.width, 0.14 * u):
        table(s)
        return
    s.image[:] = s.surface(s.wall, s.glow())
    thick = (0.026 + 0.02 * n.scale) * u
    left, right = -0.05 * u, s.width + 0.05 * u
    if n.contrast > 0.5:
        reach = max(s.wide * 1.05, 0.3 * u)
        left, right = s.middle - reach, s.middle + reach
    board = s.box(left, s.foot, right, s.foot + thick, 0.004 * u)
    s.cast(board, (-n.light * 0.04 * u, 0.055 * u), 0.040 * u, 0.34)
    s.cast(board, (0, 0.016 * u), 0.010 * u, 0.22)
    depth = 0.05
    block(s, left, right, s.foot + 0.012 * u, s.foot + 0.012 * u + thick, s.floor, lip=depth)
    neighbours(s, s.prop)


def fluted(s: Stage) -> None:
    """A wall of upright flutes."""
    n, u = s.numbers, s.unit
    room(s, edge=u * 0.006)
    pitch = u * (0.026 + 0.03 * n.scale)
    phase = (np.arange(s.width, dtype=np.float32) / pitch) % 1
    form = np.sin(np.pi * phase) ** 0.6
    relief = 0.80 + 0.24 * form + 0.07 * n.light * np.cos(np.pi * phase)
    depth = s.large(
        np.asarray((1 - s.below(s.horizon, 2.0)) * (1 - 0.88 * s.quiet) * (0.45 + 0.55 * n.texture), np.float32)
    )
    depth[int(np.clip(s.horizon, 0, s.height)) :] = 0
    s.image *= (1 + (relief[None] - 0.97) * depth)[..., None]
    shadow = np.exp(-np.clip(s.horizon - s.y, 0, None) / (0.03 * u)) * (s.y < s.horizon)
    s.multiply(np.asarray(1 - 0.14 * shadow, np.float32))
    neighbours(s, s.prop)


def spotlight(s: Stage) -> None:
    """Darkness, a lamp's round light behind the product, and a glossy floor."""
    n, u = s.numbers, s.unit
    x = s.middle
    spot = s.pool(
        x + 0.05 * n.light * u,
        s.centre - 0.08 * u,
        (0.20 + 0.10 * n.scale) * u + 0.2 * s.wide,
        (0.22 + 0.1 * n.scale) * u + 0.2 * s.tall,
    )
    bright = s.calm(np.asarray(spot, np.float32), 0.0, 0.2)
    wall = s.blended(s.wall, s.second, bright) * (1 + 0.25 * bright**3)[..., None]
    s.image[:] = s.large(np.clip(wall, 0, 1))
    beam = np.exp(-0.5 * ((s.x - x + 0.25 * (s.foot - s.y) * n.light) / (0.10 * u + 0.30 * np.abs(s.y))) ** 2)
    beam = s.calm(np.asarray(beam * np.clip(1 - s.y / max(s.foot, 1), 0, 1), np.float32))
    s.image += s.large(np.asarray(0.10 * n.contrast * beam[..., None] * s.second, np.float32))
    pool = s.pool(x, s.foot + 0.02 * u, max(0.85 * s.wide, 0.24 * u), 0.055 * u)
    ground = s.blended(s.floor * 0.75, s.floor + 0.35 * s.second, np.asarray(pool, np.float32))
    cover = s.large(s.below(s.horizon, 0.03 * u))[..., None]
    s.image += (s.large(np.clip(ground, 0, 1)) - s.image) * cover
