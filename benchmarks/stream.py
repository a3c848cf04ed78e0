"""How fast images stream through Ray: fetch + decode + write, against a plain loop and against `ray.data.read_images`.

    python -m benchmarks.stream [--case plain|read_images|write_parquet|memory] [--full] [--output results.jsonl]

All on two CPUs, one JSON line a case; `ratio` above 1 means ours is better.

- `plain`: the same work (read, sha256, decode, JPEG for the models) as a loop in two processes, no Ray, against the
  job's own fetch and write stages on their actor pools.
- `read_images`: `ray.data.read_images` → `map_batches` (same size for the models) → `write_parquet`,
  in one round over a quarter of the images.
- `write_parquet`: what a transaction costs: a whole run (preflight, lease, plan, guarded fetch, shards read back,
  markers, checks, manifest, swap) against the same fetch stage on the same planned rows → `write_parquet`.
- `memory`: peak memory (PSS of all of Ray's processes) of a tenth of the images over that of all; 1 is flat.
"""

import hashlib
import io
import multiprocessing
import os
import shutil
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import numpy as np
import psutil
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from PIL import Image

from benchmarks.benchmark import Benchmark
from layoutgen.config.base import Pool
from layoutgen.config.jobs import AnnotateConfig, RunSettings
from layoutgen.config.stages import ImagesSettings, LoadSettings, WriteSettings
from layoutgen.core import schema
from layoutgen.core.fingerprint import Versions
from layoutgen.core.manifest.plan import plan
from layoutgen.core.manifest.products import APPLICATIONS, Rules
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.io.tables.ledger import Ledger, ShardReport
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs.accounting import conserve
from layoutgen.runs.job import TableJob
from layoutgen.runs.planning import make_plan
from layoutgen.runs.run import run
from layoutgen.stages.fetch import Fetch
from layoutgen.stages.load import Load
from layoutgen.stages.write import Write
from layoutgen.streaming import Step, stream

BENCHMARK = Benchmark(
    "stream",
    "images a second through Ray: fetch, decode and write",
    "a plain loop, ray.data.read_images, write_parquet",
    seconds=75,
    full="8,000 images of 1600 px, 3,000 of 3000 px, 20,000 of 640 px: about 20 minutes",
    uses="2 CPUs for Ray",
)
SIDE, QUALITY = 768, 92
DISTINCT = 24
SHARD = 64


