"""What was designed, as examples to learn from: annotated posters, accepted layouts, designers' decisions on ours.

Pure: rows in, as plain mappings, examples and drops out. What can't be learnt from is a `Drop` with its reason, never a
row that vanishes; `selection` takes out what stands twice and splits the rest. Pixels are nobody's concern here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from layoutgen.core.feedback import Feedback, blames_layout, name_key
from layoutgen.core.layout import OFFER_ROLES, Box, Canvas, Copy, Framing, Role, Suggestion
from layoutgen.core.metrics import table_rows
from layoutgen.core.prompts.layouts import said
from layoutgen.training.examples.rejections import question, rejections_of, why
from layoutgen.training.examples.rewording import reworded
from layoutgen.training.examples.row_elements import (
    UnfitError,
    box_of,
    canvas_of,
    check_sayable,
    folded,
    image_of,
    is_sayable,
    joined,
    logo_aspect_of,
    one_title,
    placed_copy,
    restricted,
    suggestion_of,
    suggestions_of,
)

REASONS = {
    "row_failed": "the row's status is not ok",
    "image_missing": "the row names no image or no size",
    "cover": "the row is a video cover, which rules lay out",
    "collage": "the layout shows several photos, and composers that learn are shown one",
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
    "overruled": "a final decision on the layout counts instead",
    "unreadable": "the line of feedback can't be read",
    "tie": "a designer prefers neither of two layouts",
    "other_framing": "the two layouts that a designer compared show other parts of the picture",
    "unknown_row": "the feedback is about a layout that no table has",
    "duplicate": "another example has the same image, copy and layout",
    "image_gone": "the image is no longer where the row says",
    "image_broken": "the image can't be decoded",
    "size_differs": "the picture has other proportions than the one that boxes are measured on",
    "not_annotated": "a set's poster has no elements",
    "duplicate_id": "two posters of a set have the same id",
    "count_differs": "a set's poster has more or fewer elements than it says",
    "several_classes": "an element has several classes",
    "not_a_box": "an element is no rectangle",
    "rotated": "an element is turned",
    "text_unknown": "a set does not tell a poster's texts, and they can't be read",
    "erased_badly": "a text can still be read where it was erased",
}
"""Why a row is not learnt from."""


@dataclass(frozen=True)
class Example:
    """A layout that somebody stands for. `erased` are boxes of the image (ltrb, normalised to it) whose text is taken
    out before the picture is shown; `printed` tells whether letters stay in the picture; `rejected` is a layout of ours
    that is worse, by a designer: the one that an edit replaced, or a rejected variant; `annotator` is who decided, and
    `reasons` and `note` are why."""

    row_id: str
    product_id: str
    source: str  # annotation, layout, adopt, edit, preference or poster
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
    reasons: tuple[str, ...] = ()
    note: str = ""


@dataclass(frozen=True)
class Drop:
    """A row that is not learnt from: one of `REASONS`, and what was found, where, and the mend; `given` are the
    designers' own reasons."""

    reason: str
    source: str
    row_id: str
    message: str
    given: tuple[str, ...] = ()


def from_annotations(rows: Iterable[Mapping[str, Any]]) -> Iterator[Example | Drop]:
    """Posters: the picture is the poster with its text erased, the layout is where the text was. An annotation tells
    of text alone: a panel under it stays in the picture and is no underlay of the layout."""
    for row in rows:
        yield tried("annotation", row, _annotated)


