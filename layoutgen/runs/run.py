"""A run of a table job, from preflight to publication, as a transaction.

    check storage ─▶ lease ─▶ plan (or the plan of a run that was killed) ─▶ shards without a marker through the stages
    ─▶ conservation law ─▶ manifest ─▶ swap CURRENT ─▶ _SUCCESS

Whatever dies on the way, the same command goes on where the ledger ends: a run with the same input, settings and
versions is the same run.
"""

import json
import logging
import os
import secrets
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa

from layoutgen.cluster import is_joined, named, sizes
from layoutgen.config.jobs import LayoutsConfig, RunSettings
from layoutgen.config.posters import PostersConfig
from layoutgen.core.fingerprint import digest
from layoutgen.core.manifest import selection
from layoutgen.core.manifest.column_types import decode, encode
from layoutgen.io.crash import crash_point
from layoutgen.io.manifests import manifest
from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.tables import own_columns, published_runs
from layoutgen.io.tables.lease import Lease, LeaseError
from layoutgen.io.tables.ledger import Base, Ledger, RunPlan, ShardReport, Source, open_table
from layoutgen.io.tables.published_runs import mark_published
from layoutgen.io.tables.replay import Replay
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs import catalogues, expectations, planning, unchanged
from layoutgen.runs.accounting import LostRowsError, Progress, conserve, summarise
from layoutgen.runs.job import WHOLE, JobConfig, RunError, RunOptions, TableJob
from layoutgen.runs.lineage import Lineage
from layoutgen.runs.preflight import preflight
from layoutgen.stages.guard import Guard
from layoutgen.stages.load import Load
from layoutgen.stages.write import Write
from layoutgen.streaming import Step, Stream, idle, stream

log = logging.getLogger("layoutgen")

MOST_UNPUBLISHED = 3  # runs without an end whose rows are looked at: each costs a request or two a shard


def run(job: TableJob, options: RunOptions = WHOLE, stream: Stream = stream) -> dict[str, Any]:
    """Run a job, its stages through `stream`, and return its summary. Raises JobError, which
    publishes nothing; its exit code says whether the run had begun."""
    began = time.monotonic()
    crash_point("before_plan")
    if options.only is not None:
        if options.replay:
            raise RunError("--only and --replay are two choices of rows; give one of them")
        selection.expression(options.only, job.rules.canvas_of)
    look = preflight(job, options)
    by_driver = unchanged.may_suffice(job.storage, job.output)
    if options.preflight_only or not by_driver or named(job.config.run.ray_address) or is_joined():
        looked_at = {**look.looked_at, "cluster": _look_for_the_cluster(job, stream)}
        if options.preflight_only:
            return {"preflight": "passed", "output": job.output, "looked_at": looked_at}
    with Lease(job.storage, job.output, job.config.run.lease_seconds, look.conditional) as lease:
        mark_published(job.storage, job.output, lease.current.run_id)
        plan, snapshots, ledger = _plan_or_resume(job, options, lease)
        lease.name(snapshots.run_id)
        if not plan.rows_in:
            selected = f" that --only {options.only!r} selects" if options.only else ""
            raise RunError(
                f"{job.source} has no rows{selected}; nothing is published, so that readers keep what they have"
            )
        crash_point("after_plan")
        planned = {shard.shard for shard in plan.shards}
        marked = ledger.markers()
        done = [report for report in marked if report.shard in planned]
        finished = {report.shard for report in marked}
        left = [shard for shard in plan.shards if shard.shard not in finished]
        log.info(
            "run %s: %d rows in %d shards, %d of them done", snapshots.run_id, plan.rows_in, len(plan.shards), len(done)
        )
        attempt = _begin_attempt(ledger, lease, look.conditional)
        marked += _carry(snapshots, ledger, snapshots.unplanned_shards(planned | finished))
        steps = _steps(job, ledger, snapshots)
        settings = job.config.run
        if options.replay:  # most of its rows may fail again: that stops a night, and no replay
            settings = settings.model_copy(update={"breaker_fraction": 1.0})
        pools = {step.name: step.pool for step in steps}
        progressing = Progress(plan, ledger, done, settings, pools, time.monotonic() - began, lease.holds)
        with _lineage(job, snapshots, look.columns).of_run() as lineage, progressing as progress:
            reports = list(marked)
            for report in unchanged.written(steps, left, attempt, by_driver, partial(stream, **_cluster(settings))):
                reports.append(report)
                progress.shard(report)
            try:
                summary = _complete(job, options, lease, plan, snapshots, reports, len(done), began)
            except LostRowsError as error:
                lease.confirm()  # the markers may be those of another driver by now
                for wrong in error.shards:
                    ledger.forget(wrong)
                raise
            refusals = [why for why in (broken["why"] for broken in summary["expectations"]) if why]
            _end(lease, snapshots, refusals)
        progress.say("refused" if refusals else "published")
        lineage.end(refusals, partial(published_runs.manifest, job.storage, job.output, snapshots.run_id))
        registered = catalogues.register(job.storage, job.output) if not refusals else {}
    return {**summary, "current": not refusals, **({"catalogues": registered} if registered else {})}


