"""Plans: of a batch as alone, by seed, of the cut-out's ratio, wholly on the canvas, and as they were locked."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, Copy, Role, area, inside, intersection
from layoutgen.core.prompts.layouts import slots
from layoutgen.core.proposals.constraints import Constraints, Relation, violations
from layoutgen.models.base import Fault, Plan
from layoutgen.models.denoising.plans.planner import PlanNetPlanner
from layoutgen.models.denoising.plans.slots import whole_box
from layoutgen.models.denoising.plans.steering import Locks
from tests.models.denoising.plans.drawn import CANVASES, TINY, brief, network, product

BINS = [0, 32]


def planner(bins: int = 0, **how: int) -> PlanNetPlanner:
    return PlanNetPlanner(network(bins), **{"steps": 3, "samples": 2, **how})


def boxes(plan: Plan) -> np.ndarray:
    return np.array([plan.product_box, *(suggestion.box for suggestion in plan.suggestions)])


def ratio(box: tuple[float, ...], canvas: Canvas) -> float:
    return (box[2] - box[0]) * canvas.width / ((box[3] - box[1]) * canvas.height)


@pytest.mark.parametrize("bins", BINS)
def test_a_plan_is_the_same_alone_and_in_any_batch(bins: int) -> None:
    briefs = [brief(number) for number in range(4)]
    together = planner(bins).plan(briefs)
    backwards = planner(bins, rows=3).plan(briefs[::-1])[::-1]
    for one, plan, other in zip(briefs, together, backwards, strict=True):
        (alone,) = planner(bins).plan([one])
        for same in (alone, other):
            assert np.abs(boxes(plan) - boxes(same)).max() < 1e-3
            assert [s.role for s in plan.suggestions] == [s.role for s in same.suggestions]


@pytest.mark.parametrize("bins", BINS)
def test_a_seed_makes_a_plan_again_and_another_seed_another_one(bins: int) -> None:
    first, again, other = (planner(bins).plan([brief(1, seed=seed)])[0] for seed in (5, 5, 6))
    assert first == again
    assert np.abs(np.array(first.product_box) - other.product_box).max() > 0.01


def test_every_text_of_the_copy_is_there_once_in_a_role_that_it_may_have() -> None:
    for number, plan in enumerate(planner().plan([brief(number) for number in range(4)])):
        wanted = slots(brief(number).copy)
        texts = [suggestion for suggestion in plan.suggestions if suggestion.role is not Role.UNDERLAY]
        assert [text.text for text in texts] == [slot.text for slot in wanted]
        assert all(text.role in slot.roles for text, slot in zip(texts, wanted, strict=True))


@settings(max_examples=15, deadline=None)
@given(
    st.integers(8, 300),
    st.integers(8, 300),
    st.sampled_from([Canvas(600, 1800), Canvas(1800, 600), Canvas(1080, 1080), Canvas(750, 1000), Canvas(1920, 1080)]),
    st.integers(0, 2**31),
    st.sampled_from(BINS),
)
def test_a_product_keeps_its_ratio_and_lies_on_the_canvas(
    width: int, height: int, canvas: Canvas, seed: int, bins: int
) -> None:
    (plan,) = planner(bins, steps=2, samples=1).plan([brief(1, canvas, product=product(width, height), seed=seed)])
    assert isinstance(plan, Plan)
    assert ratio(plan.product_box, canvas) == pytest.approx(width / height, rel=1e-9)
    assert inside(plan.product_box, (0, 0, 1, 1), 1e-12)


@given(
    st.tuples(st.floats(-1, 2), st.floats(-1, 2)),
    st.floats(0, 1.5),
    st.floats(0.05, 20),
    st.integers(100, 4000),
    st.integers(100, 4000),
)
def test_whole_boxes_are_of_their_ratio_on_any_canvas(
    centre: tuple[float, float], scale: float, shape: float, width: int, height: int
) -> None:
    box = whole_box(centre, scale, shape, Canvas(width, height))
    assert ratio(box, Canvas(width, height)) == pytest.approx(shape, rel=1e-9)
    assert inside(box, (0, 0, 1, 1), 1e-12)


@pytest.mark.parametrize("bins", BINS)
def test_a_locked_product_stays_and_the_copy_is_planned_round_it(bins: int) -> None:
    free = brief(1)
    box = whole_box((0.3, 0.6), 0.4, 110 / 80, free.canvas)
    locked = replace(free, product=product(110, 80))
    (drafts,) = planner(bins).sample([locked], [Locks(box)])
    assert not isinstance(drafts, Fault)
    assert {draft.product for draft in drafts} == {box}
    for suggestion in drafts[0].suggestions:
        assert intersection(suggestion.box, box) < 1e-6


@pytest.mark.parametrize("bins", BINS)
def test_constraints_are_kept(bins: int) -> None:
    constraints = Constraints(
        given={0: (0.1, 0.05, 0.9, 0.15)},
        sizes={1: (0.3, 0.05)},
        relations=(Relation("above", 2, 1),),
        roles={4: Role.PRICE},
        underlays=1,
    )
    (drafts,) = planner(bins).sample([brief(1)], [Locks(constraints=constraints)])
    assert not isinstance(drafts, Fault)
    for draft in drafts:
        assert violations([suggestion.box for suggestion in draft.suggestions], constraints) == []
        assert draft.suggestions[4].role is Role.PRICE
        assert [s.role for s in draft.suggestions].count(Role.UNDERLAY) == 1


def test_what_a_platform_lays_on_the_canvas_stays_free() -> None:
    badge = (0.0, 0.0, 1.0, 0.3)
    (plan,) = planner().plan([brief(0, free=(badge,))])
    assert all(intersection(s.box, badge) < 0.02 * area(s.box) for s in plan.suggestions if s.text)


def test_bad_briefs_are_faults_and_hurt_no_neighbour() -> None:
    clear = product()
    clear[..., 3] = 0
    crowded = replace(brief(0), copy=Copy("A", tuple(f"point {k}" for k in range(TINY.lines))))
    briefs = [brief(0), replace(brief(1), product=clear), replace(brief(1), copy=Copy("")), crowded, brief(2)]
    plans = planner().plan(briefs)
    kinds = [plan.kind if isinstance(plan, Fault) else "" for plan in plans]
    assert kinds == ["", "no_cut_out", "empty_copy", "copy_too_long", ""]
    (alone,) = planner().plan([brief(2)])
    assert np.abs(boxes(plans[4]) - boxes(alone)).max() < 1e-3


@pytest.mark.parametrize(
    ("locks", "kind", "said"),
    [
        (Locks((0.1, 0.1, 0.9, 0.2)), "bad_constraints", "keep its ratio"),
        (Locks((0.9, 0.1, 0.1, 0.2)), "bad_constraints", "no box on the canvas"),
        (Locks(constraints=Constraints(underlays=9)), "bad_constraints", "at most"),
        (
            Locks(constraints=Constraints(relations=(Relation("above", 0, 1), Relation("above", 1, 0)))),
            "contradiction",
            "0 above 1",
        ),
    ],
)
def test_locks_that_can_not_be_kept_are_named(locks: Locks, kind: str, said: str) -> None:
    (fault,) = planner().sample([brief(1)], [locks])
    assert isinstance(fault, Fault)
    assert fault.kind == kind
    assert said in fault.message


@pytest.mark.parametrize("untold", ["visual", "text"])
def test_plans_depend_on_what_is_told(untold: str) -> None:
    (whole,) = planner().plan([brief(1)])
    (less,) = PlanNetPlanner(network(), steps=3, samples=2, without=(untold,)).plan([brief(1)])
    assert np.abs(np.array(whole.product_box) - less.product_box).max() > 1e-4
    (other,) = planner().plan([brief(1, product=product(85, 80, 9))])
    assert CANVASES[1] == brief(1).canvas
    assert np.abs(np.array(whole.product_box) - other.product_box).max() > 1e-4
