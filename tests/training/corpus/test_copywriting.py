"""What drawn posters say can be set, and says what its parts are for."""

import numpy as np

from layoutgen.core.reading.text_roles import language
from layoutgen.imaging import fonts
from layoutgen.training.corpus.copywriting import KINDS, SEAM, plain, write


def test_every_kind_of_goods_has_copy_that_the_fonts_can_set():
    face = fonts.faces("", fonts.BOLD)[0]
    for kind in KINDS:
        for seed in range(40):
            words = write(kind, np.random.default_rng(seed))
            said = [words.title, words.subtitle, *words.points, words.price, words.call, words.tag, words.brand]
            assert all(face.covers(letter) for text in said for letter in plain(text)), said
            assert plain(words.title).strip()
            assert SEAM not in "".join([*words.points, words.price, words.call, words.tag, words.brand])


def test_a_poster_speaks_one_language_and_says_nothing_twice():
    for seed in range(300):
        words = write("mug", np.random.default_rng(seed))
        assert language(plain(words.title)) == words.language
        said = [plain(words.title), plain(words.subtitle), *words.points, words.price, words.call, words.tag]
        kept = [text for text in said if text]
        assert len(set(kept)) == len(kept), kept


def test_the_same_lots_give_the_same_words():
    assert write("sofa", np.random.default_rng(5)) == write("sofa", np.random.default_rng(5))
