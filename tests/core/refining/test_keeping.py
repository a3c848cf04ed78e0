"""What a row keeps is kept by whatever is asked of its layout; what can't be done for that is named."""

from dataclasses import replace

import pytest
from hypothesis import given, settings

from layoutgen.core import demands
from layoutgen.core.brands.brand import Brand, Disclaimer, Logo, Measure, Tone
from layoutgen.core.brands.kits import BrandKit
from layoutgen.core.brands.visibility import LogoInk
from layoutgen.core.instructions.parsing import parse
from layoutgen.core.layout import Framing, Role, inside, intersection, to_px
from layoutgen.core.metrics import brands
from layoutgen.core.placing import brand_page
from layoutgen.core.refining.applying import apply
from layoutgen.core.refining.keeping import BrandKeeping, Keeping
from tests.core.refining.layouts import SQUARE, TALL, layout, of, page, text
from tests.core.refining.test_applying import CHANGES, st

INK, SUN, SEA = "#1c1c1e", "#ffe066", "#0b6fa4"
LIGHT, DARK = (
    LogoInk(Logo(f"{name}.png", name, clear_space=Measure(0.5)), colour, 2.0)
    for name, colour in (("dark-bg", "#ffffff"), ("light-bg", INK))
)
BRAND = Brand(
    "sol",
    colours={"all": (INK, SUN, SEA)},
    forbidden_pairs=((SEA, SUN),),
    logos=(LIGHT.logo, DARK.logo),
    logo_plate=False,
    tone=Tone({Role.TITLE: "as_is"}, exclamation="none"),
    disclaimers=(Disclaimer("Two sizes"),),
)
FOOT = ("zone foot", (0.0, 0.85, 1.0, 1.0))


def kept(canvas, *, variants=True, free=(), asked=demands.NOTHING, ground=235, **of_brand):
    """A page of a row of the brand, which has its dark logo."""
    plain = page(canvas, ground=ground)
    brand = replace(BRAND, **of_brand)
    of_row = brands.Layout(canvas, Framing(), (), logo="light-bg.png")
    of_page = brand_page.Page(brand, canvas, plain.ground, Framing(), 3.0)
    kit = BrandKeeping(BrandKit(brand, (DARK, LIGHT)), brands.Means((DARK, LIGHT)), of_row, of_page, variants)
    named = {
        "title": (Role.TITLE, "Summer vase"),
        "price": (Role.PRICE, "$19"),
        "selling_point:2": (Role.SELLING_POINT, "Two sizes"),
    }
    return replace(plain, keeping=Keeping(tuple(free), kit, asked, named))


def done(words, work):
    return apply(parse(words).changes, layout(work.canvas), work)


def overlap(element, box):
    return intersection(element.box, box)


def test_the_layout_of_these_tests_keeps_all():
    for canvas in (SQUARE, TALL):
        assert kept(canvas, free=[FOOT]).keeping.faults(layout(canvas), canvas) == []


@pytest.mark.parametrize("canvas", [SQUARE, TALL], ids=lambda canvas: canvas.name)
def test_what_goes_to_an_edge_stops_before_a_zone_that_stays_free(canvas):
    after = done("price at the bottom right", kept(canvas, free=[FOOT]))
    pill = of(Role.UNDERLAY, after.elements)
    assert after.undone == () and pill.box[3] <= FOOT[1][1] + 1e-6
    assert round(to_px(pill.box, canvas.width, canvas.height)[2]) == canvas.width - 40


def test_what_makes_way_is_not_put_into_a_zone():
    left = ("zone left", (0.0, 0.0, 0.03, 1.0))
    after = done("move the price to the top left", kept(SQUARE, free=[FOOT, left], logos=()))
    assert after.aside and not any(overlap(e, box) > 0 for e in after.elements for _, box in (FOOT, left))


def test_a_colour_is_the_brands_that_is_like_it():
    after = done("title in blue", kept(SQUARE))
    assert of(Role.TITLE, after.elements).colour == SEA and after.undone == ()


def test_a_colour_that_the_brand_has_nothing_like_is_refused_by_its_palette():
    after = done("title in red", kept(SQUARE))
    assert list(after.elements) == layout(SQUARE)
    assert after.undone == (f"title colour #d4202a: brand sol has no colour like it, but {INK}, {SUN}, {SEA}",)


