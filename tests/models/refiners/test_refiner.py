"""The refiner sets boxes by one another, and nothing that it gives back is worse than what it was given."""

import hashlib
import itertools
from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion, iou
from layoutgen.core.prompts.refinements import Given
from layoutgen.core.proposals.hints import Draft, draft
from layoutgen.core.proposals.ranking import layout_score
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.finders.network import embedded
from layoutgen.models.refiners.finishing import finished
from layoutgen.models.refiners.inputs import inputs_of
from layoutgen.models.refiners.network import BoxRefiner, differences
from layoutgen.models.refiners.refiner import Refiner, is_whole
from layoutgen.models.refiners.weights import card, version
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import jittered
from tests.budget import examples

CANVAS = Canvas(900, 1200)
COPY = Copy("Silent kettle", ("Boils 1.5 l", "Two years' warranty", "$39"), brand="ACME")
COLUMN = (
    Suggestion(Role.TITLE, (0.068, 0.08, 0.568, 0.15), "Silent kettle"),
    Suggestion(Role.SELLING_POINT, (0.068, 0.18, 0.348, 0.215), "Boils 1.5 l"),
    Suggestion(Role.SELLING_POINT, (0.068, 0.235, 0.548, 0.27), "Two years' warranty"),
    Suggestion(Role.PRICE, (0.068, 0.3, 0.248, 0.36), "$39"),
    Suggestion(Role.LOGO, (0.068, 0.9, 0.208, 0.935), "ACME"),
)
BRIEF = Brief(np.zeros((60, 45, 3), np.uint8), Annotation((), (0.5, 0.4, 0.9, 0.9)), COPY, CANVAS)


def off(level: float, seed: int) -> tuple[Suggestion, ...]:
    """The column with half of its edges off."""
    rng = np.random.default_rng(seed)
    out = []
    for element in COLUMN:
        box = np.clip(np.array(element.box) + rng.normal(0, level, 4) * (rng.random(4) < 0.5), 0, 1)
        box[2:] = np.maximum(box[2:], box[:2] + 0.01)
        out.append(replace(element, box=tuple(map(float, box))))
    return tuple(out)


def never(briefs, hints):
    raise AssertionError("no composer should be asked")


def finish(hints, level=0.01, ask=never, brief=BRIEF):
    return finished(Refiner(), [brief], [hints], level, lambda brief: Framing(), ask)[0]


def test_the_embedded_refiner_is_the_one_of_its_card() -> None:
    weights = embedded("refiner")[0]
    assert hashlib.sha256(weights).hexdigest() == card()["sha256"]
    assert len(weights) == card()["bytes"] < 2e6
    assert card()["parameters"] == sum(value.numel() for value in BoxRefiner().parameters())
    assert version().startswith("refiner-1-")
    for before, after in card()["held_back"]["iou_given_and_after"].values():
        assert after > before


def test_hints_of_drawn_posters_come_back_nearer_to_where_they_should_be() -> None:
    """Of both levels of noise, in the mean over posters that it did not learn from."""
    corpus = Corpus(CorpusSpec(1))
    posters, refiner = [corpus.poster(3000 + number) for number in range(8)], Refiner()
    for level in (0.01, 0.03):
        before, after = [], []
        for poster, seed in itertools.product(posters, range(3)):
            rng = np.random.default_rng([seed, round(1000 * level)])
            moved, _ = jittered([element.box for element in poster.suggestions], level, 0.5, rng)
            hints = [replace(element, box=box) for element, box in zip(poster.suggestions, moved, strict=True)]
            layout = Draft(tuple(hints), ((level,) * 4,) * len(hints), {})
            mended = refiner.mended(layout, poster.canvas, poster.logo_aspect)
            for overlaps, boxes in ((before, hints), (after, mended)):
                overlaps += [iou(a.box, b.box) for a, b in zip(boxes, poster.suggestions, strict=True)]
        assert np.mean(after) > np.mean(before) + 0.01


def test_a_network_without_experience_leaves_nearly_all_as_it_is() -> None:
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = BoxRefiner()
    inputs = inputs_of(COLUMN, np.full((5, 4), 0.01), CANVAS)
    with torch.inference_mode():
        assert (network(inputs).ltrb - inputs.ltrb).abs().max() < 0.05


def test_the_moves_end_at_the_edges_and_sizes_of_others() -> None:
    inputs = inputs_of(COLUMN, np.full((5, 4), 0.01), CANVAS)
    found = BoxRefiner()(inputs)
    ends = (inputs.ltrb[..., None] + found.moves)[0].view(5, 4, 5, 6)
    first, second = torch.tensor(COLUMN[0].box), torch.tensor(COLUMN[1].box)
    left, top, right, bottom = first.tolist()
    assert ends[1, 0, 0, 0].item() == pytest.approx(left)
    assert ends[1, 2, 0, 2].item() == pytest.approx(right)
    assert ends[1, 1, 0, 3].item() == pytest.approx(bottom), "a top edge may go to another's bottom edge"
    assert ends[1, 2, 0, 5].item() == pytest.approx(second[0].item() + right - left), "a right edge by another's width"
    assert ends[1, 1, 0, 5].item() == pytest.approx(second[3].item() - (bottom - top)), "a top edge by its height"
    assert torch.allclose(differences(inputs.ltrb)[0, 0, 1, :6], -differences(inputs.ltrb)[0, 1, 0, [0, 1, 2, 4, 3, 5]])
    assert torch.allclose(found.shares.sum(-1), torch.ones(1, 5, 4))


