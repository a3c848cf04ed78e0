import json

import pytest

from layoutgen.core import preferences
from layoutgen.core.json_lines import LineError

TITLE = {"role": "title", "text": "Vase", "box": [0, 0, 1, 0.5]}


def side(run="run-1", row="p1@800x800", **more):
    return {"row_id": row, "run_id": run, "elements": [TITLE], **more}


def line(**changes):
    return {"row_id": "p1@800x800", "product_id": "p1", "size": [800, 800], "chosen": side(),
            "rejected": side("run-2", name="new", composer="net-1"), "annotator": "Mei", "time": "2026-11-30T09:00:00Z",
            **changes}  # fmt: skip


def test_a_choice_and_a_tie_are_read():
    tie = line(tie=[side(), side("run-2")], chosen=None, rejected=None)
    choices, errors = preferences.read("\n".join(map(json.dumps, [line(), tie])) + "\n\n")
    assert errors == []
    first, second = choices
    assert (first.chosen.run_id, first.rejected.name, first.rejected.composer, first.is_tie) == (
        "run-1",
        "new",
        "net-1",
        False,
    )
    assert first.chosen.elements[0].text == "Vase" and first.chosen.name == "run-1"
    assert second.is_tie and first.pair == second.pair


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotator": " "}, "annotator is ' '; give a string that is not empty"),
        ({"time": "yesterday"}, "time is 'yesterday'; give ISO 8601"),
        ({"chosen": None}, "chosen is 'None'; give the layout that was compared"),
        ({"rejected": side()}, "both sides are 'p1@800x800' of 'run-1'; compare two"),
        ({"tie": [side(), side("r")]}, "tie has the two sides, and then there is no chosen"),
        ({"chosen": side(elements=[{"role": "title", "box": [0, 0, 2, 1]}])}, "give left < right and top < bottom"),
        ({"chosen": side(crop=[0, 0, "a", 1])}, "chosen: the box .* give left, top, right, bottom"),
        ({"chosen": side(run="")}, "chosen.run_id is ''; give the table's"),
    ],
)
def test_what_cannot_be_used_is_told_with_its_line(changes, message):
    choices, (error,) = preferences.read("\n" + json.dumps(line(**changes)))
    assert choices == [] and error.line == 2
    with pytest.raises(LineError, match=message):
        raise error
