"""The commit protocol on an S3 server that is not ours (moto): compare-and-swap, lease, ledger, and whole nights."""

import logging
import os
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path
from unittest.mock import patch

import pytest
from moto.server import ThreadedMotoServer

from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.storage import Storage
from layoutgen.io.tables.lease import HeldError, Lease, LeaseError, read_current
from layoutgen.io.tables.ledger import Ledger
from tests.chaos.quick import SETTINGS, Crash, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import published, write_manifest


@pytest.fixture(scope="module")
def store() -> Iterator[Storage]:
    """Storage on moto, whose address and credentials are in the environment, with a bucket `shop`."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    keys = {"AWS_ACCESS_KEY_ID": "moto", "AWS_SECRET_ACCESS_KEY": "moto", "AWS_DEFAULT_REGION": "us-east-1"}
    with patch.dict(os.environ, {**keys, "AWS_ENDPOINT_URL": f"http://{host}:{port}"}):
        storage = Storage(attempts=2)
        storage.endpoint.client().create_bucket(Bucket="shop")
        yield storage
    server.stop()


@pytest.fixture
def root(request: pytest.FixtureRequest) -> str:
    return f"s3://shop/{request.node.name}"


def test_it_honours_both_conditions(store: Storage, root: str) -> None:
    assert store.conditional(root)
    assert store.list(root) == [], "the probe is gone"
    first = store.write_if(f"{root}/CURRENT", b"a", None)
    second = store.write_if(f"{root}/CURRENT", b"b", first)
    for version in (None, first):
        with pytest.raises(ConflictError):
            store.write_if(f"{root}/CURRENT", b"c", version)
    assert store.read_version(f"{root}/CURRENT") == (b"b", second)


def test_it_copies_what_was_read_and_no_other_bytes(store: Storage, root: str) -> None:
    store.write(f"{root}/a", b"first")
    _, version = store.read_version(f"{root}/a") or (b"", "")
    assert store.copy(f"{root}/a", f"{root}/b", version) == version
    assert store.read(f"{root}/b") == b"first"
    store.write(f"{root}/a", b"second")  # the server ignores the condition, so the answer has to show it
    assert store.copy(f"{root}/a", f"{root}/b", version) is None


def test_of_writers_that_saw_the_same_version_one_wins(store: Storage, root: str) -> None:
    """Ten times in turn, of four writers at once: no word is lost and none is counted twice."""
    uri, wins = f"{root}/counter", 0
    version: str | None = None
    for turn in range(10):
        barrier = threading.Barrier(4)

        with ThreadPoolExecutor(4) as pool:
            won = list(pool.map(partial(_wins, store, uri, turn, version, barrier), range(4)))
        stored = store.read_version(uri)
        assert stored is not None
        assert won[int(stored[0].split()[1])], "what is stored is a winner's"
        wins, version = wins + sum(won), stored[1]
    assert wins == 10


def _wins(store: Storage, uri: str, turn: int, version: str | None, barrier: threading.Barrier, writer: int) -> bool:
    barrier.wait()
    try:
        store.write_if(uri, f"{turn} {writer}".encode(), version)
    except ConflictError:
        return False
    return True


def test_a_table_has_one_writer_and_who_was_taken_over_publishes_nothing(store: Storage, root: str) -> None:
    sleeper = Lease(store, root, 0.2, conditional=True)
    sleeper.acquire()
    sleeper.name("run-a")
    with pytest.raises(HeldError, match="is being written by run run-a"):
        Lease(store, root, 60, conditional=True).acquire()
    sleeper._over.set()  # its renewing thread sleeps, too, and it runs on another machine
    sleeper._holder = "another-host:1"
    sleeper._write(sleeper._holder)
    threading.Event().wait(0.3)
    with Lease(store, root, 60, conditional=True) as holder:
        holder.name("run-b")
        with pytest.raises(LeaseError, match="was taken over by run run-b"):
            sleeper.publish("run-a")
        holder.publish("run-b")
    current = read_current(store, root)
    assert (current.run_id, current.epoch) == ("run-b", holder.epoch)


def test_one_driver_at_a_time_begins_an_attempt(store: Storage, root: str) -> None:
    ledger = Ledger(store, root, "night")

    def sleeps() -> None:
        assert ledger.begin_attempt(True, lambda: None) == 1  # another driver, meanwhile

    with pytest.raises(ConflictError):
        ledger.begin_attempt(True, sleeps)
    assert ledger.attempt() == 1


@pytest.mark.slow
def test_a_night_that_ends_at_any_point_is_gone_on_with(store: Storage, root: str, tmp_path: Path) -> None:
    """Ended before anything is published, as often as it likes, it makes the table of a calm one."""
    for number in range(6):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(80, 100, number)))
    products = [{"product_id": f"v{i}", "image": str(tmp_path / f"{i}.jpg"), "title": f"Kettle {i}"} for i in range(6)]
    manifest = write_manifest(tmp_path, products)
    night(manifest, str(tmp_path / "calm"), config=SETTINGS)
    calm = published(str(tmp_path / "calm"))
    for point in ("after_plan", "data_written", "before_publish", "before_swap"):
        with suppress(Crash):
            night(manifest, root, lambda name, point=point: name == point)
        assert read_current(store, root).run_id is None, point
    summary = night(manifest, root)
    assert published(root) == calm
    assert read_current(store, root).run_id == summary["run_id"]
    again = night(manifest, root)
    assert again["computed"] == 0
    assert published(root) == calm
