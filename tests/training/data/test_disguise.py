"""Other letters in the same places."""

import numpy as np

from layoutgen.core.layout import Copy, Role, Suggestion
from layoutgen.core.prompts.layouts import parse_layout, write_layout
from layoutgen.training.data.disguise import HAN, disguised

COPY = Copy("手冲咖啡壶 Kettle 9", ("满199减50", "Buy now", "满199减50"), "山野", None, "zh")
BOX = (0.1, 0.1, 0.4, 0.2)
TARGET = (
    Suggestion(Role.TITLE, BOX, COPY.title),
    *(Suggestion(Role.SELLING_POINT, BOX, point) for point in COPY.selling_points),
    Suggestion(Role.LOGO, BOX, "山野"),
    Suggestion(Role.UNDERLAY, BOX),
)


def test_letters_keep_their_kind_and_the_layout_its_texts() -> None:
    copy, target = disguised(COPY, TARGET, np.random.default_rng(0))
    assert copy.title != COPY.title
    assert copy.selling_points[0] == copy.selling_points[2]
    for was, now in zip(TARGET, target, strict=True):
        assert (was.role, was.box, len(was.text)) == (now.role, now.box, len(now.text))
        for a, b in zip(was.text, now.text, strict=True):
            assert (a in HAN, a.isdigit(), a.isupper(), a.islower()) == (
                b in HAN,
                b.isdigit(),
                b.isupper(),
                b.islower(),
            )
            assert b == a or a.isalnum()
    assert parse_layout(write_layout(target, copy), copy)


def test_the_same_lots_give_the_same_letters() -> None:
    told = [disguised(COPY, TARGET, np.random.default_rng(seed))[0] for seed in (1, 1, 2)]
    assert told[0] == told[1] != told[2]
