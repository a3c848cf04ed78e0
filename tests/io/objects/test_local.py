"""Files as objects: who writes them at once, and who keeps others from it."""

import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from layoutgen.io.objects import local
from layoutgen.io.storage import Storage, StorageError


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Path]:
    """A folder whose lock another writer holds and does not give back."""
    folder = os.open(tmp_path, os.O_RDONLY)
    fcntl.flock(folder, fcntl.LOCK_EX)
    yield tmp_path
    os.close(folder)


def test_a_writer_that_stopped_in_mid_write_keeps_nobody_waiting_for_ever(
    held: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local, "LOCK_WAIT_S", 0.05)
    with pytest.raises(StorageError, match=f"CURRENT can't be written: another process has held the lock of {held}"):
        Storage().write_if(f"{held}/CURRENT", b"new", None)
    assert not (held / "CURRENT").exists()
