"""Data sets that training reads samples from: the drawn corpus, and snapshots of examples with the images they name.

Both are `sample.Samples`: the sample of an index and an epoch is the same whenever and wherever it is asked for, and
epochs differ in augmentation alone.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict

import numpy as np

from layoutgen.core import framing
from layoutgen.core.layout import area
from layoutgen.core.prompts import layouts as prompts
from layoutgen.core.prompts import refinements as refinement_prompt
from layoutgen.imaging import images
from layoutgen.imaging.framed import draw_at
from layoutgen.io.storage import Storage, StorageError
from layoutgen.training.corpus.posters import Corpus, Poster
from layoutgen.training.data.augment import NONE, Augmentation, Size, augmented
from layoutgen.training.data.sample import Sample, Task
from layoutgen.training.examples import table as example_table
from layoutgen.training.examples.about import DataSetError
from layoutgen.training.examples.erasing import erase_in
from layoutgen.training.examples.examples import Example
from layoutgen.training.examples.selection import DataSet, canonical

VERSION = "samples-1"
"""Changes with every change of what a sample of the same example is."""
_MAX_PIXELS = 120_000_000
_SUBJECT_SIDE = 128
Finder = Callable[[np.ndarray], np.ndarray]
"""Photo (h, w, 3) to a map of its subject, 0 to 1, at any scale."""
_Photo = tuple[np.ndarray, np.ndarray | None]


class CorpusSamples:
    """Samples of `count` drawn posters from number `first` on. `size` is the model's, see `augment.Size`."""

    def __init__(self, corpus: Corpus, count: int, *, size: Size, how: Augmentation = NONE, first: int = 0) -> None:
        if count < 1:
            raise DataSetError(f"count is {count}; ask for at least one poster")
        self._corpus, self._count, self._size, self._how, self._first = corpus, count, size, how, first
        self.sha = _sha(corpus.sha, count, first, how)

    def __len__(self) -> int:
        """How many samples an epoch has."""
        return self._count

    def sample(self, index: int, epoch: int) -> Sample:
        """Return a sample."""
        number = self._first + _checked(index, self._count)
        poster = self._corpus.poster(number)
        return augmented(corpus_task(poster), self._how, (self._corpus.spec.seed, 31, number, epoch), self._size)


def corpus_task(poster: Poster) -> Task:
    """What is to be learnt of a drawn poster."""
    shown = framing.on_canvas(poster.subject, poster.framing)
    return Task(
        poster.photo,
        poster.framing,
        poster.canvas,
        poster.copy,
        poster.suggestions,
        poster.logo_aspect,
        poster.printed,
        shown if area(shown) > 0 else None,
        mask=poster.mask,
        category=poster.category or None,
    )


