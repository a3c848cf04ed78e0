"""The files of a reference, by name: all that a text-to-image model of another team takes, and what taking its picture
back needs. Nothing of ours is needed to read them; `README.md` among them says what each is.
"""

# ruff: noqa: E501 - a table has a row a line

import json
from collections.abc import Mapping
from typing import Any

from layoutgen.core import rows
from layoutgen.imaging import drawing, images
from layoutgen.imaging.documents import svg
from layoutgen.imaging.documents.page import Page
from layoutgen.imaging.references import conditions, words
from layoutgen.imaging.references.reference import Reference

FORM = 1
VERSION = f"references-{FORM}"
IP_ADAPTER = {
    "scale": 0.6,
    "layers": {"sd15": {"up": {"block_1": [0.0, 1.0, 0.0]}}, "sdxl": {"up": {"block_0": [0.0, 1.0, 0.0]}}},
    "mask": "mask_paint.png",
    "image": "reference.png",
}
"""How `reference.png` is followed: style alone, in the layers that InstantStyle names."""
README = """# A layout, as text-to-image models take it

Paint a ground for the product into `painted.png` (or .jpg, .webp) here: of the size in `layout.json`, or of a whole
multiple of it. `python -m jobs.references --import FOLDER` takes it back: it checks size, product and calmness, pastes
the product pixel by pixel, sets the text in its fonts, and writes `finished.webp`.

| file | what it is |
| --- | --- |
| `layout.json` | sizes in px, `transform` [scale, x, y] from the painted picture to the canvas, seed, elements (role, text, box as shares and px of the painted picture, z), the palette of `condition.png`; `row` is the row as it is taken back |
| `condition.png` | the layout in flat colours, one a role |
| `product.png` | the product at its place, straight alpha; `product_full.png` the same at the canvas's size |
| `product_on_grey.png` | the same on grey |
| `edges.png` | edges of the product, white on black (Canny 100, 200, and the outline) |
| `mask_paint.png` | white where the model paints; `mask_keep.png` is its opposite: the silhouette |
| `mask_text.png`, `mask_underlay.png` | white where the ground has to be calm, and where underlays will lie |
| `prompts.json` | a prompt, a negative one, and prompts of regions |
| `gligen.json` | phrases and boxes (ltrb, shares) of the ground's parts |
| `reference.png` | a picture whose style may be followed, the product blanked; `ip_adapter.json` says how |
| `text.svg`, `text.png` | the text layer at the canvas's size, to lay over what is painted |
"""


def files(reference: Reference) -> dict[str, bytes]:
    """The files by name. Raises ValueError for a font that is not here."""
    texts = {
        "layout.json": layout(reference),
        "prompts.json": words.prompts(reference),
        "gligen.json": words.gligen(reference),
        "ip_adapter.json": IP_ADAPTER,
    }
    page, logo = reference.page, reference.page.logo
    layer = drawing.layer(list(page.elements), page.canvas, logo=logo, font_files=page.font_files)
    return {
        **{name: _json(value) for name, value in texts.items()},
        **conditions.pictures(reference),
        **({} if logo is None else {"logo.png": images.encode_png(logo)}),
        "text.svg": svg.write(page, layers_only=True),
        "text.png": images.encode_png(layer),
        "README.md": README.encode(),
    }


def layout(reference: Reference) -> dict[str, Any]:
    """`layout.json` as a value."""
    page, size = reference.page, reference.size
    elements = [
        {
            "role": element.role.value,
            "text": element.text,
            "box_ltrb": [round(value, 5) for value in element.box],
            "box_px": list(conditions.pixels_of(element.box, size.canvas)),
            "z": placed.z,
        }
        for element, placed in zip(reference.elements, page.elements, strict=True)
    ]
    return {
        "version": VERSION,
        "row_id": page.provenance.row_id,
        "canvas_px": [page.canvas.width, page.canvas.height],
        "size_px": [size.width, size.height],
        "transform": [size.scale, size.left_px, size.top_px],
        "seed": reference.seed,
        "elements": elements,
        "palette": conditions.palette(),
        "row": _row(page),
    }


def _row(page: Page) -> dict[str, Any]:
    origin = page.provenance
    return {
        "row_id": origin.row_id,
        "run_id": origin.run_id,
        "composer": origin.composer,
        "adapter": origin.adapter,
        "created_at": origin.created_at and origin.created_at.isoformat(),
        "language": page.language,
        "elements": [rows.element_row(element) for element in page.elements],
    }


def _json(value: Mapping[str, Any]) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1, allow_nan=False).encode("utf-8", "surrogatepass")
