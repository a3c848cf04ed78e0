"""What a painter is shown of a scene: the product at its place, what is ground, and the boxes of the elements.

These pictures are conditions. The product in the finished poster is pasted from its own pixels, never from here.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from torch import Tensor

from layoutgen.core.layout import LEARNT_ROLES, Canvas, Role
from layoutgen.imaging.products.placing import placed
from layoutgen.models.base import Scene
from layoutgen.models.denoising.rendering.frames import Frame

ROLES = LEARNT_ROLES
GREY = 0.5


@dataclass(frozen=True, eq=False)
class PlacedScene:
    """A scene in a frame. `colours` (h, w, 3) float32 in [0, 1] is the product on grey, `alpha` (h, w) its opacity.
    `boxes` (n, 4) are the elements' ltrb, normalised to the frame, lowest first, `roles` (n,) their numbers."""

    frame: Frame
    colours: np.ndarray
    alpha: np.ndarray
    boxes: Tensor
    roles: Tensor

    @property
    def ground(self) -> Tensor:
        """m (1, h/8, w/8): how much of each cell is ground, 1 less the mean opacity."""
        alpha = torch.from_numpy(self.alpha)[None, None]
        return 1 - torch.nn.functional.avg_pool2d(alpha, 8)[0]


def place(scene: Scene, frame: Frame) -> PlacedScene:
    """Lay a scene's product at its place, as it is placed on the canvas. Raises ValueError for a product that can't
    be: nothing opaque, or smaller than a pixel."""
    left, top, width, height = frame.inner
    canvas = placed(scene.product, Canvas(width, height), scene.product_box).on_canvas(Canvas(width, height))
    layer = np.zeros((frame.height, frame.width, 4), np.float32)
    layer[top : top + height, left : left + width] = canvas / np.float32(255)
    alpha = layer[..., 3]
    shown = sorted(scene.suggestions, key=lambda element: element.role is not Role.UNDERLAY)
    boxes = torch.tensor([frame.box(element.box) for element in shown], dtype=torch.float32).reshape(-1, 4)
    roles = torch.tensor([ROLES.index(element.role) for element in shown], dtype=torch.long)
    colours = layer[..., :3] * alpha[..., None] + GREY * (1 - alpha[..., None])
    return PlacedScene(frame, colours, alpha, boxes, roles)


def visual(scenes: Sequence[PlacedScene]) -> Tensor:
    """What the visual branch sees (b, 4, h, w) in [0, 1]: the product on grey, and its opacity."""
    return torch.stack([_channels_first(np.dstack([scene.colours, scene.alpha])) for scene in scenes])


def holed(scenes: Sequence[PlacedScene]) -> Tensor:
    """The condition of inpainting ControlNets (b, 3, h, w): the picture in [0, 1], and -1 where it is to be painted."""
    return torch.stack(
        [_channels_first(np.where(scene.alpha[..., None] < 0.5, -1.0, scene.colours)) for scene in scenes]
    )


def edges(scenes: Sequence[PlacedScene], low: int = 100, high: int = 200) -> Tensor:
    """The condition of Canny ControlNets (b, 3, h, w): the product's edges on black, 0 or 1."""
    drawn = []
    for scene in scenes:
        on_black = (scene.colours - GREY * (1 - scene.alpha[..., None])).clip(0, 1)
        lines = cv2.Canny((on_black * 255).round().astype(np.uint8), low, high)
        drawn.append(_channels_first(np.repeat(lines[..., None] / 255, 3, 2)))
    return torch.stack(drawn)


def inpainted(scenes: Sequence[PlacedScene]) -> tuple[Tensor, Tensor]:
    """What an inpainting UNet sees: the picture (b, 3, h, w) in [-1, 1], 0 where it is to be painted, and the mask
    (b, 1, h, w), 1 there. The whole ground is painted; nothing is grown into the product."""
    mask = torch.stack([torch.from_numpy((scene.alpha < 0.5).astype(np.float32))[None] for scene in scenes])
    picture = torch.stack([_channels_first(scene.colours) for scene in scenes]) * 2 - 1
    return picture * (mask < 0.5), mask


def elements(scenes: Sequence[PlacedScene]) -> tuple[Tensor, Tensor, Tensor]:
    """Boxes (b, n, 4), roles (b, n) and whether there is such an element (b, n), n that of the fullest scene."""
    count = max(len(scene.roles) for scene in scenes)
    boxes, roles = torch.zeros(len(scenes), count, 4), torch.zeros(len(scenes), count, dtype=torch.long)
    present = torch.zeros(len(scenes), count, dtype=torch.bool)
    for row, scene in enumerate(scenes):
        n = len(scene.roles)
        boxes[row, :n], roles[row, :n], present[row, :n] = scene.boxes, scene.roles, True
    return boxes, roles, present


def _channels_first(pixels: np.ndarray) -> Tensor:
    return torch.from_numpy(np.ascontiguousarray(pixels.transpose(2, 0, 1), np.float32))
