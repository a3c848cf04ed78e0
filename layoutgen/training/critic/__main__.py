"""Trains the embedded critic on layouts and damages of them, on one core.

    python -m layoutgen.training.critic --output DIR [--seed 0] [--steps 800] [--posters 300] [--resume]
        [--layouts TABLE --feedback FILE]

DIR gets `critic.safetensors` (what runs), `critic.json` (its card, with the agreement on held-back pairs by grade) and
`checkpoint.safetensors`, from which `--resume` goes on. Same seed, steps, posters, decisions and library versions: same
weights, also when interrupted. With `--feedback` it learns from what designers decided about the layouts of a published
table, too: edits against what they changed, adopted layouts against rejected ones of the same question.

Loss: the worse one's number should lie below the better one's (Bradley and Terry 1952), mean over pairs. Pairs are held
back by poster and by product: none that the critic is measured on shows goods that it learnt from. Half of them say by
what its numbers are divided to be log odds (temperature scaling, Guo et al. 2017), the others are measured.
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
from layoutgen.models.critics.network import FEATURES, MEAN, TEMPERATURE, WHITENING, Critic, network
from layoutgen.models.critics.sketch import CHANNELS
from layoutgen.training.critic.damages import GRADES, KINDS
from layoutgen.training.critic.decided import decided_pairs
from layoutgen.training.critic.pairs import Example, examples
from layoutgen.training.saliency import Net, Training, folded

DAMAGES = 7
POSTERS, HELD_BACK = 300, 120
_BATCH = 8
_HELD_BACK_SEED = 1_000_003
_SHRUNK = 0.1


def loss(scores: Tensor, sizes: list[int]) -> Tensor:
    """Mean over pairs of -log sigmoid(whole - damaged); `scores` (n, 1, 1, 1) come poster by poster, the whole one
    first, `sizes` of them each."""
    each = [own[0] - own[1:] for own in scores.flatten().split(sizes)]
    return -functional.logsigmoid(torch.cat(each)).mean()


def agreement(weights: bytes, held_back: list[Example]) -> dict[str, Any]:
    """On held-back pairs: the share in which the better layout has more, by grade, and by kind of the clear ones; how
    often the critic is right by its own odds (`expected`); and the share of layouts that it calls far (`far`)."""
    critic = Critic(weights=weights)
    outcomes: dict[str, list[bool]] = {name: [] for name in (*GRADES, *KINDS)}
    odds: list[float] = []
    for example in held_back:
        for (kind, grade), score in zip(example.damages, critic.log_odds(list(example.floats()))[1:], strict=True):
            odds.append(abs(score))
            outcomes.setdefault(grade, []).append(score < 0)
            if grade == "clear":
                outcomes[kind].append(score < 0)
    distances = [critic.distances(list(example.floats()[:1]))[0] for example in held_back]
    return {
        **{name: _share(right) for name, right in outcomes.items() if right},
        "expected": round(float(np.mean(1 / (1 + np.exp(-np.array(odds))))), 3),
        "far": round(float(np.mean(np.array(distances) > 1)), 3),
    }


def _share(right: list[bool]) -> dict[str, Any]:
    estimate = wilson(sum(right), len(right), 0.95)
    interval = [round(estimate.low or 0.0, 3), round(estimate.high or 0.0, 3)]
    return {"agreement": round(sum(right) / len(right), 3), "interval": interval, "pairs": len(right)}


def fit(
    learnt: list[Example],
    calibrating: list[Example],
    *,
    seed: int,
    steps: int,
    checkpoint: Path | None = None,
    resume: bool = False,
    every: int = 50,
) -> dict[str, Tensor]:
    """The weights of a critic that learnt from examples, calibrated on others; a checkpoint `every` so many steps, from
    which `resume` goes on."""
    training = Training(seed, steps, partial(Net, network, CHANNELS))
    if resume and checkpoint and checkpoint.exists():
        training.load(checkpoint)
    began = time.process_time()
    while training.done < steps:
        rng = np.random.default_rng([seed, training.done])
        chosen = [learnt[i] for i in rng.choice(len(learnt), min(_BATCH, len(learnt)), replace=False)]
        turned = [example.floats()[..., ::-1] if rng.random() < 0.5 else example.floats() for example in chosen]
        sketches = torch.from_numpy(np.ascontiguousarray(np.concatenate(turned)))
        lost = training.step(sketches, partial(loss, sizes=[len(each) for each in turned]))
        if checkpoint and (training.done % every == 0 or training.done == steps):
            training.save(checkpoint)
            spent = time.process_time() - began
            print(f"step {training.done} of {steps}, loss {lost:.4f}, {spent:.0f} s", flush=True)  # noqa: T201
    weights = folded(training.mean.eval())
    plain = {**weights, **_domain(np.zeros((2, FEATURES))), TEMPERATURE: torch.ones(1)}
    critic = Critic(weights=save(plain))
    domain = _domain(np.concatenate([critic.features(list(example.floats())) for example in learnt]))
    rated = [critic.rate(list(example.floats())) for example in calibrating]
    gaps = np.array([first - other for first, *others in rated for other in others])
    return {**plain, **domain, TEMPERATURE: torch.tensor([temperature(gaps)])}


def temperature(gaps: np.ndarray) -> float:
    """By what the better ones' leads (n,) are to be divided to be log odds: the likeliest value; 1 without any."""
    if not len(gaps):
        return 1.0
    candidates = np.geomspace(0.1, 100, 200)
    return float(candidates[np.logaddexp(0, -gaps[None] / candidates[:, None]).mean(1).argmin()])


