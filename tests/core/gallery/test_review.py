"""Nothing that a reviewer does is lost: two windows, drafts, notes, keys, undo, full storage, files of others."""

import json
import random

import pytest

from layoutgen.core import feedback
from layoutgen.core.json_lines import moment
from tests.browser import find
from tests.core.gallery.reviewing import RUN, boxes, choose, edit_first, exported, focused, name, shown

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")

DECIDED = "Object.fromEntries(gallery.decisions.all().map((one) => [one.row_id, one.decision]))"
QUESTION = "gallery.by('question').open"


def decided(page):
    return page.run(DECIDED)


def said(page):
    return page.run("gallery.by('message').textContent")


def decide(page, row_id, decision):
    row = f"gallery.data.rows.find((row) => row.row_id === {json.dumps(row_id)})"
    page.run(f"gallery.decide([{row}], {json.dumps(decision)})")


def open_viewer(page, at=0):
    page.run(f"gallery.viewer.open(gallery.data.rows[{at}], {{}})")
    page.wait("!!document.querySelector('#viewer .choices')")


def move_price(page, *keys):
    """Move the price of the first row in the editor."""
    page.focus(".handle:nth-child(3)")
    page.press(*keys)


@pytest.fixture
def windows(page, address):
    """Two windows of one browser on the same gallery; call with the number of the one to act in."""
    name(page)
    page.tab(1)
    page.open(address)
    yield page.tab
    page.tab(1)
    page.send("Page.navigate", url="about:blank")
    page.tab(0)


def test_two_windows_lose_none_of_each_others_decisions(page, windows):
    windows(0)
    decide(page, "p0@1080x1080", "adopt")
    windows(1)
    decide(page, "p1@1080x1080", "reject")
    for window in (0, 1):
        windows(window)
        page.wait(f"Object.keys({DECIDED}).length === 2")
        assert decided(page) == {"p0@1080x1080": "adopt", "p1@1080x1080": "reject"}
        cards = "[...document.querySelectorAll('.card[data-decision]')].map((card) => card.dataset.decision)"
        page.wait(f"{cards}.length === 2")
    decide(page, "p0@1080x1080", "reject")
    windows(0)
    page.wait(f"{DECIDED}['p0@1080x1080'] === 'reject'")
    page.press("u")  # was decided anew elsewhere, since
    assert said(page).startswith("That was decided anew in another window")
    assert decided(page)["p0@1080x1080"] == "reject"


def test_what_is_taken_back_does_not_come_back(page, windows, address):
    windows(0)
    decide(page, "p0@1080x1080", "adopt")
    page.press("u")
    windows(1)
    page.open(address)
    assert decided(page) == {}
    windows(0)
    page.open(address)
    assert decided(page) == {}


@pytest.mark.parametrize("way", ["Escape", "ArrowRight button", "a", "reload"])
def test_an_edit_that_is_left_is_there_again(page, address, way):
    edit_first(page)
    move_price(page, "ArrowRight", "ArrowRight")
    if way == "reload":
        page.open(address)
    elif way == "ArrowRight button":
        page.run("document.querySelector('#viewer [aria-label=\"next layout\"]').click()")
        page.wait("document.querySelector('#viewer h2').textContent !== 'new vase'")
    else:
        page.press(way)
    if way == "a":
        assert said(page).startswith("Save the edit, or drop it")
        assert page.run("document.querySelectorAll('.handle').length") == 3
        page.press("Escape")
    assert decided(page) == {}
    open_viewer(page)
    page.wait("!!document.querySelector('#resume')")
    page.click("#resume")
    page.wait("document.querySelectorAll('.handle').length === 3")
    page.press("Enter")
    page.wait("document.querySelectorAll('.handle').length === 0")
    assert boxes(page)[2] == [616, 600, 816, 700]
    assert page.run("gallery.drafts.of(gallery.data.rows[0])") == {}


def test_a_draft_can_be_dropped(page):
    edit_first(page)
    move_price(page, "ArrowRight")
    page.press("Escape")
    page.click("#drop")
    assert page.run("gallery.drafts.of(gallery.data.rows[0])") == {}
    assert not page.run("!!document.querySelector('#resume')")


