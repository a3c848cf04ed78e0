"""What the gallery knows of a row: a line of its index (to filter and sort by) and the details that a viewer shows.

Rows are the dicts of a layout table from anywhere, so every column but `row_id` may be missing; of rows that are no
layouts (dead letters, `status` other than ok) the reason is shown. Columns that only some tables have: `accepted` and
`reasons` (the acceptance check of covers; `name: what was found`), `faces` (boxes, ltrb of the photo), `safe_zones`
(list of name and box, ltrb of the canvas).
"""

import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.core import framing
from layoutgen.core.covers.protection import Zones, zones_for
from layoutgen.core.layout import OFFER_ROLES, Box, Canvas, Framing, Role, parse_canvas, to_px
from layoutgen.core.metrics import own, table_rows
from layoutgen.core.shapes import gradients, paths, underlays

# A line of the index, in this order.
FIELDS = (
    *("row_id", "product", "title", "text", "canvas", "width", "height", "application", "category", "status", "kind"),
    *("roles", "elements", "score", "contrast", "covered", "smallest", "run", "composer", "preview", "layout"),
)
SMALLEST = 0.024  # share of the canvas's short side that a readable font has, as the place stage's default says
_MOST = 1e300  # a number that JSON says and a float has not is none
_AMPLE = 7.0  # contrast ratio beyond which more is no better (WCAG's enhanced level)
_WEIGHTS = {"contrast": 0.4, "subject": 0.4, "font": 0.2}
_ELEMENT = ("role", "text", "box", "lines", "font", "font_px", "line_height_px", "colour", "alignment", "opacity",
            "radius_px", "underlay", "z", "stroke_px", "stroke", "shadow", "shape", "gradient", "tracking",
            "strike", "group")  # fmt: skip
_PLAIN = {"shape": "rounded", "gradient": "", "tracking": 0.0, "strike": False}


def score(row: Mapping[str, Any]) -> float | None:
    """How good a layout is, in [0, 100], higher is better; None where its row says nothing.

    100 / (1 + objections), which are what the judge (`metrics.judge`) holds against it: 50 is enough to send it back.
    Of rows that were not judged, by what they say alone: 100 x (share of constraints kept) x (0.4 min(1, contrast / 7)
    + 0.4 (1 - subject_covered) + 0.2 min(1, smallest font / (2 x 2.4 % of the short side))). Constraints are
    `own.violations`', as far as they can be checked without the photo; a part that the row lacks has no weight.
    """
    objections = _number(row.get("objections"))
    if objections is not None and objections >= 0:
        return round(100 / (1 + objections), 1)
    elements = table_rows.elements(row.get("elements"), [])
    if not elements:
        return None
    canvas = table_rows.canvas(row)
    short = min(canvas.width, canvas.height)
    least, covered = _number(row.get("contrast")), _number(row.get("subject_covered"))
    scores = [
        own.ElementScore(e.role.value, 0.0, font_px=e.font_px or None, contrast=least if e.lines else None)
        for e in elements
    ]
    broken, checked = own.violations(
        elements,
        canvas,
        scores,
        asked=table_rows.asked(row),
        smallest_px=math.ceil(SMALLEST * short),
        min_contrast=own.READABLE,
    )
    smallest = smallest_font(row)
    parts = {
        "contrast": None if least is None else min(1.0, least / _AMPLE),
        "subject": None if covered is None else 1 - covered,
        "font": None if smallest is None else min(1.0, smallest / (2 * SMALLEST * short)),
    }
    weight = sum(_WEIGHTS[name] for name, part in parts.items() if part is not None)
    good = sum(_WEIGHTS[name] * part for name, part in parts.items() if part is not None)
    return round(100 * (1 - len(broken) / checked) * (good / weight if weight else 1.0), 1)


def smallest_font(row: Mapping[str, Any]) -> int | None:
    """The smallest font of a row's texts in px of the canvas; None without any."""
    sizes = [element.get("font_px") or 0 for element in _objects(row.get("elements"))]
    return min((size for size in sizes if size > 0), default=None)


