from dataclasses import replace

import numpy as np
import pytest
from PIL import Image, ImageDraw

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Canvas, Copy, Framing, Role, inside, intersection
from layoutgen.core.proposals import framings
from layoutgen.core.styles.style import ORNAMENTS, Style
from layoutgen.imaging import framed
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.rules import RulesComposer, protect, subject_map
from layoutgen.models.finders.border import BorderSaliency

SALIENCY = BorderSaliency()
COMPOSER = RulesComposer(SALIENCY, FaceFor(PlaceSettings()), margin=0.045, min_font=0.024)
SQUARE, TALL, WIDE = Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080)
COPY = Copy("静音破壁机", ("家用多功能", "一键清洗"), "ACME")
WHOLE = (0.0, 0.0, 1.0, 1.0)


def photo(box, size=(600, 600), ground=(226, 222, 214), grain=9.0):
    """A photo of one dark red thing at a box, and the map of it."""
    width, height = size
    image = Image.new("RGB", size, ground)
    left, top, right, bottom = (box[0] * width, box[1] * height, box[2] * width, box[3] * height)
    ImageDraw.Draw(image).rounded_rectangle((left, top, right, bottom), 20, fill=(150, 30, 40))
    noise = np.random.default_rng(0).normal(0, grain, (height, width, 1))
    mask = np.zeros((height, width), np.float32)
    mask[int(top) : int(bottom) + 1, int(left) : int(right) + 1] = 1
    return np.clip(np.asarray(image) + noise, 0, 255).astype(np.uint8), mask


def brief(box=(0.3, 0.5, 0.7, 0.95), canvas=SQUARE, copy=COPY, **changes):
    image, mask = photo(box, **changes)
    return Brief(image, Annotation((), box, mask), copy, canvas)


def compose(*briefs):
    return COMPOSER.compose(list(briefs))


@pytest.mark.parametrize("canvas", [SQUARE, TALL, WIDE])
@pytest.mark.parametrize(
    "box", [(0.3, 0.5, 0.7, 0.95), (0.3, 0.05, 0.7, 0.5), (0.05, 0.3, 0.5, 0.9), (0.55, 0.2, 0.95, 0.8)]
)
def test_no_text_lies_on_the_subject_where_there_is_room_beside_it(canvas, box):
    asked = brief(box, canvas)
    (found,) = compose(asked)
    subject = framed.draw(asked.annotation.subject_map, found.framing, canvas, 400) > 0.5
    assert subject.any()
    for suggestion in found.suggestions:
        left, top, right, bottom = suggestion.box
        height, width = subject.shape
        under = subject[int(top * height) : int(bottom * height), int(left * width) : int(right * width)]
        assert under.mean() < 0.03, suggestion


def test_text_keeps_off_a_subject_that_looks_as_calm_as_the_ground():
    image = np.random.default_rng(0).normal(200, 4, (600, 600, 1)).clip(0, 255).astype(np.uint8).repeat(3, axis=2)
    for top, bottom in ((0, 250), (350, 600)):
        subject = np.zeros((600, 600), np.float32)
        subject[top:bottom, 60:540] = 1
        (found,) = compose(Brief(image, Annotation((), None, subject), COPY, SQUARE))
        shown = framed.draw(subject, found.framing, SQUARE, 200) > 0.5
        for suggestion in found.suggestions:
            left, high, right, low = (int(200 * side) for side in suggestion.box)
            assert shown[high:low, left:right].mean() < 0.03


@pytest.mark.parametrize("canvas", [SQUARE, TALL, WIDE, Canvas(200, 1000), Canvas(1000, 200)])
def test_all_copy_is_said_once_in_order_inside_the_canvas_and_apart(canvas):
    (found,) = compose(brief(canvas=canvas))
    texts = [s for s in found.suggestions if s.role is not Role.UNDERLAY]
    assert [s.text for s in texts] == ["ACME", "静音破壁机", "家用多功能", "一键清洗"]
    for i, suggestion in enumerate(texts):
        assert inside(suggestion.box, WHOLE)
        assert not any(intersection(suggestion.box, other.box) > 0 for other in texts[:i])


