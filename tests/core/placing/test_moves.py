import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import Canvas, Role, Suggestion
from layoutgen.core.placing.moves import lines_of, proposals

CANVAS = Canvas(1000, 800)
SUBJECT = np.zeros((80, 100), np.float32)
SUBJECT[20:80, 60:100] = 1
NOTHING = dict.fromkeys(("alignment", "crowding", "hierarchy"), 0.0)
TITLE = Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "Vase")
POINT = Suggestion(Role.SELLING_POINT, (0.12, 0.25, 0.3, 0.3), "Made by hand")
BESIDE = Suggestion(Role.SELLING_POINT, (0.32, 0.25, 0.5, 0.3), "Dishwasher safe")
PRICE = Suggestion(Role.PRICE, (0.07, 0.31, 0.2, 0.38), "$12")


def moved(*suggestions, subject=SUBJECT, most=9, **terms):
    return dict(proposals(suggestions, CANVAS, subject, {**NOTHING, **terms}, most))


def test_what_stands_side_by_side_is_one_line():
    boxes = [(0, 0, 100, 20), (110, 2, 200, 22), (0, 40, 100, 60), (500, 40, 600, 60)]
    assert lines_of(boxes) == [[0, 1], [2], [3]]
    assert lines_of([]) == []


def test_lines_are_set_flush_with_the_title_and_keep_what_stands_beside():
    texts = moved(TITLE, POINT, BESIDE, PRICE, alignment=1.0)["texts set flush left"]
    assert [text.box[0] for text in texts] == pytest.approx([0.1, 0.1, 0.3, 0.1])
    assert [text.box[1] for text in texts] == pytest.approx([0.1, 0.25, 0.25, 0.31])
    assert [text.text for text in texts] == ["Vase", "Made by hand", "Dishwasher safe", "$12"]
    centred = moved(TITLE, POINT, BESIDE, PRICE, alignment=1.0)["texts set on one middle axis"]
    assert (centred[1].box[0] + centred[2].box[2]) / 2 == pytest.approx(0.3)
    assert (centred[3].box[0] + centred[3].box[2]) / 2 == pytest.approx(0.3)


def test_copy_that_runs_from_the_right_is_set_flush_there():
    ((words, texts), *_) = proposals(
        [TITLE, POINT, PRICE], CANVAS, SUBJECT, {**NOTHING, "alignment": 1.0}, 2, is_rtl=True
    )
    assert words == "texts set flush right"
    assert [text.box[2] for text in texts] == pytest.approx([0.5, 0.5, 0.5])


def test_crowded_lines_are_set_apart_from_the_top_down():
    texts = moved(TITLE, POINT, PRICE, crowding=1.0)["texts set flush left, and apart"]
    gaps = [texts[1].box[1] - texts[0].box[3], texts[2].box[1] - texts[1].box[3]]
    assert gaps == pytest.approx([0.05, 0.45 * 0.05])


def test_texts_are_gathered_in_the_largest_free_room():
    ways = moved(TITLE, POINT, BESIDE, PRICE)
    assert list(ways) == ["texts left of the product", "texts above the product"]
    texts = ways["texts left of the product"]
    assert max(text.box[2] for text in texts) < 0.6
    assert texts[0].box[3] < texts[1].box[1] == texts[2].box[1]


def test_a_title_that_is_too_small_is_made_larger_where_it_stands():
    (title, point) = moved(TITLE, POINT, hierarchy=1.0)["a larger title"]
    assert title.box == pytest.approx((0.05, 0.0875, 0.55, 0.2125))
    assert point == POINT


def test_without_a_subject_there_is_no_room_to_flee_to():
    assert moved(TITLE, POINT, subject=np.zeros((8, 10), np.float32)) == {}


sides = st.floats(0, 0.9)
boxes = st.builds(lambda x, y, w, h: (x, y, x + w, y + h), sides, sides, st.floats(0.01, 0.5), st.floats(0.01, 0.3))
texts = st.lists(
    st.builds(Suggestion, st.sampled_from([Role.TITLE, Role.SELLING_POINT, Role.PRICE]), boxes), max_size=6
)
terms = st.fixed_dictionaries({name: st.sampled_from([0.0, 0.4, 2.0]) for name in NOTHING})


@given(texts, terms, st.integers(1, 6))
def test_moves_keep_all_texts_their_order_and_the_sizes_that_they_do_not_change(suggestions, of, most):
    ways = proposals(suggestions, CANVAS, SUBJECT, of, most)
    assert len(ways) <= most
    for words, after in ways:
        assert [(s.role, s.text) for s in after] == [(s.role, s.text) for s in suggestions]
        assert np.isfinite([s.box for s in after]).all()
        if "flush" in words or "axis" in words:
            sizes = [[(s.box[2] - s.box[0], s.box[3] - s.box[1]) for s in all_of] for all_of in (after, suggestions)]
            np.testing.assert_allclose(*sizes, atol=1e-9)
