"""What PlanNet's plans are worth, beside those of the rules and a product that always stands at one place.

    python -m benchmarks.plans [--weights embedded] [--posters 16] [--seeds 8] [--steps 8] [--samples 4]
        [--trained NAME=FOLDER …] [--full] [--output results.jsonl]

Posters of goods that training never shows, whose product is whole on its canvas, are planned anew from their cut-out
and copy alone, with several seeds each. A JSON line a planner, of each measure the mean over posters, and the paired
difference from PlanNet as it is with its 95 % interval: `product_iou` and `text_iou` with the designer's boxes,
`nearest_iou` of the seed that comes nearest to the designer's product, since many places are good; `covered`, the share
of texts' area on the product as proposed; `placed`, whether the solver finds a layout with the product as an obstacle;
`variety`, 1 - mean IoU of the product's boxes of two seeds. Besides, of all plans, `on_canvas`, `ratio_error`, and
`covered_after`, the largest share of a layout's texts that lies on the product after the solver. Conditions are
switched off by masks in the same network; `--trained` adds other networks. The last line has the CPU seconds a plan.
"""

import itertools
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import torch

from benchmarks.benchmark import Benchmark
from layoutgen.config.stages import PlaceSettings
from layoutgen.core import framing
from layoutgen.core.layout import Box, Element, Role, Suggestion, area, inside, intersection, iou, to_px
from layoutgen.core.metrics.layouts import Score
from layoutgen.core.metrics.statistics import differences
from layoutgen.core.placing.placement import Ground, Limits, NoLayoutError, place
from layoutgen.io.storage import Storage
from layoutgen.models.base import Fault, Plan, PlanBrief, Planner
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.denoising.plans import checkpoint
from layoutgen.models.denoising.plans.network import PlanNet
from layoutgen.models.denoising.plans.planner import PlanNetPlanner
from layoutgen.models.denoising.plans.slots import whole_box
from layoutgen.models.planners.rules import RulesPlanner
from layoutgen.models.weights import EMBEDDED, fetch_weights
from layoutgen.training.corpus.posters import Corpus, CorpusSpec, Poster
from layoutgen.training.judging.measures import closeness

BENCHMARK = Benchmark(
    "plans",
    "plans of the embedded PlanNet before there is a picture",
    "the rules' plans, a fixed place, and itself with conditions switched off",
    seconds=60,
    full="120 posters, about 8 minutes",
)
_SEED, _SIDE = 7, 448
_FIXED = ((0.5, 0.6), 0.62)
"""Centre and scale of the product that always stands at one place."""
_MEASURES = ("product_iou", "nearest_iou", "text_iou", "covered", "placed", "variety")


def cut_out(poster: Poster) -> np.ndarray:
    """A poster's product (h, w, 4)."""
    height, width = poster.photo.shape[:2]
    alpha = cv2.resize(poster.mask, (width, height), interpolation=cv2.INTER_LINEAR)
    left, top, right, bottom = (round(side) for side in to_px(framing.subject_box(alpha), width, height))
    whole = np.dstack([poster.photo, np.rint(alpha.clip(0, 1) * 255).astype(np.uint8)])
    return np.ascontiguousarray(whole[top:bottom, left:right])


def held_back(count: int) -> list[tuple[PlanBrief, Box, tuple[Suggestion, ...]]]:
    """Briefs with the designer's product box and elements, of posters that show their product whole."""
    corpus = Corpus(CorpusSpec(_SEED, _SIDE, goods="held_back"))
    cases: list[tuple[PlanBrief, Box, tuple[Suggestion, ...]]] = []
    for number in itertools.count():
        if len(cases) == count:
            return cases
        poster = corpus.poster(number)
        box = framing.on_canvas(poster.subject, poster.framing)
        if inside(box, (0.01, 0.01, 0.99, 0.99)):
            brief = PlanBrief(
                cut_out(poster), poster.copy, poster.canvas, poster.category or None, poster.logo_aspect, seed=number
            )
            cases.append((brief, box, poster.suggestions))
    raise AssertionError


