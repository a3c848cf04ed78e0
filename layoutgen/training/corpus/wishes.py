"""Wishes for grounds and what a designer would answer: what the network of scenes learns from.

A wish has a category, a product's colours, and places on a canvas; the answer is a scene in the taste of `taste.py`.
A reference is another window of the same scene, drawn for another product and other texts, with a product and text over
it at times, as posters have them: so a style is learnt without labels.
"""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.goods.backdrops.numbers import SceneNumbers
from layoutgen.goods.backdrops.oklab import srgb
from layoutgen.training.corpus.schemes import Wish, lab_of
from layoutgen.training.corpus.taste import TASTES, suits

Box = tuple[float, float, float, float]
CATEGORIES = tuple(TASTES)
_RATIOS = (1.0, 1.0, 0.75, 0.667, 0.5625, 1.333, 1.778, 2.2)
_REFERENCE = 72


@dataclass(frozen=True, eq=False)
class Example:
    """A wish and its answer. `category` is a row, 0 for none; `colours` (3, 4) the product's in OKLab with shares;
    `size` in px, boxes normalised."""

    category: int
    colours: NDArray[np.float32]
    size: tuple[int, int]
    product: Box
    texts: tuple[Box, ...]
    answer: SceneNumbers


def words() -> dict[str, int]:
    """The categories' words with their rows."""
    return {word: row for row, taste in enumerate(TASTES.values(), 1) for word in taste.words.split()}


def example(rng: np.random.Generator, category: str | None = None) -> Example:
    """Draw a wish, of a category or any, and its answer."""
    row = int(rng.integers(0, len(CATEGORIES) + 1)) if category is None else CATEGORIES.index(category) + 1
    colours = product_colours(rng)
    size, product, texts = places(rng)
    share = sum((right - left) * (bottom - top) for left, top, right, bottom in texts)
    middle = np.mean([(left + right) / 2 for left, _, right, _ in texts]) if texts else (product[0] + product[2]) / 2
    wish = Wish(
        CATEGORIES[row - 1] if row else None,
        (float(colours[0, 0]), float(colours[0, 1]), float(colours[0, 2])),
        float(share),
        float(middle - (product[0] + product[2]) / 2),
    )
    return Example(row, colours, size, product, texts, suits(wish, rng))


def product_colours(rng: np.random.Generator) -> NDArray[np.float32]:
    """A product's three colours with their shares, the greatest first, (3, 4): a main colour, its shade and another."""
    lightness, hue = rng.beta(1.3, 1.1), rng.uniform(0, 2 * np.pi)
    chroma = 0.22 * rng.beta(1.0, 2.2)
    parts = [(lightness, chroma, hue)]
    parts.append((lightness * rng.uniform(0.5, 1.2), chroma * rng.uniform(0.5, 1.2), hue + rng.normal(0, 0.2)))
    parts.append((rng.beta(1.2, 1.2), 0.2 * rng.beta(1, 2.5), rng.uniform(0, 2 * np.pi)))
    lab = lab_of([(min(level, 0.97), c, h) for level, c, h in parts])
    shares = np.sort(rng.dirichlet([4, 2, 1]))[::-1]
    return np.asarray(np.concatenate([lab, shares[:, None]], 1), np.float32)


