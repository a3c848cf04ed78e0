"""What sets a table's rows in other house styles: styles, fonts and limits of the run that made it."""

import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from pydantic import ValidationError

from layoutgen.config.base import ConfigError, known
from layoutgen.config.stages import PlaceSettings
from layoutgen.config.styles import StyleSettings
from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.errors import Refusal
from layoutgen.core.layout import Element
from layoutgen.core.styles.choosing import Wardrobe
from layoutgen.evaluation.gallery import finder_of
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.building import finders
from layoutgen.models.building.fonts import FaceFor
from layoutgen.models.building.kits import BrandFaces, present
from layoutgen.models.building.styles import wardrobe
from layoutgen.stages.drawable import RowFault
from layoutgen.stages.keep_demands import KeepDemands
from layoutgen.stages.place import Place
from layoutgen.stages.restyling import Restyling, fault_of

log = logging.getLogger("layoutgen")
_SIDE = 768  # px, of runs that do not say what their models are shown


class TableStyles:
    """The house styles that rows of a table may have instead of theirs, and the rows in them. What it needs is loaded
    when the first row is set anew."""

    def __init__(self, settings: Mapping[str, Any], storage: Storage, kits: BrandKits) -> None:
        self._settings, self._storage, self._kits = settings, storage, kits
        self._wardrobe, self._fault = self._styles()
        self._restyling = lru_cache(maxsize=1)(self._built)

    def fault_of(self, row: Mapping[str, Any]) -> str | None:
        """Why a row's style can't be changed; None where it can."""
        return self._fault or fault_of(row)

    def allowed(self, row: Mapping[str, Any]) -> list[str]:
        """The names of the styles that a row may have, its own among them; [] where it can't be changed."""
        if self._wardrobe is None or self.fault_of(row):
            return []
        styles = tuple(self._wardrobe.known[name] for name in self._wardrobe.allowed or self._wardrobe.known)
        if kit := self._kits.named(row.get("brand")):
            styles = self._wardrobe.of_kit(styles, kit.brand.styles, None)
        return list(dict.fromkeys((row["style_used"], *(style.name for style in styles))))

    def elements(self, row: Mapping[str, Any], style: object) -> list[Element]:
        """A row's elements in another style, as the run's place stage sets them. Raises RowFault."""
        if fault := self.fault_of(row):
            raise RowFault("style_fixed", fault)
        if style not in (allowed := self.allowed(row)):
            raise RowFault("unknown_style", f"style is {style!r}; the row may have {', '.join(allowed)}")
        return self._restyling().elements(row, str(style))

    def _styles(self) -> tuple[Wardrobe | None, str | None]:
        style = self._settings.get("style")
        if not isinstance(style, Mapping):
            return None, "the run that made the layouts names no house styles"
        try:
            return wardrobe(known(StyleSettings, style), self._storage), None
        except (ConfigError, ValidationError, Refusal, StorageError) as error:
            log.warning("the house styles of the run that made the layouts can't be had here: %s", error)
            return None, "the house styles of the run that made the layouts can't be had here"

    def _built(self) -> Restyling:
        try:
            place = known(PlaceSettings, self._settings.get("place") or {})
            faces = FaceFor(place)
            brands = BrandFaces(present(self._kits, self._storage), place) if self._kits else None
        except (ValueError, OSError) as error:
            raise RowFault("settings_not_usable", f"the run's [place] can't be had here: {error}") from None
        zones = finders.named_zones((self._settings.get("marketing") or {}).get("zones") or {})
        stage = KeepDemands(Place(place, faces, {"marketing": zones}, self._wardrobe, brands), faces)
        side = (self._settings.get("images") or {}).get("side") or _SIDE
        return Restyling(self._storage, stage, finders.saliency(finder_of(dict(self._settings))), side)
