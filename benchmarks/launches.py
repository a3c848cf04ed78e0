"""What a step of decoding asks of a device, counted without one: Qwen2.5-VL-7B's shape on PyTorch's `meta` device.

    python -m benchmarks.launches [--rows 64] [--full] [--output FILE]

All of the loop runs as on a GPU but for the arithmetic: shapes, transfers and grammars are real, the choices are drawn.
In the same run the loop's other way is counted, whose steps have a shape of their own each (as on CPUs).

- `launches`: operators that a step gives to the device one by one. Captured as a CUDA graph, the model's are one.
- `waits`: how often the host waits for the device in a step: numbers read back, copies from memory that is not pinned,
  and results whose size the host has to know, such as an index of booleans.
- `host`: milliseconds of CPU time that the host needs for a step, its launches left out: grammar, plan and choice.
- `bytes`: what goes to the device in a step.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
import torch
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_iter
from transformers import AutoConfig, AutoModelForImageTextToText

from benchmarks import workload
from benchmarks.benchmark import Benchmark, cpu
from benchmarks.device import QWEN_7B
from layoutgen.models.base import ModelPicture
from layoutgen.models.decoding.backbone import Backbone, Features
from layoutgen.models.decoding.batch import Batch
from layoutgen.models.decoding.decoder import Answer, Decoder, Request
from layoutgen.models.decoding.grammar import Guides
from layoutgen.models.vlm.checkpoints import ChatFormat, load_chat_format
from layoutgen.models.vlm.tiny import build_checkpoint

BENCHMARK = Benchmark(
    "launches",
    "launches, waits, host time and bytes of a step of decoding, counted without a GPU",
    "steps that have a shape of their own each",
    seconds=75,
    full="64 and 256 rows, about six minutes",
)
_READ_BACK = ("tolist", "item", "cpu", "numpy", "nonzero", "__bool__", "__int__", "__float__", "__index__")


def main() -> None:
    """Count and print."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--rows", (64,), (64, 256), "answers under way at once", nargs="+")
    given: argparse.Namespace = parser.parse_args()
    torch.set_num_threads(1)
    BENCHMARK.hardware = cpu()
    with tempfile.TemporaryDirectory(prefix="layoutgen-launches-") as folder:
        chat = load_chat_format(build_checkpoint("qwen2_5_vl", Path(folder)))
    config = AutoConfig.for_model(**QWEN_7B, image_token_id=chat.image_token)
    with torch.device("meta"):
        model = AutoModelForImageTextToText.from_config(config, dtype=torch.bfloat16).eval()
    for rows in given.rows:
        requests = workload.requests(chat, rows, (5,), 448, underlays=False)
        BENCHMARK.say(f"{rows} rows")
        ours, other = (counted(Weightless(model, chat.pictures, bucketed=way), chat, requests) for way in (True, False))
        for name in ("launches", "waits", "bytes"):
            BENCHMARK.compare(f"{rows} rows, {name}", ours[name], other[name], f"{name} a step", steps=ours["steps"])
        mine, its = (host_ms(Given(model, chat.pictures, bucketed=way), chat, requests) for way in (True, False))
        BENCHMARK.compare(f"{rows} rows, host", mine, its, "ms of a step")


class Weightless(Backbone):
    """A model on `meta` that says nothing of pictures."""

    def encode_pictures(self, pictures: Sequence[ModelPicture]) -> Features:
        """Features without values."""
        tokens = sum(map(self.pictures.tokens, pictures))
        return Features(torch.empty((tokens, self._text.config.hidden_size), dtype=self.dtype, device="meta"), [])


class Given(Weightless):
    """The same, where a pass costs the host nothing."""

    def read(self, *args: Any, **_: Any) -> torch.Tensor:
        """States without values, for the tokens that the last argument names."""
        return torch.empty((len(args[-1]), self._text.config.hidden_size), dtype=self.dtype, device="meta")

    def step(self, numbers: torch.Tensor, bucket: Any, cache: Any) -> torch.Tensor:
        """Scores without values."""
        return torch.empty((bucket.ends, self.vocabulary), device="meta")


