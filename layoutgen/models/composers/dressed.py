"""House styles, series and variants for composers that know none: each layout is meant in the style that suits its copy
best; variants go through the other styles, then once more through all of them on the mirrored photo."""

from dataclasses import replace

from layoutgen.core.styles import series
from layoutgen.core.styles.style import Style
from layoutgen.models.base import Brief, Composer, Composition, Fault
from layoutgen.models.composers.campaigns import no_more
from layoutgen.models.composers.mirrored import mirrored_brief, mirrored_composition
from layoutgen.models.composers.rules import taste


class Dressed:
    """A composer that asks another one, which knows no styles, and names the style in which its answer is meant."""

    def __init__(self, composer: Composer) -> None:
        self._composer = composer

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's composition, or why there is none: `no_more_variants`, and the other composer's."""
        orders = [taste.in_order(replace(brief, variant=0), None) for brief in briefs]
        limits = [_most(brief, len(order)) for brief, order in zip(briefs, orders, strict=True)]
        asked = [i for i, brief in enumerate(briefs) if brief.variant < limits[i]]
        turned = [briefs[i].variant >= len(orders[i]) for i in asked]
        styles = [orders[i][briefs[i].variant % len(orders[i])] for i in asked]
        meant = [_meant(briefs[i], style) for i, style in zip(asked, styles, strict=True)]
        answers = self._composer.compose(
            [mirrored_brief(brief) if is_turned else brief for brief, is_turned in zip(meant, turned, strict=True)]
        )
        done: list[Composition | Fault] = [no_more(brief, limit) for brief, limit in zip(briefs, limits, strict=True)]
        for i, style, is_turned, answer in zip(asked, styles, turned, answers, strict=True):
            done[i] = _in_style(answer, briefs[i], style, is_turned) if isinstance(answer, Composition) else answer
        return done


def _meant(brief: Brief, style: Style) -> Brief:
    """A brief whose layout is meant in a style, by which it is ranked among others; in none where it may have none."""
    return replace(brief, styles=(style,)) if brief.styles else brief


def _most(brief: Brief, styles: int) -> int:
    """How many variants there are; a picture that was drawn for a model before is not turned over."""
    return styles if brief.prepared else 2 * styles


def _in_style(answer: Composition, brief: Brief, style: Style, is_turned: bool) -> Composition:
    answer = mirrored_composition(answer) if is_turned else answer
    if not brief.styles:
        return answer
    framing = answer.framing
    if brief.series_seed is not None:
        framing = series.tinted(framing, brief.series_seed, style)
    return replace(answer, framing=framing, style=style.name)
