"""Letters and faces: with the embedded fonts, since the claims are about them."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Role
from layoutgen.core.text.clusters import clusters
from layoutgen.core.text.lettering import letter
from layoutgen.core.text.settable import Settable
from layoutgen.imaging import fonts
from layoutgen.models.building.fonts import FaceFor

FACE = fonts.face(str(fonts.SIMPLIFIED), fonts.BOLD)
FACE_FOR = FaceFor(PlaceSettings())

# What docs/running.md says the embedded fonts set: each language's letters beyond a to z, with its currency's sign.
ALPHABETS = {
    "Afrikaans": "áéèêëíîïóôöúûüý R", "Albanian": "çë Lekë", "Azerbaijani": "çəğıİöşü ₼", "Basque": "ñç €",
    "Belarusian": "абвгдеёжзійклмнопрстуўфхцчшыьэюя’", "Bosnian": "čćđšž KM",
    "Bulgarian": "абвгдежзийклмнопрстуфхцчшщъьюя лв", "Catalan": "àçèéíïòóúü·ŀ €", "Chinese": "静音破壁机體變臺灣 ¥元",
    "Croatian": "čćđšž €", "Czech": "áčďéěíňóřšťúůýž Kč", "Danish": "æøå kr", "Dutch": "áäéëíïóöúüĳ €",
    "English": "é £$", "Esperanto": "ĉĝĥĵŝŭ", "Estonian": "äõöüšž €", "Faroese": "áðíóúýæø kr",
    "Filipino": "ñ ₱", "Finnish": "äöåšž €", "French": "àâæçéèêëîïôœùûüÿ «» €", "Galician": "áéíñóúü €",
    "German": "äöüßẞ €", "Greek": "αάβγδεέζηήθιίϊΐκλμνξοόπρσςτυύϋΰφχψωώ €", "Hausa": "ɓɗƙƴ ₦",
    "Hawaiian": "āēīōūʻ", "Hungarian": "áéíóöőúüű Ft", "Icelandic": "áðéíóúýþæö kr", "Igbo": "ịọụṅ ₦",
    "Indonesian": "é Rp", "Irish": "áéíóú €", "Italian": "àèéìíîòóùú €", "Japanese": "働く峠カーテンガラス𠮷 ￥円",
    "Kazakh": "аәбвгғдеёжзийкқлмнңоөпрстуұүфхһцчшщъыіьэюя ₸", "Korean": "무선이어폰 ₩", "Kyrgyz": "ңөү",
    "Latvian": "āčēģīķļņšūž €", "Lithuanian": "ąčęėįšųūž €", "Macedonian": "ѓѕјљњќџ ден", "Malay": "é RM",
    "Maltese": "ċġħżàèìòù €", "Mongolian (Cyrillic)": "өү ₮", "Norwegian": "æøå kr", "Polish": "ąćęłńóśźż zł",
    "Portuguese": "áâãàçéêíóôõúü € R$", "Romanian": "ăâîșțşţ lei", "Russian": "абвгдеёжзийклмнопрстуфхцчшщъыьэюя ₽",
    "Scottish Gaelic": "àèìòù £", "Serbian": "абвгдђежзијклљмнњопрстћуфхцчџш čćđšž", "Slovak": "áäčďéíĺľňóôŕšťúýž €",
    "Slovenian": "čšž €", "Spanish": "áéíñóúü¿¡ €", "Swahili": "TSh", "Swedish": "åäöé kr",
    "Tajik": "ғӣқӯҳҷ", "Tatar": "әөүҗңһ", "Turkish": "çğıİöşü ₺", "Turkmen": "çäňöşüýž",
    "Ukrainian": "абвгґдеєжзиіїйклмнопрстуфхцчшщьюя’ ₴", "Uzbek": "oʻgʻ",
    "Vietnamese": "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ ₫", "Welsh": "âêîôûŵŷ £",
}  # fmt: skip


@pytest.mark.parametrize("language", ALPHABETS)
@pytest.mark.parametrize("role", [Role.TITLE, Role.SELLING_POINT])
def test_the_alphabet_of_a_language_is_set_whole_in_one_face(language, role):
    capitals = "".join(c.upper() for c in ALPHABETS[language] if len(c.upper()) == 1)
    for letters in (ALPHABETS[language], capitals):
        text = unicodedata.normalize("NFC", f"Sale {letters} 1234567890 %&+-,.!?")
        copy = Settable(FACE_FOR)
        assert copy.text(role, text) == text and not copy.notes and copy.fault is None
        assert all(character.isspace() or FACE_FOR(role, text).covers(character) for character in text)


def test_prices_are_set_in_every_currency_sign():
    for sign in "$¢£¥€₹₺₽₴₸₫₪₩₦₱₡₲₵₭₮₼₾₿฿":
        copy = Settable(FACE_FOR)
        assert copy.title(f"Kurta {sign}499") == (f"Kurta {sign}499", None) and not copy.notes


@pytest.mark.parametrize(
    ("text", "kept", "left_out"),
    [
        ("🔥爆款🔥 直降", "爆款 直降", "🔥"),
        ("👩‍👩‍👧 亲子", "亲子", "👩👧"),
        ("❤️ love", "love", "❤"),
        ("👍🏽", "", "👍"),
        ("★️ A™️", "★️ A™️", ""),
        ("静音  破壁机", "静音 破壁机", ""),
        ("🇨🇳国货", "国货", "🇨🇳"),
        ("1\ufe0f\u20e3 Sale", "1 Sale", "\u20e3"),
        ("✔ cotton", "cotton", "✔"),
    ],
)
def test_emoji_are_left_out_and_each_is_reported_once(text, kept, left_out):
    made = letter(text, FACE)
    assert (made.text, "".join(made.left_out), made.missing) == (kept, left_out, ())


@pytest.mark.parametrize(
    ("text", "kept"),
    [
        ("𝗕𝗼𝗹𝗱 𝟗𝟗", "Bold 99"),
        ("补水H₂O", "补水H2O"),
        ("满2⅓件", "满2 1/3件"),
        ("⅓件", "1/3件"),
    ],
)
def test_a_character_with_a_plain_form_is_set_as_that(text, kept):
    made = letter(text, FACE)
    assert made.text == kept and made.replaced and not made.missing


def test_a_lowered_digit_behind_a_digit_is_not_made_another_number():
    assert letter("10₂", FACE).missing == ("₂",)


@given(st.text())
def test_nothing_but_pictographs_and_format_characters_is_left_out(text):
    text = unicodedata.normalize("NFC", text)
    made = letter(text, FACE)
    assert all(
        cluster.isspace() or FACE.covers(cluster) or cluster in "\u061c\u200e\u200f" for cluster in clusters(made.text)
    )
    assert not [c for c in made.left_out if unicodedata.category(c)[0] in "LNP" or unicodedata.category(c) == "Sc"]
    letters = [c for c in text if c.isalnum() and FACE.covers(c)]
    assert [c for c in letters if made.text.count(c) < text.count(c)] == []


def fonts_of(text: str, role: Role = Role.TITLE, language: str | None = None) -> list[tuple[str, str]]:
    return [(run.text, run.font) for run in FACE_FOR.speaking(language)(role, text).runs(text, 40)]


def test_a_word_is_set_in_one_font_and_the_rest_in_those_that_have_it():
    assert fonts_of("무선 이어폰") == [("무선 이어폰", "NotoSansKR-Bold")]
    assert fonts_of("轻薄本 żó") == [("轻薄本 ", "NotoSansSC-Bold"), ("żó", "NotoSans-Bold")]
    assert fonts_of("żółć ☂") == [("żółć ", "NotoSans-Bold"), ("☂", "NotoSansKR-Bold")]
    assert FACE_FOR(Role.TITLE, "轻薄本 żó").name == "NotoSansSC-Bold"


def test_the_language_says_whose_chinese_characters_they_are():
    by_language = {
        "zh": "SC",
        "zh-Hant": "TC",
        "zh-TW": "TC",
        "zh-Hans-HK": "SC",
        "ja-JP": "JP",
        "ko": "KR",
        None: "SC",
    }
    for language, name in by_language.items():
        assert fonts_of("直角", language=language) == [("直角", f"NotoSans{name}-Bold")]
    assert fonts_of("直角のリネン") == [("直角のリネン", "NotoSansJP-Bold")]
    assert FACE_FOR.speaking("javascript:")(Role.TITLE, "a").runs("a", 9)[0].language == ""


def test_english_and_chinese_keep_their_faces():
    assert FACE_FOR(Role.TITLE, "Oak & Elm — “café” $9.90").name == "NotoSansKR-Bold"
    assert FACE_FOR(Role.SELLING_POINT, "静音 Pro").name == "NotoSansSC-Regular"
