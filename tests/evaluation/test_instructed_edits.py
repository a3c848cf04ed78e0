"""An instruction in a served gallery: followed in the edit that is open, told where it is not, and never more than a
request away from the page."""

import json

import pytest

from layoutgen.core import feedback
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
