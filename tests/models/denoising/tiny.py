"""A network small enough for tests, and scenes for it."""

from dataclasses import replace

import torch

from layoutgen.core.layout import Canvas, Copy
from layoutgen.models.denoising.boxes.network import build
from layoutgen.models.denoising.boxes.sizes import SMALL
from layoutgen.models.denoising.lines import batch, lines_of

TINY = replace(
    SMALL,
    name="tiny",
    side=64,
    widths=(8, 16, 24, 32),
    depths=(1, 1, 1, 1),
    width=32,
    proposals=12,
    heads=2,
    attention=2,
    dynamic=8,
    feedforward=64,
    text=24,
    letters=16,
)
COPIES = [
    Copy("保温杯", ("304不锈钢", "￥199起")),
    Copy("Kettle", ("1.5 l", "Boils in 3 minutes", "2 years of warranty", "￥89"), brand="ACME"),
    Copy("Lamp"),
    Copy("收纳盒 大号", ("可折叠",), logo="logo.png"),
    Copy("A chair that grows with your child", ("Beech", "From 2 to 12 years")),
    Copy("面膜", ("补水", "提亮", "10片装")),
    Copy("Rug", brand="Woven"),
    Copy("手机壳", ("防摔", "轻薄", "多色可选", "￥19.9", "买一送一")),
]
CANVASES = [Canvas(1080, 1080), Canvas(720, 1080), Canvas(1920, 1080), Canvas(1080, 1350)] * 2


def network(seed=0, **how):
    return build(TINY, seed, **how).eval()


def scenes(net, numbers):
    """The scene of some of eight rows: each with a picture, a canvas and a copy of its own."""
    size = net.size
    pictures = torch.rand(8, size.channels, size.side, size.side, generator=torch.Generator().manual_seed(7))
    sides = []
    for canvas in CANVASES:
        scale = size.side / max(canvas.width, canvas.height)
        sides.append((round(canvas.width * scale), round(canvas.height * scale)))
    lines = batch([lines_of(COPIES[k], CANVASES[k]) for k in numbers])
    dtype = next(net.parameters()).dtype
    lines = replace(lines, numbers=lines.numbers.to(dtype))
    with torch.inference_mode():
        return net.scene(pictures[numbers].to(dtype), torch.tensor(sides, dtype=dtype)[numbers], lines)


def noisy(numbers, count=TINY.proposals):
    """Boxes (b, count, 4) of some of eight rows."""
    drawn = torch.rand(8, count, 2, 2, generator=torch.Generator().manual_seed(3)).sort(2).values
    return drawn.flatten(2)[numbers]
