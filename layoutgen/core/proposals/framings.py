"""Framings worth trying for a photo, judged by its subject's mask: crops, panels and cards that keep the subject whole.

A framing cuts its subject by the share of the mask that the crop leaves out. Where the photo itself cuts the subject,
the canvas's edge cuts it at the same side: such a subject may not end in the middle of a canvas that carries on with
the photo's ground.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from layoutgen.core.framing import contain, cover
from layoutgen.core.layout import Box, Canvas, Framing, area
from layoutgen.core.summed_area import box_sum, summed

MOST_CUT = 0.03
"""Share of the subject that a framing may cut off where any keeps it whole."""
_MOST_CARRIED, _FAR_BEYOND = 0.84, 2.0
_WISHED_CUT = 0.008  # masks are soft, and another finder's reaches a little further
_SURE, _TAIL, _PAD, _AT_EDGE = 0.15, 0.003, 0.025, 0.012
_LEAST_PICTURE = 0.16
_ZOOMS = (1.0, 0.84, 0.7)
_SHARES = (0.42, 0.5, 0.58, 0.66, 0.74)
_WIDENINGS = (1.0, 1.15, 1.3, 1.5, 1.75, 2.05, 2.4)
_LEAST_BEYOND, _LEAST_PHOTO = 0.015, 0.28  # shares of a canvas that a photo which is carried on leaves, and has


@dataclass(frozen=True, eq=False)
class Subject:
    """Where a photo's subject is: `table` is the summed-area table of its mask, `box` (ltrb, normalised to the photo)
    holds all but a soft edge of it, `cut` says at which sides, left, top, right and bottom, the photo cuts it."""

    table: np.ndarray
    box: Box
    cut: tuple[bool, bool, bool, bool]

    def lost(self, crop: Box) -> float:
        """Share of the subject that a crop leaves out, [0, 1]."""
        rows, columns = self.table.shape[0] - 1, self.table.shape[1] - 1
        left, right = (min(max(round(side * columns), 0), columns) for side in (crop[0], crop[2]))
        top, bottom = (min(max(round(side * rows), 0), rows) for side in (crop[1], crop[3]))
        total = float(self.table[-1, -1])
        return 1 - float(box_sum(self.table, left, top, right, bottom)) / total if total else 0.0


@dataclass(frozen=True)
class Candidate:
    """A framing to try: its `ground` is the kind, colours are the style's to choose. `cut` is the share of the subject
    that it loses, `side` the side of the canvas that it leaves to text, "" for none. `carried` is what is seen of the
    photo being carried on beyond its edges: shares of the canvas times what each edge costs; `cost` is what is held
    against it besides; of a collage, `captions` are the places below its photos, () where there are none."""

    framing: Framing
    cut: float
    side: str = ""
    carried: float = 0.0
    cost: float = 0.0
    captions: tuple[Box, ...] = ()


@dataclass(frozen=True)
class Beyond:
    """How a photo may be carried on: what that costs at the left, top, right and bottom edge, 1 where it looks wrong at
    once; `focus` is the box (ltrb, normalised) that holds all that may not be repeated."""

    costs: tuple[float, float, float, float]
    focus: Box

    def reach(self, edge: int) -> float:
        """How far beyond an edge the photo may go on, in its own extents."""
        cost = self.costs[edge]
        return 0.0 if cost > _MOST_CARRIED else _FAR_BEYOND * (1 - 0.6 * cost)


def subject_of(mask: np.ndarray) -> Subject:
    """The subject of a map (h, w) in [0, 1]; the middle of the photo where it holds nothing."""
    sure = (mask > _SURE).astype(np.float32)
    height, width = mask.shape
    if not sure.any():
        sure[height // 5 : height - height // 5, width // 5 : width - width // 5] = 1
    left, top, right, bottom = box_of(sure)
    box = (max(0.0, left - _PAD), max(0.0, top - _PAD), min(1.0, right + _PAD), min(1.0, bottom + _PAD))
    cut = (left < _AT_EDGE, top < _AT_EDGE, right > 1 - _AT_EDGE, bottom > 1 - _AT_EDGE)
    return Subject(summed(sure, np.float64), box, cut)


def box_of(mask: np.ndarray) -> Box:
    """The box (ltrb, normalised) of a mask (h, w) but for thin tails; the whole of one that holds nothing."""
    if not mask.any():
        return (0.0, 0.0, 1.0, 1.0)
    left, right = _extent(mask.sum(0))
    top, bottom = _extent(mask.sum(1))
    return (left, top, right, bottom)


def _extent(mass: np.ndarray) -> tuple[float, float]:
    """Between which shares of an axis all but a thin tail at each end of a mass lies."""
    share = np.cumsum(mass) / mass.sum()
    first = int(np.searchsorted(share, _TAIL, side="right"))
    last = int(np.searchsorted(share, 1 - _TAIL, side="left"))
    return first / len(mass), (last + 1) / len(mass)


def candidates(
    photo_aspect: float,
    subject: Subject,
    canvas: Canvas,
    *,
    grounds: frozenset[str],
    is_flat: bool,
    is_packshot: bool,
    margin: float,
    beyond: Beyond | None = None,
) -> list[Candidate]:
    """List the framings worth trying of the kinds in `grounds`; those that cut less than `MOST_CUT` where there are
    any, else those that cut least. `is_flat`: the photo's ground is one colour, `is_packshot`: it can be taken away,
    `margin` is the free edge as a share of the canvas's short side, `beyond` says how the photo may be carried on."""
    if "as_is" in grounds:
        return [Candidate(Framing(ground="as_is"), 0.0)]
    short = min(canvas.width, canvas.height)
    edge = margin * short / canvas.width, margin * short / canvas.height
    listed: list[Candidate] = []
    if is_packshot and "cut_out" in grounds:
        listed += _standing(photo_aspect, subject, canvas, edge, "cut_out")
    elif beyond and "outpaint" in grounds:
        listed += _carried_on(photo_aspect, subject, canvas, beyond)
    if is_flat and not listed and "extend" in grounds:
        listed += _standing(photo_aspect, subject, canvas, edge, "extend")
    for ground in sorted(grounds & {"bleed", "band"}):
        listed += _windows(photo_aspect, subject, canvas, (0.0, 0.0, 1.0, 1.0), ground, zooms=_ZOOMS)
    if "frame" in grounds:
        inner = (edge[0], edge[1], 1 - edge[0], 1 - edge[1])
        listed += _windows(photo_aspect, subject, canvas, inner, "frame", zooms=_ZOOMS[:2])
    if grounds & {"panel", "split"}:
        listed += _beside(photo_aspect, subject, canvas, (0.0, 0.0), grounds & {"panel", "split"})
    if "card" in grounds:
        listed += _beside(photo_aspect, subject, canvas, edge, frozenset({"card"}))
    if grounds & {"panel", "card"} or all(each.cut > MOST_CUT for each in listed):
        contained = [*_contained(photo_aspect, subject, canvas, edge, "card" if "card" in grounds else "panel")]
        large = [each for each in contained if area(each.framing.picture) > _LEAST_PICTURE]
        listed += large or contained
    least = min(each.cut for each in listed)
    return [each for each in listed if each.cut <= max(MOST_CUT, least + 0.01)]


