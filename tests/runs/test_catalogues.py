"""Published snapshots are what Iceberg and Delta tables show, whoever reads them; a catalogue that fails changes
nothing for readers, and is told later."""

import importlib.util
import io
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from deltalake import DeltaTable
from pyiceberg.catalog import load_catalog
from pyiceberg.table import Table as IcebergTable
from pyiceberg.utils.config import Config

from jobs import maintain
from layoutgen import tables
from layoutgen.config.base import ConfigError, load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.errors import Refusal
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from tests.chaos.quick import SETTINGS, Crash
from tests.runs.test_run import Table, after

NAMED = {"catalog": "shop", "table": "catalogue.layouts"}


@pytest.fixture
def table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Table:
    monkeypatch.setenv("PYICEBERG_CATALOG__SHOP__URI", f"sqlite:///{tmp_path}/catalogue.db")
    monkeypatch.setenv("PYICEBERG_CATALOG__SHOP__WAREHOUSE", f"file://{tmp_path}/warehouse")
    return Table(tmp_path, 6)


def publishing(**values: Any) -> LayoutsConfig:
    own = {"run": SETTINGS.run.model_dump() | {"rows_per_shard": 3}, "publish": values}
    return LayoutsConfig.model_validate(SETTINGS.model_dump() | own)


BOTH = publishing(iceberg=NAMED, delta=True)


def iceberg(**properties: str) -> IcebergTable:
    configured = Config().get_catalog_config("shop") or {}
    return load_catalog("shop", **{**configured, **properties}).load_table("catalogue.layouts")


def plain(rows: pa.Table) -> list[dict[str, Any]]:
    """Rows as Python values, in the order of their keys. A missing list of structs is an empty one: PyIceberg's reader
    does not tell them apart."""
    ordered = rows.sort_by("row_id").to_pylist()
    structs = [field.name for field in rows.schema if _has_structs(field.type)]
    return [dict(sorted((row | {name: row[name] or [] for name in structs}).items())) for row in ordered]


def _has_structs(kind: pa.DataType) -> bool:
    return (pa.types.is_list(kind) or pa.types.is_large_list(kind)) and pa.types.is_struct(kind.value_type)


def read_by_all(table: Table) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """The newest snapshot as each engine has it from its catalogue."""
    yield "pyiceberg", plain(iceberg().scan().to_arrow())
    yield "polars, iceberg", plain(pl.scan_iceberg(iceberg(), reader_override="pyiceberg").collect().to_arrow())
    yield "duckdb, iceberg", plain(in_duckdb(f"from iceberg_scan('{iceberg().metadata_location}')"))
    delta = DeltaTable(table.root)
    yield "delta-rs", plain(delta.to_pyarrow_table())
    yield "polars, delta", plain(pl.read_delta(str(table.root), use_pyarrow=True).to_arrow())


def in_duckdb(query: str) -> pa.Table:
    """A query with the Iceberg extension, in UTC, as the table's times are."""
    with duckdb.connect(config={"allow_unsigned_extensions": "true"}) as connection:
        for name in ("avro", "iceberg"):
            spec = importlib.util.find_spec(f"duckdb_extension_{name}")
            assert spec is not None and spec.submodule_search_locations
            (extension,) = Path(spec.submodule_search_locations[0]).rglob("*.duckdb_extension")
            connection.execute(f"load '{extension}'")
        connection.execute("set timezone = 'UTC'")
        return connection.sql(query).to_arrow_table()


def test_every_engine_reads_the_published_rows_with_their_nested_fields(table: Table) -> None:
    summary = table.night(config=BOTH, run_id="a")
    assert summary["catalogues"] == {"iceberg": "committed a", "delta": "committed a"}
    wanted = plain(tables.read(str(table.root)))
    assert wanted[0]["elements"][0]["box"]
    for engine, rows in read_by_all(table):
        assert rows == wanted, engine


def test_each_night_is_a_commit_and_time_travel_shows_what_its_readers_saw(table: Table) -> None:
    for run_id in "abc":
        table.rows[0]["title"] = f"Night {run_id}"
        if run_id != "a":
            table.rows[1]["stock"] = 7
        table.rows = table.rows[: 7 - ord(run_id) + ord("a")]
        table.night(config=BOTH, run_id=run_id)
    commits = iceberg().snapshots()
    assert [commit.summary["layoutgen.run_id"] for commit in commits] == ["a", "b", "c"]
    assert commits[-1].summary["layoutgen.changes.delete"] == "1"
    for version, commit in enumerate(commits):
        read = tables.read(str(table.root), run_id="abc"[version])
        for past in (
            iceberg().scan(snapshot_id=commit.snapshot_id).to_arrow(),
            DeltaTable(table.root, version=version).to_pyarrow_table(),
        ):
            assert plain(past) == plain(read)


