"""Drawn product photos, and images as files' bytes."""

import io

import numpy as np
from PIL import Image, ImageDraw


def photo(width: int = 600, height: int = 800, seed: int = 0, mode: str = "RGB") -> Image.Image:
    """A drawn product photo: a coloured vase on a soft ground, different for each seed."""
    rng = np.random.default_rng(seed)
    ground = np.linspace(205, 240, height)[:, None, None] + rng.normal(0, 2, (height, width, 3))
    image = Image.fromarray(np.clip(ground, 0, 255).astype(np.uint8))
    pen = ImageDraw.Draw(image)
    colour = tuple(int(v) for v in rng.integers(30, 170, 3))
    x, y, size = width * rng.uniform(0.4, 0.6), height * 0.62, min(width, height) * 0.24
    pen.ellipse((x - size, y - size, x + size, y + size), fill=colour)
    pen.rectangle((x - size / 3, y - size * 1.6, x + size / 3, y), fill=colour)
    return image.convert(mode)


def encoded(image: Image.Image, kind: str = "JPEG", **options: object) -> bytes:
    """An image as a file's bytes."""
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()
