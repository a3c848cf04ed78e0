import io
import xml.etree.ElementTree as ET
from dataclasses import replace

import pytest
from PIL import Image

from layoutgen.imaging.documents import provenance
from layoutgen.models.composers import rules
from tests.imaging.documents import pages

IPTC = "{http://iptc.org/std/Iptc4xmpExt/2008-02-29/}"
OWN = "{urn:layoutgen:provenance:1.0:}"


def described(page):
    root = ET.fromstring(provenance.rdf(page))
    return {node.tag: "".join(node.itertext()) for node in root.iter()}


@pytest.mark.parametrize(
    ("composer", "term"),
    [(rules.VERSION, "composite"), ("cover-2", "composite"), (None, "composite"), ("radm@3", "compositeSynthetic")],
)
def test_the_digital_source_type_says_whether_a_model_arranged_the_layout(composer, term):
    page = replace(pages.page(), provenance=replace(pages.PROVENANCE, composer=composer))
    known = described(page)
    assert known[f"{IPTC}DigitalSourceType"] == f"http://cv.iptc.org/newscodes/digitalsourcetype/{term}"
    says_ai = "made by AI" in known["{http://purl.org/dc/elements/1.1/}description"]
    assert says_ai == (term == "compositeSynthetic")


def test_what_is_known_is_written_and_what_is_not_is_left_out():
    known = described(pages.page())
    assert known[f"{OWN}rowId"] == pages.PROVENANCE.row_id
    assert known[f"{OWN}runId"] == pages.PROVENANCE.run_id
    assert known["{http://ns.adobe.com/xap/1.0/}CreateDate"] == "2026-01-02T03:04:05Z"
    assert f"{OWN}adapter" not in known
    adapted = replace(pages.page(), provenance=replace(pages.PROVENANCE, adapter="a&b@2 <sha>", created_at=None))
    known = described(adapted)
    assert known[f"{OWN}adapter"] == "a&b@2 <sha>"
    assert "{http://ns.adobe.com/xap/1.0/}CreateDate" not in known


def test_the_licences_of_the_fonts_that_are_used_are_named():
    licences = provenance.font_licences(pages.page(copy=pages.COPIES["Kana"], font="NotoSansJP-Bold"))
    assert len(licences) == 1
    assert licences[0].startswith("NotoSansJP-Bold: This Font Software is licensed under the SIL Open Font License")
    assert "OFL" in licences[0]
    assert provenance.font_licences(replace(pages.page(), elements=())) == []


@pytest.mark.parametrize("kind", ["PNG", "WEBP", "JPEG"])
def test_a_packet_is_read_back_from_a_picture(kind):
    buffer = io.BytesIO()
    packet = provenance.packet(pages.page())
    if kind == "PNG":
        from PIL.PngImagePlugin import PngInfo

        info = PngInfo()
        info.add_itxt("XML:com.adobe.xmp", packet.decode())
        Image.new("RGB", (8, 8)).save(buffer, kind, pnginfo=info)
    else:
        Image.new("RGB", (8, 8)).save(buffer, kind, xmp=packet)
    with Image.open(buffer) as image:
        found = str(image.info.get("xmp") or image.info.get("XML:com.adobe.xmp"))
    assert "digitalsourcetype/composite" in found
    assert pages.PROVENANCE.row_id in found
