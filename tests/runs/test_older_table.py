"""A table of an older release, from before tables had a ledger and rows a fingerprint: tonight's night takes it over.

`tests/data/older_table` is what that release's own writer made of four vases and one whose photo was missing, in three
files, with the short side 320 and no text reading.
"""

import json
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from layoutgen import tables
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.runs.job import RunError
from tests.chaos.quick import night
from tests.drawn import encoded, photo

STORED = Path(__file__).parents[1] / "data" / "older_table"
OLDER = "20251101T020000Z-c0ffee"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """The older table in a shop of its own, whose photos are there again."""
    shutil.copytree(STORED, tmp_path / "layouts")
    for number in range(5):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(120, 160, number)))
    rows = [{"product_id": f"v{n}", "image": f"{n}.jpg", "title": f"Stoneware vase {n}", "stock": n} for n in range(5)]
    (tmp_path / "catalogue.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    return tmp_path / "layouts"


def test_readers_read_it_as_it_is(root: Path) -> None:
    table = tables.read(str(root))
    assert sorted(table.column("product_id").to_pylist()) == ["v0", "v1", "v2", "v3"]
    assert "fingerprint" not in table.column_names
    assert tables.read(str(root), dead_letters=True).column("kind").to_pylist() == ["not_found"]
    files = layout_tables.parts(Storage(), layout_tables.folder_of(Storage(), str(root)))
    assert len(layout_tables.index(Storage(), files)) == 4


def test_a_whole_night_computes_its_rows_anew_and_readers_have_both(root: Path) -> None:
    before = {path.name: path.read_bytes() for path in (root / "snapshots" / OLDER).iterdir()}
    summary = night(str(root.parent / "catalogue.jsonl"), str(root))
    assert [summary[name] for name in ("computed", "unchanged", "published", "current")] == [5, 0, 5, True]
    assert sorted(tables.read(str(root)).column("product_id").to_pylist()) == ["v0", "v1", "v2", "v3", "v4"]
    assert all(key["source"] for key in tables.read(str(root)).column("fingerprint").to_pylist())
    assert {path.name: path.read_bytes() for path in (root / "snapshots" / OLDER).iterdir()} == before
    assert len(tables.read(str(root), run_id=OLDER)) == 4
    again = night(str(root.parent / "catalogue.jsonl"), str(root))
    assert (again["computed"], again["unchanged"]) == (0, 5)


@pytest.mark.parametrize("options", [{"limit": 1}, {"replay": OLDER}])
def test_a_night_that_keeps_rows_is_refused_rather_than_lose_them(root: Path, options: dict[str, object]) -> None:
    with pytest.raises(RunError, match=rf"run {OLDER} .* how many shards.*run the whole manifest once"):
        night(str(root.parent / "catalogue.jsonl"), str(root), **options)
    assert (root / "CURRENT").read_text().split()[0] == OLDER
    assert len(tables.read(str(root))) == 4


def test_one_file_has_one_shard_and_its_rows_are_carried_over_with_the_columns_that_they_lack(root: Path) -> None:
    snapshot = root / "snapshots" / OLDER
    manifest = json.loads((snapshot / "_manifest.json").read_text())
    whole = pq.read_table(snapshot, use_threads=False)
    for name in ("part-00001.parquet", "part-00002.parquet"):
        (snapshot / name).unlink()
    pq.write_table(whole.sort_by("row_id"), snapshot / "part-00000.parquet")
    manifest["files"] = [{**manifest["files"][0], "rows": 4}]
    (snapshot / "_manifest.json").write_text(json.dumps(manifest))
    summary = night(str(root.parent / "catalogue.jsonl"), str(root), limit=1)
    assert [summary[name] for name in ("computed", "kept", "published")] == [1, 3, 4]
    rows = {row["product_id"]: row for row in tables.read(str(root)).to_pylist()}
    older = {row["product_id"]: row for row in whole.to_pylist()}
    assert all(rows[name]["fingerprint"] is None for name in ("v1", "v2", "v3"))
    assert all(rows[name]["elements"][0]["text"] == older[name]["elements"][0]["text"] for name in ("v1", "v2", "v3"))
