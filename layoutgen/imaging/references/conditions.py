"""The pictures that condition a text-to-image model: layout in flat colours, product, masks, edges, style reference."""

import io

import cv2
import numpy as np
from PIL import Image

from layoutgen.core.layout import Box, Canvas, Role, Suggestion
from layoutgen.core.proposals import layout_image
from layoutgen.imaging import framed, images
from layoutgen.imaging.references.reference import Reference

GREY = 128
"""Level of the ground on which the product is shown alone."""
_EDGES = (100, 200)
_BLANKED, _REFERENCE_SIDE = 0.06, 512


def pictures(reference: Reference) -> dict[str, bytes]:
    """The files by name, PNG. All have the painted size but `product_full.png`, which has the canvas's, and
    `reference.png`."""
    product = reference.product_at_size
    alpha, size = product[..., 3], reference.size.canvas
    grey = _on_grey(product)
    layout = layout_image.draw(reference.elements, size.width, size.height)
    return {
        "condition.png": _indexed(layout),
        "product.png": images.encode_png(product),
        "product_full.png": images.encode_png(reference.product.on_canvas(reference.page.canvas)),
        "product_on_grey.png": images.encode_png(grey),
        "mask_paint.png": images.encode_png(255 - alpha),
        "mask_keep.png": images.encode_png(alpha),
        "mask_text.png": images.encode_png(_filled(reference.texts, size)),
        "mask_underlay.png": images.encode_png(_filled(reference.of_roles({Role.UNDERLAY}), size)),
        "edges.png": images.encode_png(edges(product)),
        "reference.png": images.encode_png(_style(reference)),
    }


def edges(product: np.ndarray) -> np.ndarray:
    """Canny's edges of a product (h, w, 4) uint8 on black, and its outline: (h, w) uint8, white on black."""
    solid = product[..., :3] * (product[..., 3:] > 0)
    inside = cv2.Canny(cv2.cvtColor(np.ascontiguousarray(solid), cv2.COLOR_RGB2GRAY), *_EDGES)
    outline = cv2.Canny((product[..., 3] > 127).astype(np.uint8) * 255, *_EDGES)
    return np.asarray(np.maximum(inside, outline))


def palette() -> dict[str, list[int]]:
    """What the colours of `condition.png` mean: `ground` or a role to RGB."""
    named = {"ground": layout_image.GROUND, **{role.value: rgb for role, rgb in layout_image.COLOURS.items()}}
    return {name: list(rgb) for name, rgb in named.items()}


def pixels_of(box: Box, canvas: Canvas) -> tuple[int, int, int, int]:
    """The pixels (ltrb, right and bottom exclusive) of a box, as `condition.png` has them."""
    (cells,) = layout_image.boxes_px([Suggestion(Role.OTHER, box)], canvas.width, canvas.height)
    return cells


def _indexed(layout: np.ndarray) -> bytes:
    """A picture of few colours as PNG with the palette in its order."""
    colours = [tuple(rgb) for rgb in palette().values()]
    indices = np.zeros(layout.shape[:2], np.uint8)
    for index, rgb in enumerate(colours):
        indices[(layout == rgb).all(axis=2)] = index
    picture = Image.fromarray(indices, "P")
    picture.putpalette([channel for rgb in colours for channel in rgb])
    sink = io.BytesIO()
    picture.save(sink, "PNG")
    return sink.getvalue()


def _on_grey(product: np.ndarray) -> np.ndarray:
    alpha = product[..., 3:].astype(np.uint32)
    return np.asarray((alpha * product[..., :3] + (255 - alpha) * GREY + 127) // 255, np.uint8)


def _filled(elements: list[Suggestion], size: Canvas) -> np.ndarray:
    mask = np.zeros((size.height, size.width), np.uint8)
    for left, top, right, bottom in layout_image.boxes_px(elements, size.width, size.height):
        mask[top:bottom, left:right] = 255
    return mask


def _style(reference: Reference) -> np.ndarray:
    """The picture whose style may be followed, without the product: what the canvas showed of the photo, the product
    and what is near it filled from around, so that the style is followed and no thing is."""
    page = reference.page
    scale = min(1.0, _REFERENCE_SIDE / max(page.canvas.width, page.canvas.height))
    small = Canvas(max(1, round(page.canvas.width * scale)), max(1, round(page.canvas.height * scale)))
    shown = framed.draw_at(page.photo, page.framing, small.width, small.height, page.tiles)
    alpha = cv2.resize(reference.product.on_canvas(page.canvas)[..., 3], (small.width, small.height))
    reach = max(3, round(_BLANKED * max(shown.shape[:2]))) | 1
    hole = cv2.dilate((alpha > 0).astype(np.uint8), np.ones((reach, reach), np.uint8))
    if hole.all():
        return shown
    return np.asarray(cv2.inpaint(np.ascontiguousarray(shown), hole, 5, cv2.INPAINT_TELEA))
