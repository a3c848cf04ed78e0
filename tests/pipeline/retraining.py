"""Small retrainings for tests: settings, a tiny base, a data set to remember."""

import errno
import json
import os
import signal
from pathlib import Path
from typing import Any

import torch

from layoutgen.config.training import RetrainConfig
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training import fitting, run
from tests.training.samples import store

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


def settings_file(path: Path, config: RetrainConfig) -> Path:
    """The settings of training and gate as the command reads them."""
    lines = []
    for section, values in config.model_dump(mode="json", include={"train", "gate"}, exclude_unset=True).items():
        pools = {key: value for key, value in values.items() if isinstance(value, dict)}
        lines += [f"[{section}]", *(f"{key} = {json.dumps(v)}" for key, v in values.items() if key not in pools)]
        for key, pool in pools.items():
            lines += [f"[{section}.{key}]", *(f"{name} = {json.dumps(value)}" for name, value in pool.items())]
    path.write_text("\n".join(lines) + "\n")
    return path


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


def fit_here(job: fitting.Fit) -> None:
    """Train in this process, with as many threads as a worker of the cluster has."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        fitting.fit(job)
    finally:
        torch.set_num_threads(before)


def undisturbed(config: RetrainConfig, root: Path) -> dict[str, Any]:
    """The outcome of the same training without a cluster."""
    fit_here(fitting.Fit(str(root), config.train, config.data, Storage()))
    return outcome(root)


def outcome(root: str | Path) -> dict[str, Any]:
    """How a training ended."""
    found = fitting.read_outcome(Storage(), str(root))
    assert found is not None
    return found


class Dying:
    """A worker that is killed as by kill -9 after its third step, the first time."""

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, config: dict[str, Any]) -> None:
        job, mark = config["job"], Path(self.folder) / "died"
        before = run.crash_point

        def point(name: str) -> None:
            if name == "step_3_of_0" and not mark.exists():
                mark.touch()
                os.kill(os.getpid(), signal.SIGKILL)

        run.crash_point = point
        try:
            fitting.fit(job)
        finally:
            run.crash_point = before


def full_disk(config: dict[str, Any]) -> None:
    """A worker whose checkpoints find no room."""
    job: fitting.Fit = config["job"]

    class Full(Storage):
        def write(self, uri: str, data: bytes) -> None:
            if "/checkpoints/" in uri:
                raise OSError(errno.ENOSPC, "No space left on device")
            super().write(uri, data)

    fitting.fit(fitting.Fit(job.root, job.train, job.data, Full()))
