"""A data set in a file: an Arrow IPC file with a row a sample, mapped into memory and read a row at a time.

Columns: `split` (train, validation, test, fixed), `key`, `product_id`; the sample's `system`, `user`, `answer`,
`rejected` (null where nobody changed the answer), `picture` (PNG or JPEG of the framed canvas) and `subject` (PNG of
the subject map, or null); and, for the verdict and for models that read no prompts, `canvas_width`, `canvas_height`,
`title`, `selling_points`, `brand`, `logo`, `language`, `logo_aspect`, and `category`, which a file
may lack. Its samples are the same in every epoch.
"""

import hashlib
import io
import json
import shutil
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from PIL import Image

from layoutgen.core.framing import subject_box
from layoutgen.core.layout import Canvas, Copy, Framing, Suggestion
from layoutgen.core.prompts.layouts import parse_layout
from layoutgen.io.storage import Storage
from layoutgen.training.data.cases import Case, Cases, Data, DataError
from layoutgen.training.data.sample import Sample, Task

_ROWS_AT_ONCE = 1024
SPLITS = ("train", "validation", "test", "fixed")
SCHEMA = pa.schema(
    [
        *((name, pa.string()) for name in ("split", "key", "product_id", "system", "user", "answer", "rejected")),
        ("picture", pa.binary()),
        ("canvas_width", pa.int32()),
        ("canvas_height", pa.int32()),
        ("title", pa.string()),
        ("selling_points", pa.list_(pa.string())),
        *((name, pa.string()) for name in ("brand", "logo", "language")),
        ("logo_aspect", pa.float32()),
        ("subject", pa.binary()),
        ("category", pa.string()),
    ]
)
_MAY_LACK = ("category",)


@dataclass(frozen=True)
class Rows:
    """Some rows of a file, which is opened where they are first read."""

    path: Path
    rows: tuple[int, ...]

    @cached_property
    def _table(self) -> pa.Table:
        return pa.ipc.open_file(pa.memory_map(str(self.path))).read_all()

    def __len__(self) -> int:
        return len(self.rows)

    def row(self, index: int) -> dict[str, Any]:
        """A row as Python values."""
        return dict(self._table.slice(self.rows[index], 1).to_pylist()[0])

    def __reduce__(self) -> tuple[type["Rows"], tuple[Path, tuple[int, ...]]]:
        return Rows, (self.path, self.rows)


@dataclass(eq=False)
class StoredSamples:
    """Samples of a file."""

    sha: str
    rows: Rows

    def __len__(self) -> int:
        return len(self.rows)

    def sample(self, index: int, epoch: int) -> Sample:
        """A sample. Raises DataError where its picture is broken."""
        row = self.rows.row(index)
        subject = None if row["subject"] is None else _pixels(row, "subject", "L").astype(np.float32) / 255
        pixels = _pixels(row, "picture", "RGB")
        return Sample(
            row["system"],
            row["user"],
            pixels,
            row["answer"],
            row["rejected"],
            {"key": row["key"]},
            subject,
            _task(self.rows, row, pixels, subject),
        )


def _task(rows: Rows, row: dict[str, Any], pixels: np.ndarray, subject: np.ndarray | None) -> Task | None:
    """What a sample is made of, its picture framed already; None for rows that do not say it."""
    if row["canvas_width"] is None:
        return None
    copy, truth = _layout(rows, row)
    return Task(
        pixels,
        Framing(),
        Canvas(row["canvas_width"], row["canvas_height"]),
        copy,
        truth,
        row["logo_aspect"],
        keep=None if subject is None or not (subject > 0.5).any() else subject_box(subject),
        mask=subject,
        category=row.get("category"),
    )


def _layout(rows: Rows, row: dict[str, Any]) -> tuple[Copy, tuple[Suggestion, ...]]:
    """A row's copy and layout. Raises DataError for an answer that is none to its copy."""
    copy = Copy(row["title"], tuple(row["selling_points"] or ()), row["brand"], row["logo"], row["language"])
    try:
        return copy, parse_layout(row["answer"], copy)
    except ValueError as error:
        raise DataError(f"row {row['key']!r} of {rows.path}: {error}") from None


