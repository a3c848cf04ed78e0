"""What CPUs make of an image for a vision-language model: a picture of whole visual tokens or tiles, in uint8.

What the model's own device makes of it is `pixel_inputs`'s. The figures of a family come from its checkpoint's
preprocessor configuration, so nothing but a few JSON files is needed here.
"""

import json
import math
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from layoutgen.core.errors import AbsentError
from layoutgen.models.base import ModelPicture


@dataclass(frozen=True)
class PictureKind:
    """How a family takes pictures.

    `patch` px is a patch's side, `merge` patches a side make one visual token. `tiles` is 0, or the most tiles of
    `side` px that a picture is cut into (a small copy of the whole comes on top of more than one), each of
    `tokens_a_tile` visual tokens.
    """

    patch: int
    merge: int
    mean: tuple[float, ...]
    std: tuple[float, ...]
    frames: int = 2
    tiles: int = 0
    side: int = 0
    tokens_a_tile: int = 0

    @property
    def unit(self) -> int:
        """Pixels of a visual token's side."""
        return self.patch * self.merge

    def tokens(self, picture: ModelPicture) -> int:
        """How many visual tokens a picture takes."""
        if picture.grid is None:
            return len(picture.pixels) * self.tokens_a_tile
        return picture.grid[0] * picture.grid[1]

    def size(self, width: int, height: int, longest: int) -> tuple[int, int]:
        """The size (width, height) in px at which a picture of this shape is seen: whole visual tokens, the longer side
        at most `longest` px, and never none. For tiles, the size of all tiles together."""
        if self.tiles:
            columns, rows = self._arrange(width, height, longest)
            return columns * self.side, rows * self.side
        scale = min(1.0, longest / max(width, height))
        across, down = (max(1, round(side * scale / self.unit)) for side in (width, height))
        most = max(1, longest // self.unit)
        return min(across, most) * self.unit, min(down, most) * self.unit

    def most_tokens(self, longest: int) -> int:
        """The most visual tokens of any picture whose longer side is seen at `longest` px, whatever its shape."""
        if self.tiles:
            tiles = min(self.tiles, max(1, math.ceil(longest / self.side)) ** 2)
            return (tiles + (tiles > 1)) * self.tokens_a_tile
        return max(1, longest // self.unit) ** 2

    def prepare(self, image: np.ndarray, longest: int) -> ModelPicture:
        """Make a picture of an image (h, w, 3), uint8, RGB. Runs on CPUs, before the model."""
        height, width = image.shape[:2]
        size = self.size(width, height, longest)
        resized = _resize(image, size)
        if not self.tiles:
            return ModelPicture(resized, (size[1] // self.unit, size[0] // self.unit), size)
        columns, rows = size[0] // self.side, size[1] // self.side
        cut = (
            resized.reshape(rows, self.side, columns, self.side, 3).swapaxes(1, 2).reshape(-1, self.side, self.side, 3)
        )
        if len(cut) > 1:
            cut = np.concatenate([cut, _resize(image, (self.side, self.side))[None]])
        return ModelPicture(np.ascontiguousarray(cut), None, size)

    def _arrange(self, width: int, height: int, longest: int) -> tuple[int, int]:
        """Columns and rows of tiles: the arrangement nearest in shape; of equals the larger, while the picture fills
        half of it (InternVL 1.5, https://arxiv.org/abs/2404.16821, section 3.3)."""
        most = min(self.tiles, max(1, math.ceil(longest / self.side)))
        shapes = [(c, r) for c in range(1, most + 1) for r in range(1, most + 1) if c * r <= self.tiles]
        best, least = (1, 1), math.inf
        for columns, rows in sorted(shapes, key=lambda shape: shape[0] * shape[1]):
            apart = abs(width / height - columns / rows)
            if apart < least or (apart == least and width * height > 0.5 * self.side**2 * columns * rows):
                best, least = (columns, rows), apart
        return best


def picture_kind(weights: Path, family: str) -> PictureKind:
    """Read how a checkpoint takes pictures. Raises AbsentError or ValueError, with the mend."""
    names = ("preprocessor_config.json", "processor_config.json")
    found = next((weights / name for name in names if (weights / name).exists()), None)
    if found is None:
        raise AbsentError(f"{weights} has no preprocessor_config.json; copy the published checkpoint's")
    fields = json.loads(found.read_text("utf-8"))
    fields = fields.get("image_processor", fields)
    config = json.loads((weights / "config.json").read_text("utf-8"))
    try:
        mean, std = tuple(fields["image_mean"]), tuple(fields["image_std"])
        if family == "internvl":
            vision = config["vision_config"]
            patch, ratio = vision["patch_size"], config.get("downsample_ratio", 0.5)
            patch = patch[0] if isinstance(patch, list) else patch
            tile = fields["size"]["height"]
            # The file says `crop_to_patches: false`, which the published processor overrides.
            tile, tiles = fields["size"]["height"], fields.get("max_patches", 12)
            tokens = round((tile // patch * ratio) ** 2)
            return PictureKind(patch, round(1 / ratio), mean, std, tiles=tiles, side=tile, tokens_a_tile=tokens)
        return PictureKind(fields["patch_size"], fields["merge_size"], mean, std, fields["temporal_patch_size"])
    except KeyError as error:
        raise ValueError(f"{found} lacks {error}; copy the published checkpoint's") from error


def _resize(image: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    if (image.shape[1], image.shape[0]) == size:
        return np.ascontiguousarray(image)
    shrinks = size[0] * size[1] < image.shape[0] * image.shape[1]
    try:
        import cv2  # not above: pictures of the right size need no scaling
    except ImportError:  # a machine that only decodes may have Pillow alone
        return np.asarray(
            Image.fromarray(image).resize(size, Image.Resampling.BOX if shrinks else Image.Resampling.BICUBIC)
        )
    return cv2.resize(image, size, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
