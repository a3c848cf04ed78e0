"""Refining a layout, reading a poster, finding a cover's elements: prompt, grammar and parser of each agree."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.annotation import TextLine
from layoutgen.core.layout import Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts import annotations as annotation_prompt
from layoutgen.core.prompts import covers as cover_prompt
from layoutgen.core.prompts import layouts as prompts
from layoutgen.core.prompts import refinements as refinement_prompt
from layoutgen.core.prompts.coordinates import ABSOLUTE, LAYOUT, Codec
from layoutgen.core.prompts.covers import KeyElement, Kind
from layoutgen.core.prompts.refinements import Given, parse_refinement
from layoutgen.core.prompts.refinements import refinement_prompt as refine
from layoutgen.core.reading.annotation_json import tone

CANVAS = Canvas(800, 1200)
COPY = Copy("Kettle", ("1.5 l", "$12"), brand="ACME")
PIXELS = Codec(ABSOLUTE, 560, 840)
TITLE = Suggestion(Role.TITLE, (0.1234567, 0.05, 0.9, 0.2), "Kettle")
PANEL = Suggestion(Role.UNDERLAY, (0.1, 0.7, 0.9, 0.9))
GIVEN = [Given(TITLE, True), Given(Suggestion(Role.PRICE, (0.2, 0.8, 0.4, 0.9), "$12"), False), Given(PANEL, True)]


def answer(**boxes: list[int]) -> str:
    items = [
        {"role": "title", "text": "Kettle", "box": boxes.get("title", [123, 50, 900, 200])},
        {"role": "subtitle", "text": "1.5 l", "box": [80, 210, 500, 260]},
        {"role": "price", "text": "$12", "box": [220, 780, 400, 880]},
        {"role": "logo", "text": "ACME", "box": [700, 910, 950, 980]},
        {"role": "underlay", "text": "", "box": boxes.get("panel", [100, 700, 900, 900])},
    ]
    return json.dumps(items)


def test_versions_differ_and_every_prompt_has_its_constant_part_first() -> None:
    versions = {module.PROMPT_VERSION for module in (prompts, refinement_prompt, annotation_prompt, cover_prompt)}
    assert len(versions) == 4
    for one, other in (
        (refine(COPY, CANVAS, GIVEN), refine(Copy("x"), Canvas(9, 9), [])),
        (annotation_prompt.annotation_prompt(PIXELS), annotation_prompt.annotation_prompt(Codec(ABSOLUTE, 28, 28))),
        (cover_prompt.cover_prompt(LAYOUT), cover_prompt.cover_prompt(LAYOUT)),
    ):
        assert one.system == other.system
        assert "<" not in one.user


def test_a_locked_element_keeps_the_box_it_was_given_to_the_last_digit() -> None:
    found = parse_refinement(answer(), COPY, GIVEN)
    assert found[0] == TITLE
    assert found[-1] == PANEL
    assert found[2].box == (0.22, 0.78, 0.4, 0.88), "a hint may be moved"


@pytest.mark.parametrize(
    ("boxes", "message"),
    [({"title": [124, 50, 900, 200]}, "moves the locked title 'Kettle'"), ({"panel": [0, 0, 9, 9]}, "locked underlay")],
)
def test_an_answer_that_moves_what_is_locked_is_refused(boxes: dict[str, list[int]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_refinement(answer(**boxes), COPY, GIVEN)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ([Given(Suggestion(Role.TITLE, (0, 0, 1, 1), "Teapot"), True)], "'Teapot' is not in the copy"),
        ([Given(TITLE, True), Given(TITLE, False)], "is not in the copy; give its texts only, once"),
        ([Given(Suggestion(Role.LOGO, (0, 0, 1, 1), "Kettle"), True)], "given logo 'Kettle' is not in the copy"),
        ([Given(Suggestion(Role.TITLE, (0.5, 0, 0.4, 1), "Kettle"), True)], "give 0 <= x1 < x2 <= 1"),
        ([Given(PANEL, True)] * 5, "5 locked underlays for 4 texts"),
        ([Given(TITLE, False, frozenset(["z"]))], "hides z; known: role, x, y, w, h"),
        ([Given(TITLE, False, frozenset(["role", "x", "y", "w", "h"]))], "hides all there is; leave it out"),
        ([Given(PANEL, True, frozenset(["role"]))], "has no text, so its role can't be hidden"),
    ],
)
def test_what_is_given_has_to_fit_the_copy(given: list[Given], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refine(COPY, CANVAS, given)


def test_what_is_hidden_is_not_told() -> None:
    hint = Suggestion(Role.PRICE, (0.2, 0.8, 0.4, 0.9), "$12")
    listed = [Given(hint, False, frozenset(hidden)) for hidden in ([], ["role"], ["x", "h"], ["role", "y", "w", "h"])]
    told = [json.loads(refine(COPY, CANVAS, [one]).user)["given"][0] for one in listed]
    assert told == [
        {"role": "price", "text": "$12", "box": [200, 800, 400, 900], "locked": False},
        {"role": None, "text": "$12", "box": [200, 800, 400, 900], "locked": False},
        {"role": "price", "text": "$12", "place": [None, 800, 200, None], "locked": False},
        {"role": None, "text": "$12", "place": [200, None, None, None], "locked": False},
    ]


def test_what_is_told_of_an_element_known_in_part_stays_to_the_last_digit() -> None:
    def read(title: list[int], *hidden: str) -> tuple[Role, tuple[float, ...]]:
        found = parse_refinement(answer(title=title), COPY, [Given(TITLE, True, frozenset(hidden))])[0]
        return found.role, found.box

    assert read([123, 50, 700, 200], "w") == (Role.TITLE, (0.1234567, 0.05, 0.7, 0.2))
    assert read([123, 300, 900, 450], "role", "y") == (Role.TITLE, (0.1234567, 0.3, 0.9, 0.45))
    left, _, right, _ = read([500, 50, 900, 200], "x")[1]
    assert right == 1.0, "an element that would leave the canvas is moved inwards"
    assert right - left == pytest.approx(0.9 - 0.1234567), "and keeps its width"
    with pytest.raises(ValueError, match="moves the locked title 'Kettle'"):
        read([124, 50, 700, 200], "w")


def test_texts_that_stand_twice_in_the_copy_keep_the_places_they_were_given() -> None:
    copy = Copy("Sale", ("Sale", "Sale"))
    boxes = [(0.1, 0.1, 0.5, 0.2), (0.1, 0.3, 0.5, 0.4), (0.1, 0.5, 0.5, 0.6)]
    listed = [Given(Suggestion(Role.OTHER, box, "Sale"), True, frozenset(["role"])) for box in boxes]
    items = [{"role": "title" if i == 0 else "other", "text": "Sale", "box": LAYOUT.write(b)}
             for i, b in enumerate(boxes)]  # fmt: skip
    assert [one.box for one in parse_refinement(json.dumps(items), copy, listed)] == boxes


@given(st.lists(st.tuples(st.sampled_from(list(annotation_prompt.TONES)), st.text(min_size=1, max_size=9)), max_size=5))
def test_an_annotation_that_is_written_is_read_back(lines: list[tuple[str, str]]) -> None:
    said = tuple(
        TextLine(text, (0.1, i / 10, 0.5, (i + 1) / 10), Role.TITLE, "zh", annotation_prompt.TONES[name], 1.0, True)
        for i, (name, text) in enumerate(lines)
        if not any(0xD800 <= ord(c) < 0xE000 for c in text)
    )
    written = annotation_prompt.write_annotation(said, PIXELS)
    assert "<" not in written
    read = annotation_prompt.parse_annotation(written, PIXELS)
    assert [(line.colour, line.role) for line in read] == [(line.colour, line.role) for line in said]
    assert annotation_prompt.write_annotation(read, PIXELS) == written


def test_every_tone_has_a_colour_of_that_tone() -> None:
    assert {name: tone(colour) for name, colour in annotation_prompt.TONES.items()} == {
        name: name for name in annotation_prompt.TONES
    }


LINE = {"role": "title", "text": "新品", "box": [1, 2, 30, 40], "language": "zh", "tone": "黑"}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"role": "underlay"}, "unknown role 'underlay'"),
        ({"language": "fr"}, "unknown language 'fr'; known: zh, en"),
        ({"tone": "black"}, "unknown tone 'black'; known: 黑"),
        ({"text": ""}, "empty or no string"),
        ({"box": [1, 2, 561, 40]}, "out of the range 0 to 560 and 840"),
        ({"box": [30, 2, 30, 40]}, "empty or inverted"),
        ({"size": 3}, "not an object of role, text, box, language and tone"),
    ],
)
def test_a_line_that_is_not_true_is_refused_with_its_fault(change: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        annotation_prompt.parse_annotation(json.dumps([LINE | change]), PIXELS)


def test_a_covers_elements_are_written_and_read_back() -> None:
    elements = (
        KeyElement(Kind.FACE, 'a "smile"', (0.25, 0.125, 0.5, 0.25)),
        KeyElement(Kind.TEXT, "<b>", (0, 0, 1, 1)),
    )
    written = cover_prompt.write_cover(elements, Codec(ABSOLUTE, 560, 840))
    assert cover_prompt.parse_cover(written, Codec(ABSOLUTE, 560, 840)) == elements
    for change, message in (({"kind": "dog"}, "unknown kind"), ({"label": 3}, "no string"), ({"box": []}, "not four")):
        with pytest.raises(ValueError, match=message):
            cover_prompt.parse_cover(json.dumps([{"kind": "face", "label": "x", "box": [0, 0, 1, 1]} | change]), LAYOUT)
