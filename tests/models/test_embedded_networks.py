"""The networks that denoise which come with the package are what their cards say, and look at the picture."""

import hashlib
import json

import numpy as np
import pytest
from safetensors import safe_open

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, area, intersection
from layoutgen.models.base import Brief, Composer, Composition
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.weights import EMBEDDED, local

COPY = Copy("手冲咖啡壶", ("食品级不锈钢", "到手价￥199"), None, None, "zh")
CANVAS = Canvas(1080, 1080)


@pytest.fixture(params=["radm", "layout_image"], scope="module")
def name(request: pytest.FixtureRequest) -> str:
    if request.param == "layout_image":
        pytest.importorskip("diffusers")
    return str(request.param)


@pytest.fixture(scope="module")
def composer(name: str) -> Composer:
    folder = local(f"{EMBEDDED}/{name}")
    assert folder is not None
    return FAMILIES[name].composer(FAMILIES[name].load(folder, "cpu"), frame=lambda *_: Framing(), steps=8)


def test_it_is_small_and_its_card_is_of_these_weights(name: str) -> None:
    folder = local(f"{EMBEDDED}/{name}")
    assert folder is not None
    card = json.loads((folder / "card.json").read_text("utf-8"))
    weights = folder / "model.safetensors"
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == card["sha256"]
    assert card["family"] == name
    assert weights.stat().st_size == card["bytes"] <= 25e6
    with safe_open(weights, "pt") as file:
        shapes = {key: file.get_slice(key) for key in file.keys()}  # noqa: SIM118 - it is no mapping
    assert sum(int(np.prod(one.get_shape())) for one in shapes.values()) == card["parameters"] <= 12_000_000


def test_its_texts_keep_off_a_subject_wherever_it_is(composer: Composer) -> None:
    briefs = []
    for left, top in ((0, 0), (0, 150), (150, 0), (150, 150), (75, 150), (75, 0)):
        pixels = np.full((300, 300, 3), 235, np.uint8)
        pixels[top : top + 150, left : left + 150] = (40, 60, 90)
        subject = np.zeros((300, 300), np.float32)
        subject[top : top + 150, left : left + 150] = 1
        briefs.append(Brief(pixels, Annotation((), subject_map=subject), COPY, CANVAS))
    covered = []
    for brief, made in zip(briefs, composer.compose(briefs), strict=True):
        assert isinstance(made, Composition)
        texts = [one for one in made.suggestions if one.role is not Role.UNDERLAY]
        assert [one.text for one in texts] == [COPY.title, *COPY.selling_points]
        mask = brief.annotation.subject_map
        assert mask is not None
        rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
        box = (columns[0] / 300, rows[0] / 300, (columns[-1] + 1) / 300, (rows[-1] + 1) / 300)
        covered += [intersection(one.box, box) / area(one.box) for one in texts]
    assert np.mean(covered) < 0.1, covered