def _lineage(job: TableJob, snapshots: Snapshots, read: pa.Schema | None) -> Lineage:
    written = pa.schema([*job.contract.published, *snapshots.own])
    namespace = job.config.publish.lineage
    return Lineage(namespace, job.kind, snapshots.run_id, job.source, job.output, read=read, written=written)


def _steps(job: TableJob, ledger: Ledger, snapshots: Snapshots) -> list[Step]:
    versions = None if job.planner else job.versions  # planned published rows are all worked on
    return [
        Step("load", partial(Load, job.storage, ledger, snapshots, versions, job.kits), job.config.load.pool),
        *(Step(step.name, partial(Guard, step.name, step.build, ledger), step.pool) for step in job.steps),
        Step("write", partial(Write, snapshots, ledger), job.config.write.pool),
    ]


def _complete(
    job: TableJob,
    options: RunOptions,
    lease: Lease,
    plan: RunPlan,
    snapshots: Snapshots,
    reports: list[ShardReport],
    resumed: int,
    began: float,
) -> dict[str, Any]:
    """Check what was written and complete the snapshot; return the summary. Raises LostRowsError with the shards that
    are wrong."""
    reports = sorted(reports, key=lambda report: report.shard)
    conserve(plan, reports)
    _check_base(snapshots, reports)
    crash_point("before_publish")
    reports += plan.failed
    summary = summarise(snapshots.run_id, job.output, plan, reports, resumed, time.monotonic() - began)
    if any(step.name == "ground" for step in job.steps):
        asked = sum(report.asked for report in reports)
        summary["asked"] = round(asked / max(1, summary["published"]), 4)
    if any(step.name == "point" for step in job.steps):
        summary["key_elements_unread"] = sum(report.unread for report in reports)
    expected = expectations.check(job, options, summary, reports, lease.current.run_id)
    summary["expectations"] = expectations.as_json(expected)
    lease.confirm()  # a run that was taken over and published must not be touched
    _settle(snapshots, reports)
    snapshots.finish(reports, summary, job.config.model_dump(mode="json"))
    crash_point("before_swap")
    lease.confirm()
    _settle(snapshots, reports)  # again: a worker of an attempt before may have woken up meanwhile
    return summary


def _begin_attempt(ledger: Ledger, lease: Lease, conditional: bool) -> int:
    try:
        return ledger.begin_attempt(conditional, lease.confirm)
    except ConflictError:
        raise LeaseError(
            f"{ledger.root} was taken over by another attempt of this run; this one publishes nothing"
        ) from None


def _carry(snapshots: Snapshots, ledger: Ledger, shards: list[int]) -> list[ShardReport]:
    """Deal with the shards that have no planned rows, several at once, and mark them done."""
    if shards:
        log.info("%d shards have no planned rows: %s", len(shards), "kept" if snapshots.upsert else "their rows go")

    def one(shard: int) -> ShardReport:
        report = snapshots.carry(shard)
        ledger.write_marker(report)
        return report

    with ThreadPoolExecutor(snapshots.storage.concurrency) as pool:
        return list(pool.map(one, shards))