class FixedPlanner:
    """The product at one place, texts as another planner has them."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner

    def plan(self, briefs: list[PlanBrief]) -> list[Plan | Fault]:
        """Plan."""
        return [
            plan if isinstance(plan, Fault) else Plan(_fixed(brief), plan.suggestions)
            for brief, plan in zip(briefs, self._planner.plan(briefs), strict=True)
        ]


def _fixed(brief: PlanBrief) -> Box:
    return whole_box(*_FIXED, brief.product.shape[1] / brief.product.shape[0], brief.canvas)


def placed(plan: Plan, brief: PlanBrief, faces: FaceFor, settings: PlaceSettings) -> tuple[Element, ...] | None:
    """A plan's elements after the solver on a flat ground, the product an obstacle; None where it finds none."""
    canvas = brief.canvas
    short = min(canvas.width, canvas.height)
    scale = 256 / max(canvas.width, canvas.height)
    shape = (round(canvas.height * scale), round(canvas.width * scale))
    ground = Ground(np.full((*shape, 3), 235, np.uint8), np.zeros(shape, np.float32))
    obstacle = to_px(plan.product_box, canvas.width, canvas.height)
    limits = Limits(
        settings.margin * short, int(np.ceil(settings.min_font * short)), settings.min_contrast, (obstacle,)
    )
    try:
        return place(plan.suggestions, canvas, ground, faces.speaking(brief.copy.language), limits).elements
    except NoLayoutError:
        return None


def covered(elements: Sequence[Suggestion | Element], product: Box) -> float:
    """The share of the texts' area that lies on the product."""
    texts = [element.box for element in elements if element.role is not Role.UNDERLAY]
    total = sum(map(area, texts))
    return sum(intersection(box, product) for box in texts) / total if total else 0.0


def ratio_error(plan: Plan, brief: PlanBrief) -> float:
    """How far the product's ratio is from its cut-out's, as a share."""
    left, top, right, bottom = to_px(plan.product_box, brief.canvas.width, brief.canvas.height)
    return abs((right - left) / (bottom - top) * brief.product.shape[0] / brief.product.shape[1] - 1)


def measured(
    planner: Planner,
    cases: Sequence[tuple[PlanBrief, Box, tuple[Suggestion, ...]]],
    seeds: int,
    faces: FaceFor,
) -> tuple[dict[str, Score], dict[str, float]]:
    """The measures of each case, and what holds of all plans."""
    settings = PlaceSettings()
    measures: dict[str, list[float]] = {name: [] for name in _MEASURES}
    whole: dict[str, list[float]] = {"on_canvas": [], "ratio_error": [], "covered_after": [], "faults": []}
    for brief, truth, elements in cases:
        asked = [PlanBrief(**{**vars(brief), "seed": 1000 * brief.seed + k}) for k in range(seeds)]
        plans = [plan for plan in planner.plan(asked) if isinstance(plan, Plan)]
        whole["faults"].append(float(seeds - len(plans)))
        texts = [element for element in elements if element.role is not Role.UNDERLAY]
        near = [iou(plan.product_box, truth) for plan in plans] or [0.0]
        pairs = [iou(a.product_box, b.product_box) for a, b in itertools.combinations(plans, 2)]
        laid = [placed(plan, brief, faces, settings) for plan in plans]
        values = {
            "product_iou": np.mean(near),
            "nearest_iou": np.max(near),
            "text_iou": np.mean([closeness(plan.suggestions, texts) for plan in plans] or [0.0]),
            "covered": np.mean([covered(plan.suggestions, plan.product_box) for plan in plans] or [0.0]),
            "placed": sum(layout is not None for layout in laid) / seeds,
            "variety": 1 - np.mean(pairs or [1.0]),
        }
        for name, value in values.items():
            measures[name].append(float(value))
        whole["on_canvas"] += [float(inside(plan.product_box, (0, 0, 1, 1), 1e-9)) for plan in plans]
        whole["ratio_error"] += [ratio_error(plan, brief) for plan in plans]
        whole["covered_after"] += [
            covered(layout, plan.product_box) for plan, layout in zip(plans, laid, strict=True) if layout is not None
        ]
    scores = {name: Score(np.array(each), np.ones(len(each))) for name, each in measures.items()}
    return scores, {
        "on_canvas": float(np.mean(whole["on_canvas"])),
        "ratio_error": float(np.max(whole["ratio_error"])),
        "covered_after": float(np.max(whole["covered_after"])),
        "faults": sum(whole["faults"]),
    }


