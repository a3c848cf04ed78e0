"""The covers job in this process: images in, title placements and verdicts out; nights; what is broken."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from layoutgen import pipelines
from layoutgen.config import styles
from layoutgen.config.base import Pool
from layoutgen.config.jobs import CoversConfig, InputSettings, RunSettings, StorageSettings
from layoutgen.config.stages import CoverPlaceSettings, ImagesSettings, ProtectSettings, SaliencySettings
from layoutgen.core.gallery import files as gallery
from layoutgen.evaluation.brands import violations
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.goods import brands
from layoutgen.imaging.video import still_at
from layoutgen.io.storage import Storage
from layoutgen.models.building.kits import kits
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.imaging.test_video import clip
from tests.pipeline.independent_check import judge
from tests.pipeline.runs import dead, published, write_manifest

pytestmark = pytest.mark.slow

run_covers = partial(pipelines.run_covers, stream=in_process)
_SMALL = Pool(size=1, num_cpus=0.2)


def settings(*, place: CoverPlaceSettings | None = None, **other: Any) -> CoversConfig:
    values: dict[str, Any] = {
        "run": RunSettings(rows_per_shard=8, max_failed_fraction=1.0),
        "input": InputSettings(canvases=("3:4", "16:9"), short_side=540, application="video_cover"),
        "storage": StorageSettings(attempts=2, timeout_s=5),
        "images": ImagesSettings(side=480, pool=_SMALL),
        "load": {"pool": _SMALL},
        "protect": ProtectSettings(engine="none", saliency=SaliencySettings(model="border"), pool=_SMALL),
        "place": place or CoverPlaceSettings(pool=_SMALL),
        "write": {"pool": _SMALL},
        **other,
    }
    return CoversConfig.model_validate(values)


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A first night over good and bad rows, and a second after an edit of one title."""
    folder = tmp_path_factory.mktemp("covers")
    (folder / "vase.jpg").write_bytes(encoded(photo()))
    (folder / "wide.jpg").write_bytes(encoded(photo(1200, 600)))
    (folder / "clip.mp4").write_bytes(clip(size=(480, 270)))
    (folder / "cut.mp4").write_bytes(clip()[:900])
    (folder / "broken.jpg").write_bytes(encoded(photo())[:900])
    rows = [
        {
            "product_id": "a",
            "cover": "vase.jpg",
            "title": "三分钟学会插花",
            "subtitle": "新手也能做好",
            "stickers": ["新品"],
        },
        {
            "product_id": "b",
            "cover": "wide.jpg",
            "title": "Seven vases for spring",
            "ratios": ["1:1", "9:16"],
            "mood": "calm",
        },
        {"product_id": "c", "cover": "broken.jpg", "title": "坏图"},
        {"product_id": "d", "cover": "gone.jpg", "title": "没有图", "ratios": ["1:1"]},
        {"product_id": "e", "cover": "vase.jpg", "ratios": ["1:1"]},
        {"product_id": "f", "cover": "vase.jpg", "video": "clip.mp4", "title": "两个", "ratios": ["1:1"]},
        {"cover": "wide.jpg", "title": "没有编号", "ratios": ["1:1", "7:x"]},
        {"product_id": "v", "video": "clip.mp4", "title": "一分钟看懂", "ratios": ["16:9"]},
        {"product_id": "w", "video": "cut.mp4", "title": "断了", "ratios": ["16:9"]},
        {"product_id": "x", "video": "nowhere.mp4", "title": "没有", "ratios": ["16:9"]},
        {"product_id": "g", "cover": "vase.jpg", "title": "☃☃", "subtitle": 5, "ratios": ["1:1"]},
    ]
    source, output = write_manifest(folder, rows), str(folder / "out")
    first = run_covers(settings(), source, output)
    before = published(output)
    rows[1]["title"] = "Eight vases for spring"
    write_manifest(folder, rows)
    second = run_covers(settings(), source, output)
    return {"first": first, "second": second, "before": before, "after": published(output), "output": output}


