"""Builds the composers that denoise; imported by `models.building.stages` where settings name one."""

from pathlib import Path
from typing import Any

from layoutgen.config.stages import ComposeSettings
from layoutgen.core import framing
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composer
from layoutgen.models.building.libraries import release
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.prefixes import split_pin
from layoutgen.models.vlm.canvas_painter import ChooseFraming
from layoutgen.models.weights import EMBEDDED, fetch_weights, identity, weights_sha


def composer(
    settings: ComposeSettings, seed: int, storage: Storage, frame: ChooseFraming
) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, and its provenance. Raises ValueError or FileNotFoundError with the mend."""
    folder = _fetch(settings, storage)
    family = FAMILIES[settings.engine]
    model = family.composer(
        family.load(folder, settings.device),
        frame=frame,
        steps=settings.steps,
        samples=settings.candidates,
        rows=settings.batch,
        seed=seed,
    )
    weights = f"{split_pin(settings.model)[0]} {weights_sha(folder)[:12]}"
    name = f"{family.version} {weights}, {settings.steps} steps"
    return model, {"composer": name, "adapter": None, "prompt_version": None, "seed": seed}


def check(settings: ComposeSettings, storage: Storage) -> None:
    """See that the network is there and whole; it is small, so it is fetched and read. Raises ValueError or
    FileNotFoundError with the mend."""
    FAMILIES[settings.engine].load(_fetch(settings, storage), "cpu")


def version(settings: ComposeSettings) -> list[object]:
    """What shapes its layouts, the noise apart."""
    family, weights = FAMILIES[settings.engine], identity(_named(settings))
    library = release(family.library) if family.library else ""
    return [family.version, framing.VERSION, weights, settings.steps, settings.candidates, library]


def _fetch(settings: ComposeSettings, storage: Storage) -> Path:
    return fetch_weights(_named(settings), Path(settings.cache).expanduser(), storage)


def _named(settings: ComposeSettings) -> str:
    return f"{EMBEDDED}/{settings.engine}" if settings.model == EMBEDDED else settings.model
