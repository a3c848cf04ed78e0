"""What the actors of each pool do, summed up while Ray Data's executor runs.

Ray's developer's interface of 2.60, as in `resting`; a pool that the executor does not show is not summed up.
"""

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from ray.data._internal.execution.execution_callback import ExecutionCallback

_Seconds = dict[str, tuple[float, float, float]]  # `streaming.ActorSeconds`


def callback(stage_of: Mapping[str, str], seconds: _Seconds) -> type[ExecutionCallback]:
    """What sums the seconds up, for `DataContext.custom_execution_callback_classes`; `stage_of` has the stages by the
    names that Ray Data gives them."""
    return type("Watching", (_Watching,), {"stage_of": dict(stage_of), "seconds": seconds})


class _Watching(ExecutionCallback):
    stage_of: ClassVar[dict[str, str]]
    seconds: ClassVar[_Seconds]

    def before_execution_starts(self, executor: Any) -> None:
        """Begin to count."""
        self._at = time.monotonic()

    def on_execution_step(self, executor: Any) -> None:
        """Add what the pools have now for the time since the step before, which is a tenth of a second or so."""
        now = time.monotonic()
        passed, self._at = now - self._at, now
        for operator in executor._topology:
            if operator.name not in self.stage_of:
                continue
            stage = self.stage_of[operator.name]
            for pool in operator.get_autoscaling_actor_pools():
                waiting = pool.num_pending_actors() + pool.num_restarting_actors()
                there = pool.num_running_actors() - pool.num_restarting_actors()
                alive, busy, waited = self.seconds.get(stage, (0.0, 0.0, 0.0))
                self.seconds[stage] = (
                    alive + passed * there,
                    busy + passed * pool.num_active_actors(),
                    waited + passed * waiting,
                )
