"""Drawn posters and examples, opened as a retraining works with them."""

import numpy as np
import pytest

from layoutgen.core.prompts import parse_layout, write_layout
from layoutgen.io.storage import Storage
from layoutgen.training.data import DataError, open_data
from layoutgen.training_config import Augment, Data


def size(width: int, height: int) -> tuple[int, int]:
    scale = 112 / max(width, height)
    return round(width * scale / 28) * 28 or 28, round(height * scale / 28) * 28 or 28


def drawn(**changes: object) -> Data:
    return Data(source="corpus", posters=4, held_back=2, fixed=2, side=160, **changes)


@pytest.mark.slow
def test_a_corpus_comes_in_parts_that_share_no_poster_and_can_be_judged_by() -> None:
    data = open_data(drawn(), "", Storage(), size)
    data.check()
    assert (len(data.train), len(data.validation), len(data.test), len(data.fixed)) == (4, 2, 2, 2)
    cases = [*data.test, *data.fixed]
    assert len({case.product for case in cases}) == 4
    for case in cases:
        assert parse_layout(write_layout(case.truth, case.copy), case.copy)
        assert case.pixels.shape[:2] == size(case.canvas.width, case.canvas.height)[::-1]
        assert case.subject is not None and case.subject.max() == 255
    learnt = {data.train.sample(i, 0).answer for i in range(4)}
    assert not learnt & {write_layout(case.truth, case.copy) for case in data.test}


@pytest.mark.slow
def test_what_shapes_a_corpus_shapes_its_sha_and_the_fixed_set_stays() -> None:
    first, other = (open_data(drawn(seed=seed), "", Storage(), size) for seed in (0, 1))
    plain = open_data(drawn(augment=Augment(refine=0.0)), "", Storage(), size)
    assert len({first.sha, other.sha, plain.sha}) == 3
    assert first.sha == open_data(drawn(), "", Storage(), size).sha
    assert np.array_equal(first.fixed[0].pixels, other.fixed[0].pixels)


def test_a_folder_that_is_no_data_set_is_named(tmp_path) -> None:
    with pytest.raises(DataError, match=r"is missing, so .* is no data set"):
        open_data(Data(source=str(tmp_path)), "", Storage(), size)
