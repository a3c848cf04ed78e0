"""The gallery in a real browser, from a folder: what a reviewer does, and what comes out of it."""

import json
import re
import time

import numpy as np
import pytest
from PIL import Image

from layoutgen.core import feedback
from layoutgen.core.gallery import files as gallery
from layoutgen.core.layout import Role
from layoutgen.core.metrics import adoption
from tests.browser import Browser, find
from tests.core.gallery.test_files import NASTY, dead
from tests.core.gallery.test_rows import element, row
from tests.drawn import encoded

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")

RUN = "run-1"
MANY = 150


def layouts():
    """Rows of several kinds; the first is the one that tests edit: a title on an underlay and a price."""
    underlay = element("underlay", "", box=[0.1, 0.1, 0.5, 0.3], colour="#ffffff", opacity=0.8, z=0)
    title = element(box=[0.15, 0.15, 0.45, 0.25], underlay=0, z=2)
    price = element("price", "￥9", box=[0.6, 0.6, 0.8, 0.7], z=2)
    first = row(row_id="first@1000x1000", canvas="1000x1000", canvas_width=1000, canvas_height=1000, run_id=RUN,
                elements=[underlay, title, price], subject_box=[0.2, 0.2, 0.8, 0.8], crop=[0, 0, 1, 1],
                picture=[0, 0, 1, 1], suggestion=[{"role": "title", "text": "新品", "box": [0.1, 0.1, 0.4, 0.2]}],
                safe_zones=[{"name": "badge", "box": [0.8, 0.9, 1, 1]}])  # fmt: skip
    evil = row(row_id=NASTY, title=NASTY, run_id=RUN, notes=[NASTY], category=NASTY, composer=NASTY, image=NASTY,
               elements=[element("title", NASTY, lines=[NASTY], colour='red" onload="x')],
               suggestion=[{"role": "title", "text": NASTY, "box": [0, 0, 1, 1]}])  # fmt: skip
    cover = row(row_id="cover@9x16", canvas="1080x1920", canvas_height=1920, application="video_cover", accepted=False,
                reasons=["face_touched"], run_id="run-0", contrast=2.0)  # fmt: skip
    rest = [row(row_id=f"p{i}@1080x1080", title=f"product {i}", run_id=RUN, subject_covered=i / 1000)
            for i in range(MANY)]  # fmt: skip
    return [first, evil, cover, *rest]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A gallery's index.html in a folder whose name needs escaping."""
    folder = tmp_path_factory.mktemp("page") / "gallery 新#1"
    rows = layouts()
    failed = [dead(message=f"nothing at {NASTY}", input_row='{"title": "花瓶"}', run_id=RUN)]
    for name, content in gallery.files(rows, failed, RUN, maps=True, margin=0.05):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "previews").mkdir()
    for one in rows:
        shape = (100, round(100 * one["canvas_height"] / one["canvas_width"]))
        for part in ("", "ground", "ink"):
            picture = encoded(Image.new("RGB", shape, (200, 210, 220)), "PNG" if part == "ink" else "JPEG")
            (folder / "previews" / gallery.preview_name(one["row_id"], part)).write_bytes(picture)
        cover = Image.fromarray(np.full((*shape[::-1], 4), 120, np.uint8))
        (folder / "previews" / gallery.preview_name(one["row_id"], "map")).write_bytes(encoded(cover, "PNG"))
    return (folder / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory, address):
    with Browser(tmp_path_factory.mktemp("browser")) as started:
        started.open(address)
        yield started


@pytest.fixture
def page(browser, address):
    """The page as somebody sees it for the first time; scripts that failed fail the test."""
    browser.errors.clear()
    browser.requests.clear()
    browser.run("localStorage.clear()")
    browser.open(address)
    yield browser
    assert browser.errors == []
    assert {url.split(":", 1)[0] for url in browser.requests} <= {"file", "data", "blob"}


def name(page, who="Mei"):
    page.set("#annotator", who)


def choose(page, field, value):
    page.set(f"#{field}", value)
    page.run("new Promise(done => setTimeout(done, 150))")  # typing is waited for


