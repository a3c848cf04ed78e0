"""The row contract: one Arrow schema for each kind of row, every column with its meaning and unit.

A stage only adds columns, so each schema is the one before it and a few fields more; a stage casts its result to its
schema, and a wrong type stops there. Unknown columns of the input travel behind the contract's columns, under their
own names. `markdown` renders a schema as docs/tables.md shows it.
"""

import pyarrow as pa

from layoutgen.core.layout import Role

VERSION = 1
# Columns that travel between stages only: the number of the shard that a block is, its attempt, how long each stage was
# busy with it (JSON), the fingerprint and notes of the row in the snapshot before, and what a vision-language composer
# is shown: uint8 pixels of a shape, visual tokens (rows, columns) or null, the size in px (width, height), the framing.
SHARD, ATTEMPT, TIMES, WAS, WAS_NOTES, PREPARED = _TRAVEL = (
    "_shard",
    "_attempt",
    "_times",
    "_was",
    "_was_notes",
    "_seen",
)
ROW = "_row"  # each row's number in the manifest, from 1, while it is planned

BOX = pa.list_(pa.float32(), 4)
ERROR = pa.struct([("stage", pa.string()), ("kind", pa.string()), ("message", pa.string())])
TEXT_LINE = pa.struct(
    [
        ("text", pa.string()),
        ("box", BOX),
        ("role", pa.string()),
        ("language", pa.string()),
        ("colour", pa.string()),
        ("score", pa.float32()),
        ("placed", pa.bool_()),
        ("grounded", pa.bool_()),
    ]
)
FINGERPRINT = pa.struct([(name, pa.string()) for name in ("source", "annotate", "compose", "place")])
PICTURE = pa.dictionary(pa.int32(), pa.large_binary())  # 32-bit offsets end at 2 GiB, which a shard's pictures may pass
PREPARED_TYPE = pa.struct(
    [
        ("pixels", pa.large_binary()),
        ("shape", pa.list_(pa.int32())),
        ("grid", pa.list_(pa.int32())),
        ("size", pa.list_(pa.int32())),
        ("crop", BOX),
        ("picture", BOX),
        ("backdrop", pa.string()),
    ]
)
SUGGESTION = pa.struct([("role", pa.string()), ("text", pa.string()), ("box", BOX)])
ELEMENT = pa.struct(
    [
        ("role", pa.string()),
        ("text", pa.string()),
        ("box", BOX),
        ("lines", pa.list_(pa.string())),
        ("font", pa.string()),
        ("font_px", pa.int32()),
        ("line_height_px", pa.int32()),
        ("colour", pa.string()),
        ("alignment", pa.string()),
        ("opacity", pa.float32()),
        ("radius_px", pa.int32()),
        ("underlay", pa.int32()),
        ("z", pa.int32()),
        ("stroke_px", pa.int32()),
        ("stroke", pa.string()),
        ("shadow", pa.float32()),
    ]
)


def _fields(*rows: tuple[str, pa.DataType, str]) -> list[pa.Field]:
    return [pa.field(name, kind, metadata={"doc": doc}) for name, kind, doc in rows]


