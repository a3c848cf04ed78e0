"""What the network learns: the numbers of a plan from numbers of any noise.

A row's time and noise, what of it is given and what it isn't told are drawn from its own seed. The product is given in
a quarter of the rows and wherever the canvas's edge cuts it off, because such a place is not to be learnt; in some more
a lot decides of every slot. In numbers, of the slots that are there and not given, a mean over them,

    loss = MSE(x0) + ᾱ_t · [|b - b*|₁ + 1 - GIoU + 1/2 · overlap] + 1/5 · BCE(panel is there) + 1/5 · CE(role)

with b in shares of the canvas, x0 as signal, and overlap what a text shares of its area with the product and with other
texts. In states (Gu et al. 2022) the variational bound takes the place of the numbers' part:

    loss = T · KL(q(x_{t-1} | x_t, x_0) ‖ p(x_{t-1} | x_t)) + 1/10 · CE(x_0) + 1/5 · BCE + 1/5 · CE(role)
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional

from layoutgen.core.layout import Canvas, Role
from layoutgen.models.denoising.boxes import schedule
from layoutgen.models.denoising.boxes.tensors import iou_giou
from layoutgen.models.denoising.inputs import Inputs, Truth
from layoutgen.models.denoising.lines import ROLES
from layoutgen.models.denoising.plans import states
from layoutgen.models.denoising.plans.asking import Item, asked
from layoutgen.models.denoising.plans.network import Answer, Asked, PlanNet, Scene
from layoutgen.models.denoising.plans.seeing import cut_from
from layoutgen.models.denoising.plans.slots import (
    PRODUCT,
    boxes_of,
    first_line,
    from_signal,
    numbers_of,
    to_signal,
)

_UNDERLAY = ROLES.index(Role.UNDERLAY)
_PRODUCT_GIVEN, _SOME_GIVEN = 0.25, 0.4
_UNTOLD = {"visual": 0.1, "text": 0.05, "category": 0.15}
_EDGE = 0.004
_PRODUCT_WEIGHT = 2.0


@dataclass(frozen=True, eq=False)
class Truths:
    """What is true of a batch: boxes (b, n, 4), which are `known` (b, n), roles (b, n), -1 for none, which panels are
    there (b, underlays), and which products are cut off (b,)."""

    ltrb: Tensor
    known: Tensor
    roles: Tensor
    panels: Tensor
    is_cut: Tensor

    def to(self, device: torch.device) -> "Truths":
        """The same on a device."""
        return Truths(*(part.to(device) for part in (self.ltrb, self.known, self.roles, self.panels, self.is_cut)))


@dataclass(frozen=True, eq=False)
class _Drawn:
    """Of a batch the times (b,), noise (b, n, 4), and which slots are given and which are learnt (b, n)."""

    t: Tensor
    noise: Tensor
    given: Tensor
    learns: Tensor


def loss(network: PlanNet, inputs: Sequence[Inputs], seeds: Sequence[int]) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch and its parts, with the mean IoU of what is learnt."""
    items, truths = posters(inputs, network.size.underlays)
    device = next(network.parameters()).device
    drawn = [torch.Generator().manual_seed(seed) for seed in seeds]
    count = truths.ltrb.shape[1]
    draws = torch.stack([torch.rand(8, generator=generator) for generator in drawn])
    slot_lots = _each(
        drawn, items, count, network.size.underlays, lambda own, generator: torch.rand(own, generator=generator)
    )
    given = _given(draws[:, 0], slot_lots, truths).to(device)
    request = asked(items, network.size).to(device)
    hidden = [[name for k, (name, share) in enumerate(_UNTOLD.items()) if row[1 + k] < share] for row in draws.tolist()]
    request = _untold(request, hidden)
    truths, slots = truths.to(device), request.slots
    noise = _each(
        drawn, items, count, network.size.underlays, lambda own, generator: torch.randn(own, 4, generator=generator)
    )
    scene = network.scene(request)
    learns = truths.known & slots.there & ~given
    numbers = numbers_of(truths.ltrb, slots)
    of_slots, steps = (_of_states, states.STEPS) if network.size.bins else (_of_numbers, schedule.STEPS)
    t = (draws[:, 7] * steps).long().to(device)
    answer, parts = of_slots(network, scene, numbers, _Drawn(t, noise.to(device), given, learns))
    start = first_line(network.size.underlays)
    panels = slice(1, start)
    free = ~given[:, panels]
    bce = functional.binary_cross_entropy_with_logits(answer.presence[:, panels], truths.panels, reduction="none")
    parts["presence"] = 0.2 * (bce * free).sum() / free.sum().clamp(min=1)
    roles = functional.cross_entropy(answer.roles.transpose(1, 2), truths.roles, ignore_index=-1, reduction="sum")
    parts["roles"] = 0.2 * roles / (truths.roles >= 0).sum().clamp(min=1)
    total = torch.stack([value for name, value in parts.items() if name != "iou"]).sum()
    return total, {name: value.item() for name, value in parts.items()}


