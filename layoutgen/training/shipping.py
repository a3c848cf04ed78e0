"""Copies a version of a registry to where the package embeds it, with a card for those who have neither the registry
nor the data.

    python -m layoutgen.training.shipping --version VERSION --output DIR [--base CHECKPOINT] [--first VERSION]
                                          [--note TEXT]

`VERSION` is a version's folder as `jobs.retrain` left it. One that is an adapter is merged into `--base`, the
checkpoint that it was trained on: DIR is then a whole checkpoint that serves as base and adapter do. `--first` is the
version that all began with, where this one was trained further: the card then tells both trainings, and `--note` what
was between them. Networks that denoise are written as half floats.
"""

import argparse
import hashlib
import json
import math
import shutil
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open

from layoutgen.models.denoising.networks import FAMILIES
from layoutgen.models.denoising.painted import checkpoint as painted
from layoutgen.models.denoising.scenes import checkpoint as scenes
from layoutgen.models.vlm.checkpoints import ADAPTER_RECORD, GIVEN_RECORD, check_adapter, family_of, load_model
from layoutgen.models.weights import weights_sha

_POSTERS = "python -m jobs.corpus --output POSTERS.arrow --model BASE --folder …"
_DRAWN = {"plan": "--refine 0 --side 288 --posters 9000 --photo-share 0"}
_NETWORK = (
    f"{_POSTERS} {{drawn}}",
    "python -m jobs.retrain --config jobs/retrain.{family}.toml --data POSTERS.arrow …",
)
_FIRST = (
    "python -m layoutgen.training.vlm.blank --output BASE",
    f"{_POSTERS} --held-folder …",
    "python -m jobs.retrain --config jobs/retrain.embedded.toml --model BASE --data POSTERS.arrow …",
)
_FURTHER = (
    "python -m jobs.corpus --output MORE.arrow --model BASE --posters 3000 --variants 5 "
    "--seed 2 --refine 0.66 --lock 0.4 --hide 0.4 --folder … --held-folder …",
    "python -m jobs.retrain --config jobs/retrain.embedded_copy.toml --model VERSION --data MORE.arrow …",
    "python -m jobs.retrain --config jobs/retrain.embedded_refine.toml --model VERSION --data MORE.arrow …",
)
_ADAPTED = (
    "python -m jobs.retrain --config jobs/retrain.toml --model BASE --data …",
    "python -m layoutgen.training.shipping --version VERSION --base BASE --output …",
)
_SUMMARY = {"qwen2_5_vl": "Qwen2.5-VL from random weights that proposes layouts; sees the framed canvas at 224 px"}
_SUMMARY |= {family.name: family.summary for family in FAMILIES.values()}
_SUMMARY["scene"] = "proposes the numbers of a drawn ground by diffusion: for category, product's colours and reference"
_SUMMARY["paint"] = "paints a poster's ground in one pass from a scene's numbers and the places of product and texts"
_GROUNDS: dict[str, Any] = {"scene": scenes, "paint": painted}
_NAMES = {"plan": "planner", "scene": "painter", "paint": "painter"}


