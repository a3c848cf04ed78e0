"""Pictures as files: sRGB that says so, the same bytes each time, and as small as was asked for."""

import io
from functools import cache

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageCms

from layoutgen.core.layout import Canvas, Element, Framing, Role
from layoutgen.imaging.documents import formats, provenance, rasters
from layoutgen.imaging.documents.page import Page, Provenance
from layoutgen.imaging.documents.rasters import Encoding, PictureFault
from tests.drawn import photo

RASTERS = [name for name, one in formats.FORMATS.items() if one.is_raster]
TITLE = Element(Role.TITLE, (0.1, 0.1, 0.9, 0.3), "Vase", ("Vase",), "NotoSansSC-Bold", 40, 48, "#c01020")


def page(width: int = 320, height: int = 240, image: Image.Image | None = None) -> Page:
    pixels = np.asarray(image or photo(400, 300))
    return Page(Canvas(width, height), Framing(), pixels, (TITLE,), Provenance("v@320x240"))


@pytest.mark.parametrize("name", RASTERS)
def test_a_file_shows_the_page_is_tagged_srgb_and_is_the_same_each_time(name):
    made = page()
    data = formats.write(made, name)
    assert data == formats.write(page(), name)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == name.upper()
        assert image.get_format_mimetype() == formats.FORMATS[name].media_type
        profile = ImageCms.ImageCmsProfile(io.BytesIO(image.info["icc_profile"]))
        assert "sRGB" in profile.profile.profile_description
        assert image.size == (320, 240) and image.mode == "RGB"
        xmp = image.info["xmp"]
        assert (xmp if isinstance(xmp, bytes) else xmp.encode()).strip() == provenance.packet(made).strip()
        shown = np.asarray(image).astype(int)
    assert np.abs(shown - made.picture).mean() < (4 if name != "png" else 1e-9)


def test_the_profile_is_as_other_programs_read_srgb():
    tagged = ImageCms.ImageCmsProfile(io.BytesIO(rasters.srgb_profile()))
    same = ImageCms.buildTransform(tagged, ImageCms.createProfile("sRGB"), "RGB", "RGB")
    colours = Image.fromarray(np.arange(192, dtype=np.uint8).reshape(8, 8, 3))
    changed = np.asarray(ImageCms.applyTransform(colours, same)).astype(int) - np.asarray(colours)
    assert np.abs(changed).max() <= 1


@cache
def encoded_at_all(name: str) -> dict[int, bytes]:
    shown = page(160, 120)
    origin = provenance.packet(shown)
    return {quality: rasters.encode(shown.picture, name, quality, origin) for quality in range(30, 86)}


@pytest.mark.parametrize("name", ["webp", "jpeg"])
@given(share=st.floats(0.35, 1.1))
def test_a_limit_of_bytes_is_kept_at_the_highest_quality_that_keeps_it(name, share):
    by_quality = encoded_at_all(name)
    limit = round(len(by_quality[85]) * share)
    try:
        data = rasters.write(page(160, 120), name, Encoding(85, 30, limit))
    except PictureFault as fault:
        assert fault.kind == "picture_too_large"
        assert len(by_quality[30]) > limit
        return
    assert len(data) <= limit
    quality = max(q for q, encoded in by_quality.items() if encoded == data)
    assert quality == 85 or len(by_quality[quality + 1]) > limit


def test_a_picture_that_can_not_be_as_small_says_how_large_it_is_and_what_to_do():
    with pytest.raises(PictureFault, match=r"320x240 px as webp has [\d,]+ bytes at quality 50, the limit is 100; "):
        rasters.write(page(), "webp", Encoding(85, 50, 100))
    with pytest.raises(PictureFault, match=r"as PNG, which loses nothing, the limit is 1,000"):
        rasters.write(page(), "png", Encoding(85, 50, 1000))


def test_coloured_text_keeps_its_colour_in_jpeg():
    red = Page(Canvas(320, 240), Framing(), np.full((300, 400, 3), 255, np.uint8), (TITLE,), Provenance("r"))
    with Image.open(io.BytesIO(formats.write(red, "jpeg"))) as image:
        assert np.abs(np.asarray(image).astype(int) - red.picture).max(-1).mean() < 1


def test_a_format_that_no_release_writes_is_refused_with_those_that_are():
    with pytest.raises(
        ValueError, match=r"format 'bmp' is not written by this release; give some of webp, png, jpeg, svg"
    ):
        formats.version("bmp")
