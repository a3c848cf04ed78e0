import ast
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import layoutgen
from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.core.metrics import judge, second_judge
from layoutgen.core.metrics.judge import MOST, Judged
from layoutgen.core.metrics.own import Asked

CANVAS = Canvas(1000, 1000)
SUBJECT = np.zeros((100, 100), np.float32)
SUBJECT[55:92, 25:75] = 1
PHOTO = np.full((100, 100, 3), 200, np.uint8)
PHOTO[55:92, 25:75] = 130
COPY = Asked(("Glass vase", "Dishwasher safe", "Made by hand", "Order now"), 0)
EVALUATING = {
    "layoutgen.stages.score",
    "layoutgen.training.judging.measures",
    "layoutgen.training.rewards.held_back",
}
"""Modules that may know the held-out judge: they report, refuse or stop by it, and choose nothing by it."""


def text(role, box, words, px, **other):
    return Element(role, box, words, (words,), "Face", px, round(1.3 * px), **other)


TITLE = text(Role.TITLE, (0.1, 0.08, 0.9, 0.184), "Glass vase", 80)
FIRST = text(Role.SELLING_POINT, (0.1, 0.25, 0.6, 0.302), "Dishwasher safe", 40)
SECOND = text(Role.SELLING_POINT, (0.1, 0.32, 0.58, 0.372), "Made by hand", 40)
ORDER = text(Role.CALL_TO_ACTION, (0.1, 0.44, 0.4, 0.505), "Order now", 50)
SOUND = (TITLE, FIRST, SECOND, ORDER)


def verdict(*elements, ground=PHOTO, subject=SUBJECT, **other):
    return second_judge.judge(Judged(elements, CANVAS, subject, ground, **{"asked": COPY, **other}))


def moved(element, right=0.0, down=0.0):
    left, top, end, bottom = element.box
    return replace(element, box=(left + right, top + down, end + right, bottom + down))


def test_little_is_held_against_a_sound_layout():
    sound = verdict(*SOUND)
    assert sound.objections < 0.5, sound.terms
    assert not sound.is_sent_back


def stripes():
    ground = np.full((100, 100, 3), 240, np.uint8)
    ground[::2] = 180
    return ground


@pytest.mark.parametrize(
    ("term", "elements", "other"),
    [
        ("faint", (replace(TITLE, colour="#b0b0b0"), FIRST, SECOND, ORDER), {}),
        ("clutter", SOUND, {"ground": stripes()}),
        ("hidden", (TITLE, FIRST, replace(SECOND, box=(0.2, 0.6, 0.8, 0.75)), ORDER), {}),
        ("cut", SOUND, {"cut": 0.1}),
        ("collision", (TITLE, FIRST, moved(SECOND, down=-0.04), ORDER), {}),
        ("missing", (TITLE, FIRST, ORDER), {}),
        ("order", (moved(TITLE, down=0.3), moved(FIRST, down=-0.2), SECOND, ORDER), {}),
        ("order", (TITLE, moved(FIRST, down=0.07), moved(SECOND, down=-0.07), ORDER), {}),
        ("breaks", SOUND, {"split_words": 1}),
        ("rhythm", (TITLE, moved(FIRST, down=-0.03), moved(SECOND, down=0.04), ORDER), {}),
        ("grid", [moved(e, 0.03 * i + 0.01 * i * i) for i, e in enumerate((*SOUND, moved(ORDER, 0.07, 0.1)))], {}),
        ("sizes", [replace(ORDER, font_px=px) for px in (30, 40, 50, 60, 70)], {}),
        ("tiny", (TITLE, FIRST, replace(SECOND, font_px=20), ORDER), {}),
        ("palette", [replace(ORDER, colour=c) for c in ("#000000", "#ff0000", "#00aa00", "#0000ff", "#886600")], {}),
        ("thin", (replace(TITLE, box=(0.1, 0.1, 0.3, 0.13)),), {}),
    ],
)
def test_each_fault_is_reason_enough(term, elements, other):
    poor = verdict(*elements, **other)
    assert poor.terms[term] >= 1, poor.terms
    assert poor.terms[term] > verdict(*SOUND).terms[term]
    assert poor.is_sent_back == any(poor.terms[name] >= 1 for name in second_judge.HARD)


def test_a_middle_of_weight_beside_the_canvass_costs():
    dark = PHOTO.copy()
    dark[60:, :40] = 0
    assert verdict(*SOUND, ground=dark).terms["weight"] > verdict(*SOUND).terms["weight"]


def test_points_side_by_side_are_in_no_wrong_order():
    beside = (TITLE, moved(FIRST, 0.5, 0.07), moved(SECOND, down=-0.07), ORDER)
    assert verdict(*beside).terms["order"] == 0


def test_what_is_not_there_or_no_colour_is_no_fault_of_the_program():
    nothing = second_judge.judge(Judged((), CANVAS, np.zeros((10, 10), np.float32), PHOTO))
    assert nothing.terms["missing"] == 0 and nothing.objections <= MOST * len(nothing.terms)
    odd = verdict(replace(TITLE, colour="red"), replace(FIRST, box=(0.2, 0.2, 0.2, 0.2), font_px=0), ground=None)
    assert all(np.isfinite(list(odd.terms.values())))


@given(
    st.lists(st.tuples(*[st.floats(0, 1)] * 4), max_size=6),
    st.sampled_from([(1, 1), (3, 200), (100, 100)]),
)
def test_every_layout_gets_finite_objections_that_are_none_below_nothing(boxes, shape):
    elements = [
        text(Role.TITLE if i % 2 else Role.SELLING_POINT, (min(a, c), min(b, d), max(a, c), max(b, d)), "word", 30)
        for i, (a, b, c, d) in enumerate(boxes)
    ]
    objections = verdict(*elements, ground=np.full((*shape, 3), 90, np.uint8), subject=np.ones(shape, np.float32))
    assert all(np.isfinite(value) and value >= 0 for value in objections.terms.values())


def test_the_two_judges_share_no_measure():
    shared = set(judge.judge(Judged(SOUND, CANVAS, SUBJECT, PHOTO)).terms) & set(verdict(*SOUND).terms)
    assert shared == {"missing", "breaks"}, "what is not there, and words cut apart, are facts"


def test_nothing_is_optimised_for_the_held_out_judge():
    root = Path(layoutgen.__file__).parent
    importing = set()
    for path in root.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import | ast.ImportFrom) else []
            module = getattr(node, "module", None) or ""
            if any("second_judge" in f"{module}.{name}" for name in names):
                importing.add(".".join(path.relative_to(root.parent).with_suffix("").parts))
    assert importing <= EVALUATING
