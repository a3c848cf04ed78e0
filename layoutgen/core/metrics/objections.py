"""What a designer objects to in a layout, each measured by itself; `judge` says how much of it is too much.

All are 0 where there is nothing to object to, and lower is better. Boxes are ltrb, normalised to the canvas; maps are
arrays of the canvas at any size. Sizes are shares of the canvas's short side, or em of the text that they are of.
"""

from collections import Counter
from collections.abc import Sequence
from itertools import combinations

import numpy as np

from layoutgen.core.layout import Box, Canvas, Element, Role, area, intersection, to_px, union
from layoutgen.core.metrics.own import Asked, is_text, occlusion_of
from layoutgen.core.placing.moves import lines_of
from layoutgen.core.summed_area import box_sum, summed
from layoutgen.core.text.typography import em_length

_SAME_AXIS, _NEAR_AXIS = 0.005, 0.03
_GRID = 24
_ACROSS = 0.05
_MASS_OF_UNDERLAY = 0.5
_SHORT_LINE = 0.2


def on_subject(elements: Sequence[Element], subject: np.ndarray) -> float:
    """Largest share of a text's or logo's box on a subject's mask (h, w) bool."""
    boxes = [element.box for element in elements if element.role is not Role.UNDERLAY]
    return max((occlusion_of(box, subject) or 0.0 for box in boxes), default=0.0)


def shared_area(elements: Sequence[Element]) -> float:
    """Largest shared area of two texts or logos, over the smaller one's."""
    boxes = [element.box for element in elements if element.role is not Role.UNDERLAY]
    pairs = [(intersection(a, b), min(area(a), area(b))) for a, b in combinations(boxes, 2)]
    return max((shared / smaller for shared, smaller in pairs if smaller > 0), default=0.0)


def near_misses(elements: Sequence[Element], canvas: Canvas) -> int:
    """How many lines of texts, logos and pills almost share an axis (left, middle or right) with another one: by less
    than 3 % of the short side, and none by less than 0.5 %, which nobody sees. What stands side by side is one line."""
    return int(sum(_SAME_AXIS < distance < _NEAR_AXIS for distance in _axis_distances(elements, canvas)))


def loners(elements: Sequence[Element], canvas: Canvas) -> int:
    """How many lines, as of `near_misses`, share no axis with any other one, not even almost; the first may."""
    return max(0, sum(distance >= _NEAR_AXIS for distance in _axis_distances(elements, canvas)) - 1)


def straddling(elements: Sequence[Element], picture: Box) -> int:
    """How many texts and logos lie across an edge of the photo's box on the canvas, with less than 95 % and more than
    5 % of theirs on it: with the ground that each has for itself, and not on one that bears several."""
    bearing = Counter(element.underlay for element in elements)
    texts = [element for element in elements if element.role is not Role.UNDERLAY]
    boxes = [
        box
        for text, box in zip(texts, _blocks(elements), strict=True)
        if text.underlay is None or bearing[text.underlay] == 1
    ]
    shares = [intersection(box, picture) / area(box) for box in boxes if area(box) > 0]
    return sum(_ACROSS < share < 1 - _ACROSS for share in shares)


def torn(elements: Sequence[Element]) -> int:
    """How many other texts and logos stand among the selling points: their middles are in the box round these."""
    points = union([element.box for element in elements if element.role is Role.SELLING_POINT])
    others = [e.box for e in elements if e.role not in (Role.SELLING_POINT, Role.UNDERLAY, Role.BADGE)]
    middles = [((box[0] + box[2]) / 2, (box[1] + box[3]) / 2) for box in others]
    return sum(points is not None and points[0] < x < points[2] and points[1] < y < points[3] for x, y in middles)


def title_share(elements: Sequence[Element], canvas: Canvas) -> float | None:
    """Font of the title as a share of the short side; None without one."""
    title = _largest(elements, Role.TITLE)
    return title / min(canvas.width, canvas.height) if title else None


