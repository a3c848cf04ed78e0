"""The whole network: a picture and a copy are read once, then boxes of any noise are denoised by cascaded heads."""

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor, nn

from layoutgen.models.denoising.boxes.head import Head, Prediction, Scene
from layoutgen.models.denoising.boxes.pyramid import Pyramid
from layoutgen.models.denoising.boxes.sizes import Size
from layoutgen.models.denoising.letters import LetterEncoder, waves
from layoutgen.models.denoising.lines import Lines


class Radm(nn.Module):
    """RADM in a size; without `anchored` its proposals are free, as published (see `head`). `backbone` is a folder of
    pretrained weights of the backbone, `encoder` another encoder of lines than ours, one that gives features of
    `size.text` numbers; the relations can be switched off."""

    def __init__(
        self,
        size: Size,
        *,
        backbone: Path | None = None,
        encoder: nn.Module | None = None,
        geometric: bool = True,
        textual: bool = True,
        anchored: bool = True,
    ) -> None:
        super().__init__()
        self.size, self.anchored = size, anchored
        self.pyramid = Pyramid(size, backbone)
        self.letters = encoder or LetterEncoder(size.text, size.letters)
        self.time = nn.Sequential(
            nn.Linear(size.width, 4 * size.width), nn.GELU(), nn.Linear(4 * size.width, 4 * size.width)
        )
        self.heads = nn.ModuleList(
            Head(size, geometric=geometric, textual=textual, anchored=anchored) for _ in range(size.heads)
        )

    def scene(self, pictures: Tensor, sizes: Tensor, lines: Lines) -> Scene:
        """Read pictures (b, channels, s, s), 0 to 1, whose canvases are the upper left (width, height) `sizes` (b, 2)
        px of them, and their lines."""
        return Scene(self.pyramid(pictures), sizes, self.letters(lines), lines.there)

    def forward(self, scene: Scene, ltrb: Tensor, t: Tensor) -> Sequence[Prediction]:
        """What each head says of noisy boxes (b, n, 4), normalised, at times (b,); the last one is the answer. Each
        head starts from the boxes of the one before, through which no gradient flows."""
        time = self.time(waves(t, self.size.width).to(ltrb.dtype))
        features: Tensor | None = None
        found: list[Prediction] = []
        for head in self.heads:
            one, features = head(scene, ltrb, features, time)
            found.append(one)
            ltrb = one.ltrb.detach().clamp(-0.5, 1.5)
        return found


def parameters(module: nn.Module) -> int:
    """How many numbers a module has learnt."""
    return sum(one.numel() for one in module.parameters())


def build(size: Size, seed: int = 0, **how: object) -> Radm:
    """A network with drawn weights, the same for a seed; the global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return Radm(size, **how)  # type: ignore[arg-type]
