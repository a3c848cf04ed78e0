"""What it costs to be a transaction: planning, ledger and publishing of a synthetic manifest, with no model at all.

    python -m benchmarks.plan [--rows 30000 --rows 150000] [--full] [--output results.jsonl]

A whole run of N rows on two CPUs: plan, shards through load and write, conservation check, manifest, swap. One line
of JSON an N: rows/s against those of the smallest N, so a `ratio` of 1 is linear; seconds; peak memory (PSS of all
processes).
"""

import logging
import shutil
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from PIL import Image

from benchmarks.benchmark import Benchmark
from benchmarks.stream import Peak, start_ray
from layoutgen.config.base import Pool
from layoutgen.config.jobs import InputSettings, LayoutsConfig, RunSettings
from layoutgen.config.stages import LoadSettings, WriteSettings
from layoutgen.core.fingerprint import Versions
from layoutgen.core.manifest.products import APPLICATIONS
from layoutgen.io.storage import Storage
from layoutgen.runs.job import RunOptions, TableJob
from layoutgen.runs.run import run

BENCHMARK = Benchmark(
    "plan",
    "rows a second planned, accounted for and published without models",
    "itself with fewer rows",
    seconds=40,
    full="1,000,000 and 10,000,000 rows, about 11 minutes",
    uses="2 CPUs for Ray",
)
CHUNK = 500_000


def main() -> None:
    """Run the cases."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--rows", (30_000, 150_000), (1_000_000, 10_000_000), "rows of each case", action="append")
    given = parser.parse_args()
    start_ray()
    rates: dict[int, float] = {}
    with tempfile.TemporaryDirectory(prefix="layoutgen-plan-bench-") as name:
        folder = Path(name)
        Image.linear_gradient("L").convert("RGB").save(folder / "a.jpg")  # of one colour it would be refused
        for rows in given.rows:
            BENCHMARK.say(f"{rows:,} rows")
            manifest = synthetic(folder / f"{rows}.parquet", rows)
            with Peak() as peak:
                seconds = publish(manifest, folder / f"out-{rows}", rows)
            rates[rows] = rows / seconds
            more = {"seconds": round(seconds, 1), "peak_gib": round(peak.bytes / 2**30, 2)}
            BENCHMARK.compare(f"{rows:,} rows", rates[rows], rates[min(rates)], "rows/s", **more)
            shutil.rmtree(folder / f"out-{rows}")
            manifest.unlink()
    ray.shutdown()


def synthetic(path: Path, rows: int) -> Path:
    """Write a manifest of `rows` products."""
    writer = None
    for first in range(0, rows, CHUNK):
        numbers = np.arange(first, min(rows, first + CHUNK))
        ids = pa.array([f"p{number:09d}" for number in numbers])
        titles = pa.array([f"Stoneware vase no. {number}" for number in numbers])
        table = pa.table({"product_id": ids, "image": pa.array(["a.jpg"] * len(numbers)), "title": titles})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
    return path


def publish(manifest: Path, output: Path, rows: int) -> float:
    """Run a job without models over a manifest; return the seconds."""
    small = Pool(num_cpus=0.5)
    config = LayoutsConfig(
        run=RunSettings(rows_per_shard=512, log_seconds=30),
        input=InputSettings(canvases=("1:1",)),
        load=LoadSettings(pool=small),
        write=WriteSettings(pool=Pool(size=2, num_cpus=0.5)),
    )
    job = TableJob(
        "layouts", [], dict.fromkeys(APPLICATIONS, Versions("null")), config, Storage(), str(manifest), str(output)
    )
    began = time.perf_counter()
    summary = run(job, RunOptions(run_id="bench"))
    assert summary["published"] == rows
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
