import warnings

import pytest

from tests.io import fuzz_pictures


@pytest.mark.parametrize("kind", fuzz_pictures.files())
def test_a_mutated_file_is_a_picture_or_a_fault_that_says_the_same_twice(kind):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for number in range(40):
            _, took = fuzz_pictures.check(kind, number, seed=1)
            assert took < fuzz_pictures.SLOWEST_S, number
