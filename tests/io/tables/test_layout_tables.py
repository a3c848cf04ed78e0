import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core import schema
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.io.tables.layout_tables import TableError

STORAGE = Storage(attempts=1)
ELEMENT = {"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5, 0.2]}


def snapshot(root, *row_ids, run_id="night-1"):
    folder = root / "snapshots" / run_id
    folder.mkdir(parents=True)
    rows = [{"row_id": key, "product_id": key.partition("@")[0], "elements": [ELEMENT]} for key in row_ids]
    pq.write_table(pa.Table.from_pylist(rows, schema=schema.LAYOUTS), folder / "part-00000.parquet")
    (root / "CURRENT").write_text(f"{run_id}\n")
    return folder


def everything(uri):
    files = layout_tables.parts(STORAGE, layout_tables.folder_of(STORAGE, str(uri)))
    return layout_tables.index(STORAGE, files)


def test_a_jobs_output_is_followed_to_its_newest_snapshot(tmp_path):
    snapshot(tmp_path, "old@1x1", run_id="night-0")
    folder = snapshot(tmp_path, "a@1x1", "b@1x1")
    assert layout_tables.folder_of(STORAGE, str(tmp_path)) == str(folder)
    assert everything(tmp_path).column("row_id").to_pylist() == ["a@1x1", "b@1x1"]
    assert everything(folder).equals(everything(tmp_path))
    assert layout_tables.folder_of(STORAGE, str(tmp_path), "night-0").endswith("night-0")


def test_chosen_rows_are_read_whole(tmp_path):
    folder = snapshot(tmp_path, "a@1x1", "b@1x1", "c@1x1")
    table = layout_tables.read(STORAGE, str(folder / "part-00000.parquet"), [2, 0])
    assert table.column("row_id").to_pylist() == ["c@1x1", "a@1x1"]
    assert table.column("elements")[0].as_py()[0]["text"] == "Vase"


def test_posters_with_marked_lines_are_layouts_whose_picture_holds_the_text(tmp_path):
    poster = {"file": "p/1.jpg", "width": 200, "height": 100, "texts": [{"text": "新品", "box": [20, 10, 100, 50]}]}
    path = tmp_path / "posters.jsonl"
    path.write_text(json.dumps(poster) + "\n")
    row = layout_tables.read(STORAGE, str(path), [0]).to_pylist()[0]
    assert row["elements"][0]["box"] == pytest.approx([0.1, 0.1, 0.5, 0.5])
    assert (row["row_id"], row["canvas"]) == ("p/1.jpg", "200x100")
    assert row["image"] == f"{tmp_path}/p/1.jpg"
    assert layout_tables.TEXT_IN_PICTURE in row["notes"]


def test_rows_of_layouts_as_json_lines_are_a_table(tmp_path):
    path = tmp_path / "layouts.jsonl"
    path.write_text(json.dumps({"row_id": "a", "elements": [ELEMENT]}) + "\n")
    assert everything(path).column("row_id").to_pylist() == ["a"]


def test_published_layouts_are_read_from_arrays(tmp_path):
    path = tmp_path / "published.npz"
    boxes = np.zeros((2, 3, 4), np.float32)
    boxes[:, :2] = (0.1, 0.2, 0.3, 0.4)
    np.savez(path, boxes=boxes, classes=np.array([[1, 3, 0], [2, 0, 0]]), names=np.array(["x.png", "y.png"]))
    rows = layout_tables.read(STORAGE, str(path), [0, 1]).to_pylist()
    assert [[element["role"] for element in row["elements"]] for row in rows] == [["other", "underlay"], ["logo"]]
    assert rows[0]["elements"][0]["box"] == [np.float32(v) for v in (0.1, 0.2, 0.3, 0.4)]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.jsonl", b'{"row_id": "a"}\n', "line 1 is no layout"),
        ("t.jsonl", b'{"texts": [], "file": "x"}\n', "give file, width, height, texts"),
        ("t.jsonl", b"not json\n", "line 1 is no layout"),
        ("t.jsonl", b'{"row_id": "a", "elements": 5}\n', "does not fit"),
        ("t.parquet", b"not parquet", "not a readable Parquet file"),
        ("t.npz", b"not an archive", "does not hold layouts"),
    ],
)
def test_what_is_no_layout_table_is_an_error_that_says_why(tmp_path, name, content, message):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(TableError, match=message):
        everything(tmp_path / name)


def test_a_table_of_something_else_names_what_it_holds(tmp_path):
    pq.write_table(pa.table({"x": [1]}), tmp_path / "t.parquet")
    with pytest.raises(TableError, match=r"no column elements.*found x"):
        everything(tmp_path / "t.parquet")


def test_a_place_without_layouts_is_an_error(tmp_path):
    for uri in (tmp_path, tmp_path / "gone.parquet", tmp_path / "gone.jsonl"):
        with pytest.raises(TableError, match="no "):
            everything(uri)


def test_records_keep_lines_that_are_no_json(tmp_path):
    path = tmp_path / "feedback.jsonl"
    path.write_bytes(b'{"row_id": "a"}\n\n{broken\n\xff\xfe\n')
    assert layout_tables.records(STORAGE, str(path)) == [{"row_id": "a"}, "{broken", "��"]
    with pytest.raises(TableError, match=r"neither \.jsonl nor \.parquet"):
        layout_tables.records(STORAGE, str(tmp_path / "feedback.csv"))


def test_records_end_at_line_feeds_and_not_at_other_separators(tmp_path):
    (tmp_path / "feedback.jsonl").write_text('{"note": "a\u2028b\x85c"}\r\n{"note": "d"}', encoding="utf-8")
    found = layout_tables.records(STORAGE, str(tmp_path / "feedback.jsonl"))
    assert found == [{"note": "a\u2028b\x85c"}, {"note": "d"}]


def test_a_snapshots_manifest_is_read_where_there_is_one(tmp_path):
    assert layout_tables.manifest_of(STORAGE, str(tmp_path)) == {}
    (tmp_path / "_manifest.json").write_text('{"summary": {"seconds": 3}}')
    assert layout_tables.manifest_of(STORAGE, str(tmp_path)) == {"summary": {"seconds": 3}}
    (tmp_path / "_manifest.json").write_text("{")
    assert layout_tables.manifest_of(STORAGE, str(tmp_path)) == {}
