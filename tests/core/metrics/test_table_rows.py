from layoutgen.core.layout import Canvas, Framing, Role
from layoutgen.core.metrics import table_rows

NAN = float("nan")


def test_elements_that_can_not_be_measured_are_left_out_and_named():
    excluded: list[str] = []
    rows = [
        {"role": "title", "box": [0.1, 0.1, 0.4, 0.2], "text": None, "lines": None, "font_px": None},
        {"role": "title", "box": [0.1, NAN, 0.4, 0.2]},
        {"role": "title", "box": None},
        {"role": "sticker", "box": [0.1, 0.1, 0.4, 0.2]},
        None,
    ]
    (element,) = table_rows.elements(rows, excluded)
    assert (element.role, element.text, element.lines, element.font_px) == (Role.TITLE, "", (), 0)
    assert excluded == ["element_box_not_finite"] * 2 + ["element_role_unknown", "element_box_not_finite"]


def test_a_row_without_elements_is_an_empty_layout_that_is_named():
    excluded: list[str] = []
    assert table_rows.elements(None, excluded) == []
    assert excluded == ["no_elements"]
    assert table_rows.elements([], excluded) == []
    assert len(excluded) == 1


def test_what_a_table_does_not_say_has_a_default():
    assert table_rows.canvas({}) == Canvas(513, 750)
    assert table_rows.framing({}) == Framing()
    assert table_rows.asked({"title": None}) is None


def test_a_row_asks_for_its_title_points_and_one_logo():
    row = {"title": "Vase", "selling_points": ["a", "b"], "brand": "B", "logo": "l.png",
           "notes": ["left out for want of room: b"]}  # fmt: skip
    asked = table_rows.asked(row)
    assert asked.texts == ("Vase", "a", "b")
    assert asked.logos == 1
    assert asked.excused == {"b"}
