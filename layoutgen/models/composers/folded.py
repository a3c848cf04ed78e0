"""Copy with an offer, for composers that know selling points alone."""

from dataclasses import replace

from layoutgen.core.proposals.folding import unfolded
from layoutgen.models.base import Brief, Composer, Composition, Fault


class Folded:
    """A composer that asks another one about `Copy.folded`, and gives each text of an offer its role back."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none."""
        answers = self._composer.compose([replace(brief, copy=brief.copy.folded) for brief in briefs])
        return [
            replace(answer, suggestions=unfolded(answer.suggestions, brief.copy))
            if isinstance(answer, Composition)
            else answer
            for answer, brief in zip(answers, briefs, strict=True)
        ]
