"""Every victim at every named point: whoever dies, the same command makes the table that an undisturbed night makes."""

import contextlib
import signal

import psutil
import pyarrow as pa
import pytest

from tests.chaos.nights import DRIVER_POINTS, SHARD_POINTS, STAGE_POINTS, Cluster, Night, check_table, current

pytestmark = pytest.mark.slow


def test_a_driver_killed_at_every_point_in_turn_goes_on_with_the_same_command(
    night: Night, undisturbed: dict[str, pa.Table]
) -> None:
    points = [*DRIVER_POINTS[:2], *SHARD_POINTS, *DRIVER_POINTS[2:]]
    runs = set()
    before: dict[str, tuple[int, bytes]] = {}
    for point in points:
        night.arm(point)
        night.start()
        where = night.stopped_at(point)
        night.kill()
        if point in SHARD_POINTS:
            where.resume()  # a worker that goes on writing for a driver that is no more
        after = night.markers()
        assert {name: after[name] for name in before} == before, f"{point}: a finished shard was computed again"
        before = after
        runs |= {name.split("/")[1] for name in after}
        published = (night.root / "CURRENT").exists() and current(night.root)
        assert bool(published) == (point == "after_swap")
    assert len(runs) == 1, "it is one run"
    summary = night.finish()
    assert (summary["computed"], summary["shards_resumed"]) == (0, 0)
    assert summary["run_id"] not in runs, "the one that was killed had published"
    assert {name: night.markers()[name] for name in before} == before
    check_table(night.root, undisturbed, summary["run_id"])


def _strike(victim: str, cluster: Cluster, here: psutil.Process, night: Night) -> None:
    """Kill a victim while the process `here` stands at a point, and let the rest go on."""
    assert night.driver is not None
    if victim == "raylet":
        cluster.lose_node()
        if here.pid == night.driver.pid:
            here.resume()
        return  # workers end with their raylet
    struck = cluster.workers() if here.pid == night.driver.pid else [here]
    for process in struck:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(signal.SIGTERM if victim == "actor" else signal.SIGKILL)
            process.resume()
    if here.pid == night.driver.pid:
        here.resume()


@pytest.mark.parametrize("victim", ["actor", "worker", "raylet"])
def test_a_night_outlives_the_death_of_its_helpers_at_every_point(
    night: Night, cluster: Cluster, undisturbed: dict[str, pa.Table], victim: str
) -> None:
    points = [*DRIVER_POINTS[:2], *SHARD_POINTS, *DRIVER_POINTS[2:]]
    night.arm(*points)
    night.start()
    for point in points:
        _strike(victim, cluster, night.stopped_at(point), night)
    code, summary = night.end()
    assert code == 0, night.log.read_text()[-5000:]
    check_table(night.root, undisturbed, summary["run_id"])


@pytest.mark.parametrize("victim", ["worker", "raylet"])
def test_a_night_outlives_the_death_of_every_stage_in_the_middle_of_a_shard(
    night: Night, cluster: Cluster, undisturbed: dict[str, pa.Table], victim: str
) -> None:
    night.arm(*STAGE_POINTS)
    night.start()
    for point in STAGE_POINTS:
        _strike(victim, cluster, night.stopped_at(point), night)
    code, summary = night.end()
    assert code == 0, night.log.read_text()[-5000:]
    check_table(night.root, undisturbed, summary["run_id"])
