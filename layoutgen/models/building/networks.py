"""Builds the composers that denoise; imported where settings name one."""

from pathlib import Path
from typing import Any

from layoutgen.config.stages import ComposeSettings
from layoutgen.io.storage import Storage
from layoutgen.models.base import Composer
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.prefixes import split_pin
from layoutgen.models.vlm.canvas_painter import ChooseFraming
from layoutgen.models.weights import EMBEDDED, fetch_weights, weights_sha


def composer(
    settings: ComposeSettings, seed: int, storage: Storage, frame: ChooseFraming, rank: Rank = rough
) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, which takes the best of its candidates by `rank`, and its provenance. Raises ValueError or
    AbsentError with the mend."""
    folder = _fetch(settings, storage)
    family = FAMILIES[settings.engine]
    model = family.composer(
        family.load(folder, settings.device),
        frame=frame,
        steps=settings.steps,
        samples=settings.candidates,
        rows=settings.batch,
        seed=seed,
        rank=rank,
    )
    weights = f"{split_pin(settings.model)[0]} {weights_sha(folder)[:12]}"
    name = f"{family.version} {weights}, {settings.steps} steps"
    return model, {"composer": name, "adapter": None, "prompt_version": None, "seed": seed}


def check(settings: ComposeSettings, storage: Storage) -> None:
    """See that the network is there and whole; it is small, so it is fetched and read. Raises ValueError or
    AbsentError with the mend."""
    for network in settings.networks:
        FAMILIES[network.engine].load(_fetch(network, storage), "cpu")


def _fetch(settings: ComposeSettings, storage: Storage) -> Path:
    return fetch_weights(weights_uri(settings), Path(settings.cache).expanduser(), storage)


def weights_uri(settings: ComposeSettings) -> str:
    """Where the network's weights are: the engine's own where they are embedded."""
    return f"{EMBEDDED}/{settings.engine}" if settings.model == EMBEDDED else settings.model
