"""A network that plans as a folder: see `denoising.files`."""

from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

import torch

from layoutgen.models.denoising import files
from layoutgen.models.denoising.encoders import PretrainedEncoder, rebuilt
from layoutgen.models.denoising.plans.network import PlanNet, build
from layoutgen.models.denoising.plans.sizes import PlanSize

MODEL_TYPE = "layoutgen-plan-1"


def save(network: PlanNet, folder: Path, dtype: torch.dtype = torch.float32) -> None:
    """Write a network."""
    about: dict[str, Any] = {"size": asdict(network.size), "geometric": network.geometric}
    folder.mkdir(parents=True, exist_ok=True)
    if isinstance(network.letters, PretrainedEncoder):
        about["encoder"] = network.letters.save(folder)
    files.save(network, MODEL_TYPE, about, folder, dtype)


def load(folder: Path, device: str = "cpu") -> PlanNet:
    """Read a network. Raises ValueError naming what is wrong."""
    return files.load(folder, MODEL_TYPE, partial(_build, folder=folder), device)


def size_in(folder: Path) -> PlanSize:
    """The size of a network, from config.json alone. Raises ValueError."""
    return files.described(folder, MODEL_TYPE, _size)


def _size(about: dict[str, Any]) -> PlanSize:
    return PlanSize(**files.sized(about["size"]))


def _build(about: dict[str, Any], folder: Path) -> PlanNet:
    encoder = rebuilt(about["encoder"], folder) if "encoder" in about else None
    return build(_size(about), encoder=encoder, geometric=about["geometric"])
