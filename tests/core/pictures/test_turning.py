import io

import numpy as np
import pytest
from PIL import Image

from layoutgen.core.pictures.turning import SIDEWAYS, upright
from layoutgen.imaging import images


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_turns_with_its_picture(orientation):
    stored = Image.new("RGB", (120, 80), "white")
    stored.paste((200, 20, 20), (10, 20, 50, 30))
    exif, buffer = Image.Exif(), io.BytesIO()
    exif[0x0112] = orientation
    stored.save(buffer, "PNG", exif=exif)
    picture = images.decode(buffer.getvalue(), side=500, min_side=1, max_pixels=10**6)
    assert images.orientation(buffer.getvalue()) == orientation
    left, top, right, bottom = map(int, upright((10, 20, 50, 30), 120, 80, orientation))
    red = picture.pixels[..., 1] < 100
    assert red[top:bottom, left:right].all() and red.sum() == 400
    assert (picture.width, picture.height) == ((80, 120) if orientation in SIDEWAYS else (120, 80))
    assert np.ptp([left, right]) == (10 if orientation in SIDEWAYS else 40)
