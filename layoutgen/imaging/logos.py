"""What of a logo's file is the logo: the part from its first to its last visible pixel."""

import numpy as np
from PIL import Image, ImageChops

from layoutgen.imaging.image_faults import ImageFault

_LEAST_OPACITY = 12  # of 255: less is not seen
_NEAR_GROUND = 24  # of 255: how far JPEG and scanning carry one colour
_WHITE = 250
_MARGIN = 0.08  # of the shorter side, which an opaque logo keeps of its ground


def trimmed(image: Image.Image) -> Image.Image:
    """Cut a logo (L, RGB, CMYK or RGBA) to what is visible: to its opaque part or, where all is opaque, to what differs
    from the one colour of its corners, with a little of it around. Raises ImageFault where nothing is visible."""
    if image.mode == "RGBA":
        alpha = image.getchannel("A")
        box = _box(alpha, _LEAST_OPACITY)
        if box is None:
            raise ImageFault("shows_nothing", "no opaque pixel; give a logo that is visible")
        if alpha.point(lambda value: 255 * (value < 255)).getbbox():
            return image.crop(box)
    return _without_ground(image)


def _without_ground(image: Image.Image) -> Image.Image:
    rgb = image.convert("RGB")
    corners = np.asarray(rgb)[[0, 0, -1, -1], [0, -1, 0, -1]].astype(int)
    if (np.ptp(corners, axis=0) > _NEAR_GROUND).any():
        return image
    ground = Image.new("RGB", rgb.size, tuple(corners[0].tolist()))
    red, green, blue = ImageChops.difference(rgb, ground).split()
    box = _box(ImageChops.lighter(ImageChops.lighter(red, green), blue), _NEAR_GROUND)
    if box is None:
        if corners.min() >= _WHITE:
            raise ImageFault("shows_nothing", "white and nothing on it; give a logo that is visible")
        return image  # a block of colour
    margin = round(_MARGIN * min(box[2] - box[0], box[3] - box[1]))
    return image.crop((max(0, box[0] - margin), max(0, box[1] - margin),
                       min(rgb.width, box[2] + margin), min(rgb.height, box[3] + margin)))  # fmt: skip


def _box(values: Image.Image, least: int) -> tuple[int, int, int, int] | None:
    """The box of the pixels of a grey image that are above `least`; None for none."""
    return values.point(lambda value: 255 * (value > least)).getbbox()
