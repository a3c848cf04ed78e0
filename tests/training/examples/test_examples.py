"""Rows become examples, or drops that say why."""

import re
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.feedback import Feedback
from layoutgen.core.layout import Canvas, Copy, Framing, Role
from layoutgen.core.prompts.layouts import parse_layout, write_layout
from layoutgen.training.examples.examples import REASONS, Drop, Example, from_annotations, from_layouts

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def line(text, box, role="selling_point", **more):
    return {"text": text, "box": list(box), "role": role, "language": "zh", "placed": True, **more}


def poster(**more):
    row = {
        "row_id": "p1",
        "product_id": "p1",
        "image": "s3://b/p1.jpg",
        "image_sha256": "aa",
        "image_width": 500,
        "image_height": 750,
        "category": "鞋靴",
        "text_lines": [
            line("云感缓震", (0.1, 0.05, 0.6, 0.12), "title"),
            line("跑鞋上新", (0.1, 0.13, 0.6, 0.2), "title"),
            line("透气网布", (0.1, 0.25, 0.4, 0.29)),
            line("￥399起", (0.1, 0.8, 0.4, 0.88), "price"),
            line("ORBE", (0.4, 0.5, 0.5, 0.53), "other", placed=False),
        ],
        "status": "ok",
    }
    return row | more


def element(role, text, box):
    return {"role": role, "text": text, "box": list(box)}


ELEMENTS = [
    element("underlay", "", (0.08, 0.7, 0.52, 0.8)),
    element("title", "Kettle", (0.1, 0.1, 0.6, 0.2)),
    element("price", "$12", (0.1, 0.72, 0.5, 0.78)),
    element("logo", "", (0.7, 0.05, 0.9, 0.1)),
]


def layout(row_id="k@800x800", **more):
    row = {
        "row_id": row_id,
        "run_id": "r1",
        "product_id": row_id.split("@")[0],
        "image": f"s3://b/{row_id}.jpg",
        "image_sha256": row_id,
        "canvas_width": 800,
        "canvas_height": 800,
        "title": "Kettle",
        "selling_points": ["1.5 l", "$12"],
        "brand": "HAUS",
        "logo": "s3://b/haus.png",
        "category": "kitchen",
        "language": "en",
        "crop": [0, 0.1, 1, 0.9],
        "picture": [0, 0, 1, 1],
        "backdrop": "#eeeeee",
        "elements": ELEMENTS,
        "text_lines": [],
        "status": "ok",
    }
    return row | more


def decided(decision, annotator="Mei", row_id="k@800x800", minutes=0, elements=None, note="", **more):
    listed = None
    if decision == "edit":
        listed = tuple(EditedElement(Role(e["role"]), e["text"], tuple(e["box"])) for e in elements or ELEMENTS)
    return Feedback(row_id, "r1", decision, annotator, NOON + timedelta(minutes=minutes), listed, note, **more)


def only(found):
    (one,) = found
    return one


def test_a_poster_is_its_picture_without_its_text_and_where_the_text_was():
    one = only(from_annotations([poster()]))
    assert isinstance(one, Example)
    assert one.copy == Copy("云感缓震跑鞋上新", ("透气网布", "￥399起"), language="zh")
    assert one.target[0].box == (0.1, 0.05, 0.6, 0.2), "a title of two lines is one text"
    assert one.canvas == Canvas(500, 750)
    assert one.framing == Framing()
    assert len(one.erased) == 4, "what is printed on the product stays in the picture"
    assert one.printed
    assert parse_layout(write_layout(one.target, one.copy), one.copy)


def test_a_poster_has_one_title_and_one_brand():
    lines = [
        line("大促", (0.1, 0.05, 0.6, 0.2), "title"),
        line("全场", (0.1, 0.6, 0.3, 0.65), "title"),
        line("A", (0.7, 0.05, 0.8, 0.1), "logo"),
        line("B", (0.7, 0.85, 0.8, 0.9), "logo"),
    ]
    one = only(from_annotations([poster(text_lines=lines)]))
    assert isinstance(one, Example)
    assert [element.role for element in one.target] == [Role.TITLE, Role.SUBTITLE, Role.LOGO, Role.OTHER]
    assert one.copy.brand == "A"


