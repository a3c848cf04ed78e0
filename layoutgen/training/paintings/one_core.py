"""Trains the embedded network that paints, on drawn scenes, on one core.

    python -m layoutgen.training.paintings.one_core --output DIR [--seed 0] [--steps 3200] [--scenes 10000]
        [--minutes M]

DIR gets config.json, model.safetensors and card.json, as `models/embedded/painted` has them, and the drawn scenes and
checkpoint.pt, from which the same command goes on where it was ended; with --minutes it ends itself after so many of
CPU time, to be gone on with. Each step draws its rows and windows from its own number, so the same arguments give the
same weights, also when interrupted, on the same versions of the libraries.

A step sees a window of each of its scenes, all of one size, every first, second or third pixel of it. Loss: see
`learner`. AdamW, warm-up and cosine; the exponential mean of the weights is what is written. `jobs.retrain` trains the
same network with `train.model = "paint"`, judges and promotes it.
"""

import argparse
import datetime
import hashlib
import json
import logging
import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from layoutgen import __version__
from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.models.denoising.painted import checkpoint
from layoutgen.models.denoising.painted.asking import asked
from layoutgen.models.denoising.painted.network import Asked, PaintNet, PaintSize, build
from layoutgen.training.paintings.drawings import SHARES, SIZES, requested
from layoutgen.training.paintings.learner import WINDOW, losses_of

BATCH, RATE, WARM_UP, MEAN_DECAY = 16, 2e-3, 150, 0.998
HELD_BACK = 96
_EVERY = 400
logger = logging.getLogger("layoutgen")


@dataclass(frozen=True, eq=False)
class Rows:
    """Drawn scenes of one size: what was asked, and pictures (n, h, w, 3) uint8, which may lie in a file."""

    asked: Asked
    pictures: NDArray[np.uint8]

    def __len__(self) -> int:
        return len(self.pictures)


def rows_of(count: int, seed: int, part: int, size: tuple[int, int], about: PaintSize) -> Rows:
    """Draw scenes of a size."""
    place = SIZES.index(size)
    requests = [
        requested(np.random.default_rng([seed, part, place, k]), size, about.arrangements) for k in range(count)
    ]
    pictures = [drawn(r.numbers, size, r.product, r.texts, r.arrangement).pixels for r in requests]
    return Rows(asked(requests, about), np.stack(pictures))


def stored_rows(path: Path, draw: Callable[[], Rows]) -> Rows:
    """Rows from files, drawn and written where there are none."""
    pixels = path.with_suffix(".npy")
    if not path.exists():
        rows = draw()
        np.save(pixels, rows.pictures)
        torch.save(rows.asked.tensors(), path.with_suffix(".new"))
        path.with_suffix(".new").replace(path)
    return Rows(Asked.of(torch.load(path, weights_only=True)), np.load(pixels, mmap_mode="r"))


