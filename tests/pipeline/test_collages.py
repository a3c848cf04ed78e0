"""Several photos of a product on one layout, from manifest to finished pictures."""

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from PIL import Image

from layoutgen.config.jobs import ScoreSettings
from layoutgen.core import rows
from layoutgen.core.layout import Canvas, intersection
from layoutgen.imaging import framed, images
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.finders.border import BorderSaliency
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import WHOLE, RunOptions
from layoutgen.stages.originals import Originals
from layoutgen.stages.preview import Preview
from layoutgen.stages.score import Score
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import dead, published, settings, write_manifest

pytestmark = pytest.mark.slow

COPY = {"title": "静音破壁机", "selling_points": ["低噪音", "一键清洗"]}


def shelf(folder: Path, count: int = 4) -> list[str]:
    """Drawn photos that look different, and a copy of the first in other bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    names = [f"{number}.jpg" for number in range(count)]
    for number, name in enumerate(names):
        still = photo(240, 320, seed=number)
        still = still.rotate(90 * number, expand=True) if number else still
        (folder / name).write_bytes(encoded(still, quality=90))
    (folder / "twin.jpg").write_bytes(encoded(photo(240, 320, seed=0).resize((180, 240)), quality=60))
    return names


def night(folder: Path, products: list[dict[str, Any]], options: RunOptions = WHOLE, **other: Any) -> dict[str, Any]:
    write_manifest(folder, [{**COPY, **product} for product in products])
    sections: dict[str, Any] = {"canvases": ("1:1", "16:9"), "render": {"formats": ["png"]}, **other}
    output = str(folder / "out")
    return run_layouts(settings(**sections), str(folder / "catalogue.jsonl"), output, options, in_process)


def by_product(folder: Path) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    for row in published(str(folder / "out")):
        found.setdefault(row["product_id"], []).append(row)
    return found


def tiles(row: dict[str, Any]) -> list[str]:
    return [Path(tile["image"]).name for tile in row["ground"]["tiles"] or []]


def about(row: dict[str, Any], words: str) -> list[str]:
    return [note for note in row["notes"] if words in note]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A night of good and of bad rows."""
    folder = tmp_path_factory.mktemp("shop")
    names = shelf(folder)
    (folder / "broken.jpg").write_bytes(b"\xff\xd8 no picture")
    for number in range(3):
        (folder / f"wide{number}.jpg").write_bytes(encoded(photo(1600, 130, seed=number)))
    products: list[dict[str, Any]] = [
        {"product_id": "all", "images": names, "layout": "collage"},
        {
            "product_id": "arabic",
            "images": names,
            "layout": "collage",
            "title": "خلاط هادئ",
            "language": "ar",
            "captions": ["أحمر", "", "أزرق", "أخضر"],
        },
        {"product_id": "one", "images": names[:1], "layout": "collage"},
        {"product_id": "forty", "images": [*names, *(f"lost{i}.jpg" for i in range(36))], "layout": "grid"},
        {"product_id": "twin", "images": ["0.jpg", "twin.jpg", "1.jpg"], "layout": "collage"},
        {"product_id": "panoramas", "images": [f"wide{i}.jpg" for i in range(3)], "layout": "collage"},
        {"product_id": "holes", "images": ["0.jpg", "gone.jpg", "broken.jpg", "1.jpg"], "layout": "collage"},
        {"product_id": "gone", "images": ["gone.jpg", "broken.jpg"], "layout": "collage"},
        {"product_id": "odd", "images": names, "layout": "heap"},
        {"product_id": "open", "images": names, "layout": "auto"},
        {"product_id": "alone", "images": names},
        {"product_id": "steps", "images": names[:3], "layout": "steps", "captions": ["倒", "等", "喝", "还要"]},
        {"product_id": "before", "images": names[:3], "layout": "before_after"},
        {"product_id": "variants", "images": names, "layout": "collage", "variants": 2, "canvases": ["1:1"]},
    ]
    night(folder, products)
    return folder


def test_a_collage_shows_all_photos_apart_with_the_copy_beside_them(folder: Path) -> None:
    for row in by_product(folder)["all"]:
        assert row["ground"]["kind"] == "collage"
        assert sorted([Path(row["image"]).name, *tiles(row)]) == ["0.jpg", "1.jpg", "2.jpg", "3.jpg"]
        boxes = [row["picture"], *(tile["picture"] for tile in row["ground"]["tiles"])]
        assert all(intersection(a, b) < 1e-6 for i, a in enumerate(boxes) for b in boxes[:i])
        texts = [element["box"] for element in row["elements"] if element["lines"]]
        assert texts and all(intersection(text, box) < 1e-6 for text in texts for box in boxes)
        assert not about(row, "collage")


def test_the_finished_picture_is_what_the_row_says(folder: Path) -> None:
    originals = Originals(Storage())
    for name in ("all", "arabic"):
        for row in by_product(folder)[name]:
            framing, canvas = rows.read_framing(row), Canvas(row["canvas_width"], row["canvas_height"])
            data = Path(row["image"]).read_bytes()
            first = images.decode(data, side=4000, min_side=1, max_pixels=10**7).pixels
            ground = framed.draw(
                first, framing, canvas, max(canvas.width, canvas.height), originals.tiles(framing, canvas)
            )
            drawn = np.asarray(Image.open(io.BytesIO(Storage().read(row["picture_file"]["uri"]))).convert("RGB"))
            for part in framing.parts:
                left, top, right, bottom = (
                    round(side * (canvas.width, canvas.height)[k % 2]) for k, side in enumerate(part.picture)
                )
                inner = np.s_[top + 20 : bottom - 20, left + 20 : right - 20]
                assert np.abs(drawn[inner].astype(int) - ground[inner]).mean() < 4


