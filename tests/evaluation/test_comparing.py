"""Layouts of one product, two runs of a row and what became of decisions, in a real browser over real tables."""

import json
from pathlib import Path

import pytest

from layoutgen.config.training import DataSettings, ExamplesConfig, RetrainConfig
from layoutgen.core import preferences
from layoutgen.io.storage import Storage
from layoutgen.streaming import in_process
from layoutgen.training.gathering import gather
from layoutgen.training.kinds import kind_of
from tests.browser import find
from tests.core.gallery.reviewing import show
from tests.core.gallery.test_accessibility import audit, axe_source
from tests.evaluation.nights import FIRST, SECOND, draw, two_grounds, two_nights

pytestmark = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")
DECIDED = "Object.fromEntries(gallery.decisions.all().map((one) => [one.row_id, one.decision]))"


def box(left, top, right, bottom):
    return [left, top, right, bottom]


def decision(row_id, decided, who="Mei", **more):
    return {
        "row_id": row_id,
        "run_id": FIRST,
        "decision": decided,
        "annotator": who,
        "time": "2026-11-30T09:00:00Z",
        **more,
    }


EDIT = [{"role": "title", "text": "Vase p1", "box": box(0.08, 0.48, 0.68, 0.6)},
        {"role": "price", "text": "$19", "box": box(0.08, 0.66, 0.4, 0.74)}]  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("nights")


@pytest.fixture(scope="module")
def address(folder):
    table = two_nights(folder)
    said = [
        decision("p1@240x240", "edit", elements=EDIT),
        decision("p1@240x320", "reject"),
        decision("p2@240x240", "adopt", " mei "),
        decision("p2@240x320", "adopt", "Wei"),
        decision("p0@240x240", "adopt"),
    ]
    (folder / "feedback.jsonl").write_text("".join(f"{json.dumps(one)}\n" for one in said) + "no decision\n")
    page = draw(folder, table, against=(table, FIRST), feedback=str(folder / "feedback.jsonl"))
    return Path(page).as_uri()


@pytest.fixture
def page(browser, address):
    browser.first_visit(address)
    browser.set("#annotator", "Mei")
    yield browser
    assert browser.errors == []


def say(page):
    return page.run("gallery.by('message').textContent")


def view(page, row_id):
    page.run(f"gallery.viewer.open(gallery.data.rows.find((row) => row.row_id === {json.dumps(row_id)}), {{}})")
    page.wait("!!document.querySelector('#viewer .facts')")


def test_a_decision_is_carried_to_all_layouts_of_a_product_and_taken_back_as_one(page):
    page.run("gallery.decide([gallery.data.rows[4]], 'reject')")  # p1@240x320
    view(page, "p1@240x240")
    assert page.run("document.querySelectorAll('.sibling').length") == 3
    page.press("Shift+a")
    page.wait(f"Object.keys({DECIDED}).length === 3")
    assert page.run(DECIDED) == {"p1@240x320": "reject", "p1@240x240": "adopt", "p1@240x240@v1": "adopt"}
    assert "1 that was decided before stays" in say(page)
    page.press("u")
    page.wait(f"Object.keys({DECIDED}).length === 1")
    page.click("#reject-all")
    page.wait(f"Object.keys({DECIDED}).length === 3")
    assert set(page.run(DECIDED).values()) == {"reject"}


def test_keys_go_along_the_layouts_of_a_product(page):
    view(page, "p1@240x240")
    current = "document.querySelector('.sibling[aria-current]').title"
    page.press("]")
    page.wait(f"{current}.startsWith('240x320')")
    page.press("]")
    page.wait(f"{current} === '240x240 · v1'")
    page.press("]")
    assert say(page) == "This is the product's last layout."
    page.press("[", "[")
    page.wait(f"{current} === '240x240'")
    page.press("Escape")
    page.press("]")
    assert page.run("gallery.grid.current().row_id") == "p1@240x320"


