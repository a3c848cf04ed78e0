"""The painter `drawn`: a diffusion proposes a scene's numbers, the drawer paints them at the canvas's size."""

from layoutgen.goods.backdrops.drawing import drawn
from layoutgen.models.base import Painted, Scene
from layoutgen.models.denoising.scenes.proposing import Proposal, ProposalPainter, texts_of


class DrawnPainter(ProposalPainter):
    """Draws what is proposed."""

    longest = 1600

    def _painted(self, scene: Scene, proposal: Proposal, size: tuple[int, int]) -> Painted:
        ground = drawn(proposal.numbers, size, scene.product_box, texts_of(scene), proposal.seed, lies=scene.lies)
        pixels = proposal.coloured(ground.pixels)
        return Painted(pixels, ground.horizon, ground.light, condition=proposal.condition)
