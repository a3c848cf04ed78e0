"""Mattes from rough maps: brought to the picture's outlines, cleared of the ground's colour, and judged.

A finder's map has 160 to 256 px. `refined` draws its outline by the picture's own pixels: GrabCut in a band around it,
then a colour-guided filter at the picture's resolution (Rother et al. 2004; He, Sun, Tang 2013).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from layoutgen.core.layout import Box
from layoutgen.imaging.products.faults import CutOutFault
from layoutgen.imaging.shrinking import shrink

_LOOK = 256
_CUT_SIDE = 384
_LEAST_EDGE = {"packshot": 0.9, "finder": 0.9}
_MOST_UNSURE = 0.1
_CRUMB = 1 / 150


@dataclass(frozen=True)
class Measures:
    """What tells a usable matte: `unsure`, the share of its area that the map leaves open; `edge`, how much of its
    outline lies on an outline of the picture; `contact`, the largest share of a side of the frame that it covers, and
    `taper`, how much narrower it is there than a little further in; `second`, its second part's area as a share of the
    first's, and `split`, the same where one stands above the other; `area`, as a share of the picture; `side_px`, its
    shorter side in the picture's pixels."""

    unsure: float
    edge: float
    contact: float
    taper: float
    second: float
    split: float
    area: float
    side_px: float


def measured(alpha: np.ndarray, image: np.ndarray) -> Measures:
    """Measure a matte (h, w) float in [0, 1] on its picture (h, w, 3) uint8."""
    small = shrink(image, _LOOK)
    matte = cv2.resize(np.asarray(alpha, np.float32), small.shape[1::-1], interpolation=cv2.INTER_AREA)
    solid = matte > 0.5
    area = float(solid.mean())
    if not solid.any():
        return Measures(1.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    open_share = float(((matte > 0.15) & (matte < 0.85)).sum() / solid.sum())
    contact, taper = max(_contact(turned) for turned in (solid, solid[::-1], solid.T, solid.T[::-1]))
    second, split = _parts(solid)
    rows, columns = np.flatnonzero(solid.any(axis=1)), np.flatnonzero(solid.any(axis=0))
    scale = image.shape[0] / small.shape[0]
    return Measures(
        open_share,
        _on_edges(matte, small),
        contact,
        taper,
        second,
        split,
        area,
        float(min(rows[-1] - rows[0] + 1, columns[-1] - columns[0] + 1) * scale),
    )


def _parts(solid: np.ndarray) -> tuple[float, float]:
    """The second part's area as a share of the first's; the same where most of it lies above or below the first."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(solid.astype(np.uint8))
    if len(stats) < 3:
        return 0.0, 0.0
    first, other = stats[1:][np.argsort(stats[1:, cv2.CC_STAT_AREA])[::-1][:2]]
    share = float(other[cv2.CC_STAT_AREA] / first[cv2.CC_STAT_AREA])
    (left, _, wide), (from_x, _, across) = first[:3], other[:3]
    common = min(left + wide, from_x + across) - max(left, from_x)
    return share, share if common > 0.7 * across else 0.0


def _contact(solid: np.ndarray) -> tuple[float, float]:
    """Contact and taper at the first row of a mask."""
    further = solid[max(1, round(0.02 * len(solid)))].sum()
    return float(solid[0].mean()), 1 - float(min(1.0, solid[0].sum() / max(1, further)))


def _on_edges(matte: np.ndarray, image: np.ndarray) -> float:
    """Share of a matte's outline, away from the frame, on whose two sides the picture has different colours."""
    lab = cv2.cvtColor(image, cv2.COLOR_RGB2LAB).astype(np.float32)
    solid = (matte > 0.5).astype(np.uint8)
    outline = (cv2.morphologyEx(solid, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)) > 0) & (solid > 0)
    outline[[0, 1, -2, -1]] = False
    outline[:, [0, 1, -2, -1]] = False
    if not outline.any():
        return 0.0
    inner = _mean_where(lab, cv2.erode(solid, np.ones((3, 3), np.uint8)))
    outer = _mean_where(lab, 1 - cv2.dilate(solid, np.ones((3, 3), np.uint8)))
    apart = np.sqrt(((inner - outer) ** 2).sum(axis=2))
    return float((apart[outline] > 12).mean())


