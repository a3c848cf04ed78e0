"""The visual branch: the product on grey at its place, with its opacity, as a map at an eighth of the picture's size.

    V(u) = condition encoder( colours, alpha )(u)        (b, 4, h, w) → (b, 320, h/8, w/8) for Stable Diffusion

It is a ControlNet's own condition encoder with four channels in; its last convolution begins at zero.
"""

from diffusers.models.controlnets.controlnet import ControlNetConditioningEmbedding

CHANNELS = 4
WIDTHS = (16, 32, 96, 256)


def visual_branch(channels: int, widths: tuple[int, ...] = WIDTHS) -> ControlNetConditioningEmbedding:
    """A new branch into `channels` channels."""
    return ControlNetConditioningEmbedding(channels, CHANNELS, widths)
