"""Erased posters: the text is gone, and the marks of erasing do not tell where it was."""

import cv2
import numpy as np
import pytest

from layoutgen.core.layout import Role, intersection, to_px
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.examples.erasing import decoys, erase, padded

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def posters():
    return without_panels(Corpus(CorpusSpec(seed=8, side=360, grounds=16)), 44)


def texts_of(poster):
    """Boxes of all that was set on the photo."""
    return [line.box for line in poster.annotation().lines] + [
        one.box for one in poster.elements if one.role is Role.LOGO and not one.lines
    ]


def without_panels(corpus, count, first=0):
    """Posters whose text stands on the photo itself: a panel betrays its text, whatever is erased."""
    number, found = first, []
    while len(found) < count:
        poster = corpus.poster(number)
        if not any(one.role is Role.UNDERLAY for one in poster.elements):
            found.append(poster)
        number += 1
    return found


def features(image, box):
    """What gives an erased region away: how flat it is inside, how its edge differs from its ring."""
    height, width = image.shape[:2]
    left, top, right, bottom = (round(v) for v in to_px(box, width, height))
    pad = max(4, (bottom - top) // 3)
    grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY).astype(np.float32)
    inner = grey[top:bottom, left:right]
    outer = grey[max(0, top - pad) : bottom + pad, max(0, left - pad) : right + pad]
    edges = [np.abs(cv2.Laplacian(part, cv2.CV_32F)) for part in (inner, outer)]
    fine = grey - cv2.GaussianBlur(grey, (0, 0), 1)
    return [
        np.log1p(inner.std()),
        np.log1p(edges[0].mean()),
        np.log1p(np.percentile(edges[0], 95)),
        np.log1p(fine[top:bottom, left:right].std()),
        np.log1p(inner.std()) - np.log1p(outer.std()),
        np.log1p(edges[0].mean()) - np.log1p(edges[1].mean()),
        np.log1p(abs(inner.mean() - outer.mean())),
    ]


def auc(scores, labels):
    """Area under the ROC curve: how often a true one scores above another."""
    ranks = np.argsort(np.argsort(scores))
    true = labels.sum()
    return (ranks[labels].sum() - true * (true - 1) / 2) / (true * (~labels).sum())


def probe(train, test):
    """A logistic classifier of regions, fitted on one set of (features, is true), and its AUC on another."""
    x, y = np.array([row for row, _ in train]), np.array([label for _, label in train])
    mean, spread = x.mean(0), x.std(0) + 1e-6
    weights = np.zeros(x.shape[1] + 1)

    def scores(rows):
        return np.column_stack([(rows - mean) / spread, np.ones(len(rows))]) @ weights

    for _ in range(400):
        error = 1 / (1 + np.exp(-scores(x))) - y
        weights -= 0.5 * (np.column_stack([(x - mean) / spread, np.ones(len(x))]).T @ error / len(x) + 1e-3 * weights)
    held, labels = np.array([row for row, _ in test]), np.array([label for _, label in test], bool)
    return auc(scores(held), labels)


def regions(posters, hide):
    found = []
    for k, poster in enumerate(posters):
        boxes = texts_of(poster)
        lots = np.random.default_rng(k)
        image, others = hide(poster, boxes, lots)
        true = [padded(box, *image.shape[1::-1]) for box in boxes]
        found += [(features(image, box), True) for box in true]
        found += [(features(image, box), False) for box in others]
    return found


def test_a_detector_of_marks_can_not_tell_text_from_decoys(posters):
    def erased(poster, boxes, lots):
        return erase(poster.picture(), boxes, lots)

    parts = [regions(posters[k::4], erased) for k in range(4)]  # each judged by a probe of the others
    areas = [probe([row for other in parts if other is not part for row in other], part) for part in parts]
    assert abs(np.mean(areas) - 0.5) < 0.1, areas


def test_the_same_detector_finds_text_where_there_are_no_decoys(posters):
    def plain(poster, boxes, lots):
        image, _ = erase(poster.picture(), boxes, lots)
        clean = poster.clean(poster.drawn.width, poster.drawn.height)
        hidden = decoys(clean, [padded(box, *clean.shape[1::-1]) for box in boxes], lots)
        for box in hidden:  # as the photo is there
            left, top, right, bottom = (round(v) for v in to_px(box, poster.drawn.width, poster.drawn.height))
            image[top:bottom, left:right] = clean[top:bottom, left:right]
        return image, hidden

    found = probe(regions(posters[:14], plain), regions(posters[14:28], plain))
    assert found > 0.6, "the probe is no straw man"


def test_the_text_is_gone_and_all_else_is_as_it_was(posters):
    for k, poster in enumerate(posters[:12]):
        boxes = texts_of(poster)
        image, hidden = erase(poster.picture(), boxes, np.random.default_rng(0))
        clean = poster.clean(poster.drawn.width, poster.drawn.height)
        left = np.abs(image.astype(int) - clean).max(2)
        for box in boxes:
            x1, y1, x2, y2 = (round(v) for v in to_px(box, poster.drawn.width, poster.drawn.height))
            assert np.percentile(left[y1:y2, x1:x2], 90) < 60, (k, box)
        assert not any(intersection(box, other) > 0 for box in boxes for other in hidden)
        assert len(hidden) <= len(boxes)
        far = np.ones(left.shape, bool)
        for box in [*boxes, *hidden]:
            x1, y1, x2, y2 = (round(v) for v in to_px(box, poster.drawn.width, poster.drawn.height))
            pad = 10 + (y2 - y1) // 4
            far[max(0, y1 - pad) : y2 + pad, max(0, x1 - pad) : x2 + pad] = False
        assert np.array_equal(image[far], poster.picture()[far])


def test_a_picture_without_text_stays_as_it_is():
    image = np.random.default_rng(0).integers(0, 255, (50, 40, 3), dtype=np.uint8)
    same, none = erase(image, [], np.random.default_rng(0))
    assert np.array_equal(same, image)
    assert none == []


def test_boxes_that_fill_the_picture_are_erased_without_decoys():
    image = np.random.default_rng(0).integers(0, 255, (50, 40, 3), dtype=np.uint8)
    made, hidden = erase(image, [(0.0, 0.0, 1.0, 0.97)], np.random.default_rng(0))
    assert made.shape == image.shape
    assert hidden == []
