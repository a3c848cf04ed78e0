"""What changes rows of a table within the limits of the run that made it: posters and covers each within their own."""

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any

from layoutgen.config.base import known
from layoutgen.config.stages import CoverPlaceSettings, PlaceSettings, ProtectSettings
from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.refining.orders import Order
from layoutgen.core.refining.page import Page
from layoutgen.io.font_files import here
from layoutgen.io.storage import Storage
from layoutgen.models.building import finders
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.kits import BrandFaces, present
from layoutgen.stages.cover_refining import of_covers
from layoutgen.stages.further import Photos
from layoutgen.stages.refining import Refining, of_layouts
from layoutgen.stages.row_keeping import RowKeeping

COVER = "video_cover"


class TableRefining:
    """Changes the rows of a table whose run had `settings`; fonts by path or address. What it needs is loaded at the
    first row of a kind. Where logos have no `has_variants`, they stay the variants that they are. Its methods raise
    ConfigError for settings that can't be used any more."""

    def __init__(
        self,
        settings: Mapping[str, Any],
        storage: Storage,
        kits: BrandKits,
        files: Sequence[str],
        *,
        has_variants: bool = True,
    ) -> None:
        self._settings, self._storage, self._kits = settings, storage, kits
        self._files, self._has_variants = tuple(files), has_variants

    def margin(self, application: str | None) -> float:
        """The free edge of a kind of rows, of the short side."""
        return (self._cover if application == COVER else self._place).margin

    def page(self, row: Mapping[str, Any], photos: Photos) -> Page:
        """What a row is changed on."""
        return self._of(row).page(row, photos)

    def refined(self, row: Mapping[str, Any], photos: Photos, orders: Sequence[Order]) -> dict[str, Any]:
        """A row's columns with orders."""
        return self._of(row).refined(row, photos, orders)

    def _of(self, row: Mapping[str, Any]) -> Refining:
        return self._covers if row.get("application") == COVER else self._layouts

    @cached_property
    def _place(self) -> PlaceSettings:
        return known(PlaceSettings, self._settings.get("place") or {})

    @cached_property
    def _cover(self) -> CoverPlaceSettings:
        own = self._settings.get("cover") or self._settings.get("place") or {}
        return known(CoverPlaceSettings, own)

    @cached_property
    def _layouts(self) -> Refining:
        zones = (self._settings.get("marketing") or {}).get("zones") or {}
        keeping = self._keeping(self._place, {"marketing": finders.named_zones(zones)})
        return of_layouts(self._place, here(self._files, self._storage), keeping)

    @cached_property
    def _covers(self) -> Refining:
        protect = known(ProtectSettings, self._settings.get("protect") or {})
        controls = finders.zones(protect)
        keeping = self._keeping(self._cover, {COVER: controls})
        files = here(self._files, self._storage)
        return of_covers(self._cover, lambda: finders.opinion(protect), files, keeping)

    def _keeping(self, place: PlaceSettings, zones: Mapping[str, Any]) -> RowKeeping:
        brands = BrandFaces(present(self._kits, self._storage), place) if self._kits else None
        return RowKeeping(place.min_contrast, FaceFor(place), zones, brands, has_variants=self._has_variants)
