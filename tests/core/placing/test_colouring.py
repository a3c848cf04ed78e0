import numpy as np
import pytest

from layoutgen.core import colour
from layoutgen.core.layout import Canvas, Element, Role, inside, intersection
from layoutgen.core.placing.colouring import accent_colour, colour_elements

CANVAS = Canvas(400, 400)
WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (128, 128, 128)
NO_SUBJECT = np.zeros((100, 100), np.float32)


def ground(rgb):
    return np.full((100, 100, 3), rgb, np.uint8)


def noise(low=0, high=255):
    return np.random.default_rng(0).choice([low, high], (100, 100, 1)).astype(np.uint8).repeat(3, axis=2)


def text(box, role=Role.TITLE, font_px=30):
    return Element(role, box, "字", ("字",), font_px=font_px, line_height_px=40)


def coloured(elements, pixels, pills=None, min_contrast=4.5, subject=NO_SUBJECT):
    return colour_elements(elements, pills or [None] * len(elements), CANVAS, pixels, subject, min_contrast)


TITLE = text((40.0, 40.0, 200.0, 80.0))
POINT = text((40.0, 90.0, 200.0, 120.0), Role.SELLING_POINT, 20)
FAR = text((300.0, 350.0, 390.0, 390.0), Role.SELLING_POINT, 20)
LOGO = Element(Role.LOGO, (40.0, 90.0, 120.0, 120.0))


@pytest.mark.parametrize(("rgb", "is_dark"), [(WHITE, True), (BLACK, False)])
def test_text_is_dark_on_a_light_ground_and_light_on_a_dark_one_without_an_underlay(rgb, is_dark):
    elements, contrast = coloured([TITLE, POINT], ground(rgb))
    assert [e.underlay for e in elements] == [None, None]
    assert all((colour.luminance(colour.to_rgb(e.colour)) < 0.2) == is_dark for e in elements)
    assert contrast > 10


def test_one_colour_serves_all_texts_where_it_can():
    pixels = ground(WHITE)
    pixels[:, 60:] = (190, 190, 190)
    elements, _ = coloured([TITLE, FAR], pixels)
    assert elements[0].colour == elements[1].colour


def test_texts_on_grounds_too_different_for_one_colour_have_their_own():
    pixels = ground(WHITE)
    pixels[60:] = BLACK
    elements, contrast = coloured([TITLE, FAR], pixels)
    assert [e.role for e in elements] == [Role.TITLE, Role.SELLING_POINT]
    assert elements[0].colour != elements[1].colour == colour.PAPER
    assert contrast >= 4.5


@pytest.mark.parametrize("rgb", [WHITE, BLACK, GREY, (255, 0, 0), (0, 160, 60)])
@pytest.mark.parametrize("least", [1.0, 4.5, 7.0, 12.0, 15.0])
def test_the_contrast_asked_for_is_reached_on_any_ground(rgb, least):
    assert coloured([TITLE, POINT], ground(rgb), min_contrast=least)[1] >= least
    assert coloured([TITLE, POINT], ground(rgb), [None, (30.0, 85.0, 210.0, 125.0)], least)[1] >= least


def test_a_restless_ground_gets_a_panel_under_neighbouring_texts_together():
    elements, contrast = coloured([TITLE, POINT], noise())
    assert [e.role for e in elements] == [Role.UNDERLAY, Role.TITLE, Role.SELLING_POINT]
    panel, *texts = elements
    assert all(e.underlay == 0 and inside(e.box, panel.box) and e.z > panel.z for e in texts)
    assert texts[0].colour == texts[1].colour != panel.colour
    assert contrast >= 4.5


def test_texts_far_apart_get_a_panel_each():
    elements, _ = coloured([TITLE, FAR], noise())
    panels = [e for e in elements if e.role is Role.UNDERLAY]
    assert len(panels) == 2
    assert intersection(panels[0].box, panels[1].box) == 0
    assert [e.underlay for e in elements if e.lines] == [0, 1]


def test_a_panel_never_lies_under_a_logo_image():
    elements, _ = coloured([TITLE, LOGO, text((40.0, 125.0, 200.0, 150.0))], noise())
    logo = next(e for e in elements if e.role is Role.LOGO)
    assert not [e for e in elements if e.role is Role.UNDERLAY and intersection(e.box, logo.box) > 0]


def test_a_logo_image_needs_no_colour():
    elements, contrast = coloured([LOGO], ground(WHITE))
    assert [(e.role, e.underlay) for e in elements] == [(Role.LOGO, None)]
    assert contrast == 21


@pytest.mark.parametrize(("rgb", "has_plate"), [(WHITE, True), (BLACK, False)])
def test_a_logo_that_cannot_be_told_from_its_ground_gets_a_plate(rgb, has_plate):
    elements, _ = colour_elements([LOGO], [None], CANVAS, ground(rgb), NO_SUBJECT, 4.5, logo="#f4f4f4")
    assert [e.role for e in elements] == [Role.UNDERLAY] * has_plate + [Role.LOGO]
    if has_plate:
        plate, logo = elements
        assert inside(logo.box, plate.box)
        assert (logo.underlay, plate.colour) == (0, colour.INK)


