import numpy as np
import pytest

from layoutgen.core.metrics.covers import covers
from layoutgen.core.metrics.layouts import score

SEEN = {"overlap": score(np.array([0.1, 0.3, 0.5])), "occlusion": score(np.array([0.2, 0.0, 0.4]), np.array([1, 0, 1]))}


def test_covers_are_measured_in_percent_and_other_rows_not_at_all():
    found = covers(np.array([True, True, False]), SEEN)
    assert found["overlap"].mean == pytest.approx(20)
    assert found["occlusion"].mean == pytest.approx(20)
    assert found["occlusion"].excluded == 2
    assert found["accepted"].mean is None


def test_acceptance_is_of_the_covers_that_were_checked():
    found = covers(np.array([True, True, False]), SEEN, [True, None, False])
    assert found["accepted"].mean == 1
    assert found["accepted"].excluded == 2
