"""LoRA adapters as training programs write them, put onto today's model.

A tensor's name is the path of its module when it was trained, inside the wrappers of that program and that year, so a
module is known by its path without them (`tensor_names`). The tensors say which modules an adapter changes; its
settings have to name the same ones, or it would not do what it was trained for. Known are LoRA, DoRA, rsLoRA, ranks and
alphas by pattern, biases, and modules that were trained whole. Nothing is guessed: what fits nothing, lacks its half,
or has another shape is refused.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model
from peft.tuners.tuners_utils import check_target_module_exists
from peft.utils.other import get_pattern_key
from safetensors import safe_open
from torch import nn

from layoutgen.models.vlm.adapter_files import WEIGHTS, AdapterFile, read
from layoutgen.models.vlm.tensor_names import by_plain, plain, prefixes, renamed

_OUTERMOST = re.compile(r"^(?:(?:base_model\.model|module|_orig_mod|_fsdp_wrapped_module)\.)+")
_INSIDE = re.compile(r"\.(?:modules_to_save(?:\.default)?|base_layer)(?=\.)")
"""What peft puts into the path of a module that it wraps, where a program saved it as it stood."""
_LORA = re.compile(
    r"(?P<module>.+?)\.(?P<part>lora_(?:A|B|embedding_A|embedding_B|magnitude_vector))"
    r"(?:\.(?!(?:weight|bias)$)[^.]+)?(?:\.(?P<of>weight|bias))?"
)
_WHOLE = re.compile(r"(?P<module>.+)(?P<part>)\.(?P<of>[A-Za-z_]\w*)")
_COPY = ".original_module."
"""In the name of a module's weights from before it was trained whole, in dumps of all that a trainer held."""
_EMBEDDINGS = ("embed_tokens", "lm_head")
"""Modules that peft saves whole of itself, where a vocabulary was changed."""
_LAYERS = (nn.Linear, nn.Embedding, nn.Conv1d, nn.Conv2d, nn.Conv3d)


@dataclass(frozen=True)
class _Tensor:
    """A tensor of an adapter: its name, the path of its module as it is `written` and `today`, and what of it: a `part`
    of a LoRA, or none for the module's own weight or bias, `of`."""

    name: str
    written: str
    today: str
    part: str
    of: str

    @property
    def parameter(self) -> str:
        """Its name in today's model, adapted where it is a part."""
        match self.part:
            case "":
                return f"{self.today}.{self.of}"
            case "lora_embedding_A" | "lora_embedding_B":
                return f"base_model.model.{self.today}.{self.part}.default"
            case _:
                return f"base_model.model.{self.today}.{self.part}.default.{self.of or 'weight'}"


@dataclass(frozen=True)
class _Fit:
    """Where an adapter's tensors go, each parameter's name to the tensor's: `parts` into the adapted model, `whole` in
    place of the base's own; and peft's settings for today's names."""

    config: LoraConfig
    parts: dict[str, str]
    whole: dict[str, str]


def check(folder: Path, base: nn.Module) -> AdapterFile:
    """See that an adapter does on `base`, which may be a model without weights (on `meta`), what it was trained for.
    Raises AbsentError or ValueError that names what does not fit on either side."""
    file = read(folder)
    fit = _fit(file, base)
    _adapted(base, file, fit)
    with safe_open(folder / WEIGHTS, "pt") as tensors:
        for name in file.tensors:
            _finite(file, name, tensors.get_tensor(name))
    return file


def merge(folder: Path, base: nn.Module) -> nn.Module:
    """Merge an adapter into its base: a step then runs as many kernels as without. Raises as `check` does."""
    file = read(folder)
    fit = _fit(file, base)
    with safe_open(folder / WEIGHTS, "pt") as tensors, torch.no_grad():
        for name, tensor in fit.whole.items():
            module, _, of = name.rpartition(".")
            old = base.get_parameter(name)
            value = _finite(file, tensor, tensors.get_tensor(tensor)).to(old.device, old.dtype)
            # A parameter of its own: where weights are tied, only this module was trained.
            setattr(base.get_submodule(module), of, nn.Parameter(value, requires_grad=False))
        adapted = _adapted(base, file, fit)
        for name, tensor in fit.parts.items():
            adapted.get_parameter(name).copy_(_finite(file, tensor, tensors.get_tensor(tensor)))
    try:
        merged: nn.Module = adapted.merge_and_unload(safe_merge=True)  # type: ignore[operator]
    except ValueError as error:
        raise file.misfit(f"merged weights are not finite ({error})") from None
    return merged


