import numpy as np

from layoutgen.core.covers.windows import Windows, gradients


def test_sums_are_those_of_slices():
    rng = np.random.default_rng(0)
    maps = rng.random((40, 30, 3))
    left, right = np.array([0, 3, 10]), np.array([30, 4, 25])
    top, bottom = np.array([0, 7, 39]), np.array([40, 20, 40])
    found = Windows(maps).sums(left, top, right, bottom)
    for i in range(3):
        wanted = maps[top[i] : bottom[i], left[i] : right[i]].sum((0, 1))
        np.testing.assert_allclose([sums[i] for sums in found], wanted, rtol=1e-4, atol=1e-2)


def test_boxes_are_clipped_to_the_maps():
    (found,) = Windows(np.ones((4, 6, 1))).sums(np.array([-3]), np.array([-1]), np.array([99]), np.array([2]))
    assert found[0] == 12


def test_the_first_maps_alone_can_be_asked_for():
    assert len(Windows(np.ones((4, 4, 5))).sums(*(np.array([v]) for v in (0, 0, 2, 2)), count=2)) == 2


def test_a_flat_picture_has_no_gradient_and_a_step_has():
    step = np.zeros((8, 8))
    step[:, 4:] = 1.0
    assert gradients(np.full((8, 8), 0.4)).max() == 0
    assert gradients(step)[:, 3].max() == 0.5
