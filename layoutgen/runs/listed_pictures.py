"""Versions of a run's pictures, looked up in listings before its shards are worked on: 1,000 keys a request, not one.

    OUTPUT/_runs/<run_id>/listed/part-000.parquet   of each planned row what its objects' versions were, a group a shard

A listed version only ever confirms: the load stage asks for the objects of every other row one by one, of those that
changed and of those that no listing names. So a store that lists badly, or may not be listed, costs requests and no
row.

Parts of the plan hold products at random and listings are sorted, so keys are sorted on local disk, stretch by stretch.
"""

import io
import logging
import tempfile
from dataclasses import dataclass
from functools import partial
from itertools import pairwise
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from layoutgen.core import fingerprint
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables.ledger import Ledger, RunPlan
from layoutgen.runs.spilling import load, save, side_by_side

log = logging.getLogger("layoutgen")

STRETCH = 500_000  # objects that are looked up together: a listing page of S3 has a thousand
_READ = ("images", "logo", "mask", "reference")
_OBJECTS = pa.list_(pa.string())


def list_pictures(storage: Storage, ledger: Ledger, plan: RunPlan) -> None:
    """Write what listings say of the objects that the planned rows of a run read. A bucket that can't be listed is
    said in the log. Raises StorageError."""
    parts = sorted({shard.part for shard in plan.shards})
    many = len(parts) > 1
    with tempfile.TemporaryDirectory(prefix="layoutgen-listed-") as folder, side_by_side(many) as mapped:
        work = _Work(storage, ledger, Path(folder))
        counts = mapped(work.read, parts)
        count, of_stores = (sum(column) for column in zip(*counts, strict=True)) if counts else (0, 0)
        if not of_stores:
            return
        # Products are in parts at random: one part shows where all of their keys lie.
        bounds = work.bounds(parts[0], max(1, of_stores // STRETCH))
        mapped(partial(work.part_keys, bounds), parts)
        try:
            named = sum(mapped(partial(work.look_up, parts), [*range(len(bounds) + 1)]))
        except StorageError as error:
            if error.fault is None:
                raise
            log.warning("pictures can't be looked up in listings, so each is asked for alone: %s", error)
            return
        mapped(partial(work.write, len(bounds) + 1), parts)
    log.info("listings name %d of %d objects that planned rows read; the others are asked for alone", named, count)


@dataclass(frozen=True)
class _Work:
    """The steps, each of which leaves its files in `folder` for the next."""

    storage: Storage
    ledger: Ledger
    folder: Path

    def read(self, part: int) -> tuple[int, int]:
        """Read which objects a part's rows have; return how many distinct ones these are, and how many lie in S3."""
        data = self.storage.read(self.ledger.uri(f"plan/part-{part:03d}.parquet"))
        with pq.ParquetFile(io.BytesIO(data)) as file:
            names = [name for name in ("row_id", *_READ) if name in file.schema_arrow.names]
            table = file.read(columns=names)
            ends = [file.metadata.row_group(group).num_rows for group in range(file.metadata.num_row_groups)]
        rows = pa.table({"row_id": table.column("row_id"), "objects": objects(table)})
        groups = pa.array([group for group, count in enumerate(ends) for _ in range(count)], pa.int32())
        save(rows.append_column("group", groups), self.folder / f"rows-{part}.arrow")
        uris = pc.unique(pc.list_flatten(rows.column("objects")).combine_chunks())
        stored = uris.filter(pc.starts_with(uris, "s3://"))
        stored = stored.take(pc.sort_indices(stored))
        save(pa.table({"uri": stored}), self.folder / f"uris-{part}.arrow")
        return len(uris), len(stored)

    def bounds(self, part: int, stretches: int) -> list[str]:
        """Keys that part all objects into about as many stretches of one size."""
        uris = load(self.folder / f"uris-{part}.arrow").column("uri")
        places = sorted({len(uris) * number // stretches for number in range(1, stretches)} - {0})
        return [uris[place].as_py() for place in places]

    def part_keys(self, bounds: list[str], part: int) -> None:
        """Sort a part's objects into stretches."""
        uris = load(self.folder / f"uris-{part}.arrow").column("uri")
        begins = [0, *(_first_from(uris, bound) for bound in bounds), len(uris)]
        for stretch, (begin, end) in enumerate(pairwise(begins)):
            save(pa.table({"uri": uris[begin:end]}), self.folder / f"uris-{part}-{stretch}.arrow")

    def look_up(self, parts: list[int], stretch: int) -> int:
        """Look the objects of a stretch up; return how many listings name."""
        of_part = [load(self.folder / f"uris-{part}-{stretch}.arrow").column("uri").combine_chunks() for part in parts]
        uris = pc.unique(pa.chunked_array(of_part, pa.string()))
        uris = uris.take(pc.sort_indices(uris))
        versions = pa.array(self.storage.listed_versions(uris.to_pylist()), pa.string())
        for part, own in zip(parts, of_part, strict=True):
            versions_of_part = versions.take(pc.index_in(own, value_set=uris))
            save(pa.table({"uri": own, "version": versions_of_part}), self.folder / f"versions-{part}-{stretch}.arrow")
        return len(versions) - int(versions.null_count)

    def write(self, stretches: int, part: int) -> None:
        """Write the versions of a part's rows into the ledger."""
        rows = load(self.folder / f"rows-{part}.arrow")
        versions_of_part = pa.concat_tables(
            [load(self.folder / f"versions-{part}-{stretch}.arrow") for stretch in range(stretches)]
        )
        objects = rows.column("objects").combine_chunks()
        places = pc.index_in(objects.values, value_set=versions_of_part.column("uri").combine_chunks())
        versions = versions_of_part.column("version").combine_chunks().take(places)
        rows = rows.set_column(1, "versions", pa.ListArray.from_arrays(objects.offsets, versions))
        groups = rows.column("group").to_pylist()
        starts = [place for place, group in enumerate(groups) if not place or groups[place - 1] != group]
        tables = (
            rows.slice(begin, end - begin).select(["row_id", "versions"])
            for begin, end in zip(starts, [*starts[1:], len(rows)], strict=True)
        )
        self.ledger.write_part(part, tables, "listed")


def objects(table: pa.Table) -> pa.Array:
    """The objects that each planned row reads, as `fingerprint.objects` says."""
    columns = {name: table.column(name).to_pylist() for name in _READ if name in table.column_names}
    rows = (dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True))
    return pa.array([fingerprint.objects(row) for row in rows], _OBJECTS)


def _first_from(uris: pa.ChunkedArray, bound: str) -> int:
    """The place of the first of sorted URIs that is not before a bound."""
    return int(pc.sum(pc.less(uris, bound)).as_py() or 0)
