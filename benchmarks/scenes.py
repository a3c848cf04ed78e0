"""What the painter `drawn` makes of wishes that it was never taught, against plain grounds and scenes at random.

    python -m benchmarks.scenes [--scenes 64] [--weights FOLDER] [--case reference category calm variety likeness speed]
        [--output results.jsonl]

A wish is a category, a product's colours, places of product and texts, and a reference drawn in another scene's style;
the designer is `training/corpus/taste.py`, whose answers to other wishes were learnt. `random` is a scene for a product
of any category whose colours and kind come from other wishes, drawn without knowing where text is. JSON lines, one a
case and painter:

- `reference`: palette distance to the reference (earth mover's, OKLab), and its share of the distance without one
- `category`: total variation of the kinds of two categories, and of two halves of the seeds of one; how many scenes are
  of a kind that the designer shows for the category
- `calm`: mean step of lightness a px in text places and elsewhere, grey levels at 512 px
- `variety`: palette distance and kinds of 8 seeds of a wish
- `likeness`: Fréchet distance and coverage (Naeem et al. 2020, k = 5) of 49 style numbers to the designer's answers;
  own features, not to be compared with published FID
- `speed`: seconds a ground at 512 and 1080 px, one thread
"""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import torch
from scipy.linalg import sqrtm

from benchmarks.benchmark import Benchmark
from layoutgen.core.layout import Canvas, Role, Suggestion
from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.goods.backdrops.oklab import srgb
from layoutgen.io.storage import Storage
from layoutgen.models.base import Painted, Painter, Scene
from layoutgen.models.denoising.scenes import style
from layoutgen.models.denoising.scenes.checkpoint import load
from layoutgen.models.denoising.scenes.painter import DrawnPainter
from layoutgen.models.denoising.scenes.proposing import Proposer
from layoutgen.models.painters.plain import FlatPainter, GradientPainter
from layoutgen.models.weights import fetch_weights
from layoutgen.training.corpus.taste import TASTES
from layoutgen.training.corpus.wishes import CATEGORIES, Example, example, reference

BENCHMARK = Benchmark(
    "scenes",
    "drawn grounds: likeness to references and to a designer's, calm behind text, variety, seconds",
    "flat colour, gradient, scenes at random",
    seconds=25,
    full="256 wishes, about a minute and a half",
    uses="one core",
)
_SEED = 10_007  # no training has it
_CASES = ("reference", "category", "calm", "variety", "likeness", "speed")


class RandomScenes:
    """Scenes of any kind and colours, drawn for the product's place alone."""

    def paint(self, scenes: list[Scene]) -> list[Painted]:
        """Each scene's ground."""
        return [self._paint(scene) for scene in scenes]

    @staticmethod
    def _paint(scene: Scene) -> Painted:
        numbers = example(np.random.default_rng([_SEED, 9, scene.seed])).answer
        ground = drawn(numbers, (scene.canvas.width, scene.canvas.height), scene.product_box, (), scene.seed)
        return Painted(ground.pixels, ground.horizon, ground.light, condition=f"scene {numbers.kind}")


def scene_of(wish: Example, side: int, seed: int, *, shown: np.ndarray | None = None) -> Scene:
    """A wish as a painter is asked it, its canvas about `side` px; the product is an ellipse of its colours."""
    scale = side / np.sqrt(wish.size[0] * wish.size[1])
    canvas = Canvas(round(wish.size[0] * scale), round(wish.size[1] * scale))
    product = np.zeros((60, 60, 4), np.uint8)
    start = 0
    for lab in wish.colours:
        end = min(60, start + max(1, round(60 * float(lab[3]))))
        product[start:end, :, :3] = np.rint(255 * srgb(lab[:3]))
        start = end
    cv2.ellipse(alpha := np.zeros((60, 60), np.uint8), (30, 30), (29, 29), 0, 0, 360, 255, -1)
    product[..., 3] = alpha
    texts = tuple(Suggestion(Role.TITLE, box, "text") for box in wish.texts)
    word = TASTES[CATEGORIES[wish.category - 1]].words.split()[0] if wish.category else None
    return Scene(canvas, product, wish.product, texts, word, shown, 0.8, seed=seed)


