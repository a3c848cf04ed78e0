"""The run that a command means: the last one, where it was not finished and means the same, else a new one.

A run with the same input, settings, versions and base is the same run; what another made of rows that are still the
same is taken over.
"""

import hashlib
import json
import logging
import secrets
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.posters import PostersConfig
from layoutgen.core import deadlines
from layoutgen.core.fingerprint import digest
from layoutgen.core.manifest.column_types import decode, encode
from layoutgen.io.manifests import manifest
from layoutgen.io.tables import own_columns, published_runs
from layoutgen.io.tables.lease import Lease
from layoutgen.io.tables.ledger import Base, Ledger, RunPlan, Source, open_table
from layoutgen.io.tables.replay import Replay
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs import planning
from layoutgen.runs.job import JobConfig, RunError, RunOptions, TableJob
from layoutgen.runs.selection import scope_of
from layoutgen.stages.postponing import NEVER, Deadline
from layoutgen.stages.scope import WHOLE, Scope

log = logging.getLogger("layoutgen")

MOST_UNPUBLISHED = 3  # runs without an end whose rows are looked at: each costs a request or two a shard
_MEANING = ("limit", "replay", "only", "until", "since_changes", "backfill")
"""The options that make a command mean another run."""


@dataclass(frozen=True)
class PlannedRun:
    """A run with its plan, where its tables and its ledger lie, and what it works on."""

    plan: RunPlan
    snapshots: Snapshots
    ledger: Ledger
    scope: Scope = WHOLE


def plan_or_resume(job: TableJob, options: RunOptions, lease: Lease) -> PlannedRun:
    """The last run, where it was not finished and means the same as this command, else a new one, planned."""
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
            deadline = _deadline_of_resumed(options.until, plan, now)
            return PlannedRun(plan, _snapshots(job, last, plan), ledger, scope_of(job, options, plan.base, deadline))
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
    deadline = _deadline(options.until, now)
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
    scope = scope_of(job, options, base, deadline)
    ledger.write_base(base)  # before the lease names the run: who finds it there finds this too
    lease.name(run_id)
    plan = _plan(job, options, ledger, base, intent, now, deadline)
    return PlannedRun(plan, _snapshots(job, run_id, plan), ledger, scope)


def _deadline(until: str | None, now: datetime) -> Deadline:
    """When a new run's time is up. Raises RunError where it is already."""
    if until is None:
        return NEVER
    at = deadlines.moment(until, now)
    if at <= now:
        raise RunError(f"--until {until!r} has passed: it is {now:%Y-%m-%d %H:%M} UTC; give a moment to come")
    log.info("work ends at %s UTC: no stage begins on anything after that", f"{at:%Y-%m-%d %H:%M}")
    return Deadline(at)


def _deadline_of_resumed(until: str | None, plan: RunPlan, now: datetime) -> Deadline:
    """When the time of a run that goes on is up: it is published even where that has passed."""
    if until is None or not plan.until:
        return NEVER
    return Deadline(deadlines.of_resumed(until, datetime.fromisoformat(plan.until), now))


def _plan(
    job: TableJob,
    options: RunOptions,
    ledger: Ledger,
    base: Base,
    intent: str,
    now: datetime,
    deadline: Deadline,
) -> RunPlan:
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
    rules = replace(job.rules, only=options.only, priority=job.config.run.priority)
    until = deadline.at.isoformat() if deadline.at else ""
    return planning.make_plan(
        batches, rules, snapshots, ledger, intent, rows_per_shard(job.config), replay, until=until
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
    row_bytes = config.images.side**2 / 2 + _besides_photo(config)
    return max(1, min(config.run.rows_per_shard, int(config.run.shard_mb * 1e6 / row_bytes)))


def shard_bytes(config: JobConfig, photo_bytes: float) -> float:
    """Bytes of a whole shard's pictures as they travel, with photos of so many bytes a row."""
    return rows_per_shard(config) * (photo_bytes + _besides_photo(config))


def _besides_photo(config: JobConfig) -> int:
    row_bytes = 0
    if isinstance(config, PostersConfig):
        row_bytes += (5 if config.paint.pool.num_gpus else 2) * config.input.short_side**2
    if isinstance(config, LayoutsConfig | PostersConfig) and config.compose.engine == "qwen_vl":
        row_bytes += 3 * config.compose.image_side**2
    return row_bytes


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
        serve=job.serve,
    )


def _digest_of_folder(job: TableJob) -> str:
    """What stands for the files of a folder that is a manifest, and their sizes."""
    hashed = hashlib.blake2b(digest_size=16)
    for uri, size, *_ in job.storage.entries(job.source):
        hashed.update(f"{uri}\0{size}\0".encode("utf-8", "surrogateescape"))
    return hashed.hexdigest()


def _intent(job: TableJob, options: RunOptions, previous: str | None) -> str:
    """What a run means: the same input, settings, versions and base are the same run."""
    version = job.storage.versions([job.source])[0] if job.source.lower().endswith(manifest.SUFFIXES) else None
    stored = version or _digest_of_folder(job)
    settings = job.config.model_dump(mode="json", include={"input", "images", "canary"})
    rows, asked = rows_per_shard(job.config), {name: getattr(options, name) for name in _MEANING}
    asked |= {"served_by": job.served_by} if job.served_by else {}
    return digest(
        json.dumps(
            [
                stored,
                settings,
                rows,
                {name: vars(versions) for name, versions in job.versions.items()},
                asked,
                previous,
                job.kind,
            ]
        )
    )
