"""Drawn wishes for scenes, as a data set: what `data.source = "corpus"` is for `train.model = "scene"`.

Every other wish has a reference, drawn in the style of its answer; a wish and its reference are of its number alone.
Drawing a reference takes a third of a training's time, so what is drawn is kept in memory.

To train on another taste, change `training/corpus/taste.py` or put a module of yours in its place.
"""

import hashlib
import json
from dataclasses import asdict, dataclass

import numpy as np

from layoutgen.config.training import DataSettings
from layoutgen.models.denoising.scenes import style
from layoutgen.models.denoising.scenes.conditions import place_numbers
from layoutgen.training.corpus.taste import TASTES
from layoutgen.training.corpus.wishes import Example, example, reference, words
from layoutgen.training.data.cases import Cases, Data, DataError

VERSION = "wishes-2"
"""Changes with every change of what a wish of the same number is."""
LEARNT, VALIDATION, TEST, FIXED = 1, 2, 3, 4
_FIXED_SEED = 900_001


@dataclass(frozen=True, eq=False)
class SceneSample:
    """What is learnt: an answer (numbers.SIZE,) to what is wanted: a row of the table of categories, 0 for none;
    `floats` (conditions.SIZE,); `style` (style.SIZE,), None where there is no reference. `rejected` is the answer that
    a designer did not want, None where nobody chose."""

    answer: np.ndarray
    category: int
    floats: np.ndarray
    style: np.ndarray | None
    rejected: np.ndarray | None = None


@dataclass(frozen=True, eq=False)
class SceneCase:
    """A scene to propose for the verdict: its sample, where things are on a canvas of `size` px, and the reference's
    look, None for none. Cases of one `product` are no independent evidence."""

    key: str
    product: str
    sample: SceneSample
    wish: Example
    reference: style.Look | None


class WishSamples:
    """`count` wishes of a part of those of a seed."""

    def __init__(self, count: int, seed: int, part: int) -> None:
        self._count, self._seed, self._part = count, seed, part
        self._drawn: dict[int, SceneSample] = {}
        self.sha = _sha(count, seed, part)

    def __len__(self) -> int:
        """How many there are."""
        return self._count

    def sample(self, index: int, epoch: int) -> SceneSample:
        """Return a sample, the same in all epochs."""
        if index not in self._drawn:
            self._drawn[index] = case_of(index, self._seed, self._part).sample
        return self._drawn[index]

    @property
    def cases(self) -> Cases[SceneCase]:
        """The same wishes as they are judged by."""
        return cases(self._count, self._seed, self._part)


def case_of(index: int, seed: int, part: int) -> SceneCase:
    """A wish as it is judged by."""
    wish, picture = drawn_wish(index, seed, part)
    shown = None if picture is None else style.look_of(picture)
    sample = SceneSample(
        wish.answer.encode(), wish.category, floats_of(wish), None if shown is None else style.numbers(shown)
    )
    return SceneCase(f"wish-{part}-{index}", f"wish-{part}-{index}", sample, wish, shown)


def drawn_wish(index: int, seed: int, part: int) -> tuple[Example, np.ndarray | None]:
    """A wish, and its reference where it has one."""
    rng = np.random.default_rng([seed, part, index])
    wish = example(rng)
    return wish, None if index % 2 else reference(wish.answer, rng)


def floats_of(wish: Example) -> np.ndarray:
    """What the network sees of a wish besides category and style: see `conditions`."""
    mean = wish.colours[:, 3] @ wish.colours[:, :3]
    places = place_numbers(wish.size, wish.product, wish.texts)
    return np.concatenate([places, wish.colours.ravel(), mean]).astype(np.float32)


def open_wishes(settings: DataSettings) -> Data:
    """Drawn wishes: `posters` to learn from, then `held_back` to validate and as many to judge by. Raises DataError
    for another source."""
    if settings.source != "corpus":
        raise DataError(
            f"data.source = {settings.source!r}: a network of scenes learns drawn wishes, or designers' choices "
            "(train.method = 'dpo'); set it to 'corpus'"
        )
    seed, held = settings.seed, settings.held_back
    train, validation = WishSamples(settings.posters, seed, LEARNT), WishSamples(held, seed, VALIDATION)
    return Data(
        hashlib.sha256(" ".join([train.sha, validation.sha, str(held)]).encode()).hexdigest(),
        train,
        validation,
        cases(held, seed, TEST),
        fixed(settings.fixed),
        {"source": "wishes", "seed": seed, "posters": settings.posters, "held_back": held, "version": VERSION},
    )


def fixed(count: int) -> Cases[SceneCase]:
    """The fixed set, the same for all data."""
    return cases(count, _FIXED_SEED, FIXED)


def cases(count: int, seed: int, part: int) -> Cases[SceneCase]:
    """Wishes to judge by."""
    return Cases(range(count), lambda index: case_of(index, seed, part))


def _sha(*parts: object) -> str:
    taste = {name: asdict(each) for name, each in TASTES.items()}
    return hashlib.sha256(json.dumps([VERSION, taste, words(), *parts], sort_keys=True).encode()).hexdigest()
