"""The filter of selective runs: it selects what it says, and what can't be read is an error that names the place."""

from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from layoutgen.core.errors import Refusal
from layoutgen.core.manifest.selection import chosen

ROWS = pa.table(
    {
        "row_id": ["a", "b", "c", "d"],
        "category": ["Dress", "Dress", "Shoe", None],
        "canvas": ["1x1", "3x4", "1x1", "1x1"],
        "stock": [1, 5, 7, None],
        "on sale": [True, False, True, None],
    }
)


def _canvas_of(name: str) -> str:
    return {"1:1": "1x1"}.get(name, name)


@pytest.mark.parametrize(
    ("text", "selected"),
    [
        ('category = "Dress" and canvas = "1:1"', "a"),
        ("category = 'Shoe' or stock <= 1", "ac"),
        ("not category = 'Dress'", "c"),
        ("category is null", "d"),
        ("category is not null and not (stock > 1 and canvas in ('1x1'))", "ab"),
        ('category in ("Shoe", "Hat") or `on sale` = true', "ac"),
        ("stock != 5 AND stock >= 1.5", "c"),
        ("`on sale` = false or stock < -1", "b"),
        ("category = '\" or \"'", ""),
    ],
)
def test_it_selects_what_it_says(text: str, selected: str) -> None:
    assert "".join(chosen(ROWS, text, _canvas_of).column("row_id").to_pylist()) == selected


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "at character 1, '', give a column"),
        ("category", "at character 9, '', give =, !="),
        ("category = Dress", "at character 12, 'Dress', give a value, a text in quotes"),
        ("category = 'Dress", 'at character 11, " \'Dress", give a column, a value or an operator'),
        ("(stock = 1", r"at character 11, '', give '\)'"),
        ("stock = 1 stock = 2", "at character 11, 'stock = 2', give and, or, or the end"),
        ("__import__('os')", "give =, !="),
        ("colour = 'red'", "colour.*they have row_id, category"),
        ("stock = 'many'", "can't be asked of the rows"),
    ],
)
def test_what_can_not_be_read_is_an_error_that_names_the_place(text: str, said: str) -> None:
    with pytest.raises(Refusal, match=said):
        chosen(ROWS, text, _canvas_of)


@given(st.text(alphabet="ab =<>!()'\"`,.-19andornotisnullin", max_size=30))
def test_any_text_is_a_filter_or_an_error_of_ours(text: str) -> None:
    try:
        rows: Any = chosen(ROWS, text, _canvas_of)
    except Refusal:
        return
    assert rows.num_rows <= 4
