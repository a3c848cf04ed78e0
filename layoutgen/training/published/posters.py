"""Makes an example of a published poster: its boxes put right or refused, roles given to its texts. Pure.

A box may have swapped corners and reach a little out of the picture; it is put right and counted. One without an area
is left out. One that lies mostly outside makes the poster unusable, for then its other boxes can't be trusted either.
"""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

from layoutgen.core.layout import Box, Canvas, Copy, Framing, Role, Suggestion, area, intersection, to_px
from layoutgen.core.reading.text_roles import Reading, language, reading_order, roles
from layoutgen.training.examples.examples import Example
from layoutgen.training.examples.row_elements import UnfitError, check_sayable, logo_aspect_of, one_title
from layoutgen.training.published import labels as classes
from layoutgen.training.published.records import RawElement, Record

_LEAST_SIDE = 0.002  # of the canvas: two px of a thousand
_MOSTLY = 0.5  # share of a box's area within the picture
_ASPECT = 0.02  # by which a picture's proportions may differ from those that its boxes are measured on
_INSIDE = 0.6  # share of a highlight that lies in its text, and of a text that lies on its underlay
_WORDLESS = (classes.IGNORE, classes.ERASE, Role.UNDERLAY.value, Role.LOGO.value)


@dataclass(frozen=True)
class Part:
    """An element with a good box, ltrb in shares of the picture. `lines` is in how many lines its text stands."""

    kind: str
    box: Box
    text: str | None
    lines: int = 1


def parts_of(record: Record, width: int, height: int, mended: Counter[str]) -> list[Part]:
    """A record's elements on its picture of `width` x `height` px; counts in `mended` what was put right or left out.
    Raises UnfitError where a box can't be used or the picture is not the one that boxes are measured on."""
    across, down = record.width or width, record.height or height
    if across > 1 and abs(across * height / (down * width) - 1) > _ASPECT:
        message = f"{record.poster_id} is measured on {across:g}x{down:g}, and its picture has {width}x{height} px"
        raise UnfitError("size_differs", f"{message}; give the pictures that were annotated")
    parts = []
    for element in record.elements:
        if (box := _box(element, (across, down), record.poster_id, mended)) is not None:
            parts.append(Part(element.kind, box, element.text, 1 + (element.text or "").count("\n")))
    texts = [part for part in parts if part.kind not in (*_WORDLESS, classes.HIGHLIGHT)]
    for i, part in enumerate(parts):
        if part.kind == classes.HIGHLIGHT:
            inside = any(intersection(part.box, text.box) > _INSIDE * area(part.box) for text in texts)
            mended["highlight"] += inside
            parts[i] = replace(part, kind=classes.ERASE if inside else classes.TEXT)
    return parts


def _box(element: RawElement, size: tuple[float, float], place: str, mended: Counter[str]) -> Box | None:
    """An element's box in shares, None for one without an area."""
    if len(element.box) != 4 or not all(math.isfinite(side) for side in element.box):
        raise UnfitError("box_broken", f"{place} has the box {list(element.box)}; give left, top, right, bottom")
    x1, y1, x2, y2 = (side / size[i % 2] for i, side in enumerate(element.box))
    if x1 > x2 or y1 > y2:
        mended["reordered"] += 1
    x1, x2, y1, y2 = min(x1, x2), max(x1, x2), min(y1, y2), max(y1, y2)
    if x2 - x1 < _LEAST_SIDE or y2 - y1 < _LEAST_SIDE:
        mended["empty"] += 1
        return None
    cut = (max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0))
    if element.kind == classes.IGNORE:
        return cut if area(cut) else None
    if area(cut) < _MOSTLY * (x2 - x1) * (y2 - y1):
        box = [round(side, 3) for side in (x1, y1, x2, y2)]
        raise UnfitError("box_outside", f"{place} has a {element.kind} at {box}, mostly outside of its picture")
    if cut != (x1, y1, x2, y2):
        mended["cut"] += 1
    return cut


def example_of(
    record: Record, parts: Sequence[Part], image: tuple[str, str], canvas: Canvas, mended: Counter[str]
) -> Example:
    """An example of a poster; `image` is its picture's URI and SHA-256. Texts that nobody knows are taken out of the
    picture and not learnt. Raises UnfitError where what is left is no layout."""
    row_id = record.poster_id
    target = [*_texts(parts, canvas, mended), *_logo(parts, mended)]
    if all(element.role is Role.LOGO for element in target):
        raise UnfitError("no_text", f"{row_id} has no text that is known; read its texts, or annotate them")
    target = _with_title(target, row_id)
    target += _underlays(parts, target, mended)
    logo = next((element for element in target if element.role is Role.LOGO), None)
    title = next(element for element in target if element.role is Role.TITLE)
    speaks = record.language or language(title.text)
    copy = Copy(
        title.text,
        tuple(e.text for e in target if e.role not in (Role.TITLE, Role.LOGO, Role.UNDERLAY)),
        logo.text if logo and logo.text else None,
        image[0] if logo and not logo.text else None,
        speaks or None,
    )
    check_sayable(target, copy, row_id)
    hidden = [part.box for part in parts if part.kind != classes.IGNORE]
    return Example(
        row_id,
        row_id,
        "poster",
        *image,
        Framing(),
        canvas,
        copy,
        tuple(target),
        logo_aspect=logo_aspect_of(target, canvas) if copy.logo else None,
        erased=tuple(hidden) if record.needs_erasing else (),
        printed=True,
        language=speaks,
        category=record.category,
    )


