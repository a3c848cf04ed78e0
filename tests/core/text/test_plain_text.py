import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from layoutgen.core.text.plain_text import ENTITIES, HIDDEN, LOST, MARKUP, MISREAD, clean
from tests.limits import cpu_limit


@pytest.mark.parametrize(
    ("given", "kept", "notes"),
    [
        ("Tom &amp; Jerry&#39;s <b>Vase</b><br/>50&nbsp;% off", "Tom & Jerry's Vase 50\xa0% off", (ENTITIES, MARKUP)),
        ("&euro;20 &#x4f18;&#24800;", "€20 优惠", (ENTITIES,)),
        ("Salt &amp;amp; Pepper", "Salt & Pepper", (ENTITIES,)),
        ("&lt;p&gt;Hand made&lt;/p&gt;", "Hand made", (ENTITIES, MARKUP)),
        ("<ul><li>light</li>\n<li>thin</li></ul>", "light thin", (MARKUP,)),
        ('<span style="color:red" class=x>Red</span> <a href="/x?a=1&b=2">shoes</a>', "Red shoes", (MARKUP,)),
        ("<![CDATA[Vase & Co]]><!-- id 7 -->", "Vase & Co", (MARKUP,)),
        ("<style>p{color:red}</style>Vase<script>x()</script>", "Vase", (MARKUP,)),
        ("<title>Vase</title>", "Vase", (MARKUP,)),
        ("<s>9.90</s> 7.90", "9.90 7.90", (MARKUP,)),
        ("<br>&nbsp;<p></p>", None, (ENTITIES, MARKUP)),
    ],
)
def test_entities_are_characters_and_tags_go(given: str, kept: str | None, notes: tuple[str, ...]) -> None:
    assert clean(given) == (kept, notes)


@pytest.mark.parametrize(
    "text",
    [
        "3 < 5",
        "a<b",
        "a<b and c>d",
        "R&D",
        "AT&T; x",
        "Size <S>",
        "<3 love",
        "x<y>z",
        "&copy 2020",
        "?a=1&para=2",
        "<M>",
    ],
)
def test_what_only_looks_like_markup_stays(text: str) -> None:
    assert clean(text) == (text, ())


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("Wasser\u00addichte", "Wasserdichte"),
        ("Auf\u200clage\u200b \u2060x\u200e", "Auflage x"),
        ("\ufffaa\ufffbb\U000e0041", "ab"),
        ("a\x00b\x1bc", "abc"),
    ],
)
def test_characters_that_show_nothing_go_and_are_noted(given: str, kept: str) -> None:
    assert clean(given) == (kept, (HIDDEN,))


@pytest.mark.parametrize(
    "text",
    [
        "می\u200cخواهم",
        "क्\u200dष",
        "👩\u200d👩\u200d👧 ❤\ufe0f",
        "\U0001f3f4\U000e0067\U000e0062\U000e007f",
        "של\u200e!",
        "葛\U000e0100",
    ],
)
def test_characters_that_scripts_and_emoji_need_stay(text: str) -> None:
    assert clean(text) == (text, ())


def test_what_was_lost_or_misread_before_is_noted_and_left() -> None:
    assert clean("Caf\ufffd") == ("Caf\ufffd", (LOST,))
    assert clean("CafÃ© 5â‚¬") == ("CafÃ© 5â‚¬", (MISREAD,))
    assert clean("Âge naïf, Ã la carte") == ("Âge naïf, Ã la carte", ())


@given(st.text(st.sampled_from("ab<>/&;#x3 \n\u00ad\u200d👩&lt;=\"'é\u0301")) | st.text())
@example("&amp;lt;b&amp;gt;")
def test_cleaned_copy_is_one_composed_line(text: str) -> None:
    kept, _ = clean(text)
    if kept is not None:
        assert kept == kept.strip() == unicodedata.normalize("NFC", kept)
        assert not any(unicodedata.category(character) in ("Cc", "Zl", "Zp") for character in kept)
        assert "\u00ad" not in kept


@pytest.mark.parametrize(
    "part", ["<!--", "<s>", "<script>", "<b ", "&amp;", "<![CDATA[", "<a x=", "<a x='", "</", "<p\n"]
)
def test_a_text_of_megabytes_is_cleaned_in_a_moment(part: str) -> None:
    with cpu_limit(30):  # it takes 0.2
        clean(part * (300_000 // len(part)))
