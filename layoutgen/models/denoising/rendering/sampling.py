"""From noise to pictures: one loop over UNet, control and schedule, for rows that differ in all but their size.

Each row's noise is of its own seed, drawn on the CPU, so a row is the same picture in any batch and on any device but
for rounding. Codes are kept in float32 between the steps.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import torch
from diffusers import DDIMScheduler, EulerDiscreteScheduler, LCMScheduler
from torch import Tensor

from layoutgen.models.denoising.rendering.attention import Guide
from layoutgen.models.denoising.rendering.checkpoint import Checkpoint
from layoutgen.models.denoising.rendering.control import Control

Sampler = Literal["ddim", "lcm", "euler"]


@dataclass(frozen=True)
class Sampling:
    """How pictures are sampled: `ddim` for all models, `lcm` with LCM's LoRAs, `euler` with Lightning's and others that
    are made for trailing times. Without a `guidance` above 1 the negative prompt is not looked at. `control` weighs
    what a ControlNet says."""

    steps: int = 30
    guidance: float = 7.0
    sampler: Sampler = "ddim"
    control: float = 1.0

    @property
    def is_guided(self) -> bool:
        """Whether each step is computed with and without the prompt."""
        return self.guidance > 1


@dataclass(frozen=True, eq=False)
class Encoded:
    """Prompts as a UNet takes them: `tokens` (b, n, d), and for SDXL the `pooled` (b, p)."""

    tokens: Tensor
    pooled: Tensor | None = None

    def with_tokens(self, more: Tensor) -> "Encoded":
        """With more tokens behind them."""
        return Encoded(torch.cat([self.tokens, more.to(self.tokens)], 1), self.pooled)


@dataclass(frozen=True, eq=False)
class Request:
    """Rows to sample, of one size: prompts, what to lead away from, seeds, and the code's (height, width).

    `identifiers` (b, k, d) are tokens of categories and `no_identifiers` those of none, which only the UNet reads.
    `ground` (b, 1, h, w) is its share of each cell. `reference` and `no_reference` (b, k, d) are tokens of pictures,
    `strength` (b,) how much they count. `condition` (b, c, h, w) is a control's map; `masked` (b, 5, h, w) is what an
    inpainting UNet sees: the mask, and the masked picture's code."""

    prompts: Encoded
    negative: Encoded
    seeds: Sequence[int]
    size: tuple[int, int]
    ground: Tensor | None = None
    identifiers: tuple[Tensor, Tensor] | None = None
    reference: tuple[Tensor, Tensor] | None = None
    strength: Tensor | None = None
    condition: Tensor | None = None
    masked: Tensor | None = None


@torch.inference_mode()
def encode(checkpoint: Checkpoint, prompts: Sequence[str]) -> Encoded:
    """Encode prompts; what is longer than 77 tokens is cut off."""
    states, pooled = [], None
    for tokenizer, encoder in checkpoint.encoders:
        ids = tokenizer(
            list(prompts),
            padding="max_length",
            max_length=tokenizer.model_max_length,
            truncation=True,
            return_tensors="pt",
        ).input_ids.to(checkpoint.device)
        if checkpoint.kind == "sd15":
            return Encoded(encoder(ids)[0])
        shown = encoder(ids, output_hidden_states=True)
        states.append(shown.hidden_states[-2])
        pooled = shown[0]  # the last one's embedding
    return Encoded(torch.cat(states, -1), pooled)


@torch.inference_mode()
def masked_code(checkpoint: Checkpoint, pictures: Tensor, mask: Tensor) -> Tensor:
    """What an inpainting UNet sees (b, 5, h/8, w/8) of masked pictures (b, 3, h, w) in [-1, 1] and masks
    (b, 1, h, w)."""
    vae: Any = checkpoint.vae
    code = vae.encode(pictures.to(checkpoint.device, vae.dtype)).latent_dist.mode() * vae.config.scaling_factor
    small = torch.nn.functional.interpolate(mask, size=code.shape[2:])
    return torch.cat([small.to(code), code], 1)


