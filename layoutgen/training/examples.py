"""What was designed, as examples to learn from: annotated posters, accepted layouts, and what designers decided on ours.

Pure: rows in, as plain mappings, examples and drops out. What can't be learnt from is a `Drop` with its reason, never a
row that vanishes; `selection` takes out what stands twice and splits the rest. Pixels are nobody's concern here.
"""

import math
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from layoutgen.core.feedback import Feedback
from layoutgen.core.layout import Box, Canvas, Copy, Framing, Role, Suggestion, union
from layoutgen.core.prompts import said, slots, write_layout

REASONS = {
    "row_failed": "the row's status is not ok",
    "image_missing": "the row names no image or no size",
    "no_text": "nothing on the poster was placed by a designer",
    "no_title": "there is no title, neither as such nor as the largest text",
    "unknown_role": "an element has a role that nobody knows",
    "box_broken": "a box is not four finite numbers",
    "box_inverted": "a box ends before it begins",
    "box_outside": "a box leaves the canvas or the image",
    "not_in_copy": "an element's text is not in the row's copy",
    "unsayable": "the layout cannot be said as an answer to its copy",
    "undecided": "nobody has accepted the layout",
    "not_accepted": "the acceptance check refused the layout",
    "edited": "a designer edited the layout: the edit is learnt instead",
    "rejected": "a designer rejected the layout",
    "contradicted": "designers disagree about the layout",
    "changed": "the same designer decided otherwise later",
    "unknown_row": "the feedback is about a layout that no table has",
    "duplicate": "another example has the same image, copy and layout",
    "image_gone": "the image is no longer where the row says",
}
"""Why a row is not learnt from."""

_SLACK = 0.005  # a box may reach so far out and is cut
_JOIN_GAP, _JOIN_SIZE, _JOIN_SHARED = 0.9, 1.4, 0.3


@dataclass(frozen=True)
class Example:
    """A layout that somebody stands for. `erased` are boxes of the image (ltrb, normalised to it) whose text is taken
    out before the picture is shown; `printed` tells whether letters stay in the picture; `rejected` is our layout that
    an edit replaced; `annotator` is who decided."""

    row_id: str
    product_id: str
    source: str  # annotation, layout, adopt or edit
    image: str
    image_sha256: str
    framing: Framing
    canvas: Canvas
    copy: Copy
    target: tuple[Suggestion, ...]
    logo_aspect: float | None = None
    erased: tuple[Box, ...] = ()
    printed: bool = False
    language: str = ""
    category: str = ""
    rejected: tuple[Suggestion, ...] | None = None
    annotator: str = ""


@dataclass(frozen=True)
class Drop:
    """A row that is not learnt from: one of `REASONS`, and what was found, where, and the mend."""

    reason: str
    source: str
    row_id: str
    message: str


class _Unfit(Exception):  # noqa: N818 a fault of the datum
    """Why a row is no example: a reason and a message."""


def from_annotations(rows: Iterable[Mapping[str, Any]]) -> Iterator[Example | Drop]:
    """Posters: the picture is the poster with its text erased, the layout is where the text was."""
    for row in rows:
        yield _tried("annotation", row, _annotated)


