"""From layout tables, designers' feedback and annotations to a data set that retraining takes, at a catalogue's size.

    files of the tables ─▶ gather (rows to examples, on workers) ─▶ settle (twice? which split? here, by marks alone)
    ─▶ part (examples to their parts, on workers) ─▶ checked and counted ─▶ card.json, last

A row lives on one worker only; here, there are its marks (`examples.selection.MARKS`), and the feedback. The same
tables and feedback give the same data set in the same folder, named by its sha.
"""

import logging
import secrets
import time
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.config.training import ExamplesConfig
from layoutgen.io.storage import Storage, opened
from layoutgen.io.tables import layout_tables
from layoutgen.io.tables.layout_tables import TableError
from layoutgen.runs.accounting import LostRowsError
from layoutgen.streaming import Stage, Step, Stream, stream
from layoutgen.training.examples import table as example_table
from layoutgen.training.examples.about import About, card, check
from layoutgen.training.examples.choices import latest
from layoutgen.training.examples.decisions import Key, read_choices, read_feedback, unknown, unmatched
from layoutgen.training.examples.examples import Drop
from layoutgen.training.examples.selection import DUPLICATE, checked_shares, settle
from layoutgen.training.examples.stages import Gather, Part, marks_from_bytes

Words = tuple[str | None, str | None]
"""Where designers' decisions are, and their choices between two layouts."""
log = logging.getLogger("layoutgen")


def gather(
    config: ExamplesConfig,
    output: str,
    *,
    layouts: str | None = None,
    run_id: str | None = None,
    decisions: str | None = None,
    annotations: str | None = None,
    preferences: str | None = None,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Make a data set below `output`; returns the summary that the job prints, in which `data` is its folder.

    Raises JobError; LostRowsError, a Stop, where examples went missing: then there is no card, and so no data set.
    """
    storage = opened(config.storage)
    checked_shares(config.select.shares)
    for name, uri in (("feedback", decisions), ("preferences", preferences)):
        if uri and not layouts:
            raise TableError(f"{name} {uri} is about layouts; name their table with --layouts")
    files = [("layouts", uri) for uri in _files(storage, layouts, run_id)]
    files += [("annotations", uri) for uri in _files(storage, annotations, None)]
    if not files:
        raise TableError("there is nothing to learn from; give --layouts, --annotations or both")
    feedback_rows, unreadable = read_feedback(storage, decisions)
    choices, unread = read_choices(storage, preferences)
    settled, choice_drops = latest(choices)

    def unexplained(decided: set[Key]) -> Iterator[Drop]:
        for error in unreadable:
            yield Drop("unreadable", "feedback", "", f"{decisions}: {error}")
        for choice_error in unread:
            yield Drop("unreadable", "preference", "", f"{preferences}: {choice_error}")
        yield from choice_drops
        yield from unmatched(settled, decided)
        yield from unknown(feedback_rows, decided)

    sources = [uri for uri in (layouts, decisions, annotations, preferences) if uri]
    build = partial(_gather, config, (decisions, preferences))
    return assemble(config, output, files, build, sources, unexplained=unexplained, stream=stream)


def assemble(
    config: ExamplesConfig,
    output: str,
    files: list[tuple[str, str]],
    build: Callable[[str], Stage],
    sources: list[str],
    *,
    unexplained: Callable[[set[Key]], Iterable[Drop]] = lambda decided: (),
    licence: str = "",
    stream: Stream = stream,
) -> dict[str, Any]:
    """Make a data set below `output` of `files`, kinds and URIs of tables; returns the job's summary. `build` makes the
    gather stage, for the folder of what is in the making; `unexplained` gives the drops beyond the tables' own, by the
    layouts that feedback is about. Raises JobError, as `gather`."""
    began = time.monotonic()
    storage, choice = opened(config.storage), config.select
    shares = checked_shares(choice.shares)
    making = storage.join(output, f"_making/{secrets.token_hex(6)}")
    try:
        about, of_all, decided = _gathered(config, files, partial(build, making), stream)
        for drop in unexplained(decided):
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
    text = card(
        about,
        sha=sha,
        products=products,
        images=images,
        sources=sources,
        shares=shares,
        salt=choice.salt,
        licence=licence,
    )
    storage.write(storage.join(folder, example_table.CARD), example_table.card_bytes(text))
    names = ("sha", "examples", "products", "preferences", "by_split", "by_source", "dropped")
    return {"data": folder, **{name: text[name] for name in names}, "seconds": round(time.monotonic() - began, 1)}


def _gathered(
    config: ExamplesConfig, files: list[tuple[str, str]], build: Callable[[], Stage], stream: Stream
) -> tuple[About, dict[int, pa.Table], set[Key]]:
    """What all files hold: the counts of their drops, the marks of their examples by file, and the layouts that
    feedback is about."""
    addresses = [pa.table({"kind": [kind], "uri": [uri], "number": [n]}) for n, (kind, uri) in enumerate(files)]
    about, of_all, decided = About(), {}, set[Key]()
    for report in stream([Step("gather", build, config.gather)], addresses, **_cluster(config)):
        about.merge(About.from_json(report["about"]))
        of_all[report["number"]] = marks_from_bytes(report["marks"])
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


def _gather(config: ExamplesConfig, words: Words, making: str) -> Stage:
    return Gather(opened(config.storage), words[0], config.select.take_undecided, making, words[1])


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
