import numpy as np
import pytest

from layoutgen.config import styles
from layoutgen.config.stages import CoverPlaceSettings
from layoutgen.core.covers.protection import SAFE_ZONES, Contents, zones_for
from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import Canvas, Copy, Role, area, intersection, parse_canvas
from layoutgen.models.base import Fault
from layoutgen.models.building.composers import cover_composer
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.cover_check import Photo, judged
from layoutgen.models.composers.covers import Cover, CoverComposer, Outfit

SETTINGS = CoverPlaceSettings()
COMPOSER = cover_composer(SETTINGS, {}, FaceFor(SETTINGS))
CANVAS = Canvas(540, 720)
WHOLE = (0.0, 0.0, 1.0, 1.0)
STYLES = styles.embedded()


def marked(*boxes: tuple[float, float, float, float], shape: tuple[int, int] = (160, 120)) -> np.ndarray:
    """A map (h, w) of boxes (normalised)."""
    values = np.zeros(shape, np.float32)
    for left, top, right, bottom in boxes:
        values[int(top * shape[0]) : int(bottom * shape[0]), int(left * shape[1]) : int(right * shape[1])] = 1
    return values


def photo(subject=(0.25, 0.35, 0.75, 0.95), **other) -> Photo:
    """A blue thing at a box of a light photo, with the map of it."""
    pixels = np.full((480, 360, 3), 226, np.uint8)
    rows, columns = (
        slice(int(subject[1] * 160), int(subject[3] * 160)),
        slice(int(subject[0] * 120), int(subject[2] * 120)),
    )
    pixels[rows.start * 3 : rows.stop * 3, columns.start * 3 : columns.stop * 3] = (40, 90, 160)
    return Photo(pixels, Contents(marked(subject), **other))


def composed(
    picture: Photo,
    title: str = "三分钟学会插花",
    *,
    canvas: Canvas = CANVAS,
    outfit: Outfit | None = None,
    composer: CoverComposer = COMPOSER,
    **other,
) -> Cover:
    cover = composer.compose(picture, Copy(title, **other), canvas, outfit)
    assert isinstance(cover, Cover), cover
    return cover


def test_a_cover_is_accepted_with_its_title_beside_the_subject():
    cover = composed(photo(), subtitle="新手也能做好", selling_points=("新品",))
    assert cover.verdict.accepted and cover.verdict.covered <= 0.05 and cover.verdict.contrast >= 4.5
    texts = {e.text: e for e in cover.elements if e.lines}
    assert set(texts) == {"三分钟学会插花", "新手也能做好", "新品"}
    assert texts["新手也能做好"].role is Role.SUBTITLE and texts["新手也能做好"].box[1] > texts["三分钟学会插花"].box[1]
    assert texts["新品"].underlay is not None, "a sticker stands on a ground of its own"


def test_a_subject_all_over_the_photo_gets_its_title_beside_it_and_is_not_cut():
    cover = composed(photo(WHOLE))
    assert cover.verdict.accepted
    assert cover.framing.picture != WHOLE and area(cover.framing.crop) > 0.99


def test_text_that_is_there_already_is_protected():
    printed = (0.0, 0.0, 1.0, 0.2)
    cover = composed(photo(texts=(printed,)))
    texts = [e for e in cover.elements if e.lines]
    assert not any(intersection(e.box, on_canvas(printed, cover.framing)) > 1e-3 for e in texts)


@pytest.mark.parametrize("ratio", SAFE_ZONES)
def test_what_the_player_draws_stays_free(ratio):
    canvas = parse_canvas(ratio, 540)
    composer = cover_composer(SETTINGS, SAFE_ZONES, FaceFor(SETTINGS))
    outfit = Outfit(tuple(STYLES.values()))
    cover = composed(
        photo(),
        canvas=canvas,
        outfit=outfit,
        composer=composer,
        badge="新品",
        price="￥99",
        subtitle="新手也能做好",
    )
    drawn = [*cover.elements, *cover.framing.ornaments]
    assert cover.verdict.accepted
    assert not any(intersection(each.box, zone.box) > 1e-9 for each in drawn for zone in zones_for(canvas))


