"""Shaped text: against HarfBuzz's own numbers, in its order, inside its box, in scripts of all kinds."""

import unicodedata

import numpy as np
import pytest
import uharfbuzz as hb
from fontTools.colorLib.builder import buildCOLR, buildCPAL
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.config.stages import PlaceSettings
from layoutgen.core.layout import Canvas, Element, Role, from_px
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.settable import Settable
from layoutgen.core.text.typography import set_lines
from layoutgen.imaging import drawing, fonts
from layoutgen.models.building.fonts import FaceFor
from tests.imaging.test_fonts import bitmaps, font

FACE_FOR = FaceFor(PlaceSettings())
# A language with what its script makes hard: stacks above and below, reordered vowels, joining, marks on marks.
SAMPLES = {
    "ar": "قميص كتان ناعم اشترِ الآن يومًا",
    "fa": "می‌خواهم ۲٬۹۰۰٬۰۰۰ تومان",
    "ur": "ہر دن کے لیے ہلکے جوتے",
    "he": "חוּלְצַת פשתן",
    "th": "พื้นนุ่มคืนตัวดี ปู่ ญู น้ำ",
    "lo": "ເກີບແລ່ນນ້ຳໜັກເບົາ",
    "km": "ស្បែកជើងរត់ស្រាលសម្រាប់រាល់ថ្ងៃ",
    "my": "နူးညံ့သက်တောင့်သက်သာ ကြွေ",
    "hi": "हल्के जूते मुफ़्त र्क्ष्म्यों",
    "bn": "প্রতিদিনের জন্য নরম",
    "ta": "மென்மையான கொள்",
    "te": "చీర కొత్తది",
    "gu": "સાડી",
    "pa": "ਕੱਪੜੇ",
    "kn": "ಸೀರೆ",
    "ml": "സാരി",
    "or": "ଶାଢ଼ୀ",
    "si": "සාරිය",
    "am": "አማርኛ",
    "ka": "ქართული",
    "hy": "Հայերեն",
    "zh": "防晒衣，轻到飞起（新）",
    "zh-Hant": "走過整個秋天",
    "ja": "ぜいたくジャム、",
    "ko": "린넨 셔츠",
    "vi": "ỄẤẶ Áo khoác chống nắng",
    "yo": "Aṣọ ọ̀fẹ́ ṣ́",
    "ru": "Лёгкие Й",
    "el": "Ελαφριά ΐ",
    "de": "Übergangsjacke Ä jgßf",
    "en": "fjord gym (QA) ½ ☕",
    "emoji": "🧊👩‍👩‍👧👍🏽🔥",
}
ADVANCES = {
    "zh": "NotoSansSC-Bold",
    "ar": "NotoSansArabic-Bold",
    "th": "NotoSansThai-Bold",
    "hi": "NotoSansDevanagari-Bold",
    "km": "NotoSansKhmer-Bold",
    "my": "NotoSansMyanmar-Bold",
    "de": "NotoSansKR-Bold",
}
words = st.sampled_from(" ".join(SAMPLES.values()).split())


@pytest.mark.parametrize("language", ADVANCES)
def test_a_run_is_as_wide_as_harfbuzz_says(language):
    text = SAMPLES[language].split()[0]
    (run,) = FACE_FOR.speaking(language)(Role.TITLE, text).runs(text, 100)
    assert run.font == ADVANCES[language]
    face = hb.Face(hb.Blob.from_file_path(str(fonts.by_name(run.font).path)))
    shaper = hb.Font(face)
    shaper.set_variations({"wght": 700})
    buffer = hb.Buffer()
    buffer.add_str(text)
    buffer.guess_segment_properties()
    buffer.language = language
    hb.shape(shaper, buffer, {"kern": False} if language == "zh" else {})
    units = sum(position.x_advance for position in buffer.glyph_positions)
    assert run.width_px == pytest.approx(100 * units / face.upem, abs=1e-9)


def test_latin_is_kerned_and_set_in_ligatures_and_grows_evenly():
    face = FACE_FOR(Role.TITLE, "AVATAR")
    assert face.width("AVATAR", 100) < sum(face.width(letter, 100) for letter in "AVATAR") - 10
    for text in SAMPLES.values():
        face = FACE_FOR(Role.TITLE, text)
        assert face.width(text, 131) == pytest.approx(1.31 * face.width(text, 100), rel=1e-9)


