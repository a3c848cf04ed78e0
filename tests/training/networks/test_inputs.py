"""What a network learns of a poster is what its designer did."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.models.denoising.boxes.family import FAMILY, batch_loss
from layoutgen.models.denoising.boxes.network import build
from layoutgen.models.denoising.boxes.sizes import SMALL
from layoutgen.models.denoising.inputs import truth_of
from layoutgen.models.denoising.lines import ROLES, lines_of
from layoutgen.training.data.sample import Task
from layoutgen.training.networks.inputs import inputs_of

TINY = replace(SMALL, side=64, widths=(8, 16, 24, 32), depths=(1, 1, 1, 1), width=32, heads=2, text=24, letters=16)
TASK = Task(
    np.full((60, 80, 3), 120, np.uint8),
    Framing(),
    Canvas(720, 1080),
    Copy("Kettle", ("1.5 l", "￥89"), logo="l.png"),
    (
        Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "Kettle"),
        Suggestion(Role.PRICE, (0.1, 0.3, 0.4, 0.35), "￥89"),
        Suggestion(Role.SELLING_POINT, (0.1, 0.4, 0.4, 0.45), "1.5 l"),
        Suggestion(Role.LOGO, (0.1, 0.9, 0.3, 0.95)),
        Suggestion(Role.UNDERLAY, (0.08, 0.28, 0.42, 0.37)),
    ),
    2.0,
    printed=False,
)


def test_each_element_has_its_role_its_box_and_the_line_it_carries():
    shown = inputs_of(TASK, FAMILY, TINY)
    assert shown.picture.shape == (4, 64, 64)
    assert shown.size == (43, 64)
    assert shown.truth.carries.tolist() == [0, 2, 1, 3, -1]
    assert [ROLES[k] for k in shown.truth.roles] == [one.role for one in TASK.target]
    assert torch.allclose(shown.truth.ltrb, torch.tensor([one.box for one in TASK.target]))


def test_a_text_that_is_said_twice_has_two_lines():
    lines = lines_of(Copy("Tea", ("new", "new")), TASK.canvas)
    said = [Suggestion(Role.OTHER, (0.1, 0.1, 0.2, 0.2), "new")] * 2
    assert truth_of(said, lines).carries.tolist() == [1, 2]
    with pytest.raises(ValueError, match="is no text of the copy"):
        truth_of([*said, said[0]], lines)


def test_what_is_too_large_for_the_network_is_an_error():
    with pytest.raises(ValueError, match="small takes 20 and 4"):
        inputs_of(TASK, FAMILY, replace(TINY, proposals=4))


@pytest.mark.parametrize("anchored", [True, False])
def test_all_weights_learn(anchored):
    net = build(TINY, anchored=anchored).train()
    lost, parts = batch_loss(net, [inputs_of(TASK, FAMILY, TINY)] * 2, [1, 2])
    lost.backward()
    assert not [name for name, p in net.named_parameters() if p.grad is None]
    assert all(value >= 0 for value in parts.values())
