"""A text's lines as runs in its element's box: what another program needs to draw the same picture."""

from dataclasses import replace

from layoutgen.core.layout import Element
from layoutgen.core.text.typography import Face, ascent_px

_FREE = {"left": 0.0, "center": 0.5, "right": 1.0}


def with_runs(element: Element, face: Face, width_px: float) -> Element:
    """An element whose box is `width_px` wide with its lines as runs in a face, and their direction. Lines are set to
    its alignment; one that is wider than the box leaves it on the other sides."""
    if not element.lines:
        return element
    ascent = ascent_px(element.lines, face, element.font_px, element.line_height_px)
    runs = []
    for i, line in enumerate(element.lines):
        left = (width_px - face.width(line, element.font_px)) * _FREE[element.alignment]
        baseline = float(i * element.line_height_px + ascent)
        runs += [
            replace(run, line=i, x_px=left + run.x_px, baseline_px=baseline) for run in face.runs(line, element.font_px)
        ]
    return replace(element, direction=face.direction, runs=tuple(runs))
