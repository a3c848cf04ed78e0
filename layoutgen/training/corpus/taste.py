"""A designer's taste in grounds: which kinds of scenes and which colours suit a category and a product.

What the embedded network of scenes learns. A shop of another taste trains on its own: see `training/scenes/wishes.py`.
"""

# ruff: noqa: E501 - a table reads best with one category a line

from dataclasses import dataclass

import numpy as np

from layoutgen.goods.backdrops.numbers import SceneNumbers
from layoutgen.training.corpus.schemes import Wish, colours_of, wall_of


@dataclass(frozen=True)
class Taste:
    """How goods of a category are shown: kinds of scenes and colour schemes with their weights, and the words by which
    the category is known."""

    kinds: str
    schemes: str
    words: str


_BEAUTY = "podium 3 sweep 1.5 silk 2 water 1.5 window 1.5 marble 1.5 arch 2 foliage 1 drops 1 sunlit 2 stone 1"
_FASHION = "sweep 3 fluted 2 drape 1.5 arch 2 sunlit 2 split 1 steps 2 window 1 paper 0.5 podium 1"
_TECH = "grid 2 halo 3 spotlight 2 mesh 2 sweep 1.5 rings 1.5 steps 1.5 podium 1"
_HOME = "window 3 table 2 fluted 2 shelf 2 arch 1.5 sunlit 2 wood 1 sweep 1.5"
_KITCHEN = "tiles 3 table 1.5 marble 2 wood 2 window 1.5 shelf 1.5 sunlit 1"
_FOOD = "garden 3 wood 3 tiles 1 table 1.5 sky 0.7 paper 1 rays 1 foliage 1 sunlit 1"
_FINE = "spotlight 3 silk 2.5 marble 2 drape 2 bokeh 2 stone 1 podium 1"
_YOUNG = "paper 2.5 sky 2 split 1.5 rings 1.5 ribbons 1 mesh 1 podium 1 sweep 1"
_OUT = "sky 1.5 stone 3 foliage 1.5 sunlit 2 water 1.5 garden 1 sweep 1"
_CLEAN = "water 2.5 sky 2 drops 2 mesh 1 tiles 1.5 sweep 1.5 foliage 1"

_SOFT = "tint 3 neutral 3 analogous 2 complement 1"
_LOUD = "bold 4 complement 2 analogous 2 tint 1"
_DARK = "night 4 deep 3 bold 1"
_WARM = "neutral 4 tint 2 analogous 2 deep 1"
_FRESH = "fresh 4 tint 2 neutral 1"

