"""jobs.refine on Ray's actor pools over a table on S3: a driver that is killed goes on with the same command, and the
table is the one that a single process makes."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import refine
from layoutgen import tables
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.streaming import in_process
from tests.chaos.nights import REPOSITORY, S3_KEYS, Cluster, Night
from tests.chaos.quick import night
from tests.drawn import encoded, photo

pytestmark = pytest.mark.slow

SETTINGS = """
[run]
lease_seconds = 60.0
[storage]
endpoint_url = "{endpoint_url}"
[load]
pool = {{ size = 1, num_cpus = 0.1 }}
[refine]
pool = {{ size = 1, num_cpus = 0.5 }}
[write]
pool = {{ size = 1, num_cpus = 0.1 }}
"""
SHOP, FEEDBACK = "s3://shop/refining", "s3://shop/refining/feedback.jsonl"
CANVASES = ["320x320", "320x480", "480x320"]


class Refinement(Night):
    """The command that refines a table on S3."""

    def command(self) -> list[str]:
        """What is started."""
        toml = self.folder / "refine.toml"
        toml.write_text(SETTINGS.format(**self.settings), encoding="utf-8")
        return ["jobs.refine", "--layouts", self.output, "--feedback", FEEDBACK, "--config", str(toml)]


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalS3]:
    (tmp_path / "store/shop").mkdir(parents=True)
    keys = {"access_key": S3_KEYS["AWS_ACCESS_KEY_ID"], "secret_key": S3_KEYS["AWS_SECRET_ACCESS_KEY"]}
    with LocalS3(tmp_path / "store", **keys) as running:
        for name, value in running.environment().items():
            monkeypatch.setenv(name, value)
        yield running


def rows(root: str) -> dict[str, dict[str, Any]]:
    return {row["row_id"]: row for row in tables.read(root).to_pylist()}


def without_runs(table: dict[str, dict[str, Any]]) -> dict[str, Any]:
    return {row_id: {**row, "run_id": None, "created_at": None} for row_id, row in table.items()}


def test_a_killed_driver_goes_on_and_the_table_is_what_one_process_makes(
    server: LocalS3, cluster: Cluster, tmp_path: Path
) -> None:
    storage = Storage()
    storage.write(f"{SHOP}/vase.jpg", encoded(photo(320, 240)))
    products = [{"product_id": p, "image": "vase.jpg", "title": f"Vase {p}", "canvases": CANVASES} for p in "abc"]
    storage.write(f"{SHOP}/catalogue.jsonl", "\n".join(map(json.dumps, products)).encode())
    on_ray, here = f"{SHOP}/on-ray", f"{SHOP}/here"
    for root in (on_ray, here):
        night(f"{SHOP}/catalogue.jsonl", root, run_id="one")
    before = rows(on_ray)
    who = {"run_id": "one", "annotator": "Mei", "time": "2026-11-30T12:00:00Z", "decision": "reject"}
    asked = {"a@320x320": "标题放大一倍, title at the bottom", "b@320x480": "title bigger, make it pop"}
    lines = [json.dumps({**who, "row_id": row_id, "instruction": words}) for row_id, words in asked.items()]
    storage.write(FEEDBACK, "\n".join(lines).encode())

    job = Refinement(cluster, tmp_path / "job", "", output=on_ray, root=server.folder / "shop/refining/on-ray")
    job.settings["endpoint_url"] = server.endpoint_url
    job.arm("marker_written")
    job.start()
    worker = job.stopped_at("marker_written")  # its shard is done, the run is not
    job.kill()
    worker.resume()
    assert rows(on_ray) == before
    done = {name: marker for name, marker in job.markers().items() if "_runs/one/" not in name}
    summary = job.finish()
    assert {name.split("/")[1] for name in done} == {summary["run_id"]} and summary["shards_resumed"] >= len(done)
    assert {name: job.markers()[name] for name in done} == done, "no finished shard is made again"
    assert (summary["refined"], summary["refused"]) == (6, {"not_understood": 1})

    command = ["--layouts", here, "--feedback", FEEDBACK, "--config", str(REPOSITORY / "jobs/refine.toml")]
    assert refine.main(command, in_process) == 0
    after = rows(on_ray)
    assert without_runs(after) == without_runs(rows(here))
    assert {row_id for row_id in before if before[row_id] != after[row_id]} == {
        f"{p}@{c}" for p in "ab" for c in CANVASES
    }
    cluster.clear()