def test_the_subject_is_shown_whole():
    for asked in (brief(canvas=TALL), brief((0.1, 0.3, 0.9, 0.7), canvas=Canvas(200, 1000))):
        (found,) = compose(asked)
        assert found.framing.crop[0] <= asked.annotation.subject[0] + 0.02
        assert found.framing.crop[2] >= asked.annotation.subject[2] - 0.02


def test_a_packshot_stands_on_the_styles_ground_instead_of_in_white_emptiness():
    (found,) = compose(brief(canvas=WIDE, ground=(255, 255, 255), grain=0.0))
    assert (found.framing.ground, found.framing.blend) == ("cut_out", "cut_out")
    assert found.framing.backdrop != "#ffffff"


def test_a_product_that_the_photo_cuts_is_cut_by_the_canvas_at_the_same_side():
    (found,) = compose(brief((0.3, 0.4, 0.7, 1.0), canvas=WIDE, ground=(255, 255, 255), grain=0.0))
    assert found.framing.picture[3] > 0.999


def test_no_framing_cuts_a_product_that_another_keeps_whole():
    for canvas in (SQUARE, TALL, WIDE, Canvas(1080, 1920)):
        asked = brief((0.08, 0.05, 0.92, 0.97), canvas)
        (found,) = compose(asked)
        assert framings.subject_of(asked.annotation.subject_map).lost(found.framing.crop) <= framings.MOST_CUT


SMALL = (0.4, 0.4, 0.6, 0.6)
OFFER = Copy(
    "静音破壁机", ("家用多功能", "一键清洗"), "ACME", price="￥299", was_price="￥448", call_to_action="立即抢购",
    badge="新品", disclaimer="活动价以结算页为准",
)  # fmt: skip


@pytest.mark.parametrize("canvas", [SQUARE, TALL, WIDE])
def test_a_price_is_at_least_as_large_as_the_title(canvas):
    (found,) = compose(brief(canvas=canvas, copy=OFFER))
    lines = {s.role: (s.box[3] - s.box[1]) * canvas.height for s in found.suggestions if s.role is not Role.UNDERLAY}
    assert {*OFFER.offers} <= {*lines}
    assert lines[Role.PRICE] > lines[Role.WAS_PRICE] and lines[Role.PRICE] > 0.06 * min(canvas.width, canvas.height)


def test_prices_and_calls_among_the_selling_points_are_treated_as_such():
    points = Copy("静音破壁机", ("家用多功能", "￥299", "立即抢购"), "ACME")
    roles = {s.text: s.role for s in compose(brief(copy=points))[0].suggestions}
    assert (roles["￥299"], roles["立即抢购"]) == (Role.PRICE, Role.CALL_TO_ACTION)


def test_prices_and_calls_that_go_first_among_the_selling_points_go_before_them():
    for points in (("￥299", "立即抢购", "家用多功能"), ("家用多功能", "￥299", "立即抢购")):
        texts = [s.text for s in compose(brief(copy=Copy("静音破壁机", points)))[0].suggestions]
        assert [text for text in texts if text in points] == [*points]


def test_of_several_styles_one_is_taken_that_suits_and_always_the_same():
    plain = Style("plain", "", "", title_most=0.1)
    kids = Style("kids", "", "", suits=("toy",))
    deals = Style("deals", "", "", price="needed")
    asked = replace(brief(), styles=(plain, kids, deals), category="Toys")
    (found,) = compose(asked)
    assert found.style == "kids"
    assert compose(asked) == [found]
    assert compose(replace(asked, styles=(plain, deals), category=None))[0].style == "plain"


def test_a_photo_ends_as_its_style_says_where_that_cuts_nothing_of_the_product():
    style = Style("kids", "", "", grounds={"panel": 0.0}, edges={"arched": 0.0, "straight": 0.1})
    (small,), (large,) = (compose(replace(brief(box), styles=(style,))) for box in (SMALL, (0.02, 0.02, 0.98, 0.98)))
    assert (small.framing.ground, small.framing.edge, large.framing.edge) == ("panel", "arched", "straight")


def test_a_ground_that_a_style_does_not_have_is_not_used():
    for ground in ("card", "split", "frame", "bleed"):
        style = Style("one", "", "", grounds={ground: 0.0})
        (found,) = compose(replace(brief((0.35, 0.3, 0.65, 0.7)), styles=(style,)))
        assert found.framing.ground == ground


