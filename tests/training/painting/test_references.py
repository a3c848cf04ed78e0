"""A branch that follows references learns to, and is never shown what it is to paint."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from layoutgen.config.posters import PaintSettings
from layoutgen.config.training import RetrainConfig
from layoutgen.core.errors import Refusal
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.models.base import Painted
from layoutgen.models.building import painters
from layoutgen.models.denoising.rendering import checkpoint
from layoutgen.training.data.cases import DataError
from layoutgen.training.kinds import kind_of
from layoutgen.training.painting import parts, rows
from layoutgen.training.painting.learner import PaintingLearner, encode, losses
from layoutgen.training.painting.parts import Size
from layoutgen.training.painting.pictures import Picture
from layoutgen.training.painting.references import apart, is_of, varied, with_reference
from layoutgen.training.retraining import retrain
from tests.models.denoising.rendering import folders
from tests.models.denoising.rendering.scenes import room, scene
from tests.pipeline.retraining import undisturbed
from tests.training.grounds import killed
from tests.training.grounds import settings as settings_of

SIDE = 160


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    folders.folder(root / "sd15")
    folders.controlnet(root / "control")
    folders.image_encoder(root / "encoder")
    return root


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 30 pictures of plain products beside which there is ground, of grounds in four colours."""
    folder, lines = tmp_path_factory.mktemp("pictures"), []
    for k in range(30):
        picture, mask = room(k % 4, SIDE, SIDE), np.zeros((SIDE, SIDE), np.uint8)
        picture[40:140, 10:60], mask[40:140, 10:60] = (30, 30, 30), 255
        Image.fromarray(picture).save(folder / f"{k}.png")
        Image.fromarray(mask).save(folder / f"{k}-mask.png")
        lines.append({"image": f"{k}.png", "mask": f"{k}-mask.png"})
    (folder / rows.FILE).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return folder


def styled(tiny: Path, pictures: Path, **train: Any) -> RetrainConfig:
    values = {"model": "painting", "part": "ip_adapter", "backbone": str(tiny / "sd15"), "average": 0.0, "batch": 2}
    values |= {"encoder": str(tiny / "encoder"), "micro": 2}
    return settings_of(tiny / "cache", str(pictures), {}, {}, **{**values, **train})


@pytest.mark.slow
def test_it_is_trained_promoted_and_follows_a_reference_in_serving(tiny: Path, pictures: Path, tmp_path: Path) -> None:
    config = styled(tiny, pictures, steps=24, rate=5e-3, checkpoint_every=24, validate_every=24, decode_cases=1)
    summary = retrain(config, str(tmp_path / "runs"), str(tmp_path / "registry"), in_process=True, force=True)
    card = AdapterRegistry(Storage(), str(tmp_path / "registry")).card("ground", summary["version"])
    held = card["metrics"]["held"]
    assert held["loss"]["difference"] < 0
    assert held["palette"]["pairs"] == held["loss"]["pairs"], "every picture has ground for a reference"
    painter, _ = painters.painter(
        PaintSettings(
            engine="stable_diffusion",
            model=str(tiny / "sd15"),
            controlnet=str(tiny / "control"),
            ip_adapter=summary["adapter"],
            image_encoder=str(tiny / "encoder"),
            steps=2,
            guidance=1.0,
        ),
        Storage(),
    )

    def paint(**more: Any) -> np.ndarray:
        (answer,) = painter.paint([scene(1, **more)])
        assert isinstance(answer, Painted), answer
        return answer.pixels.astype(int)

    plain, followed = paint(), paint(reference=room(2), strength=1.0)
    assert np.abs(plain - paint(reference=room(2), strength=0.0)).max() == 0
    assert np.abs(plain - followed).max() > 0
    assert np.abs(paint(reference=room(3), strength=1.0) - followed).max() > 0


@pytest.mark.slow
def test_a_training_that_is_killed_goes_on_to_the_same_weights(tiny: Path, pictures: Path, tmp_path: Path) -> None:
    config = styled(tiny, pictures, validation_samples=0)
    whole = undisturbed(config, tmp_path / "whole")
    killed(config, tmp_path / "cut")
    assert undisturbed(config, tmp_path / "cut")["folder"] == whole["folder"]


