"""Finished pictures and files that one core makes a second, from rows and their photos to stored files.

    python -m benchmarks.rendering [--rows 24] [--many 160] [--full] [--output results.jsonl]

`stages.finishing` makes them, as the render stage and `jobs.render` do: each row's JPEG (1600 px) is read and decoded,
framed, drawn on, encoded and written to this disk; each row has a photo of its own, though rows of a night share them.
Copy is that of ten languages in turn, each with its own number, so that it is shaped and not found.

- webp, jpeg and png, 1080 x 1080 and 1920 x 1080 px: against Pillow alone, as a short script would have it: `open`,
  `resize`, `ImageDraw.text` with its basic layout of glyphs, `save` with the encoder's defaults at the same quality.
  `kb` and `kb_other` are the middle sizes of the files.
- svg: against the aim.
- night: the whole job in this process without Ray, `jobs/layouts.toml` on products of the demo's catalogue in three
  canvases: CPU seconds with WebP (`ours`) against those without pictures (`other`); `cost` is the share on top.
- memory: what the process holds after all of many WebP, over what it held after a tenth of them; 1 is flat.

Time is the process's own, threads included.
"""

import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from functools import cache
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont, ImageOps

from benchmarks.benchmark import Benchmark
from benchmarks.documents import memory_mb
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig, RunSettings
from layoutgen.config.stages import RenderSettings
from layoutgen.core import rows
from layoutgen.core.layout import Box, Canvas, Element, Role, to_px
from layoutgen.goods import catalogue
from layoutgen.imaging import fonts
from layoutgen.io.storage import Storage
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import WHOLE, RunOptions
from layoutgen.stages.finishing import Finish, Finisher
from layoutgen.stages.originals import Originals
from layoutgen.streaming import in_process
from tests.drawn import encoded
from tests.imaging.documents import pages

BENCHMARK = Benchmark(
    "rendering",
    "finished pictures and files that one core makes a second",
    "Pillow alone with its encoders' defaults; 40 SVG a second, the aim",
    seconds=80,
    full="200 rows of each case and 2,000 for memory, about 7 minutes",
    uses="one core",
)
CANVASES = (Canvas(1080, 1080), Canvas(1920, 1080))
FORMATS = ("webp", "jpeg", "png", "svg")
AIM = 40.0
SHARD = 16
Row = dict[str, Any]


def main() -> None:
    """Run the cases."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--rows", 16, 200, "of each format and canvas")
    parser.add_size("--many", 100, 2000, "WebP of the case memory")
    parser.add_size("--products", 8, 30, "of the case night")
    parser.add_argument("--case", choices=[*FORMATS, "night", "memory"], action="append", help="this one alone")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="layoutgen-rendering-") as name:
        shop = Shop(Path(name))
        for case in FORMATS:
            if not given.case or case in given.case:
                for canvas in CANVASES:
                    rate(shop, case, canvas, given.rows)
        if not given.case or "night" in given.case:
            night(Path(name) / "night", given.products)
        if not given.case or "memory" in given.case:
            memory(shop, given.many)


def rate(shop: "Shop", name: str, canvas: Canvas, count: int) -> None:
    """The line of one format and canvas."""
    warm = [shop.row(canvas, number) for number in range(len(pages.COPIES))]
    shop.finish(name, warm)
    wanted = [shop.row(canvas, 1000 + number) for number in range(count)]
    sizes: list[int] = []
    ours = _rate(lambda: sizes.extend(shop.finish(name, wanted)), count)
    about = {"kb": round(median(sizes) / 1024), "rows": count}
    case = f"{name}, {canvas.name}"
    if name == "svg":
        BENCHMARK.compare(case, ours, AIM, "files/s a core", **about)
        return
    for row in warm:
        shop.plainly(name, row)
    plain: list[int] = []
    other = _rate(lambda: plain.extend(shop.plainly(name, row) for row in wanted), count)
    BENCHMARK.compare(case, ours, other, "pictures/s a core", kb_other=round(median(plain) / 1024), **about)


def night(folder: Path, products: int) -> None:
    """The line of what a run costs with pictures and without."""
    manifest = str(catalogue.draw(folder, products=products))
    config = load(LayoutsConfig, Path(__file__).parents[1] / "jobs" / "layouts.toml")
    config = config.model_copy(update={"run": RunSettings(max_failed_fraction=1.0)})
    off = config.model_copy(update={"render": RenderSettings()})
    run_layouts(off, manifest, str(folder / "warm"), RunOptions(limit=1), in_process)
    seconds = []
    for name, settings in (("off", off), ("on", config)):
        began = time.process_time()
        summary = run_layouts(settings, manifest, str(folder / name), WHOLE, in_process)
        seconds.append(time.process_time() - began)
    without, with_them = seconds
    about = {"cost": round(with_them / without - 1, 3), "rows": summary["published"]}
    BENCHMARK.compare("night", with_them, without, "CPU s", **about)


def memory(shop: "Shop", many: int) -> None:
    """The line of the memory held after many pictures."""
    early = 0.0
    for start in range(0, many, SHARD):
        batch = [shop.row(CANVASES[0], 10_000 + number) for number in range(start, min(start + SHARD, many))]
        shop.finish("webp", batch)
        if start < many // 10 <= start + SHARD:
            early = memory_mb()
    late = memory_mb()
    few, whole = f"{many // 10:,}", f"{many:,}"
    BENCHMARK.line("memory", size=f"after {whole} pictures against {few}", ours=round(late, 1), other=round(early, 1),
                   ratio=round(early / late, 3), unit="MiB")  # fmt: skip


def _rate(work: Callable[[], object], count: int) -> float:
    began = time.process_time()
    work()
    return count / (time.process_time() - began)


class Shop:
    """Photos and a logo on disk, and rows that were laid out on them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        photo = Image.fromarray(pages.photo()).resize((1600, 1600), Image.Resampling.LANCZOS)
        grain = np.random.default_rng(5).normal(0, 3, (1600, 1600, 1))
        noisy = Image.fromarray(np.clip(np.asarray(photo) + grain, 0, 255).astype(np.uint8))
        self._photo = folder / "photo.jpeg"
        self._photo.write_bytes(encoded(noisy, quality=90))
        self._sha256 = hashlib.sha256(self._photo.read_bytes()).hexdigest()
        self.logo = folder / "logo.png"
        self.logo.write_bytes(encoded(catalogue.logo("山野").convert("RGBA"), "PNG"))

    def row(self, canvas: Canvas, number: int) -> Row:
        """A placed row with a photo of its own, and copy in one of the languages."""
        image = self.folder / f"{number}.jpg"
        if not image.exists():
            os.link(self._photo, image)
        names = [*pages.COPIES]
        page = pages.written_in(names[number % len(names)], canvas, mark=f" {number}")
        return {
            "row_id": f"p{number}@{canvas.name}",
            "image": str(image),
            "image_sha256": self._sha256,
            **dict.fromkeys(("image_width", "image_height"), 1600),
            "logo": str(self.logo),
            "canvas_width": canvas.width,
            "canvas_height": canvas.height,
            "crop": page.framing.crop,
            "picture": page.framing.picture,
            "backdrop": page.framing.backdrop,
            "elements": [rows.element_row(element) for element in page.elements],
            "language": page.language,
            "composer": "rules-1",
        }

    def finish(self, name: str, wanted: list[Row]) -> list[int]:
        """Make the files of rows, a shard at a time; the bytes of each."""
        storage = Storage()
        out = self.folder / "pictures"
        finisher = Finisher(
            storage, Originals(storage), Finish({name: "benchmark"}), lambda _, file, end: str(out / f"{file}.{end}")
        )
        sizes = []
        for start in range(0, len(wanted), SHARD):
            for files in finisher.files(wanted[start : start + SHARD]):
                assert isinstance(files, list), files
                sizes += [file["bytes"] for file in files]
                Path(files[0]["uri"]).unlink()
        return sizes

    def plainly(self, name: str, row: Row) -> int:
        """Make a row's picture with Pillow alone; its bytes."""
        file = self.folder / f"plain.{name}"
        draw_plainly(row).save(file, name, **({} if name == "png" else {"quality": 85}))
        return file.stat().st_size


