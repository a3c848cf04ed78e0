"""A data set as a Parquet table and its card, and back. Pure: bytes in, bytes out.

`examples.parquet` has a row an example, `SCHEMA`; `card.json` says what it is and is written last. Reading checks the
examples against the card's sha.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.layout import Box, Canvas, Copy, Framing, Role, Suggestion
from layoutgen.training.examples.examples import Example
from layoutgen.training.examples.selection import SPLITS, VERSION, DataSet, DataSetError, card

TABLE, CARD = "examples.parquet", "card.json"
_BOX = pa.list_(pa.float64(), 4)  # as exact as they came, so that the sha holds
_ELEMENTS = pa.list_(pa.struct([("role", pa.string()), ("text", pa.string()), ("box", _BOX)]))
SCHEMA = pa.schema(
    [
        ("split", pa.string()),
        ("row_id", pa.string()),
        ("product_id", pa.string()),
        ("source", pa.string()),
        ("image", pa.string()),
        ("image_sha256", pa.string()),
        ("crop", _BOX),
        ("picture", _BOX),
        ("backdrop", pa.string()),
        ("canvas_width", pa.int32()),
        ("canvas_height", pa.int32()),
        ("title", pa.string()),
        ("selling_points", pa.list_(pa.string())),
        ("brand", pa.string()),
        ("logo", pa.string()),
        ("copy_language", pa.string()),
        ("target", _ELEMENTS),
        ("logo_aspect", pa.float64()),
        ("erased", pa.list_(_BOX)),
        ("printed", pa.bool_()),
        ("language", pa.string()),
        ("category", pa.string()),
        ("rejected", _ELEMENTS),
        ("annotator", pa.string()),
    ]
)


def to_bytes(data: DataSet) -> tuple[bytes, bytes]:
    """The table and the card."""
    rows = [_row(split, one) for split in SPLITS for one in data.splits[split]]
    sink = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), sink, compression="zstd")
    about = json.dumps(card(data), ensure_ascii=False, indent=2) + "\n"
    return sink.getvalue().to_pybytes(), about.encode()


def from_bytes(table: bytes, about: bytes, place: str) -> DataSet:
    """Read a data set back, without its drops. `place` is named in messages. Raises DataSetError where table and card
    are broken or do not belong together."""
    try:
        said = json.loads(about)
        version, sha, shares = said["version"], said["sha"], tuple(said["shares"][split] for split in SPLITS)
        salt, sources = said["salt"], tuple(said["sources"])
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError(f"{place}/{CARD} is no card of a data set ({error!r}); make the data set again") from None
    if version != VERSION:
        raise DataSetError(f"{place} is of version {version!r}, this program reads {VERSION}; make the data set again")
    try:
        rows = pq.read_table(pa.BufferReader(table), schema=SCHEMA).to_pylist()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataSetError(f"{place}/{TABLE} can't be read ({error}); make the data set again") from None
    splits: dict[str, list[Example]] = {split: [] for split in SPLITS}
    for row in rows:
        splits[row["split"]].append(_example(row))
    data = DataSet({split: tuple(of) for split, of in splits.items()}, (), sources, shares, salt)
    if data.sha != sha:
        raise DataSetError(f"{place}/{TABLE} has the sha {data.sha}, its card says {sha}; make the data set again")
    return data


def _row(split: str, one: Example) -> dict[str, Any]:
    return {
        "split": split,
        "row_id": one.row_id,
        "product_id": one.product_id,
        "source": one.source,
        "image": one.image,
        "image_sha256": one.image_sha256,
        "crop": one.framing.crop,
        "picture": one.framing.picture,
        "backdrop": one.framing.backdrop,
        "canvas_width": one.canvas.width,
        "canvas_height": one.canvas.height,
        "title": one.copy.title,
        "selling_points": list(one.copy.selling_points),
        "brand": one.copy.brand,
        "logo": one.copy.logo,
        "copy_language": one.copy.language,
        "target": _written(one.target),
        "logo_aspect": one.logo_aspect,
        "erased": [list(box) for box in one.erased],
        "printed": one.printed,
        "language": one.language,
        "category": one.category,
        "rejected": None if one.rejected is None else _written(one.rejected),
        "annotator": one.annotator,
    }


def _example(row: Mapping[str, Any]) -> Example:
    return Example(
        row["row_id"],
        row["product_id"],
        row["source"],
        row["image"],
        row["image_sha256"],
        Framing(_box(row["crop"]), _box(row["picture"]), row["backdrop"]),
        Canvas(row["canvas_width"], row["canvas_height"]),
        Copy(row["title"], tuple(row["selling_points"]), row["brand"], row["logo"], row["copy_language"]),
        _read(row["target"]),
        row["logo_aspect"],
        tuple(_box(box) for box in row["erased"]),
        row["printed"],
        row["language"],
        row["category"],
        None if row["rejected"] is None else _read(row["rejected"]),
        row["annotator"],
    )


def _written(elements: Sequence[Suggestion]) -> list[dict[str, Any]]:
    return [{"role": one.role.value, "text": one.text, "box": list(one.box)} for one in elements]


def _read(elements: Sequence[Mapping[str, Any]]) -> tuple[Suggestion, ...]:
    return tuple(Suggestion(Role(one["role"]), _box(one["box"]), one["text"]) for one in elements)


def _box(box: Sequence[float]) -> Box:
    return (box[0], box[1], box[2], box[3])
