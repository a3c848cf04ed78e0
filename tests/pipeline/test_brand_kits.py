"""Nights whose rows keep their brands' kits: what is published, what is computed anew, and what ends a run."""

import json

import pytest

from jobs import evaluate, refine, render
from layoutgen.config.base import ConfigError, Pool
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.stages import MarketingSettings
from layoutgen.core.layout import intersection
from layoutgen.core.metrics.brands import CONSTRAINTS
from layoutgen.evaluation.brands import violations
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.goods import brands
from layoutgen.io.storage import Storage
from layoutgen.models.building.composers import composer
from layoutgen.models.building.kits import kits
from layoutgen.streaming import in_process
from layoutgen.tables import read
from tests.chaos.quick import SETTINGS, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import dead, published, write_manifest

ROWS = [
    {"product_id": "tent", "image": "0.jpg", "title": "Warm all winter!", "selling_points": ["Holds two."],
     "brand": "NORD LYS", "language": "en"},
    {"product_id": "tea", "image": "1.jpg", "title": "春茶上新！", "brand": "茶屿", "category": "食品",
     "locale": "zh-CN"},
    {"product_id": "mug", "image": "2.jpg", "title": "A mug!", "brand": "Haus"},
]  # fmt: skip


@pytest.fixture
def shop(tmp_path):
    for i in range(3):
        (tmp_path / f"{i}.jpg").write_bytes(encoded(photo(300, 400, seed=i)))
    brands.write(tmp_path / "kits")
    return tmp_path


def config(shop, **style):
    values = SETTINGS.model_dump() | {
        "input": {"canvases": ["3:4", "16:9"], "short_side": 480},
        "images": {"side": 256},
        "render": {"formats": ["png"]},
        "style": {"brands": str(shop / "kits"), **style},
    }
    return LayoutsConfig.model_validate(values)


def run(shop, rows=ROWS, **style):
    return night(write_manifest(shop, rows), str(shop / "out"), config=config(shop, **style), composer=composer)


def test_a_night_keeps_its_kits(shop):
    assert run(shop)["dead_letters"] == 0
    rows = {row["row_id"]: row for row in published(str(shop / "out"))}
    tent = rows["tent@480x640"]
    assert tent["title"] == "WARM ALL WINTER"
    assert tent["selling_points"] == ["Holds two"]
    assert "/kits/nordlys/logos/" in tent["logo"]
    texts = {element["role"]: element for element in tent["elements"] if element["lines"]}
    assert texts["disclaimer"]["text"] == "Nordlys AS, Tromsø"
    assert {run["file"] for run in texts["title"]["runs"]} == {"SourceSerif4.ttf"}
    assert {run["file"] for run in texts["selling_point"]["runs"]} == {"Inter.ttf"}
    tea = next(element for element in rows["tea@480x640@zh-CN"]["elements"] if element["role"] == "disclaimer")
    assert tea["text"] == "图片仅供参考，以实物为准 · 不能代替药物"
    assert rows["mug@480x640"]["title"] == "A mug!"
    of_run = kits(str(shop / "kits"), Storage(), (), ("plain",))
    counted = violations(Storage(), str(shop / "out"), of_run)
    assert counted["own_brand_violations"] == 0, counted["examples"]
    assert (counted["rows"], counted["pictures"]) == (4, 4)


def test_readers_on_other_machines_have_the_fonts_of_kits_in_a_bucket(shop, s3, monkeypatch, capsys):
    kept = Storage()
    for path in (path for path in (shop / "kits").rglob("*") if path.is_file()):
        kept.write(f"s3://shop/kits-of-readers/{path.relative_to(shop / 'kits')}", path.read_bytes())
    monkeypatch.setenv("HOME", str(shop / "driver"))
    of_bucket = {"brands": "s3://shop/kits-of-readers"}
    assert run(shop, ROWS[:1], **of_bucket)["dead_letters"] == 0
    out = str(shop / "out")
    (cached,) = (shop / "driver").rglob("Inter.ttf")
    assert cached.read_bytes() == (shop / "kits/nordlys/fonts/Inter.ttf").read_bytes()

    monkeypatch.setenv("HOME", str(shop / "other"))
    assert render.main(["--layouts", out, "--output", str(shop / "files"), "--formats", "png"], in_process) == 0
    gallery = {"run_id": None, "limit": 9, "side": 200, "font_files": (), "pool": Pool()}
    run_gallery(kept, out, str(shop / "page"), **gallery, stream=in_process)
    assert len([*(shop / "page/previews").glob("*[!d].jpg")]) == 2
    assert len([*(shop / "other").rglob("*.ttf")]) == 2, "each font once"

    (shop / "evaluate.toml").write_text("[score]\ncontent = false\n[report]\nworst = 0\nresamples = 100\n")
    capsys.readouterr()
    evaluated = ["--layouts", out, "--output", str(shop / "scores"), "--config", str(shop / "evaluate.toml")]
    assert evaluate.main(evaluated, in_process) == 0
    assert json.loads(capsys.readouterr().out)["own_brand_violations"] == 0
    report = json.loads((shop / "scores/report.json").read_text())
    assert report["protocols"]["own"]["metrics"]["brand_violations"]["rows"] == 2
    assert {name: of["rows"] for name, of in report["brands_violated"].items()} == dict.fromkeys(CONSTRAINTS, 0)

    other = (shop / "kits/nordlys/fonts/SourceSerif4.ttf").read_bytes()
    kept.write("s3://shop/kits-of-readers/nordlys/fonts/Inter.ttf", other)
    assert run(shop, ROWS[:1], **of_bucket)["computed"] == 2, "other bytes of a font"


