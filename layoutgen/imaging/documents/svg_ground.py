"""What lies below the elements in SVG: backdrop, photo, scrims and ornaments."""

import base64 as encoding
from collections.abc import Sequence

from layoutgen.core.layout import Scrim, to_px
from layoutgen.core.shapes import gradients, ornaments, paths, pictures
from layoutgen.imaging.documents import embedded
from layoutgen.imaging.documents.page import Page
from layoutgen.imaging.documents.xml_text import attribute


def definitions(page: Page, is_linked: bool) -> list[str]:
    """Gradients, the outline of the photo, and its shadow; `is_linked`: the photo is a file of its own."""
    framing, width, height = page.framing, page.canvas.width, page.canvas.height
    parts = []
    if framing.backdrop_to:
        stops = [(0, framing.backdrop), (1, framing.backdrop_to)]
        parts.append(gradient("backdrop-fill", gradients.ends((0, 0, width, height), 90), stops))
    parts += [
        f'<clipPath id="{_key(number)}-frame"><path d="{paths.svg(tile.outline)}"/></clipPath>\n'
        for number, tile in enumerate(page.photos[1:], 2)
        if tile.outline is not None
    ]
    page = page.photos[0]
    if page.outline is not None:
        parts.append(f'<clipPath id="photo-frame"><path d="{paths.svg(page.outline)}"/></clipPath>\n')
        blur = pictures.SHADOW_BLUR * min(width, height)
        if framing.edge == "overlap":
            parts.append(
                f'<filter id="photo-shadow-blur" filterUnits="userSpaceOnUse" x="{px(-8 * blur)}" y="{px(-8 * blur)}" '
                f'width="{px(width + 16 * blur)}" height="{px(height + 16 * blur)}">'
                f'<feGaussianBlur stdDeviation="{px(blur)}"/></filter>\n'
            )
    elif is_linked and not page.is_redrawn:
        left, top, across, down = page.picture_box
        rectangle = f'<rect x="{left}" y="{top}" width="{across}" height="{down}"/>'
        parts.append(f'<clipPath id="photo-frame">{rectangle}</clipPath>\n')
    for number, scrim in enumerate(framing.scrims, 1):
        if (ends := gradients.fade(scrim, width, height)) is not None:
            fade = [(at, scrim.colour, share * scrim.opacity) for at, share in gradients.FADE]
            parts.append(gradient(f"scrim-{number}-fill", ends, fade))
    return parts


def elements(page: Page, photo: str | None) -> str:
    """The ground, from back to front; `photo` is the address of the original, where it is linked."""
    framing, width, height = page.framing, page.canvas.width, page.canvas.height
    fill = "url(#backdrop-fill)" if framing.backdrop_to else framing.backdrop
    parts = [
        f'<rect id="backdrop" data-role="backdrop" inkscape:label="Backdrop" width="{width}" height="{height}" '
        f"fill={attribute(fill)}/>\n",
        *(_photo(each, photo if number == 1 else None, number) for number, each in enumerate(page.photos, 1)),
    ]
    parts += [_scrim(page, number, scrim) for number, scrim in enumerate(framing.scrims, 1)]
    for number, ornament in enumerate(framing.ornaments, 1):
        path = paths.svg(ornaments.outline(ornament, width, height))
        parts.append(
            f'<path id="ornament-{number}" data-role="ornament" inkscape:label="Ornament {number}" d="{path}" '
            f'fill-rule="evenodd" fill={attribute(ornament.colour)} fill-opacity="{px(ornament.opacity)}"/>\n'
        )
    return "".join(parts)


def _key(number: int) -> str:
    return "photo" if number == 1 else f"photo-{number}"


def _photo(page: Page, address: str | None, number: int) -> str:
    left, top, width, height = page.picture_box
    if width <= 0 or height <= 0:
        return ""
    key, shadow = _key(number), ""
    names = f'id="{key}" data-role="photo" inkscape:label="{key.replace("-", " ").capitalize()}"'
    is_clipped = page.outline is not None or address is not None
    if page.outline is not None and page.framing.edge == "overlap":
        path = paths.svg(pictures.shadow(page.framing, page.canvas.width, page.canvas.height))
        looks = f'fill-opacity="{pictures.SHADOW}" filter="url(#photo-shadow-blur)"'
        shadow = f'<path id="photo-shadow" inkscape:label="Photo shadow" d="{path}" {looks}/>\n'
    if address is None or page.is_redrawn:
        kind = "png" if page.is_cut_out else "jpeg"
        place = float(left), float(top), float(width), float(height)
        address = f"data:image/{kind};base64,{base64(embedded.shown_photo(page))}"
        is_clipped = page.outline is not None
    else:
        crop = page.framing.crop
        scale_x, scale_y = width / (crop[2] - crop[0]), height / (crop[3] - crop[1])
        place = left - crop[0] * scale_x, top - crop[1] * scale_y, scale_x, scale_y
    if not is_clipped:
        return image(names, place, address)
    return f'{shadow}<g {names} clip-path="url(#{key}-frame)">{image("", place, address).rstrip()}</g>\n'


def _scrim(page: Page, number: int, scrim: Scrim) -> str:
    width, height = page.canvas.width, page.canvas.height
    left, top, right, bottom = map(round, to_px(scrim.box, width, height))
    fill = f'fill="url(#scrim-{number}-fill)"'
    if scrim.towards == "all":
        fill = f'fill={attribute(scrim.colour)} fill-opacity="{px(scrim.opacity)}"'
    return (
        f'<rect id="scrim-{number}" data-role="scrim" inkscape:label="Scrim {number}" x="{left}" y="{top}" '
        f'width="{right - left}" height="{bottom - top}" {fill}/>\n'
    )


def gradient(name: str, ends: gradients.Ends, stops: Sequence[tuple[float, str] | tuple[float, str, float]]) -> str:
    """A linear gradient between two points of the canvas, px; a stop is its place, colour, and opacity if any."""
    (x1, y1), (x2, y2) = ends
    inner = "".join(
        f'<stop offset="{px(stop[0])}" stop-color={attribute(stop[1])}'
        + (f' stop-opacity="{px(stop[2])}"' if len(stop) == 3 else "")
        + "/>"
        for stop in stops
    )
    place = f'x1="{px(x1)}" y1="{px(y1)}" x2="{px(x2)}" y2="{px(y2)}"'
    return f'<linearGradient id="{name}" gradientUnits="userSpaceOnUse" {place}>{inner}</linearGradient>\n'


def image(names: str, box: tuple[float, float, float, float], source: str) -> str:
    """A picture in a box of left, top, width and height, px."""
    left, top, width, height = map(px, box)
    return (
        f'<image {names} x="{left}" y="{top}" width="{width}" height="{height}" preserveAspectRatio="none" '
        f"xlink:href={attribute(source)}/>\n"
    )


def base64(data: bytes) -> str:
    """Bytes as an address has them."""
    return encoding.b64encode(data).decode()


def px(value: float) -> str:
    """A number as short as it is exact enough."""
    return f"{value:.3f}".rstrip("0").rstrip(".") or "0"
