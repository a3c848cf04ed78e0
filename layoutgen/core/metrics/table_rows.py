"""Rows of a layout table as the metrics read them: forgiving, since a table may come from anywhere."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from layoutgen.core import rows
from layoutgen.core.layout import Canvas, Element, Framing, Role, Run
from layoutgen.core.metrics.own import Asked
from layoutgen.core.metrics.pku import HEIGHT, WIDTH
from layoutgen.core.proposals.demanding import DEMANDED_OUT
from layoutgen.core.shapes.gradients import SIDES
from layoutgen.core.shapes.ornaments import KINDS
from layoutgen.core.shapes.pictures import BLENDS, EDGES
from layoutgen.core.shapes.underlays import SHAPES
from layoutgen.core.text.offers import offered

_FAR = 1e6
_EDGE, _FARTHEST = 1e-3, 8.0
_WHOLE = (0.0, 0.0, 1.0, 1.0)
_LARGEST_SCALE, _MOST_THINGS = 10.0, 256
_LARGEST = 1 << 16  # px, of a canvas's side and of a font
_NOTES = ("left out for want of room: ", DEMANDED_OUT)
_FIELDS = set(Element.__dataclass_fields__)
_RUN_FIELDS = set(Run.__dataclass_fields__)
_DIRECTIONS = ("ltr", "rtl")
_COLOUR = re.compile("#[0-9a-fA-F]{6}")
_SIZES = ("font_px", "line_height_px", "radius_px", "stroke_px")


def elements(found: list[dict[str, Any]] | None, excluded: list[str]) -> list[Element]:
    """A row's elements; those that can't be measured are left out and named. A null becomes the field's default. Of an
    element whose letters can't be drawn as it says, the box alone is kept."""
    if found is None:
        excluded.append("no_elements")
    kept = []
    for row in found or ():
        if not is_box((row or {}).get("box")):
            excluded.append("element_box_not_finite")
            continue
        if row.get("role") not in set(Role):
            excluded.append("element_role_unknown")
            continue
        known = {name: value for name, value in row.items() if value is not None and name in _FIELDS}
        lines = row.get("lines") or ()
        if fault := _unlike_letters(known, lines):
            excluded.append(fault)
            known, lines = {name: known[name] for name in ("role", "box", "text", "z") if name in known}, ()
        if not all(map(_is_run, known.get("runs", ()))):
            known["runs"] = ()  # drawing makes them anew
        kept.append(rows.read_element({**known, "lines": lines}))
    return kept


def _unlike_letters(element: Mapping[str, Any], lines: Sequence[Any]) -> str | None:
    """Why letters can't be drawn as an element says; None where they can."""
    colours = [element.get("colour"), element.get("stroke"), element.get("gradient")]
    if not all(_COLOUR.fullmatch(colour) for colour in colours if colour):
        return "element_colour_unknown"
    if element.get("alignment", "left") not in ("left", "center", "right"):
        return "element_alignment_unknown"
    if element.get("direction", "ltr") not in _DIRECTIONS:
        return "element_direction_unknown"
    if element.get("shape", SHAPES[0]) not in SHAPES:
        return "element_shape_unknown"
    shares = all(0 <= element.get(name, 0.0) <= 1 for name in ("opacity", "shadow"))
    sizes = all(0 <= element.get(name, 0) <= _LARGEST for name in _SIZES)
    sizes = sizes and abs(element.get("tracking", 0.0)) <= 1 and abs(element.get("gradient_angle", 0)) <= _LARGEST
    return None if shares and sizes and None not in lines else "element_letters_not_finite"


def _is_run(run: Any) -> bool:
    """Tell whether a value is a run that can be drawn: all its parts are there, and finite."""
    if not isinstance(run, Mapping) or not _RUN_FIELDS - {"scale"} <= {*run} <= _RUN_FIELDS:
        return False
    if run["direction"] not in _DIRECTIONS:
        return False
    if not 0 < (run.get("scale") or 1.0) <= _LARGEST_SCALE:
        return False
    sides = (run["x_px"], run["baseline_px"], run["width_px"], run["letter_spacing_px"])
    is_whole = None not in (value for name, value in run.items() if name != "scale")
    return is_whole and all(abs(side) < _FAR for side in sides)


def is_box(box: Any) -> bool:
    """Tell whether a value is four finite numbers of a usual size."""
    sides = () if box is None else tuple(box)
    return len(sides) == 4 and all(side is not None and abs(side) < _FAR for side in sides)


