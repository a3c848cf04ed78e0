"""The page in the reviewer's language: every word of it has a Chinese one, and none is left over."""

import re
from html.parser import HTMLParser
from importlib import resources
from typing import ClassVar

import pytest

from layoutgen.core.feedback import REASONS
from layoutgen.core.gallery import files as gallery
from layoutgen.core.layout import Role
from tests.browser import Browser, find
from tests.core.gallery.reviewing import RUN
from tests.core.gallery.test_files import dead
from tests.core.gallery.test_rows import element, row

ASSETS = {
    file.name: file.read_text() for file in resources.files("layoutgen.core.gallery").joinpath("assets").iterdir()
}
STRING = r'"((?:[^"\\]|\\.)*)"'
browser_only = pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH")


class Markup(HTMLParser):
    """Words of a page's markup: texts, and attributes that are read or shown."""

    ATTRIBUTES: ClassVar = ("title", "placeholder", "aria-label", "alt")

    def __init__(self, text):
        super().__init__()
        self.words, self.names_keys = set(), False
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.names_keys = tag == "dt"
        self.words |= {" ".join(value.split()) for name, value in attrs if name in self.ATTRIBUTES}

    def handle_data(self, data):
        if re.search("[a-z]", data) and not self.names_keys:
            self.words.add(" ".join(data.split()))


def entries():
    """English to Chinese, of all dictionaries."""
    return {
        key: value
        for text in ASSETS.values()
        for added in re.findall(r'words\.add\("zh", \{(.*?)\n\}\);', text, re.DOTALL)
        for key, value in re.findall(rf"^\s*{STRING}:\s*{STRING},", added, re.MULTILINE)
    }


def spoken():
    """English of all scripts, by where it is said."""
    return {name: set(re.findall(rf"\bt\({STRING}", text)) for name, text in ASSETS.items() if name.endswith(".js")}


def test_every_word_of_scripts_and_markup_has_a_chinese_one():
    missing = {name: words - entries().keys() for name, words in spoken().items()}
    assert {name: words for name, words in missing.items() if words} == {}
    pages = [text for name, text in ASSETS.items() if name.endswith(".html")]
    assert {"layoutgen", "English", "中文"} >= set().union(
        *(Markup(text).words for text in pages)
    ) - entries().keys() - {*("", "0", "100")}
    assert {*REASONS.values(), *(role.value for role in Role)} <= entries().keys()


def test_a_dictionary_has_no_word_that_nobody_says():
    said = "\n".join(text for text in ASSETS.values() if 'words.add("zh"' not in text)
    data = {*REASONS.values(), *(role.value for role in Role), *("ok", "accepted", "refused", "failed"),
            *("subject", "face", "text")}  # fmt: skip
    markup = set().union(*(Markup(text).words for name, text in ASSETS.items() if name.endswith(".html")))
    assert {
        key for key in entries() if key not in data | markup and f'"{key}"' not in said and f"{key}:" not in said
    } == set()


def test_both_languages_fill_in_the_same_values():
    for english, chinese in entries().items():
        wanted = set(re.findall(r"\{(\w+)\}", english))
        assert set(re.findall(r"\{(\w+)\}", chinese)) == wanted, english
        assert not re.search("[A-Z][a-z]+ [a-z]", chinese), chinese


@pytest.fixture(scope="module")
def chinese(tmp_path_factory):
    """A gallery whose data are Chinese or codes, in Chinese."""
    folder = tmp_path_factory.mktemp("chinese")
    layout = row(title="新品", run_id=RUN, category="花瓶", application="poster", notes=[], composer="rules",
                 elements=[element("title", "新品", lines=["新品"]), element("price", "￥9")], image="一.jpg",
                 suggestion=[{"role": "title", "text": "新品", "box": [0.1, 0.1, 0.4, 0.2]}])  # fmt: skip
    for name, content in gallery.files(
        [layout], [dead(message="没有图片", input_row="{}")], RUN, maps=True, limits=gallery.Limits(margin=0.05)
    ):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    with Browser(tmp_path_factory.mktemp("browser")) as browser:
        browser.address = (folder / "index.html").as_uri()
        browser.open(f"{browser.address}?lang=zh")
        yield browser


ENGLISH = """[...document.querySelectorAll('body *:not(script, style, dt, noscript, [lang]), title')]
    .flatMap((node) => [
        ...[...node.childNodes].filter((child) => child.nodeType === 3).map((child) => child.data),
        ...['title', 'placeholder', 'aria-label', 'alt', 'aria-roledescription'].map((name) => node.getAttribute(name)),
    ]).filter((text) => /[A-Za-z]{2,} +[A-Za-z]{2,}/.test(text ?? ''))"""


@browser_only
def test_a_page_in_chinese_has_no_english_sentence(chinese):
    page = chinese
    assert page.run("document.documentElement.lang") == "zh-CN"
    assert page.run(ENGLISH) == []
    page.focus(".card")
    page.press("a")
    assert page.run("gallery.by('message').textContent").startswith("请先填写姓名")
    page.set("#annotator", "梅")
    for selector in ("#beside", "#boxes", "#map", "#zones"):
        page.click(selector)
    page.focus(".card")
    page.press("a", "q")
    assert page.run(ENGLISH) == []
    page.press("e")
    page.wait("document.querySelectorAll('.handle').length === 2")
    page.press("ArrowRight")
    assert page.run(ENGLISH) == []
    page.press("Escape", "Escape", "?")
    assert page.run(ENGLISH) == []
    page.press("Escape", "u", "u")
    assert page.run(ENGLISH) == []
    assert page.run("gallery.by('found').textContent") == "2 / 共 2 行"


@browser_only
def test_the_language_is_that_of_the_address_the_last_choice_or_the_browser(chinese):
    page = chinese
    page.run("localStorage.clear()")
    page.open(f"{page.address}?lang=fr")
    assert page.run("document.documentElement.lang") == "en"
    page.set("#search", "新品")
    page.wait("location.hash.includes('search')")
    page.set("#lang", "zh")
    page.wait("document.documentElement.lang === 'zh-CN' && document.documentElement.dataset.ready === 'yes'")
    assert page.run("gallery.by('search').value") == "新品"
    page.open(page.address)
    assert page.run("gallery.t('{n} {n|layout|layouts}', { n: 1000 })") == "1,000 个版式"
    page.open(f"{page.address}?lang=en")
    assert page.run("['{n} {n|layout|layouts}'].flatMap((text) => [1, 2].map((n) => gallery.t(text, { n })))") == [
        "1 layout", "2 layouts"]  # fmt: skip
    page.run("localStorage.clear()")