def posters(inputs: Sequence[Inputs], underlays: int) -> tuple[list[Item], Truths]:
    """Layouts to learn as posters to plan: the product is cut out of each one's picture, and its box is true."""
    start = first_line(underlays)
    count = start + max(len(layout.lines) for layout in inputs)
    ltrb = torch.full((len(inputs), count, 4), 0.5)
    known = torch.zeros(len(inputs), count, dtype=torch.bool)
    roles = torch.full((len(inputs), count), -1)
    panels = torch.zeros(len(inputs), underlays)
    is_cut = torch.zeros(len(inputs), dtype=torch.bool)
    items = []
    for i, layout in enumerate(inputs):
        cut = cut_from(layout.picture.cpu(), layout.size)
        logo = next((line.numbers[6] for line in layout.lines if not line.slot.text), None)
        ratio = None if logo is None else float(torch.tensor(logo).exp())
        items.append(Item(cut and cut[0], layout.lines, Canvas(*layout.size), ratio, layout.category))
        if cut:
            box = cut[1]
            ltrb[i, PRODUCT], known[i, PRODUCT] = torch.tensor(box), True
            is_cut[i] = min(box[0], box[1], 1 - box[2], 1 - box[3]) < _EDGE
        truth = layout.truth.to(torch.device("cpu"))
        texts = truth.carries >= 0
        at = start + truth.carries[texts]
        ltrb[i, at], known[i, at], roles[i, at] = truth.ltrb[texts], True, truth.roles[texts]
        boxes = _panels(truth)[:underlays]
        ltrb[i, 1 : 1 + len(boxes)], known[i, 1 : 1 + len(boxes)], panels[i, : len(boxes)] = boxes, True, 1.0
    return items, Truths(ltrb, known, roles, panels, is_cut)


def _panels(truth: Truth) -> Tensor:
    """The panels' boxes (k, 4) in the order of the first line whose middle each bears, then of their tops."""
    boxes = truth.ltrb[truth.roles == _UNDERLAY]
    texts = truth.carries >= 0
    middles = (truth.ltrb[texts, :2] + truth.ltrb[texts, 2:]) / 2
    bears = ((boxes[:, None, :2] <= middles) & (middles <= boxes[:, None, 2:])).all(-1)
    lines = torch.where(bears, truth.carries[texts], 999).amin(1) if len(middles) else boxes[:, 0] * 0 + 999
    order = sorted(range(len(boxes)), key=lambda k: (int(lines[k]), boxes[k, 1].item(), boxes[k, 0].item()))
    return boxes[order]


def _each(
    drawn: Sequence[torch.Generator],
    items: Sequence[Item],
    count: int,
    underlays: int,
    draw: Callable[[int, torch.Generator], Tensor],
) -> Tensor:
    """Of each row what its generator draws for its own slots, padded to `count`: the same in any batch."""
    start = first_line(underlays)
    rows = [draw(start + len(item.lines), generator) for item, generator in zip(items, drawn, strict=True)]
    return torch.stack([torch.cat([row, row.new_zeros(count - len(row), *row.shape[1:])]) for row in rows])


def _given(lot: Tensor, slots: Tensor, truths: Truths) -> Tensor:
    """Which slots are given (b, n)."""
    given = (slots < 0.5) & ((lot >= _PRODUCT_GIVEN) & (lot < _SOME_GIVEN))[:, None]
    given[:, PRODUCT] |= (lot < _PRODUCT_GIVEN) | truths.is_cut
    return given & truths.known


def _untold(request: Asked, hidden: Sequence[Sequence[str]]) -> Asked:
    """The batch, of which each row's `hidden` conditions are not told."""
    rows = {name: torch.tensor([name in names for names in hidden], device=request.shown.device) for name in _UNTOLD}
    lines = replace(request.lines, there=request.lines.there & ~rows["text"][:, None])
    categories = torch.where(rows["category"], 0, request.categories)
    return replace(request, shown=request.shown & ~rows["visual"], lines=lines, categories=categories)


