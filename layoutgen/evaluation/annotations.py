"""How well posters were read: an annotation table against marked posters, without a pool.

    annotation table + marked posters ─▶ match lines ─▶ report.json, report.html

The metrics are `core.metrics.annotation`.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from pathlib import PurePosixPath
from typing import Any

from layoutgen.config.jobs import EvaluateConfig
from layoutgen.core.layout import area, to_px
from layoutgen.core.metrics import annotation, table_rows
from layoutgen.core.metrics.annotation import Line
from layoutgen.core.pictures import turning
from layoutgen.evaluation import report_files
from layoutgen.imaging import images
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import layout_tables
from layoutgen.io.tables.layout_tables import TableError
from layoutgen.pages import annotations as annotations_page

THRESHOLDS = (0.5, 0.75)
_MOST_DRAWN = 200_000  # images times resamples: pooling them is plain Python


def evaluate_annotations(
    config: EvaluateConfig, storage: Storage, table: str, reference: str, output: str, *, run_id: str | None = None
) -> dict[str, Any]:
    """Score an annotation table against marked posters; returns the summary. Raises TableError or StorageError."""
    folder = layout_tables.folder_of(storage, table, run_id)
    rows = [row for uri in layout_tables.parts(storage, folder) for row in layout_tables.records(storage, uri)]
    by_name: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        if isinstance(row, Mapping) and isinstance(row.get("image"), str) and "text_lines" in row:
            by_name.setdefault(PurePosixPath(row["image"]).name, []).append(row)
    if not by_name:
        raise TableError(f"{folder} has no rows with image and text_lines, so it is no annotation table")
    pairs, missing, excluded = [], [], []
    for number, poster in layout_tables.numbered(storage, reference):
        try:
            name, wanted, size = _poster(poster)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TableError(
                f"{reference}: line {number} ({error!r}) is no poster with file, width, height, texts"
            ) from None
        row = _row_of(name, by_name)
        if row is None:
            missing.append(name)
        elif reason := _unfit(row, wanted, size):
            excluded.append({"file": name, "line": number, "reason": reason})
        elif (turned := _as_annotated(row, wanted, size, storage)) is None:
            shown = f"{row['image_width']} x {row['image_height']}"
            reason = f"its marks are on {size[0]:g} x {size[1]:g} px, and the picture that was read is {shown}"
            excluded.append({"file": name, "line": number, "reason": reason})
        else:
            pairs.append((_lines_of(row, folder), *turned))
    if not pairs and not missing and not excluded:
        raise TableError(f"{reference} has no posters; there is nothing to compare with")
    results = {
        f"{which} lines, IoU {threshold}": _scored(pairs, threshold, which == "placed", config)
        for which in ("placed", "read")
        for threshold in THRESHOLDS
    }
    report = {
        "task": "annotation",
        "annotations": folder,
        "reference": reference,
        "images": len(pairs),
        "lines": sum(len(wanted) for _, wanted, _ in pairs),
        "not_annotated": missing,
        "excluded": excluded,
        "level": config.report.level,
        "results": results,
    }
    report_files.write(storage, output, report, annotations_page.page(report))
    return {
        "task": "annotation",
        "images": len(pairs),
        "not_annotated": len(missing),
        "excluded": len(excluded),
        "f1": {name: measures["f1"]["value"] for name, measures in results.items()},
        "report": storage.join(output, "report.html"),
    }


def _poster(row: Any) -> tuple[str, list[Line], tuple[float, float]]:
    """A marked poster: its file, lines, size in px. Raises for what is none; numbers that are not finite or positive
    are those of a poster that can't be used (`_unfit`)."""
    width, height = float(row["width"]), float(row["height"])
    lines = []
    for text in row["texts"]:
        if isinstance(text["box"], str):
            raise TypeError(f"box {text['box']!r} is no list of numbers")
        left, top, right, bottom = (float(side) for side in text["box"])
        role, colour = text.get("role"), text.get("colour")
        if not all(value is None or isinstance(value, str) for value in (role, colour)):
            raise ValueError(f"role {role!r} or colour {colour!r} is no text")
        lines.append(Line(str(text["text"]), (left, top, right, bottom), role, colour))
    return str(row["file"]), lines, (width, height)