def wishes(count: int) -> list[Example]:
    """Wishes that no training has."""
    return [example(np.random.default_rng([_SEED, 1, number])) for number in range(count)]


def pixels_of(painter: Painter | RandomScenes, scenes: list[Scene]) -> list[np.ndarray]:
    """The grounds; a fault ends the benchmark."""
    grounds = painter.paint(scenes)
    faults = [ground for ground in grounds if not isinstance(ground, Painted)]
    if faults:
        raise SystemExit(f"a scene was not painted: {faults[0]}")
    return [ground.pixels for ground in grounds if isinstance(ground, Painted)]


def references(painters: dict[str, Painter | RandomScenes], count: int) -> None:
    """How near grounds come to references of another scene than the designer's answer."""
    asked = wishes(count)
    shown = [reference(example(rng := np.random.default_rng([_SEED, 2, k])).answer, rng) for k in range(count)]
    looks = [style.look_of(picture) for picture in shown]
    for name, painter in painters.items():
        figures = {}
        for case, pictures in (("with", shown), ("without", [None] * count)):
            scenes = [scene_of(w, 256, k, shown=p) for k, (w, p) in enumerate(zip(asked, pictures, strict=True))]
            grounds = pixels_of(painter, scenes)
            figures[case] = float(
                np.mean([style.distance(style.look_of(g), r) for g, r in zip(grounds, looks, strict=True)])
            )
        BENCHMARK.compare(f"reference {name}", figures["with"], figures["without"], "OKLab, ↓", scenes=count)


