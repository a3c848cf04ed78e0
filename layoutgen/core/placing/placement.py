"""From a suggestion of any quality to a layout that keeps every hard limit: the place stage's solver.

Hard: inside the safe area, no overlap, every text whole in its box at a readable size, contrast as asked for. What the
suggestion leaves undecided or gets wrong is decided here: lines, sizes, positions (the nearest free place), colours,
underlays. The suggestion is kept wherever it keeps the limits. Pure and deterministic; boxes inside are in px.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from layoutgen.core.layout import (
    TEXT_ROLES,
    Box,
    Canvas,
    Element,
    Role,
    Suggestion,
    area,
    from_px,
    intersection,
    to_px,
    union,
)
from layoutgen.core.placing import colouring
from layoutgen.core.placing.spots import Spots, into
from layoutgen.core.text.runs import with_runs
from layoutgen.core.text.typography import Face, Setting, fit, leading_of, set_text

VERSION = "place-5"  # goes up with every change of what it decides
ORDER = [
    *(Role.TITLE, Role.PRICE, Role.LOGO, Role.DISCLAIMER, Role.SUBTITLE, Role.CALL_TO_ACTION),
    *(Role.WAS_PRICE, Role.BADGE, Role.SELLING_POINT, Role.OTHER),
]
_FAR = 1e6
_HELD = 0.85  # share of a text's box that lies in the pill that holds it
_GROWTH = ((1.0, 1.0), (1.0, 1.6), (1.4, 1.6), (2.0, 2.5), (4.0, 4.0), (np.inf, 4.0), (np.inf, np.inf))
MAY_GO = {Role.SUBTITLE, Role.SELLING_POINT, Role.OTHER, Role.WAS_PRICE, Role.BADGE}


class NoLayoutError(ValueError):
    """No layout keeps the limits; `kind` is the one-word reason."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(message)
        self.kind = kind


@dataclass(frozen=True)
class Limits:
    """`margin_px` of free edge, `smallest_px` of font size, least contrast ratio, and boxes (px) that stay free; the
    least height of a logo in px, and the clear space around it by its height."""

    margin_px: float
    smallest_px: int
    min_contrast: float
    free: tuple[Box, ...] = ()
    logo_least_px: float = 0.0
    logo_clear: Callable[[float], float] = lambda height_px: 0.0


@dataclass(frozen=True)
class Ground:
    """What lies behind the elements: pixels (h, w, 3) uint8 and subject map (h, w) in [0, 1] of the framed canvas; and
    the logo image's dominant colour (#rrggbb), if there is one."""

    pixels: np.ndarray
    subject: np.ndarray
    logo: str | None = None


@dataclass(frozen=True)
class Placement:
    """A layout, what was left out of it, and its least contrast ratio."""

    elements: tuple[Element, ...]
    notes: tuple[str, ...]
    contrast: float
    subject_covered: float


@dataclass(frozen=True)
class _Placed:
    """A text or logo with its place; `room` is the pill around it, if it has one, `clear` what a logo keeps free. Boxes
    in px."""

    suggestion: Suggestion
    box: Box
    setting: Setting | None
    face: Face | None
    room: Box | None
    clear: Box | None = None

    @property
    def footprint(self) -> Box:
        return self.room or self.clear or self.box


@dataclass(frozen=True, eq=False)
class _Page:
    """What all elements of a layout share; `pills` are the underlays asked for, in px."""

    canvas: Canvas
    ground: Ground
    face_for: Callable[[Role, str], Face]
    limits: Limits
    pills: tuple[Box, ...]
    alignment: str
    spots: Spots

    @property
    def safe(self) -> Box:
        """The safe area in px."""
        return self.spots.safe

    def px(self, box: Box) -> Box:
        """A normalised box in px."""
        return to_px(box, self.canvas.width, self.canvas.height)


