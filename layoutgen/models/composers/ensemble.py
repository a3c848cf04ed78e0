"""An ensemble: layouts that the rules propose and those that networks propose beside them, of which the best is taken.

The rules give the cheapest layout of each kind of ground, side and block that they know in the style that suits a
brief; each network is asked for one in that style, on a ground of its own. What becomes of each is foreseen
(`models.critics.ranking`), and the one that is worth most is taken, the rules' first in a tie:

    value = worth - price
    price = TASTE x cost + GROUND, the last on another kind of ground than the rules' first layout has

where `cost` is what the rules hold against their layouts; a network's layout costs what their first one does. Without
`GROUND` half of the products would have canvases on unlike grounds, and photos that fill a canvas would become cards,
on which everything is easier to read. What has a price by more than `DEAR` above that of the first comes after all
others, and nothing of it is foreseen before a variant asks for it. Variants go through the styles, and then through
what has the next best value in each. A note says whose layout it is.
"""

from collections.abc import Mapping
from dataclasses import replace

from layoutgen.models.base import Brief, Composer, Composition, Fault
from layoutgen.models.composers.rules.composer import RulesComposer
from layoutgen.models.critics.ranking import Merits, Rank

VERSION = "ensemble-3"
RULES, PROPOSED = "rules", "proposed by "
"""How notes call the rules, and how they begin."""
TASTE, GROUND = 0.4, 0.8
DEAR = 1.25
"""Of 210 layouts of 70 products the best was never dearer; a seventh of what the rules propose is."""
KINDS = 6
MERITS = Merits(critic=0.02, room=15.0, reading=0.04, clear=20.0, whole=2.0, shown=4.0, order=300.0)
"""Weighed, as those two were, on 120 layouts. Without `shown` texts have more room and products are small."""


class Ensemble:
    """Composes with at most `kinds` layouts of the rules and one of each of the `networks`, by their names. What these
    and the ranking know nothing of, collages and canvases that stay as they are, is left to the rules."""

    def __init__(self, rules: RulesComposer, networks: Mapping[str, Composer], rank: Rank, kinds: int = KINDS) -> None:
        self._rules, self._networks, self._rank, self._kinds = rules, networks, rank, kinds

    def compose(self, briefs: list[Brief]) -> list[Composition | Fault]:
        """Return each brief's best composition, whose cost is less its value; or why the rules have none."""
        return [self._compose(brief) for brief in briefs]

    def _compose(self, brief: Brief) -> Composition | Fault:
        by_rules = [] if brief.framing or brief.layout else self._rules.proposals(brief, self._kinds)
        if not by_rules:
            (answer,) = self._rules.compose([brief])
            return answer
        first = by_rules[0]
        meant = replace(brief, styles=tuple(style for style in brief.styles if style.name == first.style), variant=0)
        proposed = [(RULES, composition) for composition in by_rules]
        for name, network in self._networks.items():
            (answer,) = network.compose([meant])
            if isinstance(answer, Composition):
                proposed.append((name, replace(answer, style=first.style, cost=first.cost)))
        ground = first.framing.ground
        prices = [TASTE * (answer.cost or 0.0) + GROUND * (answer.framing.ground != ground) for _, answer in proposed]
        is_dear = [price > prices[0] + DEAR for price in prices]
        number = brief.variant // max(1, len(brief.styles))
        values = {
            k: self._rank(meant, answer.framing, answer.suggestions) - prices[k]
            for k, (_, answer) in enumerate(proposed)
            if number or not is_dear[k]
        }
        order = sorted(values, key=lambda k: (is_dear[k], -values[k], k))
        taken = order[min(number, len(order) - 1)]
        name, answer = proposed[taken]
        lead = f", {values[taken] - values[0]:+.1f} to their first" if taken else ", their first"
        return replace(
            answer, cost=-values[taken], notes=(*answer.notes, f"{PROPOSED}{name}, of {len(proposed)} layouts{lead}")
        )
