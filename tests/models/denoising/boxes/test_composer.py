"""Compositions of the copy, whatever comes in."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.prompts.layouts import slots
from layoutgen.core.prompts.refinements import Given
from layoutgen.core.proposals.constraints import Constraints, Relation, violations
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.denoising.boxes import composer as module
from layoutgen.models.denoising.boxes.composer import RadmComposer
from layoutgen.models.denoising.briefs import pictures_of
from layoutgen.models.denoising.seeds import row_seed
from tests.models.denoising.tiny import CANVASES, COPIES, network


def frame(image, annotation, canvas):
    return Framing()


def photo(seed=0, height=60, width=80):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)


def brief(number=0, **changes):
    made = Brief(photo(number), Annotation((), (0.3, 0.3, 0.7, 0.9)), COPIES[number], CANVASES[number])
    return replace(made, **changes)


def composer(**how):
    return RadmComposer(network(), frame=frame, **how)


def alike(one, other):
    """Whether two layouts are the same up to the rounding of sums, whose order depends on a batch's shape."""
    same = all(a.role is b.role and np.allclose(a.box, b.box, atol=5e-3) for a, b in zip(one, other, strict=False))
    return same and len(one) == len(other)


def said(composition):
    return [one.text for one in composition.suggestions if one.role is not Role.UNDERLAY]


def test_roles_and_number_of_elements_follow_the_copy():
    for number, composed in enumerate(composer().compose([brief(k) for k in range(8)])):
        assert isinstance(composed, Composition)
        wanted = slots(COPIES[number])
        assert said(composed) == [slot.text for slot in wanted]
        assert all(one.role in slot.roles for one, slot in zip(composed.suggestions, wanted, strict=False))
        for one in composed.suggestions:
            left, top, right, bottom = one.box
            assert 0 <= left < right <= 1
            assert 0 <= top < bottom <= 1


def test_a_batch_that_exceeds_the_memory_is_halved(monkeypatch):
    briefs, sample = [brief(k) for k in range(8)], module.sample

    def full(network, scene, seeds, **how):
        if len(seeds) > 3:
            raise torch.OutOfMemoryError("CUDA out of memory")
        return sample(network, scene, seeds, **how)

    expected = composer(rows=8).compose(briefs)
    monkeypatch.setattr(module, "sample", full)
    found = composer(rows=8).compose(briefs)
    assert [said(one) for one in found] == [said(one) for one in expected]
    assert all(alike(found[k].suggestions, expected[k].suggestions) for k in (0, 5))


def test_a_layout_does_not_depend_on_its_batch():
    together = composer(rows=8).compose([brief(k) for k in range(8)])
    for k in (0, 5):
        alone = composer(rows=1).compose([brief(k)])[0]
        assert alike(alone.suggestions, together[k].suggestions)


def test_a_row_has_a_seed_of_its_own():
    seeds = {
        row_seed(brief(0), Constraints(), 0, 0),
        row_seed(brief(1), Constraints(), 0, 0),
        row_seed(brief(0), Constraints(), 1, 0),
        row_seed(brief(0), Constraints(), 0, 1),
        row_seed(brief(0, canvas=Canvas(500, 900)), Constraints(), 0, 0),
        row_seed(brief(0, image=photo(9)), Constraints(), 0, 0),
    }
    assert len(seeds) == 6
    assert row_seed(brief(0), Constraints(), 0, 0) in seeds


def test_given_elements_stay_exactly_and_all_constraints_are_kept():
    given = (0.1234567890123, 0.05, 0.7, 0.2)
    constraints = Constraints(
        given={0: given},
        sizes={2: (0.25, 0.06)},
        relations=(
            Relation("above", 1, 2),
            Relation("left_of", 3, 4),
            Relation("same_size", 1, 3),
            Relation("inside", 4, 6),
        ),
        roles={4: Role.PRICE},
        underlays=1,
    )
    broken = 0
    for sampled in composer(samples=4).sample([brief(1)], [constraints])[0]:
        boxes = [one.box for one in sampled.suggestions]
        assert boxes[0] == given
        assert len(boxes) == 7
        assert violations(boxes, constraints) == []
        assert sampled.suggestions[4].role is Role.PRICE
        assert sampled.suggestions[6].role is Role.UNDERLAY
        broken += len(sampled.before)
    assert broken > 0  # of a network that has learnt nothing


