import io
import re
import shutil
import subprocess
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from PIL import Image
from psd_tools import PSDImage
from psd_tools.api.layers import TypeLayer
from psd_tools.constants import Resource, TextType
from skimage.metrics import structural_similarity

from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas, Element, Role, Run
from layoutgen.imaging.documents import needed, psd
from tests.imaging.documents import pages
from tests.imaging.documents.test_svg import HOSTILE
from tests.limits import PATIENCE_S


def opened(page):
    document = PSDImage.open(io.BytesIO(psd.write(page)))
    return document, {layer.name: layer for layer in document}


def styles(layer):
    """What each style run of a type layer sets: the string and its style."""
    run, text, start, found = layer.engine_dict["StyleRun"], layer.engine_dict["Editor"]["Text"].value, 0, []
    units = text.encode("utf-16-le")
    for length, item in zip(run["RunLengthArray"], run["RunArray"], strict=True):
        end = start + 2 * int(length)
        found.append((units[start:end].decode("utf-16-le"), item["StyleSheet"]["StyleSheetData"]))
        start = end
    assert start == len(units)
    return found


def fonts(layer):
    return [font["Name"].value for font in layer.resource_dict["FontSet"]]


def test_layers_have_the_elements_names_and_places():
    page = pages.page()
    document, layers = opened(page)
    assert document.size == (1080, 1080)
    assert [*layers] == ["Backdrop", "Photo", "Underlay 1", "Underlay 2", "Title", "Selling point", "Price", "Logo"]
    assert [layer.kind for layer in layers.values()] == ["pixel"] * 4 + ["type"] * 3 + ["pixel"]
    assert layers["Underlay 1"].bbox == (54, 54, 670, 421)
    assert layers["Underlay 1"].opacity == round(0.82 * 255)
    left, top, width, height = page.logo_box(next(layer for layer in page.layers if layer.name == "Logo"))
    logo = layers["Logo"]
    assert (left <= logo.left, top <= logo.top, logo.right <= left + width, logo.bottom <= top + height) == (True,) * 4
    assert logo.width > 0.8 * width


def test_the_merged_picture_is_the_picture_and_so_are_the_layers_over_each_other():
    page = pages.page(Canvas(1200, 628), pages.CHINESE)
    document, _ = opened(page)
    assert (np.asarray(document.topil().convert("RGB")) == page.picture).all()
    plain = replace(page, elements=tuple(replace(element, stroke_px=0, shadow=0.0) for element in page.elements))
    document, _ = opened(plain)
    layered = np.asarray(document.composite(force=True).convert("RGB")).astype(int)
    assert np.abs(layered - plain.picture).max() <= 3


@pytest.mark.parametrize("ground", ["slanted-0", "arched-1", "overlap-2", "cut_out", "outpaint", "collage"])
def test_grounds_and_shapes_are_layers_that_give_the_picture_over_each_other(ground):
    page = pages.dressed(ground, Canvas(320, 320))
    document, _ = opened(page)
    layered = np.asarray(document.composite(force=True).convert("RGB")).astype(int)
    assert np.abs(layered - page.picture).max() <= 4
    names = [layer.name for layer in document]
    assert names[0] == "Backdrop" and "Photo" in names and ("Photo shadow" in names) == (ground == "overlap-2")
    assert sum(name.startswith("Photo ") and name[-1].isdigit() for name in names) == len(page.framing.tiles)
    assert sum(name.startswith("Scrim") for name in names) == len(page.framing.scrims)
    assert sum(name.startswith("Ornament") for name in names) == len(page.framing.ornaments)
    prices = [layer for layer in document if layer.kind == "type"]
    sizes = [[float(style["FontSize"].value) for _, style in styles(layer)] for layer in prices]
    assert all(first == pytest.approx(rest / 2) for first, rest in sizes)
    assert [any(style["Strikethrough"].value for _, style in styles(layer)) for layer in prices].count(True) == 2


def test_texts_are_live():
    _, layers = opened(pages.page(alignment="center"))
    title = layers["Title"]
    assert isinstance(title, TypeLayer)
    assert title.text == pages.LATIN[0]
    assert title.text_type == TextType.POINT
    ((text, style),) = styles(title)
    assert text == pages.LATIN[0] + "\r"
    assert float(style["FontSize"]) == 64.0
    assert float(style["Leading"]) == 82.0
    assert fonts(title)[int(style["Font"])] == "NotoSansSC-Bold"
    assert [float(value) for value in style["FillColor"]["Values"]] == [1.0, 1.0, 1.0, 1.0]
    paragraph = title.engine_dict["ParagraphRun"]["RunArray"][0]["ParagraphSheet"]["Properties"]
    assert int(paragraph["Justification"]) == 2
    middle = (title.left + title.right) / 2
    assert title.transform[:4] == (1.0, 0.0, 0.0, 1.0)
    assert title.transform[4] == pytest.approx(middle, abs=3)
    assert title.top < title.transform[5] <= title.bottom + 1  # the baseline


def test_each_line_is_a_paragraph_and_each_run_has_its_style():
    title = replace(pages.page().elements[1], text="One two", lines=("One", "", "two"))
    _, layers = opened(replace(pages.page(), elements=(title,)))
    assert layers["Title"].text == "One\r\rtwo"
    assert [text for text, _ in styles(layers["Title"])] == ["One\r", "\r", "two\r"]
    assert [int(n) for n in layers["Title"].engine_dict["ParagraphRun"]["RunLengthArray"]] == [4, 1, 4]
    number = Run(0, "30%", "NotoSansSC-Bold", "", 700, "Zyyy", "he", "ltr", (), 0.0, 40.0, 50.0)
    word = Run(0, "שלום ", "NotoSansKR-Bold", "", 700, "Hebr", "he", "rtl", (), 50.0, 40.0, 90.0)
    title = replace(title, lines=("שלום 30%",), direction="rtl", alignment="right", runs=(number, word))
    _, layers = opened(replace(pages.page(), elements=(title,)))
    (first, one), (second, two) = styles(layers["Title"])
    assert (first, second) == ("שלום ", "30%\r")
    names = fonts(layers["Title"])
    assert (names[int(one["Font"])], names[int(two["Font"])]) == ("NotoSansKR-Bold", "NotoSansSC-Bold")
    assert (int(one["CharacterDirection"]), int(two["CharacterDirection"])) == (2, 1)


