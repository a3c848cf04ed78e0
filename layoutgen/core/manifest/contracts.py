"""Which columns a manifest of each kind has: layouts, annotations or covers. All others are the user's own."""

from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from layoutgen.core import schema

JobKind = Literal["layouts", "annotations", "covers"]


@dataclass(frozen=True, eq=False)
class Contract:
    """The contract columns of a manifest and what becomes of them.

    `columns` are all of them, `lists` those that hold lists; of each group in `required` one must be there. `sizes` is
    the column of the output sizes, None where rows have none; `published` is the rows' schema.
    """

    columns: tuple[str, ...]
    lists: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]
    sizes: str | None
    published: pa.Schema

    @property
    def reserved(self) -> set[str]:
        """Names that no column of the user's own may have, since results have them."""
        return {*schema.PLACED.names, *self.published.names, *schema.EVERYWHERE} - set(self.columns)


_PRODUCT = (
    *("product_id", "image", "images", "title", "selling_points", "brand", "logo"),
    *("category", "language", "application", "canvases", "video", "subtitle", "stickers"),
)
_PRODUCT_LISTS = ("images", "selling_points", "canvases", "stickers")

CONTRACTS: dict[JobKind, Contract] = {
    "layouts": Contract(
        _PRODUCT,
        _PRODUCT_LISTS,
        (("product_id",), ("title",), ("image", "images", "video")),
        "canvases",
        schema.LAYOUTS,
    ),
    "annotations": Contract(_PRODUCT, _PRODUCT_LISTS, (("image", "images"),), None, schema.ANNOTATIONS),
    "covers": Contract(
        ("product_id", "cover", "video", "title", "subtitle", "stickers", "category", "language", "ratios"),
        ("stickers", "ratios"),
        (("title",), ("cover", "video")),
        "ratios",
        schema.LAYOUTS,
    ),
}
