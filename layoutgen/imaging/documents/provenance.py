"""What a file says of its origin: row, run, composer, the fonts' licences, and whether the layout was made by AI.

Pictures, PSD and SVG carry it as XMP; documents that know no XMP as properties. The digital source type is of IPTC's
vocabulary (http://cv.iptc.org/newscodes/digitalsourcetype): whatever sets a layout, the picture is a composite of a
photo, copy and shapes. Where a trained model arranged them it is `compositeSynthetic`, a composite of which generative
AI made a part. Where rules did, it is `composite`, which leaves open whether the photo that the shop gave is synthetic.
`algorithmicMedia` would deny the photo. Where a trained model painted the ground, AI did change the picture:
`compositeWithTrainedAlgorithmicMedia`.
"""

from datetime import UTC
from xml.sax.saxutils import escape

from layoutgen.imaging.documents.font_records import FontRecord, record
from layoutgen.imaging.documents.page import Page
from layoutgen.imaging.documents.xml_text import legal

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
_WITHOUT_A_MODEL = ("rules-", "cover-")
"""How the names of composers begin that are programs, not trained models."""
_OWN = "urn:layoutgen:provenance:1.0:"
_NAMESPACES = {
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "layoutgen": _OWN,
}
_TOOL = "layoutgen"


def by_model(composer: str | None) -> bool:
    """Tell whether a trained model arranged the layout; what nobody named is not taken for one."""
    return composer is not None and not composer.startswith(_WITHOUT_A_MODEL)


def source_type(composer: str | None, painter: str | None = None) -> str:
    """The URI of IPTC's digital source type."""
    if painter is not None:
        return SOURCE_TYPES + "compositeWithTrainedAlgorithmicMedia"
    return SOURCE_TYPES + ("compositeSynthetic" if by_model(composer) else "composite")


def statement(composer: str | None, painter: str | None = None) -> str:
    """The disclosure, for people to read."""
    maker = f"made by AI ({composer})" if by_model(composer) else f"made by a program ({composer or 'unknown'})"
    if painter is not None:
        return f"Layout {maker}; ground painted by AI ({painter}); product, logo and copy as the shop gave them."
    return f"Layout {maker}; photo, logo and copy as the shop gave them."


def fields(page: Page) -> dict[str, str]:
    """What is known of a page's origin, by name; what is not known is left out."""
    origin = page.provenance
    values = {
        "rowId": origin.row_id,
        "runId": origin.run_id,
        "composer": origin.composer,
        "adapter": origin.adapter,
        "painter": origin.painter,
        "digitalSourceType": source_type(origin.composer, origin.painter),
        "createdAt": origin.created_at and origin.created_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return {name: legal(value) for name, value in values.items() if value}


def font_licences(page: Page) -> list[str]:
    """A line for each font that the page's texts are set in: its name, licence and the licence's address."""
    return sorted({_licence(font) for font in fonts_of(page)})


def fonts_of(page: Page) -> list[FontRecord]:
    """The fonts that the page's texts are set in, by name. Raises ValueError for a font that is not here."""
    names = {run.font for layer in page.layers for run in layer.runs}
    return [record(page.face(name)) for name in sorted(names)]


def _licence(font: FontRecord) -> str:
    licence = " ".join(filter(None, (font.licence, font.licence_url))) or "the font's file names no licence"
    return f"{font.postscript}: {licence}"


def rdf(page: Page) -> str:
    """The page's origin as an `x:xmpmeta` element."""
    known = fields(page)
    own = {name: value for name, value in known.items() if name not in ("digitalSourceType", "createdAt")}
    lines = [
        f"<dc:identifier>{escape(known['rowId'])}</dc:identifier>",
        _alternative("dc:description", legal(statement(page.provenance.composer, page.provenance.painter))),
        f"<xmp:CreatorTool>{_TOOL}</xmp:CreatorTool>",
        *([f"<xmp:CreateDate>{known['createdAt']}</xmp:CreateDate>"] if "createdAt" in known else ()),
        f"<Iptc4xmpExt:DigitalSourceType>{known['digitalSourceType']}</Iptc4xmpExt:DigitalSourceType>",
        *(f"<layoutgen:{name}>{escape(value)}</layoutgen:{name}>" for name, value in own.items()),
        "<layoutgen:fontLicences><rdf:Bag>",
        *(f"<rdf:li>{escape(line)}</rdf:li>" for line in font_licences(page)),
        "</rdf:Bag></layoutgen:fontLicences>",
    ]
    spaces = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in _NAMESPACES.items() if prefix != "rdf")
    return (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{_NAMESPACES["rdf"]}">'
        f'<rdf:Description rdf:about="" {spaces}>' + "".join(lines) + "</rdf:Description></rdf:RDF></x:xmpmeta>"
    )


def packet(page: Page) -> bytes:
    """The page's origin as an XMP packet, for formats that embed one."""
    return f'<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>{rdf(page)}<?xpacket end="r"?>'.encode()


def _alternative(name: str, text: str) -> str:
    return f'<{name}><rdf:Alt><rdf:li xml:lang="x-default">{escape(text)}</rdf:li></rdf:Alt></{name}>'