@given(st.integers(0, 10_000), st.sampled_from([None, 0.0, 0.005, 0.03]), st.sets(st.integers(0, 4)))
@settings(max_examples=examples(25, 300), deadline=None)
def test_what_comes_back_is_never_worse_than_what_was_given(seed, level, locked) -> None:
    """By the score that takes the better one; and locked elements are exact."""
    hints = off(0.02, seed)
    listed = [Given(element, index in locked) for index, element in enumerate(hints)]
    made = finish(listed, level)
    assert isinstance(made, Composition)
    subject = BRIEF.annotation.subject
    assert layout_score(made.suggestions, CANVAS, subject) >= layout_score(hints, CANVAS, subject)
    for index in locked:
        assert made.suggestions[index] == hints[index]
    for element in made.suggestions:
        assert 0 <= element.box[0] < element.box[2] <= 1
        assert 0 <= element.box[1] < element.box[3] <= 1


def test_a_composer_is_asked_only_for_what_is_absent_or_hidden() -> None:
    asked = []

    def ask(briefs, hints):
        asked.append((briefs, hints))
        return [Composition(Framing(), COLUMN, "raw", "style")]

    whole = [Given(element, False) for element in off(0.01, 1)]
    assert isinstance(finish(whole), Composition)
    assert asked == []
    hidden = [*whole[:2], replace(whole[2], hidden=frozenset({"role", "w"})), *whole[3:]]
    for listed in (whole[:3], hidden):
        made = finish(listed, ask=ask)
        assert isinstance(made, Composition)
        assert [element.text for element in made.suggestions] == [element.text for element in COLUMN]
        assert (made.raw, made.style) == ("raw", "style")
    assert len(asked) == 2
    assert made.suggestions[2].role is Role.SELLING_POINT, "the hidden role is the composer's"


def test_bad_hints_are_refused_by_name_and_leave_their_neighbours_alone() -> None:
    whole = [Given(element, False) for element in COLUMN]
    bad = [
        [replace(whole[0], element=replace(COLUMN[0], text="Teapot"))],
        [whole[0], whole[0]],
        [replace(whole[1], element=replace(COLUMN[1], box=(0.5, 0.1, 0.4, 0.2)))],
        [replace(whole[1], element=replace(COLUMN[1], box=(0.1, 0.1, float("nan"), 0.2)))],
        [replace(whole[1], hidden=frozenset({"z"}))],
    ]
    said = ["'Teapot' is not in the copy", "give its texts only, once", "0 <= x1 < x2 <= 1", "has the box", "hides z"]
    made = finished(Refiner(), [BRIEF] * 6, [*bad, whole], 0.01, lambda brief: Framing(), never)
    for fault, words in zip(made[:5], said, strict=True):
        assert isinstance(fault, Fault)
        assert fault.kind == "bad_given"
        assert words in fault.message
    assert made[5] == finish(whole)
    fault = Fault("not_finite", "no number")
    assert finish(whole[:2], ask=lambda briefs, hints: [fault]) == fault


@pytest.mark.parametrize("level", [-0.1, 1.5, float("nan")])
def test_a_level_that_is_none_is_refused(level: float) -> None:
    with pytest.raises(ValueError, match="give a share of the side, 0 to 1, or None"):
        finish([Given(element, False) for element in COLUMN], level)
    with pytest.raises(ValueError, match="2 briefs and hints for 1"):
        finished(Refiner(), [BRIEF, BRIEF], [[]], 0.01, lambda brief: Framing(), never)


def test_levels_that_are_no_numbers_are_refused() -> None:
    for levels in (np.full((5, 4), np.nan), np.full((4, 4), 0.01), np.full((5, 4), -1.0)):
        with pytest.raises(ValueError, match="levels of 5 elements"):
            inputs_of(COLUMN, levels, CANVAS)


def test_layouts_of_any_size_are_mended_each_by_itself() -> None:
    refiner = Refiner()
    assert refiner.mended(Draft((), (), {}), CANVAS) == ()
    alone = draft(Copy("Kettle"), (), [Given(replace(COLUMN[0], text="Kettle"), False)], 0.01)
    (one,) = refiner.mended(alone, CANVAS)
    assert max(abs(a - b) for a, b in zip(one.box, COLUMN[0].box, strict=True)) <= 0.03 + 1e-6
    assert is_whole(BRIEF, [Given(element, False) for element in COLUMN])
    assert not is_whole(BRIEF, [Given(element, False) for element in COLUMN[:4]])
