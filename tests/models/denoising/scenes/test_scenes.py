import json
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, Role, Suggestion
from layoutgen.goods.backdrops.numbers import KINDS, SceneNumbers
from layoutgen.goods.backdrops.numbers import SIZE as NUMBERS
from layoutgen.models.base import Fault, Scene
from layoutgen.models.denoising.scenes import checkpoint, conditions, diffusion, style
from layoutgen.models.denoising.scenes.network import SceneSize, Wanted, build
from layoutgen.models.denoising.scenes.painter import DrawnPainter
from layoutgen.models.denoising.scenes.prompts import kind_in
from layoutgen.models.denoising.scenes.proposing import Proposer
from layoutgen.training.corpus.schemes import Wish
from layoutgen.training.corpus.taste import ANY, TASTES, suits
from layoutgen.training.corpus.wishes import example, reference, words

WORDS = {"kitchen": 1, "home": 2, "厨房": 1, "手机": 3, "phone": 3, "bags": 4}


def network():
    net = build(SceneSize(width=32, depth=2, categories=5), WORDS, seed=1)
    with torch.no_grad():
        for block in net.blocks:
            block.outer.weight.normal_(0, 0.2)
        net.no_style.normal_()
    return net.eval()


def wanted(category=2, styled=True):
    draw = torch.Generator().manual_seed(0)
    return Wanted(
        torch.tensor([category]),
        torch.randn(1, conditions.SIZE, generator=draw),
        torch.randn(1, style.SIZE, generator=draw),
        torch.tensor([styled]),
    )


def scene(**more):
    product = np.zeros((80, 60, 4), np.uint8)
    product[10:70, 10:50] = (180, 60, 40, 255)
    texts = (Suggestion(Role.TITLE, (0.1, 0.05, 0.9, 0.16), "Ten years"),)
    return Scene(Canvas(180, 240), product, (0.3, 0.4, 0.7, 0.9), texts, **more)


def picture(rgb, spread=12, side=64):
    noise = np.random.default_rng(0).normal(0, spread, (side, side, 3))
    return np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(
    ("category", "row", "word"),
    [
        ("Kitchen", 1, "kitchen"),
        ("Home > Kitchen > Theremins", 1, "kitchen"),
        ("home/garden tables", 2, "home"),
        ("智能手机", 3, "手机"),
        ("Phones", 3, "phone"),
        ("bag", 4, "bags"),
        ("kitchen phones", 3, "phone"),
        ("Theremins", 0, ""),
        ("", 0, ""),
        (None, 0, ""),
        (" > / ", 0, ""),
    ],
)
def test_a_category_is_known_by_its_narrowest_known_part(category, row, word):
    assert conditions.category_row(category, WORDS) == (row, word)


@given(st.text(max_size=40))
def test_any_text_may_be_a_category(text):
    row, word = conditions.category_row(text, WORDS)
    assert (row == 0) == (word == "")
    assert row in range(5)


def test_a_strength_of_nothing_is_the_category_alone_to_the_bit():
    net = network()
    alone = diffusion.sample(net, wanted(styled=False), strength=0.8, guidance=1.3, steps=6, seed=3)
    nothing = diffusion.sample(net, wanted(styled=True), strength=0.0, guidance=1.3, steps=6, seed=3)
    styled = diffusion.sample(net, wanted(styled=True), strength=0.8, guidance=1.3, steps=6, seed=3)
    assert torch.equal(alone, nothing)
    assert not torch.equal(alone, styled)


def test_seeds_are_other_scenes_and_a_seed_is_the_same_one():
    net = network()
    first, again, other = (
        diffusion.sample(net, wanted(), strength=0.5, guidance=1.3, steps=4, seed=seed) for seed in (1, 1, 2)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, other)
    assert first.shape == (NUMBERS,)
    assert bool((first.abs() <= 1).all())


def test_without_a_category_guidance_changes_nothing():
    net = network()
    mild, strong = (
        diffusion.sample(net, wanted(0, False), strength=0, guidance=g, steps=4, seed=1) for g in (1.0, 3.0)
    )
    assert torch.equal(mild, strong)


