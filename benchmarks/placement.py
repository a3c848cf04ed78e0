"""How fast covers are laid out: the solver and the saliency model on one core, and the whole job.

python -m benchmarks.placement [--case solver|saliency|job] [--output results.jsonl]

One JSON line a case; `ratio` above 1 means ours is better than `other`.

- `solver`: layouts a second on one core, at maps of 256 px: title, subtitle and a sticker, Chinese titles of 6 to 24
  characters, four ratios, drawn photos; fonts are measured beforehand, as in a job. Other: 50, which is 20 ms each.
- `saliency`: images a second of the covers job's saliency model at 1080 px. Other: 10.
- `job`: images a second of `run_covers` on a local Ray, start included: 24 drawn photos on four ratios, text reading
  off and on. Other: 1.
"""

import argparse
import json
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: one core is what is claimed

import cv2
import numpy as np

from benchmarks.covers import RATIOS, TITLES, hardware
from layoutgen.config.base import load
from layoutgen.config.jobs import CoversConfig
from layoutgen.config.stages import CoverPlaceSettings, SaliencySettings
from layoutgen.core.covers.acceptance import Limits
from layoutgen.core.covers.placement import solve
from layoutgen.core.covers.protection import SAFE_ZONES
from layoutgen.core.covers.text import CoverCopy, Proportions
from layoutgen.core.layout import Framing, parse_canvas
from layoutgen.imaging.images import ImageFault
from layoutgen.models.building import stages as building
from layoutgen.models.composers.covers import Photo, scene_of

ROUNDS, MODEL = 5, "net"


def main() -> None:
    """Run the cases asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--case", choices=["solver", "saliency", "job"], action="append")
    parser.add_argument("--output", type=Path, help="append the JSON lines to this file too")
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    for case in arguments.case or ["solver", "saliency", "job"]:
        line = {"bench": "placement", "case": case, **{"solver": solver, "saliency": saliency, "job": job}[case]()}
        line["hardware"] = hardware()
        print(json.dumps(line), flush=True)
        if arguments.output:
            with arguments.output.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")


def solver() -> dict[str, object]:
    """The solver case."""
    settings = CoverPlaceSettings()
    face_for = building.FaceFor(settings)
    proportions = Proportions(settings.margin, settings.max_font, settings.most_lines)
    limits = Limits(settings.most_covered, settings.min_contrast, settings.min_font)
    model = building.saliency(SaliencySettings(model=MODEL))
    with tempfile.TemporaryDirectory() as folder:
        pictures = pictures_of(Path(folder))[:6]
    photos = [Photo(picture, found) for picture, found in zip(pictures, model.saliency(pictures), strict=True)]
    tasks = []
    for photo in photos:
        for ratio in RATIOS:
            canvas = parse_canvas(ratio, 1080)
            scene = scene_of(photo, Framing(), canvas, SAFE_ZONES)
            for title in TITLES.values():
                copy = CoverCopy(title, "一件外套的七种穿法", ("新品",))
                tasks.append((copy, canvas, scene, proportions.on(canvas, limits)))
    for copy, canvas, scene, style in tasks[: 4 * len(TITLES)]:  # fonts and widths are measured once a process
        solve(copy, canvas, scene, face_for, style)
    times = []
    for _ in range(ROUNDS):
        for copy, canvas, scene, style in tasks:
            began = time.perf_counter()
            solve(copy, canvas, scene, face_for, style)
            times.append(time.perf_counter() - began)
    rate = 1 / float(np.median(times))
    return {
        "ours": round(rate, 1),
        "other": 50,
        "ratio": round(rate / 50, 2),
        "unit": "layouts/s, one core",
        "ms_p50_p95_max": [round(1000 * float(np.percentile(times, p)), 2) for p in (50, 95, 100)],
        "layouts": len(times),
    }


def saliency() -> dict[str, object]:
    """The saliency case."""
    model = building.saliency(SaliencySettings(model=MODEL))
    with tempfile.TemporaryDirectory() as folder:
        pictures = pictures_of(Path(folder))[:8]
    model.saliency(pictures[:1])
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        model.saliency(pictures)
        times.append((time.perf_counter() - began) / len(pictures))
    rate = 1 / float(np.median(times))
    return {"ours": round(rate, 1), "other": 10, "ratio": round(rate / 10, 2), "unit": "images/s, one core"}


def job() -> dict[str, object]:
    """The job case."""
    from layoutgen.pipelines import run_covers

    found = {}
    shipped = load(CoversConfig, Path(__file__).parents[1] / "jobs" / "covers.toml")
    with tempfile.TemporaryDirectory() as folder:
        drawn = [json.loads(line) for line in catalogue(Path(folder)).read_text(encoding="utf-8").splitlines()]
        rows = [{"product_id": r["product_id"], "cover": r["image"], "title": r["title"]} for r in drawn if usable(r)]
        source = Path(folder) / "covers.jsonl"
        source.write_text("".join(json.dumps(row) + "\n" for row in rows[:24]), encoding="utf-8")
        for engine in ("none", "ocr"):
            config = shipped.model_copy(update={"protect": shipped.protect.model_copy(update={"engine": engine})})
            found[engine] = run_covers(config, str(source), str(Path(folder) / f"out-{engine}"))
    ours = found["none"]
    return {
        "ours": ours["images_per_second"],
        "other": 1,
        "ratio": ours["images_per_second"],
        "unit": "images/s, two cores, four covers an image",
        "with_text_reading": found["ocr"]["images_per_second"],
        "covers": ours["published"],
        "accepted": ours["accepted"],
    }


def catalogue(folder: Path) -> Path:
    """The demo's drawn catalogue, as JSON lines."""
    from layoutgen.goods.catalogue import draw

    return draw(folder)


def usable(row: dict[str, object]) -> bool:
    """Tell whether a drawn row has an image and a title."""
    return isinstance(row.get("image"), str) and isinstance(row.get("title"), str) and bool(row["title"])


def pictures_of(folder: Path) -> list[np.ndarray]:
    """The drawn catalogue's photos at 1080 px."""
    from benchmarks.covers import decoded

    rows = [json.loads(line) for line in catalogue(folder).read_text(encoding="utf-8").splitlines()]
    found: list[np.ndarray] = []
    for row in rows:
        with suppress(ImageFault, OSError):  # some of the catalogue's images are broken on purpose
            if usable(row) and len(found) < 8:
                found.append(decoded(folder / str(row["image"])))
    return found


if __name__ == "__main__":
    main()
