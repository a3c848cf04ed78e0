"""Where a product stands: backgrounds from a white packshot to a busy table, and the shadows that tie it to them.

A backdrop is float RGB of the picture's size; its floor begins at `horizon` (a share of the height). `compose` lays
the product on it with a contact shadow and a cast shadow, or a drop shadow where it lies flat.
"""

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from PIL import Image

from layoutgen.goods.sheet import Array, Colour, Sheet, blur, mix, noise, rgb, step, turned
from layoutgen.imaging.products.shadows import lying as lying_shadow
from layoutgen.imaging.products.shadows import standing as standing_shadow

Backdrop = Callable[[tuple[int, int], float, tuple[str, ...], np.random.Generator], Array]


def _grid(shape: tuple[int, int]) -> tuple[Array, Array]:
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    return x / shape[1], y / shape[0]


def _vignette(image: Array, strength: float) -> Array:
    x, y = _grid((image.shape[0], image.shape[1]))
    return np.asarray(image * (1 - strength * ((x - 0.45) ** 2 + (y - 0.42) ** 2))[..., None], np.float32)


def packshot(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """Pure white, as marketplaces ask for."""
    return np.ones((*shape, 3), np.float32)


def sweep(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """A paper sweep: wall and floor of one colour run into each other; the light falls from the upper left."""
    x, y = _grid(shape)
    wall = mix(colours[0], colours[1], np.clip(0.75 * np.hypot(x - 0.36, (y - 0.3) * 1.1), 0, 1))
    floor = step(y, horizon, 0.34)[..., None] * (0.10 - 0.28 * np.clip(y - horizon, 0, 1))[..., None]
    return _vignette(np.asarray(wall * (1 + floor), np.float32), 0.16)


def table(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """A table top before a plain wall, the edge between them out of focus."""
    x, y = _grid(shape)
    wall = mix(colours[0], "#ffffff", 0.16 * np.exp(-8 * ((x - 0.3) ** 2 + (y - 0.25) ** 2)))
    top = mix(colours[1], "#000000", 0.14 * np.clip((y - horizon) / (1.001 - horizon), 0, 1))
    lit = top * (1.02 + 0.10 * np.exp(-6 * (x - 0.42) ** 2))[..., None]
    edge = step(y, horizon, 0.012)[..., None]
    under = 1 - 0.12 * np.exp(-np.abs(y - horizon) * 42)[..., None]
    return _vignette(np.asarray((wall * (1 - edge) + lit * edge) * under, np.float32), 0.12)


def window_light(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """A wall with the slanting light of a window and the shadow of leaves on it, over a plain table."""
    base = table(shape, horizon, colours, rng)
    size = max(shape)
    lit = np.zeros(shape, np.float32)
    for column in range(2):
        for row in range(3):
            left, top = 0.16 + 0.30 * column, 0.05 + 0.24 * row
            corners = [(left, top), (left + 0.26, top + 0.07), (left + 0.26, top + 0.27), (left, top + 0.20)]
            pane = np.array([(px * shape[1], py * shape[0]) for px, py in corners])
            cv2.fillPoly(lit, [pane.astype(np.int32)], 1.0)
    shade = np.zeros(shape, np.float32)
    for _ in range(26):
        x, y = rng.uniform(0.1, 0.9) * shape[1], rng.uniform(0, 0.55) * shape[0]
        axes = (int(size * rng.uniform(0.05, 0.09)), int(size * rng.uniform(0.010, 0.022)))
        cv2.ellipse(shade, (int(x), int(y)), axes, rng.uniform(20, 75), 0, 360, 1.0, -1)
    lit = blur(lit, size * 0.006) * (1 - 0.5 * blur(shade, size * 0.008))
    wall = 1 - step(_grid(shape)[1], horizon, 0.012)
    return np.asarray(np.clip(base * (0.90 + 0.20 * lit * wall + 0.06 * (1 - wall))[..., None], 0, 1), np.float32)


def _planks(
    shape: tuple[int, int], colours: tuple[str, ...], rng: np.random.Generator, count: int, along: bool
) -> Array:
    height, width = shape if along else shape[::-1]
    image = np.zeros((height, width, 3), np.float32)
    edges = np.linspace(0, height, count + 1).astype(int)
    for top, bottom in pairwise(edges):
        part = (bottom - top, width)
        bend = noise(part, rng, 7, octaves=3, stretch=5) * 1.5 + np.linspace(0, 2.2, part[0], dtype=np.float32)[:, None]
        rings = 0.5 + 0.5 * np.sin(bend * 15 + rng.uniform(0, 6))
        fibre = noise(part, rng, 260, octaves=2, stretch=26)
        share = np.clip(0.42 + 0.30 * rings**2 + 0.20 * fibre + rng.uniform(-0.16, 0.16), 0, 1)
        board = mix(colours[0], colours[1], np.asarray(share, np.float32))
        gap = np.minimum(np.arange(part[0]), np.arange(part[0])[::-1])[:, None, None] / max(1.5, height * 0.0022)
        image[top:bottom] = board * (0.42 + 0.58 * np.clip(gap, 0, 1))
    return image if along else np.ascontiguousarray(image.transpose(1, 0, 2))


def wood(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """Planks seen from above: a flat lay."""
    x, y = _grid(shape)
    light = 1.06 - 0.26 * np.hypot(x - 0.3, y - 0.2)
    return np.asarray(np.clip(_planks(shape, colours, rng, 5, True) * light[..., None], 0, 1), np.float32)


def tiles(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """Glazed wall tiles behind a stone shelf."""
    size = max(shape)
    tall, wide = max(2, round(size * 0.075)), max(2, round(size * 0.150))
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.int32)
    row = y // tall
    shifted = x + (row % 2) * (wide // 2)
    column = shifted // wide
    tone = rng.uniform(-0.05, 0.05, (row.max() + 1, column.max() + 1)).astype(np.float32)[row, column]
    u, v = (shifted % wide).astype(np.float32), (y % tall).astype(np.float32)
    joint = max(1.5, size * 0.0028)
    edge = np.minimum(np.minimum(u, wide - u), np.minimum(v, tall - v))
    wall = rgb(colours[0]) * (0.94 + tone + 0.09 * (v < joint * 2.6) - 0.08 * (v > tall - joint * 2.6))[..., None]
    wall += (0.10 * np.exp(-(((u / wide - 0.28) / 0.2) ** 2)) * (1 - v / tall))[..., None]
    grout = step(-edge, -joint, joint)[..., None]
    wall = wall * (1 - grout) + rgb(colours[1]) * grout
    wall = blur(np.asarray(wall, np.float32), size * 0.0011)
    _, gy = _grid(shape)
    stone = np.clip(rgb(colours[2]) * (1 + 0.05 * noise(shape, rng, 60, octaves=3))[..., None], 0, 1)
    shelf = step(gy, horizon, 0.004)[..., None]
    dark = 1 - 0.22 * np.exp(-np.clip(horizon - gy, 0, 1) * 30)[..., None]
    return _vignette(np.asarray(np.clip(wall * dark * (1 - shelf) + stone * shelf, 0, 1), np.float32), 0.22)


def textile(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """Linen with soft folds, seen from above."""
    size = max(shape)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32)
    weave = 0.035 * np.sin(x * 2.1) + 0.035 * np.sin(y * 2.1) + 0.04 * noise(shape, rng, 300, octaves=2, stretch=4)
    bend = noise(shape, rng, 2.5, octaves=2) * 1.6
    fold = np.sin((x * 0.8 + y * 0.55) / size * 15 + bend * 2.4) + 0.5 * np.sin((x * 0.3 - y) / size * 11 + bend * 3)
    slope = np.gradient(blur(np.asarray(fold, np.float32), size * 0.006))[1] * size / 60
    tone = 0.90 + 0.20 * np.tanh(slope) + weave
    return np.asarray(
        np.clip(mix(colours[0], colours[1], 0.5 - 0.5 * np.tanh(fold)) * tone[..., None], 0, 1), np.float32
    )


def bokeh(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """Lights of a city far out of focus over a dark, slightly glossy floor."""
    size = max(shape)
    _, y = _grid(shape)
    image = np.asarray(mix(colours[0], colours[1], np.clip(1.3 * y, 0, 1)), np.float32)
    glow = np.zeros((*shape, 3), np.float32)
    for _ in range(46):
        radius = int(size * rng.uniform(0.012, 0.055))
        x0, y0 = (
            int(rng.uniform(0, shape[1])),
            int(np.clip(rng.normal(horizon * 0.55, 0.2), 0, horizon - 0.03) * shape[0]),
        )
        reach = 2 * radius + 8  # no light and none of its blur goes further
        left, top = max(0, x0 - reach), max(0, y0 - reach)
        around = glow[top : y0 + reach, left : x0 + reach]
        layer = np.zeros(around.shape[:2], np.float32)
        cv2.circle(layer, (x0 - left, y0 - top), radius, 0.75, -1, cv2.LINE_AA)
        cv2.circle(layer, (x0 - left, y0 - top), radius, 1.0, max(1, radius // 9), cv2.LINE_AA)
        around += (
            blur(layer, radius * 0.08)[..., None]
            * rgb(colours[2 + int(rng.integers(len(colours) - 2))])
            * np.float32(rng.uniform(0.15, 0.55))
        )
    floor = step(y, horizon, 0.03)[..., None]
    start = int(shape[0] * horizon)
    below = glow[max(0, 2 * start - shape[0]) : start][::-1]
    mirror = np.zeros_like(glow)
    mirror[start : start + len(below)] = below[: shape[0] - start]
    mirror = cv2.GaussianBlur(mirror, (0, 0), sigmaX=size * 0.006, sigmaY=size * 0.03)
    top = image * 0.62 + mirror * 0.5
    return np.asarray(np.clip((image + glow) * (1 - floor) + top * floor, 0, 1), np.float32)


def leaves(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """Foliage in three depths around a clearing of light; a stone floor."""
    size = max(shape)
    x, y = _grid(shape)
    image = np.asarray(mix(colours[1], colours[0], np.clip(1.5 * np.hypot(x - 0.5, y - 0.4), 0, 1)), np.float32)
    for depth, count in ((0, 90), (1, 80), (2, 60)):
        for _ in range(count):
            angle = rng.uniform(0, 2 * np.pi)
            reach = rng.uniform(0.30 + 0.08 * depth, 0.74)
            place = np.array([(0.5 + reach * np.cos(angle)) * shape[1], (0.42 + reach * np.sin(angle)) * shape[0]])
            length, turn = size * rng.uniform(0.08, 0.17), rng.uniform(0, 2 * np.pi)
            t = np.linspace(0, 1, 24)
            half = 0.19 * length * np.sin(np.pi * t**0.8)
            rib = np.stack([(t - 0.5) * length, 0.05 * length * np.sin(np.pi * t)], 1)
            turned = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
            sides = [
                (np.stack([rib[:, 0], rib[:, 1] + s * half], 1) @ turned + place).astype(np.int32) for s in (1, -1)
            ]
            spine = (rib @ turned + place).astype(np.int32)
            tone = mix(colours[2], colours[3], rng.uniform(0, 1)) * (0.62 + 0.2 * depth)
            for side, lit in zip(sides, (1.0, 1.18), strict=True):
                part = np.vstack([side, spine[::-1]])
                cv2.fillPoly(image, [part], [float(c) for c in tone * lit], cv2.LINE_AA)
            cv2.polylines(image, [spine], False, [float(c) for c in tone * 1.35], max(1, size // 700), cv2.LINE_AA)
        image = blur(image, size * (0.016, 0.008, 0.0025)[depth])
    stone = np.clip(rgb(colours[4]) * (1 + 0.06 * noise(shape, rng, 60, octaves=3))[..., None], 0, 1)
    floor = step(y, horizon, 0.008)[..., None]
    return _vignette(np.asarray(np.clip(image * (1 - floor) + stone * floor, 0, 1), np.float32), 0.30)


def marble(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """Polished marble with veins, seen from above."""
    x, y = _grid(shape)
    warp = noise(shape, rng, 3, octaves=4)
    veins = np.zeros(shape, np.float32)
    for frequency, strength in ((2.3, 0.55), (5.1, 0.25)):
        wave = np.abs(np.sin(np.pi * frequency * (x * 0.8 + y * 0.6) + 2.6 * warp))
        veins += strength * np.exp(-wave * 26) * (0.6 + 0.6 * noise(shape, rng, 5, octaves=2))
    cloud = 0.16 * noise(shape, rng, 6, octaves=4)
    return np.asarray(mix(colours[0], colours[1], np.clip(veins + 0.10 + cloud, 0, 1)), np.float32)


def podium(shape: tuple[int, int], horizon: float, colours: tuple[str, ...], rng: np.random.Generator) -> Array:
    """A round podium before an arch; the product stands on the podium's top, whose middle is at `horizon`."""
    stage = Sheet(shape[1], shape[0] / shape[1], rng)
    image = sweep(shape, min(0.95, horizon + 0.1), colours[:2], rng)[: stage.shape[0]]
    radius, top = min(0.34, 0.34 * stage.aspect), horizon * stage.aspect
    arch = stage.box(0.5 - radius * 1.12, top - radius * 2.1, 0.5 + radius * 1.12, 2 * stage.aspect, radius * 1.12)
    image = image * (1 - 0.20 * (blur(arch, 0.02 * stage.unit) * (1 - arch)))[..., None]
    image = image * (1 - arch[..., None]) + mix(colours[2], "#ffffff", 0.10) * arch[..., None]
    stage.paint(stage.box(0.5 - radius, top, 0.5 + radius, top + 1), colours[3], turned(), gloss=0.05, rough=0.9)
    stage.paint(stage.ellipse(0.5, top, radius, radius * 0.16), mix(colours[3], "#ffffff", 0.25), gloss=0.02)
    return np.asarray(np.clip(image * (1 - stage.alpha[..., None]) + stage.colour, 0, 1), np.float32)


BACKDROPS: dict[str, Backdrop] = {
    drawn.__name__: drawn
    for drawn in (packshot, sweep, table, window_light, wood, tiles, textile, bokeh, leaves, marble, podium)
}
FLAT_LAYS = {"wood", "textile", "marble"}


def compose(backdrop: Array, product: Image.Image, place: tuple[int, int], lying: bool, shade: Colour) -> Image.Image:
    """Lay a product (RGBA) with its upper left corner at `place`, in pixels, and give it its shadows."""
    height, width = backdrop.shape[:2]
    layer = np.zeros((height, width, 4), np.float32)
    sheet = np.asarray(product, np.float32) / 255
    x0, y0 = place
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x0 + product.width, width), min(y0 + product.height, height)
    layer[top:bottom, left:right] = sheet[top - y0 : bottom - y0, left - x0 : right - x0]
    alpha = np.ascontiguousarray(layer[..., 3])
    size = float(product.width)
    dark = (lying_shadow if lying else standing_shadow)(alpha, size)[..., None]
    out = backdrop * (1 - dark) + backdrop * rgb(shade) * dark
    out = out * (1 - alpha[..., None]) + layer[..., :3] * alpha[..., None]
    return Image.fromarray((np.clip(out, 0, 1) * 255 + 0.5).astype(np.uint8), "RGB")
