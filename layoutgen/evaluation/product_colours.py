"""The colours of posters' products, which choices between two of their scenes are learnt with: each product cut out of
its picture again, as the posters' job does it."""

import logging
from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np

from layoutgen.config.stages import SaliencySettings
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.products import cutting, reading
from layoutgen.imaging.products.faults import CutOutFault
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.base import Saliency
from layoutgen.models.building import finders
from layoutgen.models.denoising.scenes.conditions import product_numbers

log = logging.getLogger("layoutgen")

_SIDE = 512  # px: colours are counted on far fewer


class ProductColours:
    """Colours of products, each picture read once."""

    def __init__(self, storage: Storage) -> None:
        self._storage = storage
        self._known: dict[tuple[str, str | None], list[list[float]] | None] = {}

    def of(self, row: Mapping[str, Any]) -> list[list[float]] | None:
        """Three rows of OKLab's L, a, b and a share; None of a row that is no poster whose ground was painted from a
        seed, and where the picture is gone or its product can't be cut out."""
        images = row.get("images") or [row.get("image")]
        if row.get("background_seed") is None or not row.get("product_box") or not images[0]:
            return None
        key = (images[0], row.get("mask"))
        if key not in self._known:
            try:
                self._known[key] = self._colours(*key)
            except (StorageError, FileFault, CutOutFault, ValueError) as error:
                log.warning("the colours of %s are not known: %s", row.get("row_id"), error)
                self._known[key] = None
        return self._known[key]

    def _colours(self, image: str, mask: str | None) -> list[list[float]]:
        picture = reading.original(self._storage.read(image), side=_SIDE)
        given = reading.mask(self._storage.read(mask), side=_SIDE) if mask else None
        try:
            cut = cutting.cut_out(picture, given, None)
        except CutOutFault:
            subject = self._finder.saliency([np.ascontiguousarray(picture[..., :3])])[0]
            cut = cutting.cut_out(picture, given, subject)
        numbers = product_numbers(cut.pixels)[:12].reshape(3, 4)
        return [[round(float(value), 5) for value in colour] for colour in numbers]

    @cached_property
    def _finder(self) -> Saliency:
        return finders.saliency(SaliencySettings())
