"""From a manifest's rows to shards of work: one row a product, canvas, locale and variant, checked before anything is
fetched.

Every canvas of every product leaves exactly once in each locale and variant, in a shard or among the failed rows. A
shard depends on the products alone, not on the order they came in: a product goes to shard blake2b(product_id) mod N,
and inside a shard rows are sorted by row_id. All rows of a product lie in one shard, so that its image is fetched once.

The raw table's columns may have any type; a value of the wrong type fails its own row only. A column of several types
travels as JSON text and says so in its field's metadata (`column_types.JSON_TEXT`). A column `input_row` holds each row
as the manifest wrote it; without one, rows are written as JSON here.
"""

import hashlib
import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from functools import partial
from operator import attrgetter
from typing import Any

import pyarrow as pa

from layoutgen.core import schema
from layoutgen.core.layout import Canvas
from layoutgen.core.manifest import column_types, column_values
from layoutgen.core.manifest.contracts import CONTRACTS, JobKind
from layoutgen.core.manifest.fields import UnusableError, shown, values_of
from layoutgen.core.manifest.keys import bad_locale_id, row_id
from layoutgen.core.manifest.products import Fault, Product, Rules, product_id, read
from layoutgen.core.text.plain_text import is_unicode

ROW = schema.ROW

_PRODUCT_COLUMNS = (
    *("product_id", "images", "title", "selling_points", "brand", "logo"),
    *("category", "language", "locale", "application", "video", "subtitle", "stickers"),
)
_FURTHER_COLUMNS = (
    *schema.OFFER.names,
    "style",
    "series",
    "framing",
    "constraints",
    "layout",
    "captions",
    *schema.POSTER_INPUT.names,
)


@dataclass(frozen=True, eq=False)
class Plan:
    """The work. `shards` are non-empty tables of the schema PLANNED and the user's own columns, `numbers`
    the shards' numbers; `failed` has the rows that can't be worked on; `rows_in` counts the rows of both."""

    shards: list[pa.Table]
    numbers: list[int]
    failed: pa.Table
    rows_in: int


@dataclass(slots=True, eq=False)
class _Row:
    row_id: str
    product: Product
    canvas: Canvas | None
    fault: Fault | None
    variant: int = 0


