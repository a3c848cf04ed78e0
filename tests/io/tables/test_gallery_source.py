import json
from itertools import pairwise

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core import schema
from layoutgen.io.storage import Storage
from layoutgen.io.tables import gallery_source
from layoutgen.io.tables.layout_tables import TableError

PLACED = {"image": "a.jpg", "crop": [0.0, 0, 1, 1], "picture": [0.0, 0, 1, 1], "backdrop": "#ffffff", "status": "ok",
          "canvas_width": 10, "canvas_height": 10, "elements": []}  # fmt: skip


def rows(first, count, **changes):
    return pa.Table.from_pylist(
        [{"row_id": f"p{i:04d}@10x10", **PLACED, **changes} for i in range(first, first + count)], schema=schema.LAYOUTS
    )


def job(folder, *counts, dead=0, manifest=True):
    """A job's output with a file for each count."""
    there = folder / "snapshots" / "r1"
    there.mkdir(parents=True)
    files = []
    for number, count in enumerate(counts):
        files.append({"name": f"part-{number:05d}.parquet", "rows": count})
        pq.write_table(rows(sum(counts[:number]), count), there / files[-1]["name"])
    lost = []
    if dead:
        letters = folder / "dead_letters" / "r1"
        letters.mkdir(parents=True)
        table = pa.Table.from_pylist([{"row_id": f"d{i}"} for i in range(dead)], schema=schema.DEAD_LETTERS)
        pq.write_table(table, letters / "part-00000.parquet")
        lost = [{"name": "part-00000.parquet", "rows": dead}]
    (folder / "CURRENT").write_text("r1\nepoch 1\n", encoding="utf-8")
    if manifest:
        content = {"files": files, "dead_letters": lost, "settings": {"place": {"margin": 0.05}}}
        (there / "_manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def read(uri, run_id=None, limit=1000):
    return gallery_source.read(Storage(), str(uri), run_id, limit)


@pytest.mark.parametrize("manifest", [True, False])
def test_a_jobs_output_is_its_newest_rows_and_its_dead_letters(tmp_path, manifest):
    found = read(job(tmp_path, 3, 2, dead=4, manifest=manifest))
    assert (found.run_id, len(found.table), found.total) == ("r1", 5, 5)
    assert (len(found.dead), found.dead_total) == (4, 4)
    assert found.settings == ({"place": {"margin": 0.05}} if manifest else {})


def test_a_snapshots_folder_has_its_dead_letters_too(tmp_path):
    found = read(job(tmp_path, 3, dead=1) / "snapshots" / "r1")
    assert (found.run_id, len(found.table), len(found.dead)) == ("r1", 3, 1)


def test_a_run_in_which_all_failed_shows_why(tmp_path):
    found = read(job(tmp_path, dead=2), run_id="r1")
    assert (len(found.table), len(gallery_source.drawable(found.table)), len(found.dead)) == (0, 0, 2)


def test_of_a_large_table_groups_are_drawn_from_end_to_end(tmp_path):
    found = read(job(tmp_path, 100, 100, 100, dead=90), limit=60)
    names = [int(row_id[1:5]) for row_id in found.table.column("row_id").to_pylist()]
    assert (len(names), found.total) == (60, 300)
    assert (len(found.dead), found.dead_total) == (60, 90)
    assert names == sorted(set(names))
    assert names[0] < 12 and names[-1] >= 240
    assert sum(b - a == 1 for a, b in pairwise(names)) == 55


def test_limits_below_a_group_hold(tmp_path):
    assert len(read(job(tmp_path, 100), limit=5).table) == 5


def test_files_are_tables_as_well(tmp_path):
    (tmp_path / "layouts.jsonl").write_text('{"row_id": "a", "elements": []}\n', encoding="utf-8")
    found = read(tmp_path / "layouts.jsonl")
    assert (found.run_id, len(found.table), found.dead) == ("layouts.jsonl", 1, [])
    assert len(gallery_source.drawable(found.table)) == 0
    pq.write_table(rows(0, 2), tmp_path / "layouts.parquet")
    assert len(gallery_source.drawable(read(tmp_path / "layouts.parquet").table)) == 2


def test_rows_that_failed_or_lack_a_picture_are_not_drawn(tmp_path):
    tables = [rows(0, 1), rows(1, 1, status="failed"), rows(2, 1, image=None), rows(3, 1, elements=None)]
    pq.write_table(pa.concat_tables(tables), tmp_path / "layouts.parquet")
    found = read(tmp_path / "layouts.parquet")
    assert gallery_source.drawable(found.table).column("row_id").to_pylist() == ["p0000@10x10"]
    assert len(found.table) == 4


def test_where_there_is_no_table_the_error_says_so(tmp_path):
    with pytest.raises(TableError, match=r"no \.parquet file and no CURRENT"):
        read(tmp_path)
    (tmp_path / "x.parquet").write_bytes(b"no")
    with pytest.raises(TableError, match="not a readable Parquet file"):
        read(tmp_path / "x.parquet")
