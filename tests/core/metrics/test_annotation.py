import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import kendalltau

from layoutgen.core.metrics import annotation
from layoutgen.core.metrics.annotation import Line, kendall, score_image
from layoutgen.core.text.distance import edits

TITLE, PRICE = Line("新品上市", (0, 0, 100, 20), "title", "#ff0000"), Line("￥199", (0, 40, 60, 60), "price", "#000000")


def test_a_perfect_reading_is_perfect():
    found = annotation.pool([score_image([TITLE, PRICE], [TITLE, PRICE], 0.75)])
    assert found == {
        "precision": 1,
        "recall": 1,
        "f1": 1,
        "character_error_rate": 0,
        "role_accuracy": 1,
        "colour_accuracy": 1,
        "order": 1,
    }


def test_a_line_matches_once_and_only_above_the_threshold():
    twice = [Line("新品", (0, 0, 50, 20)), Line("新品上市", (0, 0, 90, 20))]
    found = score_image(twice, [TITLE], 0.5)
    assert (found.matched, found.found, found.wanted) == (1, 2, 1)
    assert score_image([Line("", (0, 0, 60, 20))], [TITLE], 0.75).matched == 0
    assert score_image([Line("", (0, 0, 60, 20))], [TITLE], 0.5).matched == 1


def test_characters_are_compared_without_case_width_and_spaces():
    found = score_image([Line("ＡＢ c", (0, 0, 10, 10))], [Line("abc", (0, 0, 10, 10))], 0.5)
    assert (found.edits, found.characters) == (0, 3)


@pytest.mark.parametrize(
    ("a", "b", "count"), [("", "", 0), ("abc", "", 3), ("kitten", "sitting", 3), ("飘逸", "飘柔", 1)]
)
def test_edits_are_levenshteins(a, b, count):
    assert edits(a, b) == edits(b, a) == count


def test_roles_and_colours_count_only_where_the_reference_has_them():
    bare = Line("新品上市", (0, 0, 100, 20))
    found = annotation.pool([score_image([TITLE], [bare], 0.5)])
    assert found["role_accuracy"] is None
    assert found["colour_accuracy"] is None
    wrong = Line("新品上市", (0, 0, 100, 20), "price", "#0000ff")
    found = annotation.pool([score_image([wrong], [TITLE], 0.5)])
    assert found["role_accuracy"] == found["colour_accuracy"] == 0


def test_colours_that_look_alike_are_the_same():
    assert annotation.alike("#ff0000", "#f00a05")
    assert not annotation.alike("#ff0000", "#00ff00")
    assert not annotation.alike("red", "#ff0000")
    assert not annotation.alike(None, "#ff0000")


def test_reading_backwards_has_the_order_minus_one():
    assert score_image([PRICE, TITLE], [TITLE, PRICE], 0.5).order == -1
    assert score_image([TITLE], [TITLE, PRICE], 0.5).order is None


def test_images_without_lines_are_no_numbers_made_up():
    nothing = annotation.pool([score_image([], [], 0.5)])
    assert set(nothing.values()) == {None}
    missed = annotation.pool([score_image([], [TITLE], 0.5)])
    assert (missed["precision"], missed["recall"], missed["f1"]) == (0, 0, 0)
    invented = annotation.pool([score_image([TITLE], [], 0.5)])
    assert (invented["precision"], invented["recall"], invented["f1"]) == (0, None, None)


def test_boxes_without_area_match_nothing():
    assert score_image([Line("", (5, 5, 5, 5))], [Line("", (5, 5, 5, 5))], 0.5).matched == 0


def test_intervals_hold_the_value_and_one_image_has_none():
    images = [score_image([TITLE], [TITLE, PRICE], 0.5), score_image([TITLE, PRICE], [TITLE, PRICE], 0.5)] * 8
    ends = annotation.intervals(images, resamples=200, level=0.95, seed=0)
    assert ends["recall"][0] < 0.75 < ends["recall"][1]
    assert annotation.intervals(images[:1], resamples=10, level=0.95, seed=0)["f1"] == (None, None)


@given(st.permutations(range(12)))
def test_the_order_is_kendalls_tau(order):
    assert kendall(order) == pytest.approx(kendalltau(order, range(len(order))).statistic, abs=1e-12)


def test_fewer_than_two_lines_have_no_order():
    assert kendall([]) is None and kendall([3]) is None
