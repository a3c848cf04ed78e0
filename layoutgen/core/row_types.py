"""The Arrow types of what the columns of rows hold: boxes, text lines, elements, files, pictures that travel."""

import pyarrow as pa

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
FINGERPRINT = pa.struct(
    [(name, pa.string()) for name in ("source", "annotate", "compose", "place", "render", "cut_out", "paint")]
)
FILE = pa.struct([("format", pa.string()), ("uri", pa.string()), ("sha256", pa.string()), ("bytes", pa.int64())])
PICTURE = pa.dictionary(pa.int32(), pa.large_binary())  # 32-bit offsets end at 2 GiB, which a shard's pictures may pass
TILE = pa.struct(
    [
        ("image", pa.string()),
        ("sha256", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("crop", BOX),
        ("picture", BOX),
        ("blend", pa.string()),
    ]
)
GROUND = pa.struct(
    [
        ("kind", pa.string()),
        ("edge", pa.string()),
        ("radius", pa.float32()),
        ("blend", pa.string()),
        ("backdrop_to", pa.string()),
        ("focus", BOX),
        (
            "scrims",
            pa.list_(
                pa.struct([("box", BOX), ("colour", pa.string()), ("opacity", pa.float32()), ("towards", pa.string())])
            ),
        ),
        (
            "ornaments",
            pa.list_(
                pa.struct([("kind", pa.string()), ("box", BOX), ("colour", pa.string()), ("opacity", pa.float32())])
            ),
        ),
        ("tiles", pa.list_(TILE)),
    ]
)
PREPARED_TYPE = pa.struct(
    [
        ("pixels", pa.large_binary()),
        ("shape", pa.list_(pa.int32())),
        ("grid", pa.list_(pa.int32())),
        ("size", pa.list_(pa.int32())),
        ("crop", BOX),
        ("picture", BOX),
        ("backdrop", pa.string()),
        ("ground", GROUND),
    ]
)
PAINTED_TYPE = pa.struct(
    [
        ("pixels", pa.large_binary()),
        ("shape", pa.list_(pa.int32())),
        ("horizon", pa.float64()),
        ("light", pa.float64()),
        ("is_shaded", pa.bool_()),
        ("condition", pa.string()),
        ("painter", pa.string()),
        ("sha", pa.string()),
        ("steps", pa.int32()),
        ("paints_things", pa.bool_()),
    ]
)
KEY_ELEMENT = pa.struct([("kind", pa.string()), ("label", pa.string()), ("box", BOX), ("weight", pa.float32())])
SUGGESTION = pa.struct([("role", pa.string()), ("text", pa.string()), ("box", BOX)])
RUN = pa.struct(
    [
        ("line", pa.int32()),
        ("text", pa.string()),
        ("font", pa.string()),
        ("file", pa.string()),
        ("weight", pa.int32()),
        ("script", pa.string()),
        ("language", pa.string()),
        ("direction", pa.string()),
        ("features", pa.list_(pa.string())),
        ("x_px", pa.float32()),
        ("baseline_px", pa.float32()),
        ("width_px", pa.float32()),
        ("letter_spacing_px", pa.float32()),
        ("scale", pa.float32()),
    ]
)
FEATURES = pa.struct([("version", pa.string()), ("values", pa.list_(pa.float32()))])
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
        ("direction", pa.string()),
        ("runs", pa.list_(RUN)),
        ("shape", pa.string()),
        ("gradient", pa.string()),
        ("gradient_angle", pa.int32()),
        ("tracking", pa.float32()),
        ("strike", pa.bool_()),
        ("group", pa.int32()),
    ]
)
