"""The served gallery in a real browser: decisions reach the file, two windows and a file that others write are merged,
and a server that is away loses nothing."""

import json

import pytest

from layoutgen.core import feedback
from tests.browser import find
from tests.evaluation.conftest import layouts, room_of, serving, write_page

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")
STATE = "gallery.by('sync')?.dataset.state"
OTHER = {"row_id": "p1", "run_id": "r", "decision": "reject", "annotator": "Wei", "time": "2026-11-30T09:00:00Z"}


@pytest.fixture
def page(tmp_path):
    return write_page(tmp_path, layouts(tmp_path, 4))


def visit(browser, server, who="Mei"):
    """Come in as the address says, as somebody who was never here."""
    browser.errors.clear()
    browser.open(server.address)
    browser.run("localStorage.clear(); sessionStorage.clear()")
    browser.open(f"http://127.0.0.1:{server.server_port}/")
    browser.set("#annotator", who)
    browser.wait(f"{STATE} === 'sent'")


def decide(browser, row, decision="adopt"):
    browser.run(f"gallery.decide([gallery.data.rows[{row}]], {json.dumps(decision)})")


def written(page):
    text = (page / "feedback.jsonl").read_text() if (page / "feedback.jsonl").exists() else ""
    decisions, errors = feedback.read(text)
    assert errors == []
    return {(one.annotator, one.row_id): one.decision for one in decisions}


def test_decisions_go_into_the_file_and_can_be_taken_back(browser, page):
    with serving(room_of(page)) as server:
        visit(browser, server)
        decide(browser, 0)
        decide(browser, 1, "reject")
        browser.wait(f"{STATE} === 'sent' && gallery.server.unsent === 0")
        assert written(page) == {("Mei", "p0"): "adopt", ("Mei", "p1"): "reject"}
        assert browser.run("gallery.by('sync').textContent") == "saved in feedback.jsonl"
        browser.press("u")
        browser.wait("gallery.server.unsent === 0")
        assert written(page) == {("Mei", "p0"): "adopt"}
        assert browser.run("gallery.decisions.count()") == 1
    assert browser.errors == [] and browser.run("document.cookie") == ""


def test_another_browser_and_another_program_are_merged(browser, page):
    with serving(room_of(page)) as server:
        (page / "feedback.jsonl").write_text(json.dumps({**OTHER, "row_id": "p2"}) + "\n")
        visit(browser, server)
        browser.wait("gallery.decisions.all().length === 1")
        decide(browser, 0)
        browser.wait("gallery.server.unsent === 0")
        with (page / "feedback.jsonl").open("a") as file:  # somebody appends to it
            file.write(json.dumps(OTHER) + "\n")
        browser.run("gallery.server.sync()")
        browser.wait("gallery.decisions.all().length === 3")
        visit(browser, server, "Lin")  # a browser that keeps nothing of all that
        browser.wait("gallery.decisions.all().length === 3")
        decide(browser, 1)
        browser.wait("gallery.server.unsent === 0")
        wanted = {("Wei", "p2"): "reject", ("Mei", "p0"): "adopt", ("Wei", "p1"): "reject", ("Lin", "p1"): "adopt"}
        assert written(page) == wanted


def test_what_is_decided_while_the_server_is_away_is_kept_and_sent_when_it_is_back(browser, page):
    with serving(room_of(page)) as server:
        visit(browser, server)
        port, token = server.server_port, server.token
    decide(browser, 0)
    browser.wait(f"{STATE} === 'away'")
    assert "The server is away. 1 decision is kept in this browser" in browser.run("gallery.by('sync').textContent")
    with serving(room_of(page), port) as server:  # with another token
        browser.run("gallery.server.sync()")
        browser.wait("gallery.by('sync').textContent.startsWith('The server was started anew')")
        assert written(page) == {}
    with serving(room_of(page), port, token):
        browser.run("gallery.server.sync()")
        browser.wait(f"{STATE} === 'sent' && gallery.server.unsent === 0")
        assert written(page) == {("Mei", "p0"): "adopt"}
        assert browser.errors == []


def test_an_edit_is_drawn_by_the_server_and_kept_with_its_words(browser, page):
    with serving(room_of(page)) as server:
        visit(browser, server)
        moved = "[{role: 'title', text: 'Vase', was: 0, box: [0.1, 0.6, 0.5, 0.7]}]"
        drawn = browser.run(f"""gallery.server.draw(gallery.data.rows[0], {moved})
            .then((blob) => createImageBitmap(blob)).then((picture) => [picture.width, picture.height])""")
        assert drawn == [300, 400]
        browser.run(f"gallery.decide([gallery.data.rows[0]], 'edit', {{ elements: {moved} }})")
        browser.wait("gallery.server.unsent === 0")
        (edit,) = feedback.read((page / "feedback.jsonl").read_text())[0]
        assert edit.elements[0].box == (0.1, 0.6, 0.5, 0.7) and edit.elements[0].text == "Vase"
        visit(browser, server, "Lin")
        browser.wait("gallery.decisions.all().length === 1")
        assert browser.run("gallery.decisions.all()[0].elements[0].was") == 0


def test_plain_files_have_no_server(browser, page):
    browser.open((page / "index.html").as_uri())
    assert browser.run("gallery.server") is None


def test_an_edit_is_shown_as_the_server_draws_it_and_approximate_while_it_moves(browser, page):
    caption = "document.querySelector('figcaption').textContent"
    with serving(room_of(page)) as server:
        visit(browser, server)
        browser.run("gallery.viewer.open(gallery.data.rows[0], {}, true)")
        browser.wait("document.querySelectorAll('.handle').length === 2")
        browser.focus(".handle")
        browser.press("ArrowDown")
        assert browser.run(caption) == "edit · approximate"
        browser.wait(f"{caption} === 'edit · exact, drawn by the server'")
        assert browser.run("document.querySelector('.exact').naturalWidth") == 300
        browser.focus("#words")
        browser.run("document.querySelector('#words').select()")
        browser.type("A tall vase")
        assert browser.run(caption) == "edit · approximate: new letters are this browser's"
        browser.wait(f"{caption} === 'edit · exact, drawn by the server'")
        browser.press("Escape", "Enter")
        browser.wait("gallery.decisions.count() === 1 && gallery.server.unsent === 0")
        (edit,) = feedback.read((page / "feedback.jsonl").read_text())[0]
        title = edit.elements[0]
        assert (title.was, title.text, title.lines, title.font_px) == (0, "A tall vase", ("A tall vase",), 40)
    assert browser.errors == []