def drawn(
    text: str, language: str, px: int, role: Role = Role.TITLE, lines: int = 1
) -> tuple[np.ndarray, tuple[int, int]]:
    """A text's ink with a margin of a font size around its box, and the box's size."""
    face = FACE_FOR.speaking(language)(role, text)
    setting = set_lines([text] * lines, face, px)
    canvas = Canvas(setting.width_px + 2 * px, setting.height_px + 2 * px)
    box = (px, px, px + setting.width_px, px + setting.height_px)
    element = Element(
        role, from_px(box, canvas.width, canvas.height), text, setting.lines, face.name, px, setting.line_height_px
    )
    ground = np.full((canvas.height, canvas.width, 3), 255, np.uint8)
    page = drawing.draw(ground, [with_runs(element, face, setting.width_px)], canvas)
    return 255 - page.min(-1), (setting.width_px, setting.height_px)


def outside(ink: np.ndarray, px: int) -> int:
    edge = ink.copy()
    edge[px:-px, px:-px] = 0
    return int(edge.max())


@pytest.mark.parametrize("language", SAMPLES)
def test_every_script_is_drawn_inside_its_box(language):
    for role, px in ((Role.TITLE, 97), (Role.SELLING_POINT, 26)):
        ink, _ = drawn(SAMPLES[language], language, px, role, lines=2)
        assert ink.max() > 200 and outside(ink, px) == 0


@settings(max_examples=60, deadline=None)
@given(st.lists(words, min_size=1, max_size=4), st.integers(13, 60), st.sampled_from([*SAMPLES]))
def test_whatever_is_mixed_is_drawn_inside_its_box(mixed, px, language):
    ink, _ = drawn(" ".join(mixed), language, px)
    assert outside(ink, px) == 0


def test_ten_thousand_marks_on_a_letter_are_a_bounded_line():
    copy = Settable(FACE_FOR)
    text, fault = copy.title("Z" + "\u0335\u0322\u035b\u034e" * 2500 + "algo")
    assert fault is None and copy.notes and len(text) == 13
    ink, (_, height) = drawn(text, "", 60)
    assert outside(ink, 60) == 0 and height < 4 * 60


def order(text: str, language: str = "") -> list[str]:
    return [
        run.text.strip() for run in FACE_FOR.speaking(language)(Role.TITLE, text).runs(text, 40) if run.text.strip()
    ]


def test_runs_stand_in_the_order_of_the_bidirectional_algorithm():
    assert order("قميص VALE بخصم 30%", "ar") == ["%", "30", "بخصم", "VALE", "قميص"]
    assert order("Sale שלום 30") == ["Sale", "30", "שלום"]
    runs = FACE_FOR(Role.TITLE, "קנה 3 (SALE)").runs("קנה 3 (SALE)", 40)
    assert [run.x_px for run in runs] == sorted(run.x_px for run in runs)


def test_a_line_of_a_right_to_left_text_without_such_letters_keeps_its_direction():
    face = FACE_FOR(Role.TITLE, "قميص VALE 30%")
    assert face.direction == "rtl"
    assert [run.text for run in face.runs("30 VALE", 40)] == ["VALE", " ", "30"]


def test_an_override_of_direction_does_not_reach_beyond_its_text():
    copy = Settable(FACE_FOR)
    assert copy.title("Sale \u202etxet\u202c now\u2067") == ("Sale txet now", None)
    assert order("Sale txet now") == ["Sale txet now"]


def test_an_emoji_of_several_characters_is_one_glyph_and_a_joiner_shows_nothing():
    for text in ("👩‍👩‍👧", "👍🏽", "🇯🇵", "☀️", "1️⃣"):
        (piece,) = fonts.typeface("NotoEmoji-Bold").shaper.line(text, 40).pieces
        assert len(piece.shaped.glyphs) == 1, text
    with_joiner, without = (fonts.typeface("NotoSansArabic-Bold").width(text, 100) for text in ("می‌خ", "میخ"))
    assert with_joiner != without  # its letters are not joined


