"""Brings a model's weights to this machine, once, and says which weights they are.

A checkpoint is a folder of safetensors, JSON and tokenizer files. It never holds code or pickles: a folder whose only
weights are `.bin` is refused, and nothing here or in the models trusts remote code.

What an `s3://` prefix or a hub's name holds may change from day to day; `pinned` names what it holds now, and what is
pinned is the same on every machine or an error.
"""

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from fnmatch import fnmatch
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from layoutgen.core.errors import AbsentError
from layoutgen.io.digests import file_digest
from layoutgen.models.headers import INDEX, Header, check_files, check_index, read_header, read_stream
from layoutgen.models.prefixes import BESIDE_WEIGHTS, PATTERNS, look, split_pin

if TYPE_CHECKING:
    from layoutgen.io.storage import Storage

CONFIG_FILES = ("config.json", "preprocessor_config.json", "processor_config.json")
"""Of these, what a model's pictures are like."""

EMBEDDED = "embedded"
"""The name of the checkpoint that comes with this package: a Qwen2.5-VL of five million weights."""

SENTINEL = "_COMPLETE"
"""Written last into a downloaded folder: its origin, and each file's size and sha256."""

_STREAMS = 4
_BLOCK_BYTES = 16 * 2**20
_SHA_CACHE = ".layoutgen_sha.json"
_COMMIT = re.compile("[0-9a-f]{40}")
_HUB_ID = re.compile(r"(?P<repo>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<revision>[\w./-]+))?")


def fetch_weights(uri: str, cache_dir: Path, storage: "Storage | None" = None) -> Path:
    """Return the local folder of a checkpoint, after fetching it where needed.

    `uri` is `embedded` (or `embedded/` and `radm`, `layout_image` or `plans`), a folder, which stays as it is, an `s3://`
    prefix, or a hub id as `owner/name` or `owner/name@revision`; the last two may be pinned, or are looked at anew.
    `storage` reads `s3://` prefixes; left out, it is AWS's. `cache_dir` is on this machine's own disk. Any number of
    processes may ask at once: one of them downloads. Raises `AbsentError` or `ValueError` where there is no checkpoint
    or it is not whole, and what the storage raises where it cannot be reached.
    """
    if uri.startswith("s3://"):
        folder = _download(uri, cache_dir, storage or _aws())
    elif known := local(uri):
        folder = known
    elif hub_id := on_hub(uri):
        folder = _snapshot(hub_id["repo"], hub_id["revision"], cache_dir / "hub")
    elif uri.startswith(f"{EMBEDDED}/"):
        raise AbsentError(
            f"this package has no {uri!r}; train a network by jobs.retrain, and name its folder or registry:NAME"
        )
    else:
        raise AbsentError(
            f"weights {uri!r} are not a folder on this machine; give a folder, an s3:// prefix or owner/name@revision"
        )
    check_weights(folder)
    return folder


def fetch_tree(uri: str, cache_dir: Path, storage: "Storage | None" = None, hub: Sequence[str] = PATTERNS) -> Path:
    """As `fetch_weights`, of a checkpoint whose parts are folders in its folder, as diffusers writes them; `hub` are
    patterns of what is fetched of a hub repository. Whether it is whole is told by who knows its parts."""
    if uri.startswith("s3://"):
        return _download(uri, cache_dir, storage or _aws(), tree=True)
    if folder := local(uri):
        return folder
    if hub_id := on_hub(uri):
        return _snapshot(hub_id["repo"], hub_id["revision"], cache_dir / "hub", hub)
    what = "is a file" if Path(uri).expanduser().is_file() else "is not a folder on this machine"
    raise AbsentError(f"weights {uri!r}: it {what}; give a folder, an s3:// prefix or owner/name@revision")


