"""A folder of `scenes.jsonl` as a data set: pictures to learn grounds from, to validate and to judge by."""

import hashlib
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from layoutgen.config.training import DataSettings
from layoutgen.io.storage import Storage
from layoutgen.models.base import Scene
from layoutgen.training.data.cases import Data, DataError
from layoutgen.training.painting import references, rows
from layoutgen.training.painting.rows import Row

VERSION = "pictures-1"
"""Changes with every change of what a sample of the same row is."""


@dataclass(frozen=True)
class Picture:
    """A row as it is learnt and judged by; its files are read when they are asked for. Pictures of one `product` are no
    independent evidence."""

    row: Row
    rejected: None = None

    @property
    def key(self) -> str:
        """Its name."""
        return self.row.image

    @property
    def product(self) -> str:
        """Nobody says which pictures show the same product: each stands for itself."""
        return self.row.image

    def shown(self) -> tuple[np.ndarray, Scene]:
        """Its pixels (h, w, 3) uint8, and the scene that they show. Raises RowError."""
        return self.row.picture()

    def with_reference(self) -> tuple[tuple[np.ndarray, Scene], np.ndarray | None]:
        """The same, or a window of it, with a reference (h', w', 3) uint8 that shows nothing of it; None where there is
        none. Raises RowError."""
        return references.with_reference(*self.shown(), self.row.shown_reference())


class PictureSamples:
    """Samples of rows."""

    def __init__(self, of: Sequence[Row]) -> None:
        self.rows = tuple(of)
        about = [(row.image, row.mask, row.category, row.caption, row.reference, row.elements) for row in of]
        self.sha = hashlib.sha256(json.dumps([VERSION, about], default=vars).encode()).hexdigest()

    def __len__(self) -> int:
        """How many samples an epoch has."""
        return len(self.rows)

    def sample(self, index: int, epoch: int) -> Picture:
        """Return a sample, the same in all epochs."""
        return Picture(self.rows[index])


def open_pictures(settings: DataSettings, storage: Storage) -> Data:
    """Open a folder. Raises DataError."""
    if not settings.source:
        raise DataError("no data set is named; give --data, or data.source in the settings: a folder with scenes.jsonl")
    try:
        every = rows.read(settings.source, storage)
        images = [uri for row in every for uri in row.uris()]
    except rows.RowError as error:
        raise DataError(str(error)) from None
    split = {name: [row for row in every if row.split == name] for name in ("train", "validation", "test")}
    train, validation = PictureSamples(split["train"]), PictureSamples(split["validation"])
    test = [Picture(row) for row in split["test"]]
    about = {
        "source": settings.source,
        "rows": {name: len(part) for name, part in split.items()},
        "categories": dict(Counter(row.category for row in split["train"] if row.category)),
    }
    shas = [train.sha, validation.sha, PictureSamples(split["test"]).sha]
    return Data(hashlib.sha256(" ".join(shas).encode()).hexdigest(), train, validation, test, [], about, images)
