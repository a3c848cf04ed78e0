"""Layouts in a house style keep every limit, look alike where they are equals, and never turn the hierarchy over."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.config.styles import embedded
from layoutgen.core.layout import Canvas, Element, Role, Suggestion, inside, intersection
from layoutgen.core.placing.dressing import dress
from layoutgen.core.placing.placement import NoLayoutError
from layoutgen.core.styles.containers import BESIDE
from layoutgen.core.styles.style import Type
from tests.budget import examples
from tests.core.placing.test_placement import (
    FACES,
    SQUARE,
    assert_boxes_near,
    boxes,
    canvases,
    copies,
    flat,
    hex_rgb,
    limits_of,
    luminance,
    painted,
    patterns,
)

STYLES = list(embedded().values())
styles = st.sampled_from(STYLES)
ROLES = [role for role in Role if role not in (Role.UNDERLAY, Role.LOGO)]
texts = st.builds(Suggestion, st.sampled_from(ROLES), boxes, copies)
others = st.builds(Suggestion, st.just(Role.UNDERLAY), boxes) | st.builds(
    Suggestion, st.just(Role.LOGO), boxes, st.just("") | st.just("ACME")
)
lists = st.tuples(st.builds(Suggestion, st.just(Role.TITLE), boxes, copies), st.lists(texts | others, max_size=8)).map(
    lambda pair: [pair[0], *pair[1]]
)


def put(suggestions, style, canvas=SQUARE, ground=None, language=None):
    faces = FACES.speaking(language, style)
    return dress(suggestions, canvas, ground or flat(canvas), faces, limits_of(canvas), style, language)


def measured(element, elements, pixels):
    height, width = pixels.shape[:2]
    left, top, right, bottom = element.box
    behind = pixels[
        int(top * height + 1e-6) : math.ceil(bottom * height - 1e-6),
        int(left * width + 1e-6) : math.ceil(right * width - 1e-6),
    ].reshape(-1, 3)
    chain, at = [], element.underlay
    while at is not None:
        chain.append(elements[at])
        at = elements[at].underlay
    for underlay in reversed(chain):
        if underlay.shape not in BESIDE:
            behind = behind * (1 - underlay.opacity) + hex_rgb(underlay.colour) * underlay.opacity
    mine, ground = luminance(hex_rgb(element.colour)), luminance(behind)
    return float(np.percentile((np.maximum(mine, ground) + 0.05) / (np.minimum(mine, ground) + 0.05), 5))


def under(element: Element, elements) -> Element | None:
    return None if element.underlay is None else elements[element.underlay]


def assert_keeps_limits(found, suggestions, canvas, ground):
    limits = limits_of(canvas)
    elements = found.elements
    placed = [e for e in elements if e.role is not Role.UNDERLAY]
    wanted = [(s.role, s.text) for s in suggestions if s.role is not Role.UNDERLAY]
    rest = iter(wanted)
    assert all((e.role, e.text) in rest for e in placed), "the order of the copy is kept"
    assert len(placed) + len(found.notes) == len(wanted)
    slack = 0.6 / min(canvas.width, canvas.height)
    for i, element in enumerate(elements):
        assert inside(element.box, (0, 0, 1, 1), slack)
        if element.lines:
            assert element.font_px >= limits.smallest_px
            assert "".join("".join(element.lines).split()).casefold() == "".join(element.text.split()).casefold()
            assert measured(element, elements, ground.pixels) >= limits.min_contrast - 0.01
        bearing = under(element, elements) if element.lines else None
        if bearing and bearing.gradient:
            shades = luminance(hex_rgb(element.colour)), luminance(hex_rgb(bearing.gradient))
            assert (max(shades) + 0.05) / (min(shades) + 0.05) >= limits.min_contrast - 0.01
        if element.underlay is not None:
            assert inside(element.box, elements[element.underlay].box, slack)
            assert element.underlay < i
    for i, a in enumerate(placed):
        for b in placed[i + 1 :]:
            assert intersection(a.box, b.box) <= 1e-9, (a.text, b.text)


def assert_is_dressed(found, style):
    elements = found.elements
    titles = [e.font_px for e in elements if e.role is Role.TITLE and e.lines]
    prices = [e.font_px for e in elements if e.role is Role.PRICE]
    assert not titles or not prices or min(prices) >= min(titles)
    points = [e for e in elements if e.role is Role.SELLING_POINT]
    assert len({e.font_px for e in points}) <= 1
    looks = {(u.shape, u.colour, u.opacity) if (u := under(e, elements)) else None for e in points}
    assert len(looks) <= 1, looks
    assert all(e.strike for e in elements if e.role is Role.WAS_PRICE)
    for a in points:
        for b in points:
            first, second = under(a, elements), under(b, elements)
            if first and second and first.shape == "rounded" and first.z == second.z == 1:
                assert first.box[3] - first.box[1] == pytest.approx(second.box[3] - second.box[1], abs=1e-6)


@settings(max_examples=examples(40, soak=400), deadline=None)
@given(canvases, patterns, lists, styles)
def test_whatever_is_suggested_a_dressed_layout_keeps_every_limit(canvas, pattern, suggestions, style):
    ground = painted(canvas, pattern)
    try:
        found = put(suggestions, style, canvas, ground)
    except NoLayoutError as error:
        assert error.kind in {"no_room", "copy_too_long", "bad_box"}
        return
    assert_keeps_limits(found, suggestions, canvas, ground)
    assert_is_dressed(found, style)
    assert found == put(suggestions, style, canvas, ground), "deterministic"


@st.composite
def columns(draw):
    """A title, selling points and an offer below each other, flush left or centred."""
    words = draw(st.lists(copies, min_size=2, max_size=5, unique=True))
    roles = [Role.TITLE, *[Role.SELLING_POINT] * (len(words) - 1)]
    said = [*zip(roles, words, strict=True), (Role.PRICE, "￥199"), (Role.CALL_TO_ACTION, "立即抢购")]
    left, right = draw(st.sampled_from([(0.06, 0.7), (0.1, 0.9), (0.4, 0.94)]))
    high = 0.86 / len(said)
    return [Suggestion(role, (left, 0.07 + i * high, right, 0.07 + (i + 0.8) * high), text) for i, (role, text) in
            enumerate(said)]  # fmt: skip


@settings(max_examples=examples(15, soak=200), deadline=None)
@given(st.sampled_from([SQUARE, Canvas(1080, 1440), Canvas(1440, 1080)]), columns(), styles)
def test_a_dressed_layout_placed_again_stays_where_it_is(canvas, suggestions, style):
    first = put(suggestions, style, canvas)
    placed = [e for e in first.elements if e.role is not Role.UNDERLAY]
    again = put([Suggestion(e.role, e.box, e.text) for e in placed], style, canvas)
    assert not again.notes
    for before, after in zip(placed, [e for e in again.elements if e.role is not Role.UNDERLAY], strict=True):
        assert (before.text, before.font_px) == (after.text, after.font_px)
        assert_boxes_near(before.box, after.box, canvas, slack_px=3.0)


TITLE = Suggestion(Role.TITLE, (0.06, 0.08, 0.7, 0.2), "静音破壁机家用多功能")
PRICE = Suggestion(Role.PRICE, (0.06, 0.6, 0.4, 0.7), "￥199")
WAS = Suggestion(Role.WAS_PRICE, (0.6, 0.3, 0.8, 0.34), "￥299")


def by_role(found, role):
    return [e for e in found.elements if e.role is role]


def test_a_was_price_is_struck_through_beside_its_price_on_one_baseline():
    found = put([TITLE, PRICE, WAS], STYLES[0])
    (price,), (was,) = by_role(found, Role.PRICE), by_role(found, Role.WAS_PRICE)
    assert was.strike and not price.strike
    assert 0 < (was.box[0] - price.box[2]) * 1080 < 0.5 * price.font_px
    foot = [(e.box[1] * 1080 + e.runs[0].baseline_px) for e in (price, was)]
    assert foot[0] == pytest.approx(foot[1], abs=1)
    assert was.font_px < price.font_px


def test_a_price_is_larger_than_its_title_and_its_currency_smaller_than_its_number():
    found = put([TITLE, PRICE], STYLES[0])
    (title,), (price,) = by_role(found, Role.TITLE), by_role(found, Role.PRICE)
    assert price.font_px >= title.font_px
    assert [run.scale for run in price.runs] == [STYLES[0].currency, 1.0]


def test_a_small_title_grows_to_what_the_style_asks_for():
    found = put([replace(TITLE, box=(0.06, 0.08, 0.5, 0.1))], STYLES[0])
    assert by_role(found, Role.TITLE)[0].font_px >= 0.06 * 1080


def test_selling_points_of_any_proposal_are_one_column_of_equals():
    points = [
        Suggestion(Role.SELLING_POINT, (0.06 + 0.02 * i, 0.4 + 0.07 * i, 0.3 + 0.1 * i, 0.45 + 0.08 * i), text)
        for i, text in enumerate(("买一送一", "次日送达", "七天无理由退换"))
    ]
    found = put([TITLE, *points], STYLES[0])
    pills = [under(e, found.elements) for e in by_role(found, Role.SELLING_POINT)]
    assert len({(p.shape, p.colour) for p in pills}) == 1
    assert len({round(p.box[0], 6) for p in pills}) == 1
    assert len({round(p.box[3] - p.box[1], 6) for p in pills}) == 1
    assert {e.group for e in [*pills, *by_role(found, Role.SELLING_POINT)]} == {0}


def test_where_one_point_is_too_long_for_a_container_none_has_one():
    points = [
        Suggestion(Role.SELLING_POINT, (0.06, 0.4, 0.9, 0.45), "包邮"),
        Suggestion(Role.SELLING_POINT, (0.06, 0.48, 0.9, 0.6), "一次充电可以连续使用三十个小时" * 3),
    ]
    found = put([TITLE, *points], STYLES[0])
    assert {under(e, found.elements) for e in by_role(found, Role.SELLING_POINT)} == {None}


def test_a_text_on_the_product_moves_off_it():
    ground = flat(SQUARE)
    ground.subject[40:, :] = 1
    found = put([TITLE, Suggestion(Role.SELLING_POINT, (0.1, 0.5, 0.5, 0.58), "买一送一")], STYLES[0], ground=ground)
    assert by_role(found, Role.SELLING_POINT)[0].box[3] <= 40 / 128 + 0.01


def test_capitals_are_set_and_the_copy_stays_as_it_is():
    loud = replace(STYLES[0], types={**STYLES[0].types, Role.TITLE: Type(1.0, 800, case="upper")})
    (title,) = by_role(put([replace(TITLE, text="Soft linen shirt")], loud), Role.TITLE)
    assert title.text == "Soft linen shirt"
    assert " ".join(title.lines) == "SOFT LINEN SHIRT"


@pytest.mark.parametrize("name", ["festival", "bold_sale", "kids", "luxury_dark", "beauty"])
def test_containers_of_a_style_run_to_another_shade_of_their_colour(name):
    style = next(style for style in STYLES if style.name == name)
    title = Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.25), "Winter")
    call = Suggestion(Role.CALL_TO_ACTION, (0.1, 0.5, 0.4, 0.6), "Shop now")
    fill = next(e for e in put([title, call], style, language="en").elements if e.shape != "" and e.gradient)
    plain = replace(style, types={**style.types, Role.CALL_TO_ACTION: replace(style.type_of(call.role), gradient=0.0)})
    (flat_one,) = (e for e in put([title, call], plain, language="en").elements if e.role is Role.UNDERLAY)
    assert replace(fill, gradient="") == flat_one
    assert luminance(hex_rgb(fill.gradient)) < luminance(hex_rgb(fill.colour))


def test_rules_beside_selling_points_have_one_colour_on_a_ground_that_changes():
    editorial = next(style for style in STYLES if style.name == "editorial")
    ground = flat(SQUARE)
    ground.pixels[:] = (90 + 60 * np.linspace(0, 1, ground.pixels.shape[0]))[:, None, None]
    points = [Suggestion(Role.SELLING_POINT, (0.06, 0.3 + 0.1 * i, 0.4, 0.35 + 0.1 * i), "买一送一") for i in range(4)]
    found = put([TITLE, *points], editorial, ground=ground)
    looks = {
        (u.shape, u.colour) if (u := under(e, found.elements)) else None for e in by_role(found, Role.SELLING_POINT)
    }
    assert len(looks) == 1
