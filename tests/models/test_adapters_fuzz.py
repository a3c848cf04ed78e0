"""Adapters that were renamed, reshaped, cut, and told of otherwise do what they were trained for, or are refused in a
sentence. `make soak` looks for longer."""

import copy
import json
import shutil
import tempfile
import warnings
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from safetensors.torch import load_file, save_file

from layoutgen.models.vlm import adapters
from layoutgen.models.vlm.adapter_files import CONFIG, WEIGHTS
from layoutgen.models.vlm.checkpoints import load_model, load_skeleton
from layoutgen.models.vlm.tensor_names import plain
from layoutgen.models.vlm.tiny import build_checkpoint
from tests.budget import examples
from tests.models.vlm.test_adapters import NAMINGS, trained  # noqa: F401 a fixture

KIND = st.sampled_from(["lora", "dora", "patterns", "saved whole", "embeddings", "own biases", "list"])
SCALARS = st.none() | st.booleans() | st.integers(-3, 70_000) | st.floats() | st.text(max_size=8)
VALUES = SCALARS | st.lists(SCALARS, max_size=3) | st.dictionaries(st.text(max_size=8), SCALARS, max_size=3)
FIELDS = (
    *("peft_type", "r", "lora_alpha", "target_modules", "exclude_modules", "layers_to_transform", "layers_pattern"),
    *("modules_to_save", "rank_pattern", "alpha_pattern", "bias", "lora_bias", "use_dora", "use_rslora"),
    *("init_lora_weights", "base_model_name_or_path", "fan_in_fan_out", "target_parameters", "task_type", "new_field"),
)
WORDS = ["layers", "visual", "q_proj", "lora_A", "lora_B", "default", "weight", "", "0", "41", "base_layer", "model"]
PICK = st.integers(0, 10_000)
# Each changes the weights, the settings or the bytes of a file; `renamed` ones have to do the same as before.
RENAMED = st.tuples(st.just("naming"), st.sampled_from(sorted(NAMINGS)), PICK) | st.tuples(
    st.just("own name"), st.sampled_from(["default", "v2"]), PICK
)
CHANGED = st.one_of(
    RENAMED,
    st.tuples(st.just("drop"), st.none(), PICK),
    st.tuples(st.just("double"), st.sampled_from(sorted(NAMINGS)), PICK),
    st.tuples(st.just("word"), st.sampled_from(WORDS), PICK),
    st.tuples(st.just("shape"), st.sampled_from(["transpose", "half", "flat", "empty"]), PICK),
    st.tuples(st.just("dtype"), st.sampled_from(["float16", "bfloat16", "float64", "int8", "bool"]), PICK),
    st.tuples(st.just("number"), st.sampled_from([float("nan"), float("inf"), 1e38]), PICK),
    st.tuples(st.sampled_from(FIELDS), VALUES, st.just(0)),
    st.tuples(st.just("cut"), st.sampled_from([CONFIG, WEIGHTS]), PICK),
    st.tuples(st.just("flip"), st.sampled_from([CONFIG, WEIGHTS]), PICK),
)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build_checkpoint("qwen2_5_vl", tmp_path_factory.mktemp("fuzz") / "base")


@pytest.fixture(scope="module")
def bases(base: Path) -> dict[str, Path]:
    return {"qwen2_5_vl": base}


def change(folder: Path, changes: list[tuple[str, Any, int]]) -> None:
    weights, said = load_file(folder / WEIGHTS), json.loads((folder / CONFIG).read_text())
    for what, value, pick in changes:
        names = sorted(weights)
        name = names[pick % len(names)] if names else ""
        some = [name for number, name in enumerate(names) if pick & (1 << (number % 13))]
        if what in ("naming", "own name", "word"):
            for one in some if what != "word" else [name] if name else []:
                weights[_renamed(one, what, value, pick)] = weights.pop(one)
        elif what == "drop":
            weights = {one: weight for one, weight in weights.items() if one not in some}
        elif what == "double" and name:
            weights[NAMINGS[value](plain(name))] = weights[name].clone()
        elif what in ("shape", "dtype", "number") and name:
            weights[name] = _reshaped(weights[name], what, value, pick)
        elif what in FIELDS:
            said[what] = value
    save_file({name: weight.contiguous() for name, weight in weights.items()}, folder / WEIGHTS)
    (folder / CONFIG).write_text(json.dumps(said))
    for what, value, pick in changes:
        if what in ("cut", "flip"):
            data = bytearray((folder / value).read_bytes())
            if what == "cut":
                data = data[: pick % (len(data) + 1)]
            elif data:
                data[pick % min(len(data), 4000)] ^= 1 << pick % 8
            (folder / value).write_bytes(data)


