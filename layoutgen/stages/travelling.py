"""Columns that travel between stages only, and are in no table: subject maps, and what `prepare` drew for `compose`."""

from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.core import schema
from layoutgen.core.layout import Framing
from layoutgen.imaging import images
from layoutgen.models.base import ModelPicture, Prepared


def map_as_png(subject_map: np.ndarray) -> bytes:
    """A subject map (h, w) in [0, 1] as a grey PNG of 8 bits."""
    return images.encode_png(np.rint(np.clip(subject_map, 0, 1) * 255).astype(np.uint8))


def read_map(png: bytes) -> np.ndarray:
    """The subject map (h, w), float32 in [0, 1], that a row carries as PNG."""
    return images.decode_png(png).astype(np.float32) / 255


def prepared_row(prepared: Prepared) -> dict[str, Any]:
    """What a composer is shown, as a value of `schema.PREPARED_TYPE`."""
    picture, framing = prepared.picture, prepared.framing
    return {
        "pixels": picture.pixels.tobytes(),
        "shape": picture.pixels.shape,
        "grid": picture.grid,
        "size": picture.size,
        "crop": framing.crop,
        "picture": framing.picture,
        "backdrop": framing.backdrop,
    }


def read_prepared(value: pa.StructScalar) -> Prepared | None:
    """What `prepared_row` says, without a copy of the pixels."""
    if not value.is_valid:
        return None
    row = {name: value[name].as_py() for name in schema.PREPARED_TYPE.names if name != "pixels"}
    pixels = np.frombuffer(value["pixels"].as_buffer(), np.uint8).reshape(row["shape"])
    framing = Framing(tuple(row["crop"]), tuple(row["picture"]), row["backdrop"])
    return Prepared(framing, ModelPicture(pixels, tuple(row["grid"]) if row["grid"] else None, tuple(row["size"])))