def test_captions_stand_below_their_photos(folder: Path) -> None:
    products = by_product(folder)
    for row in (*products["steps"], *products["arabic"]):
        texts = dict(zip(row["images"], row["captions"], strict=False))
        places = {row["image"]: row["picture"], **{tile["image"]: tile["picture"] for tile in row["ground"]["tiles"]}}
        stand = {element["text"]: element for element in row["elements"] if element["role"] == "other"}
        assert set(stand) == {texts[uri] for uri in places if texts[uri]} and len(stand) > 1
        for uri, box in places.items():
            if texts[uri]:
                left, top, right, bottom = stand[texts[uri]]["box"]
                assert box[0] - 0.02 < (left + right) / 2 < box[2] + 0.02 and abs(top - box[3]) < 0.09 and bottom <= 1
        assert len({element["font_px"] for element in stand.values()}) == 1
    assert all(about(row, "captions: 1 more than images are left out") for row in products["steps"])


def test_what_can_not_be_on_a_collage_is_left_out_with_a_note(folder: Path) -> None:
    products = by_product(folder)
    for row in products["one"]:
        assert not tiles(row) and about(row, "layout collage: the row names one image; it is laid out single")
    for row in products["forty"]:
        assert len(tiles(row)) == 3
        assert about(row, "32 of 40 images are not read: a product has at most 8") and len(about(row, "not_found")) == 4
    for row in products["twin"]:
        assert tiles(row) == ["1.jpg"] and len(about(row, "twin.jpg is not on the collage: it looks like")) == 1
    for row in products["holes"]:
        assert tiles(row) == ["1.jpg"]
        assert len(about(row, "gone.jpg is not on the collage: not_found")) == 1
        assert len(about(row, "broken.jpg is not on the collage: ")) == 1
    assert len(products["panoramas"]) == 2
    for row in products["panoramas"]:
        shown = {Path(row["image"]).name, *tiles(row)}
        assert len(shown) == 3 or about(row, "not on the collage") or about(row, "laid out single")


def test_a_row_without_any_image_and_one_with_another_word_are_dead_letters(folder: Path) -> None:
    snapshot = published_runs.read(Storage(), str(folder / "out")).to_pylist()
    letters = dead(str(folder / "out"), snapshot[0]["run_id"])
    assert {letter["kind"] for letter in letters if letter["product_id"] == "gone"} == {"not_found"}
    (odd,) = {letter["message"] for letter in letters if letter["product_id"] == "odd"}
    assert 'layout is "heap"; write one of single, auto, collage, hero, grid, steps, before_after' in odd
    assert {letter["product_id"] for letter in letters} == {"gone", "odd"}


def test_kinds_and_variants(folder: Path) -> None:
    products = by_product(folder)
    assert all(not tiles(row) for row in products["alone"])
    assert all(row["layout"] is None and row["status"] == "ok" for row in products["alone"])
    for row in products["steps"]:
        boxes = [row["picture"], *(tile["picture"] for tile in row["ground"]["tiles"])]
        assert tiles(row) == ["1.jpg", "2.jpg"]
        places = [(round(box[1], 2), round(box[0], 2)) for box in boxes]
        assert places == sorted(places)
    for row in products["before"]:
        assert tiles(row) == ["1.jpg"] and about(row, "1 more images are not on the collage: it shows at most 2")
    first, second = products["variants"]
    assert tiles(first) and tiles(second)
    assert (first["style_used"], first["picture"]) != (second["style_used"], second["picture"])


def test_another_night_keeps_rows_until_any_of_their_photos_changes(tmp_path: Path) -> None:
    names = shelf(tmp_path, 3)
    products = [
        {"product_id": "a", "images": names, "layout": "collage"},
        {"product_id": "b", "images": names[:2], "layout": "collage"},
    ]
    night(tmp_path, products)
    before = by_product(tmp_path)
    assert night(tmp_path, products)["unchanged"] == 4
    assert by_product(tmp_path) == before
    (tmp_path / "2.jpg").write_bytes(encoded(photo(320, 240, seed=9)))
    assert night(tmp_path, products)["unchanged"] == 2
    after = by_product(tmp_path)
    assert after["b"] == before["b"]
    old, new = (json.dumps(rows_of["a"][0]["ground"]["tiles"]) for rows_of in (before, after))
    assert old != new and after["a"][0]["picture_file"] != before["a"][0]["picture_file"]


def test_collages_are_scored_and_shown_with_all_their_photos(folder: Path, tmp_path: Path) -> None:
    table = published_runs.read(Storage(), str(folder / "out"))
    table = table.filter(pc.is_in(table["product_id"], pa.array(["all", "steps"])))
    scored = Score(Storage(), BorderSaliency(), ScoreSettings(), str(tmp_path)).add(table).to_pylist()
    assert all(row["exclusions"] == [] and row["own_subject_cut"] < 0.05 for row in scored)
    assert all(row["own_product_occlusion"] == 0 for row in scored)
    shown = Preview(Storage(), str(tmp_path), 320, (), layers=True, saliency=BorderSaliency())(table).to_pylist()
    assert [row["fault"] for row in shown] == [None] * len(table)
    (folder / "0.jpg").rename(folder / "moved.jpg")
    try:
        (fault,) = {row["fault"] is not None for row in Preview(Storage(), str(tmp_path), 320, ())(table).to_pylist()}
    finally:
        (folder / "moved.jpg").rename(folder / "0.jpg")
    assert fault