def fetch_config(uri: str, cache_dir: Path, storage: "Storage | None" = None) -> Path:
    """Return a local folder with a checkpoint's JSON files alone: all that is needed to prepare its pictures. As
    `fetch_weights` otherwise."""
    if uri.startswith("s3://"):
        return _download_config(uri, cache_dir, storage or _aws())
    if hub_id := on_hub(uri):
        return _snapshot(hub_id["repo"], hub_id["revision"], cache_dir / "hub", CONFIG_FILES)
    return fetch_weights(uri, cache_dir, storage)


def local(uri: str) -> Path | None:
    """The folder of a checkpoint that is on this machine without fetching; None for others."""
    inside, _, name = uri.partition("/")
    folder = Path(uri).expanduser()
    if inside == EMBEDDED and not folder.exists():
        folder = Path(str(files("layoutgen.models"))) / EMBEDDED / (name or "qwen_vl")
    return folder if uri and folder.is_dir() else None


def on_hub(uri: str) -> re.Match[str] | None:
    """A hub's id in its parts; None for what is on this machine, embedded or in a bucket, and for what has no such
    form."""
    elsewhere = local(uri) is None and not uri.startswith((f"{EMBEDDED}/", "s3://"))
    return _HUB_ID.fullmatch(uri) if elsewhere else None


def check_weights(folder: Path) -> None:
    """Raise where `folder` is no whole checkpoint: no safetensors, a file cut short, or a shard missing."""
    names = [path.name for path in folder.iterdir()] if folder.is_dir() else []
    for name in check_files(str(folder), names):
        read_header(folder / name)
    for name in names:
        if name.endswith(INDEX):
            check_index(str(folder), name, (folder / name).read_bytes(), names)


def tensors_of(uri: str, cache_dir: Path, storage: "Storage") -> Header:
    """The tensors of a checkpoint in a folder or below an `s3://` prefix, by its files' headers alone. Raises
    AbsentError or ValueError where it is not whole."""
    if not uri.startswith("s3://"):
        folder = fetch_weights(uri, cache_dir, storage)
        headers = [read_header(file) for file in folder.glob("*.safetensors")]
        return {name: tensor for header in headers for name, tensor in header.items()}
    sizes = look(uri, storage).sizes
    uri, _ = split_pin(uri)
    files = check_files(uri, sizes)
    for name in sizes:
        if name.endswith(INDEX):
            check_index(uri, name, storage.read(f"{uri}/{name}"), files)

    def header(name: str) -> Header:
        def look() -> Header:
            with storage.open(f"{uri}/{name}") as file:
                return read_stream(file, sizes[name], f"{uri}/{name}")

        return storage.attempt(f"{uri}/{name}", look)

    with ThreadPoolExecutor(_STREAMS) as pool:
        return {name: tensor for found in pool.map(header, files) for name, tensor in found.items()}


def weights_sha(folder: Path, *, tree: bool = False) -> str:
    """Return the identity of a checkpoint or adapter: sha256 over the names and sha256s of its weights and config, of
    a `tree` of those in its folders, too.

    File hashes are kept beside the files where the folder can be written, and are taken again when a file's size or
    time changes.
    """
    files = [*folder.glob("**/*.safetensors" if tree else "*.safetensors")]
    configs = ("config.json", "adapter_config.json", *(("*/config.json", "*/scheduler_config.json") if tree else ()))
    files += [path for pattern in configs for path in folder.glob(pattern)]
    names = [path.relative_to(folder).as_posix() for path in files]
    known = _read_json(folder / _SHA_CACHE)
    downloaded = _read_json(folder / SENTINEL).get("files", {})
    shas: dict[str, dict[str, Any]] = {}
    for name in sorted(names):
        stamp = _stamp(folder / name)
        before = [file for file in (known.get(name), downloaded.get(name)) if file and file.items() >= stamp.items()]
        shas[name] = before[0] if before else stamp | {"sha256": _file_sha(folder / name)}
    if shas != known:
        with suppress(OSError):  # a read-only folder: the next process hashes again
            _write_whole(folder / _SHA_CACHE, json.dumps(shas, indent=1).encode())
    return hashlib.sha256("".join(f"{name} {shas[name]['sha256']}\n" for name in shas).encode()).hexdigest()


