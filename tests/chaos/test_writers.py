"""Two writers, a writer that sleeps, clocks that are wrong, an input that changes: refused at once, or correct."""

import json
import os
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from layoutgen.io.storage import Storage
from layoutgen.io.tables import lease as module
from layoutgen.io.tables.lease import Lease, LeaseError, read_current
from tests.chaos.nights import PRODUCTS, Night, check_table, current, draw_catalogue, tables, wait_until

pytestmark = pytest.mark.slow


def test_a_second_driver_is_refused_at_once_with_the_holders_name(quick: Night, calm: dict[str, pa.Table]) -> None:
    quick.arm("after_plan")
    quick.start()
    first = quick.stopped_at("after_plan")
    second = Night(None, quick.folder / "second", quick.manifest, quick.output)
    code, summary = second.start().end()
    said = second.log.read_text()
    first.resume()
    assert (code, summary) == (2, {}), "it did nothing"
    assert f"of {socket.gethostname()}:{first.pid}" in said
    assert "Traceback" not in said
    code, summary = quick.end()
    assert code == 0
    check_table(quick.root, calm, summary["run_id"])


@pytest.mark.parametrize("point", ["before_publish", "before_swap"])
@pytest.mark.parametrize("is_changed", [False, True], ids=["same-input", "other-input"])
def test_a_writer_that_slept_through_its_lease_cannot_publish(
    quick: Night, calm: dict[str, pa.Table], manifest: Path, tmp_path: Path, point: str, is_changed: bool
) -> None:
    quick.settings["lease_seconds"] = 1.0
    quick.arm(point)
    quick.start()
    sleeper = quick.stopped_at(point)
    time.sleep(1.0)
    if is_changed:
        manifest = manifest.with_name(f"other-{tmp_path.name}.jsonl")
        manifest.write_text("".join(f"{line}\n" for line in quick.manifest.read_text().splitlines()[1:]))
    second = Night(None, quick.folder / "second", manifest, quick.output)
    summary = second.finish()
    before = _everything(quick.root)
    sleeper.resume()
    code, slept = quick.end()
    said = quick.log.read_text()
    assert (code, slept) == (1, {}), said[-3000:]
    assert "publishes nothing" in said
    assert "Traceback" not in said
    assert current(quick.root) == summary["run_id"]
    after = _everything(quick.root)
    if is_changed and point == "before_publish":
        assert current(quick.root) not in {name.split("/")[1] for name in after.keys() - before.keys()}
    assert {name: after.get(name) for name in before} == before, "what was published is not touched"
    if not is_changed:
        check_table(quick.root, calm, summary["run_id"])


def _everything(root: Path) -> dict[str, tuple[int, bytes]]:
    """What readers see, and its ledger, apart from how another run stands."""
    return {
        str(file.relative_to(root)): (file.stat().st_mtime_ns, file.read_bytes())
        for file in sorted(root.rglob("*"))
        if file.is_file() and (root / "_runs") not in file.parents and file.name != "_lease.json"
    }


def test_a_manifest_that_changed_between_attempts_is_a_new_run_over_the_new_rows(
    quick: Night, manifest: Path, tmp_path: Path
) -> None:
    own = draw_catalogue(tmp_path / "goods")
    quick.manifest = own
    quick.arm("marker_written")
    quick.start()
    quick.stopped_at("marker_written")
    quick.kill()
    rows = [json.loads(line) for line in own.read_text().splitlines()]
    for row in rows[:3]:
        row["title"] = "New title"
    rows[10:15] = [{**row, "product_id": f"new-{number}"} for number, row in enumerate(rows[10:15])]
    own.write_text("".join(json.dumps(row) + "\n" for row in rows))
    summary = quick.finish()
    fresh = Night(None, tmp_path / "fresh", own)
    check_table(quick.root, tables(fresh.root, fresh.finish()["run_id"]), summary["run_id"])
    assert "its input, settings or versions were others" in quick.log.read_text()
    assert summary["shards_resumed"] == 0


def test_a_job_that_is_submitted_again_after_its_end_computes_nothing(quick: Night, calm: dict[str, pa.Table]) -> None:
    quick.finish("--run-id", "night-1")
    second = quick.finish()
    assert (second["computed"], second["unchanged"]) == (0, PRODUCTS - 4)
    check_table(quick.root, calm)
    code, _ = quick.start("--run-id", "night-1").end()
    assert code == 2
    assert "already has a run night-1" in quick.log.read_text()
    check_table(quick.root, calm, second["run_id"])