def _mean_where(values: np.ndarray, where: np.ndarray, sigma: float = 2.0) -> np.ndarray:
    weight = cv2.GaussianBlur(where.astype(np.float32), (0, 0), sigma)
    return (
        cv2.GaussianBlur(values * where[..., None].astype(np.float32), (0, 0), sigma)
        / np.maximum(weight, 1e-4)[..., None]
    )


def refined(subject: np.ndarray, image: np.ndarray) -> np.ndarray:
    """A finder's map (h', w') in [0, 1] as a matte (h, w) float32 along the outlines of its picture (h, w, 3) uint8."""
    small = shrink(image, _CUT_SIDE)
    rough = cv2.resize(np.asarray(subject, np.float32), small.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    sharp = _cut(rough, small)
    matte = cv2.resize(sharp, image.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    scale = max(image.shape[:2]) / max(small.shape[:2])
    soft = _guided(matte, image, max(2, round(2.5 * scale)), 1e-4 * 255**2)
    return np.clip((soft - 0.1) / 0.8, 0, 1).astype(np.float32)


def _cut(rough: np.ndarray, image: np.ndarray) -> np.ndarray:
    """GrabCut in a band around the map's outline, (h, w) float32 of 0 and 1."""
    reach = max(3, round(max(image.shape[:2]) * 0.016)) * 2 + 1
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (reach, reach))
    solid = (rough > 0.5).astype(np.uint8)
    if not 0 < solid.mean() < 1:
        return solid.astype(np.float32)
    sure, never = cv2.erode(solid, kernel), cv2.dilate(solid, kernel) == 0
    mask = np.where(solid > 0, cv2.GC_PR_FGD, cv2.GC_PR_BGD).astype(np.uint8)
    mask[sure > 0] = cv2.GC_FGD
    mask[never] = cv2.GC_BGD
    if not sure.any() or not never.any():
        return solid.astype(np.float32)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(np.ascontiguousarray(image[..., ::-1]), mask, None, *models, 2, cv2.GC_INIT_WITH_MASK)
    cut = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    return cv2.medianBlur(cut * 255, 5).astype(np.float32) / 255


def _guided(matte: np.ndarray, image: np.ndarray, radius: int, eps: float) -> np.ndarray:
    """The guided filter with a colour guide: matte (h, w) float32, image (h, w, 3) uint8, `eps` in squared levels."""
    size = (2 * radius + 1, 2 * radius + 1)

    def mean(values: np.ndarray) -> np.ndarray:
        return cv2.blur(values, size, borderType=cv2.BORDER_REFLECT)

    guide = image.astype(np.float32)
    middle, level = mean(guide), mean(matte)
    cross = mean(guide * matte[..., None]) - middle * level[..., None]
    pairs = [(0, 0), (0, 1), (0, 2), (1, 1), (1, 2), (2, 2)]
    rr, rg, rb, gg, gb, bb = (mean(guide[..., i] * guide[..., j]) - middle[..., i] * middle[..., j] for i, j in pairs)
    rr, gg, bb = rr + eps, gg + eps, bb + eps
    # The inverse of the symmetric 3 x 3 covariance, by its cofactors.
    c00, c01, c02 = gg * bb - gb * gb, gb * rb - rg * bb, rg * gb - gg * rb
    c11, c12, c22 = rr * bb - rb * rb, rb * rg - rr * gb, rr * gg - rg * rg
    determinant = rr * c00 + rg * c01 + rb * c02
    x, y, z = cross[..., 0], cross[..., 1], cross[..., 2]
    slope = np.stack([c00 * x + c01 * y + c02 * z, c01 * x + c11 * y + c12 * z, c02 * x + c12 * y + c22 * z], axis=2)
    slope /= determinant[..., None]
    offset = level - (slope * middle).sum(axis=2)
    return (mean(slope) * guide).sum(axis=2) + mean(offset)


def alike(matte: np.ndarray, other: np.ndarray) -> float:
    """How far two mattes (h, w) show the same silhouette: the IoU of what is more than half opaque."""
    one, two = matte > 0.5, other > 0.5
    return float((one & two).sum() / max(1, (one | two).sum()))


def without_crumbs(matte: np.ndarray) -> np.ndarray:
    """A matte (h, w) in [0, 1] without what lies apart from all that is large: parts, with their soft edges, of less
    than 1/150 of the largest one."""
    _, labels = cv2.connectedComponents((matte > 0.02).astype(np.uint8), connectivity=8)
    areas = np.bincount(labels.ravel(), weights=(matte > 0.5).ravel())
    areas[0] = 0
    large = areas >= max(1.0, _CRUMB * float(areas.max()))
    return np.where(large[labels], matte, 0).astype(np.float32)


def decontaminated(image: np.ndarray, alpha: np.ndarray) -> np.ndarray:
    """The product's colours (h, w, 3) float32 without the ground's share: those of the picture where alpha > .98, and
    elsewhere two passes of blur-fusion (Forte 2021)."""
    pixels, share = image.astype(np.float32), alpha[..., None].astype(np.float32)
    front, back, sure = pixels, pixels, share**4  # what is nearly opaque knows the product's colour best
    side = max(image.shape[:2])
    for size in (max(5, round(0.04 * side)) | 1, 5):
        near = cv2.blur(front * sure, (size, size)) / (cv2.blur(sure, (size, size))[..., None] + 1e-5)
        behind = cv2.blur(back * (1 - share), (size, size)) / (1 - cv2.blur(share, (size, size))[..., None] + 1e-5)
        front = np.clip(near + share * (pixels - share * near - (1 - share) * behind), 0, 255)
        back, sure = behind, share
    return np.where(share > 0.98, pixels, front)


def check(matte: Measures, source: str) -> None:
    """Raise CutOutFault for a matte that can't be used."""
    if matte.area == 0 or matte.side_px < 16:
        raise CutOutFault("too_small", f"the product is {matte.side_px:.0f} px wide; give a larger picture of it")
    if matte.area > 0.92:
        raise CutOutFault("too_large", f"it fills {matte.area:.0%} of its picture; give one with ground around")
    # A packshot is often trimmed to its product, which then touches the frame, yet is no wider where it does.
    if matte.contact > 0.04 and not (source == "packshot" and matte.taper > 0.1 and matte.contact < 0.5):
        raise CutOutFault("cut_by_the_frame", f"the frame cuts it along {matte.contact:.0%} of a side; give it whole")
    if matte.second > 0.3 and source == "finder":
        raise CutOutFault("several_things", "several things stand in the picture; give a mask of the product")
    if matte.split > 0.1:
        raise CutOutFault("matte_unsure", "parts of it that are as light as the ground went with it; give a mask")
    if matte.edge < _LEAST_EDGE[source] or (source == "finder" and matte.unsure > _MOST_UNSURE):
        raise CutOutFault(
            "matte_unsure",
            f"its outline is not sure: {matte.edge:.0%} of it lies on an edge of the picture; give a mask",
        )


def check_not_worn(alpha: np.ndarray, faces: Sequence[Box]) -> None:
    """Raise CutOutFault where a matte has a face (ltrb, normalised to the picture) in it or right above it."""
    height, width = alpha.shape
    for left, top, right, bottom in faces:
        below = bottom + 0.6 * (bottom - top)
        around = alpha[
            max(0, round(top * height)) : round(below * height), max(0, round(left * width)) : round(right * width)
        ]
        if around.size and (around > 0.5).mean() > 0.1:
            raise CutOutFault("worn", "a person wears or holds it; give a picture of the product alone, or a mask")