def test_the_grid_is_grouped_by_product(page):
    page.set("#sort", "row id")
    page.wait("gallery.grid.rows[1].row_id === 'p0@240x240@v1'")
    page.run("gallery.by('sort').selectedIndex = 0; gallery.by('sort').dispatchEvent(new Event('change'))")
    page.click("#grouped")
    page.wait("document.querySelectorAll('.group').length === 3")
    assert page.run("[...document.querySelectorAll('.group h3')].map((head) => head.textContent)") == [
        "Vase p0", "Vase p1", "Vase p2"]  # fmt: skip
    page.focus(".card")
    page.press("ArrowDown")  # over the heading
    assert page.run("gallery.grid.current().row_id") == "p1@240x240"
    page.press("ArrowUp")
    assert page.run("gallery.grid.current().row_id") == "p0@240x240"
    page.click(".group button")
    page.wait(f"Object.keys({DECIDED}).length === 3")
    page.wait("document.querySelector('.group .quiet').textContent === '3 layouts, 0 undecided'")
    page.open(page.run("location.href"))
    assert page.run("document.querySelectorAll('.group').length") == 3


def test_runs_are_compared_blind_and_the_choices_are_exported(page, folder):
    assert page.run("gallery.pairs.all.length") == 6  # what stayed the same is no pair
    page.click("#comparing")
    page.wait("gallery.by('compare').open")
    assert FIRST not in page.run("gallery.by('compare').textContent")
    sides = page.run("gallery.pairs.all.map((pair) => pair.swapped)")
    assert set(sides) == {True, False}
    for key in ("ArrowLeft", "ArrowRight", "t", "n", "1", "2"):
        before = page.run("document.querySelector('#compare .quiet').textContent")
        page.press(key)
        page.wait(f"document.querySelector('#compare .quiet').textContent !== {json.dumps(before)}")
    assert page.run("document.querySelector('#compare .quiet').textContent") == "4 of 6"  # what was skipped comes again
    page.press("u")
    page.wait("document.querySelector('#compare .quiet').textContent === '6 of 6'")
    page.press("2")
    page.wait("document.querySelector('#compare .quiet').textContent === '4 of 6'")
    page.press("ArrowLeft")
    page.wait("!!document.querySelector('.result')")
    text = page.run("document.querySelector('.result').textContent")
    assert FIRST in text and SECOND in text and "1 tie, 0 not compared" in text
    choices, errors = preferences.read(page.run("gallery.pairs.exported()"))
    assert errors == [] and len(choices) == 6 and [one.is_tie for one in choices].count(True) == 1
    chosen = {one.row_id: one.chosen.run_id for one in choices if not one.is_tie}
    for i, key in ((0, "left"), (1, "right"), (3, "left"), (4, "left"), (5, "right")):
        row_id = page.run(f"gallery.pairs.all[{i}].row.row_id")
        assert chosen[row_id] == (FIRST if (key == "left") == sides[i] else SECOND)
    assert {one.chosen.name for one in choices} | {one.rejected.name for one in choices} == {FIRST, SECOND}
    assert choices[0].chosen.elements and choices[0].annotator == "Mei" and choices[0].category == "vases"
    assert learnt(page, folder) == {"preference": 5}


def learnt(page, folder):
    """What jobs.examples makes of the choices, by source."""
    (folder / "preferences.jsonl").write_text(page.run("gallery.pairs.exported()"))
    config = ExamplesConfig.model_validate({"select": {"shares": [1, 0, 0]}})
    given = {"layouts": str(folder / "table"), "preferences": str(folder / "preferences.jsonl")}
    return gather(config, str(folder / "sets"), stream=in_process, **given)["by_source"]


def test_choices_between_two_grounds_of_a_poster_are_what_scenes_are_learnt_from(browser, tmp_path):
    table = two_grounds(tmp_path)
    browser.errors.clear()
    browser.open(Path(draw(tmp_path, table, against=(table, FIRST))).as_uri())
    browser.set("#annotator", "Mei")
    browser.run("gallery.pairs.choose(gallery.pairs.all[0], 'other')")
    (tmp_path / "preferences.jsonl").write_text(browser.run("gallery.pairs.exported()"))
    settings = RetrainConfig.model_validate(
        {"train": {"model": "embedded/scenes", "name": "scene", "method": "dpo", "denoising_steps": 2}}
    )
    data = kind_of(settings.train, Storage()).open_data(DataSettings(source=str(tmp_path), fixed=2))
    (case,) = [*data.train.cases, *data.validation.cases, *data.test]
    assert case.product == "p9" and case.wish.size == (240, 240) and case.sample.rejected is not None
    assert case.wish.product == (0.3, 0.5, 0.7, 0.9) and len(case.wish.texts) == 2
    assert case.wish.colours[0, 3] > 0.3 and browser.errors == []


