"""What is made smaller: the error of scenes denoised, or of preferences between two.

A scene loses its category 12 times in a hundred and its reference three times in ten, so that the network answers
without them, too.
"""

import copy
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.goods.backdrops import numbers
from layoutgen.models.denoising.scenes import diffusion, style
from layoutgen.models.denoising.scenes.network import SceneNet, Wanted
from layoutgen.training.scenes.wishes import SceneSample

WITHOUT_CATEGORY, WITHOUT_REFERENCE = 0.12, 0.3
_TIMES, _ANCHOR = 1000, 10.0


@dataclass(frozen=True, eq=False)
class Row:
    """A scene as it is learnt, with its time in [0, 1] and noise (numbers.SIZE,)."""

    sample: SceneSample
    time: float
    noise: np.ndarray
    weight: float = 1.0
    learnt: int = 1
    read: int = 1

    def __len__(self) -> int:
        return 1

    def filler(self) -> "Row":
        """The same row, of which nothing is learnt."""
        return replace(self, weight=0.0, learnt=0)


def encode(sample: SceneSample, index: int, epoch: int, *, seed: int) -> Row:
    """A sample with its time and noise, which an epoch draws anew."""
    rng = np.random.default_rng([seed, 67, index, epoch])
    without_category, without_reference = rng.random() < WITHOUT_CATEGORY, rng.random() < WITHOUT_REFERENCE
    shown = replace(
        sample,
        category=0 if without_category else sample.category,
        style=None if without_reference else sample.style,
    )
    return Row(shown, float(rng.random()), rng.standard_normal(numbers.SIZE, np.float32))


def wanted_of(samples: Sequence[SceneSample]) -> Wanted:
    """What samples want, as tensors."""
    blank = np.zeros(style.SIZE, np.float32)
    return Wanted(
        torch.tensor([sample.category for sample in samples]),
        torch.from_numpy(np.stack([sample.floats for sample in samples])),
        torch.from_numpy(np.stack([blank if sample.style is None else sample.style for sample in samples])),
        torch.tensor([sample.style is not None for sample in samples]),
    )


class SceneLearner(nn.Module):
    """A network with its loss: of rows the sums of losses, of rows, and of hits: scenes of the kind that was wanted.

    With a `beta` rows are pairs, and the loss is Diffusion-DPO's (Wallace et al. 2023, equation 14): of errors e_w of
    what was chosen and e_l of what was not, at the same time and noise, summed over a scene's numbers,

        -log σ(-β T ((e_w - e_w') - (e_l - e_l'))) + 10 e_w,    T = 1000

    where e' are those of the network as it was before; hits are pairs whose chosen scene gained on the other. The last
    term, the plain loss, is ours: without it all errors grow, those of rejected scenes faster, and after 60 steps
    nothing can be denoised any more."""

    def __init__(self, network: SceneNet, beta: float | None = None) -> None:
        super().__init__()
        self.network, self.beta = network, beta
        self.before = None if beta is None else copy.deepcopy(network).requires_grad_(False)

    def forward(self, rows: Sequence[Row]) -> Tensor:
        """Sums (3,)."""
        samples = [row.sample for row in rows]
        device = next(self.network.parameters()).device
        weight = torch.tensor([row.weight for row in rows], device=device)
        times = torch.tensor([row.time for row in rows], device=device)
        noise = torch.from_numpy(np.stack([row.noise for row in rows])).to(device)
        wanted = _on(wanted_of(samples), device)
        truth = torch.from_numpy(np.stack([sample.answer for sample in samples])).to(device)
        if self.beta is None:
            losses, answer = diffusion.losses(self.network, truth, wanted, times, noise)
            kinds = len(numbers.KINDS)
            hits = (answer.detach()[:, :kinds].argmax(1) == truth[:, :kinds].argmax(1)).float()
            return torch.stack([(losses * weight).sum(), weight.sum(), (hits * weight).sum()])
        assert self.before is not None
        pairs = [sample.rejected for sample in samples]
        other = torch.from_numpy(np.stack([pair for pair in pairs if pair is not None])).to(device)
        gains, errors = [], []
        for answers in (truth, other):
            now = diffusion.losses(self.network, answers, wanted, times, noise)[0]
            with torch.no_grad():
                then = diffusion.losses(self.before, answers, wanted, times, noise)[0]
            errors.append(now)
            gains.append((then - now) * numbers.SIZE)
        margin = self.beta * _TIMES * (gains[0] - gains[1])
        lost = -functional.logsigmoid(margin) + _ANCHOR * errors[0]
        return torch.stack([(lost * weight).sum(), weight.sum(), ((margin.detach() > 0) * weight).sum()])


def _on(wanted: Wanted, device: torch.device) -> Wanted:
    return Wanted(*(getattr(wanted, name).to(device) for name in Wanted.__dataclass_fields__))
