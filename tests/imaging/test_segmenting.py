import pytest

from layoutgen.core.errors import Refusal
from layoutgen.core.text.breaking import AFFIX, HYPHEN, LOOSE, PAUSE, SPLIT
from layoutgen.imaging.segmenting import breaks, user_words
from tests.limits import cpu_limit


def parted(text, dearest=LOOSE, language="", words=""):
    """The text with a bar at each break that costs no more than `dearest`."""
    at = {one.at for one in breaks(text, language, words) if one.cost <= dearest}
    return "".join("|" * (i in at) + character for i, character in enumerate(text))


@pytest.mark.parametrize(
    "text",
    [
        "法式|复古|连衣裙",
        "碳板|竞速|跑鞋 |全速|起飞",
        "通勤|西装|外套 |挺括|显气质",
        "防晒衣",
        "适合|敏感肌的|温和|洁面乳",
        "更轻|更薄的|羽绒服",
        "静音|破壁机|家用|多功能|豆浆机",
        "水洗|不变形",
        "打底|长袖|T恤 |叠穿|必备",
        "商务 |Polo 衫 |免烫|更省心",
        "你好 ，|世界|“甄选”，|立省",
        "夏日|清凉🧊|防晒衣 |轻到|飞起✨",
    ],
)
def test_chinese_breaks_between_words_and_not_before_what_belongs_to_them(text):
    assert parted(text.replace("|", "")) == text


def test_between_chinese_letters_any_break_can_be_had_at_a_price():
    costs = {one.at: one.cost for one in breaks("法式复古连衣裙")}
    assert [*costs] == [1, 2, 3, 4, 5, 6]
    assert [costs[at] for at in (1, 3, 5, 6)] == [SPLIT] * 4
    assert {one.at: one.cost for one in breaks("防晒衣")} == {1: SPLIT, 2: AFFIX}


@pytest.mark.parametrize("language", ["zh-Hant", "zh-TW", ""])
def test_traditional_letters_are_parted_by_a_dictionary_of_their_own(language):
    assert parted("一件外套，走過整個秋天", language=language) == "一件|外套，|走過|整個|秋天"
    assert parted("防潑水機能布料", language=language) == "防潑水|機能|布料"


@pytest.mark.parametrize(
    "text",
    [
        "毎日を、|もっと|軽やかに|着る|リネンシャツ",
        "朝摘みいちごの|ぜいたく|ジャム",
        "シワに|なりにくい",
        "国産果実|100%",
        "送料無料",
    ],
)
def test_japanese_breaks_between_phrases(text):
    assert parted(text.replace("|", ""), language="ja") == text


def test_no_japanese_line_starts_with_a_small_or_long_kana():
    assert [one.at for one in breaks("きょっとスーパー")] == [3, 4, 6]


@pytest.mark.parametrize(
    ("language", "text"),
    [
        ("th", "รองเท้า|วิ่ง|น้ำ|หนัก|เบา|สำหรับ|ทุก|วัน"),
        ("lo", "ເກີບ|ແລ່ນ|ນ້ຳ|ໜັກ|ເບົາ|ສຳລັບ|ທຸກມື້"),
        ("km", "ស្បែកជើង|រត់|ស្រាល|សម្រាប់|រាល់ថ្ងៃ"),
        ("my", "နေ့စဉ်|ဝတ်ဆင်|ရန် |ပေါ့ပါးသော|ဖိနပ်"),
    ],
)
@pytest.mark.parametrize("told", [True, False])
def test_scripts_without_spaces_break_between_words_of_a_dictionary(language, text, told):
    assert parted(text.replace("|", ""), SPLIT, language if told else "") == text


def test_korean_breaks_at_spaces_and_inside_words_at_a_price():
    assert parted("가볍게 입는 여름 린넨 셔츠") == "가볍게 |입는 |여름 |린넨 |셔츠"
    assert SPLIT in {one.cost for one in breaks("가볍게 입는")}


