"""Small retrainings for tests: settings, a tiny base, a data set to remember."""

import shutil
from pathlib import Path
from typing import Any

from layoutgen.models.tiny import build_checkpoint
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


def copied(folder: Path, to: Path) -> Path:
    """A copy of a folder."""
    shutil.copytree(folder, to)
    return to
