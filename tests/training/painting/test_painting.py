"""What is learnt of Stable Diffusion is trained, judged and promoted as all models are, and paints."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

from layoutgen.config.posters import PaintSettings
from layoutgen.config.training import RetrainConfig
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.models.base import Painted
from layoutgen.models.building import painters
from layoutgen.models.denoising.rendering import checkpoint
from layoutgen.training.data.cases import DataError
from layoutgen.training.painting import parts, rows
from layoutgen.training.painting.learner import PaintingLearner, encode, losses
from layoutgen.training.painting.parts import Size
from layoutgen.training.painting.pictures import Picture, open_pictures
from layoutgen.training.retraining import retrain
from tests.models.denoising.rendering import folders
from tests.models.denoising.rendering.scenes import product, room, scene
from tests.pipeline.retraining import undisturbed
from tests.training.grounds import killed, settings

SMALL = Size(width=8, widths=(8, 8, 16, 16), rank=2)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("tiny")
    for kind in ("sd15", "inpainting", "sdxl"):
        folders.folder(root / kind, kind)
    folders.controlnet(root / "control")
    folders.controlnet(root / "control-sdxl", "sdxl")
    return root


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of 40 pictures in two sizes."""
    folder = tmp_path_factory.mktemp("pictures")
    lines = []
    for k in range(40):
        picture = room(k % 4, 96, 96 if k % 2 else 64)
        mask = np.zeros(picture.shape[:2], np.uint8)
        shape = product(k)
        mask[20:80, 10:54] = shape[..., 3]
        picture[20:80, 10:54][shape[..., 3] > 0] = shape[30, 22, :3]
        Image.fromarray(picture).save(folder / f"{k}.png")
        Image.fromarray(mask).save(folder / f"{k}-mask.png")
        elements = [{"role": "title", "box": [0.1, 0.02, 0.9, 0.15], "text": "A"}]
        lines.append({"image": f"{k}.png", "mask": f"{k}-mask.png", "category": f"c{k % 2}", "elements": elements})
    (folder / rows.FILE).write_text("".join(f"{json.dumps(line)}\n" for line in lines), "utf-8")
    return folder


def painting(tiny: Path, pictures: Path, part: str, kind: str = "sd15", **train: Any) -> RetrainConfig:
    values = {"model": "painting", "part": part, "backbone": str(tiny / kind), "batch": 2, "micro": 2, "rank": 2}
    return settings(tiny / "cache", str(pictures), {}, {}, **{**values, "average": 0.0, **train})


@pytest.mark.slow
@pytest.mark.parametrize(
    ("part", "kind"),
    [("rendernet", "sd15"), ("categories", "sd15"), ("rendernet", "inpainting"), ("lora", "sdxl")],
)
def test_a_part_that_lowers_the_loss_held_back_is_promoted_and_paints(
    tiny: Path, pictures: Path, tmp_path: Path, part: str, kind: str
) -> None:
    config = painting(
        tiny, pictures, part, kind, steps=20, rate=4e-3, checkpoint_every=20, validate_every=20, decode_cases=1
    )
    root = tmp_path / "registry"
    summary = retrain(config, str(tmp_path / "runs"), str(root), in_process=True)
    card = AdapterRegistry(Storage(), str(root)).card("ground", summary["version"])
    loss = card["metrics"]["held"]["loss"]
    assert loss["difference"] < 0
    assert loss["pairs"] >= 2
    assert summary["promoted"] == (loss["high"] < 0)
    assert card["metrics"]["held"]["palette"]["pairs"] == loss["pairs"]
    assert (card["family"], card["part"], card["whole"]) == ("painting", part, False)
    named = {part: summary["adapter"]}
    if part != "rendernet":
        named["controlnet"] = str(tiny / ("control" if kind == "sd15" else "control-sdxl"))
    painter, _ = painters.painter(
        PaintSettings(engine="stable_diffusion", model=str(tiny / kind), steps=2, guidance=1.0, **named), Storage()
    )
    assert isinstance(painter.paint([scene(1, category="c1")])[0], Painted)
    assert (Path(summary["output"]) / "samples" / "step-00000020.jpg").stat().st_size > 2000


