"""The networks that denoise by their names, `radm` and `layout_image`: how each is made, read, written, and used."""

from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import torch

from layoutgen.models.base import Composer
from layoutgen.models.layout_diffusion import checkpoint as box_files
from layoutgen.models.layout_diffusion.composer import RadmComposer
from layoutgen.models.layout_diffusion.network import build
from layoutgen.models.layout_diffusion.sizes import SIZES
from layoutgen.models.painting import Frame

VERSIONS = {"radm": "radm-2", "layout_image": "layout-image-1"}
"""Each changes with every change of what the same network makes of the same brief."""

Network = Any
"""A `Radm` or a `Drawer`; the latter's module needs diffusers, and is imported where one is named."""


def _radm(size: str, seed: int, without: Collection[str], backbone: Path | None) -> Network:
    switches = {name: name not in without for name in ("geometric", "textual")}
    return build(SIZES[size], seed, backbone=backbone, **switches)


def _layout_image(size: str, seed: int, without: Collection[str], backbone: Path | None) -> Network:
    from layoutgen.models.layout_images import drawer

    if size != drawer.SMALL.name or without or backbone:
        raise ValueError("layout_image has the size 'small', no relations and no backbone; leave the settings out")
    return drawer.build(drawer.SMALL, seed)


FRESH: dict[str, Callable[[str, int, Collection[str], Path | None], Network]] = {
    "radm": _radm,
    "layout_image": _layout_image,
}
"""Makes a network of a size from a seed, without some relations, on a pretrained backbone."""


def _save_image(network: Network, folder: Path, dtype: torch.dtype) -> None:
    from layoutgen.models.layout_images import checkpoint

    checkpoint.save(network, folder, dtype)


SAVE: dict[str, Callable[[Network, Path, torch.dtype], None]] = {"radm": box_files.save, "layout_image": _save_image}


def loaded(name: str, folder: Path, device: str = "cpu") -> Network:
    """Read a network. Raises ValueError naming what is wrong."""
    if name == "radm":
        return box_files.load(folder, device)
    from layoutgen.models.layout_images import checkpoint

    return checkpoint.load(folder, device)


def composer_of(
    name: str, network: Network, *, frame: Frame, steps: int, samples: int = 1, rows: int = 8, seed: int = 0
) -> Composer:
    """What composes with a network."""
    if name == "radm":
        return RadmComposer(network, frame=frame, steps=steps, samples=samples, rows=rows, seed=seed)
    from layoutgen.models.layout_images.composer import ImageComposer

    return ImageComposer(network, frame=frame, steps=steps, samples=samples, rows=rows, seed=seed)