def rank_ratio(elements: Sequence[Element]) -> float | None:
    """Font of the title over the largest of the texts below it in rank, prices apart; None without either."""
    below = frozenset({Role.SUBTITLE, Role.SELLING_POINT, Role.CALL_TO_ACTION, Role.DISCLAIMER, Role.OTHER})
    largest = max((element.font_px for element in elements if element.role in below), default=0)
    title = _largest(elements, Role.TITLE)
    return title / largest if title and largest else None


def price_ratio(elements: Sequence[Element]) -> float | None:
    """Font of the price over that of the largest selling point; None without either."""
    price, point = _largest(elements, Role.PRICE), _largest(elements, Role.SELLING_POINT)
    return price / point if price and point else None


def tightest(elements: Sequence[Element], canvas: Canvas) -> float | None:
    """Least gap between two blocks that lie side by side or one above the other, in em of the smaller of their texts,
    from letter to letter: leading is no gap taken; None where there are no two."""
    texts = [element for element in elements if element.role is not Role.UNDERLAY]
    sized = [
        (_without_leading(to_px(box, canvas.width, canvas.height), text), text.font_px)
        for box, text in zip(_blocks(elements), texts, strict=True)
        if text.font_px
    ]
    gaps = []
    for (a, of_a), (b, of_b) in combinations(sized, 2):
        across, down = max(a[0], b[0]) - min(a[2], b[2]), max(a[1], b[1]) - min(a[3], b[3])
        if max(across, down) >= 0 > min(across, down):
            gaps.append(max(across, down) / min(of_a, of_b))
    return min(gaps, default=None)


def nearest_edge(elements: Sequence[Element], canvas: Canvas) -> float:
    """Least distance of a text or logo to an edge of the canvas, a share of its short side."""
    short = min(canvas.width, canvas.height)
    boxes = [to_px(e.box, canvas.width, canvas.height) for e in elements if e.role is not Role.UNDERLAY]
    return min((min(b[0], b[1], canvas.width - b[2], canvas.height - b[3]) / short for b in boxes), default=1.0)


def lean(elements: Sequence[Element], subject: np.ndarray) -> float:
    """How far the middle of all that is seen, the subject and the elements by their areas, lies beside the canvas's
    middle, a share of its width in [0, 0.5] (after the centre of mass of Lok et al. 2004, WeightMap)."""
    weights, middles = [float((subject > 0.5).mean())], [_centre(subject)]
    for element in elements:
        weights.append(area(element.box) * (_MASS_OF_UNDERLAY if element.role is Role.UNDERLAY else 1.0))
        middles.append((element.box[0] + element.box[2]) / 2)
    total = sum(weights)
    return abs(sum(w * m for w, m in zip(weights, middles, strict=True)) / total - 0.5) if total > 0 else 0.0


def short_lines(elements: Sequence[Element]) -> int:
    """How many titles and selling points end in a line of less than a fifth of the longest one."""
    count = 0
    for element in elements:
        if element.role in (Role.TITLE, Role.SELLING_POINT) and len(element.lines) > 1:
            lengths = [em_length(line) for line in element.lines]
            count += lengths[-1] < _SHORT_LINE * max(lengths)
    return count


def unequal(elements: Sequence[Element]) -> int:
    """In how many ways equals do not look alike: selling points of one group of different sizes, colours or grounds.
    Their fonts may differ as their scripts do."""
    groups: dict[int, list[Element]] = {}
    for element in elements:
        if element.role is Role.SELLING_POINT and element.lines:
            groups.setdefault(-1 if element.group is None else element.group, []).append(element)
    count = 0
    for members in groups.values():
        looks = [(member.font_px, member.colour, _ground(elements, member)) for member in members]
        count += sum(len(set(values)) > 1 for values in zip(*looks, strict=True))
    return count


