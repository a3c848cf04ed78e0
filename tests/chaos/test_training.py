"""A training that loses a node goes on with the workers that still find room."""

import json
from pathlib import Path

import pytest

from tests.chaos.nights import Cluster, Night
from tests.pipeline.retraining import base_of, data_of, settings, settings_file

pytestmark = pytest.mark.slow


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


def test_of_two_workers_one_goes_on_with_the_adapter_when_a_node_is_lost_and_says_so(
    cluster: Cluster, tmp_path: Path
) -> None:
    training = Training(cluster, tmp_path, "")
    # Half a minute each: waiting for the dead, and for room where the lost node was.
    waits = ("TORCH_PROCESS_GROUP_SHUTDOWN_TIMEOUT_S", "2"), ("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "30")
    training.environment = dict(waits)
    cluster.grow()
    training.arm("step_5_of_0", "step_5_of_1")
    training.start()
    first = training.stopped_at("step_5_of_0")
    cluster.lose_node()
    first.resume()
    code, summary = training.end(300)
    assert code in (0, 1), training.log.read_text()[-5000:]  # the gate's word is not the matter here
    lines = [json.loads(line) for line in (Path(summary["output"]) / "log.jsonl").read_text().splitlines()]
    (told,) = [line for line in lines if line["kind"] == "resumed"]
    assert (told["step"], told["workers"]) == (4, 1)
    assert told["state"].startswith("weights only: 2 workers with ZeRO-2 wrote it, 1 with ZeRO-2 go on")
    assert [line["step"] for line in lines if line["kind"] == "step"] == [1, 2, 3, 4, 5, 6]
    assert summary["steps"] == 6
    cluster.clear()
