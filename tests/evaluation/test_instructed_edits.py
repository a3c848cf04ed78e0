"""An instruction in a served gallery: followed in the edit that is open, told where it is not, and never more than a
request away from the page."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from layoutgen.core import feedback, schema
from layoutgen.evaluation.review_room import RequestError
from tests.browser import find
from tests.evaluation.conftest import layouts, room_of, serving, write_page
from tests.evaluation.test_served_page import visit

ELEMENTS = [{"role": "title", "text": "Vase", "box": [0.1, 0.1, 0.5, 0.2], "was": 0},
            {"role": "logo", "text": "", "box": [0.6, 0.1, 0.8, 0.2], "was": 1}]  # fmt: skip
browser_only = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")


@pytest.fixture
def page(tmp_path):
    return write_page(tmp_path, layouts(tmp_path, 3))


def test_an_instruction_changes_the_elements_that_it_names(page):
    room = room_of(page)
    answer = room.refine({"row_id": "p0", "instruction": "logo to the bottom left, title bigger", "elements": ELEMENTS})
    title, logo = answer["elements"]
    width, height = (title["box"][k + 2] - title["box"][k] for k in (0, 1))
    assert (width, height) == pytest.approx((0.5, 0.125), abs=1e-4) and title["was"] == 0 and answer["undone"] == []
    assert logo["box"][0] < 0.05 and logo["box"][3] > 0.94 and logo["was"] == 1
    assert sorted(answer["done"]) == ["logo to the left bottom", "title times 1.25"]
    assert room.draw({"row_id": "p0", "elements": answer["elements"]})[:4] == b"\x89PNG"


def test_what_is_saved_is_feedback_that_can_be_read(page):
    answer = room_of(page).refine({"row_id": "p0", "instruction": 'title says "Jug"', "elements": ELEMENTS})
    record = {"row_id": "p0", "run_id": "r", "decision": "edit", "annotator": "Mei", "time": "2026-11-30T09:00:00Z"}
    checked = feedback.check({**record, "elements": answer["elements"]})
    assert checked.elements[0].text == "Jug" and checked.elements[0].lines == ("Jug",)


def test_elements_that_are_not_named_stay_as_the_edit_has_them(page):
    moved = [{**ELEMENTS[0], "box": [0.2, 0.5, 0.6, 0.6], "colour": "#aa0000"}, ELEMENTS[1]]
    answer = room_of(page).refine({"row_id": "p0", "instruction": "remove the logo", "elements": moved})
    assert answer["elements"] == moved[:1]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"row_id": "p0", "elements": ELEMENTS}, "the instruction is None"),
        ({"row_id": "p0", "instruction": " ", "elements": ELEMENTS}, "the instruction is ' '"),
        ({"row_id": "p0", "instruction": "<b>", "elements": ELEMENTS}, "markup"),
        ({"row_id": "p0", "instruction": "title bigger, title smaller", "elements": ELEMENTS}, "contradict"),
        ({"row_id": "p0", "instruction": "title bigger", "elements": 7}, "elements is '7'"),
        ({"row_id": "p0", "instruction": "title bigger"}, "elements is 'None'"),
        ({"row_id": "no", "instruction": "title bigger", "elements": ELEMENTS}, "is no layout of this page"),
        ({"instruction": "title bigger", "elements": ELEMENTS}, "names no row_id"),
        ([], "names no row_id"),
        ({"row_id": "p2", "instruction": "title bigger", "elements": ELEMENTS}, "can't be changed"),
    ],
)
def test_what_can_not_be_followed_is_told(page, body, message):
    with pytest.raises(RequestError, match=message):
        room_of(page).refine(body)


def test_what_is_not_understood_is_named_and_changes_nothing(page):
    answer = room_of(page).refine({"row_id": "p0", "instruction": "make it pop", "elements": ELEMENTS})
    assert answer["elements"] == ELEMENTS and answer["done"] == []
    assert "'pop' is not understood" in answer["undone"][0]


def edit(browser, row="p0"):
    browser.run(f"gallery.viewer.show(gallery.data.rows.find((row) => row.row_id === '{row}'))")
    browser.wait("document.querySelectorAll('#viewer .choices').length > 0")
    browser.press("e")
    browser.wait("document.querySelectorAll('.handle').length > 0")


@browser_only
def test_the_box_beside_a_layout_shows_the_result_and_one_undo_takes_it_back(browser, page):
    with serving(room_of(page)) as server:
        visit(browser, server)
        edit(browser)
        before = browser.run("document.querySelector('.handle').getAttribute('aria-label')")
        browser.set("#instruction", "title bigger, make it pop")
        browser.click("#follow")
        browser.wait("document.querySelector('#followed').textContent.includes('done: title times 1.25')")
        assert "pop" in browser.run("document.querySelector('#followed').textContent")
        assert browser.run("document.querySelector('.handle').getAttribute('aria-label')") != before
        browser.wait("document.querySelector('#viewer .exact') !== null")  # drawn as the job draws
        browser.run("[...document.querySelectorAll('#tools button')].find((one) => one.textContent === 'Undo').click()")
        assert browser.run("document.querySelector('.handle').getAttribute('aria-label')") == before
        browser.click("#follow")
        browser.wait("document.querySelector('.handle').getAttribute('aria-label') !== " + json.dumps(before))
        browser.click("#save")
        browser.wait("gallery.server.unsent === 0 && gallery.decisions.count() === 1")
        (decision,), errors = feedback.read((page / "feedback.jsonl").read_text())
        box = decision.elements[0].box
        assert errors == [] and box[3] - box[1] > 0.11
    assert browser.errors == []


@browser_only
def test_a_layout_is_sent_back_with_its_instruction(browser, page):
    with serving(room_of(page)) as server:
        visit(browser, server)
        edit(browser)
        browser.set("#instruction", "价格大一点")
        browser.click("#send-back")
        browser.wait("gallery.server.unsent === 0 && gallery.decisions.count() === 1")
        (decision,), errors = feedback.read((page / "feedback.jsonl").read_text())
        assert errors == [] and (decision.decision, decision.instruction) == ("reject", "价格大一点")


@pytest.fixture
def shop(tmp_path):
    """A page of one product on three canvases, and another product."""
    table = layouts(tmp_path, 5).to_pylist()
    sizes = [(300, 400), (400, 400), (480, 360), (300, 400)]
    rows = [
        {**row, "product_id": "vase" if i < 3 else "jug", "canvas": f"{w}x{h}", "canvas_width": w, "canvas_height": h}
        for i, (row, (w, h)) in enumerate(zip(table[:4], sizes, strict=True))
    ]
    return write_page(tmp_path, schema.LAYOUTS.empty_table().from_pylist(rows, schema=schema.LAYOUTS))


def sent_back(row_id="p0", words="logo to the bottom left", **more):
    return {"row_id": row_id, "run_id": "r", "decision": "reject", "instruction": words, "annotator": "Mei",
            "time": "2026-11-30T09:00:00Z", **more}  # fmt: skip


def test_what_is_decided_is_shown_on_all_canvases_it_is_carried_to_and_as_the_job_will_make_it(shop):
    room = room_of(shop)
    room.write({"decisions": [sent_back(), sent_back("p3", "title bigger", annotator="Wei")]})
    keys = room.carried({"annotator": " mei "})["rows"]
    assert keys.keys() == {"p0", "p1", "p2"}
    for row_id, key in keys.items():
        (note,) = room.carried({"row_id": row_id, "key": key})["notes"]
        assert note.startswith("refined as Mei asked") and "logo to the left bottom" in note
        picture = Image.open(io.BytesIO(room.carried_picture(row_id, key, "200"))).convert("RGB")
        width, height = picture.size
        red = np.asarray(picture).astype(int)[..., 0] - np.asarray(picture).astype(int)[..., 1] > 100
        assert red[height * 3 // 4 :, : width // 2].any() and max(width, height) == 200
    draft = {**sent_back("p1"), "decision": "edit", "instruction": None, "elements": ELEMENTS[:1]}
    assert room.carried({"annotator": "Lin", "drafts": [draft]})["rows"].keys() == {"p0", "p1", "p2"}


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (7, "no object"),
        ({"annotator": "Mei", "drafts": 7}, "no list"),
        ({"annotator": "Mei", "drafts": [{"row_id": "p0"}]}, "row_id|decision|run_id"),
        ({"row_id": "p0", "key": "old"}, "ask for what decisions change again"),
    ],
)
def test_results_that_can_not_be_had_are_told(shop, body, message):
    with pytest.raises(RequestError, match=message):
        room_of(shop).carried(body)
    with pytest.raises(RequestError, match="side is '0'"):
        room_of(shop).carried_picture("p0", "old", "0")


@browser_only
def test_an_instruction_shows_in_the_grid_and_on_the_other_canvases(browser, shop):
    cards = "[...document.querySelectorAll('.card')].filter((card) => card.querySelector('img.carried')).length"
    strip = "[...document.querySelectorAll('.sibling img')].filter((image) => image.src.includes('api/carried')).length"
    with serving(room_of(shop)) as server:
        visit(browser, server)
        assert browser.run(cards) == 0
        edit(browser)
        browser.set("#instruction", "logo to the bottom left")
        browser.click("#follow")
        browser.wait(f"{strip} === 3")  # before it is saved
        browser.click("#save")
        browser.wait("gallery.server.unsent === 0 && gallery.decisions.count() === 1")
        browser.wait(f"{strip} === 3 && {cards} === 3")
        browser.wait("document.querySelector('ul.carried')?.textContent.includes('as Mei edited p0')")  # the next one
        browser.run("gallery.viewer.show(gallery.data.rows[0])")
        browser.wait("document.querySelector('ul.carried')?.textContent.includes('kept exactly as edited by Mei')")
        browser.press("u")
        browser.wait(f"{cards} === 0")
    assert browser.errors == []
