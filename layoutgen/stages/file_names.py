"""What files of a row are called: names that people read, that no two rows share, and that lead out of no folder."""

import re
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

_LONGEST = 60


def of_row(row: Mapping[str, Any]) -> str:
    """`product/canvas` or `product/canvas-locale` of a row, without an ending."""
    product = str(row.get("product_id") or row["row_id"])
    folder = f"{_safe(product)}-{sha256(product.encode('utf-8', 'surrogatepass')).hexdigest()[:8]}"
    parts = (f"{row['canvas_width']}x{row['canvas_height']}", row.get("locale"))
    return f"{folder}/{'-'.join(_safe(str(part)) for part in parts if part)}"


def _safe(text: str) -> str:
    """Letters, digits, `-` and `_` of a text, the first of them: nothing that turns, ends or leads out of a path."""
    return re.sub(r"[^\w-]+", "_", text.encode("utf-8", "ignore").decode()).strip("_")[:_LONGEST] or "row"