@pytest.mark.parametrize(
    "text",
    [
        "USB-C |kabel",
        "i7-14700H |laptop",
        "Anti-|Falten-|Creme",
        "Free |30-day |returns",
        "قميص |كتان |ناعم",
        "3 990 ₽",
    ],
)
def test_other_scripts_break_at_spaces_and_after_the_hyphens_of_long_compounds(text):
    assert parted(text.replace("|", "")) == text


def test_breaks_after_punctuation_cost_least():
    assert [one.cost for one in breaks("Run lighter. Land softer.") if one.at == 13] == [PAUSE]
    assert [one.cost for one in breaks("防风 防水") if one.at == 3] == [PAUSE]


def test_long_words_are_hyphenated_in_languages_that_are_told_and_by_no_syllable_of_one_letter():
    pytest.importorskip("pyphen")
    word = "Hochleistungsgewebe"
    hyphens = [one for one in breaks(word, "de") if one.hyphen]
    assert [word[: one.at] for one in hyphens] == ["Hoch", "Hochleis", "Hochleistungs", "Hochleistungsge"]
    assert {one.cost for one in hyphens} == {HYPHEN}
    assert [one.at for one in breaks("hardloopschoenen", "nl-NL")] == [4, 8]
    assert "Übergangs" in ["Übergangsjacke"[: one.at] for one in breaks("Übergangsjacke", "de-AT")]
    assert 4 not in {one.at for one in breaks("Übergangsjacke", "de")}  # Überg-angs
    assert breaks(word) == breaks("Jacke", "de") == breaks("HOCHLEISTUNGSGEWEBE", "de") == ()


def test_words_of_the_user_are_never_parted(tmp_path):
    file = tmp_path / "words.txt"
    file.write_text("\ufeff# brands\n山野集\nThe North  Face\n轻熟风\t99\n\n敏感肌\nNORTH\n", encoding="utf-8")
    assert user_words(str(file)) == ("山野集", "The North Face", "轻熟风", "敏感肌", "NORTH")
    words = str(file)
    assert parted("轻熟风小西装", words=words) == "轻熟风|小西装"
    assert parted("适合敏感肌的肤质", words=words) == "适合|敏感肌的|肤质"
    assert "山野集" in parted("新款山野集针织衫", words=words)
    assert parted("A The North Face jacket", SPLIT, words=words) == "A |The North Face |jacket"
    assert breaks("NORTHERN light", words=words) == breaks("NORTHERN light")


def test_a_file_of_words_that_can_not_be_used_is_named(tmp_path):
    with pytest.raises(Refusal, match=r"place\.words, /no/such, can't be read \(No such file.*a word a line"):
        user_words("/no/such")
    file = tmp_path / "words.txt"
    file.write_bytes("棉衣\n山野集\n".encode("gb18030"))
    with pytest.raises(Refusal, match="not UTF-8 in line 1"):
        user_words(str(file))
    file.write_text("棉衣\n" + "长" * 65)
    with pytest.raises(Refusal, match=r"line 2 of the words .* has 65 characters"):
        user_words(str(file))
    file.write_text("")
    assert parted("防晒衣", words=str(file)) == "防晒衣"


@pytest.mark.slow
def test_a_million_words_are_taken(tmp_path):
    file = tmp_path / "words.txt"
    letters = [chr(0x4E00 + i) for i in range(1000)]
    file.write_text("\n".join(a + b + "牌" for a in letters for b in letters), encoding="utf-8")
    with cpu_limit(200):
        assert parted("新款一丁牌", words=str(file)) == "新款|一丁牌"


def test_odd_text_has_breaks_inside_it_alone():
    for text in (
        "",
        " ",
        "。",
        "👩‍👩‍👧",
        "e\u0301" * 5,
        "\u202e防晒衣",
        "𠮷野家 の 𠮷",
        "ﷺ " * 3,
        "a\u0300\u0301\u0302 b",
    ):
        assert all(0 < one.at < len(text) for one in breaks(text))
    assert [one.at for one in breaks("𠮷𠮷 👍🏽 ok")] == [1, 3, 6]
