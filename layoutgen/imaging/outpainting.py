"""A photo carried on beyond its edges, as a retoucher carries a wall, a cloth or a floor on: by no model.

A strip along an edge that holds nothing of the subject is parted into its light, which runs on evenly, and its
texture. Next to the edge the texture is the strip's mirror image, so that no seam is seen; further out it is noise of
the strip's own spectrum (random-phase noise; Galerne, Gousseau, Morel, "Random Phase Textures", 2011), which repeats
nothing, and grows fainter. Edges that hold things, such as the corner of a room, can't be carried on so;
`surroundings` says which can.
"""

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

VERSION = "outpainting-2"
Floats = NDArray[np.float32]
Sides = tuple[int, int, int, int]
"""Left, top, right and bottom, px."""
NEAR = 0.03
"""Of a photo's longer side: the rim of a strip from which its light runs on, and how far that is smoothed."""
DEEPEST = 0.25
"""Of a photo's longer side: how far in a strip reaches at most, however far away the subject is."""
_RUN, _MOST_CHANGE = 0.08, 24.0
"""How far out a strip's own fall of light goes on, of the longer side, and by how much it may change it, of 255."""
_LINED, _LEAST_LINED = (0.82, 0.95), 0.05
"""Where so much of what is uneven in a strip is the same all across it, its lines run straight on, as a floor's does
where it meets the wall; from the first share on in part. A strip has to be as deep, of the longer side, to tell."""
_EVEN = 0.25  # of the longer side: as far out all differences along the edge have evened out
_MIRRORED, _MIRRORED_THINGS = 0.14, 0.04
"""How much, of the longer side, is at most a mirror image: less where things would be mirrored, which is where most of
the texture has less than a share `_THINGS` of its spread."""
_THINGS = 0.6
_FAINTER, _FAINT = 0.5, 0.4  # by which share the texture has lost at which distance, of the longer side
_TILE_PX = 640


def carried_on(image: NDArray[np.uint8], pads: Sides, depths: Sides) -> NDArray[np.uint8]:
    """Carry a photo (h, w, 3) on by `pads` px at its sides. `depths` say how far from each edge the subject is, px:
    nothing behind that is looked at."""
    left, top, right, bottom = pads
    out = image.astype(np.float32)
    long = max(image.shape[:2])
    deepest = [max(2, min(depth, out.shape[1 - i % 2], int(DEEPEST * long))) for i, depth in enumerate(depths)]
    beside = [cv2.flip(_beyond(cv2.flip(out[:, : deepest[0]], 1), left, long, 0), 1)] if left else []
    beside += [out, *([_beyond(np.ascontiguousarray(out[:, -deepest[2] :]), right, long, 2)] if right else [])]
    out = cv2.hconcat(beside) if len(beside) > 1 else out
    if top:
        above = _beyond(cv2.flip(cv2.transpose(out[: deepest[1]]), 1), top, long, 1)
        beside = [cv2.flip(cv2.transpose(above), 0), out]
    else:
        beside = [out]
    if bottom:
        beside.append(cv2.transpose(_beyond(cv2.transpose(out[-deepest[3] :]), bottom, long, 3)))
    out = cv2.vconcat(beside) if len(beside) > 1 else out
    return np.asarray(cv2.add(out, (0.0, 0.0, 0.0, 0.0), dtype=cv2.CV_8U), np.uint8)  # rounded, 0 to 255


