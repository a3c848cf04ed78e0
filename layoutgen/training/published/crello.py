"""Reads Crello (Yamaguchi, ICCV 2021): Parquet rows of element lists, types as whole numbers, pictures in the rows.

What a number of `type` means differs from release to release, and stands in the files' own metadata (`ClassLabel`).
The picture is put together from the rendered elements without the texts, so nothing has to be erased; where elements
are not rendered or turned, it is the preview. Boxes are shares of the canvas, in later releases px.
"""

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.imaging import images
from layoutgen.imaging.image_faults import ImageFault
from layoutgen.training.published import labels as classes
from layoutgen.training.published.files import Files
from layoutgen.training.published.labels import Labels
from layoutgen.training.published.records import PublishedError, RawElement, Record, unusable

_NEEDED = ("id", "type", "left", "top", "width", "height", "text", "canvas_width", "canvas_height")
_ROWS = 16
_MAX_PIXELS = 40_000_000
_MOST_SIDE = 1024
_UPRIGHT = 0.01  # rad; half a degree
_SHARES = 3.0  # a box wider or higher than this is in px
_Row = Mapping[str, Any]


def records(files: Files, labels: Labels) -> Iterator[Record]:
    """The designs of all Parquet files. Raises PublishedError for a file without the columns of the form, or whose
    types are numbers that nobody names."""
    tables = files.with_suffix(".parquet")
    if not tables:
        raise PublishedError(f"{files.folder} has no Parquet file; give the folder of the set's data")
    before: set[str] = set()
    for uri in tables:
        try:
            with io.BufferedReader(files.open(uri)) as handle:  # type: ignore[type-var] # a pyarrow file is a raw one
                table = pq.ParquetFile(handle)
                schema = table.schema_arrow
                if absent := [name for name in _NEEDED if name not in schema.names]:
                    raise PublishedError(f"{uri} lacks the columns {', '.join(absent)}; it is no file of Crello")
                named, known = _names(schema), labels
                if "type" in named:
                    known = labels.numbered(dict(enumerate(named["type"])))
                elif pa.types.is_integer(schema.field("type").type.value_type) and not labels.of_user:
                    raise PublishedError(f"{uri} does not say what its numbers of `type` mean; say it with --labels")
                for batch in table.iter_batches(_ROWS):
                    for row in batch.to_pylist():
                        name = str(row["id"])
                        if name in before:
                            yield unusable(name, "duplicate_id", f"{uri} has it again; keep one of them")
                        else:
                            yield _record(name, row, named, files, known)
                        before.add(name)
        except pa.ArrowInvalid as error:
            raise PublishedError(f"{uri} is no readable Parquet file ({error}); download it again") from None


def _names(schema: pa.Schema) -> dict[str, list[str]]:
    """The names of the numbers of categorical columns, as the library that wrote the file keeps them."""
    about = json.loads((schema.metadata or {}).get(b"huggingface", b"{}"))
    names = {}
    for column, feature in (about.get("info", {}).get("features") or {}).items():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        if isinstance(inner, dict) and "names" in inner:
            names[column] = list(inner["names"])
    return names


