"""The words of a layout: roles, boxes, elements, and the few measures of boxes that every part shares.

A `Box` is ltrb (left, top, right, bottom), normalised to the canvas: (0, 0, 1, 1) is all of it. Boxes in pixels carry
`_px` in their name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum

Box = tuple[float, float, float, float]


class Role(StrEnum):
    """What an element is for. The value is what tables hold; `chinese` is the name in the annotation standard."""

    TITLE = "title"
    SUBTITLE = "subtitle"
    SELLING_POINT = "selling_point"
    PRICE = "price"
    CALL_TO_ACTION = "call_to_action"
    LOGO = "logo"
    UNDERLAY = "underlay"
    OTHER = "other"
    WAS_PRICE = "was_price"
    BADGE = "badge"
    DISCLAIMER = "disclaimer"

    @property
    def learnt(self) -> "Role":
        """The role as which prompts and networks know it, one of `LEARNT_ROLES`."""
        return {Role.WAS_PRICE: Role.PRICE, Role.BADGE: Role.OTHER, Role.DISCLAIMER: Role.OTHER}.get(self, self)

    @property
    def chinese(self) -> str:
        """The role's name in the annotation standard, such as 主标题."""
        return _CHINESE[self]

    @classmethod
    def from_chinese(cls, name: str) -> "Role":
        """Return the role of a Chinese name; an unknown name is an error that lists the known ones."""
        for role, chinese in _CHINESE.items():
            if chinese == name:
                return role
        raise ValueError(f"unknown role {name!r}; known: {', '.join(_CHINESE.values())}")


_CHINESE = {
    Role.TITLE: "主标题",
    Role.SUBTITLE: "副标题",
    Role.SELLING_POINT: "卖点",
    Role.PRICE: "价格",
    Role.CALL_TO_ACTION: "行动按钮",
    Role.LOGO: "标志",
    Role.UNDERLAY: "底衬",
    Role.OTHER: "其他",
    Role.WAS_PRICE: "原价",
    Role.BADGE: "角标",
    Role.DISCLAIMER: "声明",
}

TEXT_ROLES = frozenset(Role) - {Role.LOGO, Role.UNDERLAY}
LEARNT_ROLES = tuple(role for role in Role if role.learnt is role)
"""The roles that prompts, annotations and networks know, in the order of their numbers there."""


@dataclass(frozen=True)
class Canvas:
    """The output size in pixels."""

    width: int
    height: int

    @property
    def name(self) -> str:
        """`WIDTHxHEIGHT`, as keys and manifests write it."""
        return f"{self.width}x{self.height}"


OFFER_ROLES = (Role.PRICE, Role.WAS_PRICE, Role.CALL_TO_ACTION, Role.BADGE, Role.DISCLAIMER)


@dataclass(frozen=True)
class Copy:
    """What a layout has to say. Strings are as the manifest gives them; `logo` is an image's URI. `subtitle` stands
    below the title; covers alone have one."""

    title: str
    selling_points: tuple[str, ...] = ()
    brand: str | None = None
    logo: str | None = None
    language: str | None = None
    price: str | None = None
    was_price: str | None = None
    call_to_action: str | None = None
    badge: str | None = None
    disclaimer: str | None = None
    subtitle: str | None = None

    @property
    def offers(self) -> dict[Role, str]:
        """The texts of an offer that there are, by role: price, was-price, call to action, badge and disclaimer."""
        return {role: text for role in OFFER_ROLES if (text := getattr(self, role.value))}

    @property
    def folded(self) -> "Copy":
        """The same for composers that know selling points alone, and leave the last ones out first: the price goes
        before them, what else an offer says follows."""
        price, *others = (self.price, *(text for role, text in self.offers.items() if role is not Role.PRICE))
        points = tuple(dict.fromkeys(filter(None, (price, *self.selling_points, *others))))
        return Copy(self.title, points, self.brand, self.logo, self.language)


@dataclass(frozen=True)
class Suggestion:
    """An element as a composer proposes it: what, and roughly where. `text` is empty for underlays and logo images."""

    role: Role
    box: Box
    text: str = ""


