"""What a cluster is asked for while pools rest, and that Ray's own autoscaler asks for more."""

from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from ray.data._internal.cluster_autoscaler import RateBasedClusterAutoscaler
from ray.data._internal.cluster_autoscaler.resource_utilization_gauge import ClusterUtil
from ray.data._internal.execution.interfaces import ExecutionResources

from layoutgen.resting import _Nodes


@dataclass
class FakeCoordinator:
    """Ray's coordinator of requests, of which the newest is noted."""

    asked: list[dict[str, float]] = field(default_factory=list)

    def request_resources(self, resources: list[dict[str, float]], **_: Any) -> None:
        self.asked = resources

    def get_reserved_resources(self) -> dict[str, dict[str, float]]:
        return {"node": {"CPU": 8.0, "GPU": 1.0}}


@dataclass(eq=False)
class FakeOperator:
    """An operator of Ray Data, as the autoscaler knows it, of actors with so many GPUs."""

    gpus: float
    pace: float | None
    output_dependencies: list[Any] = field(default_factory=list)

    @property
    def metrics(self) -> Any:
        return SimpleNamespace(
            average_num_inputs_per_task=1.0, average_num_outputs_per_task=1.0, num_output_blocks_per_task_s=self.pace
        )

    def min_scheduling_resources(self) -> ExecutionResources:
        return ExecutionResources(cpu=1.0, gpu=self.gpus)

    per_task_resource_allocation = min_scheduling_resources

    def get_max_concurrency_limit(self) -> int:
        return 4

    def has_completed(self) -> bool:
        return False


@pytest.mark.parametrize("pace", [None, 0.5])
@pytest.mark.parametrize("cpus_in_use", [0.9, 0.1])
def test_no_node_is_asked_for_pools_that_rest(pace: float | None, cpus_in_use: float) -> None:
    fetch, compose = FakeOperator(0.0, 2.0), FakeOperator(1.0, pace)
    use = ClusterUtil(cpu=0.9, gpu=0.0, memory=0.0, object_store_memory=0.0)
    gauge: Any = SimpleNamespace(observe=lambda: None, get=lambda: use)
    resting: set[Any] = set()
    asked = {}
    for kind in (RateBasedClusterAutoscaler, _Nodes):
        coordinator: Any = FakeCoordinator()
        ops: list[Any] = [fetch, compose]
        nodes = kind(
            ops,
            "run",
            utility_calculator=gauge,
            autoscaling_coordinator=coordinator,
            min_gap_between_autoscaling_requests_s=0,
        )
        nodes.actors = SimpleNamespace(rests=resting.__contains__)
        nodes.try_trigger_scaling()
        assert any("GPU" in bundle for bundle in coordinator.asked)
        use = ClusterUtil(cpu=cpus_in_use, gpu=0.0, memory=0.0, object_store_memory=0.0)
        resting.add(compose)
        nodes.try_trigger_scaling()
        asked[kind] = coordinator.asked
        resting.clear()
        use = ClusterUtil(cpu=0.9, gpu=0.0, memory=0.0, object_store_memory=0.0)
    assert any("GPU" in bundle for bundle in asked[RateBasedClusterAutoscaler])
    assert asked[_Nodes] and not any("GPU" in bundle for bundle in asked[_Nodes])
