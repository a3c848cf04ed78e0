"""Builds the checkpoint that the embedded model is trained from: a Qwen2.5-VL of five million weights that knows
nothing, with a tokenizer made for this task.

    python -m layoutgen.training.vlm.blank --output DIR [--seed 0]

What the prompts and answers of `core.prompts.layouts` and `core.prompts.refinements` repeat letter by letter is one
token each: the instructions, the frame of an item, the fields of the copy. A question and its answer then take about
290 tokens, 64 of them for the picture, instead of 800. A digit is a token, a common Chinese character is one (as wide
as any other, and never part of a longer one), and so is a frequent piece of an English word; all else is bytes.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from tokenizers import AddedToken
from transformers import Qwen2Tokenizer

from layoutgen.core.layout import LEARNT_ROLES
from layoutgen.core.prompts import layouts as prompts
from layoutgen.core.prompts import refinements as refinement_prompt
from layoutgen.models.vlm.tiny import SIZES, SPECIAL_TOKENS, build_checkpoint
from layoutgen.training.corpus import copywriting
from layoutgen.training.data.disguise import HAN

SIZE = "embedded"
_POSTERS = 400  # of each kind of goods: their copy is what English pieces are learnt from
_HAN_WEIGHT = 400
_LONGEST = 200  # letters of a token; llguidance takes no longer ones than 255
_SIGNS = "，。！？：；、·￥¥（）“”《》％—…＋×&%+-/.!?$€£'#"


def phrases() -> list[str]:
    """What is one token though it is many words, none a part of what the copy says."""
    fixed = [piece for text in (prompts.SYSTEM, refinement_prompt.SYSTEM) for piece in _pieces(text)]
    fixed += [f'{{"role":"{role.value}","text":"' for role in LEARNT_ROLES]
    fixed += ['","box":[', "]},", "]}]"]
    fixed += ['{"canvas":[', '],"title":"', '],"selling_points":["', '","selling_points":["', '","']
    for before in ('"]', '"'):
        fixed += [f'{before},"brand":"', f'{before},"logo":']
    for before in ('"]', '"', ""):
        fixed += [f'{before},"language":"{language}"' for language in ("zh", "en")]
    fixed += [',"given":[', '{"role":null,"text":"', '","place":[', '],"locked":true}', '],"locked":false}', "null"]
    return fixed


def _pieces(text: str) -> list[str]:
    """A text in pieces that end where words do."""
    pieces = []
    while len(text) > _LONGEST:
        at = text.rindex(" ", 0, _LONGEST)
        pieces.append(text[:at])
        text = text[at:]
    return [*pieces, text]


def tokenizer() -> Any:
    """Train the tokenizer."""
    found = Qwen2Tokenizer().train_new_from_iterator(
        _texts(),
        vocab_size=SIZES[SIZE].vocabulary - len(phrases()) - 32,
        new_special_tokens=list(SPECIAL_TOKENS),
        show_progress=False,
    )
    found.eos_token = "<|im_end|>"
    found.add_tokens([AddedToken(phrase, normalized=False, special=False) for phrase in phrases()])
    return found


def _texts() -> Iterator[str]:
    """English copy as it is; Chinese characters each alone, so that none grows together with another."""
    rng = np.random.default_rng(0)
    for kind in copywriting.KINDS:
        for _ in range(_POSTERS):
            words = copywriting.write(kind, rng)
            texts = (words.title, words.subtitle, *words.points, words.price, words.call, words.tag, words.brand)
            yield from (text for text in texts if text.isascii())
    for letter in (*HAN, *_SIGNS):
        yield from (letter for _ in range(_HAN_WEIGHT))
    yield from ("system", "user", "assistant", "\n")


def build(output: Path, seed: int = 0) -> Path:
    """Write the checkpoint into `output` and return it."""
    return build_checkpoint("qwen2_5_vl", output, seed=seed, size=SIZE, tokenizer=tokenizer())


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args()
    build(given.output, given.seed)


if __name__ == "__main__":
    main()
