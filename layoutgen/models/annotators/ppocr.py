"""PP-OCRv6's networks (small; in rapidocr's wheel): a picture to its text lines, where they stand and what they say.
What a line means is not asked here.

A picture is looked at twice. Detection on the whole at a small scale says where anything like text may be; at the scale
that reading needs, the detector sees these parts alone, and a picture without them is done. Pictures are read one at a
time, and lines one by one at their own width: what is read doesn't depend on what is read beside it.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

import cv2
import numpy as np

from layoutgen.models.finders.onnx_graph import session

_GRID_PX = 32
_SIDE_PX = 608
"""A smaller picture's shorter side at the large scale."""
_GLANCE, _GLANCE_PX = 0.4, 320
"""The small scale: this share of the large one, yet with at least this longer side."""
_HINT, _SURE, _MARGIN, _MOSTLY = 0.15, 0.3, 1.0, 0.7
_THING, _LARGEST = 0.35, 0.6
"""Of the picture's shorter side: what is larger is one thing that the detector takes for a character."""
_TEXT, _LINE, _UNCLIP, _THINNEST_PX = 0.3, 0.5, 1.6, 3
"""As PP-OCRv6 ships: the least probability of a pixel and of a line, and what DB's shrunk lines grow by."""
_LINE_PX, _NARROWEST_PX = 48, 96
_LEAST_SCORE = 0.5


@dataclass(frozen=True, eq=False)
class FoundLine:
    """A line: corners (4, 2) in px, float32, clockwise from the top left with the detector's margin of about a sixth of
    the line's height; the text, and the mean confidence of its characters."""

    quad: np.ndarray
    text: str
    score: float