@pytest.mark.parametrize(
    ("change", "reason", "message"),
    [
        ({"status": "failed"}, "row_failed", "'failed'"),
        ({"image": None}, "image_missing", "give its URI"),
        ({"image_width": 0}, "image_missing", "in px"),
        ({"text_lines": []}, "no_text", "annotate a poster"),
        ({"text_lines": [line("a", (0, 0, 1, 1))]}, "no_title", "name one"),
        ({"text_lines": [line("a", (0, 0, 1, 1), "headline")]}, "unknown_role", "'headline'; known: title"),
        ({"text_lines": [line("a", (0.5, 0, 0.2, 1), "title")]}, "box_inverted", "give left < right"),
        ({"text_lines": [line("a", (0.5, 0, 1.2, 1), "title")]}, "box_outside", r"shares in \[0, 1\]"),
        ({"text_lines": [line("a", (0.5, 0, float("nan"), 1), "title")]}, "box_broken", "left, top, right, bottom"),
    ],
)
def test_a_poster_that_can_not_be_learnt_from_is_dropped_with_its_reason(change, reason, message):
    one = only(from_annotations([poster(**change)]))
    assert isinstance(one, Drop)
    assert (one.reason, one.row_id) == (reason, "p1")
    assert re.search(message, one.message), one.message


def test_an_adopted_layout_is_learnt_with_the_part_of_the_copy_that_it_places():
    one = only(from_layouts([layout()], [decided("adopt")]))
    assert isinstance(one, Example)
    assert (one.source, one.annotator, one.rejected) == ("adopt", "Mei", None)
    assert one.copy.selling_points == ("$12",), "what was left out was nothing to place"
    assert one.logo_aspect == pytest.approx(4.0)
    assert one.framing.crop == (0, 0.1, 1, 0.9)


def test_a_photo_that_goes_on_beyond_its_edges_is_learnt_with_them_and_no_other_crop_may_leave_it():
    beyond = {"crop": [-0.5, 0.0, 1.25, 1.0], "ground": {"blend": "outpaint", "focus": [0.25, 0.0, 0.75, 1.0]}}
    one = only(from_layouts([layout(**beyond)], [decided("adopt")]))
    assert (one.framing.crop, one.framing.blend) == ((-0.5, 0.0, 1.25, 1.0), "outpaint")
    assert one.framing.focus == (0.25, 0.0, 0.75, 1.0)
    other = only(from_layouts([layout(**beyond | {"ground": {"blend": "normal"}})], [decided("adopt")]))
    assert (type(other), other.reason) == (Drop, "box_outside")


def test_a_collage_is_not_learnt_since_composers_that_learn_see_one_photo():
    tile = {
        "image": "s3://b/2.jpg",
        "sha256": "",
        "width": 9,
        "height": 9,
        "crop": [0, 0, 1, 1],
        "picture": [0, 0, 1, 1],
    }
    drop = only(from_layouts([layout(ground={"kind": "collage", "tiles": [tile]})], [decided("adopt")]))
    assert (type(drop), drop.reason) == (Drop, "collage")


def test_of_an_edit_the_edit_is_chosen_and_ours_is_rejected():
    moved = [*ELEMENTS[:1], element("title", "Kettle", (0.2, 0.2, 0.8, 0.3)), ELEMENTS[3]]
    drop, one = from_layouts([layout()], [decided("edit", elements=moved)])
    assert isinstance(drop, Drop)
    assert drop.reason == "edited"
    assert isinstance(one, Example)
    assert one.rejected is not None
    assert one.copy.selling_points == ()
    assert [e.box for e in one.target if e.role is Role.TITLE] == [(0.2, 0.2, 0.8, 0.3)]
    assert [e.text for e in one.rejected if e.role is not Role.UNDERLAY] == ["Kettle", ""]
    for elements in (one.target, one.rejected):
        assert parse_layout(write_layout(elements, one.copy), one.copy)


