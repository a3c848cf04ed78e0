"""Weights come to a machine once and whole, and are known by their content."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import huggingface_hub
import numpy as np
import pytest
from safetensors.numpy import save_file

from layoutgen.demo.s3 import LocalS3
from layoutgen.io.storage import Storage
from layoutgen.models import weights
from layoutgen.models.weights import (
    SENTINEL,
    fetch_config,
    fetch_tree,
    fetch_weights,
    pinned,
    revision,
    tree_identity,
    weights_sha,
)
from tests.limits import PATIENCE_S


def checkpoint(folder: Path, value: float = 1.0) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for shard in (1, 2):
        save_file({f"w{shard}": np.full((64, 64), value, np.float32)}, folder / f"model-{shard}.safetensors")
    index = {"weight_map": {"w1": "model-1.safetensors", "w2": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    (folder / "config.json").write_text('{"model_type": "qwen2_vl"}')
    (folder / "merges.txt").write_text("a b\n")
    (folder / "modeling.py").write_text("raise SystemExit('remote code')")
    (folder / "pytorch_model.bin").write_bytes(b"pickle")
    return folder


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalS3]:
    folder = tmp_path_factory.mktemp("s3")
    checkpoint(folder / "models" / "qwen" / "v1")
    checkpoint(folder / "models" / "qwen" / "v1" / "original")
    checkpoint(folder / "models" / "qwen" / "v10")
    with LocalS3(folder) as running:
        yield running


@pytest.fixture
def storage(server: LocalS3, monkeypatch: pytest.MonkeyPatch) -> Storage:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", server.access_key)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", server.secret_key)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    return Storage(server.endpoint_url)


FETCH = """
import sys
from pathlib import Path
from layoutgen.io.storage import Storage
from layoutgen.models import weights

copied, copy = [], weights._copy
def count(storage, uri, path, size):
    copied.append(path.name)
    copy(storage, uri, path, size)
