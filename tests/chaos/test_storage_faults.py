"""Nights over a store that fails: retried within bounds, or failed cleanly and then gone on with; the law holds."""

import os
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pytest

from layoutgen.core.gallery import files as gallery
from layoutgen.demo.s3 import LocalS3
from layoutgen.io.objects import retries as faults
from layoutgen.io.objects.locations import ConflictError
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables import published_runs
from layoutgen.io.tables.lease import Lease, LeaseError, read_current
from tests.chaos.faulty_s3 import FaultyS3
from tests.chaos.nights import S3_KEYS, Cluster, Night, check_secret, check_table, current, draw_catalogue, tables

pytestmark = pytest.mark.slow

ATTEMPTS = 8
LEASE_S = 1.5


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    folder = tmp_path_factory.mktemp("store")
    (folder / "shop").mkdir()
    with LocalS3(
        folder, access_key=S3_KEYS["AWS_ACCESS_KEY_ID"], secret_key=S3_KEYS["AWS_SECRET_ACCESS_KEY"]
    ) as running:
        yield running


@pytest.fixture(scope="module", params=[True, False], ids=["conditional", "plain"])
def store(request: pytest.FixtureRequest, server: LocalS3) -> Iterator[FaultyS3]:
    with FaultyS3(server, conditional=request.param) as proxy:
        yield proxy


@pytest.fixture
def proxy(server: LocalS3) -> Iterator[FaultyS3]:
    with FaultyS3(server) as running:
        yield running


