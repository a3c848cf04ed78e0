import csv
import io
import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.manifest.column_types import JSON_TEXT
from layoutgen.core.manifest.contracts import JobKind
from layoutgen.core.manifest.plan import Plan, plan
from layoutgen.core.manifest.products import Rules
from layoutgen.io.manifests import columns, manifest
from layoutgen.io.manifests.manifest import ManifestError
from layoutgen.io.storage import Storage

HEAD = "product_id,image,title\n"


def read(path: Path, *, size: int = 1000, **options: Any) -> pa.Table:
    batches = list(manifest.batches(str(path), Storage(), size=size, **({"kind": "layouts", "limit": None} | options)))
    if not batches:
        return pa.table({})
    schema = columns.unify([batch.schema for batch in batches])
    return pa.concat_tables([columns.conform(batch, schema, options.get("kind", "layouts")) for batch in batches])


def planned(path: Path, **options: Any) -> Plan:
    raw = read(path, **options)
    base, storage = manifest.base(str(path)), Storage()
    rules = Rules(
        ("1:1",), 1080, "poster", lambda relative: storage.join(base, relative), options.get("kind", "layouts")
    )
    return plan(raw, rules, rows_per_shard=100)


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def lines(*rows: object) -> str:
    return "".join(f"{row if isinstance(row, str) else json.dumps(row, ensure_ascii=False)}\n" for row in rows)


def test_the_same_rows_come_from_parquet_jsonl_and_csv(tmp_path: Path) -> None:
    rows = [
        {"product_id": "p1", "image": "a.jpg", "title": "夏日", "selling_points": ["轻", "薄"], "price": 9.5},
        {"product_id": "p2", "image": "b.jpg", "title": "冬天, \"暖\"", "selling_points": None, "price": 8.0},
    ]  # fmt: skip
    pq.write_table(pa.Table.from_pylist(rows), tmp_path / "m.parquet")
    written(tmp_path, "m.jsonl", lines(*rows))
    written(tmp_path, "m.csv", 'product_id,image,title,selling_points,price\np1,a.jpg,夏日,轻|薄,9.5\n'
                               'p2,b.jpg,"冬天, ""暖""",,8.0\n')  # fmt: skip
    tables = [read(tmp_path / f"m.{suffix}") for suffix in ("parquet", "jsonl", "csv")]
    for table in tables:
        assert table.select(list(rows[0])).to_pylist() == rows
        assert table.schema.field("price").type == pa.float64()


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"manifest .*m\.jsonl can't be read: nothing at"):
        read(tmp_path / "m.jsonl")
    with pytest.raises(ManifestError, match=r"no manifest and no folder at .*/photos"):
        read(tmp_path / "photos")


@pytest.mark.parametrize("name", ["m.xlsx", "m.json", "m", "m.jsonl.gz"])
def test_another_suffix_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError, match=r"is none of \.parquet, \.jsonl, \.csv"):
        read(written(tmp_path, name, "x"))


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_missing_columns_are_named_with_the_columns_found(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"m.{suffix}"
    row = {"id": "1", "name": "x"}
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        path.write_text("id,name\n1,x\n" if suffix == "csv" else lines(row))
    with pytest.raises(
        ManifestError, match=r"lacks the columns product_id, title \(or copies\), image \(or images\); found id, name"
    ):
        read(path)
    with pytest.raises(ManifestError, match=r"lacks the columns image \(or images\); found id, name"):
        read(path, kind="annotations")


@pytest.mark.parametrize("name", ["elements", "status", "row_id", "run_id", "stage", "input_row"])
def test_a_column_with_a_results_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ManifestError, match=f"column '{name}', which is the name of a result's column; rename it"):
        read(written(tmp_path, "m.csv", f"product_id,image,title,{name}\n1,a.jpg,x,y\n"))


def test_a_canvas_column_is_told_of_canvases(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="list the sizes in 'canvases'"):
        read(written(tmp_path, "m.csv", "product_id,image,title,canvas\n1,a.jpg,x,1:1\n"))


def test_a_column_that_stands_twice_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="has the column 'image' twice"):
        read(written(tmp_path, "m.csv", "product_id,image,title,image\n1,a.jpg,x,b.jpg\n"))


@pytest.mark.parametrize(("name", "content"), [("m.jsonl", ""), ("m.jsonl", "\n\n"), ("m.csv", HEAD)])
def test_no_rows_are_no_error(tmp_path: Path, name: str, content: str) -> None:
    work = planned(written(tmp_path, name, content))
    assert (work.rows_in, work.shards, len(work.failed)) == (0, [], 0)


