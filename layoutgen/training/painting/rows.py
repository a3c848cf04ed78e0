"""Pictures to learn grounds from, as a folder or prefix: `scenes.jsonl`, a row a line.

| field | what it is |
| --- | --- |
| `image` | file of the picture, relative to the folder |
| `mask` | file of the product's mask, white where the product is, of the picture's size; or none: the picture's alpha |
| `category` | the product's, may be left out |
| `elements` | what stood or may stand there: `role`, `box` (ltrb, normalised), `text` may be left out |
| `caption` | what the ground shows, in words; may be left out |
| `reference` | file of a picture of the same style; may be left out |
"""

import hashlib
import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image, UnidentifiedImageError

from layoutgen.core.layout import Box, Canvas, Role, Suggestion
from layoutgen.io.objects.locations import join_allowed
from layoutgen.io.storage import Storage, StorageError
from layoutgen.models.base import Scene
from layoutgen.training.data.sample import SampleError

FILE = "scenes.jsonl"
_SMALLEST = 16
_PARTS = ("test", "test", "validation")
_OF = 20
"""Of 20 pictures two are judged by, one is validated by, and the others are learnt."""


class RowError(SampleError):
    """A row of the folder can't be used; the message says which, why, and the mend."""


@dataclass(frozen=True)
class Row:
    """A line of the file."""

    storage: Storage
    folder: str
    line: int
    image: str
    mask: str | None
    category: str | None
    elements: tuple[Suggestion, ...]
    caption: str | None
    reference: str | None

    @property
    def split(self) -> str:
        """What its picture is for, by its name, so in every data set the same: `train`, `validation` or `test`."""
        place = int.from_bytes(hashlib.sha256(self.image.encode()).digest()[:4]) % _OF
        return _PARTS[place] if place < len(_PARTS) else "train"

    def uris(self) -> list[str]:
        """The files that it names. Raises RowError for what is no path below the folder."""
        return [self._uri(name) for name in (self.image, self.mask, self.reference) if name]

    def shown_reference(self) -> np.ndarray | None:
        """The picture (h, w, 3) uint8 of the same style, where it names one. Raises RowError."""
        return None if self.reference is None else np.asarray(self._open(self.reference).convert("RGB"))

    def picture(self) -> tuple[np.ndarray, Scene]:
        """Its pixels (h, w, 3) uint8, and the scene that they show. Raises RowError."""
        image = self._open(self.image)
        pixels = np.asarray(image.convert("RGBA"))
        alpha = pixels[..., 3] if self.mask is None else np.asarray(self._open(self.mask).convert("L"))
        if alpha.shape != pixels.shape[:2]:
            raise self._wrong(
                f"mask is {alpha.shape[1]} x {alpha.shape[0]} px, the picture {image.width} x {image.height}"
            )
        opaque = alpha > 127
        if not opaque.any() or opaque.all():
            raise self._wrong(f"the mask is {'full' if opaque.any() else 'empty'}: it says no ground from product")
        rows, columns = np.flatnonzero(opaque.any(1)), np.flatnonzero(opaque.any(0))
        top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
        product = np.dstack([pixels[top:bottom, left:right, :3], alpha[top:bottom, left:right]])
        box: Box = (left / image.width, top / image.height, right / image.width, bottom / image.height)
        return np.ascontiguousarray(pixels[..., :3]), Scene(
            Canvas(image.width, image.height), product, box, self.elements, self.category
        )

    def _open(self, name: str) -> Image.Image:
        try:
            image = Image.open(io.BytesIO(self.storage.read(self._uri(name))))
            image.load()
        except (OSError, StorageError, UnidentifiedImageError) as error:
            raise self._wrong(f"{name} can't be read ({error})") from None
        if min(image.size) < _SMALLEST:
            raise self._wrong(f"{name} is {image.width} x {image.height} px, {_SMALLEST} a side are the least")
        return image

    def _uri(self, name: str) -> str:
        try:
            return join_allowed(self.folder, (), name)
        except ValueError as error:
            raise self._wrong(str(error)) from None

    def _wrong(self, why: str) -> RowError:
        return RowError(f"{self.folder}/{FILE}, line {self.line}: {why}; mend or leave out the row")


def read(folder: str, storage: Storage) -> list[Row]:
    """The rows of a folder or prefix; pictures are opened where they are learnt. Raises RowError."""
    folder = folder.rstrip("/")
    uri = f"{folder}/{FILE}"
    try:
        lines = storage.read(uri).decode("utf-8").splitlines()
    except (OSError, StorageError, ValueError) as error:
        raise RowError(f"{uri} can't be read ({error}); give a folder with {FILE}") from None
    rows = [_row(storage, folder, number, line) for number, line in enumerate(lines, 1) if line.strip()]
    if not rows:
        raise RowError(f"{uri} has no rows; give a folder with some")
    return rows


def _row(storage: Storage, folder: str, number: int, line: str) -> Row:
    try:
        about: dict[str, Any] = json.loads(line)
        elements = tuple(_element(element) for element in about.get("elements") or ())
        image = about["image"]
        texts = {name: about.get(name) or None for name in ("mask", "category", "caption", "reference")}
        if not isinstance(image, str) or any(not isinstance(text, str | None) for text in texts.values()):
            raise TypeError("image, mask, category, caption and reference are texts")
    except KeyError as error:
        raise RowError(f"{folder}/{FILE}, line {number}: {error} is missing; see the table of fields") from None
    except (AttributeError, TypeError, ValueError) as error:
        raise RowError(f"{folder}/{FILE}, line {number}: {error}; see the table of fields") from None
    return Row(storage, folder, number, image, elements=elements, **texts)


def _element(about: dict[str, Any]) -> Suggestion:
    left, top, right, bottom = (float(side) for side in about["box"])
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise ValueError(f"box {about['box']} is not left, top, right, bottom in [0, 1]")
    return Suggestion(Role(about["role"]), (left, top, right, bottom), str(about.get("text", "")))
