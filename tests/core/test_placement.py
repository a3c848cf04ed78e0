import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from layoutgen.config import Place
from layoutgen.core import rows, stacking
from layoutgen.core.layout import TEXT_ROLES, Canvas, Copy, Element, Role, Suggestion, intersection
from layoutgen.core.placement import Ground, Limits, NoLayoutError, covered, infer_alignment, place, share_of
from layoutgen.models.building import FaceFor
from tests.pipeline.independent_check import judge

FACES = FaceFor(Place())
SQUARE = Canvas(1080, 1080)
canvases = st.sampled_from(
    [SQUARE, Canvas(1080, 1440), Canvas(1920, 1080), Canvas(200, 1000), Canvas(1000, 200), Canvas(320, 320)]
)
numbers = st.floats(-0.2, 1.2) | st.floats(-30, 30) | st.sampled_from([0.0, 0.5, 1.0, 0.999999, 1e-9, -1e12, 1e300])
near_boxes = st.builds(
    lambda x, y, w, h: (x, y, x + w, y + h),
    *[st.floats(0, 0.9), st.floats(0, 0.9), st.floats(0.01, 0.8), st.floats(0.01, 0.3)],
)
boxes = near_boxes | st.tuples(numbers, numbers, numbers, numbers)
copies = st.sampled_from(
    "轻薄本 静音破壁机家用多功能豆浆机 满300减50，上不封顶！ ￥199起 10.5kg 「限时」买一送一 Sale ACME "
    "一次充电可以连续使用三十个小时，通勤、出差、上课都够用；插上电源十分钟，又是一整天 무선이어폰 いつでも、どこでも café Ångström gÿpsy".split()
) | st.sampled_from(
    ["Wireless Noise-Cancelling Headphones", "USB-C 100W fast charge", "Á É Ǘ ặ ự j q y g", "New: 全新 Pro 14 英寸"]
)
text_suggestions = st.builds(Suggestion, st.sampled_from(sorted(TEXT_ROLES)), boxes, copies)
others = st.builds(Suggestion, st.just(Role.UNDERLAY), boxes) | st.builds(
    Suggestion, st.just(Role.LOGO), boxes, st.just("") | st.just("ACME")
)
titles = st.builds(Suggestion, st.just(Role.TITLE), boxes, copies)


@st.composite
def suggestion_lists(draw):
    found = [draw(titles), *draw(st.lists(text_suggestions | others, max_size=9))]
    return draw(st.permutations(found))


patterns = st.tuples(st.sampled_from(["flat", "noise", "gradient", "halves"]), st.integers(0, 99), st.booleans())


