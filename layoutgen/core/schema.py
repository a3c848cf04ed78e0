"""The row contract: one Arrow schema for each kind of row, every column with its meaning and unit.

A stage only adds columns, so each schema is the one before it and a few fields more; a stage casts its result to its
schema, and a wrong type stops there. Unknown columns of the input travel behind the contract's columns, under their
own names.
"""

import pyarrow as pa

from layoutgen.core.row_types import (
    BOX,
    ELEMENT,
    ERROR,
    FEATURES,
    FILE,
    FINGERPRINT,
    GROUND,
    KEY_ELEMENT,
    PICTURE,
    SUGGESTION,
    TEXT_LINE,
)

VERSION = 1
# Columns that travel between stages only: the number of the shard that a block is, its attempt, how long each stage was
# busy with it (JSON), the fingerprint and notes of the row in the snapshot before, and what a vision-language composer
# is shown: uint8 pixels of a shape, visual tokens (rows, columns) or null, the size in px (width, height), the framing;
# the product without its ground as PNG (RGBA, straight alpha); and a ground as a painter on a GPU gave it, which nobody
# has looked at yet (`row_types.PAINTED_TYPE`). And a product's further photos, of rows that may show them
# (`stages.further`).
SHARD, ATTEMPT, TIMES, WAS, WAS_NOTES, PREPARED, PRODUCT, UNSEEN, FURTHER, ORDERS = _TRAVEL = (
    *("_shard", "_attempt", "_times", "_was", "_was_notes"),
    *("_seen", "_product", "_ground", "_further", "_orders"),
)
ROW = "_row"  # each row's number in the manifest, from 1, while it is planned


def _fields(*rows: tuple[str, pa.DataType, str]) -> list[pa.Field]:
    return [pa.field(name, kind, metadata={"doc": doc}) for name, kind, doc in rows]


