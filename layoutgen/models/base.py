"""The protocols that models answer to, one method each; whatever has the method is a model of that kind.

Images are numpy arrays (height, width, 3), uint8, RGB. A model is built on the worker that uses it, from a small spec
that travels; it takes lists and returns lists of the same length and order.
"""

from dataclasses import dataclass
from typing import BinaryIO, Protocol

import numpy as np

from layoutgen.core.annotation import Annotation
from layoutgen.core.layout import Box, Canvas, Copy, Framing, Suggestion


@dataclass(frozen=True)
class Fault:
    """Why one datum could not be handled; it becomes the row's error. `raw` keeps the model's answer, if any."""

    kind: str
    message: str
    raw: str | None = None


@dataclass(frozen=True)
class ModelPicture:
    """A picture as a vision-language model takes it: `pixels` uint8, RGB, (height, width, 3) in whole visual tokens or
    (tiles, side, side, 3); `grid` is (rows, columns) of visual tokens where the family counts positions by them, None
    for tiles; `size` is (width, height) in px of the whole as the model sees it, the unit of absolute coordinates."""

    pixels: np.ndarray
    grid: tuple[int, int] | None
    size: tuple[int, int]


@dataclass(frozen=True)
class Prepared:
    """What CPUs made of a brief before a vision-language model gets it: the framing, and a picture of it."""

    framing: Framing
    picture: ModelPicture


@dataclass(frozen=True)
class Brief:
    """One layout to make: the photo, what was read in it, what to say, and on which canvas. Where it is `prepared`, the
    photo is in the picture already and `image` is empty. `free` are boxes of the canvas (ltrb, normalised) on which a
    platform lays its own."""

    image: np.ndarray
    annotation: Annotation
    copy: Copy
    canvas: Canvas
    logo_aspect: float | None = None
    prepared: Prepared | None = None
    free: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Composition:
    """A composer's answer: how the photo lies on the canvas and which element goes where. `raw` is a language model's
    answer as it came."""

    framing: Framing
    suggestions: tuple[Suggestion, ...]
    raw: str | None = None


@dataclass(frozen=True, eq=False)
class ChosenFrame:
    """The frame of a clip that makes its cover: pixels (h, w, 3), time in s, the upright original's size in px, and
    what was done to its colours."""

    pixels: np.ndarray
    time_s: float
    width: int
    height: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class FaceBox:
    """A face: its box from forehead to chin, ltrb normalised to the image, and the detector's confidence in [0, 1]."""

    box: Box
    score: float


class Annotator(Protocol):
    """Reads images."""

    def annotate(self, images: list[np.ndarray]) -> list[Annotation | Fault]:
        """Return each image's annotation, or why there is none."""
        ...


class Grounder(Protocol):
    """Says what read texts are for."""

    def ground(self, images: list[np.ndarray], read: list[Annotation]) -> list[Annotation | Fault]:
        """Return each image's annotation, of which `read` is what an OCR engine found there, or why there is none."""
        ...


class Preparer(Protocol):
    """Does on CPUs what a composer on a GPU should not wait for."""

    def prepare(self, image: np.ndarray, annotation: Annotation, canvas: Canvas) -> Prepared:
        """Frame a photo on its canvas and draw it as the model sees it."""
        ...


class Composer(Protocol):
    """Proposes layouts."""

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none."""
        ...


class Saliency(Protocol):
    """Finds what a picture is about."""

    def saliency(self, images: list[np.ndarray]) -> list[np.ndarray]:
        """Return for each image a map (height, width), float32 in [0, 1], 1 where the subject is."""
        ...


class Faces(Protocol):
    """Finds faces."""

    def faces(self, images: list[np.ndarray]) -> list[list[FaceBox]]:
        """Return for each image its faces, the surest first."""
        ...


class FrameChooser(Protocol):
    """Chooses the frame of a clip that makes its cover."""

    def choose(self, file: BinaryIO) -> ChosenFrame | Fault:
        """Return the chosen frame, or why the clip has none. Raises OSError where the file can't be read."""
        ...