def draw_plainly(row: Row) -> Image.Image:
    """A row's picture as a script without this package would draw it."""
    with Image.open(row["image"]) as opened:
        photo = ImageOps.exif_transpose(opened).convert("RGB")
    canvas = Canvas(row["canvas_width"], row["canvas_height"])
    left, top, right, bottom = map(round, to_px(row["picture"], canvas.width, canvas.height))
    shown = photo.crop(to_px(row["crop"], photo.width, photo.height))
    page = Image.new("RGB", (canvas.width, canvas.height), row["backdrop"])
    page.paste(shown.resize((right - left, bottom - top), Image.Resampling.LANCZOS), (left, top))
    for element in sorted(map(rows.read_element, row["elements"]), key=lambda element: element.z):
        _element(page, element, to_px(element.box, canvas.width, canvas.height), row["logo"])
    return page


def _element(page: Image.Image, element: Element, box: Box, logo_file: str) -> None:
    left, top, right, bottom = map(round, box)
    if element.role is Role.UNDERLAY:
        mask = Image.new("L", page.size)
        ImageDraw.Draw(mask).rounded_rectangle((left, top, right, bottom), element.radius_px, fill=255)
        page.paste(element.colour, (0, 0), mask.point(lambda value: round(value * element.opacity)))
    elif element.role is Role.LOGO:
        with Image.open(logo_file) as mark:
            fitted = ImageOps.contain(mark, (right - left, bottom - top))
        page.paste(fitted, (left, top), fitted)
    elif element.shadow:
        soft = Image.new("L", page.size)
        _runs(ImageDraw.Draw(soft), element, box, fill=255)
        page.paste("#000000", (0, 2), soft.filter(ImageFilter.GaussianBlur(0.09 * element.font_px)))
    if element.lines:
        _runs(ImageDraw.Draw(page), element, box, fill=element.colour, stroke_fill=element.stroke)


def _runs(pen: ImageDraw.ImageDraw, element: Element, box: Box, **colours: Any) -> None:
    for run in element.runs:
        font = _font(run.file, run.weight, element.font_px)
        at = (box[0] + run.x_px, box[1] + run.baseline_px)
        pen.text(at, run.text, font=font, anchor="ls", stroke_width=element.stroke_px, **colours)


@cache
def _font(file: str, weight: int, px: int) -> ImageFont.FreeTypeFont:
    (path,) = (path for path in fonts.EMBEDDED if path.name == file)
    font = ImageFont.truetype(path, px, layout_engine=ImageFont.Layout.BASIC)
    axes = font.get_variation_axes()
    font.set_variation_by_axes([weight if axis["name"] == b"Weight" else axis["default"] or 0 for axis in axes])
    return font


if __name__ == "__main__":
    main()