def test_choices_are_imported_and_survive_a_reload(page):
    page.run("gallery.pairs.choose(gallery.pairs.all[0], 'other')")
    page.wait("gallery.pairs.of(gallery.pairs.all[0]) === 'other'")
    lines = page.run("gallery.pairs.exported()")
    page.open(page.run("location.href"))
    assert page.run("gallery.pairs.of(gallery.pairs.all[0])") == "other"
    page.run("localStorage.clear()")
    page.open(page.run("location.href"))
    page.set("#annotator", "Mei")
    take = f"gallery.imports.take([new File([{json.dumps(lines)}], 'preferences.jsonl')])"
    assert page.run(take) == {"taken": 1, "known": 0, "foreign": 0, "unusable": 0}
    assert page.run(take)["known"] == 1
    assert page.run("gallery.pairs.of(gallery.pairs.all[0])") == "other"


def test_suggestion_and_final_layout_lie_under_a_slider(page):
    view(page, "p1@240x240")
    page.press("c")
    page.wait("document.querySelectorAll('.slider .before .live svg').length === 2")
    drawn = "[...document.querySelectorAll('.slider .before .live > svg')]"
    assert sorted(page.run(f"{drawn}.map((one) => Number(one.getAttribute('y')) / 240)")) == pytest.approx([0.7, 0.85])
    page.press("ArrowRight", "ArrowRight")
    assert page.run("document.querySelector('.slider').style.getPropertyValue('--cut')") == "52%"
    page.press("c")
    page.wait("!document.querySelector('.slider')")


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_groups_comparison_slider_and_what_became_of_decisions_have_no_violations(page, theme):
    show(page, theme)
    page.run(f"{axe_source()};0")
    assert audit(page) == []
    view(page, "p1@240x240")
    page.press("c")
    page.wait("document.querySelectorAll('.slider .before .live svg').length === 2")
    assert audit(page) == []
    page.press("c", "Escape")
    page.wait("document.querySelector('dialog[open]') === null")
    page.click("#comparing")
    page.wait("gallery.by('compare').open")
    assert audit(page) == []
    page.press("Escape")


def test_the_gallery_says_what_became_of_ones_own_decisions(page):
    shown = "gallery.grid.rows.map((row) => row.row_id)"
    assert page.run("gallery.by('became').textContent") == "1 earlier edit of yours: 1 nearer, 0 farther"
    page.click("#became")
    page.wait(f"{shown}.length === 3")
    assert page.run(shown) == ["p1@240x240", "p1@240x320", "p2@240x240"]  # not Wei's, and not what stayed
    page.set("#decision", "nearer")
    page.wait(f"{shown}.length === 1")
    assert page.run("gallery.history.tally()") == {"nearer": 1, "farther": 0, "alike": 0}
    view(page, "p1@240x240")
    text = page.run("document.querySelector('.became').textContent")
    assert "nearer to your edit than then" in text and "you said edit" in text
    entry = page.run("gallery.history.of(gallery.data.rows.find((row) => row.row_id === 'p1@240x240'))[0]")
    assert 0 < entry["now"] < entry["then"] <= 1
    captions = "[...document.querySelectorAll('.became figcaption')].map((one) => one.textContent)"
    assert page.run(captions) == ["your edit", "then", "today"]
    page.wait("document.querySelectorAll('.became .live > svg').length === 2")
    view(page, "p1@240x320")
    page.wait("document.querySelector('.became')?.textContent.includes('what you rejected is another today')")
    page.set("#annotator", "Wei")
    page.set("#decision", "mine")
    page.wait(f"{shown}.length === 1")