def places(rng: np.random.Generator) -> tuple[tuple[int, int], Box, tuple[Box, ...]]:
    """A canvas's size in px, where the product is and where texts are: beside, above or below it, or none."""
    ratio = float(rng.choice(_RATIOS)) * float(np.exp(rng.normal(0, 0.05)))
    size = (round(1000 * np.sqrt(ratio)), round(1000 / np.sqrt(ratio)))
    wide, tall = rng.uniform(0.26, 0.60), rng.uniform(0.30, 0.56)
    way = rng.choice(["above", "left", "right", "below", "none"], p=[0.40, 0.2, 0.16, 0.12, 0.12])
    if ratio > 1.2 and way in ("above", "below"):
        way = "left"
    x, foot, texts = 0.5 + rng.normal(0, 0.03), rng.uniform(0.80, 0.93), []
    if way in ("left", "right"):
        wide = min(wide, 0.42)
        x = 0.74 if way == "left" else 0.26
        start, top = (0.06 if way == "left" else 0.53) + rng.uniform(-0.01, 0.03), rng.uniform(0.18, 0.45)
        for _ in range(int(rng.integers(1, 4))):
            texts.append((start, top, start + rng.uniform(0.25, 0.42), top + rng.uniform(0.06, 0.16)))
            top = texts[-1][3] + 0.03
    elif way != "none":
        top = rng.uniform(0.04, 0.10) if way == "above" else 0.72
        foot = foot if way == "above" else rng.uniform(0.60, 0.68)
        for _ in range(int(rng.integers(1, 4))):
            half = rng.uniform(0.2, 0.44)
            texts.append((0.5 - half, top, 0.5 + half, top + rng.uniform(0.04, 0.11)))
            top = texts[-1][3] + 0.02
    box = (x - wide / 2, max(0.02, foot - tall), x + wide / 2, foot)
    return size, box, tuple((left, top, right, min(bottom, 0.97)) for left, top, right, bottom in texts)


def reference(answer: SceneNumbers, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Another picture in the style of a scene, about 72 px: a window of it with, at times, a product and text."""
    size, product, texts = places(rng)
    scale = _REFERENCE / np.sqrt(size[0] * size[1])
    small = (max(24, round(size[0] * scale)), max(24, round(size[1] * scale)))
    picture = np.ascontiguousarray(drawn(answer, small, product, texts, int(rng.integers(2**31))).pixels)
    if rng.random() < 0.7:
        _product(picture, product, rng)
    if rng.random() < 0.5:
        _texts(picture, texts, rng)
    share = rng.uniform(0.70, 1.0)
    height, width = picture.shape[:2]
    high, wide = max(16, int(height * share)), max(16, int(width * share))
    top, left = int(rng.integers(height - high + 1)), int(rng.integers(width - wide + 1))
    window = picture[top : top + high, left : left + wide]
    return np.ascontiguousarray(window[:, ::-1] if rng.random() < 0.5 else window)


def _product(picture: NDArray[np.uint8], box: Box, rng: np.random.Generator) -> None:
    """Lay something over the middle of a product's box: an ellipse or a rectangle in its colours."""
    height, width = picture.shape[:2]
    left, top, right, bottom = (round(v * side) for v, side in zip(box, (width, height) * 2, strict=True))
    for lab in product_colours(rng)[:2]:
        colour = [int(255 * v) for v in srgb(lab[:3])]
        middle, half = (
            ((left + right) // 2, (top + bottom) // 2),
            (max(1, (right - left) // 2), max(1, (bottom - top) // 2)),
        )
        if rng.random() < 0.5:
            cv2.ellipse(picture, middle, half, 0, 0, 360, colour, -1, cv2.LINE_AA)
        else:
            cv2.rectangle(picture, (left, top), (right, bottom), colour, -1)
        left, top, right = left + (right - left) // 4, top + (bottom - top) // 2, right - (right - left) // 5


def _texts(picture: NDArray[np.uint8], texts: tuple[Box, ...], rng: np.random.Generator) -> None:
    """Bars where lines of text stand, in one dark or light colour."""
    height, width = picture.shape[:2]
    colour = [int(v) for v in rng.choice([20, 245], 1).repeat(3)]
    for left, top, right, bottom in texts:
        high = max(1, round((bottom - top) * height * 0.35))
        y = round((top + bottom) / 2 * height)
        for x in range(round(left * width), round(right * width) - 3, 5):
            cv2.rectangle(picture, (x, y - high // 2), (x + 2, y + high // 2), colour, -1)