def test_an_empty_parquet_file_and_an_empty_folder_are_no_error(tmp_path: Path) -> None:
    columns = {name: pa.array([], pa.string()) for name in ("product_id", "image", "title")}
    pq.write_table(pa.table(columns), tmp_path / "m.parquet")
    (tmp_path / "photos").mkdir()
    assert planned(tmp_path / "m.parquet").rows_in == 0
    assert planned(tmp_path / "photos").rows_in == 0


BROKEN_LINES = [
    "not json",
    '{"product_id": "p2", "image": "a.jpg", "title": "cut off',
    "[1, 2]",
    '"text"',
    "null",
    "17",
    "{}",
    "[" * 100_000,
    '{"product_id": "p2", "image": "a.jpg", "title": 12}',
    '{"product_id": "p2", "image": ["a.jpg"], "title": "x"}',
    '{"product_id": "p2", "image": "a.jpg", "title": "half \\ud83d"}',
    '{"product_id": "p2", "images": ["\\udc00.jpg"], "title": "x"}',
    '{"product_id": "p2", "image": "a.jpg", "title": "x", "images": "a.jpg|b.jpg"}',
    '{"product_id": "p2", "image": "a.jpg", "title": "x", "selling_points": [1, "x"]}',
    '{"product_id": {"a": 1}, "image": "a.jpg", "title": "x"}',
    '{"product_id": true, "image": "a.jpg", "title": "x"}',
    '{"product_id": "p2", "image": "a.jpg", "title": NaN}',
]


@pytest.mark.parametrize("line", BROKEN_LINES, ids=range(len(BROKEN_LINES)))
def test_a_broken_line_stops_no_neighbour(tmp_path: Path, line: str) -> None:
    good = [{"product_id": f"g{number}", "image": "a.jpg", "title": "好"} for number in (1, 2)]
    work = planned(written(tmp_path, "m.jsonl", lines(good[0], line, good[1])))
    assert sorted(pa.concat_tables(work.shards)["product_id"].to_pylist()) == ["g1", "g2"]
    (failed,) = work.failed.to_pylist()
    assert failed["error"]["kind"] in ("bad_row", "missing_field")
    assert failed["error"]["message"].startswith("row 2: ")
    assert failed["input_row"] == line


def test_a_line_that_is_not_utf8_is_a_bad_row(tmp_path: Path) -> None:
    line = '{"product_id": "p1", "image": "a.jpg", "title": "清爽"}'
    work = planned(written(tmp_path, "m.jsonl", line.encode() + b"\n" + line.replace("p1", "p2").encode("gbk") + b"\n"))
    assert len(work.shards) == 1
    (failed,) = work.failed.to_pylist()
    assert failed["error"]["kind"] == "bad_row"
    assert "is not JSON" in failed["error"]["message"]


def test_a_byte_order_mark_and_windows_line_ends_are_read_over(tmp_path: Path) -> None:
    for name, content in (
        ("m.csv", "\ufeffproduct_id,image,title\r\np1,a.jpg,x\r\n\r\n"),
        ("m.jsonl", '\ufeff{"product_id": "p1", "image": "a.jpg", "title": "x"}\r\n\r\n'),
    ):
        work = planned(written(tmp_path, name, content))
        assert work.shards[0]["product_id"].to_pylist() == ["p1"]
        assert len(work.failed) == 0


def test_a_csv_that_is_not_utf8_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match=r"is not UTF-8 .* save it as CSV UTF-8"):
        read(written(tmp_path, "m.csv", (HEAD + "1,a.jpg,夏日\n").encode("gbk")))


def test_a_csv_row_of_another_length_stops_no_neighbour(tmp_path: Path) -> None:
    work = planned(written(tmp_path, "m.csv", HEAD + "p1,a.jpg,x,too much\np2,a.jpg\np3,a.jpg,x\n"))
    assert work.shards[0]["product_id"].to_pylist() == ["p3"]
    assert work.failed["error"].to_pylist() == [
        {"stage": "plan", "kind": "bad_row", "message": 'row 1: ["p1", "a.jpg", "x", "too much"] is not a row of the '
         "manifest's columns; mend or remove the line"},
        {"stage": "plan", "kind": "missing_field", "message": "row 2: product \"p2\" has no title; fill 'title'"},
    ]  # fmt: skip