@pytest.fixture
def s3(store: FaultyS3, server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> Iterator[Storage]:
    for name, value in server.environment().items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(faults, "_BACKOFF_S", 0.01)
    store.calm()
    yield Storage(store.endpoint_url, attempts=ATTEMPTS, timeout_s=1.0)  # a machine that does much else is slow, too
    store.calm()


@pytest.fixture
def root(tmp_path: Path) -> str:
    return f"s3://shop/{tmp_path.name}"


def test_conditions_are_found_out_by_trying(s3: Storage, store: FaultyS3, root: str) -> None:
    assert s3.conditional(root) is store.conditional
    assert not s3.list(root), "the probe leaves nothing behind"


@pytest.mark.parametrize("what", ["SlowDown", "InternalError", "429", "reset", "stall", "lost"])
@pytest.mark.parametrize("method", ["GET", "PUT", "HEAD", "DELETE"])
def test_a_passing_fault_is_tried_again_and_leaves_no_trace(
    s3: Storage, store: FaultyS3, root: str, what: str, method: str
) -> None:
    uri = f"{root}/one"
    s3.write(uri, b"x" * 50_000)
    if what == "stall":
        s3 = replace(s3, timeout_s=0.3)
    rule = store.add(what, method=method, path="/one", times=2, seconds=0.6)
    s3.write(uri, b"y" * 50_000)
    assert s3.read(uri) == b"y" * 50_000
    assert s3.exists(uri)
    s3.delete(uri)
    assert not s3.exists(uri)
    assert rule.struck == 2


def test_a_store_that_stays_down_is_an_error_within_the_bounds(s3: Storage, store: FaultyS3, root: str) -> None:
    rule = store.add("SlowDown")
    with pytest.raises(StorageError, match=f"tried {ATTEMPTS} times"):
        s3.read(f"{root}/one")
    assert rule.struck == ATTEMPTS


def test_a_conditional_write_whose_answer_is_lost_is_known_as_ones_own(s3: Storage, store: FaultyS3, root: str) -> None:
    if not store.conditional:
        pytest.skip("the store has no conditions")
    uri = f"{root}/CURRENT"
    store.add("lost", method="PUT", times=1)
    first = s3.write_if(uri, b"one", None)
    store.add("lost", method="PUT", times=1)
    second = s3.write_if(uri, b"two", first)
    assert s3.read_version(uri) == (b"two", second)
    with pytest.raises(ConflictError):
        s3.write_if(uri, b"three", first)
    with pytest.raises(ConflictError):
        s3.write_if(f"{root}/none", b"three", first)
    assert s3.read(uri) == b"two"


def test_a_lease_lives_through_faults_and_a_stale_writer_can_not_publish(
    s3: Storage, store: FaultyS3, root: str
) -> None:
    conditional = s3.conditional(root)
    stale = Lease(s3, root, LEASE_S, conditional)
    stale.acquire()
    stale.name("night-1")
    store.add("lost", method="PUT", path="_lease", times=2)
    store.add("SlowDown", method="PUT", path="_lease", times=3, after=2)
    with pytest.raises(LeaseError, match=f"run night-1 of .*:{os.getpid()}"):
        Lease(s3, root, LEASE_S, conditional).acquire()
    time.sleep(2.5 * LEASE_S)
    with pytest.raises(LeaseError, match="night-1"):
        Lease(s3, root, LEASE_S, conditional).acquire()
    stale._over.set()  # as if it had been stopped: it renews no more
    with stale._lock:  # and the renewal that was under way is over
        store.calm()
    time.sleep(1.1 * LEASE_S)
    with Lease(s3, root, LEASE_S, conditional) as taken:
        taken.name("night-2")
        taken.publish("night-2")
        with pytest.raises(LeaseError, match="publishes nothing"):
            stale.publish("night-1")
        assert read_current(s3, root).run_id == "night-2"
        if conditional:
            with pytest.raises(LeaseError, match="publishes nothing"):
                stale._swap("night-1")  # even where it had looked at the lease before it was stopped
            assert read_current(s3, root).run_id == "night-2"
    stale.release()
    assert s3.read_version(f"{root}/CURRENT") is not None


# Three of ten writes fail; ten tries let one of 170,000 through.
FAULTS = [
    ("SlowDown", {"every": 9}),
    ("reset", {"every": 13}),
    ("lost", {"method": "PUT", "every": 9}),
    ("stall", {"every": 60, "seconds": 2.0}),
    ("stale", {"path": "list-type"}),
]


@pytest.fixture(scope="module")
def catalogue(server: LocalS3) -> str:
    draw_catalogue(server.folder / "shop" / "goods")
    return "s3://shop/goods/catalogue.jsonl"


@pytest.fixture(scope="module")
def whole(
    server: LocalS3, cluster: Cluster, catalogue: str, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, pa.Table]:
    """What a night over a store without faults makes."""
    night = _night(cluster, tmp_path_factory.mktemp("calm"), server, server.endpoint_url, catalogue)
    return tables(night.root, night.finish()["run_id"])


def _night(cluster: Cluster, folder: Path, server: LocalS3, endpoint_url: str, catalogue: str) -> Night:
    name = f"shop/{folder.name}/layouts"
    night = Night(cluster, folder, catalogue, f"s3://{name}", server.folder / name)
    night.settings |= {"endpoint_url": endpoint_url, "timeout_s": 1.0, "attempts": 10}
    return night


def test_a_night_over_a_store_with_every_fault_is_complete(
    proxy: FaultyS3, server: LocalS3, cluster: Cluster, catalogue: str, whole: dict[str, pa.Table], tmp_path: Path
) -> None:
    night = _night(cluster, tmp_path, server, proxy.endpoint_url, catalogue)
    rules = [proxy.add(what, **values) for what, values in FAULTS]
    night.finish()
    check_table(night.root, whole)
    assert all(rule.struck for rule in rules), [(rule.what, rule.struck) for rule in rules]


def test_a_night_whose_store_goes_down_ends_cleanly_tells_no_secret_and_goes_on_later(
    proxy: FaultyS3, server: LocalS3, cluster: Cluster, catalogue: str, whole: dict[str, pa.Table], tmp_path: Path
) -> None:
    night = _night(cluster, tmp_path, server, proxy.endpoint_url, catalogue)
    night.settings |= {"attempts": 2}
    night.arm("marker_written")
    night.start()
    worker = night.stopped_at("marker_written")
    proxy.add("SlowDown")
    worker.resume()
    code, summary = night.end()
    log = night.log.read_text()
    assert (code, summary) == (1, {}), log[-3000:]
    assert "tried 2 times" in log
    assert "shards are done and kept, and the same command goes on" in log
    assert "Traceback" not in log, log[-5000:]
    before = night.markers()
    assert before
    assert not (night.root / "CURRENT").exists()
    proxy.calm()
    summary = night.finish()
    check_table(night.root, whole)
    after = night.markers()
    assert {name: after[name] for name in before} == before
    check_secret([night.log, *(file for file in night.root.rglob("*") if file.is_file()), *cluster.logs()])
    shown = [
        published_runs.read(Storage(), str(night.root), current(night.root), w) for w in ("snapshots", "dead_letters")
    ]
    files = dict(gallery.files(shown[0].to_pylist(), shown[1].to_pylist(), current(night.root)))
    assert not [name for name, content in files.items() if S3_KEYS["AWS_SECRET_ACCESS_KEY"].encode() in content]
