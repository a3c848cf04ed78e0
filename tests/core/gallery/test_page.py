"""The gallery in a real browser, from a folder: what a reviewer does, and what comes out of it."""

import json
import re
import time

import pytest
from PIL import Image

from layoutgen.core import feedback
from layoutgen.core.gallery import files as gallery
from layoutgen.core.layout import Role
from layoutgen.core.metrics import adoption
from tests.browser import Browser, find
from tests.core.gallery.reviewing import RUN, boxes, choose, edit_first, exported, focused, name, shown
from tests.core.gallery.test_files import NASTY
from tests.core.gallery.test_rows import row
from tests.drawn import encoded
from tests.limits import PATIENCE_S

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")


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
    assert page.run("gallery.by('message').textContent").startswith("Give your name first")
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
    assert page.run("gallery.by('message').textContent").startswith("Nothing was changed")
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
    until = time.monotonic() + PATIENCE_S
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
    assert set(json.loads(text.splitlines()[0])["elements"][0]) == {"role", "text", "box", "was"}
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


def test_a_finished_picture_is_shown_large_its_files_can_be_saved_and_without_it_the_preview_is(tmp_path):
    folder = tmp_path / "gallery"
    links = [
        {"format": "webp", "href": "../pictures/a%20b.webp", "bytes": 4100},
        {"format": "psd", "href": "../pictures/a.psd", "bytes": 2_340_000},
    ]
    rows = [row(row_id="a@10x10", run_id=RUN, _links=links), row(row_id="b@10x10", run_id=RUN, _links=links[1:])]
    for path, content in gallery.files(rows, [], RUN):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "previews").mkdir()
    (tmp_path / "pictures").mkdir()
    for one in rows:
        picture = encoded(Image.new("RGB", (100, 100), (200, 210, 220)))
        (folder / "previews" / gallery.preview_name(one["row_id"])).write_bytes(picture)
    finished = tmp_path / "pictures" / "a b.webp"
    finished.write_bytes(encoded(Image.new("RGB", (400, 400), (10, 20, 30)), "WEBP"))
    shown = "document.querySelector('#viewer .picture.final img')?.naturalWidth"
    saved = "[...document.querySelectorAll('#viewer .files a')].map((a) => [a.download, a.textContent])"
    look = "gallery.viewer.open(gallery.data.rows.find((one) => one.row_id === {!r}), {{}})"
    with Browser(tmp_path) as page:
        page.open((folder / "index.html").as_uri())
        for row_id, width in (("a@10x10", 400), ("b@10x10", 100)):
            page.run(look.format(row_id))
            page.wait(f"{shown} === {width}")
        assert page.run(saved) == [["b@10x10.psd", "PSD"]]
        finished.unlink()
        page.open((folder / "index.html").as_uri())
        page.run(look.format("a@10x10"))
        page.wait(f"{shown} === 100")
        assert page.run(saved) == [["a@10x10.webp", "WEBP"], ["a@10x10.psd", "PSD"]]


def test_an_edited_shape_is_drawn_in_its_own_outline_and_gradient(page):
    drawn = """(() => {
      const burst = { role: "underlay", box: [0, 0, 0.5, 0.5], path: "M0 0L50 0L25 50Z", shape: "burst",
        colour: "#ff0000", gradient: "#00ff00", gradient_line: [0, 0, 50, 0],
        stroke_px: 3, stroke: "#0000ff", opacity: 0.5 };
      const svg = gallery.pictures.live({ width: 100, height: 100, name: "x" }, { elements: [burst] },
        [{ was: 0, box: [0.2, 0.2, 1, 0.6] }]);
      document.body.append(svg);
      const [piece, path] = [svg.querySelector("svg"), svg.querySelector("path")];
      const gradient = svg.querySelector("linearGradient");
      const drawn = [piece.getAttribute("viewBox"), ["x", "y", "width", "height"].map((k) => +piece.getAttribute(k)),
        path.getAttribute("fill") === `url(#${gradient.id})`, gradient.namespaceURI === svg.namespaceURI,
        path.getAttribute("stroke"), path.getBBox().width];
      svg.remove();
      return drawn;
    })()"""
    assert page.run(drawn) == ["0 0 50 50", [20, 20, 80, 40], True, True, "#0000ff", 50]