def test_an_edit_that_adds_a_text_which_our_layout_lacked_is_learnt_without_ours():
    added = [*ELEMENTS, element("selling_point", "1.5 l", (0.1, 0.3, 0.4, 0.36))]
    drop, one = from_layouts([layout()], [decided("edit", elements=added)])
    assert isinstance(drop, Drop)
    assert drop.reason == "edited"
    assert isinstance(one, Example)
    assert (one.source, one.annotator, one.rejected) == ("edit", "Mei", None)
    assert one.copy.selling_points == ("1.5 l", "$12")
    assert [e.text for e in one.target if e.role is Role.SELLING_POINT] == ["1.5 l"]
    assert parse_layout(write_layout(one.target, one.copy), one.copy)


def test_an_edit_that_adds_one_text_and_takes_another_is_learnt_without_ours():
    swapped = [ELEMENTS[1], ELEMENTS[3], element("selling_point", "1.5 l", (0.1, 0.3, 0.4, 0.36))]
    _, one = from_layouts([layout()], [decided("edit", elements=swapped)])
    assert isinstance(one, Example)
    assert (one.copy.selling_points, one.rejected) == (("1.5 l",), None)


@pytest.mark.parametrize(
    ("rows", "feedback", "reasons"),
    [
        ([layout()], [], ["undecided"]),
        ([layout(accepted=False, reasons=["overlap: …"])], [], ["not_accepted"]),
        ([layout(application="video_cover", accepted=True)], [], ["cover"]),
        ([layout(application="video_cover")], [decided("adopt")], ["cover"]),
        ([layout()], [decided("reject", note="too small")], ["rejected"]),
        ([layout()], [decided("adopt"), decided("reject", "Bo")], ["contradicted"]),
        ([layout()], [decided("adopt"), decided("reject", minutes=5)], ["changed", "rejected"]),
        ([layout()], [decided("adopt"), decided("reject", " mei ", minutes=5)], ["changed", "rejected"]),
        ([layout()], [decided("adopt"), decided("reject", "Bo", final=True)], ["overruled", "rejected"]),
        ([], [decided("adopt")], ["unknown_row"]),
        ([layout(title="Teapot")], [decided("adopt")], ["not_in_copy"]),
        ([layout(elements=ELEMENTS[2:])], [decided("adopt")], ["no_title"]),
        ([layout(elements=[*ELEMENTS, *ELEMENTS[:1] * 3])], [decided("adopt")], ["unsayable"]),
    ],
)
def test_what_designers_did_not_stand_for_is_dropped_with_its_reason(rows, feedback, reasons):
    found = list(from_layouts(rows, feedback))
    assert [one.reason for one in found if isinstance(one, Drop)] == reasons
    assert not any(isinstance(one, Example) for one in found)
    assert set(reasons) <= set(REASONS)


def test_reasons_and_notes_go_along_and_say_whether_ours_was_worse():
    moved = [element("title", "Kettle", (0.2, 0.2, 0.8, 0.3)), *ELEMENTS[2:]]
    for reasons, is_pair in (((), True), (("crowded",), True), (("copy_wrong",), False), (("crop", "crowded"), True)):
        edit = decided("edit", elements=moved, note="zu voll", reasons=reasons)
        _, example = from_layouts([layout()], [edit])
        assert (example.reasons, example.note, example.rejected is not None) == (reasons, "zu voll", is_pair)
    drop = only(from_layouts([layout()], [decided("reject", reasons=("crowded",), note="zu voll")]))
    assert (drop.given, drop.message) == (("crowded",), "k@800x800 was rejected by Mei: crowded; zu voll")


VARIANT = [*ELEMENTS[:1], element("title", "Kettle", (0.1, 0.8, 0.6, 0.95)), *ELEMENTS[2:]]


