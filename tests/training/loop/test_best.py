"""What is exported is what validated best, also where training went on from a checkpoint before or after it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.training import run
from layoutgen.training.loop.best import Best
from layoutgen.training.loop.saving import CheckpointError
from tests.pipeline.retraining import base_of, data_of, settings, undisturbed


@pytest.fixture(scope="module")
def parts(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("parts")
    return base_of(folder / "base"), data_of(folder, train=4, held=4)


@pytest.fixture
def losses(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[int, float]]:
    """Validation losses as they shall be, by step; what is asked for otherwise is very high."""
    told: dict[int, float] = {}
    monkeypatch.setattr(run, "validate", lambda engine, *_: (told.pop(min(told), 9.0), 0.5))
    yield told


def tensors(path: Path) -> list[torch.Tensor]:
    """A file's tensors in an order of their own: adapter and checkpoint name them differently."""
    return sorted(load_file(path).values(), key=lambda one: (one.shape, float(one.sum())))


def test_the_weights_of_the_lowest_validation_loss_are_exported(
    parts: tuple[Path, Path], losses: dict[int, float], tmp_path: Path
) -> None:
    for export, step in (("best", 4), ("last", 6)):
        losses |= {2: 0.5, 4: 0.3, 6: 0.9}
        root = tmp_path / export
        outcome = undisturbed(settings(*parts, steps=6, export=export), root)
        assert (outcome["steps"], outcome["exported_step"]) == (6, step)
        assert outcome["validation_loss"] == {4: 0.3, 6: 0.9}[step]
        exported = tensors(root / outcome["folder"] / "adapter_model.safetensors")
        kept = tensors(root / "checkpoints" / f"step-{step:08d}" / run.WEIGHTS)
        assert all(torch.equal(one, other) for one, other in zip(exported, kept, strict=True))


def test_a_training_that_goes_on_remembers_what_was_best(
    parts: tuple[Path, Path], losses: dict[int, float], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    losses |= {2: 0.3, 4: 0.8}

    def dies(name: str) -> None:
        if name == "step_5_of_0":
            raise KeyboardInterrupt

    config = settings(*parts, steps=6)
    monkeypatch.setattr(run, "crash_point", dies)
    with pytest.raises(KeyboardInterrupt):
        undisturbed(config, tmp_path / "run")
    monkeypatch.setattr(run, "crash_point", crash_point)
    losses |= {6: 0.4}
    outcome = undisturbed(config, tmp_path / "run")
    assert (outcome["steps"], outcome["exported_step"], outcome["validation_loss"]) == (6, 2, 0.3)
    assert len(list((tmp_path / "run" / "best").iterdir())) == 1


def test_where_nothing_is_validated_the_last_weights_are_exported(parts: tuple[Path, Path], tmp_path: Path) -> None:
    outcome = undisturbed(settings(*parts, steps=2, validation_samples=0), tmp_path / "run")
    assert (outcome["exported_step"], outcome["validation_loss"]) == (2, None)


def test_damaged_weights_are_not_exported(tmp_path: Path) -> None:
    best = Best(Storage(), str(tmp_path))
    best.put(3, 0.5, {"a": torch.zeros(2)})
    (file,) = (tmp_path / "best").iterdir()
    file.write_bytes(bytes(reversed(file.read_bytes())))
    with pytest.raises(CheckpointError, match=r"step-00000003\.safetensors is damaged"):
        Best(Storage(), str(tmp_path)).weights()
