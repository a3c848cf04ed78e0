"""Features are named traits that follow the layout, the critic's number, and what the critic sees."""

from dataclasses import replace

import numpy as np
import pytest

from layoutgen.models.critics.features import SIZE, TRAITS, features, version
from layoutgen.models.critics.network import FEATURES, Critic
from layoutgen.models.critics.network import version as critic_version
from layoutgen.models.critics.sketch import sketch
from tests.models.critics.test_critic import CANVAS, GROUND, PANEL, POINTS, SUBJECT, TITLE

CRITIC = Critic()


def measured(*elements):
    drawn = sketch(elements, CANVAS, GROUND, SUBJECT)
    return features(CRITIC, elements, CANVAS, drawn), drawn


def trait(name, *elements):
    return measured(*elements)[0][TRAITS.index(name)]


def test_the_critics_number_and_what_it_sees_follow_the_traits():
    vector, drawn = measured(TITLE, *POINTS)
    assert vector.shape == (SIZE,) == (len(TRAITS) + FEATURES,)
    assert np.isfinite(vector).all()
    assert vector[TRAITS.index("critic")] == pytest.approx(CRITIC.rate([drawn])[0])
    np.testing.assert_array_equal(vector[len(TRAITS) :], CRITIC.features([drawn])[0])
    assert critic_version() in version(), "another critic sees other things"


def test_traits_say_where_texts_are_how_large_and_on_what():
    assert trait("text_x", TITLE) == pytest.approx(0.25)
    assert trait("off_axis", TITLE) == pytest.approx(0.25)
    assert trait("title_size", TITLE) == pytest.approx(80 / 500)
    assert trait("size_ratio", TITLE, *POINTS) == pytest.approx(np.log(2))
    assert trait("underlay_area", TITLE, PANEL) == pytest.approx(0.5)
    assert trait("underlay_opacity", TITLE, PANEL) == pytest.approx(0.5)
    aside = replace(TITLE, box=(0.5, 0.2, 0.9, 0.4))
    assert trait("text_x", aside) > trait("text_x", TITLE)
    assert trait("texts", TITLE, *POINTS) > trait("texts", TITLE)
    assert trait("letters_colour", replace(TITLE, colour="#ff0000")) > trait("letters_colour", TITLE)


def test_a_layout_without_texts_has_features_too():
    assert np.isfinite(measured()[0]).all()
    assert trait("texts") == 0
