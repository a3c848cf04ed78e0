"""Training's speed: our loop against peft and transformers' `Trainer`, the same model, samples and batch in one run.

    python -m benchmarks.train [--steps 4] [--full]         a tiny model, on one core
    python -m benchmarks.train --gpu [--steps 20]           Qwen2.5-VL-7B's shape with random weights
    python -m benchmarks.train --gpu --tiny                 the same way on a CPU, to show that it works

Prints one JSON line a case: samples a second of both, tokens a second, the share of the time that ours waited for data.
With --gpu besides: peak memory and model FLOPs utilisation, against the rate of a large matrix product here; 0.4 is the
goal. Of the frozen weights a LoRA step takes the forward pass and the backward pass of activations, 4 operations a
weight and token; `mfu_6n` counts 6, as for training all weights, which is how some published figures count. Needs
torch, transformers and peft alone.
"""

import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import torch
from transformers import AutoConfig, AutoModelForImageTextToText, Trainer, TrainingArguments

from benchmarks.benchmark import Benchmark, cpu
from benchmarks.device import QWEN_7B, measured_rates
from layoutgen.core.layout import Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.layouts import layout_prompt, write_layout
from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.training.data.sample import Sample
from layoutgen.training.loop.engines import PlainEngine
from layoutgen.training.loop.feeding import Feed
from layoutgen.training.loop.order import Order
from layoutgen.training.loop.steps import Recipe, parameters, train_step
from layoutgen.training.vlm import lora
from layoutgen.training.vlm.tokens import Row, encode, encoder

BENCHMARK = Benchmark(
    "train",
    "samples a second of LoRA training by our loop",
    "peft with transformers' Trainer",
    seconds=35,
    full="12 steps, about a minute",
)
WARM = 2


@dataclass
class Drawn:
    """Canvases of noise with one to five texts, as many samples as are asked for."""

    count: int
    side: int
    sha: str = "benchmark"

    def __len__(self) -> int:
        return self.count

    def sample(self, index: int, epoch: int) -> Sample:
        """A sample; drawing it costs about nothing, so that the loops are compared."""
        rng = np.random.default_rng([index, epoch])
        points = tuple(f"Selling point {k} of {index}" for k in range(int(rng.integers(0, 5))))
        copy, canvas = Copy(f"Product {index}", points), Canvas(800, 800)
        layout = [Suggestion(Role.TITLE, (0.1, 0.05, 0.9, 0.15), copy.title)]
        layout += [
            Suggestion(Role.SELLING_POINT, (0.1, 0.2 + k / 8, 0.6, 0.28 + k / 8), p) for k, p in enumerate(points)
        ]
        prompt = layout_prompt(copy, canvas)
        pixels = rng.integers(0, 256, (self.side, self.side, 3), np.uint8)
        return Sample(prompt.system, prompt.user, pixels, write_layout(layout, copy))


def main() -> None:
    """Measure and print."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--tiny", action="store_true", help="with --gpu: a small model on a CPU")
    parser.add_size("--steps", 4, 12)
    parser.add_argument("--batch", type=int, default=16)
    parser.add_argument("--micro", type=int, default=8)
    parser.add_argument("--side", type=int, help="px of a picture's side")
    parser.add_argument("--checkpointing", action="store_true", help="compute activations twice and keep few")
    given = parser.parse_args()
    if find_spec("peft") is None:
        raise SystemExit("peft is not installed here: `pip install peft`, which training needs")
    large = given.gpu and not given.tiny
    if large and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; --tiny runs on a CPU, or leave --gpu out")
    device = torch.device("cuda" if large else "cpu")
    if not large:
        torch.set_num_threads(1)
    side = given.side or (448 if large else 112)
    recipe = Recipe(  # spelt out: the settings' defaults need pydantic, which a bare GPU machine has not
        method="lora",
        rank=16,
        alpha=32,
        dropout=0.0,
        vision=False,
        batch=given.batch,
        micro=given.micro,
        rate=1e-4,
        warmup=0.0,
        decay=0.0,
        clip=1.0,
        beta=0.1,
        image_side=side,
        max_tokens=4096,
        seed=0,
        dtype="bfloat16" if large else "float32",
        checkpointing=given.checkpointing,
        free=False,
        dense_steps=0,
        dense_rate=1e-3,
    )
    samples = Drawn((WARM + given.steps) * recipe.batch, side)
    with tempfile.TemporaryDirectory(prefix="layoutgen-train-") as folder:
        chat = load_chat_format(build_checkpoint("qwen2_5_vl", Path(folder)))

        def model() -> Any:
            if not given.gpu:
                return AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
            return random_model(Path(folder), chat, device, getattr(torch, recipe.dtype), tiny=given.tiny)

        BENCHMARK.say(f"our loop, {WARM + given.steps} steps of {recipe.batch} samples")
        ours = measured(ours_at(model(), chat, samples, recipe, device), given.steps)
        used = more(ours) | (utilisation(ours, device) if given.gpu else {})
        BENCHMARK.say(f"ours: {ours['samples']:.2f} samples/s; now Trainer")
        other = plain(model(), chat, samples, recipe, device, given.steps, folder)
    BENCHMARK.hardware = torch.cuda.get_device_name() if large else cpu()
    name = f"{'qwen2.5-vl-7b' if large else 'tiny qwen2.5-vl'}, batch {recipe.batch}, {side} px"
    BENCHMARK.compare(name, ours["samples"], other, "samples/s", **used)


def random_model(folder: Path, chat: ChatFormat, device: torch.device, dtype: torch.dtype, *, tiny: bool) -> Any:
    """A model without its adapter, with random weights made where they are used: of the real shape, or of the tiny
    checkpoint's."""
    if tiny:
        config = AutoConfig.from_pretrained(folder)
    else:
        config = AutoConfig.for_model(**QWEN_7B, image_token_id=chat.image_token)
    with device:
        return AutoModelForImageTextToText.from_config(config, dtype=dtype)