_PLAN = _fields(
    (
        "row_id",
        pa.string(),
        "key: `product_id@WIDTHxHEIGHT`, with a locale `product_id@WIDTHxHEIGHT@LOCALE`; of variants `…@v1` and so on",
    ),
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
    ("language", pa.string(), "of the copy, as given, else the locale"),
    ("locale", pa.string(), "BCP 47 tag of the copy; null where the manifest gives none"),
    ("application", pa.string(), "poster, marketing or video_cover"),
)
_POSTER = _fields(
    ("mask", pa.string(), "URI of a mask of the first image, white where the product is; null: none was given"),
    ("reference", pa.string(), "URI of a picture whose style the ground follows"),
    ("reference_strength", pa.float32(), "how closely it does, [0, 1]; null: as the settings say"),
    ("background_prompt", pa.string(), "what the ground shows, in words; nothing of the copy enters a prompt"),
)
_OFFER = _fields(
    ("price", pa.string(), "copy, as it is printed, such as ￥199; a number without a currency is not shown"),
    ("was_price", pa.string(), "copy: what it was before, likewise"),
    ("call_to_action", pa.string(), "copy, such as 立即抢购"),
    ("badge", pa.string(), "copy: a word on a sticker, such as 新品"),
    ("disclaimer", pa.string(), "copy: what has to be said in small letters"),
)
_WISHES = _fields(
    ("style", pa.string(), "the house style that was asked for, or auto; null: as the settings say"),
    ("series", pa.string(), "the campaign whose products look alike; null: the product's canvases alone do"),
    ("variant", pa.int32(), "which of a canvas's layouts, from 0; they differ on purpose"),
    ("framing", pa.string(), "as_is: the picture is a designed canvas and stays as it is; null: it is framed"),
    ("layout", pa.string(), "how images stand together: auto, collage, hero, grid, steps, before_after; null: one"),
    ("captions", pa.list_(pa.string()), "copy below the images of a collage, in their order; empty: none"),
    ("constraints", pa.string(), "what the layout has to keep, JSON; null: nothing of its own"),
)
_ARM = _fields(("arm", pa.string(), "`canary`: made with the settings of `[canary]`; null: with those of the run"))
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
    ("pixels", PICTURE, "travels between stages only: upright RGB as JPEG, at most `images.side` px; once an image"),
    ("logo_pixels", PICTURE, "travels between stages only: the logo as PNG"),
)
_ANNOTATE = _fields(
    (
        "text_lines",
        pa.list_(TEXT_LINE),
        "text in the image: string, box (ltrb, of the image), role, language, colour, "
        "score, whether a designer `placed` it or it is printed on the product, and whether a language model's box and "
        "string are `grounded` in what was read (null: no language model named it)",
    ),
    ("subject_box", BOX, "the subject, ltrb normalised to the image; null where nothing stands out"),
    ("annotation_json", pa.string(), "the placed lines in the annotation standard's JSON"),
    ("annotator", pa.string(), "model and version"),
)
_SUBJECT = _fields(
    ("subject_map", PICTURE, "travels between stages only: the subject's map as PNG"),
)
_COMPOSE = _fields(
    ("crop", BOX, "part of the image that is shown, ltrb normalised to it; beyond it where `ground` says outpaint"),
    ("picture", BOX, "where it is shown, ltrb normalised to the canvas"),
    ("backdrop", pa.string(), "colour of the canvas around the picture, #rrggbb"),
    (
        "ground",
        GROUND,
        "how the picture ends and what lies on it below the elements: kind (bleed, outpaint, extend, panel, band, card,"
        " frame, split, cut_out, as_is or collage), edge (straight, slanted, its mirror image slanted_back, arched or "
        "overlap), radius of its free "
        "corners (share of the short side), blend (normal, cut_out: its plain ground is taken away, or "
        "outpaint: it is carried on beyond its edges), focus (box of the image: its subject, which outpaint does not "
        "repeat; null without), "
        "backdrop_to (the colour that the backdrop runs into, downwards; none where empty), scrims (veils: "
        "box, colour, opacity, and the side towards which they grow strong), ornaments (kind, box, colour,"
        " opacity) and tiles (the further photos of a collage: image, sha256, width and height in px, crop, picture"
        " and blend, as those of the first photo); null in older tables: plain",
    ),
    ("style_used", pa.string(), "the house style that the layout is dressed in; null where it is of none"),
    ("suggestion", pa.list_(SUGGESTION), "the composer's proposal: role, text, box (ltrb, of the canvas)"),
    ("composer", pa.string(), "model and version"),
    ("adapter", pa.string(), "LoRA adapter and its sha, or null"),
    ("prompt_version", pa.string(), "of the prompt that the composer used, or null"),
    ("seed", pa.int64(), "of a composer that draws lots"),
    ("answer", pa.string(), "a language model's answer as it came, or null"),
)
_CUT_OUT = _fields(
    (
        "cut_out",
        pa.string(),
        "what the product was cut out by: alpha, mask, packshot or finder; null where it was not, "
        "which `notes` say: the row keeps its photo",
    ),
)
_PRODUCT_BOX = _fields(
    (
        "product_box",
        BOX,
        "where the product goes, ltrb normalised to the canvas, of the cut-out's own ratio; null without a cut-out",
    ),
)
_PAINT = _fields(
    (
        "background",
        FILE,
        "the picture that the layout lies on, all but the elements: ground, shadow and product, as "
        "large as the canvas, stored without loss; null: the row's layout lies on its photo",
    ),
    ("painter", pa.string(), "name and version of what painted the ground"),
    ("painter_sha", pa.string(), "sha256 of its weights; null where it has none"),
    ("background_seed", pa.int64(), "of the ground that was taken"),
    ("steps", pa.int32(), "of denoising; null of a painter that takes none"),
    ("condition", pa.string(), "what the ground was made of, in words"),
)
_PLACE = _fields(
    (
        "elements",
        pa.list_(ELEMENT),
        "the layout: role, text, box (ltrb, of the canvas), lines as broken, font, font_px "
        "and line_height_px (px), colour, alignment, opacity, radius_px, underlay (index of the element it stands on), "
        "z; of covers also stroke_px (px) of the colour stroke around the glyphs, and shadow (opacity of a soft one); "
        "direction (of the text, ltr or rtl) and runs, its lines from left to right as shaped (see below); "
        "of an underlay shape, gradient (the colour it runs into) and gradient_angle (degrees); of a text "
        "tracking (em) and strike (a line through it); group (elements of one group are equals)",
    ),
    ("contrast", pa.float32(), "least contrast ratio (WCAG) of a text on what is behind it, 5th percentile of pixels"),
    ("subject_covered", pa.float32(), "share of the shown subject under text or underlays, [0, 1], lower is better"),
    ("objections", pa.float32(), "what the judge holds against it: 0 nothing, 1 enough to send it back; null: unasked"),
    ("objected_to", pa.list_(pa.string()), "the terms of that which are each reason enough, the worst first"),
    ("refinement", pa.string(), "what people wanted of the layout (`jobs.refine`), JSON; null: nothing"),
    ("features", FEATURES, "what ranking heads tell variants by: their version, and values; null: `[serve]` is off"),
)
_SERVE = _fields(
    ("served", pa.bool_(), "whether this is the variant of its canvas to show; null: `[serve]` is off"),
    ("propensity", pa.float64(), "the probability with which it was to be; of one canvas they sum to 1"),
    (
        "served_by",
        pa.string(),
        "the version of the head that says so; ` (common)`: it does not know the group; or even",
    ),
)
_RENDER = _fields(
    ("picture_file", FILE, "the finished picture: format, uri, sha256 and bytes; null where none was drawn"),
    ("further_files", pa.list_(FILE), "the same in the further formats of `render.formats`, in their order"),
)
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
_KEY_ELEMENTS = _fields(
    (
        "key_elements",
        pa.list_(KEY_ELEMENT),
        "what a language model says the cover is about: kind (person, face, "
        "product, text, logo or object), label, box (ltrb, normalised to the image), and the weight with which it is "
        "protected, [0, 1]: 1 where it is grounded in the subject's map, 0 where faces or text protect it already; "
        "null where no model was asked, and where its answer could not be read, which `notes` say",
    ),
)
_VERDICT = _fields(
    ("accepted", pa.bool_(), "whether the cover passes the acceptance check"),
    ("reasons", pa.list_(pa.string()), "why not, `name: what was found`; empty where it does"),
)
_STALE = _fields(
    (
        "stale_since",
        pa.timestamp("us", tz="UTC"),
        "since when the row could not be computed again, for a passing reason; null where it is as new as its night",
    ),
    ("stale_reason", pa.string(), "why, the last time: `stage/kind: message`"),
)
_RUN = _fields(
    ("run_id", pa.string(), "the run that computed the row"),
    ("created_at", pa.timestamp("us", tz="UTC"), "when"),
)

