"""From a manifest of any size to a run's plan in storage: bounded memory, a part at a time.

The manifest is read in batches and parted by shard, so that all rows of a product, duplicates too, meet in one part
of about `PART_ROWS` rows. Each part is checked and laid out by `core.manifest.plan` (in a process of its own where
there are several) and written to the ledger, a row group a shard; rows that can't be used become dead letters.
"""

import logging
import math
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core.errors import Refusal
from layoutgen.core.fingerprint import sum_of_ids
from layoutgen.core.manifest import locales, wishes
from layoutgen.core.manifest.column_types import encode, own_of, settle, stored
from layoutgen.core.manifest.contracts import CONTRACTS, JobKind
from layoutgen.core.manifest.plan import ROW, Plan, plan, product_ids, shard_of
from layoutgen.core.manifest.products import Rules
from layoutgen.core.manifest.selection import chosen
from layoutgen.io.manifests.columns import conform, whole
from layoutgen.io.tables import letters, own_columns
from layoutgen.io.tables.ledger import Base, Ledger, RunPlan, ShardPlan, ShardReport
from layoutgen.io.tables.replay import Replay
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs.spilling import load, pool, save

log = logging.getLogger("layoutgen")

PART_ROWS = 150_000
BATCH_ROWS = 50_000


@dataclass(frozen=True, eq=False)
class _Part:
    """A part as it was planned. `keys` are `letters.keys` of its rows, where somebody asks for them."""

    rows_in: int
    failed: ShardReport | None
    shards: list[ShardPlan]
    keys: np.ndarray


def make_plan(
    batches: Iterator[pa.Table],
    rules: Rules,
    snapshots: Snapshots,
    ledger: Ledger,
    intent: str,
    rows_per_shard: int,
    replay: Replay | None = None,
    *,
    until: str = "",
) -> RunPlan:
    """Plan a run and write the plan, its index last; `replay` is what `batches` come from, if it is one, and `until`
    when the run's time is up. The user's own columns get the types that hold for the manifest and for the published
    rows."""
    with tempfile.TemporaryDirectory(prefix="layoutgen-plan-") as spill:
        raw, rows, found = _spill(batches, Path(spill), rules)
        own, changes, columns = _settled(found, snapshots, rules.kind, keep=snapshots.upsert or bool(until))
        wanted = max(1, math.ceil(rows * rules.most_canvases / rows_per_shard))
        count = grown(snapshots.base, wanted)
        parts = max(1, math.ceil(rows / PART_ROWS))
        if parts == 1:
            planned = [_plan_part(0, raw, columns, rules, snapshots, ledger, count)]
        else:
            planned = _plan_parts(raw, columns, parts, rules, snapshots, ledger, count)
    run = RunPlan(
        intent=intent,
        created_at=snapshots.created_at.isoformat(),
        shard_count=count,
        base=replace(
            snapshots.base,
            unpublished=tuple(source for source in snapshots.base.unpublished if count % source.shards == 0),
        ),
        upsert=snapshots.upsert,
        rows_in=sum(part.rows_in for part in planned),
        failed=[part.failed for part in planned if part.failed],
        shards=sorted((shard for part in planned for shard in part.shards), key=lambda shard: shard.shard),
        left_out=replay.left_out if replay else 0,
        own=encode(own),
        own_changes=changes,
        until=until,
    )
    if run.upsert:
        handled = letters.joined([*(part.keys for part in planned), *(replay.replayed if replay else ())])
        run = replace(run, failed=[*run.failed, *snapshots.keep_letters(handled, parts)])
    ledger.write_plan(run)
    return run


def _settled(
    found: pa.Schema, snapshots: Snapshots, kind: JobKind, *, keep: bool
) -> tuple[pa.Schema, dict[str, str], pa.Schema]:
    """The snapshot's own columns, logical; which of them get another type than they had; and the manifest's columns as
    the plan has them. With `keep` columns stay that the manifest lacks."""
    published = snapshots.base.published
    table = own_columns.published(
        snapshots.storage, snapshots.root, published.run_id if published else None, snapshots.schema
    )
    is_own = set(found.names) - {*CONTRACTS[kind].columns, "input_row"}
    own, changes = settle(table, pa.schema([field for field in found if field.name in is_own]), keep=keep)
    for name, change in changes.items():
        log.warning("own column %r: %s; rows that are carried over are converted once", name, change)
    for name in set(CONTRACTS[kind].offers) & set(own_of(CONTRACTS[kind].published, own)[1].names):
        log.warning("column %r holds no text: it is carried as your own, and no layout shows it", name)
    chosen = {field.name: field for field in own}
    return own, changes, pa.schema([stored(chosen.get(field.name, field)) for field in found])


