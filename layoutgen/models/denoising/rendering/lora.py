"""LoRA files of a UNet, by peft: few-step ones (LCM, Lightning, Hyper-SD) and our own, melted into its weights."""

from pathlib import Path
from typing import Any

from diffusers import UNet2DConditionModel
from diffusers.loaders import StableDiffusionLoraLoaderMixin, StableDiffusionXLLoraLoaderMixin
from safetensors.torch import load_file

from layoutgen.models.denoising.rendering.checkpoint import Kind


def melt(file: Path, unet: UNet2DConditionModel, kind: Kind, scale: float = 1.0) -> None:
    """Add a LoRA of kohya's or diffusers' form to a UNet's weights; what it has for text encoders is left out. Raises
    ValueError where it is none, or another model's."""
    tensors = load_file(file)
    if not any(part in name for name in tensors for part in ("lora_down", "lora_A", "lora.down")):
        raise ValueError(f"{file} holds no LoRA (lora_down or lora_A); IP-Adapters go into paint.ip_adapter")
    mixin: Any = StableDiffusionXLLoraLoaderMixin if kind == "sdxl" else StableDiffusionLoraLoaderMixin
    try:
        weights, alphas = mixin.lora_state_dict(tensors, unet_config=unet.config)[:2]
        weights = {name: weight for name, weight in weights.items() if name.startswith("unet.")}
        unet.load_lora_adapter(weights, prefix="unet", network_alphas=alphas, adapter_name="lora")
    except (RuntimeError, ValueError, KeyError, IndexError) as error:
        reason = " ".join(str(error).split())[:200]
        raise ValueError(f"{file} is no LoRA for this model ({reason}); SD 1.5's go with SD 1.5") from error
    if not getattr(unet, "peft_config", None):
        raise ValueError(f"{file} has no weights for a UNet; give a LoRA that was trained on one")
    unet.fuse_lora(lora_scale=scale)
    unet.unload_lora()
