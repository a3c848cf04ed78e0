"""The story of the data, told once: the one place that calls `map_batches`.

    layouts:   plan ─▶ fetch ─▶ annotate ─▶ compose ─▶ place ─▶ write ─▶ check ─▶ publish
    annotate:  plan ─▶ fetch ─▶ annotate ─▶ write ─▶ check ─▶ publish

A shard of the plan is one block from end to end: `batch_size=None` hands it whole from pool to pool, the write stage
makes one file of it and sends back a report of a few bytes. Every row that was planned must be found again in what was
written, published or dead; else nothing is published.
"""

import json
import logging
import secrets
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import ray
import ray.data

from layoutgen.config import AnnotateConfig, LayoutsConfig, Pool
from layoutgen.core import gallery, schema
from layoutgen.core.plan import Need, Plan, plan
from layoutgen.io import manifest, snapshot
from layoutgen.io.snapshot import ShardReport, Snapshots
from layoutgen.io.storage import Storage
from layoutgen.models import building
from layoutgen.stages.annotate import Annotate
from layoutgen.stages.compose import Compose
from layoutgen.stages.fetch import Fetch
from layoutgen.stages.place import Place
from layoutgen.stages.render import Render

log = logging.getLogger("layoutgen")

Stage = Callable[[pa.Table], pa.Table]


@dataclass(frozen=True)
class Step:
    """A stage to run: its name, how a worker builds it, and its pool."""

    name: str
    build: Callable[[], Stage]
    pool: Pool


class PipelineError(RuntimeError):
    """The run can't start, or must not publish; the message says why and what to do."""


def run_layouts(
    config: LayoutsConfig, source: str, output: str, *, limit: int | None = None, run_id: str | None = None
) -> dict[str, Any]:
    """Lay out a catalogue: returns the summary that the job prints. Raises ManifestError, StorageError, SnapshotError
    or PipelineError where nothing could be done."""
    storage = _storage(config)
    face_for = partial(building.FaceFor, config.place)
    face_for()  # a wrong font path is an error before any work
    steps = [
        Step("fetch", partial(Fetch, storage, config.images), config.images.pool),
        Step("annotate", partial(_annotate, config), config.annotate.pool),
        Step("compose", partial(_compose, config, storage), config.compose.pool),
        Step("place", lambda: Place(config.place, building.FaceFor(config.place)), config.place.pool),
    ]
    return _run(config, source, output, steps, "layouts", schema.LAYOUTS, limit, run_id)


def run_annotations(
    config: AnnotateConfig, source: str, output: str, *, limit: int | None = None, run_id: str | None = None
) -> dict[str, Any]:
    """Annotate posters: returns the summary that the job prints. Raises as `run_layouts` does."""
    steps = [
        Step("fetch", partial(Fetch, _storage(config), config.images), config.images.pool),
        Step("annotate", partial(_annotate, config), config.annotate.pool),
    ]
    return _run(config, source, output, steps, "annotations", schema.ANNOTATIONS, limit, run_id)


def run_gallery(
    storage: Storage,
    layouts: str,
    output: str,
    *,
    run_id: str | None,
    limit: int,
    side: int,
    font_files: tuple[str, ...],
) -> str:
    """Draw a run's layouts into one HTML page and return where it is. Raises SnapshotError or StorageError."""
    run_id = run_id or snapshot.current(storage, layouts)
    table = snapshot.read(storage, layouts, run_id).slice(0, limit)
    dead = snapshot.read(storage, layouts, run_id, "dead_letters")
    previews = storage.join(output, "previews")
    if len(table):
        _start("")
        blocks = [table.slice(start, 8) for start in range(0, len(table), 8)]
        drawn = ray.data.from_arrow(blocks).map_batches(
            _Actor,
            fn_constructor_args=(partial(Render, storage, previews, side, font_files),),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=max(1, int(ray.cluster_resources().get("CPU", 1)))),
            num_cpus=0.9,
        )
        for row in drawn.iter_rows():
            if row["fault"]:
                log.warning("no preview of %s: %s", row["row_id"], row["fault"])
    page = storage.join(output, "index.html")
    storage.write(page, gallery.page(table.to_pylist(), dead.to_pylist(), run_id).encode())
    return page


def _start(address: str) -> None:
    """Join a Ray cluster, or start one here, unless that has been done; progress bars go to terminals only."""
    if not ray.is_initialized():
        ray.init(address=address or None, include_dashboard=False, logging_level=logging.WARNING)
    context = ray.data.DataContext.get_current()
    context.target_max_block_size = 2**31  # a shard is one block, whatever its size
    context.enable_progress_bars = sys.stderr.isatty()


