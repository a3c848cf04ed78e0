"""A run of a table job, from preflight to publication, as a transaction.

    check storage ─▶ lease ─▶ plan (or the plan of a run that was killed) ─▶ shards without a marker through the stages
    ─▶ conservation law ─▶ manifest ─▶ swap CURRENT ─▶ _SUCCESS

Whatever dies on the way, the same command goes on where the ledger ends: a run with the same input, settings and
versions is the same run.
"""

import logging
import os
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from layoutgen.cluster import Nodes, is_joined, named, sizes
from layoutgen.io.crash import crash_point
from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.tables import published_runs
from layoutgen.io.tables.lease import Lease, LeaseError
from layoutgen.io.tables.ledger import Ledger, RunPlan, ShardPlan, ShardReport
from layoutgen.io.tables.published_runs import mark_published
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs import catalogues, disk_needs, unchanged
from layoutgen.runs.accounting import LostRowsError
from layoutgen.runs.completion import complete, publish_or_refuse
from layoutgen.runs.job import WHOLE, RunError, RunOptions, TableJob
from layoutgen.runs.lineage import Lineage
from layoutgen.runs.listed_pictures import list_pictures
from layoutgen.runs.listed_results import list_results
from layoutgen.runs.preflight import Preflight, preflight
from layoutgen.runs.progress import Progress
from layoutgen.runs.resumption import PlannedRun, plan_or_resume
from layoutgen.runs.selection import check
from layoutgen.runs.unread_pools import unread
from layoutgen.stages.guard import Guard
from layoutgen.stages.load import Load
from layoutgen.stages.write import Write
from layoutgen.streaming import Step, Stream, idle, stream

log = logging.getLogger("layoutgen")


def run(job: TableJob, options: RunOptions = WHOLE, stream: Stream = stream) -> dict[str, Any]:
    """Run a job, its stages through `stream`, and return its summary. Raises JobError, which
    publishes nothing; its exit code says whether the run had begun."""
    began = time.monotonic()
    crash_point("before_plan")
    check(job, options)
    look = preflight(job, options)
    by_driver = unchanged.may_suffice(job.storage, job.output)
    if options.preflight_only or not by_driver or named(job.config.run.ray_address) or is_joined():
        looked_at = {**look.looked_at, "cluster": _look_for_the_cluster(job, stream, look)}
        if options.preflight_only:
            return {"preflight": "passed", "output": job.output, "looked_at": looked_at}
    with Lease(job.storage, job.output, job.config.run.lease_seconds, look.conditional) as lease:
        mark_published(job.storage, job.output, lease.current.run_id)
        planned = plan_or_resume(job, options, lease)
        plan, snapshots, ledger = planned.plan, planned.snapshots, planned.ledger
        lease.name(snapshots.run_id)
        if not plan.rows_in:
            selected = f" that --only {options.only!r} selects" if options.only else ""
            raise RunError(
                f"{job.source} has no rows{selected}; nothing is published, so that readers keep what they have"
            )
        crash_point("after_plan")
        numbers = {shard.shard for shard in plan.shards}
        marked = ledger.markers()
        done = [report for report in marked if report.shard in numbers]
        finished = {report.shard for report in marked}
        left = [shard for shard in _in_order(plan, snapshots) if shard.shard not in finished]
        log.info(
            "run %s: %d rows in %d shards, %d of them done", snapshots.run_id, plan.rows_in, len(plan.shards), len(done)
        )
        attempt = _begin_attempt(ledger, lease, look.conditional)
        marked += _carry(snapshots, ledger, snapshots.unplanned_shards(numbers | finished))
        _look_up(job, planned, left)
        steps = _steps(job, planned)
        settings = job.config.run
        if options.replay:  # most of its rows may fail again: that stops a night, and no replay
            settings = settings.model_copy(update={"breaker_fraction": 1.0})
        pools = {step.name: step.pool for step in steps}
        progressing = Progress(
            plan,
            ledger,
            done,
            settings,
            pools,
            time.monotonic() - began,
            lease.holds,
            partial(unread, job.config, steps),
        )
        with _lineage(job, snapshots, look.columns).of_run() as lineage, progressing as progress:
            reports = list(marked)
            on_actors = partial(
                stream, **settings.cluster, arranged=progress.arranged, actor_seconds=progress.actor_seconds
            )
            for report in unchanged.written(steps, left, attempt, by_driver, on_actors):
                reports.append(report)
                progress.shard(report)
            try:
                summary = complete(job, options, lease, plan, snapshots, reports, len(done), began)
            except LostRowsError as error:
                lease.confirm()  # the markers may be those of another driver by now
                for wrong in error.shards:
                    ledger.forget(wrong)
                raise
            refusals = [why for why in (broken["why"] for broken in summary["expectations"]) if why]
            publish_or_refuse(lease, snapshots, refusals)
        progress.say("refused" if refusals else "published")
        lineage.end(refusals, partial(published_runs.manifest, job.storage, job.output, snapshots.run_id))
        registered = catalogues.register(job.storage, job.output) if not refusals else {}
    return {**summary, "current": not refusals, **({"catalogues": registered} if registered else {})}


