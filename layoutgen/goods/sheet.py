"""Drawing with light: silhouettes from Pillow, given a form (bevelled, turned, flat), lit as in a small photo studio.

A `Sheet` is a transparent picture of one product. Lengths are in sheet widths: x runs from 0 to 1, y from 0 (top) to
the sheet's aspect (height / width). A mask is a float array of the sheet's size, 0 to 1. A form turns a mask into
surface normals; `paint` lights them with a key softbox at the upper left, a strip at the right and a rim from above.
"""

from collections.abc import Callable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from layoutgen.imaging.blurring import blur

Array = NDArray[np.float32]
Point = tuple[float, float]
Colour = str | tuple[float, float, float] | Array
Form = Callable[[Array, float], Array]  # mask, pixels per sheet width -> normals (height, width, 3), y down, z to us

_KEY_LIGHT = np.array([-0.46, -0.62, 0.64], np.float32) / np.float32(1.003)


def rgb(colour: Colour) -> Array:
    """Return a colour, `#rrggbb` or numbers from 0 to 1, as float32 RGB."""
    if isinstance(colour, str):
        value = colour.lstrip("#")
        return np.array([int(value[i : i + 2], 16) / 255 for i in (0, 2, 4)], np.float32)
    return np.asarray(colour, np.float32)


def mix(a: Colour, b: Colour, share: float | Array) -> Array:
    """Return `a` blended with `share` of `b`; an array of shares gives an array of colours."""
    weight = np.asarray(share, np.float32)
    return np.asarray(rgb(a) + (rgb(b) - rgb(a)) * (weight[..., None] if weight.ndim else weight), np.float32)


def step(x: Array, edge: float, width: float) -> Array:
    """Rise smoothly from 0 to 1 over `width` around `edge`."""
    t = np.clip((x - edge) / max(width, 1e-6) + 0.5, 0, 1)
    return np.asarray(t * t * (3 - 2 * t), np.float32)


def noise(
    shape: tuple[int, int], rng: np.random.Generator, cells: float, *, octaves: int = 4, stretch: float = 1
) -> Array:
    """Return fractal noise, about -1 to 1, with `cells` lumps along the longer side, drawn out in x by `stretch`."""
    total = np.zeros(shape, np.float32)
    weight, norm = 1.0, 0.0
    for octave in range(octaves):
        n = cells * 2**octave / max(shape)
        grid = (max(2, round(shape[0] * n) + 2), max(2, round(shape[1] * n / stretch) + 2))
        lumps = rng.standard_normal(grid).astype(np.float32)
        total += weight * cv2.resize(lumps, (shape[1], shape[0]), None, 0, 0, cv2.INTER_CUBIC)
        norm += weight
        weight *= 0.5
    return np.asarray(np.clip(total / norm * 1.2, -1, 1), np.float32)


def spline(points: Sequence[Point], *, closed: bool, steps: int = 14) -> list[Point]:
    """Return a centripetal Catmull-Rom curve through `points`: it neither loops nor overshoots where spacing changes.

    Source: Yuksel, Schaefer, Keyser, "On the parameterization of Catmull-Rom curves", 2009 (Barry and Goldman's form).
    """
    p = np.asarray(points, np.float64)
    n = len(p)
    t = np.arange(steps)[:, None] / steps
    out = []
    for i in range(n if closed else n - 1):
        a, b, c, d = (p[(i + k) % n] if closed else p[min(max(i + k, 0), n - 1)] for k in (-1, 0, 1, 2))
        ab, bc, cd = (max(float(np.hypot(*(v - u))) ** 0.5, 1e-4) for u, v in ((a, b), (b, c), (c, d)))
        into = (c - b) - bc * ((c - a) / (ab + bc) - (b - a) / ab)
        away = (c - b) - bc * ((d - b) / (bc + cd) - (d - c) / cd)
        out.append(b + into * t + (3 * (c - b) - 2 * into - away) * t**2 + (2 * (b - c) + into + away) * t**3)
    curve = [(float(x), float(y)) for x, y in np.concatenate(out)]
    return curve if closed else [*curve, (float(p[-1][0]), float(p[-1][1]))]


def normals(height: Array) -> Array:
    """Return unit normals of a height field in pixels."""
    dy, dx = np.gradient(height)
    return _unit(np.stack([-dx, -dy, np.ones_like(dx)], -1))


