"""Where a place is on a canvas, as numbers that a painting network sees: from its middle, its product and its floor.

Most numbers belong to a row or to a column, so those of a picture are made of its rows' and its columns' alone, at any
size; those of `rounds` are of what lies round the product and its foot. Lengths are in units: the square root of the
canvas's area.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from layoutgen.core.layout import Box

_WAVES = (1.0, 2.0, 4.0, 8.0)
_NEAR_WAVES = (2.0, 5.0, 12.0)
_SHARP = (16.0, 90.0, 400.0)
"""How sharply a number changes sides at an edge, per unit."""
COLUMNS = 2 * len(_WAVES) + 2 * len(_NEAR_WAVES) + 3 + len(_SHARP)
ROWS = COLUMNS + 2 * len(_SHARP)
ROUNDS = 12
_FLAT = 3.2
"""How many times wider than high what is round looks on a floor."""
_LEAST, _MARGIN, _SOFT = 0.08, 0.02, 0.032


@dataclass(frozen=True, eq=False)
class Geometry:
    """Where things are on canvases: `sides` (n, 2) width and height in units, `product` (n, 4) ltrb and `horizon` (n,)
    normalised, `quiet` (n, h, w) how much text there is in each cell, from 0 to 1."""

    sides: Tensor
    product: Tensor
    horizon: Tensor
    quiet: Tensor


def horizon_of(size: tuple[int, int], product: Box, height: float) -> float:
    """Where a scene's floor begins, a share of the canvas's height; `height` is the scene's `horizon`."""
    unit = float(np.sqrt(size[0] * size[1]))
    tall = max((product[3] - product[1]) * size[1], unit * _LEAST)
    return float(np.clip(min(product[3], 0.97) - tall * (0.04 + 0.34 * height) / size[1], 0.01, 0.99))


def cells_of(size: tuple[int, int], cells: int) -> tuple[int, int]:
    """The rows and columns of a grid over a canvas of a size (width, height) whose cells are about square."""
    ratio = float(np.clip(size[0] / size[1], 0.3, 3.4))
    return max(4, round(cells / np.sqrt(ratio))), max(4, round(cells * np.sqrt(ratio)))


def quiet_of(size: tuple[int, int], grid: tuple[int, int], texts: Sequence[Box]) -> NDArray[np.float32]:
    """How much text there is in each cell, (h, w): 1 in the middle of a box, fading out beside it."""
    unit = float(np.sqrt(size[0] * size[1]))
    quiet = np.zeros(grid, np.float32)
    for left, top, right, bottom in texts:
        across = _within(grid[1], left, right, size[0] / unit)
        quiet = np.maximum(quiet, _within(grid[0], top, bottom, size[1] / unit)[:, None] * across[None])
    return np.asarray(np.clip(1.15 * quiet, 0, 1), np.float32)


def _within(count: int, start: float, end: float, side: float) -> NDArray[np.float32]:
    place = (np.arange(count, dtype=np.float32) + 0.5) / count
    near = [side * (place - start) + _MARGIN, side * (end - place) + _MARGIN]
    return np.asarray(np.prod([0.5 + 0.5 * np.tanh(0.85 * distance / _SOFT) for distance in near], 0), np.float32)


def columns(x: Tensor, geometry: Geometry) -> Tensor:
    """The numbers of columns (n, w) of x in [0, 1]: (n, w, COLUMNS)."""
    side = geometry.sides[:, :1]
    left, right = geometry.product[:, :1], geometry.product[:, 2:3]
    middle, half = (left + right) / 2, ((right - left) * side).clamp(min=_LEAST) / 2
    away = (x - middle) * side
    edges = [torch.tanh(sharp * (away.abs() - half)) for sharp in _SHARP]
    return torch.stack([*_waves((x - 0.5) * side, away), x - 0.5, away, (away / half).clamp(-4, 4) / 2, *edges], -1)


def rows(y: Tensor, geometry: Geometry) -> Tensor:
    """The numbers of rows (n, h) of y in [0, 1]: (n, h, ROWS)."""
    side = geometry.sides[:, 1:]
    top, foot = geometry.product[:, 1:2], geometry.product[:, 3:].clamp(max=0.97)
    tall = ((foot - top) * side).clamp(min=_LEAST)
    away, below = (y - foot) * side, (y - geometry.horizon[:, None]) * side
    edges = [torch.tanh(sharp * step) for sharp in _SHARP for step in (away, below, away + tall)]
    return torch.stack([*_waves((y - 0.5) * side, below), y - 0.5, away, (away / tall).clamp(-3, 2), *edges], -1)


def rounds(y: Tensor, x: Tensor, geometry: Geometry) -> Tensor:
    """The numbers of places, (n, h, w, ROUNDS), by how far they are from the product's middle, at which angle, and from
    its foot along the floor."""
    wide, high = geometry.sides.unbind(1)
    left, top, right, bottom = geometry.product.unbind(1)
    across = ((right - left) * wide).clamp(min=_LEAST)[:, None, None]
    reach = torch.maximum(0.62 * across, 0.6 * ((bottom - top) * high).clamp(min=_LEAST)[:, None, None])
    dx = ((x - ((left + right) / 2)[:, None]) * wide[:, None])[:, None]
    dy = ((y - ((top + bottom) / 2)[:, None]) * high[:, None])[:, :, None]
    below = ((y - bottom.clamp(max=0.97)[:, None]) * high[:, None])[:, :, None]
    far = torch.sqrt(dx * dx + dy * dy + 1e-6)
    cosine, sine = dx / far, dy / far
    far = far / reach
    floor = torch.sqrt(dx * dx + (_FLAT * below) ** 2 + 1e-6) / (0.6 * across)
    turn = torch.pi * far
    twice = (cosine * cosine - sine * sine, 2 * cosine * sine)
    fourth = (twice[0] * twice[0] - twice[1] * twice[1], 2 * twice[0] * twice[1])
    round_ = [far.clamp(max=4), torch.tanh(12 * (far - 1)), torch.sin(turn), torch.cos(turn)]
    flat = [floor.clamp(max=4), torch.tanh(8 * (floor - 1))]
    return torch.stack([*round_, cosine.expand_as(far), sine.expand_as(far), *twice, *fourth, *flat], -1)


def _waves(far: Tensor, near: Tensor) -> list[Tensor]:
    turns = [2 * torch.pi * wave * far for wave in _WAVES] + [torch.pi * wave * near for wave in _NEAR_WAVES]
    return [each for turn in turns for each in (torch.sin(turn), torch.cos(turn))]