def from_layouts(
    rows: Iterable[Mapping[str, Any]], feedback: Sequence[Feedback] = (), *, take_undecided: bool = False
) -> Iterator[Example | Drop]:
    """Layouts that were accepted: adopted or edited by a designer, or passed by the acceptance check (`accepted`).

    Of an edit the edited elements are learnt, ours are `rejected` where they place the same texts and the reasons blame
    the layout. So is a variant that designers rejected for such reasons, beside one of the same picture, framed alike,
    and copy that they adopted. Video covers are
    dropped, whatever was decided: no composer that learns is asked about them. Rows about which nobody said anything
    are dropped as `undecided` unless `take_undecided`. Of several decisions of one annotator on a row the last counts;
    where annotators disagree whether a layout is to be used as it is, edited or not at all, none counts.
    """
    known: dict[tuple[str, str], Mapping[str, Any]] = {}
    for row in rows:
        known[str(row.get("row_id")), str(row.get("run_id"))] = row
    decided, drops = _settled(feedback, known)
    yield from drops
    rejections = rejections_of(known, decided)
    for key, row in known.items():
        row_id, decisions = key[0], decided.get(key, [])
        words = {decision.decision for decision in decisions}
        who = ", ".join(sorted({decision.annotator for decision in decisions}))
        if row.get("application") == "video_cover":
            yield Drop("cover", "layout", row_id, f"{row_id} is a video cover; learn from posters and marketing")
        elif len(words) > 1:
            opinions = ", ".join(sorted(f"{decision.annotator}: {decision.decision}" for decision in decisions))
            yield Drop("contradicted", "feedback", row_id, f"{row_id}: {opinions}; settle it and export again")
        elif words == {"reject"}:
            reasons, note = why(decisions)
            because = "; ".join(filter(None, (", ".join(reasons), note))) or "no reason given"
            yield Drop("rejected", "feedback", row_id, f"{row_id} was rejected by {who}: {because}", reasons)
        elif words == {"edit"}:
            yield Drop("edited", "layout", row_id, f"{row_id} was edited by {who}; the edit is learnt")
            for edit in decisions:
                yield tried("edit", row, lambda row, edit=edit: _edited(row, edit))
        elif words == {"adopt"}:
            worse = rejections.get(question(row), [])
            yield tried("adopt", row, lambda row, of=decisions, worse=worse: _adopted(row, of, worse))
        elif row.get("accepted") is False:
            yield Drop("not_accepted", "layout", row_id, f"{row_id}: {', '.join(row.get('reasons') or ())}")
        elif row.get("accepted") or take_undecided:
            yield tried("layout", row, lambda row: _laid_out(row, "layout"))
        else:
            yield Drop("undecided", "layout", row_id, f"nobody accepted {row_id}; adopt it in the gallery")


def tried(source: str, row: Mapping[str, Any], make: Any) -> Example | Drop:
    """What `make` makes of a row, or why it can't."""
    row_id = str(row.get("row_id") or row.get("product_id") or "")
    try:
        if row.get("status") not in (None, "ok"):
            raise UnfitError("row_failed", f"{row_id} has the status {row['status']!r}; run it again")
        example: Example = make(row)
        return example
    except UnfitError as fault:
        return Drop(fault.reason, source, row_id, fault.message)


def _settled(
    feedback: Sequence[Feedback], known: Mapping[tuple[str, str], object]
) -> tuple[dict[tuple[str, str], list[Feedback]], list[Drop]]:
    """Each annotator's last word on each known layout, and the words that do not count."""
    last: dict[tuple[str, str, str], Feedback] = {}
    drops = []
    for decision in sorted(feedback, key=lambda decision: decision.time):
        if (decision.row_id, decision.run_id) not in known:
            named = f"row_id {decision.row_id!r} and run_id {decision.run_id!r}"
            message = f"no layout has {named}; give the table it was made from"
            drops.append(Drop("unknown_row", "feedback", decision.row_id, message))
            continue
        key = (decision.row_id, decision.run_id, name_key(decision.annotator))
        if key in last:
            message = (
                f"{decision.annotator} said {last[key].decision}, and later {decision.decision}, of {decision.row_id}"
            )
            drops.append(Drop("changed", "feedback", decision.row_id, message))
        last[key] = decision
    decided: dict[tuple[str, str], list[Feedback]] = {}
    for (row_id, run_id, _), decision in last.items():
        decided.setdefault((row_id, run_id), []).append(decision)
    for layout, decisions in decided.items():
        if finals := [decision for decision in decisions if decision.final]:
            final = max(finals, key=lambda decision: decision.time)
            for other in decisions:
                if other is not final:
                    message = f"{other.annotator} said {other.decision} of {layout[0]}, {final.annotator} settled it"
                    drops.append(Drop("overruled", "feedback", layout[0], message))
            decided[layout] = [final]
    return decided, drops


def _adopted(row: Mapping[str, Any], decisions: Sequence[Feedback], worse: Sequence[Mapping[str, Any]]) -> Example:
    """An adopted layout, and beside it the first of the `worse` that says the same copy otherwise."""
    reasons, note = why(decisions)
    who = ", ".join(sorted({decision.annotator for decision in decisions}))
    example = replace(_laid_out(row, "adopt"), annotator=who, reasons=reasons, note=note)
    for other in worse:
        try:
            ours = suggestions_of(other.get("elements") or (), str(other["row_id"]))
            theirs = restricted(ours, example.copy)
        except UnfitError:
            continue  # it is dropped as rejected all the same
        if is_sayable(theirs, example.copy) and theirs != example.target:
            return replace(example, rejected=theirs)
    return example


