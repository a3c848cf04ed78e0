"""Whether a network that denoises boxes can learn at all: it memorises a few drawn posters.

python -m benchmarks.memorise [--posters 16] [--size small] [--steps 3000] [--minutes 0] [--output results.jsonl]

Trains on the same posters in every step, without augmentation, and lays them out again with the average's weights and
`--sampling` steps of denoising. The last JSON line has the mean IoU of elements with their truth (0 for an element that
is not there), for the texts alone too, and how many of the roles are right.
"""

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.reporting import cpu
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Role, Suggestion, iou
from layoutgen.models.base import Brief, Composition
from layoutgen.models.layout_diffusion import checkpoint
from layoutgen.models.layout_diffusion.composer import RadmComposer
from layoutgen.models.layout_diffusion.network import Radm, build
from layoutgen.models.layout_diffusion.sizes import SIZES, SMALL, Size
from layoutgen.training.box_diffusion import Average, batch_loss, optimiser, show
from layoutgen.training.corpus import Corpus, CorpusSpec, Poster
from layoutgen.training.datasets import corpus_task
from layoutgen.training.sample import Task

TINY = replace(
    SMALL, name="tiny", side=64, widths=(8, 16, 24, 32), depths=(1, 1, 1, 1), width=48, proposals=20, heads=2,
    dynamic=16, feedforward=128, text=48, letters=32,
)  # fmt: skip
"""For a minute's try on a busy machine."""


def score(truth: tuple[Suggestion, ...], found: tuple[Suggestion, ...]) -> list[tuple[bool, float, bool]]:
    """Of each element: whether it is a text, its IoU with the one found, and whether that has its role."""
    out = []
    for one in truth:
        if one.role is Role.UNDERLAY:
            best = max((iou(one.box, other.box) for other in found if other.role is Role.UNDERLAY), default=0.0)
            out.append((False, best, best > 0))
            continue
        match = next(other for other in found if other.role is not Role.UNDERLAY and other.text == one.text)
        out.append((True, iou(one.box, match.box), match.role is one.role))
    return out


def evaluate(network: Radm, posters: list[Poster], tasks: list[Task], steps: int) -> dict[str, float]:
    """Lay the posters out, and compare."""
    framings = {poster.key: poster.framing for poster in posters}
    keys = iter([poster.key for poster in posters])
    composer = RadmComposer(network, frame=lambda *_: framings[next(keys)], steps=steps)
    briefs = [
        Brief(task.photo, Annotation((), poster.subject), task.copy, task.canvas, task.logo_aspect)
        for poster, task in zip(posters, tasks, strict=True)
    ]
    found = [one for one in composer.compose(briefs) if isinstance(one, Composition)]
    scored = [one for task, made in zip(tasks, found, strict=True) for one in score(task.target, made.suggestions)]
    return {
        "iou": round(float(np.mean([value for _, value, _ in scored])), 4),
        "iou_texts": round(float(np.mean([value for is_text, value, _ in scored if is_text])), 4),
        "roles": round(float(np.mean([right for _, _, right in scored])), 4),
    }


def main() -> None:
    """Train, and say how well the posters are known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--posters", type=int, default=16)
    parser.add_argument("--size", choices=["tiny", *SIZES], default="small")
    parser.add_argument("--steps", type=int, default=3000)
    parser.add_argument("--minutes", type=float, default=0.0, help="stop after so many minutes; 0: never")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=5e-4)
    parser.add_argument("--sampling", type=int, default=4, help="steps of denoising")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder to keep the network in")
    parser.add_argument("--output", type=Path, help="append the JSON line to this file too")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    size: Size = TINY if given.size == "tiny" else SIZES[given.size]
    corpus = Corpus(CorpusSpec(seed=given.seed, side=size.side, grounds=16))
    posters = [corpus.poster(number) for number in range(given.posters)]
    tasks = [corpus_task(poster) for poster in posters]
    shown = [show(task, size) for task in tasks]
    network = build(size, given.seed).to(given.device).train()
    average = Average(network, 0.99)
    learn = optimiser(network, given.rate)
    began, recent, done = time.perf_counter(), [], 0
    for step in range(given.steps):
        for group in learn.param_groups:
            group["lr"] = given.rate * min(1.0, (step + 1) / 50) * (0.1 if step > 0.85 * given.steps else 1.0)
        chosen = np.random.default_rng([given.seed, step]).choice(given.posters, min(given.batch, given.posters), False)
        lost, parts = batch_loss(network, [shown[k] for k in chosen], [step * 1000 + int(k) for k in chosen])
        learn.zero_grad()
        lost.backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        learn.step()
        average.update(network)
        recent.append(lost.item())
        done = step + 1
        seconds = time.perf_counter() - began
        if done % 50 == 0:
            told = {name: round(value, 3) for name, value in parts.items()}
            print(json.dumps({"step": done, "loss": round(float(np.mean(recent)), 3), **told, "s": round(seconds)}))
            recent.clear()
        if given.minutes and seconds > 60 * given.minutes:
            break
    line = json.dumps(
        {
            "bench": "memorise",
            "case": f"radm {size.name}, {given.posters} posters",
            **evaluate(average.network, posters, tasks, given.sampling),
            "steps": done,
            "sampling": given.sampling,
            "seconds": round(time.perf_counter() - began),
            "device": given.device,
            "hardware": cpu(),
        }
    )
    print(line)
    if given.keep:
        checkpoint.save(average.network, given.keep)
    if given.output:
        with given.output.open("a", encoding="utf-8") as file:
            file.write(line + "\n")


if __name__ == "__main__":
    main()
