import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Canvas, Copy, Role, intersection
from layoutgen.core.proposals import blocks
from layoutgen.core.proposals.blocks import Room
from layoutgen.core.styles.style import Style, Type
from layoutgen.models.building.fonts import FaceFor

FACES = FaceFor(PlaceSettings())
CANVAS = Canvas(1080, 1080)
PLAIN = Style("plain", "", "")
COPY = Copy(
    "通勤西装外套 挺括显气质", ("垂感抗皱面料", "收腰剪裁更显瘦", "内里顺滑不贴身"), "山野集", price="￥299",
    was_price="￥448", call_to_action="马上加购", badge="新品", disclaimer="活动价以结算页为准",
)  # fmt: skip
ALL = ("head", "points", "offer")


def speech(copy=COPY, style=PLAIN, logo_aspect=None, language="zh"):
    return blocks.speech_of(copy, style, FACES.speaking(language, style), CANVAS, logo_aspect)


def group(px=60, width=900.0, height=900.0, copy=COPY, style=PLAIN, parts=ALL):
    return speech(copy, style).group(parts, len(copy.selling_points), px, Room(width, height, 26))


@given(st.integers(30, 130), st.integers(300, 1000), st.sampled_from(["left", "center", "right"]))
def test_a_group_says_all_once_inside_its_room_and_nothing_touches(px, width, alignment):
    found = group(px, float(width))
    if found is None:
        return
    assert found.width <= width + 0.5 and found.height <= 900.5
    placed = found.exact.boxes_px(40.0, 50.0, alignment)
    assert sorted(piece.text for piece, _ in placed) == sorted((*COPY.folded.selling_points, COPY.title, "山野集"))
    for i, (_, box) in enumerate(placed):
        assert box[0] >= 39.5 and box[1] >= 49.5 and box[2] <= 40.5 + found.width and box[3] <= 50.5 + found.height
        assert not any(intersection(box, other) > 0 for _, other in placed[:i])


def test_sizes_follow_the_styles_scale_and_prices_are_never_smaller_than_the_title():
    small = Style("small", "", "", types={Role.PRICE: Type(0.8), Role.DISCLAIMER: Type(0.5)})
    sizes = {piece.role: piece.how.px for row in group(80, style=small).rows for piece in row}
    assert sizes[Role.TITLE] == sizes[Role.PRICE] == 80
    assert sizes[Role.DISCLAIMER] == 40 and sizes[Role.SELLING_POINT] == round(0.48 * 80)


def test_equal_points_have_one_container_and_one_size_and_none_where_one_is_too_long():
    for points, held in (
        (COPY.selling_points, {True}),
        ((*COPY.selling_points, "一次充电可以连续使用三十个小时通勤出差都够用"), {False}),
    ):
        found = [p for row in group(40, copy=Copy("外套", points)).rows for p in row if p.role is Role.SELLING_POINT]
        assert {piece.is_held for piece in found} == held
        assert len({piece.how.px for piece in found}) == 1


@pytest.mark.parametrize("width", [260, 330, 420, 700])
def test_lines_end_between_words_where_any_break_lets_them(width):
    (title,) = [p for row in group(40, float(width), parts=("head",)).rows for p in row if p.role is Role.TITLE]
    ends = {int(end) for end in np.cumsum([len(line) for line in title.how.lines])[:-1]}
    assert ends <= {2, 4, 6, 7, 9}  # 通勤 西装 外套 | 挺括 显 气质


def test_a_struck_price_stands_on_the_prices_baseline():
    boxes = {piece.role: (piece, box) for piece, box in group(80).boxes_px(0.0, 0.0, "left")}
    price, was = boxes[Role.PRICE], boxes[Role.WAS_PRICE]
    assert price[1][3] - price[0].below_baseline == pytest.approx(was[1][3] - was[0].below_baseline, abs=1.0)


def test_a_logo_image_takes_the_place_of_the_brand_and_keeps_its_shape():
    said = speech(Copy("外套", (), "ACME", "logo.png"), logo_aspect=3.0)
    logo = said.group(("head",), 0, 60, Room(600, 600, 26)).rows[0][0]
    assert (logo.role, logo.text) == (Role.LOGO, "") and logo.width / logo.height == pytest.approx(3.0)


def test_what_stays_free_round_a_logo_is_kept_from_all_other_texts():
    copy = Copy("外套", ("垂感抗皱面料",), "ACME", "logo.png", badge="新品")
    said = blocks.speech_of(copy, PLAIN, FACES.speaking("zh", PLAIN), CANVAS, 3.0, 0.03)
    placed = said.group(ALL, 1, 60, Room(900, 900, 26)).suggestions(40.0, 40.0, "left", CANVAS)
    logo = next(one.box for one in placed if one.role is Role.LOGO)
    assert (logo[2] - logo[0]) / (logo[3] - logo[1]) == pytest.approx(3.0)
    around = (logo[0] - 0.0299, logo[1] - 0.0299, logo[2] + 0.0299, logo[3] + 0.0299)
    assert all(intersection(around, one.box) == 0 for one in placed if one.role is not Role.LOGO)


def test_a_word_that_is_wider_than_the_room_is_parted_only_where_that_is_allowed():
    said = speech(Copy("Donaudampfschifffahrtsgesellschaft"), language="de")
    assert said.group(("head",), 0, 60, Room(400, 900, 26)) is None
    assert said.group(("head",), 0, 60, Room(400, 900, 26, may_part=True)) is not None
