"""Colour schemes of grounds: the wall in harmony or contrast with a product, and four more colours.

Colours are OKLCH (lightness, chroma, hue in radians) here, OKLab where they leave.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layoutgen.goods.backdrops.oklab import oklab, srgb

Colour = tuple[float, float, float]
_GOLD = (0.78, 0.115, 1.45)


@dataclass(frozen=True)
class Wish:
    """What a ground is for: a category of `TASTES` or None, the product's main colour in OKLab, how much of the canvas
    text fills, in [0, 1], and where its middle is, in widths right of the product's."""

    category: str | None
    product: tuple[float, float, float]
    text_share: float = 0.1
    text_side: float = 0.0


def lab_of(parts: Sequence[Colour]) -> NDArray[np.float32]:
    """Colours of lightness, chroma and hue (radians) as sRGB has them, in OKLab, (n, 3)."""
    lightness, chroma, hue = np.array(parts, np.float64).T
    return oklab(srgb(np.stack([lightness, chroma * np.cos(hue), chroma * np.sin(hue)], 1)))


def wall_of(name: str, wish: Wish, rng: np.random.Generator) -> Colour:
    """The wall's lightness, chroma and hue in a colour scheme, in contrast to the product."""
    lightness, a, b = wish.product
    hue = float(np.arctan2(b, a)) if np.hypot(a, b) > 0.025 else float(rng.choice([0.9, 1.2, 4.4, 0.3, 2.6]))
    near, far = rng.normal(0, 0.12), rng.choice([-0.6, 0.6]) + rng.normal(0, 0.1)
    pale = lightness > 0.80  # a pale product asks for a ground of some depth
    match name:
        case "tint":
            wall = (0.82 if pale else 0.91, rng.uniform(0.03, 0.065), hue + near)
        case "neutral":
            wall = (0.83 if pale else 0.92, rng.uniform(0.010, 0.026), rng.choice([1.2, 1.3, 4.3]) + near)
        case "analogous":
            wall = (0.70 if pale else 0.83, rng.uniform(0.07, 0.13), hue + far)
        case "complement":
            wall = (0.74 if pale else 0.84, rng.uniform(0.04, 0.085), hue + np.pi + near)
        case "bold":
            turn = rng.choice([np.pi, 2.1, -2.1]) if np.hypot(a, b) > 0.08 else 0.0
            wall = (0.62 if lightness > 0.6 else 0.76, rng.uniform(0.15, 0.20), hue + turn + near)
        case "deep":
            wall = (0.30 if lightness > 0.45 else 0.42, rng.uniform(0.035, 0.075), hue + near)
        case "night":
            wall = (0.17 if lightness > 0.3 else 0.24, rng.uniform(0.01, 0.05), rng.choice([hue, 4.6, 4.9]))
        case "red":
            wall = (rng.uniform(0.48, 0.58), rng.uniform(0.18, 0.225), 0.49 + rng.normal(0, 0.04))
        case "green":
            wall = (0.80, rng.uniform(0.10, 0.15), 2.15 + rng.normal(0, 0.1))
        case "fresh_blue":
            wall = (rng.uniform(0.72, 0.86), rng.uniform(0.06, 0.11), rng.uniform(3.75, 4.25))
        case _:  # fresh
            wall = (0.82 if pale else 0.92, rng.uniform(0.03, 0.065), rng.choice([2.1, 2.5, 3.9]) + near)
    level, turned = float(np.clip(wall[0] + rng.normal(0, 0.018), 0.10, 0.965)), float(wall[2] % (2 * np.pi))
    if level < 0.76 and 1.25 < turned < 2.25:  # dark yellow is olive and mustard: amber or green instead
        turned = 1.12 if turned < 1.75 else 2.55
    return level, float(wall[1]), turned


def colours_of(kind: str, wall: Colour, wish: Wish, rng: np.random.Generator) -> dict[str, Colour]:
    """The five colours of a kind of scene about its wall's, in OKLab."""
    lightness, chroma, hue = wall
    dark = lightness < 0.45
    own = float(np.arctan2(wish.product[2], wish.product[1]))
    parts = {
        "wall": wall,
        "second": (lightness + (0.10 if dark else -0.09), chroma * 1.35, hue + rng.normal(0, 0.15)),
        "floor": (lightness + (0.02 if dark else -0.05), chroma * 1.15, hue + rng.normal(0, 0.05)),
        "prop": (
            lightness + (0.22 if dark else rng.choice([-0.20, 0.04])),
            chroma * 1.3 + 0.015,
            hue + rng.normal(0, 0.2),
        ),
        "accent": (0.72 if dark else 0.60, 0.13, rng.choice([hue + np.pi, own, 1.3])),
    }
    parts |= _materials(kind, wall, rng) | _shows(kind, wall, own, rng)
    labs = lab_of(list(parts.values()))
    return {name: (float(lab[0]), float(lab[1]), float(lab[2])) for name, lab in zip(parts, labs, strict=True)}


