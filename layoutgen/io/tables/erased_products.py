"""Products that are to be erased: which rows, files and records are theirs, and what is left of a file without them."""

import html
import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.fingerprint import digest
from layoutgen.core.manifest.keys import is_row_of, product_key, spellings
from layoutgen.io.tables import picture_files
from layoutgen.io.tables.changes import ERASE

ERASED = "erased"
"""What stands for the key of an erased row where another product's row names it as the source of an order."""
_BEHIND_KEYS = (b'"', b"@", b"#row", b"<", b"&", b"'", b" ")
_KEYS = ("product_id", "row_id")
_READ = (*_KEYS, "op", "input_row", "refinement")


@dataclass(frozen=True)
class Products:
    """Products by their keys, as `core.manifest.keys` spells them."""

    keys: frozenset[str]
    _begins: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """Know how keys of their rows begin."""
        begins = frozenset(start for key in self.keys for start in spellings(key))
        object.__setattr__(self, "_begins", begins)

    @property
    def digest(self) -> str:
        """What stands for the products, 64 hex digits, and names none."""
        return digest(*sorted(self.keys))

    def own_row(self, product_id: object, row_id: object) -> bool:
        """Whether a row is of one of the products, by its product's key or, where it has none, by its own."""
        key = product_key(product_id)
        return key in self.keys if key is not None else isinstance(row_id, str) and is_row_of(row_id, self._begins)

    def own_record(self, record: dict[str, Any]) -> bool:
        """Whether a record of JSON is of one of the products."""
        return any(name in record for name in _KEYS) and self.own_row(*(record.get(name) for name in _KEYS))

    def may_stand_in(self, data: bytes) -> bool:
        """Whether a text in JSON may name one of the products: cheap, and true too often."""
        return any(word[1:-1] in data for word in self._words())

    def stand_in_broken(self, data: bytes) -> bool:
        """Whether a text that should be JSON and is not has the key of one of the products, or of a row of it."""
        return any(word[:-1] + end in data for word in self._words() for end in (b'"', b"@", b"#row"))

    def stand_in_page(self, data: bytes) -> bool:
        """Whether a page or a script for one names one of the products, or a row of it; true rather too often."""
        words = {word[1:-1] for word in self._words()}
        words |= {html.escape(start).encode("utf-8", "surrogatepass") for start in self._begins}
        words |= {re.sub(rb"[<>&]", lambda sign: b"\\u%04x" % ord(sign[0]), word) for word in words}
        return any(word + end in data for word in words for end in _BEHIND_KEYS)

    def _words(self) -> Iterator[bytes]:
        """How keys of their rows begin, as JSON has them."""
        for start in self._begins:
            for ascii_only in (True, False):
                yield json.dumps(start, ensure_ascii=ascii_only).encode("utf-8", "surrogatepass")


@dataclass(frozen=True)
class Rest:
    """What is left of a file: `data`, None for nothing; the keys and products of the rows that went, what files they
    name, and how many other rows were changed, which named one of them."""

    data: bytes | None
    rows: int = 0
    gone: tuple[tuple[str, str], ...] = ()
    named: frozenset[str] = frozenset()
    changed: int = 0


def touches(file: pq.ParquetFile, products: Products) -> bool:
    """Whether a Parquet file has a row that is of the products, or names one of theirs."""
    table = file.read(columns=[name for name in _READ if name in file.schema_arrow.names])
    return bool(_places(table, products)) or _renamed(table, products) is not None


def rest_of_rows(data: bytes, products: Products) -> Rest:
    """A Parquet file without the products' rows: row groups, columns and compression stay. Entries of a change feed
    that say that rows were erased stay, too."""
    sink = io.BytesIO()
    gone: list[tuple[str, str]] = []
    named: set[str] = set()
    rows = changed = 0
    with pq.ParquetFile(io.BytesIO(data)) as file:
        groups = range(file.metadata.num_row_groups)
        compression = file.metadata.row_group(0).column(0).compression if file.metadata.num_row_groups else "ZSTD"
        with pq.ParquetWriter(sink, file.schema_arrow, compression=compression) as writer:
            for table in map(file.read_row_group, groups):
                places = _places(table, products)
                theirs = table.take(pa.array(places, pa.int64()))
                gone += _named_rows(theirs)
                named |= uris(theirs)
                left = table.filter(pa.array(_others(places, len(table)), pa.bool_()))
                if (texts := _renamed(left, products)) is not None:
                    place = left.column_names.index("refinement")
                    changed += sum(a != b for a, b in zip(left.column(place).to_pylist(), texts, strict=True))
                    left = left.set_column(place, left.schema.field(place), pa.array(texts, pa.string()))
                rows += len(left)
                writer.write_table(left, row_group_size=max(1, len(left)))
    return Rest(sink.getvalue() if rows else None, rows, tuple(gone), frozenset(named), changed)


