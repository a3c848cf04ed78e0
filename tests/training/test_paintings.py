import numpy as np
import pytest
import torch

from layoutgen.models.denoising.painted.network import PaintSize, build
from layoutgen.training.paintings import one_core as paintings

TINY = PaintSize("tiny", widths=(8, 16, 16), decoder=16, condition=24, cells=8, arrangements=2)


@pytest.fixture(scope="module")
def data():
    return [paintings.rows_of(10, 0, 1, size, TINY) for size in paintings.SIZES[:2]]


def test_a_training_that_was_ended_goes_on_to_the_same_weights(tmp_path, data, monkeypatch):
    monkeypatch.setattr(paintings, "_EVERY", 3)
    monkeypatch.setattr(paintings, "BATCH", 4)
    for name in ("whole", "parts"):
        (tmp_path / name).mkdir()
    whole = paintings.train(tmp_path / "whole", data, size=TINY, seed=1, steps=5)
    ways = [paintings.train(tmp_path / "parts", data, size=TINY, seed=1, steps=5, seconds=0) for _ in range(5)]
    assert [way is None for way in ways] == [True] * 4 + [False]
    for name, value in whole.state_dict().items():
        assert torch.equal(value, ways[-1].state_dict()[name]), name
    with pytest.raises(ValueError, match="another --output"):
        paintings.train(tmp_path / "parts", data, size=TINY, seed=2, steps=5)


def test_the_loss_on_scenes_held_back_falls(tmp_path, data, monkeypatch):
    monkeypatch.setattr(paintings, "BATCH", 4)
    monkeypatch.setattr(paintings, "WARM_UP", 3)
    held = [paintings.rows_of(4, 0, 2, size, TINY) for size in paintings.SIZES[:2]]
    before = paintings.validation(build(TINY, 0).eval(), held)
    assert paintings.validation(paintings.train(tmp_path, data, size=TINY, seed=0, steps=40), held) < 0.8 * before


def test_windows_are_parts_of_their_pictures(data):
    for seed in range(6):
        rows = data[seed % 2]
        asked, y, x, truth = paintings.windows(rows, np.array([3, 7]), np.random.default_rng(seed))
        high, wide = rows.pictures.shape[1:3]
        for k, number in enumerate((3, 7)):
            down, across = ((line[k].numpy() * side).astype(int) for line, side in ((y, high), (x, wide)))
            assert np.array_equal(rows.pictures[number][np.ix_(down, across)], np.rint(truth[k].numpy() * 255))
            assert torch.equal(asked.vector[k], rows.asked.vector[number])


def test_drawn_scenes_are_kept(tmp_path, data):
    drawn = paintings.stored_rows(tmp_path / "rows.pt", lambda: data[0])
    again = paintings.stored_rows(tmp_path / "rows.pt", lambda: pytest.fail("they are drawn again"))
    assert np.array_equal(drawn.pictures, again.pictures)
    for a, b in zip(data[0].asked.tensors(), again.asked.tensors(), strict=True):
        assert torch.equal(a, b)
