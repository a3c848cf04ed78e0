import io
import re
import shutil
import subprocess
import time
import zipfile
from dataclasses import replace
from datetime import datetime

import numpy as np
import pytest
from lxml import etree
from PIL import Image
from pptx import Presentation
from pptx.util import Pt
from skimage.metrics import structural_similarity

from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas, Role, Run
from layoutgen.core.shapes.underlays import SHAPES
from layoutgen.imaging.documents import needed, pptx
from layoutgen.imaging.documents.rasters import PictureFault
from tests.imaging.documents import pages
from tests.imaging.documents.test_svg import HOSTILE
from tests.limits import PATIENCE_S

PX = 9525


def opened(page):
    deck = Presentation(io.BytesIO(pptx.write(page)))
    (slide,) = deck.slides
    return deck, {shape.name: shape for shape in slide.shapes}


def test_a_slide_has_the_canvass_size_and_names_for_all_that_is_on_it():
    deck, shapes = opened(pages.page())
    assert (deck.slide_width, deck.slide_height) == (1080 * PX, 1080 * PX)
    assert [*shapes] == ["Photo", "Underlay 1", "Underlay 2", "Title", "Selling point", "Price", "Logo"]
    title = shapes["Title"]
    assert title.left == 2 * 54 * PX
    frame = title.text_frame
    assert frame.text == pages.LATIN[0]
    assert frame.word_wrap is False
    assert (frame.margin_left, frame.margin_top, frame.margin_right, frame.margin_bottom) == (0, 0, 0, 0)
    (run,) = frame.paragraphs[0].runs
    assert (run.font.name, run.font.bold) == ("Noto Sans SC", True)
    assert run.font.size == Pt(64 * 0.75)
    assert str(run.font.color.rgb) == "FFFFFF"
    assert frame.paragraphs[0].line_spacing == Pt(82 * 0.75)


def test_the_photo_is_cropped_and_whole():
    page = pages.page(Canvas(1920, 1080))
    _, shapes = opened(page)
    photo = shapes["Photo"]
    assert (photo.left, photo.width, photo.height) == (864 * PX, 1056 * PX, 1080 * PX)
    assert (photo.crop_left, photo.crop_top, photo.crop_right) == (0, pytest.approx(0.1, abs=1e-5), 0)
    assert photo.crop_bottom == pytest.approx(0.1, abs=1e-5)
    inside = Image.open(io.BytesIO(photo.image.blob))
    assert inside.size == page.photo.shape[1::-1]
    small = pages.page(Canvas(200, 200))
    inside = Image.open(io.BytesIO(opened(small)[1]["Photo"].image.blob))
    assert min(inside.size) == 400  # twice as fine as it is shown


def test_shapes_have_the_radius_colour_and_transparency():
    _, shapes = opened(pages.page())
    block, pill = shapes["Underlay 1"], shapes["Underlay 2"]
    assert block.adjustments[0] == pytest.approx(24 / (block.height / PX), abs=1e-4)
    assert pill.adjustments[0] == pytest.approx(0.5, abs=0.01)
    assert str(block.fill.fore_color.rgb) == "17324D"
    (alpha,) = block._element.iter("{*}alpha")
    assert alpha.get("val") == "82000"
    page = pages.page()
    square = replace(page.elements[0], radius_px=0)
    _, shapes = opened(replace(page, elements=(square,), logo=None))
    assert shapes["Underlay"].auto_shape_type.name == "RECTANGLE"


def test_lines_are_line_breaks_and_alignment_and_outline_are_kept():
    page = pages.page()
    title = replace(page.elements[2], lines=("One", "", "two"), text="One two", alignment="right")
    _, shapes = opened(replace(page, elements=(title,)))
    frame = shapes["Selling point"].text_frame
    assert frame.text == "One\v\vtwo"
    assert frame.paragraphs[0].alignment.name == "RIGHT"
    (outline, *_) = shapes["Selling point"]._element.iter("{*}ln")
    assert outline.get("w") == str(2 * PX)
    (shadow, *_) = shapes["Selling point"]._element.iter("{*}outerShdw")
    assert shadow.get("dir") == "5400000"


