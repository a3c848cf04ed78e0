"""Outlines and colours that run, to pixels: each pixel by the exact area of it that is covered."""

from functools import lru_cache

import cv2
import numpy as np

from layoutgen.core.colour import to_rgb
from layoutgen.core.shapes import gradients
from layoutgen.core.shapes.paths import Path, flattened

_FINER = 3  # lines along outlines are found at this many times the size


@lru_cache(maxsize=64)
def coverage(path: Path, width: int, height: int) -> np.ndarray:
    """How much of each pixel of a page lies in an outline, (height, width) uint8; not to be written to.

    Each edge adds the area to its right, with its sign, to the pixels that it crosses; sums along the rows are how
    often each pixel is enclosed."""
    limit = 8.0 * max(width, height)
    contours = [contour.clip(-limit, limit) for contour in flattened(path)]
    edges = np.concatenate([np.hstack([contour, np.roll(contour, -1, axis=0)]) for contour in contours])
    edges = _split(_split(edges, 1), 0)
    middle_y, middle_x = (edges[:, 1] + edges[:, 3]) / 2, (edges[:, 0] + edges[:, 2]) / 2
    rows, columns = np.floor(middle_y).astype(int), np.clip(np.floor(middle_x).astype(int), -1, width)
    on_page = (rows >= 0) & (rows < height)
    rows, columns, edges, middle_x = rows[on_page], columns[on_page], edges[on_page], middle_x[on_page]
    rise = edges[:, 3] - edges[:, 1]
    here = rise * (columns + 1 - np.clip(middle_x, columns, columns + 1))
    cells = rows * (width + 3) + columns + 1
    parts = np.concatenate([cells, cells + 1]), np.concatenate([here, rise - here])
    added = np.bincount(*parts, height * (width + 3)).astype(np.float32).reshape(height, width + 3)
    enclosed = np.cumsum(added[:, : width + 1], axis=1)[:, 1:]
    if len(path) > 1:
        enclosed = 1 - np.abs(np.abs(enclosed) % 2 - 1)
    page = cv2.convertScaleAbs(enclosed, alpha=255)
    page.setflags(write=False)
    return page


def stroked(path: Path, width: int, height: int, stroke_px: float) -> np.ndarray:
    """How much of each pixel of a page a line of a width along an outline covers, (height, width) uint8; half of it
    lies inside."""
    larger = tuple(tuple(tuple(_FINER * v for v in segment) for segment in contour) for contour in path)
    inside = (coverage(larger, width * _FINER, height * _FINER) > 127).astype(np.uint8)
    bordered = cv2.copyMakeBorder(inside, 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    away = sum(cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_PRECISE) for side in (bordered, 1 - bordered))
    line = cv2.convertScaleAbs(np.clip(stroke_px * _FINER / 2 + 1 - away[1:-1, 1:-1], 0, 1), alpha=255)
    return np.asarray(cv2.resize(line, (width, height), interpolation=cv2.INTER_AREA))


def _split(edges: np.ndarray, axis: int) -> np.ndarray:
    """Edges (n, 4), x and y of both ends, cut where they cross whole px of an axis (0: x, 1: y)."""
    start, end = edges[:, axis], edges[:, axis + 2]
    first, last = np.floor(np.minimum(start, end)), np.ceil(np.maximum(start, end))
    counts = np.maximum(1, last - first).astype(int)
    parts = np.repeat(edges, counts, axis=0)
    number = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    low, high = (np.repeat(first, counts) + number + step for step in (0, 1))
    length = parts[:, axis + 2] - parts[:, axis]
    safe = np.where(length == 0, 1, length)
    shares = np.clip(np.sort(np.stack([(low - parts[:, axis]) / safe, (high - parts[:, axis]) / safe]), axis=0), 0, 1)
    shares[:, length == 0] = np.array([[0.0], [1.0]])
    way = parts[:, 2:] - parts[:, :2]
    return np.hstack([parts[:, :2] + way * shares[0][:, None], parts[:, :2] + way * shares[1][:, None]])


def gradient(ends: gradients.Ends, start: str, end: str, rows: slice, columns: slice) -> np.ndarray:
    """A part of a page, (rows, columns, 3) float32, on which a colour runs into another between two points (px)."""
    share = gradients.along(ends, rows, columns)[..., None]
    first, last = (to_rgb(colour).astype(np.float32) for colour in (start, end))
    return np.asarray(first + (last - first) * share, np.float32)
