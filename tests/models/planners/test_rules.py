import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Canvas, Copy, Role, inside, intersection, iou
from layoutgen.models.base import Fault, PlanBrief
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.planners.mirrored import MirroredPlanner
from layoutgen.models.planners.rules import RulesPlanner

PLANNER = RulesPlanner(FaceFor(PlaceSettings()), margin=0.045, min_font=0.024)
COPY = Copy("通勤西装外套 挺括显气质", ("￥299", "垂感抗皱面料", "收腰剪裁更显瘦"), "山野集")


def cut_out(width, height):
    pixels = np.zeros((height, width, 4), np.uint8)
    pixels[..., :3], pixels[..., 3] = (180, 60, 40), 255
    return pixels


@settings(max_examples=40, deadline=None)
@given(
    st.integers(40, 600), st.integers(40, 600), st.sampled_from([(1080, 1080), (810, 1080), (1080, 608), (608, 1080)]),
    st.integers(0, 2**31 - 1),
)  # fmt: skip
def test_a_plan_keeps_the_products_ratio_and_parts_it_from_the_copy(width, height, size, seed):
    canvas = Canvas(*size)
    (plan,) = PLANNER.plan([PlanBrief(cut_out(width, height), COPY, canvas, seed=seed)])
    left, top, right, bottom = plan.product_box
    ratio = (right - left) * canvas.width / ((bottom - top) * canvas.height)
    assert ratio == pytest.approx(width / height, rel=1e-9)
    assert inside(plan.product_box, (0, 0, 1, 1))
    for suggestion in plan.suggestions:
        assert inside(suggestion.box, (0, 0, 1, 1), 1e-3)
        assert intersection(suggestion.box, plan.product_box) < 1e-4
    texts = [suggestion.text for suggestion in plan.suggestions if suggestion.role is not Role.UNDERLAY]
    assert texts[:2] == [COPY.brand, COPY.title]
    assert set(texts) <= {COPY.brand, COPY.title, *COPY.selling_points}


def test_a_seed_gives_the_same_plan_alone_and_among_others_and_seeds_differ():
    canvas = Canvas(1080, 1080)
    briefs = [PlanBrief(cut_out(300, 400), COPY, canvas, seed=seed) for seed in range(8)]
    together = PLANNER.plan(briefs)
    assert together == [PLANNER.plan([brief])[0] for brief in briefs]
    boxes = [plan.product_box for plan in together]
    pairs = [iou(a, b) for i, a in enumerate(boxes) for b in boxes[:i]]
    assert np.mean(pairs) < 0.8


def test_what_a_platform_covers_stays_free_where_there_is_another_way():
    canvas, taken = Canvas(1080, 1080), (0.0, 0.0, 1.0, 0.12)
    briefs = [PlanBrief(cut_out(300, 400), COPY, canvas, free=(taken,), seed=seed) for seed in range(6)]
    for plan in PLANNER.plan(briefs):
        assert all(intersection(s.box, taken) == 0 for s in plan.suggestions)


def test_a_title_without_end_is_a_fault():
    brief = PlanBrief(cut_out(300, 400), Copy("x " * 4000), Canvas(200, 200))
    (fault,) = PLANNER.plan([brief])
    assert isinstance(fault, Fault)
    assert fault.kind == "copy_too_long"
    assert "shorten" in fault.message


def test_copy_that_runs_from_right_to_left_is_planned_as_in_a_mirror():
    canvas = Canvas(1280, 720)
    brief = PlanBrief(cut_out(300, 400), Copy("سترة رسمية أنيقة", ("نسيج مقاوم للتجعد",), language="ar"), canvas)
    (plain,), (turned,) = PLANNER.plan([brief]), MirroredPlanner(PLANNER).plan([brief])
    assert turned.product_box[0] == pytest.approx(1 - plain.product_box[2])
    assert [s.text for s in turned.suggestions] == [s.text for s in plain.suggestions]
    assert [s.box[0] for s in turned.suggestions] == pytest.approx([1 - s.box[2] for s in plain.suggestions])
