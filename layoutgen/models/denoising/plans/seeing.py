"""What a network sees of a product: its cut-out on grey, in a square, as tokens."""

from pathlib import Path

import cv2
import numpy as np
import torch
from torch import Tensor, nn

from layoutgen.core.framing import subject_box
from layoutgen.core.layout import Box
from layoutgen.models.denoising.boxes.pyramid import backbone, normalised
from layoutgen.models.denoising.plans.sizes import PlanSize

_GREY = 128.0
_LEVELS = 2  # the coarsest of the backbone's
_LEAST_PX = 4


class Seer(nn.Module):
    """Pictures (b, colours, view, view), 0 to 1, to tokens (b, p, width); `weights` is a folder of a pretrained
    backbone of the size's kind."""

    def __init__(self, size: PlanSize, weights: Path | None = None) -> None:
        super().__init__()
        self.backbone = backbone(size.backbone, size.colours, size.widths, size.depths, weights)
        self.levels = nn.ModuleList(
            nn.Sequential(nn.Linear(channels, size.width), nn.LayerNorm(size.width))
            for channels in size.widths[-_LEVELS:]
        )
        cells = [(size.view >> (5 - k)) ** 2 for k in reversed(range(_LEVELS))]
        self.places = nn.Parameter(torch.randn(sum(cells), size.width) * 0.02)

    def forward(self, pictures: Tensor) -> Tensor:
        """See."""
        maps = self.backbone(normalised(pictures)).feature_maps[-_LEVELS:]
        tokens = [level(features.flatten(2).transpose(1, 2)) for level, features in zip(self.levels, maps, strict=True)]
        return torch.cat(tokens, 1) + self.places


def on_grey(cut: np.ndarray, size: PlanSize) -> Tensor:
    """A cut-out (h, w, 4) uint8, straight alpha, in the middle of a grey square (colours, view, view), 0 to 1, as large
    as it fits."""
    height, width = cut.shape[:2]
    scale = size.view / max(width, height)
    shape = (max(1, round(width * scale)), max(1, round(height * scale)))
    alpha = cut[..., 3:].astype(np.float32) / 255
    laid = np.concatenate([cut[..., :3] * alpha + _GREY * (1 - alpha), 255 * alpha], -1)
    laid = cv2.resize(laid, shape, interpolation=cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR)
    out = np.full((size.view, size.view, 4), (_GREY, _GREY, _GREY, 0), np.float32)
    top, left = (size.view - shape[1]) // 2, (size.view - shape[0]) // 2
    out[top : top + shape[1], left : left + shape[0]] = laid
    return torch.from_numpy(out[..., : size.colours] / 255).permute(2, 0, 1).contiguous()


def cut_from(picture: Tensor, shape: tuple[int, int]) -> tuple[np.ndarray, Box] | None:
    """The product that a poster shows, cut out (h, w, 4) by its fourth channel, and its box on the canvas, which is the
    upper left (width, height) px of the picture (4, side, side); None where the picture shows none."""
    width, height = shape
    pixels = picture[:, :height, :width].permute(1, 2, 0).numpy()
    if not (pixels[..., 3] > 0.5).any():
        return None
    first, second, third, fourth = map(float, subject_box(pixels[..., 3]))
    box = (first, second, third, fourth)
    left, top, right, bottom = (round(side) for side in np.array(box) * (width, height, width, height))
    if right - left < _LEAST_PX or bottom - top < _LEAST_PX:
        return None
    return np.rint(pixels[top:bottom, left:right] * 255).astype(np.uint8), box


def ratio_of(cut: np.ndarray) -> float:
    """Width over height."""
    return float(cut.shape[1] / cut.shape[0])