def shown(page):
    return page.run("gallery.grid.rows.map(row => row.row_id)")


def focused(page):
    return page.run("gallery.grid.current()?.row_id ?? null")


def edit_first(page):
    name(page)
    page.focus(".card")
    page.press("e")
    page.wait("document.querySelectorAll('.handle').length === 3")


def boxes(page):
    """The boxes of the decision on the first row, in px of its canvas of 1000 x 1000."""
    elements = page.run("gallery.decisions.of(gallery.data.rows[0]).elements")
    return [[round(1000 * side) for side in one["box"]] for one in elements]


def exported(page):
    found, errors = feedback.read(page.run("gallery.decisions.exported()"))
    assert errors == []
    return found


def test_the_page_shows_all_rows_a_page_at_a_time(page):
    assert page.run("gallery.by('totals').textContent") == "153 layouts, 1 failed row"
    assert page.run("document.title") == f"layoutgen · {RUN}"
    assert page.run("document.querySelectorAll('.card').length") == 60
    assert page.run("document.querySelectorAll('.card img[loading=lazy]').length") == 60
    page.click("#after")
    assert page.run("document.querySelector('.card').dataset.n") == "60"
    page.set("#page", 3)
    assert page.run("document.querySelectorAll('.card').length") == 34
    assert page.run("gallery.by('after').disabled")
    page.wait("document.querySelector('.card[data-status=failed] .reason p').textContent.startsWith('nothing at')")


def test_filters_keep_what_is_asked_for(page):
    for field, value, count in (
        ("status", "failed", 1),
        ("status", "refused", 1),
        ("status", "kind:fetch/not_found", 1),
        ("canvas", "1080x1920", 1),
        ("application", "video_cover", 1),
        ("count", "2", 1),
        ("role", "price", 1),
        ("decision", "adopt", 0),
        ("decision", "undecided", 153),
        ("search", "PRODUCT 14", 12),
        ("search", "￥9", 1),
        ("most", "70", 1),
        ("least", "99.9", 2),
    ):
        page.click("#clear")
        choose(page, field, value)
        assert len(shown(page)) == count, (field, value)
    page.click("#clear")
    choose(page, "sort", "subject covered, most first")
    assert shown(page)[:2] == ["p149@1080x1080", "p148@1080x1080"]
    assert shown(page)[-1] == "p2@1080x1080"
    assert page.run("gallery.by('found').textContent") == "154 of 154 rows"


def test_keys_move_through_the_cards_and_decide(page):
    name(page)
    page.focus(".card")
    page.press("ArrowRight", "ArrowRight")
    assert focused(page) == "cover@9x16"
    page.press("r")
    assert page.run("document.activeElement.dataset.decision") == "reject"
    page.press("ArrowLeft", "ArrowLeft", "a", "ArrowDown", "ArrowUp")
    assert focused(page) == "first@1000x1000"
    page.press("End", "ArrowRight")
    assert page.run("gallery.grid.page") == 1
    page.press("ArrowLeft")
    assert (page.run("gallery.grid.page"), focused(page)) == (0, "p56@1080x1080")
    assert [(one.row_id, one.run_id, one.decision, one.annotator) for one in exported(page)] == [
        ("cover@9x16", "run-0", "reject", "Mei"),
        ("first@1000x1000", RUN, "adopt", "Mei"),
    ]
    page.press("u")
    assert [one.row_id for one in exported(page)] == ["cover@9x16"]
    page.press("u", "u")
    assert exported(page) == []


def test_a_decision_needs_a_name(page):
    page.focus(".card")
    page.press("a")
    assert page.run("document.activeElement.id") == "annotator"
    assert page.run("gallery.by('said').textContent").startswith("Give your name first")
    assert exported(page) == []