TASTES: dict[str, Taste] = {
    "beauty": Taste(_BEAUTY, _SOFT, "beauty cosmetics makeup lipstick 美妆 彩妆 口红 化妆品 化粧品 화장품 kosmetik maquillage maquillaje mascara foundation nail hair shampoo 洗发"),
    "skincare": Taste("water 3 drops 2 foliage 2 podium 2 sweep 1 stone 2 arch 1 sunlit 1.5", "tint 3 fresh 2 neutral 3", "skincare serum cream 护肤 面霜 精华 スキンケア 스킨케어 hautpflege soin cosmética lotion mask cleanser sunscreen 面膜 乳液 防晒"),
    "perfume": Taste("spotlight 2 silk 3 marble 2 podium 2 bokeh 1.5 drape 1.5 arch 1 sunlit 1", "deep 2 night 2 tint 2 analogous 2", "perfume fragrance candle 香水 香氛 香薰 蜡烛 향수 parfum duft cologne"),
    "fashion": Taste(_FASHION, _SOFT, "fashion clothing clothes apparel dress shirt wear 服装 服饰 女装 男装 连衣裙 衣服 ファッション 의류 kleidung mode ropa blouse pants trousers jeans jacket coat blazer hoodie sweater undershirt longsleeve outwear outerwear polo shorts skirt top body underwear socks hat cap scarf women men womenswear menswear 上衣 裤子 裙子 外套 衬衫 帽子 内衣"),
    "bags": Taste("arch 3 podium 2 steps 2 fluted 2 drape 1 sweep 2 sunlit 1", "tint 2 neutral 2 complement 2 analogous 2", "bags bag handbag leather accessories accessory 箱包 包 手袋 配饰 バッグ 가방 taschen sacs bolsos tote wallet purse belt 钱包 腰带"),
    "shoes": Taste("split 3 steps 2.5 rings 2 sweep 1.5 stone 1.5 podium 1.5 paper 1", _LOUD, "shoes shoe sneaker footwear 鞋 鞋靴 运动鞋 靴 シューズ 신발 schuhe chaussures zapatos boots sandals heels 靴子 凉鞋"),
    "sport": Taste("split 3 rings 2 stone 2 rays 1 mesh 1 sky 1 halo 1.5 steps 1.5", _LOUD, "sport sports fitness gym 运动 健身 スポーツ 스포츠 deporte yoga running football basketball 瑜伽 跑步"),
    "tech": Taste(_TECH, "night 3 deep 2 bold 2 tint 1.5", "tech electronics phone phones computer laptop camera digital 数码 电子 手机 电脑 相机 家電 전자 elektronik électronique electrónica tablet monitor keyboard mouse smartphone 平板 显示器 键盘 鼠标"),
    "audio": Taste("halo 3 mesh 2 rings 2.5 spotlight 2 split 1.5 sweep 1.5 podium 1", "night 2 bold 3 deep 2 complement 2", "audio headphones speaker music 音响 耳机 音乐 オーディオ 오디오 kopfhörer earphones microphone 音箱"),
    "appliances": Taste("table 2 window 2 tiles 1.5 marble 2 steps 2 sweep 2 shelf 1", "neutral 3 tint 2 fresh 1 deep 1", "appliances appliance 家电 电器 厨电 가전 haushaltsgeräte électroménager refrigerator fridge washer vacuum fan 冰箱 洗衣机 风扇 空调"),
    "home": Taste(_HOME, _WARM, "home furniture lamp lighting sofa decor interior 家居 家具 灯 灯具 沙发 インテリア 家具類 가구 möbel meubles muebles hogar chair table desk rug carpet curtain mirror 椅子 桌子 地毯 窗帘"),
    "bedding": Taste("window 3 silk 2 drape 2 sunlit 2.5 sweep 1.5", "neutral 3 tint 3 fresh 1", "bedding textile textiles pillow cushion 家纺 床品 靠枕 寝具 침구 bettwäsche literie mattress blanket 床垫 被子"),
    "kitchen": Taste(_KITCHEN, "neutral 3 tint 2 fresh 2 complement 1", "kitchen cookware kettle pan knife 厨房 厨具 锅 水壶 キッチン 주방 küche cuisine cocina pot oven 烤箱"),
    "tableware": Taste("wood 2 table 2 window 2.5 marble 1 tiles 1 shelf 1.5 sunlit 1", _WARM, "tableware mug cup vase ceramics 餐具 杯 杯子 花瓶 陶瓷 食器 식기 geschirr vaisselle vajilla bowl plate 碗 盘子"),
    "food": Taste(_FOOD, _FRESH, "food grocery snack snacks 食品 零食 美食 食べ物 식품 lebensmittel alimentation comida package rice noodles bread meat seafood dairy milk yoghurt yogurt cheese chocolate candy biscuit cake 大米 面条 牛奶 酸奶 巧克力 糕点 肉类 海鲜"),
    "fruit": Taste("garden 3.5 sky 1.5 wood 2 foliage 2 rays 1 water 1 drops 1", "fresh 4 bold 2", "fruit fruits vegetable vegetables fresh 水果 蔬菜 生鲜 果物 과일 obst fruta apple banana orange melon berries tomato salad 苹果 香蕉"),
    "tea": Taste("wood 2.5 foliage 2.5 stone 2 table 1.5 garden 1.5 window 1 shelf 1", "neutral 3 fresh 2 tint 2", "tea coffee 茶 茶叶 咖啡 龙井 コーヒー 차 커피 tee kaffee café thé matcha 抹茶"),
    "drinks": Taste("water 2.5 drops 3 sky 1.5 garden 1.5 rays 1 rings 1", "fresh 3 bold 3 complement 1", "drinks drink beverage juice water 饮料 饮品 果汁 飲料 음료 getränke boissons bebidas soda cola smoothie 可乐 汽水"),
    "wine": Taste("spotlight 2.5 drape 2.5 bokeh 2 wood 2 stone 1", _DARK, "wine liquor spirits beer alcohol 酒 白酒 红酒 葡萄酒 ワイン 와인 wein vin vino whisky 威士忌"),
    "jewellery": Taste(_FINE, _DARK, "jewellery jewelry ring necklace gold luxury 珠宝 首饰 黄金 奢侈品 ジュエリー 보석 schmuck bijoux joyas earrings bracelet pendant 项链 戒指"),
    "watches": Taste("spotlight 3 marble 2 stone 2 bokeh 1.5 drape 1 halo 1", "night 3 deep 3 neutral 1", "watch watches 手表 腕表 钟表 時計 시계 uhren montres relojes"),
    "toys": Taste(_YOUNG, "bold 3 analogous 2 fresh 2", "toys toy game games 玩具 游戏 おもちゃ 장난감 spielzeug jouets juguetes puzzle lego 积木"),
    "baby": Taste("sky 3 paper 2 sweep 2 window 1 ribbons 1 podium 1", "tint 4 fresh 2 neutral 1", "baby kids children maternity 母婴 婴儿 童装 儿童 ベビー 유아 kinder bébé bebé diapers stroller 奶粉 纸尿裤"),
    "books": Taste("table 2.5 wood 2 window 2.5 shelf 2.5 paper 1 sunlit 1", _WARM, "books book stationery office 图书 书 书籍 文具 办公 本 도서 bücher livres libros notebook pen 笔记本 笔"),
    "outdoor": Taste(_OUT, "fresh 2 neutral 2 analogous 2 deep 1", "outdoor outdoors travel camping hiking luggage suitcase backpack flask 户外 旅行 箱 露营 背包 アウトドア 야외 reise voyage viaje tent bottle 帐篷 水壶杯"),
    "plants": Taste("foliage 3 window 2 shelf 2 stone 1.5 sunlit 2 garden 1", "fresh 2 neutral 3 tint 1", "plants plant garden flowers 植物 绿植 园艺 花 ガーデン 식물 pflanzen jardin jardín succulent 多肉"),
    "pets": Taste("paper 2 sweep 2 split 1.5 garden 1.5 rings 1 sky 1", "analogous 2 bold 2 fresh 1 tint 2", "pet pets dog cat 宠物 猫 狗 ペット 반려동물 haustier animaux mascotas petfood 猫粮 狗粮"),
    "health": Taste(_CLEAN, "fresh 4 tint 2 neutral 1", "health medicine pharmacy vitamin 健康 医药 保健 药 健康食品 건강 gesundheit santé salud supplements 维生素"),
    "cleaning": Taste(_CLEAN, "fresh 4 bold 1", "cleaning laundry household detergent 清洁 洗护 洗衣 家清 洗剤 세제 reinigung nettoyage limpieza soap tissue 洗衣液 纸巾"),
    "festival": Taste("lanterns 4 confetti 1.5 ribbons 2 bokeh 1 drape 1.5 rays 1", "red 6 bold 1 deep 1", "festival gift gifts holiday christmas newyear 节日 礼品 礼物 礼盒 年货 春节 新年 ギフト 선물 geschenke cadeaux regalos lantern 中秋 端午"),
    "sale": Taste("confetti 3 rays 2.5 split 2 rings 1.5 ribbons 1", "red 4 bold 4", "sale promotion discount deals 促销 大促 特价 优惠 秒杀 セール 할인 angebote soldes rebajas clearance bargain 清仓"),
    "tools": Taste("stone 2 spotlight 2 steps 2 split 1.5 grid 1.5 rings 1", "night 2 bold 2 deep 2 neutral 1", "tools tool car automotive hardware diy 工具 汽车 车品 五金 工具類 자동차 werkzeug auto outils herramientas drill 电钻"),
}  # fmt: skip
"""The categories that the embedded network knows."""

