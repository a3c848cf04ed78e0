"""Reads very long pictures in parts, by an annotator that sees one picture as a whole: `core.pictures.strips` has the
parts."""

from dataclasses import replace

import numpy as np

from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Box, to_px
from layoutgen.core.pictures import strips
from layoutgen.core.pictures.strips import Piece
from layoutgen.models.base import Annotator, Fault


class InParts:
    """Reads strips with `reader`, `batch` parts at once, and all else as `reader` does; `subject` finds the subject of
    a whole strip."""

    def __init__(self, reader: Annotator, subject: Annotator, batch: int) -> None:
        self._reader, self._subject, self._batch = reader, subject, batch

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return each image's annotation; a part that can't be read is why its strip can't."""
        long = [k for k, image in enumerate(images) if strips.is_strip(image.shape[1], image.shape[0])]
        plain = [image for k, image in enumerate(images) if k not in long]
        read = iter(self._reader.annotate(plain) if plain else [])
        return [self._strip(image) if k in long else next(read) for k, image in enumerate(images)]

    def _strip(self, image: np.ndarray) -> Annotation | Fault:
        height, width = image.shape[:2]
        parts = strips.parts(width, height)
        found: list[tuple[strips.Part, list[Piece[TextLine]]]] = []
        for first in range(0, len(parts), self._batch):
            some = parts[first : first + self._batch]
            cuts = [np.ascontiguousarray(image[t:b, left:right]) for left, t, right, b in some]
            for part, answer in zip(some, self._reader.annotate(cuts), strict=True):
                if isinstance(answer, Fault):
                    return answer
                size = part[2] - part[0], part[3] - part[1]
                found.append((part, [Piece(one.text, to_px(one.box, *size), one.score, one) for one in answer.lines]))
        (whole,) = self._subject.annotate([image])
        if isinstance(whole, Fault):
            return whole
        lines = tuple(
            replace(piece.line, text=piece.text, score=piece.score, box=_normalised(piece.box_px, width, height))
            for piece in strips.whole_lines(found, width, height)
        )
        return replace(whole, lines=lines)


def _normalised(box: Box, width: int, height: int) -> Box:
    return (box[0] / width, box[1] / height, box[2] / width, box[3] / height)
