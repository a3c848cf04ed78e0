"""A vision tower learns where subjects are, once, before the language model learns."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from layoutgen.config.training import TrainSettings
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.checkpoints import load_chat_format
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.data.cases import DataError
from layoutgen.training.data.sample import Sample
from layoutgen.training.fitting import Fit, fit
from layoutgen.training.loop.steps import recipe_of
from layoutgen.training.vlm import lora
from layoutgen.training.vlm.dense import pretrain
from tests.pipeline.retraining import settings
from tests.training.samples import sample, store

SIDE = 56
RECIPE = recipe_of(
    TrainSettings(
        method="full",
        batch=4,
        image_side=SIDE,
        dtype="float32",
        checkpointing=False,
        dense_steps=60,
        dense_rate=3e-3,
    )
)


class Subjects:
    """Dark blocks on light ground, and where they are; with `known` False nobody says."""

    sha = "subjects"

    def __init__(self, known: bool = True) -> None:
        self.known = known

    def __len__(self) -> int:
        return 16

    def sample(self, index: int, epoch: int) -> Sample:
        told = sample(index)
        subject = (told.pixels < 200).all(2).astype(np.float32) if self.known else None
        return replace(told, subject=subject)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("base") / "base")


@pytest.fixture(autouse=True)
def one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def test_the_tower_learns_and_the_language_model_stays(base: Path) -> None:
    learner = lora.load_learner(base, RECIPE, "cpu")
    before = {name: weight.clone() for name, weight in learner.model.named_parameters()}
    lines = list(pretrain(learner.model, Subjects(), load_chat_format(base), RECIPE))
    assert [line["taken"] for line in lines] == [25, 50, 60]
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert lines[-1]["error"] < 0.15
    changed = {name for name, weight in learner.model.named_parameters() if not torch.equal(weight, before[name])}
    assert changed
    assert all(".visual." in name for name in changed)


def test_samples_must_say_where_the_subject_is(base: Path) -> None:
    learner = lora.load_learner(base, RECIPE, "cpu")
    with pytest.raises(DataError, match="set it to 0 for this data set"):
        list(pretrain(learner.model, Subjects(known=False), load_chat_format(base), RECIPE))


def test_a_run_does_it_once_and_decodes_held_back_layouts(base: Path, tmp_path: Path) -> None:
    data = store(tmp_path / "samples.arrow")
    values = {"method": "full", "dense_steps": 3, "decode_cases": 2, "free": True, "checkpoint_every": 100}
    config = settings(base, data, **values)
    job = Fit(str(tmp_path / "run"), config.train, config.data, Storage())
    fit(job)
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["taken"] for line in lines if line["kind"] == "dense"] == [3]
    decoded = [line for line in lines if line["kind"] == "decoded"]
    assert {"parsed", "iou", "covering"} <= set(decoded[-1])
    assert (tmp_path / "run" / "checkpoints" / "step-00000000").is_dir()
    remove(tmp_path / "run" / "checkpoints", "step-00000004")
    remove(tmp_path / "run", "outcome")
    fit(job)  # from the checkpoint that the dense steps left
    again = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    assert [line["taken"] for line in again if line["kind"] == "dense"] == [3]
    assert [line["loss"] for line in again if line["kind"] == "step"] == pytest.approx(
        [line["loss"] for line in lines if line["kind"] == "step"], rel=1e-4
    )


def remove(run: Path, name: str) -> None:
    for path in sorted(run.rglob("*"), reverse=True):
        if name in str(path.relative_to(run)):
            path.unlink() if path.is_file() else path.rmdir()