def _fit(file: AdapterFile, base: nn.Module) -> _Fit:
    modules = {name.rpartition(".")[0] for name, _ in base.named_parameters(remove_duplicate=False)}
    known = by_plain(modules)
    tensors = [_parsed(file, name, known) for name in file.tensors if _COPY not in name]
    twice: dict[str, str] = {}
    for tensor in tensors:
        if other := twice.get(tensor.parameter):
            raise file.misfit(f"{tensor.name} and {other} are for one and the same weight; save one adapter alone")
        twice[tensor.parameter] = tensor.name
    whole = {tensor.parameter: tensor.name for tensor in tensors if not tensor.part}
    adapted = {tensor.today: tensor.written for tensor in tensors if tensor.part}
    _check_whole(file, [tensor for tensor in tensors if not tensor.part], adapted, base)
    _check_named(file, adapted, {name: part for name, part in base.named_modules() if isinstance(part, _LAYERS)})
    return _Fit(
        _config(file, adapted, base), {tensor.parameter: tensor.name for tensor in tensors if tensor.part}, whole
    )


def _parsed(file: AdapterFile, name: str, known: dict[str, str]) -> _Tensor:
    bare = _INSIDE.sub("", _OUTERMOST.sub("", name))
    parts = _LORA.fullmatch(bare) or _WHOLE.fullmatch(bare)
    written = parts["module"] if parts else bare
    today = known.get(plain(written))
    if not parts or not today:
        near = get_close_matches(plain(written), known, 1, 0) or [""]
        raise file.misfit(f"it has {name}, the base has nothing of that name; nearest is {known.get(near[0])}")
    return _Tensor(name, written, today, parts["part"], parts["of"] or "")


def _check_whole(file: AdapterFile, tensors: list[_Tensor], adapted: Collection[str], base: nn.Module) -> None:
    """Modules that were trained whole are those of the settings, complete, and of the base's shapes."""
    saved, bias = file.settings.modules_to_save or [], file.settings.bias
    for tensor in tensors:
        own = dict(base.get_submodule(tensor.today).named_parameters(recurse=False)).get(tensor.of)
        if own is None:
            raise file.misfit(f"it has {tensor.name}, the base's {tensor.today} has no {tensor.of}")
        is_bias = tensor.of == "bias" and (bias == "all" or (bias == "lora_only" and tensor.today in adapted))
        is_saved = any(_is_below(name, path) for name in saved for path in (tensor.written, tensor.today))
        if not (is_bias or is_saved or plain(tensor.today) in _EMBEDDINGS):
            raise _unnamed(file, tensor.name)
        _same_shape(file, tensor.name, tensor.parameter, own)
    given = {tensor.parameter for tensor in tensors}
    for parameter, _ in base.named_parameters():
        if parameter not in given and any(_is_below(name, parameter.rpartition(".")[0]) for name in saved):
            raise file.misfit(f"its modules_to_save name {parameter} of the base, it has no such weight; copy it whole")


def _is_below(name: str, path: str) -> bool:
    """Whether a module of `modules_to_save` is at a path or above, as peft looks for it."""
    return re.match(rf"(^|.*\.){name}($|\..*)", path) is not None


def _check_named(file: AdapterFile, adapted: dict[str, str], layers: dict[str, nn.Module]) -> None:
    """The layers that the settings name, under today's paths or those that were written, are those with weights."""
    if file.settings.target_modules is None:  # then peft's defaults of that time
        return
    # A layer without weights would have been written with the wrappers of those near it that have some.
    wrappers = prefixes(adapted.items())
    older = any(today != written for today, written in adapted.items())

    def as_written(name: str) -> str:
        path = renamed(name, wrappers)
        return plain(name) if older and path == name else path

    ways = [{name for name, layer in layers.items() if _names(file, path(name), layer)} for path in (str, as_written)]
    fitting = [named for named in ways if named >= adapted.keys()]
    if not fitting:
        named = ways[0] | ways[1]
        unused = sorted(adapted.keys() - named) or sorted(adapted.keys() - ways[0])
        raise _unnamed(file, adapted[unused[0]])
    missing = sorted(min(fitting, key=len) - adapted.keys())
    if missing:
        raise file.misfit(
            f"its settings name {missing[0]} of the base and {len(missing) - 1} more that it has no weights for; copy "
            "it whole"
        )