@pytest.mark.parametrize(
    ("change", "more", "is_pair"),
    [
        ({}, {}, True),
        ({}, {"reasons": ("title_too_small",)}, True),
        ({}, {"reasons": ("copy_wrong",)}, False),
        ({"crop": [0, 0, 1, 1]}, {}, False),
        ({"canvas_height": 900}, {}, False),
        ({"product_id": "another"}, {}, False),
        ({"elements": ELEMENTS}, {}, False),
        ({"elements": ELEMENTS[2:]}, {}, False),
    ],
)
def test_a_rejected_variant_stands_beside_the_one_that_was_adopted(change, more, is_pair):
    variant = layout("k@800x800#2", **{"product_id": "k", "image_sha256": "k@800x800", "elements": VARIANT} | change)
    feedback = [decided("adopt"), decided("reject", row_id="k@800x800#2", **more)]
    example = next(one for one in from_layouts([layout(), variant], feedback) if isinstance(one, Example))
    assert (example.rejected is not None) == is_pair
    if is_pair:
        assert [one.box for one in example.rejected if one.role is Role.TITLE] == [(0.1, 0.8, 0.6, 0.95)]


def test_a_final_decision_of_a_disputed_layout_is_learnt():
    feedback = [decided("adopt"), decided("reject", "Bo"), decided("adopt", "Art Director", minutes=9, final=True)]
    *drops, example = from_layouts([layout()], feedback)
    assert [drop.reason for drop in drops] == ["overruled", "overruled"]
    assert example.annotator == "Art Director"


def test_an_edit_with_a_text_that_is_not_in_the_copy_is_dropped():
    found = list(from_layouts([layout()], [decided("edit", elements=[element("title", "Pot", (0, 0, 1, 1))])]))
    assert [one.reason for one in found if isinstance(one, Drop)] == ["edited", "not_in_copy"]


def test_words_that_a_designer_changed_are_what_there_was_to_say():
    edit = decided("edit")
    title = replace(edit.elements[1], text="Electric kettle", was=1, lines=("Electric", "kettle"))
    edit = replace(edit, elements=(edit.elements[0], title, *edit.elements[2:]))
    _, one = from_layouts([layout()], [edit])
    assert isinstance(one, Example)
    assert one.copy.title == "Electric kettle"
    for elements in (one.target, one.rejected):
        assert [element.text for element in elements if element.role is Role.TITLE] == ["Electric kettle"]
        assert parse_layout(write_layout(elements, one.copy), one.copy)


def test_layouts_that_passed_the_acceptance_check_are_learnt():
    assert isinstance(only(from_layouts([layout(accepted=True)])), Example)
    assert isinstance(only(from_layouts([layout()], take_undecided=True)), Example)


def test_examples_need_neither_torch_nor_ray_nor_opencv():
    program = (
        "import sys; import layoutgen.training.examples.table; "
        "print(sorted({'torch', 'ray', 'cv2', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


OFFERED = [
    element("title", "Kettle", (0.1, 0.1, 0.6, 0.2)),
    element("price", "$12", (0.1, 0.72, 0.5, 0.78)),
    element("was_price", "$19", (0.52, 0.73, 0.6, 0.77)),
    element("badge", "New", (0.8, 0.8, 0.9, 0.9)),
    element("disclaimer", "While stocks last", (0.1, 0.95, 0.5, 0.98)),
]
OFFER = {"price": "$12", "was_price": "$19", "badge": "New", "disclaimer": "While stocks last"}


def test_an_offer_is_learnt_as_the_model_is_asked_about_it():
    row = layout(selling_points=["1.5 l"], **OFFER, logo=None, brand=None, elements=OFFERED)
    elements = tuple(
        EditedElement(Role(before["role"]), before["text"], before["box"], was=number)
        for number, before in enumerate(OFFERED)
    )
    badge = EditedElement(Role.BADGE, "Only now", (0.7, 0.7, 0.9, 0.9), was=3)
    decision = Feedback("k@800x800", "r1", "edit", "Mia", NOON, (*elements[:3], badge, elements[4]))
    (example,) = (item for item in from_layouts([row], [decision]) if isinstance(item, Example))
    asked = Copy("Kettle", ("$12", "$19", "Only now", "While stocks last"), language="en")
    assert example.copy == asked
    assert parse_layout(write_layout(example.target, asked), asked)
    assert [e.text for e in example.rejected] == ["Kettle", "$12", "$19", "Only now", "While stocks last"]
    assert {e.role for e in example.target} == {Role.TITLE, Role.PRICE, Role.SELLING_POINT}