@dataclass(frozen=True)
class Scrim:
    """A veil over a part of the canvas, over the photo and below all elements: `colour` in `box` (ltrb, normalised to
    the canvas), as opaque as `opacity` says at its strong end and running out to nothing at the other. `towards` is
    the side of the strong end: left, top, right or bottom; all: it is as strong everywhere."""

    box: Box
    colour: str
    opacity: float
    towards: str = "bottom"


@dataclass(frozen=True)
class Ornament:
    """A small thing that is drawn on the ground, below all elements, and says nothing: `kind` is rule (a line as long
    and thick as its box), dots, corner (an angle in its box's upper left corner, or the one it is nearest to), disc,
    ring or bar. `box` is ltrb, normalised to the canvas."""

    kind: str
    box: Box
    colour: str
    opacity: float = 1.0


@dataclass(frozen=True)
class Tile:
    """A further photo of a collage: `image` is its URI, `sha256` that of its bytes, `width` and `height` the upright
    original's size in px. `crop` of it (normalised to it) fills `picture` (normalised to the canvas); `blend` as in
    `Framing`."""

    image: str
    sha256: str
    width: int
    height: int
    crop: Box
    picture: Box
    blend: str = "normal"


@dataclass(frozen=True)
class Framing:
    """How the photo lies on the canvas: `crop` of the photo (normalised to the photo) fills `picture` (normalised to
    the canvas); what `picture` leaves free is filled with `backdrop` (#rrggbb), which runs into `backdrop_to` from top
    to bottom where that is given.

    `ground` names the kind: bleed, outpaint, extend, panel, band, card, frame, split, cut_out, as_is or collage. `edge`
    is how the photo ends where it does not end with the canvas: straight, slanted (or slanted_back, its mirror image),
    arched, or overlap (rounded, in front of the panel); `radius` rounds its free corners, a share of the canvas's short
    side. `blend` is normal, cut_out: the photo's plain ground is taken away, so that its product stands on the
    backdrop, with its shadow, or outpaint: `crop` goes beyond the photo, whose ground is carried on there; `focus`
    (ltrb, normalised to the photo) holds its subject, which is never repeated. A collage has further photos, `tiles`,
    beside this one, all with the same corners. `scrims` and then `ornaments` lie on all that."""

    crop: Box = (0.0, 0.0, 1.0, 1.0)
    picture: Box = (0.0, 0.0, 1.0, 1.0)
    backdrop: str = "#ffffff"
    backdrop_to: str = ""
    ground: str = ""
    edge: str = "straight"
    radius: float = 0.0
    blend: str = "normal"
    focus: Box | None = None
    scrims: tuple[Scrim, ...] = ()
    ornaments: tuple[Ornament, ...] = ()
    tiles: tuple[Tile, ...] = ()

    @property
    def parts(self) -> "tuple[Framing, ...]":
        """How each photo lies on the canvas by itself: the first, then each tile's."""
        if not self.tiles:
            return (self,)
        alone = replace(self, focus=None, scrims=(), ornaments=(), tiles=())
        return (alone, *(replace(alone, crop=t.crop, picture=t.picture, blend=t.blend) for t in self.tiles))

    @property
    def extent(self) -> Box:
        """The smallest box around all photos."""
        return union(part.picture for part in self.parts) or self.picture


@dataclass(frozen=True)
class Run:
    """A stretch of one line of a text as it is drawn: of one font, script and direction.

    `line` counts from 0, `text` is in logical order, `font` is the face's name, `file` its font's file name and
    `weight` 100 to 900. `script` is an ISO 15924 code, `language` what the shaper was told (BCP 47, "" for none),
    `direction` ltr or rtl; `features` are OpenType features beyond the shaper's defaults. `x_px` is the left end from
    the left edge of the element's box, `baseline_px` from its top, `width_px` the advance of the shaped run. `scale` is
    its font size as a multiple of the element's, such as that of a price's small currency."""

    line: int
    text: str
    font: str
    file: str
    weight: int
    script: str
    language: str
    direction: str
    features: tuple[str, ...]
    x_px: float
    baseline_px: float
    width_px: float
    letter_spacing_px: float = 0.0
    scale: float = 1.0


