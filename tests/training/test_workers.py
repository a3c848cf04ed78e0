"""Several workers learn what one does, with DeepSpeed too; what one of them wrote, others go on from."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from tests.pipeline.retraining import base_of, data_of, settings

pytestmark = pytest.mark.slow
REPOSITORY = Path(__file__).resolve().parents[2]


class Runs:
    """Trainings in a folder, a process a worker."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.base, self.data = base_of(folder / "base"), data_of(folder)

    def begin(self, name: str, workers: int, **train: Any) -> list[subprocess.Popen[bytes]]:
        config = settings(self.base, self.data, **train).model_dump(mode="json")
        job = self.folder / f"{name}-{workers}.json"
        job.write_text(json.dumps({"config": config, "root": str(self.folder / name)}))
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        crash = {"LAYOUTGEN_CRASH": str(self.folder / f"{name}-crash")}
        return [
            subprocess.Popen(
                [sys.executable, "-m", "tests.training.worker", str(rank), str(workers), str(port), str(job)],
                cwd=REPOSITORY,
                env={**os.environ, **crash, "OMP_NUM_THREADS": "1", "TMPDIR": str(self.folder)},
                stdout=(self.folder / f"{name}-{rank}.log").open("ab"),
                stderr=subprocess.STDOUT,
            )
            for rank in range(workers)
        ]

    def end(self, name: str, processes: list[subprocess.Popen[bytes]]) -> dict[str, torch.Tensor]:
        for rank, process in enumerate(processes):
            assert process.wait(300) == 0, (self.folder / f"{name}-{rank}.log").read_text()[-3000:]
        return self.outcome(name)

    def outcome(self, name: str) -> dict[str, torch.Tensor]:
        (folder,) = (self.folder / name / "outcome").iterdir()
        return load_file(folder / "adapter_model.safetensors")

    def run(self, name: str, workers: int, **train: Any) -> dict[str, torch.Tensor]:
        return self.end(name, self.begin(name, workers, **train))

    def kill_at(self, name: str, point: str, workers: int, **train: Any) -> None:
        """Run until a worker comes to a point, and kill -9 all of them there."""
        crash = self.folder / f"{name}-crash"
        crash.mkdir()
        (crash / point).touch()
        processes = self.begin(name, workers, **train)
        deadline = time.monotonic() + 200
        while not list(crash.glob(f"{point}.*")):
            assert time.monotonic() < deadline, (self.folder / f"{name}-0.log").read_text()[-3000:]
            assert all(process.poll() is None for process in processes), (self.folder / f"{name}-0.log").read_text()
            time.sleep(0.1)
        for process in processes:
            process.send_signal(signal.SIGKILL)
            process.wait()

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


@pytest.mark.parametrize("point", ["step_5_of_0", "checkpoint_unmarked", "before_outcome"])
def test_killed_anywhere_it_ends_with_the_adapter_of_an_undisturbed_run(
    runs: Runs, alone: dict[str, torch.Tensor], point: str
) -> None:
    runs.kill_at(point, point, 1, steps=6)
    found = runs.run(point, 1, steps=6)
    assert close(found, alone, 1e-6)
    steps = [line["step"] for line in runs.lines(point, "step")]
    assert steps == [1, 2, 3, 4, 5, 6]
    assert len(list((runs.folder / point / "outcome").iterdir())) == 1


def test_two_workers_go_on_after_a_kill(runs: Runs, two: dict[str, torch.Tensor]) -> None:
    runs.kill_at("two_killed", "step_5_of_1", 2, steps=6)
    assert close(runs.run("two_killed", 2, steps=6), two, 1e-6)
    assert runs.lines("two_killed", "resumed")[0]["step"] == 4


@pytest.mark.parametrize("stage", [2, 3])
def test_zero_learns_what_plain_workers_learn_and_exports_whole_tensors(
    runs: Runs, two: dict[str, torch.Tensor], stage: int
) -> None:
    name = f"zero{stage}"
    found = runs.run(name, 2, steps=6, zero=stage)
    assert all(weight.numel() for weight in found.values())
    assert close(found, two, 1e-4)
    runs.kill_at(f"{name}_killed", "step_5_of_1", 2, steps=6, zero=stage)
    assert close(runs.run(f"{name}_killed", 2, steps=6, zero=stage), found, 1e-5)


def test_one_worker_goes_on_from_two_with_the_weights_alone_and_says_so(runs: Runs) -> None:
    runs.kill_at("fewer", "step_5_of_0", 2, steps=6, zero=2)
    runs.run("fewer", 1, steps=6, zero=0)
    (told,) = runs.lines("fewer", "resumed")
    assert told["step"] == 4
    assert told["state"].startswith("weights only: 2 workers with ZeRO-2 wrote it, 1 with ZeRO-0 go on")
    losses = [line["loss"] for line in runs.lines("fewer", "step")]
    assert losses[-1] < losses[0]


def test_a_damaged_newest_checkpoint_is_left_for_the_one_before(runs: Runs, alone: dict[str, torch.Tensor]) -> None:
    runs.kill_at("damaged", "step_5_of_0", 1, steps=6)
    newest = runs.folder / "damaged" / "checkpoints" / "step-00000004" / "weights.safetensors"
    newest.write_bytes(bytes(reversed(newest.read_bytes())))
    assert close(runs.run("damaged", 1, steps=6), alone, 1e-6)
    assert runs.lines("damaged", "resumed")[0]["step"] == 2
    assert "is damaged" in (runs.folder / "damaged-0.log").read_text()


def test_where_no_checkpoint_is_whole_it_says_what_to_remove(runs: Runs) -> None:
    runs.kill_at("ruined", "step_3_of_0", 1, steps=6)
    for path in (runs.folder / "ruined" / "checkpoints").rglob("weights.safetensors"):
        path.write_bytes(bytes(reversed(path.read_bytes())))
    (process,) = runs.begin("ruined", 1, steps=6)
    assert process.wait(200) != 0
    assert "no checkpoint is whole" in (runs.folder / "ruined-0.log").read_text()
    assert not (runs.folder / "ruined" / "outcome.json").exists()
