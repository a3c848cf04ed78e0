"""Which styles a row may have."""

from dataclasses import replace

import pytest

from layoutgen.core.styles.choosing import UnknownStyleError, Wardrobe, suiting
from layoutgen.core.styles.style import Style

KNOWN = {name: Style(name, name.title(), f"{name}.") for name in ("plain", "tech", "kids")}


def names(wardrobe, *row):
    return [style.name for style in wardrobe.of_row(*row)]


def test_a_rows_own_style_goes_before_its_brands_and_that_before_its_categorys():
    wardrobe = Wardrobe(KNOWN, "plain", (), {"toys": "kids"}, {"VALE": "tech"})
    assert names(wardrobe, "kids", "vale", "Toys") == ["kids"]
    assert names(wardrobe, None, "vale", "Toys") == ["tech"]
    assert names(wardrobe, None, "other", "Toys") == ["kids"]
    assert names(wardrobe, None, None, None) == ["plain"]
    assert names(wardrobe, "auto", "vale", "Toys") == ["plain", "tech", "kids"]


def test_auto_weighs_the_allowed_styles_alone_but_a_row_may_name_any():
    wardrobe = Wardrobe(KNOWN, allowed=("tech", "plain"))
    assert names(wardrobe, None, None, None) == ["tech", "plain"]
    assert names(wardrobe, "kids", None, None) == ["kids"]


def test_a_style_that_is_not_there_is_named_with_the_known_ones():
    with pytest.raises(UnknownStyleError, match="style 'loud' is not known here; known: auto, plain, tech, kids"):
        Wardrobe(KNOWN).of_row("loud", None, None)
    with pytest.raises(UnknownStyleError, match="style 'loud' is not known here"):
        Wardrobe(KNOWN).named("loud")
    assert Wardrobe(KNOWN).named(None).name == "plain"


def test_what_suits_stands_first_and_what_is_for_anything_before_what_is_for_others():
    tech = replace(KNOWN["tech"], suits=("headphones", "耳机"))
    kids = replace(KNOWN["kids"], suits=("toy", "儿童"), price="needed")
    styles = [kids, KNOWN["plain"], tech]
    assert suiting(styles, ["Audio", "无线耳机"], False)[0].name == "tech"
    assert suiting(styles, ["Audio", "Wireless Headphones Pro"], False)[0].name == "tech"
    assert suiting(styles, ["Toys", None], True)[0].name == "kids"
    assert [style.name for style in suiting(styles, ["Toyota"], True)] == ["plain", "kids", "tech"]
    assert [style.name for style in suiting(styles, ["Toys"], False)] == ["plain", "tech"]
    assert [style.name for style in suiting([kids], ["Vase"], False)] == ["kids"]
