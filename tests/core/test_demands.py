"""Demands of rows: read, refused by name where they contradict each other or lie outside, and checked on layouts."""

import json
from typing import Any

import pytest

from layoutgen.core.demands import NOTHING, DemandError, Demands, broken, read, texts_of
from layoutgen.core.layout import Box, Copy, Element, Role

COPY = Copy("Vase", ("Light", "Strong"), "VALE", price="$9", badge="New")
BOXES: dict[str, Box] = {
    "Vase": (0.1, 0.1, 0.5, 0.2),
    "Light": (0.1, 0.3, 0.3, 0.35),
    "Strong": (0.4, 0.3, 0.65, 0.35),
    "$9": (0.1, 0.5, 0.3, 0.6),
    "VALE": (0.1, 0.02, 0.2, 0.06),
}
ELEMENTS = [
    Element(role, BOXES[text], text, (text,), "A", 40 if role is Role.SELLING_POINT else 80)
    for role, text in (
        (Role.TITLE, "Vase"), (Role.SELLING_POINT, "Light"), (Role.SELLING_POINT, "Strong"), (Role.PRICE, "$9"),
        (Role.LOGO, "VALE"),
    )
]  # fmt: skip


@pytest.mark.parametrize("value", [None, "", "{}", {}, {"lock": None}])
def test_nothing_is_nothing(value: Any) -> None:
    assert read(value) == NOTHING


def test_an_object_and_its_json_are_read_alike() -> None:
    value = {"lock": {"price": [0, 0.8, 0.4, 1]}, "absent": ["badge"], "above": [["title", "selling_point:2"]],
             "free": [[0, 0, 1, 0.1], "avatar_strip"], "smallest": {"title": [0.3, 0]}}  # fmt: skip
    demands = read(value, ("avatar_strip",))
    assert demands == read(json.dumps(value), ("avatar_strip",))
    assert demands == Demands(
        (("price", (0.0, 0.8, 0.4, 1.0)),), (), (Role.BADGE,), (("above", "title", "selling_point:2"),),
        ((0.0, 0.0, 1.0, 0.1),), ("avatar_strip",), (), (("title", (0.3, 0.0)),),
    )  # fmt: skip
    assert demands.names == ("price", "title", "selling_point:2")


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("{lock", "no JSON"), ([], "write an object"), ({"lok": {}}, "unknown key 'lok'; known: lock, present"),
        ({"lock": {"price": [0.1, 0.2, 1.4, 0.5]}}, "lock.price is [0.1, 0.2, 1.4, 0.5], which is no box"),
        ({"lock": {"price": [0.5, 0.2, 0.4, 0.5]}}, "which is no box"), ({"lock": {"prise": [0, 0, 1, 1]}}, '"prise"'),
        ({"lock": {"title:2": [0, 0, 1, 1]}}, '"title:2"'), ({"present": ["hero"]}, 'the role "hero"'),
        ({"above": [["title", "title"]]}, "pairs of two elements"), ({"free": ["moon"]}, "the zone 'moon'"),
        ({"largest": {"logo": [2, 1]}}, "width and height in [0, 1]"),
        ({"present": ["badge"], "absent": ["badge"]}, "present badge and absent badge can't both be kept"),
        ({"absent": ["title"]}, "absent title"),
        ({"absent": ["price"], "lock": {"price": [0, 0, 1, 1]}}, "absent price and what is demanded of price"),
        ({"lock": {"price": [0, 0, 0.5, 0.5], "badge": [0.4, 0.4, 1, 1]}}, "lock price and lock badge"),
        ({"lock": {"price": [0, 0, 0.5, 0.5]}, "free": [[0.2, 0.2, 0.3, 0.3]]}, "lock price and free [0.2, 0.2"),
        ({"smallest": {"logo": [0.5, 0]}, "largest": {"logo": [0.4, 0]}}, "smallest logo and largest logo"),
        ({"smallest": {"price": [0.5, 0]}, "lock": {"price": [0, 0, 0.2, 1]}}, "smallest price and lock price"),
        ({"above": [["title", "price"], ["price", "title"]]}, "title above price and price above title"),
        ({"above": [["title", "price"]], "lock": {"title": [0, 0.5, 1, 1], "price": [0, 0, 1, 0.4]}},
         "title above price and lock title with lock price"),
    ],
)  # fmt: skip
def test_what_can_not_be_kept_is_refused_by_name(value: Any, message: str) -> None:
    with pytest.raises(DemandError) as refused:
        read(value)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ({"above": [["title", "price"]], "left_of": [["selling_point", "selling_point:2"]]}, []),
        ({"same_size": [["selling_point:1", "selling_point:2"]], "present": ["price"], "absent": ["badge"]}, []),
        ({"lock": {"price": [0.05, 0.45, 0.35, 0.65]}, "free": [[0, 0.9, 1, 1]]}, []),
        ({"lock": {"price": [0.5, 0.5, 0.9, 0.9]}}, ["lock price"]),
        ({"above": [["price", "title"]]}, ["price above title"]),
        ({"same_size": [["title", "selling_point"]]}, ["title same_size selling_point"]),
        ({"present": ["disclaimer"]}, ["present disclaimer"]), ({"absent": ["price"]}, ["absent price"]),
        ({"free": [[0, 0.5, 0.2, 0.55]]}, ["free [0.0, 0.5, 0.2, 0.55]"]),
        ({"largest": {"logo": [0.05, 0]}}, ["largest logo"]), ({"smallest": {"title": [0.6, 0]}}, ["smallest title"]),
        ({"inside": [["price", "title"]]}, ["price inside title"]), ({"lock": {"badge": [0, 0, 1, 1]}},
                                                                     ["badge, which is not there"]),
    ],
)  # fmt: skip
def test_what_a_layout_breaks_is_named(value: Any, expected: list[str]) -> None:
    demands = read(value)
    assert broken(demands, demands.free, ELEMENTS, texts_of(COPY)) == expected
