"""Designers' decisions as they are stored: read, found by their layout, and those that no table explains."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence

from layoutgen.core import feedback, preferences
from layoutgen.core.feedback import Feedback
from layoutgen.core.json_lines import LineError
from layoutgen.core.preferences import Preference
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables
from layoutgen.training.examples.examples import Drop

Key = tuple[str, str]
"""The row_id and run_id of a layout."""


def read_feedback(storage: Storage, uri: str | None) -> tuple[list[Feedback], list[LineError]]:
    """The decisions in a file of JSON lines or Parquet, and an error for each that can't be read. Raises TableError."""
    if uri is None:
        return [], []
    if not uri.endswith(".parquet"):
        return feedback.read(storage.read(uri).decode("utf-8", "replace"))
    decisions, errors = [], []
    for place, row in enumerate(layout_tables.records(storage, uri), 1):
        try:
            decisions.append(feedback.check(row, place))
        except LineError as error:
            errors.append(error)
    return decisions, errors


def read_choices(storage: Storage, uri: str | None) -> tuple[list[Preference], list[LineError]]:
    """The choices in a file of JSON lines, and an error for each that can't be read."""
    return ([], []) if uri is None else preferences.read(storage.read(uri).decode("utf-8", "replace"))


def by_layout(decisions: Iterable[Feedback]) -> dict[Key, list[Feedback]]:
    """Decisions by the row_id and run_id of the layout that they are about."""
    grouped: dict[Key, list[Feedback]] = defaultdict(list)
    for decision in decisions:
        grouped[decision.row_id, decision.run_id].append(decision)
    return dict(grouped)


def unknown(decisions: Iterable[Feedback], decided: set[Key]) -> Iterator[Drop]:
    """A drop for each decision about a layout that no table has."""
    for decision in decisions:
        if (decision.row_id, decision.run_id) not in decided:
            message = (
                f"no layout has row_id {decision.row_id!r} and run_id {decision.run_id!r}; give the table that the "
                "decision was made on"
            )
            yield Drop("unknown_row", "feedback", decision.row_id, message)


def unmatched(choices: Mapping[Key, Sequence[Preference]], decided: set[Key]) -> Iterator[Drop]:
    """A drop for each choice, by its layouts, of which no table has either layout."""
    for choice in {choice.pair: choice for of_layout in choices.values() for choice in of_layout}.values():
        if not {choice.chosen.key, choice.rejected.key} & decided:
            message = (
                f"neither {choice.chosen.key} nor {choice.rejected.key} is a layout here; give the table of one of them"
            )
            yield Drop("unknown_row", "preference", choice.row_id, message)
