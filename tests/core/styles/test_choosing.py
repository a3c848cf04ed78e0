"""Which styles a row may have."""

from dataclasses import replace

import pytest

from layoutgen.config.styles import embedded
from layoutgen.core.styles.choosing import UnknownStyleError, Wardrobe, suited, suiting
from layoutgen.core.styles.style import Style

KNOWN = {name: Style(name, name.title(), f"{name}.") for name in ("plain", "tech", "kids")}


def names(wardrobe, *row):
    return [style.name for style in wardrobe.of_row(*row)]


def test_a_rows_own_style_goes_before_its_brands_and_that_before_its_categorys():
    wardrobe = Wardrobe(KNOWN, "plain", (), {"toys": "kids"}, {"VALE": "tech"})
    assert names(wardrobe, "kids", "vale", "Toys") == ["kids"]
    assert names(wardrobe, None, "vale", "Toys") == ["tech"]
    assert names(wardrobe, None, "other", "Toys") == ["kids"]
    assert names(wardrobe, None, None, None) == ["plain"]
    assert names(wardrobe, "auto", "vale", "Toys") == ["plain", "tech", "kids"]


def test_auto_weighs_the_allowed_styles_alone_but_a_row_may_name_any():
    wardrobe = Wardrobe(KNOWN, allowed=("tech", "plain"))
    assert names(wardrobe, None, None, None) == ["tech", "plain"]
    assert names(wardrobe, "kids", None, None) == ["kids"]


def test_a_style_that_is_not_there_is_named_with_the_known_ones():
    with pytest.raises(UnknownStyleError, match="style 'loud' is not known here; known: auto, plain, tech, kids"):
        Wardrobe(KNOWN).of_row("loud", None, None)
    with pytest.raises(UnknownStyleError, match="style 'loud' is not known here"):
        Wardrobe(KNOWN).named("loud")
    assert Wardrobe(KNOWN).named(None).name == "plain"


def test_what_suits_stands_first_and_what_is_for_anything_before_what_is_for_others():
    tech = replace(KNOWN["tech"], goods=("electronics",))
    kids = replace(KNOWN["kids"], suits=("toy", "儿童"), price="needed")
    styles = [kids, KNOWN["plain"], tech]

    def first(category, title, has_price=False):
        return suiting(styles, category, title, None, has_price)[0].name

    assert first("Audio", "无线耳机") == first("Audio", "Wireless Headphones Pro") == "tech"
    assert first("Toys", "", True) == "kids"
    names = [style.name for style in suiting(styles, None, "Toyota", None, True)]
    assert names == ["plain", "kids", "tech"]
    assert [style.name for style in suiting(styles, "Toys", "", None, False)] == ["plain", "tech"]
    assert [style.name for style in suiting([kids], None, "Vase", None, False)] == ["kids"]


EMBEDDED = list(embedded().values())
GOODS = {
    "editorial": "Linen dress|Wool blazer|T-shirts|Leather handbag|Laptop backpack|Backpack for laptops|Ankle boots|"
    "Chocolate brown loafers|Velvet sofa|Floor lamp|Bud vase|Picture frames|牛津纺衬衫|咖啡色连衣裙|"
    "重磅纯棉 T 恤 不透不闷|双肩包 可装电脑|真皮手提包|高跟鞋|陶瓷花瓶|实木餐椅|苹果绿毛衣",
    "fresh_food": "Honey crisp apples|Ground coffee|Green tea|Orange juice|Oat milk, 1 l|"
    "Sourdough bread|Almonds with honey|新鲜草莓|手冲咖啡|龙井茶叶|鲜榨果汁|全麦面包|鲜活好奶 日日配送",
    "tech": "Wireless headphones|Laptop stand with fan|Mechanical keyboard|Phone case, red apple|"
    "4K monitor|Smart watch|无线耳机|游戏笔记本电脑|苹果手机壳|机械键盘|智能手表 测心率",
    "beauty": "Face cream|Vitamin C serum|Matte lipstick|Rose shampoo|保湿面霜|哑光口红|玫瑰洗发水|防晒霜",
    "luxury_dark": "Automatic watch|Diamond ring|Pearl necklace|Eau de parfum|Single malt whisky|"
    "机械手表|铂金戒指|香水 持久留香",
    "kids": "Wooden toys|Plush bear|Kids' raincoat|Baby bottle|Building block set|"
    "儿童雨衣|新生儿纯棉连体衣|毛绒玩具|宝宝面霜|积木",
    "workshop": "Cordless drill|Mountain bike|Camping tent|Running shoes|电钻|露营帐篷|碳板跑鞋|山地自行车",
    "price_tag": "Laundry detergent|Paper towels|Storage boxes|洗衣液|抽纸 24 包|收纳箱|猫粮",
    "festival": "Mooncake gift, new year|春节坚果礼盒|双11 保温杯",
    "bold_sale": "Winter coats on sale|清仓羽绒服",
}


@pytest.mark.parametrize(("style", "titles"), GOODS.items())
def test_a_product_gets_a_style_that_is_meant_for_such_goods(style, titles):
    meant = {title: suited(EMBEDDED, None, title, None) for title in titles.split("|")}
    assert {title: names for title, names in meant.items() if style not in names} == {}


@pytest.mark.parametrize(
    ("title", "wrong"),
    [
        ("Leather handbag with laptop compartment", "tech"),
        ("Electric kettle for tea and coffee", "fresh_food"),
        ("不锈钢烧水壶 一键煮茶", "fresh_food"),
        ("Coffee mug", "fresh_food"),
        ("咖啡机 家用", "fresh_food"),
        ("Earrings, gold", "tech"),
        ("Kettle for string beans", "luxury_dark"),
        ("Peach-coloured skirt", "fresh_food"),
    ],
)
def test_what_a_product_is_named_after_does_not_choose_its_style(title, wrong):
    assert wrong not in suited(EMBEDDED, None, title, None)


def test_a_category_goes_before_the_title_and_that_before_the_selling_points():
    assert "editorial" in suited(EMBEDDED, "Bags & Luggage", "The one for every laptop", None)
    assert "editorial" in suited(EMBEDDED, "Home > Kitchen > Kettles", "Tea time", None)
    assert "tech" in suited(EMBEDDED, "家用电器/厨房电器/咖啡机", "早安", None)
    assert "fresh_food" in suited(EMBEDDED, "Packages", "早餐来一杯", None, ["100% 果汁 不加糖"])
    assert suited(EMBEDDED, None, "早安", None) == frozenset()


def test_goods_that_no_style_knows_are_dressed_in_one_that_is_for_anything():
    assert suiting(EMBEDDED, None, "Something new", None, False)[0].name == "plain"
    narrow = [replace(KNOWN["plain"]), replace(KNOWN["kids"], goods=("food",))]
    assert suiting(narrow, None, "Teapot", None, False)[0].name == "plain"


def test_a_style_sets_larger_titles_on_a_canvas_that_stays_as_it_is():
    style = replace(KNOWN["plain"], title_most=0.1)
    assert style.on("panel") is style
    assert style.title_most < style.on("as_is").title_most <= 0.4
    assert not replace(style, title_most=0.4).on("as_is").faults
