"""A painted picture taken back: checked, the product pasted on it pixel by pixel, the text set in its fonts.

What is refused is refused by the name of a check, with what was measured and the mend.
"""

import json
import math
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import cv2
import numpy as np

from layoutgen.core import rows
from layoutgen.core.layout import Canvas, Element, Framing
from layoutgen.core.metrics import own
from layoutgen.core.posters import checks
from layoutgen.imaging import images
from layoutgen.imaging.documents.page import Page, Provenance
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.products import pasting
from layoutgen.imaging.products.placing import Placed
from layoutgen.imaging.references.folder import VERSION

PAINTED = ("painted.png", "painted.webp", "painted.jpg", "painted.jpeg")
"""What a painted picture may be called."""
_LEAST_CONTRAST = 3.0
_MAX_PIXELS = 64_000_000
_NEEDED = ("layout.json", "product_full.png")
READ = (*_NEEDED, "logo.png")
"""The files of a folder that are read again."""


class ReferenceFault(FileFault):
    """A folder that can't be taken back, or a painted picture that is refused; `kind` is the check's name."""


def finished(files: Mapping[str, bytes], painted: bytes, font_files: tuple[str, ...] = ()) -> Page:
    """The page of a painted picture with the `files` of its folder: its photo is the picture with the product, its
    elements go over it. Raises ReferenceFault, and ImageFault for a picture that can't be read."""
    layout = _layout(files)
    canvas, size = Canvas(*layout["canvas_px"]), tuple(layout["size_px"])
    product = _product(files, canvas)
    ground = _covering(_read(painted, size), layout["transform"], size, canvas)
    grown = checks.growth(ground, product.pixels, product.left_px, product.top_px)
    _refuse(grown, "the painter copied the product or let it grow; paint again, with mask_keep.png and another seed")
    picture = pasting.pasted(ground, product)
    elements = tuple(rows.read_element(element) for element in layout["row"]["elements"])
    _refuse_unreadable(elements, picture)
    logo = images.decode_png(files["logo.png"]) if "logo.png" in files else None
    return Page(
        canvas, Framing(), picture, elements, _provenance(layout["row"]), logo, font_files, layout["row"]["language"]
    )


def _layout(files: Mapping[str, bytes]) -> dict[str, Any]:
    for name in _NEEDED:
        if name not in files:
            raise ReferenceFault("incomplete", f"{name} is not in the folder; write the references again")
    try:
        layout = json.loads(files["layout.json"])
        version = layout["version"]
    except (ValueError, KeyError, TypeError):
        raise ReferenceFault("layout", "layout.json is not one of ours; write the references again") from None
    if version != VERSION:
        raise ReferenceFault("layout", f"layout.json is of {version!r}, this release reads {VERSION}; write it again")
    return dict(layout)


def _product(files: Mapping[str, bytes], canvas: Canvas) -> Placed:
    product = images.decode_png(files["product_full.png"])
    if product.shape != (canvas.height, canvas.width, 4):
        raise ReferenceFault("product", "product_full.png was changed: it has another size or no alpha; write it again")
    shown = product[..., 3] > 0
    if not shown.any():
        raise ReferenceFault("product", "product_full.png was changed: nothing in it is opaque; write it again")
    down, across = np.flatnonzero(shown.any(axis=1)), np.flatnonzero(shown.any(axis=0))
    part = product[down[0] : down[-1] + 1, across[0] : across[-1] + 1]
    return Placed(np.ascontiguousarray(part), int(across[0]), int(down[0]))


def _read(painted: bytes, size: tuple[int, int]) -> np.ndarray:
    """The painted picture, of the wanted size or of a whole multiple of it. Raises ReferenceFault."""
    decoded = images.decode(painted, side=1 << 14, min_side=1, max_pixels=_MAX_PIXELS)
    height, width = decoded.pixels.shape[:2]
    times = width // size[0]
    if times < 1 or (width, height) != (times * size[0], times * size[1]):
        raise ReferenceFault(
            "size",
            f"the painted picture has {width}x{height} px; give {size[0]}x{size[1]}, as size_px of layout.json says, "
            "or a whole multiple of it",
        )
    images.check_shown(decoded.pixels)
    return decoded.pixels


def _covering(picture: np.ndarray, transform: list[float], size: tuple[int, int], canvas: Canvas) -> np.ndarray:
    """The picture as it lies on the canvas, (h, w, 3)."""
    scale, left, top = transform
    step = scale * size[0] / picture.shape[1]
    if step < 1:  # by area first: a warp down would alias
        small = (math.ceil(picture.shape[1] * step), math.ceil(picture.shape[0] * step))
        picture = cv2.resize(picture, small, interpolation=cv2.INTER_AREA)
        step = scale * size[0] / picture.shape[1]
    # Pixel centres: x of the canvas is step (x + 1/2) - 1/2 + left.
    matrix = np.array([[step, 0, left + (step - 1) / 2], [0, step, top + (step - 1) / 2]], np.float64)
    return np.asarray(
        cv2.warpAffine(
            picture, matrix, (canvas.width, canvas.height), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
        )
    )


def _refuse(check: checks.Check, mend: str) -> None:
    if not check.holds:
        raise ReferenceFault(check.name, f"{check.value:.3f}, the limit is {check.limit:g}: {mend}")


def _refuse_unreadable(elements: tuple[Element, ...], picture: np.ndarray) -> None:
    for index, element in enumerate(elements):
        contrast = own.contrast_of(elements, index, picture) if own.is_text(element) else None
        if contrast is not None and contrast < _LEAST_CONTRAST:
            raise ReferenceFault(
                "text_contrast",
                f"{element.role.value} {element.text!r} has a contrast of {contrast:.2f} with what was painted behind "
                f"it, the least is {_LEAST_CONTRAST:g}; paint it calmer and further from {element.colour} there",
            )


def _provenance(row: Mapping[str, Any]) -> Provenance:
    created = row.get("created_at")
    return Provenance(
        row["row_id"],
        row.get("run_id"),
        row.get("composer"),
        row.get("adapter"),
        datetime.fromisoformat(created) if created else None,
        painter="a text-to-image model",
    )
