"""Personalised style (PG): a brand's own picture as tokens that cross-attention listens to, in IP-Adapter's form.

`ip-adapter_*.safetensors` make 4 tokens of a picture's embedding, `ip-adapter-plus_*` 16 of its patches. Keys and
values of each cross-attention layer are in the file (`ip_adapter.1.to_k_ip.weight`, …, in the order of layers).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
from diffusers import UNet2DConditionModel
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import CLIPVisionModelWithProjection

from layoutgen.core.errors import AbsentError
from layoutgen.models.denoising.rendering.attention import cross_layers
from layoutgen.models.denoising.rendering.checkpoint import class_in, weights_in
from layoutgen.models.denoising.rendering.clip_pictures import ClipPictures

Where = Literal["all", "style"]
_STYLE = "up_blocks.0.attentions.1"
"""Of SDXL's layers those that say style and not what is shown (InstantStyle, arXiv 2404.02733)."""


@dataclass(eq=False)
class Style:
    """What makes tokens of reference pictures: an image encoder, a projection, and keys and values by layer."""

    encoder: CLIPVisionModelWithProjection
    pictures: ClipPictures
    projection: nn.Module
    keys_values: dict[str, tuple[nn.Linear, nn.Linear]]
    of_patches: bool

    @torch.inference_mode()
    def tokens(self, references: Sequence[np.ndarray | None]) -> tuple[Tensor, Tensor]:
        """Tokens of pictures (h, w, 3) uint8 and of none, each (b, k, d): those of an empty embedding stand for no
        picture, and for what guidance leads away from."""
        weight = next(self.projection.parameters())
        shown, nothing = self.embeddings(references)
        return self.projection(shown.to(weight.dtype)), self.projection(nothing.to(weight.dtype))

    @torch.no_grad()
    def embeddings(self, references: Sequence[np.ndarray | None]) -> tuple[Tensor, Tensor]:
        """What tokens are made of, for pictures and for none."""
        blank = np.zeros((self.pictures.side, self.pictures.side, 3), np.uint8)
        pixels = self.pictures([blank if picture is None else picture for picture in references])
        if self.of_patches:
            return self._patches(pixels), self._patches(torch.zeros_like(pixels))
        shown = self.encoder(pixels.to(self.encoder.device, self.encoder.dtype)).image_embeds
        return shown, torch.zeros_like(shown)

    def _patches(self, pixels: Tensor) -> Tensor:
        pixels = pixels.to(self.encoder.device, self.encoder.dtype)
        return self.encoder(pixels, output_hidden_states=True).hidden_states[-2]


def load(file: Path, unet: UNet2DConditionModel, *, encoder: Path | None = None, where: Where = "all") -> Style:
    """Read an IP-Adapter for a UNet, with the image encoder beside it or another. Raises ValueError or
    AbsentError naming what is wrong."""
    if file.suffix != ".safetensors":
        raise ValueError(f"{file} is no safetensors file; IP-Adapters come as .bin, too: give the other")
    tensors = load_file(file)
    if not any(name.startswith("ip_adapter.") for name in tensors) or not any(
        name.startswith("image_proj.") for name in tensors
    ):
        raise ValueError(
            f"{file} is no IP-Adapter (image_proj.* and ip_adapter.*); LoRA files go into paint.lora, ControlNets into "
            "paint.controlnet"
        )
    folder = encoder or encoder_beside(file)
    network = _encoder(folder, unet)
    keys_values = _keys_values(tensors, unet, file)
    if where == "style":
        keys_values = {name: pair for name, pair in keys_values.items() if name.startswith(_STYLE)}
        if not keys_values:
            raise ValueError(f"paint.style_layers = 'style' is known for SDXL alone; {file} is for a model without it")
    head = {name.removeprefix("image_proj."): weight for name, weight in tensors.items() if name.startswith("image_p")}
    of_patches = "latents" in head
    if not of_patches and "proj.weight" not in head:
        raise ValueError(f"{file} is a FaceID or full-face adapter; give ip-adapter_* or ip-adapter-plus_*")
    asked, given = _widths(head, network)
    if asked != given:
        raise ValueError(
            f"{file} takes embeddings of {asked} numbers, {folder} makes {given}: adapters named *_vit-h and those of "
            "SD 1.5 take the encoder in models/image_encoder, others of SDXL that in sdxl_models/image_encoder"
        )
    projection: Any = unet._convert_ip_adapter_image_proj_to_diffusers(head, low_cpu_mem_usage=False)
    like = next(unet.parameters())
    pictures = ClipPictures(network.config.image_size)
    return Style(network, pictures, projection.to(like).eval().requires_grad_(False), keys_values, of_patches)


