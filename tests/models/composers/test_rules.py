import numpy as np
import pytest
from PIL import Image, ImageDraw

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Canvas, Copy, Role, inside, intersection
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


def test_a_flat_ground_is_extended_rather_than_framed():
    (found,) = compose(brief(canvas=WIDE, ground=(255, 255, 255), grain=0.0))
    assert found.framing.backdrop == "#ffffff"


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
