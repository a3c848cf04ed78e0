"""How well an annotator reads posters: text lines against lines that people marked.

Lines are matched one to one, greedily by falling IoU, at a threshold; then

- **precision**, **recall**, **f1** (higher is better): matched by found, matched by wanted, their harmonic mean; pooled
  over all images. Found is 0 where nothing was found but something wanted; None where there is nothing to find.
- **character_error_rate** (lower): edits (Levenshtein) by characters of the matched lines, both NFKC, case-folded and
  without spaces. Lines without a match are recall's affair.
- **role_accuracy**, **colour_accuracy** (higher): share of matched lines with the same role, and whose colours look
  alike (OKLab distance at most 0.1); of lines whose reference says a role or colour: None where none does.
- **order** (higher, [-1, 1]): mean over images of Kendall's tau between the order in which lines are read and the
  reference's; images with fewer than two matches excluded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from layoutgen.core.colour import to_oklch, to_rgb
from layoutgen.core.layout import Box, iou
from layoutgen.core.text.distance import edits, plain

ALIKE = 0.1


@dataclass(frozen=True)
class Line:
    """A text line: string, box (any unit, the same on both sides), and role and colour where known."""

    text: str
    box: Box
    role: str | None = None
    colour: str | None = None


@dataclass(frozen=True)
class ImageScore:
    """Counts of one image at one threshold, to be pooled; `order` is None where it is not defined."""

    matched: int
    found: int
    wanted: int
    edits: int
    characters: int
    same_role: int
    roles: int
    same_colour: int
    colours: int
    order: float | None


def match(found: Sequence[Box], wanted: Sequence[Box], threshold: float) -> list[tuple[int, int]]:
    """One-to-one matches (index of found, index of wanted), greedy by falling IoU, of at least `threshold`."""
    pairs = sorted(((iou(a, b), -i, -k) for i, a in enumerate(found) for k, b in enumerate(wanted)), reverse=True)
    left, right = set(range(len(found))), set(range(len(wanted)))
    taken = []
    for overlap, i, k in pairs:
        if overlap >= threshold and -i in left and -k in right:
            left.remove(-i)
            right.remove(-k)
            taken.append((-i, -k))
    return taken


def score_image(found: Sequence[Line], wanted: Sequence[Line], threshold: float) -> ImageScore:
    """Score one image; both lists in reading order."""
    pairs = match([line.box for line in found], [line.box for line in wanted], threshold)
    both = [(found[i], wanted[k]) for i, k in pairs]
    roles = [(a.role, b.role) for a, b in both if b.role]
    colours = [alike(a.colour, b.colour) for a, b in both if b.colour]
    return ImageScore(
        matched=len(pairs),
        found=len(found),
        wanted=len(wanted),
        edits=sum(edits(plain(a.text), plain(b.text)) for a, b in both),
        characters=sum(len(plain(b.text)) for _, b in both),
        same_role=sum(a == b for a, b in roles),
        roles=len(roles),
        same_colour=sum(colours),
        colours=len(colours),
        order=kendall([k for _, k in sorted(pairs)]),
    )


def pool(images: Sequence[ImageScore]) -> dict[str, float | None]:
    """The metrics of all images together."""
    matched, found, wanted = (sum(getattr(image, name) for image in images) for name in ("matched", "found", "wanted"))
    precision = matched / found if found else (0.0 if wanted else None)
    recall = matched / wanted if wanted else None
    f1 = None if precision is None or recall is None else _harmonic(precision, recall)
    orders = [image.order for image in images if image.order is not None]
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "character_error_rate": _share(images, "edits", "characters"),
        "role_accuracy": _share(images, "same_role", "roles"),
        "colour_accuracy": _share(images, "same_colour", "colours"),
        "order": sum(orders) / len(orders) if orders else None,
    }


def intervals(
    images: Sequence[ImageScore], *, resamples: int, level: float, seed: int
) -> dict[str, tuple[float | None, float | None]]:
    """Bootstrap intervals of `pool`'s metrics over images."""
    if len(images) < 2:
        return dict.fromkeys(pool(images), (None, None))
    rng = np.random.default_rng(seed)
    drawn = [pool([images[i] for i in rng.integers(0, len(images), len(images))]) for _ in range(resamples)]
    ends_of: dict[str, tuple[float | None, float | None]] = {}
    for name in drawn[0]:
        values = [value for pooled in drawn if (value := pooled[name]) is not None]
        ends = np.quantile(values, [(1 - level) / 2, (1 + level) / 2]) if values else None
        ends_of[name] = (None, None) if ends is None else (float(ends[0]), float(ends[1]))
    return ends_of


def _harmonic(a: float, b: float) -> float:
    return 2 * a * b / (a + b) if a + b > 0 else 0.0


def _share(images: Sequence[ImageScore], above: str, below: str) -> float | None:
    count = sum(getattr(image, below) for image in images)
    return sum(getattr(image, above) for image in images) / count if count else None


def kendall(order: Sequence[int]) -> float | None:
    """Kendall's tau of a permutation against the rising one; None for fewer than two.

    For a poster's ten lines this takes 5 µs; `scipy.stats.kendalltau` gives the same and takes 1 ms, after an import of
    1.5 s (one core)."""
    pairs = [(a < b) - (a > b) for a, b in combinations(order, 2)]
    return sum(pairs) / len(pairs) if pairs else None


def alike(a: str | None, b: str | None) -> bool:
    """Tell whether two #rrggbb look alike; what is no colour is like nothing."""
    if not a or not b:
        return False
    try:
        (light_a, chroma_a, hue_a), (light_b, chroma_b, hue_b) = (to_oklch(to_rgb(c)) for c in (a, b))
    except ValueError:
        return False
    across = chroma_a * np.exp(1j * hue_a) - chroma_b * np.exp(1j * hue_b)
    return bool(np.hypot(light_a - light_b, abs(across)) <= ALIKE)