def new(unet: UNet2DConditionModel, encoder: Path, *, tokens: int = 4, seed: int = 0) -> Style:
    """An untrained adapter for a UNet, with an image encoder, in float32: keys are the UNet's own, and values are zero,
    so that it changes nothing. Raises ValueError or AbsentError."""
    network = _encoder(encoder, unet)
    width, given = unet.config.cross_attention_dim, network.config.projection_dim
    drawn = torch.randn(tokens * width, given, generator=torch.Generator().manual_seed(seed)) / given**0.5
    head = {"proj.weight": drawn, "proj.bias": torch.zeros(tokens * width)}
    head |= {"norm.weight": torch.ones(width), "norm.bias": torch.zeros(width)}
    projection: Any = unet._convert_ip_adapter_image_proj_to_diffusers(head, low_cpu_mem_usage=False)
    keys_values = {}
    for name in cross_layers(unet):
        layer: Any = unet.get_submodule(name)
        key = layer.to_k.weight.detach().float().clone()
        keys_values[name] = (_linear(key).to(unet.device), _linear(torch.zeros_like(key)).to(unet.device))
    return Style(network, ClipPictures(network.config.image_size), projection.to(unet.device), keys_values, False)


def save(style: Style, file: Path) -> None:
    """Write an adapter of 4 tokens or so as IP-Adapter's files are."""
    projection: Any = style.projection
    image = projection.image_embeds
    tensors = {"image_proj.proj.weight": image.weight, "image_proj.proj.bias": image.bias}
    tensors |= {f"image_proj.norm.{name}": weight for name, weight in projection.norm.named_parameters()}
    for k, (key, value) in enumerate(style.keys_values.values()):
        tensors[f"ip_adapter.{2 * k + 1}.to_k_ip.weight"] = key.weight
        tensors[f"ip_adapter.{2 * k + 1}.to_v_ip.weight"] = value.weight
    save_file({name: weight.detach().cpu().contiguous() for name, weight in tensors.items()}, file)


def encoder_beside(file: Path) -> Path:
    """The image encoder of an IP-Adapter's file, as h94/IP-Adapter has them. Raises AbsentError."""
    beside = file.parent / "image_encoder"
    if file.stem.endswith("vit-h") and (other := file.parent.parent / "models" / "image_encoder").is_dir():
        beside = other
    if not beside.is_dir():
        raise AbsentError(f"{beside}, the image encoder of {file.name}, is not there; fetch it, too")
    return beside


def _encoder(folder: Path, unet: UNet2DConditionModel) -> CLIPVisionModelWithProjection:
    weights_in(folder)
    if class_in(folder) not in ("clip_vision_model", "clip"):
        raise ValueError(f"{folder} holds {class_in(folder) or 'no model'}, where a CLIP image encoder is asked for")
    network = CLIPVisionModelWithProjection.from_pretrained(
        folder, dtype=unet.dtype, use_safetensors=True, local_files_only=True
    )
    return network.eval().requires_grad_(False).to(unet.device)


def _widths(head: dict[str, Tensor], network: CLIPVisionModelWithProjection) -> tuple[int, int]:
    if "latents" in head:
        return head["proj_in.weight"].shape[1], network.config.hidden_size
    return head["proj.weight"].shape[1], network.config.projection_dim


def _keys_values(
    tensors: dict[str, Tensor], unet: UNet2DConditionModel, file: Path
) -> dict[str, tuple[nn.Linear, nn.Linear]]:
    """The adapter's projections by layer: its numbers 1, 3, 5, … count self-attention, too."""
    like = next(unet.parameters())
    pairs = {}
    for k, name in enumerate(cross_layers(unet)):
        shape = unet.get_submodule(name).to_k.weight.shape
        pair = []
        for part in ("to_k_ip", "to_v_ip"):
            weight = tensors.get(f"ip_adapter.{2 * k + 1}.{part}.weight")
            if weight is None or weight.shape != shape:
                has = "none" if weight is None else f"{tuple(weight.shape)}"
                raise ValueError(
                    f"{file} is for another model: its layer {2 * k + 1} has {has}, the model's {tuple(shape)}; "
                    "*_sd15 go with SD 1.5, *_sdxl with SDXL"
                )
            pair.append(_linear(weight).to(like).requires_grad_(False))
        pairs[name] = (pair[0], pair[1])
    return pairs


def _linear(weight: Tensor) -> nn.Linear:
    linear = nn.Linear(weight.shape[1], weight.shape[0], bias=False)
    linear.load_state_dict({"weight": weight})
    return linear
