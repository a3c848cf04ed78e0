"""A checkpoint is whole or not there, and few stay."""

import errno
import json
from pathlib import Path

import pytest

from layoutgen.io.storage import Storage
from layoutgen.training.loop.saving import CheckpointError, Checkpoints


def put(checkpoints: Checkpoints, step: int, data: bytes = b"weights") -> None:
    folder = checkpoints.folder()
    (folder / "zero").mkdir()
    (folder / "zero" / f"part-{checkpoints._rank}").write_bytes(data)
    if checkpoints._rank == 0:
        (folder / "weights.safetensors").write_bytes(data)
    checkpoints.put(step, folder, {"zero": 2})
    checkpoints.wait()
    assert not folder.exists()


def ranks(root: Path, attempt: str = "a", count: int = 2, keep: int = 2) -> list[Checkpoints]:
    return [
        Checkpoints(Storage(), str(root), rank=rank, ranks=count, keep=keep, attempt=attempt) for rank in range(count)
    ]


def test_it_is_complete_when_all_ranks_of_one_attempt_have_marked_it(tmp_path: Path) -> None:
    first, second = ranks(tmp_path)
    put(first, 5)
    assert first.all() == []
    put(ranks(tmp_path, attempt="b")[1], 5)
    assert first.all() == []
    put(second, 5)
    assert [(found.step, found.ranks, found.about) for found in first.all()] == [(5, 2, {"zero": 2})]


def test_what_is_fetched_is_what_was_written_by_all_ranks(tmp_path: Path) -> None:
    first, second = ranks(tmp_path)
    put(first, 5)
    put(second, 5)
    folder = second.fetch(second.all()[0])
    names = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    assert names == {"weights.safetensors", "zero/part-0", "zero/part-1"}


def test_only_the_newest_stay(tmp_path: Path) -> None:
    (only,) = ranks(tmp_path, count=1, keep=2)
    for step in range(1, 7):
        put(only, step)
    assert [found.step for found in only.all()] == [6, 5, 4]
    left = {path.parent.name for path in tmp_path.rglob("*.safetensors")}
    assert left == {"step-00000004", "step-00000005", "step-00000006"}


def test_a_damaged_one_is_not_taken(tmp_path: Path) -> None:
    (only,) = ranks(tmp_path, count=1)
    put(only, 1)
    put(only, 2)
    path = tmp_path / "step-00000002" / "weights.safetensors"
    path.write_bytes(b"cut")
    assert [found.step for found in only.all()] == [1]
    path.write_bytes(b"WEIGHTS")
    with pytest.raises(CheckpointError, match=r"weights\.safetensors is damaged: its sha256"):
        only.fetch(only.all()[0])
    marker = tmp_path / "step-00000001" / "_rank-0.json"
    marker.write_text(json.dumps({"rank": 0}))
    assert [found.step for found in only.all()] == [2]


def test_a_full_disk_is_an_error_that_names_place_and_last_good_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (only,) = ranks(tmp_path, count=1)
    put(only, 3)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Storage, "write", full)
    with pytest.raises(CheckpointError, match=r"step-00000004 can't be written: .*No space left.*last good .* step 3"):
        put(only, 4)
    monkeypatch.undo()
    assert [found.step for found in only.all()] == [3]
