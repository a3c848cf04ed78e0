"""Instructions followed in layouts while somebody edits them, as `jobs.refine` follows them in the table."""

import threading
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from layoutgen.config.base import ConfigError
from layoutgen.core.brands.kits import NO_KITS, BrandKits
from layoutgen.core.gallery.edits import CHANGEABLE, EditError
from layoutgen.core.instructions.parsing import HINT, InstructionError, parse
from layoutgen.core.layout import Element
from layoutgen.core.metrics import table_rows
from layoutgen.core.refining.applying import apply
from layoutgen.core.refining.changes import described
from layoutgen.evaluation.edited_pictures import EditedPictures
from layoutgen.evaluation.gallery import finder_of
from layoutgen.evaluation.refining_of_table import TableRefining
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.building import finders
from layoutgen.stages.row_photos import RowPhotos

_SIDE = 512  # px of the photos in which subjects are looked for
_DIGITS = 5
_SLACK_PX = 0.6  # a box of whole px, written in five digits, still holds its text


class InstructedEdits:
    """Follows instructions in rows of a gallery, which `pictures` has. Threads may share it. What it needs is loaded at
    the first instruction."""

    def __init__(
        self, storage: Storage, pictures: EditedPictures, settings: Mapping[str, Any], kits: BrandKits = NO_KITS
    ) -> None:
        self._storage, self._pictures, self._settings = storage, pictures, settings
        # Edits say nothing of variants of logos.
        self._refining = TableRefining(settings, storage, kits, pictures.font_files, has_variants=False)
        self._photos = lru_cache(maxsize=1)(self._built)
        self._lock = threading.Lock()

    def changed(
        self, row_id: str, instruction: object, elements: object, style: object = None, styled: object = None
    ) -> dict[str, Any]:
        """What an instruction makes of a row with the elements of an edit: `elements` as edits have them, in words what
        was `done`, and what was `undone` with the reason. Raises EditError."""
        row, drawn = self._pictures.row(row_id), self._pictures.layout(row_id, elements, style, styled)
        assert isinstance(elements, list)
        try:
            parsed = parse(instruction)
        except InstructionError as error:
            raise EditError(str(error)) from None
        try:
            with self._lock:
                page = self._refining.page(row, self._photos().photos(row))
        except (StorageError, FileFault, ConfigError) as error:
            raise EditError(f"{row_id} can't be changed: {error}") from None
        canvas = table_rows.canvas(row)
        applied = apply(parsed.changes, drawn, page)
        slack = (_SLACK_PX / canvas.width, _SLACK_PX / canvas.height)
        parts = [f"{part}; {HINT}" for part in parsed.refused]
        return {
            "elements": [
                elements[k] if k is not None and element == drawn[k] else _edit(element, k, elements, drawn, slack)
                for element, k in zip(applied.elements, applied.origins, strict=True)
            ],
            "done": [*described(applied.done), *applied.aside],
            "undone": [*applied.undone, *parts],
        }

    def _built(self) -> RowPhotos:
        return RowPhotos(self._storage, finders.saliency(finder_of(dict(self._settings))), _SIDE)


def _edit(
    element: Element, at: int | None, elements: list[dict[str, Any]], drawn: list[Element], slack: tuple[float, float]
) -> dict[str, Any]:
    """An element as an edit has it: what of it is another than in the edit before; letters that are set as before are
    as large as their box lets them."""
    left, top, right, bottom = element.box
    is_set_anew = bool(element.lines) and (at is None or drawn[at].lines != element.lines)
    if is_set_anew:
        right, bottom = min(1.0, right + slack[0]), min(1.0, bottom + slack[1])
    box = [round(side, _DIGITS) for side in (left, top, right, bottom)]
    before: dict[str, Any] = {} if at is None else dict(elements[at])
    was = None if at is None else drawn[at]
    changed = {
        name: getattr(element, name)
        for name in CHANGEABLE
        if name in ("colour", "alignment", "font") and (was is None or getattr(was, name) != getattr(element, name))
    }
    if is_set_anew:
        changed |= {"lines": list(element.lines), "font_px": element.font_px}
    before.pop("font_px", None)
    return {**before, "role": element.role.value, "text": element.text, "box": box, **changed}
