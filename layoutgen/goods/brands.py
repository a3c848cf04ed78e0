"""Kits of two invented brands, drawn: for the demo, for tests, and as examples of the form.

Nordlys sells outdoor things: dark blues, capitals, no exclamation marks. 茶屿 (Chayu) sells tea: paper and greens, with
disclaimers by market, and a logo that is a mark and a name.
"""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import justmytype_western_core
import numpy as np
from PIL import Image, ImageDraw

from layoutgen.imaging import fonts, images
from layoutgen.imaging.drawing import label

NORDLYS = {
    "id": "nordlys",
    "names": [{"en": "Nordlys"}, {"zh": "北光"}],
    "fonts": {"primary": "Source Serif 4", "files": {"title": "fonts/SourceSerif4.ttf", "text": "fonts/Inter.ttf"}},
    "colors": {
        "primary": "#0b1f3a",
        "secondary": "#12406b",
        "accent": "#ffb000",
        "background": ["#0b1f3a", "#eef3f8"],
        "text": ["#ffffff", "#0b1f3a"],
    },
    "forbidden_pairs": [["accent", "#ffffff"], ["accent", "#eef3f8"]],
    "logos": [
        {"url": "logos/light.png", "background": "dark-bg", "variant": "full-lockup"},
        {"url": "logos/dark.png", "background": "light-bg", "variant": "full-lockup"},
        {"url": "logos/mark.png", "background": "transparent-bg", "variant": "icon"},
    ],
    "visual_guidelines": {"logo_placement": {"min_clear_space": "0.5x", "min_height": "3%"}},
    "tone": {
        "voice": "calm and sure",
        "case": {"title": "upper"},
        "end_punctuation": "none",
        "exclamation": "none",
    },
    "disclaimers": [{"text": "Nordlys AS, Tromsø", "context": "all"}],
    "safe_zones": {"3:4": {"foot": [0.0, 0.97, 1.0, 1.0]}, "9:16": {"caption": [0.0, 0.9, 1.0, 1.0]}},
}
CHAYU = {
    "id": "chayu",
    "names": [{"zh": "茶屿"}, {"en": "Chayu"}],
    "colors": {
        "primary": "#1f4d3a",
        "secondary": "#7a9b76",
        "accent": "#b3261e",
        "background": ["#f6f1e4", "#1f4d3a"],
        "text": ["#22312a", "#fffdf5"],
    },
    "forbidden_pairs": [["accent", "primary"], ["secondary", "accent"]],
    "logos": [
        {"url": "logos/dark.png", "background": "light-bg", "variant": "wordmark"},
        {"url": "logos/light.png", "background": "dark-bg", "variant": "wordmark"},
    ],
    "visual_guidelines": {"logo_placement": {"min_clear_space": "0.4x", "min_height": "28px"}},
    "tone": {"exclamation": "none"},
    "disclaimers": [
        {"text": "图片仅供参考，以实物为准", "context": "all", "market": "zh"},
        {"text": "Serving suggestion", "context": "all", "market": "en"},
        {"text": "不能代替药物", "context": "食品", "market": "zh"},
    ],
}


def write(folder: Path) -> Path:
    """Write both kits below a folder, each with its fonts and logos; returns the folder."""
    _write(folder / "nordlys", NORDLYS, {"light": "#ffffff", "dark": "#0b1f3a"}, "NORDLYS")
    mark = folder / "nordlys" / "logos" / "mark.png"
    mark.write_bytes(images.encode_png(_mark("#ffb000", 192)))
    for name in ("SourceSerif4", "Inter"):
        shutil.copyfile(_font(name), folder / "nordlys" / "fonts" / f"{name}.ttf")
    _write(folder / "chayu", CHAYU, {"light": "#fffdf5", "dark": "#1f4d3a"}, "茶屿 CHAYU")
    return folder


def _write(folder: Path, kit: Mapping[str, object], inks: Mapping[str, str], name: str) -> None:
    for part in ("logos", "fonts"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    text = json.dumps(kit, ensure_ascii=False, indent=1)
    (folder / "brand.json").write_text(text, encoding="utf-8")
    for variant, ink in inks.items():
        (folder / "logos" / f"{variant}.png").write_bytes(images.encode_png(_lockup(name, ink)))


def _font(name: str) -> Path:
    folder = Path(justmytype_western_core.__file__).parent
    return next(path for path in sorted(folder.rglob("*.ttf")) if path.stem.split("[")[0] == name)


def _mark(ink: str, side: int) -> np.ndarray:
    """Three rays in a ring, (side, side, 4) RGBA."""
    image = Image.new("RGBA", (side, side), ink + "00")
    draw = ImageDraw.Draw(image)
    draw.ellipse((6, 6, side - 7, side - 7), outline=ink, width=side // 12)
    for x in (0.3, 0.5, 0.7):
        top = side * (0.5 - 0.55 * (0.5 - abs(x - 0.5)))
        draw.line((side * x, top, side * x, side * 0.74), fill=ink, width=side // 14)
    return np.array(image)


def _lockup(name: str, ink: str) -> np.ndarray:
    """The mark with a brand's name beside it, (192, w, 4) RGBA."""
    size = 112
    width = 230 + round(fonts.typeface("NotoSansKR-Regular").width(name, size))
    image = Image.new("RGBA", (width, 192), ink + "00")
    image.alpha_composite(Image.fromarray(_mark(ink, 192)))
    label(image, (222, 36), name, ink, size)
    return np.array(image)
