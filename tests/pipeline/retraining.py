"""Small retrainings for tests: settings, a tiny base, a data set to remember."""

import errno
import os
import signal
from pathlib import Path
from typing import Any

from layoutgen.io.storage import Storage
from layoutgen.models.tiny import build_checkpoint
from layoutgen.training import fitting
from layoutgen.training_config import RetrainConfig
from tests.training.drawn import store

SIDE = 56


def base_of(folder: Path, seed: int = 0) -> Path:
    """A tiny checkpoint."""
    return build_checkpoint("qwen2_5_vl", folder, seed=seed)


def settings(base: Path, data: Path, **train: Any) -> RetrainConfig:
    """A few steps on two samples at a time, on half a CPU a worker."""
    values: dict[str, Any] = {
        "name": "poster", "model": str(base), "cache": str(base.parent / "cache"), "image_side": SIDE, "batch": 4,
        "micro": 2, "steps": 4, "rate": 5e-3, "dtype": "float32", "checkpointing": False, "window": 2, "log_every": 1,
        "validate_every": 2, "checkpoint_every": 2, "worker": {"num_cpus": 0.5}, "max_failures": 0, **train,
    }  # fmt: skip
    return RetrainConfig.model_validate(
        {
            "storage": {"attempts": 2, "timeout_s": 5},
            "data": {"source": str(data)},
            "train": values,
            "gate": {"cases": 4, "max_new_tokens": 120, "pool": {"num_cpus": 0.5}, "resamples": 200},
        }
    )


def data_of(folder: Path, **counts: int) -> Path:
    """A stored data set."""
    folder.mkdir(parents=True, exist_ok=True)
    return store(folder / "samples.arrow", **counts)


def tree(folder: Path) -> dict[str, bytes]:
    """All files below a folder, to see that nothing changed."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and not path.name.startswith(".")
    }


class Dying:
    """A worker that is killed as by kill -9 after its third step, the first time."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, config: dict[str, Any]) -> None:
        job, mark = config["job"], Path(self.folder) / "died"
        before = fitting.crash_point

        def point(name: str) -> None:
            if name == "step_3_of_0" and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)

        fitting.crash_point = point
        try:
            fitting.fit(job)
        finally:
            fitting.crash_point = before


def full_disk(config: dict[str, Any]) -> None:
    """A worker whose checkpoints find no room."""
    job: fitting.Fit = config["job"]

    class Full(Storage):
        def write(self, uri: str, data: bytes) -> None:
            if "/checkpoints/" in uri:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().write(uri, data)

    fitting.fit(fitting.Fit(job.root, job.train, job.data, Full()))