class ExampleSamples:
    """Samples of examples. Images are read when they are first wanted and kept, at most `side` px and with their text
    erased, while they take no more than `cache_bytes` together. `find` says where the subjects of photos are, which no
    example tells."""

    def __init__(
        self,
        examples: Sequence[Example],
        storage: Storage,
        *,
        size: Size,
        side: int,
        how: Augmentation = NONE,
        seed: int = 0,
        find: Finder | None = None,
        cache_bytes: int = 512 * 2**20,
    ) -> None:
        if not examples:
            raise DataSetError("there is no example in this split; give more products, or other shares")
        self._examples, self._storage, self._size = tuple(examples), storage, size
        self._side, self._how, self._seed, self._find = side, how, seed, find
        self._room, self._kept = cache_bytes, OrderedDict[tuple[str, object], _Photo]()
        self._lock = threading.Lock()
        digest = hashlib.sha256("\n".join(map(canonical, self._examples)).encode()).hexdigest()
        self.sha = _sha(digest, side, seed, how, *(["subjects"] if find else []))

    def __len__(self) -> int:
        """How many samples an epoch has."""
        return len(self._examples)

    def sample(self, index: int, epoch: int) -> Sample:
        """Return a sample. Raises DataSetError where its image can't be read any more."""
        example = self._examples[_checked(index, len(self._examples))]
        return augmented(self._task(example), self._how, (self._seed, 32, index, epoch), self._size)

    def subject(self, index: int) -> np.ndarray | None:
        """The map of where an example's subject is on its canvas, as `canvas_subject`; None where nobody looks."""
        task = self._task(self._examples[_checked(index, len(self._examples))])
        return None if task.mask is None else canvas_subject(task)

    def _task(self, example: Example) -> Task:
        photo, mask = self._photo(example)
        box = None if mask is None or not (mask > 0.5).any() else framing.subject_box(mask)
        return Task(
            photo,
            example.framing,
            example.canvas,
            example.copy,
            example.target,
            example.logo_aspect,
            example.printed,
            None if box is None else framing.on_canvas(box, example.framing),
            rejected=example.rejected,
            mask=mask,
            category=example.category or None,
        )

    def _photo(self, example: Example) -> _Photo:
        """The example's image (h, w, 3), its text erased, and the map of its subject."""
        key = (example.image, example.erased)
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
        try:
            data = self._storage.read(example.image)
            photo = images.decode(data, side=self._side, min_side=1, max_pixels=_MAX_PIXELS).pixels
        except (StorageError, images.ImageFault) as error:
            message = f"{example.image} of {example.row_id} can't be read ({error}); make the data set again"
            raise DataSetError(message) from error
        photo = erase_in(photo, example.image, example.erased)
        entry = photo, self._find(photo) if self._find else None
        with self._lock:
            self._kept[key] = entry
            while len(self._kept) > 1 and sum(pixels.nbytes for pixels, _ in self._kept.values()) > self._room:
                self._kept.popitem(last=False)
        return entry


def canvas_subject(task: Task) -> np.ndarray:
    """A map (h, w) uint8 of the canvas with 255 where the subject is, of a task that knows its photo's."""
    scale = _SUBJECT_SIDE / max(task.canvas.width, task.canvas.height)
    size = (round(task.canvas.width * scale), round(task.canvas.height * scale))
    assert task.mask is not None
    return np.asarray(np.rint(draw_at(task.mask, task.framing, *size).clip(0, 1) * 255), np.uint8)


def write_snapshot(storage: Storage, root: str, data: DataSet) -> str:
    """Write a data set that is in memory below `root`, in a folder named by its sha, and return that folder. The card
    is written last: a folder without one is unfinished."""
    folder = storage.join(root, data.sha[:16])
    table, about = example_table.to_bytes(data)
    storage.write(storage.join(folder, f"{example_table.PARTS}/part-00000.parquet"), table)
    storage.write(storage.join(folder, example_table.CARD), about)
    return folder


def read_snapshot(storage: Storage, folder: str) -> DataSet:
    """Read a data set. Raises DataSetError where there is none or its parts do not belong together."""
    about = storage.join(folder, example_table.CARD)
    if not storage.exists(about):
        raise DataSetError(f"{about} is missing, so {folder} is no data set; make it, or correct the path")
    first = storage.join(folder, example_table.TABLE)
    parts = [uri for uri in storage.list(storage.join(folder, example_table.PARTS)) if uri.endswith(".parquet")]
    tables = (storage.read(uri) for uri in (parts or [first]) if parts or storage.exists(first))
    return example_table.from_bytes(tables, storage.read(about), folder)


def gone(storage: Storage, uris: Sequence[str]) -> list[str]:
    """Those of some images that are no longer there."""
    distinct = sorted(set(uris))
    return [uri for uri, version in zip(distinct, storage.versions(distinct), strict=True) if version is None]


def _sha(*parts: object) -> str:
    how = [_told(part) if isinstance(part, Augmentation) else part for part in parts]
    about = [VERSION, prompts.PROMPT_VERSION, refinement_prompt.PROMPT_VERSION, *how]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _told(how: Augmentation) -> dict[str, object]:
    """Augmentation as it tells data sets apart: what came later and is off tells nothing."""
    return {name: value for name, value in asdict(how).items() if name != "draw_given" or value}


def _checked(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise IndexError(f"sample {index} of {count}; ask for 0 to {count - 1}")
    return index
