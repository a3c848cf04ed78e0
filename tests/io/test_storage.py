import os
import pickle
import socket
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from layoutgen.demo.s3 import LocalS3
from layoutgen.io.objects import connections, retries
from layoutgen.io.objects import s3 as s3_objects
from layoutgen.io.storage import Storage, StorageError, StorageFault

ODD_NAMES = [
    "a b.jpg",
    "1+1.jpg",
    "100%.jpg",
    "%2e%2e.jpg",
    "no#1.jpg",
    "what?.jpg",
    "a&b=c;d.jpg",
    "商品 图/夏日.jpg",
    "it's (1) [2] {3} ~!@$^.jpg",
    "..hidden..",
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    folder = tmp_path_factory.mktemp("s3")
    (folder / "shop").mkdir()
    with LocalS3(folder) as running:
        yield running


@pytest.fixture
def s3(server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> Storage:
    for name, value in server.environment().items():
        if name != "AWS_ENDPOINT_URL":
            monkeypatch.setenv(name, value)
    return Storage(server.endpoint_url)


@pytest.fixture(params=["s3", "local"])
def place(request: pytest.FixtureRequest, s3: Storage, tmp_path: Path) -> tuple[Storage, str]:
    """A storage and a folder in it of the test's own: whatever holds for one kind of place holds for the other."""
    if request.param == "s3":
        return s3, f"s3://shop/{tmp_path.name}"
    return Storage(), str(tmp_path)


class FakeEndpoint:
    """A fake of S3's failures, since a real server can't be made to fail at will: keys say what happens to them.

    `…503x2` fails twice, then answers; `…403` and `…500` always answer so; `…stall` never answers; `…cut` sends half;
    `…five` answers as soon as five such requests wait.
    """

    def __init__(self) -> None:
        self.asked: Counter[str] = Counter()
        self.in_flight = self.most_in_flight = 0
        self.over = threading.Event()
        self.five = threading.Barrier(5, timeout=60)
        fake = self
        lock = threading.Lock()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: object) -> None:
                pass

            def do_GET(self) -> None:
                key = self.path.partition("?")[0].rpartition("/")[2]
                with lock:
                    fake.asked[key] += 1
                    fake.in_flight += 1
                    fake.most_in_flight = max(fake.most_in_flight, fake.in_flight)
                try:
                    self.reply(key)
                finally:
                    with lock:
                        fake.in_flight -= 1

            def reply(self, key: str) -> None:
                status, body = 200, b"pixels"
                if key.endswith("403"):
                    status, body = (
                        403,
                        b"<Error><Code>AccessDenied</Code><Message>key SECRET is denied</Message></Error>",
                    )
                elif key.endswith("500"):
                    status, body = 500, b"<Error><Code>InternalError</Code></Error>"
                elif key.endswith("429"):
                    status, body = 429, b"not even XML"
                elif key.endswith("503x2") and fake.asked[key] <= 2:
                    status, body = 503, b"<Error><Code>SlowDown</Code></Error>"
                elif key.endswith("stall"):
                    fake.over.wait(60)
                    self.close_connection = True
                    return
                elif key.endswith("five"):
                    fake.five.wait()
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                if key.endswith("cut") and fake.asked[key] == 1:
                    self.wfile.write(body[:3])
                    self.close_connection = True
                else:
                    self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEndpoint]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "somebody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "SECRET")
    endpoint = FakeEndpoint()
    yield endpoint
    endpoint.over.set()
    endpoint.server.shutdown()
    endpoint.server.server_close()


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def test_what_was_written_is_read(place: tuple[Storage, str]) -> None:
    storage, folder = place
    uri = storage.join(folder, "new/folder/a.bin")
    assert not storage.exists(uri)
    storage.write(uri, b"one")
    storage.write(uri, b"two")
    assert storage.exists(uri)
    assert storage.read(uri) == b"two"
    storage.delete(uri)
    storage.delete(uri)
    assert not storage.exists(uri)


