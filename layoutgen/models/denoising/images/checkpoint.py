"""A network that draws layout images as a folder: see `network_files`."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch

from layoutgen.models.denoising import files as network_files
from layoutgen.models.denoising.images.drawer import Drawer, ImageSize, build

_KIND = "layout_image"


def save(network: Drawer, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network."""
    network_files.save(network, _KIND, {"size": asdict(network.size)}, folder, dtype)


def load(folder: Path, device: str = "cpu") -> Drawer:
    """Read a network. Raises ValueError naming what is wrong."""
    return network_files.load(folder, _KIND, lambda about: build(_size(about)), device)


def size_in(folder: Path) -> ImageSize:
    """The size of a network, from config.json alone. Raises ValueError."""
    return network_files.described(folder, _KIND, _size)


def _size(about: dict[str, Any]) -> ImageSize:
    return ImageSize(**network_files.sized(about["size"]))
