"""Every victim at every kind of point: whoever dies, the same command makes the table that an undisturbed night makes.

The driver alone knows the ledger, which nights without Ray show at every point; on Ray it dies where workers write for
it. Every victim at every point, on Ray, is for the nightly run.
"""

import contextlib
import signal

import psutil
import pyarrow as pa
import pytest

from tests.chaos.nights import DRIVER_POINTS, SHARD_POINTS, STAGE_POINTS, Cluster, Night, check_table, current

pytestmark = pytest.mark.slow

POINTS = (*DRIVER_POINTS[:2], *SHARD_POINTS, *DRIVER_POINTS[2:])


def test_a_driver_killed_at_every_point_in_turn_goes_on_with_the_same_command(
    quick: Night, calm: dict[str, pa.Table]
) -> None:
    _kill_in_turn(quick, POINTS, calm)


@pytest.mark.parametrize("points", [SHARD_POINTS, pytest.param(POINTS, marks=pytest.mark.nightly)], ids=["some", "all"])
def test_a_driver_whose_workers_go_on_writing_goes_on_too(
    night: Night, undisturbed: dict[str, pa.Table], points: tuple[str, ...]
) -> None:
    _kill_in_turn(night, points, undisturbed)


def _kill_in_turn(night: Night, points: tuple[str, ...], undisturbed: dict[str, pa.Table]) -> None:
    """Kill the driver at one point after the other, and see after each what stays, and at last the table."""
    runs = set()
    before: dict[str, tuple[int, bytes]] = {}
    for point in points:
        night.arm(point)
        night.start()
        where = night.stopped_at(point)
        night.kill()
        if where.is_running():
            where.resume()  # a worker that goes on writing for a driver that is no more
        after = night.markers()
        assert {name: after[name] for name in before} == before, f"{point}: a finished shard was computed again"
        before = after
        runs |= {name.split("/")[1] for name in after}
        published = (night.root / "CURRENT").exists() and current(night.root)
        assert bool(published) == (point == "after_swap")
    assert len(runs) == 1, "it is one run"
    summary = night.finish()
    if published:
        assert (summary["computed"], summary["shards_resumed"]) == (0, 0)
        assert summary["run_id"] not in runs, "the one that was killed had published"
    else:
        assert summary["run_id"] in runs
        assert summary["shards_resumed"]
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


# The kinds of points: the driver's before and after the shards, a stage's in the middle of one, and those of a file.
KINDS = ("after_plan", "during_compose", "data_written", "before_publish")
MATRIX = {
    "actor": ("after_plan", *(point for point in SHARD_POINTS if point != "rows_written")),
    "worker": ("during_fetch", "during_compose", *SHARD_POINTS, "before_publish"),
    "raylet": KINDS,
}


@pytest.mark.parametrize(
    ("victim", "points"),
    [
        *MATRIX.items(),
        *(pytest.param(victim, POINTS, marks=pytest.mark.nightly) for victim in MATRIX),
        *(pytest.param(victim, STAGE_POINTS, marks=pytest.mark.nightly) for victim in ("worker", "raylet")),
    ],
)
def test_a_night_outlives_the_death_of_its_helpers_at_every_kind_of_point(
    night: Night, cluster: Cluster, undisturbed: dict[str, pa.Table], victim: str, points: tuple[str, ...]
) -> None:
    night.arm(*points)
    night.start()
    for point in points:
        _strike(victim, cluster, night.stopped_at(point), night)
    code, summary = night.end()
    assert code == 0, night.log.read_text()[-5000:]
    check_table(night.root, undisturbed, summary["run_id"])
