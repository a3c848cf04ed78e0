"""What of a row breaks its brand's kit."""

from dataclasses import replace

import numpy as np
import pytest

from layoutgen.core import colour
from layoutgen.core.brands.brand import Brand, Disclaimer, Fonts, Logo, Measure, Tone
from layoutgen.core.brands.visibility import LogoInk
from layoutgen.core.layout import Canvas, Element, Framing, Ornament, Role, Run, Scrim
from layoutgen.core.metrics.brands import CONSTRAINTS, Layout, Means, totals, violations

CANVAS = Canvas(400, 400)
LOGO = Logo("kit/light.png", clear_space=Measure(0.5), least_height=Measure(30, "px"))
BRAND = Brand(
    "nordlys",
    fonts=Fonts("kit/Serif.ttf", "kit/Sans.ttf"),
    colours={"primary": ("#0b1f3a",), "accent": ("#ffb000",), "text": ("#ffffff",)},
    forbidden_pairs=(("#ffb000", "#ffffff"),),
    logos=(LOGO,),
    tone=Tone({Role.TITLE: "upper"}, "none", "none"),
    disclaimers=(Disclaimer("Nordlys AS"),),
    styles=("plain",),
    safe_zones={"1:1": {"foot": (0.0, 0.9, 1.0, 1.0)}},
)
MEANS = Means((LogoInk(LOGO, "#ffffff", 2.0),), lambda role, text: text.isascii(), ("Serif.ttf", "Sans.ttf"))


def text(role, words, top, file="Sans.ttf", ink="#ffffff", **more):
    run = Run(0, words, file[:-4], file, 400, "Latn", "", "ltr", (), 0.0, 20.0, 80.0)
    box = (0.1, top, 0.6, top + 0.06)
    return Element(role, box, words, (words,), file[:-4], 20, 24, ink, runs=(run,), z=2, **more)


def picture():
    """The dark canvas with the colours of the texts where they stand."""
    pixels = np.empty((400, 400, 3), np.uint8)
    pixels[:] = colour.to_rgb("#0b1f3a")
    for top in (0.1, 0.2, 0.8):
        pixels[int(400 * top) + 6 : int(400 * top) + 18, 50:200] = 255
    return pixels


GOOD = Layout(
    CANVAS,
    Framing(picture=(0, 0, 1, 0.5), backdrop="#0b1f3a"),
    (
        Element(Role.LOGO, (0.7, 0.6, 0.9, 0.7)),
        text(Role.TITLE, "WARM", 0.1, "Serif.ttf"),
        text(Role.SELLING_POINT, "Holds 2 l", 0.2),
        text(Role.DISCLAIMER, "Nordlys AS", 0.8),
    ),
    logo=LOGO.uri,
    style="plain",
    picture=picture(),
)


def changed(index, **values):
    elements = list(GOOD.elements)
    elements[index] = replace(elements[index], **values)
    return replace(GOOD, elements=tuple(elements))


def test_a_layout_that_keeps_its_kit_breaks_nothing():
    broken, count = violations(BRAND, GOOD, MEANS)
    assert broken == []
    assert count == len(CONSTRAINTS)


@pytest.mark.parametrize(
    ("layout", "broken"),
    [
        (changed(2, runs=(replace(GOOD.elements[2].runs[0], file="NotoSansKR.ttf"),)), ["font"]),
        (changed(2, colour="#ff0000"), ["colour", "drawn"]),
        (replace(GOOD, framing=replace(GOOD.framing, backdrop="#112233")), ["colour"]),
        (replace(GOOD, framing=replace(GOOD.framing, scrims=(Scrim((0, 0, 1, 1), "#000000", 0.5),))), ["colour"]),
        (
            replace(GOOD, framing=replace(GOOD.framing, ornaments=(Ornament("disc", (0, 0, 1, 1), "#000000"),))),
            ["colour"],
        ),
        (replace(GOOD, framing=replace(GOOD.framing, backdrop="#ffb000")), ["pair"]),
        (replace(GOOD, logo="kit/other.png"), ["logo"]),
        (replace(GOOD, elements=GOOD.elements[1:]), ["logo"]),
        (changed(0, box=(0.7, 0.72, 0.9, 0.82)), []),
        (changed(0, box=(0.5, 0.68, 0.7, 0.78)), ["logo_clear"]),
        (changed(0, box=(0.79, 0.6, 0.99, 0.7)), ["logo_clear"]),
        (changed(0, box=(0.7, 0.6, 0.8, 0.65)), ["logo_size"]),
        (replace(GOOD, picture=np.full((400, 400, 3), 250, np.uint8)), ["logo_seen"]),
        (changed(1, text="Warm", lines=("Warm",)), ["tone"]),
        (changed(2, text="Holds 2 l!", lines=("Holds 2 l!",)), ["tone"]),
        (replace(GOOD, style="bold"), ["style"]),
        (replace(GOOD, elements=GOOD.elements[:3]), ["disclaimer"]),
        (changed(3, box=(0.1, 0.88, 0.6, 0.94)), ["safe_zone", "drawn"]),
    ],
)
def test_each_constraint_is_seen(layout, broken):
    assert violations(BRAND, layout, MEANS)[0] == broken


def test_a_text_that_the_brands_font_has_not_may_stand_in_another():
    cjk = changed(2, text="冬", lines=("冬",), runs=(replace(GOOD.elements[2].runs[0], text="冬", file="SC.ttf"),))
    assert violations(BRAND, cjk, MEANS)[0] == []


def test_a_kit_that_asks_for_nothing_is_not_broken():
    assert violations(Brand("none"), changed(2, colour="#ff0000"), Means()) == ([], 0)


def test_a_runs_share_is_of_all_checks():
    run = totals([([], 10), (["font", "tone"], 10)])
    assert run["own_brand_violations"] == pytest.approx(0.1)
    assert run["font"] == 1
    assert totals([])["own_brand_violations"] == 0


def test_thin_strokes_may_be_mixed_with_what_is_behind_them_and_have_no_other_colour():
    def drawn(ink, shown):
        pixels = np.full((400, 400, 3), 255, np.uint8)
        pixels[86:98, 50:200:3] = colour.blend(np.full(3, 255.0), shown, 0.8).round()
        text_of = text(Role.SELLING_POINT, "Holds 2 l", 0.2, ink=ink)
        layout = replace(GOOD, elements=(GOOD.elements[0], text_of), picture=pixels)
        return "drawn" not in violations(BRAND, layout, MEANS)[0]

    assert drawn("#0b1f3a", "#0b1f3a")
    assert not drawn("#0b1f3a", "#ffb000")
    assert not drawn("#ffb000", "#0b1f3a")
