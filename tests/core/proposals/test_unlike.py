from dataclasses import replace

import pytest

from layoutgen.core.layout import Framing, Role, Suggestion
from layoutgen.core.proposals.unlike import ALIKE, distance

TITLE = Suggestion(Role.TITLE, (0.1, 0.1, 0.5, 0.2), "Vase")
PRICE = Suggestion(Role.PRICE, (0.1, 0.3, 0.3, 0.4), "$9")
BLEED = Framing(ground="bleed")


def test_a_layout_is_like_itself_and_wholly_unlike_another_copy_on_another_ground() -> None:
    assert distance((BLEED, [TITLE, PRICE]), (BLEED, [PRICE, TITLE])) == 0
    assert distance((BLEED, [TITLE]), (replace(BLEED, ground="card"), [PRICE])) == 1
    assert distance((BLEED, []), (BLEED, [])) == 0


def test_texts_that_moved_by_a_tenth_and_photos_that_moved_count() -> None:
    moved = replace(TITLE, box=(0.1, 0.2, 0.5, 0.3))
    assert distance((BLEED, [TITLE]), (BLEED, [moved])) == pytest.approx(0.1)
    panel = replace(BLEED, picture=(0.5, 0.0, 1.0, 1.0))
    assert distance((BLEED, [TITLE]), (panel, [TITLE])) == pytest.approx(0.25)
    nudged = replace(TITLE, box=(0.11, 0.1, 0.51, 0.2))
    assert distance((BLEED, [TITLE]), (BLEED, [nudged])) < ALIKE