def place(
    suggestions: Iterable[Suggestion],
    canvas: Canvas,
    ground: Ground,
    face_for: Callable[[Role, str], Face],
    limits: Limits,
) -> Placement:
    """Place all suggestions, in their order. A box may be inverted or lie anywhere. Raises NoLayoutError (`no_room`,
    `copy_too_long`, `bad_box`) where a title, price, button or logo can't be."""
    suggestions = list(suggestions)
    underlays = [s.box for s in suggestions if s.role is Role.UNDERLAY and np.isfinite(s.box).all()]
    pills = tuple(to_px(_upright(box), canvas.width, canvas.height) for box in underlays)
    wanted = [replace(s, box=on_canvas(s)) for s in suggestions if s.role is not Role.UNDERLAY]
    alignment = infer_alignment(_blocks([s.box for s in wanted], [_upright(box) for box in underlays]))
    spots = Spots.on(canvas, limits.margin_px, ground.subject, stays=1.0)
    page = _Page(canvas, ground, face_for, limits, pills, alignment, spots)
    by_index: dict[int, _Placed] = {}
    notes = []
    for i, suggestion in sorted(enumerate(wanted), key=lambda pair: ORDER.index(pair[1].role)):
        try:
            put = _put_text if suggestion.text or suggestion.role in TEXT_ROLES else _put_logo
            by_index[i] = put(suggestion, [*limits.free, *(placed.footprint for placed in by_index.values())], page)
        except NoLayoutError:
            if suggestion.role not in MAY_GO:
                raise
            notes.append(f"left out for want of room: {suggestion.text}")
    placed = [by_index[i] for i in sorted(by_index)]
    blanks = [
        Element(
            role=p.suggestion.role,
            box=p.box,
            text=p.suggestion.text,
            lines=p.setting.lines if p.setting else (),
            font=p.face.name if p.face else "",
            font_px=p.setting.font_px if p.setting else 0,
            line_height_px=p.setting.line_height_px if p.setting else 0,
            alignment=alignment if p.room is None else "center",
        )
        for p in placed
    ]
    coloured, contrast = colouring.colour_elements(
        blanks, [p.room for p in placed], canvas, ground.pixels, ground.subject, limits.min_contrast, ground.logo
    )
    faces = [*[None] * (len(coloured) - len(placed)), *(p.face for p in placed)]  # underlays come first
    set_in = [
        e if face is None else with_runs(e, face, e.box[2] - e.box[0]) for e, face in zip(coloured, faces, strict=True)
    ]
    elements = tuple(replace(e, box=from_px(e.box, canvas.width, canvas.height)) for e in set_in)
    return Placement(elements, tuple(notes), contrast, covered(elements, ground.subject))


def on_canvas(suggestion: Suggestion) -> Box:
    """A suggestion's box, upright and moved onto the canvas, and cut where it is larger."""
    if np.isnan(suggestion.box).any():
        raise NoLayoutError("bad_box", f"the box of {suggestion.role.value} {suggestion.text!r} is {suggestion.box}")
    left, top, right, bottom = (float(side) for side in np.clip(suggestion.box, -_FAR, _FAR))
    return into(_upright((left, top, right, bottom)), (0.0, 0.0, 1.0, 1.0))


def _upright(box: Box) -> Box:
    return (min(box[0], box[2]), min(box[1], box[3]), max(box[0], box[2]), max(box[1], box[3]))


def _blocks(boxes: list[Box], pills: list[Box]) -> list[Box]:
    """The boxes whose edges say how a layout is aligned: those outside of pills, and the pills of the others as one."""
    holding = [pill for pill in pills if any(intersection(pill, box) >= _HELD * area(box) > 0 for box in boxes)]
    free = [box for box in boxes if not any(intersection(pill, box) >= _HELD * area(box) > 0 for pill in holding)]
    block = union(holding)
    return [*free, *([block] if block else [])]


def infer_alignment(boxes: list[Box]) -> str:
    """left, center or right: the axis on which the boxes agree best; one box alone is centred where it stands so."""
    if not boxes:
        return "left"
    edges = np.asarray(boxes)
    middle = (edges[:, 0] + edges[:, 2]) / 2
    if len(boxes) == 1:
        return "center" if abs(middle[0] - 0.5) < 0.04 else "left"
    spread = {"left": np.ptp(edges[:, 0]), "center": np.ptp(middle), "right": np.ptp(edges[:, 2])}
    return min(spread, key=lambda name: (round(float(spread[name]), 3), name != "left", name != "center"))


def _put_logo(suggestion: Suggestion, taken: list[Box], page: _Page) -> _Placed:
    """Place a logo's image: as large as it was asked for or smaller, in its own shape."""
    safe, asked = page.safe, page.px(suggestion.box)
    width, height = asked[2] - asked[0], asked[3] - asked[1]
    if min(width, height) < 1:
        raise NoLayoutError("bad_box", f"the logo's box is {width:.3g} x {height:.3g} px on {page.canvas.name}")
    left, top, _, _ = into(asked, safe)
    whole = min(1.0, (safe[2] - safe[0]) / width, (safe[3] - safe[1]) / height)
    least = page.limits.logo_least_px / height
    for shrink in sorted({max(whole * share, least) for share in (1.0, 0.8, 0.6, 0.45)}, reverse=True):
        clear = page.limits.logo_clear(height * shrink)
        around = (left - clear, top - clear, left + width * shrink + clear, top + height * shrink + clear)
        spot = page.spots.nearest(around, taken)
        if spot:
            inner = (spot[0] + clear, spot[1] + clear, spot[2] - clear, spot[3] - clear)
            return _Placed(suggestion, inner, None, None, None, spot)
    least_height = f", {page.limits.logo_least_px:.0f} px high at least with its clear space" if least else ""
    raise NoLayoutError("no_room", f"the logo{least_height} finds no free place on {page.canvas.name}")