def _annotate(config: LayoutsConfig | AnnotateConfig) -> Stage:
    model, version = building.annotator(config.annotate)
    return Annotate(model, version, config.annotate.batch)


def _compose(config: LayoutsConfig, storage: Storage) -> Stage:
    face_for = building.FaceFor(config.place)
    model, provenance = building.composer(config.compose, config.place, face_for, config.run.seed, storage)
    return Compose(model, provenance, face_for, config.compose.batch)


def _storage(config: LayoutsConfig | AnnotateConfig) -> Storage:
    values = config.storage
    return Storage(values.endpoint_url, values.attempts, values.timeout_s, values.concurrency)


def _run(
    config: LayoutsConfig | AnnotateConfig,
    source: str,
    output: str,
    steps: list[Step],
    need: Need,
    kind: pa.Schema,
    limit: int | None,
    run_id: str | None,
) -> dict[str, Any]:
    began, now = time.monotonic(), datetime.now(UTC)
    storage = _storage(config)
    storage.check(source)
    storage.check(output)
    run_id = run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    snapshots = Snapshots(storage, output, run_id, now, kind, config.write.compression)
    snapshots.start()
    planned = _plan(config, source, need, limit, storage)
    if not planned.rows_in:
        raise PipelineError(f"{source} has no rows; nothing is published, so that readers keep what they have")
    log.info("run %s: %d rows in %d shards", run_id, planned.rows_in, len(planned.shards))
    steps = [*steps, Step("write", partial(Write, snapshots), config.write.pool)]
    reports = []
    if len(planned.failed):
        reports.append(snapshots.write_shard(planned.failed, -1, "plan.parquet"))
    with _Progress(planned, config.run.log_seconds) as progress:
        for report in stream(config, steps, planned.shards):
            reports.append(report)
            progress.shard(report)
    reports.sort(key=lambda report: report.shard)
    _check(planned, snapshots.row_ids(reports))
    summary = _summary(run_id, output, planned, reports, time.monotonic() - began)
    accepted = summary["dead_letters"] <= config.run.max_failed_fraction * summary["rows_in"]
    snapshots.finish(reports, summary, config.model_dump(mode="json"))
    if accepted:
        snapshots.publish()
    else:
        log.error(
            "%d of %d rows failed, more than run.max_failed_fraction = %g allows: CURRENT stays where it was",
            summary["dead_letters"], summary["rows_in"], config.run.max_failed_fraction,
        )  # fmt: skip
    return {**summary, "current": accepted}


def _plan(config: LayoutsConfig | AnnotateConfig, source: str, need: Need, limit: int | None, storage: Storage) -> Plan:
    raw = manifest.read(source, storage, need=need, limit=limit)
    return plan(
        raw,
        canvases=config.input.canvases,
        short_side=config.input.short_side,
        application=config.input.application,
        join=partial(storage.join, manifest.base(source)),
        rows_per_shard=config.run.rows_per_shard,
        need=need,
    )


class Write:
    """The write stage: one shard in, its files written, one row with the report out."""

    def __init__(self, snapshots: Snapshots) -> None:
        self._snapshots = snapshots

    def __call__(self, table: pa.Table) -> pa.Table:
        shard = table.column(schema.SHARD)[0].as_py()
        report = self._snapshots.write_shard(table.drop_columns([schema.SHARD]), shard)
        return pa.table({"report": [report.to_json()]})


class _Actor:
    """A stage as Ray Data builds it: the step travels, its models are born on the worker."""

    def __init__(self, build: Callable[[], Stage]) -> None:
        self._stage = build()

    def __call__(self, table: pa.Table) -> pa.Table:
        return self._stage(table)


def stream(config: LayoutsConfig | AnnotateConfig, steps: list[Step], shards: list[pa.Table]) -> Iterator[ShardReport]:
    """Send every shard through the stages, each on its own actor pool, and yield what became of it."""
    if not shards:
        return
    _start(config.run.ray_address)
    _feasible(steps)
    numbered = [
        shard.append_column(schema.SHARD, pa.array([i] * len(shard), pa.int32())) for i, shard in enumerate(shards)
    ]
    dataset = ray.data.from_arrow(numbered)
    for step in steps:
        named = type(step.name.capitalize(), (_Actor,), {})
        pool = step.pool
        dataset = dataset.map_batches(
            named,
            fn_constructor_args=(step.build,),
            batch_size=None,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=min(pool.size, len(shards)), max_tasks_in_flight_per_actor=2),
            num_cpus=pool.num_cpus,
            num_gpus=pool.num_gpus or None,
            memory=pool.memory_gb * 1e9 or None,
        )
    for row in dataset.iter_rows():
        yield ShardReport.from_json(row["report"])


