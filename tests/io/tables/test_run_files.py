"""A file of a run is read back: what storage does not hold as it was sent is an error, and what is counted is there."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core import schema
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import counts, run_files

ROWS = pa.table(
    {
        "row_id": ["a", "b", "c"],
        "application": ["cover", "cover", "poster"],
        "accepted": [True, False, None],
        "reasons": [None, ["text: it is small", "text: it is pale", "logo: covered"], None],
        "title": ["x", "y", "z"],
    }
)


class Forgetful(Storage):
    """A store that keeps the first half of what it is given."""

    def write(self, uri: str, data: bytes) -> None:
        super().write(uri, data[: len(data) // 2])


def test_a_file_is_what_was_written_with_the_version_of_the_store(tmp_path: Path) -> None:
    storage, uri = Storage(), str(tmp_path / "deep" / "part-00001.parquet")
    written, rows = run_files.write(storage, uri, run_files.parquet(ROWS, "zstd"), ["row_id"])
    assert rows == ROWS.select(["row_id"])
    assert (written.name, written.rows, written.bytes) == ("part-00001.parquet", 3, Path(uri).stat().st_size)
    assert storage.versions([uri]) == [written.version]
    assert pq.read_schema(uri).metadata == {b"layoutgen.schema_version": str(schema.VERSION).encode()}
    assert run_files.holds(storage, uri, written)
    storage.write(uri, b"another's")
    assert not run_files.holds(storage, uri, written)
    storage.delete(uri)
    assert not run_files.holds(storage, uri, written)


def test_a_file_that_storage_does_not_hold_is_an_error(tmp_path: Path) -> None:
    uri = str(tmp_path / "part-00000.parquet")
    with pytest.raises(StorageError, match=r"part-00000\.parquet does not hold what was written to it"):
        run_files.write(Forgetful(), uri, run_files.parquet(ROWS, "zstd"), ["row_id"])


def test_a_refused_row_counts_once_for_each_kind_of_reason() -> None:
    names = counts.columns(ROWS.schema)
    assert names == ["row_id", "application", "accepted", "reasons"]
    assert counts.of_table(ROWS.select(names)) == {
        "applications": {"cover": 2, "poster": 1},
        "verdicts": {"accepted": 1, "refused/text": 1, "refused/logo": 1},
        "asked": 0,
        "unread": 0,
        "pictures": {},
        "measures": {},
        "arms": {},
    }


def test_a_file_without_rows_has_no_pictures() -> None:
    rows = schema.LAYOUTS.empty_table().select(counts.columns(schema.LAYOUTS))
    counted = counts.of_table(rows)
    assert counted.pop("asked") == counted.pop("unread") == 0
    assert counted == {"applications": {}, "verdicts": {}, "pictures": {}, "measures": {}, "arms": {}}
