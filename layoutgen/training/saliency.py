"""Trains the embedded saliency network on composites, on one core.

    python -m layoutgen.training.saliency --output DIR [--folder FOLDER …] [--seed 0] [--steps 6000] [--resume]

FOLDER holds a user's own pictures, in any number and depth: cut-outs with transparency, packshots on white, photos (of
which those that the border-contrast finder is sure of are examples themselves, too); a third of them (by name) is kept
out for `benchmarks.saliency`.

DIR gets `saliency.safetensors` (what runs, batch
normalisation folded in), `saliency.json` (its card) and `checkpoint.safetensors`, from which `--resume` goes on. Same
seed, steps, folders and library versions: same weights, also when interrupted, because each step draws its pictures
from its own number.

Half of the steps see pictures of 96 px, a third 128 px, the others 192 px. Loss: binary cross-entropy and 1 - IoU of
soft masks (Qin et al. 2019, BASNet), on the map and, at a quarter of the weight, on the coarse one; AdamW under a
one-cycle rate; the shipped weights are an exponential mean of the last ones.
"""

import argparse
import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save, save_file
from torch import Tensor, nn
from torch.nn import functional

from layoutgen.models.finders.network import CHANNELS, SIDE, Operations, inputs, network
from layoutgen.training.corpus.composites import Stock, composite, stock

SIDES = ((96, 0.5), (128, 0.83), (SIDE, 1.0))
"""Sides of pictures in px, and until what share of the steps they are used: most is learned on small ones."""
BATCH = 12
RATE = 4e-3
CUTOUTS, GROUNDS = 1100, 500
_MEAN_DECAY = 0.997


