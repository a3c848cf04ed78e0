"""A data set holds everything once, splits by product, and says what it is."""

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.training.examples.about import SPLITS, DataSetError, card, check
from layoutgen.training.examples.examples import Drop, Example
from layoutgen.training.examples.selection import select, sizes, split_of


def example(number, product=None, **more):
    box = (0.1, 0.1, 0.5 + number % 37 / 100, 0.3)
    made = Example(
        f"r{number}",
        product or f"p{number}",
        "layout",
        f"s3://b/{number}.jpg",
        f"sha{number}",
        Framing(),
        Canvas(800, 800),
        Copy("Kettle", ("$12",)),
        (Suggestion(Role.TITLE, box, "Kettle"), Suggestion(Role.PRICE, (0.1, 0.5, 0.4, 0.6), "$12")),
        language="en",
        category="kitchen",
    )
    return replace(made, **more)


@given(
    st.lists(st.tuples(st.integers(0, 30), st.integers(0, 12), st.integers(0, 20)), max_size=40), st.text(max_size=3)
)
def test_no_product_and_no_image_is_in_two_splits(rows, salt):
    found = [example(n, f"p{product}", image_sha256=f"i{image}") for n, product, image in rows]
    data = select(found, salt=salt, shares=(0.5, 0.25, 0.25))
    for of in ("product_id", "image_sha256"):
        homes = Counter(value for split in SPLITS for value in {getattr(one, of) for one in data.splits[split]})
        assert max(homes.values(), default=1) == 1
    assert len(data) + len(data.drops) == len(found)


@given(st.permutations(range(12)))
def test_a_data_set_does_not_depend_on_the_order_of_its_rows(order):
    assert select([example(n) for n in order]).sha == select([example(n) for n in range(12)]).sha


def test_a_product_stays_in_its_split_whatever_joins_it():
    few = select([example(n) for n in range(40)])
    many = select([example(n) for n in range(400)])
    for split in SPLITS:
        assert set(few.splits[split]) <= set(many.splits[split])
    shares = Counter(split_of(f"p{n}") for n in range(20_000))
    assert shares["train"] / 20_000 == pytest.approx(0.9, abs=0.01)
    assert shares["test"] / 20_000 == pytest.approx(0.05, abs=0.01)
    assert [split_of(f"p{n}", salt="x") for n in range(99)] != [split_of(f"p{n}") for n in range(99)]


def test_what_stands_twice_goes_and_an_edit_outweighs_the_rest():
    ours = example(1).target
    twice = [example(1), example(1, row_id="again"), example(1, rejected=ours, source="edit", annotator="Mei")]
    data = select(twice)
    (kept,) = [one for split in SPLITS for one in data.splits[split]]
    assert kept.source == "edit"
    assert [drop.reason for drop in data.drops] == ["duplicate", "duplicate"]
    assert len(select([example(1), example(2, image_sha256="sha1")])) == 2, "another layout of the same image"


def test_examples_whose_image_is_gone_are_dropped():
    data = select([example(1), example(2)], gone=["s3://b/2.jpg"])
    assert [(drop.reason, drop.row_id) for drop in data.drops] == [("image_gone", "r2")]
    assert "put it back" in data.drops[0].message


@pytest.mark.parametrize(
    ("found", "message"),
    [
        ([Drop("rejected", "feedback", "r", "…")] * 3, r"the data set is empty \(dropped: 3 rejected\)"),
        ([example(1)], "has 1 examples of 1 product; give at least 2"),
        ([example(1, "p"), example(2, "p")], "has 2 examples of 1 product"),
        ([example(1), example(2)], "in the split (validation|test|train), whose share is"),
        (
            [example(n, target=example(n).target[:1], copy=Copy("Kettle")) for n in range(200)],
            "all elements of 200 examples have the role title",
        ),
        ([example(37 * n) for n in range(200)], "all 200 examples have the same layout"),
    ],
)
def test_a_data_set_that_nothing_can_be_learnt_from_is_refused(found, message):
    with pytest.raises(DataSetError, match=message):
        data = select(found)
        check(data.about, sizes(data)[0])


def test_a_good_data_set_passes_and_its_card_says_what_it_is():
    found = [example(n) for n in range(200)] + [example(900 + n, rejected=example(1).target) for n in range(5)]
    found += [Drop("undecided", "layout", f"u{n}", f"nobody accepted u{n}") for n in range(9)]
    data = select(found, sources=["s3://b/layouts"])
    products, images = sizes(data)
    check(data.about, products)
    said = card(
        data.about, sha=data.sha, products=products, images=images, sources=data.sources, shares=data.shares, salt=""
    )
    assert said["examples"] == 205
    assert sum(said["by_split"].values()) == 205
    assert said["preferences"] == 5
    assert said["by_role"] == {"price": 205, "title": 205}
    assert said["by_language"] == {"en": 205}
    assert said["by_category"] == {"kitchen": 205}
    assert said["dropped"] == {"undecided": 9}
    assert said["dropped_messages"]["undecided"][0] == "nobody accepted u0"
    assert said["sha"] == data.sha


@pytest.mark.parametrize("shares", [(1.0,), (0.5, 0.5, 0.5), (1.2, -0.1, -0.1)])
def test_shares_have_to_be_shares(shares):
    with pytest.raises(DataSetError, match="for train, validation, test, that add up to 1"):
        select([], shares=shares)
