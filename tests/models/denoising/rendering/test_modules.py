"""RenderNet's parts: untrained they change nothing, and each does what its equation says."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas
from layoutgen.models.denoising.rendering import checkpoint, control, placed
from layoutgen.models.denoising.rendering.frames import STEP, frame_for
from layoutgen.models.denoising.rendering.fusion import SpatialFusion
from layoutgen.models.denoising.rendering.layout_branch import LayoutBranch, shares
from layoutgen.models.denoising.rendering.placed import place
from tests.models.denoising.rendering.folders import CROSS, noisy, unet
from tests.models.denoising.rendering.scenes import scene

SMALL = {"width": 8, "widths": (8, 8, 16, 16)}


def rows(count=2, frame=None):
    frame = frame or frame_for(Canvas(640, 640), 64)
    return [place(scene(k, box=(0.2 + 0.1 * k, 0.1, 0.6 + 0.1 * k, 0.6)), frame) for k in range(count)]


def added(kind, count):
    if kind != "sdxl":
        return None
    numbers = torch.Generator().manual_seed(8)
    return {"text_embeds": torch.randn(count, 32, generator=numbers), "time_ids": torch.full((count, 6), 64.0)}


@torch.inference_mode()
def answers(model, net, kind, count=2, channels=4):
    """What a UNet says of noise, alone and with a control."""
    numbers = torch.Generator().manual_seed(3)
    noise = torch.randn(count, channels, 8, 8, generator=numbers)
    tokens = torch.randn(count, 77, CROSS[kind], generator=numbers)
    also = added(kind, count)
    plain = model(noise, 500, tokens, added_cond_kwargs=also).sample
    down, mid = net.network(
        noise[:, :4], 500, tokens, net.condition(rows(count)), added_cond_kwargs=also, return_dict=False
    )
    controlled = model(
        noise,
        500,
        tokens,
        added_cond_kwargs=also,
        down_block_additional_residuals=down,
        mid_block_additional_residual=mid,
    ).sample
    return plain, controlled


@pytest.mark.parametrize("kind", list(CROSS))
def test_untrained_it_is_the_plain_unet_bit_for_bit_and_trained_it_is_not(kind: str) -> None:
    torch.manual_seed(0)
    channels = 9 if kind == "inpainting" else 4
    model = unet(kind, channels)
    net = control.new(model, **SMALL).eval()
    plain, controlled = answers(model, net, kind, channels=channels)
    assert torch.equal(plain, controlled)
    plain, controlled = answers(model, noisy(net), kind, channels=channels)
    assert (plain - controlled).abs().max() > 1e-3


def test_each_branch_is_heard_once_it_is_trained() -> None:
    torch.manual_seed(0)
    net = noisy(control.new(unet("sd15"), **SMALL)).eval()
    both = net.condition(rows())
    net.layout = False
    visual = net.condition(rows())
    net.layout, net.visual = True, False
    layout = net.condition(rows())
    torch.testing.assert_close(both, visual + layout)
    assert visual.abs().max() > 1e-4
    assert layout.abs().max() > 1e-4
    moved = net.condition([place(scene(k, texts=()), rows()[0].frame) for k in range(2)])
    assert (moved - layout).abs().max() > 1e-4  # the layout says where texts are


def test_gradients_reach_every_weight_of_a_net_that_has_begun() -> None:
    torch.manual_seed(0)
    net = noisy(control.new(unet("sd15"), **SMALL))
    net.condition(rows()).square().mean().backward()
    without = [name for name, weight in net.maps.named_parameters() if weight.grad is None or not weight.grad.any()]
    # Keys of one softmax have no bias, and rows of roles that no element has no gradient.
    assert set(without) <= {"fusion.key.bias", "fusion.nothing"}


def test_saved_and_loaded_it_says_the_same(tmp_path: Path) -> None:
    torch.manual_seed(0)
    net = noisy(control.new(unet("sd15"), **SMALL)).eval()
    control.save(net, tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["config.json", "controlnet", "model.safetensors"]
    again = control.load(tmp_path)
    assert torch.equal(net.condition(rows()), again.condition(rows()))
    model = unet("sd15")
    assert torch.equal(answers(model, net, "sd15")[1], answers(model, again, "sd15")[1])
    # Its ControlNet is one for anybody who shows it four channels.
    alone = control.load_controlnet(tmp_path / "controlnet", channels=4)
    pictures = placed.visual(rows())
    net.layout = False
    assert torch.equal(alone.controlnet_cond_embedding(pictures), net.condition(rows()))


@given(st.lists(st.tuples(*[st.floats(-0.2, 1.2)] * 4), min_size=1, max_size=6), st.integers(1, 12), st.integers(1, 12))
def test_shares_of_cells_add_up_to_the_boxes_area(boxes, height, width) -> None:
    ltrb = torch.tensor(boxes, dtype=torch.float32)[None]
    cells = shares(ltrb, height, width)
    assert cells.min() >= 0
    assert cells.max() <= 1 + 1e-5
    inside = ltrb.clamp(0, 1)
    area = (inside[..., 2] - inside[..., 0]).clamp(min=0) * (inside[..., 3] - inside[..., 1]).clamp(min=0)
    torch.testing.assert_close(cells.sum((2, 3)) / (height * width), area, atol=1e-4, rtol=1e-4)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 5), st.integers(0, 2**20))
def test_attention_is_over_elements_that_are_there_and_fillers_change_nothing(count: int, seed: int) -> None:
    torch.manual_seed(seed)
    branch, fusion = LayoutBranch(8, 8), noisy(SpatialFusion(8, 6))
    corner = torch.rand(1, count, 2) * 0.6
    boxes = torch.cat([corner, corner + 0.1 + 0.3 * torch.rand(1, count, 2)], -1)
    roles = torch.randint(0, 8, (1, count))
    product = torch.rand(1, 1, 4, 4)
    maps, cells = branch(boxes, roles, (32, 32))
    present = torch.ones(1, count, dtype=torch.bool)
    weights = fusion.weights(maps, cells, present, product)
    assert weights.shape == (1, 1 + count, 4, 4)
    torch.testing.assert_close(weights.sum(1), torch.ones(1, 4, 4))
    outside = cells == 0
    assert (weights[:, 1:][outside] < 0.2).all()
    # Two more that are not there.
    filled = torch.cat([maps, torch.randn(1, 2, 8, 4, 4)], 1), torch.cat([cells, torch.rand(1, 2, 4, 4)], 1)
    there = torch.cat([present, torch.zeros(1, 2, dtype=torch.bool)], 1)
    torch.testing.assert_close(
        fusion(*filled, there, product), fusion(maps, cells, present, product), atol=1e-5, rtol=1e-5
    )


def test_order_matters_where_boxes_overlap() -> None:
    torch.manual_seed(0)
    branch, fusion = LayoutBranch(8, 8), noisy(SpatialFusion(8, 6))
    boxes = torch.tensor([[[0.1, 0.1, 0.9, 0.9], [0.2, 0.2, 0.8, 0.8]]])
    there, product = torch.ones(1, 2, dtype=torch.bool), torch.zeros(1, 1, 4, 4)
    under = fusion(*branch(boxes, torch.tensor([[6, 0]]), (32, 32)), there, product)
    over = fusion(*branch(boxes.flip(1), torch.tensor([[0, 6]]), (32, 32)), there, product)
    assert (under - over).abs().max() > 1e-5


@settings(deadline=None)
@given(st.integers(64, 4096), st.integers(64, 4096), st.sampled_from([64, 512, 1024]))
def test_frames_are_of_the_models_size_and_show_the_canvas_undistorted(width: int, height: int, side: int) -> None:
    frame = frame_for(Canvas(width, height), side)
    assert frame.width % STEP == frame.height % STEP == 0
    assert frame.width * frame.height <= max(1.05 * side * side, STEP * STEP)
    left, top, inner_width, inner_height = frame.inner
    assert 0 <= left <= left + inner_width <= frame.width
    assert 0 <= top <= top + inner_height <= frame.height
    assert abs(inner_width / width - inner_height / height) <= 0.5 / width + 0.5 / height + 1e-9
    if side >= 512 and max(width, height) <= 3 * min(width, height):
        assert inner_width * inner_height > 0.72 * side * side


def test_the_product_is_shown_at_its_place_and_nothing_transparent_comes_in() -> None:
    shown = place(scene(1, canvas=Canvas(1080, 1440)), frame_for(Canvas(1080, 1440), 512))
    y, x = np.nonzero(shown.alpha > 0.5)
    left, top, right, bottom = shown.frame.box((0.3, 0.1, 0.66, 0.6))
    assert left * shown.frame.width - 1 <= x.min()
    assert x.max() <= right * shown.frame.width + 1
    assert top * shown.frame.height - 1 <= y.min()
    assert y.max() <= bottom * shown.frame.height + 1
    assert np.allclose(shown.colours[shown.alpha == 0], placed.GREY)
    pictures, mask = placed.inpainted([shown])
    assert torch.equal(mask[0, 0] == 0, torch.from_numpy(shown.alpha >= 0.5))
    assert not pictures[0][:, mask[0, 0] == 1].any()
    assert placed.holed([shown])[0][:, mask[0, 0] == 1].eq(-1).all()
    assert 0 < placed.edges([shown]).mean() < 0.1
    torch.testing.assert_close(shown.ground.mean(), torch.tensor(1 - shown.alpha.mean()))


def test_checkpoints_say_what_they_are(tiny: Path) -> None:
    kinds = {kind: checkpoint.check(tiny / kind) for kind in CROSS}
    assert kinds == {"sd15": "sd15", "inpainting": "sd15", "sdxl": "sdxl"}
    assert checkpoint.load(tiny / "inpainting").is_inpainting
    assert checkpoint.load(tiny / "sdxl").side == 64
