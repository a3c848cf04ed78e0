"""The loop of tastes, closed on simulated designers, and how often the off-policy estimate's interval holds the truth.

    python -m benchmarks.taste [--products N] [--rounds N] [--simulations N] [--full] [--folder DIR] [--output FILE]

Three brands sell the same drawn goods, and each has a designer with a hidden taste, a function of a layout's elements
that no head is told. The first night lays out five variants of each product; later ones carry them over and serve one
of each anew. In each round the designers decide about all variants of some further products and choose twice between
two of them; `jobs.taste` learns, and its gate decides what serves the next night. Designers judge by what a product
allows, and have noise: they adopt with the probability σ((u - θ) / 0.35), u in standard deviations from the mean of the
product's variants, θ above two thirds of all.

Lines: `adoption`, on products that no designer reviewed, by night and brand, the share that is adopted of what is
served; `rise`, in points, of serving a brand's products by each brand's head; and `coverage`, of simulated outcomes of
new products: in how many of 100 the 95 % interval of each estimator holds what the head truly earns.
"""

import contextlib
import io
import json
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.benchmark import Benchmark
from benchmarks.repair import drawn_products
from jobs import taste
from layoutgen.config.jobs import LayoutsConfig, OutcomesSettings
from layoutgen.core import colour
from layoutgen.core.manifest.keys import first_variant
from layoutgen.core.taste import off_policy
from layoutgen.core.taste.bandit import Exploration, Policy
from layoutgen.core.taste.evidence import Evidence
from layoutgen.core.taste.layouts import Catalogue, Layout, layout
from layoutgen.evaluation.outcomes import logged_by
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.building import heads
from layoutgen.models.critics import features
from layoutgen.pipelines import run_layouts
from layoutgen.streaming import in_process

BENCHMARK = Benchmark(
    "taste",
    "adoption by simulated designers over five rounds, and coverage of off-policy intervals",
    "serving evenly, and 95 %",
    seconds=90,
    full="90 products a brand, about 6 minutes",
    uses="one core",
)
_VARIANTS, _CHOICES, _FRESH, _NOISE, _QUANTILE = 5, 2, 1 / 3, 0.35, 0.67
_START = datetime(2026, 1, 1, 9, tzinfo=UTC)

Row = dict[str, Any]
Taste = Callable[[Row], float]


def quiet(row: Row) -> float:
    """Small titles, few and pale panels, little colour, all of it at the left."""
    texts, panels = _texts(row), _panels(row)
    title = max((each["font_px"] for each in texts), default=0) / row["canvas_width"]
    panelled = sum(_area(each) * each["opacity"] for each in panels)
    left = np.mean([each["box"][0] < 0.25 for each in texts]) if texts else 0.0
    return float(-12 * abs(title - 0.075) - 1.5 * min(panelled, 0.5) - _saturation(texts) + 0.6 * left)


def loud(row: Row) -> float:
    """Strong colours on strong panels, a very large title, prices as large."""
    texts, panels = _texts(row), _panels(row)
    title = max((each["font_px"] for each in texts), default=0) / row["canvas_width"]
    strong = max((_saturation([each]) * each["opacity"] for each in panels), default=0.0)
    return float(min(title, 0.12) * 8 + 1.2 * strong + 0.4 * len(panels) ** 0.5 + 0.5 * _saturation(texts))


def classic(row: Row) -> float:
    """Everything centred on the canvas's axis, one colour of letters, the title at the top."""
    texts = _texts(row)
    axis = np.mean([abs((each["box"][0] + each["box"][2]) / 2 - 0.5) for each in texts]) if texts else 0.5
    tones = len({each["colour"] for each in texts})
    top = min((each["box"][1] for each in texts if each["role"] == "title"), default=1.0)
    return float(-4 * axis - 0.25 * tones + (0.7 if top < 0.2 else 0.0))