def test_a_copy_is_made_in_the_store_of_the_very_bytes_that_were_read(place: tuple[Storage, str]) -> None:
    storage, root = place
    source, target = f"{root}/a b+c/1.bin", f"{root}/copies/1.bin"
    storage.write(source, b"first")
    _, version = storage.read_version(source) or (b"", "")
    copied = storage.copy(source, target, version)
    assert storage.read_version(target) == (b"first", copied)
    storage.write(source, b"second")
    assert storage.copy(source, target, version) is None
    assert storage.copy(f"{root}/none.bin", target, version) is None
    assert storage.copy(source, "s3://shop/x" if "://" not in root else "/tmp/x", version) is None


@pytest.mark.parametrize("name", ODD_NAMES)
def test_odd_names_are_literal(place: tuple[Storage, str], name: str) -> None:
    storage, folder = place
    uri = storage.join(folder, name)
    storage.write(uri, name.encode())
    assert storage.read_many([uri]) == [name.encode()]
    assert storage.list(folder) == [f"{folder}/{name}"]
    assert storage.sizes(folder) == {f"{folder}/{name}": len(name.encode())}


def test_a_listing_is_sorted_full_and_of_this_folder_only(place: tuple[Storage, str]) -> None:
    storage, folder = place
    for name in ("b/2.jpg", "b/10.jpg", "bb/1.jpg", "b.jpg", "b/c/d/e.jpg"):
        storage.write(f"{folder}/{name}", b"x")
    assert storage.list(f"{folder}/b") == [f"{folder}/b/{name}" for name in ("10.jpg", "2.jpg", "c/d/e.jpg")]
    assert storage.list(f"{folder}/b/") == storage.list(f"{folder}/b")
    assert storage.list(f"{folder}/nothing") == []


def test_a_listing_goes_on_past_a_page_of_1000(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "many" / "p").mkdir(parents=True)
    for number in range(1203):
        (tmp_path / "many" / "p" / f"{number:05}.jpg").touch()
    with LocalS3(tmp_path) as server:
        for name, value in server.environment().items():
            monkeypatch.setenv(name, value)
        assert Storage().list("s3://many/p") == [f"s3://many/p/{number:05}.jpg" for number in range(1203)]


def test_many_reads_keep_their_order_and_their_faults(place: tuple[Storage, str]) -> None:
    storage, folder = place
    for number in range(40):
        storage.write(f"{folder}/{number}", b"%d" % number)
    storage.write(f"{folder}/empty", b"")
    storage.write(f"{folder}/large", bytes(5000))
    uris = [
        *(f"{folder}/{number}" for number in range(40)),
        *(f"{folder}/{name}" for name in ("empty", "large", "gone")),
    ]
    found = storage.read_many(uris, max_bytes=4999)
    assert found[:40] == [b"%d" % number for number in range(40)]
    faults = [fault for fault in found[40:] if isinstance(fault, StorageFault)]
    assert [fault.kind for fault in faults] == ["empty_object", "too_many_bytes", "not_found"]
    assert "5,000 bytes, the limit is 4,999" in faults[1].message
    assert all(uri in fault.message for uri, fault in zip(uris[40:], faults, strict=True))


def test_no_reads_are_none() -> None:
    assert Storage().read_many([]) == []


@pytest.mark.parametrize(
    "uri",
    [
        "s3://no-such-bucket/a.jpg",
        "s3://shop/",
        "s3://shop",
        "s3://",
        "s3://Not A Bucket/a.jpg",
        "s3://shop/../other/a.jpg",
        "s3://shop/a//b.jpg",
        "s3://shop/" + "x" * 1500,
        "http://example.com/a.jpg",
        "/no/such/file.jpg",
        "/tmp",
        "/dev/null/a.jpg",
        "/" + "x" * 5000,
        "/tmp/\0.jpg",
        "",
    ],
)
def test_a_uri_that_names_no_object_is_a_fault_of_its_row(s3: Storage, uri: str) -> None:
    (found,) = s3.read_many([uri])
    assert isinstance(found, StorageFault)
    assert found.kind == "not_found"


def test_a_single_read_of_nothing_raises_with_its_fault(s3: Storage) -> None:
    with pytest.raises(StorageError) as caught:
        s3.read("s3://shop/gone")
    assert caught.value.fault is not None
    assert caught.value.fault.kind == "not_found"


