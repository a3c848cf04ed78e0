"""Chains of RADM: those of serving, which are drawn at every step but the last.

Of stochastic ones the last answer is drawn, too, from N(x0, LAST² I) as signals, so that what becomes of it tells of
it; in serving it is the mean. Proposals that are renewed are drawn from no Gaussian of the network.
"""

from collections.abc import Sequence

import torch
from torch import Tensor

from layoutgen.models.denoising.boxes.composer import layout_of
from layoutgen.models.denoising.boxes.head import Scene
from layoutgen.models.denoising.boxes.network import Radm
from layoutgen.models.denoising.boxes.sampling import sample
from layoutgen.models.denoising.boxes.schedule import KEPT
from layoutgen.models.denoising.boxes.tensors import SCALE, from_signal, to_signal
from layoutgen.models.denoising.chains import Move, Rollouts, ddim
from layoutgen.models.denoising.inputs import Inputs
from layoutgen.models.denoising.lines import batch

LAST = 0.02
"""σ of the last answer as signal: half a hundredth of the canvas's side."""


class BoxChains:
    """See `denoising.chains.Chains`."""

    def see(self, network: Radm, inputs: Sequence[Inputs]) -> Scene:
        """The scenes of layouts."""
        device = next(network.parameters()).device
        return network.scene(
            torch.stack([layout.picture for layout in inputs]).to(device),
            torch.tensor([layout.size for layout in inputs], dtype=torch.float32, device=device),
            batch([layout.lines for layout in inputs]).to(device),
        )

    def roll(
        self,
        network: Radm,
        scene: Scene,
        inputs: Sequence[Inputs],
        seeds: Sequence[int],
        *,
        steps: int,
        stochastic: bool,
    ) -> Rollouts:
        """Denoise."""
        moves: list[Move] = []
        prediction = sample(network, scene, seeds, steps=steps, seen=lambda move, _: moves.append(move))
        if stochastic:
            drawn = [
                torch.randn(prediction.ltrb.shape[1:], generator=torch.Generator().manual_seed(s + 1)) for s in seeds
            ]
            mean = to_signal(prediction.ltrb).clamp(-SCALE, SCALE)
            answer = mean + LAST * torch.stack(drawn).to(mean)
            sigma = torch.full_like(moves[-1].sigma, LAST)
            moves[-1] = moves[-1]._replace(after=answer, mean=mean, sigma=sigma)
            prediction = prediction._replace(ltrb=from_signal(answer))
        finite = (prediction.roles.isfinite().all(-1) & prediction.ltrb.isfinite().all(-1)).all(1).tolist()
        layouts = [
            layout_of(prediction, row, layout.lines)[0] if finite[row] else None for row, layout in enumerate(inputs)
        ]
        return Rollouts(layouts, moves if stochastic else [])

    def mean(self, network: Radm, scene: Scene, move: Move) -> Tensor:
        """Where the last head's answer leads."""
        device = move.before.device
        prediction = network(scene, from_signal(move.before), move.t.to(device))[-1]
        x0 = to_signal(prediction.ltrb).clamp(-SCALE, SCALE)
        alphas = KEPT.to(device)
        is_last = (move.u < 0).to(device)
        mean, _ = ddim(move.before, x0, alphas[move.t], alphas[move.u.clamp(min=0)], 1.0)
        return torch.where(is_last[:, None, None], x0, mean)