TASTES: dict[str, Taste] = {"Quiet": quiet, "Loud": loud, "Classic": classic}


def _texts(row: Row) -> list[Row]:
    return [each for each in row["elements"] if each["lines"]]


def _panels(row: Row) -> list[Row]:
    return [each for each in row["elements"] if each["role"] == "underlay"]


def _area(element: Row) -> float:
    left, top, right, bottom = element["box"]
    return float((right - left) * (bottom - top))


def _saturation(elements: Sequence[Row]) -> float:
    """The largest spread of a colour's channels, [0, 1]."""
    return max((float(np.ptp(colour.to_rgb(each["colour"]))) / 255 for each in elements), default=0.0)


class Shop:
    """The three brands' table, and what their designers make of its layouts."""

    def __init__(self, folder: Path, products: int) -> None:
        self.folder, self.output, self.registry = folder, folder / "layouts", folder / "heads"
        self.manifest = folder / "shop.jsonl"
        if not self.manifest.exists():
            goods = [json.loads(line) for line in drawn_products(folder, products).read_text("utf-8").splitlines()]
            rows = [
                {**row, "product_id": f"{brand}-{row['product_id']}", "brand": brand}
                for row in goods
                for brand in TASTES
            ]
            self.manifest.write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), "utf-8")
        self.fresh_from = round(products * (1 - _FRESH))
        self.utilities: dict[tuple[str, str], float] = {}

    def night(self) -> list[Row]:
        """The rows of a night, which serves by the head that was promoted last."""
        registry = AdapterRegistry(Storage(), str(self.registry))
        head = "registry:taste" if registry.serving("taste").version else ""
        config = LayoutsConfig.model_validate(
            {
                "run": {"max_failed_fraction": 1.0, "rows_per_shard": 60},
                "input": {"canvases": ["1:1"], "short_side": 512},
                "images": {"side": 512},
                "annotate": {"engine": "none"},
                "repair": {"rounds": 0},
                "style": {"variants": _VARIANTS},
                "serve": {"variants": True, "head": head, "registry": str(self.registry)},
            }
        )
        run_layouts(config, str(self.manifest), str(self.output), stream=in_process)
        rows = published_runs.read(Storage(), str(self.output)).to_pylist()
        if not self.utilities:
            for name, taste_of in TASTES.items():
                of_product: dict[str, list[float]] = defaultdict(list)
                for row in rows:
                    of_product[row["product_id"]].append(taste_of(row))
                apart = np.array([taste_of(row) - np.mean(of_product[row["product_id"]]) for row in rows])
                apart /= apart.std()
                threshold = np.quantile(apart, _QUANTILE)
                for row, u in zip(rows, apart, strict=True):
                    self.utilities[name, row["row_id"]] = float(u - threshold)
        return list(rows)

    def adoption(self, name: str, row_id: str) -> float:
        """With what probability a designer adopts a layout."""
        return float(1 / (1 + np.exp(-self.utilities[name, row_id] / _NOISE)))

    def round_of(self, row: Row, rounds: int) -> int | None:
        """In which round its product is reviewed; None for those that nobody ever reviews."""
        number = int(row["product_id"].rpartition("-")[2])
        return None if number >= self.fresh_from else number % rounds

    def is_fresh(self, row: Row) -> bool:
        """Whether nobody ever reviews its product."""
        return self.round_of(row, 1) is None


