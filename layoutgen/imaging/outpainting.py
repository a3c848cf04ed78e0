"""A photo carried on beyond its edges, as a retoucher carries a wall, a cloth or a floor on: by no model.

A strip along an edge that holds nothing of the subject is parted into its light, which runs on evenly, and its
texture. Next to the edge the texture is the strip's mirror image, so that no seam is seen; further out it is noise of
the strip's own spectrum (random-phase noise; Galerne, Gousseau, Morel, "Random Phase Textures", 2011), which repeats
nothing, and grows fainter. Edges that hold things, such as the corner of a room, can't be carried on so;
`surroundings` says which can.
"""

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
    beside = [np.fliplr(_beyond(np.fliplr(out), left, depths[0], long, 0))] if left else []
    beside += [out, *([_beyond(out, right, depths[2], long, 2)] if right else [])]
    out = _turned(np.concatenate(beside, 1))
    beside = [np.fliplr(_beyond(np.fliplr(out), top, depths[1], long, 1))] if top else []
    beside += [out, *([_beyond(out, bottom, depths[3], long, 3)] if bottom else [])]
    return np.asarray(np.clip(np.rint(_turned(np.concatenate(beside, 1))), 0, 255), np.uint8)


def light_of(strip: Floats, long: int) -> tuple[Floats, Floats, Floats, Floats]:
    """Part a strip (h, d, 3), whose right end is a photo's edge, `long` being the photo's longer side, px: its light
    along the edge (h, 3), its even run (h, 3), by how much the light changes a px outwards (3,), and its
    texture, which is what is left (h, d, 3)."""
    depth = strip.shape[1]
    rim = max(1, min(depth, round(NEAR * long)))
    sharp = strip[:, -rim:].mean(1)
    near = _along(sharp, NEAR * long)
    even = _even(near)
    steps = float(np.square(sharp - even).mean())
    rest = float(np.square(strip - sharp[:, None]).mean())
    lined = (steps / max(1e-6, steps + rest) - _LINED[0]) / (_LINED[1] - _LINED[0])
    held = float(_eased(np.asarray(lined))) if depth >= _LEAST_LINED * long else 0.0
    near, even = near + held * (sharp - near), even + held * (sharp - even)
    half = max(1, depth // 2)
    fall = np.median(strip[:, half:].mean(1) - strip[:, :half].mean(1), axis=0) if depth > 1 else np.zeros(3)
    steepest = _MOST_CHANGE / (_RUN * long)
    slope = np.clip(fall / max(1.0, depth / 2), -steepest, steepest)
    inwards = np.arange(-depth, 0) + 1 + rim / 2
    texture = strip - near[:, None] - (slope[None] * inwards[:, None])[None]
    return near, even, slope.astype(np.float32), texture.astype(np.float32)


def _beyond(image: Floats, count: int, depth: int, long: int, seed: int) -> Floats:
    """What goes on at the right of an image (h, w, 3), (h, count, 3)."""
    depth = max(2, min(depth, image.shape[1], int(DEEPEST * long)))
    near, even, slope, texture = light_of(np.ascontiguousarray(image[:, -depth:]), long)
    away = np.arange(1, count + 1, dtype=np.float32)
    run = _RUN * long
    evened = _eased(away / (_EVEN * long))[:, None]
    light = near[:, None] * (1 - evened) + even[:, None] * evened
    light = light + (slope * (NEAR * long / 2 + run * (1 - np.exp(-away / run)))[:, None])[None]
    spread, usual = texture.std((0, 1)), _usual(texture)
    reach = _MIRRORED if usual.sum() > _THINGS * spread.sum() else _MIRRORED_THINGS
    mirrored = int(max(1, min(depth, reach * long, count)))
    turn = np.pi / 2 * _eased(away / mirrored)
    faint = 1 - _FAINTER * _eased(away / (_FAINT * long))
    out = light + _noise(texture, usual, count, seed) * (np.sin(turn) * faint)[:, None]
    out[:, :mirrored] += np.fliplr(texture)[:, :mirrored] * np.cos(turn[:mirrored])[:, None]
    return np.asarray(out, np.float32)


def _usual(texture: Floats) -> Floats:
    """The spread (3,) of a texture (h, d, 3) but for the few things in it, such as a hook on a wall."""
    return np.minimum(1.4826 * np.median(np.abs(texture), axis=(0, 1)), texture.std((0, 1)))


def _noise(texture: Floats, spread: Floats, count: int, seed: int) -> Floats:
    """Noise (h, count, 3) of a texture's (h, d, 3) spectrum and a spread (3,); the same for the same seed."""
    height, depth = texture.shape[:2]
    rows, columns = (cv2.getOptimalDFTSize(min(_TILE_PX, n)) for n in (height, max(count, 2 * depth)))
    part = texture[(height - min(height, rows)) // 2 :][:rows, -min(depth, columns) :]
    window = np.outer(*(np.sin(np.pi * (np.arange(n) + 0.5) / n) for n in part.shape[:2])).astype(np.float32)[..., None]
    spot = (part - (part * window**2).sum((0, 1)) / (window**2).sum()) * window
    white = np.random.default_rng(seed).standard_normal((rows, columns), np.float32)
    spectrum = cv2.dft(white, flags=cv2.DFT_COMPLEX_OUTPUT)
    tile = np.empty((rows, columns, 3), np.float32)
    for channel in range(3):
        padded = np.zeros((rows, columns), np.float32)
        padded[: spot.shape[0], : spot.shape[1]] = spot[..., channel]
        product = cv2.mulSpectrums(cv2.dft(padded, flags=cv2.DFT_COMPLEX_OUTPUT), spectrum, 0)
        noise = cv2.idft(product, flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT)
        tile[..., channel] = noise * (spread[channel] / max(1e-6, float(noise.std())))
    # What a Fourier transform makes goes on with itself at its ends.
    return np.tile(tile, (-(-height // rows), -(-count // columns), 1))[:height, :count]


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


def _turned(image: Floats) -> Floats:
    return np.ascontiguousarray(image.transpose(1, 0, 2))
