"""What drawn posters say: titles, selling points, prices and calls in Chinese and English, put together from phrases.

`write` makes the copy of one poster. The phrases are the project's own; names of shops and products are made up.
"""

# ruff: noqa: E501 - a table reads best with one kind of goods a line

from dataclasses import dataclass

import numpy as np

Rng = np.random.Generator
SEAM = "|"


@dataclass(frozen=True)
class Words:
    """A poster's copy by what each part is for; an empty string or tuple where it has none. In Chinese titles and
    subtitles `SEAM` stands where a line may end. `has_mark` tells whether the brand signs with a drawn logo instead of
    its name."""

    language: str
    title: str
    subtitle: str = ""
    points: tuple[str, ...] = ()
    price: str = ""
    call: str = ""
    tag: str = ""
    brand: str = ""
    has_mark: bool = False


# Kind of goods: names in Chinese, names in English, selling points in Chinese, selling points in English.
_Kind = tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...], tuple[str, ...]]
KINDS: dict[str, _Kind] = {
    "book": (("长篇|小说", "随笔集", "诗选"), ("A Novel", "Collected Essays"), ("布面精装", "作者亲签", "随书附藏书票", "读者评分 9.2"), ("Clothbound edition", "Signed copies", "With a ribbon marker")),
    "flask": (("保温杯", "随行杯", "运动|水壶"), ("Insulated Flask", "Travel Bottle"), ("24 小时保温", "316 不锈钢内胆", "一键开盖", "750ml 大容量", "倒置不漏水"), ("Hot for 24 hours", "Leakproof lid", "Fits any cup holder", "750 ml")),
    "jar": (("修护|面霜", "晚安|面膜", "保湿霜"), ("Night Cream", "Repair Balm"), ("神经酰胺", "敏感肌可用", "一夜弹润", "0 香精 0 酒精"), ("Five ceramides", "Fragrance free", "Refillable jar", "For dry skin")),
    "lipstick": (("丝绒|口红", "雾面|唇膏", "唇釉"), ("Velvet Lipstick", "Matte Rouge"), ("显白不挑皮", "持久不沾杯", "轻盈不拔干", "12 色可选"), ("Twelve shades", "Stays all day", "Feels weightless")),
    "perfume": (("淡香水", "木质|香氛", "花漾|香水"), ("Eau de Parfum", "Cologne"), ("前调佛手柑", "留香 12 小时", "礼盒装", "50ml"), ("Bergamot and cedar", "Lasts twelve hours", "Gift boxed", "50 ml")),
    "serum": (("焕亮|精华", "抗皱|精华液", "烟酰胺|精华"), ("Bright Serum", "Vitamin C Serum"), ("28 天见证透亮", "10% 烟酰胺", "温和不刺激", "皮肤科测试"), ("Clinically tested", "10 % niacinamide", "Visible in 28 days", "Vegan formula")),
    "tin": (("明前|龙井", "正山|小种", "茉莉|花茶"), ("Spring Green Tea", "Jasmine Tea"), ("头采嫩芽", "手工炒制", "核心产区", "独立小罐"), ("First flush", "Hand picked", "Single estate", "60 servings")),
    "backpack": (("通勤|双肩包", "户外|登山包", "旅行|背包"), ("City Backpack", "Trail Pack"), ("防泼水面料", "可放 16 英寸电脑", "减负背板", "22 升大容量"), ("Water repellent", "Fits a 16-inch laptop", "22 litres", "Padded straps")),
    "handbag": (("真皮|手提包", "托特包", "腋下包"), ("Leather Tote", "Shoulder Bag"), ("头层牛皮", "手工油边", "一包多背", "终身护理"), ("Full-grain leather", "Made by hand", "Lifetime repairs")),
    "suitcase": (("静音|行李箱", "登机箱", "铝框|拉杆箱"), ("Carry-on Suitcase", "Cabin Case"), ("万向静音轮", "TSA 海关锁", "耐摔抗压", "20 寸可登机"), ("Silent wheels", "TSA lock", "Ten-year warranty", "Cabin approved")),
    "watch": (("自动|机械表", "商务|腕表", "飞行员|表"), ("Automatic Watch", "Field Watch"), ("72 小时动储", "蓝宝石镜面", "50 米防水", "植鞣皮表带"), ("72-hour reserve", "Sapphire crystal", "Water resistant to 50 m")),
    "candle": (("香薰|蜡烛", "大豆|蜡烛"), ("Scented Candle", "Soy Candle"), ("天然大豆蜡", "燃烧 45 小时", "雪松与无花果"), ("Burns 45 hours", "Cedar and fig", "Natural soy wax")),
    "kettle": (("手冲|咖啡壶", "电热水壶", "鹅颈壶"), ("Gooseneck Kettle", "Pour-over Kettle"), ("水流可控", "木柄不烫手", "快速烧开", "0.9 升"), ("Steady pour", "Walnut handle", "0.9 litres", "Boils in 4 minutes")),
    "lamp": (("护眼|台灯", "百褶|床头灯", "氛围灯"), ("Pleated Table Lamp", "Bedside Light"), ("三档调光", "光线柔和", "实心黄铜", "无频闪"), ("Dims to 5 %", "Solid brass", "Hand-pleated linen")),
    "mug": (("粗陶|马克杯", "咖啡杯", "手作|陶杯"), ("Stoneware Mug", "Coffee Cup"), ("手工上釉", "每只都不同", "可进洗碗机", "350ml"), ("Glazed by hand", "Dishwasher safe", "350 ml")),
    "plant": (("室内|绿植", "龟背竹", "懒人|盆栽"), ("House Plant", "Calathea"), ("七天一浇水", "含陶盆营养土", "破损包赔"), ("Easy to keep", "Pot included", "Arrives alive")),
    "sofa": (("科技布|沙发", "云朵|沙发", "三人位|沙发"), ("Three-seat Sofa", "Cloud Sofa"), ("可拆洗", "防泼水易打理", "免费送货安装", "十年质保"), ("Washable covers", "Ten-year guarantee", "Free delivery")),
    "vase": (("陶艺|花瓶", "手拉坯|花瓶", "中古|花器"), ("Ribbed Vase", "Stoneware Vase"), ("景德镇手作", "窑变釉色", "防漏内釉"), ("Thrown by hand", "Watertight glaze", "Signed by the maker")),
    "camera": (("全画幅|微单", "复古|相机", "旁轴|相机"), ("Mirrorless Camera", "Rangefinder"), ("全画幅传感器", "五轴防抖", "机身仅 480 克"), ("Full-frame sensor", "Five-axis stabiliser", "Only 480 g")),
    "headphones": (("降噪|耳机", "头戴式|耳机", "无线|耳机"), ("Wireless Headphones", "Studio Headphones"), ("深度降噪 48dB", "60 小时续航", "久戴不压耳", "支持快充"), ("48 dB noise cancelling", "60-hour battery", "Folds flat")),
    "phone": (("影像|旗舰手机", "折叠屏|手机", "5G 手机"), ("Flagship Phone", "Camera Phone"), ("一英寸主摄", "5500mAh 长续航", "120Hz 高刷屏", "仅 187 克"), ("One-inch sensor", "Two-day battery", "120 Hz display", "187 g")),
    "speaker": (("蓝牙|音箱", "便携|音响", "智能|音箱"), ("Portable Speaker", "Smart Speaker"), ("360° 环绕声", "IPX7 防水", "续航 20 小时"), ("Room-filling sound", "IPX7 waterproof", "20 hours of play")),
    "dress": (("法式|连衣裙", "波点|长裙", "真丝裙"), ("Midi Dress", "Silk Dress"), ("垂坠感十足", "收腰显瘦", "真丝混纺", "S 到 3XL"), ("Silk blend", "Removable sash", "XS to 3XL")),
    "sneaker": (("缓震|跑鞋", "小白鞋", "休闲|运动鞋"), ("Running Shoe", "Everyday Sneaker"), ("回弹中底", "透气网布", "整鞋仅 218 克", "耐磨大底"), ("Responsive foam", "Breathable mesh", "Only 218 g")),
    "sunglasses": (("偏光|太阳镜", "板材|墨镜"), ("Polarised Sunglasses", "Acetate Shades"), ("UV400 防护", "仅 24 克", "意大利板材"), ("UV400", "Italian acetate", "Only 24 g")),
    "t_shirt": (("重磅纯棉| T 恤", "印花|短袖", "精梳棉| T 恤"), ("Organic Tee", "Heavy Cotton Tee"), ("260 克精梳棉", "挺括不透", "久洗不变形"), ("Organic cotton", "260 gsm", "Keeps its shape")),
    "": (("新品", "好物", "春季|新品", "生活|好物", "精选|单品"), ("Collection", "Everyday Goods", "Season's Pick"), ("限时包邮", "七天无理由", "品质保证", "顺丰速发", "源头直发"), ("Free shipping", "30-day returns", "Made to last", "Few in stock")),
}  # fmt: skip
_SLOGANS = {
    "zh": ("把日子|过成诗", "轻一点，|走更远", "好看，|也好用", "一眼|心动", "从容，|自有分量", "给生活|一点甜", "质感|生活", "每一天|都值得", "简单，|不将就", "见证|焕新", "安静的|力量", "为热爱|而生", "慢下来，|看清楚", "说走|就走", "夏日|限定", "今秋|第一件", "不止|于快", "温柔|以待", "留住|美好时光", "开启|新一天", "山野|在前", "轻松拿捏|每个场合", "年度|口碑之选", "让清晨|更清醒", "出发，|去任何地方"),
    "en": ("Made for slow mornings", "Less, but better", "Light as it gets", "Built to last", "Go further", "Quietly good", "A better everyday", "Out of office", "Hello, summer", "Take it easy", "Simply bold", "Made to move", "Look again", "Rest well", "Small but mighty", "Own the night", "Good things, kept simple", "Everything you need", "Fresh start", "The long way home"),
}  # fmt: skip
_BEFORE = {
    "zh": ("轻奢", "全新", "经典", "匠心", "自在", "云感", "原野", "静谧"),
    "en": ("The New", "The Classic", "Our Best", "The Original"),
}
_TAGS = {
    "zh": (
        "新品上市",
        "限时特惠",
        "年度爆款",
        "双十一",
        "买一送一",
        "热卖",
        "人气推荐",
        "首发",
        "今日直降",
        "会员专享",
    ),
    "en": ("NEW", "LIMITED", "BESTSELLER", "SALE", "2 FOR 1", "JUST IN", "ONLINE ONLY"),
}
_CALLS = {
    "zh": ("立即抢购", "点击购买", "马上抢", "立即下单", "查看详情", "领券购买"),
    "en": ("Shop now", "Buy now", "Order today", "Learn more", "Get yours"),
}
BRANDS = {
    "zh": ("山野", "ORBE", "VALE", "LUMI", "HAUS", "ECHO", "NORTH", "MUSE", "青屿", "初禾", "MOKA"),
    "en": ("ORBE", "VALE", "LUMI", "HAUS", "ECHO", "NORTH", "MUSE", "Fjell", "Oak & Ash", "MOKA"),
}
MARKS = ("ORBE", "VALE", "LUMI", "HAUS", "ECHO", "NORTH", "MUSE", "山野")
"""Brands that have a drawn logo: see `goods.catalogue`."""


