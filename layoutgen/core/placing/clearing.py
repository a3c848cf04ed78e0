"""Grounds of texts that keep out of a space that stays free."""

from collections.abc import Sequence
from dataclasses import replace

from layoutgen.core.layout import Box, Element, Role, area, inside, intersection


def cleared(elements: Sequence[Element], space: Box) -> list[Element]:
    """The layout with grounds of texts cut where they reach into a space that stays free; a logo's own may."""
    own = {e.underlay for e in elements if e.role is Role.LOGO and not e.lines}
    done = list(elements)
    for i, under in enumerate(elements):
        if under.role is not Role.UNDERLAY or i in own or intersection(under.box, space) <= 0:
            continue
        left, top, right, bottom = under.box
        parts = [
            (left, top, min(right, space[0]), bottom),
            (max(left, space[2]), top, right, bottom),
            (left, top, right, min(bottom, space[1])),
            (left, max(top, space[3]), right, bottom),
        ]
        held = [e.box for e in elements if e.underlay == i]
        whole = [part for part in parts if all(inside(each, part, 1e-4) for each in held)]
        if whole:
            done[i] = replace(under, box=max(whole, key=area))
    return done
