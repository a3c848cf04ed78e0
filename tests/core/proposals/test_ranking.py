"""Each thing that makes a layout worse lowers its score, and nothing else does."""

import pytest

from layoutgen.core.layout import Canvas, Role, Suggestion
from layoutgen.core.proposals.ranking import layout_score

CANVAS = Canvas(1000, 1000)
TITLE = Suggestion(Role.TITLE, (0.1, 0.1, 0.9, 0.2), "Kettle")
POINT = Suggestion(Role.SELLING_POINT, (0.1, 0.25, 0.9, 0.3), "1.5 l")
PANEL = Suggestion(Role.UNDERLAY, (0.08, 0.08, 0.92, 0.32))


def test_a_layout_with_nothing_wrong_has_the_highest_score_whatever_the_order() -> None:
    assert layout_score([TITLE, POINT, PANEL], CANVAS, (0.2, 0.5, 0.8, 0.9)) == 1.0
    assert layout_score([PANEL, POINT, TITLE], CANVAS, (0.2, 0.5, 0.8, 0.9)) == 1.0
    assert layout_score([], CANVAS) == 0.0


@pytest.mark.parametrize(
    "worse",
    [
        [TITLE, Suggestion(Role.SELLING_POINT, (0.1, 0.15, 0.9, 0.25), "1.5 l")],
        [TITLE, Suggestion(Role.SELLING_POINT, (0.1, 0.6, 0.9, 0.7), "1.5 l")],
        [TITLE, Suggestion(Role.SELLING_POINT, (0.1, 0.95, 0.9, 0.99), "1.5 l")],
        [TITLE, Suggestion(Role.SELLING_POINT, (0.1, 0.25, 0.11, 0.26), "a long line of text")],
        [TITLE, Suggestion(Role.SELLING_POINT, (0.2, 0.25, 0.6, 0.3), "1.5 l")],
        [TITLE, POINT, Suggestion(Role.UNDERLAY, (0.1, 0.92, 0.9, 0.97))],
    ],
    ids=["overlap", "on the subject", "at the edge", "cramped", "not aligned", "empty underlay"],
)
def test_a_fault_lowers_the_score(worse: list[Suggestion]) -> None:
    assert layout_score(worse, CANVAS, (0.2, 0.5, 0.8, 0.9)) < 1.0