def empty_share(elements: Sequence[Element], subject: np.ndarray) -> float:
    """Share of the canvas that its largest rectangle takes in which neither subject nor element is, on a grid of 24 x
    24 cells."""
    height, width = subject.shape
    edges_down, edges_across = (np.linspace(0, side, _GRID + 1).round().astype(int) for side in (height, width))
    table = summed((subject > 0.5).astype(np.float64))
    taken = box_sum(table, edges_across[:-1], edges_down[:-1, None], edges_across[1:], edges_down[1:, None]) > 0
    for element in elements:
        left, top, right, bottom = (min(max(side * _GRID, 0.0), _GRID) for side in element.box)
        taken[int(top) : int(np.ceil(bottom)), int(left) : int(np.ceil(right))] = True
    best, heights = 0, [0] * _GRID  # of free cells above each one
    for line in taken.tolist():
        heights = [0 if is_taken else height + 1 for height, is_taken in zip(heights, line, strict=True)]
        best = max(best, _largest_below(heights))
    return best / _GRID**2


def subject_share(subject: np.ndarray) -> float | None:
    """Share of the canvas in the box round its subject; None where nothing stands out."""
    rows, columns = (np.flatnonzero((subject > 0.5).any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return None
    height, width = subject.shape
    return float((rows[-1] + 1 - rows[0]) * (columns[-1] + 1 - columns[0]) / (height * width))


def missing(elements: Sequence[Element], asked: Asked | None) -> tuple[int, int]:
    """How many texts of the copy are not there: those that a note excuses, and others."""
    if asked is None:
        return 0, 0
    texts = {" ".join(element.text.split()) for element in elements if is_text(element)}
    absent = [text for text in asked.texts if " ".join(text.split()) not in texts]
    excused = sum(text in asked.excused for text in absent)
    return excused, len(absent) - excused


def _blocks(elements: Sequence[Element]) -> list[Box]:
    """Texts and logos, each with the underlay that it has for itself."""
    bearing = [element.underlay for element in elements]
    boxes = []
    for element in elements:
        if element.role is Role.UNDERLAY:
            continue
        under = element.underlay
        if under is None or not 0 <= under < len(elements) or bearing.count(under) > 1:
            boxes.append(element.box)
        else:
            boxes.append(union([element.box, elements[under].box]) or element.box)
    return boxes


def _axis_distances(elements: Sequence[Element], canvas: Canvas) -> list[float]:
    """How far each line's nearest axis of another line is, a share of the short side; [] of one line."""
    blocks = [to_px(box, canvas.width, canvas.height) for box in _blocks(elements)]
    axes = np.array([_axes(union([blocks[i] for i in line]) or blocks[line[0]]) for line in lines_of(blocks)])
    if len(axes) < 2:
        return []
    apart = np.abs(axes[:, None] - axes[None]).min(-1) + np.diag(np.full(len(axes), np.inf))
    return list(apart.min(1) / min(canvas.width, canvas.height))


def _without_leading(box_px: Box, text: Element) -> Box:
    spare = max(0.0, text.line_height_px - text.font_px) / 2 if text.underlay is None else 0.0
    return (box_px[0], box_px[1] + spare, box_px[2], box_px[3] - spare)


def _axes(box: Box) -> tuple[float, float, float]:
    return box[0], (box[0] + box[2]) / 2, box[2]


def _largest(elements: Sequence[Element], role: Role) -> int:
    return max((element.font_px for element in elements if element.role is role), default=0)


def _ground(elements: Sequence[Element], element: Element) -> tuple[str, str] | None:
    if element.underlay is None or not 0 <= element.underlay < len(elements):
        return None
    underlay = elements[element.underlay]
    return underlay.colour, underlay.shape


def _centre(subject: np.ndarray) -> float:
    columns = (subject > 0.5).sum(axis=0)
    total = columns.sum()
    return float((columns * (np.arange(len(columns)) + 0.5)).sum() / total / len(columns)) if total else 0.5


def _largest_below(heights: Sequence[int]) -> int:
    """The area of the largest rectangle below a skyline of columns."""
    best = 0
    rising: list[tuple[int, int]] = []  # where columns begin that go on, and how high they are
    for at, height in enumerate((*heights, 0)):
        start = at
        while rising and rising[-1][1] >= height:
            start, high = rising.pop()
            best = max(best, high * (at - start))
        rising.append((start, height))
    return best