@pytest.mark.parametrize("kind", ORNAMENTS)
@pytest.mark.parametrize("ground", ["panel", "card"])
def test_ornaments_touch_neither_text_nor_photo(kind, ground):
    style = Style("one", "", "", grounds={ground: 0.0}, ornaments=(kind,))
    for canvas in (SQUARE, TALL, WIDE):
        (found,) = compose(replace(brief(canvas=canvas), styles=(style,)))
        for ornament in found.framing.ornaments:
            assert ornament.kind == kind and inside(ornament.box, WHOLE)
            assert not intersection(ornament.box, found.framing.picture)
            assert not any(intersection(ornament.box, s.box) for s in found.suggestions)


def test_a_style_has_two_ornaments_at_most():
    style = Style("one", "", "", grounds={"panel": 0.0}, ornaments=ORNAMENTS)
    (found,) = compose(replace(brief(canvas=WIDE), styles=(style,)))
    assert len({ornament.kind for ornament in found.framing.ornaments}) == 2 == len(found.framing.ornaments)


def test_a_band_runs_across_the_photo_and_leaves_the_product_free():
    style = Style("one", "", "", grounds={"band": 0.0})
    asked = replace(brief((0.3, 0.45, 0.7, 0.9)), styles=(style,))
    (found,) = compose(asked)
    (band,) = found.framing.scrims
    assert (found.framing.ground, found.framing.picture, band.towards) == ("band", WHOLE, "all")
    assert (band.box[0], band.box[2]) == (0.0, 1.0)
    subject = framed.draw(asked.annotation.subject_map, found.framing, SQUARE, 400) > 0.5
    assert not subject[int(band.box[1] * 400) : int(band.box[3] * 400)].any()
    assert all(inside(s.box, band.box) for s in found.suggestions)


def test_a_designed_canvas_stays_as_it_is():
    asked = replace(brief(), framing="as_is")
    (found,) = compose(asked)
    assert found.framing == Framing(ground="as_is")
    subject = framed.draw(asked.annotation.subject_map, found.framing, SQUARE, 400) > 0.5
    for left, top, right, bottom in (s.box for s in found.suggestions):
        assert not subject[int(top * 400) : int(bottom * 400), int(left * 400) : int(right * 400)].any()


def test_a_canvas_without_a_free_room_is_covered_as_little_as_can_be():
    asked = replace(brief((0.02, 0.02, 0.98, 0.86)), framing="as_is")
    (found,) = compose(asked)
    lowest = min(s.box[1] for s in found.suggestions)
    assert lowest > 0.6


def test_variants_of_a_brief_differ_and_a_series_has_one_style():
    plain, kids = Style("plain", "", ""), Style("kids", "", "", suits=("toy",))
    asked = replace(brief(copy=OFFER), styles=(plain, kids), category="Toys")
    answers = [compose(replace(asked, variant=variant))[0] for variant in range(4)]
    assert [answer.style for answer in answers] == ["kids", "plain", "kids", "plain"]
    assert len({(answer.style, answer.framing, answer.suggestions) for answer in answers}) == 4
    series = [
        replace(brief(copy=Copy(title)), styles=(plain, kids), series_seed=7) for title in ("轻薄本", "夏 Sale", "Cup")
    ]
    assert len({answer.style for answer in compose(*series)}) == 1


def test_text_that_is_in_the_photo_is_not_written_over():
    line = TextLine("NEW", (0.0, 0.0, 1.0, 0.5), Role.TITLE, "en", "#000000", 0.9, True)
    asked = brief()
    protected = protect(asked.annotation.subject_map, Brief(asked.image, Annotation((line,)), COPY, SQUARE))
    assert protected[:300].min() == 1
    assert asked.annotation.subject_map[:200].max() == 0


def test_the_same_brief_gives_the_same_composition():
    assert compose(brief()) == compose(brief())


def test_a_batch_gives_what_each_brief_gives_alone():
    briefs = [
        brief(),
        brief(canvas=WIDE),
        brief((0.1, 0.1, 0.5, 0.5), copy=Copy("夏 Sale")),
        brief(copy=Copy("长" * 900)),
    ]
    assert compose(*briefs) == [compose(one)[0] for one in briefs]


