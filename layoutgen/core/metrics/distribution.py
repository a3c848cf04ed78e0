"""How one set of layouts compares with another as a whole: FID, precision and recall, maxIoU, DocSim.

The features are ours, `FEATURES`: per class (text, logo, underlay) the number of elements, their area, mean middle,
mean size and spread of the middles, and the cover of each cell of a 3x3 grid, 33 numbers. So these are FID and
precision/recall **on layoutgen's features**: comparable between runs of this program, not with published numbers,
whose networks were trained on their own data.

- **fid** (lower is better): Fréchet distance of the features' Gaussians, |µ1-µ2|² + tr(S1 + S2 - 2 (S1 S2)^½) (Heusel
  et al. 2017). Two layouts a side at least; biased upwards for small sets, so compare sets of equal size.
- **precision**, **recall** (Kynkäänniemi et al. 2019), **density**, **coverage** (Naeem et al. 2020), all higher is
  better, nearest k = 5: more than k layouts a side. Their authors' package is unmaintained since 2020 and pulls in
  scikit-learn, hence the dozen lines here, which agree with it.
- **max_iou** (higher; Kikuchi et al. 2021): layouts are matched one to one among those with the same classes so that
  the mean IoU of their elements, themselves matched by class, is largest; of the generated layouts that have a
  partner.
- **docsim** (higher; Patil et al. 2020): mean over pairs of layouts of the mean weight of matched elements, weight
  min(area)^½ · 2^(-Δcentre - 2 Δsize), 0 between classes and for layouts that differ by three elements or more. Pairs
  are rows of the same key, else each layout with the one of the reference that suits it best (`docsim_best`).
"""

import numpy as np
from scipy.optimize import linear_sum_assignment

from layoutgen.core.metrics.layouts import EMPTY, LOGO, TEXT, UNDERLAY, Layouts

FEATURES = "layoutgen-features-1"
NEAREST = 5


def features(layouts: Layouts) -> np.ndarray:
    """Features of n layouts, (n, 33)."""
    boxes = layouts.boxes
    middle = (boxes[..., :2] + boxes[..., 2:]) / 2
    size = np.maximum(boxes[..., 2:] - boxes[..., :2], 0)
    columns: list[np.ndarray] = []
    for kind in (TEXT, LOGO, UNDERLAY):
        of_kind = (layouts.classes == kind)[..., None]
        count = of_kind.sum(1)
        least_one = np.maximum(count, 1)
        centre = np.where(of_kind, middle, 0).sum(1) / least_one
        spread = np.sqrt(np.where(of_kind, (middle - centre[:, None]) ** 2, 0).sum(1) / least_one)
        columns += [count / 10, np.where(of_kind[..., 0], size.prod(2), 0).sum(1)[:, None]]
        columns += [centre, np.where(of_kind, size, 0).sum(1) / least_one, spread]
    there = layouts.classes != EMPTY
    for row in range(3):
        for column in range(3):
            cell = np.array([column, row, column + 1, row + 1]) / 3
            sides = np.minimum(boxes[..., 2:], cell[2:]) - np.maximum(boxes[..., :2], cell[:2])
            cover = np.where(there, np.maximum(sides, 0).prod(2), 0).sum(1) * 9
            columns.append(np.minimum(cover, 1.0)[:, None])
    return np.concatenate(columns, 1)


def fid(real: np.ndarray, fake: np.ndarray) -> float | None:
    """Fréchet distance of two sets of features, (n, d) and (m, d); None where a set has fewer than two."""
    if min(len(real), len(fake)) < 2:
        return None
    covariances = np.cov(real, rowvar=False), np.cov(fake, rowvar=False)
    root = _root(covariances[0])
    cross = np.linalg.eigvalsh(root @ covariances[1] @ root)
    apart = ((real.mean(0) - fake.mean(0)) ** 2).sum()
    both = np.trace(covariances[0]) + np.trace(covariances[1])
    return float(max(0.0, apart + both - 2 * np.sqrt(np.maximum(cross, 0)).sum()))


def _root(matrix: np.ndarray) -> np.ndarray:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T)


def prdc(real: np.ndarray, fake: np.ndarray, nearest: int = NEAREST) -> dict[str, float] | None:
    """Precision, recall, density and coverage of fake features against real ones; None where a set is too small."""
    if min(len(real), len(fake)) <= nearest:
        return None
    real_radius, fake_radius = _radius(real, nearest), _radius(fake, nearest)
    between = _distances(real, fake)
    in_real = between < real_radius[:, None]
    return {
        "precision": float(in_real.any(0).mean()),
        "recall": float((between < fake_radius[None]).any(1).mean()),
        "density": float(in_real.sum(0).mean() / nearest),
        "coverage": float((between.min(1) < real_radius).mean()),
    }