def test_csv_lists_are_json_or_have_bars(tmp_path: Path) -> None:
    head = "product_id,images,title,selling_points,canvases\n"
    rows = ['p1,a.jpg|b.jpg,x,"[""轻"", ""薄|软""]",1:1|3:4', "p2,a.jpg,x,[sale] cheap|good,", 'p3,a.jpg,x,"[1]",']
    table = read(written(tmp_path, "m.csv", head + "\n".join(rows)))
    work = planned(tmp_path / "m.csv")
    got = {row["row_id"]: row for shard in work.shards for row in shard.to_pylist()}
    assert table["images"].to_pylist()[0] == ["a.jpg", "b.jpg"]
    assert sorted(got) == ["p1@1080x1080", "p1@1080x1440", "p2@1080x1080"]
    assert got["p1@1080x1080"]["selling_points"] == ["轻", "薄|软"]
    assert got["p2@1080x1080"]["selling_points"] == ["[sale] cheap", "good"]
    assert work.failed["error"].to_pylist()[0]["message"] == "row 3: selling_points is [1] (list); write a list of text"


def test_csv_columns_of_the_users_own_are_inferred(tmp_path: Path) -> None:
    head = "product_id,image,title,stock,price,code,live,empty,mixed\n"
    table = read(written(tmp_path, "m.csv", head + "007,a.jpg,12,5,9.5,007,true,,1\n008,a.jpg,13,-3,,012,false,,x\n"))
    types = {field.name: str(field.type) for field in table.schema}
    assert types["product_id"] == types["title"] == types["code"] == types["mixed"] == "string"
    assert (types["stock"], types["price"], types["live"]) == ("int64", "double", "bool")
    assert table["empty"].null_count == 2
    assert table["product_id"].to_pylist() == ["007", "008"]


def test_jsonl_columns_of_the_users_own_keep_types_or_become_json(tmp_path: Path) -> None:
    base = {"product_id": "p", "image": "a.jpg", "title": "x"}
    table = read(written(tmp_path, "m.jsonl", lines(
        {**base, "n": 1, "mixed": 1, "deep": {"a": [1]}, "hollow": {}, "big": 10**30},
        {**base, "n": 2, "mixed": "one", "deep": {"b": "x"}, "hollow": {"a": []}, "big": 1},
    )))  # fmt: skip
    assert table["n"].type == pa.int64()
    assert table["deep"].to_pylist() == [{"a": [1], "b": None}, {"a": None, "b": "x"}]
    assert table["mixed"].to_pylist() == ["1", '"one"']
    assert table["hollow"].to_pylist() == ["{}", '{"a": []}']
    assert table["big"].to_pylist() == [str(10**30), "1"]
    assert table.schema.field("mixed").metadata == JSON_TEXT
    pq.write_table(table, tmp_path / "back.parquet")


_VALUES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=3)
)
_VALUES |= st.lists(st.integers(0, 9) | st.none(), max_size=2) | st.dictionaries(
    st.sampled_from("ab"), st.integers(0, 9)
)
_ALIKE = [
    st.integers(0, 9),
    st.text(max_size=3),
    st.integers(0, 9) | st.floats(0, 1),
    st.booleans(),
    st.none(),
    _VALUES,
]


@settings(deadline=None)
@given(data=st.data(), size=st.integers(1, 5), suffix=st.sampled_from(["jsonl", "csv"]))
def test_the_size_of_batches_changes_no_value_and_no_type(data: st.DataObject, size: int, suffix: str) -> None:
    values = data.draw(st.lists(st.one_of(data.draw(st.sampled_from(_ALIKE)), st.none()), max_size=8))
    rows = [{"product_id": str(i), "image": "a.jpg", "title": "x", "own": value} for i, value in enumerate(values)]
    text = io.StringIO(newline="")
    if suffix == "csv":
        writer = csv.DictWriter(text, ["product_id", "image", "title", "own"])
        writer.writeheader()
        writer.writerows([{**row, "own": str(row["own"]).lower()} for row in rows])
    else:
        text.write(lines(*rows))
    with tempfile.TemporaryDirectory() as folder:
        path = written(Path(folder), f"m.{suffix}", text.getvalue())
        whole, parted = read(path), read(path, size=size)
        assert parted.equals(whole, check_metadata=True)
        if rows and suffix == "jsonl":
            field, own = whole.schema.field("own"), whole["own"].to_pylist()
            read_back = [v and json.loads(v) for v in own] if (field.metadata or {}) == JSON_TEXT else own
            assert [_without_nulls(v) for v in read_back] == [_without_nulls(v) for v in values]
        pq.write_table(whole, Path(folder) / "back.parquet")


