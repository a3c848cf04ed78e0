"""From layout tables, designers' feedback and annotations to a data set that retraining takes, at a catalogue's size.

    files of the tables ─▶ gather (rows to examples, on workers) ─▶ settle (twice? which split? here, by marks alone)
    ─▶ part (examples to their parts, on workers) ─▶ checked and counted ─▶ card.json, last

A row lives on one worker only; here, there are its marks (`examples.selection.MARKS`), and the feedback. The same
tables and feedback give the same data set in the same folder, named by its sha.
"""

import io
import logging
import secrets
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from functools import cached_property, partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from layoutgen.config.training import ExamplesConfig
from layoutgen.core import feedback
from layoutgen.core.feedback import Feedback, FeedbackError
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables import layout_tables
from layoutgen.io.tables.layout_tables import TableError
from layoutgen.runs.accounting import LostRowsError
from layoutgen.streaming import Stage, Step, Stream, stream
from layoutgen.training.examples import table as example_table
from layoutgen.training.examples.about import SPLITS, About, card, check
from layoutgen.training.examples.examples import Drop, Example, from_annotations, from_layouts
from layoutgen.training.examples.selection import DUPLICATE, MARKS, checked_shares, image_gone, marks, settle

log = logging.getLogger("layoutgen")

BATCH_ROWS = 1000
_READ = (
    *("row_id", "run_id", "product_id", "status", "accepted", "reasons", "elements", "text_lines"),
    *("image", "image_sha256", "image_width", "image_height", "canvas_width", "canvas_height", "crop", "picture"),
    *("backdrop", "title", "selling_points", "brand", "logo", "language", "category"),
)
Key = tuple[str, str]


class Gather:
    """The gather stage: a file's address in, its examples in a part of their own, their marks and counts out."""

    def __init__(self, storage: Storage, decisions: str | None, take_undecided: bool, making: str) -> None:
        self._storage, self._decisions, self._making = storage, decisions, making
        self._take_undecided = take_undecided

    @cached_property
    def _by_layout(self) -> Mapping[Key, list[Feedback]]:
        return by_layout(read_feedback(self._storage, self._decisions)[0])

    def __call__(self, address: pa.Table) -> pa.Table:
        """Read one file of a table; `address` is one row with `uri`, `kind` and `number`."""
        (file,) = address.to_pylist()
        about, sink, of_all = About(), pa.BufferOutputStream(), [MARKS.empty_table()]
        decided: set[Key] = set()
        with pq.ParquetWriter(sink, example_table.SCHEMA, compression="zstd") as writer:
            for rows in _batches(self._storage, file["uri"]):
                decided |= {key for row in rows if (key := _key(row)) in self._by_layout}
                examples = list(self._usable(self._examples(file["kind"], rows), about))
                writer.write_table(example_table.rows(("", example) for example in examples))
                of_all.append(marks(examples))
        self._storage.write(part_uri(self._storage, self._making, file["number"]), sink.getvalue().to_pybytes())
        report = {
            "number": file["number"],
            "about": about.to_json(),
            "decided": [list(key) for key in sorted(decided)],
            "marks": _packed(pa.concat_tables(of_all)),
        }
        return pa.Table.from_pylist([report])

    def _examples(self, kind: str, rows: list[dict[str, Any]]) -> Iterator[Example | Drop]:
        if kind == "annotations":
            return from_annotations(rows)
        of_rows = [decision for row in rows for decision in self._by_layout.get(_key(row), ())]
        return from_layouts(rows, of_rows, take_undecided=self._take_undecided)

    def _usable(self, items: Iterable[Example | Drop], about: About) -> Iterator[Example]:
        """The examples whose image is there; all else is counted."""
        examples = []
        for item in items:
            if isinstance(item, Drop):
                about.drop(item)
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


