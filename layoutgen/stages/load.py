"""load: a shard's address in; its planned rows out, with what the snapshot before knows of them.

A row whose fingerprint is the same as in that snapshot, and whose finished pictures are there, is marked `unchanged`,
passes all stages untouched, and is carried over by the write stage. Another row of a known product takes its old
results along (annotation, composition, placement, pictures): each stage keeps them where its own key did not change.
A run's scope may leave rows as they are, without a look at their images, or have a stage of known rows run again.
"""

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core import arms, fingerprint, rows, schema
from layoutgen.core.brands.kits import NO_KITS, BrandKits
from layoutgen.core.fingerprint import Keys, Versions
from layoutgen.core.manifest.column_values import aligned, same_rows
from layoutgen.io.storage import Storage
from layoutgen.io.tables import picture_files
from layoutgen.io.tables.ledger import Base, Ledger
from layoutgen.io.tables.previous import Before
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.stages.branding import branded, with_planned_logo
from layoutgen.stages.judging import RECOMPOSED
from layoutgen.stages.postponing import postponed
from layoutgen.stages.scope import WHOLE, Scope

_RUN = ["row_id", "run_id"]


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
        scope: Scope = WHOLE,
    ) -> None:
        self._kits, self._scope = kits, scope
        self._storage, self._ledger, self._snapshots = storage, ledger, snapshots
        self._compares, self._versions = versions is not None, versions or {}
        self._footers: dict[int, pq.FileMetaData] = {}
        self._listed: tuple[int, bytes | None] = (-1, None)

    def __call__(self, table: pa.Table) -> pa.Table:
        """Return the shard's planned rows; `table` is one row with shard, part, group and attempt."""
        began = time.monotonic()
        (address,) = table.to_pylist()
        part = address["part"]
        planned, footer = self._ledger.read_shard(part, address["group"], self._footers.get(part))
        self._footers = {part: footer}
        planned = branded(planned, self._kits)
        count = len(planned)
        if self._compares and "arm" in self._snapshots.schema.names:
            arm = [arms.arm_of(product, self._scope.canary) for product in planned.column("product_id").to_pylist()]
            planned = planned.append_column("arm", pa.array(arm, pa.string()))
        planned = planned.append_column(schema.SHARD, pa.array([address["shard"]] * count, pa.int32()))
        planned = planned.append_column(schema.ATTEMPT, pa.array([address["attempt"]] * count, pa.int32()))
        planned = planned.append_column(schema.TIMES, pa.array(["{}"] * count, pa.string()))
        if self._compares and len((before := self._snapshots.previous.before(address["shard"])).known):
            alone = self._left_alone(planned, before, address["shard"])
            listed = self._listed_versions(part, address["group"])
            planned = self._compare(planned, before.known, alone, listed, self._confirmed(before.published))
        if self._scope.deadline.is_over():
            planned = postponed(planned, "load", self._scope.deadline)
        return rows.clock(planned, "load", 0, time.monotonic() - began)

    def _left_alone(self, planned: pa.Table, before: Before, shard: int) -> set[str]:
        """The keys of published rows of which the manifest says what it said in the run of the scope, and of which
        nothing newer is known."""
        since, source = self._scope.since, self._snapshots.base.published
        if since is None:
            return set()
        then = before.published
        if since != source:
            then = replace(self._snapshots.previous, base=Base(since)).before(shard).published
        runs = {row["row_id"]: row["run_id"] for row in before.published.select(_RUN).to_pylist()}
        known = before.known.select(_RUN).to_pylist()
        newest = {row["row_id"] for row in known if runs.get(row["row_id"]) == row["run_id"]}
        position = {row_id: i for i, row_id in enumerate(then.column("row_id").to_pylist())}
        was = then.take(pa.array([position.get(row_id) for row_id in planned.column("row_id").to_pylist()], pa.int64()))
        same = zip(was.column("row_id").to_pylist(), self._same_columns(planned, was), strict=True)
        return newest & {row_id for row_id, is_same in same if is_same}

    def _listed_versions(self, part: int, group: int) -> dict[str, list[str | None]]:
        """What listings say of planned rows' objects, by row."""
        listed_part, data = self._listed
        if listed_part != part:
            data = self._ledger.listed(part)
            self._listed = (part, data)
        if data is None:
            return {}
        with pq.ParquetFile(pa.BufferReader(data)) as file:  # one a call: several threads of a driver call it
            return dict(zip(*file.read_row_group(group).to_pydict().values(), strict=True))

    def _confirmed(self, published: pa.Table) -> set[str]:
        """The pictures of published rows that listings name."""
        if not any(versions.render or versions.paint for versions in self._versions.values()):
            return set()
        absent = self._absent
        if absent is None:
            return set()
        return {
            uri
            for uri in picture_files.named(published)
            if (key := picture_files.key_of(uri)) is not None and key not in absent
        }

    @cached_property
    def _absent(self) -> frozenset[int] | None:
        return self._ledger.absent()

    def _compare(
        self,
        planned: pa.Table,
        old: pa.Table,
        alone: set[str],
        listed: Mapping[str, Sequence[str | None]],
        confirmed: set[str],
    ) -> pa.Table:
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
        row_ids = planned.column("row_id").to_pylist()
        left = {i for i, row_id in enumerate(row_ids) if row_id in alone}
        compared = [i for i, index in enumerate(known) if index is not None and i not in left]
        stored = self._stored(
            {i: {name: values[i] for name, values in read.items()} for i in compared},
            was,
            {i: listed.get(row_ids[i], ()) for i in compared},
        )
        status = planned.column("status").to_pylist()
        same_columns = self._same_columns(planned, taken)
        unchanged: dict[int, Keys] = {}
        again: set[int] = set()
        for i, index in enumerate(known):
            if index is None or was[i] is None or i in left:
                continue
            row = {name: values[i] for name, values in read.items()}
            now = fingerprint.keys(row, images[i], stored, arms.of_row(self._versions, row))
            if same_columns[i] and self._can_be_backfilled(now, was[i]):
                again.add(i)
            elif same_columns[i] and fingerprint.same(now, was[i]):
                unchanged[i] = now
        drawn = [i for i, now in unchanged.items() if now.render]
        lacking = picture_files.lacking(self._storage, taken, drawn, confirmed=confirmed)
        lost = self._without_background(taken, known, confirmed)
        lacking |= lost
        for i in (unchanged.keys() - lacking) | left:
            status[i] = "unchanged"
        out = rows.replace(planned, status=pa.array(status, pa.string()))
        notes = taken.column("notes").to_pylist()
        held = [None if i in lost else self._held(_of_own(keys, notes[i]), i in again) for i, keys in enumerate(was)]
        out = out.append_column(schema.WAS, pa.array(held, schema.FINGERPRINT))
        out = out.append_column(schema.WAS_NOTES, taken.column("notes"))
        draws = any(versions.render for versions in self._versions.values())
        for stage, names in schema.RESULTS.items():
            for name in names if draws or stage != "render" else ():
                if name in self._snapshots.schema.names and name in taken.column_names:
                    out = out.append_column(taken.schema.field(name), taken.column(name))
        return out

    def _can_be_backfilled(self, now: Keys, was: Mapping[str, str | None]) -> bool:
        """Whether the scope has a stage of a row run again: its sources are the same, and it has all results before."""
        if not self._scope.backfill:
            return False
        keys = vars(now)
        before = fingerprint.STAGES[: fingerprint.STAGES.index(self._scope.backfill)]
        has_all = all(was.get(stage) for stage in before if keys[stage])
        return bool(keys[self._scope.backfill]) and now.source == was.get("source") and has_all

    def _held(self, was: dict[str, str | None] | None, is_again: bool) -> dict[str, str | None] | None:
        """The fingerprint by which stages know what they keep: of a row that is backfilled nothing from that stage on.
        Other rows of such a run have no source there, so that `fingerprint.keys` makes all their keys as ever."""
        if was is None or not self._scope.backfill:
            return was
        later = fingerprint.STAGES[fingerprint.STAGES.index(self._scope.backfill) :]
        return was | (dict.fromkeys(later, "") if is_again else {"source": ""})

    def _without_background(self, taken: pa.Table, known: list[int | None], confirmed: set[str]) -> set[int]:
        """The known rows of posters whose background is gone: nothing of them holds, they are made anew."""
        if not any(versions.paint for versions in self._versions.values()):
            return set()
        there = [i for i, index in enumerate(known) if index is not None]
        return picture_files.without_background(self._storage, taken, there, confirmed)

    def _stored(
        self,
        rows: Mapping[int, Mapping[str, Any]],
        was: Sequence[Mapping[str, str | None] | None],
        listed: Mapping[int, Sequence[str | None]],
    ) -> dict[str, str | None]:
        """The stored version of every image and logo that is read for known rows: as it is listed where that confirms
        what the row was made from, else as its store says when it is asked."""
        stored: dict[str, str | None] = {}
        asked: set[str] = set()
        for i, row in rows.items():
            uris = fingerprint.objects(row)
            listed_of_row = dict(zip(uris, listed[i], strict=False))
            before = (was[i] or {}).get("source")
            if (
                len(listed_of_row) == len({*uris})
                and all(listed_of_row.values())
                and fingerprint.source(row, listed_of_row) == before
            ):
                stored |= listed_of_row
            else:
                asked.update(uris)
        ordered = sorted(asked)
        return stored | dict(zip(ordered, self._storage.versions(ordered), strict=True))

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
