"""Reads a JSON export of Label Studio: a list of tasks, whose rectangles are in percent of the image.

A rectangle may be turned: by quarters it stays a box, by a few degrees its bounds are taken, and by more no upright
text can be learnt. What somebody typed for a region (`textarea`) is its text; a region's class is its own label or a
choice made for it; of several people's annotations the one marked as ground truth counts, else the latest.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from math import cos, radians, sin
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from layoutgen.training.published import labels as classes
from layoutgen.training.published.files import Files
from layoutgen.training.published.labels import Labels
from layoutgen.training.published.records import PublishedError, RawElement, Record, unusable

_MOST_DEGREES = 5.0
_UPLOADED = re.compile(r"^[0-9a-f]{8}-")
_BOXES = ("rectanglelabels", "rectangle", "labels", "choices", "textarea")
_SHAPES = {"x", "points", "rle", "vertices"}
_REGION_LABELS = ("rectanglelabels", "labels", "choices")
_CORNERS = ((0, 0), (1, 0), (1, 1), (0, 1))


class _UnusableError(Exception):
    """Why a task can't be learnt from: reason and message."""


def records(files: Files, labels: Labels) -> Iterator[Record]:
    """The tasks of all exports. Raises PublishedError where there is none."""
    exports = [(uri, whole) for uri in files.with_suffix(".json") if _is_export(whole := files.json(uri))]
    if not exports:
        raise PublishedError(
            f"{files.folder} has no export of Label Studio: a JSON list of tasks with `data` and `annotations`; export "
            "as JSON, not as JSON-MIN"
        )
    before: set[Any] = set()
    for uri, tasks in exports:
        for task in tasks:
            name = str(task.get("id"))
            if name in before:
                yield unusable(name, "duplicate_id", f"{uri} has the task again; keep one of them")
                continue
            before.add(name)
            try:
                yield _record(name, task, files, labels)
            except _UnusableError as fault:
                yield unusable(name, *fault.args)


def _is_export(whole: Any) -> bool:
    return isinstance(whole, list) and bool(whole) and all(isinstance(t, dict) and "data" in t for t in whole)


def _record(name: str, task: Mapping[str, Any], files: Files, labels: Labels) -> Record:
    annotations = [entry for entry in task.get("annotations") or () if not entry.get("was_cancelled")]
    if not annotations:
        raise _UnusableError("not_annotated", "nobody annotated it, or the annotation was skipped")
    chosen = max(annotations, key=lambda entry: (bool(entry.get("ground_truth")), str(entry.get("updated_at") or "")))
    mended = ["other_annotation"] * (len(annotations) - 1)
    results = chosen.get("result") or ()
    regions: dict[Any, list[Mapping[str, Any]]] = {
        result.get("id"): [] for result in results if _SHAPES & (result.get("value") or {}).keys()
    }
    for result in results:  # others are about the whole image
        region = result.get("parentID") if result.get("id") not in regions else result.get("id")
        if region in regions:
            regions[region].append(result)
    elements = []
    for region_results in regions.values():
        kind, box, text = _region(region_results, labels)
        elements.append(RawElement(kind or classes.IGNORE, box, text))
        mended += [] if kind else ["unknown_class"]
    if not elements:
        raise _UnusableError("not_annotated", "its annotation has no rectangle")
    data = task["data"]
    return Record(
        name,
        _picture(data, files),
        width=1.0,
        height=1.0,
        elements=tuple(elements),
        language=str(data.get("language") or ""),
        category=str(data.get("category") or ""),
        mended=tuple(mended),
    )


def _region(results: Sequence[Mapping[str, Any]], labels: Labels) -> tuple[str | None, tuple[float, ...], str | None]:
    """A region's kind, box in shares and text. Raises _UnusableError."""
    names: list[str] = []
    text, box = None, None
    for result in results:
        value = result.get("value") or {}
        if result.get("type") not in _BOXES:
            raise _UnusableError("not_a_box", f"a region is of the type {result.get('type')!r}; draw rectangles")
        for field in _REGION_LABELS:
            names += [name for name in value.get(field) or () if name not in names]
        if isinstance(value.get("text"), list):
            text = "".join(value["text"])
        if "x" in value:
            if result.get("image_rotation"):
                raise _UnusableError("rotated", f"the image is turned by {result['image_rotation']} degrees")
            box = _bounds(value, result)
    if box is None:
        raise _UnusableError("box_broken", f"the region {results[0].get('id')!r} has no rectangle")
    kinds = {kind for name in names if (kind := labels.kind(name))}
    if len(kinds) > 1:
        raise _UnusableError("several_classes", f"a region has the classes {', '.join(names)}; leave one")
    return next(iter(kinds), None), box, text


def _bounds(value: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[float, ...]:
    """A rectangle's bounds in shares of the image. It is turned about its upper left corner, in px."""
    try:
        x, y, width, height = (float(value[name]) / 100 for name in ("x", "y", "width", "height"))
        degrees = float(value.get("rotation") or 0)
        across, down = float(result.get("original_width") or 1), float(result.get("original_height") or 1)
    except (KeyError, TypeError, ValueError) as error:
        raise _UnusableError("box_broken", f"a rectangle is {dict(value)} ({error!r})") from None
    away = abs((degrees + 45) % 90 - 45)
    if away > _MOST_DEGREES:
        raise _UnusableError("rotated", f"a rectangle is turned by {degrees:g} degrees, and our texts are upright")
    sine, cosine = sin(radians(degrees)), cos(radians(degrees))
    corners = [
        (
            x + (a * width * across * cosine - b * height * down * sine) / across,
            y + (a * width * across * sine + b * height * down * cosine) / down,
        )
        for a, b in _CORNERS
    ]
    lefts, tops = zip(*corners, strict=True)
    return min(lefts), min(tops), max(lefts), max(tops)


def _picture(data: Mapping[str, Any], files: Files) -> str:
    """The image of a task: on S3 as it is, else the file of the set that has its name."""
    address = next((value for key in ("image", "img", "ocr") if isinstance(value := data.get(key), str)), "")
    if address.startswith("s3://"):
        return address
    parts = urlsplit(address)
    path = unquote(parse_qs(parts.query).get("d", [parts.path])[0])
    name = path.rpartition("/")[2]
    return files.picture(path, erased=False) or files.picture(_UPLOADED.sub("", name), erased=False)
