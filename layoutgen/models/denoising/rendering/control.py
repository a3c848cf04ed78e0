"""What tells a UNet where the product and the elements are: a ControlNet by its condition picture, or RenderNet.

RenderNet is a ControlNet whose first convolution is given c = L + V, of the layout branch with its spatial fusion, and
of the visual branch. All ways into the UNet begin at zero: an untrained one changes nothing.

Its folder has `controlnet/`, a ControlNet of diffusers' form whose condition encoder is V, and config.json and
model.safetensors with what makes L.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, Protocol

import torch
from diffusers import ControlNetModel, UNet2DConditionModel
from torch import Tensor, nn

from layoutgen.models.denoising import files
from layoutgen.models.denoising.rendering import placed
from layoutgen.models.denoising.rendering.fusion import SpatialFusion
from layoutgen.models.denoising.rendering.layout_branch import LayoutBranch
from layoutgen.models.denoising.rendering.placed import PlacedScene
from layoutgen.models.denoising.rendering.visual_branch import CHANNELS, WIDTHS

MODEL_TYPE = "layoutgen_rendernet"
PART = "controlnet"
Residuals = tuple[list[Tensor], Tensor]


class Control(Protocol):
    """Controls a UNet."""

    @property
    def network(self) -> ControlNetModel:
        """The ControlNet, to be given condition maps, not pictures."""
        ...

    def condition(self, scenes: Sequence[PlacedScene]) -> Tensor:
        """The condition map (b, channels, h/8, w/8) of scenes, the same at all steps."""
        ...


class PictureControl(nn.Module):
    """A ControlNet as others trained it, by the picture that it takes: `inpaint`, the product with -1 around it, or
    `canny`, the product's edges."""

    def __init__(self, network: ControlNetModel, form: Literal["inpaint", "canny"]) -> None:
        super().__init__()
        self.network, self.encoder, self.form = network, _encoder_of(network), form

    def condition(self, scenes: Sequence[PlacedScene]) -> Tensor:
        """See `Control`."""
        pictures = placed.holed(scenes) if self.form == "inpaint" else placed.edges(scenes)
        return self.encoder(_like(pictures, self.encoder))


class LayoutMaps(nn.Module):
    """What makes L: the layout branch and its fusion."""

    def __init__(self, width: int, channels: int) -> None:
        super().__init__()
        self.numbers = {"width": width, "channels": channels}
        self.layout = LayoutBranch(len(placed.ROLES), width)
        self.fusion = SpatialFusion(width, channels)

    def forward(self, boxes: Tensor, roles: Tensor, present: Tensor, alpha: Tensor) -> Tensor:
        """L (b, channels, h/8, w/8) of elements and the product's opacity (b, 1, h, w)."""
        height, width = alpha.shape[2:]
        maps, cells = self.layout(boxes, roles, (height, width))
        return self.fusion(maps, cells, present, nn.functional.avg_pool2d(alpha, 8))


class RenderNet(nn.Module):
    """A ControlNet with the two branches; `layout` or `visual` can be left out, to see what each brings."""

    def __init__(self, network: ControlNetModel, maps: LayoutMaps, *, layout: bool = True, visual: bool = True) -> None:
        super().__init__()
        self.network, self.encoder, self.maps = network, _encoder_of(network), maps
        self.layout, self.visual = layout, visual

    def condition(self, scenes: Sequence[PlacedScene]) -> Tensor:
        """c = L + V, (b, channels, h/8, w/8)."""
        pictures = _like(placed.visual(scenes), self.encoder)
        c = self.encoder(pictures) if self.visual else 0 * self.encoder(pictures)
        if not self.layout:
            return c
        boxes, roles, present = (tensor.to(pictures.device) for tensor in placed.elements(scenes))
        return c + self.maps(boxes, roles, present, pictures[:, 3:])


