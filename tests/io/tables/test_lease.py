"""Leases of stores without conditional writes: a writer that slept does not take the table back."""

import time
from pathlib import Path

import pytest

from layoutgen.io.storage import Storage
from layoutgen.io.tables import lease as module
from layoutgen.io.tables.lease import Lease, LeaseError, read_current

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
