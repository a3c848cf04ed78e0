"""What a model's device makes of pictures: normalised, cut into the patches or tiles that the vision tower takes.

Pictures arrive as uint8, an eighth of what patches in float32 would be; this is a few operations a picture.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch

from layoutgen.models.base import ModelPicture
from layoutgen.models.vlm.pictures import PictureKind


def pixel_inputs(
    kind: PictureKind, pictures: Sequence[ModelPicture], device: torch.device, dtype: torch.dtype
) -> dict[str, Any]:
    """The arguments of the vision tower for pictures. Raises ValueError for pixels of another shape."""
    for picture in pictures:
        _check(kind, picture)
    if kind.tiles:
        tiles = np.concatenate([picture.pixels for picture in pictures])
        normalised = _normalised(kind, torch.from_numpy(tiles).to(device), dtype)
        return {"pixel_values": normalised.permute(0, 3, 1, 2).contiguous()}
    # Pixels that lie in a table's own memory can't be written to, of which torch would warn.
    pixels = [torch.from_numpy(np.require(picture.pixels, requirements="W")).to(device) for picture in pictures]
    patches = [_patches(kind, one, dtype) for one in pixels]
    grids = [(1, p.pixels.shape[0] // kind.patch, p.pixels.shape[1] // kind.patch) for p in pictures]
    return {"pixel_values": torch.cat(patches), "image_grid_thw": torch.tensor(grids, device=device)}


def _check(kind: PictureKind, picture: ModelPicture) -> None:
    shape = picture.pixels.shape
    if kind.tiles:
        right = len(shape) == 4 and shape[1:] == (kind.side, kind.side, 3) and picture.grid is None
    else:
        right = picture.grid is not None and shape == (picture.grid[0] * kind.unit, picture.grid[1] * kind.unit, 3)
    if not right or picture.pixels.dtype != np.uint8:
        raise ValueError(
            f"picture is {picture.pixels.dtype} {shape} with grid {picture.grid}, which this family does not take; "
            "prepare it with this checkpoint's own PictureKind"
        )


def _normalised(kind: PictureKind, pixels: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """In float32 first: bfloat16 can't tell all 256 values apart."""
    mean, std = (torch.tensor(side, device=pixels.device) * 255 for side in (kind.mean, kind.std))
    return ((pixels.float() - mean) / std).to(dtype)


def _patches(kind: PictureKind, pixels: torch.Tensor, dtype: torch.dtype) -> torch.Tensor:
    """Patches (rows * columns, 3 * frames * patch * patch), those of one visual token beside each other."""
    height, width, _ = pixels.shape
    token = _normalised(kind, pixels, dtype).view(
        height // kind.unit, kind.merge, kind.patch, width // kind.unit, kind.merge, kind.patch, 3
    )
    ordered = token.permute(0, 3, 1, 4, 6, 2, 5).unsqueeze(5).expand(-1, -1, -1, -1, -1, kind.frames, -1, -1)
    return ordered.reshape(-1, 3 * kind.frames * kind.patch * kind.patch)
