"""jobs.posters night after night: products cut out, planned, painted and rendered; what did not change is not made
again; what can't be made is a dead letter, or keeps its photo and says why."""

import hashlib
import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from layoutgen import tables
from layoutgen.config.jobs import ScoreSettings
from layoutgen.config.posters import PostersConfig
from layoutgen.core.layout import intersection
from layoutgen.core.placing import placement
from layoutgen.evaluation.gallery import run_gallery
from layoutgen.imaging import images
from layoutgen.imaging.products import cutting
from layoutgen.io.manifests.manifest import ManifestError
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.models.building import painters, planners
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.pipelines import run_posters
from layoutgen.runs.job import RunOptions
from layoutgen.runs.maintenance import clean_up
from layoutgen.stages import cut_out, finish
from layoutgen.stages.score import Score
from layoutgen.streaming import in_process
from tests.chaos.quick import Crash
from tests.drawn import encoded, photo
from tests.pipeline.runs import dead, settings, write_manifest

LATER = datetime.now(UTC) + timedelta(days=30)


def poster_settings(**other: Any) -> PostersConfig:
    base = settings(canvases=("1:1",), rows_per_shard=3)
    shared = {name: getattr(base, name).model_dump() for name in ("run", "storage", "images", "place", "write", "load")}
    values: dict[str, Any] = {
        **shared,
        "input": {"canvases": ["240x240"]},
        "annotate": {"engine": "none", "saliency": {"model": "border"}},
        "cut_out": {"faces": ""},
        "paint": {"engine": "gradient"},
    }
    for name, section in other.items():
        values[name] = values.get(name, {}) | section
    return PostersConfig.model_validate(values)


def jar(colour: tuple[int, int, int], alpha: bool = True) -> Image.Image:
    """A jar by itself, 120 x 160 px: opaque in the middle of a transparent or white picture."""
    pixels = np.full((160, 120, 4), 255, np.uint8)
    pixels[..., 3] = 0 if alpha else 255
    pixels[30:140, 30:90] = (*colour, 255)
    pixels[40:60, 40:80, :3] = 250
    return Image.fromarray(pixels) if alpha else Image.fromarray(pixels[..., :3])


class Shop:
    """A catalogue in a folder: jars with alpha, on white and with a mask, and a photo of which none can be cut out."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.root = folder, folder / "out"
        for number, colour in enumerate([(200, 40, 30), (30, 90, 160), (60, 130, 70)]):
            jar(colour).save(folder / f"alpha-{number}.png")
        jar((140, 60, 150), alpha=False).save(folder / "white.png")
        self.mask = np.zeros((160, 120), np.uint8)
        self.mask[30:140, 30:90] = 255
        (folder / "photo.jpg").write_bytes(encoded(photo(120, 160, 3)))
        Image.fromarray(self.mask).save(folder / "mask.png")
        noise = np.random.default_rng(0).integers(0, 256, (160, 120, 3), np.uint8)
        Image.fromarray(noise).save(folder / "noise.png")
        self.rows: list[dict[str, Any]] = [
            *({"product_id": f"alpha-{n}", "image": f"alpha-{n}.png", "title": f"Jar {n}"} for n in range(3)),
            {"product_id": "white", "image": "white.png", "title": "White jar", "selling_points": ["Fresh", "$9"]},
            {"product_id": "masked", "image": "photo.jpg", "title": "Masked jar", "mask": "mask.png"},
            {"product_id": "noise", "image": "noise.png", "title": "No jar"},
        ]

    def night(self, replay: str | None = None, **other: Any) -> dict[str, Any]:
        manifest = write_manifest(self.folder, self.rows)
        options = RunOptions(replay=replay)
        return run_posters(poster_settings(**other), manifest, str(self.root), options, in_process)

    def table(self, run_id: str | None = None) -> dict[str, dict[str, Any]]:
        rows = tables.read(str(self.root), run_id=run_id).to_pylist()
        return {row["product_id"]: row for row in rows}

    def files(self, folder: str) -> set[str]:
        return {str(path) for path in (self.root / folder).rglob("*.*")}


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    return Shop(tmp_path)


@pytest.fixture
def work(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How many rows each stage worked on: products cut out, plans, grounds."""
    counts: Counter[str] = Counter()

    def noting(module: Any, name: str, inner: Any, method: str) -> None:
        def build(*arguments: Any) -> Any:
            built = inner(*arguments)
            model = built[0]
            before = getattr(model, method)

            def call(briefs: Any) -> Any:
                counts[method] += len(briefs)
                return before(briefs)

            setattr(model, method, call)
            return built

        monkeypatch.setattr(module, name, build)

    noting(planners, "planner", planners.planner, "plan")
    noting(painters, "painter", painters.painter, "paint")
    cut = cutting.cut_out

    def counted(*arguments: Any, **more: Any) -> Any:
        counts["cut_out"] += 1
        return cut(*arguments, **more)

    monkeypatch.setattr(cut_out.cutting, "cut_out", counted)
    return counts


