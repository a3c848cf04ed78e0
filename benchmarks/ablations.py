"""What parts and conditions bring: switched off in a network that has them, and in networks trained without them.

    python -m benchmarks.ablations [--case rendering plans scenes] [--seeds 2] [--keep FOLDER]
        [--full] [--output results.jsonl]

Small networks, trained here, each several times from other seeds, all by the same steps on the same data:

- `rendering`: RenderNet's layout branch, spatial fusion and visual branch, words, identifiers, the mask of their
  attention, references (`tiny_rendering`); the error of the noise in the ground, behind text and beside the product,
  and how much another identifier moves what is seen in the product, as a share of what it moves in the ground
- `plans`: PlanNet told nothing of the cut-out's look, the texts, the category; loss and IoU of what it predicts
- `scenes`: the network of scenes told nothing of category, reference, places, the product's colours; its loss

A JSON line a part: the whole network's figure, then of `off` and `trained_without` the mean difference from it on
held-back rows (above 0: worse without) with its 95 % bootstrap interval over rows, and the differences seed by seed.
With the default sizes nothing is trained to its end; figures are those of --full.
"""

import itertools
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.benchmark import Benchmark
from benchmarks.tiny_rendering import PARTS, Renderer, learn
from benchmarks.tiny_rendering import rows as rendering_rows
from layoutgen.core.metrics.layouts import Score
from layoutgen.core.metrics.statistics import differences
from layoutgen.models.denoising.inputs import Inputs
from layoutgen.models.denoising.plans.family import FAMILY
from layoutgen.models.denoising.plans.network import Asked, PlanNet, Scene
from layoutgen.models.denoising.plans.objective import loss as plan_loss
from layoutgen.models.denoising.plans.sizes import SMALL
from layoutgen.models.denoising.scenes import diffusion, style
from layoutgen.models.denoising.scenes.conditions import PLACES, place_numbers
from layoutgen.models.denoising.scenes.network import SceneSize, Wanted
from layoutgen.models.denoising.scenes.network import build as scene_network
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.corpus.wishes import CATEGORIES, example, reference, words
from layoutgen.training.data.datasets import corpus_task
from layoutgen.training.networks.inputs import inputs_of

BENCHMARK = Benchmark(
    "ablations",
    "what branches and conditions of the networks that plan and paint bring",
    "the same networks without them",
    seconds=75,
    full="2 seeds, about 20 minutes",
    uses="one core",
)
Measured = dict[str, np.ndarray]
_PLAN = replace(
    SMALL, name="tiny", side=96, view=32, widths=(8, 16, 24, 32), width=64, layers=2, attention=4, feedforward=160,
    text=64, letters=32,
)  # fmt: skip
_CONDITIONS = {"the cut-out's look": "visual", "the texts": "text", "the category": "category"}


@dataclass(frozen=True)
class Study:
    """Parts of a network, how one is trained without some of them by a seed, and how it is measured with some of them
    switched off: a figure a held-back row."""

    name: str
    parts: Sequence[str]
    train: Callable[[int, tuple[str, ...]], Any]
    measure: Callable[[Any, tuple[str, ...]], Measured]


def report(study: Study, seeds: int, folder: Path) -> None:
    """Train, measure and print; what a network is measured at stays in a folder."""
    whole = [measured(study, seed, "", folder) for seed in range(seeds)]
    for part in study.parts:
        without = [measured(study, seed, part, folder) for seed in range(seeds)]
        for figure in whole[0][""]:
            first = [each[""][figure] for each in whole]
            others = {
                "off": [each[part][figure] for each in whole],
                "trained_without": [w[part][figure] for w in without],
            }
            values = {name: compared(other, first) for name, other in others.items()}
            mean, rows = _short(np.nanmean(first)), len(first[0])
            BENCHMARK.line(f"{study.name}: {part}, {figure}", whole=mean, **values, seeds=seeds, rows=rows)


