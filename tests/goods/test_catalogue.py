"""The drawn catalogue: the same bytes twice, variety enough for a demo, and four faults, no more and no fewer."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, ImageOps

from layoutgen.goods.catalogue import BROKEN, draw
from layoutgen.goods.shots import ASPECTS, SHOTS
from layoutgen.goods.wording import WORDING

Rows = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return draw(tmp_path_factory.mktemp("catalogue")).parent


@pytest.fixture(scope="module")
def rows(folder: Path) -> Rows:
    lines = (folder / "catalogue.jsonl").read_text(encoding="utf-8").splitlines()
    read = [json.loads(line) for line in lines]
    assert len({row["product_id"] for row in read}) == len(read)
    return {row["product_id"]: row for row in read}


@pytest.fixture(scope="module")
def good(rows: Rows) -> Rows:
    return {key: row for key, row in rows.items() if key not in BROKEN}


def images(row: dict[str, Any]) -> list[str]:
    return row.get("images") or [row["image"]]


def digest(folder: Path) -> dict[str, str]:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.mark.slow
def test_the_same_seed_draws_the_same_bytes(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of every drawing, and before every backdrop, one shot is drawn again, and all that is no shot."""
    once = {key: name for name, shot in SHOTS.items() for key in (shot.scene.split()[0], shot.draw)}
    again = {*once.values(), "kettle-pine"}
    small = replace(SHOTS["kettle-pine"], size=(64, 64))
    shots = {name: shot if name in again else small for name, shot in SHOTS.items()}
    monkeypatch.setattr("layoutgen.goods.catalogue.SHOTS", shots)
    drawn, before = digest(draw(tmp_path).parent), digest(folder)
    drawn = {name: sha for name, sha in drawn.items() if Path(name).stem in again or Path(name).parts[0] != "images"}
    assert len(drawn) > len(again)
    assert drawn == {name: before[name] for name in drawn}


def test_fewer_products_and_smaller_photos_can_be_drawn(tmp_path: Path) -> None:
    rows = [json.loads(line) for line in draw(tmp_path, products=3, scale=0.25).read_text("utf-8").splitlines()]
    whole = [row for row in rows if row["product_id"] not in BROKEN]
    assert [row["product_id"] for row in whole] == list(WORDING)[:3]
    assert len(rows) == 3 + len(BROKEN)
    for row in whole:
        for path in images(row):
            with Image.open(tmp_path / path) as image:
                assert max(image.size) == max(SHOTS[Path(path).stem].size) // 4


def test_another_seed_draws_another_picture() -> None:
    one, two = (SHOTS["tin-longjing"].picture(np.random.default_rng(seed)).tobytes() for seed in (1, 2))
    assert one != two


def test_there_are_products_enough_and_every_drawing_is_used(good: Rows) -> None:
    assert len(good) >= 28
    assert {shot.draw for shot in SHOTS.values()} == set(ASPECTS)
    assert set(SHOTS) == set(WORDING) | {name for wording in WORDING.values() for name in wording.also}


def test_every_image_of_a_good_row_opens_at_a_catalogues_size(folder: Path, good: Rows) -> None:
    for row in good.values():
        for path in images(row):
            with Image.open(folder / path) as image:
                image.load()
                assert 600 <= max(image.size) <= 1800, (path, image.size)


def test_pictures_are_not_blank_and_show_a_product_apart_from_its_background(folder: Path, good: Rows) -> None:
    for row in good.values():
        with Image.open(folder / images(row)[0]) as image:
            grey = np.asarray(image.convert("RGBA").convert("L").resize((96, 96)), float)
        assert grey.std() > 8, row["product_id"]


def test_exactly_four_rows_are_broken_each_in_its_way(folder: Path, rows: Rows) -> None:
    assert set(BROKEN) <= set(rows) and len(BROKEN) == 4
    assert not (folder / rows["scarf-lost"]["image"]).exists()
    with pytest.raises(OSError, match="truncated"), Image.open(folder / rows["teapot-cut"]["image"]) as image:
        image.load()
    assert (folder / rows["cushion-page"]["image"]).read_bytes().startswith(b"<!DOCTYPE html>")
    assert rows["vase-untitled"]["title"] == ""
    assert all(row["title"].strip() for key, row in rows.items() if key != "vase-untitled")
    present = [path for row in rows.values() for path in images(row) if (folder / path).exists()]
    assert len(set(present)) == len(list((folder / "images").iterdir())), "no file lies there unused"


def test_shapes_formats_and_orientations_vary(folder: Path, good: Rows) -> None:
    ratios, formats, turned, clear = set(), set(), 0, 0
    for row in good.values():
        with Image.open(folder / images(row)[0]) as image:
            upright = ImageOps.exif_transpose(image)
            turned += upright.size != image.size
            clear += image.mode == "RGBA"
            formats.add(image.format)
            ratios.add(round(upright.width / upright.height, 2))
    assert {1.0, 0.75, 1.33, 1.78, 2.4} <= ratios
    assert formats == {"JPEG", "PNG", "WEBP"}
    assert turned == 1 and clear == 1


def test_copy_varies_in_language_length_and_use(good: Rows) -> None:
    assert {row["language"] for row in good.values()} == {"zh", "en"}
    assert min(sum(row["language"] == language for row in good.values()) for language in ("zh", "en")) >= 8
    assert {row["application"] for row in good.values()} == {"poster", "marketing", "video_cover"}
    assert {len(row["selling_points"]) for row in good.values()} == {1, 2, 3, 4}
    assert any("￥" in point for row in good.values() for point in row["selling_points"])
    assert max(len(point) for row in good.values() for point in row["selling_points"]) > 60
    asked = {tuple(row.get("canvases", ())) for row in good.values()}
    assert {(), ("1:1",), ("750x1000",), ("16:9",)} <= asked
    assert sum("images" in row for row in good.values()) == 1
    assert all("season" in row for row in good.values()), "a column that the pipeline does not know"


def test_logos_are_transparent_and_only_some_rows_have_one(folder: Path, good: Rows) -> None:
    paths = {row["logo"] for row in good.values() if "logo" in row}
    assert len(paths) >= 8
    assert any("logo" not in row for row in good.values())
    for path in paths:
        with Image.open(folder / path) as image:
            alpha = np.asarray(image.getchannel("A"))
        assert image.mode == "RGBA" and alpha.min() == 0 and alpha.max() == 255, path
