"""What a reviewer does in the gallery, and what comes of it."""

from layoutgen.core import feedback

RUN = "run-1"
MANY = 150


def name(page, who="Mei"):
    page.set("#annotator", who)


def choose(page, field, value):
    page.set(f"#{field}", value)
    page.run("new Promise(done => setTimeout(done, 150))")  # typing is waited for


def show(page, theme):
    """Switch to the light or the dark page."""
    while page.run("document.documentElement.dataset.theme") != theme:
        page.click("#theme")


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