def ours_at(
    model: Any, chat: ChatFormat, samples: Drawn, recipe: Recipe, device: torch.device
) -> Iterator[dict[str, Any]]:
    """Our loop: after each step what was learnt, and the seconds waited for data so far."""
    learner = lora.prepared(lora.with_adapter(model, recipe), recipe, recipe.dtype == "bfloat16").to(device)
    weights = parameters(learner)
    engine = PlainEngine(learner, clip=recipe.clip, decay=0.0)
    make = lora.collator(chat, recipe, device)
    order = Order(len(samples), recipe.batch, 0)
    if device.type == "cuda":
        torch.cuda.reset_peak_memory_stats()
    with Feed(samples, encoder(chat, recipe.image_side), order, micro=recipe.micro, readers=2) as feed:
        for step, chunks in feed.steps(0, order.steps_per_epoch):
            taken = train_step(engine, chunks, make, recipe, step, order.steps_per_epoch)
            yield {"samples": taken.samples, "tokens": taken.read, "waited": feed.waited_s, **weights}


def measured(steps: Iterator[dict[str, Any]], count: int) -> dict[str, Any]:
    """Rates over all steps but the first few, in which kernels are chosen and memory is taken."""
    for _ in range(WARM):
        before = next(steps)
    began, taken = time.perf_counter(), [next(steps) for _ in range(count)]
    seconds = time.perf_counter() - began
    return {
        "samples": sum(step["samples"] for step in taken) / seconds,
        "tokens": sum(step["tokens"] for step in taken) / seconds,
        "waited": (taken[-1]["waited"] - before["waited"]) / seconds,
        "weights": taken[-1]["all"],
    }


def more(ours: dict[str, Any]) -> dict[str, Any]:
    """What else a line says."""
    return {"tokens_per_second": round(ours["tokens"]), "waited": round(ours["waited"], 4)}


def utilisation(ours: dict[str, Any], device: torch.device) -> dict[str, Any]:
    """Peak memory of our loop, and its model operations as a share of what the device reaches."""
    is_cuda = device.type == "cuda"
    peak = measured_rates(device, 8192 if is_cuda else 512).operations
    most = torch.cuda.max_memory_allocated() if is_cuda else resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {
        "peak_gb": round(most / 1e9, 1),
        "matmul_tflops": round(peak / 1e12, 3),
        "mfu": round(4 * ours["weights"] * ours["tokens"] / peak, 3),
        "mfu_6n": round(6 * ours["weights"] * ours["tokens"] / peak, 3),
    }


class _Rows(torch.utils.data.Dataset):
    """The same rows for `Trainer`, prepared by the same code."""

    def __init__(self, samples: Drawn, chat: ChatFormat, side: int) -> None:
        self._samples, self._chat, self._side = samples, chat, side

    def __len__(self) -> int:
        return len(self._samples)

    def __getitem__(self, index: int) -> Row:
        return encode(self._chat, self._samples.sample(index, 0), self._side)


def plain(
    model: Any, chat: ChatFormat, samples: Drawn, recipe: Recipe, device: torch.device, steps: int, folder: str
) -> float:
    """Samples a second of `Trainer` with peft, as documented: padded batches, labels, the model's loss."""
    dtype = getattr(torch, recipe.dtype)

    def collate(rows: list[Row]) -> dict[str, torch.Tensor]:
        longest = max(len(row) for row in rows)
        ids, labels = np.zeros((len(rows), longest), np.int64), np.full((len(rows), longest), -100)
        mask = np.zeros_like(ids)
        for i, row in enumerate(rows):
            ids[i, : len(row)] = [*row.prompt, *row.answer]
            labels[i, len(row.prompt) : len(row)] = row.answer
            mask[i, : len(row)] = 1
        pixels = pixel_inputs(chat.pictures, [row.picture for row in rows], torch.device("cpu"), dtype)
        arrays = {"input_ids": ids, "labels": labels, "attention_mask": mask}
        arrays["mm_token_type_ids"] = (ids == chat.image_token).astype(np.int64)
        return {**{name: torch.from_numpy(value) for name, value in arrays.items()}, **pixels}

    ends: list[float] = []

    class Timed(Trainer):
        def training_step(self, *args: Any, **kwargs: Any) -> torch.Tensor:
            lost: torch.Tensor = super().training_step(*args, **kwargs)
            if device.type == "cuda":
                torch.cuda.synchronize()
            ends.append(time.perf_counter())
            return lost

    arguments = TrainingArguments(
        folder, per_device_train_batch_size=recipe.micro, gradient_accumulation_steps=recipe.batch // recipe.micro,
        max_steps=WARM + steps, learning_rate=recipe.rate, max_grad_norm=recipe.clip, bf16=recipe.dtype == "bfloat16",
        gradient_checkpointing=recipe.checkpointing, use_cpu=device.type == "cpu", save_strategy="no", report_to=[],
        remove_unused_columns=False, disable_tqdm=True, logging_strategy="no",
    )  # fmt: skip
    trainer = Timed(
        model=lora.with_adapter(model, recipe), args=arguments, train_dataset=_Rows(samples, chat, recipe.image_side),
        data_collator=collate,
    )  # fmt: skip
    trainer.train()
    chunks = recipe.batch // recipe.micro
    return recipe.batch * steps / (ends[-1] - ends[WARM * chunks - 1])


if __name__ == "__main__":
    main()
