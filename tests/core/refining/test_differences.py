"""What an edit changed, as it holds on other canvases: shares of the room, relations that it made, sizes, words."""

from layoutgen.core import rows
from layoutgen.core.gallery.edits import edited
from layoutgen.core.layout import Role, from_px, to_px
from layoutgen.core.refining.applying import apply
from layoutgen.core.refining.changes import described
from layoutgen.core.refining.differences import changes_of
from tests.core.refining.layouts import SQUARE, TALL, face_of, layout, of, page

TITLE, FIRST, SECOND, PRICE, LOGO = 1, 2, 3, 4, 5


def spec(elements):
    return [{"role": e.role.value, "text": e.text, "box": list(e.box), "was": i} for i, e in enumerate(elements)]


def moved(edit, indices, across, down, canvas=SQUARE):
    by = (across / canvas.width, down / canvas.height) * 2
    for i in indices:
        edit[i]["box"] = [side + step for side, step in zip(edit[i]["box"], by, strict=True)]


def changes(edit):
    before = layout(SQUARE)
    return changes_of(before, edit, edited(before, edit, SQUARE, face_of), SQUARE, 40.0)


def test_an_edit_that_changes_nothing_has_no_changes():
    assert changes(spec(layout(SQUARE))) == ()


def test_a_logo_in_another_corner_goes_to_that_corner_of_another_canvas():
    edit = spec(layout(SQUARE))
    edit[LOGO]["box"] = list(from_px((840, 40, 960, 100), 1000, 1000))
    (change,) = changes(edit)
    assert change.at == (1.0, 0.0) and str(change.name) == "logo"
    after = apply([change], layout(TALL), page(TALL))
    _, top, right, _ = to_px(of(Role.LOGO, after.elements).box, 750, 1000)
    assert (round(right), round(top)) == (710, 40)


def test_relations_that_an_edit_made_are_carried_and_others_are_not():
    edit = spec(layout(SQUARE))
    moved(edit, (0, PRICE), 0, -522)  # between logo and title
    (change,) = changes(edit)
    kinds = {(kind, str(other)) for kind, other in change.relations}
    assert ("above", "title") in kinds and ("below", "logo") not in kinds
    after = apply([change], layout(TALL), page(TALL))
    assert of(Role.UNDERLAY, after.elements).box[3] <= of(Role.TITLE, after.elements).box[1] + 1e-6


def test_what_was_moved_by_one_vector_moves_as_one():
    edit = spec(layout(SQUARE))
    moved(edit, (TITLE, FIRST, SECOND), 450, 0)
    carried = changes(edit)
    assert len({change.group for change in carried}) == 1 and len({change.at for change in carried}) == 1
    before, after = layout(TALL), apply(carried, layout(TALL), page(TALL)).elements
    steps = {
        tuple(round(now - was, 6) for now, was in zip(after[i].box[:2], before[i].box[:2], strict=True))
        for i in (TITLE, FIRST, SECOND)
    }
    assert len(steps) == 1 and steps != {(0.0, 0.0)}


def test_sizes_colours_words_and_what_went():
    edit = spec(layout(SQUARE))
    left, top, right, bottom = edit[TITLE]["box"]
    edit[TITLE] |= {"box": [left, top, left + 1.5 * (right - left), top + 1.5 * (bottom - top)], "colour": "#1a5fb4"}
    edit[SECOND]["text"] = "Three sizes"
    del edit[LOGO]
    words = described(changes(edit))
    assert "title times 1.5" in words and "title colour #1a5fb4" in words and "logo left out" in words
    assert "selling_point:2 says Three sizes" in words


def test_a_row_of_a_table_is_read_as_the_layout_that_it_is():
    elements = [rows.read_element(rows.element_row(element)) for element in layout(SQUARE)]
    edit = spec(elements)
    moved(edit, (LOGO,), 0, 300)
    carried = changes_of(elements, edit, edited(elements, edit, SQUARE, face_of), SQUARE, 40.0)
    assert [str(change.name) for change in carried] == ["logo"]
