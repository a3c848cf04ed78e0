"""Teaches a vision tower where subjects are, before a language model learns from it what to do about them.

From layouts alone a small model learns what layouts look like and not to look at the picture; its loss hardly shows it.
So first a linear head on each visual token predicts the share of its cell that the subject takes (binary cross-entropy
against that share), and tower and head are trained on that. The head is thrown away afterwards.
"""

import logging
from collections.abc import Iterator
from typing import Any

import cv2
import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.nn import functional

from layoutgen.models.base import ModelPicture
from layoutgen.models.vlm.checkpoints import ChatFormat
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.training.data.cases import DataError
from layoutgen.training.data.sample import Sample, Samples
from layoutgen.training.loop.engines import ranks_of
from layoutgen.training.loop.steps import Recipe, rate_at

log = logging.getLogger("layoutgen")

_LOG_EVERY = 25


def pretrain(model: Any, samples: Samples, chat: ChatFormat, recipe: Recipe) -> Iterator[dict[str, float]]:
    """Train the tower of a vision-language model for `recipe.dense_steps` steps of `recipe.batch` samples, shared by
    all ranks. Yields now and then the steps taken, the mean loss and the mean absolute error of shares since the last.
    Raises DataError for samples whose subject nobody knows."""
    rank, ranks = ranks_of()
    tower = model.model.visual
    device = next(tower.parameters()).device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(recipe.seed)
        head = nn.Linear(model.config.get_text_config().hidden_size, 1).to(device)
    learnt = [*tower.parameters(), *head.parameters()]
    optimiser = torch.optim.AdamW(learnt, lr=recipe.dense_rate, weight_decay=0.0)
    order = np.random.default_rng([recipe.seed, 41])
    steps, since = recipe.dense_steps, torch.zeros(3)
    for step in range(steps):
        chosen = order.integers(len(samples), size=recipe.batch)[rank::ranks]
        batch = [_cells(samples.sample(int(index), 0), chat, recipe.image_side) for index in chosen]
        wanted = torch.from_numpy(np.concatenate([cells for _, cells in batch])).to(device)
        lost, missed = _loss(model, head, chat, [picture for picture, _ in batch], wanted, recipe)
        lost.backward()
        _average(learnt, ranks)
        nn.utils.clip_grad_norm_(learnt, recipe.clip)
        for group in optimiser.param_groups:
            group["lr"] = rate_at(step, steps, recipe) / recipe.rate * recipe.dense_rate
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        since += torch.tensor([lost.item(), missed, 1.0])
        if (step + 1) % _LOG_EVERY == 0 or step + 1 == steps:
            lost_mean, missed_mean = (since[:2] / since[2]).tolist()
            log.info("dense %d of %d: loss %.4f, error of shares %.4f", step + 1, steps, lost_mean, missed_mean)
            yield {"taken": step + 1, "loss": lost_mean, "error": missed_mean}
            since.zero_()


def _cells(sample: Sample, chat: ChatFormat, side: int) -> tuple[ModelPicture, np.ndarray]:
    """A picture and the subject's share (n,) of the cells of its visual tokens, row by row."""
    if sample.subject is None:
        raise DataError("train.dense_steps needs samples that say where the subject is; set it to 0 for this data set")
    picture = chat.pictures.prepare(np.asarray(sample.pixels), side)
    if picture.grid is None:
        raise ValueError("train.dense_steps is for families whose visual tokens lie on one grid; set it to 0")
    rows, columns = picture.grid
    cells = cv2.resize(sample.subject, (columns, rows), interpolation=cv2.INTER_AREA)
    return picture, np.ascontiguousarray(cells, np.float32).ravel()


def _loss(
    model: Any, head: nn.Linear, chat: ChatFormat, pictures: list[ModelPicture], wanted: Tensor, recipe: Recipe
) -> tuple[Tensor, float]:
    """The loss, and the mean absolute error of the predicted shares."""
    half = recipe.dtype == "bfloat16"
    inputs = pixel_inputs(chat.pictures, pictures, wanted.device, getattr(torch, recipe.dtype))
    with torch.autocast(wanted.device.type, torch.bfloat16, enabled=half):
        features = model.model.get_image_features(**inputs, return_dict=True).pooler_output
        vectors = torch.cat(list(features)) if isinstance(features, list | tuple) else features
        scores = head(vectors)[:, 0].float()
    lost = functional.binary_cross_entropy_with_logits(scores, wanted)
    return lost, float((torch.sigmoid(scores.detach()) - wanted).abs().mean())


def _average(weights: list[nn.Parameter], ranks: int) -> None:
    """Average gradients over the ranks."""
    if ranks > 1:
        for weight in weights:
            if weight.grad is not None:
                distributed.all_reduce(weight.grad)
                weight.grad /= ranks
