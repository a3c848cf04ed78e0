"""A run's books: the conservation law and the summary."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from layoutgen.core.arms import CANARY
from layoutgen.core.errors import Stop
from layoutgen.io.tables import changes
from layoutgen.io.tables.ledger import RunPlan, ShardPlan, ShardReport


class LostRowsError(Stop):
    """What was written is not what was planned. The message names shards; `shards` are those to compute again."""

    def __init__(self, message: str, shards: Iterable[int] = ()) -> None:
        super().__init__(message)
        self.shards = sorted(shards)


def conserve(plan: RunPlan, reports: list[ShardReport]) -> None:
    """The conservation law, from what was read back: each shard holds the planned keys, each once, and the rows that
    were computed have the pictures that were asked for. Raises LostRowsError naming the shards that do not."""
    found = {report.shard: report for report in reports}
    twice = [shard for shard, times in Counter(report.shard for report in reports).items() if times > 1]
    if twice:
        raise LostRowsError(f"shards {sorted(twice)[:10]} were reported more than once; nothing is published", twice)
    wrong = {
        shard.shard: f"shard {shard.shard}: planned {shard.rows} rows, found {_found(found.get(shard.shard), shard)}"
        for shard in plan.shards
        if shard.shard not in found
        or found[shard.shard].ids != shard.ids
        or _rows(found[shard.shard]) != shard.rows
        or not shard.ids.endswith(f"-{shard.rows}")  # as many keys as rows: none was planned twice
    }
    wrong |= {
        report.shard: f"shard {report.shard}: {report.lacking} rows lack a finished picture"
        for report in reports
        if report.lacking and report.shard not in wrong
    }
    wrong |= {
        report.shard: f"shard {report.shard}: its change feed does not lead from the rows before to those published"
        for report in reports
        if not changes.adds_up(report) and report.shard not in wrong
    }
    planned = {shard.shard for shard in plan.shards}
    extra = sorted(report.shard for report in reports if report.shard not in planned and _rows(report))
    if wrong or extra:
        raise LostRowsError(
            f"{len(wrong)} shards do not hold what was planned, {len(extra)} were never planned; nothing is published, "
            "and the same command computes them again: "
            + "; ".join([*list(wrong.values())[:10], *(f"shard {shard} was not planned" for shard in extra[:10])]),
            [*wrong, *extra],
        )


def _found(report: ShardReport | None, planned: ShardPlan) -> str:
    return f"{planned.rows} with other keys" if _rows(report) == planned.rows else str(_rows(report))


def _rows(report: ShardReport | None) -> int:
    if report is None:
        return 0
    return report.computed + report.unchanged + report.stale + report.postponed + sum(report.failed.values())


def summarise(
    run_id: str, output: str, plan: RunPlan, reports: list[ShardReport], resumed: int, seconds: float
) -> dict[str, Any]:
    """The numbers of a run, as the job prints them."""
    failed: Counter[str] = Counter()
    for report in reports:
        failed.update(report.failed)
    by_stage: dict[str, dict[str, int]] = {}
    for name, count in sorted(failed.items()):
        stage, _, fault = name.partition("/")
        by_stage.setdefault(stage, {})[fault] = count
    computed, unchanged = sum(r.computed for r in reports), sum(r.unchanged for r in reports)
    kept, stale = sum(r.kept for r in reports), sum(r.stale for r in reports)
    postponed = sum(r.postponed for r in reports)
    verdicts: Counter[str] = Counter()
    applications: Counter[str] = Counter()
    for report in reports:
        verdicts.update(report.verdicts)
        applications.update(report.applications)
    pictures: Counter[str] = Counter()
    for report in reports:
        pictures.update(report.pictures)
    refused = {name.partition("/")[2]: count for name, count in sorted(verdicts.items()) if name != "accepted"}
    return {
        "run_id": run_id,
        "rows_in": plan.rows_in,
        "computed": computed,
        "unchanged": unchanged,
        "stale": stale,
        "dead_letters": sum(failed.values()),
        "published": computed + unchanged + stale + postponed + kept,
        "kept": kept,
        "dead_letters_kept": sum(r.open for r in reports),
        "left_out": plan.left_out,
        **({"postponed": {"carried_over": postponed, "absent": sum(r.absent for r in reports)}} if plan.until else {}),
        "deleted": sum(r.deleted for r in reports),
        "changes": changes.counted(reports),
        "failed": by_stage,
        **({"own_columns": plan.own_changes} if plan.own_changes else {}),
        **({"applications": dict(sorted(applications.items()))} if len(applications) > 1 else {}),
        **({"accepted": verdicts["accepted"], "refused": refused} if verdicts else {}),
        **_arms(reports),
        **devices_lost(reports),
        **({"pictures": dict(pictures)} if pictures["files"] else {}),
        "shards": len(plan.shards),
        "shards_resumed": resumed,
        "seconds": round(seconds, 3),
        "images_per_second": round(sum(r.images for r in reports) / seconds, 3),
        "output": output,
    }


def devices_lost(reports: list[ShardReport]) -> dict[str, Any]:
    """How often a process lost which device, of a run in which one did."""
    lost = Counter[str]()
    for report in reports:
        for busy in report.stages.values():
            lost.update(busy.lost)
    return {"devices_lost": dict(sorted(lost.items()))} if lost else {}


def _arms(reports: list[ShardReport]) -> dict[str, Any]:
    """What the rows of a canary and all others are like, of a run that has one."""
    arms: dict[str, Counter[str]] = {}
    for report in reports:
        for name, counts in report.arms.items():
            arms.setdefault(name, Counter()).update(counts)
    if CANARY not in arms:
        return {}
    return {
        "arms": {
            name: {
                "published": int(of_arm["rows"]),
                "failed": int(of_arm["failed"]),
                "objections": round(of_arm["objections"] / of_arm["judged"], 4) if of_arm["judged"] else None,
            }
            for name, of_arm in sorted(arms.items())
        }
    }
