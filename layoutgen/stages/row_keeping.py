"""What published rows keep when they are changed: the zones of their application, their brand's kit, their demands, and
the photos of a collage."""

from collections.abc import Mapping
from typing import Any

from layoutgen.core.brands.brand import safe_boxes
from layoutgen.core.brands.kits import BrandKit
from layoutgen.core.covers.protection import Zones, zones_for
from layoutgen.core.demands import NOTHING, texts_of
from layoutgen.core.layout import Canvas
from layoutgen.core.metrics import brands, table_rows
from layoutgen.core.placing.brand_page import Page
from layoutgen.core.refining.keeping import BrandKeeping, Keeping
from layoutgen.core.text.typography import Faces
from layoutgen.stages.brand_checks import means_of
from layoutgen.stages.further import Photos
from layoutgen.stages.place import KitFaces
from layoutgen.stages.settable_copy import SettableCopy, demands_of

_SIDE = 512  # px of the longer side at which logos are looked at
_MARGIN = 1.02  # other decoders see slightly other colours


class RowKeeping:
    """Says what rows keep. `zones` are what platforms lay over the rows of some applications, `brands` the kits of the
    run; where `has_variants`, a row's logo may become another variant of its kit's."""

    def __init__(
        self,
        min_contrast: float,
        faces: Faces,
        zones: Mapping[str, Zones] | None = None,
        brands: KitFaces | None = None,
        *,
        has_variants: bool = True,
    ) -> None:
        self._least, self._copy = _MARGIN * min_contrast, SettableCopy(faces)
        self._zones, self._brands, self._has_variants = zones or {}, brands, has_variants

    def of(self, row: Mapping[str, Any], photos: Photos) -> Keeping:
        """What a row keeps."""
        canvas = table_rows.canvas(row)
        zones = zones_for(canvas, self._zones.get(row.get("application") or "", {}))
        kit = self._brands.kits.named(row.get("brand")) if self._brands else None
        demands = demands_of(row)
        free = [(f"zone {zone.name}", zone.box) for zone in zones]
        free += [(f"free {list(box)}", box) for box in demands.free]
        free += [
            (f"free {name}", zone.box) for name in demands.zones for zone in zones_for(canvas) if zone.name == name
        ]
        free += [("photos of the collage", box) for box in photos.tile_boxes]
        if kit:
            free += [(f"safe zone of brand {kit.brand.id}", box) for box in safe_boxes(kit.brand, canvas)]
        texts = {} if demands == NOTHING else texts_of(self._copy.of(row)[0])
        of_brand = self._of_kit(kit, row, canvas, photos) if kit else None
        return Keeping(tuple(free), of_brand, demands, texts)

    def _of_kit(self, kit: BrandKit, row: Mapping[str, Any], canvas: Canvas, photos: Photos) -> BrandKeeping:
        about = {name: row.get(name) for name in ("logo", "category", "locale", "language")}
        layout = brands.Layout(canvas, photos.framing, (), style=row.get("style_used") or "plain", **about)
        page = Page(kit.brand, canvas, photos.on(canvas, _SIDE)[0], photos.framing, self._least)
        return BrandKeeping(kit, means_of(kit), layout, page, self._has_variants)
