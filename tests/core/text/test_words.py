from layoutgen.core.text.words import WORDS, inside_words


def test_breaks_inside_words_are_found():
    assert inside_words("三分钟学会通勤穿搭") == {1, 2, 4, 6, 8}
    assert inside_words("Seven ways") == set()
    assert inside_words("") == set()


def test_the_longest_word_counts():
    assert {"三分钟", "分钟"} <= WORDS
    assert inside_words("三分钟") == {1, 2}
