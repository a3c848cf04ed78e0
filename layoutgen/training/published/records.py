"""A poster of a published set as its reader leaves it: what its files say, checked by nobody yet.

Readers of forms (`pku`, `coco`, …) give a `Record` for each poster; `posters` makes an example of it.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import pyarrow as pa

from layoutgen.core.errors import Refusal

_ELEMENTS = pa.list_(pa.struct([("kind", pa.string()), ("box", pa.list_(pa.float64())), ("text", pa.string())]))
SCHEMA = pa.schema(
    [
        ("poster_id", pa.string()),
        ("poster", pa.string()),
        ("erased_canvas", pa.string()),
        ("width", pa.float64()),
        ("height", pa.float64()),
        ("elements", _ELEMENTS),
        ("needs_erasing", pa.bool_()),
        ("language", pa.string()),
        ("category", pa.string()),
        ("mended", pa.list_(pa.string())),
        ("reason", pa.string()),
        ("message", pa.string()),
    ]
)
"""The columns of a table of records."""


class PublishedError(Refusal):
    """A published set can't be read; the message names the file, what stands there, and the fix."""


@dataclass(frozen=True)
class RawElement:
    """An element as the set has it. `kind` is one of `labels.KINDS`; `box` is left, top, right, bottom in the unit that
    the record's size says, in any order and perhaps broken; `text` is None where the set does not tell it."""

    kind: str
    box: tuple[float, ...]
    text: str | None = None


@dataclass(frozen=True)
class Record:
    """A poster of a set. `poster` is the picture with its texts, `erased_canvas` the one from which somebody took them,
    both URIs, "" for none. Boxes are measured on `width` x `height` px, 0 for those of the picture itself; 1 x 1:
    shares. `needs_erasing` is False where the picture never had the texts. `mended` names what the reader put right or
    left out; with a `reason` (one of `examples.REASONS`) and `message` the poster can't be learnt from."""

    poster_id: str
    poster: str = ""
    erased_canvas: str = ""
    width: float = 0.0
    height: float = 0.0
    elements: tuple[RawElement, ...] = ()
    needs_erasing: bool = True
    language: str = ""
    category: str = ""
    mended: tuple[str, ...] = ()
    reason: str = ""
    message: str = ""

    def row(self) -> dict[str, Any]:
        """The record as a row of `SCHEMA`."""
        return asdict(self)


def record_of(row: Mapping[str, Any]) -> Record:
    """The record of a row that `Record.row` gave."""
    elements = tuple(RawElement(part["kind"], tuple(part["box"]), part["text"]) for part in row["elements"])
    named = {name: row[name] for name in SCHEMA.names}
    return Record(**{**named, "elements": elements, "mended": tuple(row["mended"])})


def unusable(poster_id: str, reason: str, message: str, **known: Any) -> Record:
    """A poster that can't be learnt from, and why."""
    return Record(poster_id, reason=reason, message=f"{poster_id}: {message}", **known)