def test_a_night_makes_a_poster_of_every_product_that_can_be_cut_out(shop: Shop) -> None:
    summary = shop.night()
    assert summary["rows_in"] == summary["published"] == 6 and summary["failed"] == {}
    rows = shop.table()
    ways = {name: row["cut_out"] for name, row in rows.items()}
    assert ways == {
        "alpha-0": "alpha", "alpha-1": "alpha", "alpha-2": "alpha", "white": "packshot", "masked": "mask", "noise": None
    }  # fmt: skip
    for row in rows.values():
        assert Path(row["picture_file"]["uri"]).exists()
        if row["cut_out"] is None:
            continue
        data = Path(row["background"]["uri"]).read_bytes()
        assert (
            hashlib.sha256(data).hexdigest() == row["background"]["sha256"] and len(data) == row["background"]["bytes"]
        )
        assert images.decode_png(data).shape == (240, 240, 3)
        assert row["painter"].startswith("gradient") and row["painter_sha"] is row["steps"] is None
        assert b"TrainedAlgorithmicMedia" not in Path(row["picture_file"]["uri"]).read_bytes()
        assert row["composer"].startswith("plan-rules") and row["background_seed"] is not None and row["condition"]
        assert (tuple(row["crop"]), tuple(row["picture"])) == ((0, 0, 1, 1), (0, 0, 1, 1))
        assert row["subject_covered"] == 0
        assert row["image"].endswith(".png" if row["cut_out"] != "mask" else ".jpg")


def test_the_products_own_pixels_are_in_its_background(shop: Shop) -> None:
    shop.night()
    row = shop.table()["alpha-0"]
    picture = images.decode_png(Path(row["background"]["uri"]).read_bytes())
    left, top, right, bottom = (round(value * 240) for value in row["product_box"])
    inner = picture[top + 6 : bottom - 6, left + 6 : right - 6].reshape(-1, 3)
    is_red = (inner == (200, 40, 30)).all(axis=1)
    assert is_red.mean() > 0.6
    for element in row["elements"]:
        assert intersection(tuple(element["box"]), tuple(row["product_box"])) < 1e-4


def test_a_row_that_can_not_be_cut_out_keeps_its_photo_and_says_why_every_night(shop: Shop) -> None:
    first = shop.night()
    (note,) = [note for note in shop.table()["noise"]["notes"] if note.startswith(cut_out.KEEPS_PHOTO)]
    row = shop.table()["noise"]
    assert row["background"] is row["product_box"] is row["painter"] is None
    assert row["composer"].startswith("rules")
    shop.night(place={"margin": 0.06})
    assert shop.table()["noise"]["notes"] == [note]
    assert shop.table()["noise"]["run_id"] != first["run_id"]


def test_a_night_without_changes_makes_nothing(shop: Shop, work: Counter[str]) -> None:
    shop.night()
    before = shop.table()
    assert work == {"cut_out": 6, "plan": 5, "paint": 5}
    work.clear()
    assert shop.night()["unchanged"] == 6
    assert shop.table() == before and not work


def test_another_painter_paints_and_leaves_plans_and_cut_outs(shop: Shop, work: Counter[str]) -> None:
    shop.night()
    before = shop.table()
    work.clear()
    assert shop.night(paint={"engine": "flat"})["computed"] == 6
    assert (work["plan"], work["paint"]) == (0, 5)
    for name, row in shop.table().items():
        assert row["product_box"] == before[name]["product_box"] and row["suggestion"] == before[name]["suggestion"]
        assert row["painter"] is None or row["painter"].startswith("flat")
        assert row["background"] is None or row["background"]["uri"] != before[name]["background"]["uri"]


