import numpy as np
import pytest

from layoutgen.config.stages import CoverPlaceSettings
from layoutgen.core.covers.protection import Contents
from layoutgen.core.covers.text import CoverCopy
from layoutgen.core.layout import Canvas, Framing, Role, intersection
from layoutgen.models.building.composers import cover_composer
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.covers import Photo, scene_of

SETTINGS = CoverPlaceSettings()
COMPOSER = cover_composer(SETTINGS, {}, FaceFor(SETTINGS))
CANVAS = Canvas(540, 720)
WHOLE = (0.0, 0.0, 1.0, 1.0)


def photo(subject=(0.25, 0.35, 0.75, 0.95), **other) -> Photo:
    """A blue thing at a box of a light photo, with the map of it."""
    pixels = np.full((480, 360, 3), 226, np.uint8)
    subject_map = np.zeros((160, 120), np.float32)
    rows, columns = (
        slice(int(subject[1] * 160), int(subject[3] * 160)),
        slice(int(subject[0] * 120), int(subject[2] * 120)),
    )
    subject_map[rows, columns] = 1
    pixels[rows.start * 3 : rows.stop * 3, columns.start * 3 : columns.stop * 3] = (40, 90, 160)
    return Photo(pixels, Contents(subject_map, **other))


def composed(picture: Photo, title: str = "三分钟学会插花", **other):
    return COMPOSER.compose(picture, CoverCopy(title, **other), CANVAS)


def test_a_cover_is_accepted_with_its_title_beside_the_subject():
    cover = composed(photo(), subtitle="新手也能做好", stickers=("新品",))
    assert cover.verdict.accepted and cover.verdict.covered <= 0.05 and cover.verdict.contrast >= 4.5
    assert [e.role for e in cover.elements if e.lines] == [Role.TITLE, Role.SUBTITLE, Role.OTHER]


def test_a_subject_all_over_the_photo_gets_its_title_on_a_panel():
    cover = composed(photo(WHOLE))
    assert cover.verdict.accepted
    assert cover.framing.picture != WHOLE


def test_lights_behind_a_product_are_not_what_a_framing_has_to_show():
    pixels = np.random.default_rng(0).integers(0, 60, (432, 768, 3), np.uint8)
    subject_map = np.zeros((144, 256), np.float32)
    for top, right in ((30, 19), (80, 90), (100, 60)):
        pixels[3 * top : 3 * top + 45, 3 * right - 45 : 3 * right] = (200, 120, 160)
        subject_map[top : top + 15, right - 15 : right] = 1
    pixels[60:390, 390:700] = (150, 60, 40)
    subject_map[20:130, 130:233] = 1
    shown = composed(Photo(pixels, Contents(subject_map))).framing
    assert shown.picture == WHOLE
    assert shown.crop[0] <= 130 / 256 and shown.crop[2] >= 233 / 256


def test_where_only_one_framing_is_allowed_the_broken_limit_is_named():
    everywhere = photo(faces=(WHOLE,))
    cover = COMPOSER.compose(everywhere, CoverCopy("标题"), CANVAS, framings=[Framing()])
    assert "touches_face" in cover.broken
    assert not cover.verdict.accepted and any(r.startswith("touches_face") for r in cover.verdict.reasons)


def test_text_that_is_there_already_is_protected():
    written_on = photo(texts=((0.0, 0.0, 1.0, 0.2),))
    scene = scene_of(written_on, Framing(), CANVAS, {})
    assert scene.protection[:30].min() == 1
    title = next(e for e in composed(written_on).elements if e.role is Role.TITLE)
    assert intersection(title.box, (0.0, 0.0, 1.0, 0.2)) < 0.05


def test_a_title_without_text_is_refused():
    with pytest.raises(ValueError, match="the title has no text"):
        composed(photo(), title=" ")
