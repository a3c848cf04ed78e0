"""What posters have in common, and the kit and style that follow."""

import json

import pytest

from layoutgen.config.styles import parse
from layoutgen.core.brands import form
from layoutgen.core.brands.contradictions import of_colours
from layoutgen.core.layout import Role
from layoutgen.core.learning.observed import Container, Poster, Text
from layoutgen.core.learning.proposal import kit_of, learn, refined, style_of, toml

NAVY, GOLD, MIST = "#0b1f3a", "#c25e00", "#eef3f8"


def text(role, em, top, ink=NAVY, held=None):
    box = (0.1, top, 0.5, top + 0.05)
    return Text(role, "Warm", box, em, ink, Container(held, box, "pill") if held else None)


def posters(count=6, family="panel"):
    return [
        Poster(
            f"{i}.png",
            900,
            1200,
            (
                text(Role.TITLE, 80 + i, 0.1),
                text(Role.SELLING_POINT, 0.5 * (80 + i), 0.2, "#fefefe", NAVY),
                text(Role.PRICE, 1.2 * (80 + i), 0.3),
                text(Role.CALL_TO_ACTION, 0.48 * (80 + i), 0.5, "#ffffff", GOLD),
            ),
            family if i else "full",
            (MIST,),
        )
        for i in range(count)
    ]


def test_scales_colours_and_families_are_those_of_most():
    learnt = learn(posters())
    assert learnt.scales[Role.SELLING_POINT] == pytest.approx(0.5)
    assert learnt.scales[Role.PRICE] == pytest.approx(1.2)
    assert {NAVY, GOLD, MIST} <= {ink.colour for ink in learnt.inks}
    assert len(learnt.inks) == 4  # and one white, of two that nobody tells apart
    assert learnt.families == {"panel": 5, "full": 1}
    assert learnt.containers[Role.SELLING_POINT] == {"pill": 6}
    assert learnt.title == (pytest.approx(80 / 900), pytest.approx(85 / 900))


def test_a_colour_of_one_poster_alone_is_not_the_brands():
    odd = posters()
    odd[0] = Poster("0.png", 900, 1200, (text(Role.TITLE, 80, 0.1, "#00aa00"),), "full", ())
    assert "#00aa00" not in {ink.colour for ink in learn(odd).inks}


def test_the_proposed_style_and_kit_can_be_used():
    learnt = learn(posters())
    style = parse(toml(style_of(learnt, "fjord")).encode(), "fjord.toml")
    assert style.type_of(Role.PRICE).scale == pytest.approx(1.2)
    assert style.type_of(Role.SELLING_POINT).container == "pill"
    assert min(style.grounds, key=lambda ground: style.grounds[ground]) in ("panel", "band")
    assert style.palette.ink == NAVY
    kit = form.parse(json.dumps(kit_of(learnt, "fjord")).encode(), "fjord", lambda path: path)
    assert kit.faults == ()
    assert of_colours(kit.brand) == []
    assert GOLD in kit.brand.palette
    assert kit.brand.styles == ("fjord",)


def test_a_poster_of_nothing_but_a_title_gives_a_style_that_can_be_used():
    bare = [Poster(f"{i}.png", 900, 1200, (text(Role.TITLE, 80, 0.1),), "full", ()) for i in range(5)]
    style = parse(toml(style_of(learn(bare), "bare")).encode(), "bare.toml")
    assert style.grounds.keys() == {"bleed", "extend"}


def test_smaller_prices_are_struck_ones_and_small_print_at_the_foot_is_a_disclaimer():
    roles = [each.role for each in refined([
        text(Role.PRICE, 90, 0.3), text(Role.PRICE, 40, 0.4), text(Role.TITLE, 80, 0.1), text(Role.OTHER, 20, 0.93),
    ])]  # fmt: skip
    assert roles == [Role.PRICE, Role.WAS_PRICE, Role.TITLE, Role.DISCLAIMER]


@pytest.mark.parametrize(
    ("words", "shape", "role"),
    [
        ("新品", "disc", Role.BADGE),
        ("Only 9", "disc", Role.BADGE),
        ("NEW", "rounded", Role.BADGE),
        ("-20%", "pill", Role.BADGE),
        ("限时特惠", "pill", Role.BADGE),
        ("Waterproof", "pill", Role.SELLING_POINT),
        ("Soft, breathable fabric", "disc", Role.SELLING_POINT),
        ("新品", None, Role.SELLING_POINT),
    ],
)
def test_a_sticker_is_told_by_its_shape_or_its_words(words, shape, role):
    held = Container(GOLD, (0.1, 0.1, 0.3, 0.2), shape) if shape else None
    assert refined([Text(Role.SELLING_POINT, words, (0.12, 0.12, 0.28, 0.18), 30, NAVY, held)])[0].role is role
