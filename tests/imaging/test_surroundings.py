import numpy as np

from layoutgen.imaging import surroundings

FOCUS = (0.3, 0.3, 0.7, 0.7)


def ground(grain=4.0, size=(160, 120)):
    noise = np.random.default_rng(0).normal(0, grain, (*size, 3))
    return np.clip(180 + noise, 0, 255).astype(np.uint8)


def test_plain_ground_is_cheap_and_coarse_ground_dear():
    plain, woven, coarse = (max(surroundings.costs(ground(grain), FOCUS)) for grain in (2.0, 15.0, 60.0))
    assert plain < 0.15 < woven < 0.88 < coarse


def test_light_that_falls_away_evenly_costs_next_to_nothing():
    across = np.linspace(-1, 1, 120)
    photo = (ground() - (30 * across**2 + 10 * across)[None, :, None]).astype(np.uint8)
    assert max(surroundings.costs(photo, FOCUS)) < 0.4


def test_an_edge_where_something_else_begins_is_dear_and_the_others_are_not():
    photo = ground()
    photo[90:, :12] = (40, 25, 15)  # a cupboard beside the wall
    left, top, right, _ = surroundings.costs(photo, FOCUS)
    assert left > 1 and max(top, right) < 0.3


def test_a_thing_that_lies_at_an_edge_is_dear():
    photo = ground()
    photo[4:22, 50:66] = 10
    left, top, right, _ = surroundings.costs(photo, FOCUS)
    assert top > 0.88 and max(left, right) < 0.3


def test_what_the_subject_touches_can_not_be_carried_on():
    left, top, right, bottom = surroundings.costs(ground(), (0.0, 0.3, 0.995, 0.7))
    assert left == right == float("inf") and max(top, bottom) < 0.3
    assert surroundings.costs(ground(), (0.0, 0.0, 1.0, 1.0)) == (float("inf"),) * 4


def test_a_floor_that_runs_on_is_cheap_and_one_that_does_not_is_dear():
    level, slanted = ground(), ground()
    level[110:] = (90, 60, 40)
    slanted[np.arange(160)[:, None] > 110 + 3 * np.arange(120)[None] - 60] = (90, 60, 40)
    assert surroundings.costs(level, FOCUS)[2] < 0.3
    assert surroundings.costs(slanted, FOCUS)[0] > 0.84
