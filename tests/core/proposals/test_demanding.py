"""Demands put on copies and on proposals."""

import pytest

from layoutgen.core.demands import read, texts_of
from layoutgen.core.layout import Copy, Role, Suggestion, inside
from layoutgen.core.proposals.constraints import ContradictionError
from layoutgen.core.proposals.demanding import as_demanded, demanded_of, to_compose

COPY = Copy("Vase", ("Light", "Strong"), "VALE", price="$9", badge="New")
TITLE = Suggestion(Role.TITLE, (0.1, 0.5, 0.6, 0.6), "Vase")
PRICE = Suggestion(Role.PRICE, (0.1, 0.1, 0.3, 0.2), "$9")
PILL = Suggestion(Role.UNDERLAY, (0.08, 0.08, 0.32, 0.22))


def test_a_copy_loses_what_must_be_absent_and_lacks_what_is_not_there() -> None:
    copy, fault = demanded_of(read({"absent": ["badge", "logo", "selling_point"]}), COPY)
    assert fault is None and (copy.badge, copy.brand, copy.selling_points, copy.price) == (None, None, (), "$9")
    _, fault = demanded_of(read({"present": ["disclaimer"]}), COPY)
    assert fault and fault[0] == "constraint_missing" and "ask for disclaimer" in fault[1]
    _, fault = demanded_of(read({"above": [["selling_point:3", "title"]]}), COPY)
    assert fault and "selling_point:3" in fault[1]


def test_locked_texts_are_composed_apart_and_put_into_their_boxes() -> None:
    demands = read(
        {"lock": {"price": [0.5, 0.8, 0.9, 0.95], "selling_point:2": [0, 0.9, 0.4, 1], "logo": [0, 0, 1, 0.1]}}
    )
    left = to_compose(demands, COPY)
    assert (left.price, left.selling_points, left.brand, left.badge) == (None, ("Light",), None, "New")
    placed = {s.text: s for s in as_demanded(demands, (TITLE,), COPY)}
    assert placed["$9"].role is Role.PRICE and inside(placed["$9"].box, (0.5, 0.8, 0.9, 0.95))
    assert placed["Strong"].role is Role.SELLING_POINT and placed["VALE"].role is Role.LOGO
    assert placed["Vase"].box == pytest.approx(TITLE.box)


def test_related_texts_move_with_the_pill_that_bears_them() -> None:
    demands = read({"above": [["title", "price"]]})
    pill, title, price = as_demanded(demands, (PILL, TITLE, PRICE), COPY)
    assert title.box[3] <= price.box[1] + 1e-6
    around = [a - b for a, b in zip(pill.box, price.box, strict=True)]
    assert around == pytest.approx([-0.02, -0.02, 0.02, 0.02])
    bounded = as_demanded(read({"largest": {"title": [0.3, 0]}, "smallest": {"price": [0, 0.2]}}), (TITLE, PRICE), COPY)
    assert bounded[0].box[2] - bounded[0].box[0] == pytest.approx(0.3)
    assert bounded[1].box[3] - bounded[1].box[1] == pytest.approx(0.2)


def test_what_contradicts_itself_across_elements_is_named() -> None:
    value = {"lock": {"title": [0, 0.6, 1, 1]}, "above": [["title", "badge"], ["badge", "price"]],
             "smallest": {"badge": [0, 0.3], "price": [0, 0.3]}}  # fmt: skip
    badge = Suggestion(Role.BADGE, (0.1, 0.3, 0.2, 0.4), "New")
    with pytest.raises(ContradictionError) as refused:
        as_demanded(read(value), (TITLE, PRICE, badge), COPY)
    assert "title above badge" in str(refused.value) and "given box of title" in str(refused.value)
    assert set(texts_of(COPY)) >= {"title", "price", "badge", "selling_point", "selling_point:2", "logo"}