def test_before_training_and_without_a_reference_it_is_the_plain_checkpoint(tiny: Path, pictures: Path) -> None:
    model = checkpoint.load(tiny / "sd15")
    picture = Picture(rows.read(str(pictures), Storage())[0])
    row = next(
        row
        for epoch in range(9)
        if (row := encode(picture, 0, epoch, side=model.side, seed=0, with_reference=True)).reference is not None
    )
    plain = losses(model, parts.none(model), [row])
    made = parts.new(model, "ip_adapter", [], Size(), 0, tiny / "encoder")
    learner = PaintingLearner(model, made).train()
    torch.testing.assert_close(losses(model, made, [row]), plain, rtol=0, atol=1e-5)
    for weight in learner.parameters():
        if weight.requires_grad:
            torch.nn.init.normal_(weight, std=0.3)
    without = type(row)(row.pixels, row.placed, row.prompt, row.category, row.seed)
    torch.testing.assert_close(losses(model, made, [without]), plain, rtol=0, atol=1e-5)
    assert (losses(model, made, [row]) - plain).abs() > 1e-4


@given(
    st.integers(32, 400),
    st.integers(32, 400),
    *[st.floats(0, 1) for _ in range(4)],
)
@settings(deadline=None, max_examples=60)
def test_what_is_painted_and_its_reference_share_no_pixel(width, height, a, b, c, d):
    box = (min(a, b), min(c, d), max(a, b) + 0.01, max(c, d) + 0.01)
    windows = apart(width, height, tuple(min(side, 1.0) for side in box))
    if windows is None:
        return
    (left, top, right, bottom), (x, y, x_end, y_end) = windows
    assert right <= x or x_end <= left or bottom <= y or y_end <= top
    assert min(x_end - x, y_end - y) >= 24
    assert left <= min(1, box[0]) * width and top <= min(1, box[1]) * height
    assert right >= min(1, box[2]) * width - 1e-6 and bottom >= min(1, box[3]) * height - 1e-6


@pytest.mark.parametrize("piece", [slice(0, 160), slice(20, 110)])
@pytest.mark.parametrize("mirrored", [False, True])
@pytest.mark.parametrize("scale", [1, 2])
def test_a_reference_that_is_the_picture_or_a_piece_of_it_is_not_shown(piece, mirrored, scale):
    picture = scenery(3)
    reference = np.ascontiguousarray(picture[piece, piece][:, :: -1 if mirrored else 1])
    reference = np.asarray(Image.fromarray(reference).resize((reference.shape[1] * scale, reference.shape[0] * scale)))
    assert is_of(reference, picture)
    assert not is_of(scenery(4), picture)
    target = scene(1)
    assert with_reference(picture, target, reference)[1] is None
    assert with_reference(picture, target, scenery(4))[1] is not None


def scenery(seed: int) -> np.ndarray:
    """A ground with shapes, (160, 160, 3)."""
    draw = np.random.default_rng(seed)
    picture = room(seed, 160, 160)
    for _ in range(7):
        x, y = draw.integers(0, 120, 2)
        picture[y : y + 40, x : x + 30] = draw.integers(0, 255, 3)
    return picture


def test_references_are_varied_and_some_are_dropped(tiny: Path, pictures: Path) -> None:
    picture = Picture(rows.read(str(pictures), Storage())[1])
    (shown, target), reference = picture.with_reference()
    assert reference is not None
    assert target.canvas.width == shown.shape[1] < SIDE
    pieces = [varied(reference, np.random.default_rng(k)) for k in range(8)]
    assert len({piece.shape for piece in pieces}) > 4
    assert all(piece.shape[0] <= reference.shape[0] and piece.shape[1] <= reference.shape[1] for piece in pieces)
    drawn = [encode(picture, 0, epoch, side=64, seed=0, with_reference=True).reference for epoch in range(60)]
    assert 0.15 < np.mean([each is None for each in drawn]) < 0.5


def test_what_shows_no_reference_is_refused(tiny: Path, pictures: Path, tmp_path: Path) -> None:
    with pytest.raises(Refusal, match=r"name one in train\.encoder"):
        kind_of(styled(tiny, pictures, encoder="").train, Storage())
    folder = tmp_path / "pictures"
    folder.mkdir()
    Image.fromarray(room(1, 60, 60)).save(folder / "a.png")
    mask = np.full((60, 60), 255, np.uint8)
    mask[0] = 0
    Image.fromarray(mask).save(folder / "m.png")
    lines = [{"image": "a.png", "mask": "m.png", "reference": "a.png"}]
    (folder / rows.FILE).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    config = styled(tiny, folder)
    with pytest.raises(DataError, match="has ground beside its product for a reference"):
        kind_of(config.train, Storage()).open_data(config.data)
