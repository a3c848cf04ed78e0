"""A training that loses a node goes on with the workers that still find room."""

import json
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.chaos.nights import Cluster, Night
from tests.pipeline.retraining import base_of, data_of, settings, settings_file

pytestmark = [pytest.mark.slow, pytest.mark.nightly]


class Training(Night):
    """The retraining command on the cluster."""

    def command(self) -> list[str]:
        base, data = base_of(self.folder / "base"), data_of(self.folder / "data", train=4, held=4)
        config = settings(
            base, data, steps=6, workers=2, least_workers=1, zero=2, max_failures=3, worker={"num_cpus": 2.0}
        )
        file = settings_file(self.folder / "retrain.toml", config)
        told = ["--data", str(data), "--output", self.output, "--registry", str(self.folder / "adapters")]
        return ["jobs.retrain", *told, "--config", str(file)]


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    """A cluster of its own: on one where drivers were killed Ray keeps room for them for a while, and begins with one
    worker where there seems to be none for two."""
    running = Cluster(tmp_path / "crash")
    running.grow()
    yield running
    running.stop()


def begun_with_two(cluster: Cluster, folder: Path) -> tuple[Training, psutil.Process]:
    """A training of two workers, and the first of them, which stands at its fifth step."""
    for attempt in range(4):
        (folder / str(attempt)).mkdir()
        training = Training(cluster, folder / str(attempt), "")
        # Half a minute each: waiting for the dead, and for room where the lost node was.
        training.environment = {
            "TORCH_PROCESS_GROUP_SHUTDOWN_TIMEOUT_S": "2",
            "RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S": "30",
        }
        training.arm("step_5_of_0", "step_5_of_1")
        training.start()
        first = training.stopped_at("step_5_of_0")
        if "training with 2 workers" in training.log.read_text():
            return training, first
        training.kill()
        first.kill()
        cluster.clear()
    raise AssertionError(f"Ray never began with two workers: {training.log.read_text()[-3000:]}")


def test_of_two_workers_one_goes_on_with_the_adapter_when_a_node_is_lost_and_says_so(
    cluster: Cluster, tmp_path: Path
) -> None:
    training, first = begun_with_two(cluster, tmp_path)
    cluster.lose_node()
    first.resume()
    code, summary = training.end(600)
    assert code in (0, 1), training.log.read_text()[-5000:]  # the gate's word is not the matter here
    lines = [json.loads(line) for line in (Path(summary["output"]) / "log.jsonl").read_text().splitlines()]
    (told,) = [line for line in lines if line["kind"] == "resumed"]
    assert (told["step"], told["workers"]) == (4, 1)
    assert told["state"].startswith("weights only: 2 workers with ZeRO-2 wrote it, 1 with ZeRO-2 go on")
    assert [line["step"] for line in lines if line["kind"] == "step"] == [1, 2, 3, 4, 5, 6]
    assert summary["steps"] == 6
