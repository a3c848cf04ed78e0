"""Trains the embedded refiner on designers' layouts and hints of them, on one core.

    python -m layoutgen.training.refiner --data POSTERS.arrow --output DIR [--seed 0] [--steps 4000] [--resume]
        [--begin FILE.safetensors]

POSTERS.arrow is made by `jobs.corpus --refine 0`; only its layouts and copy are read. DIR gets `refiner.safetensors`
(what runs), `refiner.json` (its card, with the IoU of hints before and after on layouts held back) and
`checkpoint.pt`, from which `--resume` goes on; `--begin` names weights to begin with instead of drawn ones. Same data,
seed, steps, begin and library versions: same weights, also when interrupted, because each step draws its layouts and
noise from its own number.

    loss = mean over elements of [3 (1 - IoU) + mean over edges of min(30, |e - e*| / level) / 2]
           + 0.3 · mean over edges of - log Σ of the shares of moves that end within 0.0012 of the edge

The last part says which moves are right, where any is: the others would have to find it by trying.
"""

import argparse
import hashlib
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import load, save
from torch import Tensor, nn

from layoutgen.core.layout import LEARNT_ROLES, Role
from layoutgen.io.storage import Storage
from layoutgen.models.refiners.inputs import Inputs
from layoutgen.models.refiners.network import LEAST_LEVEL, BoxRefiner, Refined
from layoutgen.training.data.sample import Task
from layoutgen.training.data.stored import open_stored
from layoutgen.training.refiner.hints import chosen, hinted, in_part, layouts, moved_by, turned

BATCH = 24
RATE = 2e-3
_RIGHT = 0.0012
_MEAN_DECAY = 0.995


def loss(refined: Refined, hints: Inputs, whole: Inputs) -> Tensor:
    """What is made smaller: see above."""
    there = whole.there
    levels = hints.levels.clamp(min=LEAST_LEVEL)
    off = ((refined.ltrb - whole.ltrb).abs() / levels).clamp(max=30).mean(-1)
    apart = 3 * (1 - overlap(refined.ltrb, whole.ltrb)) + off / 2
    ends = torch.cat([hints.ltrb[..., None] + refined.moves, hints.ltrb[..., None]], -1)
    right = (ends - whole.ltrb[..., None]).abs() < _RIGHT
    share = (refined.shares * right).sum(-1)[right.any(-1) & there[..., None]]
    return apart[there].mean() - 0.3 * (share + 1e-6).log().mean()


def overlap(a: Tensor, b: Tensor) -> Tensor:
    """IoU of boxes (..., 4) with boxes."""
    low, high = torch.maximum(a[..., :2], b[..., :2]), torch.minimum(a[..., 2:], b[..., 2:])
    shared = (high - low).clamp(min=0).prod(-1)
    areas = [(box[..., 2:] - box[..., :2]).clamp(min=0).prod(-1) for box in (a, b)]
    return shared / (areas[0] + areas[1] - shared).clamp(min=1e-9)


@torch.inference_mode()
def measured(network: BoxRefiner, whole: Inputs) -> dict[str, list[float]]:
    """Mean IoU over layouts held back, of the hints and of what becomes of them: with each edge moved with probability
    1/2 by N(0, .01) and N(0, .03), with all elements and with texts and logos alone, and with one to three of x, y,
    width and height of every element not known."""
    rng = torch.Generator().manual_seed(7)
    in_parts = in_part(whole._replace(levels=torch.full_like(whole.ltrb, LEAST_LEVEL)), rng, torch.ones(1, 1, 1))
    cases = {"0.01": moved_by(whole, 0.01, rng), "0.03": moved_by(whole, 0.03, rng), "in part": in_parts}
    texts = whole._replace(there=whole.there & (whole.roles != LEARNT_ROLES.index(Role.UNDERLAY)))
    cases |= {"0.01, texts": moved_by(texts, 0.01, rng), "0.03, texts": moved_by(texts, 0.03, rng)}
    out = {}
    for name, hints in cases.items():
        refined = network(hints).ltrb.clamp(0, 1)
        means = [overlap(boxes, whole.ltrb)[hints.there].mean().item() for boxes in (hints.ltrb, refined)]
        out[name] = [round(mean, 4) for mean in means]
    return out


