"""What a network sees of a picture: a backbone of transformers', and a feature pyramid on it (Lin et al. 2017).

Levels have strides of 4, 8, 16 and 32 px. They are kept side by side in one tensor, an atlas, so that regions of all
levels are read in one go (`regions`).
"""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.denoising.boxes.sizes import Size

STRIDES = (4, 8, 16, 32)
_WHOLE = 2  # the level that shows a whole picture
_STAGES = ["stage1", "stage2", "stage3", "stage4"]
_MEAN = (0.485, 0.456, 0.406, 0.25)
_SPREAD = (0.229, 0.224, 0.225, 0.4)


class Pyramid(nn.Module):
    """Pictures to an atlas of features. `weights` is a folder of a pretrained backbone of the size's kind; without one
    the weights are drawn."""

    def __init__(self, size: Size, weights: Path | None = None) -> None:
        super().__init__()
        width = size.width
        self.backbone = backbone(size.backbone, size.channels, size.widths, size.depths, weights)
        self.sides = nn.ModuleList(nn.Conv2d(channels, width, 1) for channels in size.widths)
        self.smooth = nn.ModuleList(nn.Conv2d(width, width, 3, padding=1) for _ in STRIDES)
        for conv in (*self.sides, *self.smooth):
            nn.init.kaiming_uniform_(conv.weight, a=1)
            nn.init.zeros_(conv.bias)

    def forward(self, pictures: Tensor) -> Tensor:
        """Pictures (b, channels, s, s), 0 to 1, to their atlas (b, width, 3/8 s, 1/4 s): see `place`."""
        maps = self.backbone(normalised(pictures)).feature_maps
        found: list[Tensor] = []
        for side, features in zip(reversed(self.sides), reversed(maps), strict=True):
            here = side(features)
            found.append(here + functional.interpolate(found[-1], scale_factor=2.0) if found else here)
        levels = [smooth(one) for smooth, one in zip(self.smooth, reversed(found), strict=True)]
        return atlas(levels)


def atlas(levels: list[Tensor]) -> Tensor:
    """Lay the levels (b, c, s / stride, s / stride) side by side: the finest above, the others below it."""
    rows, channels, side, _ = levels[0].shape
    whole = levels[0].new_zeros(rows, channels, side + levels[1].shape[2], side)
    for level, one in enumerate(levels):
        top, left = place(level, side)
        whole[:, :, top : top + one.shape[2], left : left + one.shape[3]] = one
    return whole


def place(level: int, side: int) -> tuple[int, int]:
    """Top and left of a level in an atlas whose finest level has `side` cells a side."""
    if level == 0:
        return 0, 0
    return side, side - (side >> (level - 1))


def cells(atlas: Tensor, sizes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """The whole picture in an atlas's cells of 16 px: their features (b, k, c), their boxes (b, k, 4), ltrb, normalised
    to the canvases of `sizes` (b, 2) px, and which of them lie beyond the canvas (b, k)."""
    top, left = place(_WHOLE, atlas.shape[3])
    count, stride = atlas.shape[3] >> _WHOLE, STRIDES[_WHOLE]
    features = atlas[:, :, top : top + count, left : left + count].flatten(2).transpose(1, 2)
    at = torch.arange(count, device=atlas.device, dtype=sizes.dtype) * stride
    y, x = torch.meshgrid(at, at, indexing="ij")
    ltrb = torch.stack([x, y, x + stride, y + stride], -1).reshape(1, -1, 4) / sizes.repeat(1, 2)[:, None]
    return features, ltrb, (ltrb[..., :2] >= 1).any(-1)


def normalised(pictures: Tensor) -> Tensor:
    """Pictures (b, channels, h, w), 0 to 1, as a backbone takes them."""
    channels = pictures.shape[1]
    mean = pictures.new_tensor(_MEAN[:channels])[:, None, None]
    return (pictures - mean) / pictures.new_tensor(_SPREAD[:channels])[:, None, None]


def backbone(
    kind: str, channels: int, widths: Sequence[int], depths: Sequence[int], weights: Path | None = None
) -> nn.Module:
    """A backbone of transformers' with four stages, `kind` convnext or resnet; `weights` is a folder of a pretrained
    one."""
    from transformers import AutoBackbone, ConvNextConfig, ResNetConfig  # seconds, and many ask for the name alone

    if weights is not None:
        return AutoBackbone.from_pretrained(weights, out_features=_STAGES)
    sizes = {"num_channels": channels, "hidden_sizes": list(widths), "depths": list(depths), "out_features": _STAGES}
    if kind == "convnext":
        # A layer scale of 1e-6, the default, makes a network of this depth learn next to nothing.
        return AutoBackbone.from_config(ConvNextConfig(**sizes, layer_scale_init_value=0.1))
    return AutoBackbone.from_config(ResNetConfig(**sizes))
