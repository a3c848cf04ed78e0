"""How well a photo's ground can be carried on beyond each of its edges (`outpainting`), measured on a small copy.

What costs is what would be seen to end there: light that runs unevenly along the edge, such as that of a door beside a
wall or of a floor that does not run on, texture that is strong, and things in it, which few pixels make far from the
others: their fourth moment is above that of a normal distribution. Weights were set by looking at 150 photos that
people took at home.
"""

import numpy as np
from numpy.typing import NDArray

from layoutgen.core.layout import Box
from layoutgen.imaging.outpainting import DEEPEST, Floats, light_of

Costs = tuple[float, float, float, float]
"""Of the left, top, right and bottom edge: 0 is plain, from 1 on it should not be done."""
_LEAST_DEPTH = 2
_UNEVEN, _STEP, _THINGS, _COARSE = 18.0, 42.0, 26.0, 40.0  # of 255
_STEP_WIDTH = 0.06  # of the longer side, within which light changes by a step


def costs(pixels: NDArray[np.uint8], focus: Box) -> Costs:
    """What it costs to carry a photo (h, w, 3) of some 160 px on at each edge, of which `focus` (ltrb, normalised) is
    what may not be repeated; infinite where nothing is beside that."""
    height, width = pixels.shape[:2]
    depths = focus[0] * width, focus[1] * height, (1 - focus[2]) * width, (1 - focus[3]) * height
    turned = pixels.transpose(1, 0, 2)
    views = pixels[:, ::-1], turned[:, ::-1], pixels, turned
    long = max(height, width)
    left, top, right, bottom = (
        _cost(view[:, -min(int(depth), int(DEEPEST * long)) :].astype(np.float32), long)
        if depth >= _LEAST_DEPTH
        else float("inf")
        for view, depth in zip(views, depths, strict=True)
    )
    return left, top, right, bottom


def _cost(strip: Floats, long: int) -> float:
    """What it costs to carry a strip (h, d, 3) on to the right."""
    near, even, _, texture = light_of(np.ascontiguousarray(strip), long)
    off = (near - even).mean(1)
    uneven = float(np.sqrt(np.square(near - even).mean()))
    apart = max(1, round(_STEP_WIDTH * long))
    step = float(np.abs(off[apart:] - off[:-apart]).max(initial=0.0))
    power = np.square(texture)
    spread = float(np.sqrt(power.mean()))
    excess = float(np.square(power).mean()) / max(1e-6, spread**4) - 3
    return max(uneven / _UNEVEN, step / _STEP, spread * max(0.0, excess) ** 0.25 / _THINGS, spread / _COARSE)
