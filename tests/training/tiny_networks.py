"""Tiny networks that denoise, as checkpoints to train on."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from layoutgen.config.training import RetrainConfig
from layoutgen.models.denoising.boxes.network import build
from layoutgen.models.denoising.networks import FAMILIES
from tests.models.denoising.tiny import TINY
from tests.pipeline.retraining import settings


def network_of(name: str, folder: Path) -> Path:
    """A network of 64 px or 32 px with drawn weights."""
    import torch

    if name == "radm":
        made: Any = build(TINY)
    elif name == "plan":
        from tests.models.denoising.plans import drawn

        made = drawn.build(drawn.TINY)
    else:
        from layoutgen.models.denoising.images import network, sizes

        made = network.build(
            replace(
                sizes.SMALL, name="tiny", side=32, patch=4, widths=(16, 32), text=16, letters=16, attention=16, out=16
            )
        )
    FAMILIES[name].save(made, folder, torch.float32)
    return folder


def denoising(base: Path, data: Path, **train: Any) -> RetrainConfig:
    """Settings that train a network with an average of its weights."""
    return settings(base, data, **({"method": "full", "average": 0.5, "export": "last", "rate": 2e-3} | train))