def plan(raw: pa.Table, rules: Rules, *, rows_per_shard: int = 512, shards: int | None = None) -> Plan:
    """Check a manifest's rows and lay them out in `shards` shards, or as many as give about `rows_per_shard` rows each.

    `raw` may be a part of the manifest; then its column `ROW` holds each row's number in the whole.

    A row's `notes` say what of its copy was changed. Annotations have no canvas and need no title; their product_id,
    and that of a table of covers, is the image's (or clip's) path where there is none. A cover shows its `video`, else
    its image; other rows show images alone. A product that can't be used fails once a canvas where its canvases are
    known, else once; a bad canvas fails alone. Raises ValueError where one of the rules' canvases itself is none.
    """
    _ = rules.default_canvases  # a canvas of the settings that is none is refused, rows or not
    good: list[_Row] = []
    failed: list[_Row] = []
    first_rows: dict[tuple[str, str | None], int] = {}
    numbers = raw[ROW].to_pylist() if ROW in raw.column_names else range(1, len(raw) + 1)
    offers = [name for name in rules.contract.offers if name in raw.column_names]
    apart = tuple(name for name in offers if not column_types.is_text(raw.schema.field(name)))
    rules = replace(rules, own_offers=apart)
    rows = values_of(raw, rules.kind, tuple(set(offers) - set(apart)))
    for position, (number, row) in enumerate(zip(numbers, rows, strict=True)):
        for product, fault in read(row, number, position, rules):
            for planned in _rows(product, fault, first_rows, rules):
                (failed if planned.fault else good).append(planned)
    count = shards or -(-len(good) // rows_per_shard)
    buckets: dict[int, list[_Row]] = {}
    for ready in good:
        buckets.setdefault(shard_of(ready.product.product_id or "", count), []).append(ready)
    kind = rules.contract.planned(apart)
    own = [name for name in raw.column_names if name not in (*rules.contract.columns, *kind.names, "input_row", ROW)]
    order = sorted(buckets)
    tables = [_table(sorted(buckets[number], key=attrgetter("row_id")), raw, own, kind) for number in order]
    return Plan(tables, order, _table(failed, raw, own, kind), len(good) + len(failed))


def shard_of(product_id: str, count: int) -> int:
    """The shard, of `count`, that a product belongs to, whatever else is in the manifest."""
    hashed = hashlib.blake2b(product_id.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(hashed, "big") % count


def product_ids(raw: pa.Table, kind: JobKind, empty_words: Collection[str] = ()) -> list[str]:
    """Each row's product_id as far as it can be read, else ""."""
    keys = []
    wanted = ("product_id", *CONTRACTS[kind].required[-1])
    for values in values_of(raw.select([name for name in raw.column_names if name in wanted]), kind):
        try:
            keys.append(product_id(values, kind, empty_words) or "")
        except UnusableError:
            keys.append("")
    return keys


def _rows(
    product: Product, fault: Fault | None, first_rows: dict[tuple[str, str | None], int], rules: Rules
) -> Iterator[_Row]:
    """Yield a product's rows in one locale, one a canvas, each with its fault; note in `first_rows` where the product
    first stands in that locale."""
    key, number, locale = product.product_id, product.number, product.locale
    if product.bad_locale is not None:
        yield _Row(bad_locale_id(key, number, product.bad_locale), product, None, fault)
        return
    first = number if key is None else first_rows.setdefault((key, locale), number)
    if first != number:
        here = f" in the locale {locale}" if locale else ""
        fault = Fault(
            "duplicate_id",
            f"row {number}: product_id {shown(key)} stands in row {first}{here} already; give a product one row"
            f"{' a locale' if locale else ''}, with all its canvases",
        )
    name = partial(row_id, key, number, is_first=first == number, sizes=rules.contract.sizes is not None, locale=locale)
    for canvas in product.canvases:
        row_of = name(canvas.name if canvas else None, is_known=True)
        yield _Row(row_of, product, canvas, fault)
        yield from (_Row(f"{row_of}@v{k}", product, canvas, fault, k) for k in range(1, product.variants))
    for bad, message in (product.bad_canvases or {}).items():
        bad_canvas = Fault("bad_canvas", f"row {number}: {message}")
        yield _Row(name(bad, is_known=False), product, None, fault or bad_canvas)


def _table(rows: list[_Row], raw: pa.Table, own: list[str], kind: pa.Schema) -> pa.Table:
    """Build a table of planned rows, of the schema `kind`, and the user's `own` columns."""
    products = [row.product for row in rows]
    canvases = [row.canvas for row in rows]
    faults = [row.fault and {"stage": "plan", "kind": row.fault.kind, "message": row.fault.message} for row in rows]
    picked = raw.take(pa.array([product.position for product in products], pa.int64()))
    names = (*_PRODUCT_COLUMNS, *(name for name in _FURTHER_COLUMNS if name in kind.names))
    columns: dict[str, Any] = {name: list(map(attrgetter(name), products)) for name in names}
    columns |= {
        "variant": [row.variant for row in rows],
        "row_id": [row.row_id for row in rows],
        "canvas": [canvas and canvas.name for canvas in canvases],
        "canvas_width": [canvas and canvas.width for canvas in canvases],
        "canvas_height": [canvas and canvas.height for canvas in canvases],
        "status": ["failed" if fault else "ok" for fault in faults],
        "error": faults,
        "input_row": picked["input_row"] if "input_row" in raw.column_names else _as_json(picked, own),
        "notes": [product.notes for product in products],
    }
    arrays = [
        column.cast(field.type)
        if isinstance(column := columns[field.name], pa.ChunkedArray)
        else pa.array(column, field.type)
        for field in kind
    ]
    fields = [*kind, *(raw.schema.field(name) for name in own)]
    return pa.Table.from_arrays([*arrays, *(picked[name] for name in own)], schema=pa.schema(fields))


def _as_json(picked: pa.Table, own: list[str]) -> list[str]:
    """Each row as a line of JSON, from which `--replay` has the same values again."""
    is_own, columns = set(own), {}
    for about, column in zip(picked.schema, picked.columns, strict=True):
        read = column_values.values(column)
        if column_types.holds_json(about):
            read = [None if text is None else json.loads(text) for text in read]
        elif pa.types.is_floating(about.type) and about.name not in is_own:
            read = [None if isinstance(value, str) else value for value in read]  # pandas' NaN for "none"
        columns[about.name] = read
    columns.pop(ROW, None)
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    lines = [json.dumps(row, ensure_ascii=False) for row in rows]
    return [line if is_unicode(line) else json.dumps(row) for line, row in zip(lines, rows, strict=True)]
