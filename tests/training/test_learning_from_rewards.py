"""Learning from rewards as a whole training: it goes on after a kill, ends by the held-out judge, goes through the
gate, and is refused where it has nothing to learn from."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from layoutgen.config.training import RetrainConfig
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.training.data.cases import DataError
from layoutgen.training.kinds import data_of as open_data
from layoutgen.training.retraining import retrain
from layoutgen.training.rewards import held_back
from tests.pipeline.retraining import base_of, outcome, settings, undisturbed
from tests.training.grounds import killed
from tests.training.samples import store
from tests.training.test_workers import Runs

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("rewards")


def rewarded(folder: Path, **train: Any) -> RetrainConfig:
    """Few steps of few layouts."""
    base, data = folder / "base", folder / "samples.arrow"
    values = {"method": "grpo", "explore": {"group": 3}, "batch": 2, "steps": 3, "validation_samples": 1, **train}
    return settings(base if base.exists() else base_of(base), data if data.exists() else store(data), **values)


def lines_of(root: Path, kind: str) -> list[dict[str, Any]]:
    return [line for line in map(json.loads, (root / "log.jsonl").read_text().splitlines()) if line["kind"] == kind]


@pytest.mark.parametrize("method", ["grpo", "best_of"])
def test_killed_in_a_step_it_ends_with_the_weights_of_an_undisturbed_run(folder: Path, method: str) -> None:
    explore = {"group": 3} if method == "best_of" else {"group": 3, "updates": 2, "kl": 0.05}
    config = rewarded(folder, method=method, explore=explore)
    killed(config, folder / f"{method}-killed", "step_3_of_0")
    again, alone = (undisturbed(config, folder / f"{method}{name}") for name in ("-killed", "-alone"))
    assert again["folder"] == alone["folder"]
    assert [line["step"] for line in lines_of(folder / f"{method}-killed", "step")] == [1, 2, 3]
    assert [line["step"] for line in lines_of(folder / f"{method}-killed", "validation")] == [0, 2, 3]


def test_two_workers_share_the_questions(tmp_path: Path) -> None:
    runs = Runs(tmp_path)
    weights = runs.run(
        "two", 2, method="grpo", explore={"group": 3}, batch=2, steps=2, validation_samples=2, export="last"
    )
    assert any(weight.abs().sum() > 0 for name, weight in weights.items() if "lora_B" in name)
    steps, (start, *_) = runs.lines("two", "step"), runs.lines("two", "validation")
    assert [line["step"] for line in steps] == [1, 2]
    assert start["held_out"] == start["loss"]


def test_it_ends_where_the_held_out_judge_gains_nothing_and_keeps_what_it_began_with(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    objections = iter([1.0, 2.0, 3.0, 4.0, 5.0])
    monkeypatch.setattr(held_back, "held_out", lambda *_: next(objections))
    config = rewarded(folder, steps=5, validate_every=1, explore={"group": 3, "patience": 2})
    undisturbed(config, folder / "patient")
    ended = outcome(folder / "patient")
    assert (ended["steps"], ended["exported_step"], ended["validation_loss"]) == (2, 0, 1.0)
    assert (folder / "patient" / "rewards.svg").read_text().startswith("<svg")
    assert list((folder / "patient" / "samples").glob("rewarded-*.jpg"))
    undisturbed(config, folder / "patient")  # and does not go on where it ended
    assert outcome(folder / "patient") == ended


def test_its_adapter_goes_through_the_gate(folder: Path) -> None:
    summary = retrain(rewarded(folder), str(folder / "out"), str(folder / "registry"), in_process=True)
    card = AdapterRegistry(Storage(), str(folder / "registry")).card("poster", summary["version"])
    assert (card["method"], card["whole"], card["recipe"]["method"]) == ("grpo", False, "grpo")
    shape = json.loads((folder / "out" / summary["run"] / "run.json").read_text())
    assert shape["explore"]["group"] == 3
    assert summary["reasons"]


def test_what_says_no_subject_is_refused_before_it_begins(folder: Path) -> None:
    data = store(folder / "blind.arrow", subject=None)
    config = rewarded(folder)
    blind = config.model_copy(update={"data": config.data.model_copy(update={"source": str(data)})})
    reason = r"sample s0 does not say where its subject is, which .*; set data\.subjects = 'net'"
    with pytest.raises(ValueError, match=reason):
        retrain(blind, str(folder / "none"), str(folder / "registry"), in_process=True)
    assert not (folder / "none").exists()


def test_what_paints_grounds_makes_no_layouts(folder: Path) -> None:
    train = rewarded(folder).train.model_copy(update={"model": "embedded/scenes"})
    with pytest.raises(DataError, match="'grpo' learns from layouts, and 'embedded/scenes' makes none"):
        open_data(RetrainConfig().data, train, Storage())