def _windows(
    photo_aspect: float,
    subject: Subject,
    canvas: Canvas,
    picture: Box,
    ground: str,
    *,
    zooms: tuple[float, ...],
    side: str = "",
) -> list[Candidate]:
    """Crops of a picture's shape that hold the subject where they can: of several sizes, and with the subject in the
    middle or at either side."""
    aspect = (picture[2] - picture[0]) * canvas.width / ((picture[3] - picture[1]) * canvas.height)
    full = cover(aspect, photo_aspect, (0.5, 0.5))
    listed: list[Candidate] = []
    for zoom in zooms:
        width, height = zoom * (full[2] - full[0]), zoom * (full[3] - full[1])
        for left in _starts(width, subject.box[0], subject.box[2]):
            for top in _starts(height, subject.box[1], subject.box[3]):
                crop = (left, top, min(1.0, left + width), min(1.0, top + height))
                cut = subject.lost(crop)
                listed.append(Candidate(Framing(crop, picture, ground=ground), _charged(cut), side))
        if zoom == 1.0 and all(each.cut > MOST_CUT for each in listed):
            break  # a smaller crop cuts more
    return listed


def _carried_on(photo_aspect: float, subject: Subject, canvas: Canvas, beyond: Beyond) -> Iterator[Candidate]:
    """Windows that go beyond the photo where it may be carried on, with the subject in the middle or at either side of
    them. Where the photo cuts the subject, the canvas's edge does."""
    full = cover(canvas.width / canvas.height, photo_aspect, (0.5, 0.5))
    reach = [0.0 if subject.cut[edge] else beyond.reach(edge) for edge in range(4)]
    for widening in _WIDENINGS:
        width, height = widening * (full[2] - full[0]), widening * (full[3] - full[1])
        across = _starts_between(width, subject.box[0], subject.box[2], -reach[0], 1 + reach[2])
        down = _starts_between(height, subject.box[1], subject.box[3], -reach[1], 1 + reach[3])
        for left in across:
            for top in down:
                crop = (left, top, left + width, top + height)
                shown = (min(crop[2], 1.0) - max(crop[0], 0.0)) * (min(crop[3], 1.0) - max(crop[1], 0.0))
                if not _LEAST_PHOTO <= shown / (width * height) <= 1 - _LEAST_BEYOND:
                    continue
                sides = (-crop[0] / width, -crop[1] / height, (crop[2] - 1) / width, (crop[3] - 1) / height)
                carried = sum(max(0.0, side) * cost for side, cost in zip(sides, beyond.costs, strict=True) if side > 0)
                framing = Framing(crop, ground="outpaint", blend="outpaint", focus=beyond.focus)
                yield Candidate(framing, _charged(subject.lost(crop)), carried=carried)


