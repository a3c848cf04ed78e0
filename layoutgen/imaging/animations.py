"""Which frame of an animated image is used: the most telling one, as of a clip (see `core.covers.frame_choice`).

Frames of an animation are drawn upon one another, so those before a frame are decoded too: their number and their
pixels are bounded. Pages of a TIFF and pictures of an MPO are no frames.
"""

from collections.abc import Callable

import numpy as np
from PIL import Image

from layoutgen.core.covers import frame_choice as frames
from layoutgen.imaging.image_faults import ImageFault, faults

LOOK_SIDE = 256
_FORMATS = ("GIF", "WEBP", "PNG", "AVIF")
_MOST_LOOKED_AT = 24
_MOST_DECODED = 240
_MOST_PIXELS = 400_000_000


def frame_count(image: Image.Image) -> int:
    """How many frames an opened image has that may be looked at; 1 for one that is no animation."""
    if image.format not in _FORMATS or not getattr(image, "is_animated", False):
        return 1
    width, height = image.size
    return max(1, min(image.n_frames, _MOST_DECODED, _MOST_PIXELS // max(1, width * height)))  # type: ignore[attr-defined]


def most_telling(image: Image.Image, count: int, look: Callable[[Image.Image], np.ndarray]) -> int:
    """The place of the frame to use, of the first `count`; `look` gives the present one as RGB (h, w, 3) of at most
    LOOK_SIDE px. A frame that shows something is taken before one that does not; where a frame is broken, those before
    it are what there is. Raises ImageFault where the first one is."""
    places = sorted({k * count // min(count, _MOST_LOOKED_AT) for k in range(min(count, _MOST_LOOKED_AT))})
    candidates: list[frames.Candidate] = []
    try:
        with faults(b""):
            for place in places:
                image.seek(place)
                candidates.append(frames.Candidate(float(place), look(image)))
    except ImageFault:
        if not candidates:
            raise
    shown = [one for one in candidates if not frames.shows_nothing(one.pixels)] or candidates
    best, _ = frames.choose(shown)
    return int(shown[best].time_s)
