"""Draws a framed photo: the canvas as it looks before any element is on it."""

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from layoutgen.core.colour import to_rgb
from layoutgen.core.layout import Box, Canvas, Framing, Ornament, Scrim, to_px
from layoutgen.core.shapes import gradients, ornaments, pictures
from layoutgen.imaging import outlines, outpainting
from layoutgen.imaging.blurring import blur
from layoutgen.imaging.packshots import packshot

VERSION = "framed-3"
_LAST = 0.999
"""Of a photo, of which at least a sliver is shown."""


def draw(
    image: np.ndarray, framing: Framing, canvas: Canvas, side: int, tiles: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """Draw `framing.crop` of an image into `framing.picture` of the canvas, its longer side scaled to `side` px.

    `image` is (h, w) or (h, w, 3), uint8 or float32; a map (h, w) gets 0 where the canvas shows no photo. `tiles` are
    the images of the framing's tiles, in their order. Raises ValueError for an edge, a blend or an ornament that nobody
    knows, and for other than one image a tile.
    """
    scale = side / max(canvas.width, canvas.height)
    return draw_at(image, framing, max(1, round(canvas.width * scale)), max(1, round(canvas.height * scale)), tiles)


def draw_at(
    image: np.ndarray, framing: Framing, width: int, height: int, tiles: Sequence[np.ndarray] = ()
) -> np.ndarray:
    """Draw as `draw` does, at a size in px."""
    shown_photos = list(zip((image, *tiles), framing.parts, strict=True))
    for _, part in shown_photos:
        if part.blend not in pictures.BLENDS:
            raise ValueError(f"a framing's blend is {part.blend!r}; known: {', '.join(pictures.BLENDS)}")
    if image.ndim == 2:
        maps = [_map(photo, part, width, height) for photo, part in shown_photos]
        return maps[0] if len(maps) == 1 else np.maximum.reduce(maps)
    out = backdrop(framing, width, height).astype(image.dtype, copy=False)
    for photo, part in shown_photos:
        _lay_photo(out, photo, part)
    for scrim in framing.scrims:
        _lay_scrim(out, scrim)
    for ornament in framing.ornaments:
        _lay_ornament(out, ornament)
    return out


def backdrop(framing: Framing, width: int, height: int) -> np.ndarray:
    """What a photo lies on, (height, width, 3) uint8."""
    out = np.empty((height, width, 3), np.uint8)
    if framing.backdrop_to:
        page = (slice(0, height), slice(0, 1))
        ends = gradients.ends((0, 0, 0, height), 90)
        out[:] = np.rint(outlines.gradient(ends, framing.backdrop, framing.backdrop_to, *page))
    else:
        # Row by row: filling triples of bytes one by one takes longer than to scale the photo.
        out[:] = np.tile(np.rint(to_rgb(framing.backdrop)).astype(np.uint8), (width, 1))
    return out


def is_cut_out(image: np.ndarray, framing: Framing) -> bool:
    """Whether a photo (h, w, 3) is shown without its ground: as the framing says, where it has a plain one."""
    return framing.blend == "cut_out" and packshot(image) is not None


def photo_layer(
    image: np.ndarray, framing: Framing, width: int, height: int
) -> tuple[tuple[slice, slice], np.ndarray] | None:
    """The photo (h, w, 3) uint8 by itself, as it lies over its backdrop: its window on the canvas, rows and columns,
    and its pixels there with straight alpha, (h, w, 4) uint8, a cut-out's shadow black; None where none is shown."""
    cut = packshot(image) if framing.blend == "cut_out" else None
    part = shown(image if cut is None else cut.product, framing, width, height)
    if part is None:
        return None
    window, pixels = part
    if cut is None:
        mask = outlines.coverage(pictures.outline(framing, width, height), width, height)[window]
        return window, np.dstack([pixels, mask])
    veil = shown(cut.veil, framing, width, height)
    assert veil is not None
    opacity = np.clip(1 - veil[1], 0, 1)
    colours = pixels / np.maximum(opacity, 1 / 255)[..., None]
    return window, np.rint(np.dstack([np.clip(colours, 0, 255), 255 * opacity])).astype(np.uint8)


def _map(image: np.ndarray, framing: Framing, width: int, height: int) -> np.ndarray:
    out = np.zeros((height, width), image.dtype)
    part = shown(image, framing, width, height, is_smooth=False)
    if part is None:
        return out
    window, values = part
    out[window] = values
    if not pictures.is_rectangle(framing):
        mask = outlines.coverage(pictures.outline(framing, width, height), width, height)
        out = (out * (mask / np.float32(255))).astype(image.dtype)
    return out


def shown(
    image: np.ndarray, framing: Framing, width: int, height: int, *, is_smooth: bool = True
) -> tuple[tuple[slice, slice], np.ndarray] | None:
    """What a canvas shows of an image and where, as a rectangle; None where that is nothing. What `is_smooth` may swing
    over its own values where it is enlarged."""
    left, top, right, bottom = pictures.picture_box(framing, width, height)
    if right <= left or bottom <= top:
        return None
    size = right - left, bottom - top
    draw_part = _outpainted if framing.blend == "outpaint" else _scaled
    return (slice(top, bottom), slice(left, right)), draw_part(image, framing, size, is_smooth)


def _scaled(image: np.ndarray, framing: Framing, size: tuple[int, int], is_smooth: bool) -> np.ndarray:
    """A framing's crop of an image in a size (width, height)."""
    rows, columns = image.shape[:2]
    cut = image[
        int(framing.crop[1] * rows) : max(int(framing.crop[1] * rows) + 1, round(framing.crop[3] * rows)),
        int(framing.crop[0] * columns) : max(int(framing.crop[0] * columns) + 1, round(framing.crop[2] * columns)),
    ]
    shrinks = cut.shape[0] * cut.shape[1] > size[0] * size[1]
    how = cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC if is_smooth else cv2.INTER_LINEAR
    return cv2.resize(cut, size, interpolation=how)


def _outpainted(image: np.ndarray, framing: Framing, size: tuple[int, int], is_smooth: bool) -> np.ndarray:
    """A framing's crop of an image, and what goes on beyond that, in a size (width, height); of a map, 0 goes on."""
    crop, (width, height) = framing.crop, size
    first = min(max(crop[0], 0.0), _LAST), min(max(crop[1], 0.0), _LAST)
    part: Box = (*first, max(min(crop[2], 1.0), first[0] + 1e-3), max(min(crop[3], 1.0), first[1] + 1e-3))
    scale = width / (crop[2] - crop[0]), height / (crop[3] - crop[1])
    left, right, top, bottom = (
        min(size[axis] - 1 + end, round((part[axis + 2 * end] - crop[axis]) * scale[axis]))
        for axis in (0, 1)
        for end in (0, 1)
    )
    inner = max(1, right - left), max(1, bottom - top)
    drawn = _scaled(image, replace(framing, crop=part), inner, is_smooth)
    pads = left, top, width - left - inner[0], height - top - inner[1]
    if image.ndim == 2:
        return np.pad(drawn, ((pads[1], pads[3]), (pads[0], pads[2])))
    focus = framing.focus or part
    near = (focus[0] - part[0], focus[1] - part[1], part[2] - focus[2], part[3] - focus[3])
    depths = [max(0, int(share * scale[i % 2])) for i, share in enumerate(near)]
    return outpainting.carried_on(drawn, pads, (depths[0], depths[1], depths[2], depths[3]))


def _lay_photo(out: np.ndarray, image: np.ndarray, framing: Framing) -> None:
    height, width = out.shape[:2]
    cut = packshot(image) if framing.blend == "cut_out" and image.dtype == np.uint8 else None
    part = shown(image if cut is None else cut.product, framing, width, height)
    if part is None:
        return
    window, pixels = part
    if cut is not None:
        veil = shown(cut.veil, framing, width, height)
        assert veil is not None
        lit = cv2.multiply(out[window].astype(np.float32), cv2.merge([veil[1]] * 3))
        out[window] = cv2.add(pixels.astype(np.float32), lit, dtype=cv2.CV_8U)
    elif pictures.is_rectangle(framing):
        out[window] = pixels
    else:
        mask = outlines.coverage(pictures.outline(framing, width, height), width, height)
        if framing.edge == "overlap":
            _lay_shadow(out, framing)
        out[window] = mixed(out[window], pixels, mask[window])


def _lay_shadow(out: np.ndarray, framing: Framing) -> None:
    """The shadow of a photo in front of its panel."""
    out[:] = np.rint(out * (1 - pictures.SHADOW * shadow(framing, out.shape[1], out.shape[0])[..., None]))


def shadow(framing: Framing, width: int, height: int) -> np.ndarray:
    """How deep each pixel of a canvas lies in the shadow of an overlapping photo, (height, width) float32 in [0, 1]."""
    sigma = pictures.SHADOW_BLUR * min(width, height)
    pad = round(4 * sigma)
    moved = tuple(
        tuple(tuple(v + pad for v in segment) for segment in contour)
        for contour in pictures.shadow(framing, width, height)
    )
    solid = outlines.coverage(moved, width + 2 * pad, height + 2 * pad)
    return blur((solid / 255).astype(np.float32), sigma)[pad : pad + height, pad : pad + width]


def _lay_scrim(out: np.ndarray, scrim: Scrim) -> None:
    window, share = veil(scrim, out.shape[1], out.shape[0])
    colour = to_rgb(scrim.colour).astype(np.float32)
    out[window] = np.rint(out[window] * (1 - share[..., None]) + colour * share[..., None])


def veil(scrim: Scrim, width: int, height: int) -> tuple[tuple[slice, slice], np.ndarray]:
    """Where a scrim lies on a canvas, and how opaque it is at each pixel there, float32 in [0, 1]; of shape (1, 1)
    where it is as strong everywhere."""
    left, top, right, bottom = map(round, to_px(scrim.box, width, height))
    rows, columns = slice(max(0, top), min(height, bottom)), slice(max(0, left), min(width, right))
    ends = gradients.fade(scrim, width, height)
    if ends is None:
        return (rows, columns), np.full((1, 1), scrim.opacity, np.float32)
    way = gradients.along(ends, rows, columns)
    return (rows, columns), (np.interp(way, *np.array(gradients.FADE).T) * scrim.opacity).astype(np.float32)


def _lay_ornament(out: np.ndarray, ornament: Ornament) -> None:
    height, width = out.shape[:2]
    mask = outlines.coverage(ornaments.outline(ornament, width, height), width, height)
    left, top, across, down = cv2.boundingRect(mask)
    window = np.s_[top : top + down, left : left + across]
    colour = np.rint(to_rgb(ornament.colour)).astype(np.uint8)
    out[window] = mixed(out[window], colour, mask[window], ornament.opacity)


def mixed(below: np.ndarray, above: np.ndarray, mask: np.ndarray, opacity: float = 1.0) -> np.ndarray:
    """What is seen of pixels (h, w, 3) uint8, or of a colour (3,), over others, where a mask (h, w) uint8 says how
    much."""
    share = (mask * np.float32(opacity / 255))[..., None]
    return np.rint(below + share * (above.astype(np.float32) - below)).astype(np.uint8)
