"""Which products lie or hang, by their category."""

import pytest

from layoutgen.core.posters.poses import lies


@pytest.mark.parametrize(
    "category",
    ["T-Shirt", "Clothing > Men > Polo Shirts", "Women/Dresses", "女装 > 连衣裙", "Longsleeve", "Home > Bath towels",
     "Pants", "ワンピース", "남성 셔츠", "ＨＯＯＤＩＥ"],
)  # fmt: skip
def test_cloth_lies(category):
    assert lies(category)


@pytest.mark.parametrize(
    "category",
    [None, "", " > ", "Beauty > Body lotion", "Shoes", "Clothing > Accessories > Handbags", "Kitchen > Kettles",
     "Coat hangers", "手机", "Dress shoes", "Top load washers"],
)  # fmt: skip
def test_other_things_stand_as_far_as_a_category_says(category):
    assert not lies(category)
