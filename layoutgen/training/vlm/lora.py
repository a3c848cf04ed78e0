"""Trains a LoRA adapter of a vision-language model, or all of a small one's weights: plain functions.

They need torch, transformers and peft and nothing of the cluster: `trainer` launches them there, `fitting` is one
worker's way through a run, and `benchmarks.train` calls them as they are. Prompts and pictures are made by the serving
code, so that what is learnt is what is asked.
"""

import math
import shutil
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import Tensor, nn

from layoutgen.core.prompts.layouts import CODEC, PROMPT_VERSION
from layoutgen.models.vlm.checkpoints import Speech, load_model, record_adapter
from layoutgen.models.vlm.tiny import LORA_TARGETS
from layoutgen.training.loop.engines import Engine, total
from layoutgen.training.vlm.learner import Learner
from layoutgen.training.vlm.tokens import collate

VISION_TARGETS = (
    r".*(visual\.blocks|vision_tower\.encoder\.layer)\.\d+\.(attn|attention|mlp)\."
    r"(qkv|proj|[qkv]_proj|projection_layer|fc[12]|linear_fc[12]|(gate|up|down)_proj)$"
)
"""The vision towers' linear layers, in all families."""


class DivergedError(RuntimeError):
    """The loss or its gradients are no numbers any more; the message says when. Trying again gives the same."""


@dataclass(frozen=True)
class Recipe:
    """How to train.

    `method`: `lora`; `dpo`, a LoRA adapter from preferences; `full`, all weights. An adapter is of `rank`, scaled by
    `alpha` / rank, with `dropout`, on the language model and with `vision` on the vision tower. `batch` samples a step
    for all ranks together, `micro` at once on a device. The rate rises to `rate` over a share `warmup` of the steps and
    falls along a cosine to a tenth. `dtype` is computed in; LoRA weights, and with `full` all, are kept in float32.
    With `free` only those of an answer's tokens are learnt that its grammar leaves free. Before all that the vision
    tower takes `dense_steps` steps of its own at `dense_rate`, see `dense`.
    """

    method: Literal["lora", "dpo", "full"] = "lora"
    rank: int = 16
    alpha: int = 32
    dropout: float = 0.0
    vision: bool = False
    batch: int = 32
    micro: int = 4
    rate: float = 1e-4
    warmup: float = 0.05
    decay: float = 0.0
    clip: float = 1.0
    beta: float = 0.1
    image_side: int = 672
    max_tokens: int = 4096
    seed: int = 0
    dtype: Literal["bfloat16", "float32"] = "bfloat16"
    checkpointing: bool = True
    free: bool = False
    dense_steps: int = 0
    dense_rate: float = 1e-3


def load_learner(weights: Path, recipe: Recipe, device: str | None) -> Learner:
    """Load a model to train, onto a device or, with None, where `zero.parted` puts it; a LoRA adapter on it is new,
    drawn with the recipe's seed."""
    half = recipe.dtype == "bfloat16"
    if recipe.method == "full":
        return prepared(load_model(weights, None, device, torch.float32), recipe, half)
    return prepared(with_adapter(load_model(weights, None, device, getattr(torch, recipe.dtype)), recipe), recipe, half)


def with_adapter(model: Any, recipe: Recipe) -> Any:
    """A model with a new LoRA adapter on it."""
    from peft import LoraConfig, get_peft_model

    targets = f"({LORA_TARGETS})|({VISION_TARGETS})" if recipe.vision else LORA_TARGETS
    lora = LoraConfig(
        r=recipe.rank, lora_alpha=recipe.alpha, lora_dropout=recipe.dropout, target_modules=targets,
        task_type="CAUSAL_LM",
    )  # fmt: skip
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        return get_peft_model(model, lora)


def restore(learner: nn.Module, weights: dict[str, Tensor]) -> None:
    """Put learnt weights, by their names in the learner, in their place. Raises ValueError where they are others'."""
    own = {name: weight for name, weight in learner.named_parameters() if weight.requires_grad}
    wrong = sorted(set(own) ^ set(weights)) or [name for name in own if own[name].shape != weights[name].shape]
    if wrong:
        raise ValueError(f"the weights are another training's: {wrong[0]} does not fit; begin anew in another folder")
    with torch.no_grad():
        for name, weight in own.items():
            weight.copy_(weights[name])


