"""PPTX: a slide with the photo, cropped and not cut, shapes, logo and live text, each with its name.

A text is one paragraph of a box that wraps nothing; its lines are parted by line breaks, so that they stay as they were
set. The fonts are named and not embedded. PowerPoint orders text from right to left itself, so runs stand in reading
order.
"""

import io
import math
import zipfile
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from layoutgen.core.layout import Canvas, Role, Run, to_px
from layoutgen.core.shapes import gradients, ornaments, pictures, underlays
from layoutgen.imaging.documents import embedded, needed, provenance
from layoutgen.imaging.documents import pptx_shapes as shapes
from layoutgen.imaging.documents.font_records import record
from layoutgen.imaging.documents.page import Layer, Page, PixelBox
from layoutgen.imaging.documents.rasters import PictureFault
from layoutgen.imaging.documents.xml_text import content, legal

VERSION = "pptx-2"
_EMU = 9525  # in a px of 1/96 inch
_LEAST_SIDE, _MOST_SIDE = 914_400, 51_206_400  # EMU, of a slide that PowerPoint opens
_EMU_IN_POINT = 12_700
_MOST_FINE = 2.0  # px of the photo for each px of the slide
_NEVER = datetime(1980, 1, 1, tzinfo=UTC)
_BLANK = "Blank"
_UNUSED = ("printerSettings", "thumbnail")
_PROPERTIES = "http://schemas.openxmlformats.org/officeDocument/2006/custom-properties"
_TYPES = "http://schemas.openxmlformats.org/officeDocument/2006/docPropsVTypes"
_CUSTOM_TYPE = "application/vnd.openxmlformats-officedocument.custom-properties+xml"
_CUSTOM_RELATION = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/custom-properties"
_FORMAT_ID = "{D5CDD505-2E9C-101B-9397-08002B2CF9AE}"  # of all custom properties
_BELOW_BASELINE = 0.21  # em, in a line of exact height: measured in LibreOffice 7.4, whatever the font
_SHADOW_BLUR, _SHADOW_DROP = 0.09, 0.03  # of the font size, as the picture has it
_ALIGNMENTS = {"left": "l", "center": "ctr", "right": "r"}


def write(page: Page) -> bytes:
    """The page as a presentation of one slide. Raises PictureFault where no slide can have the canvas's shape, Refusal
    where python-pptx is not installed, and ValueError for a font that is not here."""
    needed.check("pptx")
    from pptx import Presentation
    from pptx.util import Emu

    unit = emu_per_px(page.canvas)
    deck = Presentation(io.BytesIO(_template()))
    deck.slide_width, deck.slide_height = (Emu(round(side * unit)) for side in (page.canvas.width, page.canvas.height))
    slide = deck.slides.add_slide(deck.slide_layouts[0])
    _ground(slide, page, unit)
    for layer in page.layers:
        if layer.element.role is Role.UNDERLAY:
            _underlay(slide, layer, unit)
        elif layer.runs:
            _text(slide, page, layer, unit)
        elif page.logo is not None:
            logo = io.BytesIO(embedded.logo(page))
            slide.shapes.add_picture(logo, *_emu(page.logo_box(layer), unit)).name = layer.name
    _properties(deck, page)
    buffer = io.BytesIO()
    deck.save(buffer)
    return _without_times(buffer.getvalue())


def emu_per_px(canvas: Canvas) -> float:
    """EMU in a px: 1/96 inch, and more or less where the slide would be smaller or larger than PowerPoint takes."""
    short, long = min(canvas.width, canvas.height), max(canvas.width, canvas.height)
    unit = min(max(_EMU, _LEAST_SIDE / short), _MOST_SIDE / long)
    if unit * short < _LEAST_SIDE - 1:
        raise PictureFault(
            "no_such_slide",
            f"a canvas of {canvas.name} px is longer than {_MOST_SIDE // _LEAST_SIDE} times its short side, and no "
            "PowerPoint slide is; leave out pptx for it, or give another canvas",
        )
    return unit


@lru_cache(maxsize=1)
def _template() -> bytes:
    """python-pptx's own template with the blank layout alone, and without a printer's settings and a thumbnail."""
    from pptx import Presentation

    deck = Presentation()
    for layout in list(deck.slide_layouts):
        if layout.name != _BLANK:
            deck.slide_layouts.remove(layout)
    for relations in (deck.part.rels, deck.part.package._rels):
        for key in [key for key, relation in relations.items() if relation.reltype.endswith(_UNUSED)]:
            relations.pop(key)
    buffer = io.BytesIO()
    deck.save(buffer)
    return buffer.getvalue()


