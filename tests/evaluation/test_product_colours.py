"""Colours of a poster's product as the training of scenes wants them."""

import numpy as np
from PIL import Image

from layoutgen.evaluation.product_colours import ProductColours
from layoutgen.io.storage import Storage
from layoutgen.models.denoising.scenes.conditions import product_numbers
from tests.drawn import encoded


def row(image, **changes):
    return {
        "row_id": "p1@800x800",
        "images": [str(image)],
        "background_seed": 3,
        "product_box": [0, 0, 1, 1],
        **changes,
    }


def test_colours_are_those_of_the_cut_out(tmp_path):
    pixels = np.zeros((60, 40, 4), np.uint8)
    pixels[10:50, 5:35] = (200, 30, 30, 255)
    pixels[10:20, 5:35] = (20, 30, 200, 255)
    (tmp_path / "vase.png").write_bytes(encoded(Image.fromarray(pixels), "PNG"))
    colours = ProductColours(Storage())
    found = np.asarray(colours.of(row(tmp_path / "vase.png")))
    assert found.shape == (3, 4) and np.isclose(found[:, 3].sum(), 1, atol=1e-3)
    wanted = product_numbers(pixels[10:50, 5:35])[:12].reshape(3, 4)
    assert np.allclose(found, wanted, atol=0.02)


def test_what_is_no_poster_of_a_seed_and_what_is_gone_have_none(tmp_path):
    colours = ProductColours(Storage())
    assert colours.of(row(tmp_path / "vase.png", background_seed=None)) is None
    assert colours.of(row(tmp_path / "vase.png", product_box=None)) is None
    assert colours.of(row(tmp_path / "gone.png")) is None
