"""A row's copy as the fonts can set it."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import pyarrow as pa

from layoutgen.core import fingerprint
from layoutgen.core.covers.protection import ZONE_NAMES
from layoutgen.core.demands import NOTHING, Demands, read
from layoutgen.core.layout import Copy, Role
from layoutgen.core.proposals.demanding import DEMANDED_OUT, demanded_of
from layoutgen.core.proposals.stacking import is_price
from layoutgen.core.reading.text_roles import is_call
from layoutgen.core.text.offers import offered
from layoutgen.core.text.settable import Settable
from layoutgen.core.text.typography import Faces

READ = ("application", "title", "selling_points", "brand", "logo", "language")
"""The columns that are read of a row, besides those of offers."""


def columns(table: pa.Table, more: Sequence[str] = ()) -> dict[str, list[Any]]:
    """The values of the columns that are read of a table's rows, and of `more`; of an offer those that are there."""
    offers = [name for name in (*fingerprint.OFFER, "constraints") if name in table.column_names and name not in more]
    return {name: table.column(name).to_pylist() for name in (*READ, *offers, *more)}


class SettableCopy:
    """Reads rows' copy. `faces` tell which font will set a text; of some applications' rows, `first` are the kinds of
    selling points that go before all others."""

    def __init__(self, faces: Faces, first: Mapping[str, Sequence[Role]] | None = None) -> None:
        self._faces, self._first = faces, first or {}

    def of(self, row: Mapping[str, Any]) -> tuple[Copy, list[str], tuple[str, str] | None]:
        """The copy as the fonts can set it, without what the row wants to be absent; what was changed, and why it can't
        be set, or lacks what the row wants to be present (None where neither is so)."""
        settable = Settable(self._faces.speaking(row["language"]))
        title, _ = settable.title(row["title"])
        points = [text for point in row["selling_points"] or () if (text := settable.text(Role.SELLING_POINT, point))]
        offers = {role: text for role, given in offered(row).items() if (text := settable.text(role, given))}
        brand = settable.text(Role.LOGO, row["brand"])
        first = self._first.get(row["application"], ())
        points.sort(key=lambda point: first.index(kind) if (kind := kind_of_point(point)) in first else len(first))
        own = tuple(point for point in dict.fromkeys(points) if point not in offers.values())
        spelled = {role.value: text for role, text in offers.items()}
        copy = Copy(title, own, brand or None, row["logo"], row["language"], **spelled)
        demands = demands_of(row)
        if demands == NOTHING or settable.fault:
            return copy, settable.notes, settable.fault
        left, fault = demanded_of(demands, copy)
        gone = [text for text in copy.folded.selling_points if text not in left.folded.selling_points]
        return left, [*settable.notes, *(f"{DEMANDED_OUT}{text}" for text in gone)], fault

    def captions(self, row: Mapping[str, Any], notes: list[str]) -> dict[str, str]:
        """What stands below a row's images, by their URIs; none where the fonts can't set it. What was changed is added
        to `notes`."""
        settable = Settable(self._faces.speaking(row["language"]))
        pairs = zip(row["images"] or (), row.get("captions") or (), strict=False)
        texts = {uri: settable.text(Role.OTHER, text) for uri, text in pairs if text}
        notes += [f"captions are left out: {settable.fault[1]}"] if settable.fault else settable.notes
        return {} if settable.fault else texts


def demands_of(row: Mapping[str, Any]) -> Demands:
    """What a row demands of its layout."""
    return read(row.get("constraints"), ZONE_NAMES)


def left_out(copy: Copy, texts: Iterable[str]) -> list[str]:
    """Notes of what a layout of these texts does not say of a copy."""
    shown = set(texts)
    return [f"left out for want of room: {point}" for point in copy.folded.selling_points if point not in shown]


def kind_of_point(point: str) -> Role:
    """What a selling point is by its words."""
    return Role.PRICE if is_price(point) else Role.CALL_TO_ACTION if is_call(point) else Role.SELLING_POINT