def test_marks_stay_with_the_font_of_their_letter():
    for run in FACE_FOR(Role.TITLE, "轻ọ̀fẹ́").runs("轻ọ̀fẹ́", 40):
        assert not run.text or run.text[0] not in "\u0300\u0301\u0323"


RED, GREEN = (0.9, 0.2, 0.1, 1.0), (0.0, 0.6, 0.2, 1.0)
STOPS = {"ColorStop": [{"StopOffset": at, "PaletteIndex": at, "Alpha": 1.0} for at in (0, 1)], "Extend": "pad"}
GRADIENT = {"Format": 4, "ColorLine": STOPS, "x0": 40, "y0": 0, "x1": 460, "y1": 0, "x2": 40, "y2": 700}


@pytest.mark.parametrize("text", ["ọ̀fẹ́", "Ẹ̀kọ́", "ё̀", "q̃uà", "Aṣọ ọ̀fẹ́ olówó"])
@pytest.mark.parametrize("language", ["", "yo"])
def test_a_mark_stands_over_its_letter_in_a_font_that_has_a_place_for_it(text, language):
    (run,) = FACE_FOR.speaking(language)(Role.TITLE, text).runs(text, 100)
    face = fonts.by_name(run.font)
    plain = "".join(letter for letter in unicodedata.normalize("NFD", text) if not unicodedata.combining(letter))
    shaped, bare = (face.shape(one, run.script, language, "ltr") for one in (text, plain))
    assert shaped.width == pytest.approx(bare.width, abs=0.01)
    assert shaped.ink[2] <= bare.ink[2] + 0.1 and run.x_px < 10


@pytest.mark.parametrize("kind", ["layers", "paint", "gradient", "pictures"])
def test_an_emoji_font_of_colours_is_drawn_in_them(tmp_path, kind):
    path = font(tmp_path / "Colours.ttf", letters={0x1F525: "fire", 0x20: "space", 0x61: "a"})
    with TTFont(path) as made:
        if kind == "pictures":
            bitmaps(made, made.getGlyphID("fire"))
        else:
            solid = {"Format": 2, "PaletteIndex": 0, "Alpha": 1.0}
            paint = {"Format": 10, "Glyph": "a", "Paint": GRADIENT if kind == "gradient" else solid}
            made["COLR"] = (
                buildCOLR({"fire": [("a", 0)]}, version=0)
                if kind == "layers"
                else buildCOLR({"fire": paint}, version=1)
            )
            made["CPAL"] = buildCPAL([[RED, GREEN]])
        made.save(tmp_path / "Saved.ttf")
    (tmp_path / "Saved.ttf").rename(path)
    face_for = FaceFor(PlaceSettings(emoji_font=str(path)))
    face = face_for(Role.TITLE, "爆款🔥")
    assert [run.font for run in face.runs("爆款🔥", 40)] == ["NotoSansSC-Bold", "Colours"]
    setting = set_lines(["爆款🔥"], face, 60)
    canvas = Canvas(setting.width_px, setting.height_px)
    element = Element(
        Role.TITLE, (0, 0, 1, 1), "爆款🔥", setting.lines, face.name, 60, setting.line_height_px, "#0000ff"
    )
    ground = np.full((canvas.height, canvas.width, 3), 255, np.uint8)
    page = drawing.draw(ground, [with_runs(element, face, setting.width_px)], canvas, font_files=(str(path),))
    colours = {tuple(pixel) for pixel in page.reshape(-1, 3)}
    assert {(0, 0, 255), (255, 255, 255)} <= colours
    green_at = _where(page, (0, 153, 51))
    if kind in ("layers", "paint"):
        assert (230, 51, 26) in colours and not len(green_at)
    else:
        red_at = _where(page, (230, 51, 26))
        assert len(red_at) > 50 and len(green_at) > 50
        assert red_at.min() >= 120 and red_at.mean() + 10 < green_at.mean()  # behind two letters of an em
    if kind == "gradient":
        assert len(colours) > 20


def _where(page, colour):
    """The columns of the pixels that have a colour, nearly."""
    return np.nonzero(np.abs(page.astype(int) - colour).max(-1) <= 24)[1]