def _laid_out(row: Mapping[str, Any], source: str) -> Example:
    return example_of(row, source, suggestions_of(row.get("elements") or (), str(row["row_id"])), None)


def _edited(row: Mapping[str, Any], edit: Feedback) -> Example:
    row, row_id = reworded(row, edit), str(row["row_id"])
    ours = suggestions_of(row.get("elements") or (), row_id)
    chosen = tuple(
        Suggestion(element.role, box_of(element.box, f"{row_id} as edited by {edit.annotator}"), element.text)
        for element in edit.elements or ()
    )
    example = example_of(row, "edit", chosen, ours if blames_layout(edit.reasons) else None)
    return replace(example, annotator=edit.annotator, reasons=edit.reasons, note=edit.note)


def _framing(row: Mapping[str, Any], row_id: str) -> Framing:
    """How the photo of a layout row lies: its part and place, and where it goes on beyond its edges."""
    picture = box_of(row.get("picture") or (0, 0, 1, 1), f"{row_id}: picture")
    backdrop = row.get("backdrop") or "#ffffff"
    whole = table_rows.framing(row)
    if whole is not None and whole.tiles:
        raise UnfitError("collage", f"{row_id} shows several photos; learn from layouts of one")
    if whole is not None and whole.blend == "outpaint":
        return Framing(whole.crop, picture, backdrop, blend=whole.blend, focus=whole.focus)
    return Framing(box_of(row.get("crop") or (0, 0, 1, 1), f"{row_id}: crop"), picture, backdrop)


def example_of(
    row: Mapping[str, Any], source: str, target: tuple[Suggestion, ...], ours: tuple[Suggestion, ...] | None
) -> Example:
    """An example of a layout row. The copy is what the layout says of the row's copy: what was left out, by us or by
    a designer, was nothing to place."""
    row_id = str(row["row_id"])
    image, canvas = image_of(row), canvas_of(row, "canvas_width", "canvas_height")
    whole = Copy(
        row.get("title") or "",
        tuple(row.get("selling_points") or ()),
        row.get("brand"),
        row.get("logo"),
        row.get("language"),
        **{role.value: row.get(role.value) for role in OFFER_ROLES},
    ).folded
    target = folded(target)
    copy = placed_copy(whole, target, row_id)
    check_sayable(target, copy, row_id)
    fits = None if ours is None else restricted(ours, copy)
    if fits is not None and not is_sayable(fits, copy):
        fits = None  # it lacks a text that the designer added: no answer to compare the edit with
    return Example(
        row_id,
        str(row.get("product_id") or row_id),
        source,
        image,
        row.get("image_sha256") or "",
        _framing(row, row_id),
        canvas,
        copy,
        target,
        logo_aspect=logo_aspect_of(target, canvas) if copy.logo else None,
        printed=bool(row.get("text_lines")),
        language=row.get("language") or "",
        category=row.get("category") or "",
        rejected=fits,
    )


def _annotated(row: Mapping[str, Any]) -> Example:
    row_id = str(row.get("row_id") or row.get("product_id"))
    image, canvas = image_of(row), canvas_of(row, "image_width", "image_height")
    lines = [line for line in row.get("text_lines") or () if line.get("placed") and said(line.get("text") or "")]
    if not lines:
        raise UnfitError("no_text", f"{row_id} has no placed text; annotate a poster")
    marked = [(suggestion_of(line, row_id), str(line.get("language") or "")) for line in lines]
    target = one_title(joined(marked))
    title = next((element for element in target if element.role is Role.TITLE), None)
    if title is None:
        raise UnfitError("no_title", f"{row_id} has no title among {len(lines)} lines; name one")
    brand = next((element.text for element in target if element.role is Role.LOGO), None)
    points = tuple(element.text for element in target if element.role not in (Role.TITLE, Role.LOGO))
    spoken = next((language for element, language in marked if element.role is Role.TITLE), "")
    copy = Copy(title.text, points, brand, None, spoken or None)
    check_sayable(target, copy, row_id)
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
        erased=tuple(element.box for element, _ in marked),
        printed=any(not line.get("placed") for line in row.get("text_lines") or ()),
        language=spoken,
        category=row.get("category") or "",
    )
