"""Boxes of a picture as its file stores it, turned with the picture by its EXIF orientation."""

from layoutgen.core.layout import Box

SIDEWAYS = (5, 6, 7, 8)
"""Orientations that exchange width and height."""


def upright(box: Box, width: float, height: float, orientation: int) -> Box:
    """A box (ltrb) of a stored picture of a size, in px, as it lies on the upright one. `orientation` is EXIF's, 1 to 8
    (TIFF 6.0, tag 274)."""
    left, top, right, bottom = box
    if orientation in (2, 3, 7, 8):
        left, right = width - right, width - left
    if orientation in (3, 4, 6, 7):
        top, bottom = height - bottom, height - top
    return (top, left, bottom, right) if orientation in SIDEWAYS else (left, top, right, bottom)
