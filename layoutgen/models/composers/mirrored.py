"""Copy that runs from right to left, for composers that were made for the other way: they are shown a mirrored photo
and canvas, and what they propose is mirrored back."""

from dataclasses import replace

from layoutgen.core import mirroring
from layoutgen.core.text.direction import base_direction
from layoutgen.models.base import Brief, Composer, Composition, Fault


class Mirrored:
    """A composer that mirrors briefs whose title runs from right to left for another composer. Not for a language
    model, which reads what stands in the photo and knows such copy: it is asked on the true photo."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, on its true photo, or why there is none."""
        turned = [base_direction(brief.copy.title, brief.copy.language) == "rtl" for brief in briefs]
        answers = self._composer.compose(
            [mirrored_brief(brief) if is_turned else brief for brief, is_turned in zip(briefs, turned, strict=True)]
        )
        return [
            mirrored_composition(answer) if is_turned and isinstance(answer, Composition) else answer
            for answer, is_turned in zip(answers, turned, strict=True)
        ]


def mirrored_brief(brief: Brief) -> Brief:
    """A brief of the mirrored photo."""
    return replace(
        brief,
        image=mirroring.pixels(brief.image),
        annotation=mirroring.annotation(brief.annotation),
        free=mirroring.boxes(brief.free),
        further=tuple(still.mirrored for still in brief.further),
    )


def mirrored_composition(answer: Composition) -> Composition:
    """A composition mirrored."""
    suggestions = tuple(map(mirroring.suggestion, answer.suggestions))
    return replace(answer, framing=mirroring.framing(answer.framing), suggestions=suggestions)
