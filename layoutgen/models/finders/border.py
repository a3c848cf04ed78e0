"""What a picture is about: an embedded subject finder without weights.

`BorderSaliency` learns what the background looks like from the picture's edge, marks what differs from it, and lets
GrabCut (Rother et al. 2004, OpenCV's implementation) draw the outline. Good for product photos, where the product
lies inside the frame; bad where the subject covers the whole edge, and then it says so by returning a map of the
centre. Higher is more salient.
"""

import cv2
import numpy as np

from layoutgen.imaging.shrinking import shrink

VERSION = "border-1"
_SIDE = 160


class BorderSaliency:
    """Subject maps from the contrast to the picture's edge. Deterministic; about 60 ms an image on one core."""

    def saliency(self, images: list[np.ndarray]) -> list[np.ndarray]:
        """Return for each image a map (height, width) float32 in [0, 1] at its own size divided so that the longer
        side is at most 160 px."""
        return [_subject(image) for image in images]


def border_contrast(image: np.ndarray, side: int = 64) -> np.ndarray:
    """How much each pixel differs from the colours of the picture's edge: a map (side, side), float32 in [0, 1], of the
    picture squeezed to a square; 1 for its most different 2 %. What the embedded network sees beside the pixels."""
    small = cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA)
    lab = cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 0.8), cv2.COLOR_RGB2LAB).astype(np.float32)
    distance = _distance_to_border(lab)
    return np.clip(distance / (np.percentile(distance, 98) + 1e-6), 0, 1).astype(np.float32)


def _subject(image: np.ndarray) -> np.ndarray:
    small = shrink(image, _SIDE)
    height, width = small.shape[:2]
    if min(height, width) < 12:
        return np.ones((height, width), np.float32)
    lab = _lab(small)
    plain = _on_plain(lab)
    if plain is not None:
        return _soft(plain)
    distance = _distance_to_border(lab) * (0.35 + 0.65 * _centre_prior(height, width))
    distance = cv2.GaussianBlur(distance, (0, 0), 2)
    scaled = np.clip(distance / (np.percentile(distance, 98) + 1e-6), 0, 1)
    threshold, _ = cv2.threshold((scaled * 255).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    cut = float(np.clip(threshold / 255, 0.2, 0.6))
    mask = np.full((height, width), cv2.GC_PR_BGD, np.uint8)
    mask[scaled > cut] = cv2.GC_PR_FGD
    mask[scaled > min(0.95, cut * 2)] = cv2.GC_FGD
    edge = max(1, round(min(height, width) * 0.015))
    for strip in (np.s_[:edge], np.s_[-edge:], np.s_[:, :edge], np.s_[:, -edge:]):
        mask[strip] = cv2.GC_BGD
    if not (mask == cv2.GC_PR_FGD).any() and not (mask == cv2.GC_FGD).any():
        return _centre_prior(height, width)
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65), np.float64), np.zeros((1, 65), np.float64)
    bgr = np.ascontiguousarray(small[:, :, ::-1])
    cv2.grabCut(bgr, mask, None, models[0], models[1], 4, cv2.GC_INIT_WITH_MASK)
    subject = ((mask == cv2.GC_FGD) | (mask == cv2.GC_PR_FGD)).astype(np.uint8)
    subject = _main_parts(cv2.morphologyEx(subject, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8)))
    if not 0.02 <= subject.mean() <= 0.95:
        return _centre_prior(height, width)
    # A small find on a restless picture is a doubtful one: the middle is then worth some protection too.
    doubt = 0.45 * _centre_prior(height, width) if subject.mean() < 0.15 else 0.0
    return np.maximum(_soft(subject), doubt).astype(np.float32)


def on_plain(image: np.ndarray) -> np.ndarray | None:
    """Mask (h, w), uint8, 0 or 1, longer side at most 160 px, of a subject on one flat colour, as in a packshot: all
    that differs from the colour; None where the ground isn't flat."""
    small = shrink(image, _SIDE)
    return _on_plain(_lab(small)) if min(small.shape[:2]) >= 12 else None


