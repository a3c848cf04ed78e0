"""Photo and logo as they are put into documents."""

import math
from functools import lru_cache

import cv2
import numpy as np

from layoutgen.imaging import images
from layoutgen.imaging.documents.page import Page

_QUALITY = 92


def shown_photo(page: Page) -> bytes:
    """What the canvas shows of the photo, at output size: as JPEG, of a cut-out as PNG."""
    assert page.photo_layer is not None
    pixels = page.photo_layer[2]
    if page.is_cut_out:
        return images.encode_png(pixels)
    return images.encode_jpeg(np.ascontiguousarray(pixels[..., :3]), _QUALITY)


def whole_photo(page: Page, finest: float) -> bytes:
    """The whole photo as JPEG, with at most `finest` px for each px of the canvas that shows it."""
    left, top, right, bottom = page.framing.crop
    rows, columns = page.photo.shape[:2]
    _, _, width, height = page.picture_box
    scale = finest * max(width / (columns * (right - left)), height / (rows * (bottom - top)))
    photo = page.photo
    if scale < 1:
        photo = cv2.resize(photo, (math.ceil(columns * scale), math.ceil(rows * scale)), interpolation=cv2.INTER_AREA)
    return images.encode_jpeg(photo, _QUALITY)


def logo(page: Page) -> bytes:
    """The logo as PNG; of one that many pages have, encoded once."""
    assert page.logo is not None
    return _png(page.logo.tobytes(), page.logo.shape)


@lru_cache(maxsize=16)
def _png(data: bytes, shape: tuple[int, ...]) -> bytes:
    return images.encode_png(np.frombuffer(data, np.uint8).reshape(shape))
