"""What a network of scenes makes of wishes that it never learnt, measured: the same for every contender.

- **loss** (lower is better): the error of the answer denoised, at times and noise that stay (`diffusion.losses`)
- **palette** (lower): palette distance (earth mover's, OKLab) between the ground as it is drawn and the reference;
  before the painter moves its colours to the reference's, since that is the network's own work. Wishes without a
  reference have none.
- **preferred** (higher), of designers' choices alone: how much less the error of the scene that was chosen is than that
  of the other one
"""

from collections.abc import Mapping, Sequence

import numpy as np
import torch

from layoutgen.goods.backdrops import numbers
from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.goods.backdrops.numbers import SceneNumbers
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.models.denoising.scenes import diffusion, style
from layoutgen.models.denoising.scenes.network import SceneNet
from layoutgen.training.judging.measures import Measures
from layoutgen.training.scenes.learner import wanted_of
from layoutgen.training.scenes.wishes import SceneCase

BETTER = {"loss": "lower", "palette": "lower"}
OF_CHOICES = {"preferred": "higher", **BETTER}
_LOOKS = 8
"""Times and noises that each answer is judged at."""
_AREA = 96 * 96
_STRENGTH, _GUIDANCE = 0.8, 1.25
_COLUMNS, _SHOWN, _SIDE = 6, 24, 200


def measure(network: SceneNet, cases: Sequence[SceneCase], steps: int, names: Mapping[str, str] = BETTER) -> Measures:
    """Measure a network, with `steps` of denoising, by what is named: `BETTER` or `OF_CHOICES`."""
    measures: Measures = {name: [] for name in names}
    for number in range(len(cases)):
        case = cases[number]
        error, rejected = error_of(network, case.sample.answer, case, number), case.sample.rejected
        measures["loss"].append((error, 1.0))
        if "preferred" in names:
            gained = 0.0 if rejected is None else error_of(network, rejected, case, number) - error
            measures["preferred"].append((gained, float(rejected is not None)))
        if case.reference is None:
            measures["palette"].append((0.0, 0.0))
        else:
            ground = painted(network, case, steps, number)
            measures["palette"].append((style.distance(style.look_of(ground), case.reference), 1.0))
    return measures


@torch.no_grad()
def error_of(network: SceneNet, answer: np.ndarray, case: SceneCase, number: int) -> float:
    """How far a network is from denoising an answer to a case."""
    rng = np.random.default_rng([7, number])
    times = torch.from_numpy(((np.arange(_LOOKS) + rng.random()) / _LOOKS).astype(np.float32))
    noise = torch.from_numpy(rng.standard_normal((_LOOKS, numbers.SIZE), np.float32))
    truth = torch.from_numpy(answer).expand(_LOOKS, -1)
    return float(diffusion.losses(network, truth, wanted_of([case.sample] * _LOOKS), times, noise)[0].mean())


def proposed(network: SceneNet, case: SceneCase, seed: int, *, steps: int) -> SceneNumbers:
    """The scene that a network proposes for a seed, as the painter does."""
    vector = diffusion.sample(
        network, wanted_of([case.sample]), strength=_STRENGTH, guidance=_GUIDANCE, steps=steps, seed=seed
    )
    return SceneNumbers.decode(vector.numpy())


def painted(network: SceneNet, case: SceneCase, steps: int, seed: int) -> np.ndarray:
    """It, drawn small."""
    return _drawn(proposed(network, case, seed, steps=steps), case, seed)


def sheet(cases: Sequence[SceneCase], network: SceneNet | None = None, steps: int = 8) -> np.ndarray:
    """A picture (h, w, 3) of some cases: with a network what it proposes, else the answers, each with what was
    rejected for it."""
    pictures = []
    for number in range(min(len(cases), _SHOWN)):
        case = cases[number]
        if network is not None:
            pictures.append(painted(network, case, steps, number))
            continue
        answers = [case.sample.answer, case.sample.rejected]
        pictures += [_drawn(SceneNumbers.decode(each), case, number) for each in answers if each is not None]
    return contact_sheet(pictures, _COLUMNS, _SIDE)


def _drawn(scene: SceneNumbers, case: SceneCase, seed: int) -> np.ndarray:
    scale = np.sqrt(_AREA / (case.wish.size[0] * case.wish.size[1]))
    size = (max(16, round(case.wish.size[0] * scale)), max(16, round(case.wish.size[1] * scale)))
    return drawn(scene, size, case.wish.product, case.wish.texts, seed).pixels
