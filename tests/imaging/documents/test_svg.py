import base64
import io
import re
import xml.etree.ElementTree as ET
from dataclasses import replace

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from skimage.metrics import structural_similarity

from layoutgen.core.layout import Canvas, Element, Role, Run
from layoutgen.core.shapes.pictures import EDGES
from layoutgen.imaging import fonts
from layoutgen.imaging.documents import font_records, svg
from tests.browser import Browser, find
from tests.imaging.documents import pages

SVG = "{http://www.w3.org/2000/svg}"
HREF = "{http://www.w3.org/1999/xlink}href"


def parsed(data):
    return ET.fromstring(data)


def by_id(root):
    return {node.get("id"): node for node in root.iter() if node.get("id")}


def words(root):
    return ["".join(node.itertext()) for node in root.iter(f"{SVG}text")]


def test_elements_are_live_and_have_names_in_the_order_in_which_they_are_drawn():
    root = parsed(svg.write(pages.page()))
    names = [node.get("id") for node in root if node.get("id")]
    assert names == ["backdrop", "photo", "underlay-1", "underlay-2", "title", "selling_point", "price", "logo"]
    assert words(root) == list(pages.LATIN)
    nodes = by_id(root)
    assert nodes["title"].get("data-role") == "title"
    assert nodes["title"].get("data-element") == "1"
    assert nodes["underlay-2"].get("data-element") == "3"
    assert nodes["underlay-1"].get("rx") == "24"
    assert float(nodes["underlay-1"].get("fill-opacity")) == 0.82
    assert (root.get("width"), root.get("height"), root.get("viewBox")) == ("1080", "1080", "0 0 1080 1080")


def test_the_photo_is_embedded_at_output_size_or_linked_and_cropped():
    page = pages.page(Canvas(1920, 1080))
    image = by_id(parsed(svg.write(page)))["photo"]
    data = base64.b64decode(image.get(HREF).partition(",")[2])
    assert Image.open(io.BytesIO(data)).size == (1056, 1080)
    assert (image.get("x"), image.get("width")) == ("864", "1056")
    linked = parsed(svg.write(page, photo="photos/a & b.jpg"))
    frame = by_id(linked)["photo"]
    image = frame.find(f"{SVG}image")
    assert image.get(HREF) == "photos/a & b.jpg"
    assert frame.get("clip-path") == "url(#photo-frame)"
    # The crop, from 0.1 to 0.9 of the photo's height, fills 1080 px.
    assert float(image.get("height")) == pytest.approx(1080 / 0.8)
    assert float(image.get("y")) == pytest.approx(-135)


def fonts_in(root):
    rules = "".join(node.text for node in root.iter(f"{SVG}style"))
    return [TTFont(io.BytesIO(base64.b64decode(data))) for data in re.findall(r"base64,([^)]+)\)", rules)]


def test_fonts_are_embedded_in_their_weight_with_the_letters_that_are_used():
    root = parsed(svg.write(pages.page(copy=pages.CHINESE)))
    (font,) = fonts_in(root)
    assert set(map(chr, font.getBestCmap())) == set("".join(pages.CHINESE))
    assert "fvar" not in font
    assert len(svg.write(pages.page(copy=pages.CHINESE), embed_fonts=False)) < len(svg.write(pages.page()))
    assert not fonts_in(parsed(svg.write(pages.page(), embed_fonts=False)))
    title = by_id(root)["title"].find(f"{SVG}tspan")
    assert title.get("font-family").startswith("'Noto Sans SC'")
    assert title.get("font-weight") == "700"


def test_a_font_whose_licence_forbids_it_is_named_and_not_embedded(tmp_path):
    path = tmp_path / 'Own "Face".ttf'
    with TTFont(fonts.face(str(fonts.EMBEDDED[4]), 700).path) as font:
        font["OS/2"].fsType = 0x0002
        font["name"].setName("O'wn </style>", 16, 3, 1, 0x409)
        font.save(path)
    face = fonts.face(str(path), 700)
    page = replace(pages.page(font=face.name), font_files=(str(path),))
    root = parsed(svg.write(page))
    assert not font_records.record(face).embeddable
    assert not fonts_in(root)
    assert words(root) == list(pages.LATIN)


