"""Posters from cut-outs, from the manifest to finished pictures: how many, and what holds of each of them.

    python -m benchmarks.posters [--products N] [--photos FOLDER] [--painter drawn] [--planner rules] [--case …]

The whole job in this process without Ray, `jobs/posters.toml` on cut-outs, in three canvases: of the demo's drawn goods
and, with `--photos`, of as many real photos of a folder with `products.jsonl` (image, title, category), cut out by the
subject finder, those that can be, evenly from the whole list.

- `night 512`, `night 1080`, by the canvas's short side: posters a second of CPU time, against `jobs.layouts` with
  finished pictures on the same products' packshots. `unchanged` is the share of opaque product pixels that are in the
  background as they were placed, cut out anew from the original here; `encoded` the mean and the 99th percentile of the
  levels by which those that no element covers differ in the finished WebP. `whole` is the share of products wholly on
  the canvas, `deformed` the largest error of their ratio beyond what whole pixels bring, `covered` the largest share of
  a product under text, `contrast` the least contrast of a text and the share of posters of at least 4.5, `restless` the
  mean and the largest steepness of lightness behind texts that stand on the ground, in levels a px, `soft` the share
  whose product is enlarged more than 1.25 times, `steps` of denoising, `fallback` the share of grounds that no try of
  the painter passed.
- `variety`: 1 - mean IoU of the product's boxes over 8 seeds of a brief, against a fixed place, which has 0.
"""

import json
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import chain, combinations
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from benchmarks.benchmark import Benchmark
from benchmarks.products import pictures
from layoutgen import tables
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.posters import PlanSettings, PostersConfig
from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Canvas, Copy, iou
from layoutgen.core.posters import checks
from layoutgen.imaging import images
from layoutgen.imaging.products import cutting, reading
from layoutgen.imaging.products.faults import CutOutFault
from layoutgen.imaging.products.placing import MOST_ENLARGED, placed, trimmed
from layoutgen.io.storage import Storage
from layoutgen.models.base import Plan, PlanBrief
from layoutgen.models.building import planners
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.finders.network import NetSaliency
from layoutgen.pipelines import run_layouts, run_posters
from layoutgen.streaming import in_process

BENCHMARK = Benchmark(
    "posters",
    "posters made from cut-outs, and what holds of them",
    "jobs.layouts on the same products' packshots; a fixed place",
    seconds=75,
    full="all 26 kinds of goods, about 4 minutes",
    uses="one core",
)
CANVASES = ("1:1", "3:4", "16:9")
SIDES = (512, 1080)
COPIES = (
    ("Made for every day", ("Soft to the touch", "Free returns"), "NORTH"),
    ("早餐来一杯 元气一整天", ("冷链直达", "100% 果汁 不加糖", "第二件半价"), "VALE"),
    ("Light that follows you", ("Two years of warranty",), None),
)
_SEEDS = 8
Job = Callable[..., dict[str, Any]]


def cut_outs(photos: Path, count: int) -> Iterator[tuple[np.ndarray, np.ndarray, dict[str, Any]]]:
    """As many photos of a folder as can be cut out by a finder, evenly from its list: the photo, its product (h, w, 4),
    and its line of `products.jsonl`."""
    finder = NetSaliency()
    lines = [json.loads(line) for line in (photos / "products.jsonl").read_text("utf-8").splitlines()]
    order = np.random.default_rng(0).permutation(len(lines))
    left = count
    for line in (lines[int(i)] for i in order):
        if not left:
            return
        photo = reading.original((photos / line["image"]).read_bytes())[..., :3]
        try:
            yield photo, cutting.cut_out(photo, None, finder.saliency([photo])[0]).pixels, line
        except CutOutFault:
            continue
        left -= 1


def catalogue(folder: Path, count: int, side: int, photos: Path | None) -> dict[str, np.ndarray]:
    """Write products as cut-outs and as packshots with a manifest of each; returns the cut-outs by product."""
    lines: dict[str, list[str]] = {"cutouts": [], "packshots": []}
    originals = {}
    drawn = ((packshot, product, dict[str, Any]()) for packshot, _, product in pictures(count, side))
    real = cut_outs(photos, count) if photos else ()
    for k, (packshot, product, about) in enumerate(chain(drawn, real)):
        title, points, brand = COPIES[k % len(COPIES)]
        row = {"product_id": f"p{k}", "title": title, "selling_points": points, "brand": brand}
        row |= {name: about[name] for name in ("title", "category") if name in about}
        originals[f"p{k}"] = product
        for name, pixels in (("cutouts", product), ("packshots", packshot)):
            (folder / f"{name}-{k}.png").write_bytes(images.encode_png(pixels))
            lines[name].append(json.dumps(row | {"image": f"{name}-{k}.png"}, ensure_ascii=False))
    for name, rows in lines.items():
        (folder / f"{name}.jsonl").write_text("\n".join(rows), encoding="utf-8")
    return originals


def night(job: Job, config: Any, manifest: Path, output: Path) -> tuple[float, list[dict[str, Any]]]:
    """CPU seconds of a night, and its rows."""
    start = time.process_time()
    job(config, str(manifest), str(output), stream=in_process)
    return time.process_time() - start, tables.read(str(output)).to_pylist()


def sized(config: Any, side: int) -> Any:
    """Settings for canvases of a short side, with finished pictures."""
    canvases = config.input.model_copy(update={"canvases": CANVASES, "short_side": side})
    return config.model_copy(
        update={"input": canvases, "render": config.render.model_copy(update={"formats": ("webp",)})}
    )


