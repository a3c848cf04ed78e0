"""Pictures as CLIP's towers take them: short side resized, middle cropped, normalised; without transformers' classes,
whose names and backends change from release to release."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

_MEAN = (0.48145466, 0.4578275, 0.40821073)
_STD = (0.26862954, 0.26130258, 0.27577711)


@dataclass(frozen=True)
class ClipPictures:
    """Prepares pictures of a side in px with a mean and deviation of channels."""

    side: int = 224
    mean: tuple[float, ...] = _MEAN
    std: tuple[float, ...] = _STD

    @classmethod
    def of(cls, folder: Path) -> "ClipPictures":
        """As a folder's preprocessor_config.json says."""
        about: dict[str, Any] = json.loads((folder / "preprocessor_config.json").read_text("utf-8"))
        crop = about.get("crop_size", 224)
        side = int(crop["height"] if isinstance(crop, dict) else crop)
        return cls(side, tuple(about.get("image_mean", _MEAN)), tuple(about.get("image_std", _STD)))

    def __call__(self, pictures: list[np.ndarray]) -> Tensor:
        """Pictures (h, w, 3) uint8 as (b, 3, side, side) float32."""
        return torch.stack([self._of(picture) for picture in pictures])

    def _of(self, picture: np.ndarray) -> Tensor:
        height, width = picture.shape[:2]
        scale = self.side / min(height, width)
        size = max(self.side, int(width * scale)), max(self.side, int(height * scale))
        resized = Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC)
        left, top = (size[0] - self.side) // 2, (size[1] - self.side) // 2
        crop = resized.crop((left, top, left + self.side, top + self.side))
        mean, std = np.asarray(self.mean, np.float32), np.asarray(self.std, np.float32)
        values = (np.asarray(crop, np.float32) / 255 - mean) / std
        return torch.from_numpy(np.ascontiguousarray(values.transpose(2, 0, 1), np.float32))
