"""From noise to layout images: DDIM, each row from its own seed."""

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from layoutgen.models.denoising.images.network import Conditioning, Drawer
from layoutgen.models.denoising.images.schedule import schedule


@torch.inference_mode()
def sample(
    network: Drawer,
    conditioning: Conditioning,
    seeds: Sequence[int],
    *,
    steps: int = 8,
    seen: Callable[[int, np.ndarray, np.ndarray], None] | None = None,
) -> tuple[np.ndarray, np.ndarray]:
    """Draw images (b, s, s, 3), uint8, from noise of each row's own seed, and tell which of them are finite (b,), bool.
    No lots are drawn on the way (η = 0). `seen` is told of each step: the time, the noisy images and what the network
    says they are."""
    side, c = network.size.side, network.size.signal
    noise = [torch.randn(3, side, side, generator=torch.Generator().manual_seed(seed)) for seed in seeds]
    x = torch.stack(noise).to(conditioning.pictures)
    plan = schedule()
    plan.set_timesteps(steps)
    said = x
    for t in plan.timesteps:
        said = network.mean(network(x, t.expand(len(x)).to(x.device), conditioning))
        if seen is not None:
            seen(int(t), _image(x), _image(said / c))
        x = plan.step(said, int(t), x, eta=0.0).prev_sample
    return _image(said / c), said.isfinite().flatten(1).all(1).cpu().numpy()


def _image(x: Tensor) -> np.ndarray:
    image = ((x.nan_to_num().clamp(-1, 1) + 1) * 127.5).round().to(torch.uint8)
    return image.permute(0, 2, 3, 1).cpu().numpy()
