"""A head as a file, and what is no head."""

from dataclasses import replace

import numpy as np
import pytest

from layoutgen.core.taste.evidence import observations
from layoutgen.core.taste.fitting import fit
from layoutgen.core.taste.head import HeadError, group_keys, projection_of, read
from tests.core.taste.drawn import NAMED, SIZE, decided, layouts

_LAYOUTS = layouts(40)
_FEATURES = np.array([each.features for each in _LAYOUTS])
PROJECTION = projection_of(_FEATURES, NAMED)
HEAD = fit(observations(decided(_LAYOUTS, np.ones(SIZE)), PROJECTION, "brand")).head("v1", "brand", PROJECTION)


def test_a_head_comes_back_as_it_was_written_and_is_the_same_bytes_again() -> None:
    back = read(HEAD.to_bytes(), "here")
    assert (back.features, back.by, back.groups) == ("v1", "brand", ("a",))
    np.testing.assert_allclose(back.utilities(_FEATURES, "a"), HEAD.utilities(_FEATURES, "a"), rtol=1e-4, atol=1e-5)
    assert HEAD.to_bytes() == HEAD.to_bytes()
    assert back.to_bytes() == HEAD.to_bytes()


@pytest.mark.parametrize("data", [b"", b"text", b"PK\x03\x04 cut", HEAD.to_bytes()[:-200]])
def test_what_is_no_head_is_refused_by_its_place(data: bytes) -> None:
    with pytest.raises(HeadError, match=r"s3://shop/head\.npz is no ranking head .*; name one that jobs\.taste made"):
        read(data, "s3://shop/head.npz")


def test_weights_that_are_no_numbers_are_refused() -> None:
    broken = replace(HEAD, mean=HEAD.mean * np.nan)
    with pytest.raises(HeadError, match="weights that are no numbers; train it again, or roll back"):
        read(broken.to_bytes(), "x")


def test_inputs_have_about_length_one_and_leave_out_what_is_always_the_same() -> None:
    features = np.hstack([_FEATURES, np.full((len(_FEATURES), 1), 3.0)])
    features[:, 0] = 7.0
    inputs = projection_of(features, NAMED)(features)
    assert np.mean((inputs**2).sum(axis=1)) == pytest.approx(1.0)
    assert inputs.shape[1] == NAMED - 1 + SIZE - NAMED


def test_groups_are_told_without_cases_and_spaces() -> None:
    assert group_keys([" Aria  Home", "ARIA home", None]) == ["aria home", "aria home", ""]