def measured(study: Study, seed: int, without: str, folder: Path) -> dict[str, Measured]:
    """The figures of a network that is trained whole, as it is ("") and with each part switched off, or of one that is
    trained without a part."""
    path = folder / f"{study.name}-{seed}-{without or 'whole'}.npz"
    if not path.exists():
        network = study.train(seed, (without,) if without else ())
        ways = (without,) if without else ("", *study.parts)
        figures = {way: study.measure(network, (way,) if way else ()) for way in ways}
        arrays: dict[str, Any] = {f"{way}|{name}": each for way, m in figures.items() for name, each in m.items()}
        np.savez(folder / "new.npz", **arrays)
        (folder / "new.npz").replace(path)
    values: dict[str, Measured] = {}
    for key, each in np.load(path).items():
        way, _, name = key.partition("|")
        values.setdefault(way, {})[name] = each
    return values


def compared(other: list[np.ndarray], first: list[np.ndarray]) -> dict[str, object]:
    """The mean difference of rows, each a mean over seeds, with its interval, and that of each seed."""
    means = [np.mean(each, axis=0) for each in (other, first)]
    is_there = np.isfinite(means[0]) & np.isfinite(means[1])
    ours, theirs = ({"": Score(np.where(is_there, mean, 0.0), is_there.astype(float))} for mean in means)
    estimate = differences(ours, theirs, range(len(is_there)), resamples=2000, level=0.95, seed=0)[""][0]
    by_seed = [_short(np.nanmean(a - b)) for a, b in zip(other, first, strict=True)]
    return {"difference": [_short(value) for value in vars(estimate).values()], "by_seed": by_seed}


def _short(value: Any) -> float | None:
    return None if value is None else float(f"{float(value):.3g}")


def rendering(steps: int, pictures: int, held_back: int) -> Study:
    """RenderNet and what its UNet hears."""
    learnt, codec = rendering_rows(pictures, 0)
    held, _ = rendering_rows(held_back, 1, codec)

    def train(seed: int, without: tuple[str, ...]) -> Renderer:
        network = Renderer(seed, without)
        network.learn(learnt, steps, seed)
        return network

    def measure(network: Renderer, without: tuple[str, ...]) -> Measured:
        with network.switched_off(*without):
            return network.measured(held, 4)

    return Study("rendering", PARTS, train, measure)


class Blind(PlanNet):
    """PlanNet that is not told some conditions."""

    without: tuple[str, ...] = ()

    def scene(self, asked: Asked) -> Scene:
        return super().scene(asked.without(*self.without))


def plans(steps: int, posters: int, held_back: int) -> Study:
    """PlanNet's conditions."""
    learnt, held = (_posters("learnt", posters), _posters("held_back", held_back))

    def train(seed: int, without: tuple[str, ...]) -> Blind:
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            network = Blind(_PLAN)
        network.without = tuple(_CONDITIONS[name] for name in without)
        optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.01)
        for step in range(steps):
            rng = np.random.default_rng([seed, 51, step])
            chosen = rng.integers(len(learnt), size=16)
            value, _ = plan_loss(network, [learnt[k] for k in chosen], [int(s) for s in rng.integers(2**62, size=16)])
            learn(optimiser, value, 2e-3, step, steps)
        return network.eval()

    @torch.no_grad()
    def measure(network: Blind, without: tuple[str, ...]) -> Measured:
        before, network.without = network.without, tuple(_CONDITIONS[name] for name in without)
        figures = []
        for number, poster in enumerate(held):
            seeds = np.random.default_rng([52, number]).integers(2**62, size=8)
            value, parts = plan_loss(network, [poster] * 8, [int(seed) for seed in seeds])
            figures.append((float(value), parts["iou"]))
        network.without = before
        losses, ious = np.array(figures).T
        return {"loss": losses, "1 - IoU": 1 - ious}

    return Study("plans", tuple(_CONDITIONS), train, measure)


def _posters(goods: str, count: int) -> list[Inputs]:
    corpus, inputs = Corpus(CorpusSpec(3, 192, photo_share=0.0, goods=goods)), list[Inputs]()
    for number in itertools.count():
        if len(inputs) == count:
            break
        task = corpus_task(corpus.poster(number))
        inputs.append(inputs_of(task, FAMILY, _PLAN, task.mask))
    return inputs


