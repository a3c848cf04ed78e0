from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.text.bidi import levels, order
from layoutgen.core.text.direction import base_direction

CASES = [
    line
    for line in (Path(__file__).parents[2] / "data" / "bidi_character_test.txt")
    .read_text(encoding="utf-8")
    .splitlines()
    if line and line[0] != "#"
]


@pytest.mark.parametrize("case", CASES)
def test_levels_and_order_are_those_of_the_unicode_conformance_file(case):
    points, asked, base, wanted_levels, wanted_order = case.split(";")
    text = "".join(chr(int(point, 16)) for point in points.split())
    direction = base_direction(text) if asked == "2" else ("ltr", "rtl")[int(asked)]
    assert direction == ("ltr", "rtl")[int(base)]
    found = levels(text, direction)
    assert ["x" if level is None else str(level) for level in found] == wanted_levels.split()
    assert [str(i) for i in order(found)] == wanted_order.split()


def depth(count: int) -> str:
    return "a" + "(" * count + "b" + ")" * count


def test_more_brackets_than_a_line_may_open_are_no_pairs():
    assert set(levels(depth(63), "rtl")) == {2}
    assert set(levels(depth(64), "rtl")) == {1, 2}


def shown(text: str, direction: str = "rtl") -> str:
    return "".join(text[i] for i in order(levels(text, direction)))


def test_numbers_and_latin_stay_in_order_in_arabic():
    # After Arabic letters a number's sign of percent is left of it, as its readers expect; the digits keep their order.
    assert shown("قميص VALE بخصم 30%") == "%30 " + "بخصم"[::-1] + " VALE " + "قميص"[::-1]
    assert (shown("89 AED"), shown("89 AED", "ltr")) == ("AED 89", "89 AED")
    assert shown("₪129", "ltr") == "₪129" == shown("₪129", "rtl")


SOME = "aב1ع٢ ,%(]\u200f\u202e\u2067\u2068\u2069\u0301字"


@given(st.text(st.sampled_from(SOME), max_size=40), st.sampled_from(["ltr", "rtl"]))
def test_every_character_has_one_place_and_a_level_of_its_kind(text, direction):
    found = levels(text, direction)
    assert sorted(order(found)) == [i for i, level in enumerate(found) if level is not None]
    base = int(direction == "rtl")
    assert all(level is None or base <= level <= 126 for level in found)
