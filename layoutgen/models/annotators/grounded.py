"""The annotator that joins a vision-language model with an OCR engine: roles from the one, boxes and strings from the
other. The joining itself is `core.reading.grounding`."""

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.pictures.strips import is_strip
from layoutgen.core.reading.grounding import SIGN, ground
from layoutgen.models.base import Annotator, Fault

VERSION = f"{SIGN}2"
"""2: a picture in which the OCR read nothing is not shown to the language model."""


class GroundedAnnotator:
    """Reads images with both. The subject is the OCR annotator's.

    An image that either cannot read is a fault: rows read by one of them alone would look like the others and be worse.
    """

    def __init__(self, namer: Annotator, reader: Annotator) -> None:
        self._namer, self._reader = namer, reader

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return each image's annotation, its lines marked as `core.reading.grounding` says. The language model is
        asked for those in which the OCR engine read something."""
        read = self._reader.annotate(images)
        asked = [k for k, answer in enumerate(read) if isinstance(answer, Annotation) and answer.lines]
        whole = [answer for answer in read if isinstance(answer, Annotation) and answer.lines]
        joined = dict(zip(asked, self.ground([images[k] for k in asked], whole), strict=True)) if asked else {}
        return [joined.get(k, answer) for k, answer in enumerate(read)]

    def ground(self, images: list[np.ndarray], read: list[Annotation]) -> list[Annotation | Fault]:
        """Return the annotations that `read` become, image by image."""
        return _grounded(self._namer, images, read)


def _grounded(namer: Annotator, images: list[np.ndarray], read: list[Annotation]) -> list[Annotation | Fault]:
    return list(map(_joined, namer.annotate(images), read)) if images else []


def _joined(named: Annotation | Fault, read: Annotation) -> Annotation | Fault:
    if isinstance(named, Fault):
        return named
    return replace(read, lines=ground(named.lines, read.lines))


class GroundedInParts:
    """Grounds strips part by part, by the annotator that `strip_reader` builds at the first of them, whose OCR reads
    each part anew, and all else by `namer` alone: a GPU's actor seldom needs an OCR engine."""

    def __init__(self, namer: Annotator, strip_reader: Callable[[], Annotator]) -> None:
        self._namer, self._build = namer, strip_reader

    @cached_property
    def _strip_reader(self) -> Annotator:
        return self._build()

    def ground(self, images: list[np.ndarray], read: list[Annotation]) -> list[Annotation | Fault]:
        """Return the annotations that `read` become, image by image."""
        long = [k for k, image in enumerate(images) if is_strip(image.shape[1], image.shape[0])]
        plain = [k for k in range(len(images)) if k not in long]
        strips = self._strip_reader.annotate([images[k] for k in long]) if long else []
        answers = dict(zip(long, strips, strict=True))
        grounded = _grounded(self._namer, [images[k] for k in plain], [read[k] for k in plain])
        answers |= dict(zip(plain, grounded, strict=True))
        return [answers[k] for k in range(len(images))]
