"""What a night must be like to be published by itself: rows, failures, deletions, staleness, and drift.

A run that breaks an expectation is refused: its snapshot is whole, nobody's `CURRENT` names it, and `jobs.maintain
--publish` publishes it knowingly. Each expectation stands with what was measured in the summary, and so in the
snapshot's manifest.
"""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from layoutgen.core.metrics import drift
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.io.tables.ledger import ShardReport
from layoutgen.runs.job import RunOptions, TableJob

FEW_ROWS = 10  # a night that deletes fewer is never asked whether its manifest is whole
NIGHTS = 7  # snapshots before, at most, whose means say how far usual nights move them


@dataclass(frozen=True)
class Expectation:
    """One expectation: what was measured, what bounds it, and where it does not hold, why (else "")."""

    name: str
    measured: float
    bound: float
    why: str = ""


def check(
    job: TableJob, options: RunOptions, summary: dict[str, Any], reports: list[ShardReport], previous: str | None
) -> list[Expectation]:
    """All expectations of a run that is written but not published; `previous` is the published one."""
    measures = drift.added(*(report.measures for report in reports))
    return [
        *_of_failures(job, summary, sum(report.absent + report.waiting for report in reports)),
        _of_deletions(job, options, summary, sum(report.before for report in reports)),
        *_of_rows(job, summary),
        *_of_drift(job, measures, previous),
    ]


def as_json(expectations: list[Expectation]) -> list[dict[str, Any]]:
    """Expectations as the summary has them."""
    return [asdict(expectation) for expectation in expectations]


def _of_failures(job: TableJob, summary: dict[str, Any], waiting: int) -> Iterator[Expectation]:
    """`waiting` counts the dead letters of rows that did not fail: no run had time for them yet."""
    limit = job.config.run.max_failed_fraction
    dead = summary["dead_letters"] + summary["dead_letters_kept"] - waiting
    failed, whole = dead + summary["stale"], dead + summary["published"]
    share = failed / whole if whole else 0.0
    why = f"{failed} of {whole} rows failed, more than run.max_failed_fraction = {limit:g} allows"
    yield Expectation("failed", share, limit, why if failed > limit * whole else "")
    for name, most in sorted(job.config.expect.max_dead_letters.items()):
        kinds = {f"{stage}/{kind}": count for stage, of in summary["failed"].items() for kind, count in of.items()}
        count = sum(n for kind, n in kinds.items() if name in (kind, kind.partition("/")[2]))
        why = f"{count} of {whole} rows are dead letters {name}, more than expect.max_dead_letters = {most:g} allows"
        yield Expectation(f"dead_letters {name}", count / whole if whole else 0.0, most, why * (count > most * whole))


def _of_deletions(job: TableJob, options: RunOptions, summary: dict[str, Any], before: int) -> Expectation:
    limit, deleted = job.config.run.max_deleted_fraction, summary["deleted"]
    why = ""
    if not options.allow_deletions and deleted >= FEW_ROWS and deleted > limit * before:
        why = (
            f"{job.source} lacks {deleted} of the {before} published rows ({deleted / before:.0%}), more than "
            f"run.max_deleted_fraction = {limit:g} allows; see whether it is whole, or run the same command with "
            "--allow-deletions"
        )
    return Expectation("deleted", deleted / before if before else 0.0, limit, why)


def _of_rows(job: TableJob, summary: dict[str, Any]) -> Iterator[Expectation]:
    expect, rows, stale = job.config.expect, summary["published"], summary["stale"]
    why = f"{rows} rows would be published, fewer than expect.min_rows = {expect.min_rows}"
    yield Expectation("rows", rows, expect.min_rows, why if rows < expect.min_rows else "")
    limit = expect.max_stale_fraction
    why = f"{stale} of {rows} rows are stale, more than expect.max_stale_fraction = {limit:g} allows"
    too_many = stale > limit * rows
    yield Expectation("stale", stale / rows if rows else 0.0, limit, why if too_many else "")


def _of_drift(job: TableJob, measures: dict[str, list[float]], previous: str | None) -> Iterator[Expectation]:
    confidence = job.config.expect.drift_confidence
    if not confidence:
        return
    moves = drift.moved(measures, _history(job.storage, job.output, previous), confidence)
    for move in moves:
        bound = move.high if move.mean > move.high else move.low
        why = (
            f"the mean of {move.name} is {move.mean:.4g}, outside of {move.low:.4g} to {move.high:.4g}, which the "
            f"snapshots before give with expect.drift_confidence = {confidence:g}"
        )
        yield Expectation(f"drift of {move.name}", move.mean, bound, why)
    if not moves:
        yield Expectation("drift", 0.0, 0.0)


def _history(storage: Storage, root: str, previous: str | None) -> list[dict[str, list[float]]]:
    """The measures of the last published snapshots that retention has left, newest first."""
    nights: list[dict[str, list[float]]] = []
    while previous and len(nights) < NIGHTS:
        uri = storage.join(root, f"snapshots/{previous}/_manifest.json")
        if not storage.exists(uri):
            break
        manifest = published_runs.manifest(storage, root, previous)
        if measures := manifest.get("measures"):
            nights.append(measures)
        previous = manifest.get("previous")
    return nights