def _renamed(name: str, what: str, value: str, pick: int) -> str:
    if what == "naming":
        return NAMINGS[value](plain(name))
    if what == "own name":
        for part in ("lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B", "lora_magnitude_vector"):
            if f".{part}." in f"{name}." and f".{part}.default" not in name and f".{part}.v2" not in name:
                return f"{name}.".replace(f".{part}.", f".{part}.{value}.")[:-1]
        return name
    parts = name.split(".")
    parts[pick % len(parts)] = value
    return ".".join(parts)


def _reshaped(weight: torch.Tensor, what: str, value: Any, pick: int) -> torch.Tensor:
    if what == "dtype":
        return weight.to(getattr(torch, value))
    if what == "number":
        weight = weight.clone()
        if weight.numel() and weight.is_floating_point():
            weight.view(-1)[pick % weight.numel()] = value
        return weight
    ways = {"transpose": weight.T, "half": weight[: len(weight) // 2], "flat": weight.reshape(-1), "empty": weight[:0]}
    return ways[value].contiguous() if weight.ndim else weight


_BASES: dict[Path, tuple[Any, Any]] = {}


def models(base: Path) -> tuple[Any, Any]:
    """A model of its own with weights, and one without."""
    if base not in _BASES:
        _BASES[base] = load_model(base, None, "cpu", torch.float32), load_skeleton(base)
    return copy.deepcopy(_BASES[base][0]), copy.deepcopy(_BASES[base][1])


def merged(base: Path, folder: Path) -> dict[str, torch.Tensor]:
    return dict(adapters.merge(folder, models(base)[0]).state_dict())


LONG = settings(
    max_examples=examples(8, soak=200),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)


@pytest.fixture(scope="module")
def original(base: Path, trained: Any) -> Any:  # noqa: F811
    known: dict[str, Any] = {}

    def of(kind: str) -> tuple[Path, dict[str, torch.Tensor]]:
        if kind not in known:
            known[kind] = trained(kind), merged(base, trained(kind))
        return known[kind]

    return of


@LONG
@given(KIND, st.lists(RENAMED, min_size=1, max_size=3))
def test_names_alone_change_nothing(base: Path, original: Any, kind: str, changes: list[Any]) -> None:
    folder, wanted = original(kind)
    with tempfile.TemporaryDirectory() as name:
        other = Path(shutil.copytree(folder, f"{name}/adapter"))
        change(other, changes)
        adapters.check(other, models(base)[1])
        found = merged(base, other)
    assert all(torch.equal(found[name], weight) for name, weight in wanted.items())


@LONG
@given(KIND, st.lists(CHANGED, min_size=1, max_size=3))
def test_whatever_is_changed_it_is_merged_or_refused_in_a_sentence(
    base: Path, original: Any, kind: str, changes: list[Any]
) -> None:
    folder, wanted = original(kind)
    with tempfile.TemporaryDirectory() as name, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        other = Path(shutil.copytree(folder, f"{name}/adapter"))
        change(other, changes)
        try:
            adapters.check(other, models(base)[1])
        except (ValueError, FileNotFoundError) as refusal:
            assert str(other) in str(refusal)
            assert "\n" not in str(refusal)
            assert len(str(refusal)) < 900
            return
        try:
            found = merged(base, other)
        except ValueError as refusal:
            assert "not finite" in str(refusal)  # the one thing that only the sum shows
            return
    assert found.keys() == wanted.keys()
    assert all(weight.isfinite().all() for weight in found.values())
    if not {what for what, _, _ in changes} - {"naming", "own name", "drop", "double", "shape", "word"}:
        assert all(torch.equal(found[name], weight) for name, weight in wanted.items()), changes
