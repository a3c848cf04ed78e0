"""Of an animation the most telling frame is used, within bounds."""

import numpy as np
import pytest
from PIL import Image

from layoutgen.imaging import animations
from tests.imaging.test_images import decode, flag, is_flag, save

WHITE = Image.new("RGB", (64, 48), "white")
CLEAR = Image.new("RGBA", (64, 48), (200, 40, 40, 0))


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG", "AVIF"])
def test_of_an_animation_that_fades_in_a_frame_that_shows_something_is_used(kind):
    fading = [Image.blend(WHITE, flag(), 0.4), flag(), flag()]
    picture = decode(save(WHITE, kind, save_all=True, append_images=fading, duration=100))
    assert is_flag(picture.pixels)
    assert picture.notes[0] == "frame 3 of an animation"


@pytest.mark.parametrize("kind", ["WEBP", "PNG"])
def test_what_lies_under_a_transparent_first_frame_is_never_seen(kind):
    picture = decode(save(CLEAR, kind, save_all=True, append_images=[flag().convert("RGBA")] * 2, duration=100))
    assert is_flag(picture.pixels)


def test_only_so_many_frames_are_looked_at_and_decoded(monkeypatch):
    frames = [Image.new("RGB", (64, 48), (k, 0, 0)) for k in range(200)]
    data = save(flag(), "GIF", save_all=True, append_images=frames, duration=20)
    looked = []
    most_telling = animations.most_telling
    monkeypatch.setattr(animations, "_MOST_DECODED", 50)

    def counted(image, count, look):
        return most_telling(image, count, lambda now: looked.append(now.tell()) or look(now))

    monkeypatch.setattr(animations, "most_telling", counted)
    assert is_flag(decode(data).pixels)
    assert len(looked) == 24 and max(looked) < 50


def test_of_an_animation_that_is_cut_off_the_frames_that_are_there_are_used():
    rng = np.random.default_rng(0)
    frames = [Image.fromarray(rng.integers(0, 255, (48, 64, 3), dtype=np.uint8)) for _ in range(6)]
    data = save(flag(), "PNG", save_all=True, append_images=frames, duration=20)
    assert decode(data[: len(data) * 3 // 4]).pixels.shape == (48, 64, 3)


def test_pages_are_no_frames():
    data = save(WHITE, "TIFF", save_all=True, append_images=[flag()])
    picture = decode(data)
    assert (picture.pixels == 255).all() and picture.notes == ()
