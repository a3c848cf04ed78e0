"""What a gallery of many rows costs to write and to look at.

    python -m benchmarks.gallery [--rows 10000] [--full] [--output results.jsonl]

`build` is the page's files of synthetic rows (five elements each), from Python's values to bytes; `draw` is the render
stage: 720 px previews with layers and maps from photos of 1200 px, three canvases each; both in seconds of one core's
time. `page` opens the built gallery, with small previews, in headless Chromium from a folder: seconds until it can be
used, until a filter and until another page shows, nodes of the document and MiB of the scripts' heap; where no Chromium
is, the case is left out. `morning` reviews rows there by keyboard, 70 % adopted, 15 % edited, 15 % rejected with a
reason: layouts that a key decides, and seconds of the machine alone, as nobody thinks; the other figures are the same
without going on to the next undecided layout by itself, as the page was before. One line of JSON each.
"""

import io
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image, ImageDraw

from benchmarks.benchmark import Benchmark
from layoutgen.core import schema
from layoutgen.core.gallery import files as gallery
from layoutgen.io.storage import Storage
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.stages.preview import Preview
from tests.browser import Browser, find

BENCHMARK = Benchmark(
    "gallery",
    "rows a second that a gallery is written and drawn at, how its page opens, and keys that a review takes",
    "reviewing without going on by itself; else figures by themselves",
    seconds=40,
    full="1,000 rows are reviewed",
)
CANVASES = ((1080, 1080), (1080, 1440), (1920, 1080))
WORDS = ["手工拉坯粗陶花瓶", "静音破壁机", "夏日新品", "可机洗", "三年质保"]


def main() -> None:
    """Run the cases."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--rows", type=int, default=10_000)
    parser.add_argument("--drawn", type=int, default=60, help="rows that are drawn")
    parser.add_size("--reviewed", 200, 1000, "rows that are reviewed")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="layoutgen-gallery-bench-") as name:
        folder = Path(name)
        build(folder, given.rows)
        draw(folder, given.drawn)
        if find():
            browse(folder, given.rows)
            morning(folder / "morning", given.reviewed)
        else:
            BENCHMARK.say("the page is not opened: there is no Chromium here")


def row(number: int, image: str = "s3://shop/photos/a.jpg") -> dict[str, Any]:
    """A synthetic placed row."""
    width, height = CANVASES[number % 3]
    element = {"font": "NotoSansSC-Bold", "colour": "#1c1c1e", "alignment": "left", "opacity": 1.0, "radius_px": 0}
    elements = [
        {**element, "role": role, "text": text, "lines": [text], "font_px": px, "line_height_px": round(1.3 * px),
         "box": [0.08, top, 0.08 + 0.9 * px * len(text) / width, top + 1.3 * px / height], "underlay": None, "z": 2}
        for role, text, px, top in (
            ("title", WORDS[number % 5], 72, 0.07), ("subtitle", WORDS[(number + 1) % 5], 44, 0.2),
            ("selling_point", WORDS[(number + 2) % 5], 36, 0.3), ("selling_point", "可机洗", 36, 0.38),
            ("price", "￥199", 60, 0.85),
        )
    ]  # fmt: skip
    return {
        "row_id": f"p{number // 3:06d}@{width}x{height}",
        "product_id": f"p{number // 3:06d}",
        "image": image,
        "canvas": f"{width}x{height}",
        "canvas_width": width,
        "canvas_height": height,
        "application": "poster",
        "title": f"{WORDS[number % 5]} {number // 3}",
        "category": WORDS[number % 4],
        "composer": "rules-1",
        "crop": [0.0, 0.0, 1.0, 1.0],
        "picture": [0.0, 0.0, 1.0, 1.0],
        "backdrop": "#ffffff",
        "status": "ok",
        "contrast": 4.5 + number % 9,
        "subject_covered": number % 100 / 500,
        "run_id": "run-1",
        "notes": [],
        "suggestion": [{name: element[name] for name in ("role", "text", "box")} for element in elements],
        "elements": elements,
    }


def build(folder: Path, count: int) -> None:
    """Write the page's files, and small previews beside them."""
    rows = [row(number) for number in range(count)]
    storage = Storage()
    start = time.process_time()
    size = 0
    for name, content in gallery.files(rows, [], "run-1", maps=True, limits=gallery.Limits(margin=0.045)):
        storage.write(str(folder / name), content)
        size += len(content)
    seconds = time.process_time() - start
    (folder / "previews").mkdir()
    pictures = {shape: jpeg(shape) for shape in CANVASES}
    for layout in rows:
        name = gallery.preview_name(layout["row_id"])
        (folder / "previews" / name).write_bytes(pictures[layout["canvas_width"], layout["canvas_height"]])
    more = {"seconds": round(seconds, 2), "mib": round(size / 2**20, 1)}
    BENCHMARK.line(f"build, {count:,} rows", ours=round(count / seconds), unit="rows/s a core", **more)