def windows(rows: Rows, index: NDArray[np.int64], rng: np.random.Generator) -> tuple[Asked, Tensor, Tensor, Tensor]:
    """A window of each of some scenes: what was asked, rows y (n, h), columns x (n, w), colours (n, h, w, 3)."""
    high, wide = rows.pictures.shape[1:3]
    step = int(rng.integers(1, 4))
    down, across = min(WINDOW, high // step), min(WINDOW, wide // step)
    places, colours = [], []
    for k in index:
        top = int(rng.integers(high - step * (down - 1)))
        left = int(rng.integers(wide - step * (across - 1)))
        lines = (top + step * np.arange(down), left + step * np.arange(across))
        places.append([(line + 0.5) / side for line, side in zip(lines, (high, wide), strict=True)])
        colours.append(rows.pictures[k, top : top + step * down : step, left : left + step * across : step])
    y, x = (torch.tensor(np.stack([place[axis] for place in places]), dtype=torch.float32) for axis in (0, 1))
    truth = torch.from_numpy(np.stack(colours).astype(np.float32) / 255)
    return rows.asked.picked(torch.from_numpy(index)), y, x, truth


@torch.no_grad()
def validation(network: PaintNet, held: list[Rows]) -> float:
    """The loss on held-back scenes, whole, every second pixel."""
    losses = []
    for rows in held:
        high, wide = rows.pictures.shape[1:3]
        y, x = ((torch.arange(0, side, 2) + 0.5)[None].expand(len(rows), -1) / side for side in (high, wide))
        truth = torch.from_numpy(rows.pictures[:, ::2, ::2].astype(np.float32) / 255)
        losses += [float(losses_of(network(rows.asked, y, x), truth).mean())] * len(rows)
    return float(np.mean(losses))


def train(
    folder: Path, data: list[Rows], *, size: PaintSize, seed: int, steps: int, seconds: float = math.inf
) -> PaintNet | None:
    """Train, or go on, to the end: the network of mean weights; None where `seconds` of CPU time ended it before."""
    network = build(size, seed)
    mean = {name: value.clone() for name, value in network.state_dict().items()}
    optimiser = torch.optim.AdamW(network.parameters(), RATE, weight_decay=0.01)
    first, stored, running = 0, folder / "checkpoint.pt", 0.0
    about = {"seed": seed, "steps": steps, "size": repr(size), "rows": [len(rows) for rows in data]}
    if stored.exists():
        state = torch.load(stored, weights_only=True)
        if state["about"] != about:
            raise ValueError(f"{stored} is of a training with {state['about']}, not {about}; give another --output")
        network.load_state_dict(state["network"])
        optimiser.load_state_dict(state["optimiser"])
        first, mean = state["step"], state["mean"]
    shares = np.array([len(rows) for rows in data]) / sum(len(rows) for rows in data)
    began = time.process_time()
    for step in range(first, steps):
        rng = np.random.default_rng([seed, 6, step])
        for group in optimiser.param_groups:
            warm = min(1.0, (step + 1) / WARM_UP)
            group["lr"] = RATE * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * step / steps)))
        rows = data[int(rng.choice(len(data), p=shares))]
        wanted, y, x, truth = windows(rows, rng.integers(len(rows), size=BATCH), rng)
        with torch.autocast("cpu", torch.bfloat16):
            painted = network(wanted, y, x)
        loss = losses_of(painted, truth).mean()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        running = 0.98 * running + 0.02 * float(loss.detach()) if running else float(loss.detach())
        decay = min(MEAN_DECAY, (step + 1) / (step + 10))
        for name, value in network.state_dict().items():
            mean[name].lerp_(value, 1 - decay)
        is_over = time.process_time() - began > seconds
        if (step + 1) % _EVERY == 0 or step + 1 == steps or is_over:
            logger.info("step %d of %d, loss %.4f, %.0f CPU s", step + 1, steps, running, time.process_time() - began)
            state = {"about": about, "step": step + 1, "mean": mean, "network": network.state_dict()}
            torch.save(state | {"optimiser": optimiser.state_dict()}, stored.with_suffix(".new"))
            stored.with_suffix(".new").replace(stored)
        if is_over and step + 1 < steps:
            return None
    network.load_state_dict(mean)
    return network.eval()


def card(folder: Path, network: PaintNet, about: dict[str, object]) -> dict[str, object]:
    """What is to be said of the written weights."""
    weights = (folder / "model.safetensors").read_bytes()
    return {
        "name": "layoutgen embedded painting, painted-1",
        "what": "paints the ground of a poster in one pass from a scene's numbers and the places of product and texts",
        "parameters": sum(value.numel() for value in network.parameters()),
        "bytes": len(weights),
        "sha256": hashlib.sha256(weights).hexdigest(),
        "code_version": __version__,
        "created_at": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        **about,
        "note": "Learnt from the drawer's scenes in the taste of training/corpus/taste.py; from no photograph.",
    }


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description="Train the embedded network that paints.")
    parser.add_argument("--output", type=Path, required=True, help="folder of the network, made where it is missing")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=3200)
    parser.add_argument("--scenes", type=int, default=10000, help="drawn scenes to learn")
    parser.add_argument("--minutes", type=float, default=math.inf, help="CPU time after which it ends, to be gone on")
    args = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    args.output.mkdir(parents=True, exist_ok=True)
    seed, size = args.seed, PaintSize()

    def rows(canvas: tuple[int, int], share: float) -> Rows:
        count = max(1, round(share * args.scenes))
        path = args.output / f"scenes-{seed}-{canvas[0]}x{canvas[1]}-{count}.pt"
        return stored_rows(path, lambda: rows_of(count, seed, 1, canvas, size))

    data = [rows(canvas, share) for canvas, share in zip(SIZES, SHARES, strict=True)]
    network = train(args.output, data, size=size, seed=seed, steps=args.steps, seconds=60 * args.minutes)
    if network is None:
        logger.info("the same command goes on with it")
        return
    held = [rows_of(HELD_BACK // len(SIZES), seed, 2, canvas, size) for canvas in SIZES]
    loss = validation(network, held)
    checkpoint.save(network, args.output)
    about: dict[str, object] = {
        "made_by": [
            f"python -m layoutgen.training.paintings.one_core --output DIR --seed {seed} --steps {args.steps} "
            f"--scenes {args.scenes}"
        ],
        "training": {"steps": args.steps, "batch": BATCH, "rate": RATE, "seed": seed, "validation_loss": loss},
    }
    text = json.dumps(card(args.output, network, about), indent=1, ensure_ascii=False)
    (args.output / "card.json").write_text(text + "\n", "utf-8")
    logger.info("validation loss %.4f; %s", loss, args.output)


if __name__ == "__main__":
    main()
