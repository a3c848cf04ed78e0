"""place: suggestion in, a layout in its house style that keeps every hard limit out. All the deciding is
`core.placing`'s."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
import pyarrow as pa

from layoutgen.config.stages import PlaceSettings
from layoutgen.core import colour, mirroring, rows, schema
from layoutgen.core.brands.brand import safe_boxes
from layoutgen.core.brands.kits import BrandKit, BrandKits, disclaimer
from layoutgen.core.covers.protection import Zones, boxes_named, zones_for
from layoutgen.core.demands import NOTHING, Demands, texts_of
from layoutgen.core.fingerprint import OFFER
from layoutgen.core.layout import Box, Canvas, Role, Suggestion, to_px
from layoutgen.core.placing import branding, captions, dressing, placement
from layoutgen.core.placing.bonds import FREE, Bonds, bonds_of
from layoutgen.core.placing.clearing import cleared
from layoutgen.core.styles.choosing import UnknownStyleError, Wardrobe, suiting
from layoutgen.core.styles.style import Style
from layoutgen.core.text.direction import base_direction
from layoutgen.core.text.typography import Faces
from layoutgen.imaging import images
from layoutgen.stages import further
from layoutgen.stages.further import Photos
from layoutgen.stages.settable_copy import SettableCopy, demands_of
from layoutgen.stages.travelling import AT_ONCE, read_map, read_photo


class KitFaces(Protocol):
    """The kits of a run, and which fonts set the texts of each one's brand."""

    kits: BrandKits

    def of(self, kit: BrandKit) -> Faces:
        """The fonts of a brand's texts."""
        ...


_SIDE = 384
_BANDS, _CLEAR = 24, 0.02
_SPARE = 1.04  # another decoder or scale sees slightly other pixels
_READ = (
    "application",
    "title",
    "brand",
    "category",
    "locale",
    "logo",
    "language",
    "canvas_width",
    "canvas_height",
    "suggestion",
    "crop",
    "picture",
    "backdrop",
    "ground",
)
_OF_STYLE = ("selling_points", "style_used", "style", "brand", "category", "badge", "constraints", *OFFER)


