"""A cluster that can't be joined is told in a sentence and within seconds; pools are compared with what nodes hold."""

import os
import socket
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import ray
from hypothesis import given
from hypothesis import strategies as st
from ray.exceptions import AuthenticationError

from layoutgen import cluster
from layoutgen.cluster import ClusterError, PoolError, fit, join
from layoutgen.config.base import Node, Pool
from tests.drawn import encoded, photo
from tests.forked import Forked
from tests.limits import PATIENCE_S
from tests.pipeline.runs import write_manifest


@contextmanager
def _server(answer: bytes | None) -> Iterator[str]:
    """A door that answers whoever knocks with some bytes, or says nothing and keeps it open."""
    held: list[socket.socket] = []

    def serve() -> None:
        while True:
            try:
                visitor, _ = door.accept()
            except OSError:
                return
            held.append(visitor)
            if answer is not None:
                visitor.recv(100)
                visitor.sendall(answer)

    with socket.socket() as door:
        door.bind(("127.0.0.1", 0))
        door.listen()
        threading.Thread(target=serve, daemon=True).start()
        yield f"127.0.0.1:{door.getsockname()[1]}"
        door.shutdown(socket.SHUT_RDWR)
    for visitor in held:
        visitor.close()


def _nowhere() -> str:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"127.0.0.1:{probe.getsockname()[1]}"


