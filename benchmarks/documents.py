"""How many editable files of layouts one core writes a second, by format and canvas.

    python -m benchmarks.documents [--files 20] [--full] [--output results.jsonl]

A file is written from the decoded photo (1200 px), as `jobs.render` does after it has fetched it: framing, scaling and
encoding the photo count. `svg` embeds photo and fonts, `svg, photo linked` the fonts alone. Copy is that of ten
languages in turn, each with its own number, so that subsets of fonts are made and not found. `kb` is a file's middle
size, `mb` by how much the process grew from the first fifth of the files to the last. Time is the process's own.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks.benchmark import Benchmark
from layoutgen.core.layout import Canvas
from layoutgen.imaging.documents import pptx, psd, svg
from layoutgen.imaging.documents.page import Page
from tests.imaging.documents import pages

BENCHMARK = Benchmark(
    "documents",
    "editable files of layouts that one core writes a second",
    "40 SVG a second, the aim",
    seconds=40,
    full="200 files of each case, about 4 minutes",
    uses="one core",
)
CANVASES = (Canvas(1080, 1080), Canvas(1920, 1080))
WRITERS: dict[str, Callable[[Page], bytes]] = {
    "svg": svg.write,
    "svg, photo linked": partial(svg.write, photo="photo.jpg"),
    "pptx": pptx.write,
    "psd": psd.write,
}
AIM = 40.0


def main() -> None:
    """Run the cases."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--files", 20, 200, "files of each case")
    parser.add_argument("--case", choices=[*WRITERS], help="this format alone")
    given = parser.parse_args()
    for name, write in WRITERS.items():
        if given.case in (None, name):
            for canvas in CANVASES:
                measure(name, write, canvas, given.files)


def measure(name: str, write: Callable[[Page], bytes], canvas: Canvas, count: int) -> None:
    """Print the line of one format and canvas."""
    for number in range(len(pages.COPIES)):
        write(page(canvas, number))  # fonts are opened
    sizes, seconds, early, late = [], 0.0, 0.0, 0.0
    for number in range(count):
        todo = page(canvas, 1000 + number)
        began = time.process_time()
        sizes.append(len(write(todo)))
        seconds += time.process_time() - began
        if number == count // 5:
            early = memory_mb()
        late = memory_mb()
    case = f"{name}, {canvas.name}"
    about = {"kb": round(median(sizes) / 1024), "mb": round(late - early, 1), "files": count}
    if name.startswith("svg"):
        BENCHMARK.compare(case, count / seconds, AIM, "files/s", **about)
    else:
        BENCHMARK.line(case, ours=round(count / seconds, 2), unit="files/s", **about)


def page(canvas: Canvas, number: int) -> Page:
    """A page of its own, with copy in one of the languages."""
    names = [*pages.COPIES]
    whole = pages.written_in(names[number % len(names)], canvas, mark=f" {number}")
    return replace(whole, provenance=replace(whole.provenance, row_id=f"p{number}@{canvas.name}"))


def memory_mb() -> float:
    """What the process holds in memory, MiB."""
    resident = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(resident) * 4096 / 2**20


if __name__ == "__main__":
    main()