def test_noise_keeps_the_variance_and_begins_with_almost_nothing_of_the_scene():
    keep, add = diffusion.signal(torch.linspace(0, diffusion.LAST, 9))
    torch.testing.assert_close(keep**2 + add**2, torch.ones(9))
    assert keep[0] == 1
    assert keep[-1] < 0.03


def test_a_network_learns_what_it_is_shown():
    net = build(SceneSize(width=48, depth=2, categories=5), WORDS)
    draw = torch.Generator().manual_seed(0)
    truth = torch.where(torch.rand(8, NUMBERS, generator=draw) < 0.5, -1.0, 1.0)
    about = Wanted(
        torch.arange(8) % 5,
        torch.randn(8, conditions.SIZE, generator=draw),
        torch.zeros(8, style.SIZE),
        torch.zeros(8) > 0,
    )
    optimiser = torch.optim.Adam(net.parameters(), 5e-3)
    losses = []
    for _ in range(80):
        times, noise = torch.rand(8, generator=draw), torch.randn(8, NUMBERS, generator=draw)
        loss = diffusion.losses(net, truth, about, times, noise)[0]
        losses.append(float(loss.detach().mean()))
        optimiser.zero_grad()
        loss.mean().backward()
        optimiser.step()
    assert np.mean(losses[-10:]) < 0.5 * losses[0]


def test_a_network_is_the_same_from_its_folder(tmp_path):
    net = network()
    checkpoint.save(net, tmp_path, torch.float32)
    loaded = checkpoint.load(tmp_path)
    assert loaded.words == net.words
    both = [diffusion.sample(each, wanted(), strength=1, guidance=1, steps=3, seed=0) for each in (net, loaded)]
    assert torch.equal(*both)


def test_words_without_a_row_are_refused_by_name(tmp_path):
    checkpoint.save(network(), tmp_path)
    about = json.loads((tmp_path / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(about | {"words": {"hats": 9}}))
    with pytest.raises(ValueError, match="'hats' has no row"):
        checkpoint.load(tmp_path)


def test_a_style_has_colours_with_shares_and_knows_restless_from_calm():
    calm, restless = (style.numbers(style.look_of(picture((200, 60, 50), spread))) for spread in (1, 60))
    assert calm.shape == (style.SIZE,)
    colours = style.palette(style.look_of(picture((200, 60, 50))))
    assert colours[:, 3].sum() == pytest.approx(1, abs=1e-4)
    assert (np.diff(colours[:, 3]) <= 1e-6).all()
    assert (restless[19:22] > 2 * calm[19:22]).all()


def test_a_product_in_the_middle_counts_less_than_what_is_around_it():
    plain, with_product = picture((30, 90, 200), 2), picture((30, 90, 200), 2)
    with_product[24:40, 24:40] = (250, 240, 20)
    away = style.distance(style.look_of(plain), style.look_of(with_product))
    assert away < 0.06


@settings(max_examples=25)
@given(st.tuples(*[st.integers(0, 255)] * 3), st.tuples(*[st.integers(0, 255)] * 3), st.floats(0.05, 1))
def test_a_ground_moves_towards_its_reference_the_more_the_stronger(ground, wanted_rgb, strength):
    pixels, seen = picture(ground, 14), style.look_of(picture(wanted_rgb, 14))
    before = np.linalg.norm(style.moments(style.look_of(pixels))[0] - style.moments(seen)[0])
    moved = style.towards(pixels, seen, strength)
    after = np.linalg.norm(style.moments(style.look_of(moved))[0] - style.moments(seen)[0])
    assert after <= (1 - strength) * before + 0.04
    assert moved.shape == pixels.shape
    assert np.array_equal(style.towards(pixels, seen, 0.0), pixels)


@pytest.mark.parametrize("shape", [(4, 90, 3), (90, 90), (20, 20, 4)])
def test_what_has_no_style_is_a_fault_of_its_row_alone(shape):
    painter = DrawnPainter(Proposer(network(), steps=2))
    good = scene(reference=picture((20, 160, 90)))
    painted = painter.paint([good, scene(reference=np.zeros(shape, np.uint8)), good])
    assert isinstance(painted[1], Fault)
    assert str(shape) in painted[1].message
    assert np.array_equal(painted[0].pixels, painted[2].pixels)


def test_a_product_that_shows_nothing_is_a_fault():
    nothing = replace(scene(), product=np.zeros((9, 9, 4), np.uint8))
    fault = DrawnPainter(Proposer(network(), steps=2)).paint([nothing])[0]
    assert isinstance(fault, Fault)
    assert "transparent" in fault.message


def test_a_scene_is_painted_at_the_canvas_size_and_says_of_what():
    painter = DrawnPainter(Proposer(network(), steps=2))
    painted = painter.paint([scene(category="Home > Kitchen", reference=picture((20, 160, 90)), strength=0.5)])[0]
    assert painted.pixels.shape == (240, 180, 3)
    assert "category kitchen" in painted.condition
    assert "reference at 0.5" in painted.condition
    assert any(f"scene {kind}" in painted.condition for kind in KINDS)
    large = replace(scene(), canvas=Canvas(3200, 1600))
    assert painter.paint([large])[0].pixels.shape == (800, 1600, 3)


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("on white MARBLE, soft light", "marble"),
        ("放在木质桌面上", "wood"),
        ("neon-lit sky", "sky"),
        ("蓝天白云下的大理石", "sky"),
        ("something nice", None),
        ("", None),
        (None, None),
    ],
)
def test_a_prompt_names_a_kind_of_scene(prompt, kind):
    assert kind_in(prompt) == kind


