"""What feedback wants of a published table: which rows get which orders, what is refused, and the plan of a run of it.

An edit is kept exactly on its row; what it changed, and what an instruction asks for, goes to the product's other
canvases, and to those of its series or category where that is asked for: of a cover to covers, of others to others. A
layout that was adopted as it is is left alone. Decisions on layouts that the table has not, or has otherwise by now,
are refused, each with its reason.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.core.feedback import Feedback, as_json
from layoutgen.core.fingerprint import sum_of_ids
from layoutgen.core.instructions.parsing import HINT, InstructionError, parse
from layoutgen.core.manifest.column_types import encode
from layoutgen.core.metrics import table_rows
from layoutgen.core.refining import orders
from layoutgen.core.refining.differences import changes_of
from layoutgen.core.refining.orders import Order
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables, letters
from layoutgen.io.tables.ledger import Ledger, RunPlan, ShardPlan
from layoutgen.io.tables.snapshot import Snapshots
from layoutgen.runs.job import RunError
from layoutgen.stages.drawable import RowFault
from layoutgen.stages.edited_rows import counting, edited_elements

Like = Literal["product", "series", "category"]
READ = ("row_id", "run_id", "product_id", "locale", "series", "category", "application", "refinement")
"""What has to be known of all rows of a table."""
CHANGED, UNKNOWN, NOT_UNDERSTOOD = "changed_since", "unknown_row", "not_understood"
COVER = "video_cover"


@dataclass(frozen=True)
class Refused:
    """A decision that is not followed, or a part of one: the kind, and the value with the fix."""

    row_id: str
    by: str
    kind: str
    message: str


@dataclass(frozen=True)
class Wanted:
    """What feedback comes to in a table: the orders of each row by its key, refused decisions, and how many were
    followed by a run before."""

    of_rows: Mapping[str, tuple[Order, ...]]
    refused: tuple[Refused, ...]
    known: int = 0


@dataclass
class _Draft:
    """What is wanted so far."""

    of_rows: dict[str, list[Order]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    known: int = 0


def wanted_of(
    storage: Storage,
    folder: str,
    decisions: Sequence[Feedback],
    like: Like,
    margin: Callable[[str | None], float],
    font_files: tuple[str, ...],
) -> Wanted:
    """What decisions want of the rows of a snapshot in `folder`. `margin` gives the free edge of an application's
    rows, of the short side. Raises TableError or StorageError."""
    wanting = {row_id for (row_id, _), each in counting(decisions).items() if _wants(each)}
    whole = _whole(storage, folder, wanting)
    return wanted_in(_known(storage, folder), whole, decisions, like, margin, font_files)


def wanted_in(
    table: Sequence[Mapping[str, Any]],
    whole: Mapping[str, Mapping[str, Any]],
    decisions: Sequence[Feedback],
    like: Like,
    margin: Callable[[str | None], float],
    font_files: tuple[str, ...],
) -> Wanted:
    """The same of rows that are read already: `table` has the columns `READ` of all, `whole` by their id those that
    decisions are on."""
    by_id = {row["row_id"]: row for row in table}
    settled = counting(decisions)
    draft = _Draft()
    own = {key: each for key, each in settled.items() if _wants(each)}
    near = _by_value(table, ("product_id", *([like] if like != "product" else [])))
    adopted = {row_id for (row_id, run_id), each in settled.items() if each.decision == "adopt"}
    followed = []
    for decision in sorted(own.values(), key=lambda decision: decision.time):
        order = _order(decision, by_id.get(decision.row_id), whole, draft, margin, font_files)
        followed += [order] if order else []
    own_rows = {order.row_id for order in followed}
    for order in followed:
        source = by_id[order.row_id]
        draft.of_rows.setdefault(order.row_id, []).append(order)
        for row in _near(source, near, like):
            relation = _relation(source, row, like)
            is_other = (row["application"] == COVER) is not (source["application"] == COVER)
            is_apart = row["row_id"] in own_rows | adopted or is_other
            carried = replace(_carried(order), same_copy=bool(relation))
            if relation is not None and not is_apart and carried.changes:
                draft.of_rows.setdefault(row["row_id"], []).append(carried)
    of_rows = {row_id: tuple(of_row) for row_id, of_row in draft.of_rows.items()}
    return Wanted(of_rows, tuple(draft.refused), draft.known)


def _wants(decision: Feedback) -> bool:
    return decision.elements is not None or bool(decision.instruction)


def _order(
    decision: Feedback,
    row: Mapping[str, Any] | None,
    whole: Mapping[str, Mapping[str, Any]],
    draft: _Draft,
    margin: Callable[[str | None], float],
    font_files: tuple[str, ...],
) -> Order | None:
    """What a decision wants of its own row; None where it is refused, or was followed before."""
    row_id, by = decision.row_id, decision.annotator
    order = Order(by, decision.time.isoformat(), row_id, decision.run_id, instruction=decision.instruction)
    if row is not None and order.key in orders.keys(row["refinement"]):
        draft.known += 1
        return None
    refused = _refusal(decision, row)
    try:
        if refused is None and decision.elements is not None:
            return _of_edit(order, decision, whole[row_id], margin, font_files)
        if refused is None:
            parsed = parse(decision.instruction)
            parts = [Refused(row_id, by, NOT_UNDERSTOOD, f"{row_id}: {part}; {HINT}") for part in parsed.refused]
            draft.refused += parts
            return replace(order, changes=parsed.changes, refused=parsed.refused) if parsed.changes else None
    except RowFault as fault:
        refused = Refused(row_id, by, fault.kind, f"{row_id}: {fault.message}")
    except InstructionError as error:
        refused = Refused(row_id, by, NOT_UNDERSTOOD, f"{row_id}: {error}")
    draft.refused += [refused] if refused else []
    return None


def _refusal(decision: Feedback, row: Mapping[str, Any] | None) -> Refused | None:
    """Why a decision on a row, None where the table has none, is not followed; None where it is."""
    row_id, by = decision.row_id, decision.annotator
    if row is None:
        message = f"the table has no row {row_id!r}; it was taken out, or is of another table"
        return Refused(row_id, by, UNKNOWN, message)
    if row["run_id"] != decision.run_id:
        message = (
            f"{row_id} was decided on as run {decision.run_id} made it, and run {row['run_id']} made it anew since; "
            "look at the layout as it is now and decide again"
        )
        return Refused(row_id, by, CHANGED, message)
    return None


def _of_edit(
    order: Order,
    decision: Feedback,
    row: Mapping[str, Any],
    margin: Callable[[str | None], float],
    font_files: tuple[str, ...],
) -> Order:
    edit = tuple(as_json(element) for element in decision.elements or ())
    drawn = edited_elements(row, edit, decision.styled, font_files)
    layout = [rows.read_element(element) for element in (decision.styled or row["elements"])]
    canvas = table_rows.canvas(row)
    changes = changes_of(layout, edit, drawn, canvas, margin(row["application"]) * min(canvas.width, canvas.height))
    return replace(order, changes=changes, elements=edit, style=decision.style, styled=decision.styled)


def _by_value(table: Sequence[Mapping[str, Any]], names: Sequence[str]) -> dict[tuple[str, str], list[Any]]:
    """Rows by the values of some columns."""
    of_value: dict[tuple[str, str], list[Any]] = {}
    for row in table:
        for name in names:
            if row[name]:
                of_value.setdefault((name, row[name]), []).append(row)
    return of_value


def _near(source: Mapping[str, Any], of_value: Mapping[tuple[str, str], list[Any]], like: Like) -> list[Any]:
    """The rows that a decision on a row may be about, itself first."""
    names = ("product_id", *([like] if like != "product" else []))
    near = [source, *(row for name in names for row in of_value.get((name, source[name]), ()))]
    return list({row["row_id"]: row for row in near}.values())


def _carried(order: Order) -> Order:
    """An order as other layouts get it: without what holds for its own canvas alone."""
    changes = tuple(replace(change, box=None) for change in order.changes)
    return replace(order, changes=changes, elements=(), style="", styled=(), refused=())


def _relation(source: Mapping[str, Any], row: Mapping[str, Any], like: Like) -> bool | None:
    """Whether a row says what the source says, where a decision is carried from this to that; None where it is not."""
    if row["product_id"] == source["product_id"]:
        return bool(row["locale"] == source["locale"])
    shared = like != "product" and source[like] and row[like] == source[like]
    return False if shared else None


def _known(storage: Storage, folder: str) -> list[dict[str, Any]]:
    """What is asked of all rows of a table."""
    known = []
    for uri in layout_tables.parts(storage, folder):
        table = layout_tables.columns(storage, uri, READ)
        known += table.to_pylist()
    return known


def _whole(storage: Storage, folder: str, row_ids: Iterable[str]) -> dict[str, dict[str, Any]]:
    """Rows as they are published."""
    wanted = set(row_ids)
    whole: dict[str, dict[str, Any]] = {}
    for uri in layout_tables.parts(storage, folder) if wanted else ():
        ids = layout_tables.columns(storage, uri, ("row_id",)).column("row_id").to_pylist()
        places = [i for i, row_id in enumerate(ids) if row_id in wanted]
        if places:
            whole |= {row["row_id"]: row for row in layout_tables.published(storage, uri, places).to_pylist()}
    return whole


def plan(wanted: Wanted, base_run: str, snapshots: Snapshots, ledger: Ledger, intent: str) -> RunPlan:
    """Plan a run of the rows that get orders, and write the plan: all other rows stay. Raises RunError where the table
    has been published anew since the orders were made."""
    published = snapshots.base.published
    if published is None or published.run_id != base_run:
        raise RunError(f"{snapshots.root} was published anew meanwhile; run the same command again")
    shards = list(_shards(wanted, snapshots))
    ledger.write_part(0, iter(table for _, table in shards))
    row_ids = [(shard, table.column("row_id").to_pylist()) for shard, table in shards]
    planned = RunPlan(
        intent=intent,
        created_at=snapshots.created_at.isoformat(),
        shard_count=snapshots.shards,
        base=snapshots.base,
        upsert=True,
        rows_in=sum(len(ids) for _, ids in row_ids),
        failed=snapshots.keep_letters(letters.joined([]), 1),
        shards=[ShardPlan(shard, 0, k, len(ids), sum_of_ids(ids)) for k, (shard, ids) in enumerate(row_ids)],
        own=encode(snapshots.own),
    )
    ledger.write_plan(planned)
    return planned


def _shards(wanted: Wanted, snapshots: Snapshots) -> Iterator[tuple[int, pa.Table]]:
    """The published rows that get orders, by shard, with their orders."""
    for shard in range(snapshots.shards):
        before = snapshots.previous.before(shard).published
        ids = before.column("row_id").to_pylist()
        places = [i for i, row_id in enumerate(ids) if row_id in wanted.of_rows]
        if places:
            table = before.take(pa.array(places, pa.int64())).drop_columns(["run_id", "created_at"])
            texts = [orders.write(wanted.of_rows[ids[i]]) for i in places]
            table = table.append_column(schema.ORDERS, pa.array(texts, pa.string()))
            yield shard, table.append_column("input_row", pa.nulls(len(table), pa.string()))


def as_rows(refused: Sequence[Refused]) -> list[dict[str, Any]]:
    """Refused decisions as the summary has them."""
    return [asdict(each) for each in refused]
