"""place, and then a look at what was placed: what the judge objects to is mended where that can be.

Each layout that is objected to is placed again in other ways: its texts moved (`core.placing.moves`), those of a model
also where the refiner sets them (`models.refiners`), then, where much is left, composed anew by the rules in its style.
The best by the judge is taken where it is better by more than a little and is not sent back for what the first was not;
so no layout becomes worse. A note says what was changed. Moves leave the composer's proposal as it is; of a layout that
was composed anew its framing, proposal and composer are those of the rules.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.layout import Canvas, Role, Suggestion
from layoutgen.core.metrics.judge import Verdict
from layoutgen.core.placing import captions, moves
from layoutgen.core.text.direction import base_direction
from layoutgen.stages import further
from layoutgen.stages.judging import RECOMPOSED, Judging
from layoutgen.stages.travelling import AT_ONCE

_PLACED = ("elements", "contrast", "subject_covered", "notes", "logo")
_COMPOSED = (*rows.FRAMING, "style_used", "suggestion", "composer", "adapter", "prompt_version", "seed", "answer")
_SHOWN = ("canvas_width", "canvas_height", "elements", "title", "language", "composer")
_LEFT_OUT = "left out for want of room: "
_BETTER = 0.1  # objections; what is gained by less is nothing that anybody sees

_MENDED = "texts set by their own order"

TableStage = Callable[[pa.Table], pa.Table]
Mend = Callable[[Sequence[Suggestion], Canvas], Sequence[Suggestion]]
"""A layout's texts where a network sets them."""


@dataclass(frozen=True)
class Effort:
    """How much is mended: layouts with more than `above` objections, in at most `rounds` rounds of `candidates` moves
    each, and those with one objection or more left are composed `anew` by the rules."""

    rounds: int = 0
    candidates: int = 4
    above: float = 0.5
    anew: bool = False


JUDGED_ONLY = Effort()


@dataclass(frozen=True, eq=False)
class _Layout:
    """A placed row of a table, what is held against it with its subject's map on the canvas, and what was changed to
    come to it."""

    table: pa.Table
    index: int
    verdict: Verdict
    subject: np.ndarray
    change: str = ""
    is_anew: bool = False


class Repair:
    """A place stage that looks at its layouts. `recompose` is the compose stage of the rules, `rules` how rows call
    that composer; layouts of others are offered to `mend`, too."""

    def __init__(
        self,
        place: TableStage,
        judging: Judging,
        effort: Effort = JUDGED_ONLY,
        recompose: TableStage | None = None,
        rules: str = "",
        mend: Mend | None = None,
    ) -> None:
        self._place, self._judging, self._effort = place, judging, effort
        self._recompose, self._rules, self._mend = recompose, rules, mend

    def __call__(self, table: pa.Table) -> pa.Table:
        """Place the rows, judge them, and mend those that are objected to: of a few photos at a time, which stay
        decoded and drawn as long."""
        return pa.concat_tables([self._repaired(part) for part in by_photos(table, AT_ONCE)])

    def _repaired(self, table: pa.Table) -> pa.Table:
        placed = self._place(table)
        known = rows.kept(placed, "place")
        fresh = [i for i in rows.open_rows(placed) if i not in known]
        before = dict(zip(fresh, self._judged(placed, fresh, [""] * len(fresh)), strict=True))
        best = dict(before)
        bare = table.drop_columns([name for name in (schema.WAS, schema.WAS_NOTES) if name in table.column_names])
        for _ in range(self._effort.rounds):
            poor = {i: layout for i, layout in best.items() if layout.verdict.objections > self._effort.above}
            if not _improve(best, self._moved(bare, poor)):
                break
        if self._effort.rounds and self._effort.anew:
            bad = [i for i, layout in best.items() if layout.verdict.objections >= 1]
            _improve(best, self._composed_anew(bare, bad))
        return _joined(placed, before, best)

    def _judged(self, placed: pa.Table, indices: Iterable[int], changes: Sequence[str]) -> list[_Layout]:
        verdicts = self._judging.verdicts(placed, indices)
        return [_Layout(placed, i, *verdicts[i], change) for i, change in zip(verdicts, changes, strict=True)]

    def _moved(self, bare: pa.Table, poor: Mapping[int, _Layout]) -> list[tuple[int, _Layout]]:
        """Layouts of rows with their texts elsewhere."""
        sources, changes, suggestions = [], [], []
        for i, layout in poor.items():
            row = {name: layout.table.column(name)[layout.index].as_py() for name in _SHOWN}
            canvas = Canvas(row["canvas_width"], row["canvas_height"])
            elements = [rows.read_element(element) for element in row["elements"]]
            below = [e for e in elements if e.role is Role.OTHER and e.group == captions.GROUP]
            texts = [
                Suggestion(e.role, e.box, e.text) for e in elements if e.role is not Role.UNDERLAY and e not in below
            ]
            is_rtl = base_direction(row["title"] or "", row["language"]) == "rtl"
            shown = canvas, layout.subject, layout.verdict.terms
            ways = moves.proposals(texts, *shown, self._effort.candidates, is_rtl=is_rtl)
            if self._mend and texts and row["composer"] != self._rules:
                ways.append((_MENDED, [*self._mend(texts, canvas)]))
            for change, moved in ways:
                sources.append(i)
                changes.append("; ".join(filter(None, (layout.change, change))))
                own = [Suggestion(e.role, e.box, e.text) for e in below]  # they stay where their photos are
                suggestions.append([rows.suggestion_row(suggestion) for suggestion in (*moved, *own)])
        if not sources:
            return []
        table = bare.take(pa.array(sources, pa.int64()))
        kind = table.schema.field("suggestion").type
        placed = self._place(rows.replace(table, suggestion=pa.array(suggestions, kind)))
        fit = rows.open_rows(placed)
        layouts = self._judged(placed, fit, [changes[k] for k in fit])
        return [(sources[k], layout) for k, layout in zip(fit, layouts, strict=True)]

    def _composed_anew(self, bare: pa.Table, poor: Sequence[int]) -> list[tuple[int, _Layout]]:
        """Layouts of rows as the rules compose them in the row's style, where they have not done so already. Variants
        of a canvas are left to themselves: they differ on purpose."""
        variants = bare.column("variant").to_pylist() if "variant" in bare.column_names else [None] * len(bare)
        row_ids, composer = bare.column("row_id").to_pylist(), bare.column("composer").to_pylist()
        varied = {row_id.rpartition("@v")[0] for row_id, variant in zip(row_ids, variants, strict=True) if variant}
        alone = [i for i in poor if composer[i] != self._rules and not variants[i] and row_ids[i] not in varied]
        if not alone or self._recompose is None:
            return []
        table = bare.take(pa.array(alone, pa.int64()))
        notes = [[note for note in row or () if not note.startswith(_LEFT_OUT)] for row in table["notes"].to_pylist()]
        table = _with(table, "style", table.column("style_used"))
        table = _with(table, "notes", pa.array(notes, pa.list_(pa.string())))
        placed = self._place(self._recompose(table))
        fit = rows.open_rows(placed)
        layouts = self._judged(placed, fit, [RECOMPOSED] * len(fit))
        return [(alone[k], replace(layout, is_anew=True)) for k, layout in zip(fit, layouts, strict=True)]


