"""annotate: pixels in; text lines, subject box and subject map out, once an image whatever the number of its rows."""

from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import annotation_json, rows, schema
from layoutgen.core.annotation import Annotation
from layoutgen.io import images
from layoutgen.models.base import Annotator, Fault


class Annotate:
    """The annotate stage; `version` is what the rows say of the model, `batch` how many images it gets at once."""

    def __init__(self, annotator: Annotator, version: str, batch: int) -> None:
        self._annotator, self._version, self._batch = annotator, version, batch

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the annotated columns."""
        pixels, index_of = rows.distinct(table, "pixels")
        answers: list[Annotation | Fault] = []
        for start in range(0, len(pixels), self._batch):
            answers += self._annotator.annotate(
                [images.decode_jpeg(data) for data in pixels[start : start + self._batch]]
            )
        maps = [
            _as_png(a.subject_map) if isinstance(a, Annotation) and a.subject_map is not None else None for a in answers
        ]
        faults: dict[int, tuple[str, str]] = {}
        columns: dict[str, Any] = {"text_lines": [], "subject_box": [], "annotation_json": [], "annotator": []}
        subject_maps: dict[int, bytes] = {}
        for i, index in enumerate(index_of):
            answer = None if index is None else answers[index]
            if isinstance(answer, Fault):
                faults[i] = (answer.kind, answer.message)
            known = answer if isinstance(answer, Annotation) else None
            columns["text_lines"].append([rows.text_line_row(line) for line in known.lines] if known else None)
            columns["subject_box"].append(known.subject if known else None)
            columns["annotation_json"].append(annotation_json.to_json(known) if known else None)
            columns["annotator"].append(self._version if known else None)
            if known is not None and index is not None and maps[index] is not None:
                subject_maps[i] = maps[index] or b""
        keys = {i: index_of[i] for i in subject_maps}
        columns["subject_map"] = rows.dictionary(subject_maps, keys, len(table))
        return rows.fail(rows.add(table, columns, schema.ANNOTATED), "annotate", faults)


def _as_png(subject_map: np.ndarray) -> bytes:
    return images.encode_png(np.rint(np.clip(subject_map, 0, 1) * 255).astype(np.uint8))


def read_map(png: bytes) -> np.ndarray:
    """The subject map (h, w), float32 in [0, 1], that a row carries as PNG."""
    return images.decode_png(png).astype(np.float32) / 255
