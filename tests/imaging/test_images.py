import io
import threading
from collections.abc import Callable

import numpy as np
import psutil
import pytest
from PIL import Image, ImageCms

from layoutgen.imaging import images
from layoutgen.imaging.images import Decoded, ImageFault

RED, GREEN, BLUE, WHITE = (220, 30, 20), (20, 180, 40), (30, 40, 200), (255, 255, 255)


def decode(data: bytes, side: int = 256, min_side: int = 2, max_pixels: int = 100_000_000) -> Decoded:
    return images.decode(data, side=side, min_side=min_side, max_pixels=max_pixels)


def fault(data: bytes, **limits: int) -> ImageFault:
    with pytest.raises(ImageFault) as caught:
        decode(data, **limits)
    return caught.value


def save(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def flag(width: int = 64, height: int = 48) -> Image.Image:
    """Red above, green below left, blue below right: any turn or mirror image shows."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(GREEN, (0, height // 2, width // 2, height))
    image.paste(BLUE, (width // 2, height // 2, width, height))
    return image


def noise(width: int, height: int, grain: int = 8) -> Image.Image:
    pixels = np.random.default_rng(0).integers(0, 255, (height // grain, width // grain, 3), dtype=np.uint8)
    return Image.fromarray(pixels).resize((width, height), Image.Resampling.BICUBIC)


def is_near(pixels: np.ndarray, colour: tuple[int, ...], slack: int = 12) -> bool:
    return bool((np.abs(pixels.reshape(-1, pixels.shape[-1]).astype(int) - colour).max(0) <= slack).all())


def is_flag(pixels: np.ndarray) -> bool:
    height, width, _ = pixels.shape
    above, left, right = (
        pixels[height // 4, width // 2],
        pixels[-height // 4, width // 4],
        pixels[-height // 4, -width // 4],
    )
    return is_near(above, RED) and is_near(left, GREEN) and is_near(right, BLUE)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF"])
def test_every_format_becomes_upright_rgb(kind: str) -> None:
    picture = decode(save(flag(), kind))
    assert (picture.width, picture.height) == (64, 48)
    assert picture.pixels.shape == (48, 64, 3)
    assert picture.pixels.dtype == np.uint8
    assert is_flag(picture.pixels)


@pytest.mark.parametrize("size", [(3000, 2000), (1600, 1601), (799, 3000), (257, 256)])
def test_the_longer_side_is_at_most_side_and_the_ratio_is_kept(size: tuple[int, int]) -> None:
    picture = decode(save(flag(*size), "JPEG"), side=256)
    height, width, _ = picture.pixels.shape
    assert (picture.width, picture.height) == size
    assert max(width, height) == 256
    assert width / height == pytest.approx(size[0] / size[1], abs=0.02)
    assert is_flag(picture.pixels)


def test_a_small_image_is_not_enlarged() -> None:
    assert decode(save(flag(), "PNG"), side=4096).pixels.shape == (48, 64, 3)


def test_a_scaled_decode_looks_like_a_full_decode() -> None:
    data = save(noise(1600, 1200, grain=40), "JPEG", quality=92)
    full = Image.open(io.BytesIO(data)).resize((400, 300), Image.Resampling.BILINEAR)
    error = np.mean((decode(data, side=400).pixels.astype(float) - np.asarray(full)) ** 2)
    assert 10 * np.log10(255**2 / error) > 38


def test_an_empty_file_is_not_an_image() -> None:
    assert str(fault(b"")) == "not_an_image: empty file, 0 bytes; give a JPEG, PNG or WebP image"


@pytest.mark.parametrize(
    ("data", "name"),
    [
        (b"<!DOCTYPE html><html><body>404 Not Found</body></html>", "HTML"),
        (b"\xef\xbb\xbf\n  <html lang='zh'>", "HTML"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>', "XML"),
        (b'{"error": "not found"}', "JSON"),
        ("这不是图片".encode(), "text"),
        (b"%PDF-1.7\n...", "PDF"),
        (b"\x00\x00\x00\x20ftypisom\x00\x00", "video"),
        (bytes(range(7, 27)), "unknown bytes (07 08 09 0a 0b 0c 0d 0e)"),
        (b"\x00" * 1000, "unknown bytes (00 00 00 00 00 00 00 00)"),
    ],
)
def test_a_file_that_is_no_image_says_what_it_looks_like(data: bytes, name: str) -> None:
    found = fault(data)
    assert found.kind == "not_an_image"
    assert found.message.startswith(name)
    assert ("the video of a cover" in found.message) == (name == "video")


@pytest.mark.parametrize(
    "data",
    [
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"<?xml version='1.0'?>\n<!-- drawn -->\n<svg/>",
        b"\x00\x00\x00\x18ftypheic" + bytes(20),
        b"8BPS" + bytes(40),
    ],
)
def test_an_image_of_another_kind_is_unsupported(data: bytes) -> None:
    assert fault(data).kind == "unsupported_image"


def test_postscript_is_never_run() -> None:
    assert fault(save(flag(), "EPS")).kind == "not_an_image"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "GIF", "BMP", "AVIF"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.97])
def test_a_file_that_ends_early_is_truncated(kind: str, share: float) -> None:
    data = save(noise(320, 240), kind)
    found = fault(data[: max(24, int(len(data) * share))])
    assert found.kind == "truncated_image"
    assert "ends early" in found.message


def test_a_truncated_progressive_jpeg_is_truncated() -> None:
    data = save(noise(320, 240), "JPEG", progressive=True)
    assert fault(data[: len(data) // 2]).kind == "truncated_image"


def test_a_damaged_file_that_is_complete_says_so() -> None:
    data = bytearray(save(noise(320, 240), "PNG"))
    data[len(data) // 2 : len(data) // 2 + 40] = bytes(40)
    assert fault(bytes(data)).kind == "damaged_image"


def test_a_cmyk_jpeg_becomes_rgb() -> None:
    assert is_flag(decode(save(flag().convert("CMYK"), "JPEG", quality=95)).pixels)


def test_a_photoshop_cmyk_jpeg_is_not_inverted() -> None:
    # Adobe's writers store inverted inks and mark the file with an APP14 segment, as Pillow's own writer does too.
    data = save(Image.new("CMYK", (32, 32), (0, 255, 255, 0)), "JPEG", quality=95)
    assert b"Adobe" in data
    assert is_near(decode(data).pixels, (255, 0, 0))


@pytest.mark.parametrize("side", [8, 256])
def test_a_16_bit_png_is_scaled_not_clipped(side: int) -> None:
    steps = np.repeat(np.linspace(0, 65535, 16).astype(np.uint16)[None, :], 16, 0)
    pixels = decode(save(Image.fromarray(steps), "PNG"), side=side).pixels
    assert pixels[0, 0, 0] < 20
    assert pixels[0, -1, 0] > 235
    assert 110 < pixels[0, :, 0].mean() < 145
    if side == 256:
        assert pixels[0, :, 1].tolist() == [round(value / 257) for value in steps[0].tolist()]


def test_a_16_bit_colour_png_is_scaled() -> None:
    cv2 = pytest.importorskip("cv2")
    bgr = np.full((16, 16, 3), (51400, 7710, 5140), np.uint16)
    assert is_near(decode(cv2.imencode(".png", bgr)[1].tobytes()).pixels, (20, 30, 200), slack=1)


def test_a_palette_png_with_transparency_lies_on_white() -> None:
    image = flag().quantize(8)
    index = image.getpixel((0, 0))
    pixels = decode(save(image, "PNG", transparency=index)).pixels
    assert is_near(pixels[5, 5], WHITE)
    assert is_near(pixels[-5, 5], GREEN)


@pytest.mark.parametrize("side", [16, 256])
def test_transparency_lies_on_white_without_a_dark_fringe(side: int) -> None:
    image = Image.new("RGBA", (64, 64), (0, 0, 0, 0))
    image.paste((*RED, 255), (32, 0, 64, 64))
    pixels = decode(save(image, "PNG"), side=side).pixels
    assert is_near(pixels[0, 0], WHITE)
    assert is_near(pixels[0, -1], RED)
    assert pixels[..., 0].min() >= RED[0] - 2  # red is 220 at least everywhere between red and white


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P"])
def test_modes_with_few_channels_become_rgb(mode: str) -> None:
    image = Image.new("L", (40, 40), 255)
    image.paste(0, (0, 20, 40, 40))
    pixels = decode(save(image.convert(mode), "PNG")).pixels
    assert is_near(pixels[:20], WHITE)
    assert is_near(pixels[20:], (0, 0, 0))


def test_a_grey_png_with_a_transparent_value_lies_on_white() -> None:
    assert is_near(decode(save(Image.new("L", (20, 20), 90), "PNG", transparency=90)).pixels, WHITE)


def test_32_bit_float_pixels_are_unsupported() -> None:
    assert fault(save(Image.new("F", (20, 20), 0.5), "TIFF")).kind == "unsupported_image"


@pytest.mark.parametrize("kind", ["GIF", "WEBP"])
def test_an_animation_gives_its_first_frame(kind: str) -> None:
    frames = [flag(), Image.new("RGB", (64, 48), BLUE), Image.new("RGB", (64, 48), GREEN)]
    assert is_flag(decode(save(frames[0], kind, save_all=True, append_images=frames[1:], duration=40)).pixels)


UNDO: dict[int, Callable[[Image.Image], Image.Image]] = {
    1: lambda image: image,
    2: lambda image: image.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    3: lambda image: image.transpose(Image.Transpose.ROTATE_180),
    4: lambda image: image.transpose(Image.Transpose.FLIP_TOP_BOTTOM),
    5: lambda image: image.transpose(Image.Transpose.TRANSPOSE),
    6: lambda image: image.transpose(Image.Transpose.ROTATE_90),
    7: lambda image: image.transpose(Image.Transpose.TRANSVERSE),
    8: lambda image: image.transpose(Image.Transpose.ROTATE_270),
}


@pytest.mark.parametrize("orientation", UNDO)
@pytest.mark.parametrize(("kind", "side"), [("JPEG", 256), ("JPEG", 80), ("PNG", 80), ("WEBP", 256), ("TIFF", 80)])
def test_exif_orientation_is_applied(orientation: int, kind: str, side: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(save(UNDO[orientation](flag(200, 120)), kind, exif=exif), side=side)
    assert (picture.width, picture.height) == (200, 120)
    assert picture.pixels.shape[1] == min(side, 200)
    assert is_flag(picture.pixels)


def test_broken_exif_does_not_lose_the_image() -> None:
    data = save(flag(), "JPEG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff" + bytes(range(60)))
    assert is_flag(decode(data).pixels)


def test_an_icc_profile_is_turned_into_srgb() -> None:
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    # A profile that swaps nothing but is named otherwise: colours stay, and the transform path is walked.
    profile = (
        lab.tobytes().replace(b"s\x00R\x00G\x00B", b"x\x00R\x00G\x00B").replace(b"sRGB built-in", b"xRGB built-in")
    )
    assert is_flag(decode(save(flag(), "JPEG", quality=95, icc_profile=profile)).pixels)


def test_a_broken_or_foreign_icc_profile_is_ignored() -> None:
    grey = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for profile in (b"no profile at all", grey):
        assert is_flag(decode(save(flag(), "PNG", icc_profile=profile)).pixels)


def test_one_pixel_is_too_small() -> None:
    found = fault(save(Image.new("RGB", (1, 1)), "PNG"), min_side=16)
    assert found.kind == "too_small"
    assert "1x1 px" in found.message


def test_one_pixel_decodes_where_it_is_allowed() -> None:
    assert decode(save(Image.new("RGB", (1, 1), RED), "PNG"), min_side=1).pixels.shape == (1, 1, 3)


def test_a_very_thin_image_keeps_a_pixel() -> None:
    assert decode(save(Image.new("RGB", (4000, 2), RED), "PNG"), side=100).pixels.shape == (1, 100, 3)


def peak_of(work: Callable[[], object]) -> int:
    """Bytes of resident memory that `work` takes at its worst, beyond what was taken before it."""
    process, done, peak = psutil.Process(), threading.Event(), 0

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.002):
            peak = max(peak, process.memory_info().rss)

    before = process.memory_info().rss
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        work()
    finally:
        done.set()
        watcher.join()
    return peak - before


def test_a_decompression_bomb_is_refused_undecoded() -> None:
    bomb = save(Image.new("1", (12_000, 11_000)), "PNG")
    assert len(bomb) < 50_000
    found: list[ImageFault] = []
    assert peak_of(lambda: found.append(fault(bomb, max_pixels=120_000_000))) < 30_000_000
    assert found[0].kind == "too_many_pixels"
    assert "12000x11000 px are 132,000,000, the limit is 120,000,000" in found[0].message


def test_a_bomb_beyond_pillows_own_limit_is_too_many_pixels() -> None:
    header = bytearray(save(Image.new("L", (16, 16)), "BMP"))
    header[18:26] = (60_000).to_bytes(4, "little") * 2
    assert fault(bytes(header), max_pixels=10**12).kind == "too_many_pixels"


def test_a_60_megapixel_jpeg_decodes_in_little_memory() -> None:
    data = save(noise(10_000, 6_000), "JPEG", quality=85)
    found: list[Decoded] = []
    assert peak_of(lambda: found.append(decode(data, side=768, max_pixels=120_000_000))) < 60_000_000
    assert (found[0].width, found[0].height) == (10_000, 6_000)
    assert found[0].pixels.shape == (461, 768, 3)


def test_a_60_megapixel_png_decodes_in_one_copy() -> None:
    data = save(flag(10_000, 6_000), "PNG", compress_level=1)
    found: list[Decoded] = []
    assert peak_of(lambda: found.append(decode(data, side=768, max_pixels=120_000_000))) < 1.5 * 10_000 * 6_000 * 4
    assert is_flag(found[0].pixels)


def test_pillows_limits_stay_as_they_are() -> None:
    before = Image.MAX_IMAGE_PIXELS
    decode(save(flag(), "JPEG"))
    assert before == Image.MAX_IMAGE_PIXELS


def test_jpegs_between_stages_keep_colour_edges() -> None:
    pixels = np.zeros((32, 32, 3), np.uint8)
    pixels[:, ::2] = (255, 0, 0)
    pixels[:, 1::2] = (0, 0, 255)
    back = images.decode_jpeg(images.encode_jpeg(pixels, 95))
    assert np.abs(back.astype(int) - pixels).max() < 40  # 4:2:0 would make it all purple


def test_png_round_trips_exactly() -> None:
    for channels in (3, 4):
        pixels = np.random.default_rng(1).integers(0, 255, (7, 9, channels), dtype=np.uint8)
        assert np.array_equal(images.decode_png(images.encode_png(pixels)), pixels)


def test_a_logo_keeps_its_transparency_and_is_bounded() -> None:
    image = Image.new("RGBA", (1200, 600), (0, 0, 0, 0))
    image.paste((*BLUE, 255), (600, 0, 1200, 600))
    image.paste((*BLUE, 255), (0, 500, 600, 600))
    pixels = images.decode_logo(save(image, "PNG"))
    assert pixels.shape == (256, 512, 4)
    assert pixels[0, 0, 3] == 0
    assert is_near(pixels[0, -1], (*BLUE, 255))


def test_a_logo_without_transparency_is_opaque() -> None:
    assert (images.decode_logo(save(flag(), "JPEG"))[..., 3] == 255).all()


def test_a_broken_logo_is_a_fault() -> None:
    with pytest.raises(ImageFault) as caught:
        images.decode_logo(b"<svg/>")
    assert caught.value.kind == "unsupported_image"
