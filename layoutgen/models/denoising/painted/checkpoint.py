"""A network that paints as a folder: see `denoising.files`."""

from dataclasses import asdict
from pathlib import Path

import torch

from layoutgen.models.denoising import files
from layoutgen.models.denoising.painted.network import PaintNet, PaintSize, build

MODEL_TYPE = "layoutgen-painted-1"


def save(network: PaintNet, folder: Path, dtype: torch.dtype = torch.float16) -> None:
    """Write a network."""
    files.save(network, MODEL_TYPE, {"size": asdict(network.size)}, folder, dtype)


def load(folder: Path) -> PaintNet:
    """Read a network. Raises ValueError naming what is wrong."""
    return files.load(folder, MODEL_TYPE, lambda about: build(PaintSize(**files.sized(about["size"]))))
