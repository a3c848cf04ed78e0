"""What a table's readers need of the brand kits that its rows keep: the kits, and all fonts that rows name."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.config.base import ConfigError
from layoutgen.core.brands.kits import NO_KITS, BrandKits
from layoutgen.imaging import fonts
from layoutgen.io.storage import Storage
from layoutgen.models.building.kits import kits as read

log = logging.getLogger("layoutgen")


def kits_of(settings: Mapping[str, Any], storage: Storage, brands: str = "") -> BrandKits:
    """The kits at `brands`, else those that the settings of the run that made the table name, as far as they can be had
    here. Raises ConfigError for kits at `brands` that can't be used."""
    if brands:
        return read(brands, storage, (), None)
    style = settings.get("style")
    root = style.get("brands") if isinstance(style, Mapping) else None
    if not isinstance(root, str) or not root:
        return NO_KITS
    try:
        return read(root, storage, (), None)
    except ConfigError as error:
        log.warning("the brand kits of the run that made the layouts can't be had here: %s", error)
        return NO_KITS


def fonts_of(settings: Mapping[str, Any], kits: BrandKits, files: Sequence[str]) -> tuple[str, ...]:
    """Fonts that a table's rows may name, by path or address (`io.font_files`): those given, which have to be fonts
    (else ValueError), those of its run's settings, and those of its brands' kits."""
    return tuple(dict.fromkeys((*fonts.named(settings, files), *kits.font_files)))
