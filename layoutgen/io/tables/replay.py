"""The rows of a run that failed, as a manifest: what `--replay RUN_ID` runs again.

What the table knows by newer runs is left out: a row that is published since, one whose newest dead letter has another
input, and one that the newest whole manifest does not have any more. A second row of a product (`duplicate_id`) is
never replayed: alone it would take the place of the first.
"""

import json
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core import schema
from layoutgen.core.manifest import locales
from layoutgen.core.manifest.contracts import CONTRACTS, JobKind
from layoutgen.core.manifest.keys import parts
from layoutgen.core.manifest.plan import shard_of
from layoutgen.io.manifests import manifest
from layoutgen.io.storage import Storage
from layoutgen.io.tables import letters, own_columns, published_runs
from layoutgen.io.tables.ledger import Base, Ledger
from layoutgen.io.tables.previous import Previous, chosen

BUCKET_BYTES = 32 << 20  # of Parquet: letters that are in memory at once
_READ = ["row_id", "product_id", "canvas", "locale", "input_row"]


class Replay:
    """The dead letters of a run. Once `batches` has ended, `left_out` counts the letters of which the table knows
    something newer, and `replayed` has the keys of the others."""

    def __init__(
        self,
        storage: Storage,
        root: str,
        run_id: str,
        kind: JobKind,
        base: Base,
        *,
        rename: Mapping[str, str] | None = None,
        from_text: bool = False,
    ) -> None:
        """`rename` gives columns other names, `from_text` tells that the rows are a CSV's."""
        self._storage, self._root, self._run_id, self._kind, self._base = storage, root, run_id, kind, base
        self._rename, self._from_text = rename or {}, from_text
        self.left_out = 0
        self.replayed: list[np.ndarray] = []

    def batches(self, limit: int | None, size: int) -> Iterator[pa.Table]:
        """Yield the input rows, on the canvases and in the locales in which they failed, in tables of at most `size`,
        with own columns in the types that the run had. Raises SnapshotError where there are none."""
        own = own_columns.of_run(self._storage, self._root, self._run_id)
        with tempfile.TemporaryDirectory(prefix="layoutgen-replay-") as folder:
            lines = islice(self._lines(Path(folder)), limit)
            is_empty = True
            while batch := list(islice(lines, size)):
                is_empty = False
                yield manifest.from_lines(batch, self._kind, from_text=self._from_text, rename=self._rename, given=own)
        if is_empty:
            newer = f": the table knows newer input of all {self.left_out}" if self.left_out else ""
            raise published_runs.SnapshotError(
                f"run {self._run_id} of {self._root} has no dead letters to replay{newer}"
            )

    def _lines(self, folder: Path) -> Iterator[str]:
        newer = self._newer()
        sizes = CONTRACTS[self._kind].sizes
        for bucket in self._buckets(folder):
            known = newer.known(bucket) if newer else np.zeros(len(bucket), bool)
            self.left_out += int(known.sum())
            failed: dict[str, dict[str | None, list[str]]] = {}
            members: dict[str, list[str]] = {}
            for row in bucket.filter(pa.array(~known)).to_pylist():
                canvas, locale = parts(row["row_id"], row["product_id"])
                canvases = failed.setdefault(row["input_row"], {}).setdefault(row["locale"] or locale, [])
                canvases += filter(None, [row["canvas"] or canvas])
                members.setdefault(row["input_row"], []).append(row["row_id"])
            for line, canvases_of in failed.items():
                self.replayed.append(letters.keys(members[line]))
                alike: dict[tuple[str, ...], set[str | None]] = {}
                for locale, names in canvases_of.items():
                    alike.setdefault(tuple(sorted(names)), set()).add(locale)
                for sizes_of, tags in alike.items():
                    yield _on(line, sizes, sizes_of, tags, self._rename)

    def _buckets(self, folder: Path) -> Iterator[pa.Table]:
        """The letters in parts that fit into memory, all of a product in one of them, so also all of a shard."""
        sizes = self._storage.sizes(self._storage.join(self._root, f"dead_letters/{self._run_id}"))
        count = 1 + sum(sizes.values()) // BUCKET_BYTES
        files = [folder / f"{number}.arrow" for number in range(count)]
        with ExitStack() as stack:
            writers: dict[int, Any] = {}
            for dead in letters.stream(self._storage, self._root, self._run_id, [*_READ, "kind"]):
                table = schema.complete(dead, schema.DEAD_LETTERS)  # an older version's have no locale
                table = table.filter(pc.not_equal(table.column("kind"), "duplicate_id")).select(_READ)
                names = zip(*(table.column(name).to_pylist() for name in ("product_id", "input_row")), strict=True)
                bucket_of = np.array([self._shard(name or line) * count // self._shards for name, line in names], int)
                for number in np.unique(bucket_of).tolist():
                    part = table.filter(pa.array(bucket_of == number))
                    if number not in writers:
                        writers[number] = stack.enter_context(pa.ipc.new_stream(str(files[number]), part.schema))
                    writers[number].write_table(part)
        for file in files:
            if file.exists():
                with pa.ipc.open_stream(file.read_bytes()) as reader:
                    yield reader.read_all()
                file.unlink()

    @property
    def _shards(self) -> int:
        return self._base.published.shards if self._base.published else 1

    def _shard(self, name: str) -> int:
        return shard_of(name, self._shards)

    def _newer(self) -> "_Newer | None":
        """What the published snapshot knows that the run did not; None where it is the run's own."""
        source = self._base.published
        if source is None or source.run_id == self._run_id:
            return None
        return _Newer(
            self._storage, self._root, self._kind, self._base, _began(self._storage, self._root, self._run_id)
        )


class _Newer:
    """What a published snapshot knows of rows since `began`, when the replayed run was planned."""

    def __init__(self, storage: Storage, root: str, kind: JobKind, base: Base, began: datetime) -> None:
        assert base.published
        self._began, self._shards = began, base.published.shards
        self._previous = Previous(storage, root, CONTRACTS[kind].published, Base(base.published), base.published.shards)
        planned_at = published_runs.manifest(storage, root, base.published.run_id).get("planned_at")
        self._is_planned_since = planned_at is not None and datetime.fromisoformat(planned_at) > began
        same, other = [], []
        for table in letters.stream(storage, root, base.published.run_id, ["row_id", "input_row", "created_at"]):
            row_ids, lines, made = (column.to_pylist() for column in table.columns)
            same.append(letters.keys(row_ids, lines))
            other.append(letters.keys([row_id for row_id, at in zip(row_ids, made, strict=True) if at > began]))
        self._same, self._other = letters.joined(same), letters.joined(other)

    def known(self, table: pa.Table) -> np.ndarray:
        """Which letters to leave out, (n,) bool."""
        row_ids, products, lines = (table.column(name).to_pylist() for name in ("row_id", "product_id", "input_row"))
        published = self._published({shard_of(name, self._shards) for name in products if name}, set(row_ids))
        is_same = np.isin(letters.keys(row_ids, lines), self._same)
        is_other = np.isin(letters.keys(row_ids), self._other) & ~is_same
        made = [published.get(row_id) for row_id in row_ids]
        is_newer = np.array([at is not None and (self._is_planned_since or at > self._began) for at in made], bool)
        is_gone = np.array([at is None and self._is_planned_since for at in made], bool) & ~is_same
        return is_newer | is_other | is_gone

    def _published(self, shards: set[int], row_ids: set[str]) -> dict[str, datetime]:
        found: dict[str, datetime] = {}
        for shard in sorted(shards):
            rows = chosen(self._previous.before(shard).published, row_ids)
            found.update(zip(rows.column("row_id").to_pylist(), rows.column("created_at").to_pylist(), strict=True))
        return found


def _began(storage: Storage, root: str, run_id: str) -> datetime:
    plan = Ledger(storage, root, run_id).read_plan()
    if plan is None:
        raise published_runs.SnapshotError(
            f"{root} has no run {run_id}, or nothing was planned in it; give another --replay"
        )
    return datetime.fromisoformat(plan.created_at)


def _on(
    line: str, sizes: str | None, canvases: tuple[str, ...], tags: set[str | None], rename: Mapping[str, str]
) -> str:
    """A row on some canvases and in some locales only; its columns have the names that the manifest gave them."""
    try:
        row = json.loads(line)
    except ValueError:
        return line
    if not isinstance(row, dict) or sizes is None:
        return line

    def written(name: str) -> str:
        return next((old for old, new in rename.items() if new == name and old in row), name)

    narrowed = locales.only(row, written, tags)
    if canvases:
        narrowed = {**narrowed, written(sizes): list(canvases)}
    return line if narrowed == row else json.dumps(narrowed, ensure_ascii=False)