def seconds(planner: PlanNetPlanner, briefs: list[PlanBrief]) -> float:
    """CPU seconds a plan, the better of two rounds."""
    planner.plan(briefs[:1])
    best = float("inf")
    for _ in range(2):
        began = time.process_time()
        planner.plan(briefs)
        best = min(best, (time.process_time() - began) / len(briefs))
    return best


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def network_of(weights: str) -> PlanNet:
    """The embedded network, or one from a folder."""
    folder = f"{EMBEDDED}/plans" if weights == EMBEDDED else weights
    return checkpoint.load(fetch_weights(folder, Path("~/.cache/layoutgen").expanduser(), Storage()), "cpu")


def main() -> None:
    """Measure each planner."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--weights", default=EMBEDDED, help="folder of a network")
    parser.add_argument("--trained", nargs="*", default=[], help="NAME=FOLDER of other networks")
    parser.add_size("--posters", 16, 120)
    parser.add_size("--seeds", 4, 8, "plans of each poster")
    parser.add_argument("--steps", type=int, default=8, help="steps of denoising")
    parser.add_argument("--samples", type=int, default=4, help="samples of a plan, of which the best is taken")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    cases, faces, network = held_back(given.posters), FaceFor(PlaceSettings()), network_of(given.weights)

    def plans(net: PlanNet, *without: str, samples: int = given.samples) -> PlanNetPlanner:
        return PlanNetPlanner(net, steps=given.steps, samples=samples, rows=16, without=without)

    rules = RulesPlanner(faces, margin=PlaceSettings().margin, min_font=PlaceSettings().min_font)
    planners: dict[str, Planner] = {
        "plannet": plans(network),
        "first sample": plans(network, samples=1),
        "not told of the cut-out's look": plans(network, "visual"),
        "not told of the texts": plans(network, "text"),
        "rules": rules,
        "fixed place": FixedPlanner(plans(network)),
    }
    for trained in given.trained:
        name, _, folder = trained.partition("=")
        planners[name] = plans(network_of(folder))
    first: dict[str, Score] | None = None
    for name, planner in planners.items():
        values, whole = measured(planner, cases, given.seeds, faces)
        first = first or values
        clusters = [brief.seed for brief, _, _ in cases]
        compared = differences(values, first, clusters, resamples=2000, level=0.95, seed=0)
        figures = {
            metric: [_rounded(values[metric].mean), *map(_rounded, vars(compared[metric][0]).values())]
            for metric in values
        }
        about = {metric: float(f"{value:.3g}") for metric, value in whole.items()}
        BENCHMARK.line(name, posters=len(cases), seeds=given.seeds, steps=given.steps, **figures, **about)
    briefs = [brief for brief, _, _ in cases[:16]]
    alone, many = (
        seconds(PlanNetPlanner(network, steps=given.steps, samples=given.samples, rows=rows), briefs)
        for rows in (1, 16)
    )
    BENCHMARK.compare(
        f"{len(briefs)} plans, 16 at once", 1 / many, 1 / alone, "plans/CPU s", seconds_a_plan=round(many, 4)
    )


if __name__ == "__main__":
    main()