def test_overlays_show_where_things_are(page):
    choose(page, "search", "first")
    for key, selector, count in (("b", ".box", 3), ("p", ".map", 1), ("z", ".zone", 1), ("z", ".zone", 0)):
        page.press(key)
        page.wait(f"document.querySelectorAll('.card {selector}').length === {count}")
    left, top, width, _ = page.place(".card .final")
    box = page.place(".card .box[data-role=price]")
    assert box[0] - left == pytest.approx(0.6 * width, abs=1)
    assert box[1] - top == pytest.approx(0.6 * width, abs=1)
    subject = page.place(".card .protected.subject")
    assert subject[2] == pytest.approx(0.6 * width, abs=1)
    page.press("s")
    page.wait("document.querySelectorAll('.card .suggestion .box').length === 1")
    page.press("z")
    page.wait("document.querySelectorAll('.card .final .safe').length === 1")


def test_a_box_is_dragged_and_stays_inside_the_canvas(page):
    edit_first(page)
    page.click("#tools input[type=checkbox]")  # no snapping
    _, _, scale, _ = page.place(".editing")
    left, top, width, height = page.place(".handle[data-role=price]")
    middle = (left + width / 2, top + height / 2)
    page.drag(middle, (middle[0] - 50, middle[1] + 5), (middle[0] - 0.1 * scale, middle[1] + 0.05 * scale))
    page.click("#save")
    underlay, title, price = boxes(page)
    assert (underlay, title) == ([100, 100, 500, 300], [150, 150, 450, 250])
    assert price == pytest.approx([500, 650, 700, 750], abs=2)
    page.press("e")
    page.wait("document.querySelectorAll('.handle').length === 3")
    left, top, *_ = page.place(".handle[data-role=underlay]")
    page.drag((left + 12, top + 12), (left - 2000, top - 2000))
    page.click("#save")
    underlay, title, _ = boxes(page)
    assert underlay == [0, 0, 400, 200]
    assert title == [50, 50, 350, 150]  # what stands on an underlay moves along


def test_a_grip_resizes_and_boxes_snap(page):
    edit_first(page)
    page.focus(".handle:nth-child(3)")
    _, _, scale, _ = page.place(".editing")
    left, top, width, height = page.place(".handle.chosen [data-edges='right bottom']")
    corner = (left + width / 2, top + height / 2)
    page.drag(corner, (corner[0] + 0.146 * scale, corner[1] + 2000))  # 4 px off the margin's edge at 950
    page.click("#save")
    assert boxes(page)[2] == [600, 600, 950, 1000]


def test_boxes_are_edited_by_keys_alone_and_undone(page):
    edit_first(page)
    page.focus(".handle:nth-child(3)")
    page.press("ArrowRight", "Alt+ArrowDown", "Shift+ArrowLeft")
    page.wait("document.querySelector('[data-side=width]').value === '192'")
    page.press("Control+z", "Control+z", "Control+y", "Enter")
    assert boxes(page)[2] == [608, 601, 808, 701]
    assert page.run("document.querySelectorAll('.panes .live image').length") == 2
    page.press("e")
    page.wait("document.querySelectorAll('.handle').length === 3")
    page.focus(".handle:nth-child(2)")
    page.press("Delete", "Enter")
    assert [one["role"] for one in page.run("gallery.decisions.of(gallery.data.rows[0]).elements")] == [
        "underlay",
        "price",
    ]
    page.press("e", "Escape", "Escape")
    assert not page.run("gallery.by('viewer').open")
    assert focused(page) == "first@1000x1000"


def test_numbers_are_typed_and_an_edit_of_nothing_is_none(page):
    edit_first(page)
    page.press("Enter")
    assert page.run("gallery.by('said').textContent").startswith("Nothing was changed")
    page.focus(".handle:nth-child(3)")
    page.set("[data-side=left]", 5000)
    page.click("#save")
    assert boxes(page)[2] == [992, 600, 1000, 700]


