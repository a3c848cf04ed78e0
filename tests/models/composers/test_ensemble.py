"""An ensemble takes what is worth most, whoever proposed it, and says whose it is."""

from dataclasses import replace

import numpy as np
import pytest

from layoutgen.config.jobs import LayoutsConfig
from layoutgen.config.stages import ComposeSettings, PlaceSettings
from layoutgen.config.styles import StyleSettings
from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.proposals.unlike import ALIKE, distance
from layoutgen.io.storage import Storage
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.building import composers, styles
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.composers.campaigns import Campaign
from layoutgen.models.composers.ensemble import DEAR, GROUND, MERITS, TASTE, Ensemble
from layoutgen.models.composers.rules import RulesComposer
from layoutgen.models.critics.ranking import Foreseen
from layoutgen.models.finders.border import BorderSaliency

FACES = FaceFor(PlaceSettings())
RULES = RulesComposer(BorderSaliency(), FACES, margin=0.045, min_font=0.024)
STYLES = styles.wardrobe(StyleSettings(), Storage()).of_row(None, None, "Kitchen")
COPY = Copy("静音破壁机", ("家用多功能", "一键清洗"), "ACME")
PHOTO = np.random.default_rng(0).normal(222, 9, (300, 300, 3)).clip(0, 255).astype(np.uint8)
PHOTO[150:285, 90:210] = (150, 30, 40)
SUBJECT = np.zeros((300, 300), np.float32)
SUBJECT[150:285, 90:210] = 1
BRIEF = Brief(PHOTO, Annotation((), None, SUBJECT), COPY, Canvas(1080, 1440), styles=STYLES)
KINDS = RULES.proposals(BRIEF, 6)


def flat(brief, framing, proposed):
    return 0.0


def fond_of(number):
    """Ranks one of the rules' layouts above all others."""
    return lambda brief, framing, proposed: 100.0 * (proposed == KINDS[number].suggestions)


class Network:
    """A fake composer that always gives its answer, and remembers what it was asked."""

    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def compose(self, briefs):
        self.asked += briefs
        return [self.answer for _ in briefs]


OF_NETWORK = Composition(Framing(), (Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.2), COPY.title),))


def test_the_rules_layouts_of_a_style_are_of_unlike_kinds_and_the_first_is_theirs():
    (alone,) = RULES.compose([BRIEF])
    assert KINDS[0].suggestions == alone.suggestions and KINDS[0].style == alone.style
    assert len(KINDS) > 2 and len({kind.suggestions for kind in KINDS}) == len(KINDS)
    assert {kind.style for kind in KINDS} == {alone.style}
    assert [kind.cost for kind in KINDS] == sorted(kind.cost for kind in KINDS)


@pytest.mark.parametrize("number", [0, 1, 2])
def test_the_layout_that_is_worth_most_is_taken_and_noted(number):
    (answer,) = Ensemble(RULES, {}, fond_of(number)).compose([BRIEF])
    assert answer.suggestions == KINDS[number].suggestions
    (note,) = answer.notes
    assert note.startswith(f"proposed by rules, of {len(KINDS)} layouts")
    assert note.endswith("their first") and (", their first" in note) == (number == 0)
    is_elsewhere = KINDS[number].framing.ground != KINDS[0].framing.ground
    assert answer.cost == pytest.approx(TASTE * KINDS[number].cost + GROUND * is_elsewhere - 100)


def test_what_the_rules_hold_against_a_layout_counts_where_all_are_worth_the_same():
    (answer,) = Ensemble(RULES, {}, flat).compose([BRIEF])
    assert answer.suggestions == KINDS[0].suggestions


def test_another_ground_has_to_be_worth_more_than_it_costs():
    other = next(n for n, kind in enumerate(KINDS) if kind.framing.ground != KINDS[0].framing.ground)
    enough = TASTE * (KINDS[other].cost - KINDS[0].cost) + GROUND

    def fond(worth):
        return lambda brief, framing, proposed: worth * (proposed == KINDS[other].suggestions)

    for worth, taken in ((enough - 0.01, 0), (enough + 0.01, other)):
        (answer,) = Ensemble(RULES, {}, fond(worth)).compose([BRIEF])
        assert answer.suggestions == KINDS[taken].suggestions


class Cheap:
    """Fake rules with two layouts on one ground, of which the second costs as much more as is given."""

    def __init__(self, more):
        self.kinds = [replace(KINDS[0], cost=0.0), replace(KINDS[1], framing=KINDS[0].framing, cost=more)]

    def proposals(self, brief, count):
        return self.kinds


