"""How often a published table breaks its brands' kits, from its rows and its finished pictures."""

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from layoutgen.core import rows
from layoutgen.core.brands.kits import BrandKit, BrandKits
from layoutgen.core.layout import Role
from layoutgen.core.metrics import brands, table_rows
from layoutgen.imaging import fonts, images
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs

_SIDE = 1600  # px of a picture's longer side that is looked at
_RASTERS = ("webp", "png", "jpeg", "jpg")
_MOST_ROWS = 20


def violations(storage: Storage, table: str, kits: BrandKits) -> dict[str, Any]:
    """`own_brand_violations` of the newest snapshot: the share of checks that are broken, the rows that break each,
    and the first of them by name. Rows of brands without a kit are not looked at."""
    counts = []
    examples: list[dict[str, Any]] = []
    pictures = 0
    for row in published_runs.read(storage, table).to_pylist():
        kit = kits.named(row.get("brand"))
        if kit is None:
            continue
        layout = _layout(storage, row)
        pictures += layout.picture is not None
        means = brands.Means(kit.inks, partial(_covers, kit), _names(kit))
        broken, count = brands.violations(kit.brand, layout, means)
        counts.append((broken, count))
        if broken and len(examples) < _MOST_ROWS:
            examples.append({"row_id": row["row_id"], "broken": broken})
    return {
        **brands.totals(counts),
        "rows": len(counts),
        "checks": sum(count for _, count in counts),
        "pictures": pictures,
        "examples": examples,
    }


def _layout(storage: Storage, row: Mapping[str, Any]) -> brands.Layout:
    file = row.get("picture_file")
    picture = None
    if file and file["format"] in _RASTERS:
        data = storage.read(file["uri"])
        picture = images.decode(data, side=_SIDE, min_side=1, max_pixels=200_000_000).pixels
    return brands.Layout(
        canvas=table_rows.canvas(row),
        framing=rows.read_framing(row),
        elements=[rows.read_element(element) for element in row["elements"]],
        logo=row.get("logo"),
        style=row.get("style_used") or "plain",
        category=row.get("category"),
        locale=row.get("locale"),
        language=row.get("language"),
        picture=picture,
    )


def _covers(kit: BrandKit, _: Role, text: str) -> bool:
    """Tell whether each of a brand's fonts has all letters of a text."""
    faces = [fonts.face(path, fonts.REGULAR) for path in kit.font_files]
    return bool(faces) and all(face.covers(letter) for face in faces for letter in text if not letter.isspace())


def _names(kit: BrandKit) -> tuple[str, ...]:
    return tuple(Path(path).name for path in kit.font_files)
