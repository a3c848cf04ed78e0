"""Several workers learn what one does, with DeepSpeed too; what one of them wrote, others go on from."""

import json
import shutil
import socket
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from layoutgen.io.storage import Storage
from layoutgen.training.fitting import Fit, fit
from tests.limits import PATIENCE_S
from tests.pipeline.retraining import base_of, data_of, settings
from tests.training import worker

pytestmark = pytest.mark.slow


class Runs:
    """Trainings in a folder, a process a worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base, self.data = base_of(folder / "base"), data_of(folder)

    def begin(self, name: str, workers: int, does: Callable[[Fit], None] = fit, **train: Any) -> list[BaseProcess]:
        config = settings(self.base, self.data, **train)
        job = Fit(str(self.folder / name), config.train, config.data, Storage())
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        crash = self.folder / f"{name}-crash"
        return [worker.begin(job, rank, workers, port, self.log(name, rank), crash, does) for rank in range(workers)]

    def log(self, name: str, rank: int = 0) -> Path:
        return self.folder / f"{name}-{rank}.log"

    def run(self, name: str, workers: int, **train: Any) -> dict[str, torch.Tensor]:
        for rank, process in enumerate(self.begin(name, workers, **train)):
            process.join(PATIENCE_S)
            assert process.exitcode == 0, self.log(name, rank).read_text()[-3000:]
        (folder,) = (self.folder / name / "outcome").iterdir()
        return load_file(folder / "adapter_model.safetensors")

    def kill_at(self, name: str, point: str, workers: int, **train: Any) -> None:
        """Run until a worker comes to a point, and kill -9 all of them there."""
        crash = self.folder / f"{name}-crash"
        crash.mkdir()
        (crash / point).touch()
        processes = self.begin(name, workers, **train)
        deadline = time.monotonic() + PATIENCE_S
        while not list(crash.glob(f"{point}.*")):
            assert time.monotonic() < deadline, self.log(name).read_text()[-3000:]
            assert all(process.is_alive() for process in processes), self.log(name).read_text()
            time.sleep(0.1)
        for process in processes:
            process.kill()
            process.join()

    def copy(self, name: str, other: str) -> None:
        """Leave a run as it stands now under another name, too."""
        shutil.copytree(self.folder / name, self.folder / other)

    def lines(self, name: str, kind: str) -> list[dict[str, Any]]:
        text = (self.folder / name / "log.jsonl").read_text()
        return [line for line in map(json.loads, text.splitlines()) if line["kind"] == kind]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    return Runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(scope="module")
def alone(runs: Runs) -> dict[str, torch.Tensor]:
    return runs.run("alone", 1, steps=6)


@pytest.fixture(scope="module")
def two(runs: Runs) -> dict[str, torch.Tensor]:
    return runs.run("two", 2, steps=6)


def close(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor], atol: float) -> bool:
    return one.keys() == other.keys() and all(torch.allclose(w, other[n], atol=atol) for n, w in one.items())


@pytest.fixture(scope="module")
def killed(runs: Runs) -> str:
    """A run of one worker that was killed in its fifth step of six, to be copied."""
    runs.kill_at("killed", "step_5_of_0", 1, steps=6)
    return "killed"


@pytest.fixture(scope="module")
def zero_killed(runs: Runs) -> str:
    """The same of two workers with ZeRO-2."""
    runs.kill_at("zero2_killed", "step_5_of_1", 2, steps=6, zero=2)
    return "zero2_killed"


def test_killed_in_a_step_it_ends_with_the_adapter_of_an_undisturbed_run(
    runs: Runs, alone: dict[str, torch.Tensor], killed: str
) -> None:
    runs.copy(killed, "again")
    assert close(runs.run("again", 1, steps=6), alone, 1e-6)
    check(runs, "again")


@pytest.mark.parametrize("point", ["checkpoint_unmarked", "before_outcome"])
def test_killed_while_it_writes_it_does_so_too(runs: Runs, alone: dict[str, torch.Tensor], point: str) -> None:
    runs.kill_at(point, point, 1, steps=6)
    assert close(runs.run(point, 1, steps=6), alone, 1e-6)
    check(runs, point)


def check(runs: Runs, name: str) -> None:
    """Each step is in the log once, and there is one outcome."""
    assert [line["step"] for line in runs.lines(name, "step")] == [1, 2, 3, 4, 5, 6]
    assert len(list((runs.folder / name / "outcome").iterdir())) == 1


def test_two_workers_go_on_after_a_kill(runs: Runs, two: dict[str, torch.Tensor]) -> None:
    runs.kill_at("two_killed", "step_5_of_1", 2, steps=6)
    assert close(runs.run("two_killed", 2, steps=6), two, 1e-6)
    assert runs.lines("two_killed", "resumed")[0]["step"] == 4


def test_zero_2_killed_and_resumed_learns_what_plain_workers_learn(
    runs: Runs, two: dict[str, torch.Tensor], zero_killed: str
) -> None:
    runs.copy(zero_killed, "zero2")
    check_zero(runs, "zero2", 2, two)


def test_zero_3_does_so_too_and_exports_whole_tensors(runs: Runs, two: dict[str, torch.Tensor]) -> None:
    runs.kill_at("zero3", "step_5_of_1", 2, steps=6, zero=3)
    check_zero(runs, "zero3", 3, two)


def test_under_zero_3_no_worker_loads_more_of_the_base_than_its_part(runs: Runs) -> None:
    for rank, process in enumerate(runs.begin("parts", 2, worker.load_sharded)):
        process.join(PATIENCE_S)
        assert process.exitcode == 0, runs.log("parts", rank).read_text()[-3000:]


def check_zero(runs: Runs, name: str, stage: int, two: dict[str, torch.Tensor]) -> None:
    """It goes on, state and all, to what plain workers learn undisturbed: the state's loss would show, see below."""
    found = runs.run(name, 2, steps=6, zero=stage)
    assert all(weight.numel() for weight in found.values())
    assert close(found, two, 1e-4)
    (told,) = runs.lines(name, "resumed")
    assert (told["step"], told["state"]) == (4, "whole")
    assert not (runs.folder / "compiled").exists(), "DeepSpeed was to build nothing: it takes a minute, and a compiler"


