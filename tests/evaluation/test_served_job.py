"""`jobs.gallery --serve` as a command: it says where it is, writes, and ends by Ctrl-C."""

import http.client
import json
import signal
import subprocess
import sys
from urllib.parse import urlsplit

from layoutgen.core import feedback
from tests.evaluation.conftest import layouts, write_page
from tests.limits import PATIENCE_S


def test_the_command_serves_a_page_until_it_is_interrupted(tmp_path):
    page = write_page(tmp_path, layouts(tmp_path))
    said = tmp_path / "said of us.jsonl"
    table = str(tmp_path / "layouts.parquet")
    command = [sys.executable, "-m", "jobs.gallery", "--layouts", table, "--output", str(page), "--serve", "--drawn",
               "--port", "0", "--feedback", str(said)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as job:
        try:
            assert job.stdout.readline().strip() == str(page / "index.html")
            address = urlsplit(job.stdout.readline().strip())
            connection = http.client.HTTPConnection(address.hostname, address.port, timeout=PATIENCE_S)
            connection.request("GET", f"/?{address.query}")
            answer = connection.getresponse()
            answer.read()
            cookie = answer.headers["Set-Cookie"].partition(";")[0]
            record = {"row_id": "p0", "run_id": "r", "decision": "adopt", "annotator": "Mei",
                      "time": "2026-11-30T09:00:00Z"}  # fmt: skip
            headers = {"Cookie": cookie, "Content-Type": "application/json"}
            connection.request("POST", "/api/decisions", json.dumps({"decisions": [record]}), headers)
            assert json.loads(connection.getresponse().read())["decisions"]["taken"] == 1
            job.send_signal(signal.SIGINT)  # while a connection is open
            _, errors = job.communicate(timeout=PATIENCE_S)
        finally:
            job.kill()
    assert job.returncode == 0 and "the server has stopped" in errors and "Traceback" not in errors
    assert "token" not in errors
    assert [one.decision for one in feedback.read(said.read_text())[0]] == ["adopt"]