def test_a_single_read_of_an_empty_object_is_empty(place: tuple[Storage, str]) -> None:
    storage, folder = place
    storage.write(f"{folder}/_SUCCESS", b"")
    assert storage.read(f"{folder}/_SUCCESS") == b""


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_denied(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0)
    (found,) = Storage().read_many([str(tmp_path / "a")])
    assert isinstance(found, StorageFault)
    assert found.kind == "access_denied"


def test_a_forbidden_object_is_a_fault_at_once_and_tells_no_secret(fake: FakeEndpoint) -> None:
    found = Storage(fake.url).read_many(["s3://shop/403", "s3://shop/fine"])
    assert isinstance(found[0], StorageFault)
    assert found[0].kind == "access_denied"
    assert "s3://shop/403" in found[0].message
    assert "SECRET" not in found[0].message
    assert found[1] == b"pixels"
    assert fake.asked["403"] == 1


@pytest.mark.parametrize("key", ["503x2", "cut"])
def test_a_passing_failure_is_tried_again(fake: FakeEndpoint, key: str) -> None:
    assert Storage(fake.url).read_many([f"s3://shop/{key}"]) == [b"pixels"]
    assert fake.asked[key] == (3 if key == "503x2" else 2)


@pytest.mark.parametrize("key", ["500", "429"])
def test_a_lasting_failure_of_the_endpoint_raises_after_all_attempts(fake: FakeEndpoint, key: str) -> None:
    with pytest.raises(StorageError, match="tried 3 times") as caught:
        Storage(fake.url, attempts=3).read_many([f"s3://shop/{key}", "s3://shop/fine"])
    assert caught.value.fault is None
    assert fake.asked[key] == 3


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of every pause between two attempts; none is waited for."""
    asked: list[float] = []
    monkeypatch.setattr(retries, "time", SimpleNamespace(sleep=asked.append))
    return asked


def test_a_stalled_request_ends_in_time(fake: FakeEndpoint, pauses: list[float]) -> None:
    with pytest.raises(
        StorageError, match=r"\(ReadTimeoutError\), tried 2 times"
    ):  # the endpoint's end is another error
        Storage(fake.url, attempts=2, timeout_s=0.3).read("s3://shop/stall")
    assert fake.asked["stall"] == 2
    assert len(pauses) == 1 and 0 < pauses[0] < 1


def test_pauses_grow_to_a_bound(fake: FakeEndpoint, pauses: list[float]) -> None:
    with pytest.raises(StorageError, match="tried 12 times"):
        Storage(fake.url, attempts=12).read("s3://shop/500")
    assert fake.asked["500"] == 12
    assert len(pauses) == 11
    assert pauses[0] < 1 < pauses[5]
    assert 4 <= max(pauses) <= 8


def test_no_more_reads_are_in_flight_than_asked_for(fake: FakeEndpoint) -> None:
    Storage(fake.url, concurrency=5).read_many([f"s3://shop/{number}five" for number in range(20)])
    assert fake.most_in_flight == 5


def test_the_check_passes_where_all_is_well(s3: Storage, tmp_path: Path) -> None:
    s3.check("s3://shop/any/prefix")
    s3.check(str(tmp_path / "not" / "there" / "yet"))


def test_the_check_names_a_missing_bucket(s3: Storage) -> None:
    with pytest.raises(StorageError, match="no bucket for s3://nobody/output"):
        s3.check("s3://nobody/output")


@pytest.mark.parametrize("name", ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"])
def test_the_check_names_wrong_credentials(server: LocalS3, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    for key, value in (server.environment() | {name: "wrong-one"}).items():
        monkeypatch.setenv(key, value)
    storage = Storage(server.endpoint_url, timeout_s=19)
    with pytest.raises(StorageError, match="refuses the credentials") as caught:
        storage.check("s3://shop/x")
    assert not any(secret in str(caught.value) for secret in (server.secret_key, server.access_key, "wrong-one"))
    with pytest.raises(StorageError, match="refuses the credentials"):  # of all objects, so not a fault of one
        storage.read_many(["s3://shop/a", "s3://shop/b"])


def test_the_check_names_missing_credentials(server: LocalS3, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID", raising=False)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(StorageError, match=r"NoCredentialsError.*set AWS_ACCESS_KEY_ID"):
        Storage(server.endpoint_url, timeout_s=18).check("s3://shop/x")


def test_the_check_of_a_closed_port_fails_fast(s3: Storage, pauses: list[float]) -> None:
    refused = r"can't be reached or used \(EndpointConnectionError\), tried 2 times.* see that it is up"  # no timeout
    with pytest.raises(StorageError, match=refused):
        Storage(f"http://user:hunter2@127.0.0.1:{free_port()}").check("s3://shop/x")
    assert len(pauses) == 1 and pauses[0] < 1


@pytest.mark.parametrize(
    ("timeout_s", "check_s", "answer"),
    [(0.3, s3_objects.CHECK_S, r"ReadTimeoutError\), tried 2 times"), (Storage.timeout_s, 0.2, "no answer in 0.2 s")],
    ids=["its own timeouts", "the limit of the check"],
)
def test_the_check_of_an_endpoint_that_never_answers_ends(
    s3: Storage, monkeypatch: pytest.MonkeyPatch, timeout_s: float, check_s: float, answer: str
) -> None:
    assert s3_objects.CHECK_S < 15
    monkeypatch.setattr(s3_objects, "CHECK_S", check_s)
    with socket.socket() as silent:  # takes connections and says nothing
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        with pytest.raises(StorageError, match=answer) as caught:
            Storage(f"http://u:hunter2@127.0.0.1:{silent.getsockname()[1]}", timeout_s=timeout_s).check("s3://shop/x")
    assert "hunter2" not in str(caught.value)


def test_the_check_of_a_word_that_is_no_url_says_so(s3: Storage) -> None:
    with pytest.raises(StorageError, match="no URL"):
        Storage("minio").check("s3://shop/x")


def test_the_environment_names_the_endpoint_where_settings_do_not(
    s3: Storage, server: LocalS3, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", server.endpoint_url)
    Storage().write("s3://shop/by-environment", b"x")
    assert s3.exists("s3://shop/by-environment")


@pytest.mark.parametrize(
    ("base", "relative", "uri"),
    [
        ("s3://shop/feed", "a/b.jpg", "s3://shop/feed/a/b.jpg"),
        ("s3://shop/feed/", "a/../b.jpg", "s3://shop/feed/b.jpg"),
        ("s3://shop/feed", "./a.jpg", "s3://shop/feed/a.jpg"),
        ("s3://shop/feed", "a//b.jpg", "s3://shop/feed/a//b.jpg"),
        ("s3://shop/feed", "..a/b...jpg", "s3://shop/feed/..a/b...jpg"),
        ("s3://shop/feed", "%2e%2e/商 品?#+.jpg", "s3://shop/feed/%2e%2e/商 品?#+.jpg"),
        ("s3://shop/feed", "s3://other/k", "s3://other/k"),
        ("s3://shop/feed", "/mnt/photos/a.jpg", "/mnt/photos/a.jpg"),
        ("s3://shop/feed", "file:///mnt/a.jpg", "file:///mnt/a.jpg"),
        ("s3://shop", "a:b.jpg", "s3://shop/a:b.jpg"),
        ("data", "a.jpg", "data/a.jpg"),
        ("/", "a.jpg", "/a.jpg"),
        (".", "a.jpg", "./a.jpg"),
    ],
)
def test_paths_are_joined(base: str, relative: str, uri: str) -> None:
    assert Storage().join(base, relative) == uri


@pytest.mark.parametrize(
    "relative", ["../a.jpg", "a/../../b.jpg", "..", ".", "./..", "a/..", "", "http://x/a.jpg", "a\0b"]
)
def test_paths_that_name_nothing_below_the_base_are_refused(relative: str) -> None:
    with pytest.raises(ValueError, match="give"):
        Storage().join("s3://shop/feed", relative)


def test_a_half_written_local_file_is_never_seen(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(StorageError):
        Storage(attempts=1).write(str(tmp_path / "folder"), b"x")  # a folder stands there
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]


def test_parquet_goes_through_the_filesystem(place: tuple[Storage, str]) -> None:
    storage, folder = place
    table = pa.table({"a": list(range(1000))})
    uri = storage.join(folder, "t 1+%.parquet")
    if not uri.startswith("s3://"):
        Path(folder).mkdir(exist_ok=True)
    filesystem, path = storage.filesystem(uri)
    pq.write_table(table, path, filesystem=filesystem)
    assert pq.ParquetFile(path, filesystem=filesystem).read() == table
    assert storage.exists(uri)


def test_storage_travels_small_and_works_where_it_lands(s3: Storage) -> None:
    s3.write("s3://shop/travel", b"there")
    wire = pickle.dumps(s3)
    assert len(wire) < 300
    code = "import pickle, sys; print(pickle.load(sys.stdin.buffer).read('s3://shop/travel').decode())"
    done = subprocess.run([sys.executable, "-c", code], input=wire, capture_output=True, check=True)
    assert done.stdout == b"there\n"


def test_storage_works_after_a_fork(s3: Storage) -> None:
    s3.write("s3://shop/fork", b"mine")
    child = os.fork()
    if child == 0:  # the child must not share the parent's sockets
        os._exit(0 if s3.read("s3://shop/fork") == b"mine" else 1)
    assert all(s3.read("s3://shop/fork") == b"mine" for _ in range(20))
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def test_an_endpoint_that_comes_back_is_used_again(
    s3: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "b").mkdir()
    with LocalS3(tmp_path) as other:
        for name, value in other.environment().items():
            monkeypatch.setenv(name, value)
        storage = Storage(other.endpoint_url, attempts=6)
        storage.write("s3://b/a", b"x")
        other.stop()
        threading.Timer(0.5, other.start).start()
        assert storage.read_many(["s3://b/a"]) == [b"x"]


@pytest.mark.parametrize(
    ("endpoint", "addressing", "address"),
    [
        ("https://store.example", "auto", "https://store.example/shop/a.jpg"),
        ("https://store.example", "virtual", "https://shop.store.example/a.jpg"),
        ("https://oss-cn-hangzhou.aliyuncs.com", "auto", "https://shop.oss-cn-hangzhou.aliyuncs.com/a.jpg"),
    ],
)
def test_the_bucket_stands_where_the_setting_and_the_store_want_it(
    monkeypatch: pytest.MonkeyPatch, endpoint: str, addressing: connections.Addressing, address: str
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "x")
    storage = Storage(endpoint, addressing=addressing)
    params = {"Bucket": "shop", "Key": "a.jpg"}
    of_objects = storage.endpoint.client().generate_presigned_url("get_object", params)
    of_parquet = storage.endpoint.s3fs().url("shop/a.jpg")
    assert [url.partition("?")[0] for url in (of_objects, of_parquet)] == [address, address]


@pytest.mark.parametrize(
    ("endpoint", "addressing", "style"),
    [
        ("https://cos.ap-shanghai.myqcloud.com", "auto", "virtual"),
        ("https://tos-s3-cn-beijing.volces.com:443/", "auto", "virtual"),
        ("https://oss-cn-hangzhou.aliyuncs.com", "path", "path"),
        ("https://aliyuncs.com.example", "auto", None),
        ("", "auto", None),
    ],
)
def test_addressing_goes_by_the_endpoint_where_no_setting_says_it(
    endpoint: str, addressing: connections.Addressing, style: str | None
) -> None:
    assert connections.settings(endpoint, 1, addressing).get("s3", {}).get("addressing_style") == style


def test_a_file_that_is_renamed_while_a_folder_is_listed_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b.part", "c"):
        (tmp_path / name).write_bytes(b"12")
    (tmp_path / "link").symlink_to(tmp_path / "nothing")
    stat = Path.stat

    def renaming(path: Path, **how: bool) -> os.stat_result:
        if path.suffix == ".part":
            path.rename(path.with_name("b"))
        return stat(path, **how)

    monkeypatch.setattr(Path, "stat", renaming)
    sizes = {Path(uri).name: size for uri, size in Storage().sizes(str(tmp_path)).items()}
    assert sizes == {"a": 2, "c": 2, "link": 0}
