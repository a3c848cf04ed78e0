"""Samples as a model reads them: tokens by the serving prompt code, and batches in which the answer alone is learnt.

A row is prompt, answer and the end that the decoder stops at. Rows of a batch are padded on the right; no attention
mask is needed, because no token looks ahead, and what stands in the padding is learnt by nobody.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import torch

from layoutgen.models.base import ModelPicture
from layoutgen.models.decoding.backbone import positions
from layoutgen.models.vlm.checkpoints import ChatFormat
from layoutgen.models.vlm.pictures import PictureKind
from layoutgen.models.vlm.pixel_inputs import pixel_inputs
from layoutgen.training.data.sample import Sample, SampleError


@dataclass(frozen=True, eq=False)
class Row:
    """A question and its answer as tokens: `prompt` (p,), `answer` (a,) with its end, int64; `rejected` is the answer
    that a designer changed, as tokens, or None. `free` (a,), bool, tells which of the answer's tokens are learnt, None:
    all. `weight` is 0 for a row that only fills a place."""

    prompt: np.ndarray
    answer: np.ndarray
    picture: ModelPicture
    rejected: np.ndarray | None = None
    free: np.ndarray | None = None
    weight: float = 1.0

    def __len__(self) -> int:
        longest = len(self.answer) if self.rejected is None else max(len(self.answer), len(self.rejected))
        return len(self.prompt) + longest

    @property
    def read(self) -> int:
        """How many tokens are read to learn it; with a rejected answer the prompt is read twice."""
        beside = 0 if self.rejected is None else len(self.prompt) + len(self.rejected)
        return len(self.prompt) + len(self.answer) + beside

    @property
    def learnt(self) -> int:
        """How many tokens of the answer are learnt."""
        return len(self.answer) if self.free is None else int(self.free.sum())

    def filler(self) -> "Row":
        """The same row, of which nothing is learnt."""
        return replace(self, weight=0.0)


@dataclass(frozen=True, eq=False)
class Batch:
    """Rows padded to one length: `ids` (b, n); `places` (3, b, n), of tiled families (b, n), are the positions; `shown`
    (b, n) is 1 where a picture stands; `pixels` is what the vision tower takes.

    `source` (k,) says where in the flattened `ids` the tokens before the learnt ones stand, `target` (k,) what is
    learnt there, `weight` (k,) 1 or 0, `row` (k,) whose it is. With `pairs`, row 2i is an answer that is wanted and
    row 2i + 1 the one that was rejected.
    """

    ids: torch.Tensor
    places: torch.Tensor
    shown: torch.Tensor
    pixels: dict[str, torch.Tensor]
    source: torch.Tensor
    target: torch.Tensor
    weight: torch.Tensor
    row: torch.Tensor
    pairs: bool

    @property
    def labels(self) -> torch.Tensor:
        """What is learnt, where: (b, n) with -100 where nothing is, as transformers writes it."""
        targets = torch.full_like(self.ids, -100).view(-1)
        learnt = self.weight > 0
        targets[self.source[learnt] + 1] = self.target[learnt]
        return targets.view(self.ids.shape)


def encode(
    chat: ChatFormat, sample: Sample, longest: int, most_tokens: int = 0, *, pairs: bool = False, free: bool = False
) -> Row:
    """A sample as tokens, its picture at `longest` px, with `pairs` its rejected answer too, with `free` only what no
    grammar forces to be learnt. Raises SampleError where it has no answer, or more than `most_tokens` tokens (0 sets no
    limit)."""
    if not sample.answer:
        raise SampleError(f"sample {_short(sample.user)} has no answer; leave it out of the data set")
    picture = chat.pictures.prepare(np.asarray(sample.pixels), longest)
    prompt = chat.prompt(sample.system, sample.user, picture)
    row = Row(
        np.array([*prompt.prefix, *prompt.rest], np.int64),
        _answer(chat, sample.answer),
        picture,
        _answer(chat, sample.rejected) if pairs and sample.rejected is not None else None,
        _free(chat, sample.answer) if free and not pairs else None,
    )
    if most_tokens and len(row) > most_tokens:
        raise SampleError(
            f"sample {_short(sample.user)} has {len(row)} tokens, the limit is {most_tokens}; raise train.max_tokens, "
            "lower train.image_side, or leave it out"
        )
    return row


def encoder(
    chat: ChatFormat, longest: int, most_tokens: int = 0, *, pairs: bool = False, free: bool = False
) -> Callable[[Sample, int, int], Row]:
    """What makes a row of a sample, its index and its epoch, of which only the sample matters: as `encode`."""
    return partial(_encoded, chat, longest, most_tokens, pairs, free)


def _encoded(
    chat: ChatFormat, longest: int, most_tokens: int, pairs: bool, free: bool, sample: Sample, _index: int, _epoch: int
) -> Row:
    return encode(chat, sample, longest, most_tokens, pairs=pairs, free=free)


def collate(
    rows: Sequence[Row],
    kind: PictureKind,
    image_token: int,
    device: torch.device,
    dtype: torch.dtype,
    *,
    pairs: bool = False,
) -> Batch:
    """Rows as a batch on a device; with `pairs`, each row's two answers as two rows. Raises SampleError where a pair
    lacks its rejected answer."""
    spoken: list[tuple[Row, np.ndarray]] = []
    for row in rows:
        spoken.append((row, row.answer))
        if pairs:
            if row.rejected is None:
                raise SampleError("a sample has no rejected answer; preferences are learnt from edited layouts only")
            spoken.append((row, row.rejected))
    lengths = [len(row.prompt) + len(answer) for row, answer in spoken]
    longest = max(lengths)
    ids = np.zeros((len(spoken), longest), np.int64)
    places = np.zeros((3, len(spoken), longest), np.int64)
    source, target, weight, owner = [], [], [], []
    for i, (row, answer) in enumerate(spoken):
        learnt = np.arange(len(answer)) if row.free is None else np.flatnonzero(row.free)
        tokens = np.concatenate([row.prompt, answer])
        ids[i, : len(tokens)] = tokens
        known = positions(tokens, image_token, row.picture.grid, 0)
        places[:, i, : len(tokens)] = known
        places[:, i, len(tokens) :] = known[:, -1:] + 1 + np.arange(longest - len(tokens))
        source.append(i * longest + len(row.prompt) - 1 + learnt)
        target.append(answer[learnt])
        weight.append(np.full(len(learnt), row.weight, np.float32))
        owner.append(np.full(len(learnt), i, np.int64))
    flat = torch.from_numpy(places[0] if kind.tiles else places)
    pictures = [row.picture for row, _ in spoken]
    return Batch(
        ids=torch.from_numpy(ids).to(device, non_blocking=True),
        places=flat.to(device, non_blocking=True),
        shown=torch.from_numpy((ids == image_token).astype(np.int64)).to(device, non_blocking=True),
        pixels=pixel_inputs(kind, pictures, device, dtype),
        source=_joined(source, device),
        target=_joined(target, device),
        weight=_joined(weight, device),
        row=_joined(owner, device),
        pairs=pairs,
    )


def _joined(parts: Sequence[np.ndarray], device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.concatenate(parts)).to(device, non_blocking=True)


def _answer(chat: ChatFormat, text: str) -> np.ndarray:
    """An answer's tokens and the end that serving stops at."""
    tokens: Any = chat.tokenizer(text, add_special_tokens=False).input_ids
    return np.array([*tokens, chat.ends[0]], np.int64)


_CHOSEN = re.compile(r'"role":"(\w+)"|"box":\[([^\]]*\])')


def _free(chat: ChatFormat, text: str) -> np.ndarray:
    """Which of an answer's tokens a decoder chooses: those of roles and of boxes' numbers, and its end."""
    chosen = np.zeros(len(text) + 1, bool)
    for choice in _CHOSEN.finditer(text):
        chosen[slice(*choice.span(choice.lastindex or 0))] = True
    spans = chat.tokenizer(text, add_special_tokens=False, return_offsets_mapping=True).offset_mapping
    return np.array([*(bool(chosen[first:last].any()) for first, last in spans), True])


def _short(text: str) -> str:
    return repr(text if len(text) <= 80 else f"{text[:77]}…")
