"""The page of two tables' finished pictures side by side; the text is in `templates/beside.html`."""

from collections.abc import Sequence
from typing import NamedTuple

from layoutgen.pages.rendering import render


class Pair(NamedTuple):
    """A row that both tables have: its finished picture in each, and what the first table's row says of itself."""

    row_id: str
    files: tuple[str, str]
    notes: tuple[str, ...]


def page(first: str, second: str, pairs: Sequence[Pair]) -> str:
    """Render the page; `first` and `second` are the tables' names."""
    return render("beside.html", first=first, second=second, pairs=pairs)
