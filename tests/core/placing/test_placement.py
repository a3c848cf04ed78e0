import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from layoutgen.config.stages import PlaceSettings
from layoutgen.core import rows
from layoutgen.core.layout import TEXT_ROLES, Canvas, Copy, Element, Role, Suggestion, intersection
from layoutgen.core.placing.placement import Ground, Limits, NoLayoutError, covered, infer_alignment, place
from layoutgen.core.proposals import stacking
from layoutgen.models.building.fonts import FaceFor
from tests.budget import examples
from tests.pipeline.independent_check import judge

FACES = FaceFor(PlaceSettings())
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
WORDS = """轻薄本 静音破壁机家用多功能豆浆机 满300减50，上不封顶！ ￥199起 10.5kg 「限时」买一送一 Sale ACME
café 一次充电可以连续使用三十个小时，通勤、出差、上课都够用；插上电源十分钟，又是一整天
무선이어폰 いつでも、どこでも"""
PHRASES = [
    "Wireless Noise-Cancelling Headphones",
    "USB-C 100W fast charge",
    "Happy gym j q y g",
    "New: 全新 Pro 14 英寸",
]
copies = st.sampled_from([*WORDS.split(), *PHRASES])
text_suggestions = st.builds(Suggestion, st.sampled_from(sorted(TEXT_ROLES)), boxes, copies)
others = st.builds(Suggestion, st.just(Role.UNDERLAY), boxes) | st.builds(
    Suggestion, st.just(Role.LOGO), boxes, st.just("") | st.just("ACME")
)
titles = st.builds(Suggestion, st.just(Role.TITLE), boxes, copies)


@st.composite
def suggestion_lists(draw):
    found = [draw(titles), *draw(st.lists(text_suggestions | others, max_size=9))]
    return draw(st.permutations(found))


patterns = st.tuples(
    st.sampled_from(["flat", "noise", "gradient", "halves"]),
    st.integers(0, 99),
    st.booleans(),
    st.sampled_from([None, "#ffffff", "#202020", "#808080"]),
)


def painted(canvas, pattern):
    """What lies behind the elements, at a small scale: a pattern in two colours, a subject or none, a logo's colour."""
    kind, seed, has_subject, logo = pattern
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
    return replace(ground, logo=logo)


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


@settings(max_examples=examples(30, soak=300))
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


@settings(max_examples=examples(15, soak=100))
@given(patterns, suggestion_lists(), st.sampled_from([0.0, 0.045, 0.2]), st.sampled_from([1.0, 4.5, 7.0, 15.0]))
def test_other_limits_are_kept_too(pattern, suggestions, margin, min_contrast):
    canvas = Canvas(1001, 777)
    ground, limits = painted(canvas, pattern), limits_of(canvas, margin, min_contrast)
    try:
        found = place(suggestions, canvas, ground, FACES, limits)
    except NoLayoutError:
        return
    assert_keeps_every_limit(found, suggestions, canvas, ground, limits)


