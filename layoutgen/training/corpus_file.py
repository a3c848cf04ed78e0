"""Draws posters of the corpus once, into a data set's file that trainings read instead of drawing as they learn.

    python -m layoutgen.training.corpus_file --output FILE.arrow --model CHECKPOINT [--posters 20000] [--variants 2]
        [--folder PHOTOS] [--held-folder OTHER_PHOTOS] [--side 224] [--style designer] [--processes 2]

The rows are those of `stored`: of each poster `variants` samples, as epochs 0, 1, … of the corpus have them, and
posters held back, with photos of `held-folder` and grounds of another seed. Pictures are as large as `model` sees them
at `side` px; a small model learns 15 to 50 samples a second on a core, which draws as many posters.
"""

import argparse
import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from layoutgen.io.images import encode_jpeg
from layoutgen.models.checkpoints import family_in
from layoutgen.models.pictures import PictureKind, picture_kind
from layoutgen.training.augment import NONE, Augmentation, augmented
from layoutgen.training.corpus import Corpus, CorpusSpec
from layoutgen.training.datasets import corpus_task
from layoutgen.training.sample import Sample
from layoutgen.training.sources import FIXED_SEED, drawn_case
from layoutgen.training.stored import write

_QUALITY = 95
_CHUNK = 32
_HOW = Augmentation(refine=0.3, disguise=0.4)
_PHOTO_SIDE = 448


@dataclass(frozen=True)
class Part:
    """Some posters: numbers `first` to `last` (left out) of a corpus, for a split."""

    spec: CorpusSpec
    split: str
    first: int
    last: int
    variants: int
    kind: PictureKind
    side: int


def rows(part: Part) -> list[dict[str, Any]]:
    """The rows of some posters."""
    cv2.setNumThreads(1)
    corpus = _corpus(part.spec)
    size = partial(part.kind.size, longest=part.side)
    found = []
    for number in range(part.first, part.last):
        poster = corpus.poster(number)
        task = corpus_task(poster)
        about = {"split": part.split, "product_id": f"{part.split}-{poster.key}"}
        for epoch in range(part.variants):
            how = _HOW if part.split == "train" else NONE
            sample = augmented(task, how, (part.spec.seed, 31, number, epoch), size)
            row = {**about, **_learnt(sample), "key": f"{about['product_id']}-{epoch}"}
            if part.split in ("test", "fixed"):
                row["subject"] = drawn_case(corpus, number, size).subject
            found.append(row)
    return found


def _learnt(sample: Sample) -> dict[str, Any]:
    task = sample.task
    assert sample.subject is not None
    assert task is not None
    return {
        "system": sample.system, "user": sample.user, "answer": sample.answer,
        "picture": encode_jpeg(sample.pixels, _QUALITY),
        "subject": np.rint(sample.subject.clip(0, 1) * 255).astype(np.uint8),
        "canvas_width": task.canvas.width, "canvas_height": task.canvas.height, "title": task.copy.title,
        "selling_points": list(task.copy.selling_points), "brand": task.copy.brand, "logo": task.copy.logo,
        "language": task.copy.language, "logo_aspect": task.logo_aspect,
    }  # fmt: skip


@lru_cache(maxsize=4)
def _corpus(spec: CorpusSpec) -> Corpus:
    return Corpus(spec)


def draw(parts: list[Part], processes: int) -> Iterator[dict[str, Any]]:
    """The rows of all parts, in order."""
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for found in pool.map(rows, parts):
            yield from found


def main() -> None:
    """Draw what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--model", type=Path, required=True, help="a checkpoint's folder; its weights are not needed")
    parser.add_argument("--side", type=int, default=224)
    parser.add_argument("--posters", type=int, default=20_000)
    parser.add_argument("--variants", type=int, default=2)
    parser.add_argument("--held-back", type=int, default=200, help="to validate by, and as many to judge by")
    parser.add_argument("--folder", default="")
    parser.add_argument("--held-folder", default="")
    parser.add_argument("--photo-share", type=float, default=0.5)
    parser.add_argument("--style", default="designer")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--processes", type=int, default=2)
    given = parser.parse_args()
    learnt = CorpusSpec(given.seed, _PHOTO_SIDE, given.folder, given.photo_share, given.style)
    held = replace(learnt, seed=given.seed + 1, folder=given.held_folder)
    splits = (
        (learnt, "train", 0, given.posters, given.variants),
        (held, "validation", 0, given.held_back, 1),
        (held, "test", given.held_back, 2 * given.held_back, 1),
        (CorpusSpec(FIXED_SEED, _PHOTO_SIDE, goods="held_back"), "fixed", 0, 60, 1),
    )
    kind = picture_kind(given.model, family_in(given.model))
    parts = [
        Part(spec, split, at, min(at + _CHUNK, last), variants, kind, given.side)
        for spec, split, first, last, variants in splits
        for at in range(first, last, _CHUNK)
    ]
    write(given.output, draw(parts, given.processes))


if __name__ == "__main__":
    main()
