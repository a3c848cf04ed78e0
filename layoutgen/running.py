"""A run of a table job, from preflight to publication, as a transaction.

    check storage ─▶ lease ─▶ plan (or the plan of a run that was killed) ─▶ shards without a marker through the stages
    ─▶ conservation law ─▶ manifest, _SUCCESS ─▶ swap CURRENT

Whatever dies on the way, the same command goes on where the ledger ends: a run with the same input, settings and
versions is the same run.
"""

import json
import logging
import secrets
import time
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pyarrow as pa

from layoutgen import planning
from layoutgen.accounting import LostRowsError, Progress, conserve, summarise
from layoutgen.core.contracts import CONTRACTS
from layoutgen.core.fingerprint import digest
from layoutgen.io import manifest, replay
from layoutgen.io.crash import crash_point
from layoutgen.io.lease import Lease
from layoutgen.io.ledger import Ledger, RunPlan, ShardReport
from layoutgen.io.snapshot import Snapshots
from layoutgen.preflight import RunError, TableJob, join_path, preflight
from layoutgen.stages.guard import Guard
from layoutgen.stages.load import Load
from layoutgen.stages.write import Write
from layoutgen.streaming import Step, stream

log = logging.getLogger("layoutgen")


def run(job: TableJob) -> dict[str, Any]:
    """Run a job and return its summary. Raises RunError, LeaseError, ManifestError, StorageError, PoolError,
    BreakerError or LostRowsError; none of them publishes anything."""
    began = time.monotonic()
    crash_point("before_plan")
    conditional = preflight(job)
    if job.preflight_only:
        return {"preflight": "passed", "output": job.output, "current": True}
    with Lease(job.storage, job.output, job.config.run.lease_seconds, conditional) as lease:
        plan, snapshots, ledger = _plan_or_resume(job, lease)
        lease.name(snapshots.run_id)
        if not plan.rows_in:
            raise RunError(f"{job.source} has no rows; nothing is published, so that readers keep what they have")
        crash_point("after_plan")
        planned = {shard.shard for shard in plan.shards}
        marked = ledger.markers()
        done = [report for report in marked if report.shard in planned]
        finished = {report.shard for report in marked}
        left = [shard for shard in plan.shards if shard.shard not in finished]
        log.info(
            "run %s: %d rows in %d shards, %d of them done", snapshots.run_id, plan.rows_in, len(plan.shards), len(done)
        )
        for shard in snapshots.unplanned_shards(planned | finished):
            marked.append(snapshots.carry(shard))
            ledger.write_marker(marked[-1])
        reports = list(marked)
        steps = [
            Step("load", partial(Load, job.storage, ledger, snapshots, job.versions), job.config.load.pool),
            *(Step(step.name, partial(Guard, step.name, step.build, ledger), step.pool) for step in job.steps),
            Step("write", partial(Write, snapshots, ledger), job.config.write.pool),
        ]
        attempt = ledger.begin_attempt()
        addresses = [
            pa.table({"shard": [shard.shard], "part": [shard.part], "group": [shard.group], "attempt": [attempt]})
            for shard in left
        ]
        settings = job.config.run
        pools = {step.name: step.pool for step in steps}
        with Progress(plan, ledger, done, settings, pools, time.monotonic() - began, lease.holds) as progress:
            for row in stream(steps, addresses, address=settings.ray_address, autoscaling=settings.autoscaling):
                reports.append(ShardReport.from_json(row["report"]))
                progress.shard(reports[-1])
            reports.sort(key=lambda report: report.shard)
            conserve(plan, reports)
            crash_point("before_publish")
            reports += plan.failed
            summary = summarise(snapshots.run_id, job.output, plan, reports, len(done), time.monotonic() - began)
            accepted = summary["dead_letters"] <= settings.max_failed_fraction * summary["rows_in"]
            lease.confirm()  # a run that was taken over and published must not be touched
            if wrong := snapshots.settle(reports):
                for shard in wrong:
                    ledger.forget(shard)
                raise LostRowsError(
                    f"the files of shards {wrong[:10]} were changed; the same command computes them again"
                )
            snapshots.finish(reports, plan.shard_count, summary, job.config.model_dump(mode="json"))
            crash_point("before_swap")
            if accepted:
                lease.publish(snapshots.run_id)
                crash_point("after_swap")
            else:
                log.error(
                    "%d of %d rows failed, more than run.max_failed_fraction = %g allows: CURRENT stays where it was",
                    summary["dead_letters"], summary["rows_in"], settings.max_failed_fraction,
                )  # fmt: skip
        progress.say("published" if accepted else "refused")
    return {**summary, "current": accepted}


def _plan_or_resume(job: TableJob, lease: Lease) -> tuple[RunPlan, Snapshots, Ledger]:
    """The plan of the last run, where it was not finished and means the same as this one, else a new plan."""
    now = datetime.now(UTC)
    intent = _intent(job, lease.current.run_id)
    last = lease.last_run
    if last and last != lease.current.run_id and job.run_id in (None, last):
        ledger = Ledger(job.storage, job.output, last)
        state = ledger.read_state() or {}
        plan = ledger.read_plan()
        if plan is not None and plan.intent == intent and state.get("state") not in ("published", "refused"):
            log.info("going on with run %s, which was not finished", last)
            return plan, _snapshots(job, last, datetime.fromisoformat(plan.created_at), plan.previous), ledger
        if plan is not None and state.get("state") not in ("published", "refused"):
            log.warning("run %s was not finished and is left: its input, settings or versions were others", last)
    run_id = job.run_id or f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
    if run_id != run_id.strip("./") or "/" in run_id:
        raise RunError(f"run id {run_id!r} can't be a folder's name; give another --run-id")
    ledger = Ledger(job.storage, job.output, run_id)
    if ledger.read_state() is not None or ledger.read_plan() is not None:
        raise RunError(f"{job.output} already has a run {run_id}; give another --run-id, or none")
    lease.name(run_id)
    snapshots = _snapshots(job, run_id, now, lease.current.run_id)
    rules = planning.Rules(
        canvases=job.config.input.canvases if CONTRACTS[job.need].sizes else (),
        short_side=job.config.input.short_side,
        application=job.config.input.application,
        join=join_path(job),
        need=job.need,
        empty_words=job.config.input.empty_words,
    )
    if job.replay:
        batches = iter([replay.dead_rows(job.storage, job.output, job.replay, job.need)])
    else:
        batches = manifest.batches(job.source, job.storage, need=job.need, limit=job.limit, size=planning.BATCH_ROWS)
    plan = planning.make_plan(batches, rules, snapshots, ledger, intent, job.config.run.rows_per_shard)
    return plan, snapshots, ledger


def _snapshots(job: TableJob, run_id: str, created_at: datetime, previous: str | None) -> Snapshots:
    return Snapshots(
        storage=job.storage,
        root=job.output,
        run_id=run_id,
        created_at=created_at,
        kind=job.kind,
        compression=job.config.write.compression,
        previous=previous,
        upsert=job.replay is not None,
    )


def _intent(job: TableJob, previous: str | None) -> str:
    """What a run means: the same input, settings, versions and base are the same run."""
    version = job.storage.versions([job.source])[0] if job.source.lower().endswith(manifest.SUFFIXES) else None
    stored = version or sorted(job.storage.sizes(job.source).items())
    settings = job.config.model_dump(mode="json", include={"input", "images"})
    rows_per_shard = job.config.run.rows_per_shard
    text = json.dumps([stored, settings, rows_per_shard, vars(job.versions), job.limit, job.replay, previous, job.need])
    return digest(text)