def categories(proposer: Proposer, count: int) -> None:
    """Whether the category changes the ground."""
    names = ("skincare", "tech", "fruit", "jewellery", "festival", "kitchen")
    wish = example(np.random.default_rng([_SEED, 3]))
    seeds = max(24, count // 2)
    kinds: dict[str, list[str]] = {}
    for name in names:
        scenes = [scene_of(wish, 96, seed) for seed in range(seeds)]
        word = TASTES[name].words.split()[0]
        asked = [Scene(s.canvas, s.product, s.product_box, s.suggestions, word, seed=s.seed) for s in scenes]
        kinds[name] = [proposer.propose(each).numbers.kind for each in asked]
    typical = np.mean([kind in TASTES[name].kinds.split() for name in names for kind in kinds[name]])
    chance = np.mean([kind in TASTES[name].kinds.split() for name in names for other in names for kind in kinds[other]])
    across = [variation(kinds[a], kinds[b]) for a in names for b in names if a < b]
    within = [variation(kinds[name][::2], kinds[name][1::2]) for name in names]
    BENCHMARK.compare("category", float(np.mean(across)), float(np.mean(within)), "total variation", seeds=seeds)
    BENCHMARK.compare("category typical", float(typical), float(chance), "share of scenes, ↑", seeds=seeds)


def variation(a: list[str], b: list[str]) -> float:
    """Total variation of two lists' frequencies, in [0, 1]."""
    first, second = Counter(a), Counter(b)
    return 0.5 * sum(abs(first[kind] / len(a) - second[kind] / len(b)) for kind in {*a, *b})


def calm(painters: dict[str, Painter | RandomScenes], count: int) -> None:
    """How calm grounds are behind text."""
    asked = [wish for wish in wishes(2 * count) if wish.texts][:count]
    for name, painter in painters.items():
        inside, outside = [], []
        for wish, ground in zip(
            asked, pixels_of(painter, [scene_of(w, 512, k) for k, w in enumerate(asked)]), strict=True
        ):
            grey = cv2.cvtColor(ground, cv2.COLOR_RGB2GRAY).astype(np.float32)
            steps = np.abs(np.gradient(grey)).sum(0)
            mask = np.zeros(grey.shape, bool)
            sides = (grey.shape[1], grey.shape[0]) * 2
            for box in wish.texts:
                left, top, right, bottom = (round(v * side) for v, side in zip(box, sides, strict=True))
                mask[top:bottom, left:right] = True
            inside.append(float(steps[mask].mean()))
            outside.append(float(steps[~mask].mean()))
        BENCHMARK.compare(
            f"calm {name}", float(np.mean(inside)), float(np.mean(outside)), "grey levels a px, ↓", scenes=count
        )


def variety(painters: dict[str, Painter | RandomScenes], count: int) -> None:
    """How much seeds change."""
    asked = wishes(max(4, count // 8))
    for name, painter in painters.items():
        apart, kinds = [], []
        for wish in asked:
            scenes = [scene_of(wish, 160, seed) for seed in range(8)]
            looks = [style.look_of(ground) for ground in pixels_of(painter, scenes)]
            apart.append(np.mean([style.distance(looks[0], other) for other in looks[1:]]))
            kinds.append(len({ground.condition.split(",")[0] for ground in painter.paint(scenes)}))  # type: ignore[union-attr]  # no scene here is a fault
        BENCHMARK.line(
            f"variety {name}", palette=round(float(np.mean(apart)), 3), kinds_of_8=round(float(np.mean(kinds)), 2)
        )


def likeness(painters: dict[str, Painter | RandomScenes], count: int) -> None:
    """How like a designer's answers grounds are, in own features."""
    asked = wishes(2 * count)
    answers = []
    for wish in asked:
        canvas = scene_of(wish, 128, 0).canvas
        answers.append(drawn(wish.answer, (canvas.width, canvas.height), wish.product, wish.texts, 1).pixels)
    held, other = (np.stack([style.numbers(style.look_of(p)) for p in answers[k::2]]) for k in (0, 1))
    grounds: dict[str, np.ndarray] = {"designer": other}
    for name, painter in painters.items():
        scenes = [scene_of(wish, 128, k) for k, wish in enumerate(asked[::2])]
        grounds[name] = np.stack([style.numbers(style.look_of(p)) for p in pixels_of(painter, scenes)])
    for name, features in grounds.items():
        BENCHMARK.line(
            f"likeness {name}",
            frechet=round(frechet(features, held), 4),
            coverage=round(coverage(features, held), 3),
            scenes=len(features),
        )


def frechet(a: np.ndarray, b: np.ndarray) -> float:
    """Fréchet distance of two sets of features, (n, d)."""
    first, second = np.cov(a.T) + 1e-6 * np.eye(a.shape[1]), np.cov(b.T) + 1e-6 * np.eye(b.shape[1])
    root = sqrtm(first @ second)
    return float(((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(first + second - 2 * np.real(root)))


def coverage(a: np.ndarray, b: np.ndarray, k: int = 5) -> float:
    """The share of `b` that has one of `a` within the distance of its k-th neighbour in `b`."""
    own = np.sort(np.linalg.norm(b[:, None] - b[None], axis=-1), axis=1)[:, k]
    return float((np.linalg.norm(b[:, None] - a[None], axis=-1).min(1) <= own).mean())


def speed(painters: dict[str, Painter | RandomScenes], count: int) -> None:
    """Seconds a ground."""
    asked = wishes(max(8, count // 6))
    for side in (512, 1080):
        seconds: dict[str, list[float]] = {}
        for name, painter in painters.items():
            for number, wish in enumerate(asked):
                start = time.process_time()
                painter.paint([scene_of(wish, side, number)])
                seconds.setdefault(name, []).append(time.process_time() - start)
        for name, each in seconds.items():
            BENCHMARK.line(f"speed {name} {side}", seconds=round(float(np.mean(each)), 4), slowest=round(max(each), 4))


def main() -> None:
    """Measure each case."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--scenes", 64, 256, "wishes")
    parser.add_argument("--weights", default="embedded/scenes", help="folder of a network")
    parser.add_argument("--case", nargs="*", choices=_CASES, default=list(_CASES))
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    ours = Proposer(load(fetch_weights(given.weights, Path("~/.cache/layoutgen").expanduser(), Storage())))
    painters: dict[str, Painter | RandomScenes] = {
        "drawn": DrawnPainter(ours),
        "flat": FlatPainter(),
        "gradient": GradientPainter(),
        "random": RandomScenes(),
    }
    cases: dict[str, Callable[[], None]] = {
        "reference": lambda: references(painters, given.scenes),
        "category": lambda: categories(ours, given.scenes),
        "calm": lambda: calm(painters, given.scenes // 2),
        "variety": lambda: variety(painters, given.scenes),
        "likeness": lambda: likeness(painters, given.scenes),
        "speed": lambda: speed(painters, given.scenes),
    }
    for case in given.case:
        cases[case]()


if __name__ == "__main__":
    main()