def test_text_from_right_to_left_stands_in_reading_order():
    number = Run(0, "30%", "NotoSansSC-Bold", "", 700, "Zyyy", "he", "ltr", (), 0.0, 40.0, 50.0)
    word = Run(0, "שלום ", "NotoSansKR-Bold", "", 700, "Hebr", "he", "rtl", (), 50.0, 40.0, 90.0)
    title = replace(
        pages.page().elements[1], lines=("שלום 30%",), direction="rtl", alignment="right", runs=(number, word)
    )
    _, shapes = opened(replace(pages.page(), elements=(title,)))
    paragraph = shapes["Title"].text_frame.paragraphs[0]
    assert [run.text for run in paragraph.runs] == ["שלום ", "30%"]
    assert [run.font.name for run in paragraph.runs] == ["Noto Sans KR", "Noto Sans SC"]
    assert paragraph._p.pPr.get("rtl") == "1"
    assert paragraph.runs[0]._r.rPr.get("lang") == "he"
    assert {face.get("typeface") for face in paragraph.runs[0]._r.rPr.iter("{*}cs")} == {"Noto Sans KR"}


@pytest.mark.parametrize("script", ["Arabic", "Hebrew", "Thai", "Devanagari", "Khmer"])
def test_scripts_are_live_in_reading_order_and_in_their_fonts(script):
    _, shapes = opened(pages.written_in(script, alignment="right"))
    assert [shapes[name].text_frame.text for name in ("Title", "Selling point", "Price")] == [*pages.COPIES[script]]
    paragraph = shapes["Title"].text_frame.paragraphs[0]
    assert paragraph.runs[0].font.name == f"Noto Sans {script}"
    assert paragraph._p.pPr.get("rtl") == str(int(script in ("Arabic", "Hebrew")))
    assert paragraph.runs[0]._r.rPr.get("lang") == pages.LANGUAGES[script]


@pytest.mark.parametrize("copy", HOSTILE)
def test_copy_stays_copy(copy):
    page = pages.page()
    title = replace(page.elements[1], text=copy, lines=(copy,))
    _, shapes = opened(replace(page, elements=(title,), provenance=replace(page.provenance, row_id=copy)))
    kept = copy.translate(dict.fromkeys((0, 11, 0xFFFE, 0xD800)))
    assert shapes["Title"].text_frame.text == kept


@pytest.mark.parametrize(("width", "height"), [(8192, 1000), (64, 64), (1080, 60), (8192, 200)])
def test_a_slide_of_any_size_is_one_that_powerpoint_opens(width, height):
    deck, shapes = opened(pages.page(Canvas(width, height)))
    sides = (deck.slide_width, deck.slide_height)
    assert all(914_400 - 1 <= side <= 51_206_400 for side in sides)
    assert sides[0] / sides[1] == pytest.approx(width / height, rel=1e-3)
    underlay = shapes["Underlay 1"]
    assert underlay.left / deck.slide_width == pytest.approx(round(0.05 * min(width, height)) / width, rel=1e-3)


def test_a_canvas_that_no_slide_has_is_refused():
    with pytest.raises(PictureFault, match="8192x64"):
        pptx.write(pages.page(Canvas(8192, 64)))


def test_pages_without_text_or_with_elements_outside_are_written():
    page = pages.page()
    _, shapes = opened(replace(page, elements=(), logo=None))
    assert [*shapes] == ["Photo"]
    far = replace(page.elements[1], box=(-1.0, -1.0, -0.5, -0.5))
    _, shapes = opened(replace(page, elements=(far,)))
    assert shapes["Title"].left < 0


def test_the_origin_stands_in_the_properties():
    data = pptx.write(pages.page())
    properties = Presentation(io.BytesIO(data)).core_properties
    assert properties.identifier == pages.PROVENANCE.row_id
    assert properties.created == datetime(2026, 1, 2, 3, 4, 5)
    assert properties.category.endswith("/digitalsourcetype/composite")
    custom = zipfile.ZipFile(io.BytesIO(data)).read("docProps/custom.xml").decode()
    assert pages.PROVENANCE.run_id in custom
    assert "SIL Open Font License" in custom


