"""What it costs to be a transaction: planning, ledger and publishing of a synthetic manifest, with no model at all.

    python -m benchmarks.plan [--rows 30000 --rows 150000] [--products] [--full] [--output results.jsonl]

A whole run of N rows on two CPUs: plan, shards through load and write, conservation check, manifest, swap. One line
of JSON an N: rows/s against those of the smallest N, so a `ratio` of 1 is linear; seconds; peak memory (PSS of all
processes).

With `--products` each row has a picture of its own, all of one size, in a bucket that counts its requests, and there
are three nights: on the second one picture in a hundred is another one, and on the third nothing changed. Lines have
the requests by kind and bucket, and what AWS's public price list asks for them. Tables of up to `TABLE_IN_S3` rows lie
in a bucket that counts, too, others in a folder: what a table costs in requests is linear in its shards. Another line
has the versions of pictures that a second of CPU time reads off listings, and by a request for each.
"""

import io
import logging
import os
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from PIL import Image

from benchmarks.benchmark import Benchmark
from benchmarks.counted_s3 import PICTURES, CountedS3, counted_s3, dollars, etag_of, name_of
from benchmarks.stream import Peak, start_ray
from layoutgen.config.base import Pool
from layoutgen.config.jobs import InputSettings, LayoutsConfig, RunSettings
from layoutgen.config.stages import LoadSettings, WriteSettings
from layoutgen.core import fingerprint, rows, schema
from layoutgen.core.fingerprint import Versions
from layoutgen.core.manifest.products import APPLICATIONS
from layoutgen.io.storage import Storage
from layoutgen.runs.job import RunOptions, TableJob
from layoutgen.runs.run import run
from layoutgen.streaming import Step

BENCHMARK = Benchmark(
    "plan",
    "rows a second planned, accounted for and published without models",
    "itself with fewer rows",
    seconds=40,
    full="1,000,000 and 10,000,000 rows, about 11 minutes",
    uses="2 CPUs for Ray",
)
CHUNK = 500_000
TABLE_IN_S3 = 100_000
NIGHTS = {"first night": 0, "second night": 100, "quiet night": 100}
"""Each so-manieth picture is another one than in the beginning."""
ROWS_PER_SHARD = 512
_UNREAD = ("image_width", "image_height", "pixels", "logo_pixels", "frame_s")


def main() -> None:
    """Run the cases."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--rows", (30_000, 150_000), (1_000_000, 10_000_000), "rows of each case", action="append")
    parser.add_argument("--products", action="store_true", help="each row has a picture, in a bucket; three nights")
    given = parser.parse_args()
    rates: dict[str, float] = {}
    with tempfile.TemporaryDirectory(prefix="layoutgen-plan-bench-") as name, _server(Path(name), given.rows) as server:
        folder = Path(name)
        if given.products:
            look_up(min(20_000, *given.rows))
        start_ray()
        for count in given.rows:
            BENCHMARK.say(f"{count:,} rows")
            manifest = synthetic(folder / f"{count}.parquet", count, own_pictures=given.products)
            at = f"s3://table/{count}" if given.products and count <= TABLE_IN_S3 else str(folder / f"out-{count}")
            for night, changed_every in NIGHTS.items() if given.products else {"": 0}.items():
                server.change(changed_every)
                server.take_requests()
                with Peak() as peak:
                    seconds = publish(manifest, at, count, night, changed_every)
                rate = count / seconds
                more: dict[str, Any] = {"seconds": round(seconds, 1), "peak_gib": round(peak.bytes / 2**30, 2)}
                if given.products:
                    requests = server.take_requests()
                    more |= {"requests": requests, "dollars": round(dollars(requests), 4)}
                case = ", ".join(filter(None, (f"{count:,} rows", night)))
                BENCHMARK.compare(case, rate, rates.setdefault(night, rate), "rows/s", **more)
            shutil.rmtree(folder / f"out-{count}", ignore_errors=True)
            manifest.unlink()
    ray.shutdown()


def look_up(count: int) -> None:
    """Versions of pictures read off listings, against a request for each: keys a second of this process's CPU time."""
    storage = Storage()
    uris = [f"s3://{PICTURES}/{name_of(number)}" for number in range(count)]
    ways = {"listed": (storage.listed_versions, uris), "each": (storage.versions, uris[:1000])}
    rates = dict.fromkeys(ways, 0.0)
    for _ in range(3):
        for name, (ask, keys) in ways.items():
            began = time.process_time()
            ask(keys)
            rates[name] = max(rates[name], len(keys) / (time.process_time() - began))
    BENCHMARK.compare("versions of pictures", rates["listed"], rates["each"], "keys/s of CPU time")


