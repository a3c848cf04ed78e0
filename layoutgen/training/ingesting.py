"""From a published set of posters to a data set that retraining takes.

    files of the set ─▶ records (here, into tables) ─▶ gather (texts read, erasing checked, on workers) ─▶ settled,
    written and counted as `gathering` does

Records travel as tables of `IngestConfig.file_rows` rows, so a set may be as large as storage holds.
"""

import io
import logging
import secrets
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import islice
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.config.training import IngestConfig
from layoutgen.io.storage import Storage, opened
from layoutgen.models.annotators.ocr import OcrAnnotator
from layoutgen.streaming import Stage, Stream, stream
from layoutgen.training.examples.stages import Gather
from layoutgen.training.gathering import assemble
from layoutgen.training.published import labels as classes
from layoutgen.training.published.files import Files
from layoutgen.training.published.formats import Format, reader
from layoutgen.training.published.labels import Labels, parse_labels
from layoutgen.training.published.licences import licence_of
from layoutgen.training.published.reading import PosterReader
from layoutgen.training.published.records import SCHEMA, PublishedError, Record

_FEW_LOGOS = 1.5
log = logging.getLogger("layoutgen")


def ingest(
    config: IngestConfig,
    form: Format,
    source: str,
    output: str,
    *,
    licence: str | None = None,
    labels: str | None = None,
    stream: Stream = stream,
) -> dict[str, Any]:
    """Make a data set below `output` of the published set of the form `form` in the folder or prefix `source`; returns
    the summary that the job prints. `labels` is the URI of a table of classes. Raises JobError."""
    storage = opened(config.storage)
    files = Files(storage, source, storage.join(output, "pictures"))
    terms = licence_of(files, licence)
    table = parse_labels(storage.read(labels).decode("utf-8", "replace"), labels) if labels else Labels()
    making = storage.join(output, f"_making/{secrets.token_hex(6)}")
    try:
        tables = list(_written(storage, making, _plausible(reader(form)(files, table), source), config.file_rows))
        build = partial(_gather, config)
        return assemble(
            config, output, tables, build, [f"{form} {files.folder}"], licence=f"{form}: {terms}", stream=stream
        )
    finally:
        for uri in storage.list(making):
            storage.delete(uri)


def _written(storage: Storage, folder: str, records: Iterable[Record], rows: int) -> Iterator[tuple[str, str]]:
    """Write records into tables; yield the kind and URI of each."""
    left, number = iter(records), 0
    while batch := [record.row() for record in islice(left, rows)]:
        sink = io.BytesIO()
        pq.write_table(pa.Table.from_pylist(batch, SCHEMA), sink, compression="zstd")
        uri = storage.join(folder, f"posters-{number:05d}.parquet")
        storage.write(uri, sink.getvalue())
        number += 1
        log.info("%d files of records written", number)
        yield "posters", uri
    if not number:
        raise PublishedError("the set lists no poster; download its annotations again")


def _plausible(records: Iterable[Record], source: str) -> Iterator[Record]:
    """The records, unless their classes can't be right: a poster has a logo or two and several texts, and the published
    forms count these two the other way round."""
    kinds: Counter[str] = Counter()
    posters = 0
    for record in records:
        posters += not record.reason
        kinds.update(element.kind for element in record.elements)
        yield record
    logos, texts = kinds["logo"], kinds[classes.TEXT]
    if logos > max(texts, _FEW_LOGOS * posters):
        raise PublishedError(
            f"{source} has {logos} logos and {texts} texts on {posters} posters: its classes are numbered otherwise "
            "than this form's; say what they are with --labels (PKU: 1 text, 2 logo; CGL: 1 logo, 2 text)"
        )


def _gather(config: IngestConfig, making: str) -> Stage:
    storage = opened(config.storage)
    return Gather(
        storage, None, False, making, posters=PosterReader(storage, OcrAnnotator if config.reader == "ocr" else None)
    )