def _domain(features: np.ndarray) -> dict[str, Tensor]:
    """Where features (n, 128) of layouts lie: `MEAN` and `WHITENING`, their covariance shrunk towards its mean."""
    mean = features.mean(0)
    covariance = np.cov(features.T) if len(features) > 1 else np.eye(FEATURES)
    covariance = (1 - _SHRUNK) * covariance + (_SHRUNK * np.trace(covariance) / FEATURES + 1e-9) * np.eye(FEATURES)
    whitening = np.linalg.inv(np.linalg.cholesky(covariance)).T
    longest = float(np.percentile(np.linalg.norm((features - mean) @ whitening, axis=1), 99)) or 1.0
    return {MEAN: torch.from_numpy(mean).float(), WHITENING: torch.from_numpy(whitening / longest).float().contiguous()}


def train(
    output: Path,
    *,
    seed: int = 0,
    steps: int = 800,
    posters: int = POSTERS,
    resume: bool = False,
    every: int = 50,
    layouts: str = "",
    feedback: str = "",
) -> dict[str, Any]:
    """Train and write weights and card into `output`; a checkpoint `every` so many steps. Returns the card."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    output.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    decided, dropped = decided_pairs(layouts, feedback) if feedback else ([], {})
    learnt = [*examples(seed, range(posters), DAMAGES, "learnt"), *decided]
    held_back = examples(seed + _HELD_BACK_SEED, range(min(HELD_BACK, posters)), DAMAGES, "held_back")
    calibrating, measured = held_back[: len(held_back) // 2], held_back[len(held_back) // 2 :]
    checkpoint = output / "checkpoint.safetensors"
    weights = fit(learnt, calibrating, seed=seed, steps=steps, checkpoint=checkpoint, resume=resume, every=every)
    data = save(weights)
    (output / "critic.safetensors").write_bytes(data)
    card = {
        "name": "layoutgen critic, critic-2",
        "what": "of two layouts of one copy on one canvas, the better has more; pictures of 128 x 128",
        "parameters": sum(value.numel() for name, value in weights.items() if name not in (MEAN, WHITENING)),
        "bytes": len(data),
        "sha256": hashlib.sha256(data).hexdigest(),
        "made_by": f"python -m layoutgen.training.critic --seed {seed} --steps {steps} --posters {posters}",
        "learnt_from": "drawn posters (layoutgen.training.corpus) and what the rules make of their photos, against "
        "damages of them; no picture of anybody's",
        "pairs": {
            "learnt": sum(len(e.damages) for e in learnt),
            "held_back": sum(len(e.damages) for e in measured),
        },
        "held_back": agreement(data, measured),
        "cpu_seconds": round(time.process_time() - began),
        "libraries": {"torch": torch.__version__, "opencv": cv2.__version__, "numpy": np.__version__},
    }
    if feedback:
        card |= {"learnt_from": f"{card['learnt_from']}; and {len(decided)} decisions of designers", "dropped": dropped}
    (output / "critic.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return card


def main() -> None:
    """Train as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--posters", type=int, default=POSTERS)
    parser.add_argument("--resume", action="store_true")
    parser.add_argument("--layouts", default="", help="a published table, of which --feedback speaks")
    parser.add_argument("--feedback", default="", help="decisions of designers, JSON lines or Parquet")
    print(json.dumps(train(**vars(parser.parse_args()))))  # noqa: T201


if __name__ == "__main__":
    main()