def test_one_worker_goes_on_from_two_with_the_weights_alone_and_says_so(
    runs: Runs, two: dict[str, torch.Tensor], zero_killed: str
) -> None:
    runs.copy(zero_killed, "fewer")
    found = runs.run("fewer", 1, steps=6, zero=0)
    (told,) = runs.lines("fewer", "resumed")
    assert told["step"] == 4
    assert told["state"].startswith("weights only: 2 workers with ZeRO-2 wrote it, 1 with ZeRO-0 go on")
    losses = [line["loss"] for line in runs.lines("fewer", "step")]
    assert losses[-1] < losses[0]
    assert not close(found, two, 1e-4)


def test_a_damaged_newest_checkpoint_is_left_for_the_one_before(
    runs: Runs, alone: dict[str, torch.Tensor], killed: str
) -> None:
    runs.copy(killed, "damaged")
    newest = runs.folder / "damaged" / "checkpoints" / "step-00000004" / "weights.safetensors"
    newest.write_bytes(bytes(reversed(newest.read_bytes())))
    assert close(runs.run("damaged", 1, steps=6), alone, 1e-6)
    assert runs.lines("damaged", "resumed")[0]["step"] == 2
    assert "is damaged" in runs.log("damaged").read_text()


def test_where_no_checkpoint_is_whole_it_says_what_to_remove(runs: Runs, killed: str) -> None:
    runs.copy(killed, "ruined")
    for path in (runs.folder / "ruined" / "checkpoints").rglob("weights.safetensors"):
        path.write_bytes(bytes(reversed(path.read_bytes())))
    (process,) = runs.begin("ruined", 1, steps=6)
    process.join(PATIENCE_S)
    assert process.exitcode
    assert "no checkpoint is whole" in runs.log("ruined").read_text()
    assert not (runs.folder / "ruined" / "outcome.json").exists()
