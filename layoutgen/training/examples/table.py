"""A data set as Parquet tables and a card, and back. Pure: bytes in, bytes out.

`examples/*.parquet` have a row an example, `SCHEMA`; `card.json` says what it is and is written last. Reading checks
the examples against the card's sha. Data sets of version 1 have one table, `examples.parquet`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.layout import Box, Canvas, Copy, Framing, Role, Suggestion
from layoutgen.training.examples.about import SPLITS, VERSION, DataSetError, card
from layoutgen.training.examples.examples import Example
from layoutgen.training.examples.selection import DataSet, order_of, sizes

PARTS, CARD = "examples", "card.json"
TABLE = "examples.parquet"  # of version 1
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
        ("blend", pa.string()),
        ("focus", _BOX),
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
        ("reasons", pa.list_(pa.string())),
        ("note", pa.string()),
    ]
)


def to_bytes(data: DataSet) -> tuple[bytes, bytes]:
    """A data set in memory as one table and its card."""
    table = part((split, example) for split in SPLITS for example in data.splits[split])
    products, images = sizes(data)
    about = card(
        data.about,
        sha=data.sha,
        products=products,
        images=images,
        sources=data.sources,
        shares=data.shares,
        salt=data.salt,
        licence=data.licence,
    )
    return table, card_bytes(about)


def rows(examples: Iterable[tuple[str, Example]]) -> pa.Table:
    """Examples and their splits as a table."""
    return pa.Table.from_pylist([_row(split, example) for split, example in examples], schema=SCHEMA)


def part(examples: Iterable[tuple[str, Example]]) -> bytes:
    """Examples and their splits as a Parquet file."""
    sink = pa.BufferOutputStream()
    pq.write_table(rows(examples), sink, compression="zstd")
    return sink.getvalue().to_pybytes()


def card_bytes(about: Mapping[str, Any]) -> bytes:
    """A card as it is kept."""
    return (json.dumps(about, ensure_ascii=False, indent=2) + "\n").encode()


def examples_of(table: bytes) -> Iterator[tuple[str, Example]]:
    """The examples of a table with their splits. Raises pyarrow.ArrowInvalid or OSError where it is none."""
    for row in pq.read_table(pa.BufferReader(table), schema=SCHEMA).to_pylist():
        yield row["split"], _example(row)


def from_bytes(tables: Iterable[bytes], about: bytes, place: str) -> DataSet:
    """Read a data set back, without its drops. `place` is named in messages. Raises DataSetError where tables and card
    are broken or do not belong together."""
    try:
        card = json.loads(about)
        version, sha, shares = card["version"], card["sha"], tuple(card["shares"][split] for split in SPLITS)
        salt, sources, licence = card["salt"], tuple(card["sources"]), str(card.get("licence") or "")
    except (ValueError, KeyError, TypeError) as error:
        raise DataSetError(f"{place}/{CARD} is no card of a data set ({error!r}); make the data set again") from None
    if version not in (1, VERSION):
        raise DataSetError(f"{place} is of version {version!r}, this program reads {VERSION}; make the data set again")
    splits: dict[str, list[Example]] = {split: [] for split in SPLITS}
    try:
        for table in tables:
            for split, example in examples_of(table):
                splits[split].append(example)
    except (pa.ArrowInvalid, OSError) as error:
        raise DataSetError(f"a table of {place} can't be read ({error}); make the data set again") from None
    ordered = {split: tuple(sorted(of, key=order_of)) for split, of in splits.items()}
    data = DataSet(ordered, (), sources, shares, salt, version, licence)
    if data.sha != sha:
        raise DataSetError(
            f"the tables of {place} have the sha {data.sha}, its card says {sha}; make the data set again"
        )
    return data


def _row(split: str, example: Example) -> dict[str, Any]:
    return {
        "split": split,
        "row_id": example.row_id,
        "product_id": example.product_id,
        "source": example.source,
        "image": example.image,
        "image_sha256": example.image_sha256,
        "crop": example.framing.crop,
        "picture": example.framing.picture,
        "backdrop": example.framing.backdrop,
        "blend": example.framing.blend,
        "focus": example.framing.focus,
        "canvas_width": example.canvas.width,
        "canvas_height": example.canvas.height,
        "title": example.copy.title,
        "selling_points": list(example.copy.selling_points),
        "brand": example.copy.brand,
        "logo": example.copy.logo,
        "copy_language": example.copy.language,
        "target": _written(example.target),
        "logo_aspect": example.logo_aspect,
        "erased": [list(box) for box in example.erased],
        "printed": example.printed,
        "language": example.language,
        "category": example.category,
        "rejected": None if example.rejected is None else _written(example.rejected),
        "annotator": example.annotator,
        "reasons": list(example.reasons),
        "note": example.note,
    }


def _example(row: Mapping[str, Any]) -> Example:
    return Example(
        row["row_id"],
        row["product_id"],
        row["source"],
        row["image"],
        row["image_sha256"],
        _framing(row),
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
        tuple(row["reasons"] or ()),  # data sets of before have neither
        row["note"] or "",
    )


def _framing(row: Mapping[str, Any]) -> Framing:
    """How the photo lay; data sets of before know none that goes on beyond its edges."""
    focus = row["focus"] and _box(row["focus"])
    return Framing(
        _box(row["crop"]), _box(row["picture"]), row["backdrop"], blend=row["blend"] or "normal", focus=focus or None
    )


def _written(elements: Sequence[Suggestion]) -> list[dict[str, Any]]:
    return [{"role": element.role.value, "text": element.text, "box": list(element.box)} for element in elements]


def _read(elements: Sequence[Mapping[str, Any]]) -> tuple[Suggestion, ...]:
    return tuple(Suggestion(Role(element["role"]), _box(element["box"]), element["text"]) for element in elements)


def _box(box: Sequence[float]) -> Box:
    return (box[0], box[1], box[2], box[3])
