import numpy as np

from layoutgen.core.covers.costs import BROKEN, Blocked, Ground, Places, Standing, cost
from layoutgen.core.covers.text import CoverCopy, title_blocks
from tests.core.covers.drawn import CANVAS, STYLE, face_for, scene

BLOCKS = [
    block
    for block in title_blocks(CoverCopy("三分钟学会穿搭"), 984, 1344, face_for, STYLE)
    if (block.font_px, block.lines) in ((140, 1), (60, 1), (66, 1), (57, 1))
][:2]


def costs(left, top, ground=None, **standing):
    shape = (len(BLOCKS), 1, 1)
    places = Places(BLOCKS, np.full(shape, float(left)), np.full(shape, float(top)))
    ground = ground or scene()
    measured = Ground.of(ground.protection, ground.pixels, 4.5)
    return cost(places, measured, CANVAS, STYLE, Standing(**standing))


def test_larger_text_costs_less_where_nothing_is_in_the_way():
    found = costs(48, 200).total.ravel()
    assert BLOCKS[0].font_px > BLOCKS[1].font_px and found[0] < found[1]


def test_what_lies_on_the_subject_costs_by_how_much_it_covers():
    ground = scene((0.0, 0.0, 1.0, 0.5))
    on, half, off = (costs(48, top, ground).soft["occlusion"].ravel()[0] for top in (300, 640, 1000))
    assert on == 1 and 0 < half < 1 and off == 0


def test_a_touched_box_is_a_penalty_that_grows_with_what_is_touched():
    blocked = [Blocked((0.0, 0.0, 1080.0, 300.0), "touches_face")]
    much, little, none = (costs(48, top, blocked=blocked).hard["touches_face"].ravel()[0] for top in (100, 280, 400))
    assert much > little >= BROKEN > none == 0


def test_a_block_across_the_edge_of_a_photo_costs_a_seam_and_one_beside_it_does_not():
    photo = (0.0, 500.0, 1080.0, 1440.0)
    across, near, beside, inside = (
        costs(48, top, picture=photo).soft["seam"].ravel()[0] for top in (450, 310, 150, 700)
    )
    assert (across, near, beside, inside) == (1, 1, 0, 0)


def test_beside_a_photo_the_middle_of_the_free_ground_is_best():
    photo = (0.0, 700.0, 1080.0, 1440.0)
    middle, edge = (costs(48, top, picture=photo).soft["middle"].ravel()[0] for top in (260, 60))
    assert middle < edge


def test_a_place_on_a_shared_axis_costs_less():
    assert costs(48, 200).soft["axis"].ravel()[1] == 0
    assert costs(120, 200).soft["axis"].ravel()[1] > 0.3
    assert costs(120, 200, axes=([120.0], [])).soft["axis"].ravel()[1] == 0


def test_the_covered_share_counts_what_stands_already():
    ground = scene((0.0, 0.0, 1.0, 1.0))
    assert costs(48, 200, ground).hard["covers_subject"].ravel()[1] == 0
    assert costs(48, 200, ground, covered=0.049).hard["covers_subject"].ravel()[1] >= BROKEN