@pytest.mark.slow
@pytest.mark.parametrize("part", ["rendernet", "categories", "lora"])
def test_a_training_that_is_killed_goes_on_to_the_same_weights(
    tiny: Path, pictures: Path, tmp_path: Path, part: str
) -> None:
    config = painting(tiny, pictures, part, validation_samples=0)
    whole = undisturbed(config, tmp_path / "whole")
    killed(config, tmp_path / "cut")
    assert undisturbed(config, tmp_path / "cut")["folder"] == whole["folder"], "which is named by the weights' sha"


@pytest.mark.parametrize("part", ["rendernet", "categories", "lora"])
def test_before_training_the_loss_is_the_plain_checkpoints_and_a_filler_counts_nothing(
    tiny: Path, pictures: Path, part: parts.Part
) -> None:
    model = checkpoint.load(tiny / "sd15")
    shown = [Picture(row) for row in rows.read(str(pictures), Storage())[:2]]
    batch = [encode(picture, k, 0, side=model.side, seed=0) for k, picture in enumerate(shown)]
    assert batch[0].placed.frame != batch[1].placed.frame
    plain = [losses(model, parts.none(model), [row]) for row in batch]
    learner = PaintingLearner(model, parts.new(model, part, ["c0", "c1"], SMALL, 0))
    lost, count, _ = learner([*batch, batch[0].filler()])
    assert count == 2
    # An identifier is heard from the beginning: its tokens are drawn.
    torch.testing.assert_close(lost, sum(plain).sum(), rtol=0.05 if part == "categories" else 1e-5, atol=1e-5)


def test_what_is_learnt_is_kept_in_float32_and_computed_in_bfloat16(tiny: Path, pictures: Path) -> None:
    picture = Picture(rows.read(str(pictures), Storage())[0])
    for part in ("rendernet", "categories", "lora"):
        model = checkpoint.load(tiny / "sd15", dtype=torch.bfloat16)
        learner = PaintingLearner(model, parts.new(model, part, ["c0", "c1"], SMALL, 0)).train()
        sums = learner([encode(picture, 0, 0, side=model.side, seed=0)])
        sums[0].backward()
        learnt = [weight for weight in learner.parameters() if weight.requires_grad]
        assert {weight.dtype for weight in learnt} == {torch.float32}
        assert any(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in learnt)


def test_memory_is_saved_without_another_gradient(tiny: Path, pictures: Path) -> None:
    picture, gradients = Picture(rows.read(str(pictures), Storage())[1]), []
    for saves in (False, True):
        model = checkpoint.load(tiny / "sd15")
        learner = PaintingLearner(model, parts.new(model, "lora", [], SMALL, 0))
        if saves:
            learner.checkpointing()
        learner.train()([encode(picture, 0, 0, side=model.side, seed=0)])[0].backward()
        gradients.append([weight.grad for weight in learner.parameters() if weight.requires_grad])
    torch.testing.assert_close(*gradients)


def test_what_can_not_be_learnt_is_refused_by_name(tiny: Path, pictures: Path, tmp_path: Path) -> None:
    runs, root = str(tmp_path / "runs"), str(tmp_path / "registry")

    def refused(error: type[Exception], why: str, config: RetrainConfig) -> None:
        with pytest.raises(error, match=why):
            retrain(config, runs, root, in_process=True)

    with pytest.raises(ValueError, match=r"name it in backbone"):
        painting(tiny, pictures, "lora", backbone="")
    refused(ValueError, "is a ControlNet; it goes into", painting(tiny, pictures, "lora", "control"))
    refused(ValueError, r"train\.backbone = .*none-such", painting(tiny, pictures, "lora", "none-such"))
    empty = tmp_path / "empty"
    empty.mkdir()
    refused(DataError, r"scenes\.jsonl can't be read", painting(tiny, empty, "lora"))
    (empty / rows.FILE).write_text("\n")
    refused(DataError, "has no rows", painting(tiny, empty, "lora"))
    (empty / rows.FILE).write_text('{"image": "1.png"}\n')
    refused(DataError, "0 samples|1 samples|holds back", painting(tiny, empty, "lora"))
    (empty / rows.FILE).write_text("".join(f'{{"image": "{k}.png"}}\n' for k in range(60)))
    refused(DataError, "names no category", painting(tiny, empty, "categories"))
    refused(DataError, r"60 images of the data set are gone, such as .*0\.png", painting(tiny, empty, "lora"))
    (empty / rows.FILE).write_text('{"image": "../secret.png"}\n')
    refused(DataError, r"line 1: .*climbs out", painting(tiny, empty, "lora"))
    assert not Path(root).exists()


