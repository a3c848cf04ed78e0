"""What the network learns: to find the elements of a layout from boxes of any noise, on every head.

Elements are padded to the number of proposals with boxes whose centre and size are drawn from N(1/2, (1/6)²); noise is
added to all (`schedule`), and each head's answer is matched with the elements (`matching`). In an anchored network a
text is learnt by its own proposal, which the noise was added to, and matching is for underlays and what is left over:

    loss = Σ over heads of [2 · focal(roles) + 5 · |b - b*|₁ + 2 · (1 - GIoU) + cross-entropy(which line it carries)
                            + Σ over pairs of anchored texts of |b_i ∩ b_j| / min(|b_i|, |b_j|)]

each a sum over the batch, by the number of matched proposals. The noise of a row is drawn from its own seed. RADM
weighs 5, 1, 1 and has no other parts (`PUBLISHED`); ours, DiffusionDet's, weigh where a box lies as much as what it is.
"""

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.nn import functional

from layoutgen.models.denoising.boxes.head import Prediction, Scene
from layoutgen.models.denoising.boxes.matching import ALPHA, GAMMA, match
from layoutgen.models.denoising.boxes.network import Radm
from layoutgen.models.denoising.boxes.schedule import STEPS, noised
from layoutgen.models.denoising.boxes.tensors import from_signal, iou_giou, to_ltrb, to_signal
from layoutgen.models.denoising.inputs import Truth

WEIGHTS = {"roles": 2.0, "boxes": 5.0, "giou": 2.0, "carries": 1.0, "overlap": 1.0}
PUBLISHED = {"roles": 5.0, "boxes": 1.0, "giou": 1.0, "carries": 0.0, "overlap": 0.0}


def loss(
    network: Radm,
    scene: Scene,
    truths: Sequence[Truth],
    seeds: Sequence[int],
    weights: Mapping[str, float] = WEIGHTS,
) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and its parts and the mean IoU as they stand on the last head. A row's time and noise are
    its seed's."""
    device = scene.atlas.device
    drawn = [torch.Generator().manual_seed(seed) for seed in seeds]
    t = torch.stack([torch.randint(STEPS, (), generator=one) for one in drawn]).to(device)
    count = network.size.proposals
    lines = [int(row.sum()) if network.anchored else 0 for row in scene.there]
    x0 = torch.stack([padded(*one, count) for one in zip(truths, lines, drawn, strict=True)])
    noise = torch.stack([torch.randn(count, 4, generator=one) for one in drawn])
    x = noised(to_signal(x0.to(device)), t, noise.to(device))
    lost = [head_loss(found, truths, lines) for found in network(scene, from_signal(x), t)]
    total = torch.stack([share * one[name] for one in lost for name, share in weights.items()]).sum()
    return total, {name: value.item() for name, value in lost[-1].items()}


def padded(truth: Truth, lines: int, generator: torch.Generator, count: int) -> Tensor:
    """A layout's boxes among drawn ones, (count, 4): those of texts at their line's number where there are `lines` to
    be anchored to, all others after these."""
    texts = truth.carries.cpu() >= 0 if lines else torch.zeros(len(truth.ltrb), dtype=torch.bool)
    others = int((~texts).sum())
    if lines + others > count:
        raise ValueError(f"a layout of {lines + others} elements for {count} proposals; leave it out")
    drawn = 0.5 + torch.randn(count, 4, generator=generator) / 6
    out = to_ltrb(torch.cat([drawn[:, :2], drawn[:, 2:].clamp(min=1e-3)], 1))
    boxes = truth.ltrb.cpu()
    out[truth.carries.cpu()[texts]] = boxes[texts]
    out[lines : lines + others] = boxes[~texts]
    return out


def learners(found: Prediction, row: int, truth: Truth, lines: int) -> Tensor:
    """The element that each proposal of a row learns (n,), -1 for none: of the first `lines`, their own texts."""
    if not lines:
        return match(found.roles[row], found.ltrb[row], truth.roles, truth.ltrb)
    taken = torch.full_like(found.roles[row, :, 0], -1, dtype=torch.long)
    texts = truth.carries >= 0
    taken[truth.carries[texts]] = texts.nonzero()[:, 0]
    free = match(found.roles[row, lines:], found.ltrb[row, lines:], truth.roles[~texts], truth.ltrb[~texts])
    others = torch.cat([(~texts).nonzero()[:, 0], free.new_full((1,), -1)])
    taken[lines:] = others[free]
    return taken


def head_loss(found: Prediction, truths: Sequence[Truth], lines: Sequence[int]) -> dict[str, Tensor]:
    """The parts of one head's loss, and the mean IoU of what was matched; `lines` of each row are anchored."""
    roles = torch.zeros_like(found.roles)
    boxes, giou, ious, carries, overlap = [], [], [], [], []
    none = found.carries.shape[2] - 1
    for i, truth in enumerate(truths):
        taken = learners(found, i, truth, lines[i])
        learns = taken >= 0
        element = taken[learns]
        roles[i, learns, truth.roles[element]] = 1.0
        mine, true = found.ltrb[i, learns], truth.ltrb[element]
        boxes.append((mine - true).abs().sum())
        near, general = iou_giou(mine, true)
        giou.append((1 - general).sum())
        ious.append(near.detach().sum())
        line = truth.carries[element]
        line = torch.where(line < 0, none, line)
        carries.append(functional.cross_entropy(found.carries[i, learns], line, reduction="sum"))
        overlap.append(overlapping(found.ltrb[i, : lines[i]]))
    matched = roles.sum().clamp(min=1.0)
    return {
        "roles": focal(found.roles, roles).sum() / matched,
        "boxes": torch.stack(boxes).sum() / matched,
        "giou": torch.stack(giou).sum() / matched,
        "overlap": torch.stack(overlap).sum() / matched,
        "iou": torch.stack(ious).sum() / matched,
        "carries": torch.stack(carries).sum() / matched,
    }


def overlapping(ltrb: Tensor) -> Tensor:
    """What pairs of boxes (n, 4) share of the smaller one, summed."""
    low = torch.maximum(ltrb[:, None, :2], ltrb[None, :, :2])
    high = torch.minimum(ltrb[:, None, 2:], ltrb[None, :, 2:])
    sides = (ltrb[:, 2:] - ltrb[:, :2]).clamp(min=1e-3)
    areas = sides.prod(-1)
    shared = (high - low).clamp(min=0).prod(-1) / torch.minimum(areas[:, None], areas[None])
    return shared.triu(1).sum()


def focal(logits: Tensor, true: Tensor) -> Tensor:
    """Focal loss α_t (1 - p_t)^γ · -log p_t (Lin et al. 2017) of each logit."""
    p = logits.sigmoid()
    plain = functional.binary_cross_entropy_with_logits(logits, true, reduction="none")
    right = p * true + (1 - p) * (1 - true)
    return (ALPHA * true + (1 - ALPHA) * (1 - true)) * (1 - right) ** GAMMA * plain
