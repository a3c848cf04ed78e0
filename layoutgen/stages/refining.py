"""Rows with what people want changed in them (`core.refining`), measured again as the place stage does."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from layoutgen.config.stages import PlaceSettings
from layoutgen.core import rows
from layoutgen.core.layout import Canvas, Element
from layoutgen.core.metrics import table_rows
from layoutgen.core.placing.placement import covered
from layoutgen.core.refining.applying import apply
from layoutgen.core.refining.changes import Change, described
from layoutgen.core.refining.keeping import FREE, Keeping
from layoutgen.core.refining.orders import Order, merged, read, write
from layoutgen.core.refining.page import Page
from layoutgen.core.refining.reading import least_contrast
from layoutgen.stages.drawable import RowFault, fault_of
from layoutgen.stages.edited_rows import edited_elements, face_of
from layoutgen.stages.further import Photos
from layoutgen.stages.judging import Judging

REFINED = "refined"
"""How the notes begin that tell what became of a change."""
_SIDE = 512  # px of the longer side at which contrast and subjects are looked at


@dataclass(frozen=True)
class Limits:
    """The free edge and the smallest font as shares of the short side, the least contrast, and the fonts' files. Of
    covers the smallest font is a share of the width: `of_width`."""

    margin: float
    min_font: float
    min_contrast: float
    font_files: tuple[str, ...] = ()
    of_width: bool = False


class KeepsOf(Protocol):
    """Says what rows keep."""

    def of(self, row: Mapping[str, Any], photos: Photos) -> Keeping:
        """What a row keeps."""
        ...


class Measuring(Protocol):
    """Measures changed rows as their place stage does."""

    def measured(self, row: Mapping[str, Any], photos: Photos) -> dict[str, Any]:
        """Columns of a row with its elements as they are now."""
        ...


class Judged:
    """Measures layouts by the judge."""

    def __init__(self, judging: Judging) -> None:
        self._judging = judging

    def measured(self, row: Mapping[str, Any], photos: Photos) -> dict[str, Any]:
        """What is held against a row."""
        verdict, _ = self._judging.verdict(row, photos)
        return {"objections": verdict.objections, "objected_to": verdict.reasons}


def of_layouts(place: PlaceSettings, font_files: tuple[str, ...], keeping: KeepsOf) -> "Refining":
    """What changes layouts and posters, by the settings of the place stage; `font_files` are on this machine."""
    limits = Limits(place.margin, place.min_font, place.min_contrast, font_files)
    return Refining(limits, Judged(Judging(place.min_font, place.min_contrast, place.words)), keeping)


def page_of(canvas: Canvas, photos: Photos, limits: Limits, keeping: Keeping = FREE) -> Page:
    """What a row is changed on, which keeps `keeping`."""
    ground, subject = photos.on(canvas, _SIDE)
    short = min(canvas.width, canvas.height)
    smallest = math.ceil(limits.min_font * (canvas.width if limits.of_width else short) - 1e-6)
    margin = limits.margin * short
    contrast, files = limits.min_contrast, limits.font_files
    return Page(canvas, margin, smallest, subject, ground, contrast, lambda element: face_of(element, files), keeping)


class Refining:
    """Changes rows within the limits of the place stage, and within what `keeping` says that each keeps; `measuring`
    measures them then."""

    def __init__(self, limits: Limits, measuring: Measuring, keeping: KeepsOf) -> None:
        self._limits, self._measuring, self._keeping = limits, measuring, keeping

    def page(self, row: Mapping[str, Any], photos: Photos) -> Page:
        """What a row is changed on."""
        return page_of(table_rows.canvas(row), photos, self._limits, self._keeping.of(row, photos))

    def refined(
        self, row: Mapping[str, Any], photos: Photos, orders: Sequence[Order], *, again: bool = False
    ) -> dict[str, Any]:
        """A row's columns with orders, in their order; with `again`, of a layout that was made anew since, in which
        nothing of earlier changes is left: what an edit of its own moved goes to the boxes that it had."""
        canvas = table_rows.canvas(row)
        page = self.page(row, photos)
        layout = [rows.read_element(element) for element in row["elements"]]
        style, notes = row.get("style_used"), list(row.get("notes") or ())
        before = [] if again else read(row.get("refinement"))
        has_own = any(order.elements for order in (*before, *orders))
        followed = []
        for order in orders:
            if order.elements and not again:
                try:
                    edited, style = self._exact(row, order, canvas), order.style or style
                    notes.append(f"{REFINED}: kept exactly as edited by {order.by}{_despite(page, layout, edited)}")
                    layout = edited
                    followed.append(order)
                except RowFault as fault:
                    notes.append(f"{REFINED} not: the edit of {order.by} can't be drawn: {fault}")
                continue
            followed.append(order)
            if has_own and not order.elements and order.row_id != row["row_id"]:
                notes.append(
                    f"{REFINED} not: the layout has an edit of its own, which comes before that of {_of(order)}"
                )
            else:
                layout, page, more = _applied(layout, order, page, row["row_id"], again=again)
                notes += more
        drawn, subject = page.ground, page.subject
        out = {
            "elements": [rows.element_row(element) for element in layout],
            "style_used": style,
            "logo": page.keeping.brand.layout.logo if page.keeping.brand else row.get("logo"),
            "contrast": least_contrast(layout, drawn),
            "subject_covered": covered(layout, subject),
            "notes": list(dict.fromkeys(notes)),
            "refinement": write(merged(before, followed)),
        }
        return {**out, **self._measuring.measured({**row, **out}, photos)}

    def _exact(self, row: Mapping[str, Any], order: Order, canvas: Canvas) -> list[Element]:
        """A row's elements as an edit of it has them. Raises RowFault."""
        elements = edited_elements(row, order.elements, order.styled, self._limits.font_files)
        if fault := fault_of(elements, canvas, self._limits.font_files):
            raise RowFault("edit_not_drawable", fault)
        return elements


