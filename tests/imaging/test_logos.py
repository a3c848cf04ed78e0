"""A logo counts from its first to its last visible pixel, and one that shows nothing is a fault."""

import numpy as np
import pytest
from PIL import Image

from layoutgen.imaging import images
from layoutgen.imaging.image_faults import ImageFault
from tests.imaging.test_images import RED, save

CLEAR = (90, 200, 40, 0)


def padded(mark, size, ground):
    image = Image.new("RGBA" if len(ground) == 4 else "RGB", size, ground)
    image.paste(mark, ((size[0] - mark.width) // 2, (size[1] - mark.height) // 2))
    return image


def test_a_logo_in_the_middle_of_much_transparency_is_cut_to_what_is_visible_before_it_is_scaled():
    mark = Image.new("RGBA", (300, 100), (*RED, 255))
    pixels = images.decode_logo(save(padded(mark, (1300, 1100), CLEAR), "PNG"))
    assert pixels.shape == (100, 300, 4)
    assert (pixels[..., 3] == 255).all()


def test_specks_too_faint_to_be_seen_do_not_count():
    image = padded(Image.new("RGBA", (80, 40), (*RED, 255)), (400, 300), CLEAR)
    image.putpixel((2, 3), (0, 0, 0, 9))
    assert images.decode_logo(save(image, "PNG")).shape == (40, 80, 4)


@pytest.mark.parametrize(("kind", "slack"), [("PNG", 0), ("JPEG", 4)])
def test_an_opaque_logo_loses_the_margin_of_its_ground_but_a_little(kind, slack):
    mark = Image.new("RGB", (300, 100), RED)
    height, width, _ = images.decode_logo(save(padded(mark, (1300, 1100), (255, 255, 255)), kind)).shape
    assert (height, width) == (pytest.approx(116, abs=2 * slack), pytest.approx(316, abs=2 * slack))


def test_a_logo_that_fills_its_picture_stays_as_it_is():
    mark = np.random.default_rng(0).integers(0, 255, (60, 200, 3), dtype=np.uint8)
    assert np.array_equal(images.decode_logo(save(Image.fromarray(mark), "PNG"))[..., :3], mark)


@pytest.mark.parametrize(
    "image",
    [
        Image.new("RGBA", (300, 100), CLEAR),
        Image.new("RGBA", (300, 100), (0, 0, 0, 8)),
        Image.new("RGB", (300, 100), "white"),
        Image.new("LA", (30, 10), (0, 0)),
    ],
)
def test_a_logo_without_a_visible_pixel_shows_nothing(image):
    with pytest.raises(ImageFault) as caught:
        images.decode_logo(save(image, "PNG"))
    assert caught.value.kind == "shows_nothing"


def test_an_orientation_is_applied_to_what_was_cut_out():
    exif = Image.Exif()
    exif[0x0112] = 6
    mark = Image.new("RGBA", (300, 100), (*RED, 255))
    assert images.decode_logo(save(padded(mark, (800, 800), CLEAR), "PNG", exif=exif)).shape == (300, 100, 4)


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_of_an_animated_logo_a_frame_that_shows_something_is_used(kind):
    shown = padded(Image.new("RGBA", (80, 40), (*RED, 255)), (300, 100), CLEAR)
    shown.paste((0, 0, 90, 255), (140, 40, 160, 60))
    empty = Image.new("RGBA", (300, 100), CLEAR)
    options = {"lossless": True} if kind == "WEBP" else {}
    data = save(empty, kind, save_all=True, append_images=[shown, shown], duration=100, **options)
    assert images.decode_logo(data).shape == (40, 80, 4)
