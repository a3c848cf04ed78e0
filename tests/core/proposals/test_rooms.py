import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.layout import area, inside
from layoutgen.core.proposals.rooms import free_rooms
from layoutgen.core.summed_area import summed

SAFE = (0.05, 0.05, 0.95, 0.95)
boxes = st.tuples(st.integers(0, 60), st.integers(0, 60), st.integers(4, 40), st.integers(4, 40))


def taken_by(boxes):
    taken = np.zeros((80, 64), np.float32)
    for left, top, width, height in boxes:
        taken[top : top + height, left : left + width] = 1
    return taken


@given(st.lists(boxes, max_size=4))
def test_rooms_are_free_and_inside_and_wide_enough(given_boxes):
    taken = taken_by(given_boxes)
    for left, top, right, bottom in free_rooms(summed(taken), SAFE, (0.2, 0.1), 6):
        assert inside((left, top, right, bottom), SAFE, 1e-9)
        assert right - left >= 0.2 and bottom - top >= 0.1
        inner = taken[
            int(top * 80 + 1e-6) : int(np.ceil(bottom * 80 - 1e-6)),
            int(left * 64 + 1e-6) : int(np.ceil(right * 64 - 1e-6)),
        ]
        assert inner.sum() == 0


def test_an_empty_map_is_one_room_and_a_full_one_none():
    assert free_rooms(summed(taken_by([])), SAFE, (0.1, 0.1), 6) == [SAFE]
    assert free_rooms(summed(np.ones((80, 64), np.float32)), SAFE, (0.1, 0.1), 6) == []


def test_the_largest_room_comes_first_and_reaches_to_what_is_taken():
    rooms = free_rooms(summed(taken_by([(0, 48, 64, 32)])), SAFE, (0.2, 0.1), 6)
    assert 0.5 < rooms[0][3] <= 0.6 and area(rooms[0]) > 0.9 * 0.9 * 0.55
    assert [area(room) for room in rooms] == sorted(map(area, rooms), reverse=True)