def _ground(slide: Any, page: Page, unit: float) -> None:
    """Backdrop, photo, scrims and ornaments."""
    framing, width, height = page.framing, page.canvas.width, page.canvas.height
    fill = slide.background.fill
    fill.solid()
    back = shapes.solid(framing.backdrop)
    if framing.backdrop_to:
        back = shapes.gradient([(0, framing.backdrop, 1.0), (1, framing.backdrop_to, 1.0)], 90)
    fill._xPr.replace(fill._xPr.find("{*}solidFill"), shapes.parsed(back))
    for number, each in enumerate(page.photos, 1):
        _photo(slide, each, unit, "Photo" if number == 1 else f"Photo {number}")
    for number, scrim in enumerate(framing.scrims, 1):
        left, top, right, bottom = map(round, to_px(scrim.box, width, height))
        angle = {"left": 0, "top": 90, "right": 180, "bottom": 270}.get(scrim.towards)
        fade = [(at, scrim.colour, share * scrim.opacity) for at, share in gradients.FADE]
        looks = shapes.solid(scrim.colour, scrim.opacity) if angle is None else shapes.gradient(fade, angle)
        shapes.add(slide, f"Scrim {number}", (left, top, right - left, bottom - top), unit, "", looks, shapes.none())
    for number, ornament in enumerate(framing.ornaments, 1):
        sides = to_px(ornament.box, width, height)
        box = (math.floor(sides[0]), math.floor(sides[1]), math.ceil(sides[2]), math.ceil(sides[3]))
        place = (box[0], box[1], max(1, box[2] - box[0]), max(1, box[3] - box[1]))
        outline = shapes.outline(ornaments.outline(ornament, width, height), place, unit)
        looks = shapes.solid(ornament.colour, ornament.opacity)
        shapes.add(slide, f"Ornament {number}", place, unit, outline, looks, shapes.none())


def _photo(slide: Any, page: Page, unit: float, name: str) -> None:
    """The whole photo, cropped by the slide and to its outline, at most twice as fine as it is shown; of one
    that is redrawn, what is shown."""
    box = page.picture_box
    if box[2] <= 0 or box[3] <= 0:
        return
    data = embedded.shown_photo(page) if page.is_redrawn else embedded.whole_photo(page, _MOST_FINE)
    picture = slide.shapes.add_picture(io.BytesIO(data), *_emu(box, unit))
    picture.name = name
    if page.is_redrawn:
        return
    left, top, right, bottom = page.framing.crop
    picture.crop_left, picture.crop_top, picture.crop_right, picture.crop_bottom = left, top, 1 - right, 1 - bottom
    if page.outline is not None:
        shapes.reshape(picture, shapes.outline(page.outline, box, unit))
        if page.framing.edge == "overlap":
            short = min(page.canvas.width, page.canvas.height)
            blur, drop = pictures.SHADOW_BLUR * short, pictures.SHADOW_DROP * short
            picture._element.spPr.append(shapes.parsed(shapes.shadow(blur, drop, pictures.SHADOW, unit)))


def _underlay(slide: Any, layer: Layer, unit: float) -> None:
    """A shape of the program's own where it is a box, and an outline that can be edited in it where it is not."""
    element, box = layer.element, layer.pixel_box
    fill = shapes.solid(element.colour, element.opacity)
    if element.gradient:
        stops = [(0.0, element.colour, element.opacity), (1.0, element.gradient, element.opacity)]
        fill = shapes.gradient(stops, element.gradient_angle)
    is_lined = element.stroke_px > 0 and element.shape not in underlays.OPEN
    line = shapes.line(element.stroke, element.stroke_px, unit) if is_lined else shapes.none()
    outline = ""
    if element.shape != "rounded":
        outline = shapes.outline(underlays.outline(element, layer.pixel_sides), box, unit)
    elif element.radius_px > 0:
        share = min(0.5, element.radius_px / min(box[2], box[3]))
        outline = shapes.rounded(share)
    shapes.add(slide, layer.name, box, unit, outline, fill, line)


def _text(slide: Any, page: Page, layer: Layer, unit: float) -> None:
    from pptx.oxml import parse_xml
    from pptx.oxml.ns import qn

    left, top, right, bottom = layer.box
    element = layer.element
    first = layer.runs[0].baseline_px - layer.runs[0].line * element.line_height_px
    shift = first - (element.line_height_px - _BELOW_BASELINE * element.font_px)
    top, bottom = top + shift, bottom + shift
    shape = slide.shapes.add_textbox(*_emu((left, top, right - left, bottom - top), unit))
    shape.name = layer.name
    body = shape._element.find(qn("p:txBody"))
    shape._element.replace(body, parse_xml(_body(page, layer, unit)))


