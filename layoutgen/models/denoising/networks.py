"""The networks that denoise by their names, `radm` and `layout_image`: how each is made, read, written, and used."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch

from layoutgen.models.base import Composer
from layoutgen.models.denoising.boxes import checkpoint as box_files
from layoutgen.models.denoising.boxes.composer import RadmComposer
from layoutgen.models.denoising.boxes.network import build
from layoutgen.models.denoising.boxes.sizes import SIZES
from layoutgen.models.denoising.encoders import read
from layoutgen.models.vlm.canvas_painter import ChooseFraming

VERSIONS = {"radm": "radm-2", "layout_image": "layout-image-2"}
"""Each changes with every change of what the same network makes of the same brief."""

Network = Any
"""A `Radm` or a `Drawer`; the latter's module needs diffusers, and is imported where one is named."""


@dataclass(frozen=True)
class NetworkParts:
    """What a new `radm` is made with: the folders of a pretrained backbone and of a text encoder, and which relations
    it lacks."""

    backbone: Path | None = None
    encoder: Path | None = None
    without: tuple[str, ...] = ()


def fresh(name: str, size: str = "small", seed: int = 0, parts: NetworkParts | None = None) -> Network:
    """A new network with drawn weights, the same for a seed. Raises ValueError where there is none such."""
    numbers, parts = size_named(name, size), parts or NetworkParts()
    if name == "radm":
        switches = {one: one not in parts.without for one in ("geometric", "textual")}
        encoder = read(parts.encoder) if parts.encoder else None
        numbers = replace(numbers, text=encoder.text) if encoder else numbers
        return build(numbers, seed, backbone=parts.backbone, encoder=encoder, **switches)
    if parts != NetworkParts():
        raise ValueError("layout_image has no relations, no backbone and no encoder; leave the settings out")
    from layoutgen.models.denoising.images import drawer

    return drawer.build(numbers, seed)


def size_named(name: str, size: str) -> Any:
    """The numbers of a network of a size. Raises ValueError where there is none."""
    if name == "radm":
        return SIZES[size]
    from layoutgen.models.denoising.images.drawer import SMALL

    if size != SMALL.name:
        raise ValueError(f"layout_image has the size 'small' alone, not {size!r}; leave the setting out")
    return SMALL


def size_in(name: str, folder: Path) -> Any:
    """The numbers of the network in a folder, from config.json alone. Raises ValueError naming what is wrong."""
    if name == "radm":
        return box_files.size_in(folder)
    from layoutgen.models.denoising.images import checkpoint

    return checkpoint.size_in(folder)


def _save_image(network: Network, folder: Path, dtype: torch.dtype) -> None:
    from layoutgen.models.denoising.images import checkpoint

    checkpoint.save(network, folder, dtype)


SAVE: dict[str, Callable[[Network, Path, torch.dtype], None]] = {"radm": box_files.save, "layout_image": _save_image}


def loaded(name: str, folder: Path, device: str = "cpu") -> Network:
    """Read a network. Raises ValueError naming what is wrong."""
    if name == "radm":
        return box_files.load(folder, device)
    from layoutgen.models.denoising.images import checkpoint

    return checkpoint.load(folder, device)


def composer_of(
    name: str, network: Network, *, frame: ChooseFraming, steps: int, samples: int = 1, rows: int = 8, seed: int = 0
) -> Composer:
    """What composes with a network."""
    if name == "radm":
        return RadmComposer(network, frame=frame, steps=steps, samples=samples, rows=rows, seed=seed)
    from layoutgen.models.denoising.images.composer import ImageComposer

    return ImageComposer(network, frame=frame, steps=steps, samples=samples, rows=rows, seed=seed)
