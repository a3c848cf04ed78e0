"""The words of a layout: roles, boxes, elements, and the few measures of boxes that every part shares.

A `Box` is ltrb (left, top, right, bottom), normalised to the canvas: (0, 0, 1, 1) is all of it. Boxes in pixels carry
`_px` in their name.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
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
}

TEXT_ROLES = frozenset(Role) - {Role.LOGO, Role.UNDERLAY}


@dataclass(frozen=True)
class Canvas:
    """The output size in pixels."""

    width: int
    height: int

    @property
    def name(self) -> str:
        """`WIDTHxHEIGHT`, as keys and manifests write it."""
        return f"{self.width}x{self.height}"


@dataclass(frozen=True)
class Copy:
    """What a layout has to say. Strings are as the manifest gives them; `logo` is an image's URI."""

    title: str
    selling_points: tuple[str, ...] = ()
    brand: str | None = None
    logo: str | None = None
    language: str | None = None


@dataclass(frozen=True)
class Suggestion:
    """An element as a composer proposes it: what, and roughly where. `text` is empty for underlays and logo images."""

    role: Role
    box: Box
    text: str = ""


@dataclass(frozen=True)
class Framing:
    """How the photo lies on the canvas: `crop` of the photo (normalised to the photo) fills `picture` (normalised to
    the canvas); what `picture` leaves free is filled with `backdrop` (#rrggbb)."""

    crop: Box = (0.0, 0.0, 1.0, 1.0)
    picture: Box = (0.0, 0.0, 1.0, 1.0)
    backdrop: str = "#ffffff"


@dataclass(frozen=True)
class Element:
    """A placed element. `lines` are the text's lines as broken; `underlay` is the index in the row's elements of the
    underlay that this one stands on, or None; a higher `z` is drawn later. `stroke_px` px of the
    colour `stroke` go around the glyphs and a soft shadow of opacity `shadow` lies under them; neither counts for the
    contrast."""

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
