"""Which scene a painter makes: a diffusion proposes its numbers, for a product, its category, a reference, a prompt."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch

from layoutgen.core.layout import Box
from layoutgen.goods.backdrops.numbers import SceneNumbers
from layoutgen.models.base import Fault, Painted, Scene
from layoutgen.models.denoising.scenes import style
from layoutgen.models.denoising.scenes.conditions import category_row, place_numbers, product_numbers
from layoutgen.models.denoising.scenes.diffusion import sample
from layoutgen.models.denoising.scenes.network import SceneNet, Wanted
from layoutgen.models.denoising.scenes.prompts import kind_in


@dataclass(frozen=True, eq=False)
class Proposal:
    """A scene's numbers, what its reference looks like and how closely that is followed, the seed of what the numbers
    leave open, and in words what it was made of."""

    numbers: SceneNumbers
    reference: style.Look | None
    strength: float
    seed: int
    condition: str

    def coloured(self, pixels: np.ndarray) -> np.ndarray:
        """A ground in the reference's colours, where there is one."""
        return pixels if self.reference is None else style.towards(pixels, self.reference, self.strength)


class Proposer:
    """Proposes scenes that suit a product's category and colours, in a reference's style where there is one, and of
    the kind that a prompt names."""

    def __init__(self, network: SceneNet, *, steps: int = 12, guidance: float = 1.25, seed: int = 0) -> None:
        self._network, self._steps, self._guidance, self._seed = network, steps, guidance, seed

    def propose(self, scene: Scene) -> Proposal:
        """A scene's numbers. Raises ValueError where there is no product, or a reference that shows no style."""
        reference = None if scene.reference is None else style.look_of(scene.reference)
        strength = float(np.clip(scene.strength, 0, 1)) if reference else 0.0
        row, word = category_row(scene.category, self._network.words)
        places = place_numbers((scene.canvas.width, scene.canvas.height), scene.product_box, texts_of(scene))
        floats = np.concatenate([places, product_numbers(scene.product)])
        styled = np.zeros(style.SIZE, np.float32) if reference is None else style.numbers(reference)
        wanted = Wanted(
            torch.tensor([row]),
            torch.from_numpy(floats)[None],
            torch.from_numpy(styled)[None],
            torch.tensor([reference is not None]),
        )
        asked, seed = kind_in(scene.prompt), (self._seed ^ scene.seed) % 2**63
        vector = sample(
            self._network,
            wanted,
            strength=strength,
            guidance=self._guidance,
            steps=self._steps,
            seed=seed,
            kind=asked,
        )
        numbers = SceneNumbers.decode(vector.numpy())
        about = [f"scene {numbers.kind}", f"category {word or 'none'}"]
        if scene.prompt:
            about.append("as the prompt says" if asked else "the prompt names no scene")
        if reference:
            about.append(f"reference at {strength:g}")
        return Proposal(numbers, reference, strength, seed, ", ".join(about))


def texts_of(scene: Scene) -> list[Box]:
    """The boxes of what has to be read on a scene."""
    return [suggestion.box for suggestion in scene.suggestions]


class ProposalPainter(ABC):
    """Paints what is proposed, at most `longest` px long; larger canvases get it enlarged."""

    longest: int

    def __init__(self, proposer: Proposer) -> None:
        self._proposer = proposer

    def paint(self, scenes: list[Scene]) -> list[Painted | Fault]:
        """Each scene's ground, for itself: no scene depends on its neighbours."""
        return [self._one(scene) for scene in scenes]

    def _one(self, scene: Scene) -> Painted | Fault:
        try:
            proposal = self._proposer.propose(scene)
        except ValueError as error:
            return Fault("no_scene", str(error))
        scale = min(1.0, self.longest / max(scene.canvas.width, scene.canvas.height))
        size = (max(1, round(scene.canvas.width * scale)), max(1, round(scene.canvas.height * scale)))
        return self._painted(scene, proposal, size)

    @abstractmethod
    def _painted(self, scene: Scene, proposal: Proposal, size: tuple[int, int]) -> Painted: ...
