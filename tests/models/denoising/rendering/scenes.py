"""Scenes for tests."""

import numpy as np

from layoutgen.core.layout import Canvas, Role, Suggestion
from layoutgen.models.base import Scene

TEXTS = (
    Suggestion(Role.UNDERLAY, (0.05, 0.66, 0.95, 0.94)),
    Suggestion(Role.TITLE, (0.1, 0.7, 0.9, 0.8), "Kettle"),
    Suggestion(Role.PRICE, (0.1, 0.84, 0.5, 0.92), "$ 20"),
)


def product(seed=0, height=60, width=44):
    """A round cut-out (h, w, 4)."""
    y, x = np.mgrid[0:height, 0:width]
    inside = ((y / height - 0.5) ** 2 + (x / width - 0.5) ** 2) < 0.24
    colour = np.random.default_rng(seed).integers(0, 255, 3)
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., :3] = colour
    pixels[..., 3] = 255 * inside
    return pixels


SQUARE = Canvas(640, 640)


def scene(seed=0, *, canvas=SQUARE, box=(0.3, 0.1, 0.66, 0.6), texts=TEXTS, **more):
    return Scene(canvas, product(seed), box, texts, seed=seed, **more)


def room(seed=0, height=90, width=120):
    """A picture of a scene as references are: shades and a soft shape."""
    numbers = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    light = np.exp(-(((x - 40) / 30) ** 2) - ((y - 30) / 25) ** 2)
    picture = numbers.integers(60, 160, 3) + 70 * light[..., None] - 40 * (y / height)[..., None]
    return (picture + numbers.normal(0, 4, picture.shape)).clip(0, 255).astype(np.uint8)