@given(
    st.sampled_from(["轻薄本", "静音破壁机家用多功能豆浆机", "Wireless Headphones Pro"]),
    st.lists(copies, max_size=4, unique=True),
    st.sampled_from(["left", "center", "right"]),
    st.sampled_from([SQUARE, Canvas(1080, 1440), Canvas(1920, 1080), Canvas(200, 1000)]),
)
def test_a_suggestion_that_keeps_the_limits_keeps_its_boxes(title, points, alignment, canvas):
    limits = limits_of(canvas)
    width, height = canvas.width - 2 * limits.margin_px, canvas.height - 2 * limits.margin_px
    block = stacking.stack(
        Copy(title, tuple(points), "ACME"),
        width,
        height,
        FACES,
        canvas,
        smallest_px=limits.smallest_px,
        logo_aspect=None,
    )
    assume(block)
    left = math.ceil(limits.margin_px)
    top = float(round((canvas.height - block.height) / 2))
    suggestions, sizes = [], []
    for piece, outer in block.boxes_px(left + float(int(width - block.width) // 2), top, alignment):
        box = outer
        if piece.pill:
            across, down = stacking.pill_padding(piece.setting.font_px)
            suggestions.append(Suggestion(Role.UNDERLAY, normalised(outer, canvas)))
            box = (outer[0] + across, outer[1] + down, outer[2] - across, outer[3] - down)
        suggestions.append(Suggestion(piece.role, normalised(box, canvas), piece.text))
        sizes.append(piece.setting.font_px)
    found = put(suggestions, canvas)
    texts = [e for e in found.elements if e.role is not Role.UNDERLAY]
    assert [e.font_px for e in texts] == sizes
    for element, suggestion in zip(texts, [s for s in suggestions if s.text], strict=True):
        assert_boxes_near(element.box, suggestion.box, canvas)
    pills = [s.box for s in suggestions if s.role is Role.UNDERLAY]
    underlays = [e.box for e in found.elements if e.role is Role.UNDERLAY]
    assert len(pills) == len(underlays)
    for pill, underlay in zip(pills, underlays, strict=True):
        assert_boxes_near(pill, underlay, canvas)


@given(canvases, patterns, suggestion_lists())
def test_a_layout_placed_again_stays_where_it_is(canvas, pattern, suggestions):
    ground = painted(canvas, pattern)
    try:
        first = place(suggestions, canvas, ground, FACES, limits_of(canvas))
    except NoLayoutError:
        assume(False)
    texts = [e for e in first.elements if e.role is not Role.UNDERLAY]
    again = place([Suggestion(e.role, e.box, e.text) for e in texts], canvas, ground, FACES, limits_of(canvas))
    assert not again.notes
    for before, after in zip(texts, [e for e in again.elements if e.role is not Role.UNDERLAY], strict=True):
        assert (before.text, before.font_px) == (after.text, after.font_px)
        assert_boxes_near(before.box, after.box, canvas)


def normalised(box, canvas):
    return (box[0] / canvas.width, box[1] / canvas.height, box[2] / canvas.width, box[3] / canvas.height)


def assert_boxes_near(a, b, canvas, slack_px=2.0):
    """Text set again may be broken a pixel or two narrower."""
    sides = np.array([canvas.width, canvas.height] * 2)
    assert np.abs((np.array(a) - np.array(b)) * sides).max() <= slack_px, (a, b)


@pytest.mark.parametrize(
    "box",
    [
        (math.nan, 0.1, 0.5, 0.2),
        (0.1, math.nan, 0.5, 0.2),
        (0.1, 0.1, 0.5, math.nan),
        (math.nan,) * 4,
    ],
)
def test_a_title_whose_box_is_nowhere_is_a_bad_box(box):
    with pytest.raises(NoLayoutError, match="title '轻薄本'") as caught:
        put([Suggestion(Role.TITLE, box, "轻薄本")])
    assert caught.value.kind == "bad_box"


def test_an_underlay_whose_box_is_nowhere_is_left_out():
    title = Suggestion(Role.TITLE, (0.1, 0.1, 0.6, 0.2), "轻薄本")
    assert put([Suggestion(Role.UNDERLAY, (0.0, math.nan, 1.0, 0.3)), title]) == put([title])


@pytest.mark.parametrize("box", [(-math.inf, 0.1, math.inf, 0.2), (0.2, 0.1, math.inf, 0.2), (-1e308, 0.1, 1e308, 0.2)])
def test_an_endless_box_is_as_wide_as_the_safe_area(box):
    assert put([Suggestion(Role.TITLE, box, "轻薄本")]) == put([Suggestion(Role.TITLE, (0.0, 0.1, 1.0, 0.2), "轻薄本")])


def test_an_inverted_box_is_the_box_it_spans():
    upright, inverted = (0.1, 0.1, 0.6, 0.2), (0.6, 0.2, 0.1, 0.1)
    assert put([Suggestion(Role.TITLE, inverted, "轻薄本")]) == put([Suggestion(Role.TITLE, upright, "轻薄本")])


@pytest.mark.parametrize("box", [(0.3, 0.3, 0.3, 0.3), (0.3, 0.3, 0.301, 0.9), (0.1, 0.3, 0.9, 0.301)])
@pytest.mark.parametrize("text", ["Supercalifragilistic", "长" * 200])
def test_a_box_too_small_for_its_text_grows(box, text):
    found = put([Suggestion(Role.TITLE, box, text)])
    assert "".join(found.elements[0].lines) == text
    assert found.elements[0].font_px >= limits_of(SQUARE).smallest_px


@pytest.mark.parametrize("height", [0.03, 0.05, 0.1, 0.2])
def test_capitals_under_two_accents_stay_in_their_box(height):
    found = put([Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.1 + height), "MIỄN PHÍ VẬN CHUYỂN Ǘ")])
    row = {"canvas_width": 1080, "canvas_height": 1080, "title": "", "selling_points": [], "notes": [""]}
    assert judge([{**row, "elements": [*map(rows.element_row, found.elements)]}])["overflow"] == 0


