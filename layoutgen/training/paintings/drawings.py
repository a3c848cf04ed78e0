"""Drawn scenes, as a data set: what `data.source = "corpus"` is for `train.model = "paint"`.

A scene is a designer's answer to a wish, drawn on a small canvas of some ratio, in one of a few arrangements of its
things (the drawer's seed), which the network is told: what nobody tells it, such as where leaves are, it can only blur.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray

from layoutgen.config.training import DataSettings
from layoutgen.goods.backdrops.drawing import VERSION as DRAWER
from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.models.denoising.painted.asking import Request
from layoutgen.models.denoising.painted.network import PaintSize
from layoutgen.training.corpus.taste import TASTES
from layoutgen.training.corpus.wishes import example
from layoutgen.training.data.cases import Cases, Data, DataError

VERSION = "drawings-1"
"""Changes with every change of what a scene of the same number is."""
SIZES = ((144, 144), (126, 168), (120, 180), (108, 192), (168, 126), (192, 108), (216, 96))
"""Canvases (width, height) px on which scenes are drawn."""
SHARES = (0.28, 0.17, 0.12, 0.11, 0.12, 0.12, 0.08)
LEARNT, VALIDATION, TEST, FIXED = 1, 2, 3, 4
_FIXED_SEED = 900_001


@dataclass(frozen=True, eq=False)
class Drawing:
    """A scene to paint, and how the drawer draws it, (h, w, 3) uint8. Each is a `product` of its own."""

    product: str
    request: Request
    picture: NDArray[np.uint8]


class Drawings:
    """`count` scenes of a part of those of a seed."""

    def __init__(self, count: int, seed: int, part: int) -> None:
        self._count, self._seed, self._part = count, seed, part
        taste = {name: asdict(each) for name, each in TASTES.items()}
        about = json.dumps([VERSION, DRAWER, taste, count, seed, part], sort_keys=True)
        self.sha = hashlib.sha256(about.encode()).hexdigest()

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def sample(self, index: int, epoch: int) -> Drawing:
        """Return a scene, the same in all epochs."""
        return drawing(index, self._seed, self._part)

    def cases(self) -> Cases[Drawing]:
        """The same scenes as they are judged by."""
        return Cases(range(self._count), lambda index: self.sample(index, 0))


def drawing(index: int, seed: int, part: int) -> Drawing:
    """Draw a scene."""
    rng = np.random.default_rng([seed, part, index])
    size = SIZES[int(rng.choice(len(SIZES), p=SHARES))]
    request = requested(rng, size, PaintSize().arrangements)
    picture = drawn(request.numbers, size, request.product, request.texts, request.arrangement).pixels
    return Drawing(f"drawing-{part}-{index}", request, picture)


def requested(rng: np.random.Generator, size: tuple[int, int], arrangements: int) -> Request:
    """A scene to paint: a designer's answer to a wish on a canvas of this size, in some arrangement."""
    wish = example(rng)
    return Request(wish.answer, size, wish.product, wish.texts, int(rng.integers(arrangements)))


def open_drawings(settings: DataSettings) -> Data:
    """Drawn scenes: `posters` to learn from, then `held_back` to validate and as many to judge by. Raises DataError for
    another source."""
    if settings.source != "corpus":
        raise DataError(
            f"data.source = {settings.source!r}: a network that paints learns drawn scenes; set it to 'corpus'"
        )
    seed, held = settings.seed, settings.held_back
    train, validation = Drawings(settings.posters, seed, LEARNT), Drawings(held, seed, VALIDATION)
    return Data(
        hashlib.sha256(" ".join([train.sha, validation.sha, str(held)]).encode()).hexdigest(),
        train,
        validation,
        Drawings(held, seed, TEST).cases(),
        Drawings(settings.fixed, _FIXED_SEED, FIXED).cases(),
        {"source": "drawings", "seed": seed, "posters": settings.posters, "held_back": held, "version": VERSION},
    )
