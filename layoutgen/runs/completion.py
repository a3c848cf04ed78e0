"""The end of a run: what was written is checked and counted, and the snapshot completed, then published or refused."""

import logging
import time
from typing import Any

from layoutgen.io.crash import crash_point
from layoutgen.io.tables.lease import Lease
from layoutgen.io.tables.ledger import RunPlan, ShardReport
from layoutgen.io.tables.published_runs import mark_published
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs import expectations
from layoutgen.runs.accounting import LostRowsError, conserve, summarise
from layoutgen.runs.job import RunOptions, TableJob

log = logging.getLogger("layoutgen")


def complete(
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


def publish_or_refuse(lease: Lease, snapshots: Snapshots, refusals: list[str]) -> None:
    """Publish the run, or mark it as refused where there are reasons."""
    if refusals:
        snapshots.mark_refused(refusals)
        for reason in refusals:
            log.error("%s: CURRENT stays where it was", reason)
        return
    lease.publish(snapshots.run_id)
    crash_point("after_swap")
    mark_published(snapshots.storage, snapshots.root, snapshots.run_id)
