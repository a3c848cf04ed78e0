"""A product catalogue drawn from nothing: photos, logos and copy, as a shop would hand them in.

`draw` writes `catalogue.jsonl`, `images/` and `logos/`. The same seed gives the same bytes (on the same Pillow and
OpenCV). Four rows are broken on purpose, each as catalogues break in life: see `BROKEN`. These are drawings, not
photographs: they are for demos and tests, and say nothing about the quality of a learned model.
"""

import io
import json
import zlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from layoutgen.goods.sheet import Array, Sheet, mix
from layoutgen.goods.shots import SHOTS
from layoutgen.goods.wording import BRANDS, WORDING, Wording

BROKEN = {
    "scarf-lost": "its image is not there",
    "teapot-cut": "its JPEG ends after a third of its bytes",
    "cushion-page": "its .jpg is an error page in HTML",
    "vase-untitled": "its title is empty",
}
_IN_BROKEN_ROWS = {"kettle-pine", "vase-ivory"}
_SUFFIXES = {  # all others are .jpg
    "mug-fog": ".png",
    "dress-navy": ".png",
    "jar-nuit": ".png",
    "handbag-sage": ".webp",
    "sneaker-night": ".webp",
    "vase-ivory": ".webp",
}
_LYING_ON_ITS_SIDE = "dress-polka"  # stored rotated, with the EXIF orientation that a camera would write
_PAGE = (
    b"<!DOCTYPE html><html><head><title>404 Not Found</title></head>"
    b"<body><h1>404 Not Found</h1><hr>nginx</body></html>\n"
)


