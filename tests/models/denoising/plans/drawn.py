"""A network small enough for tests, and briefs for it."""

from dataclasses import replace

import numpy as np
import torch

from layoutgen.core.layout import Canvas, Copy
from layoutgen.models.base import PlanBrief
from layoutgen.models.denoising.plans.network import PlanNet, build
from layoutgen.models.denoising.plans.sizes import SMALL

TINY = replace(
    SMALL,
    name="tiny",
    side=64,
    view=32,
    widths=(8, 16, 24, 32),
    depths=(1, 1, 1, 1),
    width=32,
    layers=2,
    attention=2,
    feedforward=64,
    text=24,
    letters=16,
)
COPIES = (
    Copy("保温杯", ("304不锈钢", "￥199起")),
    Copy("Kettle", ("1.5 l", "Boils in 3 minutes", "2 years of warranty", "￥89"), brand="ACME"),
    Copy("Lamp"),
    Copy("收纳盒 大号", ("可折叠",), logo="logo.png"),
)
CANVASES = (Canvas(1080, 1080), Canvas(1080, 1440), Canvas(1920, 1080), Canvas(600, 1800))


def network(bins: int = 0, seed: int = 0, **how: object) -> PlanNet:
    """With numbers that depend on all it is told: a new network says nothing of them."""
    made = build(replace(TINY, bins=bins), seed, **how).eval()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed + 1)
        torch.nn.init.normal_(made.numbers.weight, std=0.2)
        for block in made.blocks:
            torch.nn.init.normal_(block.film.weight, std=0.1)
    return made


def product(width: int = 90, height: int = 60, seed: int = 0) -> np.ndarray:
    """A cut-out: an ellipse of noise."""
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 4)).astype(np.uint8)
    y, x = np.mgrid[-1 : 1 : height * 1j, -1 : 1 : width * 1j]
    pixels[..., 3] = 255 * (x * x + y * y <= 1)
    return pixels


def brief(number: int, canvas: Canvas | None = None, **how: object) -> PlanBrief:
    """One of four."""
    cut = product(60 + 25 * number, 80, number)
    about = {"product": cut, "copy": COPIES[number], "canvas": canvas or CANVASES[number], "logo_aspect": 2.5}
    return PlanBrief(**{**about, "seed": number, **how})  # type: ignore[arg-type]
