"""The nightly job on real S3 protocol: what readers get, in the engines that they use."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import polars
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core import schema
from layoutgen.core.prompts.layouts import parse_layout
from layoutgen.demo.s3 import LocalS3
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.vlm import tiny
from layoutgen.pipelines import run_annotations, run_layouts
from layoutgen.streaming import in_process
from layoutgen.training.data.datasets import ExampleSamples
from layoutgen.training.data.sample import Sample
from layoutgen.training.examples.about import SPLITS
from layoutgen.training.examples.examples import Drop, Example, from_annotations, from_layouts
from layoutgen.training.examples.selection import select
from tests.drawn import encoded, photo
from tests.pipeline.independent_check import judge
from tests.pipeline.runs import dead, published, settings, write_manifest

pytestmark = pytest.mark.slow

PRODUCTS: list[dict[str, Any]] = [
    {
        "product_id": f"vase-{number}",
        "image": f"photos/vase {number}.jpg",
        "title": ["Hand-thrown stoneware vase", "手工拉坯粗陶花瓶"][number % 2],
        "selling_points": [["Glazed by hand", "Dishwasher safe"], ["手工上釉", "可机洗", "￥199起"]][number % 2],
        "season": "autumn",
        "stock": number,
    }
    for number in range(5)
]


@pytest.fixture(scope="module")
def run(s3: LocalS3, ray_cluster: None, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    storage = Storage()
    for number in range(5):
        storage.write(f"s3://shop/photos/vase {number}.jpg", encoded(photo(seed=number)))
    manifest = Path(write_manifest(tmp_path_factory.mktemp("manifest"), PRODUCTS))
    storage.write("s3://shop/catalogue.jsonl", manifest.read_bytes())
    config = settings(engine="ocr", canvases=("1:1", "3:4", "16:9"))
    summary = run_layouts(config, "s3://shop/catalogue.jsonl", "s3://shop/layouts")
    folder = s3.folder / "shop" / "layouts" / "snapshots" / summary["run_id"]
    return {"summary": summary, "folder": folder}


def test_every_product_has_a_layout_on_every_canvas_that_an_independent_judge_accepts(run: dict[str, Any]) -> None:
    assert run["summary"]["published"] == 15
    rows = published("s3://shop/layouts")
    assert len({row["row_id"] for row in rows}) == 15
    found = judge(rows)
    assert {name: count for name, count in found.items() if count} == {"layouts": 15}
    assert min(row["contrast"] for row in rows) >= 4.5


def test_pyarrow_reads_the_contract_and_the_users_own_columns(run: dict[str, Any]) -> None:
    table = pq.read_table(run["folder"])
    assert table.schema.names[: len(schema.LAYOUTS)] == schema.LAYOUTS.names
    assert table.schema.field("elements").type == schema.LAYOUTS.field("elements").type
    assert table.schema.names[len(schema.LAYOUTS) :] == ["season", "stock"]
    assert table.schema.field("stock").type == pa.int64()
    assert "pixels" not in table.schema.names


def test_files_have_compression_and_statistics(run: dict[str, Any]) -> None:
    for part in run["folder"].glob("*.parquet"):
        column = pq.ParquetFile(part).metadata.row_group(0).column(0)
        assert column.compression == "ZSTD"
        assert column.statistics.has_min_max


def test_duckdb_reads_elements(run: dict[str, Any]) -> None:
    query = f"""
        select count(*), min(e.font_px) from (select unnest(elements) as e from '{run["folder"]}/*.parquet')
        where e.role = 'title'
    """
    ((count, smallest),) = duckdb.sql(query).fetchall()
    assert count == 15
    assert smallest >= 13


def test_polars_reads_elements(run: dict[str, Any]) -> None:
    table = polars.read_parquet(f"{run['folder']}/*.parquet")
    titles = table.explode("elements").unnest("elements", separator=".").filter(polars.col("elements.role") == "title")
    assert len(titles) == 15
    assert titles["elements.box"].list.len().min() == 4 if titles["elements.box"].dtype == polars.List else True


def test_a_second_run_writes_the_same_rows(run: dict[str, Any]) -> None:
    before = published("s3://shop/layouts")
    config = settings(engine="ocr", canvases=("16:9", "1:1", "3:4"), rows_per_shard=4)
    run_layouts(config, "s3://shop/catalogue.jsonl", "s3://shop/again", stream=in_process)
    assert published("s3://shop/again") == before


def _samples(examples: list[Example]) -> list[Sample]:
    """Each as it is learnt, 224 px square."""
    samples = ExampleSamples(examples, Storage(), size=lambda *_: (224, 224), side=448)
    return [samples.sample(number, 0) for number in range(len(examples))]


def test_published_layouts_can_be_learnt_from(run: dict[str, Any]) -> None:
    rows = published_runs.read(Storage(), "s3://shop/layouts").to_pylist()
    assert [drop.reason for drop in from_layouts(rows) if isinstance(drop, Drop)] == ["undecided"] * 15
    found = select(from_layouts(rows, take_undecided=True), shares=(0.6, 0.2, 0.2))
    assert not found.drops
    assert len(found) == 15
    examples = [one for split in SPLITS for one in found.splits[split]]
    for example, sample in zip(examples, _samples(examples), strict=True):
        row = next(row for row in rows if row["row_id"] == example.row_id)
        assert [one.role for one in example.target] == [element["role"] for element in row["elements"]]
        assert len(parse_layout(sample.answer, example.copy)) == len(row["elements"])


def test_the_gallery_shows_every_row(run: dict[str, Any], tmp_path: Path) -> None:
    options: dict[str, Any] = {"run_id": None, "limit": 100, "side": 300, "font_files": (), "maps": True}
    page = run_gallery(Storage(), "s3://shop/layouts", str(tmp_path / "a"), **options)
    index = (tmp_path / "a" / "data" / "index.js").read_text(encoding="utf-8")
    assert page == str(tmp_path / "a" / "index.html")
    assert '"shown":[15,0]' in index
    assert Counter(path.name.split(".", 1)[1] for path in (tmp_path / "a" / "previews").iterdir()) == {
        "jpg": 15,
        "ground.jpg": 15,
        "ink.png": 15,
        "map.png": 15,
        "pixels.js": 15,
    }


def test_a_gallery_goes_from_a_snapshot_into_a_bucket(run: dict[str, Any]) -> None:
    options: dict[str, Any] = {"run_id": None, "limit": 3, "side": 300, "font_files": ()}
    assert run_gallery(Storage(), str(run["folder"]), "s3://shop/gallery", **options) == "s3://shop/gallery/index.html"
    index = Storage().read("s3://shop/gallery/data/index.js").decode()
    assert '"shown":[3,0]' in index and '"totals":[15,0]' in index
    assert len(Storage().list("s3://shop/gallery/previews")) == 12


def test_a_folder_of_images_is_an_input(s3: LocalS3, tmp_path: Path) -> None:
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "blue_vase.jpg").write_bytes(encoded(photo()))
    summary = run_layouts(settings(), str(tmp_path / "photos"), str(tmp_path / "out"), stream=in_process)
    (row,) = published(str(tmp_path / "out"))
    assert summary["published"] == 1
    assert row["title"] == "blue vase"


def test_several_images_give_the_one_that_suits_the_canvas(tmp_path: Path) -> None:
    (tmp_path / "wide.jpg").write_bytes(encoded(photo(1200, 600)))
    (tmp_path / "tall.jpg").write_bytes(encoded(photo(600, 800)))
    rows = [{"product_id": "v", "images": ["gone.jpg", "tall.jpg", "wide.jpg"], "title": "Vase"}]
    config = settings(canvases=("3:4", "16:9"))
    run_layouts(config, write_manifest(tmp_path, rows), str(tmp_path / "out"), stream=in_process)
    used = {row["canvas"]: Path(row["image"]).name for row in published(str(tmp_path / "out"))}
    assert used == {"540x720": "tall.jpg", "960x540": "wide.jpg"}


def test_the_annotation_job_reads_posters(tmp_path: Path) -> None:
    from layoutgen.config.base import Pool
    from layoutgen.config.jobs import AnnotateConfig, InputSettings, RunSettings
    from layoutgen.config.stages import AnnotateSettings, ImagesSettings, WriteSettings
    from layoutgen.imaging import fonts

    pool = Pool(num_cpus=0.4)
    poster = photo(600, 800)
    from PIL import ImageDraw, ImageFont

    ImageDraw.Draw(poster).text((60, 60), "夏日新品上市", font=ImageFont.truetype(fonts.SIMPLIFIED, 64), fill="#1c1c1e")
    (tmp_path / "posters").mkdir()
    (tmp_path / "posters" / "one.png").write_bytes(encoded(poster, "PNG"))
    (tmp_path / "posters" / "two.jpg").write_bytes(b"not an image")
    config = AnnotateConfig(
        run=RunSettings(max_failed_fraction=1.0),
        input=InputSettings(),
        images=ImagesSettings(side=1280, pool=pool),
        annotate=AnnotateSettings(pool=pool),
        write=WriteSettings(pool=pool),
    )
    summary = run_annotations(config, str(tmp_path / "posters"), str(tmp_path / "out"), stream=in_process)
    assert (summary["rows_in"], summary["computed"], summary["dead_letters"]) == (2, 1, 1)
    (row,) = published_runs.read(Storage(), str(tmp_path / "out")).to_pylist()
    assert [line["text"] for line in row["text_lines"] if line["placed"]] == ["夏日新品上市"]
    assert '"主标题"' in row["annotation_json"]
    (example,) = from_annotations([row])
    assert isinstance(example, Example)
    assert (example.copy.title, len(example.erased)) == ("夏日新品上市", 1)
    (shown,) = _samples([example])
    left, top, right, bottom = (round(224 * side) for side in example.erased[0])
    assert shown.pixels[top:bottom, left:right].min() > 120, "the dark text is not in the picture that is learnt from"
    assert dead(str(tmp_path / "out"), summary["run_id"])[0]["kind"] == "not_an_image"


def radm_job(tmp_path: Path, **compose: Any) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The summary and the rows of a run with a tiny network, of a product that it can read and of one that it can't."""
    from layoutgen.models.denoising.boxes import checkpoint, network, sizes

    size = replace(sizes.SMALL, side=64, widths=(8, 16, 24, 32), width=32, text=24, heads=2)
    checkpoint.save(network.build(size), tmp_path / "radm")
    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    rows = [
        {"product_id": "v", "image": "vase.jpg", "title": "Stoneware vase", "selling_points": ["手工上釉"]},
        {"product_id": "w", "image": "vase.jpg", "title": "Vase", "selling_points": [f"point {k}" for k in range(40)]},
    ]
    told = {"model": str(tmp_path / "radm"), "steps": 2, "pool": {"num_cpus": 0.4}, **compose}
    source, output = write_manifest(tmp_path, rows), str(tmp_path / "out")
    summary = run_layouts(settings(compose=told), source, output, stream=in_process)
    return summary, published(str(tmp_path / "out"))


