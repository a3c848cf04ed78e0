"""Trains a LoRA adapter of a vision-language model, or all of a small one's weights: plain functions.

They need torch, transformers and peft and nothing of the cluster: `trainer` launches them there, `fitting` is one
worker's way through a run, and `benchmarks.train` calls them as they are. Prompts and pictures are made by the serving
code, so that what is learnt is what is asked.
"""

import shutil
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION
from layoutgen.models.decoding.segments import SEGMENTS
from layoutgen.models.vlm.checkpoints import LORA_TARGETS, VISION_TARGETS, ChatFormat, load_model, record_adapter
from layoutgen.training.loop.steps import Collate, Recipe
from layoutgen.training.rewards.grpo import USUAL, Terms
from layoutgen.training.vlm.activations import decided
from layoutgen.training.vlm.learner import Learner
from layoutgen.training.vlm.tokens import collate


def load_learner(weights: Path, recipe: Recipe, device: str | None, terms: Terms = USUAL) -> Learner:
    """Load a model to train, onto a device or, with None, where `zero.sharded` puts it; a LoRA adapter on it is new,
    drawn with the recipe's seed."""
    recipe = decided(recipe, weights, device)
    if recipe.method == "full":
        model = load_model(weights, None, device, torch.float32)
    else:
        model = with_adapter(load_model(weights, None, device, getattr(torch, recipe.dtype)), recipe)
    return prepared(model, recipe, recipe.dtype == "bfloat16", terms)


def with_adapter(model: Any, recipe: Recipe) -> Any:
    """A model with a new LoRA adapter on it."""
    from peft import LoraConfig, get_peft_model

    targets = f"({LORA_TARGETS})|({VISION_TARGETS})" if recipe.vision else LORA_TARGETS
    lora = LoraConfig(
        r=recipe.rank,
        lora_alpha=recipe.alpha,
        lora_dropout=recipe.dropout,
        target_modules=targets,
        task_type="CAUSAL_LM",
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return get_peft_model(model, lora)


def prepared(model: Any, recipe: Recipe, half: bool, terms: Terms = USUAL) -> Learner:
    """A model as a learner, in training mode."""
    if half and next(model.parameters()).device.type == "cpu":
        # There, in bfloat16, torch's fused attention is slower than plain products and a softmax: 2.9 to 2.6 s a step.
        model.set_attn_implementation("eager")
    bare = model.get_base_model() if hasattr(model, "get_base_model") else model
    if tower := getattr(bare.model, "visual", None):
        # transformers calls attention for each window of each picture, a thousand times a batch. For good and not for a
        # while: with checkpointing the backward pass calls it too.
        tower.config._attn_implementation = SEGMENTS
    if recipe.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return Learner(model.train(), beta=recipe.beta, bf16=half, terms=terms)


def collator(chat: ChatFormat, recipe: Recipe, device: torch.device) -> Collate:
    """What makes batches of rows for a device."""
    dtype = getattr(torch, recipe.dtype)
    pairs = recipe.method == "dpo"
    return lambda rows: collate(rows, chat.pictures, chat.image_token, device, dtype, pairs=pairs)


def export(learner: Learner, weights: dict[str, Tensor], folder: Path, base: Path, uri: str, recipe: Recipe) -> Path:
    """Write what was learnt into `folder` so that serving loads it: an adapter in peft's format with its record, or
    with `full` a whole checkpoint. `weights` are an engine's, `uri` is the base's name. Raises ValueError for empty
    tensors, of which an adapter would be one that does nothing."""
    named = {name.removeprefix("model."): weight.contiguous() for name, weight in weights.items()}
    empty = sorted(name for name, weight in named.items() if not weight.numel())
    if empty or not named:
        raise ValueError(
            f"{len(empty)} of {len(named)} learnt tensors are empty, such as {empty[:1]}; gather them first"
        )
    folder.mkdir(parents=True, exist_ok=True)
    if recipe.method == "full":
        model, dtype = learner.model, getattr(torch, recipe.dtype)
        model.config.dtype = dtype
        model.save_pretrained(str(folder), state_dict={name: weight.to(dtype) for name, weight in named.items()})
        for file in base.iterdir():
            if (
                file.suffix != ".safetensors"
                and not (folder / file.name).exists()
                and not file.name.startswith((".", "_"))
            ):
                shutil.copyfile(file, folder / file.name)
        return folder
    learner.model.peft_config["default"].base_model_name_or_path = uri
    learner.model.save_pretrained(str(folder), state_dict=named, save_embedding_layers=False)
    (folder / "README.md").unlink(missing_ok=True)  # peft's model card, which would say nothing
    record_adapter(
        folder, base, max_side=recipe.image_side, codec=CODEC, prompt_version=PROMPT_VERSION, vision=recipe.vision
    )
    return folder
