"""Two evaluations that need no pool: how well posters were read, and what designers made of layouts.

    annotation:  annotation table + marked posters ─▶ match lines ─▶ report.json, report.html
    adoption:    layout table + feedback ─▶ settle decisions ─▶ report.json, report.html

Not the metrics, which are `core.metrics.annotation` and `core.metrics.adoption`.
"""

import json
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import asdict, replace
from datetime import datetime
from pathlib import PurePosixPath
from typing import Any

import numpy as np
import pyarrow as pa

from layoutgen.config.jobs import EvaluateConfig
from layoutgen.core.layout import area
from layoutgen.core.metrics import adoption, annotation, table_rows
from layoutgen.core.metrics.annotation import Line
from layoutgen.core.pictures import turning
from layoutgen.core.reports import judging_page
from layoutgen.imaging import images
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import layout_tables
from layoutgen.io.tables.layout_tables import TableError

THRESHOLDS = (0.5, 0.75)
_MOST_DRAWN = 200_000  # images times resamples: pooling them is plain Python
_SHOWN = 200


def judge_annotations(
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
    for place, poster in layout_tables.numbered(storage, reference):
        try:
            name, wanted, size = _poster(poster)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise TableError(
                f"{reference}: line {place} ({error!r}) is no poster with file, width, height, texts"
            ) from None
        row_of = _row_of(name, by_name)
        if row_of is None:
            missing.append(name)
        elif reason := _unfit(row_of, wanted, size):
            excluded.append({"file": name, "line": place, "reason": reason})
        elif (turned := _as_annotated(row_of, wanted, size, storage)) is None:
            shown = f"{row_of['image_width']} x {row_of['image_height']}"
            reason = f"its marks are on {size[0]:g} x {size[1]:g} px, and the picture that was read is {shown}"
            excluded.append({"file": name, "line": place, "reason": reason})
        else:
            pairs.append((_found(row_of, folder), *turned))
    if not pairs and not missing and not excluded:
        raise TableError(f"{reference} has no posters; there is nothing to compare with")
    report = {
        "task": "annotation",
        "annotations": folder,
        "reference": reference,
        "images": len(pairs),
        "lines": sum(len(wanted) for _, wanted, _ in pairs),
        "not_annotated": missing,
        "excluded": excluded,
        "level": config.report.level,
        "results": {
            f"{which} lines, IoU {threshold}": _scored(pairs, threshold, which == "placed", config)
            for which in ("placed", "read")
            for threshold in THRESHOLDS
        },
    }
    _write(storage, output, report, judging_page.annotation_page)
    f1 = {name: found["f1"]["value"] for name, found in report["results"].items()}  # type: ignore[attr-defined]
    return {"task": "annotation", "images": len(pairs), "not_annotated": len(missing), "excluded": len(excluded),
            "f1": f1, "report": storage.join(output, "report.html")}  # fmt: skip


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


def _found(row: Mapping[str, Any], folder: str) -> list[dict[str, Any]]:
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
    images = []
    for lines, wanted, (width, height) in pairs:
        found = []
        for line in lines:
            if line["placed"] or not placed:
                left, top, right, bottom = line["box"]
                box = (left * width, top * height, right * width, bottom * height)
                found.append(Line(line["text"] or "", box, line["role"], line["colour"]))
        images.append(annotation.score_image(found, wanted, threshold))
    resamples = max(100, min(config.report.resamples, _MOST_DRAWN // max(1, len(images))))
    ends = annotation.intervals(images, resamples=resamples, level=config.report.level, seed=config.run.seed)
    return {
        name: {"value": value, "low": ends[name][0], "high": ends[name][1]}
        for name, value in annotation.pool(images).items()
    }


def judge_adoption(
    config: EvaluateConfig, storage: Storage, layouts: str, feedback: str, output: str, *, run_id: str | None = None
) -> dict[str, Any]:
    """Report what designers made of a layout table; returns the summary. Raises TableError or StorageError."""
    folder = layout_tables.folder_of(storage, layouts, run_id)
    places = layout_tables.index(storage, layout_tables.parts(storage, folder))
    about = {row["row_id"]: row for row in places.to_pylist()}
    rows = layout_tables.records(storage, feedback)
    decisions, malformed = adoption.read(rows)
    settled, problems = adoption.settle(decisions, about.__contains__)
    problems = sorted([*malformed, *problems], key=lambda problem: problem.place)
    counts = Counter(problem.reason for problem in problems)
    report = {
        "task": "adoption",
        "layouts": {"source": folder, "rows": len(places)},
        "feedback": {"source": feedback, "rows": len(rows)},
        "level": config.report.level,
        "overall": adoption.rates(settled, config.report.level),
        "by": {
            name: _by(settled, key, config.report.level)
            for name, key in (
                ("model", lambda one: about[one.row_id]["composer"]),
                ("adapter", lambda one: about[one.row_id]["adapter"]),
                ("category", lambda one: about[one.row_id]["category"]),
                ("week", lambda one: _week(one, about[one.row_id]["created_at"])),
            )
        },
        "edits": _edits(storage, settled, about),
        "problems": {reason: counts[reason] for reason in adoption.REASONS},
        "problem_rows": [asdict(problem) for problem in problems[:_SHOWN]],
    }
    _write(storage, output, report, judging_page.adoption_page)
    return {
        "task": "adoption",
        "feedback": len(rows),
        "decided": len(settled),
        "adoption_rate": report["overall"]["adoption_rate"],  # type: ignore[index]
        "problems": report["problems"],
        "report": storage.join(output, "report.html"),
    }


def _by(settled: list[adoption.Decision], key: Callable[[adoption.Decision], Any], level: float) -> dict[str, Any]:
    members: dict[str, list[adoption.Decision]] = {}
    for one in settled:
        value = key(one)
        members.setdefault("(none)" if value is None else str(value), []).append(one)
    return {name: adoption.rates(some, level) for name, some in sorted(members.items())}


def _week(one: adoption.Decision, created_at: str | None) -> str:
    """The week of the decision, or else the one in which the layout was made."""
    if one.time or not created_at:
        return adoption.week(one.time)
    try:
        return adoption.week(datetime.fromisoformat(created_at[:10]))
    except ValueError:
        return adoption.week(None)


def _edits(
    storage: Storage, settled: list[adoption.Decision], about: Mapping[str, Mapping[str, Any]]
) -> dict[str, Any] | None:
    edited = [one for one in settled if one.decision == "edit" and one.elements is not None]
    if not edited:
        return None
    by_file: dict[str, list[adoption.Decision]] = {}
    for one in edited:
        by_file.setdefault(about[one.row_id]["uri"], []).append(one)
    found = []
    for uri, some in by_file.items():
        table = layout_tables.read(storage, uri, [about[one.row_id]["row"] for one in some])
        for one, before in zip(some, table.column("elements").to_pylist(), strict=True):
            if all(element and table_rows.is_box(element["box"]) for element in before or ()):
                found.append(adoption.edit_distance(before or [], one.elements or ()))
    if not found:
        return None
    names = found[0]
    quantiles = np.quantile([one["distance"] for one in found], [0.25, 0.5, 0.75])
    return {
        "rows": len(found),
        "unmeasured": len(edited) - len(found),  # the layout before has elements without a box
        "mean": {name: float(np.mean([one[name] for one in found])) for name in names},
        "distance_quartiles": [float(q) for q in quantiles],
    }


def _write(storage: Storage, output: str, report: dict[str, Any], page: Callable[[Mapping[str, Any]], str]) -> None:
    text = json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
    storage.write(storage.join(output, "report.json"), text.encode("utf-8", "backslashreplace"))
    storage.write(storage.join(output, "report.html"), page(report).encode("utf-8", "backslashreplace"))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, pa.Scalar):
        return value.as_py()
    raise TypeError(f"{type(value).__name__} has no place in a report")
