"""What mends the layouts of a model's table: the refiner, loaded at its first layout."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from layoutgen.core.layout import Canvas, Suggestion
from layoutgen.core.proposals.hints import Draft

if TYPE_CHECKING:
    from layoutgen.models.refiners.refiner import Refiner

_LEVEL = 0.01
"""How far a model's texts may be off, a share of the side."""


class Mender:
    """Sets texts by one another."""

    @cached_property
    def _refiner(self) -> "Refiner":
        from layoutgen.models.refiners.refiner import Refiner

        return Refiner()

    def __call__(self, texts: Sequence[Suggestion], canvas: Canvas) -> Sequence[Suggestion]:
        """The texts where the refiner sets them."""
        return self._refiner.mended(Draft(tuple(texts), ((_LEVEL,) * 4,) * len(texts), {}), canvas)
