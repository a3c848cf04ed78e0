"""The served gallery over real HTTP: who is let in, what is read and written, and what is refused."""

import http.client
import json
import socket

import pyarrow.parquet as pq
import pytest

from layoutgen.core import feedback
from layoutgen.core.errors import Refusal
from layoutgen.evaluation.review_room import open_room
from layoutgen.evaluation.review_server import MOST_BYTES, ReviewServer
from layoutgen.io.storage import Storage
from tests.evaluation.conftest import TITLE, serving


class Client:
    """A browser's requests, as far as a server sees them."""

    def __init__(self, server):
        self.server = server
        self.cookie = f"{server.cookie}={server.token}"

    def ask(self, method, path, body=None, **headers):
        connection = http.client.HTTPConnection("127.0.0.1", self.server.server_port)
        known = {"Cookie": self.cookie, "Content-Type": "application/json"}
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, {k: v for k, v in {**known, **sent}.items() if v is not None})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data, dict(answer.getheaders())

    def send(self, **body):
        status, data, _ = self.ask("POST", "/api/decisions", json.dumps(body))
        return status, json.loads(data)

    def state(self, since=""):
        return json.loads(self.ask("GET", f"/api/state?since={since}")[1])


@pytest.fixture
def room(table, tmp_path):
    pq.write_table(table, tmp_path / "layouts.parquet")
    page = tmp_path / "page"
    page.mkdir()
    head = '<meta charset="utf-8"><meta content="connect-src \'none\'">'
    (page / "index.html").write_text(f"<!doctype html>{head}<title>x</title>")
    (page / "page.css").write_text("body {}")
    (page / ".secret").write_text("no")
    (tmp_path / "outside.txt").write_text("no")
    uris = (str(tmp_path / "layouts.parquet"), str(page), str(page / "feedback.jsonl"), str(page / "preferences.jsonl"))
    return open_room(Storage(), *uris, run_id=None, limit=100)


@pytest.fixture
def client(room):
    with serving(room) as server:
        yield Client(server)


def record(row="p0", decision="adopt", minute=0, **more):
    return {"row_id": row, "run_id": "r", "decision": decision, "annotator": "Mei",
            "time": f"2026-11-30T09:{minute:02d}:00Z", **more}  # fmt: skip


def test_the_address_lets_one_in_and_nothing_else_does(client):
    status, _, headers = client.ask("GET", f"/?token={client.server.token}", Cookie=None)
    assert status == 200 and "HttpOnly; SameSite=Strict" in headers["Set-Cookie"]
    cookie = headers["Set-Cookie"].partition(";")[0]
    status, page, headers = client.ask("GET", "/", Cookie=cookie)
    assert status == 200 and b"connect-src 'self'" in page and b'name="served"' in page
    assert headers["X-Content-Type-Options"] == "nosniff" and "Access-Control-Allow-Origin" not in headers
    for wrong in (None, "layoutgen=x", f"{client.server.cookie}=x", f"{client.server.cookie}={client.server.token}x"):
        assert client.ask("GET", "/page.css", Cookie=wrong)[0] == 403
        assert client.ask("POST", "/api/decisions", "{}", Cookie=wrong)[0] == 403
    assert client.ask("GET", "/?token=x", Cookie=None)[0] == 403
    assert client.server.server_address[0] == "127.0.0.1"


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", ""])
def test_a_name_that_was_made_to_lead_here_is_refused(client, host):
    assert client.ask("GET", "/page.css", Host=host.format(port=client.server.server_port))[0] == 421


def test_pages_of_others_are_refused_even_those_of_this_machine(client):
    own = f"http://127.0.0.1:{client.server.server_port}"
    body = json.dumps({"decisions": [record()]})
    for foreign in ("http://evil.example", "http://127.0.0.1:1", "null"):
        assert client.ask("POST", "/api/decisions", body, Origin=foreign)[0] == 403
    assert client.ask("GET", "/page.css", Sec_Fetch_Site="same-site")[0] == 403
    assert client.ask("POST", "/api/decisions", body, Content_Type="text/plain")[0] == 415
    assert client.state()["decisions"] == []
    assert client.ask("POST", "/api/decisions", body, Origin=own, Sec_Fetch_Site="same-origin")[0] == 200


