"""From a manifest's rows to shards of work: one row a product and canvas, checked before anything is fetched.

Every canvas of every product leaves exactly once, in a shard or among the failed rows. A shard depends on the products
alone, not on the order they came in: a product goes to shard blake2b(product_id) mod N, and inside a shard rows are
sorted by row_id. All canvases of a product lie in one shard, so that its image is fetched once.

The raw table's columns may have any type; a value of the wrong type fails its own row only. A column of several types
travels as JSON text and says so in its field's metadata (`column_types.JSON_TEXT`). A column `input_row` holds each row
as the manifest wrote it; without one, rows are written as JSON here.
"""

import hashlib
import json
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property, lru_cache, partial
from operator import attrgetter
from typing import Any

import pyarrow as pa

from layoutgen.core import schema
from layoutgen.core.layout import Canvas, parse_canvas
from layoutgen.core.manifest import column_types, column_values
from layoutgen.core.manifest.contracts import CONTRACTS, Contract, JobKind
from layoutgen.core.manifest.copy_reader import CopyReader
from layoutgen.core.manifest.fields import UnusableError, one_text, reject_broken_json, shown, text_list, values_of
from layoutgen.core.manifest.keys import product_key, row_id
from layoutgen.core.text.plain_text import is_unicode

APPLICATIONS = ("poster", "marketing", "video_cover")
ROW = schema.ROW

_PRODUCT_COLUMNS = (
    *("product_id", "images", "title", "selling_points", "brand", "logo"),
    *("category", "language", "application", "video", "subtitle", "stickers"),
)


@dataclass(frozen=True, eq=False)
class Plan:
    """The work. `shards` are non-empty tables of the schema PLANNED and the user's own columns, `numbers`
    the shards' numbers; `failed` has the rows that can't be worked on; `rows_in` counts the rows of both."""

    shards: list[pa.Table]
    numbers: list[int]
    failed: pa.Table
    rows_in: int


@dataclass(frozen=True)
class _Fault:
    kind: str
    message: str


@dataclass(slots=True, eq=False)
class _Product:
    """A row of the manifest, as far as it could be read; `number` counts from 1, `position` is its index in the table
    at hand. `canvases` is [None] where there is no
    canvas, or none known; `bad_canvases` maps names to what is wrong with them."""

    number: int
    position: int
    product_id: str | None = None
    images: tuple[str, ...] = ()
    title: str | None = None
    selling_points: tuple[str, ...] = ()
    brand: str | None = None
    logo: str | None = None
    category: str | None = None
    language: str | None = None
    application: str | None = None
    video: str | None = None
    subtitle: str | None = None
    stickers: tuple[str, ...] | None = None
    notes: list[str] = field(default_factory=list)
    canvases: tuple[Canvas | None, ...] = (None,)
    bad_canvases: dict[str, str] | None = None


@dataclass(slots=True, eq=False)
class _Row:
    row_id: str
    product: _Product
    canvas: Canvas | None
    fault: _Fault | None


