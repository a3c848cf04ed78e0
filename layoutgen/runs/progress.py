"""How a run stands while it is at work: lines in the log, `run.json`, samples, metrics, and the circuit breaker."""

import logging
import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

from layoutgen.cluster import ClusterError, sizes
from layoutgen.config.base import Pool
from layoutgen.config.jobs import RunSettings
from layoutgen.core.errors import Stop
from layoutgen.io.storage import StorageError
from layoutgen.io.tables.ledger import Ledger, RunPlan, ShardReport
from layoutgen.runs.accounting import devices_lost
from layoutgen.runs.gauges import Metrics
from layoutgen.runs.samples import Samples
from layoutgen.streaming import ActorSeconds, Step

log = logging.getLogger("layoutgen")

MOST_NOTES = 2000  # two requests of a listing


class BreakerError(Stop):
    """Too many rows fail: the run stops early."""


class StoppedError(Stop):
    """The machine failed while the run was at work; the message says how far it came."""


class Progress:
    """How a run stands: a line in the log and `run.json` every so many seconds, the same as metrics, and the circuit
    breaker. `actor_seconds` is for the stream to sum up in."""

    def __init__(
        self,
        plan: RunPlan,
        ledger: Ledger,
        done: list[ShardReport],
        settings: RunSettings,
        pools: dict[str, Pool],
        planning_s: float,
        holds: Callable[[], bool],
        unread: Callable[[Sequence[Step]], list[str]],
    ) -> None:
        self._unread_of = unread  # the keys of pools that are not read, of the steps as they are run
        self._holds = holds  # whether the run is still this driver's to speak of
        self._plan, self._ledger, self._settings, self._pools = plan, ledger, settings, pools
        self._planning_s = planning_s
        self._resumed = len(done)
        self._reports = list(done)
        self._window: deque[tuple[int, int]] = deque()
        self._began = time.monotonic()
        self._over = threading.Event()
        self._metrics = Metrics(ledger.root, ledger.run_id)
        self.actor_seconds: ActorSeconds = {}
        self._samples = Samples(len(done))
        self._gpus: dict[str, float] = {}
        self._actors: dict[str, int] = {}
        self._unread: list[str] = []
        self._shared: set[str] = set()

    def __enter__(self) -> "Progress":
        for uri in self._notes():  # of an attempt before: Guard heeds them no more
            self._ledger.storage.delete(uri)
        self.say("running")
        self._thread = threading.Thread(target=self._tick, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        """Raises StoppedError in place of a StorageError or ClusterError, and of a ValueError, which would be taken for
        bad input (Ray makes one of a worker's)."""
        self._over.set()
        self._thread.join()
        if kind is not None:
            self.say("stopped")
        if isinstance(error, ValueError):
            log.error("nobody foresaw the fault that ended the run", exc_info=error)
        if isinstance(error, StorageError | ClusterError | ValueError):
            raise StoppedError(
                f"{error}; {len(self._reports)} of {len(self._plan.shards)} shards are done and kept, and the same "
                "command goes on with the rest"
            ) from None

    def arranged(self, steps: Sequence[Step]) -> None:
        """Take note of the pools that the stages have, or share, and say it."""
        self._actors = {step.name: step.pool.size for step in steps}
        self._gpus = {step.name: step.pool.num_gpus for step in steps}
        self._unread = self._unread_of(steps)
        self._shared = {part for step in steps for part in step.parts if len(step.parts) > 1}
        self._pools = self._pools | {part: step.pool for step in steps for part in step.parts or (step.name,)}
        log.info("actors: %s", sizes([(step.name, step.pool) for step in steps]))

    def shard(self, report: ShardReport) -> None:
        """Count a shard that has been written. Raises BreakerError where too many of the last rows failed."""
        self._reports.append(report)
        self._samples.add(time.monotonic() - self._began, len(self._reports), self.actor_seconds)
        failed = sum(report.failed.values()) - report.absent + report.stale
        self._window.append((report.computed + report.unchanged + failed, failed))
        while sum(rows for rows, _ in self._window) - self._window[0][0] >= self._settings.breaker_rows:
            self._window.popleft()
        rows, bad = (sum(values) for values in zip(*self._window, strict=True))
        if rows >= self._settings.breaker_rows and bad > self._settings.breaker_fraction * rows:
            raise BreakerError(
                f"{bad} of the last {rows} rows failed, more than run.breaker_fraction = "
                f"{self._settings.breaker_fraction:g} allows; finished shards are kept, and the same command goes on "
                "with the rest"
            )

    def _tick(self) -> None:
        while not self._over.wait(self._settings.log_seconds):
            self.say("running")

    def say(self, state: str) -> dict[str, Any]:
        """Log a line and write `run.json`; return what it holds."""
        now = self._state(state)
        log.info(
            "%.0f s: %d of %d shards, %d rows computed, %d unchanged, %d failed, %.1f images/s, %s to go%s%s",
            now["seconds"],
            now["shards_done"],
            now["shards"],
            now["computed"],
            now["unchanged"],
            now["failed"],
            now["images_per_second"],
            "unknown time" if now["eta_s"] is None else f"{now['eta_s']:.0f} s",
            "" if now["gpu_idle_share"] is None else f", GPUs idle {now['gpu_idle_share']:.0%}",
            "".join(f", {rows} rows in {stage}" for stage, rows in now["at_work"].items()),
            extra={"run_id": self._ledger.run_id, "table": self._ledger.root},
        )
        self._metrics.set(now)
        self._samples.add(now["seconds"], now["shards_done"], self.actor_seconds, last=state != "running")
        try:
            if self._holds():
                self._ledger.write_state(now)
                self._ledger.write_samples(self._samples.values(self._gpus))
        except StorageError as error:
            log.warning("run.json can't be written now: %s", error)
        return now

    def _state(self, state: str) -> dict[str, Any]:
        seconds = time.monotonic() - self._began
        fresh = self._reports[self._resumed :]
        left = len(self._plan.shards) - len(self._reports)
        images = sum(report.images for report in fresh)
        price = self._settings.dollars_per_hour * seconds / 3600
        slowest = sorted(fresh, key=lambda report: -report.seconds)[:3]
        return {
            "run_id": self._ledger.run_id,
            "state": state,
            "intent": self._plan.intent,
            "updated_at": datetime.now(UTC).isoformat(),
            "planning_s": round(self._planning_s, 3),
            "seconds": round(seconds, 1),
            "rows_in": self._plan.rows_in,
            "shards": len(self._plan.shards),
            "shards_done": len(self._reports),
            "shards_resumed": self._resumed,
            "at_work": self._at_work() if state == "running" else {},
            "computed": sum(report.computed for report in self._reports),
            "unchanged": sum(report.unchanged for report in self._reports),
            "stale": sum(report.stale for report in self._reports),
            "postponed": sum(report.left for report in self._reports),
            "failed": sum(sum(r.failed.values()) - r.absent for r in [*self._reports, *self._plan.failed]),
            "images": images,
            "images_per_second": round(images / seconds, 3) if seconds else 0.0,
            "eta_s": round(seconds / len(fresh) * left, 1) if fresh else None,
            "slowest_shards": [{"shard": report.shard, "seconds": round(report.seconds, 3)} for report in slowest],
            "actors": self._actors,
            "pools_not_read": self._unread,
            "stages": self._stages(fresh, seconds),
            **devices_lost(self._reports),
            "gpu_idle_share": self._gpu_idle_share(fresh, seconds),
            "dollars_per_1000_images": round(1000 * price / images, 4) if images and price else None,
        }

    def _notes(self) -> list[str]:
        """The notes of `Guard`: which stages began which shards. Of a large run nobody asks: its shards are done often
        enough to see it go, and a listing would be long."""
        if len(self._plan.shards) * len(self._pools) > MOST_NOTES:
            return []
        return self._ledger.storage.list(self._ledger.uri("tries"))

    def _at_work(self) -> dict[str, int]:
        """Rows of shards that are not done by the stage that has them."""
        done = {report.shard for report in self._reports}
        order = list(self._pools)
        at: dict[int, str] = {}
        try:
            notes = self._notes()
        except StorageError:
            return {}
        for uri in notes:
            stage, _, number = uri.rpartition("/")[2].removesuffix(".json").rpartition("-")
            shard = int(number)
            if stage in order and shard not in done and order.index(stage) > order.index(at.get(shard, order[0])):
                at[shard] = stage
        rows = Counter[str]()
        for planned in self._plan.shards:
            if planned.shard in at:
                rows[at[planned.shard]] += planned.rows
        return {stage: rows[stage] for stage in order if rows[stage]}

    def _stages(self, fresh: list[ShardReport], seconds: float) -> dict[str, dict[str, float | None]]:
        """What each stage did so far: its pace while it was busy, all its actors together, and its idle share;
        of a pool that follows its queue the pace is that of its largest size, and the idle share is not known. Where
        stages share actors, the pace is what a stage would have by itself on all of them, and none is idle alone."""
        found: dict[str, dict[str, float | None]] = {}
        for name, pool in self._pools.items():
            busy = [report.stages[name] for report in fresh if name in report.stages]
            images, busy_s = sum(one.images for one in busy), sum(one.seconds for one in busy)
            is_own = not pool.breathes and name not in self._shared
            found[name] = {
                "images": images,
                "images_per_second": round(images / busy_s * pool.most, 3) if busy_s else None,
                "idle_share": _idle(busy_s, seconds * pool.most) if seconds and is_own else None,
            }
        return found

    def _gpu_idle_share(self, fresh: list[ShardReport], seconds: float) -> float | None:
        """The share of the reserved GPUs' time that no stage worked; None where none is, or a number that changes."""
        if any(pool.breathes and pool.num_gpus for pool in self._pools.values()):
            return None
        reserved = sum(pool.most * pool.num_gpus for pool in self._pools.values()) * seconds
        busy_s = sum(
            report.stages[name].seconds * pool.num_gpus
            for report in fresh
            for name, pool in self._pools.items()
            if name in report.stages
        )
        return _idle(busy_s, reserved) if reserved else None


def _idle(busy_s: float, reserved_s: float) -> float:
    """The share of the time that was reserved in which nothing was done."""
    return round(max(0.0, 1 - busy_s / reserved_s), 4)