def test_a_title_that_fits_nowhere_is_too_long():
    with pytest.raises(NoLayoutError, match="title of 3000 characters fits nowhere on 1080x1080") as caught:
        put([Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.9), "长" * 3000)])
    assert caught.value.kind == "copy_too_long"


def test_a_price_without_room_is_no_room():
    fill = [Suggestion(Role.TITLE, (0.0, i / 2, 1.0, i / 2 + 0.5), "长" * 300) for i in range(2)]
    with pytest.raises(NoLayoutError, match=r"price '￥199'.*1080x1080") as caught:
        put([*fill, *[Suggestion(Role.PRICE, (0.1, 0.1, 0.9, 0.9), "￥199")] * 99])
    assert caught.value.kind == "no_room"


def test_a_selling_point_without_room_is_left_out_and_noted():
    canvas = Canvas(200, 200)
    points = [Suggestion(Role.SELLING_POINT, (0.05, 0.05, 0.95, 0.6), f"第{i}个卖点") for i in range(60)]
    found = put([Suggestion(Role.TITLE, (0.05, 0.05, 0.95, 0.5), "轻薄本"), *points], canvas)
    said = {e.text for e in found.elements}
    left_out = {note.removeprefix("left out for want of room: ") for note in found.notes}
    assert "轻薄本" in said
    assert left_out
    assert said | left_out >= {p.text for p in points}
    assert not said & left_out


def test_the_same_suggestion_given_twice_is_placed_twice_in_order():
    point = Suggestion(Role.SELLING_POINT, (0.1, 0.5, 0.5, 0.56), "包邮")
    title = Suggestion(Role.TITLE, (0.1, 0.1, 0.6, 0.2), "轻薄本")
    assert [e.text for e in put([point, title, point]).elements] == ["包邮", "轻薄本", "包邮"]


def test_the_title_keeps_its_place_and_a_point_that_lies_on_it_moves_a_little():
    title = Suggestion(Role.TITLE, (0.1, 0.4, 0.9, 0.5), "静音破壁机家用多功能")
    point = Suggestion(Role.SELLING_POINT, (0.1, 0.44, 0.5, 0.5), "买一送一")
    first, second = put([title, point]).elements
    assert_boxes_near(first.box, (0.1, 0.4, first.box[2], 0.5), SQUARE)
    assert intersection(first.box, second.box) == 0
    assert abs(second.box[1] - 0.44) < 0.15


def test_a_text_that_must_move_moves_off_the_subject():
    ground = flat(SQUARE)
    ground.subject[64:, :] = 1
    title = Suggestion(Role.TITLE, (0.1, 0.46, 0.9, 0.56), "静音破壁机家用多功能")
    point = Suggestion(Role.SELLING_POINT, (0.1, 0.52, 0.5, 0.58), "买一送一")
    _, moved = put([title, point], ground=ground).elements
    assert moved.box[3] <= 0.5


def test_a_box_at_infinity_is_one_at_the_edge():
    found = put([Suggestion(Role.TITLE, (math.inf, 0.1, math.inf, 0.2), "轻薄本")])
    assert found.elements[0].box[2] == pytest.approx(1 - 0.045, abs=0.001)


def test_a_text_on_a_suggested_underlay_gets_a_pill_that_holds_it_centred():
    pill = Suggestion(Role.UNDERLAY, (0.1, 0.5, 0.4, 0.6))
    text = Suggestion(Role.SELLING_POINT, (0.13, 0.52, 0.37, 0.58), "买一送一")
    underlay, element = put([pill, text]).elements
    assert (underlay.role, element.underlay, element.alignment) == (Role.UNDERLAY, 0, "center")
    assert underlay.z < element.z
    assert underlay.box[0] < element.box[0] and underlay.box[2] > element.box[2]


