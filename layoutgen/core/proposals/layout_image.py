"""A layout as an image and back: one flat colour a role on a flat ground, for models that draw layouts.

`draw` paints underlays first, the largest lowest, then the other elements in their order, each on whole pixels (its
edges rounded, halves up). An underlay on an underlay, as a button on a panel, is a hole in it, of the ground's colour.
`parse` reads such an image, whoever drew it:

1. each pixel takes the class of the nearest palette colour (Euclidean, RGB); where many pixels are alone in their
   class, the image is noisy: those take their surroundings' class, and if there are very many, the image is smoothed;
2. a class's mask gets its holes filled, so an underlay is whole below its texts and a text is whole below its specks;
3. morphological opening by a square of 1 % of the side, 1 to 3 px, cuts hairs and crumbs off;
4. connected components (over edges, not corners), each cut in two for as long as it is no rectangle and a straight cut
   makes it two that are: boxes that touch. Of equally good cuts the horizontal one is taken, because lines of text
   stand below each other;
5. a rectangle is fitted: edges whose line of pixels is filled by less than half move inwards;
6. what is smaller than 1 % of the side (2 % where the image has other colours than these), or less than half filled
   with its own colour, is a speck and goes;
7. in what was filled as an underlay, the ground's colour is read in the same way, as the underlays on it.

`parse(draw(layout))` is the layout to the pixel where every side is at least 1 % of the canvas's and no two boxes
touch, unless one lies on an underlay with a pixel to spare on each side, and no underlay on one that lies on another.
Where boxes touch: of other roles they are still told apart; of one role they are where their union is no rectangle.
What covers another is seen, what is covered is not.

The colours are made for images that lost something. The two grounds, of the canvas and of underlays, are greys and the
roles are hues around them, so that on any blurred edge between a ground and a role no third class is nearest (least
margin 40 of 255; two colours are at least 131 apart). `benchmarks/layout_image.py` damages images of designed layouts,
256 px, whose lines of text stand a pixel or two apart: of the elements 97.4 % are found in whole images and after a
drift of colours by 30 of 255, 95 % after noise of sigma 25, 88 % after blur of sigma 1 px, 87 % after JPEG at quality
75; what is lost is lines of one role that became one. With each side a pixel further in, as a network draws them, it is
100 %, 97 %, 100 % and 99 %.
"""

from collections.abc import Iterator, Sequence

import numpy as np
from scipy import ndimage

from layoutgen.core.layout import Box, Role, Suggestion, area

GROUND = (168, 168, 168)
"""Colour of the canvas where nothing is, RGB."""
COLOURS = {
    Role.TITLE: (245, 24, 121),
    Role.SUBTITLE: (245, 118, 26),
    Role.SELLING_POINT: (160, 221, 10),
    Role.PRICE: (53, 82, 255),
    Role.CALL_TO_ACTION: (158, 9, 223),
    Role.LOGO: (55, 255, 81),
    Role.OTHER: (5, 196, 190),
    Role.UNDERLAY: (92, 92, 92),
}
"""Colour of each role, RGB."""

LEAST_SIDE = 0.01
"""Share of the canvas's side below which an element is a speck."""
_FILLED = 0.5
_RECTANGLE = 0.9  # of its bounding box filled: a rectangle, if a frayed one
_WORTH, _WORTH_SPOILT = 0.04, 0.2  # more of the bounding boxes filled: worth a cut; in a spoilt image most are no lines
_WHOLE = 0.93  # of both halves' bounding boxes filled: two rectangles, worth a cut in a spoilt image, too
_LEAST_PART = 0.04  # of a component's pixels: less is no element that touches another, but a frayed edge

_UNDERLAY = 1 + list(COLOURS).index(Role.UNDERLAY)
PALETTE = np.array([GROUND, *COLOURS.values()], np.float32)
"""Colour of each class (9, 3): the ground, then the roles."""
_SMOOTH = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], np.float32) / 16
_NOISY, _VERY_NOISY = 0.002, 0.08  # of the pixels alone in their class; blur, JPEG and drift leave less than 0.0005

_PxBox = tuple[int, int, int, int]


def boxes_px(elements: Sequence[Suggestion], width: int, height: int) -> list[_PxBox]:
    """The pixels (ltrb, right and bottom exclusive) that each element gets on an image of a size, cut to it."""
    return [
        (
            _whole(element.box[0] * width, width),
            _whole(element.box[1] * height, height),
            _whole(element.box[2] * width, width),
            _whole(element.box[3] * height, height),
        )
        for element in elements
    ]


