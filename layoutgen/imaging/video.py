"""Clips between files and frames: the one file that knows PyAV. Not the choice among frames: see
`core.covers.frame_choice`.

A clip is never decoded as a whole. `read` seeks to key frames at even distances and decodes one frame at each; a clip
with hardly any key frames is decoded in order, up to a bounded number of frames. One decoded frame is in memory at a
time, and what is kept is scaled down at once. A broken clip is a `VideoFault`, whatever FFmpeg raised: the caller
turns it into a failed row. Of a clip that is cut off but has its index in front, the part that is there counts.

Only the containers of `CONTAINERS` are tried, so that no clip can be a playlist that makes FFmpeg open other files or
addresses. Transparent frames are laid on one ground for the whole clip (`core.pictures.grounds`).
"""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, BinaryIO

import numpy as np

from layoutgen.core.pictures import grounds
from layoutgen.imaging import frame_pixels
from layoutgen.imaging.image_faults import FileFault, reason
from layoutgen.imaging.image_files import looks_like

VERSION = "video-2"
CONTAINERS = ("mov", "mp4", "matroska", "webm", "avi", "flv", "mpegts", "mpeg", "ogg", "asf", "gif")
MAX_PIXELS = 36_000_000
"""Pixels of a frame: 8K (7680 x 4320, 8192 x 4320) and no more."""
_FEW = 4
_GROUND_SIDE = 128
_MOST_PACKETS = 600
_SAME_S = 1e-4


class VideoFault(FileFault):
    """A clip that can't be used. `kind` is one of empty_video, not_a_video, no_video_stream, truncated_video,
    damaged_video, too_many_pixels and unsupported_video."""


@dataclass(frozen=True, eq=False)
class Still:
    """A frame of a clip: `pixels` (h, w, 3), uint8, RGB, upright with square pixels; `time_s` from the clip's start."""

    pixels: np.ndarray
    time_s: float


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames of a clip in order of time, at least one; `duration_s` is 0 where the file doesn't say; `width` and
    `height` are px of the upright original; `notes` say what was done to its colours."""

    frames: tuple[Still, ...]
    duration_s: float
    width: int
    height: int
    notes: tuple[str, ...] = ()


def read(
    source: BinaryIO | bytes, *, count: int = 12, side: int = 768, max_pixels: int = MAX_PIXELS, most_decoded: int = 300
) -> Clip:
    """Read up to `count` frames of a clip, spread over its length, each of at most `side` px on the longer side.

    `source` is a clip's bytes or a file that can seek: then only the parts that are needed are read. `most_decoded`
    bounds the frames that are decoded where there are few key frames. Raises VideoFault.
    """
    with _opened(source, max_pixels) as (clip, stream, decoder):
        duration = _duration(clip, stream)
        times = [duration * (k + 0.5) / count for k in range(count)] if duration else []
        by_time = _key_frames(clip, stream, decoder, times, side)
        if len(by_time) < min(_FEW, count):
            by_time |= _in_order(clip, stream, decoder, times, side, count, most_decoded)
        if not by_time:
            raise VideoFault("empty_video", "a video stream without a frame that can be decoded; export the clip again")
        start = _start(stream)
        times = sorted(by_time)
        chosen = (
            times if len(times) <= count else [times[(2 * k + 1) * len(times) // (2 * count)] for k in range(count)]
        )
        pixels, ground = _on_ground([by_time[time].pixels for time in chosen])
        frames = tuple(Still(shown, max(0.0, time - start)) for shown, time in zip(pixels, chosen, strict=True))
        notes = tuple(filter(None, [by_time[chosen[0]].note, grounds.note(ground)]))
        return Clip(frames, duration, *by_time[chosen[0]].size, notes)


def still_at(source: BinaryIO | bytes, time_s: float, *, side: int, max_pixels: int = MAX_PIXELS) -> Still:
    """The frame of a clip at a time that `read` gave, at most `side` px on the longer side, decoded from the key frame
    before it. Raises VideoFault."""
    with _opened(source, max_pixels) as (clip, stream, decoder):
        frame = _nearest(clip, stream, decoder, time_s + _start(stream))
        if frame is not None:
            (pixels,), _ = _on_ground([_small(frame, stream, side).pixels])
            return Still(pixels, time_s)
    if not isinstance(source, bytes):
        source.seek(0)
    frames = read(source, side=side, max_pixels=max_pixels).frames  # no times in the file, or it can't be sought in
    return min(frames, key=lambda still: abs(still.time_s - time_s))


def _nearest(clip: Any, stream: Any, decoder: Any, time: float) -> Any:
    """The frame at a time of the stream; None where it is not to be had by seeking."""
    import av

    try:
        clip.seek(round(time / stream.time_base), stream=stream, backward=True)
        decoder.flush_buffers()
        for packet, _ in zip(clip.demux(stream), range(_MOST_PACKETS), strict=False):
            for frame in _decoded(packet, stream, decoder):
                if abs(_time(frame, stream, -1.0) - time) < _SAME_S:
                    return frame
    except (av.FFmpegError, EOFError):
        pass
    return None


@contextmanager
def _opened(source: BinaryIO | bytes, max_pixels: int) -> Iterator[tuple[Any, Any, Any]]:
    """A clip, its best video stream and that one's decoder. Raises VideoFault, also of what is done inside."""
    file = io.BytesIO(source) if isinstance(source, bytes) else source
    head = file.read(4096)
    file.seek(0)
    if not head:
        raise VideoFault("empty_video", "file of 0 bytes; upload the clip again")
    import av

    with (
        _faults(head),
        av.open(file, options={"format_whitelist": ",".join(CONTAINERS)}, metadata_errors="ignore") as clip,
    ):
        stream = _best(clip)
        context = stream.codec_context
        if context.width * context.height > max_pixels:
            raise VideoFault(
                "too_many_pixels",
                f"{context.width}x{context.height} px a frame, the limit is {max_pixels:,} pixels; give a smaller clip",
            )
        context.thread_count = 1
        context.options = {"max_pixels": str(max_pixels)}  # of frames too, which need not be as large as the file says
        yield clip, stream, _decoder(stream)