def _materials(kind: str, wall: Colour, rng: np.random.Generator) -> dict[str, Colour]:
    """What differs where a scene is of a material or of nature, which have colours of their own."""
    lightness, chroma, hue = wall
    brown = (rng.uniform(0.50, 0.68), rng.uniform(0.06, 0.095), rng.uniform(0.95, 1.20))
    parts: dict[str, Colour] = {}
    match kind:
        case "wood" | "shelf":
            parts = {"floor": brown}
        case "garden":
            parts = {
                "floor": brown,
                "second": (0.93, 0.08, 1.95),
                "prop": (0.90, 0.12, 2.0),
                "accent": (0.96, 0.07, 1.8),
            }
        case "marble":
            stone = (0.955, 0.004, 1.4) if rng.random() < 0.75 else (0.25, 0.01, 4.6)
            parts = {"floor": stone, "second": (0.55, 0.012, 1.3)}
        case "table":
            parts = {"floor": brown} if rng.random() < 0.6 else {}
        case "foliage":
            parts = {"prop": (0.58, 0.125, 2.35 + rng.normal(0, 0.1)), "accent": (0.42, 0.10, 2.45)}
        case "water":
            parts = {"second": (0.94, 0.025, hue), "floor": (0.66, 0.11, hue + 0.05)}
        case "sky":
            parts = {"second": (0.94, 0.025, hue), "floor": (0.985, 0.006, hue)}
        case "drops":
            parts = {"second": (min(0.96, lightness + 0.10), chroma * 0.8, hue)}
        case "stone":
            warm = rng.uniform(0.9, 1.4, 2)
            parts = {"floor": (0.62, 0.018, warm[0]), "prop": (0.70, 0.020, warm[1])}
    return parts


def _shows(kind: str, wall: Colour, own: float, rng: np.random.Generator) -> dict[str, Colour]:
    """What differs where a scene is a show: lights, festivals and graphics. `own` is the product's hue."""
    lightness, chroma, hue = wall
    parts: dict[str, Colour] = {}
    match kind:
        case "spotlight":
            parts = {"second": (0.46, 0.055, rng.choice([1.2, hue, own])), "floor": (0.17, 0.012, hue)}
        case "bokeh":
            lights = {
                "prop": (0.80, 0.12, rng.choice([1.2, 0.5, 4.4])),
                "accent": (0.72, 0.15, rng.choice([0.2, 5.8, 1.3])),
            }
            parts = lights | {"floor": (0.16, 0.02, hue)}
        case "grid" | "halo":
            tube = rng.choice([4.4, 4.7, 5.4, 3.5])
            parts = {"second": (0.66, 0.17, tube), "floor": (0.17, 0.035, hue), "accent": (0.75, 0.13, tube)}
        case "lanterns" | "confetti":
            party = kind == "confetti"
            second = (lightness + 0.10, 0.20, hue + 0.2) if party else (0.66, 0.19, 0.62)
            low = (lightness - 0.08, chroma * 0.95, hue - 0.02)
            parts = {
                "second": second,
                "floor": low,
                "prop": _GOLD if party else (0.60, 0.21, 0.49),
                "accent": (0.86, 0.13, 1.5),
            }
        case "rays":
            red = (0.58, 0.19, 0.5 if abs(hue - 0.5) > 0.5 else 1.45)
            parts = {"second": (min(0.95, lightness + 0.12), chroma * 0.8, hue + 0.05), "prop": red}
        case "split":
            level = float(np.clip(lightness + rng.choice([-0.16, 0.12]), 0.2, 0.95))
            half = (level, max(chroma, 0.10), hue + rng.choice([-0.55, 0.55]))
            parts = {"second": half, "floor": half, "prop": (0.95, 0.02, hue)}
        case "mesh":
            around = {
                "second": (lightness + 0.05, chroma * 1.2, hue + 0.9),
                "floor": (lightness - 0.05, chroma * 1.2, hue - 0.8),
            }
            parts = around | {"prop": (0.45 if lightness < 0.45 else 0.90, 0.10, hue + 1.7)}
        case "paper":
            layers = [
                (lightness - 0.08, chroma * 1.6 + 0.01, hue - 0.15),
                (lightness - 0.14, chroma * 1.9 + 0.02, hue - 0.25),
            ]
            parts = {
                "second": layers[0],
                "floor": layers[1],
                "prop": (lightness - 0.20, chroma * 2.0 + 0.03, hue - 0.35),
            }
        case "podium" | "rings":
            parts = {
                "prop": (0.42, chroma, hue) if lightness < 0.45 else (min(0.97, lightness + 0.06), chroma * 0.5, hue)
            }
        case "ribbons":
            parts = {"prop": (0.56, 0.18, rng.choice([0.4, hue, own]))}
    return parts
