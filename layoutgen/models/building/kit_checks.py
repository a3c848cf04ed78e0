"""What is wrong with a brand kit, before a night finds out: its file, its fonts, its logos, and what contradicts
itself."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from layoutgen.core import colour
from layoutgen.core.brands import contradictions
from layoutgen.core.brands.brand import Logo
from layoutgen.core.brands.visibility import LogoInk
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Canvas
from layoutgen.imaging import fonts, images
from layoutgen.imaging.image_faults import ImageFault
from layoutgen.imaging.image_files import looks_like
from layoutgen.io import font_files
from layoutgen.io.brand_kits import BrandKit
from layoutgen.io.objects.locations import StorageFault


@dataclass(frozen=True)
class Checked:
    """What a look at a kit found: `faults` end a run before it begins, `ignored` are keys that are not ours and files
    that are passed over, `inks` the logos that can be set."""

    faults: tuple[str, ...]
    ignored: tuple[str, ...]
    inks: tuple[LogoInk, ...]


def check(kit: BrandKit, canvases: Iterable[Canvas], styles: Iterable[str] | None, cache: Path) -> Checked:
    """Look at a kit for these canvases; `styles` are the names of the house styles that there are, None where they are
    not known, `cache` is where its fonts are laid to be opened."""
    brand, faults, ignored = kit.brand, [*kit.kit.faults], [*kit.kit.ignored]
    for uri in brand.fonts.files:
        faults += _font_faults(kit, uri, cache)
    inks = []
    vectors = []
    for logo in brand.logos:
        data = kit.files[logo.uri]
        if isinstance(data, bytes) and looks_like(data) == "SVG":
            vectors.append(logo.uri)
            continue
        try:
            inks.append(logo_ink(logo, data))
        except (ImageFault, Refusal) as fault:
            faults.append(f"logo {logo.uri}: {fault}")
    if vectors and not inks:
        faults.append(f"logos: {', '.join(vectors)} is SVG alone, which is not drawn here; lay a PNG beside it")
    ignored += [f"logo {uri}: SVG is not drawn here, a PNG beside it is" for uri in vectors if inks]
    known = set(brand.styles if styles is None else styles)
    faults += [
        f"styles names {name!r}, which is no house style; known: {', '.join(sorted(known))}"
        for name in brand.styles
        if name not in known
    ]
    faults += contradictions.of_colours(brand)
    faults += contradictions.of_logos(brand, inks)
    faults += contradictions.of_space(inks, canvases)
    return Checked(tuple(dict.fromkeys(faults)), tuple(dict.fromkeys(ignored)), tuple(inks))


def logo_ink(logo: Logo, data: bytes | StorageFault) -> LogoInk:
    """A logo's dominant colour and shape. Raises ImageFault or Refusal where it can't be had."""
    if isinstance(data, StorageFault):
        raise Refusal(data.message)
    pixels = images.decode_logo(data)
    height, width = pixels.shape[:2]
    is_opaque = bool((pixels[..., 3] > 250).all())
    shown, alpha = pixels[..., :3], pixels[..., 3]
    return LogoInk(logo, colour.dominant(shown, alpha), width / height, is_opaque, colour.tones(shown, alpha))


def _font_faults(kit: BrandKit, uri: str, cache: Path) -> list[str]:
    data = kit.files[uri]
    if isinstance(data, StorageFault):
        return [f"font {uri}: {data.message}"]
    try:
        fonts.face(font_files.lay(uri, data, cache), fonts.BOLD)
    except ValueError as error:
        return [f"font {uri}: {error}"]
    return []