def of_poster(row: dict[str, Any], original: np.ndarray) -> dict[str, Any]:
    """What holds of a poster, from its row, its files and its original alone."""
    canvas = Canvas(row["canvas_width"], row["canvas_height"])
    left, top, right, bottom = row["product_box"]
    product = placed(cutting.cut_out(original, None, None).pixels, canvas, (left, top, right, bottom))
    picture = images.decode_png(Path(row["background"]["uri"]).read_bytes())[..., :3]
    finished = reading.original(Path(row["picture_file"]["uri"]).read_bytes())[..., :3]
    window, solid = product.window, product.pixels[..., 3] == 255
    free = np.ones(picture.shape[:2], bool)
    for element in row["elements"]:
        x0, y0, x1, y1 = np.multiply(element["box"], (canvas.width, canvas.height) * 2).round().astype(int)
        free[max(0, y0) : y1, max(0, x0) : x1] = False
    shown = solid & free[window]
    levels = np.abs(finished[window].astype(int) - product.pixels[..., :3]).max(axis=2)[shown]
    height, width = product.pixels.shape[:2]
    on_ground = [tuple(e["box"]) for e in row["elements"] if e["text"] and e["underlay"] is None]
    tight = trimmed(original)
    stretch = abs(width * tight.shape[0] / (height * tight.shape[1]) - 1)
    return {
        "unchanged": checks.identity(picture, product.pixels, product.left_px, product.top_px).value,
        "levels": levels,
        "whole": left >= -1e-6 and top >= -1e-6 and right <= 1 + 1e-6 and bottom <= 1 + 1e-6,
        "deformed": max(0.0, stretch - 1.5 / width - 1.5 / height),
        "covered": row["subject_covered"],
        "contrast": row["contrast"],
        "restless": checks.calmness(picture, on_ground).value,
        "soft": product.scale > MOST_ENLARGED,
        "fallback": any("in place of" in note for note in row["notes"] or ()),
    }


def nights(side: int, count: int, photos: Path | None, painter: str, planner: str) -> None:
    """A night of posters, against one of layouts."""
    posters, layouts = load(PostersConfig, "jobs/posters.toml"), load(LayoutsConfig, "jobs/layouts.toml")
    posters = posters.model_copy(
        update={
            "paint": posters.paint.model_copy(update={"engine": painter}),
            "plan": posters.plan.model_copy(update={"engine": planner}),
        }
    )
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        originals = catalogue(folder, count, 2 * side, photos)
        night(run_posters, sized(posters, 256), folder / "cutouts.jsonl", folder / "warm")  # models are loaded
        night(run_layouts, sized(layouts, 256), folder / "packshots.jsonl", folder / "warm-layouts")
        seconds, rows = night(run_posters, sized(posters, side), folder / "cutouts.jsonl", folder / "out")
        other_s, others = night(run_layouts, sized(layouts, side), folder / "packshots.jsonl", folder / "layouts")
        of_rows = [of_poster(row, originals[row["product_id"]]) for row in rows if row["cut_out"]]
    levels = np.concatenate([poster["levels"] for poster in of_rows])
    contrasts = [poster["contrast"] for poster in of_rows if poster["contrast"] is not None]
    BENCHMARK.compare(
        f"night {side}",
        len(rows) / seconds,
        len(others) / other_s,
        "pictures/s",
        painter=painter,
        planner=planner,
        steps=rows[0]["steps"],
        rows=len(rows),
        cut_out=len(of_rows),
        unchanged=min(poster["unchanged"] for poster in of_rows),
        encoded=[round(float(levels.mean()), 2), float(np.percentile(levels, 99))],
        whole=fmean(poster["whole"] for poster in of_rows),
        deformed=round(max(poster["deformed"] for poster in of_rows), 4),
        covered=round(max(poster["covered"] for poster in of_rows), 4),
        contrast=[round(min(contrasts), 2), round(fmean(value >= 4.5 for value in contrasts), 3)],
        restless=[round(value([poster["restless"] for poster in of_rows]), 2) for value in (fmean, max)],
        soft=round(fmean(poster["soft"] for poster in of_rows), 3),
        fallback=round(fmean(poster["fallback"] for poster in of_rows), 3),
    )


def variety(count: int, planner: str) -> None:
    """How far the product's places of eight seeds lie apart."""
    place = PlaceSettings()
    settings = PlanSettings(engine="plannet" if planner == "plannet" else "rules")
    model, _ = planners.planner(settings, place, FaceFor(place), Storage())
    apart = []
    for k, (_, _, product) in enumerate(pictures(count, 384)):
        title, points, brand = COPIES[k % len(COPIES)]
        copy, canvas = Copy(title, points, brand), Canvas(1080, (1080, 1440, 608)[k % 3])
        plans = model.plan([PlanBrief(product, copy, canvas, seed=seed) for seed in range(_SEEDS)])
        boxes = [plan.product_box for plan in plans if isinstance(plan, Plan)]
        apart.append(1 - fmean(iou(a, b) for a, b in combinations(boxes, 2)))
    BENCHMARK.compare("variety", fmean(apart), 0.0, "1 - IoU", planner=planner, briefs=count)


def main() -> None:
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--products", 6, 26, "kinds of goods")
    parser.add_argument("--photos", type=Path, help="a folder of real photos, of which as many are cut out besides")
    parser.add_argument("--painter", default="drawn", help="paint.engine (default: drawn)")
    parser.add_argument("--planner", default="rules", help="plan.engine (default: rules)")
    cases = {f"night {side}": side for side in SIDES}
    every = [*cases, "variety"]
    parser.add_argument("--case", nargs="+", choices=every, default=every, help="only these")
    given = parser.parse_args()
    for case in given.case:
        if case == "variety":
            variety(given.products, given.planner)
        else:
            nights(cases[case], given.products, given.photos, given.painter, given.planner)


if __name__ == "__main__":
    main()