def main() -> None:
    """Run the cases asked for."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_size("--rounds", 1, 2, "interleaved rounds; the best counts")
    parser.add_size("--images", (400, 0), (8000, 3000), "of 1600 and of 3000 px; 0: none", nargs=2)
    parser.add_size("--most", 1500, 20_000, "images of the case memory")
    given = parser.parse_args()
    cases = given.case or CASES
    start_ray()
    with tempfile.TemporaryDirectory(prefix="layoutgen-stream-") as name:
        for side, count in zip((1600, 3000), given.images, strict=True):
            if count and OTHERS.keys() & set(cases):
                rates(Path(name) / str(side), side, count, cases, given.rounds)
        if "memory" in cases:
            memory(Path(name), given.most)
    ray.shutdown()


def rates(folder: Path, side: int, count: int, cases: list[str], rounds: int) -> None:
    """ImagesSettings of a side by each way."""
    files = photos(folder, side, count)
    ways: dict[str, Callable[[list[Path], Path], None]] = {"ours": ours}
    ways |= {name: way for name, way in OTHERS.items() if name in cases}
    if "write_parquet" in cases:
        ways["run"] = whole_run
    best = dict.fromkeys(ways, 0.0)
    for turn in range(rounds):
        for name, way in ways.items():
            if name == "read_images" and turn:
                continue  # several times slower: one round over a part shows it
            part = files[: count // 4] if name == "read_images" else files
            began = time.perf_counter()
            way(part, folder / f"{name}-{turn}")
            rate = len(part) / (time.perf_counter() - began)
            BENCHMARK.say(f"{side} px, round {turn + 1} of {rounds}, {name}: {rate:.1f} images/s")
            best[name] = max(best[name], rate)
    for name in OTHERS.keys() & ways.keys():
        mine = best["run" if name == "write_parquet" else "ours"]
        BENCHMARK.compare(name, mine, best[name], "images/s", size=f"{side} px")
    shutil.rmtree(folder)


def memory(folder: Path, most: int) -> None:
    """Peak memory of many images over that of a tenth."""
    peaks = []
    for count in (most // 10, most):
        ray.shutdown()
        start_ray()  # what other cases left in its object store is not this one's
        files = photos(folder / f"m{count}", 640, count)
        BENCHMARK.say(f"memory: {count:,} images")
        with Peak() as peak:
            ours(files, folder / f"memory-{count}")
        peaks.append(peak.bytes / 2**20)
    few, whole = (round(peak, 1) for peak in peaks)
    size = f"{most:,} images against {most // 10:,}"
    BENCHMARK.line("memory", size=size, ours=whole, other=few, ratio=round(few / whole, 3), unit="MiB")


def start_ray() -> None:
    """A cluster of our own with two CPUs, whose workers are as important as other processes."""
    os.environ["RAY_worker_niceness"] = "0"  # noqa: SIM112 Ray's own is 15: on a busy machine both sides shall wait alike
    ray.init("local", num_cpus=2, include_dashboard=False, logging_level="error", log_to_driver=False)
    ray.data.DataContext.get_current().enable_progress_bars = False


def photos(folder: Path, side: int, count: int) -> list[Path]:
    """Draw a few noisy, textured JPEGs of `side` px and link them under `count` names."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(side)
    originals = []
    for number in range(DISTINCT):
        coarse = Image.fromarray(rng.integers(0, 255, (15, 20, 3), np.uint8)).resize(
            (side, side * 3 // 4), Image.Resampling.BICUBIC
        )
        grain = rng.normal(0, 9, (side * 3 // 4, side, 1))
        original = folder / f"original-{number}.jpeg"
        Image.fromarray(np.clip(np.asarray(coarse) + grain, 0, 255).astype(np.uint8)).save(original, quality=85)
        originals.append(original)
    files = [folder / f"{number:06d}.jpg" for number in range(count)]
    for number, file in enumerate(files):
        os.link(originals[number % DISTINCT], file)
    for original in originals:
        original.unlink()
    return files


def ours(files: list[Path], output: Path) -> None:
    """The job's own load, fetch and write stages, as the pipeline runs them, ledger included."""
    storage, now = Storage(), datetime.now(UTC)
    snapshots = Snapshots(storage, str(output), "bench", now, schema.ANNOTATIONS)
    ledger = Ledger(storage, str(output), "bench")
    rules = Rules((), 1080, "poster", str, "annotations")
    raw = pa.table({"image": [str(file) for file in files]})
    planned = make_plan(iter([raw]), rules, snapshots, ledger, "bench", rows_per_shard=SHARD)
    snapshots = replace(snapshots, shards=planned.shard_count)
    versions = dict.fromkeys(APPLICATIONS, Versions("bench"))
    steps = [
        Step("load", partial(Load, storage, ledger, snapshots, versions), Pool(size=1, num_cpus=0.05)),
        Step("fetch", partial(Fetch, storage, ImagesSettings(side=SIDE), versions), Pool(size=2, num_cpus=0.9)),
        Step("write", partial(Write, snapshots, ledger), Pool(size=1, num_cpus=0.1)),
    ]
    attempt = ledger.begin_attempt(True, bool)
    shards = [
        pa.table({"shard": [shard.shard], "part": [shard.part], "group": [shard.group], "attempt": [attempt]})
        for shard in planned.shards
    ]
    reports = [ShardReport.from_json(row["report"]) for row in stream(steps, shards)]
    conserve(planned, reports)
    assert sum(report.computed for report in reports) == len(files)


def prepare(file: str) -> dict[str, object]:
    """What fetch does to one image, as plain code."""
    data = Path(file).read_bytes()
    picture = images.decode(data, side=SIDE, min_side=16, max_pixels=120_000_000)
    images.encode_jpeg(picture.pixels, QUALITY)
    return {"image": file, "sha256": hashlib.sha256(data).hexdigest(), "width": picture.width, "height": picture.height}


def _loop(files: list[str], output: str) -> None:
    pq.write_table(pa.Table.from_pylist([prepare(file) for file in files]), output, compression="zstd")


def plain(files: list[Path], output: Path) -> None:
    """The same work in a loop, in two processes that are already there when the loop starts."""
    output.mkdir(parents=True)
    names = [str(file) for file in files]
    context = multiprocessing.get_context("fork")
    halves = [context.Process(target=_loop, args=(names[i::2], str(output / f"{i}.parquet"))) for i in range(2)]
    for half in halves:
        half.start()
    for half in halves:
        half.join()
        assert half.exitcode == 0


def _for_models(batch: pa.Table | dict[str, np.ndarray]) -> dict[str, list[object]]:
    rows: dict[str, list[object]] = {"image": [], "sha256": [], "width": [], "height": []}
    for pixels, path in zip(batch["image"], batch["path"], strict=True):
        small = Image.fromarray(pixels)
        small.thumbnail((SIDE, SIDE))
        buffer = io.BytesIO()
        small.save(buffer, "JPEG", quality=QUALITY, subsampling=0)
        rows["image"].append(path)
        rows["sha256"].append(hashlib.sha256(Path(path).read_bytes()).hexdigest())
        rows["width"].append(pixels.shape[1])
        rows["height"].append(pixels.shape[0])
    return rows


def read_images(files: list[Path], output: Path) -> None:
    """The way of Ray Data's documentation."""
    dataset = ray.data.read_images([str(file) for file in files], include_paths=True, mode="RGB")
    dataset.map_batches(_for_models, batch_size=32).write_parquet(str(output))


class _FetchOnly:
    def __init__(self) -> None:
        self._fetch = Fetch(Storage(), ImagesSettings(side=SIDE), dict.fromkeys(APPLICATIONS, Versions("bench")))

    def __call__(self, table: pa.Table) -> pa.Table:
        return self._fetch(table).drop_columns(["pixels", "logo_pixels"])


def write_parquet(files: list[Path], output: Path) -> None:
    """The fetch stage on planned rows, with what it found written by Ray Data; no ledger, nothing checked."""
    raw = pa.table({"image": [str(file) for file in files]})
    work = plan(raw, Rules((), 1080, "poster", str, "annotations"), rows_per_shard=SHARD)
    pool = ray.data.ActorPoolStrategy(size=2, max_tasks_in_flight_per_actor=2)
    dataset = ray.data.from_arrow(work.shards)
    dataset = dataset.map_batches(_FetchOnly, batch_size=None, batch_format="pyarrow", compute=pool, num_cpus=0.5)
    dataset.write_parquet(str(output))


def whole_run(files: list[Path], output: Path) -> None:
    """A run over a manifest as the jobs make it, with the fetch stage alone."""
    manifest = output.with_suffix(".parquet")
    pq.write_table(pa.table({"image": [str(file) for file in files]}), manifest)
    small = Pool(num_cpus=0.1)
    config = AnnotateConfig(
        run=RunSettings(rows_per_shard=SHARD), load=LoadSettings(pool=small), write=WriteSettings(pool=small)
    )
    versions = dict.fromkeys(APPLICATIONS, Versions("bench"))
    fetch = Step("fetch", partial(Fetch, Storage(), ImagesSettings(side=SIDE), versions), Pool(size=2, num_cpus=0.5))
    job = TableJob("annotations", [fetch], versions, config, Storage(), str(manifest), str(output))
    assert run(job)["published"] == len(files)


CASES = ["plain", "read_images", "write_parquet", "memory"]
OTHERS: dict[str, Callable[[list[Path], Path], None]] = {
    "plain": plain,
    "read_images": read_images,
    "write_parquet": write_parquet,
}


class Peak:
    """The most memory that this process and its children, Ray's included, hold at once (PSS, sampled)."""

    def __init__(self) -> None:
        self.bytes = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()

    def _watch(self) -> None:
        me = psutil.Process()
        while not self._over.wait(1.0):
            total = 0
            for process in (me, *me.children(recursive=True)):
                try:
                    total += process.memory_full_info().pss
                except psutil.Error:
                    continue
            self.bytes = max(self.bytes, total)


if __name__ == "__main__":
    main()
