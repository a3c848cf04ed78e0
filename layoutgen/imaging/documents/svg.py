"""SVG: photo, shapes, logo and live text as elements with names; in a browser it looks as the picture does.

Each run of text stands where the picture has it. A line of one run is anchored by its alignment, so that it grows the
right way when somebody edits it. Of the fonts, the letters that are used are embedded, where their licence allows that.
"""

from layoutgen.core.layout import Role, Run
from layoutgen.core.shapes import gradients, paths, underlays
from layoutgen.imaging.documents import embedded, font_subsets, provenance, svg_ground
from layoutgen.imaging.documents.font_records import record
from layoutgen.imaging.documents.page import Layer, Page
from layoutgen.imaging.documents.svg_ground import px as _px
from layoutgen.imaging.documents.xml_text import attribute, content

VERSION = "svg-2"
_SHADOW_BLUR, _SHADOW_DROP = 0.09, 0.03  # of the font size, as the picture has it
_SPACES = (
    'xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
    'xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"'
)


def write(page: Page, *, photo: str | None = None, embed_fonts: bool = True, layers_only: bool = False) -> bytes:
    """The page as SVG. `photo` is the address of the original, which is then linked and cropped by a clip path;
    otherwise, and of a collage's tiles, what is shown is embedded as JPEG at output size. Without `embed_fonts`, fonts
    are named alone; with `layers_only`, neither photo nor backdrop is there. Raises ValueError for a font that is not
    here."""
    width, height = page.canvas.width, page.canvas.height
    parts = [
        f'<svg {_SPACES} width="{width}" height="{height}" viewBox="0 0 {width} {height}"',
        f" xml:lang={attribute(page.language)}" if page.language else "",
        ' text-rendering="geometricPrecision">\n',
        f"<metadata>{provenance.rdf(page)}</metadata>\n",
        _definitions(page, photo, embed_fonts),
        "" if layers_only else svg_ground.elements(page, photo),
        *(_layer(page, layer) for layer in page.layers),
        "</svg>\n",
    ]
    return "".join(parts).encode()


def _definitions(page: Page, photo: str | None, embed_fonts: bool) -> str:
    parts = [_fonts(page)] if embed_fonts else []
    parts += svg_ground.definitions(page, photo is not None)
    for layer in page.layers:
        if layer.runs and layer.element.shadow > 0:
            parts.append(_shadow(layer))
        elif layer.element.role is Role.UNDERLAY and layer.element.gradient:
            element, ends = layer.element, gradients.ends(layer.pixel_sides, layer.element.gradient_angle)
            parts.append(svg_ground.gradient(f"{layer.key}-fill", ends, [(0, element.colour), (1, element.gradient)]))
    return "<defs>\n" + "".join(parts) + "</defs>\n" if any(parts) else ""


def _fonts(page: Page) -> str:
    """The style sheet with the letters that are used, a rule a font."""
    runs: dict[str, list[Run]] = {}
    for layer in page.layers:
        for run in layer.runs:
            runs.setdefault(run.font, []).append(run)
    rules = []
    for name, users in sorted(runs.items()):
        face = page.face(name)
        names = record(face)
        if not names.embeddable:
            continue
        data = font_subsets.subset(face, [run.text for run in users], [tag for run in users for tag in run.features])
        rules.append(
            f"@font-face{{font-family:{_css_string(names.family)};font-weight:{names.weight};"
            f"src:url(data:font/sfnt;base64,{svg_ground.base64(data)})}}\n"
        )
    return f'<style type="text/css">\n{"".join(rules)}</style>\n' if rules else ""


def _shadow(layer: Layer) -> str:
    """A soft dark shadow as the picture has it: the letters' opacity, blurred, moved down and strengthened."""
    pad = layer.element.font_px
    blur, drop = max(1.0, _SHADOW_BLUR * pad), round(_SHADOW_DROP * pad)
    left, top, right, bottom = layer.box
    return (
        f'<filter id="{layer.key}-shadow" filterUnits="userSpaceOnUse" x="{_px(left - pad)}" y="{_px(top - pad)}" '
        f'width="{_px(right - left + 2 * pad)}" height="{_px(bottom - top + 2 * pad)}" '
        'color-interpolation-filters="sRGB">'
        f'<feOffset in="SourceAlpha" dy="{_px(drop)}"/><feGaussianBlur stdDeviation="{_px(blur)}"/>'
        f'<feColorMatrix values="0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 {_px(2 * layer.element.shadow)} 0"/>'
        '<feMerge><feMergeNode/><feMergeNode in="SourceGraphic"/></feMerge></filter>\n'
    )