class Training:
    """A training of so many steps, which can be saved and gone on with."""

    def __init__(self, seed: int, steps: int) -> None:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            self.network = BoxRefiner()
            self.mean = BoxRefiner()
        self.mean.load_state_dict(self.network.state_dict())
        self.seed, self.steps, self.done = seed, steps, 0
        self._optimiser = torch.optim.AdamW(self.network.parameters(), RATE, weight_decay=1e-4)

    def begin(self, weights: dict[str, Tensor]) -> None:
        """Take weights instead of those that were drawn."""
        self.network.load_state_dict(weights)
        self.mean.load_state_dict(weights)

    def step(self, learnt: Inputs) -> float:
        """Learn a batch; its layouts and noise are of the step's number. Returns the loss."""
        rng = torch.Generator().manual_seed(self.seed * 10_000_019 + self.done)
        warm = min(1.0, (self.done + 1) / 100)
        rate = RATE * warm * (0.03 + 0.97 * 0.5 * (1 + math.cos(math.pi * self.done / self.steps)))
        for group in self._optimiser.param_groups:
            group["lr"] = rate
        whole = turned(chosen(learnt, torch.randint(len(learnt.ltrb), (BATCH,), generator=rng)), rng)
        hints = hinted(whole, rng, self.done / self.steps)
        lost = loss(self.network(hints), hints, whole)
        self._optimiser.zero_grad()
        lost.backward()
        nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self._optimiser.step()
        self.done += 1
        decay = min(_MEAN_DECAY, self.done / (self.done + 10))
        for mean, own in zip(self.mean.parameters(), self.network.parameters(), strict=True):
            mean.data.lerp_(own.data, 1 - decay)
        return lost.item()

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        part = path.with_suffix(".part")
        state = {"network": self.network.state_dict(), "mean": self.mean.state_dict()}
        torch.save({**state, "optimiser": self._optimiser.state_dict(), "done": self.done}, part)
        part.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint."""
        state = torch.load(path, weights_only=True)
        self.network.load_state_dict(state["network"])
        self.mean.load_state_dict(state["mean"])
        self._optimiser.load_state_dict(state["optimiser"])
        self.done = state["done"]


def train(
    data: str,
    output: Path,
    *,
    seed: int = 0,
    steps: int = 4000,
    resume: bool = False,
    every: int = 250,
    begin: Path | None = None,
) -> dict[str, Any]:
    """Train and write weights and card into `output`; a checkpoint `every` so many steps. Returns the card."""
    torch.set_num_threads(1)
    output.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    opened = open_stored(data, str(output), Storage(attempts=1))
    learnt, held_back = layouts([*_tasks(opened.train)]), layouts([*_tasks(opened.validation)])
    training = Training(seed, steps)
    if begin:
        training.begin(load(begin.read_bytes()))
    checkpoint = output / "checkpoint.pt"
    if resume and checkpoint.exists():
        training.load(checkpoint)
    while training.done < steps:
        lost = training.step(learnt)
        if training.done % every == 0 or training.done == steps:
            training.save(checkpoint)
            spent = time.process_time() - began
            now = measured(training.mean, held_back)
            print(f"step {training.done} of {steps}, loss {lost:.3f}, {now}, {spent:.0f} s", flush=True)  # noqa: T201
    weights = {name: value.contiguous() for name, value in training.mean.state_dict().items()}
    written = save(weights)
    (output / "refiner.safetensors").write_bytes(written)
    card = {
        "name": "layoutgen refiner, refiner-1",
        "what": "sets boxes of a layout that are a little off, or known in part, where its other boxes say they belong",
        "parameters": sum(value.numel() for value in weights.values()),
        "bytes": len(written),
        "sha256": hashlib.sha256(written).hexdigest(),
        "made_by": f"python -m layoutgen.training.refiner --data POSTERS.arrow --seed {seed} --steps {steps}"
        + (" --begin WEIGHTS" if begin else ""),
        "learnt_from": f"{len(learnt.ltrb)} drawn posters (jobs.corpus --refine 0), sha256 {opened.sha}",
        "held_back": {"layouts": len(held_back.ltrb), "iou_given_and_after": measured(training.mean, held_back)},
        "cpu_seconds": round(time.process_time() - began),
        "libraries": {"torch": torch.__version__},
    }
    (output / "refiner.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return card


def _tasks(samples: Any) -> Iterator[Task]:
    for number in range(len(samples)):
        task = samples.sample(number, 0).task
        if task is not None:
            yield task


def main() -> None:
    """Train as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", required=True)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=4000)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--begin", type=Path)
    print(json.dumps(train(**vars(parser.parse_args()))))  # noqa: T201


if __name__ == "__main__":
    main()
