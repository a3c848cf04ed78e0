"""ground: pictures in which the OCR found text; what a language model says of these texts joined with the read lines.

Photos without text are not shown to the model. Comes after annotate, which is on CPUs, so that no GPU waits for OCR."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.annotation import Annotation
from layoutgen.core.reading import annotation_json
from layoutgen.imaging import images
from layoutgen.models.base import Fault, Grounder


class Ground:
    """The ground stage; `grounder` builds the model and what the rows say of it, `batch` images it gets at once."""

    def __init__(self, grounder: Callable[[], tuple[Grounder, str]], batch: int) -> None:
        self._build, self._batch = grounder, batch

    @cached_property
    def _grounder(self) -> tuple[Grounder, str]:
        return self._build()  # at the first image with text, not before: without one no model is loaded

    def __call__(self, table: pa.Table) -> pa.Table:
        """Replace the annotated columns of the rows whose picture has text."""
        pixels, index_of = rows.distinct(table, "pixels")
        known = rows.kept(table, "annotate")
        columns = {name: table.column(name).to_pylist() for name in _COLUMNS}
        read: dict[int, Annotation] = {}
        for i in rows.open_rows(table):
            index = index_of[i]
            if i not in known and index is not None and columns["text_lines"][i]:
                read[index] = rows.read_annotation(columns["text_lines"][i], columns["subject_box"][i])
        if not read:
            return table
        answers: dict[int, Annotation | Fault] = {}
        wanted = sorted(read)
        for first in range(0, len(wanted), self._batch):
            chunk = wanted[first : first + self._batch]
            pictures = [images.decode_jpeg(pixels[index]) for index in chunk]
            found = self._grounder[0].ground(pictures, [read[index] for index in chunk])
            answers |= dict(zip(chunk, found, strict=True))
        faults: dict[int, tuple[str, str]] = {}
        for i, index in enumerate(index_of):
            answer = None if index is None or i in known else answers.get(index)
            if isinstance(answer, Fault):
                faults[i] = (answer.kind, answer.message)
            if answer is not None:
                values = _values(answer, read[index or 0], self._grounder[1])
                for name, value in values.items():
                    columns[name][i] = value
        return rows.fail(rows.add(table, columns, schema.ANNOTATED), "annotate", faults)


_COLUMNS = ("text_lines", "subject_box", "annotation_json", "annotator")


def _values(answer: Annotation | Fault, read: Annotation, version: str) -> dict[str, Any]:
    """A row's columns; of a picture that the model could not answer there is no annotation, as of one never read."""
    if isinstance(answer, Fault):
        return dict.fromkeys(_COLUMNS)
    whole = replace(answer, subject=read.subject)
    return {
        "text_lines": [rows.text_line_row(line) for line in whole.lines],
        "subject_box": whole.subject,
        "annotation_json": annotation_json.to_json(whole),
        "annotator": version,
    }
