"""Small steps on tables of rows that the stages share: failing rows, adding columns, values to and from Arrow."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from layoutgen.core import schema
from layoutgen.core.annotation import Annotation, TextLine
from layoutgen.core.layout import Element, Framing, Ornament, Role, Run, Scrim, Suggestion, Tile

FRAMING = ("crop", "picture", "backdrop", "ground")
"""The columns of a framing."""


def open_rows(table: pa.Table) -> list[int]:
    """Indices of the rows that have not failed."""
    return [i for i, status in enumerate(table.column("status").to_pylist()) if status == "ok"]


def add(table: pa.Table, columns: Mapping[str, Sequence[Any] | pa.Array], kind: pa.Schema) -> pa.Table:
    """Add or replace columns, and cast the whole to a stage's schema."""
    for name, values in columns.items():
        array = values if isinstance(values, pa.Array) else pa.array(values, type=kind.field(name).type)
        index = table.schema.get_field_index(name)
        table = table.append_column(name, array) if index < 0 else table.set_column(index, name, array)
    return schema.complete(table, kind)


def kept(table: pa.Table, stage: str) -> set[int]:
    """Indices of the open rows whose results of a stage, taken along from the snapshot before, still hold."""
    if schema.WAS not in table.column_names or "fingerprint" not in table.column_names:
        return set()
    was, now = table.column(schema.WAS).to_pylist(), table.column("fingerprint").to_pylist()
    return {i for i in open_rows(table) if was[i] and now[i] and was[i].get(stage) == now[i][stage]}


def merge(table: pa.Table, columns: Mapping[str, Sequence[Any]], kept_rows: set[int]) -> dict[str, list[Any]]:
    """New values of columns, but the table's own in the rows that are kept: null where its kind lacks the column."""
    merged = {}
    for name, values in columns.items():
        has_old = kept_rows and name in table.column_names
        old = table.column(name).to_pylist() if has_old else [None] * len(values)
        merged[name] = [old[i] if i in kept_rows else value for i, value in enumerate(values)]
    return merged


def fail(table: pa.Table, stage: str, faults: Mapping[int, tuple[str, str]]) -> pa.Table:
    """Mark rows as failed at a stage: row index to kind and message. Rows that failed before keep their first error."""
    if not faults:
        return table
    status = table.column("status").to_pylist()
    errors = table.column("error").to_pylist()
    for i, (kind, message) in faults.items():
        if status[i] == "ok":
            status[i], errors[i] = "failed", {"stage": stage, "kind": kind, "message": message}
    return replace(table, status=pa.array(status, pa.string()), error=pa.array(errors, schema.ERROR))


def note(table: pa.Table, notes: Mapping[int, Sequence[str]]) -> pa.Table:
    """Append notes to rows: row index to notes."""
    if not any(notes.values()):
        return table
    all_notes = [row or [] for row in table.column("notes").to_pylist()]
    for i, more in notes.items():
        all_notes[i] = [*all_notes[i], *more]
    return replace(table, notes=pa.array(all_notes, pa.list_(pa.string())))


def shown(table: pa.Table) -> pa.Table:
    """Rows with the picture that their layout lies on as their image: of posters, their background."""
    if "background" not in table.column_names or not pa.types.is_struct(table.schema.field("background").type):
        return table
    files = table.column("background").to_pylist()
    if not any(files):
        return table
    of_files: dict[str, list[Any]] = {
        "image": [file and file["uri"] for file in files],
        "image_sha256": [file and file["sha256"] for file in files],
    }
    for name, side in (("image_width", "canvas_width"), ("image_height", "canvas_height")):
        of_files[name] = table.column(side).to_pylist()
    for name in of_files.keys() & set(table.column_names):
        old = table.column(name).to_pylist()
        values = [of_files[name][i] if file else old[i] for i, file in enumerate(files)]
        table = replace(table, **{name: pa.array(values, table.schema.field(name).type)})
    return table


def replace(table: pa.Table, **columns: pa.Array) -> pa.Table:
    """Replace columns that are there."""
    for name, array in columns.items():
        index = table.schema.get_field_index(name)
        table = table.set_column(index, table.schema.field(index), array)
    return table


def clock(table: pa.Table, stage: str, images: int, seconds: float, lost: Mapping[str, int] | None = None) -> pa.Table:
    """Note in a shard's `schema.TIMES` how many images a stage worked on, how long, and devices it `lost` how often."""
    noted = [images, round(seconds, 4), *([dict(lost)] if lost else [])]
    times = json.loads(table.column(schema.TIMES)[0].as_py()) | {stage: noted}
    return replace(table, **{schema.TIMES: pa.array([json.dumps(times)] * len(table), pa.string())})


def dictionary(values: Mapping[int, bytes], keys: Mapping[int, object], length: int) -> pa.DictionaryArray:
    """A column of bytes in which rows of the same key share one value: row index to bytes, row index to key."""
    index_of: dict[object, int] = {}
    distinct: list[bytes] = []
    indices: list[int | None] = [None] * length
    for i, value in values.items():
        if keys[i] not in index_of:
            index_of[keys[i]] = len(distinct)
            distinct.append(value)
        indices[i] = index_of[keys[i]]
    return pa.DictionaryArray.from_arrays(pa.array(indices, pa.int32()), pa.array(distinct, schema.PICTURE.value_type))


