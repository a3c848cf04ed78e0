"""jobs.posters on a local Ray and a real S3 server, painter and checks in stages of their own, as with GPUs, makes what
it makes in one process on a folder."""

from pathlib import Path
from typing import Any

import pytest

from layoutgen import tables
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.pipelines import run_posters
from layoutgen.runs.job import RunOptions
from layoutgen.streaming import stream
from tests.pipeline.test_posters import Shop, poster_settings

_POOL = {"pool": {"size": 1, "num_cpus": 0.1}}


@pytest.mark.usefixtures("ray_cluster")
def test_a_night_on_ray_and_s3_is_the_night_of_one_process(tmp_path: Path, s3: LocalS3) -> None:
    shop = Shop(tmp_path)
    shop.night()
    here = shop.table()
    storage = Storage()
    for file in tmp_path.glob("*.*"):
        storage.write(f"s3://shop/posters-in/{file.name}", file.read_bytes())
    small: dict[str, Any] = dict.fromkeys(("images", "annotate", "cut_out", "plan", "paint", "place", "render"), _POOL)
    on_gpu = {"pool": {**_POOL["pool"], "num_gpus": 0.5}}
    small["paint"] = {**on_gpu, "finish": _POOL["pool"], "repaint": on_gpu["pool"]}
    config = poster_settings(**small, load=_POOL, write=_POOL)
    root = "s3://shop/posters"
    summary = run_posters(config, "s3://shop/posters-in/catalogue.jsonl", root, RunOptions(), stream)
    assert (summary["published"], summary["failed"]) == (6, {})
    there = {row["product_id"]: row for row in tables.read(root).to_pylist()}
    for name, row in there.items():
        for column in ("cut_out", "product_box", "elements", "painter", "background_seed"):
            assert row[column] == here[name][column], (name, column)
        if row["background"]:
            assert row["background"]["sha256"] == here[name]["background"]["sha256"]
            assert row["background"]["uri"].startswith("s3://shop/posters/backgrounds/")
    again = run_posters(config, "s3://shop/posters-in/catalogue.jsonl", root, RunOptions(), stream)
    assert (again["unchanged"], again["computed"]) == (6, 0)
