"""Cross-attention that also listens to a category's identifier, on the ground alone, and to a reference picture.

    out(u) = Attn(Q, K, V; logits_uj + log max(m(u), 1e-6) for j of the identifier)
           + s · m(u) · Attn(Q, K_ref, V_ref)

m(u) is the ground's share of a place at the layer's resolution, s a row's strength. Both parts are silent where nothing
is told: then it is diffusers' own attention, bit for bit. At s = 0 it is the first line.

Decoupled attention is IP-Adapter's (arXiv 2308.06721), the mask on an identifier's attention that of category
commonality (CG).
"""

from dataclasses import dataclass
from typing import Any

import torch
from diffusers import UNet2DConditionModel
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

_LEAST = 1e-6


@dataclass(eq=False)
class Guide:
    """What the layers of a UNet are told of the rows that it denoises now.

    `ground` (b, 1, h, w) is m at the code's resolution; the last `identifiers` tokens of what is attended to are a
    category's. `reference` (b, k, d) are tokens of reference pictures and `strength` (b,) how much they count."""

    ground: Tensor | None = None
    identifiers: int = 0
    reference: Tensor | None = None
    strength: Tensor | None = None

    def set(
        self,
        ground: Tensor | None = None,
        identifiers: int = 0,
        reference: Tensor | None = None,
        strength: Tensor | None = None,
    ) -> None:
        """Tell of other rows; without arguments, of nothing."""
        self.ground, self.identifiers, self.reference, self.strength = ground, identifiers, reference, strength

    def share(self, places: int) -> Tensor:
        """m (b, places) at a layer with so many places."""
        if self.ground is None:
            raise ValueError("identifiers and references need to be told what is ground")
        height, width = self.ground.shape[2:]
        while height * width > places and min(height, width) > 1:
            height, width = (height + 1) // 2, (width + 1) // 2
        if height * width != places:
            raise ValueError(f"no level of a code of {tuple(self.ground.shape[2:])} has {places} places")
        return F.adaptive_avg_pool2d(self.ground, (height, width)).flatten(1)


class GuidedAttention:
    """A processor for a cross-attention layer; `key` and `value` are those of references, None where it hears none.
    They are not parts of the UNet, whose weights stay what they are."""

    def __init__(self, guide: Guide, key: nn.Linear | None = None, value: nn.Linear | None = None) -> None:
        self.guide, self.key, self.value = guide, key, value

    def __call__(
        self,
        attn: Any,
        hidden_states: Tensor,
        encoder_hidden_states: Tensor,
        attention_mask: Tensor | None = None,
        **_: Any,
    ) -> Tensor:
        """As diffusers calls it, with places (b, u, d) and tokens (b, j, d'); no token is padding, so there is no
        mask of them."""
        guide = self.guide

        def heads(tensor: Tensor) -> Tensor:
            return tensor.unflatten(-1, (attn.heads, -1)).transpose(1, 2)

        def joined(tensor: Tensor) -> Tensor:
            return tensor.transpose(1, 2).flatten(2)

        query = heads(attn.to_q(hidden_states))
        bias = None
        if guide.identifiers:
            heard = guide.share(hidden_states.shape[1]).clamp(min=_LEAST).log().to(query.dtype)
            bias = query.new_zeros(len(query), 1, query.shape[2], encoder_hidden_states.shape[1])
            bias[..., -guide.identifiers :] = heard[:, None, :, None]
        key, value = heads(attn.to_k(encoder_hidden_states)), heads(attn.to_v(encoder_hidden_states))
        out = joined(F.scaled_dot_product_attention(query, key, value, attn_mask=bias))
        if self.key is not None and self.value is not None and guide.reference is not None:
            assert guide.strength is not None
            weight = guide.strength[:, None] * guide.share(hidden_states.shape[1])
            key, value = heads(self.key(guide.reference)), heads(self.value(guide.reference))
            out = out + weight[..., None].to(out.dtype) * joined(F.scaled_dot_product_attention(query, key, value))
        return attn.to_out[1](attn.to_out[0](out))


def cross_layers(unet: UNet2DConditionModel) -> list[str]:
    """The names of a UNet's cross-attention layers, in the order in which checkpoints number them."""
    return [name.removesuffix(".processor") for name in unet.attn_processors if name.endswith("attn2.processor")]


def guided(unet: UNet2DConditionModel, keys_values: dict[str, tuple[nn.Linear, nn.Linear]] | None = None) -> Guide:
    """Make a UNet's cross-attention listen to a guide, which is returned and says nothing yet. `keys_values` of
    references go to the layers that they name."""
    guide = Guide()
    for name in cross_layers(unet):
        attention: Any = unet.get_submodule(name)
        attention.set_processor(GuidedAttention(guide, *(keys_values or {}).get(name, (None, None))))
    return guide


def no_reference(like: Tensor, rows: int) -> Tensor:
    """Strengths of rows without references."""
    return torch.zeros(rows, device=like.device, dtype=like.dtype)