def grown(base: Base, wanted: int) -> int:
    """How many shards a run has that would have `wanted` of its own: as many as what it builds on, or the whole
    multiple of them that keeps shards below twice their size. What an unpublished run has counts where it fits the
    published snapshot and the rows, so that a manifest of a few rows more takes its rows over."""
    published = base.published.shards if base.published else 1
    for source in base.unpublished[:1]:
        if source.shards % published == 0 and source.shards <= 2 * wanted:
            return source.shards * max(1, wanted // source.shards)
    return published * max(1, wanted // published)


def _spill(batches: Iterator[pa.Table], folder: Path, rules: Rules) -> tuple[list[Path], int, pa.Schema]:
    """Write the manifest's batches to local files with each row's number; return the files, about how many rows they
    have, each once in every locale and variant, and the logical schema of the whole."""
    files: list[Path] = []
    schemas: list[pa.Schema] = []
    rows, layouts = 0, 0.0
    sizes = rules.contract.sizes is not None
    for batch in batches:
        numbered = batch.append_column(ROW, pa.array(range(rows + 1, rows + len(batch) + 1), pa.int64()))
        rows += len(batch)
        layouts += locales.count(batch) * wishes.mean_variants(batch, rules.variants) if sizes else len(batch)
        files.append(folder / f"batch-{len(files):05d}.arrow")
        schemas.append(batch.schema)
        save(numbered, files[-1])
    return files, math.ceil(layouts), whole(schemas)


def _plan_parts(
    files: list[Path], columns: pa.Schema, parts: int, rules: Rules, snapshots: Snapshots, ledger: Ledger, count: int
) -> list[_Part]:
    """Part the batches by shard, then plan the parts side by side."""
    parts = min(parts, count)
    with pool() as workers:
        parted = [workers.submit(_part_batch, file, columns, parts, count, rules) for file in files]
        pieces: list[list[Path]] = [[] for _ in range(parts)]
        for task in parted:
            for part, piece in task.result():
                pieces[part].append(piece)
        done = [
            workers.submit(_plan_part, part, pieces[part], columns, rules, snapshots, ledger, count)
            for part in range(parts)
        ]
        return [task.result() for task in done]


def _part_batch(file: Path, columns: pa.Schema, parts: int, count: int, rules: Rules) -> list[tuple[int, Path]]:
    table = conform(load(file), columns, rules.kind)
    file.unlink()
    part_of = [shard_of(key, count) * parts // count for key in product_ids(table, rules.kind, rules.empty_words)]
    members: dict[int, list[int]] = {}
    for position, part in enumerate(part_of):
        members.setdefault(part, []).append(position)
    pieces = []
    for part, positions in members.items():
        piece = file.with_name(f"{file.stem}-{part:03d}.arrow")
        save(table.take(pa.array(positions, pa.int64())), piece)
        pieces.append((part, piece))
    return pieces


def _plan_part(
    part: int, files: list[Path], columns: pa.Schema, rules: Rules, snapshots: Snapshots, ledger: Ledger, count: int
) -> _Part:
    if not files:
        return _Part(0, None, [], letters.joined([]))
    raw = pa.concat_tables([conform(load(file), columns, rules.kind) for file in files])
    for file in files:
        file.unlink()
    made = plan(raw, rules, shards=count) if rules.only is None else _selected(raw, rules, rules.only, count)
    failed = snapshots.write_unplanned(made.failed, part) if len(made.failed) else None
    ledger.write_part(part, iter(made.shards))
    shards = [
        ShardPlan(
            *(number, part, group, len(table), sum_of_ids(table.column("row_id").to_pylist())),
            priority=_priority(table, rules.priority),
        )
        for group, (number, table) in enumerate(zip(made.numbers, made.shards, strict=True))
    ]
    tables = [*made.shards, made.failed] if snapshots.upsert else []
    return _Part(
        made.rows_in,
        failed,
        shards,
        letters.joined(letters.keys(table.column("row_id").to_pylist()) for table in tables),
    )


def _priority(table: pa.Table, name: str) -> float:
    """How much of `run.priority` the rows have together; what is null or no number counts as 0. Raises Refusal where
    they have no such column of numbers."""
    if not name:
        return 0.0
    if name not in table.column_names:
        names = ", ".join(table.column_names)
        raise Refusal(f"run.priority = {name!r}: the rows have no such column; they have {names}")
    try:
        values = pc.fill_null(table.column(name).cast(pa.float64()), 0.0)
    except (pa.ArrowInvalid, pa.ArrowNotImplementedError) as error:
        raise Refusal(f"run.priority = {name!r}: give a column of numbers; {str(error).splitlines()[0]}") from None
    return float(pc.sum(pc.if_else(pc.is_finite(values), values, 0.0)).as_py() or 0.0)


def _selected(raw: pa.Table, rules: Rules, only: str, count: int) -> Plan:
    """The plan of a part's rows, planned and unusable ones, that a filter selects."""
    whole = plan(raw, rules, shards=count)
    tables = [chosen(table, only, rules.canvas_of) for table in whole.shards]
    filled = [(number, table) for number, table in zip(whole.numbers, tables, strict=True) if len(table)]
    failed = chosen(whole.failed, only, rules.canvas_of)
    return replace(
        whole,
        rows_in=len(failed) + sum(len(table) for _, table in filled),
        failed=failed,
        numbers=[number for number, _ in filled],
        shards=[table for _, table in filled],
    )
