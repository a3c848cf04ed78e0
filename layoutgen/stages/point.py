"""point: covers' pixels and what finders saw there; what a language model says they are about, grounded, out.

Comes after protect, which is on CPUs, so that no GPU waits for finders. An answer that can't be read costs no cover:
subject, faces and text are protected without it as they are where no model is asked, so the row says so in its notes
and goes on. What else a model fails of (a deadline, memory) may do better another time and is a dead letter, as the
row would keep what it lacks for as long as its picture stays."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.covers import key_elements
from layoutgen.core.covers.key_elements import UNKNOWN
from layoutgen.core.prompts.covers import KeyElement
from layoutgen.imaging import images
from layoutgen.models.base import Fault, Pointer
from layoutgen.stages.travelling import read_map


class Point:
    """The point stage; `pointer` builds the model and what the rows say of it, `batch` images it gets at once."""

    def __init__(self, pointer: Callable[[], tuple[Pointer, str]], batch: int) -> None:
        self._build, self._batch = pointer, batch

    @cached_property
    def _pointer(self) -> tuple[Pointer, str]:
        return self._build()  # at the first image, not before: a night without changes loads no model

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the key elements of the rows that have a picture."""
        known = rows.kept(table, "annotate")
        pixels, index_of = rows.distinct(table, "pixels")
        maps, map_of = rows.distinct(table, "subject_map")
        wanted = {index: i for i in rows.open_rows(table) if i not in known and (index := index_of[i]) is not None}
        answers = self._answers(pixels, sorted(wanted))
        columns = {name: table.column(name).to_pylist() for name in ("faces", "text_lines", "annotator")}
        elements: dict[int, list[dict[str, Any]]] = {}
        for index, i in wanted.items():
            answer, at = answers[index], map_of[i]
            if not isinstance(answer, Fault) and at is not None:
                faces = [tuple(box) for box in columns["faces"][i] or ()]
                texts = [tuple(line["box"]) for line in columns["text_lines"][i] or ()]
                weighed = key_elements.ground(answer, read_map(maps[at]), faces, texts)
                elements[index] = [key_elements.to_row(element) for element in weighed]
        faults: dict[int, tuple[str, str]] = {}
        notes: dict[int, list[str]] = {i: self._notes_before(table, i) for i in known}
        for i, index in enumerate(index_of):
            fault = None if index is None or i in known else answers.get(index)
            if isinstance(fault, Fault) and fault.kind == "unparsable_answer":
                notes[i] = [f"{UNKNOWN}: {fault.message}"]
            elif isinstance(fault, Fault):
                faults[i] = (fault.kind, fault.message)
        values = [None if index is None else elements.get(index) for index in index_of]
        annotators = [
            f"{name}; {self._pointer[1]}" if index in answers and i not in known else name
            for i, (index, name) in enumerate(zip(index_of, columns["annotator"], strict=True))
        ]
        merged = rows.merge(table, {"key_elements": values}, known) | {"annotator": annotators}
        return rows.note(rows.fail(rows.add(table, merged, schema.ANNOTATED), "point", faults), notes)

    def _answers(self, pixels: list[bytes], wanted: list[int]) -> dict[int, tuple[KeyElement, ...] | Fault]:
        answers: dict[int, tuple[KeyElement, ...] | Fault] = {}
        for first in range(0, len(wanted), self._batch):
            chunk = wanted[first : first + self._batch]
            named = self._pointer[0].point([images.decode_jpeg(pixels[index]) for index in chunk])
            answers |= dict(zip(chunk, named, strict=True))
        return answers

    def _notes_before(self, table: pa.Table, i: int) -> list[str]:
        """Of a row whose key elements are those of the snapshot before, what that one said of them."""
        return [note for note in table.column(schema.WAS_NOTES)[i].as_py() or () if note.startswith(UNKNOWN)]
