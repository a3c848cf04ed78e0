"""Small trainings of what paints grounds, for tests."""

import socket
import time
from pathlib import Path
from typing import Any

from layoutgen.config.training import RetrainConfig
from layoutgen.io.storage import Storage
from layoutgen.training.fitting import Fit
from tests.limits import PATIENCE_S
from tests.training import worker


def settings(cache: Path, source: str, gate: dict[str, Any], data: dict[str, Any], **train: Any) -> RetrainConfig:
    """A few steps, in this process."""
    values: dict[str, Any] = {
        "name": "ground", "method": "full", "cache": str(cache), "batch": 4, "micro": 4, "steps": 6, "rate": 2e-3,
        "dtype": "float32", "window": 1, "denoising_steps": 2, "log_every": 1, "validate_every": 3, "average": 0.5,
        "validation_samples": 4, "checkpoint_every": 2, "export": "last", "worker": {"num_cpus": 0.5}, **train,
    }  # fmt: skip
    return RetrainConfig.model_validate(
        {
            "storage": {"attempts": 2, "timeout_s": 5},
            "data": {"source": source, **data},
            "train": values,
            "gate": {"metric": "loss", "guards": [], "cases": 40, "resamples": 200, **gate},
        }
    )


def killed(config: RetrainConfig, root: Path, point: str = "step_5_of_0") -> None:
    """Begin a training in a process of its own, and kill -9 it where it comes to a point."""
    crash, log = root.with_name(f"{root.name}-crash"), root.with_name(f"{root.name}.log")
    crash.mkdir()
    (crash / point).touch()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = worker.begin(Fit(str(root), config.train, config.data, Storage()), 0, 1, port, log, crash)
    deadline = time.monotonic() + PATIENCE_S
    while not list(crash.glob(f"{point}.*")):
        assert time.monotonic() < deadline, log.read_text()[-3000:]
        assert process.is_alive(), log.read_text()[-3000:]
        time.sleep(0.05)
    process.kill()
    process.join(PATIENCE_S)