def distinct(table: pa.Table, name: str) -> tuple[list[bytes], list[int | None]]:
    """The distinct values of a dictionary column, and each row's index in them (None for null)."""
    column = table.column(name).combine_chunks()
    if isinstance(column, pa.ChunkedArray):
        column = column.chunk(0) if column.num_chunks else pa.array([], schema.PICTURE)
    return column.dictionary.to_pylist(), column.indices.to_pylist()


def text_line_row(line: TextLine) -> dict[str, Any]:
    """A text line as Arrow takes it."""
    return {
        "text": line.text,
        "box": list(line.box),
        "role": line.role.value,
        "language": line.language,
        "colour": line.colour,
        "score": line.score,
        "placed": line.placed,
        "grounded": line.grounded,
    }


def read_annotation(lines: list[dict[str, Any]] | None, subject: list[float] | None) -> Annotation:
    """The annotation that `text_line_row` wrote."""
    return Annotation(
        tuple(TextLine(**{**line, "box": tuple(line["box"]), "role": Role(line["role"])}) for line in lines or ()),
        None if subject is None else (subject[0], subject[1], subject[2], subject[3]),
    )


def suggestion_row(suggestion: Suggestion) -> dict[str, Any]:
    """A suggestion as Arrow takes it."""
    return {"role": suggestion.role.value, "text": suggestion.text, "box": list(suggestion.box)}


def read_suggestion(row: Mapping[str, Any]) -> Suggestion:
    """The suggestion that `suggestion_row` wrote."""
    left, top, right, bottom = row["box"]
    return Suggestion(Role(row["role"]), (left, top, right, bottom), row["text"] or "")


def element_row(element: Element) -> dict[str, Any]:
    """An element as Arrow takes it."""
    return {
        **vars(element),
        "role": element.role.value,
        "box": list(element.box),
        "lines": list(element.lines),
        "runs": [{**vars(run), "features": list(run.features)} for run in element.runs],
    }


def read_element(row: Mapping[str, Any]) -> Element:
    """The element that `element_row` wrote; of an older table, without what it did not have yet."""
    runs = tuple(Run(**{**known(run), "features": tuple(run["features"] or ())}) for run in row.get("runs") or ())
    read = {"lines": tuple(row["lines"] or ()), "direction": row.get("direction") or "ltr", "runs": runs}
    kept_none = {"underlay": row.get("underlay"), "group": row.get("group")}
    return Element(**{**known(row), **kept_none, "role": Role(row["role"]), "box": tuple(row["box"]), **read})


def known(row: Mapping[str, Any]) -> dict[str, Any]:
    """The values of a struct that are not null: what an older table did not have keeps its default."""
    return {name: value for name, value in row.items() if value is not None}


def framing_row(framing: Framing) -> dict[str, Any]:
    """A framing's columns."""
    places = {"crop": framing.crop, "picture": framing.picture, "backdrop": framing.backdrop}
    return {**places, "ground": ground_row(framing)}


def framing_columns(framings: Mapping[int, Framing], length: int) -> dict[str, list[Any]]:
    """A table's columns of framings: row index to framing, null in all other rows."""
    by_row = {i: framing_row(framing) for i, framing in framings.items()}
    return {name: [by_row[i][name] if i in by_row else None for i in range(length)] for name in FRAMING}


def ground_row(framing: Framing) -> dict[str, Any]:
    """What a framing is besides crop, picture and backdrop, as Arrow takes it."""
    return {
        "kind": framing.ground,
        "edge": framing.edge,
        "radius": framing.radius,
        "blend": framing.blend,
        "backdrop_to": framing.backdrop_to,
        "focus": framing.focus,
        "scrims": [vars(scrim) | {"box": list(scrim.box)} for scrim in framing.scrims],
        "ornaments": [vars(ornament) | {"box": list(ornament.box)} for ornament in framing.ornaments],
        "tiles": [vars(tile) | {"crop": list(tile.crop), "picture": list(tile.picture)} for tile in framing.tiles],
    }


def read_framing(row: Mapping[str, Any]) -> Framing:
    """The framing in a composed row; of an older table, a plain one."""
    ground = known(row.get("ground") or {})
    scrims, ornaments = (ground.get(name, ()) for name in ("scrims", "ornaments"))
    more = {name: ground[name] for name in ("edge", "radius", "blend", "backdrop_to") if name in ground}
    focus = ground.get("focus")
    return Framing(
        tuple(row["crop"]),
        tuple(row["picture"]),
        row["backdrop"],
        ground=ground.get("kind", ""),
        focus=tuple(focus) if focus else None,
        scrims=tuple(Scrim(**{**scrim, "box": tuple(scrim["box"])}) for scrim in scrims),
        ornaments=tuple(Ornament(**{**ornament, "box": tuple(ornament["box"])}) for ornament in ornaments),
        tiles=tuple(map(_read_tile, ground.get("tiles", ()))),
        **more,
    )


def _read_tile(row: Mapping[str, Any]) -> Tile:
    crop, picture = tuple(row["crop"]), tuple(row["picture"])
    return Tile(**{**row, "crop": crop, "picture": picture, "blend": row.get("blend") or "normal"})
