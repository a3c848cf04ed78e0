"""Loads checkpoints of vision-language models as they are published: Qwen2-VL, Qwen2.5-VL, Qwen3-VL and InternVL, with
or without a LoRA adapter.

Of a checkpoint only the weights and the tokenizer go through transformers. Prompts are built from the chat template and
pictures by `pictures`, so no processor class is needed, and none of torchvision.
"""

import json
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch

from layoutgen.core.errors import AbsentError
from layoutgen.models.base import ModelPicture
from layoutgen.models.headers import Header, read_header
from layoutgen.models.vlm.pictures import PictureKind, picture_kind
from layoutgen.models.vlm.prompt import Prompt
from layoutgen.models.vlm.tensor_names import by_plain, key_mapping, plain
from layoutgen.models.weights import check_weights, weights_sha

FAMILIES = ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "internvl")

ADAPTER_RECORD = "layoutgen_adapter.json"
"""Beside an adapter's weights: the `max_side`, `codec`, `prompt_version` and `base_sha` it was trained with."""

GIVEN_RECORD = "layoutgen_given.json"
"""Beside weights that were taught unfinished layouts with the given boxes drawn on the picture."""

LORA_TARGETS = r".*language_model\.layers\.\d+\.(self_attn\.(q|k|v|o)_proj|mlp\.(gate|up|down)_proj)$"
"""What an adapter changes in all families: the language model's linear layers. A plain list of names would also hit
Qwen2.5-VL's vision tower."""
VISION_TARGETS = (
    r".*(visual\.blocks|vision_tower\.encoder\.layer)\.\d+\.(attn|attention|mlp)\."
    r"(qkv|proj|[qkv]_proj|projection_layer|fc[12]|linear_fc[12]|(gate|up|down)_proj)$"
)
"""The vision towers' linear layers, in all families."""

_ENDS = ("<|im_end|>", "<|endoftext|>", "</s>")
_BESIDE_PICTURE = {"internvl": ("<img>", "</img>")}
"""What a family's processor, not its chat template, puts around a picture."""


@dataclass(frozen=True)
class ChatFormat:
    """How a checkpoint is spoken to: its tokenizer, chat template, tokens and how it takes pictures. No weights."""

    family: str
    tokenizer: Any
    template: str
    image_token: int
    pictures: PictureKind
    ends: tuple[int, ...]

    def prompt(self, system: str, user: str, picture: ModelPicture | None) -> Prompt:
        """Build a prompt: `system`, then the picture, then `user`. All before the picture is the constant prefix.

        Neither text may hold a control token: `core.prompts.layouts` spells them so that none does.
        """
        content = [{"type": "image"}] * (picture is not None) + [{"type": "text", "text": user}]
        messages = [
            {"role": "system", "content": [{"type": "text", "text": system}]},
            {"role": "user", "content": content},
        ]
        text = self.tokenizer.apply_chat_template(
            messages, chat_template=self.template, tokenize=False, add_generation_prompt=True
        )
        sign = self.tokenizer.convert_ids_to_tokens(self.image_token)
        before, found, after = text.partition(sign)
        if not found:
            return Prompt((), tuple(self._tokens(text)))
        opening, closing = _BESIDE_PICTURE.get(self.family, ("", ""))
        shown = [self.image_token] * (self.pictures.tokens(picture) if picture else 1)
        return Prompt(tuple(self._tokens(before + opening)), (*shown, *self._tokens(closing + after)), picture)

    def _tokens(self, text: str) -> list[int]:
        return list(self.tokenizer(text, add_special_tokens=False).input_ids)


def load_chat_format(weights: Path) -> ChatFormat:
    """Load all but the weights. Raises AbsentError or ValueError, with the mend, where something is missing."""
    from transformers import AutoTokenizer

    family = family_of(weights)
    if not any((weights / name).exists() for name in ("tokenizer.json", "vocab.json", "tokenizer.model")):
        raise AbsentError(f"{weights} has neither tokenizer.json nor vocab.json; copy the checkpoint's tokenizer")
    config = json.loads((weights / "config.json").read_text("utf-8"))
    tokenizer = AutoTokenizer.from_pretrained(weights, local_files_only=True, trust_remote_code=False)
    template = _template(weights) or tokenizer.chat_template
    if not template:
        raise ValueError(f"{weights} has no chat template; copy chat_template.json from the published checkpoint")
    known = tokenizer.get_vocab()
    ends = tuple(known[token] for token in _ENDS if token in known)
    image_token = config.get("image_token_id", config.get("image_token_index"))
    return ChatFormat(family, tokenizer, template, image_token, picture_kind(weights, family), ends)


def family_of(weights: Path) -> str:
    """Check that a folder holds a whole checkpoint of a known family, and return which."""
    check_weights(weights)
    return family_in(weights)


def family_in(weights: Path) -> str:
    """Of a folder that needs only hold a checkpoint's JSON files, the family, which has to be a known one."""
    config = weights / "config.json"
    if not config.exists():
        raise AbsentError(f"{weights} has no config.json; point to a checkpoint's own folder")
    family = json.loads(config.read_text("utf-8")).get("model_type")
    if family == "internvl_chat":
        raise ValueError(
            f"{config} is in InternVL's original layout; convert it once: python -m jobs.convert {weights} DST"
        )
    if family not in FAMILIES:
        raise ValueError(f"{config} has model_type {family!r}; known are {', '.join(FAMILIES)}")
    return str(family)