def _lineage(job: TableJob, snapshots: Snapshots, read: pa.Schema | None) -> Lineage:
    written = pa.schema([*job.contract.published, *snapshots.own])
    namespace = job.config.publish.lineage
    return Lineage(namespace, job.kind, snapshots.run_id, job.source, job.output, read=read, written=written)


def _in_order(plan: RunPlan, snapshots: Snapshots) -> list[ShardPlan]:
    """The planned shards as they are worked on: first what the run before left, then by priority."""
    left = published_runs.postponed_shards(snapshots.storage, snapshots.root, plan.base.published, plan.shard_count)
    return sorted(plan.shards, key=lambda shard: (shard.shard not in left, -shard.priority))


def _look_up(job: TableJob, run: PlannedRun, left: list[ShardPlan]) -> None:
    """Read off listings, before the shards ask, whether the pictures of known rows are as they were, and whether those
    that were made of them are there. Not where what the manifest says decides alone."""
    base = run.plan.base
    if not left or job.planner is not None or run.scope.since is not None:
        return
    if base.published or base.unpublished:
        list_pictures(job.storage, run.ledger, replace(run.plan, shards=left))
    if base.published and any(of.render or of.paint for of in job.versions.values()):
        list_results(job.storage, run.ledger, base.published.run_id)


def _steps(job: TableJob, run: PlannedRun) -> list[Step]:
    ledger, snapshots, deadline, nodes = run.ledger, run.snapshots, run.scope.deadline, Nodes()
    versions = None if job.planner else job.versions  # planned published rows are all worked on
    load = partial(Load, job.storage, ledger, snapshots, versions, job.kits, run.scope)
    after = [step.name for step in job.steps[1:]] + [""]
    return [
        Step("load", load, job.config.load.pool),
        *(
            replace(step, build=partial(Guard, step.name, step.build, ledger, deadline, following, nodes))
            for step, following in zip(job.steps, after, strict=True)
        ),
        Step("write", partial(Write, snapshots, ledger), job.config.write.pool),
    ]


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


def _look_for_the_cluster(job: TableJob, stream: Stream, checked: Preflight) -> str:
    """What the pools are and where they go; raises where there is no cluster, they don't fit it, or a node has not the
    disk to spill what waits between them."""
    config = job.config
    steps = [idle("load", config.load.pool), *job.steps, idle("write", config.write.pool)]
    run: list[Step] = [*steps]

    def arranged(steps: Sequence[Step]) -> None:
        run[:] = steps

    for _ in stream(steps, [], **config.run.cluster, arranged=arranged):
        raise AssertionError("a stream of nothing has no rows")
    unread(config, steps, run)
    if is_joined():
        disk_needs.check_nodes(disk_needs.between_pools(run, checked.shards, checked.shard_bytes))
    pools = sizes([(step.name, step.pool) for step in run])
    return f"{config.run.ray_address or os.environ.get('RAY_ADDRESS') or 'a local one'}; actors: {pools}"
