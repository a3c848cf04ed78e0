"""PSD: a layer an element, with its name and at its place, and the finished picture for programs that show no layers.

Texts are type layers: the pixels of their letters, with what Photoshop needs to edit them (`psd_type`). Stroke and
shadow are effects of the layer, and an underlay's transparency is its layer's opacity. Backdrop, photo, its shadow,
scrims and ornaments are layers of pixels, transparent where they are not.
"""

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from layoutgen.core.colour import to_rgb
from layoutgen.core.layout import Canvas, Role, from_px
from layoutgen.core.shapes import ornaments, pictures
from layoutgen.imaging import drawing, framed, outlines
from layoutgen.imaging.documents import needed, provenance, rasters
from layoutgen.imaging.documents.page import Layer, Page

VERSION = "psd-2"
_RESOLUTION = 72  # px an inch, at which a point is a px
_DEPTH = 8


@dataclass(frozen=True, eq=False)
class _Pixels:
    """A layer as it is written: `rgba` (h, w, 4) uint8 with its corner on the canvas."""

    name: str
    left: int
    top: int
    rgba: np.ndarray
    opacity: int = 255
    blocks: Sequence[Any] = field(default_factory=tuple)


def write(page: Page) -> bytes:
    """The page as PSD. Raises Refusal where psd-tools is not installed, and ValueError for a font that is not here."""
    needed.check("psd")
    from psd_tools.constants import ColorMode, Compression
    from psd_tools.psd import PSD
    from psd_tools.psd.header import FileHeader
    from psd_tools.psd.image_data import ImageData
    from psd_tools.psd.layer_and_mask import (
        ChannelImageData,
        LayerAndMaskInformation,
        LayerInfo,
        LayerRecords,
    )

    header = FileHeader(
        channels=3, height=page.canvas.height, width=page.canvas.width, depth=_DEPTH, color_mode=ColorMode.RGB
    )
    merged = ImageData(compression=Compression.RLE)
    merged.set_data([page.picture[..., channel].tobytes() for channel in range(3)], header)
    layers = [*_ground(page), *(_layer(page, layer) for layer in page.layers)]
    records, channels = zip(*(_record(number, layer) for number, layer in enumerate(layers, 1)), strict=True)
    info = LayerInfo(len(records), LayerRecords(list(records)), ChannelImageData(list(channels)))
    document = PSD(
        header=header,
        image_resources=_resources(page),
        layer_and_mask_information=LayerAndMaskInformation(layer_info=info),
        image_data=merged,
    )
    buffer = io.BytesIO()
    document.write(buffer)
    return buffer.getvalue()


def _ground(page: Page) -> list[_Pixels]:
    """Backdrop, photo with its shadow, scrims and ornaments."""
    framing, width, height = page.framing, page.canvas.width, page.canvas.height
    whole = np.full((height, width), 255, np.uint8)
    layers = [_Pixels("Backdrop", 0, 0, np.dstack([framed.backdrop(framing, width, height), whole]))]
    if page.outline is not None and framing.edge == "overlap":
        shadow = np.rint(255 * pictures.SHADOW * framed.shadow(framing, width, height)).astype(np.uint8)
        layers.append(_filled("Photo shadow", "#000000", shadow))
    for number, each in enumerate(page.photos, 1):
        if each.photo_layer is not None:
            layers.append(_Pixels("Photo" if number == 1 else f"Photo {number}", *each.photo_layer))
    for number, scrim in enumerate(framing.scrims, 1):
        window, share = framed.veil(scrim, width, height)
        mask = np.zeros((height, width), np.uint8)
        mask[window] = np.rint(255 * share)
        layers.append(_filled(f"Scrim {number}", scrim.colour, mask))
    for number, ornament in enumerate(framing.ornaments, 1):
        mask = outlines.coverage(ornaments.outline(ornament, width, height), width, height)
        layers.append(_filled(f"Ornament {number}", ornament.colour, mask, round(255 * ornament.opacity)))
    return layers


