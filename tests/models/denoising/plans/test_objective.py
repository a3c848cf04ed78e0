"""What a network that plans learns: posters by heart, whatever their batch, and nothing of products cut off."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from layoutgen.core.annotation import Annotation
from layoutgen.core.framing import subject_box
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion, inside
from layoutgen.models.base import Brief
from layoutgen.models.denoising.inputs import Inputs, truth_of
from layoutgen.models.denoising.lines import lines_of
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.denoising.plans.composer import PlanComposer
from layoutgen.models.denoising.plans.network import build
from layoutgen.models.denoising.plans.objective import loss, posters
from layoutgen.models.denoising.plans.seeing import cut_from, on_grey
from layoutgen.models.denoising.plans.slots import PRODUCT
from layoutgen.models.denoising.view import pixels_of
from tests.models.denoising.plans.drawn import TINY, network

CANVAS = Canvas(1080, 1440)
COPY = Copy("Kettle", ("Boils in 3 minutes", "￥89"))
LAYOUT = (
    Suggestion(Role.TITLE, (0.1, 0.05, 0.9, 0.15), "Kettle"),
    Suggestion(Role.SELLING_POINT, (0.2, 0.2, 0.8, 0.25), "Boils in 3 minutes"),
    Suggestion(Role.CALL_TO_ACTION, (0.35, 0.3, 0.65, 0.36), "￥89"),
    Suggestion(Role.UNDERLAY, (0.3, 0.29, 0.7, 0.37)),
)


def inputs(left: float = 0.3, layout=LAYOUT, number: int = 0) -> Inputs:
    photo = np.full((80, 60, 3), 200, np.uint8)
    mask = np.zeros((80, 60), np.float32)
    at = (slice(36, 72), slice(round(60 * left), round(60 * left) + 24))
    mask[at] = 1
    photo[at] = np.random.default_rng(number).integers(0, 255, 3)
    picture, size = pixels_of(photo, Framing(), CANVAS, mask, TINY)
    lines = lines_of(COPY, CANVAS)
    return Inputs(picture, size, lines, truth_of(layout, lines), category="kettle")


def test_the_product_is_cut_from_the_poster_by_its_map() -> None:
    (item,), truths = posters([inputs()], 6)
    assert truths.ltrb[0, PRODUCT].tolist() == pytest.approx([0.3, 0.45, 0.7, 0.9], abs=0.02)
    assert item.cut is not None
    assert item.cut[..., 3].mean() > 220
    assert item.ratio == pytest.approx(24 / 36, rel=0.05)
    assert not truths.is_cut.any()
    assert truths.panels.tolist() == [[1, 0, 0, 0, 0, 0]]
    assert truths.ltrb[0, 1].tolist() == pytest.approx(LAYOUT[3].box)
    assert posters([inputs(0.6)], 6)[1].is_cut.all()  # it ends at the edge


def test_a_cut_out_is_seen_whole_on_grey() -> None:
    wide = np.full((10, 40, 4), 255, np.uint8)
    seen = on_grey(wide, TINY)
    assert seen.shape == (4, 32, 32)
    assert seen[3].sum().item() == pytest.approx(32 * 8, rel=0.01)
    assert seen[:3, 0, 0].tolist() == pytest.approx([128 / 255] * 3)
    assert cut_from(torch.zeros(4, 64, 64), (64, 48)) is None


def test_a_loss_is_the_mean_of_its_rows_noise_whatever_the_batch() -> None:
    net = network()
    rows = [inputs(0.1), inputs(0.3, number=1)]
    with torch.inference_mode():
        alone = [loss(net, [row], [seed])[1]["mse"] for row, seed in zip(rows, (3, 4), strict=True)]
        both = loss(net, rows, [3, 4])[1]["mse"]
    assert min(alone) - 1e-5 <= both <= max(alone) + 1e-5


@pytest.mark.parametrize("bins", [0, 32])
def test_no_seed_makes_a_loss_that_is_no_number(bins: int) -> None:
    net = network(bins)
    for seed in range(30):
        value, parts = loss(net, [inputs(0.6), inputs()], [seed, seed + 100])
        assert torch.isfinite(value)
        assert all(np.isfinite(part) for part in parts.values())


@pytest.mark.slow
@pytest.mark.parametrize("bins", [0, 64])
def test_a_poster_is_learnt_by_heart_and_completed(bins: int) -> None:
    net = build(replace(TINY, bins=bins)).train()
    optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0)
    falls = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, 300)
    for step in range(300):
        optimiser.zero_grad()
        value, _ = loss(net, [inputs()] * 8, [8 * step + k for k in range(8)])
        value.backward()
        optimiser.step()
        falls.step()
    photo = np.full((80, 60, 3), 200, np.uint8)
    mask = np.zeros((80, 60), np.float32)
    mask[36:72, 18:42] = 1
    photo[36:72, 18:42] = np.random.default_rng(0).integers(0, 255, 3)
    brief = Brief(photo, Annotation((), subject_box(mask), subject_map=mask), COPY, CANVAS)
    composer = PlanComposer(net.eval(), frame=lambda *_: Framing(), steps=20 if bins else 8)
    (answer,) = composer.compose([brief])
    found = {one.text: one for one in answer.suggestions}
    texts = [element for element in LAYOUT if element.text]
    apart = [np.abs(np.subtract(found[element.text].box, element.box)).mean() for element in texts]
    assert np.mean(apart) < 0.05, apart
    assert [found[element.text].role for element in texts] == [element.role for element in texts]
    assert inside(found[LAYOUT[2].text].box, found[""].box)  # the button stands on its panel


def test_the_family_says_what_it_can_not_leave_out() -> None:
    with pytest.raises(ValueError, match="no textual relation"):
        from layoutgen.models.denoising.family import NetworkParts

        FAMILIES["plan"].new("small", 0, NetworkParts(without=("textual",)))
