"""From noise to layout images: DDIM, each row from its own seed."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from layoutgen.models.denoising.chains import Move, ddim, moved
from layoutgen.models.denoising.images.network import Conditioning, Drawer
from layoutgen.models.denoising.images.schedule import STEPS, schedule


@torch.inference_mode()
def sample(
    network: Drawer,
    conditioning: Conditioning,
    seeds: Sequence[int],
    *,
    steps: int = 8,
    eta: float = 0.0,
    seen: Callable[[int, np.ndarray, np.ndarray], None] | None = None,
    moves: list[Move] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images (b, s, s, 3), uint8, from noise of each row's own seed, and tell which of them are finite (b,), bool.
    In serving no lots are drawn on the way (η = 0). `seen` is told of each step: the time, the noisy images and what
    the network says they are; `moves` is a list that takes the steps."""
    side, c = network.size.side, network.size.signal
    drawn = [torch.Generator().manual_seed(seed) for seed in seeds]

    def noise() -> Tensor:
        return torch.stack([torch.randn(3, side, side, generator=one) for one in drawn]).to(conditioning.pictures)

    x = noise()
    plan = schedule()
    plan.set_timesteps(steps)
    said = x
    for t in plan.timesteps.tolist():
        said = network.mean(network(x, torch.full((len(x),), t, device=x.device), conditioning))
        if seen is not None:
            seen(t, _image(x), _image(said / c))
        u = t - STEPS // steps
        if eta and u >= 0:
            mean, sigma = ddim(x, said, plan.alphas_cumprod[[t]].to(x), plan.alphas_cumprod[[u]].to(x), eta)
            before, x = x, mean + sigma * noise()
            if moves is not None:
                moves.append(moved(len(x), t, u, before, x, (mean, sigma.item()), torch.ones_like(x[:, :1])))
        else:
            x = plan.step(said, t, x, eta=0.0).prev_sample
    return _image(said / c), said.isfinite().flatten(1).all(1).cpu().numpy()


def _image(x: Tensor) -> np.ndarray:
    image = ((x.nan_to_num().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return image.permute(0, 2, 3, 1).cpu().numpy()
