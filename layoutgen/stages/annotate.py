"""annotate: pixels in; text lines, subject box and subject map out, once an image whatever the number of its rows.

Of a picture that is too long to be read, a row says so and has no lines."""

from collections.abc import Callable
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.annotation import Annotation
from layoutgen.core.pictures import strips
from layoutgen.core.reading import annotation_json
from layoutgen.imaging import images
from layoutgen.models.base import Annotator, Fault
from layoutgen.stages import further
from layoutgen.stages.travelling import map_as_png


class Annotate:
    """The annotate stage; `annotator` builds the model and what the rows say of it, `batch` images it gets at once.
    Where an image's lines are known from before, only `subject_only` looks at it, for its subject map."""

    def __init__(
        self, annotator: Callable[[], tuple[Annotator, str]], subject_only: Callable[[], Annotator], batch: int
    ) -> None:
        self._build, self._build_subject_only, self._batch = annotator, subject_only, batch

    @cached_property
    def _annotator(self) -> tuple[Annotator, str]:
        return self._build()  # at the first image, not before: a night without changes loads no model

    @cached_property
    def _subject_only(self) -> Annotator:
        return self._build_subject_only()

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the annotated columns."""
        pixels, index_of = rows.distinct(table, "pixels")
        known, placed = rows.kept(table, "annotate"), rows.kept(table, "place")
        illegible = _illegible(table, pixels, index_of)
        unread = {index for i, index in enumerate(index_of) if index is not None and i not in known}
        mapped = {index for i, index in enumerate(index_of) if index is not None and i not in placed} - unread
        answers: dict[int, Annotation | Fault] = {}
        for is_read, wanted in (
            (True, sorted(unread - set(illegible))),
            (False, sorted(mapped | unread & set(illegible))),
        ):
            for first in range(0, len(wanted), self._batch):
                chunk = wanted[first : first + self._batch]
                model = self._annotator[0] if is_read else self._subject_only
                found = model.annotate([images.decode_jpeg(pixels[index]) for index in chunk])
                answers |= dict(zip(chunk, found, strict=True))
        version = self._annotator[1] if unread else None
        maps = {
            index: map_as_png(answer.subject_map)
            for index, answer in answers.items()
            if isinstance(answer, Annotation) and answer.subject_map is not None
        }
        faults: dict[int, tuple[str, str]] = {}
        columns: dict[str, Any] = {"text_lines": [], "subject_box": [], "annotation_json": [], "annotator": []}
        subject_maps: dict[int, bytes] = {}
        for i, index in enumerate(index_of):
            answer = None if index is None else answers.get(index)
            if isinstance(answer, Fault):
                faults[i] = (answer.kind, answer.message)
            read = answer if isinstance(answer, Annotation) else None
            columns["text_lines"].append([rows.text_line_row(line) for line in read.lines] if read else None)
            columns["subject_box"].append(read.subject if read else None)
            columns["annotation_json"].append(annotation_json.to_json(read) if read else None)
            columns["annotator"].append(version if read else None)
            if index in maps:
                subject_maps[i] = maps[index]
        columns |= {name: [None] * len(table) for name in _OF_COVERS}
        columns = rows.merge(table, columns, known)
        keys = {i: index_of[i] for i in subject_maps}
        columns["subject_map"] = rows.dictionary(subject_maps, keys, len(table))
        notes = {i: [illegible[index]] for i, index in enumerate(index_of) if index in illegible}
        table = rows.fail(rows.add(table, columns, schema.ANNOTATED), "annotate", faults)
        if further.are_in(table):
            table = further.mapped(table, set(rows.open_rows(table)) - placed, self._maps)
        return rows.note(table, notes)

    def _maps(self, photos: list[np.ndarray]) -> list[np.ndarray | None]:
        """The subject maps of further photos, whose texts nobody reads."""
        answers = [
            answer
            for first in range(0, len(photos), self._batch)
            for answer in self._subject_only.annotate(photos[first : first + self._batch])
        ]
        return [answer.subject_map if isinstance(answer, Annotation) else None for answer in answers]


_OF_COVERS = ("faces", "key_elements")  # what stages behind this one add, and nobody where they are not in the job


def _illegible(table: pa.Table, pixels: list[bytes], index_of: list[int | None]) -> dict[int, str]:
    """Which pictures are too long to be read at the size at which they travel, and what their rows say of it."""
    sizes = zip(table.column("image_width").to_pylist(), table.column("image_height").to_pylist(), strict=True)
    found: dict[int, str] = {}
    for index, (width, height) in zip(index_of, sizes, strict=True):
        if index is None or index in found or not width or not strips.is_strip(width, height):
            continue
        travels = images.jpeg_size(pixels[index])
        if not strips.is_legible(*travels, (width, height)):
            found[index] = (
                f"{width}x{height} px are too long to be read: text in the picture is unknown; cut it in parts"
            )
    return found