ANY = Taste(
    "sweep 2 table 1 window 1.5 sunlit 1.5 podium 2 steps 1.5 arch 1.5 shelf 1 fluted 1 spotlight 1 marble 1 wood 1 "
    "tiles 0.5 drape 1 silk 1 stone 1 foliage 1 garden 0.5 water 0.7 sky 0.7 drops 0.5 confetti 0.3 rays 0.5 bokeh 0.5 "
    "ribbons 0.5 paper 1 mesh 1 rings 1 split 1 grid 0.5 halo 0.7",
    "tint 3 neutral 2 analogous 2 complement 2 bold 1.5 deep 1 night 0.5 fresh 0.7",
    "",
)
"""What suits a product of no known category."""

_NIGHT_ONLY = {"spotlight", "bokeh", "grid"}
_OWN_SCHEMES = {
    "spotlight": "night 3 deep 1",
    "bokeh": "night 3 deep 1",
    "grid": "night 3",
    "halo": "night 3 deep 2 bold 1",
    "lanterns": "red 5 deep 0.5",
    "confetti": "red 3 bold 2",
    "water": "fresh_blue 5 tint 1",
    "sky": "fresh_blue 1",
    "drops": "fresh_blue 3 fresh 2 bold 1 tint 1",
    "garden": "green 3",
    "foliage": "fresh 3 neutral 2 tint 1",
}


