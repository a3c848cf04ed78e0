"""Layout images as signals, the noise on them, and how it is taken away.

The signal is the image of a layout, one flat colour a role (`core.proposals.layout_image`), c · (colour / 127.5 - 1):

    x_t = √ᾱ_t x_0 + √(1 - ᾱ_t) ε,   x_0 = c · Σ_k p_k colour_k

c is small because large flat colours are seen through much noise (Chen 2023): with c = 1 nine tenths of all times would
teach nothing about where a text goes. The schedule is diffusers': cosine betas, DDIM with trailing times, so one step
is enough to answer and more answer better. `boxes.schedule` writes its equations out: there boxes are steered and
renewed between the steps.
"""

import numpy as np
from diffusers import DDIMScheduler

from layoutgen.core.proposals.layout_image import PALETTE

STEPS = 1000
CLASSES = len(PALETTE)
COLOURS = (PALETTE / 127.5 - 1).astype(np.float32)
"""The colours of the classes (CLASSES, 3), -1 to 1."""


def schedule() -> DDIMScheduler:
    """The noise, and how it is taken away."""
    return DDIMScheduler(
        num_train_timesteps=STEPS,
        beta_schedule="squaredcos_cap_v2",
        prediction_type="sample",
        timestep_spacing="trailing",
        clip_sample=False,
    )