def _unit(n: Array) -> Array:
    """Vectors (..., 3) at length 1; `linalg.norm` takes six times as long for so short an axis."""
    x, y, z = n[..., 0], n[..., 1], n[..., 2]
    return np.asarray(n / np.sqrt(x * x + y * y + z * z)[..., None], np.float32)


def flat(tilt: Point = (0.0, 0.0)) -> Form:
    """A plane that faces us, or leans by `tilt` (the x and y of its normal)."""
    n = np.array([*tilt, np.sqrt(max(0.0, 1 - tilt[0] ** 2 - tilt[1] ** 2))], np.float32)
    return lambda mask, _: np.broadcast_to(n, (*mask.shape, 3))


def bevel(radius: float, depth: float = 1.0, soft: float = 0.3) -> Form:
    """A body whose edge is rounded by `radius`: a slab where that is small, a cushion or a tube where it is large."""

    def form(mask: Array, unit: float) -> Array:
        r = max(radius * unit, 1.0)
        distance = cv2.distanceTransform((mask > 0.5).astype(np.uint8), cv2.DIST_L2, 5).astype(np.float32)
        height = r * depth * np.sqrt(1 - (1 - np.clip(distance / r, 0, 1)) ** 2)
        return normals(blur(height, soft * r))

    return form


def turned(smooth: float = 0.012, across: bool = False) -> Form:
    """A body of revolution about a vertical axis (`across`: a level one), its radius read from the mask row by row."""

    def form(mask: Array, unit: float) -> Array:
        m = mask.T if across else mask
        solid = m > 0.5
        rows = np.nonzero(solid.any(axis=1))[0]
        if not len(rows):
            return np.broadcast_to(np.array([0, 0, 1], np.float32), (*mask.shape, 3))
        every = np.arange(m.shape[0])  # above and below the body its last radius goes on: a cut end is no edge
        left = np.interp(every, rows, solid.argmax(axis=1)[rows])
        right = np.interp(every, rows, (m.shape[1] - 1 - solid[:, ::-1].argmax(axis=1))[rows])
        radius = np.maximum((right - left).astype(np.float32) / 2 + 0.5, 1)
        radius = blur(np.ascontiguousarray(radius[:, None]), smooth * unit)[:, 0]
        centre = ((left + right) / 2).astype(np.float32)
        nx = np.clip((np.arange(m.shape[1], dtype=np.float32)[None] - centre[:, None]) / radius[:, None], -0.999, 0.999)
        nz = np.sqrt(1 - nx**2)
        slope = np.broadcast_to(np.clip(-np.gradient(radius), -2.5, 2.5)[:, None], nx.shape)
        n = np.stack([nx, slope, nz], -1) / np.sqrt(1 + slope[..., None] ** 2)
        return np.asarray(n.transpose(1, 0, 2)[..., [1, 0, 2]] if across else n, np.float32)

    return form


def light(base: Array, n: Array, *, gloss: float = 0.25, rough: float = 0.35, metal: float = 0.0) -> Array:
    """Shade `base` colours on normals `n`. `gloss` is the strength of reflections, `rough` their softness; a `metal`
    of 1 shows nothing but reflections, tinted by the base."""
    lambert = np.clip((n @ _KEY_LIGHT + 0.42) / 1.42, 0, 1)
    diffuse = (0.30 + 0.92 * lambert)[..., None]
    lit = base ** (1 + 0.35 * np.clip(1 - diffuse, 0, 1)) * diffuse  # shade is deeper in colour, not only darker
    rx, ry, nz = 2 * n[..., 2] * n[..., 0], 2 * n[..., 2] * n[..., 1], n[..., 2]
    soft = 0.06 + 0.9 * rough
    key = step(rx, -0.80, soft) * step(-rx, 0.34, soft) * step(-ry, -0.62, soft * 1.5)
    strip = step(rx, 0.62, soft * 0.6) * step(-rx, -0.86, soft * 0.6) * step(-ry, -0.5, soft)
    rim = np.clip(1 - nz, 0, 1) ** 3
    above = step(-ry, 0.72, soft)
    shine = ((key + 0.26 * strip + 0.5 * above) * (1 - 0.55 * rough) + 0.35 * rim)[..., None]
    if metal:
        sky = (0.46 + 0.30 * step(-ry, 0.0, 1.2) + 0.22 * step(-rx, 0.2, 1.2) - 0.30 * rim)[..., None]
        mirror = base * (sky + 0.85 * shine) + 0.12 * shine
        lit = lit * (1 - metal) + mirror * metal
    return np.asarray(np.clip(lit + gloss * shine * (1 - 0.3 * lit), 0, 1), np.float32)


