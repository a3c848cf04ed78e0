"""SentencePiece vocabularies as fast tokenizers, held against SentencePiece's own rule written plainly."""

from itertools import pairwise

import pytest
from tokenizers import AddedToken

from layoutgen.models.vlm.internvl2.tokenizer import fast_tokenizer, read_model
from tests.models.vlm.internvl2.original import TEXTS, spm_bytes, spm_pieces

SENTENCES = (
    *TEXTS,
    "Shop now 手冲 12 345",
    "never seen: Grüße 😀 ﷺ",
    "  two  spaces ",
    "",
    "<0x41> <s> [UNUSED_TOKEN_1]",
)


def greedy(text: str, pieces: list[tuple[str, float, int]], dummy_prefix: bool) -> list[int]:
    """Join, again and again, the leftmost neighbours whose joint piece has the best score; spell the rest in bytes."""
    ids = {piece: i for i, (piece, _, _) in enumerate(pieces)}
    scores = {piece: score for piece, score, kind in pieces if kind == 1}
    symbols = list(("▁" if dummy_prefix and text else "") + text.replace(" ", "▁"))
    while True:
        joint = [a + b for a, b in pairwise(symbols)]
        pairs = [(scores[piece], -k) for k, piece in enumerate(joint) if piece in scores]
        if not pairs:
            break
        at = -max(pairs)[1]
        symbols[at : at + 2] = [symbols[at] + symbols[at + 1]]
    return [i for s in symbols for i in ([ids[s]] if s in scores else [ids[f"<0x{b:02X}>"] for b in s.encode()])]


@pytest.mark.parametrize("dummy_prefix", [False, True])
def test_texts_are_cut_as_sentencepiece_cuts_them(dummy_prefix):
    pieces = [piece for piece in spm_pieces() if piece[2] != 4]
    tokenizer = fast_tokenizer(read_model(spm_bytes(pieces, dummy_prefix=dummy_prefix)), {})
    for sentence in SENTENCES:
        ids = tokenizer.encode(sentence).ids
        assert ids == greedy(sentence, pieces, dummy_prefix)
        assert tokenizer.decode(ids) == sentence


def test_added_tokens_stand_for_themselves_and_are_never_joined_from_parts():
    pieces = spm_pieces()
    spare = len(pieces) - 1
    added = {spare: AddedToken("<|im_start|>", special=True), len(pieces): AddedToken("<img>", special=True)}
    tokenizer = fast_tokenizer(read_model(spm_bytes(pieces)), added)
    assert tokenizer.encode("<|im_start|><img>").ids == [spare, len(pieces)]
    assert tokenizer.encode("[UNUSED_TOKEN_1]").ids == [len(pieces) - 3]  # user defined: matched whole
    assert tokenizer.decode(tokenizer.encode("a <img> b").ids, skip_special_tokens=False) == "a <img> b"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "no pieces"),
        (b"\x0a\x05ab", "cut short"),
        (b"\x0f", "no SentencePiece model"),
        (spm_bytes([("a", 0.0, 1)], model_type=1), "only BPE"),
        (spm_bytes([("a", 0.0, 1), ("a", -1.0, 1)]), "stand twice"),
    ],
)
def test_what_is_no_sentencepiece_bpe_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        fast_tokenizer(read_model(data), {})


def test_a_gap_in_the_ids_of_added_tokens_is_an_error():
    with pytest.raises(ValueError, match="'<img>' can't have the id 9"):
        fast_tokenizer(read_model(spm_bytes([("a", 0.0, 1)])), {9: AddedToken("<img>", special=True)})
