"""Blocks of copy fit the measure they are given, by sizes that follow the title's."""

import numpy as np
import pytest

from layoutgen.core.layout import Role, intersection
from layoutgen.training.corpus.blocks import FOOT, HEAD, SMALLEST, Style, set_block, set_piece
from layoutgen.training.corpus.copywriting import KINDS, write


def test_a_text_takes_the_fewest_lines_that_fit_and_breaks_at_its_seams():
    wide, narrow = set_piece(Role.TITLE, "法式|连衣裙", 40, 400), set_piece(Role.TITLE, "法式|连衣裙", 40, 130)
    assert wide is not None
    assert narrow is not None
    assert wide.lines == ("法式连衣裙",)
    assert narrow.lines == ("法式", "连衣裙")
    assert narrow.text == "法式连衣裙"
    assert set_piece(Role.TITLE, "法式|连衣裙", 40, 100) is None, "it is broken nowhere else"
    assert set_piece(Role.PRICE, "From $1299", 40, 120, most=1) is None


@pytest.mark.parametrize("style", [Style(), Style(pills=True, badge=True, bold=False)])
def test_blocks_are_no_wider_than_their_measure_and_nothing_in_them_overlaps(style):
    set_blocks = 0
    for seed, kind in enumerate(KINDS):
        words = write(kind, np.random.default_rng(seed))
        for width, title in ((150, 24), (300, 40), (420, 60)):
            block = set_block(words, (*HEAD, *FOOT), title, width, 400, style, 2.5)
            if block is None:
                continue
            set_blocks += 1
            placed = block.placed(10, 20, "center")
            boxes = [box for _, box in placed]
            assert max(box[2] for box in boxes) <= 10 + width + 1
            assert max(box[3] for box in boxes) <= 20 + block.height + 1
            for i, box in enumerate(boxes):
                assert not any(intersection(box, other) > 0 for other in boxes[:i])
            sizes = {piece.role: piece.px for piece, _ in placed}
            assert all(px <= sizes[Role.TITLE] for px in sizes.values())
            assert min(px for px in sizes.values() if px) >= SMALLEST * 400 * 0.85
    assert set_blocks > 30