def _texts(parts: Sequence[Part], canvas: Canvas, mended: Counter[str]) -> list[Suggestion]:
    """The texts in reading order, each with its role: its own, or the one that its size and words give it."""
    named: list[tuple[Part, Role | None]] = []
    for part in parts:
        if part.kind in _WORDLESS:
            continue
        if not (part.text or "").strip():
            mended["text_unread"] += 1
        else:
            named.append((part, None if part.kind == classes.TEXT else Role(part.kind)))
    named = [named[i] for i in reading_order([part.box for part, _ in named])]
    readings = [_reading(part, canvas) for part, _ in named]
    by_rule = roles(readings, [True] * len(named), canvas.width, canvas.height)
    return [
        Suggestion((role or rule).learnt, part.box, " ".join((part.text or "").split()))
        for (part, role), rule in zip(named, by_rule, strict=True)
    ]


def _reading(part: Part, canvas: Canvas) -> Reading:
    """A text as the rules for roles weigh it: as high as one of its lines."""
    left, top, right, bottom = to_px(part.box, canvas.width, canvas.height)
    return Reading(part.text or "", (left, top, right, top + (bottom - top) / part.lines), 1.0)


def _logo(parts: Sequence[Part], mended: Counter[str]) -> list[Suggestion]:
    """The largest logo, as an image: a copy has one."""
    logos = sorted((part for part in parts if part.kind == "logo"), key=lambda part: -area(part.box))
    mended["further_logo"] += max(0, len(logos) - 1)
    return [Suggestion(Role.LOGO, logos[0].box)] if logos else []


def _with_title(target: Sequence[Suggestion], row_id: str) -> list[Suggestion]:
    """The layout with one title, the largest text where no text is one, and one logo: a logo that is text gives way to
    an image."""
    has_image = any(element.role is Role.LOGO and not element.text for element in target)
    elements = [
        replace(element, role=Role.OTHER) if has_image and element.role is Role.LOGO and element.text else element
        for element in target
    ]
    if all(element.role is not Role.TITLE for element in elements):
        texts = [element for element in elements if element.text and element.role is not Role.PRICE]
        if not texts:
            raise UnfitError("no_title", f"{row_id} has prices alone; name a title")
        largest = max(texts, key=lambda element: element.box[3] - element.box[1])
        elements[elements.index(largest)] = replace(largest, role=Role.TITLE)
    return list(one_title(elements))


def _underlays(parts: Sequence[Part], target: Sequence[Suggestion], mended: Counter[str]) -> list[Suggestion]:
    """The underlays that something stands on, the largest first, no more than there are texts and logos."""
    panels = [part.box for part in parts if part.kind == "underlay"]
    used = [
        panel
        for panel in panels
        if any(intersection(panel, element.box) > _INSIDE * area(element.box) for element in target)
    ]
    used = sorted(used, key=area, reverse=True)[: len(target)]
    mended["bare_underlay"] += len(panels) - len(used)
    return [Suggestion(Role.UNDERLAY, panel) for panel in used]


def lines_in(parts: Sequence[Part], lines: Sequence[tuple[Box, str]]) -> list[Part]:
    """The parts with what was read in their boxes, where their texts are not known; a line belongs to the box that most
    of it lies in."""
    open_parts = [i for i, part in enumerate(parts) if part.text is None and part.kind not in _WORDLESS]
    of_part: dict[int, list[tuple[Box, str]]] = {}
    for box, text in lines:
        shares = {i: intersection(parts[i].box, box) / max(area(box), 1e-9) for i in open_parts}
        best = max(shares, key=lambda i: shares[i], default=None)
        if best is not None and shares[best] >= _MOSTLY:
            of_part.setdefault(best, []).append((box, text))
    read = list(parts)
    for i, inside in of_part.items():
        read[i] = replace(parts[i], text=joined(inside), lines=_rows([box for box, _ in inside]))
    return read


def _rows(boxes: Sequence[Box]) -> int:
    """In how many lines, one below the other, boxes stand."""
    rows, bottom = 0, -1.0
    for box in sorted(boxes, key=lambda box: box[1] + box[3]):
        if (box[1] + box[3]) / 2 > bottom:
            rows, bottom = rows + 1, box[3]
    return rows


def joined(texts: Sequence[tuple[Box, str]]) -> str:
    """Texts in reading order as one; a space stands between words that are written with spaces."""
    whole = ""
    for text in (texts[i][1].strip() for i in reading_order([box for box, _ in texts])):
        apart = whole and text and whole[-1].isascii() and text[0].isascii()
        whole += f"{' ' if apart else ''}{text}"
    return whole