def new(unet: UNet2DConditionModel, *, width: int = 64, widths: tuple[int, ...] = WIDTHS, seed: int = 0) -> RenderNet:
    """An untrained RenderNet for a UNet of any number of channels in: the ControlNet is of its encoder, and sees
    the four of a noisy code alone."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = ControlNetModel.from_unet(
            _narrow(unet), conditioning_channels=CHANNELS, conditioning_embedding_out_channels=widths
        )
        maps = LayoutMaps(width, unet.config.block_out_channels[0])
    like = next(unet.parameters())
    return RenderNet(network.to(like), maps.to(like))


def save(net: RenderNet, folder: Path) -> None:
    """Write a RenderNet."""
    encoder = net.network.controlnet_cond_embedding
    net.network.controlnet_cond_embedding = net.encoder
    try:
        net.network.save_pretrained(folder / PART)
    finally:
        net.network.controlnet_cond_embedding = encoder
    about = {"maps": net.maps.numbers, "layout": net.layout, "visual": net.visual}
    files.save(net.maps, MODEL_TYPE, about, folder, next(net.maps.parameters()).dtype)


def load(folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32) -> RenderNet:
    """Read a RenderNet. Raises ValueError naming what is wrong."""
    about = files.described(folder, MODEL_TYPE, dict)
    maps = files.load(folder, MODEL_TYPE, lambda numbers: LayoutMaps(**numbers["maps"]), device)
    network = load_controlnet(folder / PART, device, dtype, channels=CHANNELS)
    return RenderNet(network, maps.to(dtype), layout=about["layout"], visual=about["visual"]).eval()


def load_controlnet(
    folder: Path, device: str = "cpu", dtype: torch.dtype = torch.float32, *, variant: str = "", channels: int = 3
) -> ControlNetModel:
    """Read a ControlNet of diffusers' form that takes condition pictures of a number of channels. Raises ValueError or
    AbsentError naming what is wrong."""
    from layoutgen.models.denoising.rendering.checkpoint import class_in, weights_in

    kind = class_in(folder)
    if kind == "StableDiffusionControlNetPipeline" or (folder / PART).is_dir():
        raise ValueError(f"{folder} is a folder that holds a ControlNet; name its {PART}/")
    if kind != "ControlNetModel":
        raise ValueError(f"{folder} holds {kind or 'no ControlNet'}, where a ControlNetModel of diffusers is asked for")
    weights_in(folder, variant)
    network = ControlNetModel.from_pretrained(
        folder, dtype=dtype, use_safetensors=True, variant=variant or None, local_files_only=True
    )
    if network.config.in_channels != 4:
        raise ValueError(
            f"{folder} is a ControlNet of {network.config.in_channels} channels; give one of 4 channels, which "
            "inpainting models take, too"
        )
    if network.config.conditioning_channels != channels:
        raise ValueError(
            f"{folder} takes conditions of {network.config.conditioning_channels} channels, not {channels}; a "
            "RenderNet's goes into paint.rendernet, others into paint.controlnet"
        )
    return network.to(device).eval()


def check_fits(control: Control, unet: UNet2DConditionModel, folder: Path) -> None:
    """See that a ControlNet is for a UNet. Raises ValueError."""
    for name in ("cross_attention_dim", "block_out_channels"):
        theirs, ours = control.network.config[name], unet.config[name]
        if _plain(theirs) != _plain(ours):
            raise ValueError(
                f"{folder} is for another model: its {name} is {theirs}, the model's {ours}; SD 1.5's go with SD 1.5, "
                "SDXL's with SDXL"
            )


def _encoder_of(network: ControlNetModel) -> nn.Module:
    """Take a ControlNet's condition encoder out of it; what it is given from then on are condition maps."""
    encoder = network.controlnet_cond_embedding
    network.controlnet_cond_embedding = nn.Identity()
    return encoder


def _narrow(unet: UNet2DConditionModel) -> UNet2DConditionModel:
    """A UNet as it sees a noisy code alone: of an inpainting UNet's nine channels the first four."""
    if unet.config.in_channels == 4:
        return unet
    narrow = UNet2DConditionModel.from_config({**unet.config, "in_channels": 4})
    weights = unet.state_dict()
    narrow.load_state_dict({**weights, "conv_in.weight": weights["conv_in.weight"][:, :4]})
    return narrow


def _like(tensor: Tensor, module: nn.Module) -> Tensor:
    return tensor.to(next(module.parameters()))


def _plain(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value