def _starts_between(size: float, low: float, high: float, least: float, most: float) -> list[float]:
    """Where a window of a size that lies between `least` and `most` may start so that it holds what lies from `low` to
    `high`: as early, as central and as late as it can; nowhere where it can't hold that."""
    first, last = max(least, high - size), min(low, most - size)
    if first > last + 1e-9:
        return []
    middle = min(max((low + high - size) / 2, first), last)
    return [middle, *(start for start in (first, last) if abs(start - middle) > 0.04 * size)]


def _charged(cut: float) -> float:
    """What a cut counts as: what a soft edge loses is nothing."""
    return 0.0 if cut <= _WISHED_CUT else cut


def _starts(size: float, low: float, high: float) -> list[float]:
    """Where a window of a size may start so that it holds what lies from `low` to `high`: as early, as central and as
    late as it can; where it can't hold all, in its middle."""
    first, last = max(0.0, high - size), min(low, 1 - size)
    if first > last:
        return [min(max((low + high - size) / 2, 0.0), 1 - size)]
    middle = min(max((low + high - size) / 2, first), last)
    starts = [middle]
    for start in (first, last):
        if all(abs(start - other) > 0.03 for other in starts):
            starts.append(start)
    return starts


def _beside(
    photo_aspect: float, subject: Subject, canvas: Canvas, edge: tuple[float, float], grounds: frozenset[str]
) -> Iterator[Candidate]:
    """The photo on one side of the canvas, as large as several shares, or as its subject's shape needs it."""
    x, y = edge
    width_px, height_px = (1 - 2 * x) * canvas.width, (1 - 2 * y) * canvas.height
    subject_width, subject_height = subject.box[2] - subject.box[0], subject.box[3] - subject.box[1]
    narrowest, widest = photo_aspect * subject_width, photo_aspect / subject_height  # shapes that hold the subject
    across = {min(0.78, max(0.3, share)) for share in (*_SHARES, *_fitting(narrowest, widest, height_px / width_px))}
    down = {
        min(0.8, max(0.3, share)) for share in (*_SHARES, *_fitting(1 / widest, 1 / narrowest, width_px / height_px))
    }
    for shares, sides in ((across, ("left", "right")), (down, ("top", "bottom"))):
        is_across = sides[0] == "left"
        for share in sorted(shares):
            if (1 - share) * (canvas.width if is_across else canvas.height) < 0.2 * min(canvas.width, canvas.height):
                continue
            if is_across and (1 - share) * canvas.width < 0.36 * canvas.height:
                continue
            ground = next(iter(grounds)) if len(grounds) == 1 else "split" if 0.44 <= share <= 0.56 else "panel"
            if ground == "split" and not 0.44 <= share <= 0.56:
                continue
            for side in sides:
                inner = zone(side, share, edge)
                yield from _windows(photo_aspect, subject, canvas, inner, ground, zooms=(1.0, 0.78), side=side)


