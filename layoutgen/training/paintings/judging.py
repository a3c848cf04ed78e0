"""What a network paints of scenes that it never learnt, measured: the same for every contender.

- **loss** (lower is better): how far a scene is from the drawn one (`learner.losses_of`), of every second pixel
- **palette** (lower): palette distance (earth mover's, OKLab) between them
"""

from collections.abc import Sequence

import numpy as np
import torch

from layoutgen.imaging.sheets import contact_sheet
from layoutgen.models.denoising.painted.asking import asked
from layoutgen.models.denoising.painted.network import PaintNet
from layoutgen.models.denoising.painted.painter import painted
from layoutgen.models.denoising.scenes import style
from layoutgen.training.judging.measures import Measures
from layoutgen.training.paintings.drawings import Drawing
from layoutgen.training.paintings.learner import losses_of

BETTER = {"loss": "lower", "palette": "lower"}
_COLUMNS, _SHOWN, _SIDE = 6, 24, 200


def measure(network: PaintNet, cases: Sequence[Drawing]) -> Measures:
    """Measure a network."""
    measures: Measures = {name: [] for name in BETTER}
    for number in range(len(cases)):
        case = cases[number]
        measures["loss"].append((error_of(network, case), 1.0))
        ground = painted(network, case.request, np.random.default_rng(number))
        measures["palette"].append((style.distance(style.look_of(ground), style.look_of(case.picture)), 1.0))
    return measures


@torch.no_grad()
def error_of(network: PaintNet, case: Drawing) -> float:
    """How far a painted scene is from the drawn one."""
    high, wide = case.picture.shape[:2]
    y, x = ((torch.arange(0, side, 2) + 0.5)[None] / side for side in (high, wide))
    truth = torch.from_numpy(case.picture[None, ::2, ::2].astype(np.float32) / 255)
    return float(losses_of(network(asked([case.request], network.size), y, x), truth))


def sheet(cases: Sequence[Drawing], network: PaintNet | None = None) -> np.ndarray:
    """A picture (h, w, 3) of some cases: as a network paints them, else as they are drawn."""
    shown = [cases[k] for k in range(min(len(cases), _SHOWN))]
    pictures = [
        case.picture if network is None else painted(network, case.request, np.random.default_rng(k))
        for k, case in enumerate(shown)
    ]
    return contact_sheet(pictures, _COLUMNS, _SIDE)