def test_a_scene_is_of_the_kind_that_its_prompt_names():
    painter = DrawnPainter(Proposer(network(), steps=3))
    painted = painter.paint([scene(prompt="a wooden floor", seed=seed) for seed in range(3)])
    assert all("scene wood, " in each.condition and "as the prompt says" in each.condition for each in painted)
    ignored, without = painter.paint([scene(prompt="qwertz"), scene()])
    assert "names no scene" in ignored.condition
    assert np.array_equal(ignored.pixels, without.pixels)


def test_at_no_strength_a_reference_leaves_the_pixels_of_the_category_alone():
    painter = DrawnPainter(Proposer(network(), steps=3))
    alone, nothing = painter.paint(
        [scene(category="home"), scene(category="home", reference=picture((9, 9, 200)), strength=0)]
    )
    assert np.array_equal(alone.pixels, nothing.pixels)


def test_every_taste_has_known_kinds_and_its_own_words():
    known = [word for taste in TASTES.values() for word in taste.words.split()]
    assert len(known) == len(set(known))
    assert all(word == word.casefold() for word in known)
    for taste in (*TASTES.values(), ANY):
        assert set(taste.kinds.split()[::2]) <= set(KINDS)
    assert words()["perfume"] == list(TASTES).index("perfume") + 1


@given(
    st.sampled_from([None, *TASTES]),
    st.tuples(st.floats(0, 1), st.floats(-0.3, 0.3), st.floats(-0.3, 0.3)),
    st.integers(0, 9999),
)
def test_a_designers_answer_is_a_scene_in_the_categorys_taste(category, product, seed):
    numbers = suits(Wish(category, product, 0.2, 0.1), np.random.default_rng(seed))
    taste = TASTES[category] if category else ANY
    assert numbers.kind in taste.kinds.split()
    again = SceneNumbers.decode(numbers.encode())
    np.testing.assert_allclose(again.encode(), numbers.encode(), atol=1e-6)


def test_references_are_in_the_style_of_their_scenes():
    near, far = [], []
    drawn = [(example(np.random.default_rng([5, k])), np.random.default_rng([6, k])) for k in range(12)]
    looks = [[style.look_of(reference(each.answer, rng)) for _ in range(2)] for each, rng in drawn]
    for k, (first, second) in enumerate(looks):
        near.append(style.distance(first, second))
        far.append(style.distance(first, looks[(k + 1) % len(looks)][0]))
    assert np.mean(near) < 0.5 * np.mean(far)
