"""Composites with known masks: cut-outs pasted on grounds, as product photos, posters and video frames look.

A `Stock` holds cut-outs and grounds; `composite` draws one picture from it: a ground (plain, gradient, wall and floor,
a demo backdrop, a texture, clutter, a stretch of a photo), things that don't matter behind, one to three subjects with
shadows, captions, and what cameras and encoders do to it. The same stock and rng state give the same pixels.
"""

import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np

from layoutgen.goods.figures import SIDE, Rng, colour, fitted, pattern
from layoutgen.goods.scenes import BACKDROPS
from layoutgen.goods.sheet import Array, mix, noise
from layoutgen.imaging import images
from layoutgen.imaging.shrinking import shrink
from layoutgen.training.corpus.cutouts import drawn, from_packshot, marked_photo

GROUND_SIDE = 288
_HELD_BACK = 3
_EXAMPLES = 0.2
_SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".bmp", ".avif")
_FEW_COLOURS = {"bokeh": 5, "leaves": 5, "podium": 4, "tiles": 3}


@dataclass(frozen=True)
class Stock:
    """What composites are made of: `cutouts` (h, w, 4) uint8, `grounds` (h, w, 3) uint8, and `examples`: whole photos
    with the subject in a fourth channel."""

    cutouts: list[np.ndarray]
    grounds: list[np.ndarray]
    examples: list[np.ndarray] = field(default_factory=list)


def held_back(name: str) -> bool:
    """Tell whether a file (or a demo product) of this name is kept from training for evaluation: about one in three,
    by the name's CRC-32."""
    return zlib.crc32(name.encode()) % _HELD_BACK == 0


def read_folder(folder: Path, keep: Callable[[str], bool]) -> Iterable[tuple[str, np.ndarray]]:
    """Yield name and pixels (h, w, 3) or, where a file has transparency, (h, w, 4) of the images of a folder and of
    those below it, in order of their names; what can't be read is left out."""
    for path in sorted(path for path in folder.rglob("*") if path.suffix.lower() in _SUFFIXES and keep(path.name)):
        data = path.read_bytes()
        try:
            if path.suffix.lower() in (".png", ".webp"):
                rgba = images.decode_rgba(data, side=images.LOGO_SIDE, max_pixels=images.LOGO_MAX_PIXELS)
                if (rgba[..., 3] < 128).mean() > 0.02:
                    yield path.name, rgba
                    continue
            yield path.name, images.decode(data, side=512, min_side=16, max_pixels=120_000_000).pixels
        except images.ImageFault:
            continue


def stock(rng: Rng, *, cutouts: int, grounds: int, folders: Iterable[Path] = (), evaluation: bool = False) -> Stock:
    """Draw `cutouts` and `grounds`, and add what `folders` hold: cut-outs with transparency, packshots on white, and
    those photos of whose subject the border-contrast finder is sure: as examples, as rough cut-outs and as grounds,
    what lies between subject and edges and the whole, whose own subject matters less than what is pasted before it.
    With `evaluation`, of the demo's products and of the files only those that are held back; without, only the others.
    """

    def keep(name: str) -> bool:
        return held_back(name) == evaluation

    things = [drawn(rng, keep) for _ in range(cutouts)]
    places = [ground(rng) for _ in range(grounds)]
    read: list[np.ndarray] = []
    examples: list[np.ndarray] = []
    for folder in folders:
        for _, image in read_folder(folder, keep):
            if image.shape[2] == 4:
                read.append(shrink(image, SIDE))
            elif (cut := from_packshot(image)) is not None:
                read.append(cut)
            else:
                marked = marked_photo(image)
                if marked is not None:
                    examples.append(marked)
                    read.append(fitted(marked))
                    places += [*outskirts(marked[..., :3], marked[..., 3]), shrink(marked[..., :3], GROUND_SIDE)]
    # What was read is dearer than what was drawn: it gets about as many places in the stock.
    repeats = max(1, round(0.6 * len(things) / len(read))) if read else 0
    return Stock([*things, *read * repeats], places, examples)