class Net(nn.Module):
    """A network that is written against `Operations` of `models.finders.network` as a torch module, whose convolutions
    have batch normalisation, made at their first call. Its inputs have `channels`."""

    def __init__(
        self, define: Callable[[Operations, Any], tuple[Any, ...]] = network, channels: int = CHANNELS
    ) -> None:
        super().__init__()
        self.convs = nn.ModuleDict()
        self._define = define
        with torch.no_grad():
            self.eval()(torch.zeros(1, channels, 64, 64))

    def forward(self, x: Tensor) -> tuple[Tensor, ...]:
        """Inputs (n, channels, s, s) to what the network gives: of saliency logits (n, 1, s, s) and coarse logits
        (n, 1, s / 16, s / 16)."""
        out: tuple[Tensor, ...] = self._define(self, x)
        return out

    def conv(
        self,
        x: Tensor,
        name: str,
        channels: tuple[int, int],
        *,
        kernel: int = 3,
        stride: int = 1,
        dilation: int = 1,
        relu: bool = True,
    ) -> Tensor:
        """Convolve, normalise where a ReLU follows."""
        if name not in self.convs:
            # A mean over the picture has one value a channel: nothing to normalise by there, nor before a logit.
            normed = relu and name != "context"
            conv = nn.Conv2d(*channels, kernel, stride, dilation * (kernel // 2), dilation, bias=not normed)
            self.convs[name] = nn.Sequential(conv, nn.BatchNorm2d(channels[1])) if normed else nn.Sequential(conv)
        out = self.convs[name](x)
        return functional.relu(out) if relu else out

    def add(self, a: Tensor, b: Tensor) -> Tensor:
        """Add."""
        return a + b

    def doubled(self, x: Tensor) -> Tensor:
        """Twice the size."""
        return functional.interpolate(x, scale_factor=2, mode="bilinear", align_corners=False)

    def mean(self, x: Tensor) -> Tensor:
        """Mean over the picture."""
        return x.mean((2, 3), keepdim=True)

    def spread(self, x: Tensor) -> Tensor:
        """Depth to space."""
        return functional.pixel_shuffle(x, 2)


def folded(net: Net) -> dict[str, Tensor]:
    """The weights that `models.finders.network` reads: each convolution's, with its normalisation folded in."""
    weights = {}
    with torch.no_grad():
        for name, block in net.convs.items():
            layers: list[Any] = list(block.children())
            weight, bias = layers[0].weight, layers[0].bias
            for norm in layers[1:]:
                gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
                weight, bias = weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain
            weights[f"{name}.weight"], weights[f"{name}.bias"] = (
                weight.detach().contiguous(),
                bias.detach().contiguous(),
            )
    return weights


def loss(logits: Tensor, mask: Tensor) -> Tensor:
    """Binary cross-entropy plus 1 - IoU of soft masks, mean over the batch."""
    predicted = torch.sigmoid(logits)
    both = (predicted * mask).sum((1, 2, 3))
    either = (predicted + mask - predicted * mask).sum((1, 2, 3))
    return functional.binary_cross_entropy_with_logits(logits, mask) + (1 - (both + 1) / (either + 1)).mean()


def whole_loss(logits: Tensor, coarse: Tensor, masks: Tensor) -> Tensor:
    """The loss of both maps, a quarter of it the coarse one's."""
    return loss(logits, masks) + 0.25 * loss(coarse, functional.interpolate(masks, coarse.shape[2:], mode="area"))


def rate(step: int, steps: int) -> float:
    """Learning rate: up in a straight line for a tenth of the steps, then down along a cosine."""
    warm = steps / 10
    return (
        RATE * (step + 1) / warm
        if step < warm
        else RATE * 0.5 * (1 + math.cos(math.pi * (step - warm) / (steps - warm)))
    )


def batch(from_stock: Stock, seed: int, step: int, steps: int) -> tuple[Tensor, Tensor]:
    """The inputs (n, 6, s, s) and masks (n, 1, s, s) of a step."""
    rng = np.random.default_rng([seed, step])
    side = next(side for side, until in SIDES if step < until * steps)
    drawn = [composite(from_stock, rng, side) for _ in range(BATCH)]
    masks = np.stack([mask for _, mask in drawn]).astype(np.float32)[:, None] / 255
    return torch.from_numpy(np.stack([inputs(picture) for picture, _ in drawn])), torch.from_numpy(masks)


class Training:
    """A training on its way: the network, the mean of its weights, the optimiser and the number of steps done."""

    def __init__(self, seed: int, steps: int, build: Callable[[], Net] = Net) -> None:
        torch.manual_seed(seed)
        self.seed, self.steps, self.done = seed, steps, 0
        self.net = build()
        self.net.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.mean = build()
        self.mean.load_state_dict(self.net.state_dict())
        self.optimiser = torch.optim.AdamW(self.net.parameters(), lr=RATE, weight_decay=0.01)

    def run(self, from_stock: Stock) -> Iterator[float]:
        """Take the steps that are left, yielding each one's loss."""
        while self.done < self.steps:
            pictures, masks = batch(from_stock, self.seed, self.done, self.steps)
            yield self.step(pictures, partial(whole_loss, masks=masks))

    def step(self, pictures: Tensor, measure: Callable[..., Tensor]) -> float:
        """Take a step on pictures (n, channels, s, s); `measure` makes the loss of what the network gives."""
        self.net.train()
        for group in self.optimiser.param_groups:
            group["lr"] = rate(self.done, self.steps)
        lost = measure(*self.net(pictures.to(memory_format=torch.channels_last)))
        self.optimiser.zero_grad()
        lost.backward()
        nn.utils.clip_grad_norm_(self.net.parameters(), 5.0)
        self.optimiser.step()
        self._average()
        self.done += 1
        return lost.item()

    @torch.no_grad()
    def _average(self) -> None:
        share = min(_MEAN_DECAY, (self.done + 1) / (self.done + 10))
        for mean, value in zip(self.mean.state_dict().values(), self.net.state_dict().values(), strict=True):
            if value.is_floating_point():
                mean.lerp_(value, 1 - share)

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        tensors = {f"net.{k}": v.contiguous() for k, v in self.net.state_dict().items()}
        tensors |= {f"mean.{k}": v.contiguous().clone() for k, v in self.mean.state_dict().items()}
        for number, state in self.optimiser.state_dict()["state"].items():
            tensors |= {f"optimiser.{number}.{k}": v.contiguous() for k, v in state.items()}
        fresh = path.with_suffix(".part")
        save_file(tensors, fresh, {"done": str(self.done), "steps": str(self.steps), "seed": str(self.seed)})
        fresh.replace(path)

    def load(self, path: Path) -> None:
        """Go on from a checkpoint. Raises ValueError where it was begun with another seed or number of steps."""
        with safe_open(path, "pt") as file:
            about = file.metadata()
        begun = {"steps": int(about["steps"]), "seed": int(about["seed"])}
        if begun != {"steps": self.steps, "seed": self.seed}:
            raise ValueError(f"{path} was begun with {begun}; give the same, or leave --resume out")
        tensors = load_file(path)
        for part, module in (("net.", self.net), ("mean.", self.mean)):
            module.load_state_dict({k.removeprefix(part): v for k, v in tensors.items() if k.startswith(part)})
        state: dict[int, dict[str, Tensor]] = {}
        for name, value in tensors.items():
            if name.startswith("optimiser."):
                _, number, key = name.split(".")
                state.setdefault(int(number), {})[key] = value
        self.optimiser.load_state_dict({**self.optimiser.state_dict(), "state": state})
        self.done = int(about["done"])


def train(
    output: Path,
    folders: list[Path],
    *,
    seed: int = 0,
    steps: int = 6000,
    resume: bool = False,
    every: int = 200,
    cutouts: int = CUTOUTS,
    grounds: int = GROUNDS,
) -> dict[str, Any]:
    """Train and write weights and card into `output`; a checkpoint `every` so many steps. Returns the card."""
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    output.mkdir(parents=True, exist_ok=True)
    began = time.process_time()
    from_stock = stock(np.random.default_rng(seed), cutouts=cutouts, grounds=grounds, folders=folders)
    training = Training(seed, steps)
    checkpoint = output / "checkpoint.safetensors"
    if resume and checkpoint.exists():
        training.load(checkpoint)
    recent: list[float] = []
    for lost in training.run(from_stock):
        recent.append(lost)
        if training.done % every == 0 or training.done == steps:
            training.save(checkpoint)
            seconds = time.process_time() - began
            print(f"step {training.done} of {steps}, loss {np.mean(recent):.4f}, {seconds:.0f} s", flush=True)  # noqa: T201
            recent.clear()
    weights = folded(training.mean.eval())
    (output / "saliency.safetensors").write_bytes(save(weights))  # save_file would make it its owner's only
    card = {
        "name": "layoutgen saliency, net-1",
        "what": "marks what a picture is about; picture squeezed to 192 x 192, map in [0, 1]",
        "parameters": sum(value.numel() for value in weights.values()),
        "bytes": (output / "saliency.safetensors").stat().st_size,
        "sha256": hashlib.sha256((output / "saliency.safetensors").read_bytes()).hexdigest(),
        "made_by": f"python -m layoutgen.training.saliency --seed {seed} --steps {steps}"
        + " --folder …" * bool(folders),
        "seed": seed,
        "steps": steps,
        "pictures": steps * BATCH,
        "drawn": {"cutouts": cutouts, "grounds": grounds},
        "from_folders": {
            "cutouts": len(from_stock.cutouts) - cutouts,
            "grounds": len(from_stock.grounds) - grounds,
            "examples": len(from_stock.examples),
        },
        "cpu_seconds": round(time.process_time() - began),
        "libraries": {"torch": torch.__version__, "opencv": cv2.__version__, "numpy": np.__version__},
    }
    (output / "saliency.json").write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", "utf-8")
    return card


def main() -> None:
    """Train as the arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--folder", type=Path, action="append", default=[])
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--steps", type=int, default=6000)
    parser.add_argument("--resume", action="store_true")
    given = parser.parse_args()
    print(json.dumps(train(given.output, given.folder, seed=given.seed, steps=given.steps, resume=given.resume)))  # noqa: T201


if __name__ == "__main__":
    main()