def reviewed(shop: Shop, rows: Sequence[Row], day: int, rounds: int, rng: np.random.Generator) -> None:
    """What designers say after a night: decisions about all variants of some products, and choices between them."""
    when = (_START + timedelta(days=day)).isoformat()
    canvases: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        if shop.round_of(row, rounds) == day:
            canvases[first_variant(row["row_id"])].append(row)
    decisions, choices = [], []
    for variants in canvases.values():
        fields = {"annotator": variants[0]["brand"], "time": when}
        for row in variants:
            adopts = rng.random() < shop.adoption(row["brand"], row["row_id"])
            keys = {"row_id": row["row_id"], "run_id": row["run_id"]}
            decisions.append({**keys, "decision": "adopt" if adopts else "reject", **fields})
        for _ in range(_CHOICES if len(variants) > 1 else 0):
            pair = [variants[i] for i in rng.choice(len(variants), 2, replace=False)]
            first, other = (shop.utilities[row["brand"], row["row_id"]] for row in pair)
            if rng.random() > 1 / (1 + np.exp((other - first) / _NOISE)):
                pair.reverse()
            chosen, rejected = map(_side, pair)
            choices.append(
                {"row_id": first_variant(pair[0]["row_id"]), "chosen": chosen, "rejected": rejected, **fields}
            )
    for name, lines in (("feedback", decisions), ("preferences", choices)):
        with (shop.folder / f"{name}.jsonl").open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(line, ensure_ascii=False) + "\n" for line in lines)


def _side(row: Row) -> Row:
    elements = [{"role": each["role"], "text": each["text"], "box": each["box"]} for each in row["elements"]]
    return {"row_id": row["row_id"], "run_id": row["run_id"], "elements": elements}


def learnt(shop: Shop) -> dict[str, Any]:
    """The summary of `jobs.taste` on all that was said so far."""
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        taste.main(
            [
                *("--layouts", str(shop.output), "--registry", str(shop.registry)),
                *("--feedback", str(shop.folder / "feedback.jsonl")),
                *("--preferences", str(shop.folder / "preferences.jsonl")),
            ]
        )
    return dict(json.loads(printed.getvalue().strip().splitlines()[-1]))


def adopted(shop: Shop, rows: Sequence[Row]) -> dict[str, float]:
    """By brand, how likely what is served of products that nobody reviewed is adopted."""
    shares: dict[str, list[float]] = defaultdict(list)
    for row in rows:
        if row["served"] and shop.is_fresh(row):
            shares[row["brand"]].append(shop.adoption(row["brand"], row["row_id"]))
    return {name: round(float(np.mean(values)), 3) for name, values in sorted(shares.items())}


def canvases(shop: Shop, rows: Sequence[Row], name: str) -> list[list[Layout]]:
    """The variants of a brand's products that nobody reviewed."""
    groups: dict[str, list[Layout]] = defaultdict(list)
    for row in rows:
        if row["brand"] == name and shop.is_fresh(row):
            groups[first_variant(row["row_id"])].append(layout(row, features.version()))
    return list(groups.values())


def rises(shop: Shop, rows: Sequence[Row]) -> dict[str, dict[str, float]]:
    """By designer and by whose head serves that brand's products, points above serving evenly."""
    policy = Policy(_head(shop), Exploration())
    even = Policy(None, Exploration())
    points: dict[str, dict[str, float]] = {}
    for designer in TASTES:
        points[designer] = {}
        for whose in TASTES:
            gains = []
            for variants in canvases(shop, rows, designer):
                worth = np.array([shop.adoption(designer, each.row_id) for each in variants])
                vectors = [each.features for each in variants]
                chances = [way.propensities(whose.casefold(), vectors) for way in (policy, even)]
                gains.append((chances[0] - chances[1]) @ worth)
            points[designer][whose] = round(100 * float(np.mean(gains)), 1)
    return points


def _head(shop: Shop) -> Any:
    serving = AdapterRegistry(Storage(), str(shop.registry)).serving("taste")
    if serving.version is None:
        return None
    return heads.load(f"{shop.registry}/taste/{serving.version}", Storage())[1]