def outskirts(image: np.ndarray, subject: np.ndarray) -> list[np.ndarray]:
    """The strips of a photo between its edges and its subject (h, w, above 0 where it is), at most a quarter deep, each
    filled up to a picture by mirroring: real ground and nothing else. A side that the subject reaches gives none."""
    filled = []
    for turns in range(4):
        upright, taken = np.rot90(image, turns), np.rot90(subject, turns)
        rows = np.flatnonzero(taken.any(1))
        depth = min(len(upright) // 4, int(rows[0]) if len(rows) else len(upright))
        if depth < 0.05 * len(upright):
            continue
        strip = np.ascontiguousarray(upright[:depth])
        tall = max(8, min(GROUND_SIDE, round(GROUND_SIDE * depth / upright.shape[1])))
        strip = cv2.resize(strip, (GROUND_SIDE, tall), interpolation=cv2.INTER_AREA)
        both = np.concatenate([strip, strip[::-1]])
        filled.append(np.concatenate([both] * -(-GROUND_SIDE // len(both)))[:GROUND_SIDE])
    return filled


def ground(rng: Rng) -> np.ndarray:
    """A drawn ground, (h, w, 3) uint8."""
    shape = (GROUND_SIDE, GROUND_SIDE)
    y, x = np.mgrid[0 : shape[0], 0 : shape[1]].astype(np.float32) / GROUND_SIDE
    match rng.choice(
        ["white", "plain", "gradient", "room", "scene", "texture", "clutter"],
        p=[0.1, 0.1, 0.12, 0.12, 0.26, 0.16, 0.14],
    ):
        case "white":
            pixels = np.full((*shape, 3), rng.uniform(0.93, 1), np.float32)
        case "plain":
            pixels = np.broadcast_to(colour(rng), (*shape, 3)).copy()
        case "gradient":
            turn = rng.uniform(0, 6.28)
            pixels = mix(
                colour(rng), colour(rng), np.clip(0.5 + (x - 0.5) * np.cos(turn) + (y - 0.5) * np.sin(turn), 0, 1)
            )
        case "room":
            pixels = pattern(shape, rng)
            edge = rng.uniform(0.45, 0.9) + rng.uniform(-0.2, 0.2) * (x - 0.5)
            pixels[y > edge] = pattern(shape, rng)[y > edge]
            pixels = cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.3, 3))
        case "scene":
            name = list(BACKDROPS)[int(rng.integers(1, len(BACKDROPS)))]
            hues = tuple(
                "#" + "".join(f"{int(v * 255):02x}" for v in colour(rng)) for _ in range(_FEW_COLOURS.get(name, 2))
            )
            pixels = BACKDROPS[name](shape, rng.uniform(0.55, 0.85), hues, rng)
        case "texture":
            pixels = pattern(shape, rng) * (1 + rng.uniform(0, 0.3) * noise(shape, rng, rng.uniform(3, 120)))[..., None]
        case _:
            pixels = _clutter(shape, rng)
    light = 1 - rng.uniform(0, 0.45) * ((x - rng.uniform(0.2, 0.8)) ** 2 + (y - rng.uniform(0.2, 0.8)) ** 2)
    return _bytes(pixels * light[..., None])


def _clutter(shape: tuple[int, int], rng: Rng) -> Array:
    pixels = np.ascontiguousarray(pattern(shape, rng))
    for _ in range(int(rng.integers(8, 60))):
        centre = tuple(int(v) for v in rng.uniform(0, GROUND_SIDE, 2))
        half = rng.uniform(0.02, 0.12, 2) * GROUND_SIDE
        corners = cv2.boxPoints((centre, tuple(float(v) * 2 for v in half), float(rng.uniform(0, 180)))).astype(
            np.int32
        )
        tone = [float(v) for v in colour(rng)]
        if rng.random() < 0.5:
            cv2.fillPoly(pixels, [corners], tone, cv2.LINE_AA)
        else:
            cv2.ellipse(pixels, centre, (int(half[0]) + 1, int(half[1]) + 1), 0, 0, 360, tone, -1, cv2.LINE_AA)
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), rng.uniform(0.5, 7)), np.float32)


