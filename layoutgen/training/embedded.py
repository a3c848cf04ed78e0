"""Builds the checkpoint that the embedded model is trained from: a Qwen2.5-VL of five million weights that knows
nothing, with a tokenizer made for this task.

    python -m layoutgen.training.embedded --output DIR [--seed 0]
    python -m layoutgen.training.embedded --output DIR --ship VERSION [--first VERSION] [--note TEXT]

The second copies a version that a registry holds, as `jobs.retrain` left it, with a card of its own for those who have
neither the registry nor the data. `--first` is the version that all began with, where this one was trained further:
the card then tells both trainings, and `--note` what was between them.

What the prompts and answers of `core.prompts` and `core.refinement_prompt` repeat letter by letter is one token each:
the instructions, the frame of an item, the fields of the copy. A question and its answer then take about 290 tokens,
64 of them for the picture, instead of 800. A digit is a token, a common Chinese character is one (as wide as any other,
and never part of a longer one), and so is a frequent piece of an English word; all else is bytes.
"""

import argparse
import hashlib
import json
import math
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import safe_open
from tokenizers import AddedToken
from transformers import Qwen2Tokenizer

from layoutgen.core import prompts, refinement_prompt
from layoutgen.core.layout import Role
from layoutgen.models.tiny import SIZES, SPECIAL_TOKENS, build_checkpoint
from layoutgen.training import copywriting
from layoutgen.training.disguise import HAN

SIZE = "embedded"
_POSTERS = 400  # of each kind of goods: their copy is what English pieces are learnt from
_HAN_WEIGHT = 400
_LONGEST = 200  # letters of a token; llguidance takes no longer ones than 255
_SIGNS = "，。！？：；、·￥¥（）“”《》％—…＋×&%+-/.!?$€£'#"


def phrases() -> list[str]:
    """What is one token though it is many words, none a part of what the copy says."""
    found = [piece for said in (prompts.SYSTEM, refinement_prompt.SYSTEM) for piece in _pieces(said)]
    found += [f'{{"role":"{role.value}","text":"' for role in Role]
    found += ['","box":[', "]},", "]}]"]
    found += ['{"canvas":[', '],"title":"', '],"selling_points":["', '","selling_points":["', '","']
    for before in ('"]', '"'):
        found += [f'{before},"brand":"', f'{before},"logo":']
    for before in ('"]', '"', ""):
        found += [f'{before},"language":"{language}"' for language in ("zh", "en")]
    found += [',"given":[', '{"role":null,"text":"', '","place":[', '],"locked":true}', '],"locked":false}', "null"]
    return found


def _pieces(text: str) -> list[str]:
    """A text in pieces that end where words do."""
    found = []
    while len(text) > _LONGEST:
        at = text.rindex(" ", 0, _LONGEST)
        found.append(text[:at])
        text = text[at:]
    return [*found, text]


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
            said = (words.title, words.subtitle, *words.points, words.price, words.call, words.tag, words.brand)
            yield from (text for text in said if text.isascii())
    for letter in (*HAN, *_SIGNS):
        yield from (letter for _ in range(_HAN_WEIGHT))
    yield from ("system", "user", "assistant", "\n")


def build(output: Path, seed: int = 0) -> Path:
    """Write the checkpoint into `output` and return it."""
    return build_checkpoint("qwen2_5_vl", output, seed=seed, size=SIZE, tokenizer=tokenizer())


_COMMANDS = (
    "python -m layoutgen.training.embedded --output BASE",
    "python -m layoutgen.training.corpus_file --output POSTERS.arrow --model BASE --folder … --held-folder …",
    "python -m jobs.retrain --config jobs/retrain.embedded.toml --model BASE --data POSTERS.arrow …",
    "python -m layoutgen.training.corpus_file --output MORE.arrow --model BASE --posters 3000 --variants 5 --seed 2 "
    "--refine 0.66 --lock 0.4 --hide 0.4 --folder … --held-folder …",
    "python -m jobs.retrain --config jobs/retrain.embedded_copy.toml --model VERSION --data MORE.arrow …",
    "python -m jobs.retrain --config jobs/retrain.embedded_refine.toml --model VERSION --data MORE.arrow …",
)
_FIRST = 3  # commands that make the version which was trained first


def _training(told: dict[str, Any]) -> dict[str, Any]:
    """What a version's own card says of its training, as far as it is of use elsewhere."""
    recipe = told["recipe"]
    steps = {"dense": recipe["dense_steps"], "layouts": told["steps"]}
    return {
        "data": {"rows": told["data"].get("rows"), "sha": told["data_sha"]},
        "steps": steps,
        "samples": {name: count * recipe["batch"] for name, count in steps.items()},
        "recipe": recipe,
        "validation_loss": told["training"]["validation_loss"],
        "held_back_posters": {
            name: {"before": one["theirs"], "after": one["ours"], "better": one["better"]}
            for name, one in told["metrics"]["held"].items()
        },
    }


def ship(version: Path, output: Path, note: str, first: Path | None = None) -> dict[str, Any]:
    """Copy a version of a registry into `output` and write its card; returns the card."""
    told = [json.loads((one / "card.json").read_text("utf-8")) for one in (first, version) if one]
    output.mkdir(parents=True, exist_ok=True)
    for path in sorted(version.iterdir()):
        if path.name != "card.json":
            shutil.copyfile(path, output / path.name)
    weights = output / "model.safetensors"
    with safe_open(weights, "pt") as file:
        shapes = [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118 - it is no mapping
    last = told[-1]
    card = {
        "name": f"layoutgen embedded composer, qwen-vl-{len(told)}",
        "what": "Qwen2.5-VL from random weights that proposes layouts; sees the framed canvas at 224 px",
        "family": last["family"],
        "parameters": sum(math.prod(shape) for shape in shapes),
        "bytes": weights.stat().st_size,
        "sha256": hashlib.sha256(weights.read_bytes()).hexdigest(),
        **{name: last[name] for name in ("image_side", "codec", "prompt_version", "code_version", "created_at")},
        "made_by": list(_COMMANDS if first else _COMMANDS[:_FIRST]),
        "trainings": [_training(one) for one in told],
        "note": note,
    }
    (output / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return card


def main() -> None:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--ship", type=Path, help="a version's folder in a registry")
    parser.add_argument("--first", type=Path, help="the version that was trained further into this one")
    parser.add_argument("--note", default="", help="what else its card says")
    given = parser.parse_args()
    if given.ship:
        ship(given.ship, given.output, given.note, given.first)
    else:
        build(given.output, given.seed)


if __name__ == "__main__":
    main()
