"""Mutated real files of ten formats: each is a picture or a fault that says the same twice, and nothing else.

    python -m tests.io.fuzz_pictures --seconds 600 [--seed N]

Files are made here, once a process, and changed at random: bits, runs of bytes, cuts, parts (chunks, segments, boxes)
left out, doubled, exchanged, lengthened or given other lengths, files spliced into one another.
"""

import argparse
import io
import re
import struct
import time
import zlib
from collections import Counter
from functools import cache
from itertools import pairwise

import av
import numpy as np
from PIL import Image

from layoutgen.imaging import images, video
from layoutgen.imaging.image_faults import ImageFault
from layoutgen.imaging.video import VideoFault

SLOWEST_S = 5.0
_ADDRESS = re.compile(r"0x[0-9a-f]{6,}|<[a-z_]+\.[A-Za-z_.]+ object")


def _picture(mode="RGB", seed=0, size=(61, 47)):
    rng = np.random.default_rng(seed)
    small = Image.fromarray(rng.integers(0, 255, (6, 8, 4), dtype=np.uint8), "RGBA")
    return small.resize(size, Image.Resampling.BICUBIC).convert(mode)


def _saved(kind, image=None, **options):
    buffer = io.BytesIO()
    (image or _picture()).save(buffer, kind, **options)
    return buffer.getvalue()


def _clip(codec, kind, pixel):
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as out:
        stream = out.add_stream(codec, rate=12)
        stream.width, stream.height, stream.pix_fmt = 64, 48, pixel
        for k in range(6):
            frame = av.VideoFrame.from_image(_picture("RGBA", k, (64, 48))).reformat(format=pixel)
            frame.pts = k
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


@cache
def files():
    """Format to real files of it."""
    exif = Image.Exif()
    exif[0x0112] = 6
    exif[0x010E] = "a vase"
    more = {"save_all": True, "append_images": [_picture(seed=1), _picture(seed=2)], "duration": 50}
    clear = {"save_all": True, "append_images": [_picture("RGBA", 1)], "duration": 50}
    return {
        "JPEG": [_saved("JPEG", exif=exif), _saved("JPEG", progressive=True), _saved("JPEG", _picture("CMYK")),
                 _saved("MPO", save_all=True, append_images=[_picture(seed=1)])],
        "PNG": [_saved("PNG", exif=exif), _saved("PNG", _picture().quantize(16), transparency=3),
                _saved("PNG", _picture("LA")), _saved("PNG", Image.new("I;16", (61, 47), 999), transparency=999)],
        "APNG": [_saved("PNG", **more), _saved("PNG", _picture("RGBA"), **clear)],
        "GIF": [_saved("GIF"), _saved("GIF", **more)],
        "WebP": [_saved("WEBP", exif=exif), _saved("WEBP", _picture("RGBA"), lossless=True), _saved("WEBP", **more)],
        "BMP": [_saved("BMP"), _saved("BMP", _picture("P"))],
        "TIFF": [_saved("TIFF"), _saved("TIFF", compression="tiff_lzw"), _saved("TIFF", compression="jpeg"),
                 _saved("TIFF", _picture("RGBA"), compression="tiff_adobe_deflate")],
        "AVIF": [_saved("AVIF", exif=exif), _saved("AVIF", _picture("RGBA"), **clear)],
        "MP4": [_clip("mpeg4", "mp4", "yuv420p"), _clip("qtrle", "mov", "argb"), _clip("libx264", "mp4", "yuv420p")],
        "WebM": [_clip("libvpx-vp9", "webm", "yuva420p"), _clip("libvpx", "webm", "yuv420p")],
    }  # fmt: skip


