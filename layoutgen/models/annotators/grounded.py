"""The annotator that joins a vision-language model with an OCR engine: roles from the one, boxes and strings from the
other. The joining itself is `core.reading.grounding`."""

from dataclasses import replace

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.reading.grounding import ground
from layoutgen.models.base import Annotator, Fault

VERSION = "grounded-1"


class GroundedAnnotator:
    """Reads images with both. The subject is the OCR annotator's.

    An image that either cannot read is a fault: rows read by one of them alone would look like the others and be worse.
    """

    def __init__(self, namer: Annotator, reader: Annotator) -> None:
        self._namer, self._reader = namer, reader

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return each image's annotation, its lines marked as `core.reading.grounding` says."""
        return list(map(_joined, self._namer.annotate(images), self._reader.annotate(images)))


def _joined(named: Annotation | Fault, read: Annotation | Fault) -> Annotation | Fault:
    if isinstance(named, Fault):
        return named
    if isinstance(read, Fault):
        return read
    return replace(read, lines=ground(named.lines, read.lines))
