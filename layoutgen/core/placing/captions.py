"""The texts below the photos of a collage: in their places, of one size and colour."""

from collections.abc import Callable, Sequence
from dataclasses import replace

from layoutgen.core import colour
from layoutgen.core.layout import Canvas, Element, Framing, Role, Suggestion, from_px, to_px
from layoutgen.core.placing.colouring import behind_of
from layoutgen.core.placing.placement import Ground, Limits, Placement
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import Face, fit, set_text

GROUP = 1
"""The number of their group in a row's elements."""
_LARGEST, _LEADING = 0.034, 1.2


def parted(suggestions: Sequence[Suggestion], framing: Framing) -> tuple[list[Suggestion], list[Suggestion]]:
    """A composer's suggestions without a collage's captions, and these."""
    is_caption = [bool(framing.tiles) and suggestion.role is Role.OTHER for suggestion in suggestions]
    pairs = list(zip(suggestions, is_caption, strict=True))
    return [each for each, is_one in pairs if not is_one], [each for each, is_one in pairs if is_one]


def added(
    placed: Placement,
    captions: Sequence[Suggestion],
    canvas: Canvas,
    ground: Ground,
    face_for: Callable[[Role, str], Face],
    limits: Limits,
) -> Placement:
    """A layout with its captions: as large as all fit, in ink or paper, whichever is read better; one that does not fit
    in the smallest font is left out."""
    largest = max(limits.smallest_px, round(_LARGEST * min(canvas.width, canvas.height)))
    boxes = [to_px(caption.box, canvas.width, canvas.height) for caption in captions]
    faces = [face_for(Role.OTHER, caption.text) for caption in captions]
    fitted = {
        i: setting.font_px
        for i, (caption, box, face) in enumerate(zip(captions, boxes, faces, strict=True))
        if (
            setting := fit(
                caption.text,
                box[2] - box[0],
                box[3] - box[1],
                face,
                smallest=limits.smallest_px,
                largest=largest,
                leading=_LEADING,
            )
        )
    }
    notes = [f"left out for want of room: {each.text}" for i, each in enumerate(captions) if i not in fitted]
    if not fitted:
        return replace(placed, notes=(*placed.notes, *notes))
    px = min(fitted.values())
    behind = [behind_of(ground.pixels, boxes[i], canvas) for i in fitted]
    ink = max((colour.INK, colour.PAPER), key=lambda text: min(each.readable(text) for each in behind))
    elements: list[Element] = []
    for i in fitted:
        left, top, right, _ = boxes[i]
        setting = set_text(captions[i].text, right - left, faces[i], px, _LEADING)
        assert setting is not None
        element = Element(
            Role.OTHER,
            (left, top, right, top + setting.height_px),
            captions[i].text,
            setting.lines,
            faces[i].name,
            px,
            setting.line_height_px,
            ink,
            "center",
            z=2,
            group=GROUP,
        )
        element = with_runs(element, faces[i], right - left)
        elements.append(replace(element, box=from_px(element.box, canvas.width, canvas.height)))
    contrast = min(placed.contrast, *(each.contrast(ink) for each in behind))
    return replace(placed, elements=(*placed.elements, *elements), notes=(*placed.notes, *notes), contrast=contrast)
