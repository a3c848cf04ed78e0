"""Clips of every broken kind, each made here with PyAV."""

import io
import struct
from fractions import Fraction

import av
import numpy as np
import pytest

from layoutgen.core.pictures import tone
from layoutgen.imaging import frame_pixels, video
from layoutgen.imaging.video import VideoFault
from tests.core.pictures.test_tone import TO_2020, hlg, linear, pq


def scene(k, width=160, height=96):
    """A frame whose colour tells its number, with a red block in its upper left corner."""
    made = np.full((height, width, 3), (40, 60 + 15 * (k % 12), 200 - 10 * (k % 16)), np.uint8)
    made[: height // 3, : width // 4] = (230, 20, 20)
    return made


def clip(count=24, *, fps=12, codec="mpeg4", kind="mp4", gop=6, size=(160, 96), pixel="yuv420p", times=None):
    """A clip's bytes; `times` are the frames' times in 1/1000 s where they are not even."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as out:
        # No key frames but those of the group's size, whatever the pictures do.
        stream = out.add_stream(codec, rate=fps, options={"sc_threshold": "1000000000"})
        stream.width, stream.height, stream.pix_fmt = *size, pixel
        stream.codec_context.gop_size = gop
        stream.codec_context.max_b_frames = 0
        if times:
            stream.time_base = stream.codec_context.time_base = Fraction(1, 1000)
        for k in range(count):
            frame = av.VideoFrame.from_ndarray(scene(k, *size), format="rgb24")
            frame.pts = times[k] if times else k
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def index_first(data):
    """The clip, an MP4, with its index moved to the front."""
    source, made = io.BytesIO(data), io.BytesIO()
    with (
        av.open(source) as inp,
        av.open(made, "w", format="mp4", options={"movflags": "frag_keyframe+empty_moov"}) as out,
    ):
        stream = out.add_stream_from_template(inp.streams.video[0])
        for packet in inp.demux(inp.streams.video[0]):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
    return made.getvalue()


def sound():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("aac", rate=16000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 16000
        for k in range(12):
            frame.pts = 1024 * k
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


def turned(data, degrees):
    """The clip with a display matrix that turns it clockwise: the matrix in the track header is written over."""
    cos, sin = {90: (0, 1), 180: (-1, 0), 270: (0, -1)}[degrees]
    one = 1 << 16
    matrix = struct.pack(">9i", cos * one, sin * one, 0, -sin * one, cos * one, 0, 0, 0, 1 << 30)
    at = data.index(b"tkhd") + 4 + 40
    return data[:at] + matrix + data[at + 36 :]


def fault(data, **options):
    with pytest.raises(VideoFault) as caught:
        video.read(data, **options)
    assert caught.value.message
    return caught.value.kind


def test_frames_are_spread_over_the_clip_and_named_by_their_time():
    read = video.read(clip(count=120, fps=12, gop=12), count=5)
    assert [frame.time_s for frame in read.frames] == pytest.approx([1, 3, 5, 7, 9])
    assert read.duration_s == pytest.approx(10)
    assert (read.width, read.height) == (160, 96)
    assert all(frame.pixels.shape == (96, 160, 3) and frame.pixels.dtype == np.uint8 for frame in read.frames)


def test_a_frame_is_what_the_clip_shows_at_that_time():
    read = video.read(clip(count=48, gop=4), count=6)
    for frame in read.frames:
        wanted = scene(round(frame.time_s * 12)).astype(int)
        assert np.abs(frame.pixels.astype(int) - wanted)[40:, 60:].mean() < 6


def test_a_clip_with_one_key_frame_is_decoded_in_order():
    read = video.read(clip(count=48, gop=1000), count=6)
    assert len(read.frames) >= 5
    assert read.frames[-1].time_s > 3


def test_decoding_in_order_is_bounded():
    read = video.read(clip(count=100, gop=1000), count=6, most_decoded=20)
    assert all(frame.time_s <= 20 / 12 for frame in read.frames)


def test_only_a_part_of_a_long_file_is_read():
    class Counting(io.BytesIO):
        taken = 0

        def read(self, size=-1):
            got = super().read(size)
            self.taken += len(got)
            return got

    data = clip(count=300, gop=10, size=(320, 192), codec="mjpeg", pixel="yuvj420p")
    file = Counting(data)
    assert len(video.read(file, count=3).frames) == 3
    assert file.taken < len(data) / 2


@pytest.mark.parametrize("data", [b"", clip(count=0)], ids=["no bytes", "no frames"])
def test_a_clip_of_zero_length(data):
    assert fault(data) in ("empty_video", "truncated_video", "no_video_stream")


def test_a_file_of_no_bytes_is_called_empty():
    assert fault(b"") == "empty_video"


def test_a_clip_without_its_end():
    data = clip(count=60)  # the index stands at the end
    assert fault(data[: len(data) // 2]) == "truncated_video"


def test_of_a_clip_that_is_cut_behind_its_index_the_rest_is_used():
    data = index_first(clip(count=60))
    read = video.read(data[: len(data) * 2 // 3], count=6)
    assert 1 <= len(read.frames) <= 6
    assert read.frames[-1].time_s < 4.5


def test_sound_without_pictures():
    assert fault(sound()) == "no_video_stream"


@pytest.mark.parametrize(
    "data", [b"<html><body>404</body></html>" * 50, b"#EXTM3U\n#EXTINF:1,\nfile:///etc/hostname\n", b"\x00" * 5000]
)
def test_what_is_no_clip(data):
    assert fault(data) == "not_a_video"


def test_damage_in_the_middle_costs_frames_not_the_clip():
    data = bytearray(index_first(clip(count=60, gop=5)))
    rng = np.random.default_rng(0)
    middle = len(data) // 2
    data[middle : middle + 400] = rng.bytes(400)
    assert len(video.read(bytes(data), count=6).frames) >= 3


def test_a_variable_frame_rate_keeps_true_times():
    times = [0, 10, 20, 30, 2000, 2010, 4000, 7000, 7010, 9990]
    read = video.read(clip(count=10, gop=1, times=times), count=10)
    assert {round(frame.time_s * 1000) for frame in read.frames} <= set(times)
    assert read.frames[-1].time_s > 6.9
    assert [frame.time_s for frame in read.frames] == sorted(frame.time_s for frame in read.frames)


@pytest.mark.parametrize(("degrees", "corner"), [(90, (0, -1)), (180, (-1, -1)), (270, (-1, 0))])
def test_a_rotated_clip_is_turned_upright(degrees, corner):
    read = video.read(turned(clip(), degrees), count=2)
    frame = read.frames[0].pixels
    assert frame.shape == ((160, 96, 3) if degrees != 180 else (96, 160, 3))
    assert (read.width, read.height) == ((96, 160) if degrees != 180 else (160, 96))
    row, column = (0 if v == 0 else n - 1 for v, n in zip(corner, frame.shape[:2], strict=True))
    assert frame[row, column, 0] > 180 and frame[row, column, 1] < 90


def test_ten_bits_become_eight():
    data = clip(count=8, codec="ffv1", kind="matroska", pixel="yuv420p10le", gop=1)
    frame = video.read(data, count=2).frames[0].pixels
    assert frame.dtype == np.uint8
    assert frame[10, 10, 0] > 200 and frame[10, 10, 1] < 60


def test_a_frame_of_8k_is_scaled_down_and_a_larger_one_refused_before_it_is_decoded():
    data = clip(count=1, codec="mjpeg", pixel="yuvj420p", size=(7680, 4320))
    read = video.read(data, count=1, side=640)
    assert read.frames[0].pixels.shape == (360, 640, 3)
    assert (read.width, read.height) == (7680, 4320)
    assert fault(data, max_pixels=33_000_000) == "too_many_pixels"


@pytest.mark.parametrize("kind", ["matroska", "avi", "mpegts"])
def test_other_containers(kind):
    codec = "mpeg4" if kind != "mpegts" else "mpeg2video"
    read = video.read(clip(count=48, codec=codec, kind=kind, fps=25, gop=4), count=4)
    assert len(read.frames) == 4
    assert 0 <= read.frames[0].time_s < read.frames[-1].time_s < 2


def test_pixels_that_are_not_square_are_made_so():
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        stream.codec_context.sample_aspect_ratio = Fraction(2, 1)
        for k in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(scene(k), format="rgb24")))
        out.mux(stream.encode(None))
    read = video.read(buffer.getvalue(), count=1)
    assert (read.width, read.height) == (320, 96)


def test_the_same_clip_gives_the_same_frames():
    data = clip(count=30)
    first, second = video.read(data), video.read(data)
    assert [f.time_s for f in first.frames] == [f.time_s for f in second.frames]
    assert all(np.array_equal(a.pixels, b.pixels) for a, b in zip(first.frames, second.frames, strict=True))


def patches(codec, kind, pixel, *, signal=None, alpha=None, size=(192, 96), wide=2, **tags):
    """A clip of four patches of colour, with `tags` (matrix, transfer, gamut); `alpha` (h, w) makes it transparent."""
    matrix = tags.get("matrix")
    width, height = size
    picture = np.zeros((height, width, 3), np.uint8)
    for i, colour in enumerate(PATCHES):
        picture[:, i * width // 4 : (i + 1) * width // 4] = colour
    picture = picture if signal is None else np.rint(255 * signal(picture / 255)).astype(np.uint8)
    source = "rgb24" if alpha is None else "rgba"
    pixels = picture if alpha is None else np.dstack([picture, alpha])
    buffer = io.BytesIO()
    with av.open(buffer, "w", format=kind) as out:
        options = {"x265-params": "log-level=error"} if codec == "libx265" else {}
        stream = out.add_stream(codec, rate=12, options=options)
        stream.width, stream.height, stream.pix_fmt = width, height, pixel
        context = stream.codec_context
        for name, field in (("matrix", "colorspace"), ("transfer", "color_trc"), ("gamut", "color_primaries")):
            if name in tags:
                setattr(context, field, tags[name])
        if matrix is not None:
            context.color_range = wide
        for k in range(4):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format=source)
            coded = {} if matrix is None else {"dst_colorspace": matrix, "dst_color_range": wide}
            frame = frame.reformat(format=pixel, src_color_range=2, **coded)
            frame.pts, frame.time_base = k, Fraction(1, 12)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return buffer.getvalue()


PATCHES = [(200, 40, 40), (40, 160, 70), (50, 70, 200), (220, 220, 220)]


def colours_of(data):
    read = video.read(data, count=2)
    pixels = read.frames[0].pixels
    width = pixels.shape[1]
    return [pixels[len(pixels) // 2, (2 * i + 1) * width // 8].astype(int) for i in range(4)], read.notes


def are_patches(found, slack):
    return all(np.abs(colour - patch).max() <= slack for colour, patch in zip(found, PATCHES, strict=True))


@pytest.mark.parametrize("matrix", [1, 5, 9])
@pytest.mark.parametrize("wide", [1, 2])
@pytest.mark.parametrize("pixel", ["yuv420p", "yuv420p10le"])
def test_matrix_and_range_are_read_as_they_are_tagged(matrix, wide, pixel):
    found, notes = colours_of(patches("ffv1", "matroska", pixel, matrix=matrix, wide=wide))
    assert are_patches(found, 6) and notes == ()


@pytest.mark.parametrize(("size", "matrix"), [((192, 96), 5), ((1280, 96), 1)])
def test_an_untagged_clip_is_read_as_its_size_suggests(size, matrix):
    frame = av.VideoFrame.from_ndarray(np.full((96, size[0], 3), PATCHES[0], np.uint8), format="rgb24")
    frame = frame.reformat(format="yuv420p", src_color_range=2, dst_colorspace=matrix, dst_color_range=1)
    frame.colorspace, frame.color_range = 2, 0
    assert np.abs(frame_pixels.small_pixels(frame, 64)[0][2, 10].astype(int) - PATCHES[0]).max() <= 4


@pytest.mark.parametrize(("transfer", "name"), [(tone.PQ, "PQ"), (tone.HLG, "HLG")])
def test_an_hdr_clip_comes_out_near_what_it_shows(transfer, name):
    def signal(picture):
        light = linear(picture * 255) @ TO_2020.T
        return pq(203 * light) if transfer == tone.PQ else hlg(0.265 * light)

    data = patches("libx265", "mp4", "yuv420p10le", signal=signal, matrix=9, wide=1, transfer=transfer, gamut=9)
    found, notes = colours_of(data)
    assert are_patches(found, 20)
    assert notes == (f"an HDR clip ({name}), tone-mapped to sRGB",)


TRANSPARENT = [("qtrle", "mov", "argb"), ("libvpx-vp9", "webm", "yuva420p"), ("prores_ks", "mov", "yuva444p10le"),
               ("png", "mov", "rgba")]  # fmt: skip


@pytest.mark.parametrize(("codec", "kind", "pixel"), TRANSPARENT)
def test_what_lies_under_the_transparency_of_a_clip_is_never_seen(codec, kind, pixel):
    y, x = np.mgrid[:96, :192]
    shown = ((x - 96) / 80) ** 2 + ((y - 48) / 40) ** 2 < 1
    data = patches(codec, kind, pixel, alpha=np.where(shown, 255, 0).astype(np.uint8))
    read = video.read(data, count=2)
    for frame in read.frames:
        assert (frame.pixels[:6, :6] >= 250).all() and (frame.pixels[-6:, -6:] >= 250).all()
        assert np.abs(frame.pixels[48, 36].astype(int) - PATCHES[0]).max() <= 12
    assert video.read(data, count=1, side=48).frames[0].pixels[0].min() >= 250


def test_a_white_cut_out_clip_lies_on_a_ground_that_shows_it():
    y, x = np.mgrid[:96, :192]
    alpha = np.where((x - 96) ** 2 + (y - 48) ** 2 < 1600, 255, 0).astype(np.uint8)
    data = patches("qtrle", "mov", "argb", alpha=alpha, signal=np.ones_like)
    read = video.read(data, count=2)
    assert np.abs(read.frames[0].pixels[48, 96].astype(int) - read.frames[0].pixels[2, 2]).min() >= 40
    assert "laid on #c8ccd2" in read.notes[0]


def test_a_damaged_clip_that_asks_for_gigabytes_is_a_fault_of_the_clip_and_no_other_lack_of_memory():
    head = clip(count=2)[:64]
    with pytest.raises(VideoFault) as caught, video._faults(head):
        raise av.error.MemoryError(12, "Cannot allocate memory")
    assert caught.value.kind == "damaged_video"
    with pytest.raises(MemoryError), video._faults(head):
        raise MemoryError