def test_an_edit_is_not_decided_over_without_a_question(page):
    edit_first(page)
    move_price(page, "ArrowRight")
    page.press("Enter")
    page.wait(f"{DECIDED}['first@1000x1000'] === 'edit'")
    page.press("a")
    page.wait(QUESTION)
    page.press("Enter")  # the answer that has the focus keeps it
    page.wait(f"!{QUESTION}")
    assert decided(page) == {"first@1000x1000": "edit"}
    page.press("a")
    page.wait(QUESTION)
    page.click("#go")
    page.wait(f"{DECIDED}['first@1000x1000'] === 'adopt'")


def test_an_edit_that_comes_to_the_machines_layout_adopts_it(page):
    edit_first(page)
    move_price(page, "ArrowRight")
    page.press("Enter")
    page.wait(f"{DECIDED}['first@1000x1000'] === 'edit'")
    page.press("e")
    page.wait("document.querySelectorAll('.handle').length === 3")
    move_price(page, "ArrowLeft")
    page.press("Enter")
    page.wait(QUESTION)
    page.click("#go")
    page.wait(f"{DECIDED}['first@1000x1000'] === 'adopt'")


def test_a_note_stays_with_its_row_whatever_is_looked_at_meanwhile(page, address):
    open_viewer(page, 3)
    page.focus("#note")
    page.type("too loud")
    page.press("Escape", "ArrowRight")
    page.wait("document.querySelector('#viewer h2').textContent === 'product 1'")
    assert page.run("document.querySelector('#note').value") == ""
    page.press("ArrowLeft")
    page.wait("document.querySelector('#viewer h2').textContent === 'product 0'")
    assert page.run("document.querySelector('#note').value") == "too loud"
    page.press("r")  # nobody has said who it is yet
    assert page.run("document.activeElement.id") == "name"
    page.set("#viewer #name", "Mei")
    assert page.run("document.querySelector('#note').value") == "too loud"
    page.press("r")
    page.wait(f"{DECIDED}['p0@1080x1080'] === 'reject'")
    assert [one.note for one in exported(page)] == ["too loud"]
    page.open(address)
    assert [one.note for one in exported(page)] == ["too loud"]


def test_keys_are_known_by_their_place_whatever_they_write(page):
    name(page)
    page.focus(".card")
    for key, code in (("A", "KeyA"), ("Process", "KeyR"), ("ф", "KeyA"), ("あ", "KeyR")):
        event = f"new KeyboardEvent('keydown', {{ key: '{key}', code: '{code}', bubbles: true, cancelable: true }})"
        page.run(f"document.activeElement.dispatchEvent({event})")
        wanted = "adopt" if code == "KeyA" else "reject"
        page.wait(f"{DECIDED}['first@1000x1000'] === '{wanted}'")


def test_keys_work_wherever_the_focus_is_in_the_editor(page):
    edit_first(page)
    move_price(page, "ArrowRight")
    page.focus("#save")
    page.press("Control+z")
    assert page.run("document.querySelector('[data-side=left]').value") == "600"
    page.run("document.activeElement.blur()")
    page.press("ArrowRight")
    assert page.run("document.activeElement.classList.contains('handle')")
    page.press("Delete", "Control+z")
    assert page.run("document.activeElement.classList.contains('handle')")
    assert page.run("document.querySelectorAll('.handle').length") == 3


def test_undo_survives_a_reload(page, address):
    name(page)
    page.focus(".card")
    page.press("a")
    page.open(address)
    page.press("u")
    assert decided(page) == {}


def test_where_nothing_is_kept_it_is_said_and_leaving_asks(page, address):
    page.run("Storage.prototype.setItem = () => { throw new Error('full') }")
    name(page)
    open_viewer(page)
    page.press("a")
    page.wait("document.querySelector('#viewer .warning')?.textContent.startsWith('This browser keeps nothing')")
    page.dialogs.clear()
    page.open(address)
    assert page.dialogs == ["beforeunload"]
    page.run("Storage.prototype.setItem = () => { throw new Error('full') }")
    decide(page, "p0@1080x1080", "adopt")
    page.run("gallery.by('export').click()")
    page.dialogs.clear()
    page.open(address)
    assert page.dialogs == [], "what was exported is not lost"