def _put_text(suggestion: Suggestion, taken: list[Box], page: _Page) -> _Placed:
    """Place a text, with its pill where one was asked for: as large as its box lets it, smaller where it finds no free
    place so."""
    wanted = into(page.px(suggestion.box), page.safe)
    pill = next((p for p in sorted(page.pills, key=area) if intersection(p, wanted) >= _HELD * area(wanted) > 0), None)
    face = page.face_for(suggestion.role, suggestion.text)
    leading = leading_of(suggestion.role)
    setting = _fit(suggestion, wanted, face, page)
    while True:
        box = _within(wanted, setting, page.alignment if pill is None else "center")
        around = pill or box
        sides = (box[0] - around[0], box[1] - around[1], around[2] - box[2], around[3] - box[3])
        pads = [max(0.0, min(side, float(setting.font_px))) for side in sides]
        footprint = (box[0] - pads[0], box[1] - pads[1], box[2] + pads[2], box[3] + pads[3])
        spot = page.spots.nearest(footprint, taken)
        if spot:
            text_box = (spot[0] + pads[0], spot[1] + pads[1], spot[2] - pads[2], spot[3] - pads[3])
            return _Placed(suggestion, text_box, setting, face, spot if pill else None)
        smaller = max(page.limits.smallest_px, int(setting.font_px * 0.85))
        again = set_text(suggestion.text, setting.width_px, face, smaller, leading) or set_text(
            suggestion.text, setting.width_px, face, smaller, leading, split=True
        )
        if smaller >= setting.font_px or again is None:
            raise NoLayoutError(
                "no_room", f"{suggestion.role.value} {suggestion.text!r} finds no free place on {page.canvas.name}"
            )
        setting = again


def _fit(suggestion: Suggestion, wanted: Box, face: Face, page: _Page) -> Setting:
    """Set a text as large as its box lets it; a box too small for the smallest size grows, height before width. Words
    are split where no box holds them whole."""
    safe, smallest, leading = page.safe, page.limits.smallest_px, leading_of(suggestion.role)
    width, height = wanted[2] - wanted[0] + 0.51, wanted[3] - wanted[1] + 0.51
    most_width, most_height = safe[2] - safe[0], safe[3] - safe[1]
    largest = round(0.16 * min(page.canvas.width, page.canvas.height))
    for split, (wider, higher) in product((False, True), _GROWTH):
        setting = fit(
            suggestion.text,
            min(width * wider, most_width),
            min(max(height, smallest * leading + 1) * higher, most_height * 0.5),
            face,
            smallest=smallest,
            largest=largest,
            leading=leading,
            split=split,
        )
        if setting:
            return setting
    raise NoLayoutError(
        "copy_too_long",
        f"{suggestion.role.value} of {len(suggestion.text)} characters fits nowhere on {page.canvas.name} at the "
        f"smallest font of {smallest} px; shorten it",
    )


def _within(box: Box, setting: Setting, alignment: str) -> Box:
    """The place of a set text in the box that was meant for it."""
    free = box[2] - box[0] - setting.width_px
    left = box[0] + {"left": 0.0, "center": free / 2, "right": free}[alignment]
    top = box[1] + max(0.0, (box[3] - box[1] - setting.height_px) / 2)
    left, top = float(round(left)), float(round(top))
    return (left, top, left + setting.width_px, top + setting.height_px)


def covered(elements: Iterable[Element], subject: np.ndarray) -> float:
    """Share of the subject (map > 0.5) that lies under elements, [0, 1]; lower is better, 0 where there is none."""
    height, width = subject.shape
    under = np.zeros(subject.shape, bool)
    for element in elements:
        left, top, right, bottom = element.box
        under[int(top * height) : int(np.ceil(bottom * height)), int(left * width) : int(np.ceil(right * width))] = True
    total = int((subject > 0.5).sum())
    return float((under & (subject > 0.5)).sum() / total) if total else 0.0
