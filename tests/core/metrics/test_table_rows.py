import pytest

from layoutgen.core import rows
from layoutgen.core.layout import Canvas, Element, Framing, Role, Run
from layoutgen.core.metrics import table_rows

NAN = float("nan")


def test_elements_that_can_not_be_measured_are_left_out_and_named():
    excluded: list[str] = []
    broken = [
        {"role": "title", "box": [0.1, 0.1, 0.4, 0.2], "text": None, "lines": None, "font_px": None},
        {"role": "title", "box": [0.1, NAN, 0.4, 0.2]},
        {"role": "title", "box": None},
        {"role": "sticker", "box": [0.1, 0.1, 0.4, 0.2]},
        None,
    ]
    (element,) = table_rows.elements(broken, excluded)
    assert (element.role, element.text, element.lines, element.font_px) == (Role.TITLE, "", (), 0)
    assert excluded == ["element_box_not_finite"] * 2 + ["element_role_unknown", "element_box_not_finite"]


def test_runs_that_are_broken_are_made_anew_and_not_read():
    run = Run(0, "Vase", "Inter-Bold", "Inter[opsz,wght].ttf", 700, "Latn", "en", "ltr", (), 0.0, 20.0, 40.0)
    whole = rows.element_row(Element(Role.TITLE, (0.1, 0.1, 0.4, 0.2), "Vase", ("Vase",), runs=(run,)))
    broken = [whole["runs"][0] | change for change in ({"x_px": NAN}, {"font": None}, {"direction": "up"})]
    read = table_rows.elements([whole, *({**whole, "runs": [one]} for one in (*broken, None, {}))], [])
    assert [element.runs for element in read] == [(run,), *[()] * 5]
    excluded: list[str] = []
    (element,) = table_rows.elements([{**whole, "direction": "up"}], excluded)
    assert (element.lines, excluded) == ((), ["element_direction_unknown"])


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


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        ({"shape": "cloud"}, "element_shape_unknown"),
        ({"gradient": "sunset"}, "element_colour_unknown"),
        ({"tracking": float("inf")}, "element_letters_not_finite"),
    ],
)
def test_an_underlay_that_nobody_can_draw_is_named_and_its_neighbours_stay(field, fault):
    rows = [{"role": "underlay", "box": [0.1, 0.1, 0.9, 0.3], **field}, {"role": "title", "box": [0.1, 0.1, 0.9, 0.3]}]
    excluded = []
    elements = table_rows.elements(rows, excluded)
    assert excluded == [fault] and [element.role.value for element in elements] == ["underlay", "title"]
    assert elements[0] == Element(Role.UNDERLAY, (0.1, 0.1, 0.9, 0.3))


WHOLE = {"crop": [0, 0, 1, 1], "picture": [0, 0, 0.5, 1], "backdrop": "#ffffff"}
VEIL = {"box": [0, 0, 1, 1], "colour": "#000000", "opacity": 0.5, "towards": "bottom"}


@pytest.mark.parametrize(
    ("ground", "fault"),
    [
        (None, None),
        ({"kind": None, "edge": None, "scrims": None}, None),
        ({"edge": "slanted", "later": "column", "scrims": [VEIL]}, None),
        ({"edge": "torn"}, "framing_edge_unknown"),
        ({"blend": "screen"}, "framing_blend_unknown"),
        ({"scrims": [VEIL | {"towards": None}]}, "framing_scrim_unknown"),
        ({"scrims": [VEIL | {"opacity": 2.0}]}, "framing_not_usable"),
        ({"ornaments": [{"kind": "star", "box": [0, 0, 1, 1], "colour": "#000000", "opacity": 1}]},
         "framing_ornament_unknown"),
        ({"ornaments": [{"kind": "disc", "box": [0, 0, 1, None], "colour": "#000000", "opacity": 1}]},
         "framing_not_usable"),
        ({"radius": float("nan")}, "framing_not_usable"),
        ({"backdrop_to": "white"}, "framing_not_usable"),
    ],
)  # fmt: skip
def test_a_ground_that_nobody_can_draw_is_named(ground, fault):
    row = WHOLE | {"ground": ground}
    assert table_rows.framing_fault(row) == fault
    framing = table_rows.framing(row)
    assert (framing is None) == (fault is not None)
    if framing and ground and ground.get("edge"):
        assert framing.edge == "slanted" and framing.scrims[0].colour == "#000000"


@pytest.mark.parametrize(
    ("crop", "blend", "focus", "fault"),
    [
        ([-0.5, 0.0, 1.2, 1.0], "outpaint", [0.2, 0.2, 0.8, 0.8], None),
        ([-0.5, 0.0, 1.2, 1.0], "outpaint", None, None),
        ([-0.5, 0.0, 1.2, 1.0], "normal", None, "framing_not_usable"),
        ([1.5, 0.0, 2.5, 1.0], "outpaint", None, "framing_not_usable"),
        ([-90.0, 0.0, 1.0, 1.0], "outpaint", None, "framing_not_usable"),
        ([0.5, 0.0, 0.2, 1.0], "outpaint", None, "framing_not_usable"),
        ([-0.5, 0.0, 1.2, 1.0], "outpaint", [-0.2, 0.2, 0.8, 0.8], "framing_not_usable"),
        ([-0.5, 0.0, None, 1.0], "outpaint", None, "framing_not_usable"),
    ],
)
def test_a_crop_may_go_beyond_a_photo_that_is_carried_on_there_and_has_to_show_some_of_it(crop, blend, focus, fault):
    row = WHOLE | {"crop": crop, "ground": {"blend": blend, "focus": focus}}
    assert table_rows.framing_fault(row) == fault
