"""load: a shard's address in; its planned rows out, with what the snapshot before knows of them.

A row whose fingerprint is the same as in that snapshot, and whose finished pictures are there, is marked `unchanged`,
passes all stages untouched, and is carried over by the write stage. Another row of a known product takes its old
results along (annotation, composition, placement, pictures): each stage keeps them where its own key did not change.
"""

import time
from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import fingerprint, rows, schema
from layoutgen.core.brands.kits import NO_KITS, BrandKits
from layoutgen.core.fingerprint import Keys, Versions
from layoutgen.core.manifest.column_values import aligned, same_rows
from layoutgen.io.storage import Storage
from layoutgen.io.tables import picture_files
from layoutgen.io.tables.ledger import Ledger
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.stages.branding import branded, with_planned_logo
from layoutgen.stages.judging import RECOMPOSED


class Load:
    """The load stage; `versions` are those of each application's rows, None where all planned rows are worked on
    as they are; `kits` what they take on of their brands'."""

    def __init__(
        self,
        storage: Storage,
        ledger: Ledger,
        snapshots: Snapshots,
        versions: Mapping[str, Versions] | None,
        kits: BrandKits = NO_KITS,
    ) -> None:
        self._kits = kits
        self._storage, self._ledger, self._snapshots = storage, ledger, snapshots
        self._compares, self._versions = versions is not None, versions or {}
        self._footers: dict[int, pq.FileMetaData] = {}

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the shard's planned rows; `table` is one row with shard, part, group and attempt."""
        began = time.monotonic()
        (address,) = table.to_pylist()
        part = address["part"]
        planned, footer = self._ledger.read_shard(part, address["group"], self._footers.get(part))
        self._footers = {part: footer}
        planned = branded(planned, self._kits)
        count = len(planned)
        planned = planned.append_column(schema.SHARD, pa.array([address["shard"]] * count, pa.int32()))
        planned = planned.append_column(schema.ATTEMPT, pa.array([address["attempt"]] * count, pa.int32()))
        planned = planned.append_column(schema.TIMES, pa.array(["{}"] * count, pa.string()))
        if self._compares and len(known := self._snapshots.previous.before(address["shard"]).known):
            planned = self._compare(planned, known)
        return rows.clock(planned, "load", 0, time.monotonic() - began)

    def _compare(self, planned: pa.Table, old: pa.Table) -> pa.Table:
        if "fingerprint" not in old.column_names:
            return planned
        position = {row_id: i for i, row_id in enumerate(old.column("row_id").to_pylist())}
        known = [position.get(row_id) for row_id in planned.column("row_id").to_pylist()]
        if not any(index is not None for index in known):
            return planned
        taken = old.take(pa.array(known, pa.int64()))
        was = taken.column("fingerprint").to_pylist()
        images = taken.column("image_sha256").to_pylist()
        read = fingerprint.reads(self._versions.values(), planned)
        stored = self._stored(read, known)
        status = planned.column("status").to_pylist()
        same_columns = self._same_columns(planned, taken)
        unchanged: dict[int, Keys] = {}
        for i, index in enumerate(known):
            if index is None or was[i] is None:
                continue
            row = {name: values[i] for name, values in read.items()}
            now = fingerprint.keys(row, images[i], stored, self._versions[row["application"]])
            if same_columns[i] and fingerprint.same(now, was[i]):
                unchanged[i] = now
        drawn = [i for i, now in unchanged.items() if now.render]
        lacking = picture_files.lacking(self._storage, taken, drawn)
        lost = self._without_background(taken, known)
        lacking |= lost
        for i in unchanged.keys() - lacking:
            status[i] = "unchanged"
        out = rows.replace(planned, status=pa.array(status, pa.string()))
        notes = taken.column("notes").to_pylist()
        held = [None if i in lost else _of_own(keys, notes[i]) for i, keys in enumerate(was)]
        out = out.append_column(schema.WAS, pa.array(held, schema.FINGERPRINT))
        out = out.append_column(schema.WAS_NOTES, taken.column("notes"))
        draws = any(versions.render for versions in self._versions.values())
        for stage, names in schema.RESULTS.items():
            for name in names if draws or stage != "render" else ():
                if name in self._snapshots.schema.names and name in taken.column_names:
                    out = out.append_column(taken.schema.field(name), taken.column(name))
        return out

    def _without_background(self, taken: pa.Table, known: list[int | None]) -> set[int]:
        """The known rows of posters whose background is gone: nothing of them holds, they are made anew."""
        if not any(versions.paint for versions in self._versions.values()):
            return set()
        there = [i for i, index in enumerate(known) if index is not None]
        return picture_files.without_background(self._storage, taken, there)

    def _stored(self, read: dict[str, list[Any]], known: list[int | None]) -> dict[str, str | None]:
        """The stored version of every image and logo that is read for a known row."""
        rows = ({name: values[i] for name, values in read.items()} for i, at in enumerate(known) if at is not None)
        ordered = sorted({uri for row in rows for uri in fingerprint.objects(row)})
        return dict(zip(ordered, self._storage.versions(ordered), strict=True))

    def _same_columns(self, planned: pa.Table, taken: pa.Table) -> list[bool]:
        """Tell for each row whether all it carries from the manifest is as it was, the user's own columns included,
        both under the types that the run settled: 7 and 7.0 are the same number, 7 and "7" the same text."""
        kind, own = self._snapshots.schema, self._snapshots.own
        apart = ("status", "error", "notes", "input_row")
        taken = with_planned_logo(taken, planned, self._kits)
        carried = pa.schema([field for field in schema.planned(kind) if field.name not in apart])
        return same_rows(aligned(planned, carried, own), aligned(taken, carried, own))


def _of_own(keys: dict[str, str | None] | None, notes: list[str | None] | None) -> dict[str, str | None] | None:
    """The fingerprint of what a known row has of its own composer and the stages before: a layout that was composed
    anew to be mended is composed again where anything of it is."""
    if keys is None or not any(note and note.startswith(RECOMPOSED) for note in notes or ()):
        return keys
    return keys | {"compose": "", "place": ""}
