"""Layout images are drawn for each row by itself, and read back as layouts of the copy."""

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.prompts.layouts import slots
from layoutgen.models.base import Brief, Composition
from layoutgen.models.denoising.images.composer import ImageComposer
from layoutgen.models.denoising.images.encoding import signal
from layoutgen.models.denoising.images.network import Drawer
from layoutgen.models.denoising.images.objective import loss
from layoutgen.models.denoising.images.sampling import sample
from layoutgen.models.denoising.images.sizes import SMALL
from layoutgen.models.denoising.lines import ROLES, batch, lines_of

TINY = replace(SMALL, name="tiny", side=32, patch=4, widths=(16, 32), text=16, letters=16, attention=16, out=16)
COPIES = [Copy("保温杯", ("304不锈钢", "￥199起")), Copy("Lamp"), Copy("Kettle", ("1.5 l",), brand="ACME")]
CANVASES = [Canvas(1080, 1080), Canvas(720, 1080), Canvas(1920, 1080)]
SIZES = torch.tensor([[32, 32], [21, 32], [32, 18]])
ELEMENTS = [
    Suggestion(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.5)),
    Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "保温杯"),
    Suggestion(Role.SELLING_POINT, (0.1, 0.3, 0.5, 0.37), "304不锈钢"),
    Suggestion(Role.PRICE, (0.1, 0.7, 0.4, 0.8), "￥199起"),
]


def network():
    torch.manual_seed(0)
    return Drawer(TINY).eval()


def conditioning(net, numbers):
    pictures = torch.rand(3, 4, 32, 32, generator=torch.Generator().manual_seed(0))[numbers]
    lines = [lines_of(COPIES[k], CANVASES[k]) for k in numbers]
    dtype = next(net.parameters()).dtype
    told = batch(lines)
    with torch.inference_mode():
        return net.conditioning(pictures.to(dtype), SIZES[numbers], replace(told, numbers=told.numbers.to(dtype)))


def brief(number):
    photo = np.random.default_rng(number).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    return Brief(photo, Annotation((), (0.3, 0.3, 0.7, 0.9)), COPIES[number], CANVASES[number])


def test_a_row_is_drawn_alike_in_any_batch():
    net = network().to(torch.float64)
    together, finite = sample(net, conditioning(net, [0, 1, 2]), [4, 5, 6], steps=3)
    assert finite.all()
    for row in range(3):
        assert np.array_equal(together[row], sample(net, conditioning(net, [row]), [4 + row], steps=3)[0][0])
    assert not np.array_equal(together[0], sample(net, conditioning(net, [0]), [9], steps=3)[0][0])


def test_picture_and_copy_matter_and_a_copy_without_lines_is_finite():
    net = network()
    plain = conditioning(net, [0])
    x, t = torch.randn(1, 3, 32, 32), torch.tensor([500])
    with torch.inference_mode():
        drawn = net(x, t, plain)
        assert not torch.allclose(net(x, t, plain._replace(pictures=1 - plain.pictures)), drawn, atol=1e-4)
        assert not torch.allclose(net(x, t, plain._replace(lines=plain.lines.flip(2))), drawn, atol=1e-5)
        alone = plain.there.clone()
        alone[:, 1:] = False
        assert net(x, t, plain._replace(there=alone)).isfinite().all()


def test_it_learns_and_all_weights_do():
    net = network().train()
    classes = torch.stack([signal(ELEMENTS, (32, 32), 32)] * 2)
    told = batch([lines_of(COPIES[0], CANVASES[0])] * 2)
    roles = torch.tensor([[ROLES.index(role) for role in (Role.TITLE, Role.SELLING_POINT, Role.PRICE)]] * 2)
    pictures = torch.rand(2, 4, 32, 32)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3)
    lost = []
    for step in range(20):
        optimiser.zero_grad()
        conditioning = net.conditioning(pictures, SIZES[[0, 0]], told)
        value = loss(net, conditioning, classes, roles, [2 * step, 2 * step + 1])[0].mean()
        value.backward()
        assert step or not [name for name, p in net.named_parameters() if p.grad is None]
        optimiser.step()
        lost.append(value.item())
    assert sum(lost[-5:]) < 0.7 * sum(lost[:5])


