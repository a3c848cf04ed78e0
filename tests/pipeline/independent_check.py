"""An independent judge of a layout table: reads the Parquet, and shapes and measures each run as its row says, with
HarfBuzz and fontTools alone and no code of layoutgen.

    python tests/pipeline/independent_check.py SNAPSHOT_FOLDER

Prints the number of layouts, and of overlaps, boxes out of the canvas, texts out of their box (by the bounds of
their outlines), texts lost, and fonts below 2.4 % of the short side; each must be 0.
"""

import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pyarrow.parquet as pq
import uharfbuzz as hb
from fontTools.pens.boundsPen import BoundsPen

_PLACE = Path(hb.__file__).parents[1]
_PACKAGES = [*sorted(_PLACE.glob("justmytype_*")), _PLACE / "manimgx_fonts"]
_SCRIPTS = {"Hans": "Hani", "Hant": "Hani", "Jpan": "Hani", "Kore": "Hani", "Zsye": "Zyyy"}
_TOUCH_PX = 0.05  # boxes are float32


@cache
def _font(file: str, weight: int, px: float) -> hb.Font:
    path = next(path for package in _PACKAGES for path in package.rglob("*.ttf") if path.name == file)
    font = hb.Font(hb.Face(hb.Blob.from_file_path(str(path))))
    font.set_variations({"wght": weight, "opsz": px})
    return font


def judge(rows: list[dict]) -> Counter:
    """Count what is wrong in rows of a layout table."""
    found = Counter(layouts=len(rows))
    for row in rows:
        width, height = row["canvas_width"], row["canvas_height"]
        elements = row["elements"]
        boxes = [
            (e["box"][0] * width, e["box"][1] * height, e["box"][2] * width, e["box"][3] * height) for e in elements
        ]
        said = {e["text"] for e in elements}
        left_out = {
            n.removeprefix("left out for want of room: ") for n in row["notes"] or () if n.startswith("left out")
        }
        for text in [row["title"], *(row["selling_points"] or ())]:
            words = " ".join(text.split())
            noted = any(words in note for note in row["notes"] or ())
            found["lost"] += words not in said and words not in left_out and not noted
        for i, (element, box) in enumerate(zip(elements, boxes, strict=True)):
            found["outside"] += not (
                -_TOUCH_PX <= box[0] < box[2] <= width + _TOUCH_PX
                and -_TOUCH_PX <= box[1] < box[3] <= height + _TOUCH_PX
            )
            if element["lines"]:
                found["overflow"] += _overflows(element, box)
                found["small"] += element["font_px"] < 0.024 * min(width, height)
                set_in = "".join("".join(element["lines"]).split()).casefold()  # styles set some in capitals
                found["words"] += set_in != "".join(element["text"].split()).casefold()
            for j in range(i):
                across = min(box[2], boxes[j][2]) - max(box[0], boxes[j][0])
                down = min(box[3], boxes[j][3]) - max(box[1], boxes[j][1])
                if across > _TOUCH_PX and down > _TOUCH_PX and not _stands_on(elements, i, j, boxes):
                    found["overlap"] += 1
    return found


def _stands_on(elements: list[dict], i: int, j: int, boxes: list[tuple]) -> bool:
    """Whether one of two elements is an underlay below the other, and holds it wholly."""
    for upper, lower in ((i, j), (j, i)):
        at = elements[upper]["underlay"]
        while at is not None:
            if at == lower and elements[lower]["role"] == "underlay":
                a, b = boxes[upper], boxes[lower]
                return all(a[k] >= b[k] - _TOUCH_PX for k in (0, 1)) and all(a[k] <= b[k] + _TOUCH_PX for k in (2, 3))
            at = elements[at]["underlay"]
    return False


def _overflows(element: dict, box: tuple) -> bool:
    """Whether ink leaves the box where each run is set as the row says, or lines, runs and text are not the same."""
    lines = [""] * len(element["lines"])
    for run in sorted(element["runs"], key=lambda run: run["line"]):
        lines[run["line"]] += run["text"]
        em = element["font_px"] * (run.get("scale") or 1.0)
        font, spacing = _font(run["file"], run["weight"], em), run["letter_spacing_px"]
        buffer = hb.Buffer()
        buffer.add_str(run["text"])
        buffer.direction, buffer.script = run["direction"], _SCRIPTS.get(run["script"], run["script"])
        if run["language"]:
            buffer.language = run["language"]
        hb.shape(font, buffer, {tag.lstrip("-"): tag[0] != "-" for tag in run["features"]})
        scale, x = em / font.face.upem, run["x_px"]
        clusters = len({info.cluster for info in buffer.glyph_infos})
        before = None
        for info, at in zip(buffer.glyph_infos, buffer.glyph_positions, strict=True):
            x += spacing * (before is not None and info.cluster != before)
            before = info.cluster
            pen = BoundsPen(None)
            font.draw_glyph_with_pen(info.codepoint, pen)
            if pen.bounds:
                left, low, right, high = (side * scale for side in pen.bounds)
                dx, dy = at.x_offset * scale, at.y_offset * scale
                ends = (x + dx + left, run["baseline_px"] - dy - high, x + dx + right, run["baseline_px"] - dy - low)
                room = (0, 0, box[2] - box[0], box[3] - box[1])
                if any(ends[k] < room[k] - _TOUCH_PX or ends[k + 2] > room[k + 2] + _TOUCH_PX for k in (0, 1)):
                    return True
            x += at.x_advance * scale
        if abs(x + spacing * (clusters > 0) - run["x_px"] - run["width_px"]) > _TOUCH_PX:
            return True
    return any(sorted(line) != sorted(drawn) for line, drawn in zip(element["lines"], lines, strict=True))


if __name__ == "__main__":
    result = judge(
        [row for part in sorted(Path(sys.argv[1]).glob("*.parquet")) for row in pq.read_table(part).to_pylist()]
    )
    print(
        json.dumps(
            {"layouts": 0, "overlap": 0, "outside": 0, "overflow": 0, "lost": 0, "small": 0, "words": 0} | dict(result)
        )
    )
