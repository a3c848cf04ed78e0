"""Data sets that training reads samples from: the drawn corpus, and snapshots of examples with the images they name.

Both are `sample.Samples`: the sample of an index and an epoch is the same whenever and wherever it is asked for, and
epochs differ in augmentation alone.
"""

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import asdict

import numpy as np

from layoutgen.core import framing, prompts, refinement_prompt
from layoutgen.core.layout import area
from layoutgen.io import images
from layoutgen.io.storage import Storage, StorageError
from layoutgen.training import example_table
from layoutgen.training.augment import NONE, Augmentation, Size, augmented
from layoutgen.training.corpus import Corpus, Poster
from layoutgen.training.erasing import erase
from layoutgen.training.examples import Example
from layoutgen.training.sample import Sample, Task
from layoutgen.training.selection import DataSet, DataSetError, said

VERSION = "samples-1"
"""Changes with every change of what a sample of the same example is."""
_MAX_PIXELS = 120_000_000


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
    )


class ExampleSamples:
    """Samples of examples. Images are read when they are first wanted and kept, at most `side` px and with their text
    erased, while they take no more than `cache_bytes` together."""

    def __init__(
        self,
        examples: Sequence[Example],
        storage: Storage,
        *,
        size: Size,
        side: int,
        how: Augmentation = NONE,
        seed: int = 0,
        cache_bytes: int = 512 * 2**20,
    ) -> None:
        if not examples:
            raise DataSetError("there is no example in this split; give more products, or other shares")
        self._examples, self._storage, self._size = tuple(examples), storage, size
        self._side, self._how, self._seed = side, how, seed
        self._room, self._kept = cache_bytes, OrderedDict[tuple[str, object], np.ndarray]()
        self._lock = threading.Lock()
        digest = hashlib.sha256("\n".join(map(said, self._examples)).encode()).hexdigest()
        self.sha = _sha(digest, side, seed, how)

    def __len__(self) -> int:
        """How many samples an epoch has."""
        return len(self._examples)

    def sample(self, index: int, epoch: int) -> Sample:
        """Return a sample. Raises DataSetError where its image can't be read any more."""
        example = self._examples[_checked(index, len(self._examples))]
        task = Task(
            self._photo(example),
            example.framing,
            example.canvas,
            example.copy,
            example.target,
            example.logo_aspect,
            example.printed,
            rejected=example.rejected,
        )
        return augmented(task, self._how, (self._seed, 32, index, epoch), self._size)

    def _photo(self, example: Example) -> np.ndarray:
        """The example's image (h, w, 3), its text erased."""
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
        # The image, not the sample's index, decides on the decoys: they must not move between epochs or data sets.
        lots = np.random.default_rng(list(hashlib.sha256(example.image.encode()).digest()[:8]))
        photo, _ = erase(photo, example.erased, lots)
        with self._lock:
            self._kept[key] = photo
            while len(self._kept) > 1 and sum(one.nbytes for one in self._kept.values()) > self._room:
                self._kept.popitem(last=False)
        return photo


def write_snapshot(storage: Storage, root: str, data: DataSet) -> str:
    """Write a data set below `root`, in a folder named by its sha, and return that folder. The card is written last: a
    folder without one is unfinished."""
    folder = storage.join(root, data.sha[:16])
    table, about = example_table.to_bytes(data)
    storage.write(storage.join(folder, example_table.TABLE), table)
    storage.write(storage.join(folder, example_table.CARD), about)
    return folder


def read_snapshot(storage: Storage, folder: str) -> DataSet:
    """Read a data set. Raises DataSetError where there is none or its parts do not belong together."""
    parts = []
    for name in (example_table.TABLE, example_table.CARD):
        uri = storage.join(folder, name)
        if not storage.exists(uri):
            raise DataSetError(f"{uri} is missing, so {folder} is no data set; make it, or correct the path")
        parts.append(storage.read(uri))
    return example_table.from_bytes(parts[0], parts[1], folder)


def gone(storage: Storage, uris: Sequence[str]) -> list[str]:
    """Those of some images that are no longer there."""
    distinct = sorted(set(uris))
    return [uri for uri, version in zip(distinct, storage.versions(distinct), strict=True) if version is None]


def _sha(*parts: object) -> str:
    how = [asdict(part) if isinstance(part, Augmentation) else part for part in parts]
    about = [VERSION, prompts.PROMPT_VERSION, refinement_prompt.PROMPT_VERSION, *how]
    return hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()


def _checked(index: int, count: int) -> int:
    if not 0 <= index < count:
        raise IndexError(f"sample {index} of {count}; ask for 0 to {count - 1}")
    return index