def jpeg(shape: tuple[int, int]) -> bytes:
    """A preview of a few KiB."""
    ramp = np.linspace(90, 220, 240).astype(np.uint8)
    pixels = np.broadcast_to(ramp[None, :, None], (round(240 * shape[1] / shape[0]), 240, 3))
    sink = io.BytesIO()
    Image.fromarray(np.ascontiguousarray(pixels)).save(sink, "JPEG", quality=80)
    return sink.getvalue()


def draw(folder: Path, count: int) -> None:
    """Draw rows as the render stage does."""
    photo = Image.fromarray(np.random.default_rng(0).normal(225, 3, (900, 1200, 3)).clip(0, 255).astype(np.uint8))
    ImageDraw.Draw(photo).ellipse((400, 200, 800, 800), fill="#2f6f68")
    photos = [folder / f"photo-{number}.jpg" for number in range(-(-count // 3))]
    for path in photos:
        photo.save(path, quality=90)
    rows = [row(number, str(photos[number // 3])) for number in range(count)]
    table = pa.Table.from_pylist(rows, schema=schema.LAYOUTS)
    stage = Preview(Storage(), str(folder / "drawn"), 720, (), layers=True, saliency=BorderSaliency())
    start = time.process_time()
    for first in range(0, count, 8):
        stage(table.slice(first, 8))
    seconds = time.process_time() - start
    BENCHMARK.line(f"draw, {count} rows", ours=round(count / seconds, 1), unit="rows/s a core")


def browse(folder: Path, count: int) -> None:
    """Open the gallery."""
    with Browser(folder) as page:
        address = (folder / "index.html").as_uri()
        page.open(address)  # once for the caches of the machine
        start = time.perf_counter()
        page.open(address)
        ready = time.perf_counter() - start
        start = time.perf_counter()
        page.set("#canvas", "1920x1080")
        page.wait(f"gallery.grid.rows.length < {count} / 2")
        filtered = time.perf_counter() - start
        start = time.perf_counter()
        page.click("#after")
        page.wait("gallery.grid.page === 1")
        turned = time.perf_counter() - start
        nodes, heap = page.run("[document.querySelectorAll('*').length, performance.memory.usedJSHeapSize]")
    measured = {"filter_s": round(filtered, 2), "turn_s": round(turned, 2)}
    size = {"nodes": nodes, "heap_mib": round(heap / 2**20, 1)}
    BENCHMARK.line(f"page, {count:,} rows", ours=round(ready, 2), unit="s until ready", **measured, **size)


def morning(folder: Path, count: int) -> None:
    """Review rows by keyboard, going on by itself and by a key."""
    folder.mkdir()
    for name, content in gallery.files([row(number) for number in range(count)], [], "run-1"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    shares = {"adopt": 0.7, "edit": 0.15, "reject": 0.15}
    plan = np.random.default_rng(0).permutation(
        [name for name, share in shares.items() for _ in range(round(share * count))]
    )
    with Browser(folder) as page:
        page.open((folder / "index.html").as_uri())
        alone, alone_s = review(page, plan.tolist(), advances=True)
        page.run("localStorage.clear()")
        page.open((folder / "index.html").as_uri())
        by_key, by_key_s = review(page, plan.tolist(), advances=False)
    rows = len(plan)
    more = {"keys_a_row": round(alone / rows, 2), "seconds": round(alone_s, 1), "other_seconds": round(by_key_s, 1)}
    BENCHMARK.compare(f"morning, {rows:,} rows", rows / alone, rows / by_key, "layouts decided a key", **more)


def review(page: Browser, plan: list[str], advances: bool) -> tuple[int, float]:
    """Decide on the rows as planned, in the viewer; returns the keys that were pressed and the seconds that it took."""
    page.set("#annotator", "Mei")
    if page.run("gallery.by('advance').checked") is not advances:
        page.click("#advance")
    page.focus(".card")
    page.press("Enter")
    keys = 1
    start = time.perf_counter()
    for number, decision in enumerate(plan):
        page.wait(f"document.querySelector('#viewer .bar .quiet')?.textContent.startsWith('{number + 1:,} of')")
        if decision == "edit":
            page.press("e")
            page.wait("document.querySelectorAll('.handle').length > 0")
        pressed = {"adopt": ["a"], "edit": ["ArrowLeft", "Enter"], "reject": [str(1 + number % 9), "r"]}[decision]
        page.press(*pressed)
        page.wait(f"gallery.decisions.count() === {number + 1}")
        keys += len(pressed) + (decision == "edit")
        if not advances and number + 1 < len(plan):
            page.press("ArrowRight")
            keys += 1
    seconds = time.perf_counter() - start
    tally = page.run("gallery.decisions.tally()")
    if [tally[name] for name in ("adopt", "edit", "reject", "left")] != [
        *map(plan.count, ("adopt", "edit", "reject")),
        0,
    ]:
        raise RuntimeError(f"the page counts {tally} after {len(plan)} decisions; look at what the keys do")
    page.press("Escape")
    return keys, seconds


if __name__ == "__main__":
    main()
