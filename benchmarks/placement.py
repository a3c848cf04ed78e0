"""How fast covers are laid out: the solver and the saliency model on one core, and the whole job.

    python -m benchmarks.placement [--case solver|saliency|job] [--photos 6] [--full] [--output results.jsonl]

One JSON line a case; `ratio` above 1 means ours is better than `other`.

- `solver`: covers a second on one core, with their verdict at 1080 px: title, subtitle and a sticker, titles of 6 to 24
  characters, four ratios, drawn photos, all house styles, by CPU time; fonts are measured beforehand, as in a job.
  Other: 12.
- `saliency`: images a second of the covers job's saliency model at 1080 px. Other: 10.
- `job`: images a second of `run_covers` on a local Ray, start included: drawn photos on four ratios, text reading
  off and on. Other: 1.
"""

import json
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # before numpy: one core is what is claimed

import cv2
import numpy as np

from benchmarks.benchmark import Benchmark
from benchmarks.covers import RATIOS, TITLES, composed, decoded
from layoutgen.config import styles
from layoutgen.config.base import load
from layoutgen.config.jobs import CoversConfig
from layoutgen.config.stages import CoverPlaceSettings, SaliencySettings
from layoutgen.core.covers import protection
from layoutgen.core.covers.protection import SAFE_ZONES, Contents
from layoutgen.core.layout import Copy, parse_canvas
from layoutgen.goods.catalogue import draw
from layoutgen.imaging.images import ImageFault
from layoutgen.models.building import composers, finders
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.cover_check import Photo
from layoutgen.models.composers.covers import Outfit
from layoutgen.pipelines import run_covers

BENCHMARK = Benchmark(
    "placement",
    "covers laid out a second, subjects found a second, and the covers job",
    "rates that a shop needs",
    seconds=90,
    full="24 photos through the job, about 2 minutes",
    uses="1 core",
)
ROUNDS, MODEL = 5, "net"


def main() -> None:
    """Run the cases asked for."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", choices=["solver", "saliency", "job"], action="append")
    parser.add_size("--photos", 6, 24, "of the job")
    given = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as name:
        catalogue = draw(Path(name))
        pictures = pictures_of(catalogue)
        for case in given.case or ["solver", "saliency", "job"]:
            match case:
                case "solver":
                    solver(pictures[:6])
                case "saliency":
                    saliency(pictures)
                case _:
                    job(catalogue, given.photos)


def solver(pictures: list[np.ndarray]) -> None:
    """The solver case."""
    settings = CoverPlaceSettings()
    composer = composers.cover_composer(settings, SAFE_ZONES, FaceFor(settings))
    outfit = Outfit(tuple(styles.embedded().values()))
    first, second = (finders.saliency(SaliencySettings(model=model)) for model in (MODEL, "border"))
    photos = [
        Photo(picture, Contents(subject, opinion=protection.opinion(opinion)))
        for picture, subject, opinion in zip(pictures, first.saliency(pictures), second.saliency(pictures), strict=True)
    ]
    tasks = [
        (photo, Copy(title, ("新品",), subtitle="一件外套的七种穿法"), parse_canvas(ratio, 1080))
        for photo in photos
        for ratio in RATIOS
        for title in TITLES.values()
    ]
    for photo, copy, canvas in tasks[: 4 * len(TITLES)]:  # fonts and widths are measured once a process
        composed(composer, photo, copy, canvas, outfit)
    times = []
    for photo, copy, canvas in tasks:
        began = time.process_time()
        composed(composer, photo, copy, canvas, outfit)
        times.append(time.process_time() - began)
    rate = 1 / float(np.median(times))
    milliseconds = [round(1000 * float(np.percentile(times, p)), 2) for p in (50, 95, 100)]
    BENCHMARK.compare("solver", rate, 12, "covers/s, one core", ms_p50_p95_max=milliseconds, layouts=len(times))


def saliency(pictures: list[np.ndarray]) -> None:
    """The saliency case."""
    model = finders.saliency(SaliencySettings(model=MODEL))
    model.saliency(pictures[:1])
    times = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        model.saliency(pictures)
        times.append((time.perf_counter() - began) / len(pictures))
    rate = 1 / float(np.median(times))
    BENCHMARK.compare("saliency", rate, 10, "images/s, one core")


def job(catalogue: Path, photos: int) -> None:
    """The job case."""
    summaries = {}
    shipped = load(CoversConfig, Path(__file__).parents[1] / "jobs" / "covers.toml")
    products = [json.loads(line) for line in catalogue.read_text(encoding="utf-8").splitlines()]
    rows = [{"product_id": r["product_id"], "cover": r["image"], "title": r["title"]} for r in products if usable(r)]
    source = catalogue.with_name("covers.jsonl")
    source.write_text("".join(json.dumps(row) + "\n" for row in rows[:photos]), encoding="utf-8")
    for engine in ("none", "ocr"):
        BENCHMARK.say(f"jobs.covers on {photos} photos, text read by: {engine}")
        config = shipped.model_copy(update={"protect": shipped.protect.model_copy(update={"engine": engine})})
        summaries[engine] = run_covers(config, str(source), str(catalogue.with_name(f"out-{engine}")))
    ours = summaries["none"]
    more = {"with_text_reading": summaries["ocr"]["images_per_second"]}
    more |= {"covers": ours["published"], "accepted": ours["accepted"]}
    BENCHMARK.compare("job", ours["images_per_second"], 1, "images/s, two cores, four covers an image", **more)


def usable(row: dict[str, object]) -> bool:
    """Tell whether a drawn row has an image and a title."""
    return isinstance(row.get("image"), str) and isinstance(row.get("title"), str) and bool(row["title"])


def pictures_of(catalogue: Path) -> list[np.ndarray]:
    """Eight of the drawn catalogue's photos at 1080 px."""
    pictures: list[np.ndarray] = []
    for row in map(json.loads, catalogue.read_text(encoding="utf-8").splitlines()):
        with suppress(ImageFault, OSError):  # some of the catalogue's images are broken on purpose
            if usable(row) and len(pictures) < 8:
                pictures.append(decoded(catalogue.parent / str(row["image"])))
    return pictures


if __name__ == "__main__":
    main()