_PLAN = _fields(
    ("row_id", pa.string(), "key: `product_id@WIDTHxHEIGHT`"),
    ("product_id", pa.string(), "the product's key in the manifest"),
    ("canvas", pa.string(), "output size, `WIDTHxHEIGHT`"),
    ("canvas_width", pa.int32(), "px"),
    ("canvas_height", pa.int32(), "px"),
    ("images", pa.list_(pa.string()), "the product's images, URIs, the manifest's order"),
    ("title", pa.string(), "copy"),
    ("selling_points", pa.list_(pa.string()), "copy, most important first"),
    ("brand", pa.string(), "copy; set as text where there is no logo image"),
    ("logo", pa.string(), "URI of the logo image"),
    ("category", pa.string(), "as given"),
    ("language", pa.string(), "of the copy, as given"),
    ("application", pa.string(), "poster, marketing or video_cover"),
)
_STATUS = _fields(
    ("status", pa.string(), "`ok`, also of a stale row; rows that fail are dead letters and in no snapshot"),
    ("error", ERROR, "stage, kind and message of the failure; null where status is ok"),
    ("input_row", pa.string(), "the manifest's row as JSON"),
    ("notes", pa.list_(pa.string()), "what was changed to make the layout possible, such as characters no font has"),
)
_FETCH = _fields(
    ("image", pa.string(), "URI of the image that was used"),
    ("image_sha256", pa.string(), "of the image's bytes as stored"),
    ("image_width", pa.int32(), "px, upright (EXIF orientation applied)"),
    ("image_height", pa.int32(), "px, upright"),
    ("fingerprint", FINGERPRINT, "what shaped the row, a key a stage; a stage with the same key is not run again"),
)
_PIXELS = _fields(
    (
        "pixels",
        PICTURE,
        "travels between stages only: upright RGB as JPEG, at most `images.side` px; once an image, not once a row",
    ),
    ("logo_pixels", PICTURE, "travels between stages only: the logo as PNG"),
)
_ANNOTATE = _fields(
    ("text_lines", pa.list_(TEXT_LINE), "text in the image: string, box (ltrb, of the image), role, language, colour, "
     "score, whether a designer `placed` it or it is printed on the product, and whether a language model's box and "
     "string are `grounded` in what was read (null: no language model named it)"),
    ("subject_box", BOX, "the subject, ltrb normalised to the image; null where nothing stands out"),
    ("annotation_json", pa.string(), "the placed lines in the annotation standard's JSON"),
    ("annotator", pa.string(), "model and version"),
)  # fmt: skip
_SUBJECT = _fields(
    ("subject_map", PICTURE, "travels between stages only: the subject's map as PNG"),
)
_COMPOSE = _fields(
    ("crop", BOX, "part of the image that is shown, ltrb normalised to the image"),
    ("picture", BOX, "where it is shown, ltrb normalised to the canvas"),
    ("backdrop", pa.string(), "colour of the canvas around the picture, #rrggbb"),
    ("suggestion", pa.list_(SUGGESTION), "the composer's proposal: role, text, box (ltrb, of the canvas)"),
    ("composer", pa.string(), "model and version"),
    ("adapter", pa.string(), "LoRA adapter and its sha, or null"),
    ("prompt_version", pa.string(), "of the prompt that the composer used, or null"),
    ("seed", pa.int64(), "of a composer that draws lots"),
    ("answer", pa.string(), "a language model's answer as it came, or null"),
)
_PLACE = _fields(
    ("elements", pa.list_(ELEMENT), "the layout: role, text, box (ltrb, of the canvas), lines as broken, font, font_px "
     "and line_height_px (px), colour, alignment, opacity, radius_px, underlay (index of the element it stands on), z; "
     "of covers also stroke_px (px) of the colour stroke around the glyphs, and shadow (opacity of a soft one)"),
    ("contrast", pa.float32(), "least contrast ratio (WCAG) of a text on what is behind it, 5th percentile of pixels"),
    ("subject_covered", pa.float32(), "share of the shown subject under text or underlays, [0, 1], lower is better"),
)  # fmt: skip
_CLIP = _fields(
    ("video", pa.string(), "URI of the clip; null where the row gave a cover"),
    ("subtitle", pa.string(), "copy"),
    ("stickers", pa.list_(pa.string()), "copy: short labels, each set on a ground of its own"),
)
_FRAME = _fields(
    ("frame_s", pa.float64(), "time of the clip's frame that was chosen, seconds; null for an image"),
)
_FACES = _fields(
    ("faces", pa.list_(BOX), "faces, ltrb normalised to the image; null where nobody looked for them"),
)
_VERDICT = _fields(
    ("accepted", pa.bool_(), "whether the cover passes the acceptance check"),
    ("reasons", pa.list_(pa.string()), "why not, `name: what was found`; empty where it does"),
)
_STALE = _fields(
    ("stale_since", pa.timestamp("us", tz="UTC"), "since when the row could not be computed again, for a passing "
     "reason; null where it is as new as its night"),
    ("stale_reason", pa.string(), "why, the last time: `stage/kind: message`"),
)  # fmt: skip
_RUN = _fields(
    ("run_id", pa.string(), "the run that computed the row"),
    ("created_at", pa.timestamp("us", tz="UTC"), "when"),
)

PLANNED = pa.schema([*_PLAN, *_CLIP, *_STATUS])
FETCHED = pa.schema([*PLANNED, *_FETCH, *_FRAME, *_PIXELS])
ANNOTATED = pa.schema([*FETCHED, *_ANNOTATE, *_FACES, *_SUBJECT])
COMPOSED = pa.schema([*ANNOTATED, *_COMPOSE])
PLACED = pa.schema([*COMPOSED, *_PLACE, *_VERDICT])