PLANNED = pa.schema([*_PLAN, *_CLIP, *_STATUS])
FETCHED = pa.schema([*PLANNED, *_FETCH, *_FRAME, *_PIXELS])
ANNOTATED = pa.schema([*FETCHED, *_ANNOTATE, *_FACES, *_KEY_ELEMENTS, *_SUBJECT])
COMPOSED = pa.schema([*ANNOTATED, *_COMPOSE])
PLACED = pa.schema([*COMPOSED, *_PLACE, *_VERDICT])
RENDERED = pa.schema([*PLACED, *_RENDER])
# Of posters: what further stages add, besides the columns above, which all kinds of tables share.
POSTER_INPUT = pa.schema(_POSTER)
# Copy that is text; a manifest's column of one of these names that holds no text is the user's own.
OFFER = pa.schema(_OFFER)
WISHES = pa.schema(_WISHES)
CUT_OUT = pa.schema([*ANNOTATED, *_CUT_OUT])
PRODUCT_PLANNED = pa.schema([*COMPOSED, *_CUT_OUT, *_PRODUCT_BOX])
PAINTED = pa.schema([*PRODUCT_PLANNED, *_PAINT])

# What a stage adds: carried over from the snapshot before where the stage's key is the same.
RESULTS = {
    "annotate": [field.name for field in (*_ANNOTATE, *_FACES, *_KEY_ELEMENTS)],
    "cut_out": [field.name for field in _CUT_OUT],
    "compose": [field.name for field in (*_COMPOSE, *_PRODUCT_BOX)],
    "paint": [field.name for field in _PAINT],
    "place": [field.name for field in (*_PLACE, *_VERDICT)],
    "render": [field.name for field in _RENDER],
}
_PUBLISHED = [*(field for field in _STATUS if field.name != "input_row"), *_RUN, *_STALE]
_COVERS = (*_CLIP, *_FRAME, *_FACES, *_KEY_ELEMENTS, *_VERDICT)
_ROW_WISHES = (*_WISHES, *_ARM)
LAYOUTS = pa.schema(
    [*_PLAN, *_FETCH, *_ANNOTATE, *_COMPOSE, *_PLACE, *_SERVE, *_RENDER, *_PUBLISHED, *_COVERS, *_OFFER, *_ROW_WISHES]
)
ANNOTATIONS = pa.schema([*_PLAN, *_FETCH, *_ANNOTATE, *_PUBLISHED, *_CLIP, *_ARM])
POSTER_COLUMNS = pa.schema([*_POSTER, *_CUT_OUT, *_PRODUCT_BOX, *_PAINT])  # besides those of layout rows
POSTERS = pa.schema([*LAYOUTS, *POSTER_COLUMNS])
COVER_COLUMNS = pa.schema(_COVERS)  # of layout rows: null in all but covers
DEAD_LETTERS = pa.schema(
    [
        *_fields(
            ("row_id", pa.string(), "key of the row that failed"),
            ("product_id", pa.string(), "as given; null where the row has none"),
            ("canvas", pa.string(), "output size, `WIDTHxHEIGHT`; null where the row did not get as far"),
            ("locale", pa.string(), "of the copy; null where the manifest gives none"),
            (
                "stage",
                pa.string(),
                "plan (of rows, and of posters), fetch, annotate, ground, protect, point, prepare, "
                "cut_out, compose, paint, place or render",
            ),
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
EVERYWHERE = {*_TRAVEL, ROW, "accepted", "reasons", "faces", "key_elements", *DEAD_LETTERS.names}
KINDS = {
    "layouts": LAYOUTS,
    "annotations": ANNOTATIONS,
    "covers": LAYOUTS,
    "posters": POSTERS,
    "dead letters": DEAD_LETTERS,
}


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
    fields = (*PLANNED, *OFFER, *WISHES, *POSTER_INPUT, *_ARM)
    return pa.schema([field for field in fields if field.name in kind.names or field.name == "input_row"])


def extra_names(table: pa.Table, kind: pa.Schema = LAYOUTS) -> list[str]:
    """Names of the columns that are the user's own and no part of the contract of a published `kind`."""
    known = {*RENDERED.names, *kind.names, *_TRAVEL}
    return [name for name in table.column_names if name not in known]
