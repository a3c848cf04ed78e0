"""Pictures become features on four levels, side by side."""

import pytest
import torch

from layoutgen.models.denoising.boxes.pyramid import STRIDES, Pyramid, atlas, cells, place
from tests.models.denoising.tiny import TINY


def test_levels_lie_side_by_side_and_do_not_overlap():
    sides = [64, 32, 16, 8]
    levels = [torch.full((1, 1, side, side), float(k + 1)) for k, side in enumerate(sides)]
    whole = atlas(levels)[0, 0]
    for k, side in enumerate(sides):
        top, left = place(k, 64)
        assert (whole[top : top + side, left : left + side] == k + 1).all()
        assert (whole == k + 1).sum() == side**2


def test_a_picture_is_read_alike_in_any_batch_and_by_no_other_row():
    torch.manual_seed(0)
    pyramid = Pyramid(TINY).eval()
    pictures = torch.rand(3, TINY.channels, TINY.side, TINY.side)
    with torch.inference_mode():
        together = pyramid(pictures)
        assert together.shape == (3, TINY.width, 3 * TINY.side // STRIDES[0] // 2, TINY.side // STRIDES[0])
        for k in range(3):
            assert torch.allclose(together[k], pyramid(pictures[k : k + 1])[0], atol=1e-5)


def test_a_picture_of_one_colour_has_finite_features():
    with torch.inference_mode():
        assert Pyramid(TINY).eval()(torch.full((1, TINY.channels, TINY.side, TINY.side), 0.5)).isfinite().all()


def test_the_cells_of_a_picture_know_where_they_are_and_which_lie_beyond_the_canvas():
    levels = [torch.arange(float((64 // s) ** 2)).reshape(1, 1, 64 // s, 64 // s) for s in STRIDES]
    features, ltrb, beyond = cells(atlas(levels), torch.tensor([[64.0, 40.0]]))
    assert features[0, :, 0].tolist() == list(range(16))
    assert ltrb[0, 0].tolist() == pytest.approx([0, 0, 0.25, 0.4])
    assert ltrb[0, 7].tolist() == pytest.approx([0.75, 0.4, 1.0, 0.8])
    assert beyond[0].tolist() == [False] * 12 + [True] * 4