@pytest.fixture
def no_ray(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if this process had joined nothing, and must not."""

    def never(*_: Any, **__: Any) -> None:
        raise AssertionError("Ray was asked, which waits for minutes")

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", never)
    monkeypatch.delenv("RAY_ADDRESS", raising=False)


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("scheme", ["", "ray://"])
def test_a_door_that_is_closed_is_told_with_the_address_and_where_it_stands(
    scheme: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = _nowhere()
    with pytest.raises(ClusterError, match=f"^no Ray cluster at {where}; correct run.ray_address or RAY_ADDRESS"):
        join(f"{scheme}{where}")
    monkeypatch.setenv("RAY_ADDRESS", f"{scheme}{where}")
    with pytest.raises(ClusterError, match=f"^no Ray cluster at {where}; correct RAY_ADDRESS"):
        join("", "")


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize("answer", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.6\r\n", None])
def test_a_door_behind_which_is_no_ray_is_told_too(answer: bytes | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_PATIENCE_S", 0.5)
    with _server(answer) as where, pytest.raises(ClusterError, match=f"^no Ray cluster at {where}; "):
        join(where)


@pytest.mark.usefixtures("no_ray")
@pytest.mark.parametrize(
    ("address", "message"),
    [
        ("http://10.0.0.1:8265", "dashboard's address"),
        ("ray-head", "lacks a port"),
        ("ray head:6379:1", "no address of a Ray cluster"),
        ("127.0.0.1:99999", "no address of a Ray cluster"),
    ],
)
def test_an_address_of_another_form_is_named(address: str, message: str) -> None:
    with pytest.raises(ClusterError, match=message) as told:
        join(address)
    assert address in str(told.value)
    assert "correct run.ray_address or RAY_ADDRESS" in str(told.value)


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            ConnectionError("Failed to connect to Ray cluster"),
            "token is missing or another's; set RAY",
        ),
        (AuthenticationError("Token authentication is enabled"), "token is missing or another's; set RAY"),
        (
            RuntimeError(
                "Version mismatch: The cluster was started with:\n    Ray: 2.60.0\n    Python: 3.11.7\n"
                "This process on node 10.0.0.2 was started with:\n    Ray: 2.59.0\n    Python: 3.12.1\n"
            ),
            "runs Ray 2.60.0 on Python 3.11.7 and this job Ray 2.59.0 on Python 3.12.1; install here",
        ),
    ],
)
def test_a_cluster_that_refuses_says_why_in_a_sentence(
    error: Exception, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(**_: Any) -> None:
        raise error

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    with _server(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))) as where, pytest.raises(ClusterError) as told:
        join(where)
    assert f"the Ray cluster at {where} " in str(told.value)
    assert message in str(told.value)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize(("chosen", "seen"), [(None, "0"), ("1", "1")])
def test_ray_reports_its_use_only_where_somebody_chose_so(
    chosen: str | None, seen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at_start: list[str | None] = []

    def refuse(**_: Any) -> None:
        at_start.append(os.environ.get("RAY_USAGE_STATS_ENABLED"))
        raise ConnectionError

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "init", refuse)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "")
    if chosen is None:
        monkeypatch.delenv("RAY_USAGE_STATS_ENABLED")
    else:
        monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", chosen)
    with _server(bytes((0, 0, 0, 4, 0, 0, 0, 0, 0))) as where, pytest.raises(ClusterError):
        join(where)
    assert at_start == [seen]


def test_what_ray_says_of_itself_and_its_end_reaches_nobody_and_what_the_job_says_does(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def shutdown() -> None:
        os.write(2, b"[W 1 1] core_worker.cc: disconnected")
        print("(raylet) a worker was killed", file=sys.stderr)

    monkeypatch.setattr(ray, "is_initialized", lambda: False)
    monkeypatch.setattr(ray, "shutdown", shutdown)
    with open(2, "w", buffering=1, closefd=False) as console:
        monkeypatch.setattr(sys, "stderr", console)
        with cluster.own_output():
            print("before", file=sys.stderr)
            os.write(2, b"[E 1 1] core_worker.cc: an actor has constructor arguments")
            print("a worker died")
        os.write(2, b"after")
        monkeypatch.undo()
    assert capfd.readouterr().err == "before\na worker died\nafter"


PODS = (Node(cpus=14, memory_gb=48, most=8), Node(cpus=12, gpus=1, memory_gb=48, most=4))


@pytest.mark.parametrize(
    ("pools", "message"),
    [
        ({"compose": Pool(num_cpus=16)}, "1 compose actors of 16 CPU each and the cluster's nodes hold 0"),
        ({"compose": Pool(num_gpus=2)}, "1 compose actors of 1 CPU, 2 GPU each and the cluster's nodes hold 0"),
        ({"compose": Pool(size=5, num_gpus=1)}, "5 compose actors of 1 CPU, 1 GPU each and the cluster's nodes hold 4"),
        ({"compose": Pool(size=5, num_gpus=0.6)}, "nodes hold 4"),
        ({"compose": Pool(min=5, max=9, num_gpus=1)}, "5 compose actors of 1 CPU, 1 GPU each and the cluster's"),
        ({"compose": Pool(min=0, max=9, num_gpus=2)}, "1 compose actors of 1 CPU, 2 GPU each and the cluster's nodes"),
        ({n: Pool(min=0, max=9, num_gpus=1) for n in "abcde"}, "the pools ask for 5 GPU (a 0 to 9, b 0 to 9, c 0 to 9"),
        ({"a": Pool(min=80, max=90), "b": Pool(size=81)}, "the pools ask for 161 CPU (a 80 to 90, b 81 actors)"),
        ({"images": Pool(memory_gb=64)}, "1 images actors of 1 CPU, 64 GB each and the cluster's nodes hold 0"),
        ({"a": Pool(size=80), "b": Pool(size=81)}, "the pools ask for 161 CPU (a 80, b 81 actors) and the cluster has"),
        ({"a": Pool(size=4, num_gpus=0.5), "b": Pool(size=3, num_gpus=1)}, "5 GPU (a 4, b 3 actors)"),
        (
            {n: Pool(size=100, num_cpus=0.1, memory_gb=3.9) for n in "ab"},
            "the pools ask for 780 GB of memory (a 100, b 100",
        ),
        (
            {"a": Pool(size=150, num_cpus=0.1, memory_gb=4)},
            "150 a actors of 0.1 CPU, 4 GB each and the cluster's nodes hold 144",
        ),
    ],
)
def test_pools_that_no_node_or_not_all_nodes_hold_are_refused(pools: dict[str, Pool], message: str) -> None:
    with pytest.raises(PoolError) as told:
        fit([*pools.items()], autoscaling=True, nodes=PODS)
    assert message in str(told.value)


def test_pools_that_fit_are_let_through() -> None:
    pools = {"a": Pool(size=8, num_gpus=0.5, num_cpus=6), "b": Pool(size=112), "c": Pool(num_cpus=0)}
    fit([*pools.items()], autoscaling=True, nodes=PODS)
    fit([("a", Pool(size=1000))], autoscaling=True)
    fit([("a", Pool(max=1000)), ("b", Pool(min=4, max=64, num_gpus=1))], autoscaling=True, nodes=PODS)


def test_a_machine_alone_that_holds_each_pool_and_not_all_shares_its_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_nodes", lambda: [Node(cpus=2, memory_gb=8)])
    asked = {"load": 0.05, "images": 0.2, "annotate": 1.0, "compose": 1.0, "place": 0.2, "write": 0.1, "prepare": 1.0}
    pools = [(part, Pool(num_cpus=cpus)) for part, cpus in asked.items()]
    share = fit(pools, alone=True)
    assert 1.9 < share * sum(pool.size * pool.num_cpus for _, pool in pools) < 2
    assert fit(pools[:3], alone=True) == 1
    with pytest.raises(PoolError, match="the pools ask for 3"):
        fit(pools)
    with pytest.raises(PoolError, match="3 compose actors of 1 CPU each and the cluster's nodes hold 2"):
        fit([("compose", Pool(size=3))], alone=True)
    with pytest.raises(PoolError, match="the pools ask for 12 GB of memory"):
        fit([(name, Pool(memory_gb=6)) for name in "ab"], alone=True)


@given(
    st.lists(st.tuples(st.integers(1, 6), st.integers(0, 8), st.sampled_from([0, 0.25, 0.5, 1, 2])), max_size=4),
    st.lists(st.tuples(st.integers(0, 16), st.integers(0, 4)), min_size=1, max_size=4),
)
def test_pools_that_find_their_places_one_after_the_other_are_never_refused(
    asked: list[tuple[int, int, float]], there: list[tuple[int, int]]
) -> None:
    pools = [(f"p{k}", Pool(size=size, num_cpus=c, num_gpus=g)) for k, (size, c, g) in enumerate(asked)]
    free = [[float(cpus), [1.0] * gpus] for cpus, gpus in there]
    if all(_placed(free, pool) for _, pool in pools for _ in range(pool.size)):
        fit(pools, autoscaling=True, nodes=[Node(cpus=cpus, gpus=gpus) for cpus, gpus in there])


def _placed(free: list[Any], pool: Pool) -> bool:
    """Give an actor its CPUs and parts of one GPU, or whole ones, on the first node that has them."""
    for node in free:
        cpus, gpus = node
        each = min(pool.num_gpus, 1.0)
        chosen = [i for i, left in enumerate(gpus) if left >= each > 0][: max(1, int(pool.num_gpus))]
        if cpus < pool.num_cpus or (each and len(chosen) < max(1, int(pool.num_gpus))):
            continue
        node[0] -= pool.num_cpus
        for i in chosen:
            gpus[i] -= each
        return True
    return False


@pytest.mark.parametrize("name", ["TMPDIR", "RAY_TMPDIR"])
def test_a_temporary_folder_too_long_for_sockets_is_told_before_ray_starts(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("RAY_TMPDIR", raising=False)
    monkeypatch.setenv(name, "/" + "x" * (cluster.MOST_FOLDER_BYTES - 1))
    cluster._check_temporary_folder()
    monkeypatch.setenv(name, "/" + "x" * cluster.MOST_FOLDER_BYTES)
    with pytest.raises(cluster.ClusterError, match=rf"{name} = .* set RAY_TMPDIR to a folder of 39 bytes at most"):
        cluster._check_temporary_folder()


@pytest.mark.slow
def test_every_job_tells_that_its_cluster_is_not_there_before_it_does_anything(tmp_path: Path) -> None:
    from tests.pipeline.retraining import base_of, data_of, settings, settings_file

    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    manifest = write_manifest(tmp_path, [{"product_id": "v", "image": "vase.jpg", "title": "Vase"}])
    covers = write_manifest(tmp_path, [{"product_id": "v", "cover": "vase.jpg", "title": "Vase"}], "covers.jsonl")
    layout = '{"image": "vase.jpg", "width": 600, "height": 800, "elements": []}\n'
    (tmp_path / "layouts.jsonl").write_text(layout, encoding="utf-8")
    base, data = base_of(tmp_path / "base"), data_of(tmp_path / "data", train=4, held=4)
    training = settings_file(tmp_path / "retrain.toml", settings(base, data))
    where, out = _nowhere(), tmp_path / "out"
    commands: dict[str, list[str]] = {
        "layouts": ["--input", manifest, "--output", str(out / "layouts")],
        "annotate": ["--input", manifest, "--output", str(out / "annotate")],
        "covers": ["--input", covers, "--output", str(out / "covers")],
        "evaluate": ["--layouts", str(tmp_path / "layouts.jsonl"), "--output", str(out / "evaluate")],
        "gallery": ["--layouts", str(tmp_path / "layouts.jsonl"), "--output", str(out / "gallery")],
        "retrain": ["--data", str(data), "--output", str(out / "retrain"), "--registry", str(out / "registry")],
    }
    commands["retrain"] += ["--config", str(training)]

    def run(job: str) -> tuple[str, int | None, str]:
        log, environment = tmp_path / f"{job}.log", {**os.environ, "RAY_ADDRESS": where}
        imports = ["layoutgen.pipelines", "layoutgen.evaluation.layouts", "layoutgen.training.retraining"]
        done = Forked(f"jobs.{job}", commands[job], environment, tmp_path / f"{job}.out", log, imports)
        done.communicate(timeout=PATIENCE_S)
        return job, done.returncode, log.read_text().strip().splitlines()[-1]

    for job, code, told in map(run, commands):
        assert code == 2, (job, told)
        assert told.startswith(f"python -m jobs.{job}: no Ray cluster at {where}; correct "), told
    assert not [path for path in out.rglob("*") if path.is_file()]