def _check_base(snapshots: Snapshots, reports: list[ShardReport]) -> None:
    """Where published rows are to be kept that no input names, they must have been there."""
    lacking = snapshots.lacking(reports)
    if lacking and snapshots.upsert:
        assert snapshots.base.published
        raise LostRowsError(
            f"run {snapshots.base.published.run_id}, which this one builds on, lacks rows of shards {lacking[:10]}; "
            "restore its files, or run the whole manifest",
            lacking,
        )
    if lacking:
        log.warning("the snapshot before lacked rows of shards %s; they were computed again", lacking[:10])


def _settle(snapshots: Snapshots, reports: list[ShardReport]) -> None:
    if wrong := snapshots.settle(reports):
        raise LostRowsError(
            f"the files of shards {wrong[:10]} were changed; the same command computes them again", wrong
        )


def _end(lease: Lease, snapshots: Snapshots, refusals: list[str]) -> None:
    """Publish the run, or mark it as refused where there are reasons."""
    if refusals:
        snapshots.mark_refused(refusals)
        for reason in refusals:
            log.error("%s: CURRENT stays where it was", reason)
        return
    lease.publish(snapshots.run_id)
    crash_point("after_swap")
    mark_published(snapshots.storage, snapshots.root, snapshots.run_id)


def _look_for_the_cluster(job: TableJob, stream: Stream) -> str:
    """What the pools are and where they go; raises where there is no cluster, or they don't fit it."""
    config = job.config
    pools = [("load", config.load.pool), *((s.name, s.pool) for s in job.steps), ("write", config.write.pool)]
    for _ in stream([idle(name, pool) for name, pool in pools], [], **_cluster(config.run)):
        raise AssertionError("a stream of nothing has no rows")
    return f"{config.run.ray_address or os.environ.get('RAY_ADDRESS') or 'a local one'}; actors: {sizes(pools)}"


def _cluster(settings: RunSettings) -> dict[str, Any]:
    """Where the stages run."""
    return {"address": settings.ray_address, "autoscaling": settings.autoscaling, "nodes": settings.nodes}


def _plan_or_resume(job: TableJob, options: RunOptions, lease: Lease) -> tuple[RunPlan, Snapshots, Ledger]:
    """The plan of the last run, where it was not finished and means the same as this one, else a new plan."""
    now = datetime.now(UTC)
    older_count = open_table(job.storage, job.output, job.kind)
    intent = _intent(job, options, lease.current.run_id)
    last = lease.last_run
    unpublished: tuple[Source, ...] = ()
    if last and last != lease.current.run_id:
        ledger = Ledger(job.storage, job.output, last)
        state = ledger.read_state() or {}
        plan = ledger.read_plan()
        is_over = state.get("state") in ("published", "refused")
        if plan and plan.own and plan.intent == intent and not is_over and options.run_id in (None, last):
            log.info("going on with run %s, which was not finished", last)
            return plan, _snapshots(job, last, plan), ledger
        if plan is not None and not is_over:
            log.warning(
                "run %s was not finished: its input, settings or versions were others; what it made of rows that are "
                "still the same is taken over",
                last,
            )
        unpublished = (*([Source(last, plan.shard_count)] if plan else []), *ledger.read_base().unpublished)
    run_id = options.run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    if run_id != run_id.strip("./") or "/" in run_id:
        raise RunError(f"run id {run_id!r} can't be a folder's name; give another --run-id")
    ledger = Ledger(job.storage, job.output, run_id)
    if ledger.read_state() is not None or ledger.read_plan() is not None:
        raise RunError(f"{job.output} already has a run {run_id}; give another --run-id, or none")
    keeps_rows = options.replay is not None or options.limit is not None or options.only is not None
    current = lease.current.run_id
    if keeps_rows and current and not published_runs.knows_shards(job.storage, job.output, current, older_count):
        raise RunError(
            f"run {current} of {job.output} is of a release that did not write down how many shards it has, so rows "
            "beyond --limit, --only or --replay can't be kept; run the whole manifest once"
        )
    published = published_runs.source(job.storage, job.output, lease.current.run_id, older_count)
    base = Base(published, unpublished[:MOST_UNPUBLISHED])
    ledger.write_base(base)  # before the lease names the run: who finds it there finds this too
    lease.name(run_id)
    plan = _plan(job, options, ledger, base, intent, now)
    return plan, _snapshots(job, run_id, plan), ledger