def line(row: Mapping[str, Any], runs: Sequence[str], preview: bool) -> list[Any]:
    """A placed row as a line of the index. `runs` are the run ids that lines count in; `preview` tells whether there is
    a picture of it."""
    elements = _objects(row.get("elements"))
    roles = [role.value for role in Role if any(e.get("role") == role for e in elements) and role is not Role.UNDERLAY]
    error = _object(row.get("error"))
    ok = row.get("status") in (None, "ok")
    status = "failed" if not ok else {None: "ok", True: "accepted", False: "refused"}[row.get("accepted")]
    reasons = row.get("reasons") or []
    canvas = table_rows.canvas(row)
    words = [str(e.get("text") or "") for e in elements]
    title = str(row.get("title") or next((word for word in words if word), ""))
    values = {
        "row_id": str(row["row_id"]),
        "product": row.get("product_id"),
        "title": title,
        "text": " ".join(word for word in words if word and word != title),
        "canvas": row.get("canvas") or canvas.name,
        "width": canvas.width,
        "height": canvas.height,
        "application": row.get("application"),
        "category": row.get("category"),
        "status": status,
        "kind": (str(reasons[0]).partition(":")[0] if reasons else None) if ok else _kind(error),
        "roles": roles,
        "elements": sum(e.get("role") != Role.UNDERLAY for e in elements),
        "score": score(row) if ok else None,
        "contrast": _number(row.get("contrast"), 2),
        "covered": _number(row.get("subject_covered"), 4),
        "smallest": smallest_font(row),
        "run": runs.index(row["run_id"]) if row.get("run_id") in runs else 0,
        "composer": row.get("composer"),
        "preview": preview and ok,
        "layout": digest(row) if ok else None,
    }
    return [values[name] for name in FIELDS]


def digest(row: Mapping[str, Any]) -> str:
    """What is laid out and how, in 12 letters: the same in every run that leaves a layout as it was."""
    values = [
        row.get(name) for name in ("image_sha256", "canvas_width", "canvas_height", "crop", "picture", "elements")
    ]
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:12]


def details(row: Mapping[str, Any], fault: str | None) -> dict[str, Any]:
    """What the viewer shows of a placed row; `fault` says why there is no preview of it, `_links` in the row are its
    finished files, `_colours` its product's (three rows of OKLab's L, a, b and a share), `_palette` the colours that
    its brand allows."""
    error = _object(row.get("error"))
    details = {
        "elements": [
            _element(element) | outline(element, table_rows.canvas(row)) for element in _objects(row.get("elements"))
        ],
        "suggestion": [
            {"role": suggestion.get("role"), "text": suggestion.get("text") or "", "box": _box(suggestion["box"])}
            for suggestion in _objects(row.get("suggestion"))
            if _box(suggestion.get("box"))
        ],
        "protected": protected(row),
        "zones": _zones(row.get("safe_zones")),
        "notes": [str(note) for note in row.get("notes") or ()],
        "reasons": [str(reason) for reason in row.get("reasons") or ()],
        "files": [{name: link[name] for name in ("format", "href", "bytes")} for link in row.get("_links") or ()],
        "message": error.get("message"),
        "fault": fault,
        "ground": ", ".join(_ground(_object(row.get("ground")))),
        "style": row.get("style_used"),
        "copy": _copy(row) if row.get("elements") else [],
        **{name: _box(row.get(name)) for name in ("crop", "picture", "product_box")},
        "seed": row.get("background_seed"),
        "colours": row.get("_colours"),
        "palette": list(row.get("_palette") or ()),
        **{name: row.get(name) for name in ("image", "language", "adapter", "answer")},
    }
    return {name: value for name, value in details.items() if value not in (None, [], "")}


def dead_line(row: Mapping[str, Any], runs: Sequence[str]) -> list[Any]:
    """A dead letter as a line of the index."""
    title = _input(row).get("title")
    width, _, height = str(row.get("canvas") or "").partition("x")
    values: dict[str, Any] = {
        "row_id": str(row.get("row_id") or row.get("product_id") or ""),
        "product": row.get("product_id"),
        "title": str(title) if title else "",
        "text": "",
        "canvas": row.get("canvas"),
        "width": int(width) if width.isdecimal() and height.isdecimal() else 1,
        "height": int(height) if width.isdecimal() and height.isdecimal() else 1,
        "application": _input(row).get("application"),
        "category": _input(row).get("category"),
        "status": "failed",
        "kind": _kind(row),
        "roles": [],
        "elements": 0,
        "run": runs.index(row["run_id"]) if row.get("run_id") in runs else 0,
        "preview": False,
    }
    return [values.get(name) for name in FIELDS]


def dead_details(row: Mapping[str, Any]) -> dict[str, Any]:
    """What the viewer shows of a dead letter."""
    details = {"message": row.get("message"), "answer": row.get("answer"), "retryable": row.get("retryable")}
    return {name: value for name, value in details.items() if value not in (None, "")}