class TextReader:
    """Detector and recogniser on the CPU; `threads` is the number that one picture may use."""

    def __init__(self, threads: int = 1) -> None:
        self._detector = session(_weights("det"), threads)
        self._recogniser = session(_weights("rec"), threads)
        characters = self._recogniser.get_modelmeta().custom_metadata_map["character"].splitlines()
        self._characters = ["", *characters, " "]  # the first is CTC's blank

    def read(self, image: np.ndarray) -> list[FoundLine]:
        """Return the lines of an image (height, width, 3) uint8 RGB, from the top down."""
        found = []
        for quad in self.quads(image):
            text, score = self._recognised(_level(image, quad))
            if text.strip() and score >= _LEAST_SCORE:
                found.append(FoundLine(quad, text.strip(), score))
        return found

    def quads(self, image: np.ndarray) -> list[np.ndarray]:
        """Return where lines may stand."""
        scale = max(1.0, _SIDE_PX / min(image.shape[:2]))
        glance = min(scale, max(_GLANCE * scale, _GLANCE_PX / max(image.shape[:2])))
        hints = self._probabilities(_on_grid(image, glance))
        if hints.max() < _SURE:
            return []
        large = _on_grid(image, scale)
        text = np.zeros(large.shape[:2], np.float32)
        for part in _parts(hints, large.shape[0] // _GRID_PX, large.shape[1] // _GRID_PX):
            text[part] = self._probabilities(large[part])
        return sorted(_quads(text, image.shape[1], image.shape[0]), key=lambda quad: (quad[0][1], quad[0][0]))

    def _probabilities(self, image: np.ndarray) -> np.ndarray:
        """For each pixel (h, w) of an image on the grid whether text stands there."""
        (text,) = self._detector.run(None, {"x": _pixels(image)[None]})
        return np.asarray(text[0, 0])

    def _recognised(self, line: np.ndarray) -> tuple[str, float]:
        """The text of a level line (h, w, 3), RGB, and how sure it is."""
        width = max(1, int(np.ceil(_LINE_PX * line.shape[1] / line.shape[0])))
        room = max(_NARROWEST_PX, -(-width // _GRID_PX) * _GRID_PX)
        pixels = np.zeros((1, 3, _LINE_PX, room), np.float32)
        pixels[0, :, :, :width] = _pixels(cv2.resize(line, (width, _LINE_PX)))
        (answer,) = self._recogniser.run(None, {"x": pixels})
        labels, sure = answer[0].argmax(axis=1), answer[0].max(axis=1)
        new = (labels != 0) & (np.diff(labels, prepend=-1) != 0)
        if not new.any():
            return "", 0.0
        return "".join(self._characters[label] for label in labels[new]), float(sure[new].mean())


@lru_cache(maxsize=2)
def reader(threads: int) -> TextReader:
    """The networks, which posters and covers of a worker share."""
    return TextReader(threads)


def _weights(part: str) -> bytes:
    """A network of rapidocr's wheel, its denormal weights made zero: 256,000 of the detector's are so small that a CPU
    multiplies them a hundred times slower than others, and no sum in float32 changes without them."""
    import onnx
    from onnx import numpy_helper

    rapidocr = find_spec("rapidocr")  # not imported: that alone takes two seconds
    assert rapidocr is not None and rapidocr.origin is not None, "rapidocr is in the core install"
    model = onnx.load(Path(rapidocr.origin).parent / f"models/PP-OCRv6_{part}_small.onnx")
    for tensor in model.graph.initializer:
        if tensor.data_type == onnx.TensorProto.FLOAT:
            values = numpy_helper.to_array(tensor)
            normal = np.where(np.abs(values) < np.finfo(np.float32).tiny, np.float32(0), values)
            tensor.CopyFrom(numpy_helper.from_array(normal, tensor.name))
    return bytes(model.SerializeToString())


def _pixels(image: np.ndarray) -> np.ndarray:
    """An image (h, w, 3) RGB as the networks take it: (3, h, w) BGR in [-1, 1]."""
    return np.ascontiguousarray(image[:, :, ::-1].transpose(2, 0, 1), np.float32) / np.float32(127.5) - np.float32(1)


def _on_grid(image: np.ndarray, scale: float) -> np.ndarray:
    """The image at about a scale, in whole squares of the detector's grid."""
    height, width = (max(1, round(scale * side / _GRID_PX)) * _GRID_PX for side in image.shape[:2])
    if (height, width) == image.shape[:2]:
        return image
    smaller = height * width < image.shape[0] * image.shape[1]
    return cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)


def _parts(hints: np.ndarray, rows: int, columns: int) -> list[tuple[slice, slice]]:
    """The parts of a picture of (rows, columns) squares, in px, that hold all hints (h, w) but of things, with a square
    around them; none touches another, and they are the whole where they would be most of it."""
    down, across = rows / hints.shape[0], columns / hints.shape[1]
    _, labels, stats, _ = cv2.connectedComponentsWithStats((hints >= _HINT).astype(np.uint8))
    squares = np.zeros((rows, columns), np.uint8)
    for left, top, width, height, _ in stats[np.unique(labels[hints >= _SURE])]:
        if min(width, height) < _THING * min(hints.shape):
            margin = _MARGIN * min(width, height)
            first_row, first_column = int((top - margin) * down - 1), int((left - margin) * across - 1)
            last_row, last_column = (top + height + margin) * down + 1, (left + width + margin) * across + 1
            squares[max(0, first_row) : int(np.ceil(last_row)), max(0, first_column) : int(np.ceil(last_column))] = 1
    while True:
        _, _, stats, _ = cv2.connectedComponentsWithStats(squares)
        filled = np.zeros_like(squares)
        for left, top, width, height, _ in stats[1:]:
            filled[top : top + height, left : left + width] = 1
        if filled.mean() > _MOSTLY:
            return [(slice(None), slice(None))]
        if (filled == squares).all():
            break
        squares = filled
    px = stats[1:, :4] * _GRID_PX
    return [(slice(y, y + height), slice(x, x + width)) for x, y, width, height in px]


def _quads(text: np.ndarray, width: int, height: int) -> list[np.ndarray]:
    """Lines from the probabilities of text (h, w), as corners in px of a picture of a size; Liao et al. 2020 (DB), with
    the boxes of PP-OCR: the smallest rectangle around a shrunk line, grown on all sides."""
    mask = cv2.dilate((text > _TEXT).astype(np.uint8), np.ones((2, 2), np.uint8))
    contours, _ = cv2.findContours(mask, cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    scale = np.array([width / text.shape[1], height / text.shape[0]])
    quads = []
    for contour in contours:
        centre, sides, angle = cv2.minAreaRect(contour)
        if min(sides) < _THINNEST_PX or _mean_in(text, cv2.boxPoints((centre, sides, angle))) < _LINE:
            continue
        grown = _UNCLIP * sides[0] * sides[1] / (sides[0] + sides[1])
        corners = cv2.boxPoints((centre, (sides[0] + grown, sides[1] + grown), angle)) * scale
        quad = np.floor(np.clip(_clockwise(corners), 0, (width - 1, height - 1))).astype(np.float32)
        short = min(np.linalg.norm(quad[0] - quad[1]), np.linalg.norm(quad[1] - quad[2]))
        if _THINNEST_PX < short < _LARGEST * min(width, height):
            quads.append(quad)
    return quads


def _mean_in(text: np.ndarray, corners: np.ndarray) -> float:
    """The mean of a map within a quad's corners (4, 2)."""
    last = (text.shape[1] - 1, text.shape[0] - 1)
    left, top = np.clip(np.floor(corners.min(axis=0)).astype(int), 0, last)
    right, bottom = np.clip(np.ceil(corners.max(axis=0)).astype(int), 0, last)
    mask = cv2.fillPoly(
        np.zeros((bottom - top + 1, right - left + 1), np.uint8), [(corners - (left, top)).astype(np.int32)], 1
    )
    return cv2.mean(text[top : bottom + 1, left : right + 1], mask)[0]


def _clockwise(corners: np.ndarray) -> np.ndarray:
    """Corners (4, 2) from the top left, clockwise in the picture."""
    by_x = corners[np.argsort(corners[:, 0], kind="stable")]
    left, right = (pair[np.argsort(pair[:, 1], kind="stable")] for pair in (by_x[:2], by_x[2:]))
    return np.stack([left[0], right[0], right[1], left[1]])


def _level(image: np.ndarray, quad: np.ndarray) -> np.ndarray:
    """A quad's content upright (h, w, 3); what is higher than wide is turned to the left."""
    sides = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    width, height = max(1, int(max(sides[0], sides[2]))), max(1, int(max(sides[1], sides[3])))
    target = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    level = cv2.warpPerspective(
        image,
        cv2.getPerspectiveTransform(quad, target),
        (width, height),
        borderMode=cv2.BORDER_REPLICATE,
        flags=cv2.INTER_CUBIC,
    )
    return np.rot90(level) if height >= 1.5 * width else level