def _without_nulls(value: object) -> object:
    """A struct has every key of its column, with null where a row has none."""
    return {k: v for k, v in value.items() if v is not None} if isinstance(value, dict) else value


def test_parquet_columns_keep_their_types(tmp_path: Path) -> None:
    table = pa.table({
        "product_id": pa.array([17, 18]),
        "images": pa.array([["a.jpg"], ["b.jpg", None]], pa.large_list(pa.large_string())),
        "title": pa.array(["x", "y"]).dictionary_encode(),
        "when": pa.array([0, 1], pa.timestamp("ms")),
        "blob": pa.array([b"\xff", b""]),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "m.parquet")
    work = planned(tmp_path / "m.parquet")
    (shard,) = work.shards
    assert shard["product_id"].to_pylist() == ["17", "18"]
    assert shard["images"].to_pylist() == [[f"{tmp_path}/a.jpg"], [f"{tmp_path}/b.jpg"]]
    assert shard["when"].type == pa.timestamp("ms")
    assert shard["blob"].to_pylist() == [b"\xff", b""]
    assert json.loads(shard["input_row"][0].as_py())["blob"] == "/w=="  # base64, which --replay reads back


def test_a_file_that_is_not_parquet_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="is not a readable Parquet file"):
        read(written(tmp_path, "m.parquet", "<html>"))


def test_hive_like_folder_names_add_no_columns(tmp_path: Path) -> None:
    (tmp_path / "dt=2024-11-11").mkdir()
    path = tmp_path / "dt=2024-11-11" / "m.parquet"
    pq.write_table(pa.table({"product_id": ["1"], "image": ["a.jpg"], "title": ["x"]}), path)
    assert read(path).column_names == ["product_id", "image", "title"]


@pytest.mark.parametrize("suffix", ["parquet", "jsonl", "csv"])
@pytest.mark.parametrize("limit", [0, 1, 70_000, 100_000])
def test_the_limit_is_the_number_of_rows(tmp_path: Path, suffix: str, limit: int) -> None:
    rows = {name: ["x"] * 70_001 for name in ("product_id", "image", "title")}
    path = tmp_path / f"m.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.table(rows), path)
    else:
        path.write_text("x,x,x\n" * 70_001 if suffix == "csv" else lines(dict.fromkeys(rows, "x")) * 70_001)
        if suffix == "csv":
            path.write_text(HEAD + path.read_text())
    assert len(read(path, limit=limit)) == min(limit, 70_001)


def test_a_folder_of_images_is_a_manifest(tmp_path: Path) -> None:
    for name in ("nail_polish-red.JPG", "shoes/air 1+.webp", "shoes/readme.txt", "shoes/夏日_凉鞋.v2.png"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"x")
    table = read(tmp_path)
    assert table.to_pylist() == [
        {"product_id": "nail_polish-red", "image": "nail_polish-red.JPG", "title": "nail polish red"},
        {"product_id": "shoes/air 1+", "image": "shoes/air 1+.webp", "title": "air 1+"},
        {"product_id": "shoes/夏日_凉鞋.v2", "image": "shoes/夏日_凉鞋.v2.png", "title": "夏日 凉鞋.v2"},
    ]
    images = pa.concat_tables(planned(tmp_path).shards)["images"].to_pylist()
    assert sorted(path for (path,) in images) == [f"{tmp_path}/{row['image']}" for row in table.to_pylist()]
    assert len(read(tmp_path, limit=2)) == 2


def test_a_folder_of_tables_is_told_to_name_one(tmp_path: Path) -> None:
    written(tmp_path, "part-0.parquet", "x")
    with pytest.raises(ManifestError, match=r"holds no images but part-0\.parquet; name one such file"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("uri", "base"),
    [
        ("s3://shop/feed/m.parquet", "s3://shop/feed"),
        ("s3://shop/m.JSONL", "s3://shop"),
        ("s3://shop/photos/", "s3://shop/photos/"),
        ("s3://shop/photos", "s3://shop/photos"),
        ("m.csv", "."),
        ("/m.csv", "/"),
        ("data/m.csv", "data"),
    ],
)
def test_relative_paths_start_from_the_manifests_folder(uri: str, base: str) -> None:
    assert manifest.base(uri) == base


