"""What is learnt for a Stable Diffusion checkpoint: a part of its own that [paint] takes by the setting of its name.

| part | what it is | where it is learnt |
| --- | --- | --- |
| `rendernet` | the ControlNet and its branches | beside the UNet, which is frozen |
| `categories` | the table of identifiers | with keys and values of the UNet's cross-attention |
| `lora` | low-rank additions | in the UNet's attention |
| `ip_adapter` | what follows a reference: tokens, keys and values | beside the UNet's attention, which is frozen |

What begins at zero begins as the plain checkpoint.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import torch
from safetensors.torch import save_file
from torch import Tensor

from layoutgen.models.denoising.files import model_type_in
from layoutgen.models.denoising.rendering import attention, category, control, lora
from layoutgen.models.denoising.rendering import style as styles
from layoutgen.models.denoising.rendering.checkpoint import Checkpoint

Part = Literal["rendernet", "categories", "lora", "ip_adapter"]
IP_ADAPTER = "ip-adapter.safetensors"
_LORA = "pytorch_lora_weights.safetensors"


@dataclass(frozen=True)
class Size:
    """Numbers of what is new: channels of RenderNet's maps and of its condition encoder, a LoRA's rank, tokens of a
    category and of a reference."""

    width: int = 64
    widths: tuple[int, ...] = field(default=control.WIDTHS)
    rank: int = 16
    tokens: int = 1
    style_tokens: int = 4


@dataclass(eq=False)
class Parts:
    """A checkpoint's `guide` with what else it is given."""

    guide: attention.Guide
    net: control.RenderNet | None = None
    categories: category.Categories | None = None
    style: styles.Style | None = None
    before: dict[str, Tensor] = field(default_factory=dict)


def none(checkpoint: Checkpoint) -> Parts:
    """The plain checkpoint."""
    return Parts(attention.guided(checkpoint.unet))


def new(
    checkpoint: Checkpoint, part: Part, names: Sequence[str], size: Size, seed: int, encoder: Path | None = None
) -> Parts:
    """A part that is to be learnt, its weights in float32; `names` are the categories', `encoder` the image encoder of
    an `ip_adapter`."""
    parts, unet = none(checkpoint), checkpoint.unet
    if part == "rendernet":
        parts.net = control.new(unet, width=size.width, widths=size.widths, seed=seed).train().float()
        parts.net.requires_grad_(True)
    elif part == "categories":
        layers = category.layers_of(unet)
        width = unet.config.cross_attention_dim
        parts.categories = category.Categories(names, width, tokens=size.tokens, layers=layers, seed=seed)
        parts.categories.to(checkpoint.device).keys_values.requires_grad_(False)
        for name in layers:
            layer: Any = unet.get_submodule(name)
            for each in (layer.to_k, layer.to_v):
                each.float().requires_grad_(True)
        parts.before = {name: weight.clone() for name, weight in unet.state_dict().items() if "attn2.to_" in name}
    elif part == "ip_adapter":
        assert encoder is not None
        parts.style = styles.new(unet, encoder, tokens=size.style_tokens, seed=seed)
        parts.guide = attention.guided(unet, parts.style.keys_values)
    else:
        from peft import LoraConfig

        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            layers_of_lora = ["to_q", "to_k", "to_v", "to_out.0"]
            unet.add_adapter(LoraConfig(r=size.rank, lora_alpha=size.rank, target_modules=layers_of_lora))
        for weight in unet.parameters():
            if weight.requires_grad:
                weight.data = weight.data.float()
    return parts


def save(parts: Parts, unet: Any, folder: Path) -> None:
    """Write what was learnt as [paint] takes it."""
    if parts.net is not None:
        control.save(parts.net, folder)
    elif parts.categories is not None:
        parts.categories.take_from(unet, parts.before)
        category.save(parts.categories, folder)
    elif parts.style is not None:
        styles.save(parts.style, folder / IP_ADAPTER)
    else:
        from peft import get_peft_model_state_dict

        weights = get_peft_model_state_dict(unet, adapter_name="default")
        tensors = {f"unet.{name}": weight.detach().cpu().contiguous() for name, weight in weights.items()}
        save_file(tensors, folder / _LORA, {"format": "pt"})


def load(checkpoint: Checkpoint, part: Part, folder: Path, encoder: Path | None = None) -> Parts:
    """A checkpoint with a part that was learnt, an `ip_adapter` with its image encoder. Raises ValueError where the
    folder holds another part."""
    if (holds := part_in(folder)) != part:
        raise ValueError(
            f"{folder} holds {holds or 'no part of a painting'}, and train.part is {part!r}: give each part a "
            "train.name of its own"
        )
    parts = none(checkpoint)
    if part == "rendernet":
        parts.net = control.load(folder, str(checkpoint.device), checkpoint.dtype)
        control.check_fits(parts.net, checkpoint.unet, folder)
    elif part == "categories":
        parts.categories = category.load(folder, str(checkpoint.device), checkpoint.dtype)
        category.check_fits(parts.categories, checkpoint.unet, folder)
        parts.categories.put_into(checkpoint.unet)
    elif part == "ip_adapter":
        parts.style = styles.load(folder / IP_ADAPTER, checkpoint.unet, encoder=encoder)
        parts.guide = attention.guided(checkpoint.unet, parts.style.keys_values)
    else:
        lora.melt(folder / _LORA, checkpoint.unet, checkpoint.kind)
        parts.guide = attention.guided(checkpoint.unet)
    return parts


def part_in(folder: Path) -> str:
    """Which part a folder holds; empty for none."""
    if (folder / _LORA).is_file():
        return "lora"
    if (folder / IP_ADAPTER).is_file():
        return "ip_adapter"
    return {control.MODEL_TYPE: "rendernet", category.MODEL_TYPE: "categories"}.get(model_type_in(folder), "")
