"""Disk that a run needs follows from its rows, pictures and pools; one that lacks it is refused before it begins."""

import json
import shutil
from collections import namedtuple
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen import spill_folders
from layoutgen.config.base import Pool
from layoutgen.io.manifests import manifest
from layoutgen.io.storage import Storage
from layoutgen.runs.disk_needs import LEAST_BYTES, between_pools, check_nodes, planning, rows_of
from layoutgen.runs.job import RunError
from layoutgen.spill_folders import SpillFolder
from layoutgen.streaming import idle, shared
from tests.chaos.quick import SETTINGS
from tests.drawn import encoded, photo
from tests.runs.test_preflight import look

Usage = namedtuple("Usage", "total used free")
ROWS = 200_000
MB = 1_000_000


@pytest.fixture(scope="module")
def catalogue(tmp_path_factory: pytest.TempPathFactory) -> str:
    folder = tmp_path_factory.mktemp("catalogue")
    (folder / "vase.jpg").write_bytes(encoded(photo(48, 64)))
    ids = [f"v{number:06d}" for number in range(ROWS)]
    rows = pa.table({"product_id": ids, "image": ["vase.jpg"] * ROWS, "title": ["Stoneware vase"] * ROWS})
    pq.write_table(rows, folder / "catalogue.parquet")
    return str(folder / "catalogue.parquet")


def _first(source: str) -> pa.Table:
    return next(manifest.batches(source, Storage(), kind="layouts", limit=None, size=1000))


def _with_free(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**15, 0, count))


def test_a_temporary_folder_that_lacks_a_byte_is_refused(catalogue: str, monkeypatch: pytest.MonkeyPatch) -> None:
    needed = planning("/tmp", ROWS, _first(catalogue), 1, again=False).needed
    text_bytes = ROWS * len("v000000vase.jpgStoneware vase")
    assert LEAST_BYTES + text_bytes < needed < LEAST_BYTES + 5 * text_bytes
    output = str(Path(catalogue).parent / "out")
    _with_free(monkeypatch, needed)
    assert "about 200,000 rows are parted there by shard" in look(SETTINGS, catalogue, output)["looked_at"]["disk"]
    _with_free(monkeypatch, needed - 1)
    with pytest.raises(RunError, match=r"has .* MB free, and this run needs .* MB there .*; make room, or set TMPDIR"):
        look(SETTINGS, catalogue, output)


@pytest.mark.parametrize(("limit", "rows"), [(None, ROWS), (300, 300)])
def test_rows_of_parquet_are_counted(catalogue: str, limit: int | None, rows: int) -> None:
    assert rows_of(catalogue, Storage(), _first(catalogue), limit) == rows


@pytest.mark.parametrize("suffix", ["jsonl", "csv"])
def test_rows_of_text_are_told_from_the_first_lines(tmp_path: Path, suffix: str) -> None:
    count, source = 50_000, tmp_path / f"catalogue.{suffix}"
    rows = [{"product_id": f"v{number:06d}", "image": "vase.jpg", "title": "Vase"} for number in range(count)]
    lines = [json.dumps(row) if suffix == "jsonl" else ",".join(row.values()) for row in rows]
    source.write_text("\n".join([*([",".join(rows[0])] if suffix == "csv" else []), *lines]) + "\n")
    assert rows_of(str(source), Storage(), _first(str(source)), None) == pytest.approx(count, rel=0.01)


def test_later_nights_need_room_for_the_uris_of_their_pictures(catalogue: str) -> None:
    long = pa.table({"product_id": ["p"], "image": ["s3://shop/" + "a" * 500], "title": ["Vase"]})
    first, later = (planning("/tmp", 1000, long, 4, again=again).needed for again in (False, True))
    assert later - first > 1000 * 4 * 500


def test_what_waits_between_pools_follows_from_their_actors_and_no_more_shards_than_there_are() -> None:
    steps = [idle(name, Pool(size=2)) for name in ("load", "fetch", "annotate", "place", "write")]
    assert between_pools(steps, 1000, MB) == 2 * 2 * 5 * MB, "annotate and place have pictures"
    assert between_pools(steps, 3, MB) == 3 * MB
    assert between_pools(shared(steps, 8, 100.0), 1000, MB) == 0, "one pool hands nothing over"


def test_a_node_without_room_to_spill_is_refused_by_name(monkeypatch: pytest.MonkeyPatch) -> None:
    folders = [SpillFolder("big", "/spill", 10**12, 300 * MB), SpillFolder("small", "/spill", 225 * MB, 100 * MB)]
    monkeypatch.setattr(spill_folders, "spill_folders", lambda: folders)
    check_nodes(900 * MB)  # the small one's share is 125 MB, with 100 MB for the rest
    with pytest.raises(RunError, match=r"/spill of node small has 225 MB free, and this run needs 226 MB there .904"):
        check_nodes(904 * MB)