def _wishes(count: int, part: int) -> tuple[torch.Tensor, Wanted]:
    """Answers to wishes that nobody else learns, and what is wanted, each with a reference."""
    wishes, styles = [], []
    for k in range(count):
        rng = np.random.default_rng([71, part, k])
        wishes.append(wish := example(rng))
        styles.append(style.numbers(style.look_of(reference(wish.answer, rng))))
    floats = [
        np.concatenate(
            [place_numbers(w.size, w.product, w.texts), w.colours.ravel(), w.colours[:, 3] @ w.colours[:, :3]]
        )
        for w in wishes
    ]
    return torch.tensor(np.stack([wish.answer.encode() for wish in wishes])), Wanted(
        torch.tensor([wish.category for wish in wishes]),
        torch.tensor(np.stack(floats), dtype=torch.float32),
        torch.tensor(np.stack(styles)),
        torch.ones(count, dtype=torch.bool),
    )


def scene_numbers(steps: int, examples: int, held_back: int) -> Study:
    """The network of scenes, that `drawn` and `painted` ask."""
    truth, wanted = _wishes(examples, 1)
    held_truth, held = _wishes(held_back, 2)

    def hidden(wanted: Wanted, without: tuple[str, ...]) -> Wanted:
        floats = wanted.floats.clone()
        if "places" in without:
            floats[:, :PLACES] = 0
        if "the product's colours" in without:
            floats[:, PLACES:] = 0
        categories = torch.zeros_like(wanted.categories) if "category" in without else wanted.categories
        return Wanted(categories, floats, wanted.styles, wanted.is_styled & ("reference" not in without))

    def train(seed: int, without: tuple[str, ...]) -> torch.nn.Module:
        network = scene_network(SceneSize(width=128, depth=3, categories=len(CATEGORIES) + 1), words(), seed)
        optimiser = torch.optim.AdamW(network.parameters(), 2e-3, weight_decay=0.01)
        for step in range(steps):
            draw = torch.Generator().manual_seed(seed * 1_000_003 + step)
            rows = torch.randint(len(truth), (256,), generator=draw)
            shares = torch.rand(2, 256, generator=draw)
            shown = Wanted(
                torch.where(shares[0] < 0.12, 0, wanted.categories[rows]),
                wanted.floats[rows],
                wanted.styles[rows],
                shares[1] >= 0.5,
            )
            times, noise = torch.rand(256, generator=draw), torch.randn(truth[rows].shape, generator=draw)
            loss = diffusion.losses(network, truth[rows], hidden(shown, without), times, noise)
            learn(optimiser, loss[0].mean(), 2e-3, step, steps)
        return network.eval()

    @torch.no_grad()
    def measure(network: Any, without: tuple[str, ...]) -> Measured:
        shown, losses = hidden(held, without), []
        for number in range(8):
            draw = torch.Generator().manual_seed(60 + number)
            times, noise = torch.rand(len(held_truth), generator=draw), torch.randn(held_truth.shape, generator=draw)
            losses.append(diffusion.losses(network, held_truth, shown, times, noise)[0].numpy())
        return {"loss": np.mean(losses, axis=0)}

    return Study("scenes", ("category", "reference", "places", "the product's colours"), train, measure)


def main() -> None:
    """Measure each case."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--seeds", 2, 2, "networks of each kind")
    parser.add_size("--share", 0.06, 1.0, "of the steps, pictures and held-back rows of --full")
    parser.add_argument("--case", nargs="*", choices=("rendering", "plans", "scenes"), default=None)
    parser.add_argument("--keep", type=Path, help="folder of what was measured; the same command goes on from there")
    given = parser.parse_args()
    torch.set_num_threads(1)
    share = given.share

    def size(*numbers: int) -> list[int]:
        return [max(8, round(number * share)) for number in numbers]

    cases: dict[str, Callable[[], Study]] = {
        "rendering": lambda: rendering(*size(200, 700, 96)),
        "plans": lambda: plans(*size(240, 200, 40)),
        "scenes": lambda: scene_numbers(*size(500, 1500, 192)),
    }
    keep = given.keep or Path(tempfile.mkdtemp())
    keep.mkdir(parents=True, exist_ok=True)
    for case in given.case or cases:
        report(cases[case](), given.seeds, keep)


if __name__ == "__main__":
    main()
