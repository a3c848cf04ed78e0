import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Role
from layoutgen.core.reading.annotation_json import LANGUAGES, StandardAnnotation, StandardLine, from_json, to_json, tone

PUBLISHED = (
    '{"文本": {"主标题": [{"ocr": "关键包品: 编织手法", "box": "[137, 126, 851, 207]", "文本语言": "中文", '
    '"文本主体色调": "黑"}], "卖点": []}}'
)

sides = st.tuples(st.integers(0, 1000), st.integers(0, 1000)).map(sorted)
lines = st.builds(
    StandardLine,
    text=st.text(),
    box=st.tuples(sides, sides).map(lambda s: (s[0][0], s[1][0], s[0][1], s[1][1])),
    language=st.sampled_from(list(LANGUAGES.values())),
    tone=st.text(min_size=1),
)
annotations = st.dictionaries(st.sampled_from(Role), st.lists(lines, max_size=4).map(tuple)).map(
    lambda texts: StandardAnnotation(tuple(texts.items()))
)


def line(**changes: object) -> TextLine:
    fields = {
        "text": "编织手法",
        "box": (0.137, 0.126, 0.851, 0.207),
        "role": Role.TITLE,
        "language": "zh",
        "colour": "#101010",
        "score": 0.9,
        "placed": True,
    }
    return TextLine(**{**fields, **changes})


def test_the_published_example_comes_back_byte_for_byte():
    assert from_json(PUBLISHED).to_json() == PUBLISHED


@given(annotations)
def test_writing_and_reading_lose_nothing(annotation):
    assert from_json(annotation.to_json()) == annotation


def test_a_box_without_spaces_is_read():
    assert from_json(PUBLISHED.replace("137, 126", "137,126")).texts[0][1][0].box == (137, 126, 851, 207)


def test_only_placed_lines_are_written_in_standard_terms():
    printed = line(text="DELL", placed=False)
    written = json.loads(to_json(Annotation((line(), printed, line(role=Role.PRICE, colour="#e01010")))))
    assert [*written["文本"]] == ["主标题", "价格"]
    assert written["文本"]["主标题"] == [
        {"ocr": "编织手法", "box": "[137, 126, 851, 207]", "文本语言": "中文", "文本主体色调": "黑"}
    ]
    assert written["文本"]["价格"][0]["文本主体色调"] == "红"


def test_an_annotation_without_lines_is_an_empty_object_of_texts():
    assert to_json(Annotation()) == '{"文本": {}}'


def test_a_box_that_reaches_out_of_the_image_is_cut_at_its_edge():
    assert "[0, 0, 1000, 207]" in to_json(Annotation((line(box=(-0.01, 0.0, 1.2, 0.2071)),)))


@pytest.mark.parametrize(
    ("broken", "named"),
    [
        ("{", "not JSON"),
        ("[]", "annotation: []"),
        ('{"文本": []}', "object of roles"),
        ('{"文本": {}, "图": 1}', "unknown 图"),
        (PUBLISHED.replace("主标题", "大标题"), "大标题"),
        (PUBLISHED.replace("卖点", "主标题"), "主标题 stands twice"),
        (PUBLISHED.replace("[]", "7"), "卖点: 7"),
        (PUBLISHED.replace('"ocr"', '"text"'), "ocr missing"),
        (PUBLISHED.replace('"黑"', "3"), "文本主体色调 is 3"),
        (PUBLISHED.replace("851", "1851"), "1851"),
        (PUBLISHED.replace("137", "900"), "left <= right"),
        (PUBLISHED.replace("137", "13.7"), "13.7"),
    ],
)
def test_what_departs_from_the_standard_is_an_error_that_names_it(broken, named):
    with pytest.raises(ValueError, match=named.replace("[", r"\[")):
        from_json(broken)


def test_a_role_that_stands_twice_cannot_be_written():
    with pytest.raises(ValueError, match="stands twice"):
        StandardAnnotation(((Role.TITLE, ()), (Role.TITLE, ())))


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ("#000000", "黑"),
        ("#1c1c1e", "黑"),
        ("#ffffff", "白"),
        ("#f5f5f3", "白"),
        ("#808080", "灰"),
        ("#ff0000", "红"),
        ("#d4040d", "红"),
        ("#ff7f00", "橙"),
        ("#ffff00", "黄"),
        ("#00c000", "绿"),
        ("#00ffff", "青"),
        ("#0000ff", "蓝"),
        ("#0a1e6e", "蓝"),
        ("#8a2be2", "紫"),
        ("#ffc0cb", "粉"),
        ("#8b4513", "棕"),
        ("#d4af37", "金"),
    ],
)
def test_a_tone_is_named_as_people_name_it(colour, name):
    assert tone(colour) == name


@given(st.integers(0, 0xFFFFFF))
def test_every_colour_has_a_tone(value):
    assert tone(f"#{value:06x}") in "黑白灰红橙黄绿青蓝紫粉棕金"