@dataclass(frozen=True)
class Element:
    """A placed element. `lines` are the text's lines as broken; `underlay` is the index in the row's elements of the
    underlay that this one stands on, or None; a higher `z` is drawn later. `stroke_px` px of the
    colour `stroke` go around the glyphs and a soft shadow of opacity `shadow` lies under them; neither counts for the
    contrast. `direction` is the text's base direction, ltr or rtl; `runs` are its lines in runs, each line's from left
    to right, () in tables written before there were any.

    An underlay's `shape` is rounded (by `radius_px`), slanted, ribbon, burst, disc, tag (a price tag with its hole),
    line (a rule below its text) or quote (a rule beside it); with `direction` rtl, its mirror image. It runs from
    `colour` to `gradient` in the direction `gradient_angle`, degrees clockwise, 0: to the right; "" for no gradient.
    `stroke_px` is its outline, or how thick a line's or a quote's rule is. `tracking` is what is added between a text's
    letters, em; `strike` draws a line through it. Elements of one `group` are equals, such as selling points, which
    look alike."""

    role: Role
    box: Box
    text: str = ""
    lines: tuple[str, ...] = ()
    font: str = ""
    font_px: int = 0
    line_height_px: int = 0
    colour: str = "#000000"
    alignment: str = "left"
    opacity: float = 1.0
    radius_px: int = 0
    underlay: int | None = None
    z: int = 0
    stroke_px: int = 0
    stroke: str = "#000000"
    shadow: float = 0.0
    direction: str = "ltr"
    runs: tuple[Run, ...] = ()
    shape: str = "rounded"
    gradient: str = ""
    gradient_angle: int = 90
    tracking: float = 0.0
    strike: bool = False
    group: int | None = None


def area(box: Box) -> float:
    """Area of a box; 0 where it is empty or inverted."""
    return max(0.0, box[2] - box[0]) * max(0.0, box[3] - box[1])


def intersection(a: Box, b: Box) -> float:
    """Area that two boxes share."""
    return area((max(a[0], b[0]), max(a[1], b[1]), min(a[2], b[2]), min(a[3], b[3])))


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes; 0 where both are empty."""
    shared = intersection(a, b)
    union = area(a) + area(b) - shared
    return shared / union if union > 0 else 0.0


def inside(inner: Box, outer: Box, slack: float = 1e-6) -> bool:
    """Tell whether `inner` lies in `outer`, to within `slack`."""
    return (
        inner[0] >= outer[0] - slack
        and inner[1] >= outer[1] - slack
        and inner[2] <= outer[2] + slack
        and inner[3] <= outer[3] + slack
    )


def union(boxes: Iterable[Box]) -> Box | None:
    """Smallest box around all of `boxes`; None for none."""
    boxes = list(boxes)
    if not boxes:
        return None
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return (min(lefts), min(tops), max(rights), max(bottoms))


def to_px(box: Box, width: float, height: float) -> Box:
    """Scale a normalised box to pixels."""
    return (box[0] * width, box[1] * height, box[2] * width, box[3] * height)


def from_px(box_px: Box, width: int, height: int) -> Box:
    """Scale a box in pixels to a normalised one."""
    return (box_px[0] / width, box_px[1] / height, box_px[2] / width, box_px[3] / height)


NAMED_RATIOS = {
    "1:1": (1, 1),
    "3:4": (3, 4),
    "4:3": (4, 3),
    "4:5": (4, 5),
    "16:9": (16, 9),
    "9:16": (9, 16),
    "2:3": (2, 3),
}


def parse_canvas(name: str, short_side: int) -> Canvas:
    """Turn `WIDTHxHEIGHT` or a named ratio into a canvas. Raises ValueError naming the value and the known ratios."""
    if name in NAMED_RATIOS:
        across, down = NAMED_RATIOS[name]
        unit = short_side / min(across, down)
        return Canvas(round(across * unit), round(down * unit))
    size = re.fullmatch("([0-9]{1,4})[xX]([0-9]{1,4})", name)
    if size and all(64 <= int(side) <= 8192 for side in size.groups()):
        return Canvas(int(size[1]), int(size[2]))
    known = ", ".join(NAMED_RATIOS)
    raise ValueError(f"canvas {name!r} is neither WIDTHxHEIGHT (64 to 8192 px a side) nor one of {known}")
