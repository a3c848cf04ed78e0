"""What a model is trained on: one question with its picture, and the answer it should have given.

`examples` says what was designed, `augment` makes samples of it, `lora` learns them. A sample's texts are those of
`core.prompts.layouts` and its relatives, so training and serving never differ in a letter.
"""

from dataclasses import dataclass, field
from typing import Any, Protocol, TypeVar

import numpy as np

from layoutgen.core.layout import Box, Canvas, Copy, Framing, Suggestion


class SampleError(ValueError):
    """A sample can't be learnt; the message names it and the mend."""


@dataclass(frozen=True)
class Task:
    """A layout to learn and its photo (h, w, 3). `keep` is the part of the canvas that may not be cut off, as far as it
    is known; `printed` tells whether letters are in the photo. `mask`, at any scale of the photo, is 1 where the
    subject is, None where nobody knows. `category` is the product's, None for none."""

    photo: np.ndarray
    framing: Framing
    canvas: Canvas
    copy: Copy
    target: tuple[Suggestion, ...]
    logo_aspect: float | None = None
    printed: bool = True
    keep: Box | None = None
    rejected: tuple[Suggestion, ...] | None = None
    mask: np.ndarray | None = None
    category: str | None = None


@dataclass(frozen=True, eq=False)
class Sample:
    """A question and its answer. `system` stands before the picture, `user` after it; `pixels` (h, w, 3), uint8, RGB is
    the framed canvas as it is shown to the model; `answer` is learnt, letter by letter. `rejected` is the answer that a
    designer changed, None where nobody did. `log` says what augmentation did. `subject`, float32, at a smaller scale of
    the picture, is 1 where its subject is, None where nobody knows. `task` is what the sample is made of, for models
    that read no words."""

    system: str
    user: str
    pixels: np.ndarray
    answer: str
    rejected: str | None = None
    log: dict[str, Any] = field(default_factory=dict)
    subject: np.ndarray | None = None
    task: Task | None = None


Of_co = TypeVar("Of_co", covariant=True)


class SamplesOf(Protocol[Of_co]):
    """A data set. The sample of an index and epoch is the same whenever and wherever it is asked for."""

    sha: str

    def __len__(self) -> int:
        """How many samples an epoch has."""
        ...

    def sample(self, index: int, epoch: int) -> Of_co:
        """Return a sample; epochs differ in augmentation alone."""
        ...


Samples = SamplesOf[Sample]
"""Layouts to learn."""