def _filled(name: str, colour: str, mask: np.ndarray, opacity: int = 255) -> _Pixels:
    """A layer of one colour where a mask (h, w) uint8 of the canvas says how much."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    left, top = (int(columns[0]), int(rows[0])) if len(rows) else (0, 0)
    mask = mask[top : rows[-1] + 1, left : columns[-1] + 1] if len(rows) else mask[:1, :1]
    rgba = np.empty((*mask.shape, 4), np.uint8)
    rgba[..., :3], rgba[..., 3] = np.rint(to_rgb(colour)), mask
    return _Pixels(name, left, top, rgba, opacity)


def _layer(page: Page, layer: Layer) -> _Pixels:
    element = layer.element
    if element.role is Role.UNDERLAY:
        # An outline is opaque, whatever it lies around.
        opacity = 1.0 if element.stroke_px else element.opacity
        solid = element if element.stroke_px else replace(element, opacity=1.0)
        rgba, left, top = _drawn(page, replace(layer, element=solid), pad=1 + element.stroke_px)
        return _Pixels(layer.name, left, top, rgba, opacity=round(255 * opacity))
    if not layer.runs:
        rgba, left, top = _drawn(page, layer, pad=1)
        return _Pixels(layer.name, left, top, rgba)
    from layoutgen.imaging.documents import psd_effects, psd_type

    bare = replace(layer, element=replace(element, stroke_px=0, shadow=0.0))
    rgba, left, top = _drawn(page, bare, pad=element.font_px)
    ink = (float(left), float(top), float(left + rgba.shape[1]), float(top + rgba.shape[0]))
    effects = psd_effects.effects_block(layer)
    return _Pixels(
        layer.name, left, top, rgba, blocks=[psd_type.type_block(page, layer, ink), *filter(None, [effects])]
    )


def _drawn(page: Page, layer: Layer, pad: int) -> tuple[np.ndarray, int, int]:
    """What the picture has of an element by itself: the pixels that it fills, (h, w, 4), and their corner.

    It is drawn on a canvas of its own whose sides are powers of two and whose corner is even, so that every coordinate
    is rounded as it is in the picture."""
    left, top = (2 * math.floor((side - pad) / 2) for side in layer.box[:2])
    width, height = (1 << math.ceil(math.log2(side + pad - corner))
                     for side, corner in zip(layer.box[2:], (left, top), strict=True))  # fmt: skip
    shifted = tuple(side - (left, top)[i % 2] for i, side in enumerate(layer.box))
    element = replace(layer.element, box=from_px(shifted, width, height), z=0)  # type: ignore[arg-type]
    on_black, on_white = (
        drawing.draw(
            np.full((height, width, 3), grey, np.uint8),
            [element],
            Canvas(width, height),
            logo=page.logo,
            font_files=page.font_files,
        ).astype(np.int32)
        for grey in (0, 255)
    )
    opacity = 255 - (on_white - on_black).max(-1)
    rows, columns = np.flatnonzero(opacity.any(1)), np.flatnonzero(opacity.any(0))
    if len(rows) == 0:
        return np.zeros((1, 1, 4), np.uint8), round(layer.box[0]), round(layer.box[1])
    inked = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    opacity, on_black = opacity[inked], on_black[inked]
    colour = np.minimum(255, (255 * on_black + opacity[..., None] // 2) // np.maximum(opacity, 1)[..., None])
    rgba = np.dstack([colour, opacity]).astype(np.uint8)
    return rgba, left + int(columns[0]), top + int(rows[0])


def _record(number: int, layer: _Pixels) -> tuple[Any, Any]:
    """A layer's record and its channels, opacity first."""
    from psd_tools.constants import ChannelID, Compression, Tag
    from psd_tools.psd.layer_and_mask import ChannelData, ChannelDataList, ChannelInfo, LayerRecord

    height, width = layer.rgba.shape[:2]
    kinds = (ChannelID.TRANSPARENCY_MASK, ChannelID.CHANNEL_0, ChannelID.CHANNEL_1, ChannelID.CHANNEL_2)
    record = LayerRecord(
        top=layer.top,
        left=layer.left,
        bottom=layer.top + height,
        right=layer.left + width,
        opacity=layer.opacity,
        name=layer.name,
    )
    channels = ChannelDataList()
    for kind, plane in zip(kinds, (3, 0, 1, 2), strict=True):
        channel = ChannelData(Compression.RLE)
        channel.set_data(layer.rgba[..., plane].tobytes(), width, height, _DEPTH)
        record.channel_info.append(ChannelInfo(kind, len(channel.data) + 2))
        channels.append(channel)
    for block in layer.blocks:
        record.tagged_blocks[block.key] = block
    record.tagged_blocks.set_data(Tag.UNICODE_LAYER_NAME, layer.name)
    record.tagged_blocks.set_data(Tag.LAYER_ID, number)
    return record, channels


def _resources(page: Page) -> Any:
    """The document's resolution, colour profile and origin, and that the picture is merged."""
    from psd_tools.constants import Resource
    from psd_tools.psd.image_resources import ImageResource, ImageResources, ResoulutionInfo, VersionInfo

    fixed = _RESOLUTION << 16
    values: dict[Any, Any] = {
        Resource.RESOLUTION_INFO: ResoulutionInfo(fixed, 1, 1, fixed, 1, 1),
        Resource.ICC_PROFILE: rasters.srgb_profile(),
        Resource.VERSION_INFO: VersionInfo(has_composite=True, writer="layoutgen", reader="layoutgen"),
        Resource.XMP_METADATA: provenance.packet(page),
    }
    items: Any = [(key, ImageResource(key=key, data=value)) for key, value in values.items()]
    return ImageResources(items)
