"""What kind of goods a product is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.styles.goods import KINDS, kind_of


@pytest.mark.parametrize(
    ("title", "kind"),
    [
        ("Cast iron teapot", "kitchen"),
        ("Tea", "drinks"),
        ("Laptop backpack", "bags"),
        ("Backpack for laptop and camera", "bags"),
        ("Dresses", "apparel"),
        ("Strawberry", "food"),
        ("Boots", "shoes"),
        ("A bundle of pens, pencils", "books"),
        ("Ring light for phones", "electronics"),
        ("Dyson 吸尘器 V8", "appliances"),
        ("不锈钢烧水壶 一键煮茶", "kitchen"),
        ("重磅纯棉 T 恤 不透不闷", "apparel"),
        ("面包机", "appliances"),
        ("Toyota", None),
        ("Stringent", None),
        ("包邮 今日发货", None),
        ("", None),
    ],
)
def test_the_head_of_a_title_says_what_it_is(title, kind):
    assert kind_of(None, title) == kind


def test_of_a_path_of_categories_the_lowest_counts():
    assert kind_of("Electronics > Audio > Headphones", "x") == "electronics"
    assert kind_of("Home/Kitchen/Knives", "x") == "kitchen"
    assert kind_of("Women_Shoes", "Dress up") == "shoes"


@given(st.text(), st.text(), st.lists(st.text(), max_size=3))
def test_any_text_has_a_kind_or_none(category, title, points):
    assert kind_of(category, title, points) in (None, *KINDS)
