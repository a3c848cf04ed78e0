"""Drawn posters keep the rules that they are there to teach."""

import numpy as np
import pytest

from layoutgen.core import colour
from layoutgen.core.framing import on_canvas
from layoutgen.core.layout import LEARNT_ROLES, Role, inside, intersection, to_px
from layoutgen.core.prompts.layouts import parse_layout, write_layout
from layoutgen.core.text.typography import set_lines
from layoutgen.imaging import fonts
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from tests.drawn import photo

pytestmark = pytest.mark.slow

COUNT = 60


@pytest.fixture(scope="module")
def corpus():
    return Corpus(CorpusSpec(seed=3, side=336, grounds=24))


@pytest.fixture(scope="module")
def posters(corpus):
    return [corpus.poster(k) for k in range(COUNT)]


def texts(poster):
    return [one for one in poster.elements if one.role is not Role.UNDERLAY]


def test_a_poster_is_the_same_whatever_was_made_before(posters):
    again = Corpus(CorpusSpec(seed=3, side=336, grounds=24))
    for k in (17, 4):
        assert again.poster(k).elements == posters[k].elements
        assert np.array_equal(again.poster(k).picture(), posters[k].picture())
    other = Corpus(CorpusSpec(seed=4, side=336, grounds=24))
    assert other.sha != again.sha
    assert other.poster(4).elements != posters[4].elements


def test_every_role_canvas_and_language_is_used(posters):
    roles = {element.role for poster in posters for element in poster.elements}
    assert roles == set(LEARNT_ROLES)
    assert {poster.canvas.name for poster in posters} == {
        "1080x1080", "1080x1440", "1920x1080", "1080x1920", "1080x1350"
    }  # fmt: skip
    assert {poster.copy.language for poster in posters} == {"zh", "en"}
    assert len({poster.family for poster in posters}) >= 4


def test_every_layout_is_an_answer_to_its_copy(posters):
    for poster in posters:
        assert len(parse_layout(write_layout(poster.suggestions, poster.copy), poster.copy)) == len(poster.elements)


def test_texts_keep_off_the_product_and_off_each_other_inside_the_canvas(posters):
    for poster in posters:
        size = (poster.drawn.width, poster.drawn.height)
        for i, one in enumerate(texts(poster)):
            assert inside(one.box, (0.02, 0.02, 0.98, 0.98)), (poster.key, one)
            assert not any(intersection(one.box, other.box) > 1e-9 for other in texts(poster)[:i]), poster.key
        for one in poster.elements:
            if one.underlay is not None:
                assert inside(one.box, poster.elements[one.underlay].box, 1e-3), poster.key
        assert all(side >= 1 for side in size)


def test_texts_fit_their_boxes_in_the_font_that_is_named_and_none_is_tofu(posters):
    for poster in posters:
        for one in texts(poster):
            if not one.lines:
                continue
            face = fonts.typeface(one.font)
            left, top, right, bottom = to_px(one.box, poster.drawn.width, poster.drawn.height)
            made = set_lines(one.lines, face, one.font_px, one.line_height_px / one.font_px)
            assert made.width_px <= right - left + 1e-6, (poster.key, one)
            assert one.line_height_px * len(one.lines) <= bottom - top + 1e-6, (poster.key, one)
            assert all(face.covers(letter) for letter in one.text), (poster.key, one.text)
            assert "".join("".join(one.lines).split()) == "".join(one.text.split())


def test_every_text_can_be_read_on_what_is_behind_it(posters):
    for poster in posters:
        bare = poster.clean(poster.drawn.width, poster.drawn.height)
        for one in texts(poster):
            if not one.lines or one.underlay is not None:
                continue
            left, top, right, bottom = (round(v) for v in to_px(one.box, poster.drawn.width, poster.drawn.height))
            behind = bare[top:bottom, left:right].reshape(-1, 3)
            assert colour.contrast_on(one.colour, behind) >= 4.3, (poster.key, one)


def test_the_clean_photo_and_the_poster_differ_where_the_annotation_says(posters):
    for poster in posters[:20]:
        width, height = poster.drawn.width, poster.drawn.height
        changed = np.abs(poster.picture().astype(int) - poster.clean(width, height)).max(2) > 24
        marked = np.zeros((height, width), bool)
        covers = [one.box for one in poster.elements if not one.lines]
        for line in poster.annotation().lines:
            left, top, right, bottom = (round(v) for v in to_px(line.box, width, height))
            patch = changed[top:bottom, left:right]
            assert patch.any(), (poster.key, line)
            covers.append(line.box)
        for box in covers:
            left, top, right, bottom = (round(v) for v in to_px(box, width, height))
            marked[max(0, top - 1) : bottom + 1, max(0, left - 1) : right + 1] = True
        assert not (changed & ~marked).any(), poster.key


def test_layouts_follow_from_where_the_product_is(posters):
    aside = []
    for poster in posters:
        if poster.family != "side":
            continue
        left, _, right, _ = on_canvas(poster.subject, poster.framing)
        title = next(one.box for one in poster.elements if one.role is Role.TITLE)
        assert title[2] <= left + 0.02 or title[0] >= right - 0.02, poster.key
        if abs(left - (1 - right)) > 0.05:
            aside.append((title[0] < left) == (left > 1 - right))
    assert len(aside) >= 5
    assert np.mean(aside) > 0.9, "text beside a product stands where there is more room"


def test_in_the_other_style_all_text_stands_on_the_left_third():
    corpus = Corpus(CorpusSpec(seed=1, side=336, style="left_third", grounds=8))
    for k in range(12):
        assert max(one.box[2] for one in corpus.poster(k).elements) < 0.4
    with pytest.raises(ValueError, match="give designer or left_third"):
        Corpus(CorpusSpec(style="right"))


def test_a_folder_of_photos_is_used(tmp_path):
    with pytest.raises(ValueError, match="holds no image that can be read"):
        Corpus(CorpusSpec(folder=str(tmp_path)))
    for k in range(3):
        photo(seed=k).save(tmp_path / f"{k}.jpg")
    corpus = Corpus(CorpusSpec(side=224, folder=str(tmp_path), photo_share=1.0, grounds=4))
    assert all(corpus.poster(k).printed for k in range(4))