def _names(file: AdapterFile, path: str, layer: nn.Module) -> bool:
    target = file.settings.target_modules
    if isinstance(target, str) and target.lower() == "all-linear":
        return isinstance(layer, nn.Linear) and plain(path) != "lm_head"
    return bool(check_target_module_exists(file.settings, path))


def _unnamed(file: AdapterFile, what: str) -> ValueError:
    target = str(file.settings.target_modules)
    return file.misfit(
        f"it has weights for {what}, which its settings do not name (target_modules = {target[:120]}); give the "
        "adapter_config.json that it was trained with"
    )


def _config(file: AdapterFile, adapted: dict[str, str], base: nn.Module) -> LoraConfig:
    said = file.settings
    takes_from_base = said.init_lora_weights in ("pissa", "olora") and not next(base.parameters()).is_meta
    ranks = {re.escape(name): _by_pattern(said.rank_pattern, name, path) for name, path in adapted.items()}
    alphas = {re.escape(name): _by_pattern(said.alpha_pattern, name, path) for name, path in adapted.items()}
    return LoraConfig(
        r=said.r,
        lora_alpha=said.lora_alpha,
        target_modules=sorted(adapted),
        rank_pattern={name: rank for name, rank in ranks.items() if rank is not None},
        alpha_pattern={name: alpha for name, alpha in alphas.items() if alpha is not None},
        lora_bias=said.lora_bias,
        use_dora=said.use_dora,
        use_rslora=said.use_rslora,
        init_lora_weights=said.init_lora_weights if takes_from_base else True,
        inference_mode=True,
    )


def _by_pattern(pattern: dict[str, Any] | None, today: str, written: str) -> Any:
    """What a pattern says of a module, by its path as it is written, or else today's."""
    keys = list(pattern or {})
    found = [key for path in (written, today) if (key := get_pattern_key(keys, path)) in keys]
    return (pattern or {})[found[0]] if found else None


def _adapted(base: nn.Module, file: AdapterFile, fit: _Fit) -> nn.Module:
    """The base with room for the adapter's weights, each of which has its shape there."""
    if not fit.parts:
        raise file.misfit("it has no LoRA weights; give the folder that peft saved the adapter in")
    for name in fit.config.target_modules if file.settings.lora_bias else ():
        if getattr(base.get_submodule(name), "bias", None) is None:
            raise file.misfit(f"its LoRA of {name} has a bias, the base's has none to merge it with")
    adapted: nn.Module = get_peft_model(base, fit.config)
    room = {name: value for name, value in adapted.named_parameters() if ".default" in name}
    for name in sorted(fit.parts.keys() - room.keys()):
        raise _unnamed(file, fit.parts[name])
    for name in sorted(room.keys() - fit.parts.keys()):
        raise file.misfit(f"it lacks {name.removeprefix('base_model.model.')}, to which it has the other part")
    for name, tensor in fit.parts.items():
        _same_shape(file, tensor, name, room[name])
    return adapted


def _same_shape(file: AdapterFile, tensor: str, parameter: str, value: torch.Tensor) -> None:
    shape = file.tensors[tensor][1]
    if tuple(shape) != tuple(value.shape):
        name = parameter.removeprefix("base_model.model.").replace(".default", "")
        raise file.misfit(
            f"its {tensor} has shape {tuple(shape)}, {name} of the base with r = {file.settings.r} has "
            f"{tuple(value.shape)}; give the checkpoint it was trained on"
        )


def _finite(file: AdapterFile, name: str, value: torch.Tensor) -> torch.Tensor:
    if not value.isfinite().all():
        raise ValueError(f"{file.folder / WEIGHTS} holds numbers that are not finite, in {name}; train it again")
    return value
