"""What kind of goods a product is, by the nouns in its category and title, in English and Chinese.

Nouns say it as people read them: the longest one at a place counts (a teapot holds no tea, headphones are no phones),
and of several that stand beside each other the last one (a coffee mug is a mug, a laptop backpack a backpack), in
English before a preposition (a bag for laptops is a bag), in Chinese in the first phrase that has any. A category goes
before the title, and that before the selling points, in which a product's neighbours are named as often as itself.
"""

import re
from collections.abc import Iterable
from functools import lru_cache

_NOUNS = {
    "apparel": "apparel clothing clothes fashion garment dress shirt blouse t-shirt tshirt tee polo top tops vest "
    "undershirt singlet camisole bodysuit hoodie sweatshirt sweater jumper cardigan knitwear coat jacket "
    "blazer suit outwear outerwear parka trousers pants jeans leggings shorts skirt lingerie underwear bra "
    "pyjamas pajamas swimsuit sock stocking hat cap beanie scarf glove tie belt longsleeve menswear "
    "womenswear 服装 服饰 女装 男装 连衣裙 长裙 半身裙 短裙 牛仔裙 裙 衬衫 衬衣 上衣 T恤 体恤 卫衣 毛衣 "
    "针织衫 羊毛衫 外套 西装 大衣 风衣 羽绒服 夹克 冲锋衣 裤 牛仔裤 短裤 内衣 文胸 睡衣 泳衣 背心 吊带 袜 帽 "
    "围巾 手套 领带 皮带 连体衣 旗袍 汉服",
    "shoes": "shoe sneaker boot sandal loafer heels slipper footwear trainers 鞋 靴 凉鞋 拖鞋 高跟鞋 乐福鞋 帆布鞋 "
    "靴子",
    "bags": "bag handbag backpack rucksack tote purse wallet suitcase luggage briefcase clutch 手提包 女包 男包 背包 "
    "双肩包 单肩包 斜挎包 书包 钱包 行李箱 拉杆箱 旅行箱 公文包 箱包 托特包",
    "jewellery": "jewellery jewelry ring necklace bracelet earring pendant brooch diamond pearl 珠宝 首饰 戒指 项链 "
    "手链 手镯 耳环 耳钉 吊坠 胸针 钻石 钻戒 珍珠 黄金",
    "watches": "watch wristwatch timepiece chronograph 手表 腕表 机械表 石英表 钟表",
    "scent": "perfume cologne fragrance parfum 香水 香氛 古龙水",
    "spirits": "whisky whiskey cognac brandy champagne wine baijiu 威士忌 白兰地 香槟 红酒 葡萄酒 白酒 名酒 洋酒",
    "beauty": "skincare skin serum cream moisturiser moisturizer lotion cleanser toner sunscreen lipstick mascara "
    "foundation concealer blush eyeshadow makeup cosmetics shampoo conditioner beauty nail-polish face-mask "
    "body-wash hand-cream face-cream 护肤 护肤品 面霜 精华 精华液 乳液 爽肤水 洁面 洗面奶 防晒 防晒霜 口红 "
    "唇膏 睫毛膏 粉底 粉底液 眼影 腮红 美妆 彩妆 化妆品 洗发 洗发水 护发素 面膜 身体乳 护手霜 眼霜 沐浴露",
    "food": "food snack fruit vegetable apple banana orange mango melon pear peach berry strawberry tomato potato "
    "carrot cabbage bread cake biscuit cookie chocolate candy honey nut almond rice noodle pasta cheese "
    "yogurt yoghurt egg meat beef pork chicken fish seafood grocery groceries olive-oil cereal salad "
    "ice-cream 食品 零食 水果 蔬菜 苹果 香蕉 橙子 芒果 西瓜 哈密瓜 梨 桃 草莓 番茄 土豆 胡萝卜 白菜 面包 "
    "蛋糕 饼干 巧克力 糖果 蜂蜜 坚果 大米 面条 奶酪 酸奶 鸡蛋 牛肉 猪肉 鸡肉 海鲜 生鲜 鲜果 粮油 月饼 粽子 "
    "辣条 沙拉 燕麦",
    "drinks": "drink beverage juice milk coffee tea water soda lemonade smoothie beer oat-milk 饮料 饮品 果汁 牛奶 奶 "
    "咖啡 茶 茶叶 绿茶 红茶 矿泉水 汽水 啤酒 豆浆 奶茶",
    "kitchen": "kitchen cookware kettle teapot pan pot wok saucepan knife mug cup glass tumbler flask thermos bottle "
    "plate bowl cutlery chopsticks lunch-box tableware teacup coffee-mug coffee-cup water-bottle wine-glass "
    "厨房 厨具 锅 炒锅 平底锅 水壶 茶壶 烧水壶 保温杯 水杯 茶杯 咖啡杯 马克杯 碗 盘 餐具 刀 菜刀 筷 饭盒 "
    "保温壶 酒杯 茶具 砧板",
    "household": "detergent tissue toilet-paper paper-towel cleaner soap storage hanger bin mop broom household "
    "toothpaste toothbrush 日用 日用品 日用百货 洗衣液 洗洁精 纸巾 抽纸 卷纸 清洁剂 肥皂 收纳 收纳箱 收纳盒 "
    "衣架 垃圾桶 拖把 牙膏 牙刷 家用",
    "home": "home furniture sofa chair armchair table desk bed mattress lamp vase curtain rug carpet cushion pillow "
    "duvet bedding blanket candle mirror shelf frame towel decor houseplant table-lamp floor-lamp desk-lamp "
    "coffee-table tea-table 家居 家具 沙发 椅 餐椅 桌 书桌 茶几 床 床垫 台灯 落地灯 吊灯 灯 花瓶 窗帘 地毯 "
    "抱枕 枕头 被子 床品 四件套 毛毯 蜡烛 镜子 书架 相框 毛巾 摆件 绿植",
    "appliances": "appliance refrigerator fridge dishwasher washing-machine dryer vacuum vacuum-cleaner blender juicer "
    "mixer toaster oven microwave rice-cooker air-fryer coffee-machine coffee-maker espresso-machine "
    "hair-dryer fan heater air-conditioner purifier humidifier robot 家电 冰箱 洗碗机 洗衣机 烘干机 吸尘器 "
    "扫地机器人 破壁机 榨汁机 果汁机 搅拌机 面包机 烤箱 微波炉 电饭煲 空气炸锅 咖啡机 电吹风 吹风机 风扇 "
    "取暖器 空调 净化器 加湿器 热水器",
    "electronics": "electronics phone smartphone mobile tablet laptop computer notebook-computer pc monitor keyboard "
    "mouse headphone headset earphone earbud speaker soundbar camera lens drone charger power-bank cable router "
    "console projector printer tv television light ring-light smartwatch smart-watch fitness-tracker "
    "phone-case 电子 数码 手机 平板 电脑 笔记本电脑 显示器 显示屏 键盘 鼠标 耳机 耳麦 音箱 音响 相机 镜头 "
    "无人机 充电器 充电宝 移动电源 数据线 路由器 游戏机 投影仪 打印机 电视 智能手表 智能手环 手机壳",
    "toys": "toy toys doll puzzle plush teddy-bear lego building-block board-game rattle stroller playset 玩具 娃娃 "
    "公仔 毛绒玩具 毛绒 积木 拼图 桌游 摇铃 婴儿车 儿童车",
    "sports": "sport sports outdoor camping tent sleeping-bag hiking-boot hiking bike bicycle cycling helmet dumbbell "
    "yoga-mat treadmill racket ball basketball football ski running-shoe trainer-shoe fitness sportswear "
    "运动 户外 帐篷 睡袋 登山鞋 徒步 骑行 自行车 山地车 头盔 哑铃 瑜伽垫 跑步机 球拍 篮球 足球 滑雪 跑鞋 "
    "跑步鞋 运动鞋 竞速跑鞋 露营 健身 运动服 运动短裤",
    "tools": "tool tools drill screwdriver hammer saw wrench toolbox ladder hardware power-tool lawn-mower "
    "garden-hose car-tyre tyre tire motor-oil 工具 五金 电钻 螺丝刀 锤 锯 扳手 工具箱 梯子 割草机 水管 轮胎 "
    "机油",
    "books": "book novel magazine stationery pen pencil planner calendar paper notebook greeting-card 图书 小说 杂志 "
    "文具 钢笔 铅笔 笔记本 日历 本子 手账",
    "pets": "pet dog cat dog-food cat-food cat-litter pet-bed dog-bed cat-bed leash aquarium 宠物 狗粮 猫粮 猫砂 "
    "宠物窝 牵引绳 鱼缸",
    "health": "vitamin supplement medicine thermometer bandage massager wheelchair 维生素 保健品 药 体温计 创可贴 "
    "按摩仪 轮椅 口罩",
}
KINDS = tuple(_NOUNS)
"""The kinds, as styles name them."""
_HEAD_ENDS = re.compile(
    r"\s(?:for|with|in|of|by|from|to|and|&|plus|without|on)\s|[,;:(–—|，、；：（！。]|(?<=[^\x00-\x7f])\s(?=[^\x00-\x7f])"
)
"""Where what heads a text is at an end: before a preposition, a stop, or a space between two Chinese phrases."""


