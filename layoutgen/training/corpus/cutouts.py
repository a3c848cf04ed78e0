"""Things to paste: RGBA cut-outs (h, w, 4), uint8, drawn or read, the longer side at most `SIDE` px.

Drawn ones are those of `figures`; read are packshots on white (their ground is flooded away) and what the
border-contrast finder takes for the subject of a photo.
"""

from collections.abc import Callable

import cv2
import numpy as np

from layoutgen.goods.figures import SIDE, Rng, body, fitted, garment, goods, person
from layoutgen.imaging.products.flooding import white_ground
from layoutgen.imaging.shrinking import shrink
from layoutgen.models.finders.border import BorderSaliency


def drawn(rng: Rng, keep: Callable[[str], bool] = lambda name: True) -> np.ndarray:
    """A drawn cut-out of any kind."""
    kind = rng.choice(["goods", "body", "garment", "person"], p=[0.25, 0.33, 0.27, 0.15])
    if kind == "goods":
        return goods(rng, keep)
    return {"body": body, "garment": garment, "person": person}[str(kind)](rng)


def from_packshot(image: np.ndarray, side: int = SIDE) -> np.ndarray | None:
    """Cut the product out of a packshot (h, w, 3) on white: the ground is what white floods from the edge; None where
    the edge isn't white or hardly anything is left. Its longer side is at most `side` px."""
    ground = white_ground(image)
    if ground is None or not 0.05 < 1 - ground.mean() < 0.95:
        return None
    solid = cv2.morphologyEx((~ground).astype(np.uint8) * 255, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    return fitted(np.dstack([image, cv2.GaussianBlur(cv2.erode(solid, np.ones((3, 3), np.uint8)), (0, 0), 0.6)]), side)


def marked_photo(image: np.ndarray) -> np.ndarray | None:
    """A photo, its longer side at most 256 px, with what the border-contrast finder takes for its subject in a fourth
    channel; None where the finder is not sure. The outlines are rough: for a cut-out that does no harm, since what is
    pasted is the subject, whatever it is; as an example it teaches which thing of a scene is meant, not its edge."""
    small = shrink(image, 256)
    subject = BorderSaliency().saliency([small])[0]
    if ((subject > 0.15) & (subject < 0.55)).mean() > 0.2 or not 0.08 < (subject > 0.7).mean() < 0.75:
        return None
    solid = (cv2.resize(subject, small.shape[1::-1]) > 0.75).astype(np.uint8) * 255
    return np.dstack([small, cv2.GaussianBlur(solid, (0, 0), 0.8)])
