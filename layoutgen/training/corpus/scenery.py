"""Pictures for drawn posters: a product in a place, and the map of where it is.

`Drawn` sets the demo's products, and cut-outs that it is given, into the demo's scenes: which product, how large and
where follows from an rng, so there is no end of them. What is expensive to draw (products, empty scenes) is drawn
once a process. `Photos` are a folder's real photos as they are, with the subject that the embedded network finds.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import cv2
import numpy as np

from layoutgen.core.colour import to_oklch
from layoutgen.goods.scenes import BACKDROPS, FLAT_LAYS
from layoutgen.goods.sheet import Array, Sheet
from layoutgen.goods.shots import ASPECTS, SHOTS
from layoutgen.models.finders.network import NetSaliency
from layoutgen.training.corpus.composites import read_folder
from layoutgen.training.corpus.cutouts import from_packshot

Rng = np.random.Generator
SIDE = 512
"""Px of the longer side of a scene."""
_MAP = 4  # a subject's map is smaller than its scene by this
_PRODUCT_SIDE = 420
_SHAPES = ((1, 1), (3, 4), (4, 3), (4, 5), (16, 9), (9, 16))
_SHAPE_SHARES = (0.36, 0.24, 0.12, 0.08, 0.13, 0.07)
_GROUNDS = {
    "sweep": 30,
    "podium": 12,
    "table": 14,
    "window_light": 10,
    "packshot": 8,
    "wood": 6,
    "marble": 7,
    "textile": 6,
    "tiles": 6,
    "bokeh": 5,
    "leaves": 5,
}
_ANY_HUE = ("sweep", "podium", "table", "window_light", "tiles", "textile")
_PLAIN = ("mug", "kettle", "lamp", "sofa", "plant", "vase", "dress", "sunglasses")
_OWN_COLOURS = ("plant", "book", "watch", "camera", "lipstick", "candle", "jar")
_MOST_SATURATED = 120, 175  # of 255: of a ground, of a product whose hue was turned


@dataclass(frozen=True, eq=False)
class Scene:
    """`pixels` (h, w, 3) uint8; `subject` (h / 4, w / 4) float32 in [0, 1], 1 where the product is; `kind` of goods,
    "" for anything; `printed` tells whether there may be letters on it, which must not be mirrored."""

    name: str
    kind: str
    pixels: np.ndarray
    subject: np.ndarray
    printed: bool

    @cached_property
    def sketch(self) -> np.ndarray:
        """The picture, (h / 4, w / 4, 3)."""
        return cv2.resize(self.pixels, self.subject.shape[::-1], interpolation=cv2.INTER_AREA)


@dataclass(frozen=True, eq=False)
class _Ground:
    """An empty scene: its floor begins at `horizon`, a share of the height."""

    name: str
    pixels: np.ndarray
    horizon: float
    colour: np.ndarray  # OKLCH of the middle colour


@dataclass(frozen=True, eq=False)
class _Product:
    """A cut-out (h, w, 4) uint8, colours multiplied by alpha, to stand or lie in a scene."""

    name: str
    kind: str
    cutout: np.ndarray
    colour: np.ndarray
    own_colours: bool
    printed: bool


class Drawn:
    """Products in drawn scenes. `grounds` empty scenes are drawn from `seed`; `cutouts` (h, w, 4) by name come on top
    of the demo's products; `keep` says by its name whether one of those is used."""

    def __init__(
        self,
        seed: int,
        *,
        grounds: int = 120,
        cutouts: dict[str, np.ndarray] | None = None,
        keep: Callable[[str], bool] = lambda name: True,
    ) -> None:
        self._seed, self._grounds = seed, grounds
        self._shots = sorted(name for name in SHOTS if keep(name))
        self._cutouts = {name: _with_colour_at_edges(cut) for name, cut in (cutouts or {}).items()}
        self.names = [*self._shots, *sorted(self._cutouts)]
        if not self.names:
            raise ValueError("no product is kept and no cut-out is given; keep at least one")

    def scene(self, rng: Rng) -> Scene:
        """Draw a scene; the same rng state gives the same pixels."""
        name = self.names[int(rng.integers(len(self.names)))]
        product = (
            _shot(name)
            if name in SHOTS
            else _Product(name, "", self._cutouts[name], _middle(self._cutouts[name][..., :3]), True, True)
        )
        tried = [_ground(self._seed, int(k)) for k in rng.integers(self._grounds, size=4)]
        ground = max(tried, key=lambda candidate: _harmony(product, candidate))
        across, down = _SHAPES[int(rng.choice(len(_SHAPES), p=_SHAPE_SHARES))]
        width, height = round(SIDE * min(1, across / down)), round(SIDE * min(1, down / across))
        cutout = product.cutout if product.own_colours or rng.random() < 0.5 else _recoloured(product, ground, rng)
        return _set(product, cutout, ground, (width, height), rng)


