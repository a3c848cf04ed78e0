"""One night for posters, marketing and covers: one run, one table, each row laid out as its application says."""

import json
from pathlib import Path
from typing import Any

import pytest

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import WHOLE, RunOptions
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.imaging.test_video import clip
from tests.pipeline.runs import published, settings, write_manifest

pytestmark = pytest.mark.slow

AD, COVER = {"application": "marketing"}, {"application": "video_cover"}
POINTS = ["轻至 187 克", "到手价￥199", "立即购买"]


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a manifest of every application, and two rows that can't be laid out."""
    folder = tmp_path_factory.mktemp("shop")
    for number in range(4):
        (folder / f"{number}.jpg").write_bytes(encoded(photo(160, 120, seed=number)))
    (folder / "walk.mp4").write_bytes(clip(count=24, size=(160, 96)))
    rows: list[dict[str, Any]] = [
        {"product_id": "poster", "image": "0.jpg", "title": "静音破壁机", "selling_points": POINTS},
        {
            "product_id": "ad",
            "image": "1.jpg",
            "title": "静音破壁机",
            "selling_points": POINTS,
            "application": "marketing",
        },
        {
            "product_id": "cover",
            "image": "2.jpg",
            "title": "三分钟学会",
            "application": "video_cover",
            "stickers": ["新品"],
        },
        {"product_id": "clip", "video": "walk.mp4", "title": "三分钟学会", "application": "video_cover"},
        {"product_id": "both", "image": "3.jpg", "video": "walk.mp4", "title": "静音破壁机"},
        {"product_id": "lost", "video": "walk.mp4", "title": "静音破壁机"},
        {"product_id": "odd", "image": "0.jpg", "title": "静音破壁机", "application": "banner"},
    ]
    write_manifest(folder, rows)
    return folder


def config(**other: Any) -> LayoutsConfig:
    sections: dict[str, Any] = {
        "marketing": {"canvases": ["320x180"], "first": ["price", "call_to_action"]},
        "protect": {"engine": "none", "faces": "", "saliency": {"model": "border"}},
        "cover": {"canvases": ["3:4", "16:9"]},
    }
    return settings(**{**sections, **other})


def night(shop: Path, output: Path, options: RunOptions = WHOLE, **other: Any) -> dict[str, Any]:
    return run_layouts(config(**other), str(shop / "catalogue.jsonl"), str(output), options, in_process)


def by_product(output: Path) -> dict[str, list[dict[str, Any]]]:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in published(str(output)):
        rows.setdefault(row["product_id"], []).append(row)
    return rows


def test_each_row_is_laid_out_as_its_application_says(shop: Path, tmp_path: Path) -> None:
    summary = night(shop, tmp_path)
    assert summary["applications"] == {"marketing": 1, "poster": 2, "video_cover": 4}
    assert summary["rows_in"] == summary["published"] + summary["dead_letters"] == 9
    assert summary["failed"] == {"plan": {"bad_row": 2}}
    rows = by_product(tmp_path)
    (poster,), (ad,) = rows["poster"], rows["ad"]
    assert (poster["canvas"], ad["canvas"]) == ("540x540", "320x180")
    assert poster["composer"] == ad["composer"] != rows["cover"][0]["composer"]
    assert poster["accepted"] is poster["faces"] is poster["video"] is None
    assert [row["canvas"] for row in rows["cover"]] == ["540x720", "960x540"]
    for row in (*rows["cover"], *rows["clip"]):
        assert row["suggestion"] == [] and row["accepted"] is not None and row["reasons"] is not None
        assert any(element["role"] == "title" for element in row["elements"])
    assert any(element["text"] == "新品" for element in rows["cover"][0]["elements"])
    assert rows["clip"][0]["video"].endswith("walk.mp4") and rows["clip"][0]["frame_s"] is not None
    assert rows["cover"][0]["video"] is rows["cover"][0]["frame_s"] is None
    assert [note for note in rows["both"][0]["notes"] if "video" in note] == [
        'video "walk.mp4" is not shown: the row is no video_cover'
    ]
    letters = published_runs.read(Storage(), str(tmp_path), None, "dead_letters").to_pylist()
    assert {row["product_id"]: row["message"].partition(": ")[2][:24] for row in letters} == {
        "lost": 'the row has a video, "wa',
        "odd": 'application is "banner";',
    }


def test_marketing_says_the_price_and_what_to_do_before_all_else(shop: Path, tmp_path: Path) -> None:
    night(shop, tmp_path)
    rows = by_product(tmp_path)
    order = {name: [s["text"] for s in rows[name][0]["suggestion"] if s["text"] in POINTS] for name in ("poster", "ad")}
    assert order["ad"].index("立即购买") < order["ad"].index("轻至 187 克")
    assert order["poster"].index("轻至 187 克") < order["poster"].index("立即购买")


