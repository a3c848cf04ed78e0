"""Whether activations are kept for the backward pass, or computed twice: by what a card holds.

Computing them twice takes a third longer, so with `train.checkpointing = "auto"` it is done only where a GPU would not
hold them (`decoding.memory.training`).
"""

import json
import logging
from dataclasses import replace
from math import prod
from pathlib import Path

import torch

from layoutgen.models.decoding.memory import GIB, measures_of, training
from layoutgen.models.headers import read_header
from layoutgen.models.vlm.pictures import picture_kind
from layoutgen.training.loop.steps import Recipe

log = logging.getLogger("layoutgen")

ANSWER_TOKENS = 768


def decided(recipe: Recipe, base: Path, device: str | None) -> Recipe:
    """The recipe with `checkpointing` decided for a device; None is of many that part a model among them."""
    if recipe.checkpointing != "auto":
        return recipe
    if device is not None and not device.startswith("cuda"):
        return replace(recipe, checkpointing=False)
    if device is None or recipe.method == "full" or recipe.vision:
        return replace(recipe, checkpointing=True)  # what is kept of these is not counted
    room = torch.cuda.get_device_properties(device).total_memory
    return replace(recipe, checkpointing=not fits(recipe, base, room))


def fits(recipe: Recipe, base: Path, room: int) -> bool:
    """Whether a card of `room` bytes holds what training an adapter keeps with all activations."""
    config = json.loads((base / "config.json").read_text("utf-8"))
    tensors = [tensor for file in base.glob("*.safetensors") for tensor in read_header(file).values()]
    measures = measures_of(
        config, sum(prod(shape) for _, shape, *_ in tensors), picture_kind(base, config["model_type"])
    )
    need = training(
        measures,
        dtype=recipe.dtype,
        micro=recipe.micro * (2 if recipe.method == "dpo" else 1),
        max_tokens=recipe.max_tokens,
        answer_tokens=min(ANSWER_TOKENS, recipe.max_tokens),
        rank=recipe.rank,
        checkpointing=False,
    )
    keeps = need.total <= room
    how = "are kept" if keeps else "are computed twice"
    log.info("activations %s: all of them take %s of %.1f GiB", how, need, room / GIB)
    return keeps
