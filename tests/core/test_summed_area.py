"""Sums over boxes are those of the pixels in them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.summed_area import box_sum, summed


@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 2**32))
def test_a_box_sums_the_pixels_in_it_and_boxes_broadcast(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    values = rng.integers(0, 255, (height, width))
    left, right = np.sort(rng.integers(0, width + 1, (2, 5)), 0)
    top, bottom = np.sort(rng.integers(0, height + 1, (2, 4)), 0)
    sums = box_sum(summed(values), left, top[:, None], right, bottom[:, None])
    wanted = [
        [values[t:b, x1:x2].sum() for x1, x2 in zip(left, right, strict=True)] for t, b in zip(top, bottom, strict=True)
    ]
    assert sums.tolist() == wanted
    assert summed(values.astype(np.float32), np.float64).dtype == np.float64