def _feasible(steps: list[Step]) -> None:
    """Refuse pools that this cluster can never hold: they would wait for ever."""
    have = ray.cluster_resources()
    for resource, want in (
        ("CPU", sum(step.pool.size * step.pool.num_cpus for step in steps)),
        ("GPU", sum(step.pool.size * step.pool.num_gpus for step in steps)),
    ):
        if want > have.get(resource, 0.0) + 1e-9:
            asked = ", ".join(f"{s.name} {s.pool.size}" for s in steps)
            log.warning(
                "the pools (%s) ask for %g %s; the cluster now has %g", asked, want, resource, have.get(resource, 0.0)
            )
            if not _scales():
                raise PipelineError(
                    f"the pools ask for {want:g} {resource} and the cluster has {have.get(resource, 0.0):g}; "
                    "lower the pools' size or num_cpus in the config, or add nodes"
                )


def _scales() -> bool:
    """Tell whether the cluster can grow: an autoscaled one starts with fewer nodes than the pools need."""
    from ray.autoscaler.v2.sdk import get_cluster_status

    try:
        status = get_cluster_status(ray.get_runtime_context().gcs_address)
    except (RuntimeError, AttributeError, ValueError):
        return False
    return bool(status.pending_nodes or status.pending_launches or status.idle_nodes)


def _check(planned: Plan, written: list[str]) -> None:
    """The conservation law, from the data: each planned key is written once, and no other."""
    expected = Counter(planned.failed.column("row_id").to_pylist())
    for shard in planned.shards:
        expected.update(shard.column("row_id").to_pylist())
    found = Counter(written)
    if found != expected:
        lost, extra = list((expected - found).elements()), list((found - expected).elements())
        raise PipelineError(
            f"{len(lost)} rows are lost and {len(extra)} were written twice or never planned; nothing is published; "
            f"lost: {lost[:10]}, too many: {extra[:10]}"
        )


def _summary(run_id: str, output: str, planned: Plan, reports: list[ShardReport], seconds: float) -> dict[str, Any]:
    failed: Counter[str] = Counter()
    for report in reports:
        failed.update(report.failed)
    computed = sum(report.published.rows for report in reports if report.published)
    by_stage: dict[str, dict[str, int]] = {}
    for name, count in sorted(failed.items()):
        stage, _, fault = name.partition("/")
        by_stage.setdefault(stage, {})[fault] = count
    return {
        "run_id": run_id,
        "rows_in": planned.rows_in,
        "computed": computed,
        "unchanged": 0,
        "dead_letters": sum(failed.values()),
        "published": computed,
        "failed": by_stage,
        "seconds": round(seconds, 3),
        "images_per_second": round(sum(report.images for report in reports) / seconds, 3),
        "output": output,
    }


class _Progress:
    """A line in the log every so many seconds, and one at the end."""

    def __init__(self, planned: Plan, every_s: float) -> None:
        self._shards, self._every_s = len(planned.shards), every_s
        self._done = self._ok = self._failed = 0
        self._began = time.monotonic()
        self._over = threading.Event()

    def __enter__(self) -> "_Progress":
        threading.Thread(target=self._tick, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._say()

    def shard(self, report: ShardReport) -> None:
        """Count a shard that has been written."""
        self._done += 1
        self._ok += report.published.rows if report.published else 0
        self._failed += sum(report.failed.values())

    def _tick(self) -> None:
        while not self._over.wait(self._every_s):
            self._say()

    def _say(self) -> None:
        seconds = time.monotonic() - self._began
        rest = f"{seconds / self._done * (self._shards - self._done):.0f} s" if self._done else "an unknown time"
        log.info(
            "%.0f s: %d of %d shards, %d rows done, %d failed, %.1f rows/s, %s to go",
            seconds, self._done, self._shards, self._ok, self._failed, (self._ok + self._failed) / seconds, rest,
        )  # fmt: skip


def summary_line(summary: dict[str, Any]) -> str:
    """The summary as the job's last line."""
    return json.dumps(summary, ensure_ascii=False)