def _applied(
    layout: list[Element], order: Order, page: Page, row_id: str, *, again: bool
) -> tuple[list[Element], Page, list[str]]:
    """A layout with an order's changes, what it is changed on then, and notes of what of them it has and has not."""
    own, exactly = order.row_id == row_id, again and bool(order.elements)
    done = apply(order.changes, layout, page, same_copy=order.same_copy, exactly=exactly)
    notes = []
    if done.done:
        aside = [f"; {'; '.join(done.aside)}"] if done.aside else []
        despite = _despite(page, layout, done.elements) if exactly else ""
        notes.append(f"{REFINED} as {_of(order, own)}: {_list(done.done)}{''.join(aside)}{despite}")
    if done.undone:
        notes.append(f"{REFINED} not, {_of(order, own)}: {'; '.join(done.undone)}")
    notes += [f"{REFINED} not, not understood of {order.by}: {part}" for part in order.refused if own]
    elements, keeping = list(done.elements), page.keeping
    if not exactly:
        elements, keeping = keeping.finished(layout, elements)
    return elements, replace(page, keeping=keeping), notes


def _despite(page: Page, before: Sequence[Element], after: Sequence[Element]) -> str:
    """What a layout that is kept exactly does not keep of its row, and kept before; "" where there is nothing."""
    was = page.keeping.faults(before, page.canvas)
    faults = [fault for fault in page.keeping.faults(after, page.canvas) if fault not in was]
    return f", though it does not keep {', '.join(faults)}" if faults else ""


def _of(order: Order, own: bool = False) -> str:
    asked = f"{order.by} asked" if order.instruction else f"{order.by} edited"
    if order.instruction and own:
        return f"{asked}, {order.instruction!r}"
    return f"{asked} of {order.row_id}" if order.instruction else f"{order.by} edited {order.row_id}"


def _list(changes: Sequence[Change]) -> str:
    return ", ".join(described(changes))