weights._copy = count
print(weights.fetch_weights("s3://models/qwen/v1", Path(sys.argv[2]), Storage(sys.argv[1])), *copied)
"""


def test_two_processes_download_a_prefix_once(storage: Storage, tmp_path: Path) -> None:
    command = [sys.executable, "-c", FETCH, storage.endpoint_url, str(tmp_path)]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=dict(os.environ)) for _ in range(2)]
    (first, *copied), (second, *copied_too) = (process.communicate(timeout=PATIENCE_S)[0].split() for process in both)
    assert first == second
    assert sorted(copied + copied_too) == sorted(
        ["config.json", "merges.txt", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"]
    )
    assert sorted(path.name for path in Path(first).iterdir()) == sorted([SENTINEL, *copied, *copied_too])


def test_an_interrupted_download_goes_on_where_it_stopped(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[str] = []
    copy = weights._copy

    def interrupted(source: Storage, uri: str, path: Path, size: int) -> None:
        if path.name == "model-2.safetensors" and not copied.count(path.name):
            copied.append(path.name)
            path.with_name(f"{path.name}.part").write_bytes(b"half")
            raise ConnectionError("the line went dead")
        copied.append(path.name)
        copy(source, uri, path, size)

    monkeypatch.setattr(weights, "_copy", interrupted)
    with pytest.raises(ConnectionError):
        fetch_weights("s3://models/qwen/v1", tmp_path, storage)
    assert not list(tmp_path.glob(f"*/{SENTINEL}"))
    folder = fetch_weights("s3://models/qwen/v1", tmp_path, storage)
    assert sorted({*copied}) == sorted(set(json.loads((folder / SENTINEL).read_text())["files"]))
    assert len(copied) == 6, "only the broken file is fetched a second time"
    assert not list(folder.glob("*.part"))
    fetch_weights("s3://models/qwen/v1/", tmp_path, storage)
    assert len(copied) == 6, "a whole copy is not fetched again"


def test_a_file_lost_from_the_cache_is_fetched_again(storage: Storage, tmp_path: Path) -> None:
    folder = fetch_weights("s3://models/qwen/v1", tmp_path, storage)
    before = weights_sha(folder)
    (folder / "model-1.safetensors").unlink()
    assert fetch_weights("s3://models/qwen/v1", tmp_path, storage) == folder
    assert weights_sha(folder) == before


def test_prefixes_of_one_name_do_not_share_a_folder(storage: Storage, tmp_path: Path) -> None:
    places = {fetch_weights(f"s3://models/qwen/{name}", tmp_path, storage) for name in ("v1", "v10", "v1/original")}
    assert len(places) == 3


def test_an_empty_prefix_is_an_error(storage: Storage, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="'s3://models/qwen/v2' hold no checkpoint files"):
        fetch_weights("s3://models/qwen/v2", tmp_path, storage)


def test_a_folder_stays_as_it_is(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path / "mine")
    before = sorted(folder.iterdir())
    assert fetch_weights(str(folder), tmp_path / "cache") == folder
    assert sorted(folder.iterdir()) == before
    assert not (tmp_path / "cache").exists()


def test_a_hub_id_is_fetched_at_its_revision_without_code_or_pickles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: dict[str, object] = {}

    def snapshot_download(repo: str, **options: object) -> str:
        asked.update(options, repo=repo)
        return str(checkpoint(tmp_path / "snapshot"))

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    assert fetch_weights("Qwen/Qwen2.5-VL-7B-Instruct@refs/pr/3", tmp_path) == tmp_path / "snapshot"
    assert (asked["repo"], asked["revision"]) == ("Qwen/Qwen2.5-VL-7B-Instruct", "refs/pr/3")
    assert not {"*.py", "*.bin", "*"} & set(asked["allow_patterns"])  # type: ignore[call-overload]


def test_machines_that_only_prepare_pictures_fetch_no_weights(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = fetch_config("s3://models/qwen/v1", tmp_path / "cache", storage)
    assert [path.name for path in folder.iterdir()] == ["config.json"]
    assert fetch_config("s3://models/qwen/v1/", tmp_path / "cache", storage) == folder
    with pytest.raises(FileNotFoundError, match=r"hold no config\.json; mend the prefix"):
        fetch_config("s3://models/qwen/v2", tmp_path / "cache", storage)
    here = checkpoint(tmp_path / "here")
    assert fetch_config(str(here), tmp_path / "cache") == here
    asked: dict[str, object] = {}

    def snapshot_download(repo: str, **options: object) -> str:
        asked.update(options)
        return str(here)

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot_download)
    fetch_config("Qwen/Qwen2.5-VL-7B-Instruct", tmp_path)
    assert asked["allow_patterns"] == ["config.json", "preprocessor_config.json", "processor_config.json"]


def test_the_commit_of_hub_weights_is_told(tmp_path: Path) -> None:
    assert revision(tmp_path / "snapshots" / "abc123") == "abc123"
    assert revision(tmp_path / "abc123") == ""


@pytest.mark.parametrize("uri", ["Qwen/No-Such-Model", "/no/such/folder", "weights", "gs://bucket/qwen"])
def test_weights_that_are_nowhere_are_an_error_that_says_what_to_give(
    uri: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(FileNotFoundError, match=r"folder.* s3://"):
        fetch_weights(uri, tmp_path)


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    (tmp_path / "pytorch_model.bin").write_bytes(b"pickle")
    with pytest.raises(ValueError, match=r"only pickled weights \(pytorch_model.bin\).*convert them to safetensors"):
        fetch_weights(str(tmp_path), tmp_path)


def test_a_folder_without_weights_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no \.safetensors file"):
        fetch_weights(str(tmp_path), tmp_path)


@pytest.mark.parametrize("left", [0, 5, 60, 9000, -1])
def test_truncated_safetensors_are_refused_by_name(left: int, tmp_path: Path) -> None:
    path = checkpoint(tmp_path) / "model-2.safetensors"
    path.write_bytes(path.read_bytes()[:left])
    with pytest.raises(ValueError, match=r"model-2\.safetensors .*fetch it again"):
        fetch_weights(str(tmp_path), tmp_path)


def test_a_missing_shard_is_refused_by_name(tmp_path: Path) -> None:
    (checkpoint(tmp_path) / "model-1.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"lacks model-1\.safetensors, named in model\.safetensors\.index"):
        fetch_weights(str(tmp_path), tmp_path)


def test_the_sha_is_of_the_content_and_is_hashed_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    one, same, other = checkpoint(tmp_path / "a"), checkpoint(tmp_path / "b"), checkpoint(tmp_path / "c", 2.0)
    sha = weights_sha(one)
    assert sha == weights_sha(same) != weights_sha(other)
    (one / "config.json").write_text('{"model_type": "qwen3_vl"}')
    assert weights_sha(one) != sha
    monkeypatch.setattr(weights, "_file_sha", lambda path: pytest.fail(f"hashed {path} again"))
    assert weights_sha(same) == sha


def publish(storage: Storage, prefix: str, value: float, tmp_path: Path) -> Path:
    folder = checkpoint(tmp_path / f"made-{value}", value)
    for file in folder.iterdir():
        storage.write(f"{prefix}/{file.name}", file.read_bytes())
    return folder


def test_a_prefix_is_looked_at_once_a_run_and_then_is_the_same_on_every_node(storage: Storage, tmp_path: Path) -> None:
    prefix = "s3://models/adapters/current"
    monday = weights_sha(publish(storage, prefix, 1.0, tmp_path))
    run = pinned(prefix, tmp_path / "driver", storage)
    assert run.startswith(f"{prefix}@")
    assert pinned(run, tmp_path / "driver", storage) == run
    assert weights_sha(fetch_weights(run, tmp_path / "standing", storage)) == monday
    tuesday = weights_sha(publish(storage, prefix, 2.0, tmp_path))  # the same names and sizes
    assert monday != tuesday
    # The run under way keeps what it has, and says so where it can't get it any more.
    assert weights_sha(fetch_weights(run, tmp_path / "standing", storage)) == monday
    for fetch in (fetch_weights, fetch_config):
        with pytest.raises(ValueError, match=rf"{prefix} were changed: this run uses .*{run[-16:]}, now there is @"):
            fetch(run, tmp_path / "new", storage)
    # The next one has the new weights wherever it runs, also where the old ones are kept.
    later = pinned(prefix, tmp_path / "driver", storage)
    assert later != run
    for node in ("standing", "new"):
        assert weights_sha(fetch_weights(later, tmp_path / node, storage)) == tuesday
        assert weights_sha(fetch_weights(prefix, tmp_path / node, storage)) == tuesday


def test_the_same_content_elsewhere_or_with_another_card_has_the_same_pin(storage: Storage, tmp_path: Path) -> None:
    pins = set()
    for prefix in ("s3://models/pins/one", "s3://models/pins/two"):
        publish(storage, prefix, 3.0, tmp_path)
        pins.add(pinned(prefix, tmp_path, storage).partition("@")[2])
    storage.write("s3://models/pins/one/card.json", b'{"worth": 1}')
    pins.add(pinned("s3://models/pins/one", tmp_path, storage).partition("@")[2])
    assert len(pins) == 1
    storage.write("s3://models/pins/one/tokenizer.json", b"{}")
    assert pinned("s3://models/pins/one/", tmp_path, storage).partition("@")[2] not in pins


def test_weights_that_change_while_they_are_fetched_are_no_weights(
    storage: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = "s3://models/adapters/moving"
    publish(storage, prefix, 1.0, tmp_path)
    copy, copied = weights._copy, []

    def slow(storage: Storage, uri: str, path: Path, size: int) -> None:
        copy(storage, uri, path, size)
        if not copied:
            copied.append(path)
            publish(storage, prefix, 2.0, tmp_path)

    monkeypatch.setattr(weights, "_copy", slow)
    with pytest.raises(ValueError, match="were changed"):
        fetch_weights(prefix, tmp_path / "cache", storage)
    assert not list((tmp_path / "cache").glob("moving-*/*"))
    assert weights_sha(fetch_weights(prefix, tmp_path / "cache", storage)) == weights_sha(tmp_path / "made-2.0")


def test_a_hub_name_is_pinned_to_its_commit_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    repository = tmp_path / "hub" / "models--Qwen--Qwen2-VL-2B-Instruct"
    commits = {"main": "a" * 40, "v1": "b" * 40}
    for name, commit in commits.items():
        (repository / "refs").mkdir(parents=True, exist_ok=True)
        (repository / "refs" / name).write_text(commit)
        (repository / "snapshots" / commit).mkdir(parents=True)
        (repository / "snapshots" / commit / "config.json").write_text("{}")
    uri = "Qwen/Qwen2-VL-2B-Instruct"
    assert pinned(uri, tmp_path) == f"{uri}@{'a' * 40}"
    assert pinned(f"{uri}@v1", tmp_path) == f"{uri}@{'b' * 40}"
    assert pinned(f"{uri}@{'c' * 40}", tmp_path) == f"{uri}@{'c' * 40}"  # asked of nobody
    with pytest.raises(FileNotFoundError, match=r"'Qwen/Other' are neither .*name a commit"):
        pinned("Qwen/Other", tmp_path)


@pytest.mark.parametrize("uri", ["", "embedded", "embedded/radm"])
def test_what_does_not_change_stays_as_it_is_named(uri: str, tmp_path: Path) -> None:
    assert pinned(uri, tmp_path) == uri
    assert pinned(str(tmp_path), tmp_path) == str(tmp_path)


def test_a_checkpoint_in_folders_is_fetched_whole_and_pinned_by_all_its_parts(
    storage: Storage, tmp_path: Path, server: LocalS3
) -> None:
    prefix, local = "s3://models/trees/sd", tmp_path / "made"
    for part in ("unet", "vae"):
        checkpoint(local / part)
    (local / "model_index.json").write_text('{"_class_name": "StableDiffusionPipeline"}')
    for file in local.rglob("*"):
        if file.is_file():
            storage.write(f"{prefix}/{file.relative_to(local).as_posix()}", file.read_bytes())
    run = pinned(prefix, tmp_path, storage, tree=True)
    folder = fetch_tree(run, tmp_path / "cache", storage)
    fetched = sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())
    names = ["config.json", "merges.txt", "model-1.safetensors", "model-2.safetensors", "model.safetensors.index.json"]
    parts = [f"{part}/{name}" for part in ("unet", "vae") for name in names]
    assert fetched == sorted([SENTINEL, "model_index.json", *parts])
    assert weights_sha(folder, tree=True) == weights_sha(local, tree=True)
    assert tree_identity(run) == run.partition("@")[2]
    assert tree_identity(str(local)) == tree_identity(str(folder))
    # A part that changes is another checkpoint, to the pin, the identity and the sha alike.
    before = tree_identity(str(local)), weights_sha(local, tree=True)
    checkpoint(local / "vae", 2.0)
    assert before[0] != tree_identity(str(local))
    assert before[1] != weights_sha(local, tree=True)
    storage.write(f"{prefix}/vae/model-1.safetensors", (local / "vae" / "model-1.safetensors").read_bytes())
    assert pinned(prefix, tmp_path, storage, tree=True) != run
    with pytest.raises(ValueError, match="were changed"):
        fetch_tree(run, tmp_path / "new", storage)
