from layoutgen.core.covers.text import CoverCopy, ladder, sticker_blocks, subtitle_blocks, title_blocks
from layoutgen.core.layout import Role
from tests.core.covers.drawn import STYLE, face_for


def test_the_ladder_goes_from_the_largest_to_the_smallest():
    sizes = ladder(140, 24)
    assert sizes[0] == 140 and sizes[-1] == 24
    assert sizes == sorted(set(sizes), reverse=True)


def test_blocks_fit_the_room_in_every_size_and_line_count():
    blocks = title_blocks(CoverCopy("三分钟学会秋冬通勤穿搭"), 984, 1344, face_for, STYLE)
    assert {block.lines for block in blocks} == {1, 2, 3, 4}
    assert all(block.width <= 984 and block.height <= 1344 for block in blocks)
    assert min(block.font_px for block in blocks) == STYLE.smallest_px


def test_a_block_is_never_narrower_than_what_is_set():
    for block in title_blocks(CoverCopy("Seven ways to wear it", "Autumn 2026"), 984, 1344, face_for, STYLE):
        assert all(part.set().width_px <= block.width for part in block.parts)
        last = block.parts[-1]
        assert last.top + last.set().height_px <= block.height + 1


def test_a_subtitle_stands_below_its_title_and_is_smaller():
    for block in title_blocks(CoverCopy("通勤穿搭", "一件外套的七种穿法"), 984, 1344, face_for, STYLE):
        title, subtitle = block.parts
        assert (title.role, subtitle.role) == (Role.TITLE, Role.SUBTITLE)
        assert subtitle.font_px <= title.font_px
        assert subtitle.top >= title.set().height_px


def test_a_title_too_long_for_the_smallest_size_is_set_smaller_still():
    blocks = title_blocks(CoverCopy("字" * 400), 500, 300, face_for, STYLE)
    assert blocks and all(block.font_px < STYLE.smallest_px for block in blocks)


def test_a_title_that_fits_nowhere_has_no_blocks():
    assert title_blocks(CoverCopy("W" * 400), 300, 300, face_for, STYLE) == []


def test_stickers_have_one_line_and_a_ground_of_their_own():
    blocks = sticker_blocks("限时新品", 100, 984, 1344, face_for, STYLE)
    assert all(block.lines == 1 and block.pad[0] > 0 for block in blocks)
    assert max(block.font_px for block in blocks) == 42


def test_a_subtitle_alone_goes_with_the_titles_size():
    assert max(block.font_px for block in subtitle_blocks("一句话", 100, 984, 1344, face_for, STYLE)) == 50