@contextmanager
def _server(folder: Path, rows: Sequence[int]) -> Iterator[CountedS3]:
    """The buckets, whose address is in the environment of all processes to come."""
    buffer = io.BytesIO()
    Image.linear_gradient("L").convert("RGB").save(buffer, "JPEG")  # of one colour it would be refused
    (folder / "a.jpg").write_bytes(buffer.getvalue())
    (folder / "objects").mkdir()
    with counted_s3(folder / "objects", max(rows), buffer.getvalue()) as server:
        os.environ.update(server.environment())
        yield server


def synthetic(path: Path, rows: int, *, own_pictures: bool) -> Path:
    """Write a manifest of `rows` products, which have pictures of their own in the bucket, or one for all."""
    writer = None
    for first in range(0, rows, CHUNK):
        numbers = np.arange(first, min(rows, first + CHUNK))
        ids = pa.array([f"p{number:09d}" for number in numbers])
        titles = pa.array([f"Stoneware vase no. {number}" for number in numbers])
        images = pa.array([f"s3://{PICTURES}/{name_of(k)}" if own_pictures else "a.jpg" for k in numbers.tolist()])
        table = pa.table({"product_id": ids, "image": images, "title": titles})
        writer = writer or pq.ParquetWriter(path, table.schema)
        writer.write_table(table)
    if writer:
        writer.close()
    return path


def publish(manifest: Path, output: str, count: int, night: str, changed_every: int) -> float:
    """Run a job without models over a manifest; return the seconds."""
    small = Pool(num_cpus=0.5)
    config = LayoutsConfig(
        run=RunSettings(rows_per_shard=ROWS_PER_SHARD, log_seconds=30),
        input=InputSettings(canvases=("1:1",), allowed_prefixes=(f"s3://{PICTURES}",)),
        load=LoadSettings(pool=small),
        write=WriteSettings(pool=Pool(size=2, num_cpus=0.5)),
    )
    versions = dict.fromkeys(APPLICATIONS, Versions("null"))
    steps = [Step("fetch", partial(Seen, versions, changed_every), Pool(num_cpus=0.5))] if night else []
    job = TableJob("layouts", steps, versions, config, Storage(), str(manifest), output)
    began = time.perf_counter()
    summary = run(job, RunOptions(run_id=f"bench-{night.replace(' ', '-')}"))
    computed = {"second night": -(-count // NIGHTS["second night"]), "quiet night": 0}
    assert (summary["published"], summary["computed"]) == (count, computed.get(night, count))
    return time.perf_counter() - began


class Seen:
    """What the fetch stage says of rows, without reading pictures: that costs a request a picture, and decoding."""

    def __init__(self, versions: dict[str, Versions], changed_every: int) -> None:
        self._versions, self._changed_every = versions, changed_every

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the fetched columns."""
        read = fingerprint.reads(self._versions.values(), table)
        nothing: list[Any] = [None] * len(table)
        columns = {name: [*nothing] for name in ("fingerprint", "image", "image_sha256", *_UNREAD)}
        for i in rows.open_rows(table):
            row = {name: values[i] for name, values in read.items()}
            (uri,) = row["images"]
            stored = {uri: etag_of(uri.rpartition("/")[2], self._changed_every)}
            columns["fingerprint"][i] = vars(fingerprint.keys(row, stored[uri], stored, self._versions["poster"]))
            columns["image"][i], columns["image_sha256"][i] = uri, stored[uri]
        return rows.add(table, columns, schema.FETCHED)


if __name__ == "__main__":
    main()
