"""A step of a training, whatever is trained: its recipe, its rate, its loss, and what may go wrong."""

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any, Literal

import torch
from torch import Tensor, nn

from layoutgen.core.errors import Stop
from layoutgen.training.loop.engines import Engine, total

if TYPE_CHECKING:  # training itself reads no settings
    from layoutgen.config.training import TrainSettings


class DivergedError(Stop):
    """The loss or its gradients are no numbers any more; the message says when. Trying again gives the same."""


@dataclass(frozen=True)
class Recipe:
    """How to train; its defaults are those of the settings, `config.training.TrainSettings`.

    `method`: `lora`; `dpo`, a LoRA adapter from preferences; `full`, all weights; `best_of` and `grpo`, an adapter, or
    all weights of a network that denoises, from rewards. An adapter is of `rank`, scaled by
    `alpha` / rank, with `dropout`, on the language model and with `vision` on the vision tower. `batch` samples a step
    for all ranks together, `micro` at once on a device. The rate rises to `rate` over a share `warmup` of the steps and
    falls along a cosine to a tenth. `dtype` is computed in; LoRA weights, and with `full` all, are kept in float32.
    With `free` only those of an answer's tokens are learnt that its grammar leaves free. Before all that the vision
    tower takes `dense_steps` steps of its own at `dense_rate`, see `dense`.
    """

    method: Literal["lora", "dpo", "full", "best_of", "grpo"]
    rank: int
    alpha: int
    dropout: float
    vision: bool
    batch: int
    micro: int
    rate: float
    warmup: float
    decay: float
    clip: float
    beta: float
    image_side: int
    max_tokens: int
    seed: int
    dtype: Literal["bfloat16", "float32"]
    checkpointing: bool | Literal["auto"]
    free: bool
    dense_steps: int
    dense_rate: float


def restore(learner: nn.Module, weights: dict[str, Tensor]) -> None:
    """Put learnt weights, by their names in the learner, in their place. Raises ValueError where they are others'."""
    own = {name: weight for name, weight in learner.named_parameters() if weight.requires_grad}
    wrong = sorted(set(own) ^ set(weights)) or [name for name in own if own[name].shape != weights[name].shape]
    if wrong:
        raise ValueError(f"the weights are another training's: {wrong[0]} does not fit; begin anew in another folder")
    with torch.no_grad():
        for name, weight in own.items():
            weight.copy_(weights[name])


def rate_at(step: int, steps: int, recipe: Recipe) -> float:
    """Learning rate of a step: up in a straight line, then down along a cosine to a tenth."""
    warm = max(1, round(recipe.warmup * steps))
    if step < warm:
        return recipe.rate * (step + 1) / warm
    along = (step - warm) / max(1, steps - warm)
    return recipe.rate * (0.1 + 0.9 * 0.5 * (1 + math.cos(math.pi * along)))


@dataclass(frozen=True)
class StepResult:
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

    @property
    def means(self) -> dict[str, float]:
        """What the log says means of."""
        return {"loss": self.loss, "hits": self.hits}


Collate = Callable[[list[Any]], Any]


def train_step(
    engine: Engine, chunks: list[list[Any]], collate: Collate, recipe: Recipe, step: int, steps: int
) -> StepResult:
    """Take one step of `steps` with this rank's chunks of rows. Raises DivergedError before or after the step, whose
    weights are then to be thrown away."""
    device = next(engine.learner.parameters()).device
    pairs = recipe.method == "dpo"
    rows = [row for chunk in chunks for row in chunk if row.weight]
    torch.manual_seed(1_000_003 * recipe.seed + 1009 * step + engine.rank)  # dropout, the same after an interruption
    counts = [len(rows), sum(row.learnt for row in rows), sum(row.read for row in rows)]
    samples, learnt, read = total(counts, device)
    scale = engine.ranks / (samples if pairs else learnt)
    sums = torch.zeros(3, device=device)
    for chunk in chunks:
        sums += engine.accumulate(collate(chunk), scale, last=chunk is chunks[-1])
    lost, weight, hits = total(sums.double(), device)
    if not math.isfinite(lost):
        raise DivergedError(DIVERGED.format(what="loss", step=step, value=lost))
    rate = rate_at(step, steps, recipe)
    norm = engine.step(rate)
    if not math.isfinite(norm):
        raise DivergedError(DIVERGED.format(what="norm of the gradients", step=step, value=norm))
    return StepResult(step, lost / weight, hits / weight, rate, norm, int(samples), int(learnt), int(read))


DIVERGED = "the {what} of step {step} is {value}: stopped there; lower train.rate, or look at that step's samples"


def validate(engine: Engine, chunks: Iterable[list[Any]], collate: Collate) -> tuple[float, float]:
    """Mean loss and share of hits of rows, over all ranks, with nothing learnt."""
    device = next(engine.learner.parameters()).device
    engine.learner.eval()
    sums = torch.zeros(3, device=device)
    for chunk in chunks:
        sums += engine.evaluate(collate(chunk))
    engine.learner.train()
    lost, weight, hits = total(sums.double(), device)
    return (lost / weight, hits / weight) if weight else (math.nan, math.nan)


def parameters(learner: nn.Module) -> dict[str, int]:
    """How many weights there are and how many of them are learnt."""
    return {
        "all": sum(map(_size, learner.parameters())),
        "learnt": sum(_size(weight) for weight in learner.parameters() if weight.requires_grad),
    }


def _size(weight: Tensor) -> int:
    return int(getattr(weight, "ds_numel", weight.numel()))  # under ZeRO-3 a rank's own part is empty


def recipe_of(train: "TrainSettings") -> Recipe:
    """The recipe in the settings."""
    return Recipe(**{field.name: getattr(train, field.name) for field in fields(Recipe)})