def load_model(weights: Path, adapter: Path | None, device: str | None, dtype: torch.dtype) -> Any:
    """Load a model, with an adapter merged into it; a `device` of None leaves to transformers where. Raises ValueError
    where weights are missing or do not fit."""
    from transformers import AutoModelForImageTextToText

    headers = [read_header(file) for file in sorted(weights.glob("*.safetensors"))]
    names = [name for header in headers for name in header]
    model, report = AutoModelForImageTextToText.from_pretrained(
        weights,
        dtype=dtype,
        device_map=device,
        use_safetensors=True,
        local_files_only=True,
        trust_remote_code=False,
        output_loading_info=True,
        key_mapping=key_mapping(names, _parameters(load_skeleton(weights))),
    )
    # The loader only logs this, and fills missing weights with random ones.
    if report["missing_keys"] or report["mismatched_keys"]:
        wrong = sorted(map(str, [*report["missing_keys"], *report["mismatched_keys"]]))
        raise ValueError(
            f"{weights} lacks {len(wrong)} of its model's weights ({', '.join(wrong[:3])}, …); fetch again"
        )
    if adapter:
        from layoutgen.models.vlm.adapters import merge  # with peft, which a model alone has no use for

        model = merge(adapter, model)
    return model.eval()


def load_skeleton(weights: Path) -> Any:
    """A model by its config.json alone, its parameters shapes without values (on `meta`). Raises ValueError."""
    from transformers import AutoConfig, AutoModelForImageTextToText

    family_in(weights)
    config = AutoConfig.from_pretrained(weights, local_files_only=True, trust_remote_code=False)
    with torch.device("meta"), _without_zero3():
        return AutoModelForImageTextToText.from_config(config)


@contextmanager
def _without_zero3() -> Iterator[None]:
    """Build a model here and whole, also where ZeRO-3 is on and transformers would share out its weights, which a
    skeleton has none of."""
    from transformers.integrations import deepspeed

    settings = deepspeed._hf_deepspeed_config_weak_ref
    deepspeed.unset_hf_deepspeed_config()
    try:
        yield
    finally:
        deepspeed._hf_deepspeed_config_weak_ref = settings


def check_names(place: str, tensors: Header, skeleton: Any) -> None:
    """See that a checkpoint's tensors are those of its config.json, whatever wrappers their names have. Raises
    ValueError with a name of each side, or both shapes."""
    given = by_plain(tensors)
    wanted = dict(skeleton.named_parameters())  # of tied ones the first
    missing = sorted(name for name in wanted if plain(name) not in given)
    if missing:
        raise ValueError(
            f"{place} lacks {len(missing)} of the weights that its config.json asks for, such as {missing[0]} (it has "
            f"{min(tensors, default='none')}); give the whole checkpoint, not quantised"
        )
    for name, value in wanted.items():
        shape = tensors[given[plain(name)]][1]
        if tuple(shape) != tuple(value.shape):
            raise ValueError(
                f"{place} has {given[plain(name)]} of shape {tuple(shape)}, its config.json asks for "
                f"{tuple(value.shape)}; give the config.json of these weights"
            )


def _parameters(model: Any) -> list[str]:
    return [name for name, _ in model.named_parameters(remove_duplicate=False)]


def check_adapter(adapter: Path, identity: dict[str, str]) -> None:
    """Refuse an adapter that was trained for something else than what it would be used with: `identity` holds
    those of weights_sha, max_side, codec and prompt_version that are known. Raises ValueError with the mend."""
    check_weights(adapter)
    record = adapter / ADAPTER_RECORD
    if not record.exists():
        warnings.warn(f"{adapter} has no {ADAPTER_RECORD}: it may be for another model or image size", stacklevel=3)
        return
    trained = json.loads(record.read_text("utf-8"))
    mends = {
        "base_sha": ("weights_sha", "give the checkpoint it was trained on, or train it again on this one"),
        "max_side": ("max_side", "set max_side to the adapter's, or its boxes drift"),
        "codec": ("codec", "train it again with this version of layoutgen"),
        "prompt_version": ("prompt_version", "train it again, or run the version of layoutgen it was trained with"),
    }
    for field, (ours, mend) in mends.items():
        if ours in identity and str(trained.get(field)) != identity[ours]:
            raise ValueError(
                f"{record} has {field}={trained.get(field)!r}, but it would be used with {identity[ours]!r}; {mend}"
            )


def record_adapter(
    adapter: Path, base: Path, *, max_side: int, codec: str, prompt_version: str, vision: bool = False
) -> None:
    """Write beside an adapter's weights what it was trained with; `vision`: whether it has weights for the vision
    tower, which not every engine applies."""
    record = {"max_side": max_side, "codec": codec, "prompt_version": prompt_version, "base_sha": weights_sha(base)}
    record |= {"vision": vision}
    (adapter / ADAPTER_RECORD).write_text(json.dumps(record, indent=2) + "\n", "utf-8")


def record_given(folder: Path) -> None:
    """Write beside weights that they were taught to see what is given drawn on the picture."""
    (folder / GIVEN_RECORD).write_text(json.dumps({"draws_given": True}) + "\n", "utf-8")


def draws_given(weights: Path, adapter: Path | None) -> bool:
    """Whether what is given is drawn for a checkpoint with an adapter, which was taught last."""
    return ((adapter or weights) / GIVEN_RECORD).exists()


def _template(weights: Path) -> str | None:
    jinja, older = weights / "chat_template.jinja", weights / "chat_template.json"
    if jinja.exists():
        return jinja.read_text("utf-8")
    if older.exists():
        return str(json.loads(older.read_text("utf-8"))["chat_template"])
    return None