def from_layouts(
    rows: Iterable[Mapping[str, Any]], feedback: Sequence[Feedback] = (), *, take_undecided: bool = False
) -> Iterator[Example | Drop]:
    """Layouts that were accepted: adopted or edited by a designer, or passed by the acceptance check (`accepted`).

    Of an edit the edited elements are learnt, ours are `rejected`. Rows about which nobody said anything are dropped as
    `undecided` unless `take_undecided`. Of several decisions of one annotator on a row the last counts; where annotators
    disagree whether a layout is to be used as it is, edited or not at all, none counts.
    """
    known: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        known[str(row.get("row_id")), str(row.get("run_id"))] = row
    decided, drops = _settled(feedback, known)
    yield from drops
    for key, row in known.items():
        row_id, said_of_it = key[0], decided.get(key, [])
        words = {one.decision for one in said_of_it}
        who = ", ".join(sorted({one.annotator for one in said_of_it}))
        if len(words) > 1:
            told = ", ".join(sorted(f"{one.annotator}: {one.decision}" for one in said_of_it))
            yield Drop("contradicted", "feedback", row_id, f"{row_id}: {told}; settle it and export again")
        elif words == {"reject"}:
            note = next((one.note for one in said_of_it if one.note), "no note")
            yield Drop("rejected", "feedback", row_id, f"{row_id} was rejected by {who}: {note}")
        elif words == {"edit"}:
            yield Drop("edited", "layout", row_id, f"{row_id} was edited by {who}; the edit is learnt")
            for one in said_of_it:
                yield _tried("edit", row, lambda row, one=one: _edited(row, one))  # type: ignore[misc]
        elif words == {"adopt"}:
            yield _tried("adopt", row, lambda row, who=who: replace(_laid_out(row, "adopt"), annotator=who))  # type: ignore[misc]
        elif row.get("accepted") is False:
            yield Drop("not_accepted", "layout", row_id, f"{row_id}: {', '.join(row.get('reasons') or ())}")
        elif row.get("accepted") or take_undecided:
            yield _tried("layout", row, lambda row: _laid_out(row, "layout"))
        else:
            yield Drop("undecided", "layout", row_id, f"nobody accepted {row_id}; adopt it in the gallery")


def _tried(source: str, row: Mapping[str, Any], make: Any) -> Example | Drop:
    row_id = str(row.get("row_id") or row.get("product_id") or "")
    try:
        if row.get("status") not in (None, "ok"):
            raise _Unfit("row_failed", f"{row_id} has the status {row['status']!r}; run it again")
        made: Example = make(row)
        return made
    except _Unfit as fault:
        return Drop(fault.args[0], source, row_id, fault.args[1])


def _settled(
    feedback: Sequence[Feedback], known: Mapping[tuple[str, str], object]
) -> tuple[dict[tuple[str, str], list[Feedback]], list[Drop]]:
    """Each annotator's last word on each known layout, and the words that do not count."""
    last: dict[tuple[str, str, str], Feedback] = {}
    drops = []
    for one in sorted(feedback, key=lambda one: one.time):
        if (one.row_id, one.run_id) not in known:
            message = f"no layout has row_id {one.row_id!r} and run_id {one.run_id!r}; give the table it was made from"
            drops.append(Drop("unknown_row", "feedback", one.row_id, message))
            continue
        key = (one.row_id, one.run_id, one.annotator)
        if key in last:
            message = f"{one.annotator} said {last[key].decision}, and later {one.decision}, of {one.row_id}"
            drops.append(Drop("changed", "feedback", one.row_id, message))
        last[key] = one
    decided: dict[tuple[str, str], list[Feedback]] = {}
    for (row_id, run_id, _), one in last.items():
        decided.setdefault((row_id, run_id), []).append(one)
    return decided, drops


def _laid_out(row: Mapping[str, Any], source: str) -> Example:
    return _example(row, source, _suggestions(row.get("elements") or (), str(row["row_id"])), None)


def _edited(row: Mapping[str, Any], edit: Feedback) -> Example:
    row_id = str(row["row_id"])
    ours = _suggestions(row.get("elements") or (), row_id)
    chosen = tuple(
        Suggestion(one.role, _box(one.box, f"{row_id} as edited by {edit.annotator}"), one.text)
        for one in edit.elements or ()
    )
    return replace(_example(row, "edit", chosen, ours), annotator=edit.annotator)


def _example(
    row: Mapping[str, Any], source: str, target: tuple[Suggestion, ...], ours: tuple[Suggestion, ...] | None
) -> Example:
    """An example of a layout row. The copy is what the layout says of the row's copy: what was left out, by us or by
    a designer, was nothing to place."""
    row_id = str(row["row_id"])
    image, canvas = _image(row), _canvas(row, "canvas_width", "canvas_height")
    whole = Copy(
        row.get("title") or "",
        tuple(row.get("selling_points") or ()),
        row.get("brand"),
        row.get("logo"),
        row.get("language"),
    )
    copy = _placed_copy(whole, target, row_id)
    fits = None if ours is None else _restricted(ours, copy)
    _sayable(target, copy, row_id)
    if fits is not None:
        _sayable(fits, copy, f"{row_id} before the edit")
    framing = Framing(
        _box(row.get("crop") or (0, 0, 1, 1), f"{row_id}: crop"),
        _box(row.get("picture") or (0, 0, 1, 1), f"{row_id}: picture"),
        row.get("backdrop") or "#ffffff",
    )
    return Example(
        row_id,
        str(row.get("product_id") or row_id),
        source,
        image,
        row.get("image_sha256") or "",
        framing,
        canvas,
        copy,
        target,
        logo_aspect=_logo_aspect(target, canvas) if copy.logo else None,
        printed=bool(row.get("text_lines")),
        language=row.get("language") or "",
        category=row.get("category") or "",
        rejected=fits,
    )