def test_only_files_of_the_page_are_served(client, room, tmp_path):
    status, data, headers = client.ask("GET", "/page.css")
    assert (status, data, headers["Content-Type"]) == (200, b"body {}", "text/css; charset=utf-8")
    assert client.ask("GET", "/page.css", If_None_Match=headers["ETag"])[0] == 304
    for path in ("/../outside.txt", "/%2e%2e/outside.txt", "/..%2foutside.txt", "/.secret", "/a\\b", "/none", "//x",
                 "/%00", f"/{tmp_path}/outside.txt"):  # fmt: skip
        assert client.ask("GET", path)[0] == 404, path
    room.links = {"/pictures/a b.webp": str(tmp_path / "outside.txt")}
    assert client.ask("GET", "/pictures/a%20b.webp")[1] == b"no"


def test_decisions_are_written_to_the_file_and_seen_by_the_other_window(client, room):
    before = client.state()["version"]
    status, answer = client.send(decisions=[record(), record("p1", "reject"), record("p9"), record(decision="x"), 3])
    assert status == 200 and answer["decisions"]["taken"] == 2
    assert [one["at"] for one in answer["decisions"]["refused"]] == [2, 3, 4]
    assert answer["before"] == before
    state = client.state(before)
    assert state["version"] == answer["version"]
    assert {one["row_id"]: one["decision"] for one in state["decisions"]} == {"p0": "adopt", "p1": "reject"}
    assert client.state(state["version"]) == {"version": state["version"], "unchanged": True}
    client.send(decisions=[record(decision=None, minute=1)])
    state = client.state()
    assert [one["row_id"] for one in state["decisions"]] == ["p1"]
    assert [(one["row_id"], one["annotator"]) for one in state["withdrawn"]] == [("p0", "mei")]
    decisions, errors = feedback.read(room.storage.read(room.decisions.uri).decode())
    assert [one.row_id for one in decisions] == ["p1"] and not errors


def test_choices_go_into_a_file_of_their_own(client, room):
    sides = [{"row_id": "p0", "run_id": run, "elements": [TITLE]} for run in ("r", "s")]
    choice = {"row_id": "p0", "size": [300, 400], "chosen": sides[0], "rejected": sides[1], "annotator": "Mei",
              "time": "2026-11-30T09:00:00Z"}  # fmt: skip
    again = {**choice, "chosen": sides[1], "rejected": sides[0], "time": "2026-11-30T09:05:00Z"}
    assert client.send(choices=[choice, again])[1]["choices"]["taken"] == 2
    (known,) = client.state()["choices"]
    assert known["chosen"]["run_id"] == "s"  # of the same two, whichever was chosen: the newest word


def test_an_edit_is_drawn(client):
    status, data, headers = client.ask("POST", "/api/draw", json.dumps({"row_id": "p0", "elements": [TITLE]}))
    assert (status, headers["Content-Type"], data[:4]) == (200, "image/png", b"\x89PNG")
    for body, message in (
        ({"row_id": "p9", "elements": []}, "p9"),
        ({"elements": []}, "names no row_id"),
        ({"row_id": "p0", "elements": [{**TITLE, "box": [0, 0, 0, 0]}]}, "give left < right"),
        ([], "names no row_id"),
    ):
        status, data, _ = client.ask("POST", "/api/draw", json.dumps(body))
        assert status == 400 and message in json.loads(data)["error"]
    assert client.ask("POST", "/api/draw", b"{")[0] == 400
    assert client.ask("POST", "/api/none", b"{}")[0] == 404


def test_bodies_have_a_length_and_a_limit(client):
    assert client.ask("POST", "/api/decisions", None, Content_Length=str(MOST_BYTES + 1))[0] == 413
    with socket.create_connection(("127.0.0.1", client.server.server_port)) as raw:
        raw.sendall(f"POST /api/decisions HTTP/1.1\r\nHost: 127.0.0.1:{client.server.server_port}\r\n\r\n".encode())
        assert b" 411 " in raw.recv(1000)
    status, answer = client.send(decisions=[record()] * 5001)
    assert status == 400 and "at most 5000" in answer["error"]
    assert client.send(decisions="x")[0] == 400


def test_a_file_that_cannot_be_written_is_told_and_the_server_goes_on(client, room):
    room.decisions.uri = "/proc/none/feedback.jsonl"
    status, answer = client.send(decisions=[record()])
    assert status == 502 and "feedback.jsonl" in answer["error"]
    assert client.ask("GET", "/page.css")[0] == 200


def test_a_port_that_is_taken_is_told(client, room):
    with pytest.raises(Refusal, match=rf"--port {client.server.server_port} can't be listened on"):
        ReviewServer(room, client.server.server_port)
