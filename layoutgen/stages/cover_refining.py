"""Covers with what people want changed in them: they keep out of faces and the player's controls, and the acceptance
check looks at them again."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property, partial
from typing import Any

import numpy as np

from layoutgen.config.stages import CoverPlaceSettings
from layoutgen.core import rows
from layoutgen.core.covers import acceptance, key_elements, protection
from layoutgen.core.covers.protection import Contents, Zone
from layoutgen.core.layout import Element
from layoutgen.core.metrics import table_rows
from layoutgen.core.refining.keeping import Keeping
from layoutgen.models.base import Saliency
from layoutgen.models.composers import cover_check
from layoutgen.models.composers.cover_check import Photo
from layoutgen.stages.further import Photos
from layoutgen.stages.refining import KeepsOf, Limits, Refining


def of_covers(
    settings: CoverPlaceSettings,
    second: Callable[[], Saliency | None],
    font_files: tuple[str, ...],
    keeping: KeepsOf,
) -> Refining:
    """What changes covers, by the settings of their place stage: `second` builds the finder whose opinion the check
    asks, and `keeping` says what rows keep besides, the player's controls among them."""
    allowed = acceptance.Limits(
        settings.most_covered, settings.min_contrast, settings.min_font, settings.most_cut, settings.most_on_subject
    )
    check = CoverCheck(allowed, second, font_files, keeping)
    limits = Limits(settings.margin, settings.min_font, settings.min_contrast, font_files, of_width=True)
    return Refining(limits, check, check)


class CoverCheck:
    """Says what covers keep, and what the acceptance check says of them."""

    def __init__(
        self,
        limits: acceptance.Limits,
        second: Callable[[], Saliency | None],
        font_files: tuple[str, ...],
        keeping: KeepsOf,
    ) -> None:
        self._limits, self._second = limits, second
        self._font_files, self._keeping = font_files, keeping
        self._last: tuple[np.ndarray, np.ndarray | None] | None = None

    def of(self, row: Mapping[str, Any], photos: Photos) -> Keeping:
        """What a cover keeps: what all rows do, its faces, and that it passes the check."""
        keeping, canvas = self._keeping.of(row, photos), table_rows.canvas(row)
        contents = Contents(photos.subject, _boxes(row.get("faces")))
        hard = protection.protect(contents, canvas, photos.framing).hard
        free = (*keeping.free, *(("face", each.box) for each in hard))
        zones = [Zone(name, box) for name, box in keeping.free]
        verdict = partial(self._verdict, row, photos, zones)
        return replace(keeping, free=free, check=lambda elements: _names(verdict(elements)))

    def measured(self, row: Mapping[str, Any], photos: Photos) -> dict[str, Any]:
        """The check's verdict on a row, as tables have it."""
        zones = [Zone(name, box) for name, box in self._keeping.of(row, photos).free]
        elements = [rows.read_element(element) for element in row["elements"]]
        verdict = self._verdict(row, photos, zones, elements)
        return {
            "contrast": verdict.contrast,
            "subject_covered": verdict.covered,
            "accepted": verdict.accepted,
            "reasons": list(verdict.reasons),
        }

    @cached_property
    def _finder(self) -> Saliency | None:
        return self._second()

    def _verdict(
        self, row: Mapping[str, Any], photos: Photos, zones: Sequence[Zone], elements: Sequence[Element]
    ) -> acceptance.Verdict:
        return cover_check.judged(
            Photo(photos.image, self._contents(row, photos)),
            photos.framing,
            elements,
            table_rows.canvas(row),
            zones=zones,
            limits=self._limits,
            font_files=self._font_files,
        )

    def _contents(self, row: Mapping[str, Any], photos: Photos) -> Contents:
        texts = _boxes([line["box"] for line in row.get("text_lines") or ()])
        named = key_elements.of_rows(row.get("key_elements"))
        dear = key_elements.joined(photos.subject, named) if named else None
        return Contents(photos.subject, _boxes(row.get("faces")), texts, dear, self._opinion(photos.image))

    def _opinion(self, image: np.ndarray) -> np.ndarray | None:
        """What the second finder sees in a picture, which is asked once for its canvases."""
        if self._finder is None:
            return None
        if self._last is None or self._last[0] is not image:
            (values,) = self._finder.saliency([image])
            self._last = image, protection.opinion(values)
        return self._last[1]


def _names(verdict: acceptance.Verdict) -> list[str]:
    return [f"acceptance check ({name})" for name in dict.fromkeys(each.partition(":")[0] for each in verdict.reasons)]


def _boxes(values: Sequence[Sequence[float]] | None) -> tuple[tuple[float, float, float, float], ...]:
    return tuple((left, top, right, bottom) for left, top, right, bottom in values or ())