def uris(table: pa.Table) -> set[str]:
    """The files that rows name: finished ones, posters' backgrounds, and those of a table of finished files."""
    named = {file["uri"] for of_row in picture_files.of_table(table) for file in of_row}
    if "background" in table.column_names:
        named |= {file["uri"] for file in table.column("background").to_pylist() if file}
    if "uri" in table.column_names:
        named |= set(table.column("uri").to_pylist())
    return {uri for uri in named if uri}


def rest_of_lines(data: bytes, products: Products) -> tuple[bytes, int]:
    """A file of JSON lines without those that speak of the products, and how many went; others stay as they are."""
    lines = data.split(b"\n")
    left = [line for line in lines if not _speaks_of(line, products)]
    return b"\n".join(left), len(lines) - len(left)


def rest_of_json(data: bytes, products: Products) -> tuple[bytes, int]:
    """A JSON document without the records that are of the products, and how many went; the same bytes for none."""
    if not products.may_stand_in(data):
        return data, 0
    value, count = _scrubbed(json.loads(data), products)
    return (json.dumps(value, ensure_ascii=False, indent=1).encode(), count) if count else (data, 0)


def _speaks_of(line: bytes, products: Products) -> bool:
    if not products.may_stand_in(line):
        return False
    try:
        return _scrubbed(json.loads(line.removeprefix(b"\xef\xbb\xbf")), products)[1] > 0
    except ValueError:
        return products.stand_in_broken(line)


def _scrubbed(value: Any, products: Products) -> tuple[Any, int]:
    """A value without what is of the products, and how many such things there were."""
    if isinstance(value, dict):
        if products.own_record(value):
            return None, 1
        left = {name: inner for name, inner in value.items() if not _is_their_row(name, products)}
        parts = {name: _scrubbed(inner, products) for name, inner in left.items()}
        return (
            {name: inner for name, (inner, _) in parts.items()},
            len(value) - len(left) + sum(count for _, count in parts.values()),
        )
    if isinstance(value, list):
        kept = [_scrubbed(inner, products) for inner in value]
        return [inner for inner, count in kept if not (count and inner is None)], sum(count for _, count in kept)
    return (None, 1) if _is_their_row(value, products) else (value, 0)


def _is_their_row(value: Any, products: Products) -> bool:
    """Whether a value that nobody says is a row's key is one of theirs; a bare word is none."""
    return isinstance(value, str) and ("@" in value or "#row" in value) and products.own_row(None, value)


def _places(table: pa.Table, products: Products) -> list[int]:
    """Which rows are of the products. A dead letter without a key is asked what its input says."""
    columns = {name: table.column(name).to_pylist() for name in _READ if name in table.column_names}
    nothing = [None] * len(table)
    ids, keys, ops, inputs = (columns.get(name, nothing) for name in ("product_id", "row_id", "op", "input_row"))
    return [
        place
        for place in range(len(table))
        if ops[place] != ERASE
        and (products.own_row(ids[place], keys[place]) or (not ids[place] and _is_input_of(inputs[place], products)))
    ]


def _is_input_of(text: str | None, products: Products) -> bool:
    if not text or not products.may_stand_in(text.encode("utf-8", "surrogatepass")):
        return False
    try:
        row = json.loads(text)
    except ValueError:
        return products.stand_in_broken(text.encode("utf-8", "surrogatepass"))
    return isinstance(row, dict) and any(product_key(value) in products.keys for value in row.values())


def _renamed(table: pa.Table, products: Products) -> list[str | None] | None:
    """The column `refinement` with `ERASED` for the products' rows as sources of orders; None where it names none."""
    if "refinement" not in table.column_names:
        return None
    texts = table.column("refinement").to_pylist()
    renamed = [_anonymous(text, products) for text in texts]
    return renamed if renamed != texts else None


def _anonymous(text: str | None, products: Products) -> str | None:
    if not text or not products.may_stand_in(text.encode()):
        return text
    orders = json.loads(text)
    theirs = [order for order in orders if products.own_row(None, order.get("row_id"))]
    for order in theirs:
        order["row_id"] = ERASED
    return json.dumps(orders, ensure_ascii=False) if theirs else text


def _named_rows(table: pa.Table) -> list[tuple[str, str]]:
    if not {*_KEYS} <= set(table.column_names):
        return []
    columns = (table.column(name).to_pylist() for name in ("row_id", "product_id"))
    return [(row_id, product_id or "") for row_id, product_id in zip(*columns, strict=True) if row_id]


def _others(places: list[int], count: int) -> list[bool]:
    mask = [True] * count
    for place in places:
        mask[place] = False
    return mask
