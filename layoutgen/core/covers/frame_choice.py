"""Which frame of a clip makes its cover: scores from pixels, near-duplicates dropped, one choice; and whether a picture
shows anything at all.

A frame's score is the weighted sum of four parts in [0, 1], higher is better:

- **sharpness** (0.30): spread of the Laplacian of the grey picture, relative to the clip's sharpest frame; Pech-Pacheco
  et al. 2000. Says little on clips of flat colour.
- **exposure** (0.20): 1 for a mean between 0.25 and 0.75 with contrast and nothing clipped; falls to 0 for black, white
  and faded frames.
- **subject** (0.25): 1 where the subject takes 15 to 50 % of the frame, falling to 0 at none and at all of it, less
  where the frame's edge cuts it.
- **room** (0.25): how free the freest place for a title is, among windows of a title's shapes.

Near-duplicates are told by a difference hash (dHash, Krawetz 2013): 64 bits, of the signs of neighbours in a 9 x 8
picture. Of frames whose hashes differ in at most `MOST_ALIKE` bits the better scored one stays.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from layoutgen.core.summed_area import box_sum, summed

Image = NDArray[np.uint8]
Grey = NDArray[np.float32]

WEIGHTS = {"sharpness": 0.30, "exposure": 0.20, "subject": 0.25, "room": 0.25}
MOST_ALIKE = 6
_TITLES = ((0.84, 0.2), (0.84, 0.3), (0.46, 0.34), (0.4, 0.5))
"""Windows that a title may take: width and height as shares of the frame."""
_CELLS = 24
_FLAT_SPREAD, _FLAT_RANGE = 4.0, 3.0  # of 255: what noise of a camera or of compression makes of one colour


@dataclass(frozen=True)
class Candidate:
    """A frame to choose from: its time in the clip in s, pixels (h, w, 3) at any size from about 64 px (all of a clip
    alike), and its subject map (h, w) in [0, 1] or None."""

    time_s: float
    pixels: Image
    subject: NDArray[np.float32] | None = None


@dataclass(frozen=True)
class Scored:
    """A candidate's place in the list, time in s, score and its parts in [0, 1], its hash, and the place of the better
    frame that it repeats, or None."""

    index: int
    time_s: float
    score: float
    parts: dict[str, float]
    hash: int
    repeats: int | None


def choose(candidates: Sequence[Candidate]) -> tuple[int, list[Scored]]:
    """Return the place of the best frame and all frames scored, in the given order. Of equals the earlier one. Raises
    ValueError for no candidates."""
    if not candidates:
        raise ValueError("no frames to choose from: decode at least one")
    greys = [grey(candidate.pixels) for candidate in candidates]
    sharp = [sharpness(frame) for frame in greys]
    sharpest = max(*sharp, 1e-9)
    scored: list[Scored] = []
    for index, (candidate, shown) in enumerate(zip(candidates, greys, strict=True)):
        parts = {
            "sharpness": sharp[index] / sharpest,
            "exposure": exposure(shown),
            "subject": 0.5 if candidate.subject is None else subject_size(candidate.subject),
            "room": free_room(shown, candidate.subject),
        }
        score = sum(WEIGHTS[name] * value for name, value in parts.items())
        # A black or white frame has room in plenty, and is no cover.
        score *= 0.25 + 0.75 * min(1.0, 4 * parts["exposure"])
        scored.append(Scored(index, candidate.time_s, round(score, 6), parts, difference_hash(shown), None))
    order = sorted(scored, key=lambda frame: (-frame.score, frame.time_s, frame.index))
    apart: list[Scored] = []
    for frame in order:
        alike = next((k for k in apart if (k.hash ^ frame.hash).bit_count() <= MOST_ALIKE), None)
        if alike is None:
            apart.append(frame)
        else:
            scored[frame.index] = Scored(frame.index, frame.time_s, frame.score, frame.parts, frame.hash, alike.index)
    return apart[0].index, scored


def shows_nothing(pixels: Image) -> bool:
    """Tell whether a picture (h, w, 3) is of one flat colour but for faint noise.

    It is where its standard deviation is at most 4 of 255 in every channel and means over cells of 8 to 16 px, in
    which noise cancels out, lie within 3. A white product on white has edges and shades of more than that; one that has
    not is seen by nobody."""
    sample = pixels[::16, ::16].reshape(-1, 3).astype(np.float32)
    if (sample.std(axis=0) > 2 * _FLAT_SPREAD).any():
        return False
    if (pixels.std(axis=(0, 1), dtype=np.float32) > _FLAT_SPREAD).any():
        return False
    height, width = pixels.shape[:2]
    side = min(16, max(8, max(height, width) // 24))
    shape = (-(-height // side), -(-width // side))
    return all(float(np.ptp(cells(pixels[..., c].astype(np.float32), shape))) <= _FLAT_RANGE for c in range(3))


def grey(pixels: Image) -> Grey:
    """Luma (h, w) in [0, 1] of an sRGB picture; Rec. 601."""
    return np.asarray(pixels @ np.array([0.299, 0.587, 0.114], np.float32) / np.float32(255), np.float32)


def sharpness(picture: Grey) -> float:
    """Standard deviation of the 4-neighbour Laplacian of a grey picture; 0 for pictures under 3 px."""
    if min(picture.shape) < 3:
        return 0.0
    laplacian = (
        picture[:-2, 1:-1] + picture[2:, 1:-1] + picture[1:-1, :-2] + picture[1:-1, 2:] - 4 * picture[1:-1, 1:-1]
    )
    return float(laplacian.std())


def exposure(picture: Grey) -> float:
    """How well a grey picture is exposed, [0, 1]."""
    mean, spread = float(picture.mean()), float(picture.std())
    middling = min(1.0, max(0.0, (0.5 - abs(mean - 0.5)) / 0.25))
    clipped = float(((picture < 0.02) | (picture > 0.98)).mean())
    contrast = min(1.0, spread / 0.12)
    return middling * contrast * (1 - 0.6 * max(0.0, clipped - 0.3) / 0.7)


def subject_size(subject: NDArray[np.float32]) -> float:
    """How well a subject map (h, w) fills its frame, [0, 1]."""
    solid = subject > 0.5
    share = float(solid.mean())
    size = share / 0.15 if share < 0.15 else 1.0 if share <= 0.5 else max(0.0, 1 - (share - 0.5) / 0.45)
    edges = (solid[0], solid[:, 0], solid[:, -1])  # a subject may well stand on the lower edge
    cut = max(float(edge.mean()) for edge in edges)
    return size * (1 - 0.5 * min(1.0, cut / 0.5))


def free_room(picture: Grey, subject: NDArray[np.float32] | None) -> float:
    """How free the freest of a title's windows is, [0, 1]: 1 minus the mean of subject and of detail in it."""
    detail = np.zeros_like(picture)
    detail[:, 1:] += np.abs(np.diff(picture, axis=1))
    detail[1:] += np.abs(np.diff(picture, axis=0))
    cost = np.minimum(1.0, 6 * cells(detail, (_CELLS, _CELLS)))
    if subject is not None:
        cost = np.maximum(cost, cells(np.asarray(subject, np.float32), (_CELLS, _CELLS)))
    table, at = summed(cost), np.arange(_CELLS)
    best = 1.0
    for width, height in _TITLES:
        w, h = round(width * _CELLS), round(height * _CELLS)
        left, top = at[: _CELLS + 1 - w], at[: _CELLS + 1 - h, None]
        inside = box_sum(table, left, top, left + w, top + h)
        best = min(best, float(inside.min()) / (w * h))
    return max(0.0, 1 - best)


def difference_hash(picture: Grey) -> int:
    """64 bits: whether each cell of a 9 x 8 picture is brighter than its right neighbour. Cells that differ by less
    than 1/255 count as equal, so that noise on flat colour decides nothing."""
    small = cells(picture, (8, 9))
    bits = (small[:, :-1] - small[:, 1:] > 1 / 255).ravel()
    return int("".join("1" if bit else "0" for bit in bits), 2)


def cells(values: Grey, shape: tuple[int, int]) -> Grey:
    """Means of a map (h, w) over a grid of `shape` cells; cells of a smaller map repeat."""
    rows = np.linspace(0, values.shape[0], shape[0] + 1)
    columns = np.linspace(0, values.shape[1], shape[1] + 1)
    top, bottom = np.floor(rows[:-1]).astype(int), np.maximum(np.ceil(rows[1:]), np.floor(rows[:-1]) + 1).astype(int)
    left, right = (
        np.floor(columns[:-1]).astype(int),
        np.maximum(np.ceil(columns[1:]), np.floor(columns[:-1]) + 1).astype(int),
    )
    sums = box_sum(summed(values, np.float64), left, top[:, None], right, bottom[:, None])
    return np.asarray(sums / np.outer(bottom - top, right - left), np.float32)
