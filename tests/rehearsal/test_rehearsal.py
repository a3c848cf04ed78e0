"""The whole chain, small: from posters to a night by an adapter that was promoted the day before, with two deaths."""

import re
from typing import Any

import pytest

from tests.rehearsal.__main__ import rehearse

pytestmark = [pytest.mark.nightly, pytest.mark.ray]


@pytest.fixture(scope="module")
def summary(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return rehearse(tmp_path_factory.mktemp("rehearsal") / "chain", small=True)


def test_what_designers_decided_and_what_was_annotated_is_learnt(summary: dict[str, Any]) -> None:
    assert {"adopt", "edit", "annotation"} <= set(summary["examples"]["by_source"])


def test_the_adapter_is_promoted_by_the_gate_though_a_worker_was_killed(summary: dict[str, Any]) -> None:
    assert summary["retraining"]["promoted"]
    assert summary["retraining"]["steps"] == 100


def test_every_row_is_counted_though_a_node_was_lost(summary: dict[str, Any]) -> None:
    for night in (summary["first night"], summary["second night"]):
        assert night["rows_in"] == sum(night[name] for name in ("computed", "unchanged", "stale", "dead_letters"))
        assert night["current"]


def test_every_row_names_its_annotator_and_adapter_with_their_shas(summary: dict[str, Any]) -> None:
    rows = summary["answers"]["2. Which models made the rows, and with which adapter?"]
    assert sum(row["layouts"] for row in rows) == summary["second night"]["published"]
    adapter = re.compile(re.escape(summary["retraining"]["adapter"]) + " [0-9a-f]{12}")
    assert any(adapter.fullmatch(row["adapter"] or "") for row in rows)
    assert any(re.match("internvl s3://rehearsal/models/internvl2 [0-9a-f]{12}", row["annotator"]) for row in rows)


def test_the_timeline_has_every_pool_and_two_nodes(summary: dict[str, Any]) -> None:
    pools = summary["pools"]["layouts"]
    assert {"fetch", "annotate", "ground", "prepare", "compose", "place", "write"} <= set(pools)
    assert all(0 <= pool["idle"] < 1 for pool in pools.values())