class Place:
    """The place stage. `zones` are what platforms lay over the rows of some applications; nothing is placed there. Rows
    whose composer chose no house style get the one of the `wardrobe` that suits them best; without a wardrobe layouts
    are placed as they were proposed, in no style. `brands` are the kits that rows keep, and the fonts of each."""

    def __init__(
        self,
        settings: PlaceSettings,
        faces: Faces,
        zones: Mapping[str, Zones] | None = None,
        wardrobe: Wardrobe | None = None,
        brands: KitFaces | None = None,
    ) -> None:
        self._settings, self._faces, self._zones = settings, faces, zones or {}
        self._wardrobe, self._brands, self._copy = wardrobe, brands, SettableCopy(faces)

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the placed columns."""
        pixels, pixels_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        logos, logo_of = rows.distinct(table, "logo_pixels")
        packs = further.Packs(table)
        logo_colours = dict(enumerate(logo_colour(images.decode_png(logo)) for logo in logos))
        names = [name for name in (*_READ, *_OF_STYLE) if name in _READ or name in table.column_names]
        columns = {name: table.column(name).to_pylist() for name in names}
        boxes = table.column("product_box").to_pylist() if "product_box" in table.column_names else [None] * len(table)
        placed: dict[int, placement.Placement] = {}
        faults: dict[int, tuple[str, str]] = {}
        styles: dict[int, Style | None] = {}
        notes: dict[int, tuple[str, ...]] = {}
        variants: dict[int, str] = {}
        known = rows.kept(table, "place")
        if self._brands:  # which variant of the logo a layout has is told by placing it
            known = {i for i in known if not self._brands.kits.named(columns["brand"][i])}
        for i in rows.open_rows(table):
            if i in known:
                here = table.column("notes")[i].as_py() or []
                notes[i] = tuple(n for n in table.column(schema.WAS_NOTES)[i].as_py() or () if n not in here)
                continue
            index = pixels_of[i]
            assert index is not None
            image, map_index = read_photo(pixels[index]), map_of[i]
            subject = np.zeros(image.shape[:2], np.float32) if map_index is None else read_map(maps[map_index])
            logo = None if logo_of[i] is None else logo_colours[logo_of[i] or 0]
            row = {name: values[i] for name, values in columns.items()}
            free = silhouette(subject) if boxes[i] else ()
            try:
                styles[i] = self._style(row)
                photos = packs.shown(i, image, subject, rows.read_framing(row))
                placed[i], variant = self._lay_out(row, photos, logo, free, styles[i])
                notes[i] = placed[i].notes
                variants |= {i: variant} if variant else {}
            except placement.NoLayoutError as error:
                faults[i] = (error.kind, str(error))
            except UnknownStyleError as error:
                faults[i] = ("unknown_style", str(error))
        count = range(len(table))
        added: dict[str, Any] = {
            "elements": [[rows.element_row(e) for e in placed[i].elements] if i in placed else None for i in count],
            "contrast": [placed[i].contrast if i in placed else None for i in count],
            "subject_covered": [placed[i].subject_covered if i in placed else None for i in count],
            # The acceptance check is of covers; a row may have been a cover the night before.
            "accepted": [None] * len(table),
            "reasons": [None] * len(table),
        }
        if variants:
            added["logo"] = [variants.get(i, uri) for i, uri in enumerate(columns["logo"])]
        if self._wardrobe is not None:
            given = table.column("style_used").to_pylist()
            added["style_used"] = [style.name if (style := styles.get(i)) else given[i] for i in count]
        merged = rows.merge(table, added, known)
        return rows.note(rows.fail(rows.add(table, merged, schema.PLACED), "place", faults), notes)

    def _lay_out(
        self,
        row: dict[str, Any],
        photos: Photos,
        logo: str | None,
        product: tuple[Box, ...],
        style: Style | None = None,
    ) -> tuple[placement.Placement, str | None]:
        """A row's layout, and the URI of the variant of the logo that its brand's kit has for it."""
        canvas = Canvas(row["canvas_width"], row["canvas_height"])
        suggestions = [rows.read_suggestion(suggestion) for suggestion in row["suggestion"]]
        free = (*(zone.box for zone in zones_for(canvas, self._zones.get(row["application"], {}))), *product)
        kit = self._brands.kits.named(row["brand"]) if self._brands else None
        faces = self._brands.of(kit) if self._brands and kit else self._faces
        if kit:
            free = (*free, *safe_boxes(kit.brand, canvas))
            suggestions = branding.with_texts(suggestions, disclaimer(None, row, kit))
        is_turned = base_direction(row["title"] or "", row["language"]) == "rtl"
        demands = demands_of(row)
        spaces = (*demands.free, *boxes_named(demands.zones, canvas))
        free = (*free, *spaces, *photos.tile_boxes)
        if is_turned:  # in a mirrored world, in which the copy is as if it ran from left to right
            photos, free = photos.mirrored, mirroring.boxes(free)
            suggestions, demands, spaces = (
                [*map(mirroring.suggestion, suggestions)],
                demands.mirrored,
                mirroring.boxes(spaces),
            )
        suggestions, below = captions.parted(suggestions, photos.framing)
        free = (*free, *(suggestion.box for suggestion in below))
        short = min(canvas.width, canvas.height)
        limits = placement.Limits(
            margin_px=self._settings.margin * short,
            smallest_px=math.ceil(self._settings.min_font * short),
            min_contrast=min(15.0, _SPARE * self._settings.min_contrast),
            free=tuple(to_px(box, canvas.width, canvas.height) for box in free),
            **(branding.logo_room(kit, short) if kit else {}),
        )
        ground = _ground(photos, canvas, logo)
        style = branding.style_of(style, kit) if style and kit else style
        style = style and style.on(photos.framing.ground)
        face_for = faces.speaking(row["language"], style)
        if style is None:
            placed = placement.place(suggestions, canvas, ground, face_for, limits)
        else:
            suggestions = as_equals(suggestions, row.get("selling_points") or ())
            bonds = self._bonds(row, demands, suggestions, canvas)
            placed = dressing.dress(suggestions, canvas, ground, face_for, limits, style, row["language"], bonds)
        placed = captions.added(placed, below, canvas, ground, face_for, limits)
        variant = None
        if kit:
            least = self._settings.min_contrast
            branded = branding.keep(placed.elements, kit, canvas, ground.pixels, photos.framing, least)
            placed, variant = replace(placed, elements=branded.elements, contrast=branded.contrast), branded.logo
        for space in spaces:
            placed = replace(placed, elements=tuple(cleared(placed.elements, space)))
        if is_turned:
            placed = replace(placed, elements=tuple(mirroring.element(each, canvas) for each in placed.elements))
        return placed, variant

    def _bonds(self, row: dict[str, Any], demands: Demands, suggestions: list[Suggestion], canvas: Canvas) -> Bonds:
        """What a row demands of the places of its suggestions."""
        if demands == NOTHING:
            return FREE
        copy, _, _ = self._copy.of(row)
        wanted = [suggestion for suggestion in suggestions if suggestion.role is not Role.UNDERLAY]
        return bonds_of(demands, wanted, texts_of(copy), canvas)

    def _style(self, row: dict[str, Any]) -> Style | None:
        """The style of a row: its composer's, else the one that suits it best of those that it may have. Raises
        UnknownStyleError."""
        if self._wardrobe is None:
            return None
        if row.get("style_used"):
            return self._wardrobe.named(row["style_used"])
        allowed = self._wardrobe.of_row(row.get("style"), row.get("brand"), row.get("category"))
        has_price = any(suggestion["role"] == Role.PRICE for suggestion in row["suggestion"])
        kit = self._brands.kits.named(row["brand"]) if self._brands else None
        if kit:
            allowed = self._wardrobe.of_kit(allowed, kit.brand.styles, row.get("style"))
        return suiting(allowed, row.get("category"), row.get("title") or "", row.get("badge"), has_price)[0]


@lru_cache(maxsize=2 * AT_ONCE)
def _ground(photos: Photos, canvas: Canvas, logo: str | None) -> placement.Ground:
    """What lies behind a row's elements; a layout that is mended is placed several times on one."""
    return placement.Ground(*photos.on(canvas, _SIDE), logo)