def pinned(uri: str, cache_dir: Path, storage: "Storage | None" = None, *, tree: bool = False) -> str:
    """The name of what weights are at this moment, for a whole run: an `s3://` prefix with what it holds, a hub id with
    its commit; others stay as they are. `tree` as in `fetch_tree`. Raises AbsentError or ValueError where they can't be
    found."""
    if uri.startswith("s3://"):
        prefix, pin = split_pin(uri)
        if pin:
            return uri
        found = look(prefix, storage or _aws(), tree=tree)
        if not found.fetched:
            raise AbsentError(f"weights {prefix!r} hold no checkpoint files ({', '.join(PATTERNS)}); mend the prefix")
        return f"{prefix}@{found.pin}"
    hub_id = on_hub(uri)
    if hub_id is None:
        if uri and not local(uri):
            fetch_weights(uri, cache_dir)  # says why it can't be
        return uri
    if _COMMIT.fullmatch(hub_id["revision"] or ""):
        return uri
    shown = _snapshot(
        hub_id["repo"],
        hub_id["revision"],
        cache_dir / "hub",
        ("config.json", "adapter_config.json", "model_index.json"),
    )
    return f"{hub_id['repo']}@{shown.name}"


def identity(uri: str) -> str:
    """What stands for all that a model or adapter answers by, wherever it is: of a folder here the bytes of its
    weights, settings and tokenizer, of a prefix its pin, of a hub id its commit."""
    folder = local(uri)
    if folder is None:
        return split_pin(pinned(uri, Path()))[1] if uri.startswith("s3://") else uri
    beside = [path for path in folder.iterdir() if any(fnmatch(path.name, pattern) for pattern in BESIDE_WEIGHTS)]
    named = sorted((path.name, file_digest(path)) for path in beside)
    return hashlib.sha256(json.dumps([weights_sha(folder), named]).encode()).hexdigest()


def tree_identity(uri: str) -> str:
    """As `identity`, of a checkpoint whose parts are folders in its folder."""
    folder = local(uri)
    if folder is None:
        return split_pin(pinned(uri, Path(), tree=True))[1] if uri.startswith("s3://") else uri
    beside = [path for path in folder.glob("**/*") if any(fnmatch(path.name, pattern) for pattern in BESIDE_WEIGHTS)]
    named = sorted((path.relative_to(folder).as_posix(), file_digest(path)) for path in beside if path.is_file())
    return hashlib.sha256(json.dumps([weights_sha(folder, tree=True), named]).encode()).hexdigest()


def revision(folder: Path) -> str:
    """The commit of weights that came from the hub; empty for others, whose URI says what they are."""
    return folder.name if folder.parent.name == "snapshots" else ""


def _download(uri: str, cache_dir: Path, storage: "Storage", *, tree: bool = False) -> Path:
    """Fetch an S3 prefix into the cache. Files that an interrupted download finished are kept."""
    uri, pin = split_pin(pinned(uri, cache_dir, storage, tree=tree))
    folder = cache_dir / f"{uri.rsplit('/', 1)[-1]}-{pin}"
    cache_dir.mkdir(parents=True, exist_ok=True)
    with _lock(cache_dir / f"{folder.name}.lock"):
        record = _read_json(folder / SENTINEL).get("files", {})
        if record and all(_size(folder / name) == file["bytes"] for name, file in record.items()):
            return folder
        sizes = look(f"{uri}@{pin}", storage, tree=tree).fetched
        folder.mkdir(exist_ok=True)
        for rest in [folder / SENTINEL, *folder.glob("**/*.part")]:
            rest.unlink(missing_ok=True)
        _copy_all(f"{uri}@{pin}", folder, storage, sizes, tree=tree)
        if not tree:
            check_weights(folder)
        files = {name: _stamp(folder / name) | {"sha256": _file_sha(folder / name)} for name in sizes}
        _write_whole(folder / SENTINEL, json.dumps({"uri": uri, "files": files}, indent=1).encode())
    return folder