def test_nothing_is_placed_where_the_platform_lays_its_own(shop: Path, tmp_path: Path) -> None:
    left, top, right, bottom = zone = (0.0, 0.0, 0.45, 1.0)
    ways = {"marketing": {"canvases": ["1:1", "16:9"], "zones": {"1:1": {"badge": zone}, "16:9": {"badge": zone}}}}
    night(shop, tmp_path, **ways)
    for row in by_product(tmp_path)["ad"]:
        assert row["elements"]
        for element in (e for e in row["elements"] if e["text"]):
            x1, y1, x2, y2 = element["box"]
            assert min(x2, right) - max(x1, left) <= 1e-3 or min(y2, bottom) - max(y1, top) <= 1e-3, element


def test_settings_of_covers_compute_covers_anew_and_no_other_row(shop: Path, tmp_path: Path) -> None:
    night(shop, tmp_path)
    before = by_product(tmp_path)
    second = night(shop, tmp_path, cover={"canvases": ["3:4", "16:9"], "max_font": 0.08})
    assert (second["computed"], second["unchanged"], second["dead_letters"]) == (4, 3, 2)
    after = by_product(tmp_path)
    assert {name: rows == before[name] for name, rows in after.items() if name in ("poster", "ad", "both")} == {
        "poster": True, "ad": True, "both": True,
    }  # fmt: skip
    third = night(shop, tmp_path, cover={"canvases": ["3:4", "16:9"], "max_font": 0.08}, annotate={"engine": "none"})
    assert (third["computed"], third["unchanged"]) == (0, 7)
    reading = {"engine": "none", "saliency": {"model": "border"}}
    fourth = night(shop, tmp_path, cover={"canvases": ["3:4", "16:9"], "max_font": 0.08}, annotate=reading)
    assert (fourth["computed"], fourth["unchanged"]) == (3, 4)


def test_a_row_whose_application_changes_is_computed_anew(shop: Path, tmp_path: Path) -> None:
    rows = [{"product_id": "a", "image": "0.jpg", "title": "静音破壁机", "canvases": ["1:1"]}]
    for number in range(4):
        (tmp_path / f"{number}.jpg").write_bytes((shop / f"{number}.jpg").read_bytes())
    manifest = write_manifest(tmp_path, rows)
    run_layouts(config(), manifest, str(tmp_path / "out"), RunOptions(), in_process)
    write_manifest(tmp_path, [{**rows[0], "application": "video_cover"}])
    summary = run_layouts(config(), manifest, str(tmp_path / "out"), RunOptions(), in_process)
    assert summary["computed"] == 1
    (row,) = published(str(tmp_path / "out"))
    assert row["application"] == "video_cover" and row["accepted"] is not None
    write_manifest(tmp_path, rows)
    run_layouts(config(), manifest, str(tmp_path / "out"), RunOptions(), in_process)
    (row,) = published(str(tmp_path / "out"))
    assert row["application"] == "poster" and row["accepted"] is row["reasons"] is row["faces"] is None


def test_dead_letters_of_every_application_are_replayed(shop: Path, tmp_path: Path) -> None:
    for name in ("0.jpg", "walk.mp4"):
        (tmp_path / f"kept-{name}").write_bytes((shop / name).read_bytes())
    rows = [
        {"product_id": "poster", "image": "0.jpg", "title": "静音破壁机"},
        {"product_id": "clip", "video": "walk.mp4", "title": "三分钟学会", "application": "video_cover"},
        {"product_id": "good", "image": "kept-0.jpg", "title": "静音破壁机"},
    ]
    manifest = write_manifest(tmp_path, rows)
    first = run_layouts(config(), manifest, str(tmp_path / "out"), RunOptions(), in_process)
    assert first["failed"] == {"fetch": {"not_found": 3}}
    for name in ("0.jpg", "walk.mp4"):
        (tmp_path / name).write_bytes((shop / name).read_bytes())
    replay = RunOptions(replay=first["run_id"])
    again = run_layouts(config(), manifest, str(tmp_path / "out"), replay, in_process)
    assert (again["computed"], again["kept"], again["dead_letters"]) == (3, 1, 0)
    assert again["applications"] == {"poster": 2, "video_cover": 2}


def test_the_published_settings_can_be_read_again(shop: Path, tmp_path: Path) -> None:
    night(shop, tmp_path)
    told = published_runs.manifest(Storage(), str(tmp_path), published_runs.current(Storage(), str(tmp_path)))
    assert LayoutsConfig.model_validate(json.loads(json.dumps(told["settings"]))) == config()