class Photos:
    """The photos of a folder and of those below it, at most `SIDE` px. Packshots on white and cut-outs with
    transparency are `cutouts`, for `Drawn`; the others are scenes as they are."""

    def __init__(self, folder: Path, keep: Callable[[str], bool] = lambda name: True) -> None:
        self.cutouts: dict[str, np.ndarray] = {}
        self._photos: list[tuple[str, np.ndarray]] = []
        for name, image in read_folder(folder, keep):
            cut = image if image.shape[2] == 4 else from_packshot(image, _PRODUCT_SIDE)
            if cut is None:
                self._photos.append((name, image))
            else:
                self.cutouts[name] = cut
        if not self._photos and not self.cutouts:
            raise ValueError(
                f"{folder} holds no image that can be read and is to be shown; give a folder of more photos"
            )
        self._finder = NetSaliency()
        self._found: dict[str, np.ndarray] = {}

    def __len__(self) -> int:
        return len(self._photos)

    @property
    def names(self) -> list[str]:
        """Of the photos."""
        return [name for name, _ in self._photos]

    def scene(self, rng: Rng) -> Scene:
        """Choose a photo."""
        name, image = self._photos[int(rng.integers(len(self._photos)))]
        if name not in self._found:
            (subject,) = self._finder.saliency([image])
            shape = (max(1, image.shape[1] // _MAP), max(1, image.shape[0] // _MAP))
            self._found[name] = cv2.resize(subject, shape, interpolation=cv2.INTER_AREA)
        return Scene(name, "", image, self._found[name], True)


@lru_cache(maxsize=64)
def _shot(name: str) -> _Product:
    shot = SHOTS[name]
    aspect = ASPECTS[shot.draw]
    wide = round(_PRODUCT_SIDE / max(1.0, aspect))
    sheet = Sheet(round(wide * 1.5), aspect, np.random.default_rng(0))
    shot.draw(sheet, tuple(shot.colours.split()))
    picture = sheet.picture(wide)
    if shot.turn:
        picture = picture.rotate(shot.turn, expand=True)
    whole = np.array(picture)
    rows, columns = np.flatnonzero(whole[..., 3].max(1) > 20), np.flatnonzero(whole[..., 3].max(0) > 20)
    cut = np.ascontiguousarray(whole[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1])
    kind = shot.draw.__name__
    middle = _middle(cut[cut[..., 3] > 128][:, :3])
    return _Product(name, kind, _with_colour_at_edges(cut), middle, kind in _OWN_COLOURS, kind not in _PLAIN)


@lru_cache(maxsize=512)
def _ground(seed: int, index: int) -> _Ground:
    rng = np.random.default_rng([seed, 11, index])
    shares = np.array(list(_GROUNDS.values())) / sum(_GROUNDS.values())
    name = list(_GROUNDS)[int(rng.choice(len(_GROUNDS), p=shares))]
    palettes = sorted({shot.scene for shot in SHOTS.values() if shot.scene.split()[0] == name})
    colours = tuple(palettes[int(rng.integers(len(palettes)))].split()[1:])
    horizon = float(rng.uniform(0.56, 0.72))
    pixels = np.clip(BACKDROPS[name]((SIDE, SIDE), horizon, colours, rng) * 255 + 0.5, 0, 255).astype(np.uint8)
    if name in _ANY_HUE:
        pixels = _turned(pixels, int(rng.integers(180)), float(rng.uniform(0.5, 1.0)), _MOST_SATURATED[0])
    return _Ground(name, pixels, horizon, _middle(pixels))


def _middle(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(to_oklch(np.median(np.asarray(pixels).reshape(-1, 3), axis=0)))


def _harmony(product: _Product, ground: _Ground) -> float:
    """How well a product and a ground go together: it stands out by lightness, and their hues are near or opposite.
    Grey goes with everything."""
    apart = abs((product.colour[2] - ground.colour[2] + np.pi) % (2 * np.pi) - np.pi)
    clash = min(apart, np.pi - apart) / (np.pi / 2) * min(1.0, 8 * product.colour[1] * ground.colour[1] / 0.1)
    return float(min(0.35, abs(product.colour[0] - ground.colour[0])) - 0.3 * clash)


def _turned(pixels: np.ndarray, hue: int, saturation: float, most: int) -> np.ndarray:
    """Turn the hues of a picture by `hue`, in the 180 steps of OpenCV; a saturation has at most `most` of 255."""
    hsv = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)
    hsv[..., 0] = (hsv[..., 0].astype(np.int16) + hue) % 180
    hsv[..., 1] = np.minimum(hsv[..., 1] * np.float32(saturation), most).astype(np.uint8)
    return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB), np.uint8)


