"""What a run's pools did over its time, in few samples however long it takes.

    OUTPUT/_runs/<run_id>/samples.json   {"seconds": [0, …], "shards": [0, …], "gpus": {"compose": 1.0},
                                          "actors": {"compose": {"alive": [0, …], "busy": [0, …], "waiting": [0, …]}}}

`actors` are sums since the attempt began, in seconds (`streaming.ActorSeconds`): so every second sample may be dropped,
and what is between two that stay is still known in the mean. `gpus` are those that one actor holds.
"""

import threading
from collections.abc import Mapping
from typing import Any, NamedTuple

from layoutgen.streaming import ACTOR_SECONDS, ActorSeconds

MOST = 120
"""Samples at most: a chart has hardly more places for them."""
_APART_S = 1.0


class _Sample(NamedTuple):
    seconds: float
    shards: int
    actors: ActorSeconds


class Samples:
    """The samples of one attempt. Safe for the threads that run and that watch it."""

    def __init__(self, shards: int) -> None:
        self._lock = threading.Lock()
        self._taken = [_Sample(0.0, shards, {})]
        self._apart_s = _APART_S

    def add(self, seconds: float, shards: int, actors: ActorSeconds, *, last: bool = False) -> None:
        """Note how the run stands after so many seconds, unless it was noted just before, or nothing was summed up
        since, as while Ray Data starts: then the next one tells of all that time. The `last` is always noted."""
        with self._lock:
            before = self._taken[-1]
            is_same = (shards, actors) == (before.shards, before.actors)
            if (is_same or seconds - before.seconds < self._apart_s) and not last:
                return
            self._taken.append(_Sample(seconds, shards, dict(actors)))
            if len(self._taken) > MOST:
                self._taken = [*self._taken[:-1:2], self._taken[-1]]
                self._apart_s = seconds / (MOST // 2)

    def values(self, gpus: Mapping[str, float]) -> dict[str, Any]:
        """What `samples.json` holds; `gpus` are those of an actor, by stage, of all stages in their
        order."""
        with self._lock:
            taken = list(self._taken)
        summed_up = {stage for sample in taken for stage in sample.actors}
        stages = [stage for stage in gpus if stage in summed_up]
        nothing = (0.0,) * len(ACTOR_SECONDS)
        return {
            "seconds": [round(sample.seconds, 1) for sample in taken],
            "shards": [sample.shards for sample in taken],
            "gpus": {stage: count for stage, count in gpus.items() if count and stage in stages},
            "actors": {
                stage: {
                    kind: [round(sample.actors.get(stage, nothing)[at], 2) for sample in taken]
                    for at, kind in enumerate(ACTOR_SECONDS)
                }
                for stage in stages
            },
        }
