"""The story of the data, told once.

    layouts:   plan ─▶ fetch ─▶ annotate ─▶ compose ─▶ place ─▶ write ─▶ check ─▶ publish
    annotate:  plan ─▶ fetch ─▶ annotate ─▶ write ─▶ check ─▶ publish

A shard of the plan is one table from end to end; the write stage makes one file of it and sends back a report of a few
bytes. Every row that was planned must be found again in what was
written, published or dead; else nothing is published.
"""

import json
import logging
import secrets
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa
import ray

from layoutgen.accounting import Progress, conserve, summarise
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
from layoutgen.stages.write import Write
from layoutgen.streaming import Stage, Step, start, stream

log = logging.getLogger("layoutgen")


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
    blocks = [table.slice(first, 8) for first in range(0, len(table), 8)]
    start("")
    drawing = Step("render", partial(Render, storage, previews, side, font_files), Pool(size=_cpus(), num_cpus=0.9))
    for row in stream([drawing], blocks):
        if row["fault"]:
            log.warning("no preview of %s: %s", row["row_id"], row["fault"])
    page = storage.join(output, "index.html")
    storage.write(page, gallery.page(table.to_pylist(), dead.to_pylist(), run_id).encode())
    return page


def _cpus() -> int:
    return max(1, int(ray.cluster_resources().get("CPU", 1)))


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
    shards = [
        shard.append_column(schema.SHARD, pa.array([number] * len(shard), pa.int32()))
        for number, shard in enumerate(planned.shards)
    ]
    with Progress(planned, config.run.log_seconds) as progress:
        for row in stream(steps, shards, address=config.run.ray_address, autoscaling=config.run.autoscaling):
            reports.append(ShardReport.from_json(row["report"]))
            progress.shard(reports[-1])
    reports.sort(key=lambda report: report.shard)
    conserve(planned, snapshots.row_ids(reports))
    summary = summarise(run_id, output, planned, reports, time.monotonic() - began)
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


def summary_line(summary: dict[str, Any]) -> str:
    """The summary as the job's last line."""
    return json.dumps(summary, ensure_ascii=False)