def prepared(model: Any, recipe: Recipe, half: bool) -> Learner:
    """A model as a learner, in training mode."""
    if half and next(model.parameters()).device.type == "cpu":
        # There, in bfloat16, torch's fused attention is slower than plain products and a softmax: 2.9 to 2.6 s a step.
        model.set_attn_implementation("eager")
    if recipe.checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    return Learner(model.train(), beta=recipe.beta, bf16=half)


def rate_at(step: int, steps: int, recipe: Recipe) -> float:
    """Learning rate of a step: up in a straight line, then down along a cosine to a tenth."""
    warm = max(1, round(recipe.warmup * steps))
    if step < warm:
        return recipe.rate * (step + 1) / warm
    along = (step - warm) / max(1, steps - warm)
    return recipe.rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * along)))


@dataclass(frozen=True)
class Taken:
    """A step that was taken: its mean loss, the share of hits, the rate, the gradients' norm, and over all ranks the
    samples and answer tokens that were learnt and the tokens that were read."""

    step: int
    loss: float
    hits: float
    rate: float
    norm: float
    samples: int
    learnt: int
    read: int


Collate = Callable[[list[Any]], Any]


def collator(speech: Speech, recipe: Recipe, device: torch.device) -> Collate:
    """What makes batches of rows for a device."""
    dtype = getattr(torch, recipe.dtype)
    pairs = recipe.method == "dpo"
    return lambda rows: collate(rows, speech.pictures, speech.image_token, device, dtype, pairs=pairs)


def take(engine: Engine, chunks: list[list[Any]], make: Collate, recipe: Recipe, step: int, steps: int) -> Taken:
    """Take one step of `steps` with this rank's chunks of rows. Raises DivergedError before or after the step, whose
    weights are then to be thrown away."""
    device = next(engine.learner.parameters()).device
    pairs = recipe.method == "dpo"
    rows = [row for chunk in chunks for row in chunk if row.weight]
    torch.manual_seed(1_000_003 * recipe.seed + 1009 * step + engine.rank)  # dropout, the same after an interruption
    counted = total(
        [len(rows), sum(row.learnt for row in rows), sum(row.read for row in rows)], device
    )  # fmt: skip
    samples, learnt, read = counted
    scale = engine.ranks / (samples if pairs else learnt)
    sums = torch.zeros(3, device=device)
    for chunk in chunks:
        sums += engine.accumulate(make(chunk), scale, last=chunk is chunks[-1])
    lost, weight, hits = total(sums.double(), device)
    if not math.isfinite(lost):
        raise DivergedError(_DIVERGED.format(what="loss", step=step, value=lost))
    rate = rate_at(step, steps, recipe)
    norm = engine.step(rate)
    if not math.isfinite(norm):
        raise DivergedError(_DIVERGED.format(what="norm of the gradients", step=step, value=norm))
    return Taken(step, lost / weight, hits / weight, rate, norm, int(samples), int(learnt), int(read))


_DIVERGED = "the {what} of step {step} is {value}: stopped there; lower train.rate, or look at that step's samples"


def validate(engine: Engine, chunks: Iterable[list[Any]], make: Collate) -> tuple[float, float]:
    """Mean loss and share of hits of rows, over all ranks, with nothing learnt."""
    device = next(engine.learner.parameters()).device
    engine.learner.eval()
    sums = torch.zeros(3, device=device)
    for chunk in chunks:
        sums += engine.look(make(chunk))
    engine.learner.train()
    lost, weight, hits = total(sums.double(), device)
    return (lost / weight, hits / weight) if weight else (math.nan, math.nan)


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


def parameters(learner: Learner) -> dict[str, int]:
    """How many weights there are and how many of them are learnt."""
    return {
        "all": sum(map(_size, learner.parameters())),
        "learnt": sum(_size(weight) for weight in learner.parameters() if weight.requires_grad),
    }


def _size(weight: Tensor) -> int:
    return int(getattr(weight, "ds_numel", weight.numel()))  # under ZeRO-3 a rank's own part is empty
