"""Subject maps by networks from a file: ONNX exports of U²-Net, IS-Net and BiRefNet, as their authors publish them.

| format | picture | normalised by | output | source |
| --- | --- | --- | --- | --- |
| `u2net` | 320 x 320 | maximum, then ImageNet's mean and deviation | map, stretched to [0, 1] | Qin et al. 2020 |
| `isnet` | 1024 x 1024 | 0.5, 1.0 | map, stretched to [0, 1] | Qin et al. 2022, DIS |
| `birefnet` | 1024 x 1024 | ImageNet's mean and deviation | logits | Zheng et al. 2024 |

The file's own input size counts where it is fixed; of several outputs the first is the map. The exports themselves are
not part of this program, and what they need of time and memory is theirs (1024 px: seconds an image on a core).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from layoutgen.core.errors import AbsentError
from layoutgen.imaging.shrinking import shrink
from layoutgen.models.finders.network import MAP_SIDE, MEAN, SPREAD, stretched
from layoutgen.models.finders.onnx_graph import session

Format = Literal["u2net", "isnet", "birefnet"]


@dataclass(frozen=True)
class _Recipe:
    side: int
    by_maximum: bool
    mean: np.ndarray
    spread: np.ndarray
    logits: bool


_RECIPES: dict[str, _Recipe] = {
    "u2net": _Recipe(320, True, MEAN, SPREAD, logits=False),
    "isnet": _Recipe(1024, False, np.array([0.5] * 3, np.float32), np.array([1.0] * 3, np.float32), logits=False),
    "birefnet": _Recipe(1024, False, MEAN, SPREAD, logits=True),
}


class FileSaliency:
    """Subject maps by the network in an ONNX file, on the CPU, an image at a time. Raises AbsentError where the
    file isn't there and ValueError where it takes no picture."""

    def __init__(self, path: str | Path, kind: Format, threads: int = 1) -> None:
        if not Path(path).is_file():
            raise AbsentError(f"no saliency network at {path}; give `net`, `border` or the path of an ONNX file")
        self._recipe, self._session = _RECIPES[kind], session(str(path), threads)
        given = self._session.get_inputs()[0]
        if len(given.shape) != 4 or given.shape[1] not in (3, "3"):
            raise ValueError(f"{path} takes {given.name} of shape {given.shape}, not pictures (1, 3, height, width)")
        self._input = given.name
        self._size = tuple(n if isinstance(n, int) else self._recipe.side for n in given.shape[2:])

    def saliency(self, images: list[np.ndarray]) -> list[np.ndarray]:
        """Return for each image a map (h, w) float32 in [0, 1], longer side at most 256 px."""
        return [self._map(image) for image in images]

    def _map(self, image: np.ndarray) -> np.ndarray:
        shape = shrink(image, MAP_SIDE).shape[:2]
        found = self._session.run(None, {self._input: self._prepared(image)})[0]
        values = np.asarray(found, np.float32).reshape(-1, *found.shape[-2:])[0]
        if self._recipe.logits:
            return stretched(1 / (1 + np.exp(-np.clip(values, -60, 60))), shape)
        low, high = float(values.min()), float(values.max())
        # Where nothing stands out, stretching would make a subject of noise.
        return stretched((values - low) / (high - low) if high > 0.05 and high > low else values, shape)

    def _prepared(self, image: np.ndarray) -> np.ndarray:
        recipe = self._recipe
        squeezed = cv2.resize(image, self._size[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
        scaled = squeezed / (max(float(squeezed.max()), 1e-6) if recipe.by_maximum else 255)
        return np.ascontiguousarray(((scaled - recipe.mean) / recipe.spread).transpose(2, 0, 1)[None], np.float32)