def test_decisions_of_an_earlier_page_are_taken_over(page, address):
    record = {"row_id": "p0@1080x1080", "run_id": RUN, "decision": "adopt", "annotator": "Mei"}
    old = {"Mei": {"p0@1080x1080": {**record, "time": "2026-11-01T00:00:00.000Z"}}}
    page.run(f"localStorage.setItem('layoutgen.gallery.{RUN}', {json.dumps(json.dumps(old))})")
    page.open(address)
    assert [(one.row_id, one.decision, one.time.day) for one in exported(page)] == [("p0@1080x1080", "adopt", 1)]
    assert page.run(f"localStorage.getItem('layoutgen.gallery.{RUN}')") is None


def test_names_are_the_same_without_case_and_spaces(page):
    name(page, "Mei  Lin")
    decide(page, "p0@1080x1080", "adopt")
    name(page, " mei lin ")
    assert page.run("gallery.decisions.count()") == 1


def test_a_filter_shows_what_it_says_after_a_decision_too(page):
    name(page)
    choose(page, "decision", "undecided")
    page.focus(".card:nth-child(4)")
    page.press("a")
    page.wait("gallery.grid.rows.length === 152")
    assert "p0@1080x1080" not in shown(page)
    assert focused(page) == "p1@1080x1080"
    page.press("u")
    page.wait("gallery.grid.rows.length === 153")


def test_a_decision_goes_on_to_the_next_undecided(page):
    name(page)
    page.click("#advance")
    page.focus(".card")
    page.press("a")
    page.wait("document.activeElement.dataset?.n === '1'")
    page.press("Enter")
    page.wait("!!document.querySelector('#viewer .choices')")
    page.press("r")
    page.wait("document.querySelector('#viewer dd')?.textContent === 'cover@9x16'")
    page.press("n")
    page.wait("document.querySelector('#viewer dd')?.textContent === 'p0@1080x1080'")
    assert page.run("document.querySelector('#viewer .progress').textContent") == (
        "1 adopted, 0 edited, 1 rejected, 151 left"
    )
    page.press("q", "Escape")
    choose(page, "decision", "unsure")
    assert shown(page) == ["p0@1080x1080"]


def test_reasons_go_with_the_decision(page):
    name(page)
    open_viewer(page, 3)
    page.press("1", "4", "5", "4", "r")
    page.wait(f"{DECIDED}['p0@1080x1080'] === 'reject'")
    assert [one.reasons for one in exported(page)] == [("title_too_small", "line_break")]
    page.press("2")
    assert [one.reasons for one in exported(page)] == [("title_too_small", "line_break", "covers_product")]
    assert page.run("document.querySelectorAll('.chip[aria-pressed=true]').length") == 3
    page.press("Escape")
    choose(page, "decision", "reason:line_break")
    assert shown(page) == ["p0@1080x1080"]


def test_several_are_decided_on_as_one_step(page):
    name(page)
    page.focus(".card:nth-child(4)")
    page.press("x", "ArrowRight", "x", "ArrowRight", "x", "r")
    page.wait("gallery.decisions.count() === 3")
    assert page.run("document.querySelectorAll('[data-selected]').length") == 0
    page.press("u")
    assert decided(page) == {}