def draw(elements: Sequence[Suggestion], width: int, height: int) -> np.ndarray:
    """Draw a layout: (height, width, 3), uint8, RGB. Texts are not drawn, only where they are."""
    image = np.full((height, width, 3), GROUND, np.uint8)
    cells = boxes_px(elements, width, height)
    order = sorted(
        range(len(elements)), key=lambda i: -area(elements[i].box) if elements[i].role is Role.UNDERLAY else 1.0
    )
    for place, i in enumerate(order):
        left, top, right, bottom = cells[i]
        below = [cells[j] for j in order[:place] if elements[j].role is Role.UNDERLAY]
        is_hole = elements[i].role is Role.UNDERLAY and any(_on(cells[i], other) for other in below)
        image[top:bottom, left:right] = GROUND if is_hole else COLOURS[elements[i].role.learnt]
    return image


def _on(box: _PxBox, other: _PxBox) -> bool:
    return other[0] < box[0] and other[1] < box[1] and box[2] < other[2] and box[3] < other[3]


def parse(image: np.ndarray) -> tuple[Suggestion, ...]:
    """Read the elements of a drawn layout (h, w, 3), uint8 or float of 0 to 255, RGB: underlays first, then from top to
    bottom and left to right. Texts are empty."""
    height, width = image.shape[:2]
    classes, spoilt = classify(image)
    least = (_least(width) * (1 + spoilt), _least(height) * (1 + spoilt))
    worth = _WORTH_SPOILT if spoilt else _WORTH
    rectangles = [
        (role is not Role.UNDERLAY, top, left, role, scaled((left, top, right, bottom), width, height))
        for index, role in enumerate(COLOURS, 1)
        for left, top, right, bottom in _rectangles(classes, index, least, worth)
    ]
    return tuple(Suggestion(role, box) for *_, role, box in sorted(rectangles, key=lambda rectangle: rectangle[:3]))


def classify(image: np.ndarray) -> tuple[np.ndarray, bool]:
    """The class of each pixel (h, w), uint8: 0 is the ground, the others are the roles in their order; and whether the
    image lost something: has other colours than the palette's."""
    nearest = _nearest(image.astype(np.float32))
    if (PALETTE[nearest] == image).all():
        return nearest, False
    alone = _alone(nearest)
    if alone.mean() <= _NOISY:
        return nearest, True
    smooth = _nearest(ndimage.convolve(image.astype(np.float32), _SMOOTH[..., None], mode="nearest"))
    return (smooth if alone.mean() > _VERY_NOISY else np.where(alone, smooth, nearest)), True


def _nearest(image: np.ndarray) -> np.ndarray:
    # |p - c|² = |p|² - 2 p·c + |c|², and |p|² is the same for all c
    apart = (PALETTE**2).sum(1) - 2 * image @ PALETTE.T
    return np.asarray(apart.argmin(-1).astype(np.uint8))


def _alone(classes: np.ndarray) -> np.ndarray:
    """Which pixels have none of their own class among their four neighbours."""
    padded = np.pad(classes, 1, constant_values=255)
    near = (padded[:-2, 1:-1], padded[2:, 1:-1], padded[1:-1, :-2], padded[1:-1, 2:])
    return np.asarray(np.logical_and.reduce([classes != other for other in near]))


def _rectangles(classes: np.ndarray, index: int, least: tuple[int, int], worth: float) -> Iterator[_PxBox]:
    own = classes == index
    if not own.any():
        return
    if index != _UNDERLAY:
        yield from _shapes(own, own, own & False, least, worth)
        return
    # What lies on an underlay hides it, and is no reason to think that it ends there.
    for mask, lying in ((own, classes > 0), (_filled(own) & (classes == 0), classes != index)):
        yield from _shapes(mask, lying, lying, least, worth)


def _shapes(
    own: np.ndarray, counted: np.ndarray, solid: np.ndarray, least: tuple[int, int], worth: float
) -> Iterator[_PxBox]:
    """The rectangles of a mask: `counted` speaks for one within its bounds, `solid` is no reason to cut it in two."""
    if not own.any():
        return
    brush = np.ones((min(3, least[1]), min(3, least[0])), bool)
    labels, _ = ndimage.label(ndimage.binary_opening(_filled(own), brush))
    for number, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        part = labels[rows, columns] == number
        for piece in _pieces(part | solid[rows, columns], part, least, worth):
            left, top, right, bottom = _fit(piece)
            left, top, right, bottom = (
                left + columns.start,
                top + rows.start,
                right + columns.start,
                bottom + rows.start,
            )
            if right - left < least[0] or bottom - top < least[1]:
                continue
            if counted[top:bottom, left:right].mean() >= _FILLED:
                yield left, top, right, bottom