def test_every_row_is_published_or_a_dead_letter(night: dict[str, Any]) -> None:
    summary = night["first"]
    assert summary["rows_in"] == 2 + 2 + 2 + 1 + 1 + 1 + 2 + 1 + 3
    assert (summary["computed"], summary["dead_letters"]) == (6, 9)
    assert sorted(row["row_id"] for row in night["before"]) == [
        "a@540x720", "a@960x540", "b@540x540", "b@540x960", "v@960x540",
        "wide.jpg@540x540",
    ]  # fmt: skip


def test_dead_letters_name_what_is_wrong(night: dict[str, Any]) -> None:
    kinds = {row["row_id"]: row["kind"] for row in dead(night["output"], night["first"]["run_id"])}
    assert kinds == {
        "c@540x720": "truncated_image",
        "c@960x540": "truncated_image",
        "d@540x540": "not_found",
        "e@540x540": "missing_field",
        "f@540x540": "bad_row",
        "g@540x540": "bad_row",
        "w@960x540": "truncated_video",
        "wide.jpg@7:x": "bad_canvas",
        "x@960x540": "not_found",
    }


def test_covers_hold_before_an_independent_judge(night: dict[str, Any]) -> None:
    found = judge(night["before"])
    assert {name: count for name, count in found.items() if count and name != "small"} == {"layouts": 6}


def test_rows_tell_verdict_crop_and_copy(night: dict[str, Any]) -> None:
    row = next(row for row in night["before"] if row["row_id"] == "a@540x720")
    assert row["accepted"] is True and row["reasons"] == []
    assert row["contrast"] >= 4.5 and row["subject_covered"] <= 0.05
    assert (row["subtitle"], row["stickers"], row["application"]) == ("新手也能做好", ["新品"], "video_cover")
    assert len(row["crop"]) == 4 and row["video"] is None and row["frame_s"] is None and row["faces"] in (None, [])
    roles = [element["role"] for element in row["elements"] if element["role"] != "underlay"]
    assert roles == ["title", "subtitle", "other"]
    assert next(row for row in night["before"] if row["row_id"] == "b@540x540")["mood"] == "calm"


def test_a_clips_cover_is_one_of_its_frames(night: dict[str, Any]) -> None:
    row = next(row for row in night["before"] if row["product_id"] == "v")
    assert row["video"] == row["image"] and row["video"].endswith("clip.mp4")
    assert 0 <= row["frame_s"] < 2 and (row["image_width"], row["image_height"]) == (480, 270)
    with Path(row["video"]).open("rb") as file:
        assert still_at(file, row["frame_s"], side=480).pixels.shape == (270, 480, 3)


def test_the_summary_counts_accepted_rows_and_names_the_face_detector(night: dict[str, Any]) -> None:
    assert night["first"]["accepted"] + sum(night["first"]["refused"].values()) >= 6
    assert night["first"]["accepted"] == sum(row["accepted"] for row in night["before"])
    assert isinstance(night["first"]["faces"], str)


def test_the_second_night_computes_what_changed_and_no_more(night: dict[str, Any]) -> None:
    assert (night["second"]["computed"], night["second"]["unchanged"]) == (2, 4)
    assert night["second"]["accepted"] == sum(row["accepted"] for row in night["after"])
    before = {row["row_id"]: row for row in night["before"]}
    changed = [row["row_id"] for row in night["after"] if row != before[row["row_id"]]]
    assert changed == ["b@540x540", "b@540x960"]