def _window(mask: Array, margin: int = 0) -> tuple[slice, slice]:
    """Return the part of a sheet that `mask` covers, and a margin in pixels around it."""
    left, top, width, height = cv2.boundingRect((mask > 1 / 512).view(np.uint8))
    return (slice(max(0, top - margin), top + height + margin), slice(max(0, left - margin), left + width + margin))


class Sheet:
    """A transparent picture of one product, painted from back to front."""

    def __init__(self, width_px: int, aspect: float, rng: np.random.Generator) -> None:
        self.unit = float(width_px)
        self.aspect = aspect
        self.rng = rng
        self.shape = (round(width_px * aspect), width_px)
        self.colour = np.zeros((*self.shape, 3), np.float32)  # multiplied by alpha
        self.alpha = np.zeros(self.shape, np.float32)

    def polygon(self, *outlines: Sequence[Point]) -> Array:
        """Return the mask of one or several polygons, their edges smoothed by drawing them twice as large."""
        p = np.concatenate([np.asarray(outline) for outline in outlines]) * self.unit
        x0, y0 = np.clip(np.floor(p.min(0)).astype(int) - 2, 0, None)
        x1, y1 = np.minimum(np.ceil(p.max(0)).astype(int) + 3, self.shape[::-1])
        mask = np.zeros(self.shape, np.float32)
        if x1 > x0 and y1 > y0:
            image = Image.new("L", (int(x1 - x0) * 2, int(y1 - y0) * 2))
            draw = ImageDraw.Draw(image)
            for outline in outlines:
                draw.polygon([(2 * (x * self.unit - x0), 2 * (y * self.unit - y0)) for x, y in outline], fill=255)
            mask[y0:y1, x0:x1] = np.asarray(image.reduce(2), np.float32) / 255
        return mask

    def curve(self, points: Sequence[Point]) -> Array:
        """Return the mask inside a smooth closed curve through `points`."""
        return self.polygon(spline(points, closed=True))

    def mirrored(self, points: Sequence[Point], axis: float = 0.5) -> Array:
        """Return the mask inside a smooth curve through `points` and, back up, their mirror images about x = axis."""
        return self.curve([*points, *((2 * axis - x, y) for x, y in reversed(points))])

    def ellipse(self, cx: float, cy: float, rx: float, ry: float | None = None) -> Array:
        """Return the mask of an ellipse, or of a circle where `ry` is left out."""
        t = np.linspace(0, 2 * np.pi, 160, endpoint=False)
        return self.polygon(list(zip(cx + rx * np.cos(t), cy + (rx if ry is None else ry) * np.sin(t), strict=True)))

    def box(self, left: float, top: float, right: float, bottom: float, radius: float = 0.0) -> Array:
        """Return the mask of a rectangle with rounded corners."""
        r = max(min(radius, (right - left) / 2, (bottom - top) / 2), 1e-5)
        t = np.linspace(0, np.pi / 2, 24)
        corners = (
            (right - r, bottom - r, 0),
            (left + r, bottom - r, 1),
            (left + r, top + r, 2),
            (right - r, top + r, 3),
        )
        points = [
            (float(x + r * np.cos(a + q * np.pi / 2)), float(y + r * np.sin(a + q * np.pi / 2)))
            for x, y, q in corners
            for a in t
        ]
        return self.polygon(points)

    def stroke(self, points: Sequence[Point], width: float, end: float | None = None, *, closed: bool = False) -> Array:
        """Return the mask of a smooth line through `points`, from `width` to `end` wide, with round ends."""
        path = np.asarray(spline(points, closed=closed)) * self.unit
        if closed:
            path = np.vstack([path, path[:1]])
        widths = np.linspace(width, width if end is None else end, len(path)) * self.unit
        x0, y0 = np.clip(np.floor(path.min(0) - widths.max()).astype(int), 0, None)
        x1, y1 = np.minimum(np.ceil(path.max(0) + widths.max()).astype(int) + 1, self.shape[::-1])
        image = Image.new("L", (max(1, int(x1 - x0)) * 2, max(1, int(y1 - y0)) * 2))
        draw = ImageDraw.Draw(image)
        path = 2 * (path - (x0, y0))
        for (xa, ya), (xb, yb), w in zip(path[:-1], path[1:], widths, strict=False):
            draw.line([(xa, ya), (xb, yb)], fill=255, width=max(1, round(2 * w)))
            for x, y in ((xa, ya), (xb, yb)):
                draw.ellipse([x - w, y - w, x + w, y + w], fill=255)
        mask = np.zeros(self.shape, np.float32)
        mask[y0:y1, x0:x1] = np.asarray(image.reduce(2), np.float32)[: y1 - y0, : x1 - x0] / 255
        return mask

    def grain(self, cells: float, depth: float, octaves: int = 2, stretch: float = 1) -> Array:
        """Return a bump of `cells` lumps across the sheet, `depth` thousandths of its width high: leather, cloth."""
        return noise(self.shape, self.rng, cells, octaves=octaves, stretch=stretch) * np.float32(
            depth * self.unit / 1000
        )

    def text(self, words: str, cx: float, cy: float, height: float, weight: int = 700, spacing: float = 0.0) -> Array:
        """Return the mask of words centred on a point; `height` is the em, `spacing` ems between letters."""
        letters = font(round(height * self.unit), weight)
        widths = [letters.getlength(letter) + spacing * height * self.unit for letter in words]
        image = Image.new("L", self.shape[::-1])
        x = cx * self.unit - (sum(widths) - spacing * height * self.unit) / 2
        for letter, width in zip(words, widths, strict=True):
            ImageDraw.Draw(image).text((x, cy * self.unit), letter, fill=255, font=letters, anchor="lm")
            x += width
        return np.asarray(image, np.float32) / np.float32(255)

    def paint(self, mask: Array, colour: Colour, form: Form | None = None, **options: Any) -> None:
        """Paint `mask` over what is there. `colour` is one colour, an array of the sheet's size, or (top, bottom) given
        as an array (2, 3). Options: gloss, rough, metal as in `light`; `opacity`; `bump`, a height field in pixels."""
        window = _window(mask)
        cover = mask[window]
        base = rgb(colour)
        if base.shape == (2, 3):
            base = mix(base[0], base[1], np.linspace(0, 1, cover.shape[0], dtype=np.float32))[:, None]
        elif base.ndim == 3:
            base = base[window]
        n = (form or flat())(np.pad(cover, 2), self.unit)[2:-2, 2:-2]
        if (bump := options.pop("bump", None)) is not None:
            n = _unit(n + normals(bump[window]) - np.array([0, 0, 1], np.float32))
        opacity = options.pop("opacity", 1.0)
        shaded = light(np.broadcast_to(base, (*cover.shape, 3)), n, **options)
        cover = (cover * opacity)[..., None]
        self.colour[window] = self.colour[window] * (1 - cover) + shaded * cover
        self.alpha[window] = self.alpha[window] * (1 - cover[..., 0]) + cover[..., 0]

    def tint(self, mask: Array, colour: Colour, opacity: float = 1.0) -> None:
        """Lay an unlit colour over what is painted already: prints, glows, dirt; the silhouette stays."""
        window, tone = _window(mask), rgb(colour)
        cover = (mask[window] * opacity)[..., None]
        tone = tone[window] if tone.ndim == 3 else tone
        self.colour[window] = self.colour[window] * (1 - cover) + tone * cover * self.alpha[window][..., None]

    def cast(self, mask: Array, offset: Point = (0.006, 0.012), soft: float = 0.012, strength: float = 0.45) -> None:
        """Darken what is painted where a part that lies on it, `mask`, will throw its shadow."""
        dx, dy = round(offset[0] * self.unit), round(offset[1] * self.unit)
        window = _window(mask, max(abs(dx), abs(dy)) + int(3 * soft * self.unit) + 2)
        moved = np.roll(mask[window], (dy, dx), (0, 1))
        self.colour[window] *= (1 - strength * blur(moved, soft * self.unit))[..., None]

    def picture(self, width_px: int) -> Image.Image:
        """Return the sheet as an RGBA picture of the given width."""
        safe = np.maximum(self.alpha, 1e-4)[..., None]
        image = np.concatenate([np.clip(self.colour / safe, 0, 1), self.alpha[..., None]], -1)
        size = (width_px, max(1, round(width_px * self.aspect)))
        return Image.fromarray((image * 255 + 0.5).astype(np.uint8), "RGBA").resize(size, Image.Resampling.LANCZOS)


@cache
def font(size_px: int, weight: int) -> ImageFont.FreeTypeFont:
    """Return Noto Sans SC in a size and a weight (100 to 900)."""
    path = files("justmytype_intl_cjk").joinpath("fonts/ofl/notosanssc/NotoSansSC[wght].ttf")
    loaded = ImageFont.truetype(str(path), size_px)
    loaded.set_variation_by_axes([weight])
    return loaded