def _record(name: str, row: _Row, named: Mapping[str, list[str]], files: Files, labels: Labels) -> Record:
    kinds = [labels.kind(kind) for kind in row["type"]]
    columns = [row["left"], row["top"], row["width"], row["height"], row["text"]]
    if {len(column) for column in columns} != {len(kinds)}:
        return unusable(name, "count_differs", "its lists of elements have several lengths; download the set again")
    if not kinds:
        return unusable(name, "not_annotated", "it has no element")
    angles = row.get("angle") or [0.0] * len(kinds)
    if any(kind == classes.TEXT and abs(angle) > 0.1 for kind, angle in zip(kinds, angles, strict=True)):
        return unusable(name, "rotated", "a text is turned, and our texts are upright")
    try:
        width, height = (float(_value(row, column, named)) for column in ("canvas_width", "canvas_height"))
    except (TypeError, ValueError, IndexError):
        size = f"{row['canvas_width']!r} x {row['canvas_height']!r}"
        return unusable(name, "image_missing", f"its canvas is {size}; a file of another release has it in px")
    is_px = max(*row["width"], *row["height"]) > _SHARES
    capital = row.get("capitalize") or [0] * len(kinds)
    elements = tuple(
        RawElement(
            kind or classes.IGNORE,
            (x, y, x + across, y + down),
            (text.upper() if int(upper) else text) if kind == classes.TEXT else None,
        )
        for kind, x, y, across, down, text, upper in zip(kinds, *columns, capital, strict=True)
    )
    ground = _without_texts(row, kinds, angles, (width, height), is_px)
    uri = files.store(ground) if ground else ""
    if not ground and (preview := _bytes(row.get("preview"))):
        uri = files.store(preview)
    if not uri:
        return unusable(name, "image_missing", "it has neither rendered elements nor a preview")
    return Record(
        name,
        uri,
        width=width if is_px else 1.0,
        height=height if is_px else 1.0,
        elements=elements,
        needs_erasing=not ground,
        category=str(_value(row, "category", named) or ""),
        mended=tuple("unknown_class" for kind in kinds if kind is None),
    )


def _value(row: _Row, column: str, named: Mapping[str, list[str]]) -> Any:
    """A column's value, the name of a categorical one."""
    value = row.get(column)
    return named[column][value] if column in named and isinstance(value, int) else value


def _without_texts(
    row: _Row, kinds: list[str | None], angles: list[float], size: tuple[float, float], is_px: bool
) -> bytes | None:
    """The design without its texts as a PNG; None where an element is not rendered, or turned."""
    drawn = row.get("image")
    if not drawn or len(drawn) != len(kinds):
        return None
    scale = min(1.0, _MOST_SIDE / max(size))
    width, height = (max(1, round(side * scale)) for side in size)
    unit = (scale, scale) if is_px else (width, height)
    canvas = np.full((height, width, 3), 255, np.float32)
    opacity = row.get("opacity") or [1.0] * len(kinds)
    for number, kind in enumerate(kinds):
        if kind == classes.TEXT:
            continue
        data = _bytes(drawn[number])
        if data is None or abs(angles[number]) > _UPRIGHT:
            return None
        left, top = round(row["left"][number] * unit[0]), round(row["top"][number] * unit[1])
        across, down = round(row["width"][number] * unit[0]), round(row["height"][number] * unit[1])
        if across < 1 or down < 1:
            continue
        try:
            layer = images.decode_rgba(data, side=_MOST_SIDE, max_pixels=_MAX_PIXELS)
        except ImageFault:
            return None
        _paste(canvas, layer, (left, top, across, down), opacity[number])
    return images.encode_png(np.rint(canvas).astype(np.uint8))


def _paste(canvas: np.ndarray, layer: np.ndarray, at: tuple[int, int, int, int], opacity: float) -> None:
    """Lay an RGBA layer onto the canvas (h, w, 3), scaled to `at`: left, top, width, height in px."""
    import cv2

    left, top, across, down = at
    x1, y1 = max(0, left), max(0, top)
    x2, y2 = min(canvas.shape[1], left + across), min(canvas.shape[0], top + down)
    if x1 >= x2 or y1 >= y2:
        return
    scaled = cv2.resize(layer, (across, down), interpolation=cv2.INTER_AREA)[y1 - top : y2 - top, x1 - left : x2 - left]
    alpha = scaled[..., 3:].astype(np.float32) / 255 * opacity
    canvas[y1:y2, x1:x2] = canvas[y1:y2, x1:x2] * (1 - alpha) + scaled[..., :3] * alpha


def _bytes(picture: Any) -> bytes | None:
    data = picture.get("bytes") if isinstance(picture, Mapping) else picture
    return data if isinstance(data, bytes) and data else None
