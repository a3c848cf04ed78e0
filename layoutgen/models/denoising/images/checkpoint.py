"""A network that draws layout images as a folder: see `denoising.files`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from layoutgen.models.denoising import files
from layoutgen.models.denoising.images.network import Drawer, build
from layoutgen.models.denoising.images.sizes import MODEL_TYPE, ImageSize


def save(network: Drawer, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network."""
    files.save(network, MODEL_TYPE, {"size": asdict(network.size)}, folder, dtype)


def load(folder: Path, device: str = "cpu") -> Drawer:
    """Read a network. Raises ValueError naming what is wrong."""
    return files.load(folder, MODEL_TYPE, lambda about: build(_size(about)), device)


def size_in(folder: Path) -> ImageSize:
    """The size of a network, from config.json alone. Raises ValueError."""
    return files.described(folder, MODEL_TYPE, _size)


def _size(about: dict[str, Any]) -> ImageSize:
    return ImageSize(**files.sized(about["size"]))