def fault(row: Mapping[str, Any]) -> str | None:
    """Why nothing of a row can be measured; None where something can."""
    sides = [side for side in (row.get("canvas_width"), row.get("canvas_height")) if side is not None]
    if not all(0 < side <= _LARGEST for side in sides):
        return "canvas_size_not_positive"
    return "no_elements" if row.get("elements") is None else None


def canvas(row: Mapping[str, Any]) -> Canvas:
    """The row's canvas; PKU's where the table has none, or one without a size (see `fault`)."""
    if fault({**row, "elements": ()}):
        return Canvas(WIDTH, HEIGHT)
    return Canvas(row.get("canvas_width") or WIDTH, row.get("canvas_height") or HEIGHT)


def framing(row: Mapping[str, Any]) -> Framing | None:
    """The row's framing; the whole photo on the whole canvas where the table has none, None where what it says can't be
    (`framing_fault`)."""
    if row.get("crop") is None or row.get("picture") is None:
        return Framing()
    return None if framing_fault(row) else rows.read_framing({**row, "backdrop": row.get("backdrop") or "#ffffff"})


def framing_fault(row: Mapping[str, Any]) -> str | None:
    """Why a row's framing can't be drawn: a part of the photo or of the canvas that is empty or outside, or something
    on its ground that nobody knows. None where it can, or where there is none."""
    if row.get("crop") is None or row.get("picture") is None:
        return None
    ground = rows.known(row.get("ground") or {})
    scrims, things = ([each or {} for each in ground.get(name, ())] for name in ("scrims", "ornaments"))
    colours = [row.get("backdrop"), ground.get("backdrop_to"), *(each.get("colour") for each in (*scrims, *things))]
    if not all(_COLOUR.fullmatch(colour) for colour in colours if colour):
        return "framing_not_usable"
    can_go_beyond = ground.get("blend") == "outpaint" and _shows_photo(row["crop"])
    parts = (row["picture"], _WHOLE if can_go_beyond else row["crop"], ground.get("focus") or _WHOLE)
    tiles = [each or {} for each in ground.get("tiles", ())]
    parts += tuple(tile.get(name) for tile in tiles for name in ("crop", "picture"))
    if not all(map(_is_part, parts)) or not all(tile.get("image") for tile in tiles) or len(tiles) > _MOST_THINGS:
        return "framing_not_usable"
    words = {
        "edge": ([ground.get("edge", "straight")], EDGES),
        "blend": ([each.get("blend") or "normal" for each in (ground, *tiles)], BLENDS),
        "scrim": ([each.get("towards") for each in scrims], SIDES),
        "ornament": ([each.get("kind") for each in things], KINDS),
    }
    for name, (values, known) in words.items():
        if not set(values) <= set(known):
            return f"framing_{name}_unknown"
    layers = [*scrims, *things]
    is_whole = all(is_box(each["box"]) and each["colour"] and 0 <= each["opacity"] <= 1 for each in layers)
    if not is_whole or len(layers) > _MOST_THINGS or not 0 <= ground.get("radius", 0.0) <= 1:
        return "framing_not_usable"
    return None


def _is_part(box: Any) -> bool:
    return is_box(box) and -_EDGE <= box[0] < box[2] <= 1 + _EDGE and -_EDGE <= box[1] < box[3] <= 1 + _EDGE


def _shows_photo(crop: Any) -> bool:
    """Whether a crop that may go beyond its photo shows some of it, and is no more than a few times as large."""
    if not is_box(crop):
        return False
    left, top, right, bottom = map(float, crop)
    shows = left < min(1, right) and top < min(1, bottom) and min(right, bottom) > 0
    return shows and min(left, top) > -_FARTHEST and max(right, bottom) < _FARTHEST


def _captions(row: Mapping[str, Any]) -> list[str]:
    """What stands below the images that a collage shows."""
    ground = row.get("ground") or {}
    shown = {row.get("image"), *(tile["image"] for tile in ground.get("tiles") or ())}
    pairs = zip(row.get("images") or (), row.get("captions") or (), strict=False)
    return [text for uri, text in pairs if text and uri in shown and ground.get("tiles")]


def asked(row: Mapping[str, Any]) -> Asked | None:
    """What a row's copy asks for; None where the table has no copy."""
    if not row.get("title"):
        return None
    points = (*filter(None, row.get("selling_points") or ()), *offered(row).values())
    texts = (row["title"], *dict.fromkeys((*points, *_captions(row))))
    notes = [note for note in row.get("notes") or () if note]
    excused = {note.removeprefix(start) for start in _NOTES for note in notes if note.startswith(start)}
    return Asked(texts, int(bool(row.get("brand") or row.get("logo"))), frozenset(excused))