def test_another_copy_is_planned_and_painted_for_its_row_alone(shop: Shop, work: Counter[str]) -> None:
    shop.night()
    before = shop.table()
    work.clear()
    shop.rows[1]["title"] = "Another jar with a longer name"
    assert shop.night()["computed"] == 1
    assert work == {"cut_out": 1, "plan": 1, "paint": 1}
    after = shop.table()
    assert {name for name in after if after[name] != before[name]} == {"alpha-1"}
    assert after["alpha-1"]["cut_out"] == "alpha"


def test_another_placer_places_on_the_same_backgrounds(
    shop: Shop, work: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    shop.night()
    before = shop.table()
    work.clear()
    monkeypatch.setattr(placement, "VERSION", "place-of-tomorrow")
    assert shop.night()["computed"] == 6
    assert work["plan"] == work["paint"] == 0
    for name, row in shop.table().items():
        assert row["background"] == before[name]["background"] and row["painter"] == before[name]["painter"]


def test_another_mask_and_reference_count_by_their_bytes(shop: Shop, work: Counter[str]) -> None:
    Image.new("RGB", (40, 40), (20, 110, 60)).save(shop.folder / "style.png")
    shop.rows[0] |= {"reference": "style.png", "reference_strength": 1.0}
    shop.night()
    work.clear()
    Image.new("RGB", (40, 40), (120, 20, 60)).save(shop.folder / "style.png")
    before = shop.table()
    assert shop.night()["computed"] == 1
    assert (work["plan"], work["paint"]) == (0, 1)
    assert shop.table()["alpha-0"]["background"] != before["alpha-0"]["background"]
    work.clear()
    shop.mask[30:60] = 0
    Image.fromarray(shop.mask).save(shop.folder / "mask.png")
    assert shop.night()["computed"] == 1
    assert work == {"cut_out": 1, "plan": 1, "paint": 1}


def test_what_can_not_be_used_is_a_dead_letter_and_its_neighbours_are_made(shop: Shop) -> None:
    Image.fromarray(shop.mask[:100]).save(shop.folder / "short.png")
    Image.fromarray(shop.mask * 0).save(shop.folder / "empty.png")
    Image.fromarray(255 - shop.mask).save(shop.folder / "inverted.png")
    (shop.folder / "text.txt").write_text("no picture")
    odd = {
        "no-mask": {"mask": "gone.png"}, "short": {"mask": "short.png"}, "empty": {"mask": "empty.png"},
        "inverted": {"mask": "inverted.png"}, "text": {"mask": "text.txt"}, "no-style": {"reference": "gone.png"},
        "bad-style": {"reference": "text.txt"}, "strength": {"reference_strength": 3},
        "cover": {"application": "video_cover"},
    }  # fmt: skip
    shop.rows += [{"product_id": name, "image": "photo.jpg", "title": "Jar", "mask": "mask.png"} | more
                  for name, more in odd.items()]  # fmt: skip
    summary = shop.night()
    assert summary["rows_in"] == summary["published"] + summary["dead_letters"] == 15
    letters = {row["product_id"]: row for row in dead(str(shop.root), summary["run_id"])}
    assert {name: (row["stage"], row["kind"]) for name, row in letters.items()} == {
        "no-mask": ("cut_out", "not_found"), "short": ("cut_out", "mask_size"), "empty": ("cut_out", "mask_empty"),
        "inverted": ("cut_out", "mask_inverted"), "text": ("cut_out", "not_an_image"),
        "no-style": ("paint", "not_found"), "bad-style": ("paint", "not_an_image"),
        "strength": ("plan", "bad_row"), "cover": ("plan", "bad_row"),
    }  # fmt: skip
    assert "gone.png" in letters["no-mask"]["message"] and "gone.png" in letters["no-style"]["message"]
    Image.fromarray(shop.mask).save(shop.folder / "gone.png")
    again = shop.night(replay=summary["run_id"])
    assert again["computed"] == 2 and again["kept"] == 6
    assert shop.table()["no-mask"]["cut_out"] == "mask"


def test_a_column_with_a_results_name_is_refused_and_others_travel(shop: Shop) -> None:
    shop.rows[0]["painter"] = "Vermeer"
    with pytest.raises(ManifestError, match="painter"):
        shop.night()
    del shop.rows[0]["painter"]
    shop.rows[0]["shelf"] = "A7"
    shop.night()
    assert shop.table()["alpha-0"]["shelf"] == "A7"


def test_a_catalogue_with_an_own_column_called_mask_is_laid_out_as_ever(shop: Shop) -> None:
    from layoutgen.pipelines import run_layouts

    for number, row in enumerate(shop.rows):
        row["mask"], row["background"] = number, {"colour": "red"}
    manifest = write_manifest(shop.folder, shop.rows)
    run_layouts(settings(), manifest, str(shop.folder / "layouts"), RunOptions(), in_process)
    rows = tables.read(str(shop.folder / "layouts")).to_pylist()
    assert sorted(row["mask"] for row in rows) == [0, 1, 2, 3, 4, 5]
    assert rows[0]["background"] == {"colour": "red"}


def test_a_run_that_was_killed_while_it_painted_goes_on_to_the_same_bytes(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    calm = Shop((tmp_path / "calm").resolve() if (tmp_path / "calm").mkdir() is None else tmp_path)
    calm.night()
    points = iter(range(100))

    def point(name: str) -> None:
        if next(points) == 1:
            raise Crash(name)

    monkeypatch.setattr(finish, "crash_point", point)
    with pytest.raises(Crash):
        shop.night()
    assert not (shop.root / "CURRENT").exists() and shop.files("backgrounds")
    monkeypatch.setattr(finish, "crash_point", lambda name: None)
    shop.night()
    names = [
        {name: row["background"] and row["background"]["sha256"] for name, row in each.table().items()}
        for each in (shop, calm)
    ]
    assert names[0] == names[1]


def test_rows_are_the_same_in_shards_and_batches_of_any_size(shop: Shop) -> None:
    shop.night(paint={"batch": 1}, plan={"batch": 1}, run={"rows_per_shard": 1, "max_failed_fraction": 1.0})
    alone = shop.table()
    other = shop.folder / "other"
    manifest = write_manifest(shop.folder, shop.rows)
    config = poster_settings(
        paint={"batch": 16}, plan={"batch": 16}, run={"rows_per_shard": 64, "max_failed_fraction": 1.0}
    )
    run_posters(config, manifest, str(other), RunOptions(), in_process)
    for row in tables.read(str(other)).to_pylist():
        one = alone[row["product_id"]]
        assert row["elements"] == one["elements"] and row["product_box"] == one["product_box"]
        assert (row["background"] or {}).get("sha256") == (one["background"] or {}).get("sha256")


def test_a_background_that_is_gone_is_made_again(shop: Shop, work: Counter[str]) -> None:
    shop.night()
    before = shop.table()
    Path(before["white"]["background"]["uri"]).unlink()
    work.clear()
    assert shop.night()["computed"] == 1
    assert work == {"cut_out": 1, "plan": 1, "paint": 1}
    assert shop.table()["white"]["background"] == before["white"]["background"]
    assert Path(before["white"]["background"]["uri"]).exists()


def test_backgrounds_go_with_the_last_snapshot_that_names_them(shop: Shop) -> None:
    shop.night()
    first = {row["background"]["uri"] for row in shop.table().values() if row["background"]}
    shop.night(paint={"engine": "flat"})
    second = {row["background"]["uri"] for row in shop.table().values() if row["background"]}
    assert shop.files("backgrounds") == first | second and len(first | second) == 10
    stray = shop.root / "backgrounds" / "readme.txt"
    stray.write_text("not ours")
    clean_up(Storage(), str(shop.root), keep=2, dry_run=False, now=LATER)
    assert first <= shop.files("backgrounds")
    clean_up(Storage(), str(shop.root), keep=1, dry_run=False, now=LATER)
    assert shop.files("backgrounds") == second | {str(stray)}


def test_marketing_has_its_own_canvases_and_free_places(shop: Shop) -> None:
    zone = (0.0, 0.0, 1.0, 0.2)
    shop.rows = [row | {"application": "marketing"} for row in shop.rows[:3]]
    shop.night(marketing={"canvases": ["1:1"], "zones": {"1:1": {"badge": zone}}}, input={"short_side": 200})
    for row in shop.table().values():
        assert row["canvas"] == "200x200" and row["cut_out"]
        assert all(intersection(tuple(element["box"]), zone) < 1e-4 for element in row["elements"] if element["text"])


def test_the_published_manifest_names_the_settings(shop: Shop) -> None:
    run = shop.night()["run_id"]
    written = json.loads((shop.root / "snapshots" / run / "_manifest.json").read_text())
    assert written["settings"]["paint"]["engine"] == "gradient"


@pytest.mark.parametrize("engine", ["drawn", "painted"])
def test_grounds_of_proposed_scenes_pass_the_checks(shop: Shop, engine: str) -> None:
    summary = shop.night(paint={"engine": engine, "steps": 4}, input={"canvases": ["240x240"]}, cut_out={"faces": ""})
    assert summary["published"] == 6 and summary["failed"] == {}
    rows = [row for row in shop.table().values() if row["cut_out"]]
    assert len({row["background"]["sha256"] for row in rows}) == len(rows)
    for row in rows:
        assert row["painter"].startswith(engine) and len(row["painter_sha"]) == 64 and row["steps"] == 4
        assert row["condition"].startswith("scene ")
        assert row["subject_covered"] == 0
        file = Path(row["picture_file"]["uri"]).read_bytes()
        assert b"compositeWithTrainedAlgorithmicMedia" in file and row["painter"].encode() in file


def test_a_network_that_is_not_there_is_told_before_the_night(shop: Shop) -> None:
    with pytest.raises(ValueError, match=r"elsewhere"):
        shop.night(paint={"engine": "drawn", "model": str(shop.folder / "elsewhere")})
    with pytest.raises(ValueError, match=r"elsewhere"):
        shop.night(plan={"engine": "plannet", "model": str(shop.folder / "elsewhere")})
    assert not (shop.root / "CURRENT").exists()


def test_gallery_render_and_evaluation_show_layouts_on_their_backgrounds(shop: Shop, tmp_path: Path) -> None:
    shop.rows = shop.rows[:1]
    shop.night()
    row = shop.table()["alpha-0"]
    (shop.folder / "alpha-0.png").unlink()  # the photo is not asked for any more
    how = {"run_id": None, "limit": 9, "font_files": (), "side": 240, "maps": False, "stream": in_process}
    run_gallery(Storage(), str(shop.root), str(tmp_path / "page"), **how)
    (preview,) = [path for path in (tmp_path / "page").rglob("*.jpg") if "ground" not in path.name]
    shown = np.asarray(Image.open(preview).convert("RGB")).reshape(-1, 3)
    assert (np.abs(shown.astype(int) - (200, 40, 30)).max(axis=1) < 12).mean() > 0.08
    read = layout_tables.read(Storage(), next((shop.root / "snapshots").rglob("part-*.parquet")).as_posix(), [0])
    assert read.column("image").to_pylist() == [row["background"]["uri"]]
    assert read.column("image_sha256").to_pylist() == [row["background"]["sha256"]]
    scored = Score(Storage(), BorderSaliency(), ScoreSettings(), str(tmp_path)).add(read)
    assert scored.column("exclusions").to_pylist() == [[]]


def test_posters_are_served_one_of_each_canvas_and_a_night_without_changes_serves_the_same(shop: Shop) -> None:
    shop.rows = shop.rows[:2]
    how = {"serve": {"variants": True, "explore": 1.0}, "style": {"variants": 2}}
    first = shop.night(**how)
    rows = tables.read(str(shop.root)).to_pylist()
    assert (first["published"], len(rows)) == (4, 4)
    for product in ("alpha-0", "alpha-1"):
        variants = [row for row in rows if row["product_id"] == product]
        assert [row["served"] for row in variants].count(True) == 1
        assert [row["propensity"] for row in variants] == [0.5, 0.5]
        assert all(row["features"] for row in variants), "what a head would tell them by"
    second = shop.night(**how)
    assert (second["computed"], second["unchanged"]) == (0, 4)
    assert [row["served"] for row in tables.read(str(shop.root)).to_pylist()] == [row["served"] for row in rows]
