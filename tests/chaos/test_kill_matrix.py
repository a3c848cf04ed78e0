"""Every victim at every kind of point: whoever dies, the same command makes the table that an undisturbed night makes.

The driver alone knows the ledger, which nights without Ray show at every point; on Ray it dies where workers write for
it. Every victim at every point, on Ray, is for the nightly run.
"""

import contextlib
import json
import os
import signal
from pathlib import Path

import psutil
import pyarrow as pa
import pytest

from layoutgen import tables
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from tests.chaos.nights import (
    DRIVER_POINTS,
    PUBLISH_POINTS,
    SHARD_POINTS,
    STAGE_POINTS,
    Cluster,
    Night,
    check_table,
    current,
)
from tests.forked import Forked

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


def test_a_driver_killed_at_every_point_of_a_night_whose_time_is_up_loses_no_row(
    quick: Night, calm: dict[str, pa.Table], manifest: Path
) -> None:
    other = manifest.with_name("older.jsonl")
    other.write_text(manifest.read_text().replace('"Vase ', '"Older vase '))
    quick.manifest = other
    before = quick.finish()["published"]
    quick.manifest = manifest
    until = ("--until", "2099-01-01T00:00Z")
    quick.environment["OVER_AFTER"] = "24"
    for point in POINTS:
        quick.arm(point)
        quick.start(*until)
        quick.stopped_at(point)
        quick.kill()
        if point == "marker_written":  # a shard is done, and now time is up
            quick.environment["OVER_AFTER"] = "0"
    published = tables.read(str(quick.root))
    code, summary = quick.start(*until).end()
    assert code == 4, quick.log.read_text()[-5000:]
    assert summary["computed"] == 0, "the one that was killed behind the swap had published"
    assert summary["postponed"]["carried_over"] > 0
    titles = published.column("title").to_pylist()
    assert len(titles) == before == len(set(published.column("row_id").to_pylist()))
    assert {title.split()[0] for title in titles} == {"Vase", "Older"}, "some rows are new, the others as they were"
    check_feed(quick)
    check_table(quick.root, calm, quick.finish()["run_id"])


def check_feed(night: Night) -> None:
    """The feed between the two newest snapshots says which of their rows differ."""
    newest = current(night.root)
    folder = night.root / "snapshots"
    previous = json.loads((folder / newest / "_manifest.json").read_text())["previous"]
    sides = [
        {row["row_id"]: row for row in published_runs.read(Storage(), str(night.root), run_id).to_pylist()}
        for run_id in (previous, newest)
    ]
    differ = {key for key in sides[0].keys() | sides[1].keys() if sides[0].get(key) != sides[1].get(key)}
    assert {*tables.changes(str(night.root), since=previous).column("row_id").to_pylist()} == differ


def test_a_refused_run_whose_publication_is_killed_at_every_point_is_published_once(
    quick: Night, calm: dict[str, pa.Table]
) -> None:
    quick.settings["allowed"] = 0.0
    code, refused = quick.start().end()
    assert (code, refused["current"]) == (1, False)
    asked = ["--output", quick.output, "--publish", refused["run_id"], "--because", "agreed"]
    environment = {**os.environ, "LAYOUTGEN_CRASH": str(quick.crash)}
    out = quick.folder / "published.out"
    for point in PUBLISH_POINTS:
        quick.arm(point)
        quick.driver = Forked("jobs.maintain", asked, environment, out, quick.log, ["tests.chaos.quick"])
        quick.stopped_at(point)
        quick.kill()
        is_swapped = PUBLISH_POINTS.index(point) >= PUBLISH_POINTS.index("after_swap")
        assert ((quick.root / "CURRENT").exists() and current(quick.root) == refused["run_id"]) == is_swapped
    quick.driver = Forked("jobs.maintain", asked, environment, out, quick.log, ["tests.chaos.quick"])
    code, said = quick.end()
    assert code == 0, quick.log.read_text()[-3000:]
    assert (said["published"], said["because"]) == (refused["run_id"], "agreed")
    assert not (quick.root / "snapshots" / refused["run_id"] / "_REFUSED").exists()
    check_table(quick.root, calm, refused["run_id"])


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


def test_a_node_that_leaves_after_a_notice_takes_no_finished_shard_with_it_and_makes_no_dead_letter(
    night: Night, cluster: Cluster, undisturbed: dict[str, pa.Table]
) -> None:
    night.arm("data_written")
    writing = night.start().stopped_at("data_written")
    leaving = cluster.drain_node()
    night.arm("rows_written")
    writing.resume()
    night.stopped_at("rows_written")  # the next shard is at work on the node yet
    done = night.markers()
    assert done, "a shard was finished between the notice and the node's end"
    cluster.end_node(leaving)
    code, summary = night.end()
    assert code == 0, night.log.read_text()[-5000:]
    assert {name: night.markers()[name] for name in done} == done
    check_table(night.root, undisturbed, summary["run_id"])
