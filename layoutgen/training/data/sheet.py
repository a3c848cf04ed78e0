"""Draws what is learnt, for looking at: a run's own samples (`sheet_of`), and what augmentation makes of drawn posters.

    python -m layoutgen.training.data.sheet --sheet FILE.png [--posters 6] [--variants 6] [--seed 0]

A row is a poster: as it was designed, then samples of it. In green what is to be answered; in blue what is locked,
in orange a hint where it was told; a dashed box was told in part, and a question mark stands for a hidden role. In red
is an answer that is not to be given.
"""

import argparse
import json
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageDraw

from layoutgen.core.text.typography import line_height
from layoutgen.imaging import drawing, images
from layoutgen.imaging.sheets import contact_sheet
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import Augmentation, augmented
from layoutgen.training.data.datasets import corpus_task
from layoutgen.training.data.sample import Sample, Samples

_GREEN, _BLUE, _ORANGE, _RED = "#1a9c4b", "#1c5fd4", "#e06c00", "#d4261c"
_SIDE, _LETTERS = 448, 11  # px


def drawn(sample: Sample) -> np.ndarray:
    """A sample's picture with what is told and what is to be answered."""
    image = Image.fromarray(sample.pixels).convert("RGB")
    image = image.resize(size(*image.size), Image.Resampling.LANCZOS)
    pen = ImageDraw.Draw(image)
    for item in json.loads(sample.rejected or "[]"):
        pen.rectangle(_px(item["box"], image.size), outline=_RED, width=1)
    for item in json.loads(sample.answer):
        pen.rectangle(_px(item["box"], image.size), outline=_GREEN, width=1 if item["role"] == "underlay" else 2)
        left, top = _px(item["box"], image.size)[:2]
        drawing.label(image, (left, top - line_height(_LETTERS)), item["role"], _GREEN, _LETTERS)
    for entry in json.loads(sample.user).get("given", []):
        colour = _BLUE if entry["locked"] else _ORANGE
        if "box" in entry:
            pen.rectangle(_px(entry["box"], image.size), outline=colour, width=2)
            corner = _px(entry["box"], image.size)
        else:
            # What is not known is drawn at the canvas's middle, a tenth of it large.
            x, y, w, h = (500 if value is None and i < 2 else value or 100 for i, value in enumerate(entry["place"]))
            corner = _px([x, y, min(1000, x + w), min(1000, y + h)], image.size)
            _dashed(pen, corner, colour)
        drawing.label(image, (corner[0] + 2, corner[3]), entry["role"] or "?", colour, _LETTERS)
    return np.asarray(image)


def _px(box: list[int], size: tuple[int, int]) -> tuple[float, float, float, float]:
    width, height = size[0] / 1000, size[1] / 1000
    return (box[0] * width, box[1] * height, box[2] * width, box[3] * height)


def _dashed(pen: ImageDraw.ImageDraw, box: tuple[float, float, float, float], colour: str) -> None:
    x1, y1, x2, y2 = box
    for x in np.arange(x1, x2, 8):
        for y in (y1, y2):
            pen.line([(x, y), (min(x + 4, x2), y)], fill=colour, width=2)
    for y in np.arange(y1, y2, 8):
        for x in (x1, x2):
            pen.line([(x, y), (x, min(y + 4, y2))], fill=colour, width=2)


def size(width: int, height: int) -> tuple[int, int]:
    """The size at which samples are drawn."""
    scale = _SIDE / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def sheet_of(samples: Samples, rows: int = 6, epochs: int = 4) -> np.ndarray:
    """Samples of a data set as they are learnt, (h, w, 3): a row is one of a few that are spread over it, a column an
    epoch, as far as epochs differ."""
    chosen = sorted({round(k * (len(samples) - 1) / max(1, rows - 1)) for k in range(rows)})
    grid = [[samples.sample(index, epoch) for epoch in range(epochs)] for index in chosen]
    alike = all(sample.user == row[0].user and sample.answer == row[0].answer for row in grid for sample in row)
    shown = [sample for row in grid for sample in (row[:1] if alike else row)]
    return contact_sheet([drawn(sample) for sample in shown], epochs, 360)


def main() -> None:
    """Draw the sheet."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sheet", type=Path, required=True)
    parser.add_argument("--posters", type=int, default=6)
    parser.add_argument("--variants", type=int, default=6)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    cv2.setNumThreads(1)
    corpus = Corpus(CorpusSpec(given.seed, _SIDE))
    pictures = []
    for k in range(given.posters):
        poster = corpus.poster(k)
        pictures.append(poster.picture())
        task = corpus_task(poster)
        how = Augmentation(refine=0.8, perturb=0.5)
        pictures += [drawn(augmented(task, how, (given.seed, k, v), size)) for v in range(given.variants)]
    given.sheet.write_bytes(images.encode_png(contact_sheet(pictures, given.variants + 1, 360)))


if __name__ == "__main__":
    main()