def _best(clip: Any) -> Any:
    """The video stream with the largest frames; cover pictures in sound files are none."""
    streams = [s for s in clip.streams.video if "attached_pic" not in str(s.disposition)]
    if not streams:
        others = ", ".join(sorted({s.type for s in clip.streams})) or "nothing"
        raise VideoFault("no_video_stream", f"the file holds {others} and no video; give a clip with pictures")
    usable = [stream for stream in streams if stream.codec_context is not None]
    if not usable:
        raise VideoFault("unsupported_video", "no decoder for its codec; export the clip as H.264")
    return max(usable, key=lambda stream: (stream.codec_context.width * stream.codec_context.height, -stream.index))


def _decoder(stream: Any) -> Any:
    """What decodes a stream: of VP8 and VP9 with transparency, which FFmpeg's own decoders leave out, libvpx."""
    import av

    name = {"vp8": "libvpx", "vp9": "libvpx-vp9"}.get(stream.codec_context.name)
    tags = {key.lower(): value for key, value in stream.metadata.items()}
    if name is None or tags.get("alpha_mode") != "1" or name not in av.codecs_available:
        return stream.codec_context
    decoder = av.CodecContext.create(name, "r")
    decoder.extradata = stream.codec_context.extradata
    decoder.thread_count = 1
    return decoder


