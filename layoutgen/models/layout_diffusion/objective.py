"""What the network learns: to find the elements of a layout from boxes of any noise, on every head.

Elements are padded to the number of proposals with boxes whose centre and size are drawn from N(1/2, (1/6)²); noise is
added to all (`schedule`), and each head's answer is matched with the elements (`matching`):

    loss = Σ over heads of [5 · focal(roles) + |b - b*|₁ + (1 - GIoU) + cross-entropy(which line it carries)]

each a sum over the batch, by the number of matched proposals. The noise of a row is drawn from its own seed.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from layoutgen.models.layout_diffusion.boxes import from_signal, iou_giou, to_ltrb, to_signal
from layoutgen.models.layout_diffusion.head import Found, Scene
from layoutgen.models.layout_diffusion.matching import ALPHA, GAMMA, match
from layoutgen.models.layout_diffusion.network import Radm
from layoutgen.models.layout_diffusion.schedule import STEPS, noised

WEIGHTS = {"roles": 5.0, "boxes": 1.0, "giou": 1.0, "carries": 1.0}


@dataclass(frozen=True, eq=False)
class Truth:
    """A layout to learn: boxes (m, 4), ltrb, normalised; indices of roles (m,); and the line that each element carries
    (m,), -1 for none."""

    ltrb: Tensor
    roles: Tensor
    carries: Tensor


def loss(network: Radm, scene: Scene, truths: Sequence[Truth], seeds: Sequence[int]) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and its parts as they stand on the last head. A row's time and noise are its seed's."""
    device = scene.atlas.device
    drawn = [torch.Generator().manual_seed(seed) for seed in seeds]
    t = torch.stack([torch.randint(STEPS, (), generator=one) for one in drawn]).to(device)
    count = network.size.proposals
    x0 = torch.stack([padded(truth.ltrb.cpu(), count, one) for truth, one in zip(truths, drawn, strict=True)])
    noise = torch.stack([torch.randn(count, 4, generator=one) for one in drawn])
    x = noised(to_signal(x0.to(device)), t, noise.to(device))
    total = scene.atlas.new_zeros(())
    parts: dict[str, float] = {}
    for found in network(scene, from_signal(x), t):
        lost = head_loss(found, truths)
        total = total + torch.stack([WEIGHTS[name] * value for name, value in lost.items()]).sum()
        parts = {name: value.item() for name, value in lost.items()}
    return total, parts


def padded(ltrb: Tensor, count: int, generator: torch.Generator) -> Tensor:
    """Boxes (m, 4) and drawn ones after them, (count, 4)."""
    if len(ltrb) > count:
        raise ValueError(
            f"a layout of {len(ltrb)} elements for {count} proposals; leave some out, or use a larger size"
        )
    drawn = 0.5 + torch.randn(count - len(ltrb), 4, generator=generator) / 6
    return torch.cat([ltrb, to_ltrb(torch.cat([drawn[:, :2], drawn[:, 2:].clamp(min=1e-3)], 1))])


def head_loss(found: Found, truths: Sequence[Truth]) -> dict[str, Tensor]:
    """The parts of one head's loss."""
    roles = torch.zeros_like(found.roles)
    boxes, giou, carries = [], [], []
    none = found.carries.shape[2] - 1
    for i, truth in enumerate(truths):
        taken = match(found.roles[i], found.ltrb[i], truth.roles, truth.ltrb)
        learns = taken >= 0
        element = taken[learns]
        roles[i, learns, truth.roles[element]] = 1.0
        mine, true = found.ltrb[i, learns], truth.ltrb[element]
        boxes.append((mine - true).abs().sum())
        giou.append((1 - iou_giou(mine, true)[1]).sum())
        line = truth.carries[element]
        line = torch.where(line < 0, none, line)
        carries.append(functional.cross_entropy(found.carries[i, learns], line, reduction="sum"))
    matched = roles.sum().clamp(min=1.0)
    return {
        "roles": focal(found.roles, roles).sum() / matched,
        "boxes": torch.stack(boxes).sum() / matched,
        "giou": torch.stack(giou).sum() / matched,
        "carries": torch.stack(carries).sum() / matched,
    }


def focal(logits: Tensor, true: Tensor) -> Tensor:
    """Focal loss α_t (1 - p_t)^γ · -log p_t (Lin et al. 2017) of each logit."""
    p = logits.sigmoid()
    plain = functional.binary_cross_entropy_with_logits(logits, true, reduction="none")
    right = p * true + (1 - p) * (1 - true)
    return (ALPHA * true + (1 - ALPHA) * (1 - true)) * (1 - right) ** GAMMA * plain
