"""What a layout is worth: as the judge says of what becomes of it, and more where the solver has less to mend."""

from dataclasses import replace

import numpy as np
import pytest

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.metrics.judge import UNPLACED
from layoutgen.models.base import Composition, Fault
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.critics.outcome import Placing
from layoutgen.training.data.cases import Case
from layoutgen.training.rewards.held_back import HeldBack, sheet
from layoutgen.training.rewards.reward import Reward, embedded_critic

CANVAS = Canvas(800, 800)
COPY = Copy("Kettle of steel", ("Boils in a minute", "Two years of warranty"))
TITLE, FIRST, SECOND = (0.08, 0.06, 0.92, 0.16), (0.08, 0.2, 0.7, 0.27), (0.08, 0.29, 0.7, 0.36)
UNREADABLE = Fault("unparsable_answer", "no JSON")


@pytest.fixture(scope="module")
def placing() -> Placing:
    place = PlaceSettings()
    return Placing(FaceFor(place), place.margin, place.min_font, place.min_contrast)


@pytest.fixture(scope="module")
def case() -> Case:
    pixels, subject = np.full((160, 160, 3), 235, np.uint8), np.zeros((160, 160), np.uint8)
    pixels[76:150, 40:120], subject[76:150, 40:120] = (150, 40, 30), 255
    return Case("kettle", "kettle", pixels, COPY, CANVAS, (), subject=subject)


def layout(title=TITLE, first=FIRST, second=SECOND) -> Composition:
    points = zip((first, second), COPY.selling_points, strict=True)
    told = (Suggestion(Role.TITLE, title, COPY.title), *(Suggestion(Role.SELLING_POINT, b, t) for b, t in points))
    return Composition(Framing(), told)


def test_a_good_layout_is_worth_more_than_one_on_the_subject(placing: Placing, case: Case) -> None:
    reward = Reward(placing)
    good, bad = reward(case, layout()), reward(case, layout(first=(0.3, 0.6, 0.7, 0.67), second=(0.3, 0.7, 0.7, 0.77)))
    assert good.reward == -good.objections > bad.reward
    assert good.terms["text_on_subject"] == 0
    assert bad.terms["text_on_subject"] > 1


def test_what_the_solver_would_mend_counts_where_it_is_asked_for(placing: Placing, case: Case) -> None:
    crossing = layout(second=(0.08, 0.22, 0.7, 0.29))
    plain, strict = Reward(placing), Reward(placing, proposal=1.0)
    assert plain(case, crossing).terms["overlap"] == 0  # the solver moves one of them
    assert strict(case, crossing).reward < plain(case, crossing).reward - 2
    assert strict(case, layout()).reward > strict(case, crossing).reward


def test_what_is_no_layout_is_worth_least(placing: Placing, case: Case) -> None:
    reward = Reward(placing, proposal=0.5)
    long = replace(case, copy=replace(COPY, title="w" * 3000))
    told = (Suggestion(Role.TITLE, TITLE, long.copy.title),)
    unplaced = reward(long, Composition(Framing(), told))
    assert reward(case, UNREADABLE).reward == -UNPLACED
    assert unplaced.reward <= -UNPLACED
    assert (unplaced.layout, unplaced.objections) == (None, UNPLACED)


def test_the_critic_counts_by_its_weight(placing: Placing, case: Case) -> None:
    reward = Reward(placing, critic=0.5, rate=lambda *_: 4.0)(case, layout())
    assert reward.reward == pytest.approx(-reward.objections + 2.0)
    assert Reward(placing, rate=embedded_critic())(case, layout()).rating != 0.0


def test_a_case_without_a_subject_is_refused_by_name(placing: Placing, case: Case) -> None:
    with pytest.raises(ValueError, match=r"kettle: nobody knows where its subject is.*data\.subjects = 'net'"):
        Reward(placing)(replace(case, subject=None), layout())


def test_both_judges_speak_of_what_is_held_back(placing: Placing, case: Case) -> None:
    held = HeldBack([case, case], Reward(placing, rate=embedded_critic()))
    said, worths = held.judged([layout(), UNREADABLE])
    assert said["unplaced"] == (1.0, 2.0)
    assert said["text_on_subject"][1] == said["critic"][1] == 1.0  # of the one that there is
    for name in ("held_out", "objections"):
        total, weight = said[name]
        assert weight == 2
        assert UNPLACED <= total < 2 * UNPLACED
    assert (said["reward"][0], sheet([]), sheet(worths[1:])) == (sum(w.reward for w in worths), None, None)
    picture = sheet(worths)
    assert picture is not None
    assert picture.shape[2] == 3
