import hashlib
from dataclasses import replace

import numpy as np
import pytest

from layoutgen.core.layout import Canvas, Element, Role
from layoutgen.models.critics.network import FEATURES, Critic, card, version
from layoutgen.models.critics.sketch import CHANNELS, SIDE, sketch
from layoutgen.models.finders.network import embedded

CANVAS = Canvas(1000, 500)
GROUND = np.full((60, 120, 3), 230, np.uint8)
SUBJECT = np.zeros((60, 120), np.float32)
SUBJECT[10:50, 80:110] = 1
GROUND[10:50, 80:110] = (30, 60, 140)
TITLE = Element(Role.TITLE, (0.05, 0.2, 0.45, 0.4), "Vase", ("Vase",), "NotoSansSC-Bold", 80, 100, "#101010", z=2)
POINTS = [
    Element(
        Role.SELLING_POINT,
        (0.05, top, 0.3, top + 0.1),
        "Made by hand",
        ("Made by hand",),
        "NotoSansSC-Regular",
        40,
        50,
        "#202020",
        z=2,
    )
    for top in (0.5, 0.62)
]
PANEL = Element(Role.UNDERLAY, (0.5, 0.0, 1.0, 1.0), colour="#ff0000", opacity=0.5, z=0)


def drawn(*elements, canvas=CANVAS):
    return sketch(elements, canvas, GROUND, SUBJECT)


def test_a_sketch_shows_photo_letters_sizes_subject_and_canvas():
    bare, titled = drawn(), drawn(TITLE)
    assert bare.shape == (CHANNELS, SIDE, SIDE)
    top, bottom = 32, 96  # of the canvas in the square
    assert not bare[:, :top].any() and not bare[:, bottom:].any()
    assert (bare[5, top:bottom] == 1).all()
    assert bare[0, 40, 20] == pytest.approx(230 / 255 - 0.5, abs=0.01)
    assert bare[4].sum() / 64 / 128 == pytest.approx(SUBJECT.mean(), abs=0.01)
    assert (titled[:3] < bare[:3] - 0.2).any(), "dark letters on a light ground"
    assert titled[3].max() == pytest.approx(80 / 500 / 0.1, rel=0.01)
    rows, columns = np.nonzero(titled[3] > 0.01)
    assert (columns.min(), columns.max()) == (6, 57)
    assert top + 0.2 * 64 - 1 < rows.min() < rows.max() < top + 0.4 * 64 + 1


def test_a_move_of_a_fraction_of_a_pixel_is_seen():
    aside = replace(TITLE, box=(0.054, 0.2, 0.454, 0.4))
    assert 0 < np.abs(drawn(TITLE) - drawn(aside)).max() < 1


def test_an_underlay_is_blended_and_lies_below_what_is_drawn_later():
    assert drawn(PANEL)[0, 40, 80] == pytest.approx((230 + 255) / 2 / 255 - 0.5, abs=0.01)
    on_it = replace(TITLE, box=(0.55, 0.2, 0.95, 0.4))
    np.testing.assert_array_equal(drawn(PANEL, on_it), drawn(on_it, PANEL))


def test_the_embedded_critic_is_the_one_of_its_card():
    weights = embedded("critic")[0]
    assert card()["sha256"] == hashlib.sha256(weights).hexdigest()
    assert card()["bytes"] == len(weights) <= 3_000_000
    assert card()["parameters"] <= 3_000_000
    assert card()["sha256"].startswith(version().rpartition("-")[2])
    assert card()["held_back"]["clear"]["interval"][0] >= 0.9


def test_the_critic_prefers_what_a_designer_would():
    critic = Critic()
    sound, *worse = critic.rate(
        [
            drawn(TITLE, *POINTS),
            drawn(replace(TITLE, box=(0.6, 0.2, 1.0, 0.4)), *POINTS),  # on the product
            drawn(TITLE, replace(POINTS[0], box=(0.05, 0.25, 0.3, 0.35)), POINTS[1]),  # on the title
        ]
    )
    assert max(worse) < sound


def test_a_sketch_is_rated_alike_in_any_company():
    critic, sketches = Critic(), [drawn(TITLE), drawn(*POINTS), drawn(PANEL)]
    assert critic.rate(sketches) == [critic.rate([each])[0] for each in sketches]
    assert critic.rate([]) == []


def test_letters_are_those_of_the_finished_picture_and_bars_where_their_font_is_not_here():
    wide, narrow = (replace(TITLE, lines=(word,), text=word) for word in ("WWWW", "llll"))
    at = np.s_[0, 49:54, 7:57]
    assert drawn(wide)[at].std() > drawn(narrow)[at].std() > 0
    barred = replace(TITLE, font="NoSuchFont-Bold")
    assert (drawn(barred)[at] < drawn()[at] - 0.2).all()
    assert np.isfinite(drawn(replace(TITLE, colour="red"))).all()


def test_a_pill_is_round_and_a_logos_image_is_a_bar():
    pill = Element(Role.UNDERLAY, (0.1, 0.1, 0.5, 0.5), colour="#000000", radius_px=100)
    square = replace(pill, radius_px=0)
    assert drawn(square)[0, 39, 13] < drawn(pill)[0, 39, 13] - 0.2
    logo = Element(Role.LOGO, (0.05, 0.05, 0.2, 0.2), colour="#000000")
    assert drawn(logo)[0, 40, 10] < drawn()[0, 40, 10] - 0.2


def test_of_what_is_unlike_all_that_it_learnt_from_the_critic_says_so_and_is_not_sure():
    critic = Critic()
    noise = np.random.default_rng(0)
    static = noise.integers(0, 255, (256, 512, 3), dtype=np.uint8)
    familiar = [drawn(TITLE, *POINTS), drawn(replace(TITLE, box=(0.6, 0.2, 1.0, 0.4)), *POINTS)]
    strange = [sketch(elements, CANVAS, static, np.ones((60, 120))) for elements in ([], [TITLE])]
    assert min(critic.distances(strange)) > max(1, *critic.distances(familiar))
    plain, told = np.diff(critic.rate(strange))[0], critic.log_odds(strange)[1]
    assert abs(told) == pytest.approx(abs(plain) / max(critic.distances(strange)) ** 2)
    assert critic.log_odds(familiar)[0] == 0


def test_features_are_those_that_the_rating_is_made_of():
    critic, sketches = Critic(), [drawn(TITLE), drawn(*POINTS)]
    found = critic.features(sketches)
    assert found.shape == (2, FEATURES) and (found >= 0).all()
    assert critic.features([]).shape == (0, FEATURES)
