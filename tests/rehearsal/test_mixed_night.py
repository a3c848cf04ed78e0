"""One night as a cluster has it, whose GPU node is lost in the midst: the table is that of an undisturbed run here."""

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import ImageDraw, ImageFont

from layoutgen import tables
from layoutgen.config.base import load
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.demo.s3 import LocalS3
from layoutgen.imaging import fonts
from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.models.vlm import tiny
from layoutgen.models.weights import weights_sha
from layoutgen.pipelines import run_layouts
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.imaging.test_video import clip
from tests.rehearsal.__main__ import VOLATILE
from tests.rehearsal.cluster import Cluster
from tests.rehearsal.settings import scaled
from tests.rehearsal.shop import converted_internvl2

pytestmark = pytest.mark.ray

SHOP = "s3://shop/mixed"
SIDE = 112
PRODUCTS = (
    {"product_id": "poster-0", "image": "0.jpg", "title": "静音破壁机", "selling_points": ["到手价￥199"]},
    {"product_id": "poster-1", "image": "1.jpg", "title": "Stoneware vase"},
    {"product_id": "ad", "image": "2.jpg", "title": "静音破壁机", "application": "marketing"},
    {"product_id": "cover", "image": "3.jpg", "title": "三分钟学会", "application": "video_cover"},
    {"product_id": "clip", "video": "walk.mp4", "title": "三分钟学会", "application": "video_cover"},
    {"product_id": "gone", "image": "gone.jpg", "title": "Stoneware vase"},
)


class Shop:
    """A bucket with products, a converted InternVL2, a Qwen2.5-VL, and an adapter of it that serves as `layouts`."""

    def __init__(self, folder: Path) -> None:
        self.storage = Storage()
        files = {f"{number}.jpg": encoded(photo(160, 200, seed=number)) for number in (0, 2, 3)}
        picture = photo(320, 400, seed=1)
        font = ImageFont.truetype(fonts.KOREAN, 44)
        ImageDraw.Draw(picture).text((30, 30), "Autumn sale", font=font, fill=(20, 20, 20))
        files |= {"1.jpg": encoded(picture), "walk.mp4": clip(count=24, size=(160, 96))}
        files["products.jsonl"] = "".join(json.dumps(row) + "\n" for row in PRODUCTS).encode()
        for name, content in files.items():
            self.storage.write(f"{SHOP}/{name}", content)
        base = tiny.build_checkpoint("qwen2_5_vl", folder / "qwen2.5-vl")
        adapter = tiny.build_adapter(base, folder / "adapter", max_side=SIDE)
        self.shas = {"adapter": weights_sha(adapter)}
        for model in (base, converted_internvl2(folder)):
            self.shas[model.name] = weights_sha(model)
            for path in model.iterdir():
                self.storage.write(f"{SHOP}/models/{model.name}/{path.name}", path.read_bytes())
        registry = AdapterRegistry(self.storage, f"{SHOP}/adapters")
        registry.add("layouts", "of-today", adapter, {})
        registry.swap("layouts", "of-today", registry.serving("layouts"), "promote", "a test")

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Rows and dead letters of a table, without what differs from run to run."""
        found = [
            {name: value for name, value in row.items() if name not in VOLATILE}
            for dead_letters in (False, True)
            for row in tables.read(f"{SHOP}/{table}", dead_letters=dead_letters).to_pylist()
        ]
        return sorted(found, key=lambda row: row["row_id"])


def settings(folder: Path) -> str:
    """Those of the cluster with an actor in each pool and tiny models."""
    model = {"device": "cpu", "dtype": "float32", "cache": str(folder / "cache"), "image_side": SIDE, "batch": 4}
    gpu = {"size": 1, "num_cpus": 1.0, "num_gpus": 0.5}
    changes = {
        "run": {"rows_per_shard": 3, "autoscaling": False, "nodes": [], "max_failed_fraction": 0.3},
        "input": {"canvases": ["3:4"], "short_side": 540},
        "marketing": {"canvases": ["320x180"]},
        "cover": {"canvases": ["1:1"]},
        "annotate": model
        | {"engine": "grounded", "model": f"{SHOP}/models/internvl2", "ground": gpu, "max_new_tokens": 512},
        "compose": model
        | {"model": f"{SHOP}/models/qwen2.5-vl", "registry": f"{SHOP}/adapters", "pool": gpu, "max_new_tokens": 768},
        "protect": {"engine": "none", "model": "", "device": "cpu", "faces": "", "saliency": {"model": "border"}},
        "repair": {"anew": False},  # by the rules, and this night is about the models
    }
    return scaled("layouts.cluster.toml", folder / "night.toml", changes)


@pytest.fixture(scope="module")
def night(s3: LocalS3, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The night on the cluster with its summary, and the table of the same night in this process."""
    folder = tmp_path_factory.mktemp("night")
    shop = Shop(folder)
    config, source = settings(folder), f"{SHOP}/products.jsonl"
    cluster = Cluster(folder / "cluster", s3.environment(), head={"num_cpus": 64, "memory": 200 * 10**9}, nodes=1)
    try:
        cluster.stop_at("during_compose")
        command = ("--input", source, "--output", f"{SHOP}/layouts", "--config", config)
        submission = cluster.submit("night", "jobs.layouts", *command)
        before = cluster.alive()
        cluster.lose_node_of(cluster.stopped_at("during_compose", submission))
        summary = submission.end()
        nodes = cluster.alive()
    finally:
        cluster.stop()
    run_layouts(load(LayoutsConfig, config), source, f"{SHOP}/undisturbed", stream=in_process)
    return {"summary": summary, "shop": shop, "lost": before - nodes}


def test_the_table_is_that_of_an_undisturbed_run(night: dict[str, Any]) -> None:
    rows = night["shop"].rows("layouts")
    assert len({row["row_id"] for row in rows}) == len(PRODUCTS)
    assert rows == night["shop"].rows("undisturbed")


def test_every_row_is_counted_though_a_node_was_lost(night: dict[str, Any]) -> None:
    summary = night["summary"]
    assert summary["applications"] == {"marketing": 1, "poster": 2, "video_cover": 2}
    assert (summary["rows_in"], summary["computed"], summary["failed"]) == (6, 5, {"fetch": {"not_found": 1}})
    assert summary["current"]
    assert len(night["lost"]) == 1


def test_each_row_names_its_models_with_their_shas(night: dict[str, Any]) -> None:
    shas = {name: sha[:12] for name, sha in night["shop"].shas.items()}
    rows = {row["product_id"]: row for row in tables.read(f"{SHOP}/layouts").to_pylist()}
    for name in ("poster-0", "poster-1", "ad"):
        assert rows[name]["adapter"] == f"{SHOP}/adapters/layouts/of-today {shas['adapter']}"
        assert rows[name]["composer"] == f"qwen2_5_vl {SHOP}/models/qwen2.5-vl {shas['qwen2.5-vl']}"
    assert rows["cover"]["adapter"] is rows["clip"]["adapter"] is None
    read = f"internvl {SHOP}/models/internvl2 {shas['internvl2']}"
    assert [name for name, row in rows.items() if row["annotator"].startswith(read)] == ["poster-1"]
