import hashlib
import json
from importlib.resources import files

import numpy as np
import pytest
from PIL import Image, ImageDraw

from layoutgen.models.finders import network as saliency_net
from layoutgen.models.finders.network import NetSaliency
from tests.drawn import photo


@pytest.fixture(scope="module")
def finder():
    return NetSaliency()


def test_a_drawn_vase_is_found(finder):
    for seed in range(4):
        picture = photo(seed=seed)
        mask = np.asarray(picture.convert("L")).astype(int) < 190
        (found,) = finder.saliency([np.asarray(picture)])
        small = np.asarray(Image.fromarray(mask).resize(found.shape[::-1]))
        over = found > 0.5
        assert (over & small).sum() / (over | small).sum() > 0.75, seed


def test_a_packshot_is_found_and_its_ground_is_free(finder):
    picture = Image.new("RGB", (400, 500), "white")
    ImageDraw.Draw(picture).rounded_rectangle((130, 120, 270, 420), 30, fill=(60, 110, 70))
    (found,) = finder.saliency([np.asarray(picture)])
    assert found[128, 102] > 0.8
    assert found[:20].max() < 0.2 and found[:, :20].max() < 0.2


@pytest.mark.parametrize("size", [(1, 1), (5, 300), (300, 5), (16, 2000), (1200, 900)])
def test_every_size_of_picture_has_a_map_of_its_shape(finder, size):
    (found,) = finder.saliency([np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)])
    scale = min(1, 256 / max(size))
    assert found.shape == tuple(max(1, round(side * scale)) for side in size)
    assert found.dtype == np.float32 and np.isfinite(found).all() and found.min() >= 0 and found.max() <= 1


def test_the_map_is_the_same_every_time_and_in_any_company(finder):
    pictures = [np.asarray(photo(seed=1)), np.asarray(photo(300, 200, seed=2)), np.zeros((9, 40, 3), np.uint8)]
    together = finder.saliency(pictures)
    for picture, found in zip(pictures, together, strict=True):
        assert np.array_equal(finder.saliency([picture])[0], found)


def test_the_weights_are_small_and_their_card_is_true():
    card = saliency_net.card()
    data = (files("layoutgen.models") / "embedded" / "saliency.safetensors").read_bytes()
    assert card["bytes"] == len(data) < 10_000_000
    assert card["parameters"] < 500_000
    assert card["sha256"] == hashlib.sha256(data).hexdigest()
    assert saliency_net.version() == f"net-1-{card['sha256'][:12]}"
    assert {"seed", "steps", "made_by", "from_folders", "measured"} <= set(json.loads(json.dumps(card)))