def _on_ground(frames: list[np.ndarray]) -> tuple[list[np.ndarray], grounds.Colour]:
    """Frames as RGB, transparent ones laid on the ground that shows most of them; and that ground."""
    clear = [frame for frame in frames if frame.shape[2] == 4 and 0 < (frame[..., 3] > 127).mean() < 1]
    wanted = [grounds.ground_for(np.ascontiguousarray(frame[::step, ::step]))
              for frame in clear if (step := max(1, max(frame.shape) // _GROUND_SIDE))]  # fmt: skip
    ground = max((grounds.WHITE, grounds.GREY), key=wanted.count)
    return [grounds.laid_on(frame, ground) if frame.shape[2] == 4 else frame for frame in frames], ground


def _duration(clip: Any, stream: Any) -> float:
    """Length in s; 0 where the file doesn't say."""
    if stream.duration and stream.time_base:
        return float(stream.duration * stream.time_base)
    return clip.duration / 1_000_000 if clip.duration and clip.duration > 0 else 0.0


def _start(stream: Any) -> float:
    return float(stream.start_time * stream.time_base) if stream.start_time and stream.time_base else 0.0


@dataclass(frozen=True, eq=False)
class _Small:
    """A frame scaled down: pixels (h, w, 3) or (h, w, 4), the upright original's size in px, a note on its colours."""

    pixels: np.ndarray
    size: tuple[int, int]
    note: str | None


Found = dict[float, _Small]
"""Time in s to what was decoded there."""


def _key_frames(clip: Any, stream: Any, decoder: Any, times: list[float], side: int) -> Found:
    """The key frames at or before `times`; one that can't be reached or decoded is left out."""
    import av

    by_time: Found = {}
    for time in times:
        try:
            clip.seek(int((time + _start(stream)) / stream.time_base), stream=stream, backward=True)
            decoder.flush_buffers()
            for number, packet in enumerate(clip.demux(stream)):
                if packet.is_keyframe and packet.size:
                    if packet.pts is not None and float(packet.pts * stream.time_base) in by_time:
                        break
                    # The end of the stream after one packet: a decoder that waits for more gives its frame at once.
                    for frame in [*_decoded(packet, stream, decoder), *decoder.decode(None)][:1]:
                        by_time[_time(frame, stream, time + _start(stream))] = _small(frame, stream, side)
                    break
                if number > _MOST_PACKETS:
                    break
        except (av.FFmpegError, EOFError):
            continue
    return by_time


def _in_order(clip: Any, stream: Any, decoder: Any, times: list[float], side: int, count: int, most: int) -> Found:
    """Frames in order from the start: those nearest after `times`; without times, every n-th of what is decoded."""
    import av

    by_time: Found = {}
    waiting, every = list(times), 1
    start = _start(stream)
    try:
        clip.seek(0 if not stream.start_time else stream.start_time, stream=stream, backward=True)
        decoder.flush_buffers()
        decoded = (frame for packet in clip.demux(stream) for frame in _decoded(packet, stream, decoder))
        for number, frame in enumerate(decoded):
            time = _time(frame, stream, start + number / 25)
            due = number % every == 0 if not times else bool(waiting) and time - start >= waiting[0] - 1e-6
            if due or not by_time:
                by_time[time] = _small(frame, stream, side)
                waiting = [t for t in waiting if t > time - start]
            if not times and len(by_time) >= 2 * count:
                by_time, every = dict(list(by_time.items())[::2]), 2 * every
            if number + 1 >= most or (times and not waiting):
                break
    except (av.FFmpegError, EOFError):
        pass  # what was decoded until here is what there is
    return by_time


def _decoded(packet: Any, stream: Any, decoder: Any) -> list[Any]:
    """The frames of a packet. libvpx reserves what a damaged frame asks for: FFmpeg's own decoder, which refuses one
    that is too large, gets it first."""
    if decoder is not stream.codec_context and packet.size:
        stream.codec_context.decode(packet)
    return list(decoder.decode(packet))


def _time(frame: Any, stream: Any, otherwise: float) -> float:
    # Not frame.time: frames that come out at the end of a stream carry no time base.
    return float(frame.pts * stream.time_base) if frame.pts is not None else otherwise


def _small(frame: Any, stream: Any, side: int) -> _Small:
    pixels, size = frame_pixels.small_pixels(frame, side, stream.sample_aspect_ratio)
    return _Small(pixels, size, frame_pixels.note(frame))


@contextmanager
def _faults(head: bytes) -> Iterator[None]:
    """Turn what FFmpeg raises into a VideoFault."""
    import av

    try:
        yield
    except VideoFault:
        raise
    # FFmpeg calls it out of memory too when a damaged file asks for gigabytes: that is the file's fault.
    except (av.FFmpegError, ValueError, EOFError) as error:
        raise _explained(head, error) from error


_SIGNATURES = ((b"\x1aE\xdf\xa3", "Matroska"), (b"FLV", "FLV"), (b"OggS", "Ogg"), (b"G", "MPEG-TS"))


def _explained(head: bytes, error: Exception) -> VideoFault:
    name = looks_like(head)
    if head[:4] == b"RIFF" and head[8:12] == b"AVI ":
        name = "video"
    if name == "video" or any(head.startswith(mark) for mark, _ in _SIGNATURES[:3]):
        if "nvalid data" in str(error) or "nd of file" in str(error):
            return VideoFault("truncated_video", "the clip's index is missing, its end was cut off; upload it again")
        return VideoFault("damaged_video", f"the clip can't be decoded ({reason(error)}); export it again")
    return VideoFault("not_a_video", f"{name}; give an MP4, MOV, WebM, MKV or AVI clip")