def _annotated(row: Mapping[str, Any]) -> Example:
    row_id = str(row.get("row_id") or row.get("product_id"))
    image, canvas = _image(row), _canvas(row, "image_width", "image_height")
    lines = [line for line in row.get("text_lines") or () if line.get("placed") and said(line.get("text") or "")]
    if not lines:
        raise _Unfit("no_text", f"{row_id} has no placed text; annotate a poster")
    found = [(_suggestion(line, row_id), str(line.get("language") or "")) for line in lines]
    target = _one_title(_joined(found))
    title = next((one for one in target if one.role is Role.TITLE), None)
    if title is None:
        raise _Unfit("no_title", f"{row_id} has no title among {len(lines)} lines; name one")
    brand = next((one.text for one in target if one.role is Role.LOGO), None)
    points = tuple(one.text for one in target if one.role not in (Role.TITLE, Role.LOGO))
    spoken = next((language for one, language in found if one.role is Role.TITLE), "")
    copy = Copy(title.text, points, brand, None, spoken or None)
    _sayable(target, copy, row_id)
    return Example(
        row_id,
        str(row.get("product_id") or row_id),
        "annotation",
        image,
        row.get("image_sha256") or "",
        Framing(),
        canvas,
        copy,
        target,
        erased=tuple(one.box for one, _ in found),
        printed=any(not line.get("placed") for line in row.get("text_lines") or ()),
        language=spoken,
        category=row.get("category") or "",
    )


def _joined(found: Sequence[tuple[Suggestion, str]]) -> list[Suggestion]:
    """Titles and subtitles that were read line by line, put together: lines of one role and size, one below the
    other."""
    made: list[tuple[Suggestion, float]] = []  # with the height of its last line
    for one, language in found:
        height = one.box[3] - one.box[1]
        before, last = made[-1] if made else (None, 0.0)
        if before and before.role is one.role and one.role in (Role.TITLE, Role.SUBTITLE):
            shared = min(before.box[2], one.box[2]) - max(before.box[0], one.box[0])
            narrow = min(before.box[2] - before.box[0], one.box[2] - one.box[0])
            near = -0.5 * height < one.box[1] - before.box[3] < _JOIN_GAP * height
            if near and shared > _JOIN_SHARED * narrow and max(last, height) < _JOIN_SIZE * min(last, height):
                around = union([before.box, one.box])
                assert around is not None
                text = f"{before.text}{' ' if language == 'en' else ''}{one.text}"
                made[-1] = (Suggestion(one.role, around, text), height)
                continue
        made.append((one, height))
    return [one for one, _ in made]


def _one_title(found: Sequence[Suggestion]) -> tuple[Suggestion, ...]:
    """A copy has one title and one brand: further titles are subtitles, further logos other texts."""
    titles = [one for one in found if one.role is Role.TITLE]
    chosen = max(titles, key=lambda one: one.box[3] - one.box[1], default=None)
    brand = next((one for one in found if one.role is Role.LOGO), None)
    made = []
    for one in found:
        if one.role is Role.TITLE and one is not chosen:
            made.append(replace(one, role=Role.SUBTITLE))
        elif one.role is Role.LOGO and one is not brand:
            made.append(replace(one, role=Role.OTHER))
        else:
            made.append(one)
    return tuple(made)


def _image(row: Mapping[str, Any]) -> str:
    image = row.get("image")
    if not isinstance(image, str) or not image:
        raise _Unfit("image_missing", f"{row.get('row_id')} has the image {image!r}; give its URI")
    return image