def as_equals(suggestions: list[Suggestion], points: Sequence[str]) -> list[Suggestion]:
    """Suggestions with the copy's selling points as such: networks call one of them the subtitle, and equals look
    alike. One that stands alone stays what it is."""
    has_equals = any(suggestion.role is Role.SELLING_POINT for suggestion in suggestions)
    return [
        replace(s, role=Role.SELLING_POINT) if has_equals and s.role is Role.SUBTITLE and s.text in points else s
        for s in suggestions
    ]


def silhouette(alpha: np.ndarray) -> tuple[Box, ...]:
    """Boxes (ltrb, normalised) that cover all of a product that is not transparent in a map (h, w): one a band of it,
    so that a text may stand beside a bottle's neck."""
    height, width = alpha.shape
    edges = np.linspace(0, height, _BANDS + 1).round().astype(int)
    boxes = []
    for top, bottom in pairwise(edges):
        rows_in, columns_in = (np.flatnonzero((alpha[top:bottom] > _CLEAR).any(axis=axis)) for axis in (1, 0))
        if len(columns_in):
            across = columns_in[0] / width, (columns_in[-1] + 1) / width
            down = (top + rows_in[0]) / height, (top + rows_in[-1] + 1) / height
            boxes.append((float(across[0]), float(down[0]), float(across[1]), float(down[1])))
    return tuple(boxes)


def logo_colour(logo: np.ndarray) -> str:
    """Dominant colour of a logo's opaque pixels, (h, w, 4) RGBA."""
    return colour.dominant(logo[..., :3], logo[..., 3])
