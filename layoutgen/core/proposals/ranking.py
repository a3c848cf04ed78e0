"""How good a proposed layout is by its boxes alone: one number a layout, the same every time.

    score = 1 - overlap - on_subject - edges - loose_underlays - cramped - disorder / 4

Each term is in [0, 1], lower is better, of normalised boxes:

- overlap: Σ over pairs of elements, underlays left out, of shared area / the smaller area, by the number of elements;
- on_subject: share of the texts' area that lies on the subject's box;
- edges: share of elements nearer to an edge than 2 % of the side;
- loose_underlays: share of underlays under which no element lies whole;
- cramped: share of texts whose box can't hold them at 2.4 % of the canvas's short side a character;
- disorder: mean over elements of the distance, at most 5 %, of their left, middle or right to the nearest of another.

A rough ranking where nothing is placed: of plans before there is a picture, and of what the solver finds no layout for.
Composers' candidates are ranked by what becomes of them (`models.critics.ranking`); what a layout is worth is for
`metrics` and people to say.
"""

from collections.abc import Sequence

from layoutgen.core.layout import TEXT_ROLES, Box, Canvas, Role, Suggestion, area, inside, intersection
from layoutgen.core.text.typography import em_length

_EDGE = 0.02
VERSION = "ranking-2"  # goes up with every change of what it decides
_LETTER = 0.024
_ALIGNED = 0.05


def layout_score(suggestions: Sequence[Suggestion], canvas: Canvas, subject: Box | None = None) -> float:
    """Score a proposed layout, at most 1; higher is better. `subject` is a box on the canvas that should stay free."""
    boxes = [suggestion.box for suggestion in suggestions if suggestion.role != Role.UNDERLAY]
    texts = [suggestion for suggestion in suggestions if suggestion.role in TEXT_ROLES]
    underlays = [suggestion.box for suggestion in suggestions if suggestion.role == Role.UNDERLAY]
    if not boxes:
        return 0.0
    return (
        1.0
        - min(1.0, overlap(boxes))
        - (_on_subject([text.box for text in texts], subject) if subject else 0.0)
        - _share([min(b[0], b[1], 1 - b[2], 1 - b[3]) < _EDGE for b in boxes])
        - _share([not any(inside(box, underlay) for box in boxes) for underlay in underlays])
        - _share([_is_cramped(text, canvas) for text in texts])
        - _disorder(boxes) / 4
    )


def overlap(boxes: Sequence[Box]) -> float:
    """Shared area of pairs of boxes, each over the smaller one's, by the number of boxes."""
    shared = 0.0
    for i, a in enumerate(boxes):
        for b in boxes[:i]:
            smaller = min(area(a), area(b))
            shared += intersection(a, b) / smaller if smaller > 0 else 0.0
    return shared / len(boxes) if boxes else 0.0


def _on_subject(boxes: Sequence[Box], subject: Box) -> float:
    total = sum(map(area, boxes))
    return sum(intersection(box, subject) for box in boxes) / total if total > 0 else 0.0


def _is_cramped(text: Suggestion, canvas: Canvas) -> bool:
    letter = _LETTER * min(canvas.width, canvas.height)
    return area(text.box) * canvas.width * canvas.height < letter * letter * em_length(text.text)


def _disorder(boxes: Sequence[Box]) -> float:
    if len(boxes) < 2:
        return 0.0
    lines = [(b[0], (b[0] + b[2]) / 2, b[2]) for b in boxes]
    distances = []
    for i, own in enumerate(lines):
        others = (other for k, other in enumerate(lines) if k != i)
        distances.append(min(min(abs(x - y) for x, y in zip(own, other, strict=True)) for other in others))
    return sum(min(apart, _ALIGNED) for apart in distances) / _ALIGNED / len(distances)


def _share(flags: Sequence[bool]) -> float:
    return sum(flags) / len(flags) if flags else 0.0