class Waits(TorchFunctionMode):
    """Counts where the host waits for the device, and gives drawn tokens for those that are read back."""

    def __init__(self, seed: int = 0) -> None:
        super().__init__()
        self.count, self.bytes, self.seconds = 0, 0, 0.0
        self.bits = np.zeros((0, 0), np.int32)
        self._rng = np.random.default_rng(seed)

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        more, name = kwargs or {}, getattr(func, "__name__", "")
        first = args[0] if args and isinstance(args[0], torch.Tensor) else None
        on_device = first is not None and first.device.type == "meta"
        if name in _READ_BACK and on_device:
            self.count += 1
            if name == "tolist":
                return self._drawn()
        if name == "to" and first is not None and not on_device:
            self.bytes += first.nbytes
            self.count += not more.get("non_blocking", False)
        self.count += func is torch.tensor and more.get("device") is not None
        if name == "__getitem__" and on_device and isinstance(args[1], torch.Tensor) and args[1].dtype == torch.bool:
            self.count += 1
            return first  # as if all were true: how many are, the device alone would know
        return func(*args, **more)

    def _drawn(self) -> list[int]:
        """A token of each row's allowed ones; the time for it is nobody's."""
        began, drawn = time.process_time(), []
        for row in self.bits:
            words = np.flatnonzero(row)
            word = int(self._rng.choice(words)) if len(words) else 0
            bits = [bit for bit in range(32) if int(row[word]) >> bit & 1]
            drawn.append(32 * word + int(self._rng.choice(bits)) if bits else -1)
        self.seconds += time.process_time() - began
        return drawn


class Launches(TorchDispatchMode):
    """Counts operators that give a device something to do: not those that only look at memory in another way."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        out = func(*args, **(kwargs or {}))
        is_new = not func.is_view and not func.name().startswith(("aten::empty", "aten::new_empty", "aten::_reshape"))
        self.count += is_new and any(
            isinstance(value, torch.Tensor) and value.device.type == "meta" for value in tree_iter(out)
        )
        return out


@contextmanager
def drawing(waits: Waits) -> Iterator[None]:
    """Have choices drawn from what the grammars allow."""
    fill = Guides.fill

    def filled(self: Guides, guides: Any, bits: np.ndarray) -> list[str]:
        waits.bits = bits
        return fill(self, guides, bits)

    with patch.object(Guides, "fill", filled), waits:
        yield


def counted(backbone: Backbone, chat: ChatFormat, requests: Sequence[Request]) -> dict[str, float]:
    """Launches, waits and bytes of a step, on average, of answering requests all at once; every fifth step is looked
    at, since looking takes longer than the step."""
    waits, launches = Waits(), Launches()
    sums, steps = dict.fromkeys(("launches", "waits", "bytes"), 0), 0
    step = Batch.step

    def watched(self: Batch) -> Any:
        nonlocal steps
        steps += 1
        if steps % 5 != 1:
            return step(self)
        before = launches.count, waits.count, waits.bytes
        with launches:
            finished = step(self)
        for name, now, then in zip(sums, (launches.count, waits.count, waits.bytes), before, strict=True):
            sums[name] += now - then
        return finished

    with drawing(waits), patch.object(Batch, "step", watched):
        check(decoder(backbone, chat, len(requests)).decode(requests))
    return {name: round(value / -(-steps // 5), 1) for name, value in sums.items()} | {"steps": steps}


def host_ms(backbone: Backbone, chat: ChatFormat, requests: Sequence[Request]) -> float:
    """CPU time of the host for a step, in ms, on average."""
    spent, steps, waits = 0.0, 0, Waits()
    step = Batch.step

    def timed(self: Batch) -> Any:
        nonlocal spent, steps
        began = time.process_time() - waits.seconds
        finished = step(self)
        spent, steps = spent + time.process_time() - waits.seconds - began, steps + 1
        return finished

    with drawing(waits), patch.object(Batch, "step", timed):
        check(decoder(backbone, chat, len(requests)).decode(requests))
    return round(1000 * spent / steps, 2)


def decoder(backbone: Backbone, chat: ChatFormat, rows: int, spare_tokens: int = 48) -> Decoder:
    return Decoder(backbone, chat.tokenizer, chat.ends, rows=rows, prompt_tokens=16384, spare_tokens=spare_tokens)


def check(answers: Sequence[Sequence[Any]]) -> None:
    first = [candidates[0] for candidates in answers]
    assert all(isinstance(answer, Answer) and answer.ended for answer in first), first[0]


if __name__ == "__main__":
    main()