def _recoloured(product: _Product, ground: _Ground, rng: Rng) -> np.ndarray:
    """The product in a hue near the ground's or opposite to it."""
    wanted = ground.colour[2] + (np.pi if rng.random() < 0.4 else 0.0) + rng.normal(0, 0.3)
    turn = round(float((wanted - product.colour[2]) % (2 * np.pi)) / (2 * np.pi) * 180)
    colours = _turned(product.cutout[..., :3], turn, float(rng.uniform(0.6, 1.0)), _MOST_SATURATED[1])
    return np.dstack([colours, product.cutout[..., 3]])


def _set(product: _Product, cutout: np.ndarray, ground: _Ground, size: tuple[int, int], rng: Rng) -> Scene:
    """Set a product into a window of a ground."""
    width, height = size
    lying = ground.name in FLAT_LAYS or (ground.name == "packshot" and product.kind in ("t_shirt", "watch"))
    tall, wide = rng.uniform(0.4, 0.72), rng.uniform(0.4, 0.7)
    if ground.name == "podium":
        tall, wide = min(tall, 0.5 * SIDE / height), min(wide, 0.42 * SIDE / width)
    scale = min(tall * height / cutout.shape[0], wide * width / cutout.shape[1])
    w, h = max(8, round(cutout.shape[1] * scale)), max(8, round(cutout.shape[0] * scale))
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    thing = cv2.resize(cutout, (w, h), interpolation=how)
    if not product.printed and rng.random() < 0.5:
        thing = thing[:, ::-1]
    left = round(_middle_x(width / height, rng) * width - w / 2)
    left = min(max(left, round(0.03 * width)), round(0.97 * width) - w)
    # The window's corner in the ground, and the product's foot in the window.
    if lying:
        x0, y0 = int(rng.integers(SIDE - width + 1)), int(rng.integers(SIDE - height + 1))
        foot = round(min(max(rng.normal(0.5, 0.14) * height + h / 2, h + 0.03 * height), 0.97 * height))
    else:
        stands = ground.horizon + (0.01 if ground.name == "podium" else float(rng.uniform(0.07, 0.16)))
        y0 = round(min(max(stands * SIDE - rng.uniform(0.8, 0.9) * height, 0), SIDE - height))
        foot = round(stands * SIDE) - y0
        x0 = int(rng.integers(SIDE - width + 1))
        if ground.name == "podium":
            left = round(SIDE / 2 - x0 - w / 2)
    if foot - h < 0 or left < 0 or left + w > width:  # a podium at the window's edge: a window round it
        x0, left = (SIDE - width) // 2, (width - w) // 2
        foot = max(foot, h)
    window = ground.pixels[y0 : y0 + height, x0 : x0 + width]
    pixels, subject = _laid(window, thing, (left, foot - h), lying, 0.3 if ground.name == "packshot" else 0.92)
    return Scene(f"{product.name} in {ground.name}", product.kind, pixels, subject, product.printed)