HOSTILE = (
    "</text><script>alert(1)</script>",
    "]]> <!-- & \" ' <![CDATA[",
    "a\x00b\x0bc\ufffed\ud800e",
    "{}*{fill:red}</style>",
)


@pytest.mark.parametrize("copy", HOSTILE)
def test_copy_stays_copy(copy):
    page = pages.page()
    title = replace(page.elements[1], text=copy, lines=(copy,), runs=())
    page = replace(page, elements=(title,), language=copy, provenance=replace(page.provenance, row_id=copy))
    root = parsed(svg.write(page))
    assert not list(root.iter(f"{SVG}script"))
    kept = re.sub("[\x00\x0b\ufffe\ud800]", "", copy)
    assert words(root) == [kept]
    assert kept in "".join(root.find(f"{SVG}metadata").itertext())


@settings(max_examples=40, deadline=None)
@given(st.text(max_size=30))
def test_any_text_gives_xml_that_says_the_same(copy):
    page = pages.page(Canvas(300, 200))
    title = replace(page.elements[1], text=copy, lines=(copy,), runs=_runs(copy))
    root = parsed(svg.write(replace(page, elements=(title,), logo=None), embed_fonts=False))
    legal = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", copy)
    assert "".join(words(root)) == legal.replace("\r\n", "\n").replace("\r", "\n")


def _runs(text):
    return (Run(0, text, "NotoSansSC-Bold", "NotoSansSC[wght].ttf", 700, "Latn", "", "ltr", (), 0.0, 20.0, 50.0),)


def test_runs_stand_at_their_own_place_and_are_told_their_direction():
    common = {"font": "NotoSansSC-Bold", "file": "", "weight": 700, "features": (), "baseline_px": 40.0}
    runs = (
        Run(0, "30%", script="Zyyy", language="ar", direction="ltr", x_px=10.0, width_px=50.0, **common),
        Run(0, "שלום", script="Hebr", language="he", direction="rtl", x_px=60.0, width_px=90.0, **common),
        Run(1, "שלום", script="Hebr", language="he", direction="rtl", x_px=110.0, width_px=90.0, **common),
    )
    element = replace(pages.page().elements[1], lines=("שלום 30%", "שלום"), runs=runs, direction="rtl")
    element = replace(element, alignment="right", box=(0.5, 0.5, 0.75, 0.75))
    root = parsed(svg.write(replace(pages.page(), elements=(element,)), embed_fonts=False))
    number, mixed, alone = root.iter(f"{SVG}tspan")
    assert (number.get("direction"), number.get("text-anchor"), number.get("x")) == ("ltr", None, "550")
    assert (mixed.get("direction"), mixed.get("text-anchor"), mixed.get("x")) == ("rtl", "middle", "645")
    assert (alone.get("direction"), alone.get("text-anchor"), alone.get("x")) == ("rtl", None, "740")
    assert {span.get("unicode-bidi") for span in (number, mixed, alone)} == {"bidi-override"}
    assert mixed.get("{http://www.w3.org/XML/1998/namespace}lang") == "he"


def test_letters_that_shapers_take_apart_are_in_the_subset():
    font = next(font for font in fonts_in(parsed(svg.write(pages.written_in("Thai")))) if 0xE33 in font.getBestCmap())
    assert {0xE4D, 0xE32} <= set(font.getBestCmap())


def test_mixed_text_keeps_the_order_of_the_picture():
    page = pages.written_in("Arabic", alignment="right")
    root = parsed(svg.write(page))
    spans = by_id(root)["selling_point"].findall(f"{SVG}tspan")
    assert [span.get("direction") for span in spans] == [run.direction for run in page.elements[2].runs]
    assert "ltr" in {span.get("direction") for span in spans}
    assert sorted("".join(span.text for span in spans)) == sorted(page.elements[2].text)


