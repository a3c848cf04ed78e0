"""A small honest data set for tests: coloured blocks on plain canvases, titles set where the block is not."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from layoutgen.core.layout import Canvas, Copy, Role, Suggestion
from layoutgen.core.prompts.layouts import layout_prompt, write_layout
from layoutgen.training.data.sample import Sample
from layoutgen.training.data.stored import write

CANVASES = (Canvas(800, 800), Canvas(600, 800))
TITLES = ("Kettle", "手冲壶", "Vase", "防晒霜", "Cup", "耳机", "Lamp", "杯子")
POINTS = ("$12", "满199减50", "Noise cancelling", "立即购买")


def question(number: int, *, mirrored: bool = False) -> tuple[np.ndarray, Copy, Canvas, tuple[Suggestion, ...]]:
    """Pixels, copy, canvas and the layout of sample `number`: text above or below the block, `mirrored` the other."""
    rng = np.random.default_rng(number)
    canvas = CANVASES[number % 2]
    side = 112
    pixels = np.full((side, round(side * canvas.width / canvas.height), 3), 235, np.uint8)
    is_low = bool(rng.integers(2))
    top = side // 2 if is_low else 8
    pixels[top : top + side // 2 - 8, 12:-12] = rng.integers(20, 160, 3)
    copy = Copy(f"{TITLES[number % len(TITLES)]} {number}", (POINTS[number % len(POINTS)],) if number % 3 else ())
    left, first = round(float(rng.uniform(0.05, 0.3)), 3), 0.08 if is_low != mirrored else 0.6
    told = [Suggestion(Role.TITLE, (left, first, left + 0.6, first + 0.14), copy.title)]
    told += [
        Suggestion(Role.SELLING_POINT, (left, first + 0.18, left + 0.4, first + 0.26), p) for p in copy.selling_points
    ]
    return pixels, copy, canvas, tuple(told)


def sample(number: int, **other: Any) -> Sample:
    """Sample `number`, with a rejected answer that lies on the block."""
    pixels, copy, canvas, told = question(number, **other)
    prompt = layout_prompt(copy, canvas)
    wrong = write_layout(question(number, mirrored=True)[3], copy)
    return Sample(prompt.system, prompt.user, pixels, write_layout(told, copy), wrong)


@dataclass(frozen=True)
class Drawn:
    """`count` samples; the same in every epoch."""

    count: int
    sha: str = "drawn-1"

    def __len__(self) -> int:
        return self.count

    def sample(self, index: int, epoch: int) -> Sample:
        """Sample `index`."""
        return sample(index)


def row(number: int, split: str, **other: Any) -> dict[str, Any]:
    """Sample `number` as a row of a stored data set."""
    pixels, copy, canvas, _ = question(number)
    one = sample(number)
    subject = np.where((pixels == 235).all(2), 0, 255).astype(np.uint8)
    return {
        "split": split, "key": f"s{number}", "product_id": f"p{number}", "system": one.system, "user": one.user,
        "answer": one.answer, "rejected": one.rejected, "picture": pixels, "canvas_width": canvas.width,
        "canvas_height": canvas.height, "title": copy.title, "selling_points": list(copy.selling_points),
        "subject": subject, **other,
    }  # fmt: skip


def store(path: Path, train: int = 8, held: int = 6, **other: Any) -> Path:
    """Write a data set whose held-back products are those it learns from, by other names: who remembers is better.
    `other` is of the rows to learn."""
    rows = [row(i, "train", **other) for i in range(train)]
    rows += [row(i, "validation", product_id=f"v{i}", key=f"v{i}") for i in range(2)]
    for split in ("test", "fixed"):
        rows += [row(i % train, split, product_id=f"{split}{i}", key=f"{split}{i}") for i in range(held)]
    write(path, rows)
    return path
