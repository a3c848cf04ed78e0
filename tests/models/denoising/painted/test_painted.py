from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas
from layoutgen.goods.backdrops.numbers import KINDS
from layoutgen.goods.backdrops.stage import Stage
from layoutgen.models.base import Fault
from layoutgen.models.denoising.painted import checkpoint, guides
from layoutgen.models.denoising.painted.asking import Request, asked
from layoutgen.models.denoising.painted.network import Asked, PaintSize, build
from layoutgen.models.denoising.painted.painter import NetworkPainter, painted
from layoutgen.models.denoising.scenes.proposing import Proposer
from layoutgen.training.corpus.wishes import example
from tests.models.denoising.scenes.test_scenes import network as scene_network
from tests.models.denoising.scenes.test_scenes import picture, scene

SMALL = PaintSize("tiny", widths=(8, 16, 16), decoder=16, condition=24, cells=8, arrangements=3)


@pytest.fixture(scope="module")
def network():
    return build(SMALL, seed=3).eval()


@pytest.fixture(scope="module")
def painter(network):
    return NetworkPainter(network, Proposer(scene_network(), steps=2))


def request(seed=0, size=(90, 120), **more):
    wish = example(np.random.default_rng(seed))
    return Request(**{"numbers": wish.answer, "size": size, "product": wish.product, "texts": wish.texts} | more)


def test_a_ground_is_the_same_in_any_company_and_in_any_bands(network):
    requests = [request(seed, arrangement=seed % 3) for seed in range(4)]
    y, x = (((torch.arange(side) + 0.5) / side)[None] for side in (120, 90))
    with torch.no_grad():
        together = network(asked(requests, SMALL), y.expand(4, -1), x.expand(4, -1))
        for k, alone in enumerate(requests):
            assert torch.allclose(together[k], network(asked([alone], SMALL), y, x)[0], atol=1e-5)
            banded = painted(network, alone, np.random.default_rng(0))
            levels = 255 * together[k].clamp(0, 1).numpy()
            assert np.abs(banded - levels).max() <= 1.01  # the grain's half level, and rounding


def test_a_larger_ground_is_the_same_picture_finer(network):
    small, large = (painted(network, request(size=size), np.random.default_rng(0)) for size in ((90, 120), (270, 360)))
    shrunk = large.reshape(120, 3, 90, 3, 3).mean((1, 3))
    assert np.abs(shrunk - small).mean() < 2.0


def test_kind_arrangement_places_and_texts_change_the_ground(network):
    def colours(one):
        y = torch.linspace(0.01, 0.99, 24)[None]
        with torch.no_grad():
            return network(asked([one], SMALL), y, y)

    base = request(1)
    assert base.texts
    other = KINDS[(KINDS.index(base.numbers.kind) + 1) % len(KINDS)]
    changes = (
        {"numbers": replace(base.numbers, kind=other)},
        {"arrangement": 1},
        {"product": (0.1, 0.2, 0.4, 0.7)},
        {"texts": ()},
    )
    for change in changes:
        assert (colours(base) - colours(replace(base, **change))).abs().max() > 1e-4, change


@settings(max_examples=40, deadline=None)
@given(
    st.integers(1, 3000),
    st.integers(1, 3000),
    st.lists(st.floats(0, 1, allow_subnormal=False), min_size=8, max_size=8),
)
def test_guides_are_finite_wherever_things_are(width, height, numbers):
    box, text = (
        (min(a, c), min(b, d), max(a, c), max(b, d)) for a, b, c, d in (tuple(numbers[:4]), tuple(numbers[4:]))
    )
    geometry = asked([request(size=(width, height), product=box, texts=(text,))], SMALL).geometry
    place = torch.linspace(0, 1, 5)[None]
    shown = [guides.rows(place, geometry), guides.columns(place, geometry), guides.rounds(place, place, geometry)]
    assert [each.shape[-1] for each in shown] == [guides.ROWS, guides.COLUMNS, guides.ROUNDS]
    assert all(each.isfinite().all() for each in shown)
    assert 0 <= float(geometry.quiet.min()) <= float(geometry.quiet.max()) <= 1


def test_floors_are_where_the_drawer_has_them():
    for seed in range(6):
        wish = example(np.random.default_rng(seed))
        stage = Stage(wish.answer, (300, 400), wish.product, (), np.random.default_rng(0))
        ours = guides.horizon_of((300, 400), wish.product, wish.answer.horizon)
        assert ours == pytest.approx(np.clip(stage.horizon / 400, 0.01, 0.99), abs=1e-6)


def test_a_saved_network_paints_the_same_and_tensors_come_back(network, tmp_path):
    checkpoint.save(network, tmp_path, torch.float32)
    again = checkpoint.load(tmp_path)
    grounds = [painted(each, request(), np.random.default_rng(0)) for each in (network, again)]
    assert np.array_equal(*grounds)
    wanted = asked([request(0), request(1)], SMALL)
    for a, b in zip(wanted.picked(torch.tensor([1])).tensors(), asked([request(1)], SMALL).tensors(), strict=True):
        assert torch.equal(a, b)
    assert len(Asked.of(wanted.tensors()).tensors()) == 8
    (tmp_path / "config.json").write_text('{"model_type": "layoutgen-scenes-1"}')
    with pytest.raises(ValueError, match="no network of this kind"):
        checkpoint.load(tmp_path)


def test_it_paints_at_the_canvas_size_and_says_of_what(painter):
    ground = painter.paint([scene(category="Home > Kitchen", reference=picture((20, 160, 90)), strength=0.5)])[0]
    assert ground.pixels.shape == (240, 180, 3)
    assert "category kitchen, reference at 0.5, arrangement" in ground.condition
    wide = painter.paint([replace(scene(), canvas=Canvas(2 * NetworkPainter.longest, NetworkPainter.longest))])[0]
    assert wide.pixels.shape == (NetworkPainter.longest // 2, NetworkPainter.longest, 3)


def test_what_has_no_style_or_no_product_is_a_fault_of_its_row_alone(painter):
    good, nothing = scene(), np.zeros((9, 9, 4), np.uint8)
    grounds = painter.paint(
        [good, scene(reference=np.zeros((4, 4, 3), np.uint8)), replace(good, product=nothing), good]
    )
    assert [type(ground) is Fault for ground in grounds] == [False, True, True, False]
    assert np.array_equal(grounds[0].pixels, grounds[3].pixels)


def test_at_no_strength_a_reference_leaves_every_pixel(painter):
    alone, nothing = painter.paint([scene(), scene(reference=picture((9, 9, 200)), strength=0)])
    assert np.array_equal(alone.pixels, nothing.pixels)


def test_what_lies_has_no_floor_and_stands_on_nothing(painter):
    standing, lying = painter.paint([scene(seed=3), replace(scene(seed=3), lies=True)])
    assert lying.horizon == 0.0
    assert not np.array_equal(standing.pixels, lying.pixels)
