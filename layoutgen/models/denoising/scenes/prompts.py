"""Which kind of scene a prompt asks for, by words: a drawer takes no sentence, and needs none."""

import unicodedata

from layoutgen.goods.backdrops.numbers import KINDS

_WORDS = {
    "sweep": "plain studio seamless paper-sweep 纯色 影棚",
    "table": "table tabletop desk 桌面 桌子",
    "window": "window 窗 窗边",
    "sunlit": "sunlit sunlight sun sunny palm 阳光 光影",
    "podium": "podium pedestal plinth 展台 圆台",
    "steps": "steps stairs blocks 台阶 阶梯",
    "arch": "arch archway 拱门",
    "shelf": "shelf 架子 隔板",
    "fluted": "fluted panelled slats 格栅",
    "spotlight": "spotlight dark black 聚光 暗色 黑色",
    "marble": "marble 大理石",
    "wood": "wood wooden timber 木 木质 木纹",
    "tiles": "tiles tiled tile 瓷砖",
    "drape": "drape drapes curtain velvet 幕布 窗帘 丝绒",
    "silk": "silk satin fabric cloth 丝绸 绸缎 布料",
    "stone": "stone rock rocks concrete 石头 岩石 石板",
    "foliage": "foliage leaves leaf plants tropical 树叶 绿叶 植物",
    "garden": "garden lawn orchard nature outdoors 花园 户外 草地 自然",
    "water": "water sea ocean lake pool 水面 海 湖",
    "sky": "sky clouds cloud 天空 云 白云",
    "drops": "drops droplets dew 水滴 水珠",
    "lanterns": "lantern lanterns 灯笼 新年 春节",
    "confetti": "confetti party celebration 彩带 庆祝 派对",
    "rays": "rays sunburst burst 放射 光芒",
    "bokeh": "bokeh lights night city 光斑 夜景 霓光",
    "ribbons": "ribbon ribbons gift 丝带 缎带",
    "paper": "papercut paper layered 剪纸 纸艺",
    "mesh": "gradient blurred colourful colorful 渐变 弥散",
    "rings": "rings circles circle 圆环 同心圆",
    "split": "split two-colour diagonal 撞色 拼色",
    "grid": "grid cyber futuristic technology 网格 科技",
    "halo": "neon halo glowing glow 霓虹 光环",
}
_KIND_OF = {word: kind for kind, words in _WORDS.items() for word in words.split()}

assert set(_WORDS) == set(KINDS)


def kind_in(prompt: str | None) -> str | None:
    """The kind that a prompt names: its first known word, or the first of another script within it; None for none."""
    text = unicodedata.normalize("NFKC", prompt or "").casefold()
    cleaned = "".join(letter if letter.isalnum() or letter == "-" else " " for letter in text)
    for word in cleaned.split():
        if word in _KIND_OF:
            return _KIND_OF[word]
    places = {text.index(word): kind for word, kind in _KIND_OF.items() if not word.isascii() and word in text}
    return places[min(places)] if places else None
