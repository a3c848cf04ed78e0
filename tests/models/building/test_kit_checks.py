"""Kits as files: two that can be used, and each way in which one can't."""

import json
import shutil

import pytest

from jobs.brands import main
from layoutgen.core.layout import Canvas
from layoutgen.goods import brands
from layoutgen.imaging import images
from layoutgen.io.brand_kits import by_name, read
from layoutgen.io.storage import Storage
from layoutgen.models.building.kit_checks import check

CANVASES = (Canvas(1080, 1080), Canvas(810, 1440))
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"></svg>'


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    return brands.write(tmp_path_factory.mktemp("kits"))


@pytest.fixture
def kits(drawn, tmp_path):
    return shutil.copytree(drawn, tmp_path / "kits")


def changed(kits, **values):
    """The kit nordlys with other values of keys."""
    file = kits / "nordlys" / "brand.json"
    file.write_text(json.dumps(json.loads(file.read_text(encoding="utf-8")) | values), encoding="utf-8")
    return kits / "nordlys"


def faults(folder, tmp_path):
    (kit,) = read(Storage(), str(folder))
    return " | ".join(check(kit, CANVASES, ("plain",), tmp_path).faults)


def test_the_invented_brands_can_be_used(kits, tmp_path, capsys):
    found = {kit.name: check(kit, CANVASES, ("plain",), tmp_path) for kit in read(Storage(), str(kits))}
    assert {name: checked.faults for name, checked in found.items()} == {"chayu": (), "nordlys": ()}
    assert [ink.colour for ink in found["nordlys"].inks] == ["#ffffff", "#0b1f3a", "#ffb000"]
    assert [ink.tones for ink in found["nordlys"].inks] == [((ink.colour, 1.0),) for ink in found["nordlys"].inks]
    assert main(["check", str(kits)]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["kit"] for line in lines] == ["chayu", "nordlys"]
    assert lines[1]["ignored"] == ["fonts.primary", "tone.voice"]
    assert by_name([kit.brand for kit in read(Storage(), str(kits))])["北光"].id == "nordlys"


def test_a_kits_digest_is_of_its_bytes_wherever_they_lie(kits, tmp_path):
    before = {kit.name: kit.digest for kit in read(Storage(), str(kits))}
    assert len({*before.values()}) == 2
    (kits / "nordlys" / "logos" / "light.png").write_bytes((kits / "nordlys" / "logos" / "dark.png").read_bytes())
    after = {kit.name: kit.digest for kit in read(Storage(), str(kits))}
    assert after["chayu"] == before["chayu"]
    assert after["nordlys"] != before["nordlys"]


def test_a_missing_font_is_a_fault(kits, tmp_path, capsys):
    (kits / "nordlys" / "fonts" / "Inter.ttf").unlink()
    assert "fonts/Inter.ttf" in faults(kits / "nordlys", tmp_path)
    assert main(["check", str(kits)]) == 2
    assert "nordlys: font " in capsys.readouterr().err


def test_a_font_that_is_none_is_a_fault(kits, tmp_path):
    (kits / "nordlys" / "fonts" / "Inter.ttf").write_bytes(b"<!doctype html>")
    assert "can't be read as a TrueType or OpenType font" in faults(kits / "nordlys", tmp_path)


def test_a_logo_that_is_not_there_or_no_picture_is_a_fault(kits, tmp_path):
    (kits / "nordlys" / "logos" / "light.png").unlink()
    (kits / "nordlys" / "logos" / "dark.png").write_bytes(b"PK\x03\x04 what")
    said = faults(kits / "nordlys", tmp_path)
    assert "logos/light.png" in said
    assert "not_an_image: ZIP archive" in said


def test_a_logo_that_is_svg_alone_is_a_fault_and_one_beside_others_is_passed_over(kits, tmp_path):
    (kits / "nordlys" / "logos" / "only.svg").write_bytes(SVG)
    alone = changed(kits, logos=[{"url": "logos/only.svg"}])
    assert "is SVG alone, which is not drawn here; lay a PNG beside it" in faults(alone, tmp_path)
    beside = changed(kits, logos=[{"url": "logos/only.svg"}, *brands.NORDLYS["logos"]])
    (kit,) = read(Storage(), str(beside))
    checked = check(kit, CANVASES, ("plain",), tmp_path)
    assert checked.faults == ()
    assert any("only.svg: SVG is not drawn here" in line for line in checked.ignored)


def test_a_logo_that_no_allowed_ground_shows_is_a_fault(kits, tmp_path):
    said = faults(changed(kits, logos=[{"url": "logos/dark.png"}], colors={"primary": "#0b1f3a"}), tmp_path)
    assert "none of #0b1f3a can be seen on any ground that is allowed (#0b1f3a; contrast of 3 at least)" in said


def test_a_logo_that_is_for_a_ground_where_it_is_not_seen_is_a_fault(kits, tmp_path):
    said = faults(changed(kits, logos=[{"url": "logos/dark.png", "background": "dark-bg"}]), tmp_path)
    assert "is for dark-bg, but its colour #0b1f3a has a contrast of" in said


def test_a_logo_of_nothing_is_a_fault(kits, tmp_path):
    empty = images.decode_logo((kits / "nordlys" / "logos" / "dark.png").read_bytes()) * 0
    (kits / "nordlys" / "logos" / "dark.png").write_bytes(images.encode_png(empty))
    assert "shows_nothing" in faults(kits / "nordlys", tmp_path)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"colors": {"text": "#777777", "background": "#888888"}}, "no two that may stand on each other"),
        (
            {"colors": {"text": "#000000", "background": "#ffffff"}, "forbidden_pairs": [["text", "background"]]},
            "no two that may stand on each other",
        ),
        ({"forbidden_pairs": [["primary", "primary"]]}, "forbidden_pairs has #0b1f3a with itself"),
        ({"forbidden_pairs": [["#123456", "primary"]]}, "names #123456, which colors does not have"),
        (
            {"visual_guidelines": {"logo_placement": {"min_clear_space": "1200px"}}},
            "more than the canvas 1080x1080; make min_clear_space or min_height smaller",
        ),
        ({"visual_guidelines": {"logo_placement": {"min_height": "90%"}}}, "more than the canvas"),
        ({"styles": ["glam"]}, "styles names 'glam', which is no house style; known: plain"),
        ({"colors": {"primary": "red"}}, "give #rrggbb"),
    ],
)
def test_what_contradicts_itself_is_a_fault(kits, tmp_path, values, said):
    assert said in faults(changed(kits, **values), tmp_path)


def test_two_kits_of_one_name_and_a_folder_without_any_are_refused(kits, tmp_path, capsys):
    shutil.copytree(kits / "nordlys", kits / "copy")
    assert main(["check", str(kits)]) == 2
    assert "kits copy and nordlys are both named 'nordlys'; rename one" in capsys.readouterr().err
    (tmp_path / "empty").mkdir()
    assert main(["check", str(tmp_path / "empty")]) == 2
    assert "has no brand kit" in capsys.readouterr().err