def test_the_loss_is_the_cross_entropy_of_what_is_said_and_a_tenth_of_the_roles():
    net = network()
    shown = conditioning(net, [0, 1])
    classes = torch.stack([signal(ELEMENTS, (32, 32), 32), signal([], (32, 32), 32)])
    none = torch.full((2, shown.lines.shape[1] - 1), -1)
    with torch.inference_mode():
        plain, hits = loss(net, shown, classes, none, [7, 8])
        again, _ = loss(net, shown, classes, none, [7, 8])
        one = none.clone()
        one[0, 0] = 2
        more, _ = loss(net, shown, classes, one, [7, 8])
        said = net.roles(shown.lines[0, 1]).log_softmax(0)[2]
    assert torch.equal(plain, again)
    assert more[0] - plain[0] == pytest.approx(-0.1 * said.item(), abs=1e-5)
    assert more[1] == plain[1]
    assert hits[1] == 0
    assert 0 <= hits[0] <= 1


def test_classes_are_painted_and_a_sure_network_says_the_same_image():
    net = network()
    classes = signal(ELEMENTS, (32, 32), 32)[None]
    image = net.painted(classes)
    assert image.abs().max() <= net.size.signal
    squares = torch.nn.functional.pixel_unshuffle(classes[:, None], TINY.patch)
    sure = 50 * torch.nn.functional.one_hot(squares.long(), 9).permute(0, 4, 1, 2, 3).float()
    assert torch.allclose(net.mean(sure), image, atol=1e-5)


def test_heads_are_as_wide_as_the_size_says():
    found = [part for part in Drawer(SMALL).modules() if hasattr(part, "heads") and hasattr(part, "to_q")]
    assert found
    assert {part.to_q.out_features // part.heads for part in found} == {SMALL.attention}


@pytest.mark.parametrize("steps", [1, 2, 4, 8, 16])
def test_compositions_follow_the_copy(steps):
    made = ImageComposer(network(), frame=lambda *_: Framing(), steps=steps).compose([brief(k) for k in range(3)])
    for number, composed in enumerate(made):
        assert isinstance(composed, Composition)
        texts = [one.text for one in composed.suggestions if one.role is not Role.UNDERLAY]
        assert texts == [slot.text for slot in slots(COPIES[number])]
        for left, top, right, bottom in (one.box for one in composed.suggestions):
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1


def test_a_copy_that_cannot_be_laid_out_is_a_named_fault_and_harms_no_other():
    asked = [replace(brief(0), copy=Copy("")), replace(brief(0), copy=Copy("Tea", ("x",) * 40)), brief(1)]
    empty, long, composed = ImageComposer(network(), frame=lambda *_: Framing(), steps=1).compose(asked)
    assert (empty.kind, long.kind) == ("empty_copy", "copy_too_long")
    assert isinstance(composed, Composition)


@pytest.mark.parametrize("canvas", [Canvas(100, 800), Canvas(800, 100), Canvas(64, 8192)])
def test_extreme_canvases_and_pictures_of_one_colour_are_laid_out(canvas):
    flat = replace(brief(0), canvas=canvas, image=np.full((40, 40, 3), 128, np.uint8), annotation=Annotation(()))
    (composed,) = ImageComposer(network(), frame=lambda *_: Framing(), steps=2).compose([flat])
    assert isinstance(composed, Composition)
    assert [one.text for one in composed.suggestions[:3]] == ["保温杯", "304不锈钢", "￥199起"]
    assert all(0 <= one.box[0] < one.box[2] <= 1 and 0 <= one.box[1] < one.box[3] <= 1 for one in composed.suggestions)


def test_a_network_whose_answers_are_not_finite_is_a_fault():
    net = network()
    with torch.no_grad():
        net.pixels.bias[0] = float("nan")
    (fault,) = ImageComposer(net, frame=lambda *_: Framing(), steps=2).compose([brief(0)])
    assert fault.kind == "not_finite"


def test_small_is_small():
    assert sum(p.numel() for p in Drawer(SMALL).parameters()) < 8e6