def _plan(job: TableJob, options: RunOptions, ledger: Ledger, base: Base, intent: str, now: datetime) -> RunPlan:
    if job.planner:
        return job.planner(_snapshots(job, ledger.run_id, _of_published(job, base, now)), ledger, intent)
    replay = None
    if options.replay:
        replay = Replay(
            job.storage,
            job.output,
            options.replay,
            job.kind,
            base,
            rename=job.config.input.rename,
            from_text=job.source.lower().endswith(".csv"),
        )
    size = planning.BATCH_ROWS
    batches = replay.batches(options.limit, size) if replay else job.rows(options.limit, size)
    keeps = options.replay is not None or (base.published is not None and (options.limit, options.only) != (None, None))
    snapshots = Snapshots(
        job.storage,
        job.output,
        ledger.run_id,
        now,
        job.contract.published,
        job.config.write.compression,
        base,
        upsert=keeps,
    )
    return planning.make_plan(
        batches, replace(job.rules, only=options.only), snapshots, ledger, intent, rows_per_shard(job.config), replay
    )


def _of_published(job: TableJob, base: Base, now: datetime) -> RunPlan:
    """A plan of no rows yet for a run that keeps all published ones, in as many shards and with their own columns."""
    run_id, shards = (base.published.run_id, base.published.shards) if base.published else (None, 1)
    own = encode(own_columns.published(job.storage, job.output, run_id, job.contract.published))
    return RunPlan("", now.isoformat(), shards, base, upsert=True, rows_in=0, failed=[], shards=[], own=own)


def rows_per_shard(config: JobConfig) -> int:
    """Rows of a shard, which is in memory as a whole: as many as are asked for, or as `run.shard_mb` of pictures hold.

    A photo travels as JPEG of quality 92, for which half a byte a pixel is more than photos take; what a
    vision-language composer is shown travels as it is, 3 bytes a pixel, from the prepare stage on; a product that was
    cut out as PNG, about 2 bytes a pixel of a canvas of `input.short_side`; a ground that a GPU painted as it is, too.
    """
    row_bytes = config.images.side**2 / 2
    if isinstance(config, PostersConfig):
        row_bytes += (5 if config.paint.pool.num_gpus else 2) * config.input.short_side**2
    if isinstance(config, LayoutsConfig | PostersConfig) and config.compose.engine == "qwen_vl":
        row_bytes += 3 * config.compose.image_side**2
    return max(1, min(config.run.rows_per_shard, int(config.run.shard_mb * 1e6 / row_bytes)))


def _snapshots(job: TableJob, run_id: str, plan: RunPlan) -> Snapshots:
    return Snapshots(
        storage=job.storage,
        root=job.output,
        run_id=run_id,
        created_at=datetime.fromisoformat(plan.created_at),
        schema=job.contract.published,
        compression=job.config.write.compression,
        base=plan.base,
        shards=plan.shard_count,
        upsert=plan.upsert,
        stale_days=job.config.run.stale_days,
        own=decode(plan.own),
        formats=job.formats,
    )


def _intent(job: TableJob, options: RunOptions, previous: str | None) -> str:
    """What a run means: the same input, settings, versions and base are the same run."""
    version = job.storage.versions([job.source])[0] if job.source.lower().endswith(manifest.SUFFIXES) else None
    stored = version or sorted(job.storage.sizes(job.source).items())
    settings = job.config.model_dump(mode="json", include={"input", "images"})
    rows, asked = rows_per_shard(job.config), [options.limit, options.replay, *filter(None, [options.only])]
    return digest(
        json.dumps(
            [
                stored,
                settings,
                rows,
                {name: vars(versions) for name, versions in job.versions.items()},
                *asked,
                previous,
                job.kind,
            ]
        )
    )