def composite(from_stock: Stock, rng: Rng, side: int) -> tuple[np.ndarray, np.ndarray]:
    """Draw one picture (side, side, 3) uint8 and the mask of its subjects (side, side), uint8, 0 or 255 with soft
    edges. The picture is squeezed to a square, as the network sees pictures of any shape."""
    if from_stock.examples and rng.random() < _EXAMPLES:
        return _example(from_stock.examples[int(rng.integers(len(from_stock.examples)))], rng, side)
    aspect = float(np.exp(rng.uniform(np.log(0.5), np.log(1.9))))
    image = _grounded(from_stock, rng, side)
    mask = np.zeros((side, side), np.float32)
    for _ in range(int(rng.integers(1, 4)) if rng.random() < 0.2 else 0):  # things out of focus that do not matter
        size = rng.uniform(0.1, 0.3)
        layer = _laid(_thing(from_stock, rng), rng, side, aspect, size, rng.uniform(0, 1, 2))
        layer = cv2.GaussianBlur(layer, (0, 0), side * rng.uniform(0.012, 0.03))
        image = image * (1 - layer[..., 3:]) + layer[..., :3] * 255
    count = int(rng.choice([1, 2, 3], p=[0.82, 0.12, 0.06]))
    size = _size(rng) * (1.0, 0.65, 0.5)[count - 1]
    for k in range(count):
        centre = 0.5 + np.clip(rng.normal(0, 0.13 if count == 1 else 0.2, 2), -0.4, 0.4)
        if count > 1:
            centre[0] = (k + 0.5 + rng.normal(0, 0.12)) / count
        layer = _laid(_thing(from_stock, rng), rng, side, aspect, size, centre)
        layer = _matched(layer, image, rng)
        image = _shadowed(image, layer[..., 3], rng, side)
        image = image * (1 - layer[..., 3:]) + layer[..., :3] * 255
        mask = np.maximum(mask, layer[..., 3])
    if rng.random() < 0.15:
        _caption(image, mask, rng, side)
    return _camera(image, rng), (mask * 255).astype(np.uint8)


def _example(photo: np.ndarray, rng: Rng, side: int) -> tuple[np.ndarray, np.ndarray]:
    """A photo as it is, or a window of it, as a picture and its mask."""
    height, width = photo.shape[:2]
    top, bottom = int(rng.uniform(0, 0.12) * height), int(rng.uniform(0.88, 1) * height)
    left, right = int(rng.uniform(0, 0.12) * width), int(rng.uniform(0.88, 1) * width)
    cut = np.ascontiguousarray(photo[top:bottom, left:right][:, :: -1 if rng.random() < 0.5 else 1])
    if rng.random() < 0.3:
        cut = np.ascontiguousarray(np.rot90(cut, int(rng.integers(1, 4))))
    small = cv2.resize(cut, (side, side), interpolation=cv2.INTER_AREA)
    return _camera(small[..., :3].astype(np.float32), rng), np.ascontiguousarray(small[..., 3])


def _thing(from_stock: Stock, rng: Rng) -> np.ndarray:
    return from_stock.cutouts[int(rng.integers(len(from_stock.cutouts)))]


def _size(rng: Rng) -> float:
    return float(
        rng.choice([rng.uniform(0.2, 0.45), rng.uniform(0.45, 0.85), rng.uniform(0.85, 1.15)], p=[0.13, 0.57, 0.3])
    )


def _grounded(from_stock: Stock, rng: Rng, side: int) -> Array:
    place = from_stock.grounds[int(rng.integers(len(from_stock.grounds)))]
    height, width = place.shape[:2]
    share = rng.uniform(0.5, 1.0, 2)
    top, left = (int(rng.uniform(0, 1 - s) * n) for s, n in zip(share, (height, width), strict=True))
    cut = place[top : top + int(share[0] * height), left : left + int(share[1] * width)]
    if rng.random() < 0.5:
        cut = cut[:, ::-1]
    image = cv2.resize(np.ascontiguousarray(cut), (side, side), interpolation=cv2.INTER_AREA).astype(np.float32)
    return np.asarray(cv2.GaussianBlur(image, (0, 0), rng.uniform(0.5, 2.5)) if rng.random() < 0.2 else image)


def _laid(thing: np.ndarray, rng: Rng, side: int, aspect: float, size: float, centre: np.ndarray) -> Array:
    """Lay a cut-out on an empty layer (side, side, 4), colours multiplied by alpha, in [0, 1]; its longer extent is
    `size` of the picture's, `centre` (x, y) in shares; the layer is squeezed from a picture of shape `aspect`."""
    height, width = thing.shape[:2]
    # In units of the unsqueezed picture, whose sides are (aspect, 1) or its like with the longer one 1.
    wide, tall = min(1.0, aspect), min(1.0, 1 / aspect)
    scale = size * min(wide / width, tall / height)
    turn = float(rng.normal(0, 0.12) if rng.random() < 0.8 else rng.uniform(-np.pi, np.pi))
    flip = -1.0 if rng.random() < 0.5 else 1.0
    cos, sin = np.cos(turn) * scale, np.sin(turn) * scale
    matrix = np.array([[flip * cos / wide, -sin / wide], [flip * sin / tall, cos / tall]], np.float32) * side
    shift = centre * side - matrix @ np.array([width / 2, height / 2], np.float32)
    alpha = thing[..., 3:].astype(np.float32) / 255
    layer = np.concatenate([thing[..., :3].astype(np.float32) / 255 * alpha, alpha], 2)
    if scale * side < 0.7:  # warpAffine does not average: shrink first
        less = max(scale * side, 0.1)
        layer = cv2.resize(layer, None, fx=less, fy=less, interpolation=cv2.INTER_AREA)
        matrix = matrix @ np.array([[width / layer.shape[1], 0], [0, height / layer.shape[0]]], np.float32)
    return np.asarray(cv2.warpAffine(layer, np.column_stack([matrix, shift]), (side, side), flags=cv2.INTER_LINEAR))