def test_a_title_that_fits_nowhere_is_a_fault_that_says_how_long_it_is():
    (found,) = compose(brief(copy=Copy("长" * 300)))
    assert isinstance(found, Fault)
    assert found.kind == "copy_too_long"
    assert "300 characters" in found.message and "1080x1080" in found.message


@pytest.mark.parametrize("size", [(300, 5), (5, 300), (2000, 300), (300, 2000), (1, 1)])
@pytest.mark.parametrize("canvas", [SQUARE, Canvas(200, 1000), WIDE])
def test_a_photo_of_any_shape_has_a_composition(size, canvas):
    image = np.full((size[1], size[0], 3), 120, np.uint8)
    (found,) = compose(Brief(image, Annotation(), Copy("新品"), canvas))
    assert isinstance(found, Composition)


def test_a_logo_image_has_a_box_of_its_shape():
    asked = brief(copy=Copy("静音破壁机", (), "ACME", "logo.png"))
    (found,) = compose(Brief(asked.image, asked.annotation, asked.copy, WIDE, logo_aspect=2.5))
    logo = next(s for s in found.suggestions if s.role is Role.LOGO)
    assert logo.text == ""
    assert 1920 * (logo.box[2] - logo.box[0]) / (1080 * (logo.box[3] - logo.box[1])) == pytest.approx(2.5, rel=0.01)


def test_a_map_that_the_annotator_left_is_used_and_one_is_made_where_there_is_none():
    asked = brief()
    assert subject_map(asked, SALIENCY) is asked.annotation.subject_map
    made = subject_map(Brief(asked.image, Annotation(), COPY, SQUARE), SALIENCY)
    assert made.shape == (160, 160)


@pytest.mark.parametrize("canvas", [TALL, WIDE])
def test_a_photo_on_a_ground_that_can_be_carried_on_fills_the_canvas(canvas):
    (composition,) = compose(brief((0.12, 0.1, 0.88, 0.9), canvas, size=(600, 700), grain=45))
    framing = composition.framing
    assert framing.ground == "outpaint" and framing.picture == WHOLE and not inside(framing.crop, WHOLE)
    subject = framed.draw(photo((0.12, 0.1, 0.88, 0.9), (600, 700))[1], framing, canvas, 400)
    shown = subject.sum() / 400**2 * max(canvas.width, canvas.height) ** 2 / (canvas.width * canvas.height)
    assert shown > 0.12


def test_a_photo_whose_edges_hold_things_is_not_carried_on():
    asked = brief((0.12, 0.1, 0.88, 0.9), WIDE, size=(600, 700))
    stripes = np.kron(np.random.default_rng(1).integers(0, 2, (14, 12)), np.ones((50, 50)))[..., None]
    busy = np.where(asked.annotation.subject_map[..., None] > 0, asked.image, 255 * stripes).astype(np.uint8)
    (composition,) = compose(replace(asked, image=busy))
    assert composition.framing.ground != "outpaint"


def test_a_canvas_that_stays_as_it_is_has_larger_copy_where_there_is_room():
    style = Style("plain", "", "", title_most=0.12)
    asked = replace(brief((0.62, 0.55, 0.95, 0.95), copy=Copy("净水", ("家用", "一键清洗"))), styles=(style,))
    (as_is,) = compose(replace(asked, framing="as_is"))
    assert as_is.framing.crop == as_is.framing.picture == WHOLE
    (title,) = (s.box for s in as_is.suggestions if s.role is Role.TITLE)
    assert title[3] - title[1] > 1.5 * style.title_most
    texts = [s.box for s in as_is.suggestions if s.role is not Role.UNDERLAY]
    assert not any(intersection(a, b) > 1e-9 for i, a in enumerate(texts) for b in texts[:i])


def test_a_photo_on_one_flat_colour_is_not_put_on_another_as_a_box():
    asked = brief(ground=(250, 250, 250), grain=0.0)
    (composition,) = compose(asked)
    assert composition.framing.ground in ("outpaint", "extend", "cut_out", "bleed")
