"""A photo as the search looks at it: small maps of its subject, of what must stay free, and of its light."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

import cv2
import numpy as np

from layoutgen.core import colour
from layoutgen.core.layout import area
from layoutgen.core.placing.colouring import accent_colour
from layoutgen.core.proposals import framings
from layoutgen.imaging import surroundings
from layoutgen.imaging.grounds import flat_ground
from layoutgen.models.base import Brief, Saliency, Still

_SIDE = 160
_MOST_PRINTED = 0.3
_SOFT, _KEEP_AWAY = 0.2, 0.014
"""From this value of its map on a pixel may be the subject's; and how far texts keep from it, share of the longer
side: another finder's outline, and the designer's eye, run a little further out."""


@dataclass(frozen=True, eq=False)
class Photo:
    """What all framings of a photo have in common; maps are (h, w) float32 of one size. `taken` is 1 where no text may
    stand, `subject` the subject's map, `light` OKLab's lightness, `pixels` (h, w, 3) uint8. `further` are the photos
    that may stand beside it, by URI, and `still` is what such a one is of."""

    aspect: float
    pixels: np.ndarray
    subject: np.ndarray
    taken: np.ndarray
    light: np.ndarray
    further: "Mapping[str, Photo]" = field(default_factory=dict)
    still: Still | None = None

    @cached_property
    def outline(self) -> framings.Subject:
        """Where the subject is."""
        return framings.subject_of(self.subject)

    @cached_property
    def beyond(self) -> framings.Beyond:
        """How it can be carried on beyond its edges."""
        focus = framings.box_of(self.taken > _SOFT)
        return framings.Beyond(surroundings.costs(self.pixels, focus), focus)

    @cached_property
    def ground(self) -> str | None:
        """The one flat colour of its ground, if it has one."""
        return flat_ground(self.pixels, self.subject)

    @cached_property
    def accent(self) -> str:
        """The product's most telling colour."""
        return accent_colour(self.pixels, self.subject)

    @cached_property
    def is_dark(self) -> bool:
        """Whether it is a dark picture as a whole."""
        return float(colour.luminance(self.pixels).mean()) <= 0.16


def photo_of(brief: Brief, saliency: Saliency) -> Photo:
    """The photo of a brief: with the map that the annotator left, else one made now."""
    photo = _photo(brief.image, subject_map(brief, saliency))
    further: dict[str, Photo] = {}
    for still in brief.further:
        subject = saliency.saliency([still.image])[0] if still.subject_map is None else still.subject_map
        further[still.uri] = replace(_photo(still.image, subject), still=still)
    return replace(photo, taken=protect(photo.taken, brief), further=further)


def is_of_one_photo(a: Brief, b: Brief) -> bool:
    """Whether `photo_of` two briefs is the same, as far as that can be told without comparing pixels."""
    read, also_read = a.annotation, b.annotation
    is_seen_alike = a.image is b.image and read.subject_map is also_read.subject_map
    return is_seen_alike and read.lines == also_read.lines and a.further == b.further


def _photo(image: np.ndarray, subject_map: np.ndarray) -> Photo:
    height, width = image.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    size = max(8, round(width * scale)), max(8, round(height * scale))
    pixels = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    subject = cv2.resize(subject_map.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    reach = max(1, round(_KEEP_AWAY * max(size)))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * reach + 1, 2 * reach + 1))
    taken = cv2.dilate((subject > _SOFT).astype(np.float32), kernel)
    light = colour.lightness(pixels).astype(np.float32)
    return Photo(width / height, pixels, subject, taken, light)


def subject_map(brief: Brief, saliency: Saliency) -> np.ndarray:
    """The subject map (h, w) that the annotator left, else one made now."""
    known = brief.annotation.subject_map
    return saliency.saliency([brief.image])[0] if known is None else known


def protect(subject_map: np.ndarray, brief: Brief) -> np.ndarray:
    """Add the text that is already in the image to its subject map: it must not be written over. What is read all over
    a picture is none."""
    out = subject_map.copy()
    height, width = out.shape
    for line in brief.annotation.lines:
        if not line.placed and area(line.box) > _MOST_PRINTED:
            continue
        left, top, right, bottom = line.box
        out[int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))] = 1
    return out