def test_a_changed_kit_computes_its_brands_rows_alone(shop):
    run(shop)
    assert run(shop)["unchanged"] == 6
    file = shop / "kits" / "nordlys" / "brand.json"
    changed = json.loads(file.read_text(encoding="utf-8")) | {"tone": {"case": {"title": "lower"}}}
    file.write_text(json.dumps(changed), encoding="utf-8")
    summary = run(shop)
    assert (summary["computed"], summary["unchanged"]) == (2, 4)
    assert (
        next(row["title"] for row in published(str(shop / "out")) if row["product_id"] == "tent") == "warm all winter!"
    )


def test_a_row_for_which_the_kit_leaves_no_way_says_why(shop):
    file = shop / "kits" / "nordlys" / "brand.json"
    pale = {"colors": {"text": "#595959", "background": "#ffffff"}, "forbidden_pairs": []}
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | pale), encoding="utf-8")
    strict = LayoutsConfig.model_validate(config(shop).model_dump() | {"place": {"min_contrast": 12}})
    summary = night(write_manifest(shop, ROWS[:1]), str(shop / "out"), config=strict, composer=composer)
    assert summary["failed"] == {"place": {"brand_colours": 2}}
    letters = dead(str(shop / "out"), summary["run_id"])
    assert json.loads(letters[0]["input_row"])["title"] == "Warm all winter!"


def test_a_broken_kit_ends_a_run_before_it_begins(shop):
    (shop / "kits" / "nordlys" / "fonts" / "Inter.ttf").unlink()
    with pytest.raises(ConfigError, match=r"style.brands: nordlys: font .*Inter.ttf"):
        run(shop)
    assert not (shop / "out").exists()


def test_kits_are_checked_for_the_runs_own_canvases_and_styles(shop):
    file = shop / "kits" / "chayu" / "brand.json"
    changed = json.loads(file.read_text(encoding="utf-8")) | {"styles": ["glam"]}
    file.write_text(json.dumps(changed), encoding="utf-8")
    with pytest.raises(ConfigError, match="chayu: styles names 'glam', which is no house style"):
        run(shop)


def test_what_edits_and_instructions_carry_keeps_kits_and_zones(shop):
    rows = [
        {**ROWS[0], "application": "marketing", "price": "$19"},
        {**ROWS[1], "constraints": {"free": [[0.0, 0.0, 1.0, 0.06]], "present": ["title"]}},
    ]
    zones = {"16:9": {"play": [0.3, 0.0, 0.7, 0.25]}, "3:4": {"bar": [0.0, 0.85, 1.0, 1.0]}}
    settings = config(shop).model_copy(update={"marketing": MarketingSettings(zones=zones)})
    out, source = str(shop / "out"), write_manifest(shop, rows)
    assert night(source, out, config=settings, composer=composer)["dead_letters"] == 0
    before = {row["row_id"]: row for row in read(out).to_pylist()}
    orders = {
        "tent@480x640": "price at the bottom right, title in red, logo at the bottom left",
        "tea@480x640@zh-CN": "标题放到最上面, 去掉标志",
    }
    lines = [
        {"row_id": row_id, "run_id": before[row_id]["run_id"], "decision": "reject", "instruction": words}
        for row_id, words in orders.items()
    ]
    feedback = shop / "feedback.jsonl"
    who = {"annotator": "Mei", "time": "2026-11-30T12:00:00Z"}
    feedback.write_text("".join(f"{json.dumps({**line, **who}, ensure_ascii=False)}\n" for line in lines))
    assert refine.main(["--layouts", out, "--feedback", str(feedback)], in_process) == 0
    after = {row["row_id"]: row for row in read(out).to_pylist()}
    counted = violations(Storage(), out, kits(str(shop / "kits"), Storage(), (), ("plain",)))
    assert (counted["own_brand_violations"], counted["pictures"]) == (0, 4), counted["examples"]
    for row_id, row in after.items():
        named = zones["3:4" if "480x640" in row_id else "16:9"] if row_id.startswith("tent") else {}
        free = [*named.values(), *([] if named else [[0.0, 0.0, 1.0, 0.06]])]
        assert not any(intersection(e["box"], box) > 1e-6 for e in row["elements"] for box in free), row_id
        refused = "colour like it" if row_id.startswith("tent") else "logo of brand chayu"
        assert any(note.startswith("refined not") and refused in note for note in row["notes"]), row["notes"]
        assert any(note.startswith("refined as") for note in row["notes"]), row["notes"]
        assert row["elements"] != before[row_id]["elements"]
