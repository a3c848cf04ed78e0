"""Rows of other tables that a gallery shows beside its own: those that it compares them with, and what they were when
somebody decided on them."""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from layoutgen.core import feedback
from layoutgen.core.edited_elements import EditedElement
from layoutgen.core.errors import Refusal
from layoutgen.core.feedback import Feedback, name_key
from layoutgen.core.gallery.edits import EditError, origins
from layoutgen.core.metrics import adoption, table_rows
from layoutgen.io.storage import Storage
from layoutgen.io.tables import gallery_source, layout_tables
from layoutgen.io.tables.gallery_source import Source
from layoutgen.io.tables.layout_tables import TableError

log = logging.getLogger("layoutgen")

Key = tuple[str, str]
"""A layout's row_id and run_id."""
_SHAPE = ("elements", "crop", "picture", "backdrop", "ground")
"""What two layouts of a row are told apart by."""


@dataclass(frozen=True)
class Other:
    """Rows to be drawn and shown, and what the page has to know of them."""

    table: pa.Table
    run_id: str
    about: Mapping[str, Any]


def against(storage: Storage, source: Source, layouts: str, run_id: str | None) -> Other:
    """The rows of another table that are the same rows laid out otherwise. Raises Refusal where there is none,
    TableError or StorageError."""
    table, settings_run = _rows_of(storage, layouts, run_id, set(source.table.column("row_id").to_pylist()))
    ours = {row["row_id"]: row for row in gallery_source.drawable(source.table).to_pylist()}
    theirs = gallery_source.drawable(table)
    rows = theirs.to_pylist()
    keep = [i for i, row in enumerate(rows) if row["row_id"] in ours and _differ(row, ours[row["row_id"]])]
    if not keep:
        raise Refusal(
            f"--against {layouts} has no row that is laid out otherwise; give another run or table of the same "
            "products and canvases"
        )
    names = _names(source, settings_run, layouts, ours.values(), rows)
    log.info("%d rows are compared; %d others are the same or in one table alone", len(keep), len(ours) - len(keep))
    return Other(theirs.take(pa.array(keep, pa.int64())), names["against"], {"names": names})


def earlier(storage: Storage, source: Source, layouts: str, decisions: str) -> Other:
    """What rows were when somebody decided on them, of rows that were computed anew since, with each one's distance to
    an edit then and now (`core.metrics.adoption.edit_distance`). A decision whose night is not kept any more has no
    layout of then. Raises TableError or StorageError."""
    today = {row["row_id"]: (place, row) for place, row in enumerate(source.table.to_pylist())}
    latest: dict[tuple[str, str], Feedback] = {}
    for decision in sorted(_read(storage, decisions), key=lambda decision: decision.time):
        if decision.row_id in today and decision.run_id != today[decision.row_id][1].get("run_id"):
            latest[name_key(decision.annotator), decision.row_id] = decision
    then, places = _then(storage, layouts, {(word.row_id, word.run_id) for word in latest.values()})
    rows = then.to_pylist()
    entries = []
    for decision in latest.values():
        place, row = today[decision.row_id]
        before = places.get((decision.row_id, decision.run_id))
        entries.append(_entry(decision, place, row, before, None if before is None else rows[before]))
    about = {"entries": sorted(entries, key=lambda entry: (entry["row"], entry["annotator"]))}
    return Other(then, source.run_id, about)


def _entry(
    decision: Feedback, place: int, now: Mapping[str, Any], before: int | None, then: Mapping[str, Any] | None
) -> dict[str, Any]:
    """What became of a decision: its row's number, that of the layout of then, and the distances of either to what was
    wanted: the edit, or else the layout as it was."""
    counts = not decision.styled  # of another style's elements the numbers are others
    edit = [_edited(element, counts=counts) for element in decision.elements or ()]
    goal = edit or (then or {}).get("elements")
    entry: dict[str, Any] = {
        "row": place,
        "earlier": before,
        "annotator": decision.annotator,
        "decision": decision.decision,
        "time": decision.time.isoformat(),
        "then": _distance(goal, (then or {}).get("elements")) if edit else None,
        "now": _distance(goal, now.get("elements")),
    }
    if edit and then is not None:
        layout = table_rows.elements(then["elements"], [])
        try:
            entry["elements"] = [{**e, "was": was} for e, was in zip(edit, origins(layout, edit), strict=True)]
        except EditError:  # of a role that the layout has not: nothing to draw it by
            entry["earlier"] = None
    return entry


