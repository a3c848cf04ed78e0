"""The network of scenes that comes with the package is what its card says, and follows category and reference."""

import hashlib
import json

import numpy as np
import pytest

from layoutgen.core.layout import Canvas, Role, Suggestion
from layoutgen.models.base import Scene
from layoutgen.models.denoising.scenes import style
from layoutgen.models.denoising.scenes.checkpoint import load
from layoutgen.models.denoising.scenes.painter import DrawnPainter
from layoutgen.models.denoising.scenes.proposing import Proposer
from layoutgen.models.weights import EMBEDDED, local
from layoutgen.training.corpus.taste import TASTES
from layoutgen.training.corpus.wishes import words


@pytest.fixture(scope="module")
def proposer():
    return Proposer(load(local(f"{EMBEDDED}/scenes")))


@pytest.fixture(scope="module")
def painter(proposer):
    return DrawnPainter(proposer)


def scene(category=None, seed=0, reference=None, strength=0.8):
    product = np.zeros((80, 60, 4), np.uint8)
    product[10:70, 10:50] = (60, 90, 160, 255)
    texts = (Suggestion(Role.TITLE, (0.1, 0.05, 0.9, 0.16), "Ten years"),)
    box = (0.3, 0.4, 0.7, 0.9)
    return Scene(Canvas(150, 200), product, box, texts, category, reference, strength, seed=seed)


def test_it_is_small_and_its_card_is_of_these_weights():
    folder = local(f"{EMBEDDED}/scenes")
    card = json.loads((folder / "card.json").read_text("utf-8"))
    weights = folder / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == card["sha256"]
    assert weights.stat().st_size == card["bytes"] <= 6e6
    assert load(folder).words == words()


@pytest.mark.parametrize("category", ["tech", "skincare", "festival", "kitchen", "jewellery", "fruit"])
def test_most_scenes_are_of_the_kinds_that_a_designer_shows_for_the_category(proposer, category):
    word = TASTES[category].words.split()[0]
    kinds = [proposer.propose(scene(word, seed)).numbers.kind for seed in range(16)]
    assert np.mean([kind in TASTES[category].kinds.split() for kind in kinds]) >= 0.7
    assert len(set(kinds)) > 1


@pytest.mark.parametrize("rgb", [(200, 30, 40), (20, 40, 120), (240, 220, 90), (30, 32, 34)])
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