def draw(folder: Path, seed: int = 0, *, products: int | None = None, scale: float = 1.0) -> Path:
    """Draw the catalogue into `folder`, which is made where it is missing, and return the path of its manifest.

    `products` takes only so many of its products beside the broken rows; `scale` makes photos smaller, as a factor of
    their sides."""
    folder = Path(folder)
    for part in ("images", "logos"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    wordings = dict(list(WORDING.items())[:products])
    shown = {name for product_id, wording in wordings.items() for name in (product_id, *wording.also)}
    for name in sorted(shown | _IN_BROKEN_ROWS):
        shot = SHOTS[name]
        shot = replace(shot, size=(round(shot.size[0] * scale), round(shot.size[1] * scale)))
        picture = shot.picture(np.random.default_rng([seed, zlib.crc32(name.encode())]))
        (folder / _path(name)).write_bytes(_encoded(picture, name))
    for brand in BRANDS:
        logo(brand).save(folder / _logo_path(brand), optimize=True)
    whole = (folder / _path("kettle-pine")).read_bytes()
    (folder / _path("teapot-cut")).write_bytes(whole[: len(whole) // 3])
    (folder / _path("cushion-page")).write_bytes(_PAGE)
    rows = [_row(product_id, wording) for product_id, wording in wordings.items()]
    # Broken rows stand among the good ones, as they do in life.
    for place, row in zip((3, 11, 20, 29), _broken_rows(), strict=True):
        rows.insert(place, row)
    manifest = folder / "catalogue.jsonl"
    lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in rows]
    manifest.write_text("".join(lines), encoding="utf-8", newline="\n")
    return manifest


def _path(name: str) -> str:
    return f"images/{name}{_SUFFIXES.get(name, '.jpg')}"


def _logo_path(brand: str) -> str:
    return f"logos/{'shanye' if brand == '山野' else brand.lower()}.png"


def _row(product_id: str, wording: Wording) -> dict[str, Any]:
    """Return a line of the manifest; keys without a value are left out, as most exports leave them."""
    row: dict[str, Any] = {"product_id": product_id}
    if wording.also:
        row["images"] = [_path(name) for name in (product_id, *wording.also)]
    else:
        row["image"] = _path(product_id)
    row |= {"title": wording.title, "selling_points": list(wording.selling_points)}
    if wording.brand:
        row["brand"] = wording.brand
    if wording.brand in BRANDS:
        row["logo"] = _logo_path(wording.brand)
    row |= {"category": wording.category, "language": wording.language, "application": wording.application}
    if wording.canvases:
        row["canvases"] = list(wording.canvases)
    if wording.layout:
        row["layout"] = wording.layout
    return row | {"season": wording.season}


def _broken_rows() -> list[dict[str, Any]]:
    words = {
        "scarf-lost": Wording("羊绒围巾，暖到心里", ("内蒙古山羊绒", "￥299起"), "VALE", "配饰", "zh"),
        "teapot-cut": Wording("Enamel Teapot", ("Holds one litre",), "HAUS", "kitchen", "en"),
        "cushion-page": Wording("拥抱一只软乎乎的靠枕", ("可拆洗",), "HAUS", "家纺", "zh"),
        "vase-untitled": Wording("", ("Thrown by hand in Jingdezhen",), "HAUS", "home", "en"),
    }
    rows = [_row(product_id, words[product_id]) for product_id in BROKEN]
    rows[-1]["image"] = _path("vase-ivory")
    return rows


def _encoded(picture: Image.Image, name: str) -> bytes:
    """Return a picture as the bytes of its file."""
    file = io.BytesIO()
    suffix = _SUFFIXES.get(name, ".jpg")
    if suffix == ".png":
        picture.save(file, "PNG", compress_level=6)
    elif suffix == ".webp":
        picture.save(file, "WEBP", quality=88, method=4)
    elif name == _LYING_ON_ITS_SIDE:
        exif = Image.Exif()
        exif[0x0112] = 6  # to be shown turned a quarter clockwise
        picture.transpose(Image.Transpose.ROTATE_90).save(file, "JPEG", quality=90, exif=exif)
    else:
        picture.save(file, "JPEG", quality=90, progressive=zlib.crc32(name.encode()) % 3 == 0)
    return file.getvalue()


def logo(brand: str) -> Image.Image:
    """Draw a brand's emblem and its name, on transparency."""
    emblem, colour = BRANDS[brand]
    reach = 0.34 + 0.155 * len(brand) * (1.6 if not brand.isascii() else 1.0)
    sheet = Sheet(900, 0.30 / reach, np.random.default_rng(0))
    scale = 1 / reach  # lengths below are for a sheet of width `reach`
    middle, radius = 0.15 * scale, 0.105 * scale
    cx = 0.15 * scale
    mask = _emblem(sheet, emblem, cx, middle, radius)
    letters = sheet.text(brand, (reach + 0.27) / 2 * scale, middle, 0.175 * scale, 700, 0.06)
    sheet.colour = np.asarray(mix("#000000", colour, np.maximum(mask, letters)), np.float32)
    sheet.alpha = np.maximum(mask, letters)
    return sheet.picture(600)


def _emblem(s: Sheet, emblem: str, x: float, y: float, r: float) -> Array:
    circle = s.ellipse(x, y, r)
    match emblem:
        case "ring":
            mask = circle * (1 - s.ellipse(x + 0.22 * r, y - 0.12 * r, 0.62 * r))
        case "arch":
            outer, inner = (
                s.box(x - r, y - r, x + r, y + 2 * r, r),
                s.box(x - r / 2, y - r / 2, x + r / 2, y + 2 * r, r / 2),
            )
            mask = outer * (1 - inner) * s.box(0, 0, 1, y + r)
        case "sun":
            rays = [(x + r * np.cos(a), y + r * np.sin(a)) for a in np.linspace(0, 2 * np.pi, 13)[:-1]]
            spokes = [s.stroke([(x + (px - x) * 0.72, y + (py - y) * 0.72), (px, py)], 0.16 * r) for px, py in rays]
            mask = np.maximum.reduce([s.ellipse(x, y, 0.5 * r), *spokes])
        case "waves":
            bars = [(k, (0.45, 0.85, 1.0, 0.7, 0.35)[k + 2]) for k in range(-2, 3)]
            tall = [(x + 0.42 * r * k, h * r) for k, h in bars]
            mask = np.maximum.reduce([s.box(px - 0.1 * r, y - h, px + 0.1 * r, y + h, 0.1 * r) for px, h in tall])
        case "peak":
            low = [(x - r, y + 0.8 * r), (x - 0.15 * r, y - 0.85 * r), (x + 0.7 * r, y + 0.8 * r)]
            high = [(x + 0.1 * r, y + 0.8 * r), (x + 0.5 * r, y - 0.1 * r), (x + r, y + 0.8 * r)]
            mask = s.polygon(low, high)
        case "petals":
            turns = np.linspace(0, 2 * np.pi, 6)[:-1]
            mask = np.maximum.reduce(
                [s.ellipse(x + 0.52 * r * np.sin(a), y - 0.52 * r * np.cos(a), 0.42 * r) for a in turns]
            ) * (1 - s.ellipse(x, y, 0.2 * r))
        case _:
            raise ValueError(f"unknown emblem {emblem!r} in wording.BRANDS: draw it here, or name one of these cases")
    return np.asarray(mask, np.float32)