def test_what_others_exported_is_taken_in_once_and_comes_out_again(page):
    lines = [
        feedback.Feedback(row_id, RUN, decision, who, moment(at), None, note)
        for row_id, decision, who, at, note in (
            ("p0@1080x1080", "adopt", "Mei", "2026-11-01T10:00:00Z", ""),
            ("p0@1080x1080", "reject", "Ana", "2026-11-01T11:00:00Z", "dull"),
            ("gone@1x1", "adopt", "Ana", "2026-11-01T11:00:00Z", ""),
        )
    ]
    edit = {"row_id": "first@1000x1000", "run_id": RUN, "decision": "edit", "annotator": "Ana"}
    edit |= {"time": "2026-11-02T00:00:00Z", "elements": [{"role": "price", "text": "￥9", "box": [0, 0, 0.5, 0.5]}]}
    text = feedback.write(lines) + json.dumps(edit) + "\nnonsense\n"

    def take(words):
        page.run(f"""(() => {{ const box = new DataTransfer();
            box.items.add(new File([{json.dumps(words)}], 'a.jsonl')); gallery.by('files').files = box.files;
            gallery.by('files').dispatchEvent(new Event('change')); }})()""")

    take(text)
    page.wait("gallery.decisions.all().length === 3")
    assert said(page) == "1 file: 3 taken, 0 known already or older, 1 of other layouts, 1 unusable."
    out = page.run("gallery.decisions.exported()")
    found, errors = feedback.read(out)
    assert errors == []
    assert {(one.row_id, one.annotator, one.decision, one.note) for one in found} == {
        ("p0@1080x1080", "Mei", "adopt", ""),
        ("p0@1080x1080", "Ana", "reject", "dull"),
        ("first@1000x1000", "Ana", "edit", ""),
    }
    take(out)
    page.wait("gallery.by('message').textContent.startsWith('1 file: 0 taken, 3 known')")
    assert page.run("gallery.decisions.exported()") == out
    name(page, "Mei")
    choose(page, "decision", "disputed")
    assert shown(page) == ["p0@1080x1080"]


def test_the_address_keeps_filters_page_and_row(page, address):
    choose(page, "search", "product")
    page.click("#after")
    page.run("gallery.viewer.open(gallery.grid.rows[70], {})")
    page.wait("!!document.querySelector('#viewer .choices')")
    where = page.run("location.href")
    assert "search=product" in where
    page.send("Page.reload")
    page.wait("document.documentElement.dataset.ready === 'yes'")
    page.wait("!!document.querySelector('#viewer .choices')")
    assert page.run("gallery.by('search').value") == "product"
    assert page.run("document.querySelector('#viewer h2').textContent") == "product 70"
    assert page.run("gallery.grid.page") == 1


@pytest.mark.parametrize("actions", [60, pytest.param(3000, marks=pytest.mark.nightly)])
def test_whatever_is_done_in_two_windows_decisions_are_those_of_a_model(page, windows, address, actions):
    rng = random.Random(7)
    rows = [f"p{i}@1080x1080" for i in range(6)]
    model: dict[tuple[str, str], str] = {}
    names = ["Mei", "Ana", "__proto__"]
    reviewer = ["Mei", "Mei"]
    for _ in range(actions):
        window = rng.randrange(2)
        windows(window)
        act = rng.choice(["adopt", "reject", "adopt", "reject", "note", "reload", "name", "bulk"])
        row_id = rng.choice(rows)
        key = (reviewer[window].lower(), row_id)
        if act in ("adopt", "reject"):
            decide(page, row_id, act)
            model[key] = act
        elif act == "note":
            row = f"gallery.data.rows.find((row) => row.row_id === {json.dumps(row_id)})"
            page.run(f"gallery.decisions.remark({row}, {{ note: 'n{rng.randrange(9)}' }})")
        elif act == "bulk":
            chosen = json.dumps(rng.sample(rows, 3))
            page.run(f"gallery.decide(gallery.data.rows.filter((row) => {chosen}.includes(row.row_id)), 'adopt')")
            model |= {(reviewer[window].lower(), one): "adopt" for one in json.loads(chosen)}
        elif act == "name":
            reviewer = [rng.choice(names)] * 2
            for one in (0, 1):
                windows(one)
                name(page, reviewer[one])
        else:
            page.open(address)
    for window in (0, 1):
        windows(window)
        wanted = sorted([who, row_id, decision] for (who, row_id), decision in model.items())
        found = (
            "gallery.decisions.all().map((one) => [gallery.decisions.nameKey(one.annotator), one.row_id, one.decision])"
        )
        page.wait(
            f"JSON.stringify({found}.sort()) === {json.dumps(json.dumps(wanted, separators=(',', ':')))}", timeout=20
        )
