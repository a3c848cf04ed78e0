"""The SQL of docs/tables.md answers what is asked there, on a table of today's schema."""

from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.core import schema
from tests.rehearsal import questions

NIGHT, BEFORE = "20261128T220000Z-aaaaaa", "20261127T220000Z-bbbbbb"


def _row(name, **values):
    size = {"canvas": "200x100", "canvas_width": 200, "canvas_height": 100}
    when = datetime(2026, 11, 28, 22, tzinfo=UTC)
    models = {"annotator": "ocr-3", "composer": "qwen_vl@1", "adapter": "layouts-2 0f3c"}
    row = {
        "row_id": f"{name}@200x100",
        "product_id": name,
        "application": "poster",
        "run_id": NIGHT,
        "created_at": when,
    }
    return row | size | models | values


def _element(text, box, *runs):
    return {"role": "title", "text": text, "box": box, "font": "Noto Sans", "font_px": 12, "runs": [*runs]}


def _run(text, file, script, direction="ltr"):
    return {"line": 0, "text": text, "file": file, "weight": 700, "script": script, "direction": direction}


def _file(form):
    return {"format": form, "uri": f"s3://shop/pictures/{form}", "sha256": form * 2, "bytes": len(form)}


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    root: Path = tmp_path_factory.mktemp("table")
    cover = {"application": "video_cover", "composer": "covers-4", "adapter": None}
    rows = [
        _row(
            "vase",
            elements=[_element("Vase", [0.1, 0.2, 0.6, 0.4]), _element("", [0, 0, 1, 1])],
            picture_file=_file("webp"),
            further_files=[_file("svg"), _file("pptx")],
        ),
        _row(
            "vase",
            row_id="vase@200x100@ar",
            locale="ar",
            picture_file=_file("webp"),
            elements=[
                _element(
                    "مزهرية Vase",
                    [0.4, 0.2, 0.9, 0.4],
                    _run("Vase", "NotoSans.ttf", "Latn"),
                    _run("مزهرية", "NotoSansArabic.ttf", "Arab", "rtl"),
                ),
                _element("Vase II", [0.4, 0.5, 0.9, 0.6], _run("Vase II", "NotoSans.ttf", "Latn")),
            ],
        ),
        _row("mug", run_id=BEFORE),
        _row("cup", run_id=BEFORE, stale_since=datetime(2026, 11, 28, tzinfo=UTC)),
        _row("clip", **cover, accepted=False, reasons=["contrast: 2.1 is below 4.5", "subject: 9 % is covered"]),
        _row("film", **cover, accepted=False, reasons=["contrast: 3.0 is below 4.5"]),
        _row("reel", **cover, accepted=True, reasons=[]),
    ]
    letters = [
        {"row_id": "a", "stage": "fetch", "kind": "not_found", "retryable": True, "message": "nothing at a"},
        {"row_id": "b", "stage": "fetch", "kind": "not_found", "retryable": True, "message": "nothing at b"},
        {"row_id": "c", "stage": "plan", "kind": "empty_title", "retryable": False, "message": "no title"},
    ]
    for part, values, kind in (("snapshots", rows, schema.LAYOUTS), ("dead_letters", letters, schema.DEAD_LETTERS)):
        folder = root / part / NIGHT
        folder.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(values, schema=kind), folder / "part-00000.parquet")
    return list(questions.ask(str(root), NIGHT, "vase").values())


def test_the_page_asks_seven_questions(answers):
    assert [question[0] for question in questions.statements()] == [*"1234567"]


def test_what_was_made_and_what_was_carried_over(answers):
    assert answers[0] == [
        {"application": "poster", "made": 2, "carried_over": 1, "stale": 1},
        {"application": "video_cover", "made": 3, "carried_over": 0, "stale": 0},
    ]


def test_which_models_made_the_rows(answers):
    assert [(row["composer"], row["adapter"], row["layouts"]) for row in answers[1]] == [
        ("qwen_vl@1", "layouts-2 0f3c", 4),
        ("covers-4", None, 3),
    ]


def test_what_failed_and_whether_it_may_pass(answers):
    assert answers[2] == [
        {"stage": "fetch", "kind": "not_found", "retryable": True, "failed": 2, "example": "nothing at a"},
        {"stage": "plan", "kind": "empty_title", "retryable": False, "failed": 1, "example": "no title"},
    ]


def test_where_a_products_text_is(answers):
    text = {"canvas": "200x100", "role": "title", "text": "Vase", "font": "Noto Sans", "font_px": 12}
    assert answers[3][0] == text | {"left_px": 20, "top_px": 20, "right_px": 120, "bottom_px": 40}
    assert [row["text"] for row in answers[3]] == ["Vase", "مزهرية Vase", "Vase II"]


def test_which_covers_a_person_should_look_at(answers):
    assert answers[4] == [
        {"reason": "contrast", "covers": 2, "row_ids": ["clip@200x100", "film@200x100"]},
        {"reason": "subject", "covers": 1, "row_ids": ["clip@200x100"]},
    ]


def test_which_finished_files_there_are_in_which_languages(answers):
    of = {"locale": "", "canvas": "200x100"}
    assert answers[5] == [of | _file(form) for form in ("pptx", "svg", "webp")] + [
        of | {"locale": "ar"} | _file("webp")
    ]


def test_which_fonts_a_products_texts_are_set_in(answers):
    assert answers[6] == [
        {"file": "NotoSans.ttf", "weight": 700, "script": "Latn", "direction": "ltr", "texts": ["Vase", "Vase II"]},
        {"file": "NotoSansArabic.ttf", "weight": 700, "script": "Arab", "direction": "rtl", "texts": ["مزهرية"]},
    ]