def light_of(strip: Floats, long: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Part a strip (h, d, 3), whose right end is a photo's edge, `long` being the photo's longer side, px: its light
    along the edge (h, 3), its even run (h, 3), by how much the light changes a px outwards (3,), and its
    texture, which is what is left (h, d, 3)."""
    depth = strip.shape[1]
    rim = max(1, min(depth, round(NEAR * long)))
    columns = cv2.transpose(strip)
    sharp = columns[-rim:].mean(0)
    near = _along(sharp, NEAR * long)
    even = _even(near)
    channels = cv2.split(strip)
    steps = float(np.square(sharp - even).mean())
    rest = float(np.square(cv2.merge([of - edge[:, None] for of, edge in zip(channels, sharp.T, strict=True)])).mean())
    lined = (steps / max(1e-6, steps + rest) - _LINED[0]) / (_LINED[1] - _LINED[0])
    held = float(_eased(np.asarray(lined))) if depth >= _LEAST_LINED * long else 0.0
    near, even = near + held * (sharp - near), even + held * (sharp - even)
    half = max(1, depth // 2)
    fall = np.median(columns[half:].mean(0) - columns[:half].mean(0), axis=0) if depth > 1 else np.zeros(3)
    steepest = _MOST_CHANGE / (_RUN * long)
    slope = np.clip(fall / max(1.0, depth / 2), -steepest, steepest)
    inwards = np.arange(-depth, 0) + 1 + rim / 2
    texture = [
        (of - edge[:, None] - change * inwards).astype(np.float32)
        for of, edge, change in zip(channels, near.T, slope, strict=True)
    ]
    return near, even, slope.astype(np.float32), cv2.merge(texture)


def _beyond(strip: Floats, count: int, long: int, seed: int) -> Floats:
    """What goes on at the right of a strip (h, d, 3), (h, count, 3)."""
    depth = strip.shape[1]
    near, even, slope, texture = light_of(strip, long)
    away = np.arange(1, count + 1, dtype=np.float32)
    run = _RUN * long
    evened = _eased(away / (_EVEN * long))
    fall = slope * (NEAR * long / 2 + run * (1 - np.exp(-away / run)))[:, None]
    spread = texture.std((0, 1))
    usual = _usual(texture, spread)
    reach = _MIRRORED if usual.sum() > _THINGS * spread.sum() else _MIRRORED_THINGS
    mirrored = int(max(1, min(depth, reach * long, count)))
    turn = np.pi / 2 * _eased(away / mirrored)
    faint = np.sin(turn) * (1 - _FAINTER * _eased(away / (_FAINT * long)))
    image = cv2.split(cv2.flip(texture[:, -mirrored:], 1))
    out = []
    for channel, noise in enumerate(_noise(texture, usual, count, seed)):
        light = near[:, channel, None] * (1 - evened) + even[:, channel, None] * evened + fall[:, channel]
        light += noise * faint
        light[:, :mirrored] += image[channel] * np.cos(turn[:mirrored])
        out.append(light)
    return cv2.merge(out)


def _usual(texture: Floats, spread: Floats) -> Floats:
    """The `spread` (3,) of a texture (h, d, 3) but for the few things in it, such as a hook on a wall."""
    return np.minimum(1.4826 * np.array([np.median(np.abs(of)) for of in cv2.split(texture)]), spread)


def _noise(texture: Floats, spread: Floats, count: int, seed: int) -> list[Floats]:
    """Noise, (h, count) a channel, of a texture's (h, d, 3) spectrum and a spread (3,); the same for the same seed."""
    height, depth = texture.shape[:2]
    rows, columns = (cv2.getOptimalDFTSize(min(_TILE_PX, n)) for n in (height, max(count, 2 * depth)))
    part = texture[(height - min(height, rows)) // 2 :][:rows, -min(depth, columns) :]
    window, weights = _window(*part.shape[:2])
    spectrum = cv2.dft(_white(rows, columns, seed))
    tiles = []
    for of, much in zip(cv2.split(part), spread, strict=True):
        padded = np.zeros((rows, columns), np.float32)
        mean = cv2.sumElems(of * weights)[0]
        padded[: part.shape[0], : part.shape[1]] = (of - mean) * window
        noise = cv2.idft(cv2.mulSpectrums(cv2.dft(padded), spectrum, 0), flags=cv2.DFT_SCALE)
        tile = noise * np.float32(much / max(1e-6, float(cv2.meanStdDev(noise)[1][0, 0])))
        # What a Fourier transform makes goes on with itself at its ends.
        times = -(-height // rows), -(-count // columns)
        tiles.append((np.tile(tile, times) if times != (1, 1) else tile)[:height, :count])
    return tiles


@lru_cache(maxsize=16)
def _window(height: int, width: int) -> tuple[Floats, Floats]:
    """A sine window, and its squares as weights that add up to 1."""
    window = np.outer(*(np.sin(np.pi * (np.arange(n) + 0.5) / n) for n in (height, width))).astype(np.float32)
    return window, window**2 / (window**2).sum()


def _white(rows: int, columns: int, seed: int) -> Floats:
    """White noise (rows, columns), each size the beginning of one long draw."""
    return _drawn(seed)[: rows * columns].reshape(rows, columns)


@lru_cache(maxsize=4)
def _drawn(seed: int) -> Floats:
    most = cv2.getOptimalDFTSize(_TILE_PX) ** 2
    return np.random.default_rng(seed).standard_normal(most, np.float32)


def _along(values: Floats, sigma: float) -> Floats:
    """Values (h, 3) smoothed along an edge."""
    smooth = cv2.GaussianBlur(
        np.ascontiguousarray(values[:, None], np.float32),
        (0, 0),
        sigmaX=0.01,
        sigmaY=max(0.5, sigma),
        borderType=cv2.BORDER_REFLECT,
    )
    return np.asarray(smooth[:, 0], np.float32)


def _even(near: Floats) -> Floats:
    """The parabola (h, 3) nearest to most of the light along an edge: lamps and lenses leave corners darker."""
    along = np.linspace(-1, 1, len(near))
    base = np.stack([np.ones(len(near)), along, along**2], 1)
    run = base @ np.linalg.lstsq(base, near, rcond=None)[0]
    off = np.abs(near - run)
    usual = (off <= 1.5 * np.median(off, axis=0) + 2).all(1)
    if usual.mean() > 0.3:
        run = base @ np.linalg.lstsq(base[usual], near[usual], rcond=None)[0]
    return np.asarray(run, np.float32)


def _eased(share: NDArray[np.floating]) -> Floats:
    share = np.clip(share, 0, 1)
    return np.asarray(share * share * (3 - 2 * share), np.float32)
