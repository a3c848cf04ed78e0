"""The family `plan`: plans denoised before there is a picture."""

from collections.abc import Sequence
from dataclasses import replace

from torch import Tensor

from layoutgen.models.denoising.encoders import read
from layoutgen.models.denoising.family import Family, NetworkParts
from layoutgen.models.denoising.inputs import Inputs
from layoutgen.models.denoising.plans import checkpoint, planner
from layoutgen.models.denoising.plans.composer import PlanComposer
from layoutgen.models.denoising.plans.network import PlanNet, build
from layoutgen.models.denoising.plans.objective import loss
from layoutgen.models.denoising.plans.sizes import SIZES, PlanSize


def _build(size: PlanSize, seed: int, parts: NetworkParts) -> PlanNet:
    if "textual" in parts.without:
        raise ValueError("plan has no textual relation to leave out, only the geometric one; correct `without`")
    encoder = read(parts.encoder) if parts.encoder else None
    size = replace(size, text=encoder.text) if encoder else size
    return build(size, seed, backbone=parts.backbone, encoder=encoder, geometric="geometric" not in parts.without)


def _loss(network: PlanNet, inputs: Sequence[Inputs], seeds: Sequence[int]) -> tuple[Tensor, float]:
    value, parts = loss(network, inputs, seeds)
    return value, parts["iou"]


FAMILY = Family(
    name="plan",
    version=planner.VERSION,
    model_type=checkpoint.MODEL_TYPE,
    summary="plans where the product and every text go before there is a picture; sees the cut-out at 64 px",
    sizes=SIZES,
    build=_build,
    load=checkpoint.load,
    save=checkpoint.save,
    size_in=checkpoint.size_in,
    composer=PlanComposer,
    encode=lambda elements, canvas_px, size: None,
    loss=_loss,
    whole_map=True,
)
