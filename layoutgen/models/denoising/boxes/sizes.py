"""How large a network is: `small` for a laptop, `paper` as published."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True)
class Size:
    """The numbers of a network. Pictures are squares of `side` px with `channels` channels: RGB, and what the picture
    is about where there is a fourth. `widths` and `depths` are the backbone's; everything behind the pyramid is `width`
    wide. `lines` texts at most have features of `text` numbers each."""

    name: str
    side: int
    channels: int
    backbone: Literal["convnext", "resnet"]
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    width: int
    proposals: int
    heads: int
    attention: int
    dynamic: int
    feedforward: int
    text: int
    letters: int
    lines: int = 20
    pooled: int = 7
    geometry: int = 64

    @property
    def most_elements(self) -> int | None:
        """Elements of a layout that there are proposals for."""
        return self.proposals

    @property
    def positions(self) -> int:
        """Positions of a region's features."""
        return self.pooled**2


SMALL = Size(
    "small",
    side=128,
    channels=4,
    backbone="convnext",  # layer normalisation alone: the same for any batch, in training too
    widths=(32, 64, 128, 192),
    depths=(2, 2, 2, 2),
    width=72,
    proposals=24,
    heads=4,
    attention=4,
    dynamic=16,
    feedforward=288,
    text=144,
    letters=72,
    pooled=5,
)

PAPER = Size(
    "paper",
    side=800,
    channels=3,
    backbone="resnet",
    widths=(256, 512, 1024, 2048),
    depths=(3, 4, 6, 3),
    width=256,
    proposals=100,
    heads=6,
    attention=8,
    dynamic=64,
    feedforward=2048,
    text=768,
    letters=256,
)

SIZES = {size.name: size for size in (SMALL, PAPER)}