def _filled(mask: np.ndarray) -> np.ndarray:
    """A mask with its holes filled: what no path over edges or corners joins to the image's border."""
    padded = np.pad(~mask, 1, constant_values=True)
    outside, _ = ndimage.label(padded, np.ones((3, 3), bool))
    return np.asarray(outside[1:-1, 1:-1] != outside[0, 0])


def _pieces(solid: np.ndarray, part: np.ndarray, least: tuple[int, int], worth: float) -> Iterator[np.ndarray]:
    """A component's rectangles, each as a mask of the component's size. `solid` counts as filled, `part` is seen."""
    waiting = [_box(part)]
    while waiting:
        left, top, right, bottom = waiting.pop()
        cut = solid[top:bottom, left:right]
        halves = [] if cut.mean() >= _RECTANGLE else _cut(cut, least, worth)
        if halves:
            waiting += [(a + left, b + top, c + left, d + top) for a, b, c, d in halves]
            continue
        piece = np.zeros_like(solid)
        piece[top:bottom, left:right] = cut
        yield piece


def _cut(mask: np.ndarray, least: tuple[int, int], worth: float) -> list[_PxBox]:
    """The bounding boxes of the two halves of a mask, cut straight where they are filled best; none where no cut is
    worth it."""
    total = int(mask.sum())
    start = total / mask.size
    best: tuple[float, list[_PxBox]] = (start, [])
    for axis in (0, 1):
        turned = mask if axis == 0 else mask.T
        before, after = _extents(turned), _extents(turned[::-1])[::-1]
        lines = turned.shape[0]
        here = least[::-1] if axis == 0 else least
        pixels = np.cumsum(turned.sum(1))
        for at in range(here[0], lines - here[0] + 1):
            (a, b), (c, d) = before[at - 1], after[at]
            if min(b - a, d - c) < here[1] or min(pixels[at - 1], total - pixels[at - 1]) < _LEAST_PART * total:
                continue
            filled = total / (at * (b - a) + (lines - at) * (d - c))
            left, right = pixels[at - 1] / (at * (b - a)), (total - pixels[at - 1]) / ((lines - at) * (d - c))
            floor = start + (_WORTH if min(left, right) >= _WHOLE else worth)
            if filled > max(best[0], floor) + 1e-9:
                ends = [(a, 0, b, at), (c, at, d, lines)]
                best = (filled, [e if axis == 0 else (e[1], e[0], e[3], e[2]) for e in ends])
    return best[1]


def _extents(mask: np.ndarray) -> np.ndarray:
    """First and last column, exclusive, that the lines up to each one fill: (lines, 2) int."""
    columns = mask.shape[1]
    filled = mask.any(1)
    first = np.where(filled, mask.argmax(1), columns)
    last = np.where(filled, columns - mask[:, ::-1].argmax(1), 0)
    return np.stack([np.minimum.accumulate(first), np.maximum.accumulate(last)], 1)


def _fit(mask: np.ndarray) -> _PxBox:
    """The rectangle of a mask whose four border lines are each at least half filled; empty where there is none."""
    left, top, right, bottom = _box(mask)
    while right > left and bottom > top:
        inner = mask[top:bottom, left:right]
        rows, columns = inner.mean(1), inner.mean(0)
        sides = (columns[0], rows[0], columns[-1], rows[-1])
        worst = int(np.argmin(sides))
        if sides[worst] >= _FILLED:
            break
        left, top = left + (worst == 0), top + (worst == 1)
        right, bottom = right - (worst == 2), bottom - (worst == 3)
    return left, top, right, bottom


def _box(mask: np.ndarray) -> _PxBox:
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _least(side: int) -> int:
    return max(1, int(LEAST_SIDE * side + 1e-9))


def _whole(value: float, most: int) -> int:
    return int(min(max(np.floor(value + 0.5), 0), most))


def scaled(box_px: _PxBox, width: int, height: int) -> Box:
    """Pixels as a normalised box."""
    left, top, right, bottom = box_px
    return (left / width, top / height, right / width, bottom / height)
