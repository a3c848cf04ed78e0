"""What the nightly job costs a product, in this process: all its stages, as one actor of `run.pools = "auto"` has them.

    python -m benchmarks.nights [--dollars 0.04] [--full] [--output results.jsonl]

By CPU time, so that it holds on a busy machine; the shipped settings on drawn products in three canvases, no Ray.

- `products`: CPU hours of a million products, from the slope between two sizes, so that loading models does not count;
  `dollars` at the price of a CPU hour that is given.
- `decoded`: CPU time that decoding photos and maps takes a product, against decoding them anew for each stage and row.
- `memory`: the most memory that the process had (all models, the driver's part of a run too), GB.
"""

import json
import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np

from benchmarks.benchmark import Benchmark
from benchmarks.incremental import SETTINGS, product
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.imaging import decoded, images
from layoutgen.pipelines import run_layouts
from layoutgen.streaming import in_process

BENCHMARK = Benchmark(
    "nights",
    "CPU hours of a million products through the nightly job",
    "decoding anew for each stage; else figures by themselves",
    seconds=60,
    full="10 and 50 products, about 3 minutes",
    uses="one core",
)


def main() -> None:
    """Run nights of two sizes, and one that decodes everything anew."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--products", (4, 16), (10, 50), "of the two sizes", nargs=2)
    parser.add_argument("--dollars", type=float, default=0.04, help="price of a CPU hour, dollars (default: 0.04)")
    given = parser.parse_args()
    few, many = given.products
    with tempfile.TemporaryDirectory(prefix="layoutgen-nights-") as name:
        catalogues = {count: _catalogue(Path(name) / str(count), count) for count in (few, many)}
        with _clocked() as own:
            less, most = (_night(catalogues[count]) for count in (few, many))
        once = own.seconds / (few + many)
        with mock.patch.object(decoded, "caching", nullcontext), _clocked() as anew:
            _night(catalogues[many])
    hours = (most - less) / (many - few) / 3600 * 1e6
    size = f"{few} and {many} products, 3 canvases"
    BENCHMARK.line("products", size=size, ours=round(hours, 1), unit="CPU hours a million products")
    BENCHMARK.line("dollars", size=size, ours=round(hours * given.dollars, 2), unit="dollars a million products")
    BENCHMARK.line(
        "decoded",
        size=f"{many} products, 3 canvases",
        ours=round(1000 * once, 1),
        other=round(1000 * anew.seconds / many, 1),
        ratio=round(anew.seconds / many / once, 2),
        unit="ms a product",
        calls=round(anew.calls / many, 1),
    )
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e9
    BENCHMARK.line("memory", size=size, ours=round(peak, 2), unit="GB")


def _catalogue(folder: Path, count: int) -> Path:
    folder.mkdir()
    manifest = folder / "catalogue.jsonl"
    lines = [json.dumps(product(folder, number)) + "\n" for number in range(count)]
    manifest.write_text("".join(lines), encoding="utf-8")
    return manifest


def _night(manifest: Path) -> float:
    """CPU seconds of a night."""
    BENCHMARK.say(f"a night of {manifest.parent.name} products")
    began = time.process_time()
    with tempfile.TemporaryDirectory(prefix="layoutgen-nights-") as output:
        summary = run_layouts(load(LayoutsConfig, SETTINGS), str(manifest), output, stream=in_process)
    assert summary["dead_letters"] == 0, summary
    return time.process_time() - began


class _Clock:
    """How often something was called, and the CPU seconds that it took."""

    def __init__(self) -> None:
        self.calls, self.seconds = 0, 0.0

    def around(self, decode: Callable[[bytes], np.ndarray]) -> Callable[[bytes], np.ndarray]:
        def clocked(data: bytes) -> Any:
            began = time.thread_time()
            try:
                return decode(data)
            finally:
                self.calls += 1
                self.seconds += time.thread_time() - began

        return clocked


@contextmanager
def _clocked() -> Iterator[_Clock]:
    """Clock the decoding of what travels between stages."""
    clock = _Clock()
    jpeg, png = clock.around(images._decode_jpeg), clock.around(images.decode_png)
    with mock.patch.object(images, "_decode_jpeg", jpeg), mock.patch.object(images, "decode_png", png):
        yield clock


if __name__ == "__main__":
    main()
