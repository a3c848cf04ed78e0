"""Noise is added and taken away as the equations say."""

import pytest
import torch

from layoutgen.models.denoising.boxes.schedule import KEPT, STEPS, ddim, noised, times


def test_the_signal_fades_from_all_to_nothing():
    assert KEPT.shape == (STEPS,)
    assert KEPT[0] > 0.999
    assert KEPT[-1] < 1e-4
    assert (KEPT[1:] < KEPT[:-1]).all()
    assert KEPT[STEPS // 2] == pytest.approx(0.49, abs=0.02)  # the cosine's middle


def test_steps_go_from_the_last_time_to_no_noise():
    assert times(1) == [(STEPS - 1, -1)]
    assert times(4) == [(999, 749), (749, 499), (499, 249), (249, -1)]
    assert [t for t, _ in times(16)] == sorted({t for t, _ in times(16)}, reverse=True)
    for wrong in (0, STEPS + 1):
        with pytest.raises(ValueError, match="give 1 to 1000"):
            times(wrong)


def test_a_step_without_lots_goes_along_the_straight_way_of_its_noise():
    x0, noise = torch.randn(2, 5, 4), torch.randn(2, 5, 4)
    x = noised(x0, torch.tensor([800, 800]), noise)
    there = noised(x0, torch.tensor([300, 300]), noise)
    assert torch.allclose(ddim(x, x0, 800, 300, torch.zeros_like(x), eta=0.0), there, atol=1e-5)


def test_a_step_with_lots_leaves_as_much_noise_as_its_time_has():
    drawn = torch.Generator().manual_seed(0)
    x0 = torch.zeros(1, 50_000, 4)
    x = noised(x0, torch.tensor([900]), torch.randn(x0.shape, generator=drawn))
    x = ddim(x, x0, 900, 400, torch.randn(x0.shape, generator=drawn))
    assert x.var().item() == pytest.approx(1 - KEPT[400].item(), rel=0.01)


def test_the_last_step_is_what_was_predicted():
    x, x0 = torch.randn(1, 3, 4), torch.randn(1, 3, 4)
    assert ddim(x, x0, 100, -1, torch.randn(1, 3, 4)) is x0