# What a stage adds: carried over from the snapshot before where the stage's key is the same.
RESULTS = {
    "annotate": [field.name for field in (*_ANNOTATE, *_FACES)],
    "compose": [field.name for field in _COMPOSE],
    "place": [field.name for field in (*_PLACE, *_VERDICT)],
}
_PUBLISHED = [*(field for field in _STATUS if field.name != "input_row"), *_RUN, *_STALE]
_COVERS = (*_CLIP, *_FRAME, *_FACES, *_VERDICT)
LAYOUTS = pa.schema([*_PLAN, *_FETCH, *_ANNOTATE, *_COMPOSE, *_PLACE, *_PUBLISHED, *_COVERS])
ANNOTATIONS = pa.schema([*_PLAN, *_FETCH, *_ANNOTATE, *_PUBLISHED, *_CLIP])
COVER_COLUMNS = pa.schema(_COVERS)  # of layout rows: null in all but covers
DEAD_LETTERS = pa.schema(
    [
        *_fields(
            ("row_id", pa.string(), "key of the row that failed"),
            ("product_id", pa.string(), "as given; null where the row has none"),
            ("canvas", pa.string(), "output size, `WIDTHxHEIGHT`; null where the row did not get as far"),
            ("stage", pa.string(), "plan, fetch, annotate, ground, protect, prepare, compose or place"),
            ("kind", pa.string(), "one word for the reason, to group by"),
            ("message", pa.string(), "the value, the place and the mend"),
            ("answer", pa.string(), "a language model's answer that could not be used"),
            ("retryable", pa.bool_(), "whether the same input may do better another time"),
            ("attempts", pa.int32(), "how often the row was tried in this run"),
            ("input_row", pa.string(), "the manifest's row as JSON; `--replay RUN_ID` runs it again"),
        ),
        *_RUN,
    ]
)
# Names that mean the same in every kind of table: what travels, and the results that readers look for in any row.
EVERYWHERE = {*_TRAVEL, ROW, "accepted", "reasons", "faces", *DEAD_LETTERS.names}
KINDS = {"layouts": LAYOUTS, "annotations": ANNOTATIONS, "covers": LAYOUTS, "dead letters": DEAD_LETTERS}


def complete(table: pa.Table, schema: pa.Schema) -> pa.Table:
    """Return `table` with exactly `schema`'s columns first and in order, missing ones null, and its further columns
    behind them. Raises pyarrow.ArrowInvalid or ArrowTypeError where a column does not cast."""
    columns, fields = [], []
    for field in schema:
        index = table.schema.get_field_index(field.name)
        column = pa.nulls(len(table), field.type) if index < 0 else table.column(index)
        columns.append(column if column.type == field.type else column.cast(field.type))
        fields.append(field)
    known = set(schema.names)
    for field, column in zip(table.schema, table.columns, strict=True):
        if field.name not in known:
            columns.append(column)
            fields.append(field)
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def planned(kind: pa.Schema) -> pa.Schema:
    """The planned rows' schema of a published `kind`."""
    return pa.schema([field for field in PLANNED if field.name in kind.names or field.name == "input_row"])


def extra_names(table: pa.Table, kind: pa.Schema = LAYOUTS) -> list[str]:
    """Names of the columns that are the user's own and no part of the contract of a published `kind`."""
    known = {*PLACED.names, *kind.names, *_TRAVEL}
    return [name for name in table.column_names if name not in known]


def markdown(schema: pa.Schema) -> str:
    """Render a schema as a Markdown table of column, type and meaning."""
    rows = ["| column | type | meaning |", "| --- | --- | --- |"]
    for field in schema:
        doc = (field.metadata or {}).get(b"doc", b"").decode()
        rows.append(f"| `{field.name}` | {_type_name(field.type)} | {doc} |")
    return "\n".join(rows)


def _type_name(kind: pa.DataType) -> str:
    if kind == BOX:
        return "float32[4]"
    if pa.types.is_list(kind):
        return f"list of {_type_name(kind.value_type)}"
    if pa.types.is_struct(kind):
        return "struct"
    return str(kind)


def role_table() -> str:
    """Render the role vocabulary as a Markdown table."""
    rows = ["| role | 中文 |", "| --- | --- |", *(f"| `{role.value}` | {role.chinese} |" for role in Role)]
    return "\n".join(rows)


if __name__ == "__main__":
    print("\n\n".join([role_table(), *(f"{name}\n\n{markdown(kind)}" for name, kind in KINDS.items())]))  # noqa: T201 - a command