def test_parts_under_one_name_are_told_apart(tiny: Path, pictures: Path, tmp_path: Path) -> None:
    for part in ("rendernet", "categories", "lora"):
        model = checkpoint.load(tiny / "sd15")
        made = parts.new(model, part, ["c0"], SMALL, 0)
        (tmp_path / part).mkdir()
        parts.save(made, model.unet, tmp_path / part)
        assert parts.part_in(tmp_path / part) == part
    with pytest.raises(ValueError, match=r"holds lora, and train.part is 'rendernet'"):
        parts.load(checkpoint.load(tiny / "sd15"), "rendernet", tmp_path / "lora")
    with pytest.raises(ValueError, match=r"holds no part of a painting"):
        parts.load(checkpoint.load(tiny / "sd15"), "lora", tiny / "sd15")
    with pytest.raises(ValueError, match=r"SD 1\.5's go with SD 1\.5"):
        parts.load(checkpoint.load(tiny / "sdxl"), "categories", tmp_path / "categories")


def test_pictures_are_split_by_name_whatever_else_is_there(pictures: Path, tmp_path: Path) -> None:
    data = open_pictures(RetrainConfig.model_validate({"data": {"source": str(pictures)}}).data, Storage())
    folder = shutil.copytree(pictures, tmp_path / "copy")
    lines = (folder / rows.FILE).read_text().splitlines()
    (folder / rows.FILE).write_text("\n".join([*lines[::-1], '{"image": "more.png"}']))
    again = rows.read(str(folder), Storage())
    assert {row.image for row in again if row.split == "test"} >= {case.key for case in data.test}
    assert not {case.key for case in data.test} & {row.image for row in data.train.rows}
    assert data.card["categories"].keys() == {"c0", "c1"}


def test_bad_rows_are_named_by_their_line(pictures: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(pictures, tmp_path / "copy")
    Image.new("L", (96, 96), 0).save(folder / "1-mask.png")
    Image.new("L", (10, 10), 0).save(folder / "2-mask.png")
    Image.new("L", (64, 60), 0).save(folder / "4-mask.png")
    (folder / "3.png").write_bytes(b"no picture")
    read = rows.read(str(folder), Storage())
    for k, why in (
        (1, "the mask is empty"),
        (2, "px, 16 a side"),
        (3, r"3\.png can't be read"),
        (4, "mask is 64 x 60"),
    ):
        with pytest.raises(rows.RowError, match=rf"line {k + 1}: .*{why}.*; mend or leave out the row"):
            read[k].picture()
    for line, why in (
        ('{"mask": "a"}', "'image' is missing"),
        ('{"image": 3}', "are texts"),
        ('{"image": "a", "elements": [{"role": "title", "box": [0.5, 0, 0.2, 1]}]}', "is not left, top"),
        ('{"image": "a", "elements": [{"role": "hero", "box": [0, 0, 1, 1]}]}', "hero"),
        ("[1]", "see the table"),
        ("{", "see the table"),
    ):
        (folder / rows.FILE).write_text(f"{line}\n", "utf-8")
        with pytest.raises(rows.RowError, match=rf"line 1: .*{why}"):
            rows.read(str(folder), Storage())