def test_a_panel_is_dark_on_a_dark_picture_and_light_on_a_light_one():
    panels = [coloured([TITLE], noise(*shades))[0][0] for shades in ((0, 120), (120, 255))]
    assert [panel.role for panel in panels] == [Role.UNDERLAY] * 2
    dark, light = (float(colour.luminance(colour.to_rgb(panel.colour))) for panel in panels)
    assert dark < 0.1 and light > 0.8


def test_contrast_of_a_shared_panel_is_that_of_its_worst_text():
    pixels = noise()
    pixels[23:31] = noise(0, 70)[23:31]
    elements, contrast = coloured([text((4.0, 4.0, 390.0, 90.0)), text((4.0, 92.0, 390.0, 120.0), font_px=20)], pixels)
    panel, *texts = elements
    assert [e.underlay for e in texts] == [0, 0]
    measured = []
    for element in texts:
        rows = slice(int(element.box[1] / 4), -int(-element.box[3] // 4))
        behind = pixels[rows, 1:98].reshape(-1, 3) * (1 - panel.opacity) + colour.to_rgb(panel.colour) * panel.opacity
        measured.append(colour.contrast_on(element.colour, behind))
    assert contrast == pytest.approx(min(measured))


def test_a_pill_has_the_products_colour_where_it_stands_out():
    pixels = ground(WHITE)
    pixels[40:60, 40:60] = (200, 30, 30)
    subject = NO_SUBJECT.copy()
    subject[40:60, 40:60] = 1
    pill, element = coloured([POINT], pixels, [(30.0, 85.0, 210.0, 125.0)], subject=subject)[0]
    red, green, blue = colour.to_rgb(pill.colour)
    assert red > 2 * max(green, blue)
    assert (pill.box, pill.radius_px, element.underlay) == ((30.0, 85.0, 210.0, 125.0), 20, 0)
    assert element.colour == colour.PAPER


def test_pills_of_one_kind_have_one_colour_whatever_is_behind_each():
    pixels = ground(WHITE)
    pixels[40:60, 40:60] = (200, 30, 30)
    subject = NO_SUBJECT.copy()
    subject[40:60, 40:60] = 1
    pixels[:, 60:] = (190, 25, 25)
    places = [(30.0, 85.0, 210.0, 125.0), (250.0, 85.0, 390.0, 125.0)]
    points = [text(place, role=Role.SELLING_POINT) for place in places]
    first, second, *texts = coloured(points, pixels, places, subject=subject)[0]
    assert first.colour == second.colour and texts[0].colour == texts[1].colour
    assert colour.to_rgb(first.colour)[0] < 60  # the product's red would be lost on the right


def test_panels_of_one_layout_have_one_colour():
    pixels = noise(0, 90)
    pixels[60:] = noise(165, 255)[60:]
    texts = [text((4.0, 4.0, 90.0, 24.0)), text((310.0, 370.0, 396.0, 390.0))]
    first, second, *_ = coloured(texts, pixels)[0]
    assert first.role is second.role is Role.UNDERLAY
    assert (first.colour, first.opacity) == (second.colour, second.opacity)


def test_a_pill_inside_a_panel_stands_on_it():
    below = text((40.0, 130.0, 200.0, 160.0))
    elements, _ = coloured([TITLE, POINT, below], noise(), [None, (30.0, 85.0, 210.0, 125.0), None])
    panel, pill, title, point, _ = elements
    assert (title.underlay, point.underlay, pill.underlay, panel.underlay) == (0, 1, 0, None)
    assert panel.z < pill.z < point.z
    assert inside(pill.box, panel.box)


def test_a_price_has_the_accent_or_red_where_that_can_be_read():
    price = text((40.0, 140.0, 200.0, 170.0), Role.PRICE)
    title, red = coloured([TITLE, price], ground(WHITE))[0]
    assert title.colour != red.colour
    assert colour.to_rgb(red.colour)[0] > 150


def test_the_accent_is_the_subjects_colour_whatever_the_ground_is():
    pixels = ground((40, 200, 60))
    pixels[40:60, 40:60] = (30, 60, 200)
    subject = NO_SUBJECT.copy()
    subject[40:60, 40:60] = 1
    red, green, blue = colour.to_rgb(accent_colour(pixels, subject))
    assert blue > max(red, green)


def test_the_accent_is_deep_enough_for_white_text():
    for rgb in np.random.default_rng(0).integers(0, 256, (50, 3)):
        accent = accent_colour(ground(rgb), np.ones((100, 100), np.float32))
        assert colour.contrast_on(accent, np.array([[255, 255, 255]])) >= 4.5
