"""Shapes of a slide: outlines, fills and lines as DrawingML has them."""

from collections.abc import Sequence
from typing import Any

from layoutgen.core.shapes.paths import Path

_NAMESPACE = 'xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main"'
_THOUSANDTHS, _ANGLE = 100_000, 60_000
"""Of a percent, in a whole; of a degree."""
PixelBox = tuple[int, int, int, int]


def add(slide: Any, name: str, box: PixelBox, unit: float, geometry: str, *looks: str) -> Any:
    """Add a shape in a box of left, top, width and height, px, of `unit` EMU each: its outline (`geometry`, "" for the
    box), and then its fill and line."""
    from pptx.enum.shapes import MSO_SHAPE
    from pptx.util import Emu

    shape = slide.shapes.add_shape(MSO_SHAPE.RECTANGLE, *(Emu(round(value * unit)) for value in box))
    shape.name = name
    shape._element.remove(shape._element.find("{*}style"))  # the theme's shadow and outline
    if geometry:
        reshape(shape, geometry)
    for part in looks or (none(),):
        shape._element.spPr.append(parsed(part))
    return shape


def reshape(shape: Any, geometry: str) -> None:
    """Give a shape or a picture another outline."""
    properties = shape._element.spPr
    old = properties.find("{*}prstGeom")
    properties.replace(old, parsed(geometry))


def outline(path: Path, box: PixelBox, unit: float) -> str:
    """An outline (px of the canvas) as the geometry of a shape in a box."""
    left, top, width, height = box

    def point(x: float, y: float) -> str:
        return f'<a:pt x="{round((x - left) * unit)}" y="{round((y - top) * unit)}"/>'

    words = []
    for contour in path:
        words.append(f"<a:moveTo>{point(contour[0][0], contour[0][1])}</a:moveTo>")
        for segment in contour[1:]:
            points = "".join(point(segment[i], segment[i + 1]) for i in range(0, len(segment), 2))
            kind = "lnTo" if len(segment) == 2 else "cubicBezTo"
            words.append(f"<a:{kind}>{points}</a:{kind}>")
        words.append("<a:close/>")
    size = f'w="{round(width * unit)}" h="{round(height * unit)}"'
    return (
        f"<a:custGeom {_NAMESPACE}><a:avLst/><a:gdLst/><a:ahLst/><a:cxnLst/>"
        f'<a:rect l="0" t="0" r="r" b="b"/><a:pathLst><a:path {size}>{"".join(words)}</a:path></a:pathLst></a:custGeom>'
    )


def rounded(share: float) -> str:
    """A box with round corners, whose radius is a share of its shorter side."""
    guide = f'<a:gd name="adj" fmla="val {round(share * _THOUSANDTHS)}"/>'
    return f'<a:prstGeom {_NAMESPACE} prst="roundRect"><a:avLst>{guide}</a:avLst></a:prstGeom>'


def colour(value: str, opacity: float = 1.0) -> str:
    """A colour #rrggbb of an opacity in [0, 1]."""
    alpha = f'<a:alpha val="{round(opacity * _THOUSANDTHS)}"/>' if opacity < 1 else ""
    return f'<a:srgbClr val="{value[1:].upper()}">{alpha}</a:srgbClr>'


def solid(value: str, opacity: float = 1.0) -> str:
    """A fill of one colour."""
    return f"<a:solidFill>{colour(value, opacity)}</a:solidFill>"


def gradient(stops: Sequence[tuple[float, str, float]], angle: float) -> str:
    """A fill that runs from colour to colour (place, colour and opacity each) in a direction, degrees clockwise."""
    inner = "".join(
        f'<a:gs pos="{round(at * _THOUSANDTHS)}">{colour(value, opacity)}</a:gs>' for at, value, opacity in stops
    )
    turned = round(angle % 360 * _ANGLE)
    return f'<a:gradFill rotWithShape="1"><a:gsLst>{inner}</a:gsLst><a:lin ang="{turned}" scaled="0"/></a:gradFill>'


def line(value: str, width_px: float, unit: float) -> str:
    """A line of a colour around a shape or letters."""
    return f'<a:ln w="{round(width_px * unit)}">{solid(value)}</a:ln>'


def none() -> str:
    """No line."""
    return "<a:ln><a:noFill/></a:ln>"


def shadow(blur_px: float, drop_px: float, opacity: float, unit: float) -> str:
    """A soft dark shadow below what throws it, whose blur has a standard deviation of `blur_px`."""
    size = f'blurRad="{round(2 * blur_px * unit)}" dist="{round(drop_px * unit)}" dir="5400000" algn="ctr"'
    return f"<a:effectLst><a:outerShdw {size}>{colour('#000000', opacity)}</a:outerShdw></a:effectLst>"


def parsed(xml: str) -> Any:
    """An element of DrawingML."""
    from pptx.oxml import parse_xml

    if "xmlns:a=" not in xml:
        name = xml[1:].split(" ", 1)[0].split(">", 1)[0].rstrip("/")
        xml = xml.replace(f"<{name}", f"<{name} {_NAMESPACE}", 1)
    return parse_xml(xml)
