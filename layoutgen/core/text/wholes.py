"""What no line break parts, whatever a dictionary says: numbers with their units, currency and counters, sizes that
multiply, ranges, ordinals and model numbers."""

import re

_NUMBER = r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d+)?(?!\d)|\d+(?:[.,:/'’٫٬]\d+)*"
_SIGN = r"[$€£¥￥₩₹₽₺₫฿₪₴₦₱₲₡₵₸₮₭৳៛﷼₨]"
_CODE = (
    r"(?:USD|EUR|GBP|CNY|RMB|JPY|KRW|TWD|HKD|SGD|AUD|CAD|NZD|INR|THB|VND|IDR|MYR|PHP|AED|SAR|QAR|KWD|EGP|ILS|TRY|RUB|PLN"
    r"|CZK|HUF|RON|SEK|NOK|DKK|CHF|BRL|MXN|ARS|CLP|COP|ZAR|NGN|KES|PKR|BDT|LKR|MMK|KHR|LAK|UAH)"
)
_BEFORE = rf"(?:(?:[A-Z]{{1,3}})?{_SIGN}|{_CODE}|R\$|Ks|Rs\.?|RM|Rp|Kč|kr\.?|zł|Fr\.?|No\.|Nr\.|№|#)"
_WORDS = (
    "mm|cm|dm|km|m|in|ft|yd|µg|μg|mcg|mg|kg|g|t|oz|lbs?|ml|mL|cl|cL|dl|dL|l|L|gal"
    "|mAh|Ah|Wh|kWh|kW|W|mW|V|kV|A|mA|Hz|kHz|MHz|GHz"
    "|kB|KB|MB|GB|TB|Mbps|Gbps|px|dpi|ppi|fps|rpm|dB|Pa|kPa|hPa|bar|psi|nm|lm|lx|K|kcal|cal|kJ|J|ms|s|sec|min|h|hrs?|pcs?|pk|ct|ply"
    "|TL|Kč|kr|zł|лв|руб|грн|Ft|lei|dh"
)
_AFTER = rf"(?:[%٪‰℃℉]|°[CF]?|[″′\"]|{_SIGN}|(?:{_CODE}(?!\s?\d)|{_WORDS})(?:²|³|/[A-Za-z]{{1,4}})?(?![A-Za-z]))"
_COUNTERS = (
    "年月日号天时点分秒周岁元圆圓块角钱塊錢万萬亿億千百倍折度米克斤吨升毫厘平寸码碼尺里個个件片瓶盒包袋支只隻双雙套对對条條张張把"
    "台臺部枚粒颗顆杯碗份次遍步层層代款档檔色页頁集级級届屆位名人种種根块節节期章回合卷卡寸目针支棵格口滴抽卷圈组組环環"
    "本冊冊着匹枚粒缶箱切組人前名様円時間分秒歳"
)
_MEASURE = (
    r"(?:分钟|分鐘|小时|小時|毫升|毫克|毫米|毫安时?|厘米|公分|公里|公斤|千克|平方米|立方米|瓦时?"
    r"|週間|ヶ月|か月|カ月|時間|年間|日間)"
)
_FROM = r"(?:\s?起(?![\u3400-\u9fff]))?"
_N = rf"(?:{_NUMBER})"
_UNIT = rf"(?:{_AFTER}|{_MEASURE}|[{_COUNTERS}])"
_AMOUNT = rf"(?:{_BEFORE}\s?{_N}|[+\-−±~约約]?{_N}(?:\s?{_UNIT})?)\+?{_FROM}"
_CHINESE = "〇零一二三四五六七八九十百千万两兩几半"

_WHOLES = re.compile(
    "|".join(
        (
            r"\d+(?:\sin\s|-in-|合)\d+",
            rf"第\s?(?:\d+|[{_CHINESE}]+)\s?[{_COUNTERS}]?",
            rf"(?<![\d.,])(?:[%٪]\s?)?{_AMOUNT}(?:\s?(?:[x×*✕~～–\-]|至|到)\s?{_AMOUNT})*",
            r"[A-Za-z]+[-‑]?\d[\w.+\-‑]*\+?",  # SPF50+, i7-14700H
        )
    )
)


def spans(text: str) -> list[tuple[int, int]]:
    """Stretches (start, end) of a text, from left to right and apart, in which no line may end."""
    if not any(character.isdigit() or character == "第" for character in text):
        return []
    return [match.span() for match in _WHOLES.finditer(text) if match.end() - match.start() > 1]