@dataclass(frozen=True)
class Rules:
    """How a manifest's rows are read.

    `canvases` and `application` are for rows that name none; `short_side` (px) sizes named ratios. `join` turns a path
    of the manifest into a URI and raises ValueError where it must not be followed. A title that is one of `empty_words`
    fails, other copy that is one is left out. `own_canvases` are of applications that have others than all."""

    canvases: tuple[str, ...]
    short_side: int
    application: str
    join: Callable[[str], str]
    kind: JobKind
    empty_words: frozenset[str] = frozenset()
    own_canvases: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def contract(self) -> Contract:
        """The columns that the rows have."""
        return CONTRACTS[self.kind]

    @property
    def most_canvases(self) -> int:
        """How many canvases a row that names none may have."""
        return max(1, len(self.canvases), *map(len, self.own_canvases.values()))

    @cached_property
    def default_canvases(self) -> dict[str, tuple[Canvas | None, ...]]:
        """The canvases of rows that name none, by application. Raises ValueError where one of them is no canvas."""
        if not self.contract.sizes:
            return dict.fromkeys(APPLICATIONS, (None,))
        return {
            application: tuple(dict.fromkeys(parse_canvas(name, self.short_side) for name in names))
            for application, names in {**dict.fromkeys(APPLICATIONS, self.canvases), **self.own_canvases}.items()
        }


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
    first_rows: dict[str, int] = {}
    numbers = raw[ROW].to_pylist() if ROW in raw.column_names else range(1, len(raw) + 1)
    for position, (number, values) in enumerate(zip(numbers, values_of(raw, rules.kind), strict=True)):
        product = _Product(number, position)
        fault = None
        try:
            _fill(product, values, rules)
        except UnusableError as error:
            fault = _Fault(*error.args)
        for row in _rows(product, fault, first_rows, rules):
            (failed if row.fault else good).append(row)
    count = shards or -(-len(good) // rows_per_shard)
    buckets: dict[int, list[_Row]] = {}
    for row in good:
        buckets.setdefault(shard_of(row.product.product_id or "", count), []).append(row)
    own = [name for name in raw.column_names if name not in (*rules.contract.columns, "input_row", ROW)]
    order = sorted(buckets)
    tables = [_table(sorted(buckets[number], key=attrgetter("row_id")), raw, own) for number in order]
    return Plan(tables, order, _table(failed, raw, own), len(good) + len(failed))


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
            keys.append(_product_id(values, kind, empty_words) or "")
        except UnusableError:
            keys.append("")
    return keys


def _fill(product: _Product, values: dict[str, Any], rules: Rules) -> None:
    """Read a row into `product`. Raises UnusableError at the first fault, with what was read before it in place."""
    reject_broken_json(values)
    reader = CopyReader(values, rules.empty_words)
    product.notes = reader.notes
    wrong: UnusableError | None = None  # the product's canvases and key are wanted all the same
    product.application = rules.application
    try:
        product.application = _application(reader, rules)
    except UnusableError as error:
        wrong = error
    if rules.contract.sizes:
        try:
            product.canvases, product.bad_canvases = _canvases(values, product.application, rules)
        except UnusableError as error:
            wrong = error
    product.product_id = _product_id(values, rules.kind, rules.empty_words)
    if wrong:
        raise wrong
    is_cover = rules.kind == "covers" or product.application == "video_cover"
    paths, is_clip = _paths(reader, rules.kind, is_cover)
    title = one_text(values, "title")
    product.title = reader.text("title")
    product.selling_points = reader.texts("selling_points")
    product.brand = reader.text("brand")
    product.subtitle = reader.text("subtitle")
    product.stickers = reader.texts("stickers") if is_cover else None
    product.category = reader.label("category")
    product.language = reader.label("language")
    logo = reader.label("logo")
    if product.product_id is None:
        raise UnusableError("missing_field", "product_id is missing; give every row its own")
    if not paths:
        fill = " or ".join(map(repr, rules.contract.required[-1]))
        raise UnusableError("missing_field", f"product {shown(product.product_id)} has no image; fill {fill}")
    if rules.contract.sizes and title is None:
        raise UnusableError("missing_field", f"product {shown(product.product_id)} has no title; fill 'title'")
    if rules.contract.sizes and reader.is_empty_word(title):
        raise UnusableError(
            "placeholder_title",
            f"title of product {shown(product.product_id)} is {shown(title)}, which exports write for nothing; write "
            "one, or take the word out of input.empty_words where products bear it",
        )
    if rules.contract.sizes and product.title is None:
        raise UnusableError(
            "empty_title",
            f"title of product {shown(product.product_id)} is {shown(title)}, which shows nothing; write one",
        )
    try:
        product.images = tuple([rules.join(path) for path in paths])
        product.logo = rules.join(logo) if logo else None
        product.video = product.images[0] if is_clip else None
    except ValueError as error:
        raise UnusableError("bad_path", str(error)) from None


def _application(reader: CopyReader, rules: Rules) -> str:
    """What a row is for. Raises UnusableError for what nobody lays out."""
    application = reader.label("application") or rules.application
    if application not in APPLICATIONS:
        raise UnusableError("bad_row", f"application is {shown(application)}; write one of {', '.join(APPLICATIONS)}")
    return application


def _paths(reader: CopyReader, kind: JobKind, is_cover: bool) -> tuple[list[str], bool]:
    """The paths of a row's images; of a cover's row, of its image or clip, and whether it is a clip."""
    if kind != "covers":
        paths, image, clip = list(reader.labels("images")), reader.label("image"), reader.label("video")
        paths = [image, *paths] if image and image not in paths else paths
        if not clip or kind == "annotations":
            return paths, False
        if is_cover:
            return [clip], True
        if not paths:
            raise UnusableError(
                "bad_row",
                f"the row has a video, {shown(clip)}, and no image: a poster shows images alone; give 'image', or "
                "write video_cover as its application",
            )
        reader.notes.append(f"video {shown(clip)} is not shown: the row is no video_cover")
        return paths, False
    cover, video = reader.label("cover"), reader.label("video")
    if cover and video:
        raise UnusableError("bad_row", f"the row has both a cover and a video, {shown(video)}; give one of them")
    return [path for path in (cover, video) if path], bool(video)


def _rows(product: _Product, fault: _Fault | None, first_rows: dict[str, int], rules: Rules) -> Iterator[_Row]:
    """Yield a product's rows, one a canvas, each with its fault; note in `first_rows` where a product first stands."""
    key = product.product_id
    first = product.number if key is None else first_rows.setdefault(key, product.number)
    if first != product.number:
        fault = _Fault(
            "duplicate_id",
            f"product_id {shown(key)} stands in row {first} already; give a product one row, with all its canvases",
        )
    name = partial(
        row_id, key, product.number, is_first=first == product.number, sizes=rules.contract.sizes is not None
    )
    if fault:
        fault = _Fault(fault.kind, f"row {product.number}: {fault.message}")
    for canvas in product.canvases:
        yield _Row(name(canvas.name if canvas else None, is_known=True), product, canvas, fault)
    for bad, message in (product.bad_canvases or {}).items():
        bad_canvas = _Fault("bad_canvas", f"row {product.number}: {message}")
        yield _Row(name(bad, is_known=False), product, None, fault or bad_canvas)


def _product_id(values: dict[str, Any], kind: JobKind, empty_words: Collection[str]) -> str | None:
    """Return the key; None where there is none. Raises UnusableError for what is neither text nor a whole number."""
    key = product_key(values.get("product_id"))
    if key is None and (one_text(values, "product_id") or "").strip() == "" and kind != "layouts":
        paths = [*(one_text(values, name) for name in ("cover", "video", "image")), *text_list(values, "images")]
        key = product_key(next((path for path in paths if path and path not in empty_words), None))
    return key


def _canvases(
    values: dict[str, Any], application: str, rules: Rules
) -> tuple[tuple[Canvas | None, ...], dict[str, str]]:
    names = text_list(values, rules.contract.sizes or "")
    if not names:
        return rules.default_canvases[application], {}
    parsed = {name: _parsed_canvas(name, rules.short_side) for name in names}
    good = [canvas for canvas in dict.fromkeys(parsed.values()) if isinstance(canvas, Canvas)]
    return tuple(good), {name: canvas for name, canvas in parsed.items() if isinstance(canvas, str)}


@lru_cache(maxsize=4096)
def _parsed_canvas(name: str, short_side: int) -> Canvas | str:
    try:
        return parse_canvas(name, short_side)
    except ValueError as error:
        return str(error)


def _table(rows: list[_Row], raw: pa.Table, own: list[str]) -> pa.Table:
    """Build a table of planned rows and the user's `own` columns."""
    products = [row.product for row in rows]
    canvases = [row.canvas for row in rows]
    faults = [row.fault and {"stage": "plan", "kind": row.fault.kind, "message": row.fault.message} for row in rows]
    picked = raw.take(pa.array([product.position for product in products], pa.int64()))
    columns: dict[str, Any] = {name: list(map(attrgetter(name), products)) for name in _PRODUCT_COLUMNS}
    columns |= {
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
        column.cast(kind) if isinstance(column := columns[name], pa.ChunkedArray) else pa.array(column, kind)
        for name, kind in zip(schema.PLANNED.names, schema.PLANNED.types, strict=True)
    ]
    fields = [*schema.PLANNED, *(raw.schema.field(name) for name in own)]
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
