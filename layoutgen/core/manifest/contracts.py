"""Which columns a manifest of each kind has: layouts, annotations, covers or posters. All others are the user's own."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal

import pyarrow as pa

from layoutgen.core import schema

JobKind = Literal["layouts", "annotations", "covers", "posters"]


@dataclass(frozen=True, eq=False)
class Contract:
    """The contract columns of a manifest and what becomes of them.

    `columns` are all of them, `lists` those that hold lists; of each group in `required` one must be there. `sizes` is
    the column of the output sizes, None where rows have none; `published` is the rows' schema. `offers` are columns of
    copy where they hold text; of another type they are the user's own. `wishes` are the columns of rows that say how
    their layouts should be.
    """

    columns: tuple[str, ...]
    lists: tuple[str, ...]
    required: tuple[tuple[str, ...], ...]
    sizes: str | None
    published: pa.Schema
    offers: tuple[str, ...] = tuple(schema.OFFER.names)
    wishes: tuple[str, ...] = ()

    def planned(self, own: Collection[str] = ()) -> pa.Schema:
        """The schema of planned rows; `own` are names of offers that are the user's own columns."""
        offers = (field for field in schema.OFFER if field.name in self.offers and field.name not in own)
        wishes = (field for field in schema.WISHES if field.name in self.wishes)
        scene = (field for field in schema.POSTER_INPUT if field.name in self.columns)
        return pa.schema([*schema.PLANNED, *offers, *wishes, *scene])

    @property
    def reserved(self) -> set[str]:
        """Names that no column of the user's own may have, since results have them."""
        free = {*self.columns, *self.offers, *(set(schema.WISHES.names) - set(self.wishes))}
        return {*schema.RENDERED.names, *self.published.names, *schema.EVERYWHERE} - free


COPY = (
    "title",
    "selling_points",
    "brand",
    "subtitle",
    "stickers",
    "captions",
)  # columns that have a text in each language
_PRODUCT = (
    *("product_id", "image", "images", "title", "selling_points", "brand", "logo"),
    *("category", "language", "locale", "copies", "application", "canvases", "video", "subtitle", "stickers"),
)
_SCENE = tuple(schema.POSTER_INPUT.names)
_WISHES = ("style", "series", "variants", "framing", "constraints", "layout", "captions")
_PRODUCT_LISTS = ("images", "selling_points", "canvases", "stickers")

CONTRACTS: dict[JobKind, Contract] = {
    "layouts": Contract(
        (*_PRODUCT, *_WISHES),
        (*_PRODUCT_LISTS, "captions"),
        (("product_id",), ("title", "copies"), ("image", "images", "video")),
        "canvases",
        schema.LAYOUTS,
        wishes=tuple(schema.WISHES.names),
    ),
    "posters": Contract(
        (*_PRODUCT, *_WISHES, *_SCENE),
        (*_PRODUCT_LISTS, "captions"),
        (("product_id",), ("title", "copies"), ("image", "images")),
        "canvases",
        schema.POSTERS,
        wishes=tuple(schema.WISHES.names),
    ),
    "annotations": Contract(_PRODUCT, _PRODUCT_LISTS, (("image", "images"),), None, schema.ANNOTATIONS, ()),
    "covers": Contract(
        (
            *("product_id", "cover", "video", "title", "subtitle", "stickers"),
            *("brand", "style", "category", "language", "locale", "copies", "ratios"),
        ),
        ("stickers", "ratios"),
        (("title", "copies"), ("cover", "video")),
        "ratios",
        schema.LAYOUTS,
        wishes=("style",),
    ),
}