def test_the_same_page_gives_the_same_bytes(monkeypatch):
    first = pptx.write(pages.page())
    monkeypatch.setattr(time, "time", lambda: 2e9)
    assert pptx.write(pages.page()) == first


def test_a_missing_package_is_named(monkeypatch):
    monkeypatch.setattr(needed, "find_spec", lambda name: None)
    with pytest.raises(Refusal, match=r"python-pptx.*layoutgen\[files\]"):
        pptx.write(pages.page())


def in_libreoffice(page, folder):
    """What LibreOffice shows of a page of 1080 x 1080 px, (h, w, 3)."""
    (folder / "page.pptx").write_bytes(pptx.write(page))
    subprocess.run(
        ["soffice", f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless", "--convert-to", "png",
         "--outdir", str(folder), str(folder / "page.pptx")],
        check=True, timeout=PATIENCE_S, capture_output=True,
    )  # fmt: skip
    with Image.open(folder / "page.png") as image:
        return np.asarray(image.convert("RGB").resize((1080, 1080), Image.Resampling.BOX))


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice here")
def test_libreoffice_shows_the_photo_and_the_shapes_where_the_picture_has_them(tmp_path):
    page = pages.page()
    page = replace(page, elements=tuple(element for element in page.elements if element.role is not Role.LOGO))
    shown = in_libreoffice(page, tmp_path).astype(int)
    bare = replace(page, elements=tuple(element for element in page.elements if not element.lines)).picture.astype(int)
    assert np.median(np.abs(shown - bare)) <= 3
    through = np.abs(shown - bare)[200:260, 100:600]  # the transparent underlay
    assert np.percentile(through, 95) <= 4


@pytest.mark.parametrize("ground", ["slanted-0", "overlap-3", "cut_out", "outpaint", "collage"])
def test_grounds_and_shapes_are_native_and_texts_live(ground):
    page = pages.dressed(ground)
    slide = Presentation(io.BytesIO(pptx.write(page))).slides[0]
    xml = {shape.name: etree.tostring(shape._element).decode() for shape in slide.shapes}
    background = etree.tostring(slide.background._cSld).decode()
    assert ("gradFill" in background.split("spTree")[0]) == bool(page.framing.backdrop_to)
    assert ("custGeom" in xml["Photo"]) == (ground not in ("cut_out", "outpaint"))
    assert ("outerShdw" in xml["Photo"]) == (ground == "overlap-3")
    assert sum(name.startswith("Photo ") for name in xml) == len(page.framing.tiles)
    assert sum(name.startswith("Ornament") for name in xml) == len(page.framing.ornaments)
    assert sum(name.startswith("Scrim") for name in xml) == len(page.framing.scrims)
    shaped = [xml[f"Underlay {i + 1}"] for i in range(len(SHAPES))]
    assert ["roundRect" in part for part in shaped] == [shape == "rounded" for shape in SHAPES]
    assert all("custGeom" in part for part in shaped[1:])
    assert "gradFill" in shaped[1] and "<a:ln w=" in shaped[2]
    prices = [part for name, part in xml.items() if name.startswith("Price")]
    assert sum('strike="sngStrike"' in part for part in prices) == 2
    sizes = [[int(size) for size in re.findall('<a:r><a:rPr[^>]* sz="([0-9]+)"', part)] for part in prices]
    assert all(abs(2 * first - rest) <= 1 for first, rest in sizes)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("soffice") is None, reason="no LibreOffice here")
@pytest.mark.parametrize("ground", ["cut_out", "outpaint", "arched-1", "overlap-3", "collage"])
def test_libreoffice_shows_grounds_and_shapes_as_the_picture_does(ground, tmp_path):
    page = pages.dressed(ground)  # its fonts are not here
    page = replace(page, elements=tuple(element for element in page.elements if not element.lines))
    assert structural_similarity(in_libreoffice(page, tmp_path), page.picture, channel_axis=2) >= 0.98
