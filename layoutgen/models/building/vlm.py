"""Builds what answers with a vision-language model; imported by `building` where settings name one."""

import logging
from pathlib import Path
from typing import Any

from layoutgen.config.stages import AnnotateSettings, CheckpointSettings, ComposeSettings
from layoutgen.core.prompts.annotations import PROMPT_VERSION as ANNOTATION_VERSION
from layoutgen.core.prompts.coordinates import codec_name
from layoutgen.core.prompts.layouts import CODEC
from layoutgen.core.prompts.layouts import PROMPT_VERSION as LAYOUT_VERSION
from layoutgen.io.storage import Storage
from layoutgen.models.annotators.vlm import InternVlAnnotator
from layoutgen.models.base import Composer, Saliency
from layoutgen.models.composers.vlm import QwenVlComposer
from layoutgen.models.decoding.decoder import Engine
from layoutgen.models.prefixes import split_pin
from layoutgen.models.vlm import adapters
from layoutgen.models.vlm.canvas_painter import ChooseFraming
from layoutgen.models.vlm.checkpoints import (
    ADAPTER_RECORD,
    check_adapter,
    check_names,
    family_in,
    family_of,
    load_skeleton,
)
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.weights import fetch_config, fetch_weights, local, revision, tensors_of, weights_sha

log = logging.getLogger("layoutgen")

_INSTRUCTIONS = 1024
"""More tokens than the constant part of a prompt takes."""


def annotator(settings: AnnotateSettings, storage: Storage, finder: Saliency | None) -> tuple[InternVlAnnotator, str]:
    """Build the annotator, and its name and version as rows say it."""
    weights, adapter = _fetch(settings, storage)
    model = InternVlAnnotator(
        weights,
        adapter,
        saliency=finder,
        **_how(settings, weights, adapter),
    )
    known = model.identity
    added = f" + {split_pin(settings.adapter)[0]} {known['adapter_sha'][:12]}" if settings.adapter else ""
    told = f"{known['family']} {split_pin(settings.model)[0]} {known['weights_sha'][:12]}"
    return model, f"{told}{added}, {known['prompt_version']}"


def composer(
    settings: ComposeSettings, seed: int, storage: Storage, frame: ChooseFraming
) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, and its provenance."""
    weights, adapter = _fetch(settings, storage)
    model = QwenVlComposer(
        weights,
        adapter,
        frame=frame,
        **_how(settings, weights, adapter),
        candidates=settings.candidates,
        temperature=settings.temperature,
        seed=seed,
    )
    known = model.identity
    named = (known["family"], split_pin(settings.model)[0], revision(weights)[:12], known["weights_sha"][:12])
    return model, {
        "composer": " ".join(filter(None, named)),
        "adapter": f"{split_pin(settings.adapter)[0]} {known['adapter_sha'][:12]}" if settings.adapter else None,
        "prompt_version": known["prompt_version"],
        "seed": seed if settings.candidates > 1 else None,
    }


def _how(settings: CheckpointSettings, weights: Path, adapter: Path | None) -> dict[str, Any]:
    return {
        "device": settings.device,
        "dtype": settings.dtype,
        "max_side": settings.image_side,
        "max_new_tokens": settings.max_new_tokens,
        "rows": settings.batch,
        "prompt_tokens": settings.prompt_tokens,
        "deadline_s": settings.deadline_s or None,
        "engine": _engine(settings, weights, adapter),
    }


def check(settings: CheckpointSettings, storage: Storage) -> None:
    """See that model and adapter are there, whole, and of one another, by their settings and the headers of their files
    (and an adapter's weights, which are small); what a hub has is not looked at.

    Raises ValueError or FileNotFoundError with the mend.
    """
    cache, uri = Path(settings.cache).expanduser(), settings.model
    here = local(uri) is not None
    if not here and not uri.startswith("s3://"):
        return
    tensors = tensors_of(uri, cache, storage)
    folder = fetch_config(uri, cache, storage)
    family = family_in(folder)
    skeleton = load_skeleton(folder)
    check_names(settings.model, tensors, skeleton)
    if not settings.adapter:
        return
    known = {"max_side": str(settings.image_side)}
    known |= (
        {"prompt_version": ANNOTATION_VERSION, "codec": codec_name(family)}
        if isinstance(settings, AnnotateSettings)
        else {"prompt_version": LAYOUT_VERSION, "codec": CODEC}
    )
    known |= {"weights_sha": weights_sha(folder)} if here else {}
    adapter = fetch_weights(settings.adapter, cache, storage)
    check_adapter(adapter, known)
    trained_on = (adapters.check(adapter, skeleton).settings.base_model_name_or_path or "").rstrip("/")
    if not (adapter / ADAPTER_RECORD).exists() and trained_on and Path(trained_on).name != Path(split_pin(uri)[0]).name:
        log.warning("adapter %s says that it was trained on %s, not on %s", settings.adapter, trained_on, uri)
    if settings.decoder == "vllm":
        from layoutgen.models.decoding.vllm_engine import check_language_only

        check_language_only(adapter)


def _fetch(settings: CheckpointSettings, storage: Storage) -> tuple[Path, Path | None]:
    cache = Path(settings.cache).expanduser()
    adapter = fetch_weights(settings.adapter, cache, storage) if settings.adapter else None
    return fetch_weights(settings.model, cache, storage), adapter


def _engine(settings: CheckpointSettings, weights: Path, adapter: Path | None) -> Engine | None:
    """vLLM where the settings say so; None for the loop of `decoding`."""
    if settings.decoder == "loop":
        return None
    from layoutgen.models.decoding.vllm_engine import VllmDecoder

    across = -(-settings.image_side // picture_kind(weights, family_of(weights)).unit)
    copy = settings.max_new_tokens  # longer ones are refused before
    context = _INSTRUCTIONS + across**2 + copy + settings.max_new_tokens
    return VllmDecoder(
        weights,
        [adapter] if adapter else [],
        device=settings.device,
        dtype=settings.dtype,
        rows=settings.batch,
        context=context,
        longest=settings.image_side,
    )