def _of_numbers(network: PlanNet, scene: Scene, numbers: Tensor, drawn: _Drawn) -> tuple[Answer, dict[str, Tensor]]:
    slots, t, given, noise, learns = scene.slots, drawn.t, drawn.given, drawn.noise, drawn.learns
    x0 = to_signal(numbers)
    x0 = torch.where((learns | given)[..., None], x0, to_signal(torch.full_like(numbers, 0.5)))
    x = torch.where(given[..., None], x0, schedule.noised(x0, t, noise))
    answer = network(scene, x, t, given)
    weight = learns.float()
    weight[:, PRODUCT] *= _PRODUCT_WEIGHT
    total = weight.sum().clamp(min=1)
    of_numbers = torch.ones_like(x0)
    of_numbers[..., 3] = (~slots.tied).float()
    squares = ((answer.numbers - x0) ** 2 * of_numbers).sum(-1) / of_numbers.sum(-1)
    predicted, true = boxes_of(from_signal(answer.numbers), slots), boxes_of(numbers, slots)
    alpha = schedule.KEPT.to(x.device)[t][:, None]
    ious, giou = iou_giou(predicted, true)
    return answer, {
        "mse": (weight * squares).sum() / total,
        "l1": (alpha * weight * (predicted - true).abs().sum(-1)).sum() / total,
        "giou": (alpha * weight * (1 - giou)).sum() / total,
        "overlap": 0.5 * (alpha * _overlap(predicted, learns | given, network.size.underlays)).sum() / total,
        "iou": (ious * learns).sum().detach() / learns.sum().clamp(min=1),
    }


def _overlap(ltrb: Tensor, known: Tensor, underlays: int) -> Tensor:
    """What each text (b, n) shares of its area with the product and with the texts before it."""
    start = first_line(underlays)
    keep = [PRODUCT, *range(start, ltrb.shape[1])]
    boxes, is_there = ltrb[:, keep], known[:, keep]
    low = torch.maximum(boxes[:, :, None, :2], boxes[:, None, :, :2])
    high = torch.minimum(boxes[:, :, None, 2:], boxes[:, None, :, 2:])
    areas = (boxes[..., 2:] - boxes[..., :2]).clamp(min=1e-3).prod(-1)
    shared = (high - low).clamp(min=0).prod(-1) / areas[:, :, None]
    pairs = (is_there[:, :, None] & is_there[:, None]).tril(-1)
    return (shared.clamp(max=1) * pairs).sum(-1)


def _of_states(network: PlanNet, scene: Scene, numbers: Tensor, drawn: _Drawn) -> tuple[Answer, dict[str, Tensor]]:
    bins, slots = network.size.bins, scene.slots
    t, given, noise, learns = drawn.t, drawn.given, drawn.noise, drawn.learns
    true = states.to_states(numbers, bins)
    # the normal noise's quantiles, so that numbers and states are drawn alike
    draws = 0.5 * (1 + torch.erf(noise / 2**0.5))
    anew = ((draws * 7919.0) % 1.0 * bins).long().clamp(max=bins - 1)
    x = states.forgotten(true, t, draws, anew, bins)
    x = torch.where(given[..., None], true, torch.where(learns[..., None], x, bins))
    answer = network(scene, x, t, given)
    chances = answer.numbers.float().softmax(-1)
    rows, n = true.shape[:2]
    flat = (rows, n * 4)
    onehot = functional.one_hot(true, bins).float()
    wanted = states.earlier(x.reshape(flat), onehot.reshape(rows, n * 4, bins), t, t - 1)
    answered = states.earlier(x.reshape(flat), chances.reshape(rows, n * 4, bins), t, t - 1)
    bound = (wanted * ((wanted + 1e-9).log() - (answered + 1e-9).log())).sum(-1).reshape(rows, n, 4)
    entropy = functional.cross_entropy(answer.numbers.flatten(0, 2), true.flatten(), reduction="none")
    counts = learns[..., None].float().expand(-1, -1, 4).clone()
    counts[..., 3] *= ~slots.tied
    counts[:, PRODUCT] *= _PRODUCT_WEIGHT
    total = counts.sum().clamp(min=1)
    predicted = boxes_of(states.from_states(answer.numbers.argmax(-1), bins), slots)
    ious, _ = iou_giou(predicted, boxes_of(numbers, slots))
    return answer, {
        "bound": states.STEPS * (bound * counts).sum() / total,
        "entropy": 0.1 * (entropy.reshape(rows, n, 4) * counts).sum() / total,
        "iou": (ious * learns).sum().detach() / learns.sum().clamp(min=1),
    }
