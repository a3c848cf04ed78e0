"""The editor in a real browser: what it warns of, moves together, aligns, snaps to, writes, and keeps."""

import io
import json

import numpy as np
import pytest
from PIL import Image

from layoutgen.core import feedback
from layoutgen.core.gallery import files as gallery
from tests.browser import Browser, find
from tests.core.gallery.reviewing import RUN, exported, name
from tests.core.gallery.test_rows import element, row
from tests.drawn import encoded

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")

FAULTS = "[...document.querySelectorAll('#faults li[data-kind]')].map((line) => line.dataset.kind)"


def layouts():
    """A square with a price on its own pill and two texts on a shared panel, in black on a ground that is white on the
    left and black on the right; and a banner."""
    ink = {"colour": "#000000", "font": "NotoSansKR-Regular", "alignment": "left"}
    square = row(
        row_id="square", canvas="1000x1000", canvas_width=1000, canvas_height=1000, run_id=RUN, subject_box=None,
        style_used="tech", title="New vase", selling_points=["soft and light", "made to last"], price="$9",
        safe_zones=[{"name": "avatar", "box": [0.0, 0.8, 0.3, 1.0]}],
        elements=[
            element("underlay", "", box=[0.06, 0.06, 0.46, 0.3], colour="#ffffff", opacity=1.0, z=0),
            element("title", "New vase", lines=["New vase"], box=[0.08, 0.08, 0.38, 0.14], font_px=50,
                    line_height_px=60, underlay=0, z=2, **ink),
            element("selling_point", "soft and light", box=[0.08, 0.2, 0.3, 0.24], font_px=30, line_height_px=40,
                    underlay=0, z=2, **ink),
            element("underlay", "", box=[0.1, 0.5, 0.3, 0.6], colour="#eeeeee", opacity=1.0, z=1),
            element("price", "$9", box=[0.12, 0.52, 0.28, 0.58], font_px=50, line_height_px=60, underlay=3, z=2, **ink),
        ],
    )  # fmt: skip
    banner = row(row_id="banner", canvas="1600x500", canvas_width=1600, canvas_height=500, run_id=RUN,
                 elements=[element("title", "Wide", box=[0.1, 0.2, 0.5, 0.6], **ink)],
                 _palette=["#112233", "#FFFFFF"])  # fmt: skip
    return [square, banner]


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    folder = tmp_path_factory.mktemp("editor")
    rows = layouts()
    limits = gallery.Limits(margin=0.05, smallest=0.024)
    for path, content in gallery.files(rows, [], RUN, maps=True, limits=limits):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    (folder / "previews").mkdir()
    for each in rows:
        shape = (each["canvas_height"] // 10, each["canvas_width"] // 10, 4)
        ground, subject = np.full(shape, 255, np.uint8), np.zeros(shape, np.uint8)
        ground[:, shape[1] // 2 :, :3] = 0
        subject[70:90, 35:49, 3] = 255
        pictures = {
            "": encoded(Image.fromarray(ground[..., :3])),
            "ground": encoded(Image.fromarray(ground[..., :3])),
            "ink": encoded(Image.new("RGBA", shape[1::-1]), "PNG"),
            "map": encoded(Image.fromarray(subject), "PNG"),
        }
        pictures["pixels"] = gallery.pixels(each["row_id"], pictures["ground"], pictures["map"])
        for part, data in pictures.items():
            (folder / "previews" / gallery.preview_name(each["row_id"], part)).write_bytes(data)
    return (folder / "index.html").as_uri()


@pytest.fixture(scope="module")
def browser(tmp_path_factory):
    with Browser(tmp_path_factory.mktemp("browser"), 1440, 900) as started:
        yield started


@pytest.fixture
def page(browser, address):
    """The editor open on the square; scripts that failed fail the test."""
    browser.first_visit(address)
    name(browser)
    edit(browser)
    yield browser
    assert browser.errors == []


def edit(page, at=0):
    page.run(f"gallery.viewer.open(gallery.data.rows[{at}], {{}}, true)")
    page.wait("!!document.querySelector('#faults')?.dataset.state")
    page.run("gallery.grounds.of(gallery.data.rows[0]).then(() => true)")
    settled(page)


def settled(page):
    """Two pictures of the screen later, when warnings are those of now."""
    page.run("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))")


def handle(n):
    return f".handle:nth-child({n + 1})"


def middle(page, selector):
    left, top, width, height = page.place(selector)
    return left + width / 2, top + height / 2


def by(page, place, dx, dy):
    """A place that is so many px of the square's canvas away."""
    per_px = page.place(".editing")[2] / 1000
    return place[0] + dx * per_px, place[1] + dy * per_px


def boxes(page):
    drafted = page.run("gallery.drafts.of(gallery.data.rows[0]).elements ?? null")
    assert drafted is not None, "nothing was changed"
    return [[round(1000 * side) for side in one["box"]] for one in drafted]


def faults(page):
    settled(page)
    return page.run(FAULTS)


def test_the_machines_layout_has_no_warnings_and_those_of_an_edit_come_while_one_drags(page):
    assert faults(page) == []
    start = middle(page, handle(4))
    page.click("#tools input[type=checkbox]")  # no snapping
    seen = {}
    page.grasp(start)
    for what, (dx, dy) in {
        "dark": (550, 0), "subject": (200, 250), "zone": (0, 280),
        "margin": (-90, 0), "title": (0, -430), "back": (0, 0),
    }.items():  # fmt: skip
        place = by(page, start, dx, dy)
        page.send("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1], button="left", buttons=1)
        seen[what] = set(faults(page))
    page.let_go(start)
    assert seen["dark"] == set(), "the price takes its light pill along"
    assert seen["subject"] == {"subject"}
    assert seen["zone"] == {"zone"}
    assert "outside" in seen["margin"]
    assert "overlap" in seen["title"]
    assert seen["back"] == set()


def test_contrast_is_measured_on_the_pixels_behind_and_small_texts_are_named(page):
    start = middle(page, handle(4))
    page.drag(start, by(page, start, 550, 0), keys="Alt")  # the price alone, onto the black half
    assert faults(page) == ["contrast"]
    line = page.run("document.querySelector('#faults li').textContent")
    assert "price" in line and "1.0 to 1, least 4.5" in line
    page.click(".swatch[data-colour='#ffffff']")
    assert faults(page) == []
    page.set("[data-side=height]", 20)
    assert faults(page) == ["small"]
    assert "17 px, least 24" in page.run("document.querySelector('#faults li').textContent")
    page.click("#faults button")
    assert page.run("document.querySelector('.chosen').dataset.role") == "price"


def test_a_text_and_its_own_underlay_move_together_and_with_alt_alone(page):
    page.click("#tools input[type=checkbox]")
    start = middle(page, handle(4))
    page.drag(start, by(page, start, 100, 50))
    assert boxes(page)[3:] == [[200, 550, 400, 650], [220, 570, 380, 630]]
    start = middle(page, handle(4))
    page.drag(start, by(page, start, 10, 0), keys="Alt")
    assert boxes(page)[3:] == [[200, 550, 400, 650], [230, 570, 390, 630]]
    page.press("ArrowLeft", "Control+ArrowLeft", "Alt+ArrowLeft")
    assert boxes(page)[3:] == [[191, 550, 391, 650], [220, 570, 380, 630]]
    start = middle(page, handle(1))
    page.drag(start, by(page, start, 0, 10))  # of a panel that others stand on too, a text moves by itself
    assert boxes(page)[:3] == [[60, 60, 460, 300], [80, 90, 380, 150], [80, 200, 300, 240]]


def test_several_are_chosen_aligned_spaced_moved_and_left_out(page):
    page.click(handle(1))
    for n in (2, 4):
        page.drag(middle(page, handle(n)), keys="Shift")
    assert page.run("[...document.querySelectorAll('.chosen')].map((one) => one.dataset.role)") == [
        "title", "selling_point", "price",
    ]  # fmt: skip
    assert page.run("document.querySelector('[data-side=left]').disabled")
    page.click("[data-arrange=right]")
    assert [box[2] for box in boxes(page)] == [460, 380, 380, 380, 360], "the price's pill is as far to the right"
    page.click("[data-arrange=gap-y]")
    _, title, point, pill, _ = boxes(page)
    assert point[1] - title[3] == pytest.approx(pill[1] - point[3], abs=1)
    page.press("Control+z")
    page.click("[data-arrange=middle-y]")
    _, title, point, pill, _ = boxes(page)
    assert sum(point[1::2]) == pytest.approx((sum(title[1::2]) + sum(pill[1::2])) / 2, abs=2)
    page.press("Control+z", "Control+z")
    page.focus(handle(2))
    page.press("Control+a", "ArrowRight")
    assert [box[0] for box in boxes(page)] == [68, 88, 88, 108, 128]
    page.press("Control+z")
    start = by(page, middle(page, ".editing"), -460, -60)
    page.drag(start, by(page, start, 30, 30), by(page, start, 300, 300))
    assert page.run("[...document.querySelectorAll('.chosen')].map((one) => one.dataset.role)") == ["underlay", "price"]
    page.press("ArrowLeft")
    assert boxes(page)[3:] == [[92, 500, 292, 600], [112, 520, 272, 580]]


def test_a_corner_keeps_the_ratio_with_shift(page):
    page.click("#tools input[type=checkbox]")
    page.focus(handle(1))
    corner = middle(page, f"{handle(1)} [data-edges='right bottom']")
    page.drag(corner, by(page, corner, 150, 0), keys="Shift")
    assert boxes(page)[1] == pytest.approx([80, 80, 530, 170], abs=2)
    corner = middle(page, f"{handle(1)} [data-edges='left top']")
    page.drag(corner, by(page, corner, -2000, 0), keys="Shift")
    left, top, right, bottom = boxes(page)[1]
    assert (right - left) / (bottom - top) == pytest.approx(5, rel=0.02)
    assert min(left, top) >= 0 and max(right, bottom) <= 1000


def test_a_drag_snaps_to_zones_and_equal_spacing_and_shows_it(page):
    start = middle(page, handle(4))
    page.grasp(start, by(page, start, 203, 5))  # the pill's left side is 3 px off the zone's right one
    assert page.run("document.querySelectorAll('.guide').length") >= 1
    page.let_go(by(page, start, 203, 5))
    assert boxes(page)[3][0] == 300
    page.press("Control+z")
    page.focus(handle(2))
    page.set("[data-side=top]", 320)  # 20 px below the panel, and 36 px high: the pill belongs at 380
    page.set("[data-side=height]", 40)
    start = middle(page, handle(4))
    page.grasp(start, by(page, start, 0, -117))
    assert page.run("document.querySelectorAll('.spacing').length") == 2
    page.let_go(by(page, start, 0, -117))
    assert boxes(page)[3][1] == 380


def test_all_lines_that_a_box_snaps_to_are_shown(page):
    page.focus(handle(3))
    page.set("[data-side=width]", 300)  # as wide as the title, which begins 20 px further left
    start = middle(page, handle(4))
    page.grasp(start, by(page, start, -18, 0))
    lefts = "[...document.querySelectorAll('.guide[data-axis=x]')].map(({ style }) => parseFloat(style.left))"
    assert sorted(page.run(lefts)) == [8, 23, 38], "percent of the canvas"
    page.let_go(by(page, start, -18, 0))


def test_words_lines_alignment_colour_and_font_are_changed_and_travel(page, address):
    page.focus(handle(1))
    page.focus("#words")
    page.run("document.querySelector('#words').select()")
    page.type("New tall vase\nfor all")
    assert page.run("[...document.querySelectorAll('.live text')].map((line) => line.textContent)") == [
        "New tall vase", "for all",
    ]  # fmt: skip
    caption = "document.querySelector('figcaption').textContent"
    assert page.run(caption) == "edit · approximate: new letters are this browser's"
    height = boxes(page)[1][3] - boxes(page)[1][1]
    assert height == 120, "two lines of the font size that there was"
    page.click("[data-alignment=center]")
    page.click(".swatch[data-colour='#eeeeee']")
    page.press("Escape")
    page.open(address)
    edit(page)
    assert page.run("[...document.querySelectorAll('.live text')].map((line) => line.getAttribute('fill'))") == [
        "#eeeeee", "#eeeeee",
    ]  # fmt: skip
    page.press("Enter")
    page.wait("gallery.decisions.count() === 1")
    (edited,) = exported(page)
    _, title, point, *_ = edited.elements
    assert (title.was, title.text, title.lines) == (1, "New tall vase for all", ("New tall vase", "for all"))
    assert (title.alignment, title.colour, title.font, title.font_px) == ("center", "#eeeeee", None, 50)
    assert (point.was, point.lines, point.colour) == (2, (), None)


def test_typing_is_one_step_and_line_breaks_alone_keep_the_text(page):
    page.focus(handle(1))
    page.focus("#words")
    page.run("document.querySelector('#words').select()")
    for letter in ("New\n", "va", "se"):
        page.type(letter)
    draft = page.run("gallery.drafts.of(gallery.data.rows[0]).elements[1]")
    assert (draft["text"], draft["lines"]) == ("New vase", ["New", "vase"])
    page.run("document.querySelector('#words').blur()")
    page.press("Control+z")
    assert page.run("gallery.drafts.of(gallery.data.rows[0]).elements ?? null") is None


def test_what_was_left_out_is_put_back(page):
    offered = "[...document.querySelectorAll('#restore button')].map((one) => one.textContent)"
    assert page.run(offered) == ["Restore selling_point made to last"]
    page.click("#restore button")
    assert page.run(offered) == []
    page.wait(f"{FAULTS}.length === 0")
    page.focus(handle(4))
    page.press("Delete")
    assert page.run(offered) == ["Restore price $9"]
    page.click("#restore button")
    page.press("Enter")
    page.wait("gallery.decisions.count() === 1")
    (edited,) = exported(page)
    assert sorted((one.role.value, one.text) for one in edited.elements if one.text) == [
        ("price", "$9"), ("selling_point", "made to last"), ("selling_point", "soft and light"), ("title", "New vase"),
    ]  # fmt: skip
    added = next(one for one in edited.elements if one.text == "made to last")
    assert (added.was, added.colour, added.font) == (None, "#000000", "NotoSansKR-Regular")


def test_comments_are_pinned_to_boxes_and_go_with_any_decision(page, address):
    page.focus(handle(4))
    page.press("c")
    page.type("why so large?")
    page.press("Enter")
    assert page.run("document.querySelectorAll('.pin').length") == 1
    page.press("Escape", "Escape")
    page.open(address)
    page.run("gallery.viewer.open(gallery.data.rows[0], {})")
    page.wait("document.querySelectorAll('.pin').length === 1")
    page.press("r")
    page.wait("gallery.decisions.count() === 1")
    (rejected,) = exported(page)
    assert rejected.comments == (feedback.Comment((0.12, 0.52, 0.28, 0.58), "why so large?", "price"),)
    text = page.run("gallery.decisions.exported()")
    page.run("localStorage.clear(); sessionStorage.clear()")
    page.open(address)
    page.run(f"gallery.imports.take([new File([{json.dumps(text)}], 'a.jsonl')])")
    assert page.run("gallery.decisions.exported()") == text
    name(page)
    page.run("gallery.viewer.open(gallery.data.rows[0], {})")
    page.wait("!!document.querySelector('.comments button')")
    page.click(".comments button")
    assert exported(page)[0].comments == ()


def test_a_page_of_files_names_the_style_and_draws_a_decision_in_another_by_itself(page, address):
    assert page.run("[gallery.by('style').value, gallery.by('style').disabled]") == ["tech", True]
    assert page.run("gallery.by('style-reason').textContent") == "a served gallery can change it"
    styled = [
        element("underlay", "", box=[0.5, 0.5, 0.9, 0.7], colour="#ff0000", opacity=1.0),
        element("title", "New vase", lines=["New vase"], box=[0.52, 0.52, 0.88, 0.6], font_px=60, line_height_px=72),
    ]
    edit = [{**{name: one[name] for name in ("role", "text", "box")}, "was": k} for k, one in enumerate(styled)]
    record = {"row_id": "square", "run_id": RUN, "decision": "edit", "elements": edit, "style": "festival",
              "styled": styled, "annotator": "Mei", "time": "2126-11-30T09:00:00Z"}  # fmt: skip
    text = json.dumps(record) + "\n"
    page.run(f"gallery.imports.take([new File([{json.dumps(text)}], 'a.jsonl')])")
    page.run("gallery.viewer.open(gallery.data.rows[0], {})")
    page.wait("!!document.querySelector('#viewer .live text')")
    assert page.run("document.querySelector('#viewer .live text').textContent") == "New vase"
    assert page.run("document.querySelector('#viewer .live rect').getAttribute('fill')") == "#ff0000"
    words = page.run("document.querySelector('figure:last-child figcaption').textContent")
    assert words == "final placement, as edited, in the style festival · approximate"
    (taken,) = exported(page)
    assert (taken.style, len(taken.styled)) == ("festival", 2)


def test_scores_are_said_to_be_from_before_the_edit(page):
    terms = "[...document.querySelectorAll('[data-measured]')].map((term) => term.textContent)"
    assert "score" in page.run(terms)
    page.press("ArrowRight")
    assert "score (before the edit)" in page.run(terms)
    page.press("Enter")
    page.wait("gallery.decisions.count() === 1 && document.querySelectorAll('.handle').length === 0")
    assert "score (before the edit)" in page.run(terms)


def test_zoom_keeps_the_place_under_the_pointer_and_pans(page):
    fitted = page.place(".editing")
    place = middle(page, handle(4))
    page.wheel(place, -240, keys="Control")
    page.wait(f"document.querySelector('.editing').getBoundingClientRect().width > {fitted[2] * 1.5}")
    assert middle(page, handle(4)) == pytest.approx(place, abs=3)
    before = page.place(".editing")
    page.send("Input.dispatchKeyEvent", type="keyDown", key=" ", code="Space", windowsVirtualKeyCode=32)
    start = middle(page, ".stage")
    page.drag(start, (start[0] - 40, start[1] - 30))
    page.send("Input.dispatchKeyEvent", type="keyUp", key=" ", code="Space", windowsVirtualKeyCode=32)
    after = page.place(".editing")
    assert (before[0] - after[0], before[1] - after[1]) == (40, 30)
    assert page.run("gallery.drafts.of(gallery.data.rows[0]).elements ?? null") is None, "nothing was moved"
    page.press("0")
    assert page.place(".editing")[2] == pytest.approx(fitted[2], abs=1)
    page.press("=", "-")
    assert page.place(".editing")[2] == pytest.approx(fitted[2], abs=1)


def test_a_brand_that_names_its_colours_allows_no_others(page):
    swatches = "[...document.querySelectorAll('.swatch')].map((one) => one.dataset.colour)"
    assert page.run(swatches) == ["#ffffff", "#000000", "#eeeeee", "#1c1c1e"]
    assert page.run("!!document.querySelector('#tools input[type=color]')")
    page.press("Escape", "Escape")
    edit(page, 1)
    assert page.run(swatches) == ["#112233", "#ffffff"]
    assert not page.run("!!document.querySelector('#tools input[type=color]')")


@pytest.mark.parametrize("width", [1024, 1440, 2560])
def test_a_wide_canvas_has_the_whole_width(page, width):
    page.press("Escape", "Escape")
    page.resize(width, 900)
    edit(page, 1)
    pane, picture = page.place(".panes"), page.place(".editing")
    assert picture[2] > pane[2] - 60
    assert page.run("document.querySelector('#viewer').scrollWidth") <= width
    page.resize(1440, 900)


def test_layers_are_shown_and_hidden(page):
    assert page.run("getComputedStyle(document.querySelector('.editing .map')).visibility") == "visible"
    page.press("p")
    assert page.run("document.querySelector('[data-layer=map]').hidden")
    page.press("p", "z")
    assert page.run("document.querySelector('[data-layer=zones]').hidden")
    page.press("z")


def test_pixels_are_a_script_that_holds_small_pictures():
    ground = io.BytesIO()
    Image.new("RGB", (4, 4)).save(ground, "JPEG")
    script = gallery.pixels("a", ground.getvalue(), None).decode()
    assert script.startswith(f'gallery.grounds.arrived("{gallery.preview_name("a").partition(".")[0]}", {{"ground":')
    assert "map" not in json.loads(script[script.index("{") : script.rindex("}") + 1])