def _body(page: Page, layer: Layer, unit: float) -> str:
    """The text of a box: one paragraph, a line break between lines, a run for each stretch of one font."""
    element = layer.element
    points = unit / _EMU_IN_POINT
    leading = f'<a:lnSpc><a:spcPts val="{round(100 * element.line_height_px * points)}"/></a:lnSpc>'
    is_rtl = int(element.direction == "rtl")
    lines, last = [], None
    for number, _ in enumerate(element.lines):
        pieces = layer.reading_order(number)
        last = pieces[0][1] if pieces else last
        lines.append(
            "".join(
                f"<a:r>{_style(page, layer, run, unit)}<a:t>{content(_one_line(text))}</a:t></a:r>"
                for text, run in pieces
            )
        )
    between = f"<a:br>{_style(page, layer, last, unit)}</a:br>" if last else "<a:br/>"
    return (
        '<p:txBody xmlns:p="http://schemas.openxmlformats.org/presentationml/2006/main" '
        'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        '<a:bodyPr wrap="none" lIns="0" tIns="0" rIns="0" bIns="0" anchor="t" rtlCol="0"><a:noAutofit/></a:bodyPr>'
        f'<a:lstStyle/><a:p><a:pPr algn="{_ALIGNMENTS[element.alignment]}" rtl="{is_rtl}" indent="0" marL="0">'
        f'{leading}<a:spcBef><a:spcPts val="0"/></a:spcBef><a:spcAft><a:spcPts val="0"/></a:spcAft></a:pPr>'
        + between.join(lines)
        + "</a:p></p:txBody>"
    )


def _style(page: Page, layer: Layer, run: Run, unit: float) -> str:
    """How a run's letters look: size, weight, outline, colour, shadow and font, in the schema's order."""
    element, font = layer.element, record(page.face(run.font))
    px = unit / _EMU_IN_POINT * 100
    language = content(run.language or page.language or "")
    spacing = f' spc="{round(run.letter_spacing_px * px)}"' if run.letter_spacing_px else ""
    outline = shapes.line(element.stroke, element.stroke_px, unit) if element.stroke_px else ""
    shadow = ""
    if element.shadow > 0:
        blur, drop = max(1.0, _SHADOW_BLUR * element.font_px), round(_SHADOW_DROP * element.font_px)
        shadow = shapes.shadow(blur, drop, min(1.0, 2 * element.shadow), unit)
    name = content(font.office_family).replace('"', "&quot;")
    faces = "".join(f'<a:{kind} typeface="{name}"/>' for kind in ("latin", "ea", "cs"))
    size = min(max(round(element.font_px * run.scale * px), 100), 400_000)
    strike = ' strike="sngStrike"' if element.strike else ""
    return (
        f"<a:rPr{f' lang={chr(34)}{language}{chr(34)}' if language else ''} "
        f'sz="{size}" b="{int(font.bold)}"{strike} kern="0"{spacing} dirty="0">'
        f"{outline}{shapes.solid(element.colour)}{shadow}{faces}</a:rPr>"
    )


def _one_line(text: str) -> str:
    return legal(text).replace("\r", " ").replace("\n", " ").replace("\t", " ")


def _emu(box: PixelBox | tuple[float, float, float, float], unit: float) -> tuple[Any, Any, Any, Any]:
    from pptx.util import Emu

    left, top, width, height = (Emu(round(value * unit)) for value in box)
    return left, top, width, height


def _properties(deck: Any, page: Page) -> None:
    """Document properties: what people see of the origin, and all of it as custom properties."""
    from pptx.opc.package import Part
    from pptx.opc.packuri import PackURI

    known, origin = provenance.fields(page), page.provenance
    titles = [element.text for element in page.elements if element.role is Role.TITLE]
    core = deck.core_properties
    core.title, core.identifier = legal(" ".join(titles))[:255], known["rowId"][:255]
    core.author = core.last_modified_by = "layoutgen"
    core.comments = legal(provenance.statement(origin.composer, origin.painter))[:255]
    core.category = known["digitalSourceType"]
    core.created = core.modified = (origin.created_at or _NEVER).astimezone(UTC).replace(microsecond=0, tzinfo=None)
    core.revision = 1
    values = {**known, **{f"fontLicence{i}": line for i, line in enumerate(provenance.font_licences(page), 1)}}
    properties = "".join(
        f'<property fmtid="{_FORMAT_ID}" pid="{i}" name="{name}"><vt:lpwstr>{content(value)}</vt:lpwstr></property>'
        for i, (name, value) in enumerate(values.items(), 2)
    )
    xml = (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        f'<Properties xmlns="{_PROPERTIES}" xmlns:vt="{_TYPES}">{properties}</Properties>'
    )
    package = deck.part.package
    part = Part(PackURI("/docProps/custom.xml"), _CUSTOM_TYPE, package, xml.encode())
    package.relate_to(part, _CUSTOM_RELATION)


def _without_times(data: bytes) -> bytes:
    """The same archive with one fixed date, so that the same page gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(buffer, "w") as new:
        for item in old.infolist():
            entry = zipfile.ZipInfo(item.filename)
            is_image = item.filename.endswith((".jpg", ".png"))
            entry.compress_type = zipfile.ZIP_STORED if is_image else zipfile.ZIP_DEFLATED
            new.writestr(entry, old.read(item))
    return buffer.getvalue()