def test_a_forbidden_pair_is_not_made():
    after = done("price in blue, title bigger", kept(SQUARE))
    assert of(Role.PRICE, after.elements).colour == INK and of(Role.TITLE, after.elements).font_px == 75
    assert "it would not keep pair of brand sol" in after.undone[0]


def test_a_text_that_moves_onto_the_dark_has_a_colour_of_the_brand():
    work = kept(SQUARE)
    work.ground[85:] = 20
    after = apply(parse("title at the bottom").changes, layout(SQUARE), work)
    assert of(Role.TITLE, after.elements).colour == SUN


def test_words_are_in_the_brands_tone():
    after = done('title says "Sale!"', kept(SQUARE))
    assert of(Role.TITLE, after.elements).text == "Sale"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ("remove the second selling point", "disclaimer of brand sol"),
        ("remove the logo", "logo of brand sol"),
        ("logo 80% smaller", "fits its place"),
    ],
)
def test_what_the_brand_asks_for_stays(words, reason):
    logos = (replace(LIGHT.logo, least_height=Measure(4, "%")), replace(DARK.logo, least_height=Measure(4, "%")))
    work = kept(SQUARE, logos=logos)
    inks = (replace(DARK, logo=logos[1]), replace(LIGHT, logo=logos[0]))
    brand = work.keeping.brand
    brand = replace(brand, kit=replace(brand.kit, inks=inks), means=brands.Means(inks))
    after = done(words, replace(work, keeping=replace(work.keeping, brand=brand)))
    assert list(after.elements) == layout(SQUARE) and reason in after.undone[0]


def test_a_logo_keeps_its_clear_space_wherever_it_goes():
    after = done("logo below the price", kept(SQUARE))
    logo, pill = of(Role.LOGO, after.elements), of(Role.UNDERLAY, after.elements)
    assert after.undone == () and round(1000 * (logo.box[1] - pill.box[3])) >= 30
    after = done("title directly below the logo", kept(SQUARE))
    assert after.undone == () and not kept(SQUARE).keeping.faults(after.elements, SQUARE)


def test_a_logo_that_moves_onto_the_dark_is_its_light_variant_or_stays():
    for variants in (True, False):
        work = kept(SQUARE, variants=variants)
        work.ground[85:] = 20
        after = apply(parse("logo at the bottom right").changes, layout(SQUARE), work)
        if variants:
            elements, keeping = work.keeping.finished(layout(SQUARE), after.elements)
            assert keeping.brand.layout.logo == "dark-bg.png" and of(Role.LOGO, elements).box[1] > 0.85
        else:
            assert list(after.elements) == layout(SQUARE) and "can be seen where it stands" in after.undone[0]


def test_demands_of_the_row_are_kept_and_named():
    asked = demands.read({"lock": {"price": [0.03, 0.6, 0.5, 0.75]}, "above": [["title", "price"]]})
    work = kept(SQUARE, asked=asked)
    grown = done("price bigger", work)
    assert of(Role.PRICE, grown.elements).font_px == 60 and grown.undone == ()
    assert inside(of(Role.PRICE, grown.elements).box, (0.03, 0.6, 0.5, 0.75), 1e-6)
    away = done("title below the price, first selling point bigger", work)
    assert of(Role.TITLE, away.elements).box == of(Role.TITLE, layout(SQUARE)).box
    assert "it would not keep title above price" in away.undone[0]
    assert of(Role.SELLING_POINT, away.elements).font_px == 40


def test_a_layout_that_breaks_something_already_may_still_be_changed():
    elements = [*layout(SQUARE), text(Role.BADGE, "New", 700, 900, 40, SQUARE)]
    after = apply(parse("title bigger").changes, elements, kept(SQUARE, free=[FOOT]))
    assert after.undone == () and of(Role.TITLE, after.elements).font_px == 75


@settings(max_examples=40, deadline=None)
@given(st.lists(CHANGES, max_size=4), st.sampled_from([SQUARE, TALL]))
def test_whatever_is_asked_nothing_breaks_that_was_kept(changes, canvas):
    asked = demands.read({"lock": {"price": [0.03, 0.6, 0.6, 0.8]}, "largest": {"title": [0.9, 0.1]}})
    work = kept(canvas, free=[FOOT], asked=asked)
    after = apply(changes, layout(canvas), work)
    elements, keeping = work.keeping.finished(layout(canvas), after.elements)
    assert keeping.faults(elements, canvas) == []
    assert len(after.done) + len(after.undone) >= len(changes)
