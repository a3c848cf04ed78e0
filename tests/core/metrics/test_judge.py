from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.core.metrics.judge import HARD, MOST, Judged, judge, split_words
from layoutgen.core.metrics.own import Asked

CANVAS = Canvas(1000, 1000)
WHITE = np.full((100, 100, 3), 255, np.uint8)
SUBJECT = np.zeros((100, 100), np.float32)
SUBJECT[45:92, 25:75] = 1  # in the middle, below the texts


def text(role, box, words, px, **other):
    return Element(role, box, words, (words,), "Face", px, round(1.3 * px), **other)


TITLE = text(Role.TITLE, (0.1, 0.08, 0.9, 0.184), "Glass vase", 80)
FIRST = text(Role.SELLING_POINT, (0.1, 0.22, 0.5, 0.272), "Dishwasher safe", 40)
SECOND = text(Role.SELLING_POINT, (0.1, 0.29, 0.48, 0.342), "Made by hand", 40)
PRICE = text(Role.PRICE, (0.1, 0.36, 0.3, 0.425), "$12", 50)
TIGHT = replace(FIRST, line_height_px=40)
SOUND = (TITLE, FIRST, SECOND, PRICE)


def verdict(*elements, subject=SUBJECT, canvas=CANVAS, **other):
    return judge(Judged(elements, canvas, subject, WHITE, smallest_px=24, **other))


def moved(element, right=0.0, down=0.0):
    left, top, end, bottom = element.box
    return replace(element, box=(left + right, top + down, end + right, bottom + down))


def test_nothing_is_held_against_a_sound_layout():
    sound = verdict(*SOUND, asked=Asked(("Glass vase", "Dishwasher safe", "Made by hand", "$12"), 0))
    assert sound.objections == pytest.approx(0, abs=0.3), sound.terms
    assert not sound.is_sent_back
    assert not any(sound.terms[name] for name in HARD)


@pytest.mark.parametrize(
    ("term", "elements", "other"),
    [
        ("text_on_subject", (TITLE, FIRST, moved(SECOND, 0.2, 0.3), PRICE), {}),
        ("subject_cut", SOUND, {"cut": 0.04}),
        ("overlap", (TITLE, FIRST, moved(SECOND, down=-0.03), PRICE), {}),
        ("alignment", (TITLE, moved(FIRST, 0.015), SECOND, PRICE), {}),
        ("hierarchy", (replace(TITLE, font_px=49), FIRST, SECOND, PRICE), {}),
        ("hierarchy", (replace(TITLE, font_px=40), FIRST, SECOND, PRICE), {}),
        ("hierarchy", (TITLE, FIRST, SECOND, replace(PRICE, font_px=38)), {}),
        ("crowding", (replace(TITLE, line_height_px=80), moved(TIGHT, down=-0.034), SECOND, PRICE), {}),
        ("crowding", (moved(TITLE, down=-0.08), FIRST, SECOND, PRICE), {}),
        ("groups", (TITLE, FIRST, replace(SECOND, font_px=36), PRICE), {}),
        ("groups", (TITLE, FIRST, replace(SECOND, colour="#202020"), PRICE), {}),
        ("breaks", SOUND, {"split_words": 1}),
        ("missing", (TITLE, FIRST, PRICE), {"asked": Asked(("Glass vase", "Dishwasher safe", "Made by hand"), 0)}),
        ("violations", (TITLE, replace(FIRST, colour="#ffffff"), replace(SECOND, colour="#ffffff"), PRICE), {}),
        ("violations", SOUND, {"forbidden": ("logo_clear",)}),
    ],
)
def test_each_fault_is_reason_enough_to_send_a_layout_back(term, elements, other):
    poor = verdict(*elements, **other)
    assert poor.terms[term] >= 1, poor.terms
    assert poor.worst == term
    assert poor.is_sent_back == any(poor.terms[name] >= 1 for name in HARD)
    assert poor.objections > verdict(*SOUND).objections + 0.6


def test_what_is_a_matter_of_taste_costs_and_is_not_sent_back():
    aside = [moved(element, -0.06) for element in (TITLE, FIRST, SECOND, PRICE)]
    subject = np.zeros((100, 100), np.float32)
    subject[45:92, 2:40] = 1
    poor = verdict(
        *(replace(e, box=(e.box[0], e.box[1], min(e.box[2], 0.5), e.box[3])) for e in aside), subject=subject
    )
    assert poor.terms["balance"] >= 1
    assert poor.terms["emptiness"] >= 1
    assert not poor.is_sent_back


def test_a_subject_that_is_too_small_to_look_at_costs():
    tiny = np.zeros((100, 100), np.float32)
    tiny[60:78, 45:60] = 1
    assert verdict(*SOUND, subject=tiny).terms["small_subject"] >= 1
    assert verdict(*SOUND, subject=np.zeros((100, 100), np.float32)).terms["small_subject"] == 0


