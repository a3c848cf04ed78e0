"""A placed layout under its brand's colours and logo."""

from dataclasses import replace

import numpy as np
import pytest

from layoutgen.core import colour
from layoutgen.core.brands.brand import Brand, Logo, Measure
from layoutgen.core.brands.kits import BrandKit
from layoutgen.core.brands.visibility import LogoInk
from layoutgen.core.layout import Canvas, Element, Framing, Role, Run, Scrim, Suggestion
from layoutgen.core.metrics.brands import Layout, Means, violations
from layoutgen.core.placing import branding
from layoutgen.core.placing.placement import NoLayoutError

CANVAS = Canvas(600, 600)
NAVY, GOLD, PAPER, MIST = "#0b1f3a", "#ffb000", "#ffffff", "#eef3f8"
LIGHT = LogoInk(Logo("light.png", "dark-bg", clear_space=Measure(0.5), least_height=Measure(20, "px")), PAPER, 3.0)
DARK = LogoInk(replace(LIGHT.logo, uri="dark.png", background="light-bg"), NAVY, 3.0)
BRAND = Brand(
    "nordlys",
    colours={"primary": (NAVY,), "accent": (GOLD,), "background": (NAVY, MIST), "text": (PAPER, NAVY)},
    forbidden_pairs=((GOLD, PAPER), (GOLD, MIST)),
    logos=(LIGHT.logo, DARK.logo),
    safe_zones={"1:1": {"foot": (0.0, 0.95, 1.0, 1.0)}},
)
KIT = BrandKit(BRAND, (LIGHT, DARK))
WHOLE = Framing()


def ground(*colours):
    """A canvas of (384, 384) in bands of colours, from top to bottom."""
    rows = np.array([colour.to_rgb(each) for each in colours])[np.arange(384) * len(colours) // 384]
    return np.repeat(rows[:, None], 384, axis=1).astype(np.uint8)


def text(top, ink="#444444", role=Role.TITLE, **more):
    return Element(role, (0.1, top, 0.5, top + 0.08), "Warm", ("Warm",), "Inter", 40, 48, ink, z=2, **more)


def logo(top=0.6, **more):
    return Element(Role.LOGO, (0.1, top, 0.4, top + 0.1), z=2, **more)


def keep(elements, pixels, kit=KIT, framing=WHOLE):
    return branding.keep(elements, kit, CANVAS, pixels, framing, 4.5)


def broken(elements, pixels, chosen, framing=WHOLE):
    layout = Layout(CANVAS, framing, elements, logo=chosen, picture=pixels)
    return [name for name in violations(BRAND, layout, Means((LIGHT, DARK)))[0] if name != "drawn"]


def test_texts_take_the_nearest_colour_that_can_be_read():
    pixels = ground("#f4f4f4", "#101820")
    done = keep([text(0.1), text(0.7, "#fefefe")], pixels)
    assert [e.colour for e in done.elements] == [NAVY, PAPER]
    assert done.contrast >= 4.5


def test_equals_stay_equal():
    pills = [Element(Role.UNDERLAY, (0.1, top, 0.4, top + 0.05), colour="#c02040") for top in (0.1, 0.2, 0.3)]
    points = [text(top, PAPER, Role.SELLING_POINT, underlay=i) for i, top in enumerate((0.1, 0.2, 0.3))]
    done = keep([*pills, *points], ground("#d8c0b0", "#302018", "#d8c0b0")).elements
    assert len({(e.colour, e.opacity) for e in done[:3]}) == len({e.colour for e in done[3:]}) == 1
    assert broken(done, ground("#d8c0b0"), None) == ["logo"]


def test_a_text_that_the_picture_leaves_unreadable_gets_a_ground_of_the_brand():
    rng = np.random.default_rng(0)
    restless = rng.integers(0, 255, (384, 384, 3)).astype(np.uint8)
    under, title, other = (
        keep([text(0.1), text(0.5)], restless).elements[0],
        *keep([text(0.1), text(0.5)], restless).elements[2:],
    )
    assert under.role is Role.UNDERLAY
    assert under.colour in BRAND.palette
    assert (title.underlay, other.underlay) == (0, 1)
    assert colour.ratio(title.colour, under.colour) >= 4.5


def test_a_translucent_ground_becomes_opaque_where_it_has_to():
    under = Element(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.3), colour="#101010", opacity=0.3)
    done = keep([under, text(0.1, PAPER, underlay=0)], ground("#ffffff")).elements
    assert done[0].opacity == 1.0
    assert colour.ratio(done[0].colour, done[1].colour) >= 4.5


def test_a_gradient_runs_between_the_brands_colours_or_not_at_all():
    brand = replace(BRAND, colours={**BRAND.colours, "secondary": ("#12406b",)})
    under = Element(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.3), colour=NAVY, gradient="#15456f")
    pixels = ground("#ffffff")
    filled = keep([under, text(0.1, PAPER, underlay=0)], pixels, BrandKit(brand, KIT.inks)).elements[0]
    assert (filled.colour, filled.gradient) == (NAVY, "#12406b")
    for far in ("#f0f4f8", NAVY):
        elements = [replace(under, gradient=far), text(0.1, PAPER, underlay=0)]
        assert keep(elements, pixels, BrandKit(brand, KIT.inks)).elements[0].gradient == ""


