"""A style is learnt from the pictures of a night alone, and is the one in which they were made."""

import json
import shutil
from statistics import median

import pytest

from jobs.brands import main
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.core.layout import Role
from layoutgen.core.learning.observed import delta_ok
from layoutgen.goods import brands
from layoutgen.models.building.composers import composer
from tests.chaos.quick import SETTINGS, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import published, write_manifest

TITLES = ("轻量羽绒服 暖而不臃肿", "牛津纺衬衫 上班约会都能穿", "春茶上新", "通勤西装外套", "一件衬衫搭遍春夏")


@pytest.fixture(scope="module")
def learnt(tmp_path_factory):
    shop = tmp_path_factory.mktemp("shop")
    brands.write(shop / "kits")
    rows = []
    for i, title in enumerate(TITLES):
        (shop / f"{i}.jpg").write_bytes(encoded(photo(300, 400, seed=i)))
        points = ["九成白鸭绒", "可机洗收纳"]
        rows.append(
            {"product_id": str(i), "image": f"{i}.jpg", "title": title, "selling_points": points, "brand": "茶屿"}
        )
    values = SETTINGS.model_dump() | {
        "input": {"canvases": ["3:4"], "short_side": 720},
        "images": {"side": 400},
        "render": {"formats": ["png"]},
        "style": {"brands": str(shop / "kits"), "use": "plain"},
    }
    night(write_manifest(shop, rows), str(shop / "out"), config=LayoutsConfig.model_validate(values), composer=composer)
    (shop / "posters").mkdir()
    made = published(str(shop / "out"))
    for row in made:
        shutil.copy(row["picture_file"]["uri"].removeprefix("file://"), shop / "posters" / f"{row['product_id']}.png")
    code = main(["learn", "--posters", str(shop / "posters"), "--output", str(shop / "fjord")])
    assert code == 0
    return shop, made, json.loads((shop / "fjord" / "report.json").read_text(encoding="utf-8"))


def test_the_type_scale_is_that_of_the_layouts(learnt):
    _, made, report = learnt
    true = []
    for row in made:
        sizes = {
            role: [e["font_px"] for e in row["elements"] if e["role"] == role] for role in ("title", "selling_point")
        }
        true += [size / max(sizes["title"]) for size in sizes["selling_point"]]
    assert report["scales"]["selling_point"] == pytest.approx(median(true), rel=0.1)


def test_the_colours_are_those_of_the_brand(learnt):
    _, _, report = learnt
    own = [
        colour for value in brands.CHAYU["colors"].values() for colour in ([value] if isinstance(value, str) else value)
    ]
    inks = [ink for ink in report["inks"] if ink["uses"][0] != "ground"]  # photos may have plain grounds of their own
    assert len(inks) >= 2
    for ink in inks:
        assert min(delta_ok(ink["colour"], colour) for colour in own) <= 5, ink


def test_the_proposal_passes_its_own_check_and_shows_what_was_read(learnt, capsys):
    shop, _, report = learnt
    assert main(["check", str(shop / "fjord"), "--styles", str(shop / "fjord" / "styles")]) == 0
    page = (shop / "fjord" / "index.html").read_text(encoding="utf-8")
    assert page.count("data:image/jpeg;base64,") == len(TITLES)
    words = [text["words"] for poster in report["read"] for text in poster["texts"]]
    assert len(words) >= 3 * len(TITLES)
    assert all(word in page for word in words if word.isalnum())
    assert {text["role"] for poster in report["read"] for text in poster["texts"]} >= {Role.TITLE, Role.SELLING_POINT}


def test_too_few_posters_and_pictures_that_are_none_are_refused(learnt, tmp_path, capsys):
    for i in range(4):
        (tmp_path / f"{i}.png").write_bytes(b"no picture")
    assert main(["learn", "--posters", str(tmp_path), "--output", str(tmp_path / "x")]) == 2
    assert "has 4 pictures; a style is learnt from 5 to 50 posters" in capsys.readouterr().err
    (tmp_path / "4.png").write_bytes(b"no picture")
    assert main(["learn", "--posters", str(tmp_path), "--output", str(tmp_path / "x")]) == 2
    assert "only 0 pictures can be read (0.png: not_an_image" in capsys.readouterr().err
