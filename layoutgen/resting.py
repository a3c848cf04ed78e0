"""Pools that rest: their last actors go while their queue is empty in mid-run, and come back with it.

Ray Data keeps at least one actor of a pool for as long as tables may still come, and asks its cluster for a node that
holds it. Here are its two autoscalers with one rule more each, of its developer's interface, put in their places by a
callback before a run begins. They are those of Ray 2.60: `tests/pipeline/test_gpu_pools.py` holds them to it.
"""

import time
from collections.abc import Mapping
from typing import Any, ClassVar

from ray.data._internal.actor_autoscaler import ActorPoolScalingRequest, BacklogAwareActorAutoscaler
from ray.data._internal.cluster_autoscaler import RateBasedClusterAutoscaler
from ray.data._internal.cluster_autoscaler.resource_utilization_gauge import RollingLogicalUtilizationGauge
from ray.data._internal.execution.execution_callback import ExecutionCallback


def callback(rest_after_s: Mapping[str, float]) -> type[ExecutionCallback]:
    """What lets pools rest, for `DataContext.custom_execution_callback_classes`: by the name of their stage, after so
    many seconds without work. One that was never given any does not begin before it is."""
    return type(
        "Resting", (_Resting,), {"rest_after_s": {f"MapBatches({name})": s for name, s in rest_after_s.items()}}
    )


class _Resting(ExecutionCallback):
    rest_after_s: ClassVar[dict[str, float]]

    def before_execution_starts(self, executor: Any) -> None:
        """Put both autoscalers in the places of Ray's."""
        topology, manager, context = executor._topology, executor._resource_manager, executor._data_context
        actors = _Actors(topology, manager, config=context.autoscaling_config)
        actors.rest_after_s = self.rest_after_s
        assert isinstance(executor._actor_autoscaler, BacklogAwareActorAutoscaler), "Ray's own is another one"
        executor._actor_autoscaler = actors
        if type(executor._cluster_autoscaler) is RateBasedClusterAutoscaler:
            executor._cluster_autoscaler = _Nodes(
                list(topology),
                executor._dataset_id,
                utility_calculator=RollingLogicalUtilizationGauge(manager),
                max_cluster_limits=context.execution_options.resource_limits,
                label_selector=context.execution_options.label_selector,
            )
            executor._cluster_autoscaler.actors = actors


class _Actors(BacklogAwareActorAutoscaler):
    """How many actors a pool has."""

    rest_after_s: Mapping[str, float]

    def __init__(self, topology: Any, resource_manager: Any, *, config: Any) -> None:
        super().__init__(topology, resource_manager, config=config)
        self._worked_at: dict[Any, float] = {}

    def rests(self, op: Any) -> bool:
        """Whether a pool has no actor and needs none."""
        (pool,) = op.get_autoscaling_actor_pools() or (None,)
        return pool is not None and op.name in self.rest_after_s and not (self._works(pool, op) or pool.current_size())

    def _works(self, pool: Any, op: Any) -> bool:
        return bool(pool.num_tasks_in_flight() or self._topology[op].total_enqueued_input_blocks())

    def _derive_target_scaling_config(self, actor_pool: Any, op: Any, op_state: Any) -> ActorPoolScalingRequest:
        if op.name not in self.rest_after_s or op.has_completed() or self._works(actor_pool, op):
            self._worked_at[op] = time.monotonic()
            return super()._derive_target_scaling_config(actor_pool, op, op_state)
        if not actor_pool.current_size():
            return ActorPoolScalingRequest.no_op(reason="the pool rests")
        if op not in self._worked_at:
            actor_pool.shutdown(force=True)  # what Ray began with; else it would wait for its start to end it
            return ActorPoolScalingRequest.no_op(reason="nothing was asked of the pool so far")
        if time.monotonic() - self._worked_at[op] < self.rest_after_s[op.name]:
            return super()._derive_target_scaling_config(actor_pool, op, op_state)
        return ActorPoolScalingRequest.downscale(
            delta=-actor_pool.current_size(), force=True, reason="nothing to do: the pool rests"
        )


class _Nodes(RateBasedClusterAutoscaler):
    """Which nodes a cluster is asked for: none for pools that rest, for each of which Ray Data asks for one."""

    actors: _Actors | None = None  # not yet there when the first request is sent

    def _send_resource_request(self, resource_request: list[dict[str, float]]) -> None:
        rest = [op for op in self._non_shuffle_ops if self.actors is not None and self.actors.rests(op)]
        for op in rest:
            bundle = op.min_scheduling_resources().copy(object_store_memory=0).to_resource_dict()
            asked = {resource: amount for resource, amount in bundle.items() if amount}
            resource_request = [one for one in resource_request if one != asked]
        super()._send_resource_request(resource_request)