def case(rows: Rows, index: int) -> Case:
    """A layout to make. Raises DataError for an answer that is none to its copy."""
    row = rows.row(index)
    copy, truth = _layout(rows, row)
    return Case(
        row["key"],
        row["product_id"],
        _pixels(row, "picture", "RGB"),
        copy,
        Canvas(row["canvas_width"], row["canvas_height"]),
        truth,
        row["logo_aspect"],
        None if row["subject"] is None else _pixels(row, "subject", "L"),
    )


def open_stored(source: str, cache: str, storage: Storage) -> Data:
    """Open a data set's file, after copying it to this machine where it is in object storage. Raises DataError or
    StorageError."""
    path = _fetch(source, Path(cache).expanduser() / "data", storage)
    try:
        table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
    except (pa.ArrowInvalid, OSError) as error:
        raise DataError(f"{source} is no Arrow file ({error}); write it with training.stored.write") from None
    missing = [name for name in SCHEMA.names if name not in (*table.column_names, *_MAY_LACK)]
    if missing:
        raise DataError(f"{source} lacks the columns {', '.join(missing)}; write it with training.stored.write")
    members: dict[str, list[int]] = {split: [] for split in SPLITS}
    homes: dict[str, str] = {}
    pairs = zip(table.column("split").to_pylist(), table.column("product_id").to_pylist(), strict=True)
    for i, (split, product) in enumerate(pairs):
        if split not in members:
            raise DataError(f"row {i} of {source} has the split {split!r}; known are {', '.join(SPLITS)}")
        if homes.setdefault(product, split) != split:
            raise DataError(f"product {product!r} of {source} is in {homes[product]} and {split}; split by product")
        members[split].append(i)
    with path.open("rb") as file:
        sha = hashlib.file_digest(file, "sha256").hexdigest()
    rows = {split: Rows(path, tuple(numbers)) for split, numbers in members.items()}
    return Data(
        sha,
        StoredSamples(sha, rows["train"]),
        StoredSamples(sha, rows["validation"]),
        _cases(rows["test"]),
        _cases(rows["fixed"]),
        {"source": source, "rows": dict(Counter(table.column("split").to_pylist()))},
    )


def _cases(rows: Rows) -> Cases[Case]:
    return Cases(range(len(rows)), partial(case, rows))


def write(path: Path, rows: Iterable[dict[str, Any]]) -> None:
    """Write a data set's file; rows have the columns of `SCHEMA`, `picture` and `subject` as arrays or PNG bytes."""
    left = iter(rows)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, SCHEMA) as writer:
        while batch := [{**row, **_drawn(row)} for row in islice(left, _ROWS_AT_ONCE)]:
            writer.write_table(pa.Table.from_pylist(batch, SCHEMA))


def _drawn(row: dict[str, Any]) -> dict[str, bytes | None]:
    encoded: dict[str, bytes | None] = {}
    for name in ("picture", "subject"):
        value = row.get(name)
        if isinstance(value, np.ndarray):
            buffer = io.BytesIO()
            Image.fromarray(value).save(buffer, "PNG")
            value = buffer.getvalue()
        encoded[name] = value
    return encoded


def _pixels(row: dict[str, Any], name: str, mode: str) -> np.ndarray:
    try:
        return np.asarray(Image.open(io.BytesIO(row[name])).convert(mode))
    except (OSError, TypeError) as error:
        raise DataError(f"{name} of row {row['key']!r} can't be read ({error}); leave the row out") from None


def _fetch(source: str, cache: Path, storage: Storage) -> Path:
    """A file on this machine; an object of storage is copied once for each version of it."""
    if not source.startswith("s3://"):
        path = Path(source.removeprefix("file://")).expanduser()
        if not path.is_file():
            raise DataError(f"no data set at {source}; give another with --data")
        return path
    version = storage.versions([source])[0]
    if version is None:
        raise DataError(f"no data set at {source}; give another with --data")
    key = hashlib.sha256(json.dumps([source, version]).encode()).hexdigest()[:16]
    path = cache / f"{key}.arrow"
    if not path.exists():
        cache.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(f".{id(path)}.part")
        filesystem, name = storage.filesystem(source)
        with filesystem.open_input_stream(name) as stream, part.open("wb") as file:
            shutil.copyfileobj(stream, file, 2**24)
        part.replace(path)
    return path
