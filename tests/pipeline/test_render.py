"""jobs.render on Ray's actor pools, from a table on S3 to files on S3: the bytes that one process makes."""

import hashlib
import io
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from jobs import render
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.streaming import Stream, in_process, stream
from tests.chaos.quick import night
from tests.runs.test_pictures import OFF, Shop

pytestmark = pytest.mark.usefixtures("ray_cluster")

TABLE = "s3://shop/rendered-table"
FORMATS = "webp,svg,psd"
SETTINGS = """
[run]
rows_per_shard = 2
max_failed_fraction = 0.5
[storage]
attempts = 2
[render]
pool = { size = 2, num_cpus = 0.5 }
"""


@pytest.fixture
def table(tmp_path: Path, s3: LocalS3) -> str:
    """A published table on S3 whose photos are there, too; one of them is gone since."""
    shop, storage = Shop(tmp_path), Storage()
    for name in (*(str(row["image"]) for row in shop.rows), Path(shop.manifest()).name):
        storage.write(f"s3://shop/rendered/{name}", (tmp_path / name).read_bytes())
    night("s3://shop/rendered/catalogue.jsonl", TABLE, None, OFF)
    storage.delete("s3://shop/rendered/3.jpg")
    return TABLE


def run(folder: Path, output: str, how: Stream, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, Any]]:
    (folder / "render.toml").write_text(SETTINGS)
    asked = ["--layouts", TABLE, "--output", output, "--formats", FORMATS, "--config", str(folder / "render.toml")]
    code = render.main(asked, how)
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def written(output: str) -> dict[tuple[str, str | None], tuple[Any, ...]]:
    """What the job's table says of each file; what lies in storage is what it says."""
    storage, lines = Storage(), []
    for part in storage.list(f"{output}/table"):
        lines += pq.read_table(io.BytesIO(storage.read(part))).to_pylist()
    for line in lines:
        if line["uri"]:
            data = storage.read(line["uri"])
            assert (hashlib.sha256(data).hexdigest(), len(data)) == (line["sha256"], line["bytes"])
    return {
        (line["row_id"], line["format"]): (
            line["uri"] and line["uri"].removeprefix(output),
            line["sha256"],
            line["kind"],
        )
        for line in lines
    }


def test_on_ray_and_s3_files_are_those_that_one_process_makes_and_the_same_command_goes_on(
    table: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code, summary = run(tmp_path, "s3://shop/on-ray", stream, capsys)
    assert (code, summary["files"]) == (0, {"webp": 3, "svg": 3, "psd": 3})
    assert (summary["rows"], summary["failed"], summary["resumed"]) == (4, {"not_found": 1}, 0)
    assert run(tmp_path, "s3://shop/here", in_process, capsys)[0] == 0
    assert written("s3://shop/on-ray") == written("s3://shop/here")
    storage = Storage()
    versions = [*storage.list("s3://shop/on-ray/files")]
    before = storage.versions(versions)
    assert run(tmp_path, "s3://shop/on-ray", stream, capsys)[1]["resumed"] == 4
    assert storage.versions(versions) == before and len(versions) == 9