def test_a_text_on_a_restless_ground_gets_a_panel_and_one_on_a_calm_ground_none():
    title = Suggestion(Role.TITLE, (0.1, 0.1, 0.6, 0.2), "轻薄本")
    roles = [
        [e.role for e in put([title], ground=painted(SQUARE, (kind, 1, False, None))).elements]
        for kind in ("noise", "flat")
    ]
    assert roles == [[Role.UNDERLAY, Role.TITLE], [Role.TITLE]]


@pytest.mark.parametrize("box", [(0.1, 0.1, 0.4, 0.2), (-0.5, -0.5, 3.5, 0.5), (0.9, 0.9, 1.2, 1.0)])
def test_a_logo_image_keeps_its_shape_wherever_it_was_suggested(box):
    title = Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.3), "轻薄本")
    logo = next(e for e in put([title, Suggestion(Role.LOGO, box)]).elements if e.role is Role.LOGO)
    shape = min(1.0, box[2] - box[0]) / (box[3] - box[1])
    assert (logo.box[2] - logo.box[0]) / (logo.box[3] - logo.box[1]) == pytest.approx(shape)
    assert (logo.lines, logo.font) == ((), "")


def test_a_logo_without_a_size_is_a_bad_box():
    with pytest.raises(NoLayoutError, match="logo's box is 0 x 108 px") as caught:
        put([Suggestion(Role.LOGO, (0.3, 0.3, 0.3, 0.4))])
    assert caught.value.kind == "bad_box"


def test_nothing_suggested_is_an_empty_layout():
    found = put([])
    assert (found.elements, found.notes, found.contrast, found.subject_covered) == ((), (), 21.0, 0.0)


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ([], "left"),
        ([(0.1, 0, 0.4, 1), (0.1, 0, 0.9, 1)], "left"),
        ([(0.3, 0, 0.7, 1), (0.1, 0, 0.9, 1)], "center"),
        ([(0.3, 0, 0.9, 1), (0.1, 0, 0.9, 1)], "right"),
        ([(0.3, 0, 0.7, 1)], "center"),
        ([(0.1, 0, 0.7, 1)], "left"),
    ],
)
def test_the_alignment_is_the_axis_on_which_the_boxes_agree(found, name):
    assert infer_alignment(found) == name


@pytest.mark.parametrize(("right", "name"), [(0.0, "left"), (0.5, "center"), (1.0, "right")])
def test_pills_are_aligned_as_one_block_whatever_their_texts_widths(right, name):
    def box(width, top, high=0.06):
        left = 0.1 + (0.8 - width) * right
        return (left, top, left + width, top + high)

    pills = [(0.1, 0.4, 0.3, 0.48), (0.33, 0.4, 0.7, 0.48)]
    pills = [(pill[0] + 0.2 * right, pill[1], pill[2] + 0.2 * right, pill[3]) for pill in pills]
    suggestions = [
        Suggestion(Role.TITLE, box(0.46, 0.1, 0.2), "夏日新品上市了"),
        Suggestion(Role.PRICE, box(0.3, 0.6), "￥199"),
    ]
    for pill, text in zip(pills, ("轻", "一键清洗不沾"), strict=True):
        held = (pill[0] + 0.03, pill[1] + 0.01, pill[2] - 0.03, pill[3] - 0.01)
        suggestions += [Suggestion(Role.UNDERLAY, pill), Suggestion(Role.SELLING_POINT, held, text)]
    free = [element for element in put(suggestions).elements if element.lines and element.underlay is None]
    assert {element.alignment for element in free} == {name}


def test_covered_is_the_share_of_the_subject_under_elements():
    subject = np.zeros((100, 100), np.float32)
    subject[40:60, 40:60] = 1
    half, all_of_it = Element(Role.TITLE, (0.0, 0.0, 0.5, 1.0)), Element(Role.TITLE, (0.0, 0.0, 1.0, 1.0))
    assert covered([half], subject) == pytest.approx(0.5)
    assert covered([half, all_of_it], subject) == 1
    assert covered([], subject) == 0
    assert covered([all_of_it], np.zeros((4, 4))) == 0
