"""The network that paints, as it comes with the package, is what its card says, paints nearer to the drawer's scenes
than their mean colours are, and follows category and reference."""

import hashlib
import json

import numpy as np
import pytest

from layoutgen.config.posters import PaintSettings
from layoutgen.core.posters.checks import calmness
from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.io.storage import Storage
from layoutgen.models.building import painters
from layoutgen.models.denoising.painted.asking import Request
from layoutgen.models.denoising.painted.checkpoint import load
from layoutgen.models.denoising.painted.painter import painted
from layoutgen.models.denoising.scenes import style
from layoutgen.models.weights import EMBEDDED, local
from layoutgen.training.corpus.taste import TASTES
from layoutgen.training.corpus.wishes import example
from tests.models.denoising.scenes.test_embedded import scene

FOLDER = local(f"{EMBEDDED}/painted")


@pytest.fixture(scope="module")
def painter():
    return painters.painter(PaintSettings(engine="painted"), Storage())[0]


def test_it_is_small_and_its_card_is_of_these_weights():
    card = json.loads((FOLDER / "card.json").read_text("utf-8"))
    weights = FOLDER / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == card["sha256"]
    scenes = local(f"{EMBEDDED}/scenes") / "model.safetensors"
    assert weights.stat().st_size == card["bytes"]
    assert weights.stat().st_size + scenes.stat().st_size <= 25e6
    network = load(FOLDER)
    assert card["parameters"] == sum(value.numel() for value in network.parameters())


def test_scenes_that_no_training_had_are_painted_nearer_than_their_means():
    network, size, ours, means = load(FOLDER), (96, 128), [], []
    for seed in range(16):
        wish = example(np.random.default_rng([31_337, seed]))
        truth = drawn(wish.answer, size, wish.product, wish.texts, seed % 8).pixels.astype(float)
        request = Request(wish.answer, size, wish.product, wish.texts, seed % 8)
        ours.append(np.abs(painted(network, request, np.random.default_rng(0)) - truth).mean())
        means.append(np.abs(truth - truth.mean((0, 1))).mean())
    assert np.mean(ours) < 0.6 * np.mean(means)


def test_grounds_are_calm_behind_text(painter):
    grounds = painter.paint([scene(word, seed) for seed, word in enumerate(("tech", "kitchen", "fruit", "wine"))])
    texts = [suggestion.box for suggestion in scene().suggestions]
    assert all(calmness(ground.pixels, texts).holds for ground in grounds)


def test_the_category_changes_the_ground(painter):
    words = [TASTES[name].words.split()[0] for name in ("tech", "fruit", "jewellery", "baby")]
    grounds = [ground.pixels.astype(float) for ground in painter.paint([scene(word, 1) for word in words])]
    assert np.mean([np.abs(a - b).mean() for k, a in enumerate(grounds) for b in grounds[:k]]) > 15


@pytest.mark.parametrize("rgb", [(200, 30, 40), (20, 40, 120), (240, 220, 90)])
def test_a_reference_halves_the_distance_to_its_palette(painter, rgb):
    noise = np.random.default_rng(0).normal(0, 10, (64, 64, 3))
    reference = np.clip(np.array(rgb) + noise, 0, 255).astype(np.uint8)
    wanted = style.look_of(reference)
    away = [
        np.mean([style.distance(style.look_of(ground.pixels), wanted) for ground in painter.paint(scenes)])
        for scenes in ([scene("home", k, shown) for k in range(4)] for shown in (None, reference))
    ]
    assert away[1] < 0.5 * away[0]


def test_without_strength_the_reference_changes_no_pixel(painter):
    reference = np.full((40, 40, 3), (200, 30, 40), np.uint8)
    alone, nothing = painter.paint([scene("home"), scene("home", reference=reference, strength=0.0)])
    assert np.array_equal(alone.pixels, nothing.pixels)
