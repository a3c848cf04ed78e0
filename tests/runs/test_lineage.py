"""What catalogues of lineage hear of runs, and that nothing they do stops one."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from layoutgen import tables
from layoutgen.config.jobs import LayoutsConfig
from layoutgen.runs.lineage import dataset
from tests.chaos.quick import SETTINGS, Crash
from tests.runs.test_run import Table, after


class Receiver:
    """A server that keeps the events which it is sent, and answers with `status`."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.status = 200
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.events.append(json.loads(body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[Receiver]:
    found = Receiver()
    thread = threading.Thread(target=found.server.serve_forever, daemon=True)
    thread.start()
    monkeypatch.setenv("OPENLINEAGE_URL", f"http://127.0.0.1:{found.server.server_port}")
    yield found
    found.server.shutdown()
    thread.join()


TELLING = LayoutsConfig.model_validate(SETTINGS.model_dump() | {"publish": {"lineage": "shop"}})


@pytest.fixture
def table(tmp_path: Any) -> Table:
    return Table(tmp_path, 6)


def test_a_published_run_is_a_start_and_a_complete_with_both_schemas_and_counts(
    table: Table, receiver: Receiver
) -> None:
    table.rows[0]["stock"] = 3
    summary = table.night(config=TELLING)
    start, complete = receiver.events
    assert (start["eventType"], complete["eventType"]) == ("START", "COMPLETE")
    assert start["run"]["runId"] == complete["run"]["runId"]
    assert complete["job"]["namespace"] == "shop"
    assert complete["job"]["name"] == "layoutgen.layouts"
    (read,), (written,) = complete["inputs"], complete["outputs"]
    assert (read["namespace"], read["name"]) == ("file", str(table.folder / "catalogue.jsonl"))
    assert {field["name"] for field in read["facets"]["schema"]["fields"]} >= {"product_id", "image", "title", "stock"}
    assert (written["namespace"], written["name"]) == ("file", str(table.root))
    assert written["facets"]["version"]["datasetVersion"] == summary["run_id"]
    fields = {field["name"]: field for field in written["facets"]["schema"]["fields"]}
    assert list(fields) == tables.read(str(table.root)).schema.names
    (element,) = fields["elements"]["fields"]
    assert (fields["elements"]["type"], element["type"]) == ("array", "struct")
    assert {"role", "text", "box"} <= {part["name"] for part in element["fields"]}
    files = list((table.root / "snapshots" / summary["run_id"]).glob("*.parquet"))
    statistics = written["outputFacets"]["outputStatistics"]
    assert (statistics["rowCount"], statistics["fileCount"]) == (6, len(files))
    assert statistics["size"] == sum(file.stat().st_size for file in files)


def test_a_refused_run_and_one_that_is_cut_off_fail_and_one_that_goes_on_is_the_same(
    table: Table, receiver: Receiver
) -> None:
    with pytest.raises(Crash):
        table.night(after("before_swap", 1), config=TELLING)
    table.night(config=TELLING)
    assert [event["eventType"] for event in receiver.events] == ["START", "FAIL", "START", "COMPLETE"]
    assert len({event["run"]["runId"] for event in receiver.events}) == 1
    assert receiver.events[1]["run"]["facets"]["errorMessage"]["message"] == "Crash: before_swap"
    table.rows = table.rows[:5]
    wanting = LayoutsConfig.model_validate(TELLING.model_dump() | {"expect": {"min_rows": 6}})
    assert not table.night(config=wanting)["current"]
    refused = receiver.events[-1]
    assert refused["eventType"] == "FAIL"
    assert "fewer than expect.min_rows = 6" in refused["run"]["facets"]["errorMessage"]["message"]


@pytest.mark.parametrize("is_there", [True, pytest.param(False, marks=pytest.mark.nightly)])  # it tries for 10 s
def test_a_receiver_that_fails_or_is_not_there_stops_nothing(
    is_there: bool, table: Table, receiver: Receiver, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    receiver.status = 401
    if not is_there:
        monkeypatch.setenv("OPENLINEAGE_URL", "http://127.0.0.1:1")
    assert table.night(config=TELLING)["current"]
    assert sum("can't be sent" in record.message for record in caplog.records) == 2


@pytest.mark.parametrize(
    ("uri", "names"),
    [
        ("s3://shop/in/catalogue.jsonl", ("s3://shop", "in/catalogue.jsonl")),
        ("file:///srv/out", ("file", "/srv/out")),
    ],
)
def test_data_sets_are_named_as_openlineage_names_them(uri: str, names: tuple[str, str]) -> None:
    assert dataset(uri) == names