@pytest.mark.parametrize("script", ["Arabic", "Hebrew", "Thai", "Devanagari", "Khmer"])
def test_scripts_are_live_in_reading_order_and_in_their_fonts(script):
    page = pages.written_in(script, alignment="right")
    _, layers = opened(page)
    assert [layers[name].text for name in ("Title", "Selling point", "Price")] == [*pages.COPIES[script]]
    (_, style), *_ = styles(layers["Title"])
    assert fonts(layers["Title"])[int(style["Font"])] == pages.FONTS[script]
    is_rtl = script in ("Arabic", "Hebrew")
    assert int(style["CharacterDirection"]) == (2 if is_rtl else 1)


@settings(max_examples=20, deadline=None)
@given(st.text(min_size=1, max_size=20))
@example("尩乜\\(a)\\\\)((")  # U+5C29 and U+4E5C: bytes that look like escapes
@example("👩‍👩‍👧 50%")
def test_any_text_is_read_back_as_it_is(copy):
    run = Run(0, copy, "NotoSansSC-Bold", "", 700, "Zyyy", "", "ltr", (), 0.0, 20.0, 50.0)
    title = replace(pages.page().elements[1], text=copy, lines=(copy,), runs=(run,), font_px=12)
    page = replace(pages.page(Canvas(300, 200)), elements=(title,), logo=None)
    legal = re.sub("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]", "", copy)
    legal = legal.replace("\r", " ").replace("\n", " ")
    title = opened(page)[1]["Title"]
    assert title.text == legal
    assert "".join(text for text, _ in styles(title)) == legal + "\r"


@pytest.mark.parametrize("copy", HOSTILE)
def test_copy_stays_copy(copy):
    page = pages.page()
    title = replace(page.elements[1], text=copy, lines=(copy,))
    page = replace(page, elements=(title,), provenance=replace(page.provenance, row_id=copy))
    _, layers = opened(page)
    assert layers["Title"].text == copy.translate(dict.fromkeys((0, 11, 0xFFFE, 0xD800)))


def test_stroke_and_shadow_are_effects():
    _, layers = opened(pages.page())
    effects = {effect.name: effect for effect in layers["Selling point"].effects}
    assert set(effects) == {"DropShadow", "Stroke"}
    assert effects["Stroke"].size == 2
    assert effects["DropShadow"].opacity == pytest.approx(80)
    assert effects["DropShadow"].distance == 1
    assert not list(layers["Title"].effects)


def test_odd_pages_are_written():
    page = pages.page(Canvas(8192, 64))
    far = replace(page.elements[1], box=(-0.2, -1.0, 0.3, -0.5))
    flat = Element(Role.UNDERLAY, (0.9, 0.9, 0.9, 0.9), colour="#ffffff")
    empty = replace(page.elements[1], lines=("", ""), text="")
    document, layers = opened(replace(page, elements=(far, flat, empty), logo=None))
    assert document.size == (8192, 64)
    assert layers["Title"].bottom < 0
    assert [*layers] == ["Backdrop", "Photo", "Underlay", "Title"]
    document, layers = opened(replace(page, elements=()))
    assert [*layers] == ["Backdrop", "Photo"]


def test_the_document_says_its_origin_profile_and_resolution():
    document, _ = opened(pages.page())
    packet = document.image_resources.get_data(Resource.XMP_METADATA)
    assert b"digitalsourcetype/composite" in packet
    assert pages.PROVENANCE.run_id.encode() in packet
    assert document.image_resources.get_data(Resource.RESOLUTION_INFO).horizontal == 72 << 16
    assert "sRGB".encode("utf-16-be") in document.image_resources.get_data(Resource.ICC_PROFILE)


def test_the_same_page_gives_the_same_bytes(monkeypatch):
    first = psd.write(pages.page())
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert psd.write(pages.page()) == first


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(needed, "find_spec", lambda name: None)
    with pytest.raises(Refusal, match=r"psd-tools.*layoutgen\[files\]"):
        psd.write(pages.page())


MAGICK = next(filter(shutil.which, ("magick", "convert-im6.q16", "convert-im6")), None)


@pytest.mark.skipif(MAGICK is None, reason="no ImageMagick here")
def test_imagemagick_sees_the_picture_and_the_layers(tmp_path):
    page = pages.page(Canvas(750, 1000), pages.CHINESE)
    page = replace(page, elements=tuple(replace(element, stroke_px=0, shadow=0.0) for element in page.elements))
    (tmp_path / "page.psd").write_bytes(psd.write(page))
    for name, what in (("merged", ["page.psd[0]"]), ("layers", ["page.psd[1--1]", "-background", "none", "-flatten"])):
        subprocess.run(
            [MAGICK, *what, f"{name}.png"], cwd=tmp_path, check=True, capture_output=True, timeout=PATIENCE_S
        )
    shown = {name: np.asarray(Image.open(tmp_path / f"{name}.png").convert("RGB")) for name in ("merged", "layers")}
    assert (shown["merged"] == page.picture).all()
    assert structural_similarity(shown["layers"], page.picture, channel_axis=2) > 0.995