def protected(row: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Subject, faces and text of the photo with their boxes on the canvas, as far as they are shown there."""
    marked = [("subject", row.get("subject_box")), *(("face", box) for box in row.get("faces") or ())]
    marked += [("text", line.get("box")) for line in _objects(row.get("text_lines"))]
    boxes = [(kind, on_canvas(box, row)) for kind, box in marked]
    return [{"kind": kind, "box": box} for kind, box in boxes if box]


def on_canvas(box: object, row: Mapping[str, Any]) -> list[float] | None:
    """A box of the photo as a box of the canvas, by how the photo lies there; None for what is not shown."""
    inner, crop, picture = (_box(value) for value in (box, row.get("crop"), row.get("picture")))
    if not inner or not crop or not picture or crop[2] <= crop[0] or crop[3] <= crop[1]:
        return None
    sides = [round(side, 5) for side in framing.on_canvas(_ltrb(inner), Framing(_ltrb(crop), _ltrb(picture)))]
    return sides if sides[2] > sides[0] and sides[3] > sides[1] else None


def zones(by_ratio: Zones, canvas: str) -> list[dict[str, Any]]:
    """Those of a run's safe zones that a canvas `WIDTHxHEIGHT` has."""
    try:
        return _zones([vars(zone) for zone in zones_for(parse_canvas(canvas, 1080), by_ratio)])
    except ValueError:
        return []


def _element(element: Mapping[str, Any]) -> dict[str, Any]:
    details = {name: element.get(name) for name in _ELEMENT}
    details |= {"box": _box(element.get("box")), "opacity": _number(element.get("opacity"), 3)}
    details |= {"shadow": _number(element.get("shadow"), 3) or None, "stroke_px": element.get("stroke_px") or None}
    return {name: value for name, value in details.items() if value is not None and _PLAIN.get(name) != value}


def outline(element: Mapping[str, Any], canvas: Canvas) -> dict[str, Any]:
    """Of an underlay that is more than a rounded box of one colour: its outline as SVG's `d`, and where its gradient
    begins and ends (x1, y1, x2, y2), px of the canvas. Empty for what can't be drawn."""
    drawable = [e for e in table_rows.elements([dict(element)], []) if e.role is Role.UNDERLAY]
    if not drawable or underlays.is_plain(drawable[0]):
        return {}
    sides = to_px(drawable[0].box, canvas.width, canvas.height)
    outline = {"path": paths.svg(underlays.outline(drawable[0], sides))}
    if not drawable[0].gradient:
        return outline
    ends = gradients.ends(sides, drawable[0].gradient_angle)
    return outline | {"gradient_line": [round(v, 2) for point in ends for v in point]}


def _copy(row: Mapping[str, Any]) -> list[dict[str, str]]:
    """What a row has to say, as the roles and texts of elements; a logo's image has none."""
    texts = [(Role.TITLE, row.get("title")), (Role.SUBTITLE, row.get("subtitle"))]
    texts += [(Role.SELLING_POINT, point) for point in row.get("selling_points") or ()]
    texts += [(role, row.get(role.value)) for role in OFFER_ROLES]
    copy = [{"role": role.value, "text": str(text)} for role, text in texts if text]
    if row.get("logo") or row.get("brand"):
        copy.append({"role": Role.LOGO.value, "text": "" if row.get("logo") else str(row["brand"])})
    return copy


def _ground(ground: Mapping[str, Any]) -> list[str]:
    """A ground in words: its kind, and what is not plain of it."""
    words = [ground.get("kind"), ground.get("edge"), ground.get("blend")]
    return [str(word).replace("_", " ") for word in dict.fromkeys(words) if word and word not in ("straight", "normal")]


def _zones(named_zones: object) -> list[dict[str, Any]]:
    zones = []
    for zone in named_zones if isinstance(named_zones, Sequence) and not isinstance(named_zones, str) else ():
        named = isinstance(zone, Mapping)
        box = _box(zone.get("box") if named else zone)
        if box:
            zones.append({"name": str(zone.get("name") or "") if named else "", "box": box})
    return zones


def _kind(error: Mapping[str, Any]) -> str:
    return "/".join(str(error[name]) for name in ("stage", "kind") if error.get(name)) or "failed"


def _input(row: Mapping[str, Any]) -> dict[str, Any]:
    try:
        row_read = json.loads(row.get("input_row") or "{}")
    except ValueError:
        return {}
    return row_read if isinstance(row_read, dict) else {}


def _box(box: object) -> list[float] | None:
    if not isinstance(box, Sequence) or isinstance(box, str) or len(box) != 4:
        return None
    sides = [_number(side, 5) for side in box]
    return None if None in sides else [side for side in sides if side is not None]


def _ltrb(sides: Sequence[float]) -> Box:
    left, top, right, bottom = sides
    return (left, top, right, bottom)


def _objects(value: object) -> list[Mapping[str, Any]]:
    """Those of a list's items that are objects."""
    items = value if isinstance(value, Sequence) and not isinstance(value, str) else ()
    return [item for item in items if isinstance(item, Mapping)]


def _object(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _number(value: object, digits: int = 6) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < _MOST:
        return None
    return round(float(value), digits)
