"""Prices as heroes: small currency, large number, one line of both."""

from itertools import pairwise

import pytest

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Element, Role
from layoutgen.core.styles.style import Style, Type
from layoutgen.core.text.casing import cased
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import set_text
from layoutgen.imaging.shaping import Typeface
from layoutgen.models.building.fonts import FaceFor

FACES = FaceFor(PlaceSettings())
STYLE = Style("s", "S", "S.", {Role.PRICE: Type(1.25, 800, "grotesque")}, currency=0.5)


@pytest.mark.parametrize(
    ("price", "parts"),
    [
        ("￥299", [("￥", 0.5), ("299", 1.0)]),
        ("$5.90", [("$", 0.5), ("5.90", 1.0)]),
        ("￥1,299起", [("￥", 0.5), ("1,299", 1.0), ("起", 0.5)]),
        ("129元", [("129", 1.0), ("元", 0.5)]),
    ],
)
def test_what_is_no_number_is_small_where_there_is_one_number(price, parts):
    face = FACES.speaking(None, STYLE)(Role.PRICE, price)
    runs = face.runs(price, 100)
    assert [(run.text.strip(), run.scale) for run in runs] == parts


@pytest.mark.parametrize(("language", "price"), [("ru", "3 990 ₽"), ("zh", "2件99元"), ("ar", "١٩٩ ر.س")])
def test_lines_of_several_numbers_and_those_from_right_to_left_have_one_size(language, price):
    face = FACES.speaking(language, STYLE)(Role.PRICE, price)
    assert {run.scale for run in face.runs(price, 50)} == {1.0}


def test_a_prices_width_ends_where_its_last_run_does_and_its_advances_add_up():
    face = FACES.speaking(None, STYLE)(Role.PRICE, "￥299起")
    runs = face.runs("￥299起", 80)
    assert face.width("￥299起", 80) == pytest.approx(runs[-1].x_px + runs[-1].width_px, abs=1)
    assert sum(face.advances("￥299起", 80)) == pytest.approx(face.width("￥299起", 80), abs=1)
    assert all(a.x_px + a.width_px == pytest.approx(b.x_px, abs=1.5) for a, b in pairwise(runs))
    setting = set_text("￥299起", 400, face, 80)
    whole = Element(Role.PRICE, (0, 0, setting.width_px, setting.height_px), "￥299起", setting.lines, font_px=80)
    drawn = with_runs(whole, face, setting.width_px)
    assert len({run.baseline_px for run in drawn.runs}) == 1


def test_figures_are_in_the_styles_family_and_weight_and_han_in_its_weight():
    face = FACES.speaking("zh", STYLE)(Role.PRICE, "￥299")
    assert [(run.font, run.weight) for run in face.runs("￥299", 50)] == [
        ("NotoSansSC-ExtraBold", 800),
        ("Inter-ExtraBold", 800),
    ]


def test_tracking_widens_lines_and_stands_in_their_runs():
    wide = Style("w", "W", "W.", {Role.TITLE: Type(1, 700, tracking=0.1)})
    loose, tight = (FACES.speaking("en", style)(Role.TITLE, "Linen") for style in (wide, STYLE))
    assert isinstance(loose, Typeface)
    assert loose.width("Linen", 100) == pytest.approx(tight.width("Linen", 100) + 5 * 10, abs=0.5)
    assert sum(loose.advances("Linen", 100)) == pytest.approx(loose.width("Linen", 100), abs=0.5)
    (run,) = loose.runs("Linen", 100)
    assert run.letter_spacing_px == pytest.approx(10)
    assert "-liga" in run.features


def test_letters_that_are_joined_are_not_spaced():
    wide = Style("w", "W", "W.", {Role.TITLE: Type(1, 700, tracking=0.1)})
    face = FACES.speaking("ar", wide)(Role.TITLE, "قميص")
    assert {run.letter_spacing_px for run in face.runs("قميص", 50)} == {0.0}


@pytest.mark.parametrize(
    ("text", "case", "language", "set_as"),
    [
        ("Linen 衬衫", "upper", None, "LINEN 衬衫"),
        ("Linen", "lower", None, "linen"),
        ("Linen", "as_is", None, "Linen"),
        ("indirim", "upper", "tr", "İNDİRİM"),
        ("Straße", "upper", "de", "STRAßE"),
    ],
)
def test_a_case_changes_letters_and_never_their_number(text, case, language, set_as):
    assert cased(text, case, language) == set_as
    assert len(cased(text, case, language)) == len(text)
