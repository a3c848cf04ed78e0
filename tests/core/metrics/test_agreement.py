import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from layoutgen.core.metrics import agreement
from tests.budget import examples

DECISIONS = st.sampled_from(("adopt", "edit", "reject"))


def test_kappa_is_that_of_the_published_example():
    """Cohen's own arithmetic: 20 + 15 of 50 alike, p_e = .5, kappa = .4."""
    common = [("a", "a")] * 20 + [("a", "r")] * 5 + [("r", "a")] * 10 + [("r", "r")] * 15
    assert agreement.kappa(common) == pytest.approx(0.4)


def test_kappa_is_none_where_there_is_nothing_to_tell_from_chance():
    assert agreement.kappa([]) is None
    assert agreement.kappa([("adopt", "adopt")] * 9) is None
    assert agreement.kappa([("adopt", "reject")] * 9) == 0


@settings(max_examples=examples(30, soak=300))
@given(st.lists(st.tuples(DECISIONS, DECISIONS), min_size=1, max_size=30))
def test_kappa_is_symmetric_at_most_one_and_one_for_those_who_agree(common):
    value = agreement.kappa(common)
    assert value == agreement.kappa([(b, a) for a, b in common])
    if value is not None:
        assert -1 <= value <= 1
        assert (value == 1) == all(a == b for a, b in common)


def test_pairs_are_of_layouts_in_common():
    decisions = {"mei": {"a": "adopt", "b": "reject"}, "li": {"b": "reject", "c": "edit"}, "bo": {"z": "adopt"}}
    (pair,) = agreement.pairs(decisions, 0.95)
    assert (pair.annotators, pair.rows, pair.agreement.value) == (("li", "mei"), 1, 1.0)
