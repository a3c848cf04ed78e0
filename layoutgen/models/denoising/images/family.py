"""The family `layout_image`: layouts denoised as drawn images. Only what makes or reads a network imports diffusers."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from layoutgen.core.layout import Suggestion
from layoutgen.models.base import Composer
from layoutgen.models.denoising.chains import Chains
from layoutgen.models.denoising.family import Family, NetworkParts, NetworkSize
from layoutgen.models.denoising.images.encoding import signal
from layoutgen.models.denoising.images.sizes import MODEL_TYPE, SMALL, ImageSize
from layoutgen.models.denoising.inputs import Inputs, line_roles

if TYPE_CHECKING:
    from layoutgen.models.denoising.images.network import Drawer


def _build(size: ImageSize, seed: int, parts: NetworkParts) -> "Drawer":
    if parts != NetworkParts():
        raise ValueError("layout_image has no relations, no backbone and no encoder; leave the settings out")
    from layoutgen.models.denoising.images.network import build

    return build(size, seed)


def _load(folder: Path, device: str = "cpu") -> "Drawer":
    from layoutgen.models.denoising.images import checkpoint

    return checkpoint.load(folder, device)


def _save(network: "Drawer", folder: Path, dtype: torch.dtype = torch.float32) -> None:
    from layoutgen.models.denoising.images import checkpoint

    checkpoint.save(network, folder, dtype)


def _size_in(folder: Path) -> ImageSize:
    from layoutgen.models.denoising.images import checkpoint

    return checkpoint.size_in(folder)


def _composer(network: "Drawer", **options: Any) -> Composer:
    from layoutgen.models.denoising.images.composer import ImageComposer

    return ImageComposer(network, **options)


def _encode(elements: Sequence[Suggestion], canvas_px: tuple[int, int], size: NetworkSize) -> Tensor:
    return signal(elements, canvas_px, size.side)


def _loss(network: "Drawer", inputs: Sequence[Inputs], seeds: Sequence[int]) -> tuple[Tensor, float]:
    from layoutgen.models.denoising.images.objective import loss

    conditioning = _chains().see(network, inputs)
    device = conditioning.lines.device
    classes = torch.stack([layout.target for layout in inputs if layout.target is not None]).to(device)
    roles = line_roles([layout.truth for layout in inputs], conditioning.lines.shape[1] - 1).to(device)
    losses, hits = loss(network, conditioning, classes, roles, seeds)
    return losses.mean(), float(hits.mean())


def _chains() -> Chains:
    from layoutgen.models.denoising.images.chains import ImageChains

    return ImageChains()


FAMILY = Family(
    name="layout_image",
    version="layout-image-7",
    model_type=MODEL_TYPE,
    summary="draws layout images of 256 px by diffusion; sees the framed canvas and its subject at 128 px",
    sizes={SMALL.name: SMALL},
    build=_build,
    load=_load,
    save=_save,
    size_in=_size_in,
    composer=_composer,
    encode=_encode,
    loss=_loss,
    chains=_chains,
    library="draw",
)