def by_photos(table: pa.Table, most: int) -> Iterator[pa.Table]:
    """A table in parts of about `most` rows and more, of one part where there are fewer; rows of a photo that are
    neighbours stay together."""
    index, starts = rows.distinct(table, "pixels")[1], [0]
    for i in range(1, len(table)):
        if index[i] != index[i - 1] and i - starts[-1] >= most:
            starts.append(i)
    for start, end in pairwise([*starts, len(table)]):
        yield table.slice(start, end - start)


def _improve(best: dict[int, _Layout], candidates: Iterable[tuple[int, _Layout]]) -> bool:
    """Take each row's better layouts; whether there was any."""
    is_improved = False
    for i, layout in candidates:
        now, then = layout.verdict, best[i].verdict
        if now.objections < then.objections - _BETTER and (then.is_sent_back or not now.is_sent_back):
            best[i], is_improved = layout, True
    return is_improved


def _joined(placed: pa.Table, before: Mapping[int, _Layout], best: Mapping[int, _Layout]) -> pa.Table:
    """The placed rows with the best layout of each, what is held against it, and a note of what was changed."""
    changed = {i: layout for i, layout in best.items() if layout is not before[i]}
    for name in (*_PLACED, *_COMPOSED):
        taken = [i for i in changed if name in _PLACED or changed[i].is_anew]
        if not taken:
            continue
        values = [changed[i].table.column(name)[changed[i].index] for i in taken]
        places = np.arange(len(placed))
        places[taken] = len(placed) + np.arange(len(taken))
        kind = placed.schema.field(name).type
        of_taken = pa.array([value.as_py() for value in values], kind)
        both = pa.concat_arrays([*placed.column(name).chunks, of_taken])
        placed = rows.replace(placed, **{name: both.take(pa.array(places))})
    notes = {i: [_note(before[i].verdict, layout)] for i, layout in changed.items()}
    added: dict[str, list[Any]] = {
        "objections": [best[i].verdict.objections if i in best else None for i in range(len(placed))],
        "objected_to": [best[i].verdict.reasons if i in best else None for i in range(len(placed))],
    }
    merged = rows.merge(placed, added, rows.kept(placed, "place"))
    return rows.note(rows.add(further.without(placed), merged, schema.PLACED), notes)


def _note(before: Verdict, layout: _Layout) -> str:
    how = layout.change if layout.is_anew else f"repaired, {layout.change}"
    fall = f"objections {before.objections:.1f} to {layout.verdict.objections:.1f}"
    return f"{how} for its {before.worst.replace('_', ' ')}: {fall}"


def _with(table: pa.Table, name: str, column: pa.Array | pa.ChunkedArray) -> pa.Table:
    at = table.schema.get_field_index(name)
    return table.append_column(name, column) if at < 0 else table.set_column(at, name, column)
