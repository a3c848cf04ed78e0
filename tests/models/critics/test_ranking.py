from dataclasses import replace

import numpy as np
import pytest

from layoutgen.config.stages import PlaceSettings
from layoutgen.config.styles import StyleSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief
from layoutgen.models.building import styles
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.critics.outcome import Placing
from layoutgen.models.critics.ranking import CRITIC, Foreseen, rough

PLACING = Placing(FaceFor(PlaceSettings()), 0.045, 0.024, 4.5)
PHOTO = np.full((300, 300, 3), 235, np.uint8)
PHOTO[120:285, 75:225] = (120, 40, 30)
SUBJECT = np.zeros((300, 300), np.float32)
SUBJECT[120:285, 75:225] = 1
COPY = Copy("Glass vase", ("Dishwasher safe", "Made by hand"))
BRIEF = Brief(PHOTO, Annotation((), (0.25, 0.4, 0.75, 0.95), subject_map=SUBJECT), COPY, Canvas(1000, 1000))
WHOLE = Framing()


def proposal(title, first, second):
    roles = (Role.TITLE, Role.SELLING_POINT, Role.SELLING_POINT)
    texts = (COPY.title, *COPY.selling_points)
    return tuple(map(Suggestion, roles, (title, first, second), texts))


SOUND = proposal((0.1, 0.06, 0.9, 0.18), (0.1, 0.2, 0.6, 0.26), (0.1, 0.28, 0.6, 0.34))
CROOKED = proposal((0.1, 0.06, 0.9, 0.18), (0.13, 0.2, 0.63, 0.26), (0.16, 0.28, 0.6, 0.3))
LITTLE = proposal((0.1, 0.06, 0.5, 0.11), (0.1, 0.2, 0.6, 0.26), (0.1, 0.28, 0.6, 0.34))


class Fond:
    """A fake critic that gives layouts the ratings that it has, in turn."""

    def __init__(self, *ratings):
        self.ratings = list(ratings)

    def rate(self, sketches):
        return [self.ratings.pop(0) for _ in sketches]


def test_the_best_is_the_one_that_the_judge_objects_to_least_after_the_solver():
    rank = Foreseen(PLACING)
    sound, crooked, little = (rank(BRIEF, WHOLE, proposed) for proposed in (SOUND, CROOKED, LITTLE))
    assert sound > max(crooked, little)
    layout = rank.outcome(BRIEF, WHOLE, SOUND)
    assert {element.text for element in layout.elements if element.lines} == {COPY.title, *COPY.selling_points}
    assert layout.asked.texts == (COPY.title, *COPY.selling_points)


def test_the_critics_odds_outweigh_a_tenth_of_an_objection_each():
    plain = [Foreseen(PLACING)(BRIEF, WHOLE, proposed) for proposed in (SOUND, LITTLE)]
    apart = plain[0] - plain[1]
    with_critic = Foreseen(PLACING, Fond(0.0, 1.1 * apart / CRITIC))
    assert with_critic(BRIEF, WHOLE, SOUND) < with_critic(BRIEF, WHOLE, LITTLE)


def test_what_the_solver_can_not_place_is_worse_than_all_that_it_can():
    rank = Foreseen(replace(PLACING, min_font=0.45))
    assert rank.outcome(BRIEF, WHOLE, SOUND) is None
    assert rank(BRIEF, WHOLE, SOUND) < Foreseen(PLACING)(BRIEF, WHOLE, CROOKED)


def test_briefs_in_turn_are_ranked_as_each_alone():
    other = replace(BRIEF, image=PHOTO[::-1].copy(), annotation=Annotation((), None, subject_map=SUBJECT[::-1].copy()))
    rank = Foreseen(PLACING)
    turns = [rank(brief, WHOLE, proposed) for proposed in (SOUND, LITTLE) for brief in (BRIEF, other)]
    alone = [Foreseen(PLACING)(brief, WHOLE, proposed) for proposed in (SOUND, LITTLE) for brief in (BRIEF, other)]
    assert turns == alone and turns[0] > turns[1], "the other one's subject is where the texts are"


@pytest.mark.parametrize("annotation", [BRIEF.annotation, Annotation((), BRIEF.annotation.subject), Annotation(())])
def test_a_photo_that_is_not_here_and_a_subject_that_nobody_knows_are_no_fault(annotation):
    prepared = replace(BRIEF, image=np.zeros((0, 0, 3), np.uint8), annotation=annotation)
    for rank in (Foreseen(PLACING), rough):
        assert np.isfinite(rank(prepared, Framing(backdrop="#eeeeee"), SOUND))


def test_a_proposal_is_placed_in_the_style_that_it_is_meant_in_and_off_what_is_to_be_free():
    rank = Foreseen(PLACING)
    plain = rank.outcome(BRIEF, WHOLE, SOUND)
    allowed, outlooks = styles.wardrobe(StyleSettings(), Storage()).of_row(None, None, None), []
    for style in allowed[:3]:
        layout = rank.outcome(replace(BRIEF, styles=(style,)), WHOLE, SOUND)
        outlooks.append([(element.font, element.font_px, element.colour) for element in layout.elements])
    assert len({repr(outlook) for outlook in outlooks}) > 1
    several = rank.outcome(replace(BRIEF, styles=allowed), WHOLE, SOUND)
    assert several.elements == plain.elements, "of several styles nobody knows which it will be"
    above = (0.0, 0.0, 1.0, 0.2)
    beside = rank.outcome(replace(BRIEF, free=(above,)), WHOLE, SOUND)
    assert min(element.box[1] for element in beside.elements) >= 0.2 - 1e-6