def painted(canvas, pattern):
    """What lies behind the elements, at a small scale: a pattern in two colours, and a subject or none."""
    kind, seed, has_subject = pattern
    rng = np.random.default_rng(seed)
    first, second = rng.integers(0, 256, 3), rng.integers(0, 256, 3)
    ground = flat(canvas)
    height, width = ground.subject.shape
    ground.pixels[:] = rng.integers(0, 256, ground.pixels.shape) if kind == "noise" else first
    if kind == "gradient":
        ground.pixels[:] = first + (second - first) * np.linspace(0, 1, width)[:, None]
    if kind == "halves":
        ground.pixels[:, width // 2 :] = second
    ground.subject[height // 3 : 2 * height // 3, width // 4 : width // 2 + 1] = has_subject
    return ground


def limits_of(canvas, margin=0.045, min_contrast=4.5):
    short = min(canvas.width, canvas.height)
    return Limits(margin * short, math.ceil(0.024 * short), min_contrast)


def flat(canvas, value=240):
    side = 128 / max(canvas.width, canvas.height)
    shape = (max(1, round(canvas.height * side)), max(1, round(canvas.width * side)))
    return Ground(np.full((*shape, 3), value, np.uint8), np.zeros(shape, np.float32))


def put(suggestions, canvas=SQUARE, ground=None, **limits):
    return place(suggestions, canvas, ground or flat(canvas), FACES, limits_of(canvas, **limits))


def luminance(rgb):
    share = np.asarray(rgb, float) / 255
    return np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4) @ [0.2126, 0.7152, 0.0722]


def hex_rgb(value):
    return np.array([int(value[i : i + 2], 16) for i in (1, 3, 5)], float)


def measured_contrast(element, elements, pixels):
    """The contrast that is left in 95 % of the pixels behind a text, measured here anew: WCAG, underlays blended."""
    height, width = pixels.shape[:2]
    left, top, right, bottom = element.box
    behind = pixels[
        int(top * height + 1e-6) : math.ceil(bottom * height - 1e-6),
        int(left * width + 1e-6) : math.ceil(right * width - 1e-6),
    ].reshape(-1, 3)
    chain, at = [], element.underlay
    while at is not None:
        chain.append(elements[at])
        at = elements[at].underlay
    for underlay in reversed(chain):
        behind = behind * (1 - underlay.opacity) + hex_rgb(underlay.colour) * underlay.opacity
    mine, ground = luminance(hex_rgb(element.colour)), luminance(behind)
    return float(np.percentile((np.maximum(mine, ground) + 0.05) / (np.minimum(mine, ground) + 0.05), 5))


def assert_keeps_every_limit(found, suggestions, canvas, ground, limits):
    said = [s.text for s in suggestions if s.text]
    row = {
        "canvas_width": canvas.width,
        "canvas_height": canvas.height,
        "title": said[0],
        "selling_points": said[1:],
        "notes": list(found.notes),
        "elements": [rows.element_row(element) for element in found.elements],
    }
    assert {name: n for name, n in judge([row]).items() if n and name != "layouts"} == {}
    wanted = [(s.role, s.text) for s in suggestions if s.role is not Role.UNDERLAY]
    placed = [(e.role, e.text) for e in found.elements if e.role is not Role.UNDERLAY]
    rest = iter(wanted)
    assert all(pair in rest for pair in placed), "the order of the copy is kept"
    assert len(wanted) == len(placed) + len(found.notes)
    edge_x, edge_y = limits.margin_px / canvas.width, limits.margin_px / canvas.height
    for element in found.elements:
        if element.role is not Role.UNDERLAY:
            slack = 0.51 / min(canvas.width, canvas.height)
            assert element.box[0] >= edge_x - slack and element.box[2] <= 1 - edge_x + slack
            assert element.box[1] >= edge_y - slack and element.box[3] <= 1 - edge_y + slack
    contrasts = [measured_contrast(e, found.elements, ground.pixels) for e in found.elements if e.lines]
    assert min(contrasts) >= limits.min_contrast - 0.01
    assert found.contrast == pytest.approx(min(contrasts), rel=0.02)
    assert 0 <= found.subject_covered <= 1


@settings(max_examples=120)
@given(canvases, patterns, suggestion_lists())
def test_whatever_is_suggested_a_layout_keeps_every_limit_or_says_why_there_is_none(canvas, pattern, suggestions):
    ground, limits = painted(canvas, pattern), limits_of(canvas)
    try:
        found = place(suggestions, canvas, ground, FACES, limits)
    except NoLayoutError as error:
        assert error.kind in {"no_room", "copy_too_long", "bad_box"}
        return
    assert_keeps_every_limit(found, suggestions, canvas, ground, limits)
    assert found == place(suggestions, canvas, ground, FACES, limits), "deterministic"


@settings(max_examples=40)
@given(patterns, suggestion_lists(), st.sampled_from([0.0, 0.045, 0.2]), st.sampled_from([1.0, 4.5, 7.0, 15.0]))
def test_other_limits_are_kept_too(pattern, suggestions, margin, min_contrast):
    canvas = Canvas(1001, 777)
    ground, limits = painted(canvas, pattern), limits_of(canvas, margin, min_contrast)
    try:
        found = place(suggestions, canvas, ground, FACES, limits)
    except NoLayoutError:
        return
    assert_keeps_every_limit(found, suggestions, canvas, ground, limits)
