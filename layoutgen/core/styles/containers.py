"""What texts stand on: how much room each kind of container takes around its text."""

import math

from layoutgen.core.layout import Role

BESIDE = ("line", "quote")
"""Containers that lie beside their text, not behind it."""
ROUND = ("burst", "disc")
Sides = tuple[float, float, float, float]
"""Px to the left, above, to the right and below."""
_ACROSS, _DOWN = 0.6, 0.12
_DOWN_OF = {Role.CALL_TO_ACTION: 0.3, Role.BADGE: 0.18}
_INNER = {"burst": 0.615, "disc": 0.707}  # side of the largest square in a round one, of its width


def is_held(container: str) -> bool:
    """Tell whether a container is a shape behind its text."""
    return container != "none" and container not in BESIDE


def padding(container: str, role: Role, px: int, width: float, height: float) -> Sides:
    """The room that a container takes around a text of a role that is set `px` large and `width` x `height` px."""
    across, down = round(_ACROSS * px), round(_DOWN_OF.get(role, _DOWN) * px)
    high = height + 2 * down
    match container:
        case "none":
            return (0.0, 0.0, 0.0, 0.0)
        case "line":
            return (0.0, 0.0, 0.0, float(2 * _rule(px)))
        case "quote":
            return (float(4 * _rule(px)), 0.0, 0.0, 0.0)
        case "burst" | "disc":
            side = math.ceil(max(width, 0.82 * height) / _INNER[container])
            return ((side - width) / 2, (side - height) / 2, (side - width) / 2, (side - height) / 2)
        case "slanted":
            across += round(0.2 * high)
        case "ribbon":
            across += round(0.3 * high)
        case "tag":
            return (float(across + round(0.4 * high)), float(down), float(across), float(down))
    return (float(across), float(down), float(across), float(down))


def _rule(px: int) -> int:
    """How thick a rule beside a text of a size is, px."""
    return max(1, round(min(6.0, 0.08 * px)))
