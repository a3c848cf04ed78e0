"""Rows in another house style: as the job would have set them, told where they can't be, and kept by all that reads
feedback."""

import io
import json
from functools import partial

import numpy as np
import pytest
from PIL import Image

from layoutgen import pipelines
from layoutgen.core import feedback
from layoutgen.core.gallery import files as gallery
from layoutgen.core.gallery.edits import EditError
from layoutgen.core.json_lines import LineError
from layoutgen.core.metrics import table_rows
from layoutgen.evaluation.edited_pictures import EditedPictures
from layoutgen.evaluation.review_room import RequestError, open_room
from layoutgen.imaging import drawing
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.stages.edited_rows import as_edited
from layoutgen.stages.preview import Preview
from layoutgen.streaming import in_process
from layoutgen.training.examples.rewording import reworded
from tests.browser import find
from tests.drawn import encoded, photo
from tests.evaluation.conftest import layouts, serving
from tests.pipeline import runs

EXACT = "edit · exact, drawn by the server"
run_layouts = partial(pipelines.run_layouts, stream=in_process)


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """A published table of two products, whose layouts nobody mends, and its rows."""
    folder = tmp_path_factory.mktemp("night")
    for number in range(2):
        (folder / f"{number}.jpg").write_bytes(encoded(photo(seed=number)))
    (folder / "logo.png").write_bytes(encoded(Image.new("RGBA", (80, 30), (200, 20, 20, 255)), "PNG"))
    products = [
        {"product_id": f"k{i}", "image": f"{i}.jpg", "title": f"Kettle {i}", "selling_points": ["1.5 l", "quiet"],
         "logo": str(folder / "logo.png"), "style": style}
        for i, style in enumerate(("plain", "tech"))
    ]  # fmt: skip
    manifest, output = runs.write_manifest(folder, products), str(folder / "out")
    settings = runs.settings(repair={"rounds": 0, "anew": False}, style={"allowed": ["plain", "tech", "festival"]})
    assert run_layouts(settings, manifest, output)["computed"] == 2
    return output, {row["product_id"]: row for row in published_runs.read(Storage(), output).to_pylist()}


@pytest.fixture(scope="module")
def room(night, tmp_path_factory):
    folder = tmp_path_factory.mktemp("room")
    files = (str(folder / "feedback.jsonl"), str(folder / "preferences.jsonl"))
    return open_room(Storage(), night[0], str(folder), *files, run_id=None, limit=10)


def edit_of(row, style, styled):
    """The feedback of a designer who takes a style as it comes."""
    elements = [{**{name: e[name] for name in ("role", "text", "box")}, "was": k} for k, e in enumerate(styled)]
    record = {"row_id": row["row_id"], "run_id": row["run_id"], "decision": "edit", "elements": elements,
              "annotator": "Mei", "time": "2026-11-30T09:00:00Z", "style": style, "styled": styled}  # fmt: skip
    return feedback.parse(json.dumps(record))


def test_in_its_own_style_a_row_is_as_the_job_set_it(night, room):
    for row in night[1].values():
        again = room.styles({"row_id": row["row_id"], "style": row["style_used"]})["elements"]
        assert table_rows.elements(again, []) == table_rows.elements(row["elements"], [])


def test_another_style_travels_to_pictures_and_examples(night, room):
    row = night[1]["k0"]
    offer = room.styles({"row_id": row["row_id"]})
    assert offer == {"styles": ["plain", "tech", "festival"], "style": "plain", "reason": None}
    styled = room.styles({"row_id": row["row_id"], "style": "festival"})["elements"]
    sale, plain = table_rows.elements(styled, []), table_rows.elements(row["elements"], [])
    assert {e.text for e in sale if e.text} == {e.text for e in plain if e.text}
    assert [(e.box, e.colour) for e in sale] != [(e.box, e.colour) for e in plain]

    edit = edit_of(row, "festival", styled)
    assert feedback.parse(feedback.write([edit])) == edit
    left = as_edited(row, edit, ())
    assert (table_rows.elements(left["elements"], []), left["style_used"]) == (sale, "festival")
    assert reworded(row, edit) == {**row, "style_used": "festival"}

    body = {"row_id": row["row_id"], "elements": [feedback.as_json(e) for e in edit.elements]}
    exact = np.asarray(Image.open(io.BytesIO(room.draw({**body, "style": "festival"}))))
    kept = np.asarray(Image.open(io.BytesIO(room.draw({**body, "style": "festival", "styled": styled}))))
    assert np.array_equal(exact, kept)
    canvas, framing = table_rows.canvas(row), table_rows.framing(row)
    scenes = room.pictures._scenes
    assert np.array_equal(
        exact, drawing.draw(scenes.ground(row, framing, canvas), sale, canvas, logo=scenes.logo(left))
    )