def test_new_limits_of_placement_place_alone_anew(night: dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    rows = [{"product_id": "a", "cover": "vase.jpg", "title": "三分钟学会插花", "ratios": ["1:1"]}]
    source, output = write_manifest(tmp_path, rows), str(tmp_path / "out")
    run_covers(settings(), source, output)
    (before,) = published(output)
    summary = run_covers(settings(place=CoverPlaceSettings(max_font=0.06, pool=_SMALL)), source, output)
    (after,) = published(output)
    assert summary["computed"] == 1
    assert before["fingerprint"]["annotate"] == after["fingerprint"]["annotate"]
    largest = max(element["font_px"] for element in after["elements"])
    assert largest <= 33 < max(element["font_px"] for element in before["elements"])


def test_the_gallery_shows_clips_and_the_players_controls(night: dict[str, Any], tmp_path: Path) -> None:
    options: dict[str, Any] = {"run_id": None, "limit": 100, "side": 240, "font_files": (), "maps": True}
    run_gallery(Storage(), night["output"], str(tmp_path), **options, pool=_SMALL, stream=in_process)
    for row_id in ("v@960x540", "a@540x720"):
        drawn = Image.open(tmp_path / "previews" / gallery.preview_name(row_id))
        assert max(drawn.size) == 240
        assert (tmp_path / "previews" / gallery.preview_name(row_id, "map")).exists()
    index = (tmp_path / "data" / "index.js").read_text()
    zones = json.loads(index[index.index("{") : index.rindex("}") + 1])["zones"]
    assert {zone["name"] for zone in zones["540x960"]} == {"play_button", "avatar_strip", "action_column"}


def test_a_cover_keeps_its_brands_kit(tmp_path: Path) -> None:
    (tmp_path / "vase.jpg").write_bytes(encoded(photo(300, 400)))
    brands.write(tmp_path / "kits")
    rows = [{"product_id": "a", "cover": "vase.jpg", "title": "Warm all winter!", "stickers": ["New"], "price": "€9",
             "brand": "NORD LYS", "language": "en", "ratios": ["1:1", "9:16"]}]  # fmt: skip
    source, output = write_manifest(tmp_path, rows), str(tmp_path / "out")
    of_all = settings(style={"brands": str(tmp_path / "kits")}, render={"formats": ["png"], "pool": _SMALL})
    assert run_covers(of_all, source, output)["accepted"] == 2
    covers = published(output)
    kit = kits(str(tmp_path / "kits"), Storage(), (), of_all.style.allowed or styles.embedded()).named("NORD LYS")
    assert kit is not None
    for cover in covers:
        elements = [element for element in cover["elements"] if element["role"] != "underlay"]
        assert {element["text"] for element in elements} >= {"WARM ALL WINTER", "Nordlys AS, Tromsø"}
        assert "logo" in {element["role"] for element in elements} and "/kits/nordlys/logos/" in cover["logo"]
        assert {run["file"] for element in elements for run in element["runs"]} <= {"SourceSerif4.ttf", "Inter.ttf"}
        assert {element["colour"] for element in elements if element["lines"]} <= set(kit.brand.palette)
        assert cover["style_used"] in kit.brand.styles or not kit.brand.styles
    counted = violations(Storage(), output, kits(str(tmp_path / "kits"), Storage(), (), styles.embedded()))
    assert counted["own_brand_violations"] == 0, counted["examples"]
    again = run_covers(of_all, source, output)
    assert (again["computed"], again["unchanged"]) == (0, 2)


def test_a_cover_that_its_kit_leaves_no_way_for_is_a_dead_letter(tmp_path: Path) -> None:
    (tmp_path / "vase.jpg").write_bytes(encoded(photo(300, 400)))
    brands.write(tmp_path / "kits")
    file = tmp_path / "kits" / "nordlys" / "brand.json"
    pale = {"colors": {"text": "#595959", "background": "#ffffff"}, "forbidden_pairs": []}
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | pale), encoding="utf-8")
    rows = [{"product_id": "a", "cover": "vase.jpg", "title": "Warm", "brand": "NORD LYS", "ratios": ["1:1"]},
            {"product_id": "b", "cover": "vase.jpg", "title": "Warm", "ratios": ["1:1"]}]  # fmt: skip
    strict = settings(style={"brands": str(tmp_path / "kits")}, place=CoverPlaceSettings(min_contrast=12, pool=_SMALL))
    summary = run_covers(strict, write_manifest(tmp_path, rows), str(tmp_path / "out"))
    assert summary["failed"] == {"place": {"brand_colours": 1}} and summary["computed"] == 1
