"""Broken cards held back from a run: else the next actor that is started is given the card that the last one lost.

A card is held by a small actor that reserves it and uses nothing of it, for as long as the run lasts.
"""

import asyncio
import logging
import os
from typing import Any

import ray
from ray.exceptions import GetTimeoutError, RayError
from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

log = logging.getLogger("layoutgen")

_PATIENCE_S = 30.0


def start_holder(least: float, may_grow: bool) -> Any:
    """A `Holder` on this node, which leaves the cluster last; it ends with what refers to it."""
    here = NodeAffinitySchedulingStrategy(ray.get_runtime_context().get_node_id(), soft=True)
    return ray.remote(num_cpus=0, scheduling_strategy=here)(Holder).remote(least, may_grow)


class Card:
    """What an actor that reserves `share` of a GPU, or several, says to the run's `holder` of them."""

    def __init__(self, holder: Any, share: float) -> None:
        self._holder, self._share = holder, share

    def release(self) -> None:
        """End what is held for the run."""
        ray.kill(self._holder)

    def check(self) -> None:
        """End this process where it was given a card that is to be held back: it came before who is to hold it."""
        if self._ask("is_held"):
            os._exit(1)

    def hold(self) -> None:
        """Have this process's cards held back from its end on."""
        if self._ask("hold", min(1.0, self._share)):
            log.warning("its cards are held back for the rest of the run; replace them, or the node")
        else:
            log.warning("its cards stay in use: the pools need them; replace them, or the node")

    def _ask(self, what: str, *more: Any) -> bool:
        node, cards = ray.get_runtime_context().get_node_id(), _cards()
        try:
            return bool(ray.get(getattr(self._holder, what).remote(node, cards, *more), timeout=_PATIENCE_S))
        except (RayError, GetTimeoutError):
            return False


def _cards() -> list[str]:
    return [str(card) for card in ray.get_runtime_context().get_accelerator_ids().get("GPU", [])]


class _Place:
    """Reserves a card."""

    def cards(self) -> list[str]:
        """Which it was given."""
        return _cards()


class Holder:
    """Holds cards back where others are left: as many as the run's pools ask for at `least`, or nodes that may still
    come."""

    def __init__(self, least: float, may_grow: bool) -> None:
        self._least, self._may_grow = least, may_grow
        self._held: dict[tuple[str, str], Any] = {}
        self._at_work: set[asyncio.Task[None]] = set()

    async def hold(self, node: str, cards: list[str], share: float) -> bool:
        """Hold a node's cards, of each of which an actor that ends now reserves `share`; False where none can be
        spared."""
        new = [(node, card) for card in cards if (node, card) not in self._held]
        there = ray.cluster_resources().get("GPU", 0.0)
        if not self._may_grow and there - share * (len(self._held) + len(new)) < self._least:
            return False
        for card in new:
            self._held[card] = None
            task = asyncio.create_task(self._reserve(*card, share))
            self._at_work.add(task)
            task.add_done_callback(self._at_work.discard)
        return True

    async def is_held(self, node: str, cards: list[str]) -> bool:
        """Whether one of the cards is held back."""
        return any((node, card) in self._held for card in cards)

    async def _reserve(self, node: str, card: str, share: float) -> None:
        """Reserve cards of the node until it is this one, which its actor lets go as it ends; then give the others
        back."""
        others = []
        there = NodeAffinitySchedulingStrategy(node, soft=False)
        place_of = ray.remote(num_cpus=0, num_gpus=share, scheduling_strategy=there)(_Place)
        try:
            while card not in await (place := place_of.remote()).cards.remote():
                others.append(place)
            self._held[node, card] = place
        except RayError as error:
            log.info("card %s has left with its node: %s", card, error)
        for other in others:
            ray.kill(other)
