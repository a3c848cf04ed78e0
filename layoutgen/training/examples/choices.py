"""Designers' choices between two layouts of a row, as examples: the better one is learnt, and the other is what it is
held against by `train.method = "dpo"`.

Pure, as `examples` is. Both layouts must lie on the same picture, framed alike: what a language model is shown is the
picture as it is framed, and an answer to another one is no worse answer to it.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.feedback import name_key
from layoutgen.core.layout import Suggestion
from layoutgen.core.preferences import Preference, Side
from layoutgen.training.examples.examples import Drop, Example, example_of, tried
from layoutgen.training.examples.row_elements import UnfitError, box_of

_SAME = 1e-3  # of normalised sides

Key = tuple[str, str]
"""A layout's row_id and run_id."""


def latest(choices: Iterable[Preference]) -> tuple[dict[Key, list[Preference]], list[Drop]]:
    """Choices that count by the layouts that they are about, and those that don't: ties, earlier words of the same
    person on the same pair, and pairs of which people say the contrary."""
    words: dict[tuple[Any, str], Preference] = {}
    drops = []
    for choice in sorted(choices, key=lambda choice: choice.time):
        word = (choice.pair, name_key(choice.annotator))
        if word in words:
            drops.append(Drop("changed", "preference", choice.row_id, f"{choice.annotator} chose again later"))
        words[word] = choice
    by_pair: dict[Any, list[Preference]] = defaultdict(list)
    for (pair, _), choice in words.items():
        if choice.is_tie:
            drops.append(Drop("tie", "preference", choice.row_id, f"{choice.annotator} prefers neither layout"))
        else:
            by_pair[pair].append(choice)
    by_layout: dict[Key, list[Preference]] = defaultdict(list)
    for of_pair in by_pair.values():
        first = of_pair[0]
        if len({choice.chosen.key for choice in of_pair}) > 1:
            who = ", ".join(sorted({choice.annotator for choice in of_pair}))
            drops += [Drop("contradicted", "preference", first.row_id, f"{who} prefer different layouts")] * len(
                of_pair
            )
            continue
        for layout in {first.chosen.key, first.rejected.key}:
            by_layout[layout].append(first)
    return dict(by_layout), drops


def from_choices(
    rows: Iterable[Mapping[str, Any]], choices: Mapping[Key, Sequence[Preference]]
) -> Iterator[Example | Drop]:
    """Examples of the rows that choices are about: of a pair of which both layouts are rows, that of the chosen one."""
    every = list(rows)
    here = {_key(row) for row in every}
    for row in every:
        for choice in choices.get(_key(row), ()):
            if _key(row) == choice.chosen.key or choice.chosen.key not in here:
                yield tried("preference", row, lambda row, choice=choice: _chosen(row, choice))


def _chosen(row: Mapping[str, Any], choice: Preference) -> Example:
    if row.get("application") == "video_cover":
        raise UnfitError("cover", f"{choice.row_id} is a video cover; learn from posters and marketing")
    for name in ("crop", "picture"):
        here = [getattr(side, name) for side in (choice.chosen, choice.rejected)]
        if any(abs(a - b) > _SAME for a, b in zip(*here, strict=True)):
            raise UnfitError(
                "other_framing", f"{choice.row_id}: {name} is {here[0]} and {here[1]}; compare layouts of one"
            )
    better, worse = (_suggestions(side) for side in (choice.chosen, choice.rejected))
    return replace(example_of(row, "preference", better, worse), annotator=choice.annotator)


def _suggestions(side: Side) -> tuple[Suggestion, ...]:
    return tuple(_suggestion(element, side.row_id) for element in side.elements)


def _suggestion(element: EditedElement, row_id: str) -> Suggestion:
    return Suggestion(element.role, box_of(element.box, f"{row_id}: {element.role.value}"), element.text)


def _key(row: Mapping[str, Any]) -> Key:
    return str(row.get("row_id")), str(row.get("run_id"))