def _canvas(row: Mapping[str, Any], width: str, height: str) -> Canvas:
    size = (row.get(width), row.get(height))
    if not all(isinstance(side, int) and side > 0 for side in size):
        raise _Unfit("image_missing", f"{row.get('row_id')} has {width}, {height} of {size}; give them in px")
    return Canvas(*size)  # type: ignore[arg-type]


def _suggestions(elements: Iterable[Mapping[str, Any]], row_id: str) -> tuple[Suggestion, ...]:
    return tuple(_suggestion(element, row_id) for element in elements)


def _suggestion(element: Mapping[str, Any], row_id: str) -> Suggestion:
    name = element.get("role")
    if name not in set(Role):
        raise _Unfit("unknown_role", f"{row_id} has the role {name!r}; known: {', '.join(Role)}")
    text = element.get("text") or ""
    return Suggestion(Role(name), _box(element.get("box"), f"{row_id}: {name} {text!r}"), text)


def _box(box: Any, place: str) -> Box:
    if not isinstance(box, Sequence) or len(box) != 4 or not all(_finite(side) for side in box):
        raise _Unfit("box_broken", f"{place} has the box {box!r}; give left, top, right, bottom")
    x1, y1, x2, y2 = (float(side) for side in box)
    if x2 <= x1 or y2 <= y1:
        raise _Unfit("box_inverted", f"{place} has the box {list(box)}; give left < right and top < bottom")
    if min(x1, y1) < -_SLACK or max(x2, y2) > 1 + _SLACK:
        raise _Unfit("box_outside", f"{place} has the box {list(box)}; give shares in [0, 1]")
    cut = (max(x1, 0.0), max(y1, 0.0), min(x2, 1.0), min(y2, 1.0))
    if cut[2] <= cut[0] or cut[3] <= cut[1]:
        raise _Unfit("box_outside", f"{place} has the box {list(box)}; give shares in [0, 1]")
    return cut


def _finite(side: Any) -> bool:
    return isinstance(side, int | float) and not isinstance(side, bool) and math.isfinite(side)


def _placed_copy(copy: Copy, target: Sequence[Suggestion], row_id: str) -> Copy:
    """The part of a copy that a layout places."""
    left = [_nfc(one.text) for one in target if one.role is not Role.UNDERLAY]
    wanted = {_nfc(slot.text) for slot in slots(copy)}
    for text in left:
        if text not in wanted:
            raise _Unfit("not_in_copy", f"{row_id} places {text!r}, which its copy does not have; mend the copy")

    def take(text: str) -> bool:
        if _nfc(text) in left:
            left.remove(_nfc(text))
            return True
        return False

    if not take(copy.title):
        raise _Unfit("no_title", f"{row_id} does not place its title {copy.title!r}")
    points = tuple(point for point in copy.selling_points if said(point) and take(point))
    if copy.logo:
        has_logo = take("")
        return replace(copy, selling_points=points, logo=copy.logo if has_logo else None,
                       brand=copy.brand if has_logo else None)  # fmt: skip
    return replace(copy, selling_points=points, brand=copy.brand if copy.brand and take(copy.brand) else None)


def _restricted(suggestions: Sequence[Suggestion], copy: Copy) -> tuple[Suggestion, ...]:
    """What a layout has of a copy, and underlays."""
    left = [_nfc(slot.text) for slot in slots(copy)]
    kept = []
    for one in suggestions:
        if one.role is Role.UNDERLAY:
            kept.append(one)
        elif _nfc(one.text) in left:
            left.remove(_nfc(one.text))
            kept.append(one)
    return tuple(kept)


def _sayable(target: Sequence[Suggestion], copy: Copy, place: str) -> None:
    try:
        write_layout(target, copy)
    except ValueError as error:
        raise _Unfit("unsayable", f"{place}: {error}") from None


def _logo_aspect(target: Sequence[Suggestion], canvas: Canvas) -> float | None:
    box = next((one.box for one in target if one.role is Role.LOGO), None)
    return None if box is None else (box[2] - box[0]) * canvas.width / ((box[3] - box[1]) * canvas.height)


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)