@torch.inference_mode()
def sample(
    checkpoint: Checkpoint, guide: Guide, control: Control | None, request: Request, how: Sampling
) -> tuple[Tensor, Tensor]:
    """Sample pictures (b, 3, h, w), float32 in [0, 1] on the CPU, and tell which of them are finite (b,), bool."""
    unet: Any = checkpoint.unet
    device, dtype = checkpoint.device, checkpoint.dtype
    both = 2 if how.is_guided else 1
    rows = len(request.seeds)
    plan = schedule(checkpoint.schedule, how.sampler)
    plan.set_timesteps(how.steps, device=device)
    generators = [torch.Generator().manual_seed(seed % 2**63) for seed in request.seeds]
    noise = torch.stack([torch.randn(4, *request.size, generator=drawn) for drawn in generators])
    latents = noise.to(device) * plan.init_noise_sigma

    def paired(of_prompts: Tensor, of_negative: Tensor) -> Tensor:
        return (torch.cat([of_negative, of_prompts]) if how.is_guided else of_prompts).to(device, dtype)

    def repeated(tensor: Tensor | None) -> Tensor | None:
        return None if tensor is None else tensor.to(device, dtype).repeat(both, *[1] * (tensor.dim() - 1))

    tokens = paired(request.prompts.tokens, request.negative.tokens)
    heard = tokens if request.identifiers is None else torch.cat([tokens, paired(*request.identifiers)], 1)
    added = _added(request, paired) if checkpoint.kind == "sdxl" else None
    condition, masked = repeated(request.condition), repeated(request.masked)
    guide.set(
        repeated(request.ground),
        0 if request.identifiers is None else request.identifiers[0].shape[1],
        None if request.reference is None else paired(*request.reference),
        repeated(request.strength),
    )
    try:
        for t in plan.timesteps:
            scaled = plan.scale_model_input(latents, t).to(dtype).repeat(both, 1, 1, 1)
            down, mid = None, None
            if control is not None:
                down, mid = control.network(
                    scaled, t, tokens, condition, how.control, added_cond_kwargs=added, return_dict=False
                )
            entering = scaled if masked is None else torch.cat([scaled, masked], 1)
            answer = unet(
                entering,
                t,
                heard,
                added_cond_kwargs=added,
                down_block_additional_residuals=down,
                mid_block_additional_residual=mid,
            ).sample.float()
            if how.is_guided:
                without, answer = answer.chunk(2)
                answer = without + how.guidance * (answer - without)
            how_step = {"generator": generators} if how.sampler == "lcm" else {}
            latents = plan.step(answer, t, latents, **how_step).prev_sample
    finally:
        guide.set()
    finite = latents.isfinite().flatten(1).all(1)
    vae: Any = checkpoint.vae
    pictures = torch.cat(  # one at a time: a decoder of a whole batch takes more memory than all that went before
        [vae.decode(latents[k : k + 1].to(vae.dtype) / vae.config.scaling_factor).sample.float() for k in range(rows)]
    )
    finite &= pictures.isfinite().flatten(1).all(1)
    return (pictures.nan_to_num() / 2 + 0.5).clamp(0, 1).cpu(), finite.cpu()


def schedule(config: dict[str, Any], sampler: Sampler) -> Any:
    """A checkpoint's noise, and the way in which it is taken away."""
    match sampler:
        case "lcm":
            return LCMScheduler.from_config(config)
        case "euler":
            return EulerDiscreteScheduler.from_config(config, timestep_spacing="trailing")
        case _:
            return DDIMScheduler.from_config(config)


def _added(request: Request, paired: Any) -> dict[str, Tensor]:
    """What SDXL is told besides: the pooled prompts, and the picture's size, crop and target."""
    height, width = request.size[0] * 8, request.size[1] * 8
    assert request.prompts.pooled is not None
    assert request.negative.pooled is not None
    ids = torch.tensor([[height, width, 0, 0, height, width]] * len(request.seeds), dtype=torch.float32)
    return {"text_embeds": paired(request.prompts.pooled, request.negative.pooled), "time_ids": paired(ids, ids)}
