"""Which rows a command asks for, checked before anything is done: filters, runs and stages that it names."""

from datetime import UTC, datetime

from layoutgen.core import deadlines, schema
from layoutgen.core.fingerprint import STAGES
from layoutgen.core.manifest import selection
from layoutgen.io.tables import published_runs, run_files
from layoutgen.io.tables.lease import read_current
from layoutgen.io.tables.ledger import Base, Source
from layoutgen.runs.job import RunError, RunOptions, TableJob
from layoutgen.stages.postponing import Deadline
from layoutgen.stages.scope import Scope

LAST = "last"


def check(job: TableJob, options: RunOptions) -> None:
    """Look at what a command names. Raises Refusal where it can't be read or isn't there."""
    if options.only is not None:
        if options.replay:
            raise RunError("--only and --replay are two choices of rows; give one of them")
        selection.expression(options.only, job.rules.canvas_of)
    if options.until is not None:
        deadlines.moment(options.until, datetime.now(UTC))
    if options.backfill is not None:
        _check_stage(job, options.backfill)
        if options.since_changes is not None:
            raise RunError("--backfill makes rows anew that --since-changes would leave; give one of them")
        _check_columns(job, options.backfill)


def scope_of(job: TableJob, options: RunOptions, base: Base, deadline: Deadline) -> Scope:
    """What a run that builds on `base` works on. Raises Refusal where `--since-changes` names no published run of whose
    files it can be told which rows lie where."""
    canary = job.config.canary
    share = canary.share if canary.settings else 0.0
    return Scope(deadline, _since(job, options.since_changes, base.published), options.backfill or "", share)


def _since(job: TableJob, named: str | None, published: Source | None) -> Source | None:
    if named is None or published is None or named == LAST:
        return published if named is not None else None
    folder = job.storage.join(job.output, f"snapshots/{named}")
    if not job.storage.exists(f"{folder}/_SUCCESS"):
        raise RunError(
            f"--since-changes {named!r}: {job.output} has no published run of this name, or retention removed it; give "
            f"one that is there, or {LAST}"
        )
    since = published_runs.source(job.storage, job.output, named, None)
    assert since is not None
    if published.shards % since.shards:
        raise RunError(
            f"--since-changes {named!r}: its rows lie in {since.shards} files and those of run {published.run_id} in "
            f"{published.shards}; give a run after the table was rewritten, or {LAST}"
        )
    return since


def _check_stage(job: TableJob, stage: str) -> None:
    has = [name for name in STAGES if any(getattr(versions, name) for versions in job.versions.values())]
    if stage not in has:
        raise RunError(f"--backfill {stage!r}: {job.kind} have no such stage here; give one of {', '.join(has)}")


def _check_columns(job: TableJob, stage: str) -> None:
    """The published rows have the columns of all stages before."""
    storage, run_id = job.storage, read_current(job.storage, job.output).run_id
    if run_id is None:
        raise RunError(f"--backfill {stage}: {job.output} has no published rows whose results could be kept")
    files = published_runs.manifest(storage, job.output, run_id)["files"]
    if not files:
        return
    uri = storage.join(job.output, f"snapshots/{run_id}/{files[0]['name']}")
    names = {*run_files.columns(storage, uri).names}
    wanted = [name for before in STAGES[: STAGES.index(stage)] for name in schema.RESULTS[before]]
    lacking = [name for name in wanted if name in job.contract.published.names and name not in names]
    if lacking:
        raise RunError(
            f"--backfill {stage}: rows of run {run_id} lack {', '.join(lacking)} of the stages before it, as an older "
            "release made them; run the whole manifest once"
        )