def test_all_names_that_are_wrong_are_told_at_once_with_the_setting_that_mends_them(tmp_path: Path) -> None:
    row = {"product_id": "1", "Image": "a.jpg", "title": "x", "Status": 1, "_row": 2, "code": 3, "CODE": 4, "\ud800": 5}
    with pytest.raises(ManifestError) as told:
        read(written(tmp_path, "m.jsonl", lines(json.dumps(row))))
    message = str(told.value)
    assert "lacks the columns image (or images); found product_id, Image" in message
    for name, why in (
        ("Image", "which readers that don't tell case take for 'image'"),
        ("Status", "which is the name of a result's column 'status' to readers that don't tell case"),
        ("_row", "which is the name of a result's column;"),
        ("CODE", "which readers that don't tell case take for 'code'"),
        ("\\ud800", "whose name is no Unicode"),
    ):
        assert f"has a column '{name}', {why}" in message
    assert '"Image" = "image", "Status" = "shop_status", "_row" = "shop_row", "CODE" = "shop_code"' in message


@pytest.mark.parametrize(
    "name", sorted({"accepted", "reasons", "faces", "_shard", "_attempt", "_times", "_was", "_seen"})
)
@pytest.mark.parametrize("kind", ["layouts", "annotations", "covers"])
def test_what_travels_and_what_readers_look_for_in_any_table_is_reserved(name: str, kind: JobKind) -> None:
    needed = {"layouts": ["product_id", "title", "image"], "annotations": ["image"], "covers": ["title", "cover"]}
    with pytest.raises(ManifestError, match=f"'{name}', which is the name of a result's column; rename it"):
        columns.check([*needed[kind], name], "m.csv", kind)


@pytest.mark.parametrize("suffix", ["csv", "jsonl", "parquet"])
def test_a_renamed_column_is_read_by_its_new_name_also_a_contract_column(tmp_path: Path, suffix: str) -> None:
    row = {"sku": "1", "photos": ["a.jpg", "b.jpg"], "title": "x", "Status": 7}
    path = tmp_path / f"m.{suffix}"
    if suffix == "parquet":
        pq.write_table(pa.Table.from_pylist([row]), path)
    else:
        path.write_text("sku,photos,title,Status\n1,a.jpg|b.jpg,x,7\n" if suffix == "csv" else lines(row))
    rename = {"sku": "product_id", "photos": "images", "Status": "shop_status"}
    table = read(path, rename=rename)
    names = ["product_id", "images", "title", "shop_status"]
    assert table.select(names).to_pylist() == [dict(zip(names, row.values(), strict=True))]
    with pytest.raises(ManifestError, match=r"has no column 'state', which input\.rename names; found sku"):
        read(path, rename={**rename, "state": "x"})
    with pytest.raises(ManifestError, match=r"has the column 'title' twice, once by input\.rename"):
        read(path, rename={**rename, "Status": "title"})


def test_a_renamed_mixed_column_is_written_as_its_lines_have_it(tmp_path: Path) -> None:
    base = {"product_id": "p", "image": "a.jpg", "title": "x"}
    path = written(tmp_path, "m.jsonl", lines({**base, "A": 1}, {**base, "A": 1.5}, {**base, "A": "x"}))
    assert read(path, size=1, rename={"A": "b"})["b"].to_pylist() == ["1", "1.5", '"x"']


def test_string_views_are_read_as_text_and_a_type_that_nothing_holds_is_named(tmp_path: Path) -> None:
    names = {"product_id": "a", "image": "a.jpg", "title": "x", "maker": "y"}
    pq.write_table(
        pa.table({name: pa.array([text], pa.string_view()) for name, text in names.items()}), tmp_path / "m.parquet"
    )
    assert read(tmp_path / "m.parquet").to_pylist() == [names]
    assert read(tmp_path / "m.parquet").schema.field("maker").type == pa.string()
    with pytest.raises(
        ManifestError, match=r"types that can't be carried: 'span' \(month_day_nano_interval\); write them"
    ):
        columns.check_types(pa.schema([("span", pa.month_day_nano_interval())]), "m.parquet")


def test_whole_numbers_of_a_csv_that_no_float_holds_are_kept(tmp_path: Path) -> None:
    table = read(written(tmp_path, "m.csv", f"product_id,image,title,n\n1,a.jpg,x,{2**53 + 1}\n2,a.jpg,x,0.5\n"))
    assert table["n"].to_pylist() == [str(2**53 + 1), "0.5"]