def _unfit(row: Mapping[str, Any], wanted: list[Line], size: tuple[float, float]) -> str | None:
    """Why a poster is in no number; None where it can be compared. What failed is never a score of 0."""
    if not all(0 < side < math.inf for side in size):
        return f"its size is {size[0]:g} x {size[1]:g} px"
    for line in wanted:
        if not all(map(math.isfinite, line.box)) or area(line.box) <= 0:
            return f"the box {list(line.box)} has no area"
    return "the annotation table has no text_lines of it" if row["text_lines"] is None else None


def _as_annotated(
    row: Mapping[str, Any], wanted: list[Line], size: tuple[float, float], storage: Storage
) -> tuple[list[Line], tuple[float, float]] | None:
    """Marks and size as the upright picture has them, which is what was annotated: marks made on the picture as its
    file stores it, sideways, are turned by its EXIF orientation. None where it has none that would explain them."""
    shown = row.get("image_width"), row.get("image_height")
    if not all(isinstance(side, int) and side > 0 for side in shown) or _is_alike(size, shown):  # type: ignore[arg-type]
        return wanted, size
    if not _is_alike(size[::-1], shown):  # type: ignore[arg-type]
        return wanted, size
    try:
        orientation = images.orientation(storage.read(row["image"]))
    except (StorageError, images.ImageFault):
        return None
    if orientation not in turning.SIDEWAYS:
        return None
    return [replace(line, box=turning.upright(line.box, *size, orientation)) for line in wanted], size[::-1]


def _is_alike(size: tuple[float, float], other: tuple[float, float]) -> bool:
    """Tell whether two sizes are of one shape, but for rounding."""
    return abs(math.log(size[0] * other[1] / (size[1] * other[0]))) < 0.03


def _lines_of(row: Mapping[str, Any], folder: str) -> list[dict[str, Any]]:
    """An annotation row's lines. Raises TableError for what the contract has not."""
    lines = row["text_lines"]
    names = {"text", "box", "role", "colour", "placed"}
    for line in lines if isinstance(lines, list) else [None]:
        if not isinstance(line, dict) or not names <= set(line) or not table_rows.is_box(line["box"]):
            raise TableError(
                f"{folder}: text_lines of {row['image']} has {str(line)[:80]!r}; give text, box, role, colour, placed"
            )
    return list(lines)


def _row_of(name: str, by_name: Mapping[str, list[Mapping[str, Any]]]) -> Mapping[str, Any] | None:
    """The row of an image: by its path's end, or by its file name where that is the only one."""
    candidates = by_name.get(PurePosixPath(name).name, [])
    exact = [row for row in candidates if row["image"] == name or row["image"].endswith(f"/{name}")]
    if exact:
        return exact[0]
    return candidates[0] if len(candidates) == 1 else None


Pair = tuple[list[dict[str, Any]], list[Line], tuple[float, float]]


def _scored(pairs: list[Pair], threshold: float, placed: bool, config: EvaluateConfig) -> dict[str, Any]:
    scores = []
    for rows, wanted, (width, height) in pairs:
        lines = [
            Line(row["text"] or "", to_px(row["box"], width, height), row["role"], row["colour"])
            for row in rows
            if row["placed"] or not placed
        ]
        scores.append(annotation.score_image(lines, wanted, threshold))
    resamples = max(100, min(config.report.resamples, _MOST_DRAWN // max(1, len(scores))))
    ends = annotation.intervals(scores, resamples=resamples, level=config.report.level, seed=config.run.seed)
    return {
        name: {"value": value, "low": ends[name][0], "high": ends[name][1]}
        for name, value in annotation.pool(scores).items()
    }
