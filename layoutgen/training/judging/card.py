"""A version's card: for people, for the gate of the next version, and for whoever asks in a year."""

from datetime import UTC, datetime
from importlib.metadata import version as installed
from pathlib import Path
from typing import Any

from layoutgen.config.stages import NETWORKS
from layoutgen.config.training import TrainSettings
from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION
from layoutgen.io.adapter_registry import Serving
from layoutgen.models.denoising import networks
from layoutgen.models.vlm.checkpoints import family_of
from layoutgen.models.weights import fetch_weights, revision, weights_sha
from layoutgen.training.data.cases import Data
from layoutgen.training.judging.gate import Verdict


def card_of(
    train: TrainSettings,
    data: Data,
    shape: dict[str, Any],
    base: dict[str, Any],
    outcome: dict[str, Any],
    verdict: Verdict,
    before: Serving,
) -> dict[str, Any]:
    """The card of what a training's `outcome` says; `shape` is what shaped the run, `base` what it was trained on,
    `before` what served."""
    return {
        "name": train.name,
        "method": train.method,
        "base": train.model,
        **base,
        "data_sha": data.sha,
        "data": data.card,
        "augmentation": data.card.get("augmentation", "none"),
        "image_side": train.image_side,
        "codec": CODEC,
        "prompt_version": PROMPT_VERSION,
        "recipe": shape["recipe"],
        "steps": shape["steps"],
        "training": outcome,
        "against": before.version,
        "verdict": {"better": verdict.better, "reasons": list(verdict.reasons)},
        "metrics": verdict.comparison,
        "code_version": installed("layoutgen"),
        "created_at": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def base_of(train: TrainSettings) -> dict[str, Any]:
    """What a composer's card says of what it was trained on."""
    if train.model in NETWORKS:
        return {"family": train.model, "base_revision": "", "base_sha": "", "new": new_network(train), "whole": True}
    weights = fetch_weights(train.model, Path(train.cache).expanduser())
    family = networks.family_in(weights)
    return {
        "family": family.name if family else family_of(weights),
        "base_revision": revision(weights),
        "base_sha": weights_sha(weights),
        "whole": train.method == "full" or family is not None,
    }


def new_network(train: TrainSettings) -> dict[str, Any]:
    """What shapes a network that a training begins with new."""
    names = {"model", "size", "backbone", "without", "seed"} | ({"encoder"} if train.encoder else set())
    names |= {"part", "variant", "tokens", "rank"} if train.model == "painting" else set()
    return train.model_dump(mode="json", include=names)