def _fitting(narrowest: float, widest: float, unit: float) -> tuple[float, float]:
    """Shares of a side that make a picture as narrow and as wide as it may be."""
    return 1.02 * narrowest * unit, 0.98 * widest * unit


def zone(text_side: str, share: float, edge: tuple[float, float]) -> Box:
    """The part of the canvas on the other side than the text's."""
    x, y = edge
    return {
        "left": (1 - share + x * (share < 1), y, 1 - x, 1 - y),
        "right": (x, y, share - x, 1 - y),
        "top": (x, 1 - share + y, 1 - x, 1 - y),
        "bottom": (x, y, 1 - x, share - y),
    }[text_side]


def _standing(
    photo_aspect: float, subject: Subject, canvas: Canvas, edge: tuple[float, float], ground: str
) -> Iterator[Candidate]:
    """The subject on a ground that carries on with the canvas's, at one side of it; where the photo cuts the subject,
    the canvas's edge does."""
    box = subject.box
    pad = 0.06 * max(box[2] - box[0], box[3] - box[1])
    crop = (max(0.0, box[0] - pad), max(0.0, box[1] - pad), min(1.0, box[2] + pad), min(1.0, box[3] + pad))
    shape = photo_aspect * (crop[2] - crop[0]) / (crop[3] - crop[1])
    x, y = 0.6 * edge[0], 0.6 * edge[1]
    cut = subject.cut
    left, top = 0.0 if cut[0] else x, 0.0 if cut[1] else y
    right, bottom = 1.0 if cut[2] else 1 - x, 1.0 if cut[3] else 1 - y
    for share in (0.44, 0.54, 0.62, 0.7):
        for text_side, zone in (
            ("top", (left, 1 - share, right, bottom)),
            ("bottom", (left, top, right, share)),
            ("left", (1 - share, top, right, bottom)),
            ("right", (left, top, share, bottom)),
        ):
            picture = _flush(contain(shape, zone, canvas), cut)
            flush = (picture[0] < 1e-6, picture[1] < 1e-6, picture[2] > 1 - 1e-6, picture[3] > 1 - 1e-6)
            if all(is_flush or not is_cut for is_flush, is_cut in zip(flush, cut, strict=True)) and area(picture) > 0.1:
                blend = "cut_out" if ground == "cut_out" else "normal"
                framing = Framing(crop, picture, ground=ground, blend=blend)
                yield Candidate(framing, _charged(subject.lost(crop)), text_side)


def _flush(picture: Box, cut: tuple[bool, bool, bool, bool]) -> Box:
    """Move a picture to the canvas's edges where the subject is cut."""
    across = -picture[0] if cut[0] else 1 - picture[2] if cut[2] else 0.0
    down = -picture[1] if cut[1] else 1 - picture[3] if cut[3] else 0.0
    return (picture[0] + across, picture[1] + down, picture[2] + across, picture[3] + down)


def _contained(
    photo_aspect: float, subject: Subject, canvas: Canvas, edge: tuple[float, float], ground: str
) -> Iterator[Candidate]:
    """The subject whole, whatever its shape: on a card, or in the canvas's corner beside and below the text."""
    box = subject.box
    x, y = edge if ground == "card" else (0.0, 0.0)
    for crop in {box, (0.0, 0.0, 1.0, 1.0)}:
        shape = photo_aspect * (crop[2] - crop[0]) / (crop[3] - crop[1])
        for share in (0.5, 0.58, 0.66):
            for text_side, zone in (
                ("bottom", (x, y, 1 - x, share)),
                ("top", (x, 1 - share, 1 - x, 1 - y)),
                ("right", (x, y, share, 1 - y)),
                ("left", (1 - share, y, 1 - x, 1 - y)),
            ):
                picture = contain(shape, zone, canvas)
                across = zone[2] - picture[2]
                if ground == "panel" and text_side in ("top", "bottom"):
                    picture = (picture[0] + across, picture[1], picture[2] + across, picture[3])
                framing = Framing(crop, picture, ground=ground)
                yield Candidate(framing, _charged(subject.lost(crop)), text_side)
