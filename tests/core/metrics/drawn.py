"""Layouts for tests of metrics: hand-made ones, and hypothesis's, wild ones included."""

import numpy as np
from hypothesis import strategies as st

from layoutgen.core.metrics.layouts import LOGO, TEXT, UNDERLAY, Layouts

ONE = [(TEXT, (0.1, 0.1, 0.5, 0.2))]
EMPTY_LAYOUT: list = []
NO_AREA = [(TEXT, (0.3, 0.3, 0.3, 0.3)), (LOGO, (0.1, 0.1, 0.4, 0.4))]
OUTSIDE = [(TEXT, (1.5, 1.5, 1.9, 1.9)), (TEXT, (-0.9, -0.9, -0.5, -0.5)), (LOGO, (0.9, 0.9, 1.4, 1.4))]
INVERTED = [(TEXT, (0.8, 0.8, 0.2, 0.2)), (UNDERLAY, (0.9, 0.1, 0.1, 0.9))]
ODD = [EMPTY_LAYOUT, ONE, NO_AREA, OUTSIDE, INVERTED, [(UNDERLAY, (0, 0, 1, 1))], ONE * 2]

sides = st.floats(-2, 3, width=32) | st.sampled_from([0.0, 1.0, 0.5, float("nan"), float("inf"), -1e30])
elements = st.tuples(st.integers(0, 4), st.tuples(sides, sides, sides, sides))
wild = st.lists(st.lists(elements, max_size=6), max_size=4).map(Layouts.from_lists)


def random_layouts(count: int, seed: int = 0, most: int = 8) -> Layouts:
    """Sane random layouts of 1 to `most` elements."""
    rng = np.random.default_rng(seed)
    corner = rng.uniform(0, 0.7, (count, most, 2))
    boxes = np.concatenate([corner, corner + rng.uniform(0.05, 0.3, (count, most, 2))], 2)
    classes = rng.integers(1, 4, (count, most))
    classes[np.arange(most) >= rng.integers(1, most + 1, count)[:, None]] = 0
    return Layouts.of(boxes, classes)


def check_defined(scores, count):
    """Every score has `count` finite rows, weight 0 where there is no value."""
    for name, found in scores.items():
        assert found.total.shape == found.weight.shape == (count,), name
        assert np.isfinite(found.total).all(), name
        assert np.isfinite(found.weight).all(), name
        assert (found.weight >= 0).all(), name
        assert (found.total[found.weight == 0] == 0).all(), name
        assert found.mean is None or np.isfinite(found.mean), name


def check_untouched(layouts, work):
    """`work` does not change the layouts."""
    before = layouts.boxes.copy(), layouts.classes.copy(), layouts.dropped.copy()
    result = work()
    for array, copy in zip((layouts.boxes, layouts.classes, layouts.dropped), before, strict=True):
        np.testing.assert_array_equal(array, copy)
    return result
