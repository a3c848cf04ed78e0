"""Turns a SentencePiece BPE vocabulary (`tokenizer.model`) into a fast tokenizer, without the sentencepiece library.

A `tokenizer.model` is a protocol buffer, whose description transformers has. What is read of it: the pieces with scores
and types, the kind of model, and how text is normalised. Of two pairs that SentencePiece could join next it joins the
one whose joint piece has the higher score; a BPE with merges sorted by that score does the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from google.protobuf.message import DecodeError
from tokenizers import AddedToken, Regex, Tokenizer, decoders, normalizers
from tokenizers.models import BPE
from transformers.utils import sentencepiece_model_pb2_new

_NORMAL, _UNKNOWN, _USER_DEFINED = 1, 2, 4
_BPE = 2


@dataclass(frozen=True)
class Piece:
    """One entry of the vocabulary; its place in the list is its id. `kind` is SentencePiece's number of the type."""

    text: str
    score: float
    kind: int


@dataclass(frozen=True)
class SentencePieceModel:
    """What a `tokenizer.model` says."""

    pieces: tuple[Piece, ...]
    model_type: int
    charsmap: bytes
    add_dummy_prefix: bool
    remove_extra_whitespaces: bool


def read_model(data: bytes) -> SentencePieceModel:
    """Read a `tokenizer.model`. Raises ValueError where it is cut short or no such file."""
    proto = sentencepiece_model_pb2_new.ModelProto()
    try:
        proto.ParseFromString(data)
    except DecodeError as error:
        raise ValueError(f"tokenizer.model is cut short or no SentencePiece model ({error}); fetch it again") from None
    if not proto.pieces:
        raise ValueError("tokenizer.model has no pieces; it is no SentencePiece model, fetch it again")
    rules = proto.normalizer_spec
    return SentencePieceModel(
        tuple(Piece(piece.piece, piece.score, piece.type) for piece in proto.pieces),
        proto.trainer_spec.model_type,
        rules.precompiled_charsmap,
        rules.add_dummy_prefix,
        rules.remove_extra_whitespaces,
    )


def fast_tokenizer(model: SentencePieceModel, added: Mapping[int, AddedToken]) -> Tokenizer:
    """Return the tokenizer of a model. `added` are the tokens that stand for themselves in a text, by their ids: an id
    of a piece gives the piece another name, ids after the last piece must follow it without a gap.

    Raises ValueError for a model that is no BPE, and for ids or names that do not fit.
    """
    if model.model_type != _BPE:
        raise ValueError(f"tokenizer.model is of type {model.model_type}; only BPE (2) is taken")
    names = [added[i].content if i in added else piece.text for i, piece in enumerate(model.pieces)]
    vocabulary = {name: i for i, name in enumerate(names)}
    if len(vocabulary) < len(names):
        twice = sorted({name for i, name in enumerate(names) if vocabulary[name] != i})
        raise ValueError(f"{twice[:3]} stand twice in the tokenizer's vocabulary; mend its added tokens")
    unknown = next((name for name, p in zip(names, model.pieces, strict=True) if p.kind == _UNKNOWN), None)
    tokenizer = Tokenizer(BPE(vocabulary, _merges(model, added), unk_token=unknown, fuse_unk=True, byte_fallback=True))
    tokenizer.normalizer = _normalizer(model)
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if model.add_dummy_prefix else steps)
    for i, piece in enumerate(model.pieces):
        if piece.kind == _USER_DEFINED and i not in added:
            tokenizer.add_tokens([AddedToken(piece.text, normalized=False)])
    for i in sorted(added):
        (tokenizer.add_special_tokens if added[i].special else tokenizer.add_tokens)([added[i]])
        if tokenizer.token_to_id(added[i].content) != i:
            raise ValueError(f"added token {added[i].content!r} can't have the id {i}: an id before it is missing")
    return tokenizer


def _merges(model: SentencePieceModel, added: Mapping[int, AddedToken]) -> list[tuple[str, str]]:
    """The pairs to join, best first. Only plain pieces are joined from others."""
    plain = {p.text: (i, p.score) for i, p in enumerate(model.pieces) if p.kind == _NORMAL and i not in added}
    merges = [
        (-score, plain[text[:cut]][0], plain[text[cut:]][0], text[:cut], text[cut:])
        for text, (_, score) in plain.items()
        for cut in range(1, len(text))
        if text[:cut] in plain and text[cut:] in plain
    ]
    return [(left, right) for *_, left, right in sorted(merges)]


def _normalizer(model: SentencePieceModel) -> normalizers.Normalizer:
    steps: list[normalizers.Normalizer] = []
    if model.charsmap:
        steps.append(normalizers.Precompiled(model.charsmap))
    if model.remove_extra_whitespaces:
        steps += [normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")]
    if model.add_dummy_prefix:
        steps.append(normalizers.Prepend("▁"))
    return normalizers.Sequence([*steps, normalizers.Replace(" ", "▁")])
