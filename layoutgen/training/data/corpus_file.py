"""Draws posters of the corpus once, as the rows of a data set's file that trainings read instead of drawing as they
learn.

The rows are those of `stored`: of each poster some samples, as epochs 0, 1, … of the corpus have them, and posters held
back. These show products and photos that none of those to learn from shows, as with `--data corpus`, and have grounds
of another seed. Pictures are as large as the model sees them; a small model learns 8 to 50 samples a second on a core,
which draws as many posters.
"""

import multiprocessing
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from layoutgen.imaging.images import encode_jpeg
from layoutgen.models.vlm.checkpoints import family_in
from layoutgen.models.vlm.pictures import PictureKind, picture_kind
from layoutgen.training.corpus.posters import Corpus, CorpusSpec
from layoutgen.training.data.augment import NONE, Augmentation, augmented
from layoutgen.training.data.datasets import corpus_task
from layoutgen.training.data.sample import Sample
from layoutgen.training.data.sources import FIXED_SEED, drawn_case

_QUALITY = 95
_CHUNK = 32
_HOW = Augmentation(refine=0.3, disguise=0.4)
_PHOTO_SIDE = 448


@dataclass(frozen=True)
class Part:
    """Some posters: numbers `first` to `last` (left out) of a corpus, for a split; `how` is how samples are changed."""

    spec: CorpusSpec
    split: str
    first: int
    last: int
    variants: int
    kind: PictureKind
    side: int
    how: Augmentation = NONE


def rows(part: Part) -> list[dict[str, Any]]:
    """The rows of some posters."""
    cv2.setNumThreads(1)
    corpus = _corpus(part.spec)
    size = partial(part.kind.size, longest=part.side)
    drawn = []
    for number in range(part.first, part.last):
        poster = corpus.poster(number)
        task = corpus_task(poster)
        about = {"split": part.split, "product_id": f"{part.split}-{poster.key}"}
        for epoch in range(part.variants):
            sample = augmented(task, part.how, (part.spec.seed, 31, number, epoch), size)
            row = {**about, **_learnt(sample), "key": f"{about['product_id']}-{epoch}"}
            if part.split in ("test", "fixed"):
                row["subject"] = drawn_case(corpus, number, size).subject
            drawn.append(row)
    return drawn


def _learnt(sample: Sample) -> dict[str, Any]:
    task = sample.task
    assert sample.subject is not None
    assert task is not None
    return {
        "system": sample.system,
        "user": sample.user,
        "answer": sample.answer,
        "picture": encode_jpeg(sample.pixels, _QUALITY),
        "subject": np.rint(sample.subject.clip(0, 1) * 255).astype(np.uint8),
        "canvas_width": task.canvas.width,
        "canvas_height": task.canvas.height,
        "title": task.copy.title,
        "selling_points": list(task.copy.selling_points),
        "brand": task.copy.brand,
        "logo": task.copy.logo,
        "language": task.copy.language,
        "logo_aspect": task.logo_aspect,
        "category": task.category,
    }


@dataclass(frozen=True)
class Wanted:
    """What a file is to hold: `posters` to learn from in so many `variants` each, `held_back` to validate by and as
    many to judge by. `model` is a checkpoint's folder, of which the config is read; `side` the px at which it sees a
    canvas.

    Photos come from `folder`, those of posters held back from `held_folder` where one is given. `refine`, `lock` and
    `hide` are those of `augment`: how many samples are unfinished layouts, and what is given of them.
    """

    model: Path
    side: int = 224
    posters: int = 20_000
    variants: int = 2
    held_back: int = 200
    folder: str = ""
    held_folder: str = ""
    photo_share: float = 0.5
    style: str = "designer"
    refine: float = _HOW.refine
    lock: float = _HOW.lock
    hide: float = _HOW.hide
    seed: int = 0


@lru_cache(maxsize=4)
def _corpus(spec: CorpusSpec) -> Corpus:
    return Corpus(spec)


def planned(given: Wanted) -> list[Part]:
    """The parts of a file. Raises FileNotFoundError or ValueError where `model` is no checkpoint."""
    learnt = CorpusSpec(given.seed, _PHOTO_SIDE, given.folder, given.photo_share, given.style, goods="learnt")
    held = replace(learnt, seed=given.seed + 1, folder=given.held_folder or given.folder, goods="held_back")
    how = replace(_HOW, refine=given.refine, lock=given.lock, hide=given.hide)
    splits = (
        (learnt, "train", 0, given.posters, given.variants, how),
        (held, "validation", 0, given.held_back, 1, NONE),
        (held, "test", given.held_back, 2 * given.held_back, 1, NONE),
        (CorpusSpec(FIXED_SEED, _PHOTO_SIDE, goods="held_back"), "fixed", 0, 60, 1, NONE),
    )
    kind = picture_kind(given.model, family_in(given.model))
    return [
        Part(spec, split, at, min(at + _CHUNK, last), variants, kind, given.side, changed)
        for spec, split, first, last, variants, changed in splits
        for at in range(first, last, _CHUNK)
    ]


def draw(parts: list[Part], processes: int) -> Iterator[dict[str, Any]]:
    """The rows of all parts, in order."""
    with ProcessPoolExecutor(processes, multiprocessing.get_context("spawn")) as pool:
        for drawn_rows in pool.map(rows, parts):
            yield from drawn_rows