def test_odd_pages_are_written():
    page = pages.page(Canvas(8192, 64))
    assert by_id(parsed(svg.write(page)))["title"] is not None
    assert words(parsed(svg.write(replace(page, elements=())))) == []
    title = page.elements[1]
    empty = replace(title, lines=("", ""), text="")
    hole = replace(title, lines=("A", "", "B"))
    far = replace(title, box=(1.5, -1.0, 2.5, -0.5))
    flat = Element(Role.UNDERLAY, (0.9, 0.9, 0.9, 0.9), colour="#ffffff")
    root = parsed(svg.write(replace(page, elements=(empty, hole, far, flat), logo=None)))
    assert words(root) == ["AB", pages.LATIN[0]]
    assert by_id(root)["underlay"].get("width") == "1"


def test_the_same_page_gives_the_same_bytes():
    assert svg.write(pages.page()) == svg.write(pages.page())


def seen(browser, page, folder, **how):
    """What the browser shows of a page's SVG, (h, w, 3)."""
    path = folder / "page.svg"
    path.write_bytes(svg.write(page, **how))
    browser.resize(page.canvas.width, page.canvas.height)
    browser.send("Page.navigate", url=path.as_uri())
    browser.wait(f"location.href === '{path.as_uri()}' && document.readyState === 'complete'", 90)
    browser.run("document.fonts.ready.then(() => document.fonts.size)")
    browser.screenshot(folder / "page.png")
    return np.asarray(Image.open(folder / "page.png").convert("RGB"))


@pytest.mark.slow
@pytest.mark.skipif(find() is None, reason="no Chromium here")
def test_a_browser_shows_what_the_picture_shows(tmp_path):
    worst = {}
    for canvas in pages.SIZES:
        folder = tmp_path / canvas.name
        folder.mkdir()
        with Browser(folder) as browser:  # one that shows all the pages sometimes stops at a screenshot
            for script in pages.COPIES:
                alignment = "right" if script in ("Arabic", "Hebrew") else ("left", "center", "right")[len(worst) % 3]
                page = pages.written_in(script, canvas, alignment=alignment)
                shot = seen(browser, page, folder)
                assert shot.shape == page.picture.shape
                worst[script, canvas.name] = structural_similarity(shot, page.picture, channel_axis=2)
            assert not browser.errors
    assert len(worst) >= 40
    assert min(worst.values()) >= 0.98, sorted(worst.items(), key=lambda item: item[1])[:8]


@pytest.mark.slow
@pytest.mark.skipif(find() is None, reason="no Chromium here")
def test_a_browser_crops_a_linked_photo_as_the_picture_does(tmp_path):
    page = pages.page(Canvas(960, 540))
    Image.fromarray(page.photo).save(tmp_path / "photo.png")
    with Browser(tmp_path) as browser:
        shot = seen(browser, page, tmp_path, photo="photo.png")
    assert structural_similarity(shot, page.picture, channel_axis=2) > 0.95


def test_a_photo_that_is_carried_on_is_embedded_as_it_is_shown_even_where_its_original_is_linked():
    page = pages.dressed("outpaint", Canvas(540, 540))
    image = by_id(parsed(svg.write(page, photo="photo.jpg")))["photo"]
    seen_photo = np.asarray(Image.open(io.BytesIO(base64.b64decode(image.get(HREF).partition(",")[2]))))
    assert (image.get("x"), image.get("width"), seen_photo.shape) == ("0", "540", (540, 540, 3))
    bare = replace(page, framing=replace(page.framing, scrims=()))
    assert np.abs(seen_photo.astype(int) - bare.ground).mean() < 3


@pytest.mark.slow
@pytest.mark.skipif(find() is None, reason="no Chromium here")
def test_a_browser_shows_every_ground_and_every_shape_as_the_picture_does(tmp_path):
    similar = {}
    with Browser(tmp_path) as browser:
        for i, name in enumerate(
            [*(f"{edge}-{i % 4}" for i, edge in enumerate(EDGES)), "cut_out", "outpaint", "collage"]
        ):
            page = pages.dressed(name, pages.SIZES[i % 5], ("ltr", "rtl")[i % 2])
            similar[name] = structural_similarity(seen(browser, page, tmp_path), page.picture, channel_axis=2)
    assert min(similar.values()) >= 0.98, similar
