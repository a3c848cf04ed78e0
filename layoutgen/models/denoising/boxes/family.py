"""The family `radm`: layouts denoised as boxes."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from layoutgen.models.denoising.boxes import checkpoint
from layoutgen.models.denoising.boxes.chains import BoxChains
from layoutgen.models.denoising.boxes.composer import RadmComposer
from layoutgen.models.denoising.boxes.network import Radm, build
from layoutgen.models.denoising.boxes.objective import loss
from layoutgen.models.denoising.boxes.sizes import SIZES, Size
from layoutgen.models.denoising.encoders import read
from layoutgen.models.denoising.family import Family, NetworkParts
from layoutgen.models.denoising.inputs import Inputs


def _build(size: Size, seed: int, parts: NetworkParts) -> Radm:
    switches = {relation: relation not in parts.without for relation in ("geometric", "textual")}
    encoder = read(parts.encoder) if parts.encoder else None
    size = replace(size, text=encoder.text) if encoder else size
    return build(size, seed, backbone=parts.backbone, encoder=encoder, **switches)


def batch_loss(network: Radm, inputs: Sequence[Inputs], seeds: Sequence[int]) -> tuple[Tensor, dict[str, float]]:
    """The loss of a batch, and its parts on the last head; times and noise are the seeds'."""
    scene = BoxChains().see(network, inputs)
    return loss(network, scene, [layout.truth.to(scene.atlas.device) for layout in inputs], seeds)


def _loss(network: Radm, inputs: Sequence[Inputs], seeds: Sequence[int]) -> tuple[Tensor, float]:
    value, parts = batch_loss(network, inputs, seeds)
    return value, parts["iou"]


FAMILY = Family(
    name="radm",
    version="radm-7",
    model_type=checkpoint.MODEL_TYPE,
    summary="denoises boxes of layouts, RADM in size small; sees the framed canvas and its subject at 128 px",
    sizes=SIZES,
    build=_build,
    load=checkpoint.load,
    save=checkpoint.save,
    size_in=checkpoint.size_in,
    composer=RadmComposer,
    encode=lambda elements, canvas_px, size: None,
    loss=_loss,
    chains=BoxChains,
)
