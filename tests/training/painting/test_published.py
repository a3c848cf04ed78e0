"""Published sets become a folder of scenes; what is no row of them is counted by its reason."""

import json
from pathlib import Path
from typing import Any

import pytest

from layoutgen.io.storage import Storage
from layoutgen.training.painting import rows
from layoutgen.training.painting.__main__ import main

PITA = {"img_path": "a.jpg", "mask_path": "a.png", "img_wh": [800, 400], "background prompt": "a table"}


def written(tmp_path: Path, name: str, lines: list[Any]) -> Path:
    path = tmp_path / f"{name}.txt"
    path.write_text("".join(f"{line if isinstance(line, str) else json.dumps(line)}\n" for line in lines), "utf-8")
    return path


def read(
    name: str, lines: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str], *more: str
) -> tuple[list[rows.Row], dict[str, int]]:
    file, folder = written(tmp_path, name, lines), tmp_path / f"{name}-scenes"
    assert main([name, str(file), "--scenes", str(folder), *more]) == 0
    summary = json.loads(capsys.readouterr().out)
    scenes = rows.read(str(folder), Storage())
    assert summary["rows"] == len(scenes)
    return scenes, summary["dropped"]


def test_pita(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = [
        {"label": "Logo", "box": [0.1, 0.1, 0.2, 0.2]},
        {"label": "Tagline", "box": [0.1, 0.3, 1.02, 0.5], "text": "新品"},
        {"label": "Sticker", "box": [0, 0, 1, 1]},
        {"label": "Underlay", "box": [0.5, 0.5, 0.5, 0.9]},
    ]
    in_px = {"Tagline": [[80, 40, 400, 80]], "Logo": []}
    lines = [
        PITA | {"graphic_layout": layout},
        PITA | {"img_path": "b.jpg", "graphic_layout": in_px, "allow_occlude": True},
        PITA,
        PITA | {"img_path": "c.jpg", "mask_path": ""},
        {"img_path": "d.jpg"},
        "{",
        "",
        [1],
    ]
    scenes, dropped = read("pita", lines, tmp_path, capsys)
    assert [(row.image, row.mask, row.caption) for row in scenes] == [
        ("a.jpg", "a.png", "a table"),
        ("b.jpg", "a.png", "a table"),
    ]
    assert [(each.role, each.box[2], each.text) for each in scenes[0].elements] == [
        ("logo", 0.2, ""),
        ("title", 1.0, "新品"),
    ]
    assert scenes[1].elements[0].box == (0.1, 0.1, 0.5, 0.2)
    assert dropped == {"box": 1, "duplicate": 1, "no_mask": 1, "unreadable": 3}


def test_bg60k(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = ["\ufeff1.jpg desk lamp", "2.jpg\tshoes", "1.jpg,2.jpg,lamps", "3.jpg", "2.jpg shoes"]
    scenes, dropped = read("bg60k", lines, tmp_path, capsys, "--images", "i", "--masks", "m")
    assert [(row.image, row.mask, row.category, row.reference) for row in scenes] == [
        ("i/1.jpg", "m/1.jpg", "desk lamp", None),
        ("i/2.jpg", "m/2.jpg", "shoes", None),
        ("i/1.jpg", "m/1.jpg", "lamps", "i/2.jpg"),
    ]
    assert dropped == {"unreadable": 1, "duplicate": 1}


def test_autopp1m(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    urls = [f"https://img.shop.com/{name}/a%20b.{end}?x=1" for name, end in (("p", "jpg"), ("q", "png"), ("g", "png"))]
    lines = [
        ",".join([*urls, '"a table, of oak, in the sun"']),
        "\t".join(["http://h/x.jpg", "http://h/y.png", "http://h/z.png", "sky, blue"]),
        ",".join(["http://h/n.jpg", "http://h/y.png", "http://h/z.png"]),
        "poster_url,product_url,glyph_url,text",
        ",".join([*urls, "again"]),
        "http://h/x.jpg,no picture",
    ]
    scenes, dropped = read("autopp1m", lines, tmp_path, capsys)
    assert [(row.image, row.mask, row.caption) for row in scenes] == [
        ("images/a b.jpg", "masks/a b.png", "a table, of oak, in the sun"),
        ("images/x.jpg", "masks/x.png", "sky, blue"),
        ("images/n.jpg", "masks/n.png", None),
    ]
    assert dropped == {"unreadable": 2, "duplicate": 1}


def test_ppg30k(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    layout = [{"type": "text", "bbox": [10, 20, 50, 40], "text": "Kettle"}, {"type": "embellishment", "bbox": [0, 0]}]
    lines = [
        {"poster": "1.jpg", "product_mask": "1.png", "layout": layout, "size": [100, 200], "caption": "a wall"},
        {"poster_path": "2.jpg", "mask": "2.png", "layout": {"underlay": [[0.1, 0.1, 0.9, 0.4]]}},
        {"product_mask": "3.png"},
        {"poster": "4.jpg"},
    ]
    scenes, dropped = read("ppg30k", lines, tmp_path, capsys)
    assert [(row.image, row.mask, row.caption) for row in scenes] == [
        ("1.jpg", "1.png", "a wall"),
        ("2.jpg", "2.png", None),
    ]
    assert [(each.role, each.box, each.text) for each in scenes[0].elements] == [
        ("title", (0.1, 0.1, 0.5, 0.2), "Kettle")
    ]
    assert dropped == {"no_picture": 1, "no_mask": 1}


def test_what_is_no_set_is_refused_and_nothing_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = written(tmp_path, "bad", ["1.jpg", "2.jpg"])
    assert main(["bg60k", str(file), "--scenes", str(tmp_path / "none")]) == 2
    assert "has no row of the set" in (text := capsys.readouterr().err)
    assert "{'unreadable': 2}" in text
    assert main(["pita", str(tmp_path / "absent"), "--scenes", str(tmp_path / "none")]) == 2
    assert "can't be read" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
