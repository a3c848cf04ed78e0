from dataclasses import replace

import numpy as np
import pytest

from layoutgen.config.posters import PaintSettings
from layoutgen.core import colour
from layoutgen.core.layout import Canvas
from layoutgen.io.storage import Storage
from layoutgen.models.base import Fault, Scene
from layoutgen.models.building import painters
from layoutgen.models.painters import plain

CANVAS = Canvas(270, 360)
ENGINES = sorted({*PaintSettings.model_fields["engine"].annotation.__args__} - {"stable_diffusion"})
"""Those that need nothing from elsewhere."""


def scene(rgb=(200, 40, 30), seed=0, **more):
    product = np.zeros((80, 60, 4), np.uint8)
    product[..., :3], product[..., 3] = rgb, 255
    photo = np.random.default_rng(1).integers(0, 256, (90, 160, 3), np.uint8)
    return Scene(CANVAS, product, (0.2, 0.4, 0.6, 0.9), seed=seed, photo=lambda: photo, **more)


@pytest.mark.parametrize("engine", ENGINES)
def test_the_same_scene_has_the_same_ground_alone_and_among_others(engine):
    painter, about = painters.painter(PaintSettings(engine=engine), Storage())
    scenes = [scene(seed=seed) for seed in range(4)]
    alone = [painter.paint([each])[0] for each in scenes]
    for ground, again in zip(painter.paint(scenes), alone, strict=True):
        assert np.array_equal(ground.pixels, again.pixels)
        height, width = ground.pixels.shape[:2]
        assert width / height == pytest.approx(CANVAS.width / CANVAS.height, rel=0.02)
        assert ground.pixels.dtype == np.uint8
        assert ground.condition == again.condition != ""
    assert about.painter.startswith(engine)
    assert (about.sha is None) == (engine not in ("drawn", "painted"))


@pytest.mark.parametrize("rgb", [(250, 250, 250), (12, 12, 14), (200, 40, 30), (128, 128, 128), (255, 220, 0)])
def test_a_ground_parts_from_the_product(rgb):
    lightness = float(colour.to_oklch(np.array(rgb, np.uint8))[0])
    for seed in range(12):
        ground = colour.to_oklch(colour.to_rgb(plain.ground_colour(scene(rgb, seed))))[0]
        assert abs(float(ground) - lightness) > 0.1


def test_seeds_give_several_colours():
    assert len({plain.ground_colour(scene(seed=seed)) for seed in range(24)}) >= 6


def test_a_reference_draws_the_colour_to_its_own_by_its_strength():
    reference = np.full((40, 40, 3), (20, 110, 60), np.uint8)
    aim = _lab("#146e3c")
    own, half, full = (
        _lab(plain.ground_colour(scene(reference=reference, strength=strength))) for strength in (0.0, 0.5, 1.0)
    )
    assert plain.ground_colour(scene(reference=reference, strength=0.0)) == plain.ground_colour(scene())
    distances = [float(np.linalg.norm(lab - aim)) for lab in (own, half, full)]
    assert distances[0] > 1.8 * distances[1] > 1.8 * distances[2]
    assert distances[2] < 0.02


def _lab(hex_colour):
    lightness, chroma, hue = colour.to_oklch(colour.to_rgb(hex_colour))
    return np.array([lightness, chroma * np.cos(hue), chroma * np.sin(hue)])


def test_a_blurred_ground_needs_the_photo():
    (fault,) = plain.BlurredPainter().paint([replace(scene(), photo=None)])
    assert isinstance(fault, Fault)
    assert fault.kind == "no_photo"


def test_a_wall_meets_its_floor_behind_the_products_foot():
    (ground,) = plain.GradientPainter().paint([scene()])
    assert 0.4 < ground.horizon < 0.9
    restless = np.abs(np.diff(ground.pixels.astype(int), axis=0)).mean()
    assert restless < 2


def test_what_lies_has_a_wall_and_no_floor():
    standing, lying = (plain.GradientPainter().paint([replace(scene(), lies=lies)])[0] for lies in (False, True))
    assert standing.horizon > 0 and lying.horizon == 0
    above, below = (painted.pixels[5].mean() - painted.pixels[-5].mean() for painted in (standing, lying))
    assert abs(below) < abs(above)
