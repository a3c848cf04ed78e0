"""What is given of layouts, mended: by a small embedded network, and never for the worse.

Weights and card lie in `embedded/`; `layoutgen.training.refiner` made them. The network knows a layout's boxes and
texts, no picture and no composer, so what any composer proposes can be mended by it.
"""

from collections.abc import Sequence

import numpy as np
import torch
from safetensors.torch import load

from layoutgen.core.layout import Box, Canvas, Suggestion
from layoutgen.core.prompts.layouts import slots
from layoutgen.core.prompts.refinements import Given, matched
from layoutgen.core.proposals.hints import Draft, draft
from layoutgen.models.base import Brief, Composition, Fault
from layoutgen.models.critics.ranking import Rank, rough
from layoutgen.models.finders.network import embedded
from layoutgen.models.refiners.inputs import inputs_of
from layoutgen.models.refiners.network import BoxRefiner

LEVELS = (0.005, 0.01, 0.03)
"""Levels that are tried where nobody knows how far hints are off."""


class Refiner:
    """Mends layouts by the network, on the CPU; deterministic, a layout at a time. `weights` are the bytes of another
    file."""

    def __init__(self, weights: bytes | None = None) -> None:
        self._network = BoxRefiner().eval()
        self._network.load_state_dict(load(embedded("refiner")[0] if weights is None else weights))

    @torch.inference_mode()
    def mended(self, layout: Draft, canvas: Canvas, logo_aspect: float | None = None) -> tuple[Suggestion, ...]:
        """The layout with its boxes where they belong; locked elements as they were told to be."""
        if not layout.elements:
            return ()
        inputs = inputs_of(layout.elements, np.array(layout.levels), canvas, logo_aspect)
        moved = self._network(inputs).ltrb[0].double()
        boxes: list[Box] = [(left, top, right, bottom) for left, top, right, bottom in moved.tolist()]
        return layout.held(boxes)

    def finished(
        self,
        answer: Composition,
        brief: Brief,
        given: Sequence[Given],
        level: float | None = None,
        rank: Rank = rough,
    ) -> Composition | Fault:
        """A composer's answer to an unfinished layout, mended. What is given is laid over it (`core.proposals.hints`),
        hints that are off by `level`, None: by one of `LEVELS`. Of this layout and what the network makes of it the
        best by `rank` is taken, the unmended one in a tie. `bad_given` where what is given does not fit the copy."""
        candidates: list[tuple[Suggestion, ...]] = []
        for tried in LEVELS if level is None else (level,):
            try:
                layout = draft(brief.copy, answer.suggestions, given, tried)
            except ValueError as error:
                return Fault("bad_given", str(error))
            unmended = layout.held([element.box for element in layout.elements])
            candidates += [unmended, self.mended(layout, brief.canvas, brief.logo_aspect)]
        best = max(dict.fromkeys(candidates), key=lambda layout: rank(brief, answer.framing, layout))
        return Composition(answer.framing, best, answer.raw, answer.style)


def is_whole(brief: Brief, given: Sequence[Given]) -> bool:
    """Whether every text of the copy is given, and nothing of it is hidden: no composer has to be asked. Raises
    ValueError where what is given does not fit the copy."""
    placed, underlays = matched(brief.copy, given)
    return len(placed) == len(slots(brief.copy)) and not any(hint.hidden for hint in (*placed.values(), *underlays))