def _matched(layer: Array, image: Array, rng: Rng) -> Array:
    """Light the thing like its place, a little or a lot; seldom, give it nearly the ground's colour."""
    alpha = layer[..., 3:]
    whole = max(float(alpha.sum()), 1.0)
    own = layer[..., :3].sum((0, 1)) / whole
    behind = (image * alpha).sum((0, 1)) / whole / 255
    pull = rng.uniform(0.5, 0.9) if rng.random() < 0.12 else rng.uniform(0, 0.25)
    lit = layer[..., :3] + alpha * np.float32(pull) * (behind - own).astype(np.float32)
    return np.concatenate([np.clip(lit * np.float32(rng.uniform(0.75, 1.2)), 0, alpha), alpha], 2)


def _shadowed(image: Array, alpha: Array, rng: Rng, side: int) -> Array:
    if rng.random() < 0.3:
        return image
    soft = side * rng.uniform(0.005, 0.05)
    matrix = np.array(
        [[1, rng.uniform(-0.3, 0.3), rng.uniform(-0.03, 0.04) * side], [0, 1, rng.uniform(0, 0.05) * side]],
        np.float32,
    )
    matrix[0, 2] -= matrix[0, 1] * side * 0.6
    cast = cv2.warpAffine(alpha, matrix, (side, side))
    dark = cv2.GaussianBlur(cast, (0, 0), soft) * np.float32(rng.uniform(0.1, 0.6))
    return np.asarray(image * (1 - dark[..., None]))


def _caption(image: Array, mask: Array, rng: Rng, side: int) -> None:
    """Write captions, half of them on a band, where the subject isn't; they are not the subject."""
    for _ in range(int(rng.integers(1, 4))):
        height = rng.uniform(0.03, 0.1) * side
        x, y = rng.uniform(0, 0.6) * side, rng.uniform(0.08, 0.98) * side
        layer = np.zeros(mask.shape, np.uint8)
        if rng.random() < 0.4:
            cv2.rectangle(layer, (int(x), int(y - 1.3 * height)), (int(x + side * 0.4), int(y + 0.3 * height)), 255, -1)
            shown = layer * (mask < 0.1) > 0
            image[shown] = colour(rng) * 255
        words = "".join(chr(int(c)) for c in rng.integers(65, 91, int(rng.integers(3, 12))))
        layer[:] = 0
        cv2.putText(
            layer,
            words,
            (int(x), int(y)),
            int(rng.choice([0, 2, 3, 4])),
            height / 22,
            255,
            max(1, int(height / 9)),
            cv2.LINE_AA,
        )
        ink = layer.astype(np.float32)[..., None] / 255 * (mask < 0.1)[..., None]
        image[:] = image * (1 - ink) + colour(rng) * 255 * ink


def _camera(image: Array, rng: Rng) -> np.ndarray:
    """Exposure, white balance, softness, noise, JPEG."""
    if rng.random() < 0.7:
        image = image * rng.uniform(0.92, 1.08, 3).astype(np.float32)
        image = np.asarray(255 * np.clip(image / 255, 0, 1) ** np.float32(np.exp(rng.normal(0, 0.2))), np.float32)
    if rng.random() < 0.25:
        image = cv2.GaussianBlur(image, (0, 0), rng.uniform(0.3, 1.2))
    if rng.random() < 0.5:
        grain = rng.standard_normal(image.shape, np.float32) * np.float32(rng.uniform(1, 9))
        image = np.asarray(image + grain, np.float32)
    if rng.random() < 0.06:
        image = np.repeat(image.mean(2, keepdims=True), 3, 2)
    pixels = np.clip(image, 0, 255).astype(np.uint8)
    if rng.random() < 0.3:
        _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(25, 85))])
        pixels = np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)
    return pixels


def _bytes(image: Array) -> np.ndarray:
    return np.asarray(np.clip(image * 255, 0, 255), np.uint8)
