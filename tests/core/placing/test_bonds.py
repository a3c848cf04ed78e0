"""What rows demand of places is kept by the solver, whatever was proposed, or refused by name."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.config.styles import embedded
from layoutgen.core.demands import broken, read, texts_of
from layoutgen.core.layout import Canvas, Copy, Role, Suggestion, inside, intersection, to_px
from layoutgen.core.placing.bonds import FREE, Bonds, bonds_of
from layoutgen.core.placing.clearing import cleared
from layoutgen.core.placing.dressing import dress
from layoutgen.core.placing.placement import Limits, NoLayoutError
from tests.budget import examples
from tests.core.placing.test_placement import FACES, SQUARE, boxes, flat, limits_of

COPY = Copy(
    "Warm all winter", ("Holds two", "Dries fast"), "NORD", price="$129", badge="New", call_to_action="Shop now"
)
TEXTS = texts_of(COPY)
NAMES = ("title", "price", "badge", "call_to_action", "selling_point:1", "selling_point:2")
STYLES = list(embedded().values())


def composed(proposed):
    return [Suggestion(*TEXTS[name][:1], box, TEXTS[name][1]) for name, box in proposed.items()]


def put(value, proposed, style=STYLES[0], canvas=SQUARE):
    """The layout of a proposal as a row demands it, and the demands."""
    demands, wanted = read(value), composed(proposed)
    free = tuple(to_px(box, canvas.width, canvas.height) for box in demands.free)
    usual = limits_of(canvas)
    limits = Limits(usual.margin_px, usual.smallest_px, usual.min_contrast, free)
    bonds = bonds_of(demands, wanted, TEXTS, canvas)
    placed = dress(wanted, canvas, flat(canvas), FACES.speaking("en", style), limits, style, "en", bonds)
    elements = placed.elements
    for space in demands.free:
        elements = cleared(elements, space)
    return elements, demands


spans = st.tuples(st.integers(0, 6), st.integers(3, 5)).map(lambda pair: (pair[0] / 10, min(1.0, sum(pair) / 10)))
places = st.tuples(spans, spans).map(lambda sides: [sides[0][0], sides[1][0], sides[0][1], sides[1][1]])


@st.composite
def demanded(draw):
    """Demands that do not contradict each other whatever the copy."""
    value = {}
    for name in draw(st.lists(st.sampled_from(NAMES), max_size=2, unique=True)):
        box = draw(places)
        if all(intersection(box, other) == 0 for other in value.get("lock", {}).values()):
            value.setdefault("lock", {})[name] = box
    free = draw(st.lists(places, max_size=1))
    value["free"] = [box for box in free if all(intersection(box, b) == 0 for b in value.get("lock", {}).values())]
    kind = draw(st.sampled_from(["above", "left_of", "same_size"]))
    value[kind] = [draw(st.permutations(NAMES))[:2]] if not value.get("lock") else []
    if draw(st.booleans()):
        value["largest"] = {draw(st.sampled_from(NAMES)): [0.3, draw(st.sampled_from([0, 0.1]))]}
    return value


@settings(max_examples=examples(40, soak=400), deadline=None)
@given(demanded(), st.fixed_dictionaries(dict.fromkeys(NAMES, boxes)), st.sampled_from(STYLES),
       st.sampled_from([SQUARE, Canvas(1080, 1440), Canvas(1440, 1080)]))  # fmt: skip
def test_whatever_is_proposed_demands_are_kept_or_refused_by_name(value, proposed, style, canvas):
    try:
        elements, demands = put(value, proposed, style, canvas)
    except NoLayoutError as error:
        assert error.kind in {"constraint_broken", "no_room", "copy_too_long"}
        if error.kind == "constraint_broken":
            assert any(f"{word} " in str(error) for word in ("lock", "above", "left_of", "same_size", "largest"))
        return
    faults = broken(demands, demands.free, elements, TEXTS)
    assert all(fault.endswith("which is not there") for fault in faults), faults
    placed = [e for e in elements if e.role is not Role.UNDERLAY]
    assert all(intersection(a.box, b.box) <= 1e-9 for a, b in combinations(placed, 2))


APART = {name: (0.1, 0.06 + 0.15 * i, 0.6, 0.16 + 0.15 * i) for i, name in enumerate(NAMES)}


def of(elements, name):
    return next(e for e in elements if e.text == TEXTS[name][1])


def test_a_locked_text_shrinks_and_breaks_into_its_box():
    wide, _ = put({"lock": {"title": [0.1, 0.1, 0.9, 0.3]}}, APART)
    narrow, _ = put({"lock": {"title": [0.1, 0.1, 0.3, 0.4]}}, APART)
    assert inside(of(narrow, "title").box, (0.1, 0.1, 0.3, 0.4), 1e-6)
    assert len(of(narrow, "title").lines) > len(of(wide, "title").lines)
    assert of(narrow, "title").font_px < of(wide, "title").font_px


def test_a_box_too_small_for_a_text_is_refused_with_both():
    with pytest.raises(NoLayoutError, match=r"keeps lock title: 'Warm all winter' fits at no size of \d+ px") as no:
        put({"lock": {"title": [0.1, 0.1, 0.12, 0.11]}}, APART)
    assert no.value.kind == "constraint_broken"


def test_no_other_text_takes_a_locked_place_or_one_that_is_to_be_free():
    elements, _ = put({"lock": {"badge": [0.1, 0.06, 0.6, 0.3]}, "free": [[0.0, 0.6, 1.0, 1.0]]}, APART)
    others = [e for e in elements if e.lines and e.text != "New"]
    assert others and all(intersection(e.box, (0.1, 0.06, 0.6, 0.3)) == 0 and e.box[3] <= 0.6 for e in others)


def test_relations_hold_where_the_proposal_has_them_the_other_way():
    elements, _ = put({"above": [["call_to_action", "title"]], "left_of": [["price", "badge"]]}, APART)
    assert of(elements, "call_to_action").box[3] <= of(elements, "title").box[1]
    assert of(elements, "price").box[2] <= of(elements, "badge").box[0]


def test_texts_of_one_size_have_one_font_size_and_larger_ones_grow():
    elements, _ = put({"same_size": [["title", "badge"], ["badge", "call_to_action"]]}, APART)
    assert len({of(elements, name).font_px for name in ("title", "badge", "call_to_action")}) == 1
    usual, _ = put({}, APART)
    elements, _ = put({"smallest": {"badge": [0.2, 0]}}, APART)
    badge = of(elements, "badge")
    assert badge.box[2] - badge.box[0] >= 0.2 - 1e-6 > of(usual, "badge").box[2] - of(usual, "badge").box[0]


def test_an_image_of_a_logo_stays_in_its_box_and_bounds():
    logo = [Suggestion(Role.LOGO, (0.1, 0.1, 0.5, 0.3)), Suggestion(Role.TITLE, (0.1, 0.4, 0.9, 0.6), COPY.title)]
    texts = {"logo": (Role.LOGO, ""), "title": (Role.TITLE, COPY.title)}
    bonds = bonds_of(
        read({"lock": {"logo": [0.6, 0.7, 0.8, 0.95]}, "largest": {"logo": [0.1, 0]}}), logo, texts, SQUARE
    )
    limits = limits_of(SQUARE)
    placed = dress(logo, SQUARE, flat(SQUARE), FACES.speaking("en", STYLES[0]), limits, STYLES[0], "en", bonds)
    image = next(e for e in placed.elements if e.role is Role.LOGO)
    assert inside(image.box, (0.6, 0.7, 0.8, 0.95), 1e-6)
    assert image.box[2] - image.box[0] == pytest.approx(0.1)


def test_nothing_demanded_changes_nothing():
    assert bonds_of(read(None), composed(APART), TEXTS, SQUARE) == FREE
    assert put({}, APART)[0] == put(None, APART)[0]


def test_left_and_right_change_with_the_direction_of_the_copy():
    value = {"lock": {"title": [0.1, 0.2, 0.4, 0.5]}, "left_of": [["price", "badge"]], "above": [["price", "badge"]]}
    turned = read(value).mirrored
    assert turned.lock[0][1] == pytest.approx((0.6, 0.2, 0.9, 0.5))
    assert set(turned.relations) == {("left_of", "badge", "price"), ("above", "price", "badge")}
    again = turned.mirrored
    assert again.relations == read(value).relations
    assert np.allclose(again.lock[0][1], read(value).lock[0][1])


def test_what_stands_already_leaves_a_part_of_the_safe_area():
    bonds = Bonds(relations=(("above", 0, 1), ("left_of", 2, 0)))
    placed, safe = {1: (0.0, 50.0, 20.0, 60.0), 2: (0.0, 0.0, 30.0, 10.0)}, (5.0, 5.0, 95.0, 95.0)
    assert bonds.room([0], placed, safe) == (30.0, 5.0, 95.0, 50.0)
    assert bonds.room([3], placed, safe) == safe
    assert bonds.room([0], {1: (0.0, 0.0, 20.0, 4.0)}, safe) is None
