"""Columns that travel between stages only, and are in no table: maps, what `prepare` drew, what `paint` painted."""

from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import row_types, rows
from layoutgen.imaging import decoded, images
from layoutgen.models.base import ModelPicture, Painted, Prepared

SURE = 0.5
AT_ONCE = 16
"""Rows that are placed, judged and mended at a time, and about the number of canvases that stay drawn as long, each
1 MB and less."""
KEPT = 8
"""Photos and maps that stay decoded in a process: rows of one photo are neighbours."""


@lru_cache(maxsize=KEPT)
def read_photo(jpeg: bytes) -> np.ndarray:
    """The photo (h, w, 3) uint8 that a row carries as JPEG; it can't be written to, since others have it too."""
    pixels = images.decode_jpeg(jpeg)
    pixels.setflags(write=False)
    return pixels


def map_as_png(subject_map: np.ndarray) -> bytes:
    """A subject map (h, w) in [0, 1] as a grey PNG of 8 bits."""
    return images.encode_png(np.rint(np.clip(subject_map, 0, 1) * 255).astype(np.uint8))


@lru_cache(maxsize=KEPT)
def read_map(png: bytes) -> np.ndarray:
    """The subject map (h, w), float32 in [0, 1], that a row carries as PNG; it can't be written to."""
    subject = decoded.once("map", png, lambda data: images.decode_png(data).astype(np.float32) / 255)
    subject.setflags(write=False)
    return subject


@lru_cache(maxsize=KEPT)
def read_subject(png: bytes) -> np.ndarray:
    """The same with 0 wherever the subject is not sure."""
    subject = read_map(png)
    return np.where(subject > SURE, subject, 0)


def prepared_row(prepared: Prepared) -> dict[str, Any]:
    """What a composer is shown, as a value of `row_types.PREPARED_TYPE`."""
    picture, framing = prepared.picture, prepared.framing
    return {
        "pixels": picture.pixels.tobytes(),
        "shape": picture.pixels.shape,
        "grid": picture.grid,
        "size": picture.size,
        **rows.framing_row(framing),
    }


def read_prepared(value: pa.StructScalar) -> Prepared | None:
    """What `prepared_row` says, without a copy of the pixels."""
    if not value.is_valid:
        return None
    row = {name: value[name].as_py() for name in row_types.PREPARED_TYPE.names if name != "pixels"}
    pixels = np.frombuffer(value["pixels"].as_buffer(), np.uint8).reshape(row["shape"])
    return Prepared(
        rows.read_framing(row), ModelPicture(pixels, tuple(row["grid"]) if row["grid"] else None, tuple(row["size"]))
    )


def ground_row(painted: Painted) -> dict[str, Any]:
    """A ground as a value of `row_types.PAINTED_TYPE`, without what is known of its painter."""
    return vars(painted) | {"pixels": painted.pixels.tobytes(), "shape": painted.pixels.shape}


def read_ground(value: pa.StructScalar) -> tuple[Painted, dict[str, Any]]:
    """The ground that `ground_row` says, without a copy of its pixels, and what is known of its painter."""
    row = {name: value[name].as_py() for name in row_types.PAINTED_TYPE.names if name != "pixels"}
    pixels = np.frombuffer(value["pixels"].as_buffer(), np.uint8).reshape(row.pop("shape"))
    return Painted(pixels, *(row.pop(name) for name in ("horizon", "light", "is_shaded", "condition"))), row
