"""From noise to boxes: DDIM over 1 to 16 steps or more, each row from its own seed.

At each step the boxes go through the network; proposals that no role scores more than `RENEW` and that are no text's
own are replaced by fresh noise (box renewal, Chen et al. 2023). Boxes that are given are overwritten with their noised
value before every step, so that all others are found beside them; after every step the constraints are put on what is
bound to them (`steer`).
"""

from collections.abc import Callable, Mapping, Sequence

import torch
from torch import Tensor

from layoutgen.core.layout import Box
from layoutgen.models.denoising.boxes.head import Prediction, Scene, anchors
from layoutgen.models.denoising.boxes.network import Radm
from layoutgen.models.denoising.boxes.schedule import gaussian, noised, times
from layoutgen.models.denoising.boxes.tensors import SCALE, from_signal, to_signal
from layoutgen.models.denoising.chains import Move, moved

RENEW = 0.25

Given = Sequence[Mapping[int, Box]]
"""For each row the boxes, ltrb, normalised, that some of its proposals have."""
Steer = Callable[[Prediction], Tensor]
"""Says from a step's answer where its boxes (b, n, 4) should be instead."""


@torch.inference_mode()
def sample(
    network: Radm,
    scene: Scene,
    seeds: Sequence[int],
    *,
    steps: int = 4,
    eta: float = 1.0,
    given: Given | None = None,
    steer: Steer | None = None,
    seen: Callable[[Move, Prediction], None] | None = None,
) -> Prediction:
    """Denoise. The last answer is not steered: how far it is from what was asked can be seen. `seen` is told of each
    step: the move, of boxes as signals (b, n, 4), and what the last head made of the boxes before it."""
    generators = [torch.Generator().manual_seed(seed) for seed in seeds]
    count, device = network.size.proposals, scene.atlas.device

    def draw() -> Tensor:
        return torch.stack([torch.randn(count, 4, generator=generator) for generator in generators]).to(scene.atlas)

    x = draw()
    fixed, is_fixed = _fixed(given, x)
    is_anchored = anchors(scene.there, count).any(-1, keepdim=True) & network.anchored
    for t, u in times(steps):
        now = torch.full((len(seeds),), t, device=device)
        x = torch.where(is_fixed, noised(fixed, now, draw()), x)
        found = network(scene, from_signal(x), now)[-1]
        if steer is not None and u >= 0:
            found = found._replace(ltrb=steer(found))
        x0 = torch.where(is_fixed, fixed, to_signal(found.ltrb).clamp(-SCALE, SCALE))
        mean, sigma = gaussian(x, x0, t, u, eta)
        noise, fresh = draw(), draw()
        kept = (found.roles.sigmoid().amax(-1, keepdim=True) > RENEW) | is_fixed | is_anchored
        before, x = x, torch.where(kept, mean + sigma * noise, fresh)
        if seen is not None:
            seen(moved(len(x), t, u, before, x, (mean, sigma), kept & ~is_fixed), found)
    return found._replace(ltrb=torch.where(is_fixed, _boxes(given, found.ltrb), found.ltrb))


def _fixed(given: Given | None, like: Tensor) -> tuple[Tensor, Tensor]:
    """The given boxes as signal (b, n, 4), and which they are (b, n, 1)."""
    which = torch.zeros_like(like[..., :1], dtype=torch.bool)
    for i, boxes in enumerate(given or ()):
        which[i, list(boxes)] = True
    return to_signal(_boxes(given, like)), which


def _boxes(given: Given | None, like: Tensor) -> Tensor:
    """The given boxes as they were given, (b, n, 4)."""
    out = like.clone()
    for i, boxes in enumerate(given or ()):
        for proposal, box in boxes.items():
            out[i, proposal] = torch.tensor(box).to(like)
    return out