def _distances(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    return np.asarray(np.sqrt(np.stack([((b - row) ** 2).sum(1) for row in a])))


def _radius(points: np.ndarray, nearest: int) -> np.ndarray:
    return np.asarray(np.partition(_distances(points, points), nearest, axis=1)[:, nearest])


def max_iou(layouts: Layouts, reference: Layouts) -> tuple[float | None, int]:
    """maxIoU, and how many layouts found a partner; None for none."""
    mine, theirs = _by_classes(layouts), _by_classes(reference)
    overlaps: list[float] = []
    for key in sorted(set(mine) & set(theirs)):
        if not key:
            continue
        table = np.array(
            [
                [_matched_iou(layouts.boxes[i, a], reference.boxes[k, b], key) for k, b in theirs[key]]
                for i, a in mine[key]
            ]
        )
        rows, columns = linear_sum_assignment(table, maximize=True)
        overlaps += table[rows, columns].tolist()
    return (float(np.mean(overlaps)) if overlaps else None), len(overlaps)


def _by_classes(layouts: Layouts) -> dict[tuple[int, ...], list[tuple[int, np.ndarray]]]:
    """Layouts by their sorted classes: index, and the order that sorts its elements."""
    groups: dict[tuple[int, ...], list[tuple[int, np.ndarray]]] = {}
    for i, classes in enumerate(layouts.classes):
        there = np.flatnonzero(classes != EMPTY)
        order = there[np.argsort(classes[there], kind="stable")]
        groups.setdefault(tuple(classes[order].tolist()), []).append((i, order))
    return groups


def _matched_iou(a: np.ndarray, b: np.ndarray, classes: tuple[int, ...]) -> float:
    area_a, area_b = (np.maximum(x[:, 2:] - x[:, :2], 0).prod(1) for x in (a, b))
    sides = np.minimum(a[:, None, 2:], b[None, :, 2:]) - np.maximum(a[:, None, :2], b[None, :, :2])
    shared = np.maximum(sides, 0).prod(2)
    union = area_a[:, None] + area_b[None] - shared
    iou = np.divide(shared, union, out=np.zeros_like(shared), where=union > 0)
    if len(classes) == 1:
        return float(iou[0, 0])
    kinds = np.array(classes)
    rows, columns = linear_sum_assignment(np.where(kinds[:, None] == kinds[None], iou, -1), maximize=True)
    return float(iou[rows, columns].mean())


def docsim(a: Layouts, b: Layouts) -> float | None:
    """DocSim of layouts in pairs, a[i] with b[i]; None for no pairs."""
    if len(a) != len(b):
        raise ValueError(f"{len(a)} and {len(b)} layouts are no pairs")
    likeness = [_docsim(*_elements(a, i), *_elements(b, i)) for i in range(len(a))]
    return float(np.mean(likeness)) if likeness else None


def docsim_best(layouts: Layouts, reference: Layouts) -> float | None:
    """Mean over layouts of the DocSim with the reference's most similar one; None where either set is empty."""
    theirs = [_elements(reference, k) for k in range(len(reference))]
    if not theirs or not len(layouts):
        return None
    mine = [_elements(layouts, i) for i in range(len(layouts))]
    return float(np.mean([max(_docsim(*own, *other) for other in theirs) for own in mine]))


def _elements(layouts: Layouts, i: int) -> tuple[np.ndarray, np.ndarray]:
    there = layouts.classes[i] != EMPTY
    return layouts.boxes[i][there], layouts.classes[i][there]


def _docsim(a: np.ndarray, a_classes: np.ndarray, b: np.ndarray, b_classes: np.ndarray) -> float:
    if abs(len(a) - len(b)) >= 3 or not len(a) or not len(b):
        return 0.0
    middles = (a[:, :2] + a[:, 2:]) / 2, (b[:, :2] + b[:, 2:]) / 2
    sizes = np.maximum(a[:, 2:] - a[:, :2], 0), np.maximum(b[:, 2:] - b[:, :2], 0)
    apart = np.sqrt(((middles[0][:, None] - middles[1][None]) ** 2).sum(2))
    differ = np.abs(sizes[0][:, None] - sizes[1][None]).sum(2)
    smaller = np.minimum(sizes[0].prod(1)[:, None], sizes[1].prod(1)[None])
    weight = np.sqrt(smaller) * 2.0 ** (-apart - 2 * differ) * (a_classes[:, None] == b_classes[None])
    rows, columns = linear_sum_assignment(weight, maximize=True)
    return float(weight[rows, columns].mean())