def test_a_catalogue_that_fails_unpublishes_nothing_and_is_told_later(
    table: Table, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    table.night(config=BOTH, run_id="a")
    with monkeypatch.context() as broken:
        broken.setenv("PYICEBERG_CATALOG__SHOP__URI", "sqlite:////no/such/folder/catalogue.db")
        for run_id in "bc":
            table.rows[0]["title"] = f"Night {run_id}"
            summary = table.night(config=BOTH, run_id=run_id)
            assert summary["current"]
            assert summary["catalogues"]["iceberg"].startswith("failed: ")
            assert summary["catalogues"]["delta"] == f"committed {run_id}"
        assert maintain.main(["--output", str(table.root)]) == 1
        assert "unable to open database file" in capsys.readouterr().err
    assert iceberg().scan().to_arrow().num_rows == 6
    assert maintain.main(["--output", str(table.root)]) == 0
    assert '"iceberg": "committed b, c"' in capsys.readouterr().err
    assert plain(iceberg().scan().to_arrow()) == plain(tables.read(str(table.root)))
    assert maintain.main(["--output", str(table.root)]) == 0
    assert '"iceberg": "has c"' in capsys.readouterr().err


@pytest.mark.parametrize(("point", "time"), [("before_commit", 1), ("after_commit", 1), ("after_commit", 2)])
def test_a_driver_that_dies_between_catalogues_has_published_and_the_next_goes_on(
    table: Table, point: str, time: int
) -> None:
    table.night(config=BOTH, run_id="a")
    table.rows[0]["title"] = "New"
    with pytest.raises(Crash):
        table.night(after(point, time), config=BOTH, run_id="b")
    assert published_runs.current(Storage(), str(table.root)) == "b"
    table.night(config=BOTH, run_id="c")
    assert plain(iceberg().scan().to_arrow()) == plain(tables.read(str(table.root)))
    assert [commit.summary["layoutgen.run_id"] for commit in iceberg().snapshots()] == ["a", "b", "c"]
    assert [entry["layoutgen.run_id"] for entry in DeltaTable(table.root).history()] == ["c", "b", "a"]


def test_no_clean_up_of_theirs_deletes_our_files_and_ours_expires_their_commits(table: Table) -> None:
    for run_id in "abc":
        table.rows[0]["title"] = f"Night {run_id}"
        table.night(config=BOTH, run_id=run_id)
    ours = sorted(table.root.rglob("*.parquet"))
    oldest = iceberg().snapshots()[0].snapshot_id
    iceberg().maintenance.expire_snapshots().by_id(oldest).commit()
    DeltaTable(table.root).vacuum(retention_hours=None, dry_run=False)
    assert sorted(table.root.rglob("*.parquet")) == ours
    assert maintain.main(["--output", str(table.root), "--keep", "1", "--grace-hours", "0"]) == 0
    assert [commit.summary["layoutgen.run_id"] for commit in iceberg().snapshots()] == ["c"]
    assert plain(iceberg().scan().to_arrow()) == plain(tables.read(str(table.root)))


def test_an_erased_product_is_in_no_byte_of_icebergs_metadata(table: Table, tmp_path: Path) -> None:
    config = publishing(iceberg=NAMED)
    for i in range(6):
        table.rows[i]["title"] = f"Quxi{i}frabble"
    table.night(config=config, run_id="a")
    table.rows[0]["title"] = "Quxi0frabble again"
    table.night(config=config, run_id="b")
    assert maintain.main(["erase", "--output", str(table.root), "--product", "p0", "p5"]) == 0
    assert {row["product_id"] for row in iceberg().scan().to_arrow().to_pylist()} == {"p1", "p2", "p3", "p4"}
    metadata = [path for path in (tmp_path / "warehouse").rglob("*") if path.is_file()]
    texts = {path.name: b"".join(unpacked(path.read_bytes())) for path in metadata}
    assert {path.suffix for path in metadata} == {".json", ".avro"}
    assert any(b"part-00000.parquet" in text for text in texts.values()), "Avro is unpacked"
    words = (b"Quxi", b"p0@", b"p5@", b"p1@")
    assert [(name, word) for name, text in texts.items() for word in words if word in text] == []


def unpacked(data: bytes) -> Iterator[bytes]:
    """A file's bytes; of Avro also its blocks, inflated. Source: https://avro.apache.org/docs/1.12.0/specification/."""
    yield data
    if not data.startswith(b"Obj\x01"):
        return
    file = io.BytesIO(data[4:])

    def number() -> int:
        shift = value = 0
        while (byte := file.read(1)[0]) & 0x80:
            value |= (byte & 0x7F) << shift
            shift += 7
        value |= byte << shift
        return (value >> 1) ^ -(value & 1)

    codec = b"null"
    while count := number():
        for _ in range(abs(count)):
            key, value = file.read(number()), file.read(number())
            codec = value if key == b"avro.codec" else codec
    assert codec in (b"null", b"deflate")
    file.read(16)
    while file.tell() < len(data) - 4:
        number()
        block = file.read(number())
        yield zlib.decompress(block, -15) if codec == b"deflate" else block
        file.read(16)


def test_a_column_of_another_type_is_a_new_one_there(table: Table) -> None:
    for stock in (1, 2.5):
        table.rows[1]["stock"] = stock
        table.night(config=BOTH)
    (read,) = (row["stock"] for row in iceberg().scan().to_arrow().to_pylist() if row["product_id"] == "p1")
    assert read == 2.5


def test_a_parted_copy_has_every_row_once_in_the_folder_of_its_value(table: Table) -> None:
    for i, category in enumerate(["Dress", "Shoes/男", None, "Dress", "007", "Dress"]):
        table.rows[i]["category"] = category
    config = publishing(iceberg=NAMED, delta=True, partition_by="category")
    summary = table.night(config=config, run_id="a")
    assert summary["catalogues"]["partitions"] == "5 files by category"
    folder = table.root / "partitioned" / "a"
    names = {path.parent.name for path in folder.rglob("*.parquet")}
    assert names == {
        "category=Dress",
        "category=Shoes%2F男",
        "category=007",
        "category=__HIVE_DEFAULT_PARTITION__",
    }
    wanted = plain(tables.read(str(table.root)))
    hive = ds.partitioning(pa.schema([("category", pa.string())]), flavor="hive")
    read = ds.dataset(folder, format="parquet", partitioning=hive, exclude_invalid_files=False)
    assert plain(read.to_table()) == wanted
    (count,) = duckdb.sql(
        f"select count(*) from read_parquet('{folder}/*/*.parquet', hive_partitioning = true, "
        "hive_types = {'category': varchar}) where category = 'Dress'"
    ).fetchone() or (None,)
    assert count == 3
    assert all(rows == wanted for _, rows in read_by_all(table))
    assert iceberg().spec().fields[0].name == "category"
    assert DeltaTable(table.root).metadata().partition_columns == ["category"]
    assert len(list(iceberg().scan(row_filter="category == 'Dress'").plan_files())) == 2
    table.night(config=BOTH, run_id="b")  # and not parted any more
    assert not iceberg().spec().fields
    assert all(rows == wanted for _, rows in read_by_all(table))
    assert maintain.main(["--output", str(table.root), "--keep", "1", "--grace-hours", "0"]) == 0
    assert not folder.exists()


def test_a_night_that_publishes_nothing_tells_no_catalogue(table: Table) -> None:
    table.night(config=BOTH, run_id="a")
    table.rows = table.rows[:5]
    most = BOTH.model_dump() | {"expect": {"min_rows": 6}}
    refused = table.night(config=LayoutsConfig.model_validate(most), run_id="b")
    assert not refused["current"]
    assert "catalogues" not in refused
    assert [commit.summary["layoutgen.run_id"] for commit in iceberg().snapshots()] == ["a"]


def test_what_is_wrong_with_the_settings_is_said_before_the_night(
    tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.toml"
    file.write_text('[publish]\niceberg = {catalog = "shop", table = "layouts"}\n')
    with pytest.raises(ConfigError, match=r"'layouts' has no namespace; write `namespace\.name`"):
        load(LayoutsConfig, file)
    monkeypatch.setitem(__import__("sys").modules, "deltalake", None)
    with pytest.raises(Refusal, match=r"deltalake is not installed; install layoutgen\[delta\]"):
        table.night(config=BOTH)
    assert not (table.root / "CURRENT").exists()


def test_on_object_storage_catalogues_have_the_same_rows(
    table: Table, s3: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYICEBERG_CATALOG__SHOP__WAREHOUSE", "s3://shop/warehouse")
    monkeypatch.setattr(table, "root", "s3://shop/in-catalogues")
    summary = table.night(config=publishing(iceberg=NAMED, delta=True, partition_by="canvas"))
    assert summary["catalogues"]["iceberg"] == f"committed {summary['run_id']}"
    wanted = plain(tables.read("s3://shop/in-catalogues"))
    endpoint = Storage().endpoint.url
    assert plain(iceberg(**{"s3.endpoint": endpoint}).scan().to_arrow()) == wanted
    told = {"AWS_ENDPOINT_URL": endpoint, "AWS_ALLOW_HTTP": "true"}
    files = DeltaTable("s3://shop/in-catalogues", storage_options=told).file_uris()
    parts = [pq.read_table(io.BytesIO(Storage().read(uri))) for uri in files]  # the embedded server lacks some ranges
    assert plain(pa.concat_tables(parts)) == wanted


def test_a_catalogue_without_an_address_is_named(table: Table) -> None:
    nowhere = publishing(iceberg={"catalog": "nowhere", "table": "catalogue.layouts"})
    summary = table.night(config=nowhere)
    assert "PyIceberg has no catalogue of this name" in summary["catalogues"]["iceberg"]
    assert "PYICEBERG_CATALOG__NOWHERE__URI" in summary["catalogues"]["iceberg"]


def test_after_an_erasure_catalogues_have_the_table_without_the_product_alone(table: Table) -> None:
    for number in range(2):
        table.rows[1]["title"] = f"Vase {number}"
        table.night(config=BOTH)
    assert len(iceberg().snapshots()) == 2
    assert maintain.main(["erase", "--output", str(table.root), "--product", "p1"]) == 0
    for engine, rows in read_by_all(table):
        assert rows == plain(tables.read(str(table.root))), engine
        assert {row["product_id"] for row in rows} == {"p0", "p2", "p3", "p4", "p5"}
    assert len(iceberg().snapshots()) == 1, "those of files that are others now are expired"
