"""Whether a network that denoises can learn at all: it memorises a few drawn posters.

    python -m benchmarks.memorise [--model radm | layout_image] [--posters 16] [--size tiny] [--minutes 1]
        [--keep FOLDER] [--begin FOLDER] [--full] [--output results.jsonl]

Trains as `jobs.retrain` does, on the same posters in every step and without augmentation, and lays them out again with
the average's weights in `--sampling` steps of denoising. Without --full it stops after a minute of a tiny network, and
shows that it learns, not that it knows them. The JSON line has the mean IoU of elements with their truth (0 for an
element that is not there), for the texts alone too, and how many of the roles are right.
"""

import time
from dataclasses import replace
from functools import partial
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.benchmark import Benchmark
from layoutgen.config.training import TrainSettings
from layoutgen.core.layout import Role, Suggestion, iou
from layoutgen.models.base import Brief, Composition
from layoutgen.models.denoising.boxes.network import build
from layoutgen.models.denoising.boxes.sizes import SMALL
from layoutgen.models.denoising.family import Network
from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import NONE, augmented
from layoutgen.training.data.datasets import corpus_task
from layoutgen.training.data.sample import Sample
from layoutgen.training.data.sources import drawn_case
from layoutgen.training.judging.measures import brief_of, framed_before
from layoutgen.training.loop.averaging import Average
from layoutgen.training.loop.engines import PlainEngine
from layoutgen.training.loop.steps import rate_at, recipe_of
from layoutgen.training.networks.kind import scaled
from layoutgen.training.networks.learner import Denoiser, encode

BENCHMARK = Benchmark(
    "memorise",
    "how well a network that denoises lays out posters that it learnt by heart",
    "those posters",
    seconds=75,
    full="1340 steps of the embedded size, about 35 minutes",
)
TINY = replace(
    SMALL, name="tiny", side=64, widths=(8, 16, 24, 32), depths=(1, 1, 1, 1), width=48, heads=2, feedforward=128,
    text=48, letters=32,
)  # fmt: skip
"""For a minute's try on a busy machine."""


def score(truth: tuple[Suggestion, ...], layout: tuple[Suggestion, ...]) -> list[tuple[bool, float, bool]]:
    """Of each element: whether it is a text, its IoU with the layout's, and whether that has its role."""
    scores = []
    for element in truth:
        if element.role is Role.UNDERLAY:
            best = max((iou(element.box, other.box) for other in layout if other.role is Role.UNDERLAY), default=0.0)
            scores.append((False, best, best > 0))
            continue
        match = next(other for other in layout if other.role is not Role.UNDERLAY and other.text == element.text)
        scores.append((True, iou(element.box, match.box), match.role is element.role))
    return scores


def evaluate(
    name: str, network: Network, briefs: list[Brief], truths: list[tuple[Suggestion, ...]], steps: int
) -> dict[str, float]:
    """Lay the posters out, and compare."""
    composer = FAMILIES[name].composer(network.eval(), frame=framed_before, steps=steps)
    layouts = [answer.suggestions for answer in composer.compose(briefs) if isinstance(answer, Composition)]
    scored = [figures for pair in zip(truths, layouts, strict=True) for figures in score(*pair)]
    return {
        "iou": round(float(np.mean([value for _, value, _ in scored])), 4),
        "iou_texts": round(float(np.mean([value for is_text, value, _ in scored if is_text])), 4),
        "roles": round(float(np.mean([right for _, _, right in scored])), 4),
    }


def main() -> None:
    """Train, and say how well the posters are known."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--model", choices=list(FAMILIES), default="radm")
    parser.add_argument("--posters", type=int, default=16)
    parser.add_size("--size", "tiny", "small", "a tiny network is a radm", choices=["tiny", "small"])
    parser.add_argument("--steps", type=int, default=1340)
    parser.add_size("--minutes", 1.0, 0.0, "stop after so many minutes of training; 0: never")
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--sampling", type=int, default=8, help="steps of denoising")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--bf16", action="store_true", help="compute in bfloat16")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--begin", type=Path, help="folder of a network to go on with")
    parser.add_argument("--keep", type=Path, help="folder to keep the network in")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    tiny = given.size == "tiny" and given.model == "radm"
    family = FAMILIES[given.model]
    network = build(TINY, given.seed) if tiny else family.new(seed=given.seed)
    if given.begin:
        network = family.load(given.begin, "cpu")
    corpus = Corpus(CorpusSpec(seed=given.seed, side=256, grounds=16))
    view = partial(scaled, side=256)
    cases = [drawn_case(corpus, number, view) for number in range(given.posters)]
    tasks = [augmented(corpus_task(corpus.poster(number)), NONE, (0,), view).task for number in range(given.posters)]
    engine = PlainEngine(Denoiser(family, network.to(given.device), bf16=given.bf16).train(), clip=1.0, decay=0.0)
    average = Average(engine.learner, 0.99)
    recipe = recipe_of(TrainSettings(method="full", rate=given.rate, warmup=0.02))
    began, recent, done, spoken = time.perf_counter(), [], 0, 0.0
    for step in range(given.steps):
        chosen = np.random.default_rng([given.seed, step]).choice(given.posters, min(given.batch, given.posters), False)
        rows = [
            encode(Sample("", "", cases[k].pixels, "", task=tasks[k]), int(k), step, family=family, size=network.size,
                   seed=given.seed)
            for k in chosen
        ]  # fmt: skip
        sums = engine.accumulate(rows, 1 / len(rows), last=True)
        engine.step(rate_at(step, given.steps, recipe))
        average.update()
        recent.append((sums / sums[1]).tolist())
        done = step + 1
        seconds = time.perf_counter() - began
        if done % 50 == 0 or seconds > spoken + 20:
            lost, _, hits = np.mean(recent, axis=0)
            BENCHMARK.say(f"step {done}, {seconds:.0f} s: loss {lost:.4f}, hits {hits:.3f}")
            spoken = seconds
            recent.clear()
        if given.minutes and seconds > 60 * given.minutes:
            break
    with average.lent():
        known = evaluate(
            given.model, network, [brief_of(case) for case in cases], [case.truth for case in cases], given.sampling
        )
        if given.keep:
            family.save(network, given.keep, torch.float32)
    BENCHMARK.line(
        f"{given.model} {network.size.name}, {given.posters} posters",
        **known,
        steps=done,
        sampling=given.sampling,
        seconds=round(time.perf_counter() - began),
        device=given.device,
    )


if __name__ == "__main__":
    main()
