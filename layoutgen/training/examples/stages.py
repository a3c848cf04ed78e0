"""The two stages that make a data set of tables, a file or a part at a time: `Gather` and `Part`.

A row lives here only, on a worker; the driver has its marks (`selection.MARKS`).
"""

import io
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.feedback import Feedback
from layoutgen.core.preferences import Preference
from layoutgen.io.storage import Storage
from layoutgen.io.tables.layout_tables import TableError
from layoutgen.training.examples import table as example_table
from layoutgen.training.examples.about import SPLITS, About
from layoutgen.training.examples.choices import from_choices, latest
from layoutgen.training.examples.decisions import Key, by_layout, read_choices, read_feedback
from layoutgen.training.examples.examples import Drop, Example, from_annotations, from_layouts
from layoutgen.training.examples.selection import DUPLICATE, MARKS, image_gone, marks

BATCH_ROWS = 1000
_TABLE = (
    *("row_id", "run_id", "product_id", "application", "status", "accepted", "reasons", "elements", "text_lines"),
    *("image", "image_sha256", "image_width", "image_height", "canvas_width", "canvas_height", "crop", "picture"),
    *("backdrop", "ground", "title", "selling_points", "brand", "logo", "language", "category"),
)
_READ = {"layouts": _TABLE, "annotations": _TABLE, "posters": None}
"""The columns of each kind of table that examples are made of; None: all."""


class Gather:
    """The gather stage: a file's address in, its examples in a part of their own, their marks and counts out. `posters`
    makes examples of the rows of published sets."""

    def __init__(
        self,
        storage: Storage,
        decisions: str | None,
        take_undecided: bool,
        making: str,
        choices: str | None = None,
        posters: Callable[[Sequence[Mapping[str, Any]]], Iterator[Example | Drop | Counter[str]]] | None = None,
    ) -> None:
        self._storage, self._decisions, self._making = storage, decisions, making
        self._choices_uri, self._posters = choices, posters
        self._take_undecided = take_undecided

    @cached_property
    def _by_layout(self) -> Mapping[Key, list[Feedback]]:
        return by_layout(read_feedback(self._storage, self._decisions)[0])

    @cached_property
    def _choices(self) -> Mapping[Key, list[Preference]]:
        return latest(read_choices(self._storage, self._choices_uri)[0])[0]

    def __call__(self, address: pa.Table) -> pa.Table:
        """Read one file of a table; `address` is one row with `uri`, `kind` and `number`."""
        (file,) = address.to_pylist()
        about, sink, of_all = About(), pa.BufferOutputStream(), [MARKS.empty_table()]
        decided: set[Key] = set()
        with pq.ParquetWriter(sink, example_table.SCHEMA, compression="zstd") as writer:
            for rows in _batches(self._storage, file["uri"], _READ[file["kind"]]):
                decided |= {key for row in rows if (key := _key(row)) in self._by_layout or key in self._choices}
                examples = list(self._usable(self._examples(file["kind"], rows), about))
                writer.write_table(example_table.rows(("", example) for example in examples))
                of_all.append(marks(examples))
        self._storage.write(part_uri(self._storage, self._making, file["number"]), sink.getvalue().to_pybytes())
        report = {
            "number": file["number"],
            "about": about.to_json(),
            "decided": [list(key) for key in sorted(decided)],
            "marks": marks_to_bytes(pa.concat_tables(of_all)),
        }
        return pa.Table.from_pylist([report])

    def _examples(self, kind: str, rows: list[dict[str, Any]]) -> Iterator[Example | Drop | Counter[str]]:
        if kind == "posters":
            assert self._posters is not None
            yield from self._posters(rows)
            return
        if kind == "annotations":
            yield from from_annotations(rows)
            return
        of_rows = [decision for row in rows for decision in self._by_layout.get(_key(row), ())]
        yield from from_layouts(rows, of_rows, take_undecided=self._take_undecided)
        yield from from_choices(rows, self._choices)

    def _usable(self, items: Iterable[Example | Drop | Counter[str]], about: About) -> Iterator[Example]:
        """The examples whose image is there; all else is counted, and what was put right."""
        examples = []
        for item in items:
            if isinstance(item, Drop):
                about.drop(item)
            elif isinstance(item, Counter):
                about.mended.update(item)
            else:
                examples.append(item)
        uris = sorted({example.image for example in examples})
        stored = dict(zip(uris, self._storage.versions(uris), strict=True))
        for example in examples:
            if stored[example.image] is None:
                about.drop(image_gone(example))
            else:
                yield example


class Part:
    """The part stage: a part's verdicts in, its examples that are kept written with their splits, their counts out.
    Without a `folder` they are only counted."""

    def __init__(self, storage: Storage, making: str, folder: str | None) -> None:
        self._storage, self._making, self._folder = storage, making, folder

    def __call__(self, address: pa.Table) -> pa.Table:
        """Write one part; `address` is one row with `number` and `verdicts`, an int8 an example."""
        (part,) = address.to_pylist()
        verdicts = np.frombuffer(part["verdicts"], np.int8)
        about, part_examples = About(), []
        data = self._storage.read(part_uri(self._storage, self._making, part["number"]))
        for verdict, (_, example) in zip(verdicts, example_table.examples_of(data), strict=True):
            if verdict == DUPLICATE:
                message = f"{example.row_id} says what another example says"
                about.drop(Drop("duplicate", example.source, example.row_id, message))
            else:
                part_examples.append((SPLITS[verdict], example))
                about.add(*part_examples[-1])
        if part_examples and self._folder:
            uri = part_uri(self._storage, self._storage.join(self._folder, example_table.PARTS), part["number"])
            self._storage.write(uri, example_table.part(part_examples))
        return pa.table({"about": [about.to_json()]})


def part_uri(storage: Storage, folder: str, number: int) -> str:
    """Where a part is."""
    return storage.join(folder, f"part-{number:05d}.parquet")


def marks_to_bytes(table: pa.Table) -> bytes:
    """Marks as they travel to the driver."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def marks_from_bytes(data: bytes) -> pa.Table:
    """Marks that have travelled."""
    return pa.ipc.open_stream(data).read_all()


def _batches(storage: Storage, uri: str, names: tuple[str, ...] | None) -> Iterator[list[dict[str, Any]]]:
    """A file's rows, some at a time, with the columns that examples are made of."""
    with storage.open(uri) as raw, io.BufferedReader(raw) as handle:  # type: ignore[type-var]
        try:
            file = pq.ParquetFile(handle)
            columns = [name for name in file.schema_arrow.names if names is None or name in names]
            for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                yield batch.to_pylist()
        except pa.ArrowInvalid as error:
            raise TableError(f"{uri} is not a readable Parquet file ({error}); write it again") from None


def _key(row: Mapping[str, Any]) -> Key:
    return str(row.get("row_id")), str(row.get("run_id"))
