"""Layout images are drawn for each row by itself, and read back as layouts of the copy."""

from dataclasses import replace

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion, iou
from layoutgen.core.prompts import slots
from layoutgen.models.base import Brief, Composition
from layoutgen.models.layout_diffusion.lines import batch, lines_of
from layoutgen.models.layout_images.composer import ImageComposer, read_layout
from layoutgen.models.layout_images.drawer import SMALL, Drawer, inset, loss, sample, signal

TINY = replace(SMALL, name="tiny", side=32, widths=(16, 32), text=16, letters=16, attention=16)
COPIES = [Copy("保温杯", ("304不锈钢", "￥199起")), Copy("Lamp"), Copy("Kettle", ("1.5 l",), brand="ACME")]
CANVASES = [Canvas(1080, 1080), Canvas(720, 1080), Canvas(1920, 1080)]
ELEMENTS = [
    Suggestion(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.5)),
    Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "保温杯"),
    Suggestion(Role.SELLING_POINT, (0.1, 0.3, 0.5, 0.37), "304不锈钢"),
    Suggestion(Role.PRICE, (0.1, 0.7, 0.4, 0.8), "￥199起"),
]


def network():
    torch.manual_seed(0)
    return Drawer(TINY).eval()


def beside(net, numbers):
    pictures = torch.rand(3, 4, 32, 32, generator=torch.Generator().manual_seed(0))[numbers]
    lines = [lines_of(COPIES[k], CANVASES[k]) for k in numbers]
    dtype = next(net.parameters()).dtype
    told = batch(lines)
    with torch.inference_mode():
        return net.beside(pictures.to(dtype), replace(told, numbers=told.numbers.to(dtype)))


def brief(number):
    photo = np.random.default_rng(number).integers(0, 256, (40, 60, 3), dtype=np.uint8)
    return Brief(photo, Annotation((), (0.3, 0.3, 0.7, 0.9)), COPIES[number], CANVASES[number])


def test_a_row_is_drawn_alike_in_any_batch():
    net = network().to(torch.float64)
    together = sample(net, beside(net, [0, 1, 2]), [4, 5, 6], steps=3)
    for row in range(3):
        assert np.array_equal(together[row], sample(net, beside(net, [row]), [4 + row], steps=3)[0])
    assert not np.array_equal(together[0], sample(net, beside(net, [0]), [9], steps=3)[0])


def test_picture_and_copy_matter_and_a_copy_without_lines_is_finite():
    net = network()
    plain = beside(net, [0])
    x, t = torch.randn(1, 3, 32, 32), torch.tensor([500])
    with torch.inference_mode():
        drawn = net(x, t, plain)
        assert not torch.allclose(net(x, t, plain._replace(pictures=1 - plain.pictures)), drawn, atol=1e-4)
        assert not torch.allclose(net(x, t, plain._replace(lines=plain.lines.flip(2))), drawn, atol=1e-5)
        alone = plain.there.clone()
        alone[:, 1:] = False
        assert net(x, t, plain._replace(there=alone)).isfinite().all()


def test_a_signal_is_the_layouts_image_and_reads_back_as_the_layout():
    image = signal(ELEMENTS, (128, 96), 128)
    assert image.shape == (3, 128, 128)
    assert image.abs().max() <= 1
    pixels = ((image + 1) * 127.5).round().to(torch.uint8).permute(1, 2, 0).numpy()
    made = replace(brief(0), canvas=Canvas(1024, 768))
    found = read_layout(pixels, (128, 96), lines_of(COPIES[0], made.canvas), made)
    assert [one.role for one in found] == [Role.TITLE, Role.SELLING_POINT, Role.PRICE, Role.UNDERLAY]
    for one, true in zip(found, [*ELEMENTS[1:], ELEMENTS[0]], strict=True):
        assert one.text == true.text
        assert iou(one.box, true.box) > 0.8


def test_lines_that_stand_close_to_each_other_are_drawn_apart():
    close = [Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2)), Suggestion(Role.TITLE, (0.1, 0.2, 0.5, 0.3))]
    first, second = inset(close, 100, 100)
    assert second.box[1] - first.box[3] == pytest.approx(0.02)
    back = inset([first, second], 100, 100, -1)
    assert np.allclose([one.box for one in back], [one.box for one in close])
    thin = [Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.12))]
    assert inset(thin, 100, 100)[0].box[1::2] == (0.1, 0.12)


def test_it_learns_and_all_weights_do():
    net = network().train()
    images = torch.stack([signal(ELEMENTS, (32, 32), 32)] * 2)
    told = batch([lines_of(COPIES[k], CANVASES[k]) for k in (0, 2)])
    pictures = torch.rand(2, 4, 32, 32)
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3)
    lost = []
    for step in range(20):
        optimiser.zero_grad()
        value = loss(net, net.beside(pictures, told), images, [2 * step, 2 * step + 1])[0].mean()
        value.backward()
        assert step or not [name for name, p in net.named_parameters() if p.grad is None]
        optimiser.step()
        lost.append(value.item())
    assert sum(lost[-5:]) < 0.7 * sum(lost[:5])


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


def test_small_is_small():
    assert sum(p.numel() for p in Drawer(SMALL).parameters()) < 8e6