def parts(data):
    """Places where parts of a file begin, by its format; the first is 0, the last its length."""
    places, at = {0, len(data)}, 0
    if data[:4] == b"\x89PNG":
        at, head, size = 8, 8, lambda at: 12 + struct.unpack_from(">I", data, at)[0]
    elif data[:4] == b"RIFF":
        at, head, size = 12, 8, lambda at: 8 + (struct.unpack_from("<I", data, at + 4)[0] + 1) // 2 * 2
    elif data[:2] == b"\xff\xd8":
        at, head, size = 2, 4, lambda at: 2 + struct.unpack_from(">H", data, at + 2)[0] if data[at] == 255 else 1 << 30
    elif data[4:8] == b"ftyp":
        head, size = 8, lambda at: max(8, struct.unpack_from(">I", data, at)[0])
    else:
        return sorted(places | {len(data) * k // 8 for k in range(8)})
    while at + head <= len(data):
        places.add(at)
        at += size(at)
    return sorted(places)


def mutated(data, rng):
    """The file with one to four changes."""
    data = bytearray(data)
    for _ in range(int(rng.integers(1, 5))):
        if len(data) < 16:
            break
        places = parts(bytes(data))
        k = int(rng.integers(0, len(places) - 1))
        start, end = places[k], places[k + 1]
        at = int(rng.integers(0, len(data)))
        match int(rng.integers(0, 10)):
            case 0:
                data[at] ^= 1 << int(rng.integers(0, 8))
            case 1:
                run = int(rng.integers(1, 40))
                data[at : at + run] = rng.bytes(min(run, len(data) - at))
            case 2:
                del data[int(rng.integers(8, len(data))) :]
            case 3:
                del data[start:end]
            case 4:
                data[end:end] = data[start:end]
            case 5:
                part = data[start:end]
                del data[start:end]
                data[at:at] = part
            case 6:
                value = int(rng.choice([0, 1, 0x7F, 0xFF, 0x7FFFFFFF, 0xFFFFFFFF, len(data)]))
                order = ">I" if rng.integers(0, 2) else "<I"
                at = min(start + int(rng.choice([0, 2, 4, 8, 12])), len(data) - 4)
                struct.pack_into(order, data, at, value)
            case 7:
                data += rng.bytes(int(rng.integers(1, 2000)))
            case 8:
                data[at : at + 8] = bytes(8)
            case 9:
                others = [file for same in files().values() for file in same]
                other = others[int(rng.integers(0, len(others)))]
                data[at:] = other[int(rng.integers(0, len(other))) :]
    return _sealed(bytes(data)) if rng.integers(0, 2) else bytes(data)


def _sealed(data):
    """A PNG with right checksums, so that what was changed is read and not refused."""
    if data[:4] != b"\x89PNG":
        return data
    places = parts(data)
    made = [data[: places[1]]]
    for start, end in pairwise(places[1:]):
        body = data[start + 4 : end - 4]
        made.append(data[start : end - 4] + struct.pack(">I", zlib.crc32(body)) if len(body) >= 4 else data[start:end])
    return b"".join(made)


def outcome(kind, data):
    """What becomes of a file: "a picture", or its fault. Anything else is raised."""
    try:
        if kind in ("MP4", "WebM"):
            made = video.read(data, count=4, side=64, max_pixels=1_000_000, most_decoded=40).frames[0].pixels
        else:
            made = images.decode(data, side=48, min_side=1, max_pixels=1_000_000).pixels
            images.check_shown(made)
    except (ImageFault, VideoFault) as fault:
        return str(fault)
    assert made.dtype == np.uint8 and made.ndim == 3 and made.shape[2] == 3 and made.size, made.shape
    return "a picture"


def check(kind, number, seed):
    """Mutate a file of a format, and judge what becomes of it; returns that and the CPU seconds it took."""
    rng = np.random.default_rng([seed, number, sum(kind.encode())])
    data = mutated(files()[kind][number % len(files()[kind])], rng)
    began = time.process_time()  # a busy machine is no fault of a file
    first = outcome(kind, data)
    took = time.process_time() - began
    assert first == outcome(kind, data), (kind, number, seed)
    assert not _ADDRESS.search(first), (kind, number, seed, first)
    if kind not in ("MP4", "WebM"):
        try:
            logo = images.decode_logo(data, max_pixels=1_000_000)
            assert logo.ndim == 3 and logo.shape[2] == 4
        except ImageFault as fault:
            assert not _ADDRESS.search(str(fault)), (kind, number, seed)
    return first, took


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=0)
    chosen = parser.parse_args()
    ends, number, slowest = time.monotonic() + chosen.seconds, 0, (0.0, "", 0)
    counts: Counter[str] = Counter()
    while time.monotonic() < ends:
        for kind in files():
            try:
                found, took = check(kind, number, chosen.seed)
            except Exception as error:  # noqa: BLE001 whatever comes here is a finding
                print("FAILED", kind, number, chosen.seed, type(error).__name__, str(error)[:300], flush=True)
                counts["FAILED"] += 1
                continue
            slowest = max(slowest, (took, kind, number))
            counts[f"{kind} {found.partition(':')[0]}"] += 1
        number += 1
    print(sum(counts.values()), "files, slowest", slowest)
    for name, count in sorted(counts.items()):
        print(f"{count:8} {name}")


if __name__ == "__main__":
    main()
