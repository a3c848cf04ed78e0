"""A picture's style as 49 numbers, and a ground moved to a picture's colours. Numpy and OpenCV alone."""

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFilter

from layoutgen.goods.backdrops.oklab import oklab, srgb

Floats = NDArray[np.float32]
SIZE = 49
"""4 colours of OKLab with their shares (16), spread (3), restlessness at 3 scales (3), a 3 x 3 thumbnail (27)."""
LEAST_SIDE = 8
_SIDE, _COLOURS, _ROUNDS, _GRID = 32, 4, 6, 17


@dataclass(frozen=True, eq=False)
class Look:
    """What is measured in a picture: `lab` (n, n, 3), small, in OKLab, and `weight` (n, n), which is less in the
    middle, where a product may stand."""

    lab: Floats
    weight: Floats


def look_of(pixels: NDArray[np.uint8]) -> Look:
    """A picture (h, w, 3) as it is measured. Raises ValueError where it is too small to have a style."""
    if pixels.ndim != 3 or pixels.shape[2] != 3 or min(pixels.shape[:2]) < LEAST_SIDE:
        raise ValueError(
            f"a reference of shape {pixels.shape} shows no style; give an RGB picture of 8 px or more a side"
        )
    small = cv2.resize(pixels, (_SIDE, _SIDE), None, 0, 0, cv2.INTER_AREA)
    place = (np.arange(_SIDE, dtype=np.float32) + 0.5) / _SIDE - 0.5
    far = np.hypot(place[:, None], place[None])
    weight = 0.25 + 0.75 * np.clip((far - 0.16) / 0.20, 0, 1)
    return Look(oklab(small.astype(np.float32) / 255), np.asarray(weight / weight.sum(), np.float32))


def palette(shown: Look) -> Floats:
    """The picture's 4 colours, the greatest share first: rows of L, a, b, share, (4, 4). The same picture gives the
    same colours: means (Lloyd) that begin with colours far from each other."""
    points, weight = shown.lab.reshape(-1, 3), shown.weight.ravel()
    centres = [weight @ points]
    while len(centres) < _COLOURS:
        away = np.min([((points - centre) ** 2).sum(1) for centre in centres], axis=0)
        centres.append(points[int((away * weight).argmax())])
    means = np.stack(centres)
    for _ in range(_ROUNDS):
        nearest = (points @ (-2 * means.T) + (means**2).sum(1)).argmin(1)
        shares = np.bincount(nearest, weight, minlength=_COLOURS)
        for k in range(_COLOURS):
            if shares[k] > 0:
                means[k] = weight[nearest == k] @ points[nearest == k] / shares[k]
    order = np.argsort(-shares, kind="stable")
    return np.asarray(np.concatenate([means[order], shares[order, None]], 1), np.float32)


def numbers(shown: Look) -> Floats:
    """A picture's style, (SIZE,)."""
    spread = moments(shown)[1]
    restless = []
    lightness = shown.lab[..., 0]
    for scale in (1, 2, 4):
        small = cv2.resize(lightness, (_SIDE // scale, _SIDE // scale), None, 0, 0, cv2.INTER_AREA)
        restless.append(np.abs(np.diff(small, axis=0)).mean() + np.abs(np.diff(small, axis=1)).mean())
    thumbnail = cv2.resize(shown.lab, (3, 3), None, 0, 0, cv2.INTER_AREA)
    parts = [palette(shown).ravel(), spread, 10 * np.array(restless), thumbnail.ravel()]
    return np.asarray(np.concatenate(parts), np.float32)


def moments(shown: Look) -> tuple[Floats, Floats]:
    """Mean and standard deviation of a picture's colours in OKLab, (3,) and (3,)."""
    mean = np.tensordot(shown.weight, shown.lab, ((0, 1), (0, 1)))
    spread = np.sqrt(np.tensordot(shown.weight, (shown.lab - mean) ** 2, ((0, 1), (0, 1))))
    return np.asarray(mean, np.float32), np.asarray(spread, np.float32)


def towards(pixels: NDArray[np.uint8], reference: Look, strength: float) -> NDArray[np.uint8]:
    """A ground (h, w, 3) moved to a reference's colours: mean and spread of OKLab (Reinhard et al. 2001, there in lαβ),
    by a share of `strength`; the spread at most halved or grown by half. At 0 it is what it was."""
    if strength <= 0:
        return pixels
    mean, spread = moments(look_of(pixels))
    wanted, wanted_spread = moments(reference)
    gain = np.clip(wanted_spread / np.maximum(spread, 0.02), 0.5, 1.5)
    gain = 1 + strength * (gain - 1)
    shift = mean + strength * (wanted - mean)
    axis = np.linspace(0, 1, _GRID, dtype=np.float32)
    cube = np.stack(np.meshgrid(axis, axis, axis, indexing="ij"), -1)[..., ::-1]  # red runs fastest, as Pillow has it
    moved = srgb((oklab(cube) - mean) * gain + shift)
    table = ImageFilter.Color3DLUT(_GRID, moved.reshape(-1).tolist())
    return np.asarray(Image.fromarray(pixels, "RGB").filter(table))


def distance(a: Look, b: Look) -> float:
    """How far two pictures' palettes are apart, OKLab: the cheapest way to move the colours of one to those of the
    other (earth mover's distance with their shares)."""
    first, second = palette(a), palette(b)
    cost, _, _ = cv2.EMD(
        np.ascontiguousarray(np.roll(first, 1, 1)), np.ascontiguousarray(np.roll(second, 1, 1)), cv2.DIST_L2
    )
    return float(cost)