def _download_config(uri: str, cache_dir: Path, storage: "Storage") -> Path:
    found = look(uri, storage)
    uri, _ = split_pin(uri)
    sizes = {name: size for name, size in found.sizes.items() if name in CONFIG_FILES}
    if "config.json" not in sizes:
        raise AbsentError(f"weights {uri!r} hold no config.json; mend the prefix")
    folder = cache_dir / f"{uri.rsplit('/', 1)[-1]}-{found.pin}-config"
    folder.mkdir(parents=True, exist_ok=True)
    with _lock(cache_dir / f"{folder.name}.lock"):
        _copy_all(f"{uri}@{found.pin}", folder, storage, sizes)
    return folder


def _copy_all(uri: str, folder: Path, storage: "Storage", sizes: dict[str, int], *, tree: bool = False) -> None:
    """Copy a pinned prefix's files that are not there in their size. Raises ValueError, and leaves nothing, where they
    were changed meanwhile."""
    prefix, _ = split_pin(uri)
    absent = [name for name, size in sizes.items() if _size(folder / name) != size]
    with ThreadPoolExecutor(_STREAMS) as pool:
        list(pool.map(lambda name: _copy(storage, f"{prefix}/{name}", folder / name, sizes[name]), absent))
    try:
        look(uri, storage, tree=tree)
    except ValueError:
        shutil.rmtree(folder)
        raise


def _copy(storage: "Storage", uri: str, path: Path, size: int) -> None:
    """Stream an object into a file that exists only when it is whole: a shard of 5 GB need not fit the memory."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.part")
    filesystem, name = storage.filesystem(uri)
    with filesystem.open_input_stream(name) as stream, part.open("wb") as file:
        shutil.copyfileobj(stream, file, _BLOCK_BYTES)
    if part.stat().st_size != size:
        raise OSError(f"{uri} has {size} bytes, of which {part.stat().st_size} came; see whether it is being replaced")
    part.replace(path)


def _snapshot(repo: str, revision: str | None, cache_dir: Path, patterns: Sequence[str] = PATTERNS) -> Path:
    """Fetch a hub repository's checkpoint files; the hub's client keeps its own locks and resumes by itself."""
    from huggingface_hub import snapshot_download

    name = f"{repo}@{revision}" if revision else repo
    try:
        return Path(snapshot_download(repo, revision=revision, cache_dir=cache_dir, allow_patterns=list(patterns)))
    except OSError as error:
        # The client's errors (no such repository or revision, no network, gated) are OSErrors with long texts.
        reason = " ".join(str(error).split())[:200]
        raise AbsentError(
            f"weights {name!r} are neither a folder on this machine nor could they be fetched from the hub ({reason}); "
            "mend the name, log in, name a commit (owner/name@40 digits), or copy them to a folder or an s3:// prefix"
        ) from error


def _aws() -> "Storage":
    from layoutgen.io.storage import Storage  # not above: what loads a folder needs nothing of S3

    return Storage()


@contextmanager
def _lock(path: Path) -> Iterator[None]:
    """Hold an exclusive lock between processes; the kernel lets it go when its holder dies."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _write_whole(path: Path, data: bytes) -> None:
    """Write a file so that it exists only when it is whole."""
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


def _file_sha(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _stamp(path: Path) -> dict[str, Any]:
    """What tells that a file is still the one that was hashed; ctime, since a copy may keep size and mtime."""
    stat = path.stat()
    return {"bytes": stat.st_size, "mtime_ns": stat.st_mtime_ns, "ctime_ns": stat.st_ctime_ns}


def _size(path: Path) -> int | None:
    return path.stat().st_size if path.exists() else None


def _read_json(path: Path) -> dict[str, Any]:
    """The object in a JSON file; empty where the file is missing or broken."""
    try:
        content = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}