_AMOUNTS = (19, 29, 39, 49, 59, 79, 99, 129, 149, 169, 199, 249, 299, 359, 399, 499, 699, 899, 1299)
_DEAR = ("backpack", "handbag", "suitcase", "watch", "sofa", "camera", "headphones", "phone", "perfume", "speaker")


def plain(text: str) -> str:
    """A text without its seams."""
    return text.replace(SEAM, "")


def write(kind: str, rng: Rng) -> Words:
    """Write the copy of a poster for a `kind` of goods; "" is anything. The same rng state gives the same words."""
    language = "zh" if rng.random() < 0.6 else "en"
    names, english, points, english_points = KINDS[kind]
    name = _one(rng, names if language == "zh" else english)
    pool = points if language == "zh" else english_points
    count = min(int(rng.choice([0, 1, 2, 3, 4], p=[0.12, 0.16, 0.3, 0.3, 0.12])), len(pool))
    chosen = tuple(pool[i] for i in rng.permutation(len(pool))[:count])
    title, subtitle = _headline(rng, name, language)
    if rng.random() < 0.35:
        subtitle = ""
    brand = _one(rng, BRANDS[language]) if rng.random() < 0.55 else ""
    return Words(
        language,
        title,
        subtitle,
        chosen,
        _price(rng, language, kind) if rng.random() < 0.55 else "",
        _one(rng, _CALLS[language]) if rng.random() < 0.5 else "",
        _one(rng, _TAGS[language]) if rng.random() < 0.3 else "",
        brand,
        brand in MARKS and rng.random() < 0.6,
    )


def _headline(rng: Rng, name: str, language: str) -> tuple[str, str]:
    """A title and what stands below it: a slogan over the goods' name, or the other way round."""
    slogan, before = _one(rng, _SLOGANS[language]), _one(rng, _BEFORE[language])
    full = f"{before}{SEAM}{name}" if language == "zh" else f"{before} {name}"
    match int(rng.choice(4, p=[0.4, 0.25, 0.2, 0.15])):
        case 0:
            return slogan, name
        case 1:
            return name, slogan
        case 2:
            return full, slogan
        case _:
            return slogan, full


def _price(rng: Rng, language: str, kind: str) -> str:
    amount = int(rng.choice(_AMOUNTS[8:] if kind in _DEAR else _AMOUNTS[:11]))
    if language == "en":
        return _one(rng, (f"${amount}", f"${amount}.00", f"From ${amount}", f"Only ${amount}"))
    return _one(rng, (f"￥{amount}", f"￥{amount}起", f"到手价￥{amount}", f"券后￥{amount}", f"{amount}元起"))


def _one(rng: Rng, of: tuple[str, ...]) -> str:
    return of[int(rng.integers(len(of)))]