def _layer(page: Page, layer: Layer) -> str:
    element = layer.element
    names = (
        f'id="{layer.key}" data-role="{element.role.value}" data-element="{layer.index}" '
        f"inkscape:label={attribute(layer.name)}"
    )
    if element.role is Role.UNDERLAY:
        return _underlay(layer, names)
    if layer.runs:
        return _text(page, layer, names)
    if page.logo is not None:
        source = f"data:image/png;base64,{svg_ground.base64(embedded.logo(page))}"
        return svg_ground.image(names, page.logo_box(layer), source)
    return ""


def _underlay(layer: Layer, names: str) -> str:
    element = layer.element
    fill = f"url(#{layer.key}-fill)" if element.gradient else element.colour
    looks = f'fill={attribute(fill)} fill-opacity="{_px(element.opacity)}"'
    if underlays.is_plain(element):
        left, top, width, height = layer.pixel_box
        place = f'x="{left}" y="{top}" width="{width}" height="{height}" rx="{element.radius_px}"'
        return f"<rect {names} {place} {looks}/>\n"
    if element.stroke_px and element.shape not in underlays.OPEN:
        looks += f' stroke={attribute(element.stroke)} stroke-width="{element.stroke_px}" stroke-linejoin="round"'
    path = paths.svg(underlays.outline(element, layer.pixel_sides))
    return f'<path {names} d="{path}" fill-rule="evenodd" {looks}/>\n'


def _text(page: Page, layer: Layer, names: str) -> str:
    element = layer.element
    attributes = [f'font-size="{element.font_px}"', f"fill={attribute(element.colour)}", 'xml:space="preserve"']
    if element.direction == "rtl":
        attributes.append('direction="rtl"')
    if element.stroke_px > 0:
        attributes += [
            f"stroke={attribute(element.stroke)}",
            f'stroke-width="{2 * element.stroke_px}" stroke-linejoin="round" paint-order="stroke"',
        ]
    if element.strike:
        attributes.append('text-decoration="line-through"')
    if element.shadow > 0:
        attributes.append(f'filter="url(#{layer.key}-shadow)"')
    in_line = {run.line: sum(other.line == run.line for other in layer.runs) for run in layer.runs}
    is_mixed = any(run.direction == "rtl" for run in layer.runs)
    spans = [_span(page, layer, run, in_line[run.line] == 1, is_mixed) for run in layer.runs if run.text]
    return f"<text {names} {' '.join(attributes)}>{''.join(spans)}</text>\n"


def _span(page: Page, layer: Layer, run: Run, is_alone: bool, is_mixed: bool) -> str:
    """A run at its place. In a text with lines from right to left each run is told its direction, since the browser
    must not order runs that are ordered already."""
    font = record(page.face(run.font))
    anchor, x = _anchor(layer, run, is_alone)
    attributes = [
        f'x="{_px(layer.box[0] + x)}" y="{round(layer.box[1] + run.baseline_px)}"',
        f"font-family={attribute(f'{_css_string(font.family)}, sans-serif')}",
        f'font-weight="{font.weight}"',
    ]
    if run.scale != 1:
        attributes.append(f'font-size="{_px(layer.element.font_px * run.scale)}"')
    if anchor != "start":
        attributes.append(f'text-anchor="{anchor}"')
    if is_mixed:
        attributes.append(f'direction="{run.direction}" unicode-bidi="bidi-override"')
    if run.language != (page.language or ""):
        attributes.append(f"xml:lang={attribute(run.language)}")
    if run.letter_spacing_px:
        attributes.append(f'letter-spacing="{_px(run.letter_spacing_px)}"')
    if run.features:
        settings = ", ".join(f'"{tag[1:]}" 0' if tag[0] == "-" else f'"{tag}"' for tag in run.features)
        attributes.append(f"style={attribute(f'font-feature-settings:{settings}')}")
    return f"<tspan {' '.join(attributes)}>{content(run.text)}</tspan>"


def _anchor(layer: Layer, run: Run, is_alone: bool) -> tuple[str, float]:
    """SVG's text-anchor, and the place in the element's box that it means, px. A run from right to left that shares its
    line is held in the middle, which all programs understand alike."""
    middle = run.x_px + run.width_px / 2
    if layer.element.alignment == "center" and is_alone:
        return "middle", middle
    if not is_alone:
        return ("middle", middle) if run.direction == "rtl" else ("start", run.x_px)
    at_left = layer.element.alignment == "left"
    return (
        "start" if at_left == (run.direction == "ltr") else "end",
        run.x_px if at_left else run.x_px + run.width_px,
    )


def _css_string(name: str) -> str:
    return "'" + "".join(c if c.isalnum() or c in " -_" else f"\\{ord(c):x} " for c in name) + "'"
