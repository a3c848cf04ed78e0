"""An independent judge of a layout table: reads the Parquet and measures with Pillow alone, with no code of layoutgen.

    python tests/pipeline/independent_check.py SNAPSHOT_FOLDER

Prints the number of layouts, and of overlaps, boxes out of the canvas, texts out of their box (by the ink that Pillow
really draws), texts lost, and fonts below 2.4 % of the short side; each must be 0.
"""

import json
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import justmytype_intl_cjk
import justmytype_western_core
import pyarrow.parquet as pq
from PIL import Image, ImageDraw, ImageFont

_FONTS = [Path(pack.__file__).parent / "fonts" / "ofl" for pack in (justmytype_intl_cjk, justmytype_western_core)]
_TOUCH_PX = 0.05  # boxes are float32


@cache
def _font(name: str, px: int) -> ImageFont.FreeTypeFont:
    family, _, weight = name.partition("-")
    path = next(path for folder in _FONTS for path in folder.rglob(f"{family}[[]*.ttf"))
    font = ImageFont.truetype(path, px, layout_engine=ImageFont.Layout.BASIC)
    own = {b"Weight": 700 if weight == "Bold" else 400}
    font.set_variation_by_axes([own.get(axis["name"], axis["default"]) for axis in font.get_variation_axes()])
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
                found["words"] += "".join("".join(element["lines"]).split()) != "".join(element["text"].split())
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
    """Whether ink that Pillow draws leaves the box; drawn as the row says, on a canvas of its own."""
    font, px, step = _font(element["font"], element["font_px"]), element["font_px"], element["line_height_px"]
    pad = px
    page = Image.new("L", (round(box[2] - box[0]) + 2 * pad, round(box[3] - box[1]) + 2 * pad))
    pen = ImageDraw.Draw(page)
    for i, line in enumerate(element["lines"]):
        free = box[2] - box[0] - font.getlength(line)
        if free < -0.5:
            return True
        x = pad + {"left": 0, "center": free / 2, "right": free}[element["alignment"]]
        pen.text(
            (round(x), round(pad + step * i + (step - px) / 2 + 0.88 * px)), line, font=font, fill=255, anchor="ls"
        )
    ink = page.point(lambda v: 255 * (v > 64)).getbbox()
    if ink is None:
        return True
    slack = 1 + 0.06 * px  # accents and slanted strokes may touch the em box's rim
    return (
        ink[0] < pad - slack
        or ink[1] < pad - slack
        or ink[2] > page.width - pad + slack
        or ink[3] > page.height - pad + slack
    )


if __name__ == "__main__":
    result = judge(
        [row for part in sorted(Path(sys.argv[1]).glob("*.parquet")) for row in pq.read_table(part).to_pylist()]
    )
    print(
        json.dumps(
            {"layouts": 0, "overlap": 0, "outside": 0, "overflow": 0, "lost": 0, "small": 0, "words": 0} | dict(result)
        )
    )
