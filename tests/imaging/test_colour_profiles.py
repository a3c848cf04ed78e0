"""Images that state their colours by numbers: PQ, HLG and Display P3 in PNG and AVIF."""

import struct

import numpy as np
import pytest
from PIL import Image

from layoutgen.core.pictures import tone
from layoutgen.imaging import colour_profiles
from tests.core.pictures.test_tone import PATCHES, TO_2020, hlg, linear, pq
from tests.imaging.test_bare_files import chunk
from tests.imaging.test_images import decode, flag, save


def patches(signal):
    image = np.zeros((24, 96, 3), np.uint8)
    for i, patch in enumerate(PATCHES):
        image[:, i * 16 : (i + 1) * 16] = np.rint(255 * np.clip(signal(patch), 0, 1))
    return Image.fromarray(image)


def stated(kind, image, primaries, transfer, *extra):
    data = save(image, kind, **({} if kind == "PNG" else {"quality": 98, "subsampling": "4:4:4"}))
    if kind == "PNG":
        return data[:33] + chunk(b"cICP", bytes([primaries, transfer, 0, 1])) + b"".join(extra) + data[33:]
    at = data.index(b"colrnclx") + 8
    return data[:at] + struct.pack(">HH", primaries, transfer) + data[at + 4 :]


@pytest.mark.parametrize("kind", ["PNG", "AVIF"])
@pytest.mark.parametrize(
    ("transfer", "signal"),
    [(tone.PQ, lambda c: pq(203 * linear(c) @ TO_2020.T)), (tone.HLG, lambda c: hlg(0.265 * linear(c) @ TO_2020.T))],
)
def test_an_hdr_image_comes_out_near_what_it_shows(kind, transfer, signal):
    picture = decode(stated(kind, patches(signal), 9, transfer))
    found = picture.pixels[12, 8::16].astype(int)
    assert np.abs(found - PATCHES).max() <= 32  # 8 bits are coarse in a channel that is dark beside bright ones
    assert np.abs(found - PATCHES).mean() <= 5
    assert "an HDR image" in picture.notes[0]


def test_numbers_stand_beside_broken_metadata():
    image = patches(lambda c: pq(203 * linear(c) @ TO_2020.T))
    picture = decode(stated("PNG", image, 9, tone.PQ, chunk(b"tEXt", b"a\0b", wrong=1)))
    assert np.abs(picture.pixels[12, 8::16].astype(int) - PATCHES).mean() <= 5


def test_transparency_is_kept_and_plain_numbers_change_nothing():
    image = patches(lambda c: pq(203 * linear(c) @ TO_2020.T)).convert("RGBA")
    image.paste((0, 0, 0, 0), (0, 0, 16, 12))
    assert (decode(stated("PNG", image, 9, tone.PQ)).pixels[2, 2] == 255).all()
    plain = stated("PNG", flag(), 1, 13)
    assert colour_profiles.declared(plain) is None
    assert np.array_equal(decode(plain).pixels, decode(save(flag(), "PNG")).pixels)


def test_what_states_nothing_has_no_numbers():
    for data in (
        b"",
        b"\x89PNG",
        save(flag(), "JPEG"),
        save(flag(), "PNG") + b"\0\0\0\4cICP\x09\x10\0\1",
        b"\0\0\0\x1cftypavif",
    ):
        assert colour_profiles.declared(data) is None
