"""Originals of many kinds with their opacity, and masks."""

import io

import numpy as np
import pytest
from PIL import Image

from layoutgen.imaging.image_faults import ImageFault
from layoutgen.imaging.products import reading


def saved(image, kind="PNG", **how):
    buffer = io.BytesIO()
    image.save(buffer, kind, **how)
    return buffer.getvalue()


def disc(side=60):
    y, x = np.mgrid[0:side, 0:side]
    return (np.hypot(y - side / 2, x - side / 2) < side / 3).astype(np.uint8) * 255


def test_opacity_is_kept_and_an_opaque_alpha_is_none():
    rgba = np.dstack([np.full((60, 60, 3), 77, np.uint8), disc()])
    assert (reading.original(saved(Image.fromarray(rgba)))[..., 3] == disc()).all()
    rgba[..., 3] = 255
    assert reading.original(saved(Image.fromarray(rgba))).shape == (60, 60, 3)


def test_cmyk_and_sixteen_bits_and_palettes_are_read():
    cmyk = Image.new("CMYK", (40, 30), (0, 255, 255, 0))
    assert reading.original(saved(cmyk, "JPEG")).shape == (30, 40, 3)
    grey = Image.fromarray(np.linspace(0, 65535, 1200).astype(np.uint16).reshape(30, 40))
    assert reading.original(saved(grey)).max() == 255
    palette = Image.fromarray(np.dstack([np.full((60, 60, 3), 77, np.uint8), disc()])).convert("P")
    palette.info["transparency"] = 0
    assert reading.original(saved(palette, transparency=0)).shape[2] in (3, 4)


def test_of_an_animation_with_opacity_one_frame_is_read():
    frames = [Image.fromarray(np.dstack([np.full((60, 60, 3), v, np.uint8), disc()])) for v in (10, 90, 200)]
    data = saved(frames[0], "WEBP", save_all=True, append_images=frames[1:], lossless=True)
    pixels = reading.original(data)
    assert pixels.shape == (60, 60, 4) and (pixels[..., 3] == disc()).mean() > 0.98


def test_masks_of_every_form_say_the_same():
    wanted = disc()
    grey = Image.fromarray(wanted)
    forms = {
        "grey": grey,
        "bits": grey.convert("1"),
        "labels": Image.fromarray(wanted // 255),
        "rgb": grey.convert("RGB"),
        "in alpha": Image.fromarray(np.dstack([np.full((60, 60, 3), 255, np.uint8), wanted])),
        "16 bits": Image.fromarray(wanted.astype(np.uint16) * 257),
    }
    for name, image in forms.items():
        assert (reading.mask(saved(image)) == wanted).all(), name


def test_no_image_is_a_fault():
    with pytest.raises(ImageFault):
        reading.original(b"not an image at all")
    with pytest.raises(ImageFault):
        reading.mask(b"")
