"""Leases: one writer a table, and a writer that slept does not take it back, without conditional writes either."""

import time
from pathlib import Path

import pytest

from layoutgen.io.storage import Storage
from layoutgen.io.tables import lease as module
from layoutgen.io.tables.lease import HeldError, Lease, LeaseError, read_current

SECONDS = 0.2


@pytest.fixture(autouse=True)
def _settles_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SETTLE_S", 0.0)


def _asleep(root: str) -> Lease:
    """A holder on another machine that fell asleep, its renewing thread too."""
    lease = Lease(Storage(), root, SECONDS, conditional=False)
    lease.acquire()
    lease._over.set()
    lease._holder = "another-host:1"
    lease._write(lease._holder)
    time.sleep(SECONDS + 0.05)
    return lease


def test_a_writer_that_slept_while_it_planned_names_and_publishes_nothing(tmp_path: Path) -> None:
    root = str(tmp_path)
    sleeper = _asleep(root)
    with Lease(Storage(), root, SECONDS, conditional=False) as holder:
        holder.name("run-b")
        for act in (lambda: sleeper.name("run-a"), lambda: sleeper.publish("run-a"), sleeper.confirm):
            with pytest.raises(LeaseError, match="was taken over by run run-b"):
                act()
        sleeper.release()
        holder.publish("run-b")
    assert read_current(Storage(), root).run_id == "run-b"


def test_a_table_has_one_writer_whose_release_lets_the_next_one_in(tmp_path: Path) -> None:
    root = str(tmp_path)
    with Lease(Storage(), root, 60, conditional=True) as first:
        first.name("run-a")
        with pytest.raises(HeldError, match=r"is being written by run run-a of .*; wait for it, or stop it") as refused:
            Lease(Storage(), root, 60, conditional=True).acquire()
        assert refused.value.exit_code == 2, "it did nothing"
        assert (first.epoch, first.last_run, first.holds()) == (1, None, True)
        first.publish("run-a")
    with Lease(Storage(), root, 60, conditional=True) as second:
        assert (second.epoch, second.last_run, second.current.run_id) == (2, "run-a", "run-a")
        assert not first.holds()
        with pytest.raises(LeaseError, match="this one publishes nothing"):
            first.publish("run-c")
    assert read_current(Storage(), root).run_id == "run-a"


def test_a_table_that_nobody_wrote_has_published_nothing(tmp_path: Path) -> None:
    current = read_current(Storage(), str(tmp_path))
    assert (current.run_id, current.epoch, current.version) == (None, 0, None)
