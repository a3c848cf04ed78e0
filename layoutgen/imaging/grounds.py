"""Grounds beside and behind a photo: its own, where that is one flat colour, and a panel's that goes with it."""

import cv2
import numpy as np

from layoutgen.core import colour
from layoutgen.core.placing.colouring import accent_colour


def flat_ground(image: np.ndarray, subject: np.ndarray) -> str | None:
    """The colour (#rrggbb) of a photo's ground where all of its edge that is not subject is one flat colour, else None.
    `image` is (h, w, 3) uint8, `subject` a map in [0, 1] of any size."""
    small = cv2.resize(image, subject.shape[::-1], interpolation=cv2.INTER_AREA)
    at_edge = np.ones(subject.shape, bool)
    at_edge[2:-2, 2:-2] = False
    ground = small[at_edge & (subject < 0.1)].astype(np.float64)
    if len(ground) < 0.35 * at_edge.sum():
        return None
    middle = np.median(ground, axis=0)
    return colour.to_hex(middle) if np.percentile(np.abs(ground - middle).max(1), 92) <= 6 else None


def panel_colour(image: np.ndarray, subject: np.ndarray) -> str:
    """A colour (#rrggbb) for panels that goes with a photo (h, w, 3) and its subject map: the subject's hue, as a pale
    tint beside light photos and as a deep shade beside dark ones."""
    small = cv2.resize(image, subject.shape[::-1], interpolation=cv2.INTER_AREA)
    light = float(colour.luminance(small).mean()) > 0.16
    accent = accent_colour(small, subject)
    return colour.tint(accent, 0.94, 0.035) if light else colour.tint(accent, 0.27, 0.05)
