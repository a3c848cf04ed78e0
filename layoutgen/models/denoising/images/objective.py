"""What the network learns: the classes of a layout image's pixels from the image under any noise.

    loss = - log p of the true class, mean over pixels, + a tenth of the same of the lines' roles

The mean squared error's best answer is learnt by cross-entropy (score interpolation, Dieleman et al. 2022), which gives
thin lines of text more say.
"""

import math
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.nn import functional

from layoutgen.models.denoising.images.network import Conditioning, Drawer
from layoutgen.models.denoising.images.schedule import STEPS, schedule


def loss(
    network: Drawer, conditioning: Conditioning, classes: Tensor, roles: Tensor, seeds: Sequence[int]
) -> tuple[Tensor, Tensor]:
    """Cross-entropies (b,) of the classes (b, s, s) said at times and with noise of each row's own seed, and a tenth of
    that of the lines' roles (b, l), -1 where there is none; and the shares (b,) of the elements' pixels whose class is
    said to be likelier than not."""
    drawn = [torch.Generator().manual_seed(seed) for seed in seeds]
    t = torch.stack([torch.randint(STEPS, (), generator=one) for one in drawn]).to(classes.device)
    images = network.painted(classes)
    noise = torch.stack([torch.randn(images.shape[1:], generator=one) for one in drawn]).to(images)
    said = network(schedule().add_noise(images, noise, t), t, conditioning).float()
    target = functional.pixel_unshuffle(classes[:, None], network.size.patch).long()
    each = functional.cross_entropy(said, target, reduction="none").flatten(1)
    taken = target.flatten(1) > 0
    hits = ((each.detach() < math.log(2)) & taken).sum(1) / taken.sum(1).clamp(min=1)
    return each.mean(1) + 0.1 * _role_loss(network.roles(conditioning.lines[:, 1:]).float(), roles), hits


def _role_loss(said: Tensor, roles: Tensor) -> Tensor:
    lost = functional.cross_entropy(said.transpose(1, 2), roles, ignore_index=-1, reduction="none")
    return lost.sum(1) / (roles >= 0).sum(1).clamp(min=1)
