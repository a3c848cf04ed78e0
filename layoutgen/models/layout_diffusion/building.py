"""Builds the composer that denoises boxes; imported by `models.building` where settings name it."""

from pathlib import Path
from typing import Any

from layoutgen.config import Compose
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composer
from layoutgen.models.layout_diffusion import checkpoint
from layoutgen.models.layout_diffusion.composer import VERSION, RadmComposer
from layoutgen.models.painting import Frame
from layoutgen.models.weights import fetch_weights, weights_sha


def composer(settings: Compose, seed: int, storage: Storage, frame: Frame) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, and its provenance. Raises ValueError or FileNotFoundError with the mend."""
    folder = fetch_weights(settings.model, Path(settings.cache).expanduser(), storage)
    model = RadmComposer(
        checkpoint.load(folder, settings.device),
        frame=frame,
        steps=settings.steps,
        samples=settings.candidates,
        rows=settings.batch,
        seed=seed,
    )
    named = f"{VERSION} {settings.model} {weights_sha(folder)[:12]}, {settings.steps} steps"
    return model, {"composer": named, "adapter": None, "prompt_version": None, "seed": seed}


def check(settings: Compose, storage: Storage) -> None:
    """See that the network is there and whole; it is small, so it is fetched and read. Raises ValueError or
    FileNotFoundError with the mend."""
    checkpoint.load(fetch_weights(settings.model, Path(settings.cache).expanduser(), storage))