def test_what_is_exported_is_feedback_that_the_validator_takes(page):
    edit_first(page)
    page.focus(".handle:nth-child(3)")
    page.press("ArrowLeft", "ArrowUp", "Enter", "ArrowRight")
    page.wait(f"gallery.by('viewer').querySelector('h2').textContent.startsWith({json.dumps(NASTY[:9])})")
    page.focus("#note")
    page.type('too "loud" \u2028 花')
    page.click(".choices [data-decision=reject]")
    page.press("Escape")
    page.click("#export")
    until = time.monotonic() + 20
    while not (files := [path for path in page.folder.glob("feedback-*.jsonl") if path.stat().st_size]):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert files[0].name == f"feedback-{RUN}.jsonl"
    text = files[0].read_text(encoding="utf-8")
    files[0].unlink()
    found, errors = feedback.read(text)
    assert errors == []
    assert len(text.splitlines()) == len(found) == 2
    decisions, problems = adoption.read(json.loads(line) for line in text.splitlines())
    assert ([one.decision for one in decisions], problems) == (["edit", "reject"], [])
    edit, reject = found
    assert [(one.role, one.text) for one in edit.elements] == [
        (Role.UNDERLAY, ""),
        (Role.TITLE, "新品"),
        (Role.PRICE, "￥9"),
    ]
    assert edit.elements[2].box == pytest.approx((0.592, 0.592, 0.792, 0.692))
    assert set(json.loads(text.splitlines()[0])["elements"][0]) == {"role", "text", "box"}
    assert (reject.row_id, reject.note) == (NASTY, 'too "loud" \u2028 花')


def test_decisions_survive_a_reload_and_annotators_keep_their_own(page, address):
    name(page)
    page.focus(".card")
    page.press("a")
    page.open(address)
    assert page.run("gallery.by('annotator').value") == "Mei"
    assert page.run("document.querySelector('.card').dataset.decision") == "adopt"
    name(page, "__proto__")
    assert page.run("document.querySelector('.card').dataset.decision ?? null") is None
    page.focus(".card")
    page.press("r")
    page.open(address)
    assert [(one.annotator, one.decision) for one in exported(page)] == [("Mei", "adopt"), ("__proto__", "reject")]
    assert page.run("gallery.by('decided').textContent") == "1 decision, 1 by others"


def test_a_browser_that_keeps_nothing_says_so_and_works(page):
    page.run("Storage.prototype.setItem = () => { throw new Error('full') }")
    name(page)
    page.focus(".card")
    page.press("a")
    assert not page.run("gallery.by('warning').hidden")
    assert len(exported(page)) == 1


def test_evil_strings_are_text(page):
    choose(page, "search", "onerror")
    assert shown(page) == [NASTY]
    page.focus(".card")
    page.press("b", "s", "Enter")
    page.wait("document.querySelectorAll('.panes .box').length > 0")
    assert page.run("document.querySelectorAll('img[onerror], script:not([src])').length") == 0
    assert page.run("document.querySelector('#viewer h2').textContent") == NASTY
    assert page.run("[...document.querySelectorAll('#viewer dd')].map(d => d.textContent)").count(NASTY) >= 4
    page.press("Escape")


@pytest.mark.parametrize(("width", "columns"), [(375, 2), (800, 3), (1600, 6)])
def test_the_page_fits_any_width(page, width, columns):
    page.resize(width, 800)
    assert page.run("document.documentElement.scrollWidth") <= width
    assert page.run("getComputedStyle(gallery.by('grid')).gridTemplateColumns.split(' ').length") == columns
    page.run("document.querySelector('.card').click()")
    page.wait("document.querySelectorAll('.panes .picture').length === 2")
    assert page.run("gallery.by('viewer').scrollWidth") <= width
    page.resize(1280, 900)


def test_light_and_dark(page):
    ground = "getComputedStyle(document.body).backgroundColor"
    page.click("#theme")
    light = page.run(ground)
    page.click("#theme")
    assert page.run(ground) != light
    assert re.search(r"now dark", page.run("gallery.by('theme').title"))


def test_controls_have_names(page):
    missing = page.run("""[...document.querySelectorAll('input, select, button, textarea')].filter(one =>
        !one.textContent.trim() && !one.ariaLabel && !one.labels?.length && !one.title).map(one => one.id)""")
    assert missing == []