def ship(version: Path, output: Path, note: str, first: Path | None = None, base: Path | None = None) -> dict[str, Any]:
    """Copy a version into `output`, merged into `base` where it is an adapter, and write its card; returns the card.
    Raises ValueError where one of the two does not belong to the other."""
    is_adapter = (version / "adapter_config.json").exists()
    if is_adapter is (base is None):
        mend = "give the checkpoint that it was trained on as --base" if is_adapter else "leave --base out"
        raise ValueError(f"{version} is {'an adapter' if is_adapter else 'no adapter'}; {mend}")
    cards = [json.loads((folder / "card.json").read_text("utf-8")) for folder in (first, version) if folder]
    last, family = cards[-1], cards[-1]["family"]
    output.mkdir(parents=True, exist_ok=True)
    network = FAMILIES.get(family)
    if network:
        network.save(network.load(version, "cpu"), output, torch.float16)
    elif family in _GROUNDS:
        _GROUNDS[family].save(_GROUNDS[family].load(version), output, torch.float16)
    elif base:
        _merged(base, version, output)
    else:
        for path in sorted(version.iterdir()):
            if path.name != "card.json":
                shutil.copyfile(path, output / path.name)
    weights = sorted(output.glob("*.safetensors"))
    shapes = [shape for path in weights for shape in _shapes(path)]
    has_words = not network and family not in _GROUNDS
    speaks = {name: last[name] for name in ("image_side", "codec", "prompt_version")} if has_words else {}
    drawn = _DRAWN.get(family, "--refine 0 --side 192 --posters 16000")
    commands = [command.format(family=family, drawn=drawn) for command in _NETWORK]
    if base:
        commands = [*_ADAPTED]
    elif has_words:
        commands = [*_FIRST, *(_FURTHER if first else ())]
    elif family in _GROUNDS:
        commands = [f"python -m jobs.retrain --config jobs/retrain.{family}.toml …"]
    card = {
        "name": f"layoutgen embedded {_NAMES.get(family, 'composer')}, {family}-{len(cards)}",
        "what": f"{family} with the adapter of a retraining merged into it" if base else _SUMMARY[family],
        "family": family,
        "parameters": sum(math.prod(shape) for shape in shapes),
        "bytes": sum(path.stat().st_size for path in weights),
        "sha256": _sha256(weights[0]) if len(weights) == 1 else weights_sha(output),
        **(_origin(base, version, last) if base else {}),
        **speaks,
        **{name: last[name] for name in ("code_version", "created_at")},
        "made_by": commands,
        "trainings": [_training(card) for card in cards],
        "note": note,
    }
    (output / "card.json").write_text(json.dumps(card, indent=1, ensure_ascii=False) + "\n", "utf-8")
    return card


def _merged(base: Path, adapter: Path, output: Path) -> None:
    """Write a checkpoint with an adapter merged into it, in the checkpoint's own precision, as serving merges it."""
    family_of(base)
    check_adapter(adapter, {"weights_sha": weights_sha(base)})
    config = json.loads((base / "config.json").read_text("utf-8"))
    dtype = getattr(torch, config.get("dtype") or config.get("torch_dtype") or "float32")
    model = load_model(base, adapter, "cpu", dtype)
    model.config.dtype = dtype
    model.save_pretrained(str(output))
    if (adapter / GIVEN_RECORD).exists():
        shutil.copyfile(adapter / GIVEN_RECORD, output / GIVEN_RECORD)
    apart = (ADAPTER_RECORD, GIVEN_RECORD, "card.json")
    for path in sorted(base.iterdir()):
        is_own = path.is_file() and ".safetensors" not in path.name and not path.name.startswith((".", "_"))
        if is_own and path.name not in apart and not (output / path.name).exists():
            shutil.copyfile(path, output / path.name)


def _origin(base: Path, adapter: Path, card: dict[str, Any]) -> dict[str, Any]:
    """What a merged checkpoint was made of: the base by name, revision and sha, and the adapter."""
    named = {name: card.get(name) for name in ("base", "base_revision")}
    return {**named, "base_sha": weights_sha(base), "adapter_sha": weights_sha(adapter)}


def _shapes(weights: Path) -> list[list[int]]:
    with safe_open(weights, "pt") as file:
        return [file.get_slice(name).get_shape() for name in file.keys()]  # noqa: SIM118 - it is no mapping


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _training(card: dict[str, Any]) -> dict[str, Any]:
    """What a version's own card says of its training, as far as it is of use elsewhere."""
    recipe = card["recipe"]
    steps = {"dense": recipe["dense_steps"], "layouts": card["steps"]}
    return {
        "data": {"rows": card["data"].get("rows"), "sha": card["data_sha"]},
        "steps": steps,
        "samples": {name: count * recipe["batch"] for name, count in steps.items()},
        "recipe": recipe,
        "validation_loss": card["training"]["validation_loss"],
        "held_back_posters": {
            name: {"before": one["theirs"], "after": one["ours"], "better": one["better"]}
            for name, one in card["metrics"]["held"].items()
        },
    }


def main() -> None:
    """Ship what the command line names."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--version", type=Path, required=True, help="a version's folder in a registry")
    parser.add_argument("--output", type=Path, required=True)
    parser.add_argument("--base", type=Path, help="the checkpoint that an adapter is merged into")
    parser.add_argument("--first", type=Path, help="the version that was trained further into this one")
    parser.add_argument("--note", default="", help="what else its card says")
    given = parser.parse_args()
    ship(given.version, given.output, given.note, given.first, given.base)


if __name__ == "__main__":
    main()