def test_the_best_of_several_samples_is_taken():
    samples = composer(samples=6).sample([brief(1)])[0]
    scores = [one.score for one in samples]
    assert len(set(scores)) > 1
    best = composer(samples=6).compose([brief(1)])[0]
    assert best.suggestions == samples[int(np.argmax(scores))].suggestions
    assert alike(composer(samples=1).compose([brief(1)])[0].suggestions, samples[0].suggestions)


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"copy": Copy(" ")}, "empty_copy"),
        ({"copy": Copy("Kettle", tuple(f"point {k}" for k in range(40)))}, "copy_too_long"),
    ],
)
def test_a_copy_that_cannot_be_laid_out_is_a_named_fault_and_harms_no_other(changes, kind):
    fault, composed = composer().compose([brief(0, **changes), brief(1)])
    assert isinstance(fault, Fault)
    assert fault.kind == kind
    assert isinstance(composed, Composition)


def test_constraints_that_contradict_each_other_are_a_named_refusal():
    circle = Constraints(relations=(Relation("above", 0, 1), Relation("above", 1, 0)))
    wrong = Constraints(relations=(Relation("above", 0, 9),))
    refused, bad = composer().sample([brief(0), brief(0)], [circle, wrong])
    assert refused.kind == "contradiction"
    assert "0 above 1; 1 above 0" in refused.message
    assert bad.kind == "bad_constraints"


@pytest.mark.parametrize("canvas", [Canvas(100, 800), Canvas(800, 100), Canvas(64, 8192)])
def test_extreme_canvases_and_pictures_of_one_colour_are_laid_out(canvas):
    flat = np.full((40, 40, 3), 128, np.uint8)
    composed = composer().compose([brief(1, canvas=canvas, image=flat, annotation=Annotation(()))])[0]
    assert isinstance(composed, Composition)
    assert all(np.isfinite(one.box).all() for one in composed.suggestions)


def test_a_network_whose_answers_are_not_finite_is_a_fault():
    net = network()
    with torch.no_grad():
        net.heads[-1].role[-1].weight[0, 0] = float("nan")
    assert RadmComposer(net, frame=frame).compose([brief(0)])[0].kind == "not_finite"


def unfinished(one, locked=True):
    """A title that is given, and a point of which the height and the right edge are not known."""
    title, point = slots(one.copy)[:2]
    return [
        Given(Suggestion(Role.TITLE, (0.1, 0.1, 0.6, 0.2), title.text), locked),
        Given(Suggestion(point.roles[0], (0.1, 0.3, 0.5, 0.4), point.text), locked, frozenset({"w", "h"})),
    ]


def test_unfinished_layouts_are_finished_beside_what_is_locked():
    one = next(brief(k) for k in range(8) if len(slots(COPIES[k])) > 2 and COPIES[k].title and not COPIES[k].logo)
    bad = [Given(Suggestion(Role.TITLE, (0.1, 0.1, 0.6, 0.2), "no text of the copy"), True)]
    made, fault = composer().refine([one, one], [unfinished(one), bad], 0.01)
    assert isinstance(made, Composition)
    assert said(made) == [slot.text for slot in slots(one.copy)]
    assert made.suggestions[0].box == (0.1, 0.1, 0.6, 0.2)
    assert made.suggestions[1].box[:2] == (0.1, 0.3)
    assert isinstance(fault, Fault)
    assert fault.kind == "bad_given"


def test_what_is_to_stay_free_is_shown_as_the_subject_is():
    (bare,), _ = pictures_of([(brief(0), Framing())], network().size)
    (held,), sizes = pictures_of([(brief(0, free=((0.0, 0.0, 0.5, 0.25),)), Framing())], network().size)
    width, height = sizes[0].tolist()
    rows, columns = slice(0, int(0.25 * height)), slice(0, int(0.5 * width))
    assert (held[3, rows, columns] == 1).all()
    assert (bare[3, rows, columns] == 0).all()
    held[3, : math.ceil(0.25 * height), : math.ceil(0.5 * width)] = 0
    assert torch.equal(bare, held)
