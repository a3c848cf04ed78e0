"""What the content metrics share: boxes to pixel masks, grey, Sobel gradients. Pure numpy; OpenCV's definitions.

One layout at a time: a map of 240 x 350 px (half a megabyte in float32) stays in the cache only by itself.
"""

import math

import numpy as np

_BAND_PX = 49_152


def truncated(boxes_px: np.ndarray) -> np.ndarray:
    """Boxes (k, 4) cut to whole pixels toward 0, as int() does."""
    return np.asarray(np.clip(boxes_px, -1e9, 1e9).astype(np.int64))


def rounded(boxes_px: np.ndarray, width: int, height: int) -> np.ndarray:
    """Boxes (k, 4) clipped to the canvas and rounded to whole pixels, halves to even."""
    low, high = np.zeros(4), np.array([width, height, width, height], np.float64)
    return np.asarray(np.rint(np.clip(boxes_px, low, high)).astype(np.int64))


def masks(
    cells: np.ndarray, is_text: np.ndarray, is_underlay: np.ndarray, shape: tuple[int, int]
) -> tuple[np.ndarray, np.ndarray]:
    """The union of all boxes, and the text boxes' less the underlays': two (h, w) bool of boxes (k, 4) in whole px."""
    covered, text = np.zeros(shape, bool), np.zeros(shape, bool)
    boxes = cells.tolist()
    for left, top, right, bottom in boxes:
        covered[top:bottom, left:right] = True
    for chosen, value in ((is_text, True), (is_underlay, False)):
        for k in np.flatnonzero(chosen):
            left, top, right, bottom = boxes[k]
            text[top:bottom, left:right] = value
    return covered, text


def use_of(saliency: np.ndarray, covered: np.ndarray) -> tuple[float, float]:
    """Utilization, the share of the free room that is covered, and occlusion, the mean saliency under the cover. Values
    that are not finite count as 0, others are cut to [0, 1]."""
    if not (saliency.min(initial=0) >= 0 and saliency.max(initial=0) <= 1):  # false for NaN too
        saliency = np.clip(np.nan_to_num(saliency, posinf=1.0), 0, 1)
    pixels = int(np.count_nonzero(covered))
    if not pixels:
        return 0.0, 0.0
    # Row by row in the map's own precision, rows in float64: as exact as float64 all through, and twice as fast.
    under = float(np.vecdot(saliency, covered.astype(saliency.dtype)).sum(dtype=np.float64))
    free = saliency.size - float(saliency.sum(1).sum(dtype=np.float64))
    return min(1.0, (pixels - under) / free) if free > 0 else 0.0, min(1.0, under / pixels)


def mean_under(values: np.ndarray, mask: np.ndarray) -> float:
    """Mean of a map where a mask is set; 0 where it is set nowhere."""
    count = int(np.count_nonzero(mask))
    return float(values[mask].sum(dtype=np.float64)) / count if count else 0.0


def grey(image: np.ndarray) -> np.ndarray:
    """Grey of uint8 RGB (h, w, 3) as uint8 (h, w): BT.601 in 15-bit fixed point, as OpenCV rounds it."""
    weighed = np.asarray(image.astype(np.int32) @ np.array([9798, 19235, 3735], np.int32))
    return np.asarray((weighed + 16384) // 32768, np.uint8)


def grey_float(image: np.ndarray) -> np.ndarray:
    """Grey of uint8 RGB (h, w, 3) as float32 (h, w) in [0, 255], not rounded."""
    return np.asarray(image.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32))


def sobel(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """3x3 Sobel derivatives (dx, dy) of a map (h, w), its edge mirrored without repeating the outermost pixel."""
    if min(values.shape) < 2:
        return np.zeros_like(values), np.zeros_like(values)
    return _inner_sobel(np.pad(values, 1, mode="reflect"))


def _inner_sobel(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Sobel derivatives of the inner pixels: (h, w) to two (h-2, w-2)."""
    down, across = values[:-1] + values[1:], values[:, :-1] + values[:, 1:]
    down, across = down[:-1] + down[1:], across[:, :-1] + across[:, 1:]  # (1, 2, 1) is (1, 1) twice
    return down[:, 2:] - down[:, :-2], across[2:] - across[:-2]


def mean_gradient(image: np.ndarray, mask: np.ndarray) -> float:
    """Mean size of the gradient of uint8 RGB (h, w, 3), float32 by its own maximum, where a mask (h, w) is set; 0 where
    it is set nowhere, and for a flat picture."""
    count = int(np.count_nonzero(mask))
    if not count or min(mask.shape) < 2:
        return 0.0
    padded = np.pad(grey_float(image), 1, mode="reflect")
    most = under = 0.0
    rows = max(1, _BAND_PX // mask.shape[1])
    for first in range(0, mask.shape[0], rows):  # in bands, so that the temporaries stay in the cache
        dx, dy = _inner_sobel(padded[first : first + rows + 2])
        dx *= dx
        dy *= dy
        dx += dy  # the factor 1 / 2 of the definition goes with the division by the maximum
        most = max(most, float(dx.max()))
        under += float(np.sqrt(dx[mask[first : first + rows]]).sum(dtype=np.float64))
    # Below a thousandth of a grey level it is rounding of the grey, not an edge.
    return under / math.sqrt(most) / count if most > 1e-6 else 0.0


def gradient_uint8(image: np.ndarray) -> np.ndarray:
    """The PKU program's gradient: derivatives cut to [0, 255], squares and their sum modulo 256, its maximum scaled to
    255, the rest cut to whole numbers, and all of it divided by 255."""
    dx, dy = (np.clip(side, 0, 255).astype(np.uint8) for side in sobel(grey(image).astype(np.int32)))
    size = np.sqrt((dx * dx + dy * dy) / 2)
    most = size.max(initial=0.0)
    if most <= 0:
        return np.zeros_like(size)
    return np.asarray(np.floor(size / most * 255) / 255)


def steepness(image: np.ndarray) -> np.ndarray:
    """Size of the 3x3 Sobel gradient of uint8 RGB in grey levels 0-255, inner pixels only: (h, w, 3) to (h-2, w-2)."""
    values = np.rint(grey_float(image))
    if min(values.shape) < 3:
        return np.zeros((max(0, values.shape[0] - 2), max(0, values.shape[1] - 2)), np.float32)
    return np.asarray(np.hypot(*_inner_sobel(values)))