def test_no_crop_cuts_a_face_and_no_text_touches_one():
    face = (0.3, 0.02, 0.5, 0.2)
    cover = composed(photo((0.25, 0.35, 0.75, 0.95), faces=(face,)), canvas=Canvas(960, 540))
    crop = cover.framing.crop
    assert cover.verdict.accepted
    assert crop[0] <= face[0] and crop[1] <= face[1] and crop[2] >= face[2] and crop[3] >= face[3]


def test_where_nothing_is_free_the_broken_limit_is_named():
    for picture, reason in ((photo(WHOLE), "on_subject"), (photo(faces=(WHOLE,)), "touches_face")):
        cover = COMPOSER.compose(picture, Copy("标题"), CANVAS, framing="as_is")
        assert isinstance(cover, Cover) and not cover.verdict.accepted
        assert reason in {each.partition(":")[0] for each in cover.verdict.reasons}


@pytest.mark.parametrize(
    ("seen", "whole", "size"),
    [
        ((0.25, 0.35, 0.75, 0.95), (0.05, 0.02, 0.95, 0.95), (480, 360)),  # the title stands on what was not seen
        ((0.42, 0.3, 0.58, 0.95), (0.05, 0.3, 0.95, 0.95), (300, 800)),  # the crop cuts what was not seen
    ],
)
def test_a_cover_that_a_second_finder_objects_to_is_laid_out_anew(seen, whole, size):
    pixels = np.full((*size, 3), 210, np.uint8)
    shape = (size[0] // 3, size[1] // 3)
    alone = Photo(pixels, Contents(marked(seen, shape=shape)))
    both = Photo(pixels, Contents(marked(seen, shape=shape), opinion=marked(whole, shape=shape)))
    first, second = composed(alone), composed(both)
    assert first.verdict.accepted and second.verdict.accepted
    objections = judged(both, first.framing, first.elements, CANVAS).reasons
    assert {reason.partition(":")[0] for reason in objections} == {"second_opinion"}
    assert judged(both, second.framing, second.elements, CANVAS) == second.verdict


def test_a_cover_that_nobody_can_place_for_both_finders_is_refused():
    both = photo(opinion=marked(WHOLE))
    cover = COMPOSER.compose(both, Copy("三分钟学会插花"), CANVAS, framing="as_is")
    assert isinstance(cover, Cover) and not cover.verdict.accepted
    assert {reason.partition(":")[0] for reason in cover.verdict.reasons} == {"second_opinion"}


@pytest.mark.parametrize("name", STYLES)
def test_each_house_style_dresses_a_cover_that_is_accepted(name):
    cover = composed(photo(), outfit=Outfit((STYLES[name],)), badge="新品", price="￥99", selling_points=("包邮",))
    assert cover.verdict.accepted, cover.verdict.reasons
    assert cover.style == name
    title = next(e for e in cover.elements if e.role is Role.TITLE)
    prices = [e for e in cover.elements if e.role is Role.PRICE]
    assert prices and all(e.font_px <= title.font_px for e in prices), "of a cover the title is the hero"
    assert title.font_px <= SETTINGS.max_font * 540 + 1


def test_styles_look_different():
    looks = {
        (tuple(e.colour for e in cover.elements), cover.framing.backdrop, cover.elements[-1].font)
        for name in STYLES
        for cover in [composed(photo(), outfit=Outfit((STYLES[name],)), badge="新品")]
    }
    assert len(looks) >= 8


def test_the_same_input_gives_the_same_cover():
    outfit = Outfit(tuple(STYLES.values()), category="Dress")
    first, second = (composed(photo(), outfit=outfit, badge="新品", subtitle="新手也能做好") for _ in range(2))
    assert (first.framing, first.elements, first.style) == (second.framing, second.elements, second.style)
    assert first.verdict == second.verdict


def test_a_title_that_fits_nowhere_is_a_fault_that_says_so():
    answer = COMPOSER.compose(photo(), Copy("很长的标题" * 300), CANVAS)
    assert isinstance(answer, Fault) and answer.kind == "copy_too_long"


def test_a_title_without_text_is_refused():
    with pytest.raises(ValueError, match="the title has no text"):
        COMPOSER.compose(photo(), Copy(" "), CANVAS)