def _middle_x(aspect: float, rng: Rng) -> float:
    """Where a photographer who leaves room for text puts the product: in the middle of a tall picture, to a side of a
    wide one."""
    aside = rng.random() < (0.15 if aspect < 0.9 else 0.5 if aspect < 1.2 else 0.85)
    return float(rng.normal(*((rng.choice([0.29, 0.71]), 0.03) if aside else (0.5, 0.02))))


def _with_colour_at_edges(cutout: np.ndarray) -> np.ndarray:
    """Colours multiplied by alpha, so that scaling does not mix in what transparent pixels hold."""
    alpha = cutout[..., 3:].astype(np.uint16)
    return np.dstack([(cutout[..., :3] * alpha // 255).astype(np.uint8), cutout[..., 3]])


def _laid(
    window: np.ndarray, thing: np.ndarray, corner: tuple[int, int], lying: bool, strength: float
) -> tuple[np.ndarray, np.ndarray]:
    """Lay a thing (colours multiplied by alpha) on a window with its shadows; return the picture and its map."""
    height, width = window.shape[:2]
    left, top = corner
    alpha = np.zeros((height, width), np.float32)
    bottom = min(top + thing.shape[0], height)
    thing = thing[: bottom - top]
    alpha[top:bottom, left : left + thing.shape[1]] = thing[..., 3] / np.float32(255)
    small = cv2.resize(alpha, (max(1, width // _MAP), max(1, height // _MAP)), interpolation=cv2.INTER_AREA)
    shade = _shadow(small, lying, bottom / height)
    # Most of the picture is in no shadow: only the part that is gets darker.
    x, y, w, h = cv2.boundingRect((shade > 0.004).astype(np.uint8))
    x1, y1, x2, y2 = (v * _MAP for v in (max(0, x - 1), max(0, y - 1), x + w + 1, y + h + 1))
    dark = cv2.resize(shade, (width, height), interpolation=cv2.INTER_LINEAR)[y1:y2, x1:x2]
    out = window.copy()
    part = out[y1:y2, x1:x2]
    part[:] = cv2.multiply(part, cv2.merge([1 - np.float32(strength) * dark] * 3), dtype=cv2.CV_8U)
    place = out[top:bottom, left : left + thing.shape[1]]
    place[:] = cv2.add(cv2.multiply(place, cv2.merge([255 - thing[..., 3]] * 3), scale=1 / 255), thing[..., :3])
    return out, small


def _shadow(alpha: Array, lying: bool, foot: float) -> Array:
    """How dark a thing makes the ground, (h, w) in [0, 1]: a drop shadow, or one laid on the floor and one of contact,
    as in `goods.scenes`."""
    height, width = alpha.shape
    size = max(8.0, float(np.count_nonzero(alpha.max(0) > 0.5)))

    def moved(matrix: list[list[float]], source: Array) -> Array:
        return np.asarray(cv2.warpAffine(source, np.array(matrix, np.float32), (width, height)), np.float32)

    def soft(source: Array, share: float) -> Array:
        return np.asarray(cv2.GaussianBlur(source, (0, 0), max(0.4, share * size)), np.float32)

    if lying:
        near = soft(moved([[1, 0, 0.007 * size], [0, 1, 0.012 * size]], alpha), 0.012)
        far = soft(moved([[1, 0, 0.026 * size], [0, 1, 0.040 * size]], alpha), 0.035)
        return np.asarray(1 - (1 - 0.42 * near) * (1 - 0.34 * far), np.float32)
    base = foot * height
    cast = moved([[1, -0.30, 0.30 * base], [0, 0.17, 0.83 * base]], alpha)
    touch = alpha.copy()
    touch[: int(max(0, base - 0.06 * size))] = 0
    touch = moved([[1, 0, 0], [0, 0.5, 0.5 * base + 0.004 * size]], touch)
    dark = 1 - (1 - 0.30 * soft(cast, 0.03)) * (1 - 0.62 * soft(touch, 0.013))
    return np.asarray(1 - (1 - dark) * (1 - 0.25 * soft(touch, 0.045)), np.float32)
