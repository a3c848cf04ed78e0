"""A network of scenes as a folder: see `denoising.files`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from layoutgen.models.denoising import files
from layoutgen.models.denoising.scenes.network import SceneNet, SceneSize, build

MODEL_TYPE = "layoutgen-scenes-1"


def save(network: SceneNet, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write a network."""
    files.save(network, MODEL_TYPE, {"size": asdict(network.size), "words": network.words}, folder, dtype)


def load(folder: Path) -> SceneNet:
    """Read a network. Raises ValueError naming what is wrong."""
    return files.load(folder, MODEL_TYPE, _described)


def _described(about: dict[str, Any]) -> SceneNet:
    size, words = SceneSize(**about["size"]), about["words"]
    wrong = [word for word, row in words.items() if not (isinstance(row, int) and 0 < row < size.categories)]
    if wrong:
        raise ValueError(f"words: {wrong[0]!r} has no row of its {size.categories} categories")
    return build(size, words)
