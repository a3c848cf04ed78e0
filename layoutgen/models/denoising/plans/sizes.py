"""How large a network is: `small` for a laptop, `discrete` the same in states instead of numbers, `paper` for GPUs."""

from dataclasses import dataclass, replace
from typing import Literal


@dataclass(frozen=True)
class PlanSize:
    """The numbers of a network. A poster to learn is a square of `side` px with `channels` channels, of which the
    cut-out is taken; that is seen at `view` px with `colours` channels: RGB on grey, and alpha where there is a fourth.
    `widths` and `depths` are the backbone's; `layers` blocks are `width` wide. `lines` texts at most have features of
    `text` numbers each, and there are `underlays` slots for panels. With `bins` every number is one of so many states,
    and states are denoised; 0: the numbers themselves."""

    name: str
    side: int
    channels: int
    view: int
    colours: int
    backbone: Literal["convnext", "resnet"]
    widths: tuple[int, ...]
    depths: tuple[int, ...]
    width: int
    layers: int
    attention: int
    feedforward: int
    text: int
    letters: int
    lines: int = 20
    underlays: int = 6
    geometry: int = 64
    categories: int = 256
    bins: int = 0

    @property
    def most_elements(self) -> int | None:
        """Elements of a layout, besides the product: panels beyond the slots are left out, not refused."""
        return None


SMALL = PlanSize(
    "small",
    side=160,
    channels=4,
    view=64,
    colours=4,
    backbone="convnext",
    widths=(24, 48, 96, 144),
    depths=(1, 1, 2, 1),
    width=160,
    layers=6,
    attention=5,
    feedforward=416,
    text=144,
    letters=72,
)

DISCRETE = replace(SMALL, name="discrete", bins=128)

PAPER = PlanSize(
    "paper",
    side=512,
    channels=4,
    view=224,
    colours=3,
    backbone="resnet",
    widths=(256, 512, 1024, 2048),
    depths=(3, 4, 6, 3),
    width=512,
    layers=6,
    attention=8,
    feedforward=2048,
    text=768,
    letters=256,
)

SIZES = {size.name: size for size in (SMALL, DISCRETE, PAPER)}
