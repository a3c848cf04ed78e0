"""What stands beside the pixels of an image is skipped where it is broken or too large, and the picture is used."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms, TiffImagePlugin

from layoutgen.imaging import bare_files, images
from layoutgen.imaging.image_faults import ImageFault
from tests.imaging.test_images import GREEN, decode, fault, flag, is_flag, is_near, noise, save

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def swapped_profile():
    """A profile whose red is blue and whose blue is red: colours tell whether it was used."""
    profile = bytearray(SRGB)
    tags = {bytes(profile[at : at + 4]): at for at in range(132, 132 + 12 * profile[131], 12)}
    red, blue = tags[b"rXYZ"] + 4, tags[b"bXYZ"] + 4
    profile[red : red + 8], profile[blue : blue + 8] = profile[blue : blue + 8], profile[red : red + 8]
    return bytes(profile).replace(b"s\x00R\x00G\x00B", b"x\x00R\x00G\x00B").replace(b"sRGB", b"xRGB")


def large(profile):
    made = profile + bytes(1_500_000)
    return struct.pack(">I", len(made)) + made[4:]


def chunk(kind, body, wrong=0):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body) ^ wrong)


def png(*extra, image=None, before_pixels=True, **options):
    data = save(image or flag(), "PNG", **options)
    at = 33 if before_pixels else data.index(b"IEND") - 4
    return data[:at] + b"".join(extra) + data[at:]


def icc(profile, wrong=0):
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(profile), wrong)


BOMB = zlib.compress(b"saved again; " * 180_000)
ODD = {
    "a bomb of compressed text": png(chunk(b"zTXt", b"history\0\0" + BOMB)),
    "a bomb of international text": png(chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + BOMB)),
    "a bomb behind the pixels": png(chunk(b"zTXt", b"history\0\0" + BOMB), before_pixels=False),
    "many bombs": png(*[chunk(b"tEXt", b"k\0" + b"x" * 1_000_000)] * 70),
    "a large profile": png(icc(large(SRGB))),
    "a wrong checksum of a text": png(chunk(b"tEXt", b"Software\0x", wrong=1)),
    "a wrong checksum behind the pixels": png(chunk(b"tEXt", b"Software\0x", wrong=1), before_pixels=False),
    "a wrong checksum of a profile": png(icc(SRGB, wrong=1)),
    "a profile packed in an unknown way": png(chunk(b"iCCP", b"profile\0\7" + zlib.compress(SRGB))),
    "a profile without a name": png(chunk(b"iCCP", b"")),
    "a short gamma": png(chunk(b"gAMA", b"\0")),
    "short chromaticities": png(chunk(b"cHRM", b"\0\0")),
    "short pixel sizes": png(chunk(b"pHYs", b"\0")),
    "an empty sRGB": png(chunk(b"sRGB", b"")),
    "a text without a key": png(chunk(b"iTXt", b"\0"), chunk(b"zTXt", b""), chunk(b"tEXt", b"")),
    "short transparency": png(chunk(b"tRNS", b"\0")),
    "broken EXIF": png(chunk(b"eXIf", b"MM\0*\0\0\0\x08\xff\xff")),
    "an animation of no frames": png(chunk(b"acTL", bytes(8))),
    "frames out of sequence": png(chunk(b"acTL", b"\0\0\0\3" + bytes(4)), chunk(b"fcTL", b"\0\0\0\7" + bytes(22))),
    "bytes behind the end": png() + b"<!-- served by -->" * 1000,
}  # fmt: skip


@pytest.mark.parametrize("data", ODD.values(), ids=ODD)
def test_a_png_with_odd_metadata_is_used(data):
    assert is_flag(decode(data).pixels)
    assert images.decode_logo(data).shape == (48, 64, 4)


def test_what_was_skipped_is_a_note_and_a_whole_file_has_none():
    assert decode(ODD["a large profile"]).notes == (bare_files.SKIPPED,)
    assert decode(png()).notes == ()


@pytest.mark.parametrize("data", [png(icc(swapped_profile())), png(icc(large(swapped_profile()))),
                                  png(icc(swapped_profile(), wrong=1)),
                                  png(icc(swapped_profile()), chunk(b"tEXt", b"a\0b", wrong=1))])  # fmt: skip
def test_a_profile_is_used_where_it_can_be_read(data):
    pixels = decode(data).pixels
    assert pixels[10, 32, 2] > 200 and pixels[10, 32, 0] < 60  # the red half is blue


def test_a_profile_that_unpacks_without_end_is_skipped_with_a_note():
    bomb = chunk(b"iCCP", b"profile\0\0" + zlib.compress(bytes(bare_files.MOST_PROFILE_BYTES + 1)))
    picture = decode(png(bomb))
    assert is_flag(picture.pixels)
    assert "colour profile" in picture.notes[-1]


@pytest.mark.parametrize(("kind", "profile"), [("PNG", b"no profile at all"), ("JPEG", SRGB[:200])])
def test_a_broken_profile_is_a_note(kind, profile):
    assert "colour profile" in decode(save(flag(), kind, icc_profile=profile)).notes[0]


def test_a_wrong_checksum_does_not_uncover_what_is_transparent():
    image = flag().quantize(8)
    data = save(image, "PNG", transparency=image.getpixel((0, 0)))
    at = data.index(b"tRNS")
    broken = data[: at - 4] + chunk(b"tRNS", data[at + 4 : at + 4 + int.from_bytes(data[at - 4 : at], "big")], wrong=1)
    pixels = decode(broken + data[at + 8 + int.from_bytes(data[at - 4 : at], "big") :]).pixels
    assert is_near(pixels[5, 5], (255, 255, 255)) and is_near(pixels[-5, 5], GREEN)


def test_an_orientation_beside_broken_text_is_applied():
    exif = Image.Exif()
    exif[0x0112] = 6
    turned = flag(200, 120).transpose(Image.Transpose.ROTATE_90)
    data = png(chunk(b"tEXt", b"a\0b", wrong=1), image=turned, exif=exif)
    assert is_flag(decode(data).pixels) and decode(data).width == 200


def test_damaged_and_cut_off_pixels_stay_faults_whatever_stands_beside_them():
    data = png(chunk(b"tEXt", b"a\0b", wrong=1), image=noise(320, 240))
    assert fault(data[: len(data) * 2 // 3]).kind == "truncated_image"
    middle = len(data) // 2
    assert fault(data[:middle] + bytes(40) + data[middle + 40 :]).kind == "damaged_image"


def segment(marker, body, length=None):
    return bytes([0xFF, marker]) + struct.pack(">H", len(body) + 2 if length is None else length) + body


JPEG = save(flag(), "JPEG", quality=95)
ODD_JPEG = {
    "short Photoshop data": segment(0xED, b"Photoshop 3.0\x008BIM\x04"),
    "a short Adobe mark": segment(0xEE, b"Adobe"),
    "short EXIF": segment(0xE1, b"Exif\0\0MM"),
    "EXIF of garbage": segment(0xE1, b"Exif\0\0" + bytes(range(200))),
    "EXIF that points far": segment(0xE1, b"Exif\0\0MM\0*\0\0\0\x08\0\1\x01\x12\0\3" + b"\x7f\xff\xff\xff" * 2),
    "parts of a profile that is not whole": segment(0xE2, b"ICC_PROFILE\0\2\3" + SRGB[:300]),
    "a profile of no bytes": segment(0xE2, b"ICC_PROFILE\0"),
    "a second picture that is not there": segment(0xE2, b"MPF\0MM\0*\0\0\0\x08\0\3" + bytes(40)),
    "megabytes of XMP": segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + b"<x/>" * 15_000) * 40,
    "an unknown segment whose length is wrong": segment(0xEB, b"JP" * 20, length=1),
    "bytes between segments": b"\0\0 lost ",
    "a comment of no length": segment(0xFE, b""),
}  # fmt: skip


@pytest.mark.parametrize("extra", ODD_JPEG.values(), ids=ODD_JPEG)
def test_a_jpeg_with_odd_segments_is_used(extra):
    assert is_flag(decode(JPEG[:20] + extra + JPEG[20:]).pixels)
    assert is_flag(decode(JPEG[:20] + extra + JPEG[20:], side=32).pixels)


def riff(*chunks):
    body = b"WEBP" + b"".join(kind + struct.pack("<I", len(b)) + b + bytes(len(b) % 2) for kind, b in chunks)
    return b"RIFF" + struct.pack("<I", len(body)) + body


@pytest.mark.parametrize("beside", [(b"EXIF", b"Exif\0\0MM\0*\0"), (b"XMP ", b"\xff\xfe"), (b"JUNK", b"x" * 999)])
def test_a_webp_with_odd_chunks_is_used(beside):
    plain = save(flag(), "WEBP", lossless=True)
    size = struct.pack("<I", 63)[:3] + struct.pack("<I", 47)[:3]
    whole = riff((b"VP8X", b"\x0c\0\0\0" + size), (b"VP8L", plain[20:]), beside)
    assert is_flag(decode(whole).pixels)
    assert is_flag(decode(whole[:-5]).pixels)  # the chunk behind the pixels is cut off


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "tiff_adobe_deflate"])
def test_a_tiff_with_odd_tags_is_used(compression):
    tags = TiffImagePlugin.ImageFileDirectory_v2()
    tags[700], tags[34377], tags[65000] = b"<x/>" * 1000, b"8BIM\x04", "x" * 5000
    data = save(flag(), "TIFF", tiffinfo=tags, compression=compression)
    assert is_flag(decode(data).pixels)
    order, at = "<", struct.unpack_from("<I", data, 4)[0]
    for k in range(struct.unpack_from("<H", data, at)[0]):
        entry = at + 2 + 12 * k
        if struct.unpack_from("<H", data, entry)[0] in (700, 34377, 65000):
            for kind, count in ((99, 7), (5, 2**31), (12, 0)):
                odd = bytearray(data)
                struct.pack_into("<HII", odd, entry + 2, kind, count, len(data) - 1)
                assert is_flag(decode(bytes(odd)).pixels), (order, kind, count)


def test_a_note_and_a_message_are_the_same_in_every_run():
    for data in (save(flag(), "PNG")[:40] + bytes(400) + b"IEND", save(flag(), "GIF")[:20] + b";", b"BM" + bytes(60)):
        messages = set()
        for _ in range(2):
            with pytest.raises(ImageFault) as caught:
                decode(bytes(data))
            messages.add(str(caught.value))
        assert len(messages) == 1 and " at 0x" not in messages.pop()


def test_a_picture_of_a_phone_with_a_gain_map_is_its_first_picture():
    buffer = io.BytesIO()
    flag().save(buffer, "MPO", save_all=True, append_images=[noise(32, 24)])
    assert is_flag(decode(buffer.getvalue()).pixels)


@pytest.mark.parametrize(("depth", "kind"), [(2, 0), (4, 0), (16, 0), (16, 2)])
def test_a_transparent_value_is_found_at_every_depth(depth, kind):
    """Left half transparent; Pillow brings pixels to 8 bits and leaves the value as it is written."""
    hidden, shown = (2**depth * 2 // 3, 0)
    width = height = 16
    channels = 3 if kind == 2 else 1
    row = np.zeros((width, channels), np.uint32)
    row[:8], row[8:] = hidden, shown
    bits = ((row.ravel()[:, None] >> np.arange(depth)[::-1]) & 1).astype(np.uint8)
    line = b"\0" + np.packbits(bits.ravel()).tobytes()
    data = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, kind, 0, 0, 0))
        + chunk(b"tRNS", struct.pack(">H", hidden) * channels)
        + chunk(b"IDAT", zlib.compress(line * height))
        + chunk(b"IEND", b"")
    )
    pixels = decode(data).pixels
    assert is_near(pixels[:, :6], (255, 255, 255), slack=2)
    assert is_near(pixels[:, 10:], (0, 0, 0), slack=2)