def _lab(small: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(cv2.GaussianBlur(small, (0, 0), 1.2), cv2.COLOR_RGB2LAB).astype(np.float32)


def _on_plain(lab: np.ndarray) -> np.ndarray | None:
    colours = np.concatenate(
        [lab[:2].reshape(-1, 3), lab[-2:].reshape(-1, 3), lab[:, :2].reshape(-1, 3), lab[:, -2:].reshape(-1, 3)]
    )
    flat = np.median(colours, axis=0)
    away = np.sqrt(((colours - flat) ** 2).sum(1))
    if np.percentile(away, 85) > 5:
        return None
    subject = (np.sqrt(((lab - flat) ** 2).sum(2)) > 7).astype(np.uint8)
    subject = _main_parts(cv2.morphologyEx(subject, cv2.MORPH_CLOSE, np.ones((5, 5), np.uint8)))
    return subject if 0.01 <= subject.mean() <= 0.98 else None


def _soft(subject: np.ndarray) -> np.ndarray:
    """Soften a mask, and give its convex hull 0.6: what lies in a subject's hollows is rarely free for text."""
    contours, _ = cv2.findContours(subject, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    hulls = cv2.drawContours(np.zeros_like(subject), [cv2.convexHull(c) for c in contours], -1, 1, thickness=cv2.FILLED)
    return cv2.GaussianBlur(np.maximum(subject, 0.6 * hulls).astype(np.float32), (0, 0), 1.0)


def _distance_to_border(lab: np.ndarray) -> np.ndarray:
    """Distance of each pixel to the nearest cluster of edge colours, each cluster in units of its own spread."""
    height, width = lab.shape[:2]
    band = max(2, round(min(height, width) * 0.06))
    sides = [lab[:band], lab[-band:], lab[:, :band], lab[:, -band:]]
    colours = np.concatenate([side.reshape(-1, 3) for side in sides])
    side_of = np.concatenate([np.full(side.shape[0] * side.shape[1], i) for i, side in enumerate(sides)])
    cv2.setRNGSeed(0)
    criteria = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 20, 0.5)
    _, labels, centres = cv2.kmeans(colours, 5, None, criteria, 2, cv2.KMEANS_PP_CENTERS)
    labels = labels.ravel()
    best = np.full((height, width), np.inf, np.float32)
    for k, centre in enumerate(centres):
        members = labels == k
        # A colour that fills only a stretch of one side is as likely the subject reaching out of the frame.
        share = members.mean()
        touched = sum((members & (side_of == i)).sum() > 0.15 * (side_of == i).sum() for i in range(4))
        if share < 0.05 or (touched < 2 and share < 0.18):
            continue
        spread = max(6.0, float(np.sqrt(((colours[members] - centre) ** 2).sum(1).mean())))
        best = np.minimum(best, np.sqrt(((lab - centre) ** 2).sum(2)) / spread)
    if not np.isfinite(best).all():
        best = np.sqrt(((lab - np.median(colours, axis=0)) ** 2).sum(2))
    return best


def _centre_prior(height: int, width: int) -> np.ndarray:
    y = (np.arange(height, dtype=np.float32) + 0.5) / height - 0.5
    x = (np.arange(width, dtype=np.float32) + 0.5) / width - 0.5
    return np.exp(-((y[:, None] / 0.36) ** 2 + (x[None, :] / 0.36) ** 2) / 1.0).astype(np.float32)


def _main_parts(mask: np.ndarray) -> np.ndarray:
    """Keep the largest part and the parts of at least an eighth of its area; fill their holes."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask)
    if count <= 1:
        return mask
    areas = stats[1:, cv2.CC_STAT_AREA]
    keep = np.isin(labels, 1 + np.flatnonzero(areas >= areas.max() / 8)).astype(np.uint8)
    contours, _ = cv2.findContours(keep, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    return cv2.drawContours(np.zeros_like(keep), contours, -1, 1, thickness=cv2.FILLED)
