from html.parser import HTMLParser

import pytest

from layoutgen.core import gallery

NASTY = """<script>alert('x')</script>"><img src=x onerror="y"> & 'quotes' </figure>"""


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.values, self.words, self.open, self.scripts = [], [], [], [], 0
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.values += [value for _, value in attrs if value is not None]
        assert not [name for name, _ in attrs if name.startswith("on")]
        if tag not in ("meta", "img", "input", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.words.append(data)


def element(role="title", text="新品", **changes):
    return {"role": role, "text": text, "box": [0.1, 0.2, 0.5, 0.3], "font_px": 30 * bool(text), **changes}


def row(**changes):
    return {
        "row_id": "p1@1080x1080",
        "canvas": "1080x1080",
        "canvas_width": 1080,
        "canvas_height": 1080,
        "title": "新品",
        "composer": "rules-1",
        "contrast": 12.34,
        "subject_covered": 0.071,
        "notes": [],
        "elements": [element(), element("underlay", "")],
        **changes,
    }


def dead(**changes):
    return {"row_id": "p2@1080x1080", "stage": "fetch", "kind": "not_found", "message": "no object", **changes}


def test_a_page_shows_previews_copy_scores_and_failures():
    page = gallery.page([row(notes=["no font has 🔥"])], [dead()], "run-1")
    words = "".join(Page(page).words)
    for wanted in (
        "run run-1",
        "1 layouts, 1 failed rows",
        "新品",
        "contrast 12.3",
        "covered 7%",
        "smallest font 30 px",
    ):
        assert wanted in words
    assert "no font has 🔥" in words
    assert "fetch / not_found" in words
    assert f"previews/{gallery.preview_name('p1@1080x1080')}" in Page(page).values


@pytest.mark.parametrize("field", ["row_id", "canvas", "title", "composer"])
def test_every_string_of_a_row_is_escaped(field):
    hostile, plain = (Page(gallery.page([row(**{field: text})], [], "run-1")) for text in (NASTY, "plain"))
    assert hostile.tags == plain.tags
    assert any(NASTY in text for text in [*hostile.words, *hostile.values])


@pytest.mark.parametrize("field", ["role", "text"])
def test_every_string_of_an_element_is_escaped(field):
    hostile, plain = (
        Page(gallery.page([row(elements=[element(**{field: text})])], [], "run-1")) for text in (NASTY, "plain")
    )
    assert hostile.tags == plain.tags
    assert NASTY in [*hostile.words, *hostile.values]


def test_notes_and_the_run_id_are_escaped():
    hostile, plain = (Page(gallery.page([row(notes=[text])], [], text)) for text in (NASTY, "plain"))
    assert hostile.tags == plain.tags
    assert NASTY in hostile.words


@pytest.mark.parametrize("field", ["row_id", "stage", "kind", "message"])
def test_every_string_of_a_dead_letter_is_escaped(field):
    hostile, plain = (Page(gallery.page([], [dead(**{field: text})], "run-1")) for text in (NASTY, "plain"))
    assert hostile.tags == plain.tags
    assert any(NASTY in text for text in hostile.words)


def test_each_canvas_can_be_chosen_once():
    page = gallery.page([row(), row(), row(canvas="200x1000")], [], "run-1")
    assert page.count('<option value="1080x1080">1080x1080 (2)</option>') == 1
    assert page.count('<option value="200x1000">200x1000 (1)</option>') == 1


def test_a_page_without_rows_is_a_page():
    page = Page(gallery.page([], [], "run-1"))
    assert page.open == []
    assert "figure" not in page.tags and "table" not in page.tags


def test_a_layout_without_notes_text_or_composer_is_shown():
    page = gallery.page([row(notes=None, composer=None, elements=[element("underlay", "")])], [dead(row_id=None)], "r")
    assert "smallest font 0 px" in page


def test_boxes_lie_where_the_elements_are():
    assert "left:10.000%;top:20.000%;width:40.000%;height:10.000%" in gallery.page([row()], [], "run-1")


def test_preview_names_are_safe_and_differ_as_row_ids_do():
    names = [gallery.preview_name(row_id) for row_id in ("a/../b@1x1", "a b@1x1", "甲@1x1", "a b@1x2")]
    assert len(set(names)) == 4
    assert all(name.removesuffix(".jpg").isalnum() and name.isascii() for name in names)