def coverage(shop: Shop, rows: Sequence[Row], simulations: int, products: int = 150) -> dict[str, Any]:
    """In how many simulations the interval of each estimator holds the truth, and the estimators' errors. Products are
    drawn anew in each, with a liking of their own; the first variant was served half of the time, else any."""
    pool = [variants for name in TASTES for variants in canvases(shop, rows, name)]
    rate = {
        each.row_id: shop.utilities[str(each.groups["brand"]), each.row_id] for variants in pool for each in variants
    }
    policy = Policy(_head(shop), Exploration())
    liking = np.random.default_rng(1).normal(0, 0.5, 4000)
    earned = []
    for variants in pool:
        group = str(variants[0].groups["brand"]).casefold()
        chances = policy.propensities(group, [each.features for each in variants])
        earned.append(chances @ [_clicked(rate[each.row_id], liking).mean() for each in variants])
    truth = float(np.mean(earned))
    held: dict[str, int] = dict.fromkeys(off_policy.ESTIMATORS[1:], 0)
    errors: dict[str, list[float]] = {name: [] for name in held}
    for number in range(simulations):
        rng = np.random.default_rng([7, number])
        catalogue, evidence = Catalogue(), []
        for k in range(products):
            drawn = pool[rng.integers(len(pool))]
            variants = [
                Layout(f"p{k}@512x512" + (f"@v{v}" if v else ""), "r", f"p{k}", v, each.groups, each.features)
                for v, each in enumerate(drawn)
            ]
            catalogue.add(variants)
            served_with = np.full(len(drawn), 0.5 / len(drawn)) + 0.5 * np.eye(len(drawn))[0]
            shown = int(rng.choice(len(drawn), p=served_with))
            impressions = int(rng.poisson(400)) + 1
            clicks = rng.binomial(impressions, _clicked(rate[drawn[shown].row_id], rng.normal(0, 0.5)))
            share, chance = clicks / impressions, float(served_with[shown])
            served = catalogue.find(variants[shown].row_id)
            assert served is not None
            evidence.append(Evidence("outcome", served, share, float(impressions), propensity=chance))
        logged = logged_by(OutcomesSettings(), number, evidence, catalogue, policy)
        for name, estimate in off_policy.values(logged, resamples=1000, level=0.95, seed=number).items():
            if name in held and estimate.value is not None:
                held[name] += (estimate.low or 0) <= truth <= (estimate.high or 0)
                errors[name].append(estimate.value - truth)
    error = {name: round(float(np.sqrt(np.mean(np.square(each)))), 4) for name, each in errors.items()}
    return {"truth": round(truth, 4), **held, "error": error}


def _clicked(utility: float, liking: Any) -> Any:
    """Clicks an impression of a layout of a product."""
    return 1 / (1 + np.exp(3.0 - 0.6 * np.tanh(utility) - liking))


def main() -> None:
    """Close the loop, and count."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--products", 24, 90, "of each brand")
    parser.add_size("--rounds", 5, 5)
    parser.add_size("--simulations", 100, 100)
    parser.add_argument("--folder", type=Path, help="where the layouts of the first night are kept, for the next time")
    given = parser.parse_args()
    with contextlib.ExitStack() as stack:
        folder = given.folder or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        shop, rng = Shop(folder, given.products), np.random.default_rng(3)
        for name in ("feedback.jsonl", "preferences.jsonl"):
            (folder / name).unlink(missing_ok=True)
        shutil.rmtree(shop.registry, ignore_errors=True)
        rows = shop.night()
        BENCHMARK.line("adoption", night=0, **adopted(shop, rows))
        for day in range(given.rounds):
            reviewed(shop, rows, day, given.rounds, rng)
            summary = learnt(shop)
            rows = shop.night()
            gate = {"promoted": summary["promoted"], "evidence": summary["evidence"], "gate": summary["reasons"][0]}
            BENCHMARK.line("adoption", night=day + 1, **adopted(shop, rows), **gate)
        for designer, rise in rises(shop, rows).items():
            BENCHMARK.line("rise", designer=designer, served_by=rise, unit="points")
        BENCHMARK.line("coverage", of=given.simulations, **coverage(shop, rows, given.simulations))


if __name__ == "__main__":
    main()