def test_a_layout_that_is_dear_is_not_foreseen_before_a_variant_asks_for_it():
    for more, expected in ((DEAR / TASTE - 0.01, [1, 0]), (DEAR / TASTE + 0.01, [0, 1])):
        rules, asked = Cheap(more), []

        def fond(brief, framing, proposed, asked=asked):
            asked.append(proposed)
            return 100.0 * (proposed == KINDS[1].suggestions)

        variants = [replace(BRIEF, variant=number * len(STYLES)) for number in (0, 1, 2)]
        ensemble = Ensemble(rules, {}, fond)
        (first,) = ensemble.compose(variants[:1])
        assert len(asked) == (2 if expected[0] else 1)
        taken = [answer.suggestions for answer in (first, *ensemble.compose(variants[1:]))]
        assert taken == [KINDS[number].suggestions for number in (*expected, expected[-1])]


def test_a_networks_layout_is_taken_where_it_is_worth_more_in_the_style_of_the_rules():
    network = Network(OF_NETWORK)

    def fond(brief, framing, proposed):
        return 2.0 * (proposed == OF_NETWORK.suggestions)

    (answer,) = Ensemble(RULES, {"radm": network}, fond).compose([BRIEF])
    assert answer.suggestions == OF_NETWORK.suggestions and answer.style == KINDS[0].style
    assert answer.notes[0].startswith(f"proposed by radm, of {len(KINDS) + 1} layouts")
    (asked,) = network.asked
    assert [style.name for style in asked.styles] == [KINDS[0].style]
    (tie,) = Ensemble(RULES, {"radm": network}, flat).compose([BRIEF])
    assert tie.suggestions == KINDS[0].suggestions


def test_a_networks_fault_is_no_fault_of_the_row_and_the_rules_is():
    broken = Network(Fault("copy_too_long", "33 texts"))
    (answer,) = Ensemble(RULES, {"radm": broken}, flat).compose([BRIEF])
    assert answer.suggestions == KINDS[0].suggestions
    endless = replace(BRIEF, copy=Copy("W" * 4000))
    assert Ensemble(RULES, {}, flat).compose([endless]) == RULES.compose([endless])


def test_canvases_that_stay_as_they_are_are_left_to_the_rules():
    network = Network(OF_NETWORK)
    finished = replace(BRIEF, framing="as_is")
    assert Ensemble(RULES, {"radm": network}, flat).compose([finished]) == RULES.compose([finished])
    assert network.asked == []


def test_variants_are_unlike_one_another():
    campaign = Campaign(Ensemble(RULES, {}, fond_of(1)))
    few = replace(BRIEF, styles=STYLES[:2])
    made = campaign.compose([replace(few, variant=number) for number in range(3)])
    looks = [(answer.framing, answer.suggestions) for answer in made]
    for i, first in enumerate(made):
        for k in range(i):
            assert first.style != made[k].style or distance(looks[i], looks[k]) >= ALIKE


def test_by_its_own_ranking_a_layout_is_never_worth_less_than_the_rules_first():
    place = PlaceSettings()
    composer, provenance = composers.composer(ComposeSettings(engine="ensemble"), place, FACES, 0, Storage())
    assert provenance["composer"].startswith("ensemble-") and " + rules-" in provenance["composer"]
    assert provenance["seed"] is None, "nothing is drawn"
    rank = Foreseen(composers.placing(place, FACES), composers.finders.critic(), MERITS)
    for canvas in (Canvas(1080, 1080), Canvas(1920, 1080)):
        brief = replace(BRIEF, canvas=canvas, styles=STYLES[:1])
        (answer,) = composer.compose([brief])
        first = RULES.proposals(brief, 1)[0]
        worth = rank(brief, first.framing, first.suggestions)
        assert -answer.cost >= worth - TASTE * (first.cost + 0.3) - 1e-9, (
            "0.3: of the ground that the square canvas has"
        )
        assert {text.text for text in answer.suggestions if text.text} == {COPY.title, *COPY.selling_points, COPY.brand}


def test_members_need_weights_and_one_file_is_of_one_network():
    def settings(**compose):
        return LayoutsConfig.model_validate({"compose": {"engine": "ensemble", **compose}}).compose

    assert settings().is_by_rules and not settings().has_checkpoint
    both = settings(members=["radm", "layout_image"], model="embedded")
    assert [network.engine for network in both.networks] == ["radm", "layout_image"] and not both.is_by_rules
    with pytest.raises(ValueError, match=r"engine 'ensemble' needs compose\.model"):
        settings(members=["radm"])
    with pytest.raises(ValueError, match=r"is of one network and an ensemble has 2 members"):
        settings(members=["radm", "layout_image"], model="/weights/radm")