def gather(
    config: ExamplesConfig,
    output: str,
    *,
    layouts: str | None = None,
    run_id: str | None = None,
    decisions: str | None = None,
    annotations: str | None = None,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Make a data set below `output`; returns the summary that the job prints, in which `data` is its folder.

    Raises JobError; LostRowsError, a Stop, where examples went missing: then there is no card, and so no data set.
    """
    began = time.monotonic()
    storage, choice = opened(config.storage), config.select
    shares = checked_shares(choice.shares)
    if decisions and not layouts:
        raise TableError(f"feedback {decisions} is about layouts; name their table with --layouts")
    files = [("layouts", uri) for uri in _files(storage, layouts, run_id)]
    files += [("annotations", uri) for uri in _files(storage, annotations, None)]
    if not files:
        raise TableError("there is nothing to learn from; give --layouts, --annotations or both")
    feedback_rows, unreadable = read_feedback(storage, decisions)
    making = storage.join(output, f"_making/{secrets.token_hex(6)}")
    try:
        about, of_all, decided = _gathered(config, files, decisions, making, stream)
        for error in unreadable:
            about.drop(Drop("unreadable", "feedback", "", f"{decisions}: {error}"))
        for drop in unknown(feedback_rows, decided):
            about.drop(drop)
        every = pa.concat_tables(of_all.values())
        verdicts, _, sha = settle(every, shares, choice.salt)
        unique = every.filter(pa.array(verdicts != DUPLICATE))
        products, images = (pc.count_distinct(unique[name]).as_py() for name in ("product_id", "image"))
        folder = storage.join(output, sha[:16])
        is_made = storage.exists(storage.join(folder, example_table.CARD))  # perhaps of files that were cut otherwise
        for uri in [] if is_made else storage.list(folder):  # what an attempt that was ended left there
            storage.delete(uri)
        for counts in _write_parts(config, of_all, verdicts, making, None if is_made else folder, stream):
            about.merge(counts)
    finally:
        for uri in storage.list(making):
            storage.delete(uri)
    if about.examples != len(unique):
        raise LostRowsError(f"{len(unique)} examples were to be written and {about.examples} are in {folder}")
    check(about, products, shares)
    sources = [uri for uri in (layouts, decisions, annotations) if uri]
    text = card(about, sha=sha, products=products, images=images, sources=sources, shares=shares, salt=choice.salt)
    storage.write(storage.join(folder, example_table.CARD), example_table.card_bytes(text))
    names = ("sha", "examples", "products", "preferences", "by_split", "by_source", "dropped")
    return {"data": folder, **{name: text[name] for name in names}, "seconds": round(time.monotonic() - began, 1)}


def read_feedback(storage: Storage, uri: str | None) -> tuple[list[Feedback], list[FeedbackError]]:
    """The decisions in a file of JSON lines or Parquet, and an error for each that can't be read. Raises TableError."""
    if uri is None:
        return [], []
    if not uri.endswith(".parquet"):
        return feedback.read(storage.read(uri).decode("utf-8", "replace"))
    decisions, errors = [], []
    for place, row in enumerate(layout_tables.records(storage, uri), 1):
        try:
            decisions.append(feedback.check(row, place))
        except FeedbackError as error:
            errors.append(error)
    return decisions, errors


def by_layout(decisions: Iterable[Feedback]) -> dict[Key, list[Feedback]]:
    """Decisions by the row_id and run_id of the layout that they are about."""
    grouped: dict[Key, list[Feedback]] = defaultdict(list)
    for decision in decisions:
        grouped[decision.row_id, decision.run_id].append(decision)
    return dict(grouped)


def unknown(decisions: Iterable[Feedback], decided: set[Key]) -> Iterator[Drop]:
    """A drop for each decision about a layout that no table has."""
    for decision in decisions:
        if (decision.row_id, decision.run_id) not in decided:
            message = (
                f"no layout has row_id {decision.row_id!r} and run_id {decision.run_id!r}; give the table that the "
                "decision was made on"
            )
            yield Drop("unknown_row", "feedback", decision.row_id, message)


def part_uri(storage: Storage, folder: str, number: int) -> str:
    """Where a part is."""
    return storage.join(folder, f"part-{number:05d}.parquet")


def _gathered(
    config: ExamplesConfig, files: list[tuple[str, str]], decisions: str | None, making: str, stream: Stream
) -> tuple[About, dict[int, pa.Table], set[Key]]:
    """What all files hold: the counts of their drops, the marks of their examples by file, and the layouts that
    feedback is about."""
    build = partial(_gather, config, decisions, making)
    addresses = [pa.table({"kind": [kind], "uri": [uri], "number": [n]}) for n, (kind, uri) in enumerate(files)]
    about, of_all, decided = About(), {}, set[Key]()
    for report in stream([Step("gather", build, config.gather)], addresses, **_cluster(config)):
        about.merge(About.from_json(report["about"]))
        of_all[report["number"]] = _unpacked(report["marks"])
        decided |= {(row_id, run_id) for row_id, run_id in report["decided"]}
        log.info("%d of %d files read", len(of_all), len(files))
    return about, dict(sorted(of_all.items())), decided


def _write_parts(
    config: ExamplesConfig,
    of_all: dict[int, pa.Table],
    verdicts: np.ndarray,
    making: str,
    folder: str | None,
    stream: Stream,
) -> Iterator[About]:
    """Write the parts; yield the counts of each."""
    ends = np.cumsum([len(of) for of in of_all.values()])
    addresses = [
        pa.table({"number": [number], "verdicts": [verdicts[end - len(of) : end].tobytes()]})
        for (number, of), end in zip(of_all.items(), ends, strict=True)
        if len(of)
    ]
    build = partial(_part, config, making, folder)
    for report in stream([Step("part", build, config.gather)], addresses, **_cluster(config)):
        yield About.from_json(report["about"])


def _cluster(config: ExamplesConfig) -> dict[str, Any]:
    """Where the stages run."""
    return {"address": config.ray_address, "autoscaling": config.autoscaling, "nodes": config.nodes}


def _gather(config: ExamplesConfig, decisions: str | None, making: str) -> Stage:
    return Gather(opened(config.storage), decisions, config.select.take_undecided, making)


def _part(config: ExamplesConfig, making: str, folder: str | None) -> Stage:
    return Part(opened(config.storage), making, folder)


def _files(storage: Storage, table: str | None, run_id: str | None) -> list[str]:
    if table is None:
        return []
    storage.check(table)
    files = layout_tables.parts(storage, layout_tables.folder_of(storage, table, run_id))
    if other := [uri for uri in files if not uri.endswith(".parquet")]:
        raise TableError(f"{other[0]} is no job's table; give a job's output, a snapshot's folder or a .parquet file")
    return files


def _batches(storage: Storage, uri: str) -> Iterator[list[dict[str, Any]]]:
    """A file's rows, some at a time, with the columns that examples are made of."""
    with storage.open(uri) as raw, io.BufferedReader(raw) as handle:  # type: ignore[type-var]
        try:
            file = pq.ParquetFile(handle)
            columns = [name for name in file.schema_arrow.names if name in _READ]
            for batch in file.iter_batches(BATCH_ROWS, columns=columns):
                yield batch.to_pylist()
        except pa.ArrowInvalid as error:
            raise TableError(f"{uri} is not a readable Parquet file ({error}); write it again") from None


def _key(row: Mapping[str, Any]) -> Key:
    return str(row.get("row_id")), str(row.get("run_id"))


def _packed(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return sink.getvalue().to_pybytes()


def _unpacked(data: bytes) -> pa.Table:
    return pa.ipc.open_stream(data).read_all()