def _write_lease(root: Path, **changes: Any) -> None:
    root.mkdir(exist_ok=True)
    held = {
        "holder": "elsewhere:17",
        "boot": "another start",
        "run_id": "night-1",
        "epoch": 7,
        "nonce": "n",
        "seconds": 0.4,
        "until": time.time() + 0.4,
    }
    (root / "_lease.json").write_text(json.dumps(held | changes))


class Clock:
    """A clock for the lease's module that nobody waits for: sleeping moves it on."""

    def __init__(self) -> None:
        self.slept = 0.0

    def time(self) -> float:
        return time.time() + self.slept

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


class SkewedClock(Clock):
    """Wrong by `skew` seconds but for the thread `main`, which sleeps until `holder` has renewed its lease."""

    def __init__(self, skew: float) -> None:
        super().__init__()
        self.skew, self.main, self.holder = skew, 0, Lease(Storage(), "", 0, True)

    def time(self) -> float:
        return time.time() + (0 if threading.get_ident() == self.main else self.skew)

    def sleep(self, seconds: float) -> None:
        version = self.holder._version
        wait_until(lambda: self.holder._version != version, "a renewal")
        super().sleep(seconds)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    return made


def _take(root: Path) -> Lease:
    taken = Lease(Storage(), str(root), 0.4, True)
    taken.acquire()
    return taken


@pytest.mark.parametrize("days", [-3650, 3650])
def test_a_dead_holders_wrong_clock_blocks_nobody_for_long(tmp_path: Path, days: int, clock: Clock) -> None:
    _write_lease(tmp_path, until=time.time() + days * 86400)
    taken = _take(tmp_path)
    assert 0.4 <= clock.slept < 0.6
    assert (taken.epoch, taken.last_run) == (8, "night-1")
    taken.release()


@pytest.mark.parametrize("days", [-3650, 3650])
def test_a_living_holders_wrong_clock_gives_its_table_to_nobody(
    tmp_path: Path, days: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_alive", lambda *_: True)
    skewed = SkewedClock(days * 86400)
    monkeypatch.setattr(module, "time", skewed)
    holder = _take(tmp_path)
    skewed.main, skewed.holder = threading.get_ident(), holder
    with pytest.raises(LeaseError, match="is being written by"):
        _take(tmp_path)
    holder.publish("night-1")
    holder.release()
    assert read_current(Storage(), str(tmp_path)).run_id == "night-1"


def test_a_dead_process_of_this_start_of_this_host_is_no_holder(tmp_path: Path, clock: Clock) -> None:
    _write_lease(
        tmp_path, holder=f"{socket.gethostname()}:4194999", boot=module._boot(), seconds=60, until=time.time() + 60
    )
    _take(tmp_path).release()
    assert clock.slept == 0


def test_a_process_of_another_container_of_the_same_name_is_not_taken_for_dead(tmp_path: Path) -> None:
    _write_lease(tmp_path, holder=f"{socket.gethostname()}:4194999", seconds=60, until=time.time() + 60)
    with pytest.raises(LeaseError, match="night-1"):
        _take(tmp_path)


@pytest.mark.parametrize("is_swapped", [False, True], ids=["nothing-published", "published-before"])
def test_whoever_takes_over_fences_off_the_writer_before(tmp_path: Path, is_swapped: bool) -> None:
    root = str(tmp_path)
    if is_swapped:
        with Lease(Storage(), root, 60, True) as earlier:
            earlier.publish("night-0")
    stale = Lease(Storage(), root, 0.2, True)
    stale.acquire()
    stale._over.set()  # it sleeps
    time.sleep(0.3)
    held = json.loads((tmp_path / "_lease.json").read_text())
    (tmp_path / "_lease.json").write_text(json.dumps(held | {"holder": "elsewhere:1"}))
    taken = _take(tmp_path)
    with pytest.raises(LeaseError, match="publishes nothing"):
        stale._swap("night-1")  # it had looked at the lease before it fell asleep
    assert read_current(Storage(), root).run_id == ("night-0" if is_swapped else None)
    taken.publish("night-2")
    with pytest.raises(LeaseError, match="publishes nothing"):
        stale.publish("night-1")
    stale.release()
    assert read_current(Storage(), root).run_id == "night-2"
    assert json.loads((tmp_path / "_lease.json").read_text())["holder"].endswith(f":{os.getpid()}")
    taken.release()
