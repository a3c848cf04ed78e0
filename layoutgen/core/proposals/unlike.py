"""How unlike two proposals for one canvas are: variants that nobody can tell apart are one."""

from collections.abc import Sequence

from layoutgen.core.layout import Framing, Role, Suggestion, iou

ALIKE = 0.06


def distance(first: tuple[Framing, Sequence[Suggestion]], second: tuple[Framing, Sequence[Suggestion]]) -> float:
    """How far two proposals are apart, 0 to 1: half of it where the photo lies, half the mean distance of their texts,
    each of which counts 1 where it moved by half a canvas or is said by one alone."""
    (framing, suggestions), (framing_b, suggestions_b) = first, second
    if framing.ground != framing_b.ground or framing.edge != framing_b.edge:
        photo = 1.0
    else:
        photo = max(1 - iou(framing.picture, framing_b.picture), 1 - iou(framing.crop, framing_b.crop))
    places = {(s.role, s.text): s.box for s in suggestions if s.role is not Role.UNDERLAY}
    places_b = {(s.role, s.text): s.box for s in suggestions_b if s.role is not Role.UNDERLAY}
    apart = [
        min(1.0, 2 * max(abs(a - b) for a, b in zip(places[key], places_b[key], strict=True)))
        if key in places and key in places_b
        else 1.0
        for key in places.keys() | places_b.keys()
    ]
    return 0.5 * photo + 0.5 * (sum(apart) / len(apart) if apart else 0.0)
