"""The protocols that models answer to, one method each; whatever has the method is a model of that kind.

Images are numpy arrays (height, width, 3), uint8, RGB. A model is built on the worker that uses it, from a small spec
that travels; it takes lists and returns lists of the same length and order.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import BinaryIO, Protocol

import numpy as np

from layoutgen.core import mirroring
from layoutgen.core.annotation import Annotation
from layoutgen.core.demands import NOTHING, Demands
from layoutgen.core.layout import Box, Canvas, Copy, Framing, Suggestion
from layoutgen.core.prompts.covers import KeyElement
from layoutgen.core.styles.style import Style


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


@dataclass(frozen=True, eq=False)
class Still:
    """A further photo of a product: its pixels, its subject map (h, w) in [0, 1] or None, where it comes from, the
    sha256 of its bytes, the upright original's size in px, and what stands below it."""

    image: np.ndarray
    subject_map: np.ndarray | None
    uri: str
    sha256: str
    width: int
    height: int
    caption: str = ""

    @property
    def mirrored(self) -> "Still":
        """The same turned over."""
        subject = None if self.subject_map is None else mirroring.pixels(self.subject_map)
        return replace(self, image=mirroring.pixels(self.image), subject_map=subject)


@dataclass(frozen=True)
class Brief:
    """One layout to make: the photo, what was read in it, what to say, and on which canvas. Where it is `prepared`, the
    photo is in the picture already and `image` is empty. `free` are boxes of the canvas (ltrb, normalised) on which a
    platform lays its own. `styles` are the house styles that it may have, in order, () for the plain one; `category` is
    the product's, as the manifest says it. `framing` is as_is where the photo is a designed canvas that stays as it is,
    whole, or "" where the composer frames it. Briefs of one `series_seed` are to look like one series; `variant` counts
    the layouts that are asked for on one canvas, which differ on purpose. `demands` are what its layout has to keep.
    `logo_clear` stays free round a logo's image, a share of the canvas's short side. `layout` says whether the
    `further` photos of the product may stand beside `image`: "" no, auto where it looks better, else in a collage
    (collage: any) or in that kind of one, where `caption` stands below the first photo."""

    image: np.ndarray
    annotation: Annotation
    copy: Copy
    canvas: Canvas
    logo_aspect: float | None = None
    prepared: Prepared | None = None
    free: tuple[Box, ...] = ()
    styles: tuple[Style, ...] = ()
    category: str | None = None
    framing: str = ""
    series_seed: int | None = None
    variant: int = 0
    demands: Demands = NOTHING
    logo_clear: float = 0.0
    layout: str = ""
    further: tuple[Still, ...] = ()
    caption: str = ""


@dataclass(frozen=True)
class Composition:
    """A composer's answer: how the photo lies on the canvas and which element goes where. `raw` is a language model's
    answer as it came. `style` names the house style in which it is meant, "" for none. `cost` is what a designer would
    hold against it, lower is better; None of a composer that does not weigh. `notes` are for the row."""

    framing: Framing
    suggestions: tuple[Suggestion, ...]
    raw: str | None = None
    style: str = ""
    cost: float | None = None
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class PlanBrief:
    """A poster to plan before there is a picture of it: `product` is the cut-out, (h, w, 4) uint8 RGBA with straight
    alpha, no larger than what is opaque in it; `seed` is of the plan's noise, the others are as in `Brief`."""

    product: np.ndarray
    copy: Copy
    canvas: Canvas
    category: str | None = None
    logo_aspect: float | None = None
    free: tuple[Box, ...] = ()
    seed: int = 0


@dataclass(frozen=True)
class Plan:
    """Where the product goes, ltrb normalised to the canvas and of the cut-out's own ratio, and which element where."""

    product_box: Box
    suggestions: tuple[Suggestion, ...]


@dataclass(frozen=True, eq=False)
class Scene:
    """A ground to paint for a product that is pasted on it afterwards, and for elements that have to be read on it.

    `product` (h, w, 4) uint8 RGBA lies at `product_box`. `category` is the product's, as the manifest says it;
    `reference` (h, w, 3) is a picture whose style is followed with a `strength` in [0, 1], None for none. `prompt` says
    in words what the ground shows, None leaves it to the painter; `photo` decodes the one that the product was cut out
    of, (h, w, 3), small. A product that `lies`, or hangs, is seen from above, or before a wall: its ground has no
    floor. The same scene gives the same ground."""

    canvas: Canvas
    product: np.ndarray
    product_box: Box
    suggestions: tuple[Suggestion, ...] = ()
    category: str | None = None
    reference: np.ndarray | None = None
    strength: float = 0.8
    prompt: str | None = None
    seed: int = 0
    photo: Callable[[], np.ndarray] | None = None
    lies: bool = False


@dataclass(frozen=True, eq=False)
class Painted:
    """A ground without product and letters: `pixels` (h, w, 3) uint8 of the canvas's size, or of its ratio and smaller.
    `horizon` is where its floor begins, a share of the height; 0: it is seen from above, None: it has no floor. `light`
    is the side from which light falls, from -1, left, to 1, right. `is_shaded`: the product's shadow is in it already.
    `condition` says in words what it was made of, for the row."""

    pixels: np.ndarray
    horizon: float | None = None
    light: float = -0.5
    is_shaded: bool = False
    condition: str = ""


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


class Pointer(Protocol):
    """Says what pictures are about."""

    def point(self, images: list[np.ndarray]) -> list[tuple[KeyElement, ...] | Fault]:
        """Return each image's key elements, the most important first, or why there are none."""
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


class Planner(Protocol):
    """Plans posters before there are pictures."""

    def plan(self, briefs: list[PlanBrief]) -> list[Plan | Fault]:
        """Return each brief's plan, or why there is none."""
        ...


class Painter(Protocol):
    """Paints grounds for products."""

    def paint(self, scenes: list[Scene]) -> list[Painted | Fault]:
        """Return each scene's ground, or why there is none."""
        ...


class Saliency(Protocol):
    """Finds what a picture is about."""

    def saliency(self, images: list[np.ndarray]) -> list[np.ndarray]:
        """Return for each image a map (height, width), float32 in [0, 1], 1 where the subject is."""
        ...


class Critic(Protocol):
    """Says how well layouts are done."""

    def rate(self, sketches: Sequence[np.ndarray]) -> list[float]:
        """A number for each sketch of a layout (`models.critics.sketch`); more is better."""
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