def test_the_composer_that_denoises_boxes_runs_in_the_job(tmp_path: Path) -> None:
    summary, (row,) = radm_job(tmp_path, engine="radm")
    assert row["composer"].startswith("radm-7")
    assert {element["text"] for element in row["elements"]} >= {"Stoneware vase", "手工上釉"}
    assert dead(str(tmp_path / "out"), summary["run_id"])[0]["kind"] == "copy_too_long"


def test_an_ensemble_runs_in_the_job_and_notes_whose_layouts_it_took(tmp_path: Path) -> None:
    _, rows = radm_job(tmp_path, engine="ensemble", members=["radm"])
    assert [row["product_id"] for row in rows] == ["v", "w"], "what the network can't read the rules lay out"
    for row in rows:
        assert row["composer"].startswith("ensemble-3 + rules-") and " + radm-7 " in row["composer"]
        assert sum(note.startswith("proposed by ") for note in row["notes"]) == 1


def test_the_qwen_vl_composer_runs_in_the_job_with_its_adapter(tmp_path: Path) -> None:
    base = tmp_path / "base"
    tiny.build_checkpoint("qwen2_5_vl", base)
    tiny.build_adapter(base, tmp_path / "adapter", max_side=112)
    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    rows = [{"product_id": "v", "image": "vase.jpg", "title": "Stoneware vase", "selling_points": ["手工上釉"]}]
    compose = {
        "engine": "qwen_vl",
        "model": str(base),
        "adapter": str(tmp_path / "adapter"),
        "image_side": 112,
        "pool": {"num_cpus": 0.4},
        "prepare": {"num_cpus": 0.1},
    }
    source, output = write_manifest(tmp_path, rows), str(tmp_path / "out")
    run_layouts(settings(compose=compose), source, output, stream=in_process)
    (row,) = published(str(tmp_path / "out"))
    assert row["composer"].startswith("qwen2_5_vl")
    assert row["adapter"].startswith(str(tmp_path / "adapter"))
    assert row["prompt_version"] == "layout-1"
    assert row["answer"].startswith("[")
    found = judge([row])
    assert {name: count for name, count in found.items() if count} == {"layouts": 1}
