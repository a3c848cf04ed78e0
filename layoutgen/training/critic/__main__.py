"""Trains the embedded critic on layouts and damages of them, on one core.

    python -m layoutgen.training.critic --output DIR [--seed 0] [--steps 500] [--posters 200] [--resume]

DIR gets `critic.safetensors` (what runs), `critic.json` (its card, with the agreement on held-back pairs by grade) and
`checkpoint.safetensors`, from which `--resume` goes on. Same seed, steps, posters and library versions: same weights,
also when interrupted.

Loss: the damaged one's number should lie below the whole one's (Bradley and Terry 1952), mean over pairs. Pairs are
held back by poster and by product: none that the critic is measured on shows goods that it learnt from.
"""

import argparse
import hashlib
import json
import time
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors.torch import save
from torch import Tensor
from torch.nn import functional

from layoutgen.core.metrics.statistics import wilson
from layoutgen.models.critics.network import Critic, network
from layoutgen.models.critics.sketch import CHANNELS
from layoutgen.training.critic.damages import GRADES, KINDS
from layoutgen.training.critic.pairs import Example, examples
from layoutgen.training.saliency import Net, Training, folded

DAMAGES = 7
POSTERS, HELD_BACK = 200, 60
_BATCH = 8
_HELD_BACK_SEED = 1_000_003


def loss(scores: Tensor, sizes: list[int]) -> Tensor:
    """Mean over pairs of -log sigmoid(whole - damaged); `scores` (n, 1, 1, 1) come poster by poster, the whole one
    first, `sizes` of them each."""
    each = [own[0] - own[1:] for own in scores.flatten().split(sizes)]
    return -functional.logsigmoid(torch.cat(each)).mean()


def agreement(weights: bytes, held_back: list[Example]) -> dict[str, Any]:
    """On held-back pairs: the share in which the whole layout has more, by grade, and by kind of the clear ones."""
    critic = Critic(weights=weights)
    outcomes: dict[str, list[bool]] = {name: [] for name in (*GRADES, *KINDS)}
    for example in held_back:
        whole, *worse = critic.rate(list(example.floats()))
        for (kind, grade), score in zip(example.damages, worse, strict=True):
            outcomes[grade].append(whole > score)
            if grade == "clear":
                outcomes[kind].append(whole > score)
    return {name: _share(right) for name, right in outcomes.items() if right}


def _share(right: list[bool]) -> dict[str, Any]:
    estimate = wilson(sum(right), len(right), 0.95)
    interval = [round(estimate.low or 0.0, 3), round(estimate.high or 0.0, 3)]
    return {"agreement": round(sum(right) / len(right), 3), "interval": interval, "pairs": len(right)}


def train(
    output: Path, *, seed: int = 0, steps: int = 500, posters: int = POSTERS, resume: bool = False, every: int = 50
) -> dict[str, Any]:
    """Train and write weights and card into `output`; a checkpoint `every` so many steps. Returns the card."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    output.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    learnt = examples(seed, range(posters), DAMAGES, "learnt")
    held_back = examples(seed + _HELD_BACK_SEED, range(min(HELD_BACK, posters)), DAMAGES, "held_back")
    training = Training(seed, steps, partial(Net, network, CHANNELS))
    checkpoint = output / "checkpoint.safetensors"
    if resume and checkpoint.exists():
        training.load(checkpoint)
    while training.done < steps:
        rng = np.random.default_rng([seed, training.done])
        chosen = [learnt[i] for i in rng.choice(len(learnt), min(_BATCH, len(learnt)), replace=False)]
        turned = [example.floats()[..., ::-1] if rng.random() < 0.5 else example.floats() for example in chosen]
        sketches = torch.from_numpy(np.ascontiguousarray(np.concatenate(turned)))
        lost = training.step(sketches, partial(loss, sizes=[len(each) for each in turned]))
        if training.done % every == 0 or training.done == steps:
            training.save(checkpoint)
            spent = time.process_time() - began
            print(f"step {training.done} of {steps}, loss {lost:.4f}, {spent:.0f} s", flush=True)  # noqa: T201
    weights = folded(training.mean.eval())
    data = save(weights)
    (output / "critic.safetensors").write_bytes(data)
    card = {
        "name": "layoutgen critic, critic-1",
        "what": "of two layouts of one copy on one canvas, the better has more; sketches of 64 x 64",
        "parameters": sum(value.numel() for value in weights.values()),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "made_by": f"python -m layoutgen.training.critic --seed {seed} --steps {steps} --posters {posters}",
        "learnt_from": "drawn posters (layoutgen.training.corpus) and what the rules make of their photos, against "
        "damages of them; no picture of anybody's",
        "pairs": {"learnt": sum(len(e.damages) for e in learnt), "held_back": sum(len(e.damages) for e in held_back)},
        "held_back": agreement(data, held_back),
        "cpu_seconds": round(time.process_time() - began),
        "libraries": {"torch": torch.__version__, "opencv": cv2.__version__, "numpy": np.__version__},
    }
    (output / "critic.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return card


def main() -> None:
    """Train as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=500)
    parser.add_argument("--posters", type=int, default=POSTERS)
    parser.add_argument("--resume", action="store_true")
    print(json.dumps(train(**vars(parser.parse_args()))))  # noqa: T201


if __name__ == "__main__":
    main()
