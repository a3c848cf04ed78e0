"""What `jobs.refine` would make of a page's rows by decisions that are not in the table yet: of those that were decided
on, and of their product's other canvases."""

import threading
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

from layoutgen.config.base import ConfigError
from layoutgen.core import rows
from layoutgen.core.brands.kits import BrandKits
from layoutgen.core.feedback import Feedback
from layoutgen.core.fingerprint import digest
from layoutgen.core.gallery.edits import EditError
from layoutgen.core.refining import orders
from layoutgen.evaluation.edited_pictures import EditedPictures
from layoutgen.evaluation.gallery import finder_of
from layoutgen.evaluation.refining_of_table import TableRefining
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.building import finders
from layoutgen.runs import refining
from layoutgen.stages.refining import REFINED
from layoutgen.stages.row_photos import RowPhotos

_SIDE = 512  # px of the photos in which subjects are looked for
_MOST_KEPT = 4096


class CarriedResults:
    """Refines rows of a gallery, which `pictures` has, as the job would. Threads may share it; what it needs is loaded
    when the first result is looked at."""

    def __init__(
        self, storage: Storage, pictures: EditedPictures, settings: Mapping[str, Any], kits: BrandKits
    ) -> None:
        self._storage, self._pictures, self._settings = storage, pictures, settings
        self._wanted: dict[tuple[str, str], tuple[orders.Order, ...]] = {}
        self._refining = TableRefining(settings, storage, kits, pictures.font_files)
        self._photos = lru_cache(maxsize=1)(self._built)
        self._refined = lru_cache(maxsize=256)(self._refine)
        self.picture = lru_cache(maxsize=64)(self._picture)
        self._lock = threading.Lock()

    def of(self, decisions: Sequence[Feedback]) -> dict[str, str]:
        """The rows of the page that decisions change, each with a key under which its result can be had. Raises
        EditError."""
        table = self._pictures.columns(refining.READ)
        whole = {each.row_id: self._pictures.row(each.row_id) for each in decisions if each.row_id in self._pictures}
        try:
            margin, fonts = self._refining.margin, self._pictures.font_files
            wanted = refining.wanted_in(table, whole, decisions, "product", margin, fonts)
        except ConfigError as error:
            raise EditError(str(error)) from None
        keys = {row_id: digest(orders.write(of_row)) for row_id, of_row in wanted.of_rows.items()}
        for row_id, key in keys.items():
            self._wanted[row_id, key] = wanted.of_rows[row_id]
        while len(self._wanted) > _MOST_KEPT:
            self._wanted.pop(next(iter(self._wanted)))
        return keys

    def notes(self, row_id: str, key: str) -> list[str]:
        """What became of the decisions in a row, as the table's notes would say it. Raises EditError."""
        before = self._pictures.row(row_id).get("notes") or ()
        return [note for note in self._refined(row_id, key)["notes"] if note.startswith(REFINED) and note not in before]

    def _picture(self, row_id: str, key: str, side: int) -> bytes:
        """A row as decisions change it, PNG of at most `side` px. Raises EditError."""
        row = {**self._pictures.row(row_id), **self._refined(row_id, key)}
        return self._pictures.drawn(row, [rows.read_element(element) for element in row["elements"]], side)

    def _refine(self, row_id: str, key: str) -> dict[str, Any]:
        wanted = self._wanted.get((row_id, key))
        if wanted is None:
            raise EditError(f"key {key!r} is of no result of {row_id}; ask for what decisions change again")
        row = self._pictures.row(row_id)
        try:
            with self._lock:
                return self._refining.refined(row, self._photos().photos(row), wanted)
        except (StorageError, FileFault, ConfigError) as error:
            raise EditError(f"{row_id} can't be changed: {error}") from None

    def _built(self) -> RowPhotos:
        return RowPhotos(self._storage, finders.saliency(finder_of(dict(self._settings))), _SIDE)