def test_texts_side_by_side_are_one_line():
    """A centred row of two pills shares its axis as a row, and neither of them alone."""
    row = [
        text(Role.SELLING_POINT, (0.26, 0.25, 0.49, 0.3), "Dishwasher safe", 38),
        text(Role.SELLING_POINT, (0.51, 0.25, 0.74, 0.3), "Made by hand", 38),
    ]
    title = text(Role.TITLE, (0.27, 0.1, 0.73, 0.2), "Glass vase", 80)
    assert verdict(title, *row).terms["alignment"] == 0
    assert verdict(title, moved(row[0], 0.02), moved(row[1], 0.02)).terms["alignment"] >= 1


def test_a_text_or_its_pill_across_the_photos_edge_is_objected_to_and_not_one_on_a_panel():
    picture = (0.0, 0.0, 0.2, 1.0)
    across = text(Role.OTHER, (0.15, 0.6, 0.45, 0.65), "Vase", 40)
    pill = Element(Role.UNDERLAY, (0.17, 0.58, 0.47, 0.67))
    beside = replace(across, box=(0.22, 0.6, 0.45, 0.65), underlay=0)
    assert verdict(across, picture=picture).terms["straddling"] == 1
    assert verdict(across).terms["straddling"] == 0, "there is no edge to be seen"
    assert verdict(pill, beside, picture=picture).terms["straddling"] == 1
    assert verdict(pill, beside, replace(beside, box=(0.22, 0.7, 0.45, 0.75)), picture=picture).terms["straddling"] == 0


def test_a_note_excuses_half_of_what_is_missing():
    asked = Asked(("Glass vase", "Dishwasher safe"), 0)
    assert verdict(TITLE, asked=asked).terms["missing"] == 1
    assert verdict(TITLE, asked=replace(asked, excused=frozenset({"Dishwasher safe"}))).terms["missing"] == 0.5


def test_lines_that_end_within_a_word():
    broken = replace(TITLE, text="Glass vase", lines=("Glass", "vase"))
    assert split_words(broken, [6]) == 0
    assert split_words(replace(broken, lines=("Gla", "ss vase")), [6]) == 1
    chinese = replace(TITLE, text="保湿面霜", lines=("保", "湿面霜"))
    assert split_words(chinese, [2]) == 1
    assert split_words(replace(chinese, lines=("保湿", "面霜")), [2]) == 0


def test_nothing_at_all_is_judged_too():
    assert verdict().objections <= MOST * 2


sides = st.floats(0, 1, width=32)
boxes = st.tuples(sides, sides, sides, sides).map(
    lambda s: (min(s[0], s[2]), min(s[1], s[3]), max(s[0], s[2]), max(s[1], s[3]))
)
roles = st.sampled_from([Role.TITLE, Role.SELLING_POINT, Role.PRICE, Role.LOGO, Role.UNDERLAY, Role.BADGE])


@st.composite
def layouts(draw):
    count = draw(st.integers(0, 6))
    elements = []
    for _ in range(count):
        role, words = draw(roles), draw(st.sampled_from(["Vase", "Made by hand", "手工制作"]))
        bears = draw(st.none() | st.integers(-1, 7))
        plain = role in (Role.UNDERLAY, Role.LOGO)
        made_of = ("", ()) if plain else (words, (words,))
        px = 0 if plain else draw(st.integers(12, 120))
        elements.append(Element(role, draw(boxes), *made_of, "Face", px, round(1.3 * px), underlay=bears))
    return elements


@given(layouts())
def test_any_layout_has_a_finite_verdict_that_does_not_depend_on_its_size(elements):
    small = verdict(*elements)
    assert all(np.isfinite(term) and term >= 0 for term in small.terms.values())
    assert 0 <= small.objections <= MOST * len(small.terms)
    twice = [replace(e, font_px=2 * e.font_px, line_height_px=2 * e.line_height_px) for e in elements]
    large = judge(Judged(twice, Canvas(2000, 2000), SUBJECT, WHITE, smallest_px=48))
    geometry = set(small.terms) - {"violations"}  # which are checked with half a pixel of slack
    assert {name: large.terms[name] for name in geometry} == pytest.approx(
        {name: small.terms[name] for name in geometry}
    )


@given(layouts(), boxes)
def test_a_text_on_the_subject_is_never_held_against_it_less_than_one_off_it(elements, box):
    on = text(Role.OTHER, (0.3, 0.5, 0.7, 0.7), "Vase", 30)
    off = text(Role.OTHER, (0.0, 0.0, 0.2, 0.1), "Vase", 30)
    terms = [verdict(*elements, each).terms["text_on_subject"] for each in (on, off)]
    assert terms[0] >= terms[1]
