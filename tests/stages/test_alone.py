"""What was laid out before never changes a layout, though photos, maps, texts and drawn canvases are kept."""

from functools import cache

import cv2
import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.core import rows, schema
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.models.building import composers
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers import rules
from layoutgen.stages import judging, place, travelling
from layoutgen.stages.compose import Compose
from layoutgen.stages.judging import Judging
from layoutgen.stages.place import Place
from layoutgen.stages.repair import Effort, Repair
from tests.budget import examples
from tests.stages.planned import planned, with_pixels

SETTINGS = PlaceSettings()
SQUARE, WIDE = {"canvas_width": 480, "canvas_height": 480}, {"canvas_width": 640, "canvas_height": 360}
COPY = (
    {"title": "静音破壁机", "selling_points": ["一机多用", "终身保修"]},
    {"title": "Soft wool, spun slowly", "price": "$59"},
)


def photo(seed, left):
    """A blue thing on a wall with some grain, at a place of its own."""
    grain = cv2.GaussianBlur(np.random.default_rng(seed).normal(0, 24, (120, 100, 3)).astype(np.float32), (0, 0), 1.5)
    pixels = np.clip(200 + grain, 0, 255).astype(np.uint8)
    pixels[50:110, left : left + 40] = (40, 60, 160)
    subject = np.zeros((120, 100), np.uint8)
    subject[50:110, left : left + 40] = 255
    return pixels, subject


PHOTOS = [photo(0, 30), photo(1, 5), photo(2, 55)]


@cache
def table():
    """Rows of three photos on two canvases, with two copies."""
    made = [(p, {**canvas, **COPY[(p + k) % 2]}) for p in range(3) for k, canvas in enumerate((SQUARE, WIDE))]
    asked = with_pixels(planned(*(row for _, row in made)), [PHOTOS[p][0] for p, _ in made])
    maps = {i: images.encode_png(PHOTOS[p][1]) for i, (p, _) in enumerate(made)}
    keys = {i: p for i, (p, _) in enumerate(made)}
    return rows.add(asked, {"subject_map": rows.dictionary(maps, keys, len(made))}, schema.ANNOTATED)


@cache
def stages():
    faces = FaceFor(SETTINGS)
    compose = Compose(lambda: composers.composer(ComposeSettings(), SETTINGS, faces, 0, Storage()), faces, 8)
    looking = Judging(SETTINGS.min_font, SETTINGS.min_contrast)
    return compose, Repair(Place(SETTINGS, faces), looking, Effort(rounds=1, above=0.0), compose, rules.VERSION)


def laid_out(some):
    compose, repair = stages()
    return repair(compose(some)).to_pylist()


def forget():
    """As in a process that has laid out nothing yet."""
    stages.cache_clear()
    for kept in (travelling.read_photo, travelling.read_map, travelling.read_subject, judging._framed, place._ground):
        kept.cache_clear()


@cache
def alone():
    results = []
    for i in range(len(table())):
        forget()
        results += laid_out(table().slice(i, 1))
    return results


@settings(max_examples=examples(4, 100), deadline=None)
@given(st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_a_layout_is_the_same_alone_and_after_any_others(chosen):
    assert laid_out(table().take(chosen)) == [alone()[i] for i in chosen]
