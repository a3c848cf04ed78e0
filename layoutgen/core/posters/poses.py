"""Whether a product stands on its foot or is shown lying, or hanging: told by its category.

Clothes and cloth are photographed from above or before a wall; a floor under them would make them stand.
"""

import re
import unicodedata

_CLOTH = """
apron bathrobe beanie bikini blanket blazer blouse blouson body bodysuit boxers bra briefs cap cape cardigan
clothes clothing coat curtain dress duvet dungarees glove gloves gown hat hoodie jacket jeans jersey jumper
jumpsuit kimono leggings lingerie longsleeve mittens onesie outerwear outwear overalls pajamas pants panties
parka playsuit polo poncho pullover pyjamas qipao raincoat robe romper rug sari sarong scarf shawl shirt
shorts skirt sleepwear slip sock socks stockings suit sweater sweatpants sweatshirt swimsuit swimwear tank
tee tie tights top towel trousers tshirt tunic underpants undershirt underwear uniform vest waistcoat
windbreaker
"""
_CLOTH_CJK = """
衬衫 衬衣 上衣 毛衣 卫衣 外套 大衣 风衣 夹克 西装 马甲 背心 连衣裙 半身裙 裙子 裤 短裤
牛仔裤 内衣 睡衣 泳衣 袜 围巾 披肩 帽 手套 领带 旗袍 汉服 羽绒服 羊毛衫 针织衫 毛巾
浴巾 床单 被套 毯 地毯 窗帘 シャツ ブラウス ワンピース ドレス スカート パンツ コート ジャケット
セーター ニット 靴下 帽子 タオル 셔츠 블라우스 원피스 드레스 스커트 바지 코트 재킷 스웨터
양말 모자 수건
"""
_GARMENTS, _GARMENTS_CJK = frozenset(_CLOTH.split()), _CLOTH_CJK.split()
_PARTS = re.compile(r"[>/|›»\\,;:、，；：]+")
_WORDS = re.compile(r"[\W_]+")


def lies(category: str | None) -> bool:
    """Whether a product of a category, such as `Clothing > Men > T-Shirts`, is of cloth: its narrowest part says so,
    with its last word, as English does, or with any word of another script."""
    parts = [part.strip() for part in _PARTS.split(unicodedata.normalize("NFKC", category or "").casefold())]
    narrowest = next((part for part in reversed(parts) if part), "")
    words = [word for word in _WORDS.split(narrowest) if word]
    if not words:
        return False
    last = words[-1]
    if last in _GARMENTS or last.removesuffix("s") in _GARMENTS or last.removesuffix("es") in _GARMENTS:
        return True
    return any(word in narrowest for word in _GARMENTS_CJK)
