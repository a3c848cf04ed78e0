"""What a checkpoint with a part makes of pictures that were never learnt, measured: the same for every contender.

- **loss** (lower is better): the error of noise told, at times and noise that stay
- **palette** (lower): palette distance (earth mover's, OKLab) of the ground that is painted for the picture's product
  to the picture itself, the product on both; where references are followed, of the ground alone to the reference.
  Pictures whose ground can't be painted, or without a reference, have none.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from layoutgen.core.layout import Canvas
from layoutgen.imaging.products.placing import placed
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.models.base import Painted, Scene
from layoutgen.models.denoising.rendering.checkpoint import Checkpoint
from layoutgen.models.denoising.rendering.painter import StableDiffusionPainter
from layoutgen.models.denoising.rendering.sampling import Sampling
from layoutgen.models.denoising.scenes.style import distance, look_of
from layoutgen.training.judging.measures import Measures
from layoutgen.training.painting.learner import losses, painting
from layoutgen.training.painting.parts import Parts
from layoutgen.training.painting.pictures import Picture

BETTER = {"loss": "lower", "palette": "lower"}
_LOOKS = 4
"""Times and noises that each picture is judged at."""
_COLUMNS, _SHOWN, _SIDE = 6, 12, 240


def measure(
    checkpoint: Checkpoint, parts: Parts, cases: Sequence[Picture], steps: int, *, with_reference: bool = False
) -> Measures:
    """Measure a checkpoint with its parts, whose grounds take `steps` of denoising, as it follows references or not.
    Raises RowError."""
    measures: Measures = {name: [] for name in BETTER}
    for number, case in enumerate(cases):
        rng = np.random.default_rng([23, number])
        rows = [painting(case, checkpoint.side, rng, drops=False, with_reference=with_reference) for _ in range(_LOOKS)]
        with torch.no_grad():
            measures["loss"].append((float(losses(checkpoint, parts, rows).mean()), 1.0))
        (pixels, scene), reference = case.with_reference() if with_reference else (case.shown(), None)
        ground = None
        if reference is not None or not with_reference:
            ground = _ground(checkpoint, parts, scene, reference, steps, number)
        if ground is None:
            measures["palette"].append((0.0, 0.0))
        else:
            ours, wanted = (ground, reference) if reference is not None else (_with_product(ground, scene), pixels)
            measures["palette"].append((distance(look_of(ours), look_of(wanted)), 1.0))
    return measures


def painted(
    checkpoint: Checkpoint, parts: Parts, case: Picture, steps: int, seed: int, *, with_reference: bool = False
) -> np.ndarray | None:
    """The poster (h, w, 3) that is painted for a picture's product; None where it can't be."""
    (_, scene), reference = case.with_reference() if with_reference else (case.shown(), None)
    ground = _ground(checkpoint, parts, scene, reference, steps, seed)
    return None if ground is None else _with_product(ground, scene)


def _ground(
    checkpoint: Checkpoint, parts: Parts, scene: Scene, reference: np.ndarray | None, steps: int, seed: int
) -> np.ndarray | None:
    """A ground (h, w, 3), which follows the reference as closely as it can, where the parts hear any."""
    painter = StableDiffusionPainter(
        checkpoint,
        parts.guide,
        control=parts.net,
        categories=parts.categories,
        style=parts.style,
        how=Sampling(steps, guidance=1.0),
    )
    shown = None if parts.style is None else reference
    (answer,) = painter.paint([replace(scene, reference=shown, strength=1.0, seed=seed)])
    return answer.pixels if isinstance(answer, Painted) else None


def sheet(cases: Sequence[Picture], grounds: Sequence[np.ndarray | None] = ()) -> np.ndarray:
    """A picture (h, w, 3) of some pictures, each beside what was painted for it, where something was."""
    shown = []
    for k, case in enumerate(cases[:_SHOWN]):
        shown.append(case.shown()[0])
        if grounds:
            shown.append(np.zeros_like(shown[-1]) if (ground := grounds[k]) is None else ground)
    return contact_sheet(shown, _COLUMNS, _SIDE)


def _with_product(ground: np.ndarray, scene: Scene) -> np.ndarray:
    """A ground with the scene's product on it, in the ground's size."""
    canvas = Canvas(ground.shape[1], ground.shape[0])
    layer = placed(scene.product, canvas, scene.product_box).on_canvas(canvas)
    alpha = layer[..., 3:].astype(np.float32) / 255
    return np.rint(layer[..., :3] * alpha + ground * (1 - alpha)).astype(np.uint8)