def _pick(weights: str, rng: np.random.Generator) -> str:
    """One of `name weight name weight …` by its weight."""
    words = weights.split()
    shares = np.array([float(weight) for weight in words[1::2]])
    return words[::2][int(rng.choice(len(shares), p=shares / shares.sum()))]


def suits(wish: Wish, rng: np.random.Generator) -> SceneNumbers:
    """A scene that suits a wish: another for another state of `rng`, all in the category's taste."""
    taste = TASTES[wish.category] if wish.category else ANY
    kind = _pick(taste.kinds, rng)
    name = _pick(_OWN_SCHEMES.get(kind, taste.schemes), rng)
    if kind not in _NIGHT_ONLY | {"halo", "drape", "silk", "stone", "mesh", "rings"} and name == "night":
        name = "deep"
    wall = wall_of(name, wish, rng)
    crowd = float(np.clip(wish.text_share / 0.35, 0, 1))
    side = float(np.clip(-np.sign(wish.text_side) * min(1, 3 * abs(wish.text_side)) + rng.normal(0, 0.4), -1, 1))
    light = float(rng.choice([-1, 1])) if abs(wish.text_side) < 0.15 else float(np.sign(wish.text_side))

    def near(mean: float, spread: float = 0.14) -> float:
        return float(np.clip(rng.normal(mean, spread), 0, 1))

    return SceneNumbers(
        kind,
        **colours_of(kind, wall, wish, rng),
        horizon=near(0.40),
        light=light * rng.uniform(0.45, 0.9),
        height=near(0.62),
        softness=near(0.30 if kind in ("window", "sunlit") else 0.6),
        contrast=near(0.68 if wall[0] < 0.4 else 0.52),
        props=near(0.62 - 0.45 * crowd, 0.2),
        side=side,
        scale=near(0.5, 0.2),
        texture=near(0.60 - 0.25 * crowd),
        veil=near(0.35 + 0.45 * crowd),
        vignette=near(0.55 if wall[0] < 0.4 else 0.30),
    )
