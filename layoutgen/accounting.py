"""A run's books: the conservation law, the summary, and the lines in the log while it runs."""

import logging
import threading
import time
from collections import Counter
from typing import Any

from layoutgen.core.plan import Plan
from layoutgen.io.snapshot import ShardReport

log = logging.getLogger("layoutgen")


class LostRowsError(RuntimeError):
    """What was written is not what was planned; the message names rows."""


def conserve(planned: Plan, written: list[str]) -> None:
    """The conservation law, from the data: each planned key is written once, and no other."""
    expected = Counter(planned.failed.column("row_id").to_pylist())
    for shard in planned.shards:
        expected.update(shard.column("row_id").to_pylist())
    found = Counter(written)
    if found != expected:
        lost, extra = list((expected - found).elements()), list((found - expected).elements())
        raise LostRowsError(
            f"{len(lost)} rows are lost and {len(extra)} were written twice or never planned; nothing is published; "
            f"lost: {lost[:10]}, too many: {extra[:10]}"
        )


def summarise(run_id: str, output: str, planned: Plan, reports: list[ShardReport], seconds: float) -> dict[str, Any]:
    """The numbers of a run, as the job prints them."""
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


class Progress:
    """A line in the log every so many seconds, and one at the end."""

    def __init__(self, planned: Plan, every_s: float) -> None:
        self._shards, self._every_s = len(planned.shards), every_s
        self._done = self._ok = self._failed = 0
        self._began = time.monotonic()
        self._over = threading.Event()

    def __enter__(self) -> "Progress":
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
