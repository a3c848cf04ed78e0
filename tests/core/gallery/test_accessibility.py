"""The gallery for everybody: WCAG 2.2 AA by axe-core, and what axe can't see."""

from importlib.resources import files

import pytest

from tests.browser import find
from tests.core.gallery.reviewing import choose, name, show

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
AUDIT = f"""axe.run(document, {{ preload: false, runOnly: {{ type: 'tag', values: {RULES} }} }}).then((result) => [
    result.violations.flatMap((rule) => rule.nodes.map((node) => [rule.id, node.html, node.failureSummary])),
    result.passes.map((rule) => rule.id),
])"""
CONTRAST = """(() => {
    const luminance = (colour) => {
        const [r, g, b] = colour.match(/[0-9.]+/g).slice(0, 3).map(Number)
            .map((level) => (level / 255 <= 0.04045 ? level / 255 / 12.92 : ((level / 255 + 0.055) / 1.055) ** 2.4));
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const [border, ground] = ['borderTopColor', 'backgroundColor']
        .map((side) => luminance(getComputedStyle(document.querySelector('#search'))[side]));
    return (Math.max(border, ground) + 0.05) / (Math.min(border, ground) + 0.05);
})()"""

FOCUSED = """(() => {
    const card = document.activeElement.getBoundingClientRect();
    const { bottom } = document.querySelector('header').getBoundingClientRect();
    return [card.top, card.bottom, Math.max(0, bottom), innerHeight];
})()"""


def axe_source():
    """The script that audits a page."""
    return files("axe_playwright_python").joinpath("axe.min.js").read_text()


def audit(page):
    """What axe finds wrong with the page as it is; fails where its rules did not run."""
    violations, passes = page.run(AUDIT)
    assert {"color-contrast", "target-size"} <= set(passes)
    return violations


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_grid_viewer_editor_and_dialogs_have_no_violations(page, theme):
    name(page)
    choose(page, "search", "product 14")
    show(page, theme)
    page.run(f"{axe_source()};0")
    page.focus(".card")
    page.press("a", "ArrowRight", "r", "q", "x", "b", "p", "z")
    page.wait("document.querySelectorAll('.card .box').length > 0")
    assert audit(page) == []
    page.press("b", "p", "z", "Enter")
    page.wait("document.querySelectorAll('#viewer .choices').length > 0")
    page.press("1")
    assert audit(page) == []
    page.press("e")
    page.wait("document.querySelectorAll('.handle').length > 0")
    page.press("ArrowRight")
    assert audit(page) == []
    page.press("?")
    page.wait("gallery.by('keys').open")
    assert audit(page) == []
    page.press("Escape")
    page.wait("!gallery.by('keys').open")
    page.press("Escape", "a")
    page.wait("gallery.by('question').open")
    assert audit(page) == []
    page.press("Escape", "Escape")
    page.wait("document.querySelector('dialog[open]') === null")
    page.run("gallery.decisions.merge({ row_id: 'p140@1080x1080', run_id: 'run-1', annotator: 'Ana', decision: 'edit', "
             "elements: [], time: '2026-11-01T10:00:00Z' })")  # fmt: skip
    page.click("#others")
    assert audit(page) == []
    page.click("#people")
    page.wait("gallery.by('agreement').open")
    assert audit(page) == []
    page.press("Escape")
    page.click("#others")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_borders_of_fields_are_seen(page, theme):
    show(page, theme)
    assert page.run(CONTRAST) >= 3


@pytest.mark.parametrize("size", [(1280, 900), (1024, 640), (640, 450), (400, 800)])
def test_what_has_the_focus_is_below_the_header_at_every_size(page, size):
    """At 200 % zoom a screen of 1280 x 900 is 640 x 450 to the page."""
    try:
        page.resize(*size)
        page.run("new Promise((seen) => requestAnimationFrame(() => requestAnimationFrame(seen)))")
        page.focus(".card")
        for key in ("ArrowDown", "ArrowDown", "ArrowDown", "ArrowUp", "ArrowUp", "End", "ArrowUp", "Home"):
            page.press(key)
            top, bottom, header, height = page.run(FOCUSED)
            assert top >= header - 1 or bottom - top > height - header, (key, top, header)
            assert bottom > header, key
        assert page.run("document.documentElement.scrollWidth <= innerWidth"), "nothing stands beyond the edge"
    finally:
        page.resize(1280, 900)


def test_the_header_folds_and_says_how_many_filters_hold(page):
    tall = page.run("document.querySelector('header').offsetHeight")
    choose(page, "canvas", "1080x1920")
    assert page.run("gallery.by('fold').textContent") == "Filters (1)"
    page.click("#fold")
    assert page.run("document.querySelector('header').offsetHeight") < 0.7 * tall
    assert page.run("gallery.by('fold').getAttribute('aria-expanded')") == "false"
    page.open(page.run("location.href"))
    assert page.run("gallery.by('filters').offsetHeight") == 0
    assert page.run("gallery.grid.rows.length") == 1
    page.press("/")
    assert page.run("document.activeElement.id") == "search"


def test_the_header_leaves_a_laptops_screen_to_layouts(page):
    try:
        page.resize(1024, 768)
        assert page.run("document.querySelector('header').offsetHeight") < 768 / 3
    finally:
        page.resize(1280, 900)


def test_the_mouse_decides_on_a_card_that_it_is_over(page):
    name(page)
    left, top, width, height = page.place(".card:nth-child(4)")
    page.send("Input.dispatchMouseEvent", type="mouseMoved", x=left + width / 2, y=top + height / 2)
    page.wait("getComputedStyle(document.querySelector('.card:nth-child(4) .quick')).display === 'flex'")
    page.click(".card:nth-child(4) [data-choose=reject]")
    page.wait("gallery.decisions.of(gallery.data.rows[3])?.decision === 'reject'")


def test_the_first_stop_of_tab_leads_past_the_header(page):
    page.press("Tab")
    assert page.run("document.activeElement.id") == "skip"
    assert page.place("#skip")[1] >= 0
    page.press("Enter")
    assert page.run("document.activeElement.className") == "card"
