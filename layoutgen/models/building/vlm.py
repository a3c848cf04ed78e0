"""Builds what answers with a vision-language model; imported by `building` where settings name one."""

import logging
from pathlib import Path
from typing import Any

from layoutgen.config.stages import AnnotateSettings, CheckpointSettings, ComposeSettings, ProtectSettings
from layoutgen.io.storage import Storage
from layoutgen.models.annotators.vlm import InternVlAnnotator, VlmPointer, annotation_task, cover_task
from layoutgen.models.base import Composer, Saliency
from layoutgen.models.building import cards
from layoutgen.models.composers.vlm import QwenVlComposer, layout_task
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.decoding.answerer import Answerer, DecodingOptions, Task, open_answerer
from layoutgen.models.decoding.decoder import Engine
from layoutgen.models.decoding.memory import INSTRUCTIONS
from layoutgen.models.prefixes import split_pin
from layoutgen.models.vlm.canvas_painter import ChooseFraming
from layoutgen.models.vlm.checkpoints import (
    ADAPTER_RECORD,
    check_adapter,
    check_names,
    draws_given,
    family_in,
    family_of,
    load_skeleton,
)
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.models.weights import fetch_config, fetch_weights, local, on_hub, revision, tensors_of, weights_sha

log = logging.getLogger("layoutgen")


def annotator(settings: AnnotateSettings, storage: Storage, finder: Saliency | None) -> tuple[InternVlAnnotator, str]:
    """Build the annotator, and its name and version as rows say it."""
    answerer, *_ = _opened(settings, storage, annotation_task)
    return InternVlAnnotator(answerer, finder), _name(settings, answerer.identity)


def pointer(settings: ProtectSettings, storage: Storage) -> tuple[VlmPointer, str]:
    """Build what names the key elements of covers, and its name and version as rows say it."""
    answerer, *_ = _opened(settings, storage, cover_task)
    return VlmPointer(answerer), _name(settings, answerer.identity)


def _name(settings: CheckpointSettings, identity: dict[str, str]) -> str:
    added = f" + {split_pin(settings.adapter)[0]} {identity['adapter_sha'][:12]}" if settings.adapter else ""
    name = f"{identity['family']} {split_pin(settings.model)[0]} {identity['weights_sha'][:12]}"
    name += f" {identity['weights']}" if settings.int8 else ""
    return f"{name}{added}, {identity['prompt_version']}"


def composer(
    settings: ComposeSettings, seed: int, storage: Storage, frame: ChooseFraming, rank: Rank = rough
) -> tuple[Composer, dict[str, Any]]:
    """Build the composer, which takes the best of its candidates by `rank`, and its provenance."""
    answerer, weights, adapter = _opened(settings, storage, layout_task)
    model = QwenVlComposer(
        answerer,
        frame=frame,
        candidates=settings.candidates,
        temperature=settings.temperature,
        seed=seed,
        rank=rank,
        draws_given=draws_given(weights, adapter),
    )
    identity = answerer.identity
    sha = identity["weights_sha"][:12]
    name = (identity["family"], split_pin(settings.model)[0], revision(weights)[:12], sha, identity.get("weights"))
    return model, {
        "composer": " ".join(filter(None, name)),
        "adapter": f"{split_pin(settings.adapter)[0]} {identity['adapter_sha'][:12]}" if settings.adapter else None,
        "prompt_version": identity["prompt_version"],
        "seed": seed if settings.candidates > 1 else None,
    }


def _opened(settings: CheckpointSettings, storage: Storage, task: Task) -> tuple[Answerer, Path, Path | None]:
    """What answers, and the folders of its weights and adapter."""
    weights, adapter = _fetch(settings, storage)
    options = DecodingOptions(
        device=settings.device,
        dtype=settings.dtype,
        max_side=settings.image_side,
        max_new_tokens=settings.max_new_tokens,
        rows=settings.batch,
        prompt_tokens=settings.prompt_tokens,
        deadline_s=settings.deadline_s or None,
        int8=settings.int8,
    )
    engine = _vllm(options, weights, adapter, cards.gpus(settings)) if settings.decoder == "vllm" else None
    return open_answerer(weights, adapter, options, task=task, engine=engine), weights, adapter


def check(settings: CheckpointSettings, storage: Storage) -> None:
    """See that model and adapter are there, whole, and of one another, by their settings and the headers of their files
    (and an adapter's weights, which are small); what a hub has is not looked at.

    Raises ValueError or AbsentError with the mend.
    """
    cache, uri = Path(settings.cache).expanduser(), settings.model
    if on_hub(uri):
        return
    tensors = tensors_of(uri, cache, storage)
    folder = fetch_config(uri, cache, storage)
    family = family_in(folder)
    skeleton = load_skeleton(folder)
    check_names(settings.model, tensors, skeleton)
    if not settings.adapter:
        return
    from layoutgen.models.vlm import adapters  # with peft, which a model alone has no use for

    task: Task = layout_task
    if isinstance(settings, AnnotateSettings):
        task = annotation_task
    if isinstance(settings, ProtectSettings):
        task = cover_task
    known = {"max_side": str(settings.image_side), **task(family)}
    known |= {"weights_sha": weights_sha(folder)} if local(uri) else {}
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


def _vllm(options: DecodingOptions, weights: Path, adapter: Path | None, gpus: int) -> Engine:
    from layoutgen.models.decoding.vllm_engine import VllmDecoder

    across = -(-options.max_side // picture_kind(weights, family_of(weights)).unit)
    copy = options.max_new_tokens  # longer ones are refused before
    context = INSTRUCTIONS + across**2 + copy + options.max_new_tokens
    return VllmDecoder(weights, [adapter] if adapter else [], options, context=context, gpus=gpus)