def _edited(element: EditedElement, *, counts: bool) -> dict[str, Any]:
    edited = {"role": element.role.value, "text": element.text, "box": list(element.box)}
    return edited if element.was is None or not counts else {**edited, "was": element.was}


def _distance(goal: Sequence[Mapping[str, Any]] | None, layout: Sequence[Mapping[str, Any]] | None) -> float | None:
    """How far a layout is from a goal; underlays, which follow their texts, left out."""
    if goal is None or layout is None:
        return None
    parts = [[e for e in side if e.get("role") != "underlay" and e.get("box")] for side in (goal, layout)]
    return round(adoption.edit_distance(parts[1], parts[0])["distance"], 4)


def _then(storage: Storage, layouts: str, wanted: set[Key]) -> tuple[pa.Table, dict[Key, int]]:
    """These layouts, as far as a snapshot has them that is still kept, and where each stands."""
    left, tables = set(wanted), []
    for run_id in _snapshots(storage, layouts, {run_id for _, run_id in wanted}) if wanted else ():
        if not left:
            break
        try:
            table, _ = _rows_of(storage, layouts, run_id, {row_id for row_id, _ in left})
        except TableError:
            continue  # of a run that was never published, or is no longer kept
        keys = _keys(table)
        tables.append(table.filter(pa.array([key in left for key in keys], pa.bool_())))
        left -= {*keys}
    if left:
        log.info("%d layouts that were decided on are in no snapshot any more; what they were is not shown", len(left))
    table = gallery_source.whole(tables)
    return table, {key: place for place, key in enumerate(_keys(table))}


def _keys(table: pa.Table) -> list[Key]:
    return list(zip(table.column("row_id").to_pylist(), table.column("run_id").to_pylist(), strict=True))


def _snapshots(storage: Storage, layouts: str, first: set[str]) -> list[str]:
    """The runs of which snapshots are kept: those of the decisions first, then the newest."""
    root = storage.join(layouts, "snapshots")
    kept_runs = {uri.removeprefix(f"{root}/").partition("/")[0] for uri in storage.list(root)}
    return [*sorted(first & kept_runs), *sorted(kept_runs - first, reverse=True)]


def _rows_of(storage: Storage, layouts: str, run_id: str | None, row_ids: set[str]) -> tuple[pa.Table, str]:
    """The rows of these keys of a table, and the run's name. Raises TableError."""
    folder = layout_tables.folder_of(storage, layouts, run_id)
    index = layout_tables.index(storage, layout_tables.parts(storage, folder))
    index = index.filter(pa.array([key in row_ids for key in index.column("row_id").to_pylist()], pa.bool_()))
    by_file: dict[str, list[int]] = {}
    for uri, row in zip(index.column("uri").to_pylist(), index.column("row").to_pylist(), strict=True):
        by_file.setdefault(uri, []).append(row)
    tables = [layout_tables.read(storage, uri, rows) for uri, rows in sorted(by_file.items())]
    return gallery_source.whole(tables), folder.rstrip("/").rpartition("/")[2]


def _read(storage: Storage, uri: str) -> list[Feedback]:
    """The decisions in a file; what can't be read is counted in the log."""
    if not storage.exists(uri):
        return []
    decisions, errors = feedback.read(storage.read(uri).decode("utf-8", "replace"))
    if errors:
        log.warning("%s: %d lines are no decisions, such as %s", uri, len(errors), errors[0])
    return decisions


def _differ(a: Mapping[str, Any], b: Mapping[str, Any]) -> bool:
    return any(a.get(name) != b.get(name) for name in _SHAPE)


def _names(source: Source, run_id: str, layouts: str, ours: Any, theirs: Any) -> dict[str, str]:
    """What the two sides are called: by their runs, or where these are the same, their composers, or the table."""
    if source.run_id != run_id:
        return {"rows": source.run_id, "against": run_id}
    composers = [sorted({str(row.get("composer") or "") for row in rows}) for rows in (ours, theirs)]
    if composers[0] != composers[1] and all(len(names) == 1 for names in composers):
        return {"rows": composers[0][0], "against": composers[1][0]}
    return {"rows": source.run_id, "against": layouts}
