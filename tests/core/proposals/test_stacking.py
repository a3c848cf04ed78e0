import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Canvas, Copy, Role, intersection
from layoutgen.core.proposals.stacking import is_price, pill_padding, stack
from layoutgen.models.building.fonts import FaceFor

FACES = FaceFor(PlaceSettings())
CANVAS = Canvas(1080, 1080)

titles = st.sampled_from(
    ["轻薄本", "静音破壁机家用多功能豆浆机", "Wireless Noise-Cancelling Headphones Pro Max", "夏 Sale"]
)
points = st.lists(
    st.sampled_from(
        ["满减", "14 英寸", "￥199起", "包邮", "一次充电可以连续使用三十个小时，通勤出差都够用", "Hi-Res audio"]
    ),
    max_size=5,
    unique=True,
)


def block(copy, width=900.0, height=500.0, canvas=CANVAS, logo_aspect=None):
    return stack(copy, width, height, FACES, canvas, smallest_px=26, logo_aspect=logo_aspect)


def texts(found):
    return [piece.text for row in found.rows for piece in row]


PRICES = ["￥199", "¥ 1,299", "$9.90", "€5", "到手价199元", "99 元", "￥199起", "NT$1,980", "R$ 199,90", "1.299 TL"]
PRICES += ["129,90 €", "49,- €", "CHF 49", "89 AED", "3 990 ₽", "3\u202f990 ₽", "199.000₫", "฿290", "₩39,000", "৳890"]
PRICES += ["Ks 25,000", "₨4,999", "१,४९९ ₹", "١٩٩ ر.س", "۲٬۹۰۰٬۰۰۰ تومان", "₪129", "129 ש״ח"]
NO_PRICES = ["199", "第二件半价", "满 300 减 50，上不封顶，最高可以减 500 元", "元气森林", "$", "", "TL", "30 %"]
NO_PRICES += ["2 Ft long and 3 wide", "3 AED 4", "إرجاع مجاني خلال 30 يومًا", "UPF50+"]


@pytest.mark.parametrize("text", PRICES)
def test_prices_are_known_by_their_currency(text):
    assert is_price(text)


@pytest.mark.parametrize("text", NO_PRICES)
def test_what_only_mentions_money_is_no_price(text):
    assert not is_price(text)


@given(titles, points, st.none() | st.just("ACME"), st.integers(200, 1000), st.integers(120, 900))
def test_a_block_fits_its_region_and_says_all_but_what_it_counts_as_omitted(title, points, brand, width, height):
    found = block(Copy(title, tuple(points), brand), width, height)
    if found is None:
        return
    assert found.width <= width and found.height <= height
    kept = points[: len(points) - found.omitted]
    assert sorted(texts(found)) == sorted([title, *kept, *([brand] if brand else [])])


@given(titles, points, st.sampled_from(["left", "center", "right"]), st.integers(240, 1000))
def test_the_boxes_of_a_block_lie_inside_it_and_do_not_overlap(title, points, alignment, width):
    found = block(Copy(title, tuple(points), "ACME"), width, 600)
    if found is None:
        return
    boxes = [box for _, box in found.boxes_px(30.0, 70.0, alignment)]
    for i, box in enumerate(boxes):
        assert box[0] >= 29.5 and box[1] >= 69.5
        assert box[2] <= 30.5 + found.width and box[3] <= 70.5 + found.height
        assert not any(intersection(box, other) > 0 for other in boxes[:i])


def test_brand_comes_first_then_the_title_the_points_and_the_price():
    found = block(Copy("轻薄本", ("￥199", "满减", "包邮"), "ACME"))
    roles = [piece.role for row in found.rows for piece in row]
    assert roles == [Role.LOGO, Role.TITLE, Role.SELLING_POINT, Role.SELLING_POINT, Role.PRICE]


def test_short_points_become_pills_and_one_long_one_makes_all_paragraphs():
    short = block(Copy("轻薄本", ("满减", "包邮")))
    long = block(Copy("轻薄本", ("满减", "一次充电可以连续使用三十个小时")))
    assert [piece.pill for row in short.rows for piece in row] == [False, True, True]
    assert not any(piece.pill for row in long.rows for piece in row)


def test_a_pill_is_its_text_and_padding():
    piece = block(Copy("轻薄本", ("满减",))).rows[-1][0]
    across, down = pill_padding(piece.setting.font_px)
    assert piece.width == piece.setting.width_px + 2 * across
    assert piece.height == piece.setting.height_px + 2 * down


def test_a_logo_image_takes_the_place_of_the_brand_and_keeps_its_shape():
    found = block(Copy("轻薄本", (), "ACME", "logo.png"), logo_aspect=3.0)
    logo = found.rows[0][0]
    assert (logo.role, logo.text, logo.setting) == (Role.LOGO, "", None)
    assert logo.width / logo.height == pytest.approx(3.0)


def test_a_logo_that_could_not_be_read_leaves_the_brand_as_text():
    assert texts(block(Copy("轻薄本", (), "ACME", "logo.png"), logo_aspect=None)) == ["ACME", "轻薄本"]


def test_a_very_wide_logo_is_no_wider_than_the_block():
    found = block(Copy("轻薄本", (), None, "logo.png"), width=300, logo_aspect=40.0)
    assert found.rows[0][0].width <= 300
    assert found.rows[0][0].width / found.rows[0][0].height == pytest.approx(40.0)


def test_the_title_is_larger_than_the_price_and_the_price_than_the_points():
    found = block(Copy("轻薄本", ("满减", "￥199")))
    sizes = {piece.role: piece.setting.font_px for row in found.rows for piece in row}
    assert sizes[Role.TITLE] > sizes[Role.PRICE] > sizes[Role.SELLING_POINT]


def test_more_room_never_makes_the_title_smaller():
    sizes = [
        found.title_px for height in range(150, 800, 50) if (found := block(Copy("静音破壁机家用多功能"), 500, height))
    ]
    assert sizes == sorted(sizes) and len(sizes) > 5


def test_the_last_points_are_left_out_first_where_there_is_no_room():
    found = block(Copy("轻薄本", ("第一个卖点说明文字比较长一些", "第二个卖点说明文字比较长一些", "第三个")), 400, 130)
    assert found.omitted > 0
    assert "第三个" not in texts(found)


def test_a_title_that_fits_nowhere_gives_no_block():
    assert block(Copy("长" * 300)) is None
