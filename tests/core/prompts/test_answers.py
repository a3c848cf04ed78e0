"""Numbers, boxes and codecs: what is written is read back, within half a unit, and never leaves its range."""

import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.prompts.answers import box_digits, literal, spell, whole_number
from layoutgen.core.prompts.coordinates import ABSOLUTE, GRID, LAYOUT, RELATIVE, Codec, codec_name, codec_of

SIDES = st.integers(28, 4000)
UNIT = st.floats(0, 1, allow_nan=False)


@given(st.integers(0, 4000), st.integers(0, 4000))
def test_a_range_of_whole_numbers_is_exactly_its_pattern(low: int, high: int) -> None:
    low, high = sorted((low, high))
    pattern = re.compile(whole_number(low, high))
    near = {0, 1, 9, 10, 99, 100, 999, 1000, low - 1, low, low + 1, high - 1, high, high + 1, (low + high) // 2}
    for number in near - {-1}:
        assert bool(pattern.fullmatch(str(number))) == (low <= number <= high)
    assert not pattern.fullmatch("00")
    assert not pattern.fullmatch(f"0{high}")


def test_every_number_of_a_grid_has_its_place() -> None:
    pattern = re.compile(whole_number(0, GRID))
    assert [number for number in range(2000) if pattern.fullmatch(str(number))] == list(range(GRID + 1))


@given(x=st.tuples(UNIT, UNIT), y=st.tuples(UNIT, UNIT), width=SIDES, height=SIDES)
def test_a_box_comes_back_within_half_a_pixel_of_the_grid(
    x: tuple[float, float], y: tuple[float, float], width: int, height: int
) -> None:
    for codec in (Codec(ABSOLUTE, width, height), LAYOUT):
        across, down = codec.width, codec.height
        box = (min(x), min(y), max(x), max(y))
        if box[2] - box[0] < 1 / across or box[3] - box[1] < 1 / down:
            continue
        back = codec.read(codec.write(box))
        assert all(abs(a - b) * n <= 0.5 + 1e-9 for a, b, n in zip(box, back, 2 * (across, down), strict=True))
        assert codec.write(back) == codec.write(box)


@given(st.tuples(*[st.floats(-2, 3, allow_nan=False)] * 4), SIDES, SIDES)
def test_whatever_box_is_written_lies_in_range_and_is_not_empty(box: tuple, width: int, height: int) -> None:
    x1, y1, x2, y2 = Codec(ABSOLUTE, width, height).write(box)
    assert 0 <= x1 < x2 <= width
    assert 0 <= y1 < y2 <= height


def test_only_qwen2_5_vl_counts_pixels() -> None:
    assert {family: codec_name(family) for family in ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "internvl")} == {
        "qwen2_vl": RELATIVE,
        "qwen2_5_vl": ABSOLUTE,
        "qwen3_vl": RELATIVE,
        "internvl": RELATIVE,
    }
    assert codec_of("qwen2_5_vl", (1036, 784)) == Codec(ABSOLUTE, 1036, 784)
    assert codec_of("internvl", (1036, 784)) == LAYOUT


@given(st.integers(0, 700), st.integers(0, 500), st.randoms(use_true_random=False))
def test_following_the_digits_ends_a_box_within_any_limit(x1: int, y1: int, random: object) -> None:
    text = f'"box":[{x1},{y1},'
    for closing in (",", "]"):
        while True:
            digits, may_end = box_digits(text, (701, 501)) or ("", False)
            text += random.choice(list(digits) + ([closing] if may_end else []))  # type: ignore[attr-defined]
            if text.endswith(closing):
                break
    x2, y2 = (int(number) for number in text[len(f'"box":[{x1},{y1},') : -1].split(","))
    assert x1 < x2 <= 701
    assert y1 < y2 <= 501


@pytest.mark.parametrize("text", ['"', "\\", "\n\x00", "<|im_end|>", "😀", "\x7f"])
def test_nothing_spelled_leaves_its_quotes(text: str) -> None:
    assert "<" not in spell(text)
    assert "\n" not in spell(text)
    assert re.fullmatch(r'"([^"\\\n]|\\.)*"', literal(text))
    assert json.loads(spell(text)) == text
