from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from layoutgen.config import styles
from layoutgen.config.stages import CoverPlaceSettings
from layoutgen.core import schema
from layoutgen.core.styles.choosing import Wardrobe
from layoutgen.imaging import images
from layoutgen.models.building.composers import cover_composer
from layoutgen.models.building.fonts import FaceFor
from layoutgen.stages.place_covers import PlaceCovers
from tests.models.composers.test_covers import photo

SETTINGS = CoverPlaceSettings()
FACE_FOR = FaceFor(SETTINGS)


def table(**row: object) -> pa.Table:
    picture = photo()
    values = {
        "row_id": "a@540x720",
        "product_id": "a",
        "canvas_width": 540,
        "canvas_height": 720,
        "title": "三分钟学会插花",
        "status": "ok",
        "notes": [],
        **row,
    }
    planned = schema.PLANNED if "style" not in row else pa.schema([*schema.PLANNED, schema.WISHES.field("style")])
    rows = schema.complete(pa.Table.from_pylist([values]), planned)
    for name, data in (
        ("pixels", images.encode_jpeg(picture.pixels)),
        ("subject_map", images.encode_png((picture.contents.subject * 255).astype(np.uint8))),
    ):
        column = pa.DictionaryArray.from_arrays(pa.array([0], pa.int32()), pa.array([data], pa.binary()))
        rows = rows.append_column(name, column)
    return schema.complete(rows, schema.ANNOTATED)


def placed(second=lambda: None, wardrobe=None, brands=None, **row: object):
    composer = cover_composer(SETTINGS, {}, FACE_FOR)
    return PlaceCovers(composer, FACE_FOR, "cover-test", second, wardrobe, brands)(table(**row))


class Everywhere:
    """A finder to which all of a picture is its subject; it counts the pictures that it was shown."""

    def __init__(self) -> None:
        self.shown = 0

    def saliency(self, images):
        self.shown += len(images)
        return [np.ones((16, 12), np.float32) for _ in images]


def test_the_stage_adds_the_placed_columns():
    covers = placed(stickers=["新品", "新品"])
    assert covers.column_names == schema.PLACED.names
    (row,) = covers.to_pylist()
    assert row["accepted"] is True and row["reasons"] == [] and row["composer"] == "cover-test"
    assert [e["text"] for e in row["elements"] if e["role"] == "other"] == ["新品"]


def test_characters_without_a_glyph_are_noted_and_a_title_of_them_fails():
    (row,) = placed(subtitle="好看\ue000的").to_pylist()
    assert any("no font has" in note for note in row["notes"])
    assert "好看的" in [e["text"] for e in row["elements"]]
    (row,) = placed(title="\ue000").to_pylist()
    assert (row["status"], row["error"]["kind"]) == ("failed", "missing_glyphs")


def test_a_title_in_a_script_without_a_font_fails_its_row():
    (row,) = placed(title="བོད").to_pylist()
    assert row["error"]["kind"] == "unsupported_script" and row["elements"] is None


@pytest.mark.parametrize(("title", "script"), [("שלום", "Hebr"), ("مرحبا", "Arab")])
def test_a_title_that_runs_right_to_left_is_set_so(title, script):
    (row,) = placed(title=title).to_pylist()
    (element,) = [element for element in row["elements"] if element["role"] == "title"]
    assert (element["direction"], [run["direction"] for run in element["runs"]]) == ("rtl", ["rtl"])
    assert [run["script"] for run in element["runs"]] == [script]


def test_a_second_finder_is_asked_once_a_picture_and_its_objections_are_reasons():
    finder = Everywhere()
    covers = placed(second=lambda: finder).to_pylist()
    assert finder.shown == 1
    (row,) = covers
    assert row["accepted"] is True, "all of the photo is kept whole beside the title"
    assert row["picture"] != [0, 0, 1, 1]


def test_a_row_says_its_style_and_one_that_is_not_known_fails_it():
    wardrobe = Wardrobe(styles.embedded())
    columns = {"brand": "VALE", "category": "Coat"}
    (row,) = placed(wardrobe=wardrobe, style="tech", **columns).to_pylist()
    assert row["style_used"] == "tech" and row["accepted"] is True
    (row,) = placed(wardrobe=replace(wardrobe, use="luxury_dark"), **columns).to_pylist()
    assert row["style_used"] == "luxury_dark"
    (row,) = placed(wardrobe=wardrobe, style="baroque", **columns).to_pylist()
    assert row["error"]["kind"] == "unknown_style" and "baroque" in row["error"]["message"]


def test_what_has_no_room_is_noted():
    (row,) = placed(stickers=[f"标签 {i} 号" for i in range(150)]).to_pylist()
    assert row["status"] == "ok"
    shown = [element["text"] for element in row["elements"] if element["role"] == "other"]
    assert len(shown) < 150
    assert {f"标签 {i} 号" for i in range(150)} == {*shown, *(n.split(": ")[1] for n in row["notes"])}