def test_a_rule_below_a_text_bears_nothing():
    rule = Element(Role.UNDERLAY, (0.1, 0.1, 0.5, 0.2), colour="#ff8800", shape="line")
    framing = Framing(picture=(0.5, 0.5, 1, 1), backdrop=MIST)
    done = keep([rule, text(0.1, GOLD, underlay=0)], ground(MIST), framing=framing).elements
    assert (done[0].colour, done[1].colour) == (GOLD, NAVY)


def test_no_text_stands_on_a_colour_that_it_must_not():
    framing = Framing(picture=(0.5, 0.5, 1, 1), backdrop=MIST)
    done = keep([text(0.1, GOLD)], ground(MIST), framing=framing).elements
    assert done[0].colour == NAVY


@pytest.mark.parametrize(("behind", "variant"), [("#0a0f18", "light.png"), ("#f0f0f0", "dark.png")])
def test_the_logo_is_the_variant_for_its_ground(behind, variant):
    done = keep([logo()], ground(behind))
    assert done.logo == variant
    assert broken(done.elements, ground(behind), done.logo) == []


def test_a_logo_that_cannot_be_seen_gets_a_ground_of_the_brand():
    rng = np.random.default_rng(0)
    restless = rng.integers(0, 255, (384, 384, 3)).astype(np.uint8)
    under, mark = keep([logo()], restless).elements
    assert under.colour == NAVY
    assert mark.underlay == 0
    assert under.box[0] < mark.box[0] < mark.box[2] < under.box[2]


def test_a_variant_of_another_shape_keeps_its_own():
    tall = replace(LIGHT, aspect=1.0)
    (mark,) = keep([logo()], ground("#000000"), BrandKit(BRAND, (tall,))).elements
    left, top, right, bottom = mark.box
    assert (right - left) * 600 == pytest.approx((bottom - top) * 600)


def test_a_logo_without_a_way_says_why():
    grey = replace(LIGHT, colour="#0b1f3a")
    only_dark = replace(BRAND, colours={"background": (NAVY,), "text": (PAPER,)})
    with pytest.raises(
        NoLayoutError,
        match=r"can be seen where it stands on 600x600 \(light.png 0% of its ink\), and no ground of the brand shows",
    ) as no:
        keep([logo()], ground("#101010"), BrandKit(only_dark, (grey,)))
    assert no.value.kind == "brand_logo"
    huge = replace(LIGHT, logo=replace(LIGHT.logo, least_height=Measure(400, "px")))
    with pytest.raises(NoLayoutError, match="fits its place on 600x600 at its least height"):
        keep([logo()], ground("#101010"), BrandKit(BRAND, (huge,)))


def test_colours_without_a_way_say_why():
    pale = replace(BRAND, colours={"text": (PAPER,), "background": (MIST,)}, forbidden_pairs=())
    with pytest.raises(NoLayoutError, match="no two colours that may stand on each other") as no:
        keep([text(0.1)], ground(MIST), BrandKit(pale))
    assert no.value.kind == "brand_colours"


def test_grounds_of_texts_stay_out_of_clear_space_and_safe_zones():
    under = Element(Role.UNDERLAY, (0.05, 0.05, 0.6, 0.58), colour="#101010")
    foot = Element(Role.UNDERLAY, (0.1, 0.85, 0.5, 0.99), colour="#101010")
    elements = [under, foot, text(0.1, PAPER, underlay=0), text(0.86, PAPER, underlay=1), logo()]
    done = keep(elements, ground("#0a0f18"))
    assert done.elements[0].box[3] <= 0.6 - 0.05 + 1e-6
    assert done.elements[1].box[3] <= 0.95
    assert broken(done.elements, ground("#0a0f18"), done.logo) == []


def test_backdrops_and_veils_have_the_brands_colours():
    framing = Framing(backdrop="#f5f5f0", backdrop_to="#202030", scrims=(Scrim((0, 0, 1, 1), "#000000", 0.5),))
    branded = branding.ground(framing, BRAND)
    assert (branded.backdrop, branded.backdrop_to, branded.scrims[0].colour) == (MIST, NAVY, NAVY)
    assert branding.ground(framing, Brand("none")) is framing


def test_a_text_that_must_stand_is_added_where_it_is_left_out():
    title = Suggestion(Role.TITLE, (0, 0, 1, 0.1), "Warm")
    added = branding.with_texts([title], "Nordlys AS")
    assert [(each.role, each.text) for each in added] == [(Role.TITLE, "Warm"), (Role.DISCLAIMER, "Nordlys AS")]
    assert branding.with_texts(added, "Nordlys AS") == added
    assert branding.with_texts([title], None) == [title]


def test_letters_in_a_font_of_others_are_refused_where_the_brand_says_so():
    strict = replace(BRAND, fonts=replace(BRAND.fonts, only=True))
    kit = replace(KIT, brand=strict, title_font="/kits/Nord.ttf")
    run = Run(0, "Warm", "Nord", "Nord.ttf", 400, "Latn", "", "ltr", (), 0.0, 30.0, 90.0)
    assert keep([text(0.1, runs=(run,))], ground(PAPER), kit).elements
    with pytest.raises(NoLayoutError, match="no font of nordlys has all letters of 'Warm'") as refused:
        keep([text(0.1, runs=(replace(run, file="NotoSans.ttf"),))], ground(PAPER), kit)
    assert refused.value.kind == "brand_fonts"
