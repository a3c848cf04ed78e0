"""Whatever happens to a catalogue, and however nights end: a copy of the table that takes over what the change feed
names, and only when it likes, is the table."""

import contextlib
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from layoutgen import tables
from layoutgen.core.errors import Refusal
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.runs.erasing import erase, products_of
from tests.budget import examples
from tests.chaos.nights import DRIVER_POINTS, SHARD_POINTS
from tests.chaos.quick import Crash, night
from tests.chaos.test_properties import CATALOGUE, Cut, lay_out
from tests.runs.test_canary import trying
from tests.runs.test_deadline import LATE
from tests.runs.test_run import with_run

pytestmark = pytest.mark.slow

# How a night ends: as it should, refused where a row fails, over its first rows, over some of them, over what changed,
# with a stage run again, with other settings for some products, with its time up after a shard, as a replay, with an
# erasure after it, or cut off for good.
PARTS = ("limited", "only", "since", "backfill", "canary", "late", "replay", "erased")
END = st.sampled_from(["whole", "refused", *PARTS, *DRIVER_POINTS, *SHARD_POINTS])
NIGHTS = st.lists(st.tuples(CATALOGUE, END, st.booleans()), min_size=2, max_size=4)
GOODS = [(0, 0, "a")] * 6
ERASED = products_of(["p0", "p3"], "test")


class Copy:
    """A table's rows by key, as somebody keeps them elsewhere."""

    def __init__(self) -> None:
        self.run_id: str | None = None
        self.rows: dict[str, Any] = {}

    def follow(self, root: str) -> None:
        """Take over what changed since the last time."""
        newest = published_runs.current(Storage(), root)
        today = _rows(root)
        if self.run_id is None:
            self.rows = dict(today)
        else:
            for entry in tables.changes(root, since=self.run_id).to_pylist():
                key, was = entry["row_id"], self.rows.pop(entry["row_id"], None)
                if entry["product_id"] not in ERASED.keys:  # of these the snapshot of last time has no rows any more
                    assert (was is None) == (entry["op"] == "insert")
                    assert not was or (was["fingerprint"], was["run_id"]) == (entry["before"], entry["before_run_id"])
                if entry["op"] not in ("delete", "erase"):
                    self.rows[key] = today[key]
                    assert today[key]["fingerprint"] == entry["after"]
                    assert today[key]["run_id"] == entry["after_run_id"]
        self.run_id = newest
        assert self.rows == today


def _rows(root: str) -> dict[str, Any]:
    return {row["row_id"]: {"season": None} | row for row in tables.read(root).to_pylist()}


def _end(manifest: str, root: str, end: str) -> None:
    """A night that ends so."""
    match end:
        case "whole":
            night(manifest, root)
        case "refused":
            night(manifest, root, config=with_run(max_failed_fraction=0.0))
        case "limited":
            night(manifest, root, limit=3)
        case "only":
            night(manifest, root, only="product_id in ('p0', 'p2', 'always')")
        case "since":
            night(manifest, root, since_changes="last")
        case "backfill":
            night(manifest, root, backfill="place")
        case "canary":
            night(manifest, root, config=trying(Path(root).parent))
        case "late":
            left = Cut("marker_written", 1)
            night(manifest, root, lambda name: left(name) and False, until=LATE, over=lambda: left.left < 1)
        case "replay":
            try:
                night(manifest, root, replay=published_runs.current(Storage(), root))
            except Refusal as error:  # nothing failed
                assert "no dead letters" in str(error)
        case "erased":
            night(manifest, root)
            erase(Storage(), root, ERASED)
            assert not {row["product_id"] for row in _rows(root).values()} & ERASED.keys
        case point:
            with contextlib.suppress(Crash):
                night(manifest, root, Cut(point, 0))


@settings(max_examples=examples(3, soak=40), suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(NIGHTS)
@example([([(-2, 1, "b")] * 6, "whole", False), (GOODS, "replay", False), ([(-1, 0, None)] * 6, "refused", True)])
@example([([(0, 0, None)] * 6, "whole", True), (GOODS, "late", True), ([(0, 0, None)] * 6, "late", True)])
@example([([(1, 1, None)] * 6, "late", True), ([(-2, 2, "b"), None] * 3, "late", False), (GOODS, "only", True)])
@example([([(0, 1, "a"), *[(0, 0, None)] * 5], "since", True), ([(0, 1, "b"), None] * 3, "backfill", True)])
@example([(GOODS, "canary", True), ([(1, 1, "b")] * 6, "canary", False), (GOODS, "late", True), (GOODS, "whole", True)])
@example([([(1, 1, None)] * 6, "data_written", False), ([None] * 6, "whole", False), (GOODS, "limited", True)])
@example(
    [(GOODS, "erased", False), ([(1, 1, None)] * 6, "whole", False), (GOODS, "erased", True), (GOODS, "whole", True)]
)
def test_a_copy_that_follows_the_feed_is_the_table(nights: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "goods").mkdir()
        root, copy = str(folder / "layouts"), Copy()
        night(lay_out(folder / "goods", GOODS), root)
        copy.follow(root)
        for catalogue, end, follows in nights:
            _end(lay_out(folder / "goods", catalogue), root, end)
            if follows:
                copy.follow(root)
        copy.follow(root)
