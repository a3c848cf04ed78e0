"""Whatever happens to a catalogue from night to night, and wherever nights are cut off: the table is what a run from
scratch makes of the newest catalogue; but a published row whose photo is gone stays as it was, and says so."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from tests.budget import examples
from tests.chaos.nights import DRIVER_POINTS, SHARD_POINTS, STAGE_POINTS, VOLATILE, check_table, tables
from tests.chaos.quick import Crash, night
from tests.drawn import encoded, photo

pytestmark = pytest.mark.slow

PHOTOS = [encoded(photo(48, 64, seed=seed)) for seed in range(4)]
BROKEN = b"no picture"

# A product as it is on one night: photo (-1: broken, -2: missing), number of its title, own column; None: not there.
PRODUCT = st.none() | st.tuples(st.integers(-2, 3), st.integers(0, 2), st.sampled_from(["a", "b", None]))
CATALOGUE = st.lists(PRODUCT, min_size=6, max_size=6)
# Where a night is cut off: a point, and how many times it is passed first.
CUT = st.tuples(st.sampled_from([*DRIVER_POINTS, *SHARD_POINTS, *STAGE_POINTS]), st.integers(0, 2))
NIGHTS = st.lists(st.tuples(CATALOGUE, st.lists(CUT, max_size=2)), min_size=2, max_size=3)


def lay_out(folder: Path, catalogue: list[Any]) -> str:
    """Make the folder hold a catalogue; what has not changed is not touched. Return the manifest's path."""
    rows: list[dict[str, Any]] = []
    for number, product in enumerate(catalogue):
        if product is None:
            continue
        picture, title, own = product
        file = folder / f"{number}.jpg"
        wanted = None if picture == -2 else BROKEN if picture == -1 else PHOTOS[picture]
        if wanted is None:
            file.unlink(missing_ok=True)
        elif not file.exists() or file.read_bytes() != wanted:
            file.write_bytes(wanted)
        row = {"product_id": f"p{number}", "image": file.name, "title": f"Vase {title}"}
        rows.append(row | ({"season": own} if own else {}))
    (folder / "always.jpg").write_bytes(PHOTOS[0]) if not (folder / "always.jpg").exists() else None
    rows.append({"product_id": "always", "image": "always.jpg", "title": "Always there"})
    manifest = folder / "catalogue.jsonl"
    text = "".join(json.dumps(row) + "\n" for row in rows)
    if not manifest.exists() or manifest.read_text() != text:
        manifest.write_text(text)
    return str(manifest)


class Cut:
    """Crashes when a point is reached for the given time."""

    def __init__(self, point: str, passes: int) -> None:
        self.point, self.left = point, passes

    def __call__(self, name: str) -> bool:
        self.left -= name == self.point
        return self.left < 0


def _all_rows(output: str) -> list[dict[str, Any]]:
    """Published rows and dead letters of the newest run, with what does not hang on which run computed them."""
    run_id = published_runs.current(Storage(), output)
    rows = [
        {name: value for name, value in row.items() if name not in VOLATILE} | {"what": what}
        for what in ("snapshots", "dead_letters")
        for row in published_runs.read(Storage(), output, run_id, what).to_pylist()
    ]
    for row in rows:
        row.setdefault("season", None)  # a column that nobody fills any more may stay
        if row.pop("stale_since", None):
            row["what"] = "stale"
            assert row.pop("stale_reason").startswith("fetch/not_found: ")
    return sorted(rows, key=lambda row: row["row_id"])


def _expected(fresh: list[dict[str, Any]], shown: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What a table must be that showed the rows `shown`, where one from scratch is `fresh`."""
    published = {row["row_id"]: row for row in shown if row["what"] != "dead_letters"}
    expected = []
    for row in fresh:
        stays = row["what"] == "dead_letters" and row["kind"] == "not_found" and row["row_id"] in published
        kept = (
            {name: value for name, value in published[row["row_id"]].items() if name != "stale_reason"} if stays else {}
        )
        expected.append(kept | {"what": "stale"} if stays else row)
    return expected


@settings(max_examples=examples(4, soak=30), suppress_health_check=[HealthCheck.too_slow])
@given(NIGHTS)
@example([([(0, 0, None)] * 6, []), ([None] * 6, []), ([(-1, 0, "a")] * 6, [("data_written", 1)])])
@example([([(0, 0, "a")] * 6, []), ([(-2, 1, "b")] * 6, [("marker_written", 0)]), ([(0, 0, "a"), *[None] * 5], [])])
@example([([(0, 0, "a")] * 6, []), ([(0, 0, None)] * 6, []), ([(0, 1, None), *[(0, 0, "b")] * 5], [])])
def test_a_table_kept_up_night_by_night_is_the_table_from_scratch(nights: list[Any]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "goods").mkdir()
        output = str(folder / "layouts")
        shown: list[dict[str, Any]] = []
        for number, (catalogue, cuts) in enumerate(nights):
            manifest = lay_out(folder / "goods", catalogue)
            for cut in cuts:
                try:
                    night(manifest, output, Cut(*cut))
                except Crash:
                    continue
            summary = night(manifest, output)
            fresh = str(folder / f"fresh-{number}")
            night(manifest, fresh)
            expected = _expected(_all_rows(fresh), shown)
            assert _all_rows(output) == expected
            shown = expected
            assert summary["rows_in"] == summary["published"] + summary["dead_letters"]
            again = night(manifest, output)
            assert again["computed"] == 0, "a night without changes computes nothing"


@settings(max_examples=examples(4, soak=30), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(CUT, min_size=1, max_size=4))
def test_a_night_cut_off_again_and_again_is_one_run_byte_for_byte(cuts: list[tuple[str, int]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "goods").mkdir()
        manifest = lay_out(
            folder / "goods", [(0, 0, "a"), (1, 1, None), (-1, 0, "b"), (2, 2, "a"), None, (-2, 0, None)]
        )
        night(manifest, str(folder / "calm"))
        calm: dict[str, pa.Table] = tables(folder / "calm", published_runs.current(Storage(), str(folder / "calm")))
        for cut in cuts:
            if (folder / "layouts" / "CURRENT").exists():
                break
            try:
                night(manifest, str(folder / "layouts"), Cut(*cut))
            except Crash:
                continue
        night(manifest, str(folder / "layouts"))
        check_table(folder / "layouts", calm)


@settings(max_examples=examples(2, soak=20), suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(CATALOGUE, st.none() | CUT), min_size=2, max_size=5), CATALOGUE)
@example(
    [([(0, 0, "a")] * 6, None), ([(1, 1, "b")] * 6, ("marker_written", 1)), ([(0, 0, None)] * 6, ("before_swap", 0))],
    [(1, 1, "b"), (0, 0, "a"), (0, 0, None), (-1, 0, "a"), (1, 1, None), None],
)
def test_nights_cut_off_over_other_catalogues_lend_their_rows_and_nothing_else(
    nights: list[Any], last: list[Any]
) -> None:
    """Each night has another catalogue and may be cut off for good; what it made is taken over where it is right."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "goods").mkdir()
        output = str(folder / "layouts")
        shown: list[dict[str, Any]] = []
        for catalogue, cut in [*nights, (last, None)]:
            manifest = lay_out(folder / "goods", catalogue)
            try:
                night(manifest, output, Cut(*cut) if cut else None)
            except Crash:
                if cut[0] != "after_swap":
                    continue
            with tempfile.TemporaryDirectory() as other:
                night(manifest, other)
                fresh = _all_rows(other)
            expected = _expected(fresh, shown)
            assert _all_rows(output) == expected
            shown = expected