def kind_of(category: str | None, title: str, points: Iterable[str] = ()) -> str | None:
    """The kind of goods that a product is, one of `KINDS`; None where no text says it."""
    texts = (*_levels(category), title)
    return next((kind for text in (*texts, *points) if text and (kind := _kind(_plain(text)))), None)


def _levels(category: str | None) -> list[str]:
    """A category's levels, the lowest first."""
    return [level for level in re.split(r"\s*(?:>|/|\||›|»|→)\s*", category or "") if level][::-1]


def _plain(text: str) -> str:
    return re.sub(r"t\s+恤", "t恤", " ".join(text.replace("_", " ").casefold().split()))


@lru_cache(maxsize=4096)
def _kind(text: str) -> str | None:
    """The kind of the noun that heads a text."""
    nouns = [(match.start(), match.end(), _kinds()[_singular(match.group())]) for match in _pattern().finditer(text)]
    if not nouns:
        return None
    end = next((each.start() for each in _HEAD_ENDS.finditer(text) if each.start() >= nouns[0][1]), len(text))
    return [kind for _, stop, kind in nouns if stop <= end][-1]


@lru_cache(maxsize=1)
def _kinds() -> dict[str, str]:
    """Nouns to their kinds; English ones with spaces where the list has hyphens."""
    by_noun = {}
    for kind, nouns in _NOUNS.items():
        for noun in nouns.split():
            for form in (noun.casefold(), noun.casefold().replace("-", " ")):
                by_noun[form] = kind
    return by_noun


@lru_cache(maxsize=1)
def _pattern() -> re.Pattern[str]:
    """All nouns, the longest first; English ones as whole words, in the plural too."""
    nouns = sorted(_kinds(), key=lambda noun: (-len(noun), noun))
    english = "|".join(re.escape(noun) for noun in nouns if noun.isascii())
    chinese = "|".join(re.escape(noun) for noun in nouns if not noun.isascii())
    return re.compile(rf"(?<![a-z0-9])(?:{english})(?:e?s)?(?![a-z0-9])|{chinese}")


def _singular(noun: str) -> str:
    known = _kinds()
    return next(form for form in (noun, noun.removesuffix("s"), noun.removesuffix("es")) if form in known)