def test_what_cannot_have_a_style_is_told(night, room, tmp_path):
    row_id = night[1]["k0"]["row_id"]
    with pytest.raises(RequestError, match="style is 'loud'; the row may have plain, tech, festival"):
        room.styles({"row_id": row_id, "style": "loud"})
    with pytest.raises(RequestError, match="'p9' is no layout of this page"):
        room.styles({"row_id": "p9"})
    with pytest.raises(RequestError, match="element_colour_unknown"):
        styled = [{"role": "title", "text": "a", "lines": ["a"], "box": [0, 0, 1, 1], "colour": "red"}]
        room.draw({"row_id": row_id, "elements": styled, "style": "festival", "styled": styled})
    pictures = EditedPictures(Storage(), layouts(tmp_path), ())
    assert pictures.styles("p0")["styles"] == []
    with pytest.raises(EditError, match="names no house styles"):
        pictures.styled("p0", "plain")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"style": "", "styled": []}, "style is ''; give a string that is not empty"),
        ({"styled": None}, "styled is empty; give the row's elements in the style"),
        ({"style": None}, "style is None; give a string"),
        ({"styled": [{"role": "title"}]}, r"styled\[0\] has the box None"),
        ({"decision": "adopt", "elements": None}, "of a decision that is no edit; leave it out"),
    ],
)
def test_a_style_without_its_elements_is_refused(changes, message):
    box = {"role": "title", "text": "a", "box": [0, 0, 1, 1]}
    record = {"row_id": "a", "run_id": "r", "decision": "edit", "elements": [box], "annotator": "Mei",
              "time": "2026-11-30T09:00:00Z", "style": "festival", "styled": [box], **changes}  # fmt: skip
    with pytest.raises(LineError, match=message):
        feedback.check(record)


@pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")
def test_a_designer_changes_the_style_in_the_editor(night, tmp_path, browser):
    output, by_product = night
    rows = [by_product["k0"], by_product["k1"]]
    page = tmp_path / "page"
    table = published_runs.read(Storage(), output)
    Preview(Storage(), str(page / "previews"), 540, (), layers=True)(table)
    for name, content in gallery.files([{**row, "_fault": None} for row in rows], [], rows[0]["run_id"]):
        (page / name).parent.mkdir(parents=True, exist_ok=True)
        (page / name).write_bytes(content)
    files = (str(page / "feedback.jsonl"), str(page / "preferences.jsonl"))
    room = open_room(Storage(), output, str(page), *files, run_id=None, limit=10)
    with serving(room) as server:
        browser.open(server.address)
        browser.set("#annotator", "Mei")
        browser.run("gallery.viewer.open(gallery.data.rows[0], {}, true)")
        browser.wait("document.querySelector('#style')?.options.length === 3")
        browser.set("#style", "festival")
        browser.wait("document.querySelector('#style')?.value === 'festival' && !!document.querySelector('.exact')")
        assert browser.run("document.querySelector('figure:last-child figcaption').textContent") == EXACT
        browser.press("Escape")
        browser.wait("!!document.querySelector('#resume')")
        browser.click("#resume")  # it is kept while it is no decision
        browser.wait(
            "document.querySelector('#style')?.value === 'festival' && !document.querySelector('#style').disabled"
        )
        browser.focus(".handle[data-role=title]")
        browser.press("ArrowDown", "Enter")
        browser.wait("gallery.decisions.count() === 1 && gallery.server.unsent === 0")
        ((edit,), errors) = feedback.read((page / "feedback.jsonl").read_text())
        assert (errors, edit.style) == ([], "festival")
        styled = room.styles({"row_id": rows[0]["row_id"], "style": "festival"})["elements"]
        assert table_rows.elements([*edit.styled], []) == table_rows.elements(styled, [])
        left = table_rows.elements(as_edited(rows[0], edit, ())["elements"], [])
        (title, before) = (
            next(e for e in each if e.role == "title") for each in (left, table_rows.elements(styled, []))
        )
        assert title.box[1] - before.box[1] == pytest.approx(8 / 540, abs=1e-4)
        browser.run("gallery.viewer.open(gallery.data.rows[0], {}, true)")
        browser.wait("document.querySelector('#style')?.options.length === 3")
        browser.set("#style", "plain")  # back to the machine's own
        browser.wait(
            "document.querySelector('#style')?.value === 'plain' && !document.querySelector('#style').disabled"
        )
        browser.press("Enter")
        browser.wait("gallery.by('question').open")  # it drops an edit
        browser.click("#go")
        browser.wait("gallery.decisions.of(gallery.data.rows[0]).decision === 'adopt'")
        assert "style" not in browser.run("gallery.decisions.exported()")
    assert browser.errors == []
