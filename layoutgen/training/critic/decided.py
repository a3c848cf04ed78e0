"""Pairs of layouts of which designers preferred one, for the critic to learn from: an edit against what it changed, an
adopted layout against a rejected one that answers the same."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from layoutgen.core.feedback import Feedback
from layoutgen.core.layout import Element
from layoutgen.core.metrics import table_rows
from layoutgen.imaging import framed
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import published_runs
from layoutgen.models.base import Saliency
from layoutgen.models.critics.sketch import sketch
from layoutgen.models.finders.network import NetSaliency
from layoutgen.stages.drawable import RowFault
from layoutgen.stages.edited_rows import Key, as_edited, edits_of
from layoutgen.stages.row_scenes import RowScenes
from layoutgen.training.critic.pairs import SEEN_SIDE, Example, packed
from layoutgen.training.examples.decisions import by_layout, read_feedback
from layoutgen.training.examples.rejections import question, rejections_of

EDITED, ADOPTED = ("edited", "decided"), ("rejected", "decided")
"""Kind and grade of the worse side of a pair: what an edit changed, and what was rejected where another was adopted."""


def decided_pairs(layouts: str, feedback: str) -> tuple[list[Example], dict[str, int]]:
    """Pairs of the decisions in a file about a published table, and how many were dropped by reason. Raises ValueError
    where there is no table or no pair."""
    if not layouts:
        raise ValueError(f"--feedback {feedback} says nothing by itself; give the table that it is about, --layouts")
    storage = Storage()
    decisions, errors = read_feedback(storage, feedback)
    table = published_runs.read(storage, layouts)
    examples, dropped = pairs_of(table.to_pylist(), decisions, storage, NetSaliency())
    dropped |= {"unreadable_line": len(errors)} if errors else {}
    if not examples:
        raise ValueError(f"{feedback} has no decision that gives a pair of layouts of {layouts}: {dropped}")
    return examples, dropped


def pairs_of(
    rows: Iterable[Mapping[str, Any]], decisions: Iterable[Feedback], storage: Storage, finder: Saliency
) -> tuple[list[Example], dict[str, int]]:
    """An example each of the layouts that were edited, and of the adopted ones with a rejected layout of the same
    question, the better one first; and how many decisions gave none, by reason."""
    known = {(row["row_id"], row["run_id"]): row for row in rows}
    decided = by_layout(decisions)
    dropped: Counter[str] = Counter(unknown_row=sum(key not in known for key in decided))
    decided = {key: of_layout for key, of_layout in decided.items() if key in known}
    edits = edits_of(each for of_layout in decided.values() for each in of_layout)
    rejected = rejections_of(known, decided)
    scenes, examples = _Scenes(storage, finder), list[Example]()
    for key, row in known.items():
        if key not in decided:
            continue
        try:
            if key in edits:
                examples.append(scenes.example(as_edited(row, edits[key], ()), [row], EDITED))
            elif _is_adopted(decided, key):
                if worse := rejected.get(question(row)):
                    examples.append(scenes.example(row, worse, ADOPTED))
                else:
                    dropped["nothing_rejected_beside_it"] += 1
            elif row not in rejected.get(question(row), ()):
                dropped["disputed"] += 1
        except RowFault as error:
            dropped[error.kind] += 1
        except (StorageError, FileFault):
            dropped["image_gone"] += 1
    return examples, {reason: count for reason, count in dropped.items() if count}


def _is_adopted(decided: Mapping[Key, list[Feedback]], key: Key) -> bool:
    return {decision.decision for decision in decided[key]} == {"adopt"}


class _Scenes:
    """Sketches of rows on their photos."""

    def __init__(self, storage: Storage, finder: Saliency) -> None:
        self._scenes, self._finder = RowScenes(storage, 768), finder
        self._subject: tuple[str, np.ndarray] | None = None

    def example(
        self, better: Mapping[str, Any], worse: Iterable[Mapping[str, Any]], damage: tuple[str, str]
    ) -> Example:
        """A row with others of the same question that are worse. Raises RowFault, StorageError or FileFault."""
        others = [self._sketch(row) for row in worse]
        return packed([self._sketch(better), *others], [damage] * len(others))

    def _sketch(self, row: Mapping[str, Any]) -> np.ndarray:
        framing, canvas = table_rows.framing(row), table_rows.canvas(row)
        fault = table_rows.fault(row) or table_rows.framing_fault(row)
        if fault or framing is None or not row.get("image"):
            raise RowFault("not_drawable", f"{row['row_id']} can't be drawn: {fault or 'it has no image'}")
        photo = self._scenes.photo(row)
        if self._subject is None or self._subject[0] != row["image"]:
            self._subject = row["image"], self._finder.saliency([photo])[0]
        tiles = self._scenes.tiles(framing, canvas)
        ground = framed.draw(photo, framing, canvas, SEEN_SIDE, tiles)
        blank = [np.zeros(tile.shape[:2], np.float32) for tile in tiles]
        subject = framed.draw(self._subject[1], framing, canvas, SEEN_SIDE, blank)
        elements: list[Element] = table_rows.elements(row["elements"], [])
        return sketch(elements, canvas, ground, subject)
