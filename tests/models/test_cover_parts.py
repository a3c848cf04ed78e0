"""The parts of a cover together, as a job uses them: clip, frames, subject, faces, crop, protection."""

import io

import av
import cv2
import numpy as np
import pytest

from layoutgen.config.stages import CoverPlaceSettings
from layoutgen.core.covers.frame_choice import Candidate, choose
from layoutgen.core.covers.protection import SAFE_ZONES, Contents, protect, zones_for
from layoutgen.core.layout import Copy, inside, parse_canvas
from layoutgen.imaging import video
from layoutgen.imaging.shrinking import shrink
from layoutgen.models.building.composers import cover_composer
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.cover_check import Photo
from layoutgen.models.composers.covers import Cover
from layoutgen.models.finders.faces import detector
from layoutgen.models.finders.network import NetSaliency

COMPOSER = cover_composer(CoverPlaceSettings(), SAFE_ZONES, FaceFor(CoverPlaceSettings()))
skimage = pytest.importorskip("skimage.data")


@pytest.fixture(scope="module")
def clip():
    """Black, a blurred shot, the shot (a woman in an orange suit, to the left), again the shot, white."""
    portrait = cv2.resize(skimage.astronaut(), (360, 360))
    shot = np.full((360, 640, 3), 90, np.uint8)
    shot[:, 60:420] = portrait
    scenes = [np.zeros_like(shot), cv2.GaussianBlur(shot, (0, 0), 6), shot, shot, np.full_like(shot, 250)]
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt, stream.bit_rate = 640, 360, "yuv420p", 4_000_000
        stream.codec_context.gop_size = 5
        for scene in scenes:
            for _ in range(10):
                out.mux(stream.encode(av.VideoFrame.from_ndarray(scene, format="rgb24")))
        out.mux(stream.encode(None))
    return video.read(buffer.getvalue(), count=10)


def test_the_sharp_shot_is_the_cover_and_its_face_stays_whole_and_untouched_at_every_ratio(clip):
    maps = NetSaliency().saliency([frame.pixels for frame in clip.frames])
    shown = zip(clip.frames, maps, strict=True)
    best, scored = choose([Candidate(f.time_s, shrink(f.pixels, 320), found) for f, found in shown])
    assert 2 <= clip.frames[best].time_s < 4
    assert any(one.repeats is not None for one in scored)
    picture, found = clip.frames[best].pixels, maps[best]
    (faces,) = detector().faces([picture])
    boxes = [face.box for face in faces]
    assert len(boxes) == 1
    for name in ("3:4", "1:1", "16:9", "9:16"):
        canvas = parse_canvas(name, 1080)
        cover = COMPOSER.compose(Photo(picture, Contents(found, tuple(boxes))), Copy("The suit"), canvas)
        assert isinstance(cover, Cover) and cover.verdict.accepted
        assert inside(boxes[0], cover.framing.crop)
        made = protect(Contents(found, tuple(boxes)), canvas, cover.framing, zones=zones_for(canvas))
        kinds = {each.kind for each in made.hard}
        assert kinds == {"face", "zone"}
        assert made.map.max() == 1
