import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.covers import frame_choice as frames
from layoutgen.core.covers.frame_choice import Candidate, choose


def picture(seed=0, height=90, width=160, contrast=1.0):
    """Blocks of colour, different for each seed."""
    rng = np.random.default_rng(seed)
    blocks = 128 + contrast * (rng.integers(20, 235, (6, 10, 3)) - 128.0)
    return np.kron(blocks, np.ones((height // 6, width // 10, 1))).astype(np.uint8)


def blurred(image, times=6):
    out = image.astype(np.float32)
    for _ in range(times):
        out = (np.roll(out, 1, 0) + np.roll(out, -1, 0) + np.roll(out, 1, 1) + np.roll(out, -1, 1) + out) / 5
    return out.astype(np.uint8)


def disc(share, height=90, width=160, at=(0.5, 0.5)):
    y, x = np.mgrid[0:height, 0:width]
    radius = np.sqrt(share * height * width / np.pi)
    return ((x - at[0] * width) ** 2 + (y - at[1] * height) ** 2 < radius**2).astype(np.float32)


def test_the_sharp_frame_is_chosen():
    best, scored = choose(
        [Candidate(0, blurred(picture(1))), Candidate(1, picture(1)), Candidate(2, blurred(picture(1), 12))]
    )
    assert best == 1 and scored[1].parts["sharpness"] == 1


def test_black_white_and_faded_frames_are_not_chosen():
    black, white = np.zeros((90, 160, 3), np.uint8), np.full((90, 160, 3), 255, np.uint8)
    faded = picture(3, contrast=0.05)
    best, scored = choose([Candidate(k, one) for k, one in enumerate([black, white, faded, picture(3)])])
    assert best == 3
    assert max(one.parts["exposure"] for one in scored[:3]) < 0.3 < scored[3].parts["exposure"]


def test_a_subject_of_good_size_beats_none_and_one_that_fills_the_frame():
    sizes = {share: frames.subject_size(disc(share)) for share in (0.01, 0.3, 0.9)}
    assert sizes[0.3] == 1 and sizes[0.01] < 0.2 and sizes[0.9] < 0.3
    assert frames.subject_size(disc(0.2, at=(0.0, 0.5))) < frames.subject_size(disc(0.2))


def test_room_is_free_where_neither_subject_nor_detail_is():
    plain = np.full((96, 160, 3), 120, np.uint8)
    restless = np.random.default_rng(0).integers(0, 255, (96, 160, 3), dtype=np.uint8)
    half = restless.copy()
    half[:48] = 120
    rooms = [frames.free_room(frames.grey(one), None) for one in (plain, half, restless)]
    assert rooms[0] == pytest.approx(1) and rooms[1] > 0.95 and rooms[2] < 0.1
    assert frames.free_room(frames.grey(plain), np.ones((40, 60), np.float32)) == 0


def test_frames_alike_are_dropped_and_the_better_one_stays():
    shifted = np.clip(picture(5).astype(int) + 3, 0, 255).astype(np.uint8)
    best, scored = choose(
        [
            Candidate(0, blurred(picture(5), 2)),
            Candidate(1, picture(5)),
            Candidate(2, shifted),
            Candidate(3, picture(6)),
        ]
    )
    assert best in (1, 2, 3)
    first = [one for one in scored[:3] if one.repeats is None]
    assert len(first) == 1
    assert {one.repeats for one in scored[:3]} == {None, first[0].index}
    assert scored[3].repeats is None


def test_a_hash_survives_scaling_and_brightness_and_tells_pictures_apart():
    one = frames.grey(picture(7))
    small = frames.cells(one, (36, 64))
    assert (frames.difference_hash(one) ^ frames.difference_hash(small)).bit_count() <= 2
    assert (frames.difference_hash(one) ^ frames.difference_hash(one * 0.8 + 0.05)).bit_count() <= 2
    assert (
        frames.difference_hash(one) ^ frames.difference_hash(frames.grey(picture(8)))
    ).bit_count() > frames.MOST_ALIKE


def test_noise_on_flat_colour_decides_nothing():
    rng = np.random.default_rng(0)
    noisy = [np.clip(0.5 + rng.normal(0, 0.004, (90, 160)), 0, 1).astype(np.float32) for _ in range(2)]
    assert frames.difference_hash(noisy[0]) == frames.difference_hash(noisy[1]) == 0


def test_of_equal_frames_the_earlier_one_is_chosen():
    best, _ = choose([Candidate(4.0, picture(1)), Candidate(1.0, picture(1))])
    assert best == 1


@given(st.lists(st.integers(0, 4), min_size=1, max_size=5))
def test_the_choice_is_the_same_every_time_scores_are_in_range_and_it_repeats_nothing(seeds):
    given_frames = [Candidate(float(k), picture(seed), disc(0.1 * seed)) for k, seed in enumerate(seeds)]
    best, scored = choose(given_frames)
    assert (best, scored) == choose(given_frames)
    assert all(0 <= one.score <= 1 and min(one.parts.values()) >= 0 and max(one.parts.values()) <= 1 for one in scored)
    assert scored[best].repeats is None and scored[best].score == max(one.score for one in scored)
    assert [one.index for one in scored] == list(range(len(seeds)))


@pytest.mark.parametrize("size", [(1, 1), (2, 9), (9, 2), (16, 2000)])
def test_a_frame_of_any_size_has_scores(size):
    best, scored = choose([Candidate(0.0, np.random.default_rng(0).integers(0, 255, (*size, 3), dtype=np.uint8))])
    assert best == 0 and np.isfinite(scored[0].score)


def test_no_frames_are_an_error():
    with pytest.raises(ValueError, match="decode"):
        choose([])


def flat(level, noise=0.0, shape=(480, 480, 3)):
    grain = np.random.default_rng(0).normal(0, noise, shape) if noise else 0.0
    return np.clip(np.rint(level + grain), 0, 255).astype(np.uint8) * np.ones(shape, np.uint8)


@pytest.mark.parametrize("level", [0, 128, 255])
@pytest.mark.parametrize("noise", [0.0, 1.5, 3.0])
def test_a_flat_colour_with_faint_noise_shows_nothing(level, noise):
    assert frames.shows_nothing(flat(level, noise))
    assert frames.shows_nothing(flat(level, noise, (16, 20, 3)))


def test_a_white_product_on_white_is_not_called_empty():
    y, x = np.mgrid[:480, :480]
    for level in (251, 248, 235):
        shown = flat(255)
        shown[(x - 240) ** 2 + (y - 240) ** 2 < 90**2] = level
        assert not frames.shows_nothing(shown)


def test_thin_lines_small_marks_and_fine_weave_are_not_called_empty():
    lines, mark, weave = flat(255), flat(255), flat(128)
    lines[100:380, 240] = 60
    mark[230:240, 230:240] = 120
    weave[::2, ::2] += 30
    assert not any(map(frames.shows_nothing, (lines, mark, weave)))
