"""Erasure on request: products taken out of every snapshot, dead letter, feed and ledger of a table, and its pictures.

    OUTPUT/_erasures/<erasure>.json   what was erased: counts, files with their sha256 before and after; no product by
                                      name, but a digest of all of them

A table with a snapshot gets a new one first, the newest without these products, as a run of its own, whose change feed
has the op `erase` for each of their rows: readers go on with it. Then their rows go in all other files, then manifests
are made to say what their files are, then the pictures go that no row names any more. A file without these products
stays byte for byte. The record is written before the first file is changed: an erasure that was cut off is gone on with
by the same command.
"""

import io
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.errors import Refusal
from layoutgen.core.manifest.keys import product_key
from layoutgen.core.manifest.plan import shard_of
from layoutgen.io.catalogues.published import commit_of
from layoutgen.io.crash import crash_point
from layoutgen.io.storage import Storage
from layoutgen.io.tables import changes, published_runs, run_files
from layoutgen.io.tables.erased_products import Products, rest_of_rows
from layoutgen.io.tables.lease import Lease
from layoutgen.io.tables.ledger import table_kind
from layoutgen.io.tables.published_runs import CHANGES_FOLDER
from layoutgen.runs import picture_retention, shadows
from layoutgen.runs.erasure_traces import AT_ONCE, Traces, rest_of_text, traces_of

FOLDER = "_erasures"
_KINDS = {"snapshots": "rows", "dead_letters": "dead_letters", "partitioned": "parted_rows", "_runs": "planned_rows"}


def products_of(words: Iterable[str], where: str) -> Products:
    """The products that are named in words, one each; blank ones are passed over. `where` is named in messages. Raises
    Refusal where there is none, or a word is no key."""
    keys = set()
    for place, word in enumerate(words, 1):
        key = product_key(word)
        if key and not key.isprintable():
            raise Refusal(f"{where}, line {place}: {key[:60]!r} is no product's key; write one a line, as plain text")
        keys.add(key)
    if not (named := frozenset(key for key in keys if key)):
        raise Refusal(f"{where} names no product; give the keys of those to erase, one a line")
    return Products(named)


def products_in(storage: Storage, uri: str) -> Products:
    """The products that a file names, a key a line. Raises Refusal, StorageError."""
    try:
        text = storage.read(uri).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise Refusal(f"{uri} is no text in UTF-8 (byte {error.start}); write a product's key a line") from None
    return products_of(text.splitlines(), uri)


def erase(storage: Storage, root: str, products: Products, *, lease_seconds: float = 60.0) -> dict[str, Any]:
    """Erase products from a table and its shadows; return what was done, with `erasure` None where a table knows none
    of them, and the keys that no table knows as `unknown`. Run again after it was cut off, it goes on. Raises Refusal
    where `root` is no table, LeaseError where a run holds one of the tables, StorageError where a file can't be read
    or written; until then it has done what its record says."""
    root = root.rstrip("/")
    tables = [root, *(shadows.root_of(root, name) for name in shadows.names(storage, root))]
    for table in tables:
        table_kind(storage, table)
    outcomes = {table: _erased(storage, table, products, lease_seconds) for table in tables}
    known = {key for done in outcomes.values() for key in done.pop("known")}
    first = outcomes.pop(root)
    return {**first, "unknown": sorted(products.keys - known), **({"shadows": outcomes} if outcomes else {})}


def named(keys: Iterable[str]) -> str:
    """Some keys as messages have them."""
    first = sorted(keys)
    more = f" and {len(first) - 10} more" if len(first) > 10 else ""
    return ", ".join(repr(key[:80]) for key in first[:10]) + more


def _erased(storage: Storage, root: str, products: Products, lease_seconds: float) -> dict[str, Any]:
    """Erase products from one table."""
    with Lease(storage, root, lease_seconds, storage.conditional(root)) as lease:
        current = lease.current.run_id
        published_runs.mark_published(storage, root, current)
        begun = _begun(storage, root, products)
        traces = traces_of(storage, root, products)
        if not begun and not traces.files and not traces.records:
            return {"erasure": None, "known": set()}
        record = _recorded(root, current, products, traces, begun)
        uri = f"{root}/{FOLDER}/{record['erasure']}.json"
        storage.write(uri, _text(record))
        crash_point("erasure_recorded")
        if current not in (None, record["run_id"]):
            _publish(storage, root, lease, products, traces, record)
        _rewrite(storage, traces, products, lease)
        _mend_manifests(storage, root, record)
        going = _pictures(storage, root)
        record["pictures"] = sorted({*record["pictures"], *(name.removeprefix(f"{root}/") for name in going)})
        storage.write(uri, _text(record))
        lease.confirm()
        crash_point("pictures_found")
        picture_retention.remove(storage, going)
        crash_point("pictures_erased")
        record |= {"state": "done", "finished_at": datetime.now(UTC).isoformat()}
        storage.write(uri, _text(record))
    known = {product for _, product in traces.rows} & products.keys
    if begun or not traces.rows:  # which were found before it was cut off, or have records alone, is not told apart
        known = {*products.keys}
    return {
        "erasure": uri,
        "run_id": current and record["run_id"],
        "counts": record["counts"] | {"records": sum(record["records"].values()), "pictures": len(record["pictures"])},
        "files": len(record["files"]) + len(record["records"]),
        "known": known,
    }


def _text(record: dict[str, Any]) -> bytes:
    return json.dumps(record, indent=1).encode()


def _begun(storage: Storage, root: str, products: Products) -> dict[str, Any] | None:
    """The record of an erasure of the same products that was cut off."""
    for uri in storage.list(f"{root}/{FOLDER}"):
        record: dict[str, Any] = json.loads(storage.read(uri))
        if record["products"] == products.digest and record["state"] == "begun":
            return record
    return None


def _recorded(
    root: str, current: str | None, products: Products, traces: Traces, begun: dict[str, Any] | None
) -> dict[str, Any]:
    """The record of an erasure: what is found now, beside what was found before it was cut off."""
    now = datetime.now(UTC)
    run_id = f"{now:%Y%m%dT%H%M%S%fZ}-erase"
    record = begun or {
        "erasure": run_id,
        "run_id": run_id,
        "previous": current,
        "state": "begun",
        "begun_at": now.isoformat(),
        "products": products.digest,
        "product_count": len(products.keys),
        "counts": {},
        "records": {},
        "pictures": [],
        "files": {},
    }
    if current not in (record["previous"], record["run_id"]):  # a night was published since
        record = {**record, "run_id": run_id, "previous": current}
    files = dict(record["files"])
    for uri, file in traces.files.items():
        name = uri.removeprefix(f"{root}/")
        known = files.get(name, {"before": file.before, "erased": 0})
        done = known["erased"] if known["before"] != file.before else 0
        about = {"after": file.after, "rows": file.rest.rows, "bytes": file.bytes}
        files[name] = known | about | {"erased": done + len(file.rest.gone)}
    records = record["records"] | {uri.removeprefix(f"{root}/"): count for uri, count in traces.records.items()}
    return {**record, "files": files, "records": records, "counts": _counts(files)}


def _counts(files: dict[str, dict[str, Any]]) -> dict[str, int]:
    counts: Counter[str] = Counter()
    for name, file in files.items():
        kind = "changes" if f"/{CHANGES_FOLDER}/" in name else _KINDS[name.partition("/")[0]]
        counts[kind] += file["erased"]
    return dict(sorted(counts.items()))


def _publish(
    storage: Storage, root: str, lease: Lease, products: Products, traces: Traces, record: dict[str, Any]
) -> None:
    """Publish the newest snapshot without the products, as a run of its own."""
    previous, run_id = record["previous"], record["run_id"]
    before = published_runs.manifest(storage, root, previous)
    lease.name(run_id)
    folders = {"files": "snapshots", "dead_letters": "dead_letters"}
    written: dict[str, list[dict[str, Any]]] = {}
    for kind, part in folders.items():

        def copy(file: dict[str, Any], part: str = part) -> dict[str, Any] | None:
            source = f"{root}/{part}/{previous}/{file['name']}"
            data: bytes | None = storage.read(source)
            if data and source in traces.files:
                data = rest_of_rows(data, products).data
            if data is None:
                return None
            return vars(run_files.write(storage, f"{root}/{part}/{run_id}/{file['name']}", data, ["row_id"])[0])

        with ThreadPoolExecutor(AT_ONCE) as pool:
            written[kind] = [file for file in pool.map(copy, before.get(kind, ())) if file]
    feed, ops = _feed(storage, root, products, before, traces, record)
    rows, dead = (sum(file["rows"] for file in written[kind]) for kind in folders)
    changed = {**dict.fromkeys(changes.OPS, 0), **ops, "unchanged": rows - ops.get("update", 0)}
    summary = published_runs.of_carried(
        run_id, rows, before.get("shard_count"), dead_letters_kept=dead, erased_from=previous, changes=changed
    )
    now = datetime.now(UTC).isoformat()
    about = {"run_id": run_id, "created_at": now, "finished_at": now, "previous": previous, "summary": summary}
    content = {**before, **about, **written, "changes": feed}
    content.pop("published_knowingly", None)
    text = json.dumps(content, ensure_ascii=False, indent=1).encode()
    storage.write(f"{root}/snapshots/{run_id}/_manifest.json", text)
    published_runs.swap(storage, root, lease, run_id)


def _feed(
    storage: Storage, root: str, products: Products, before: dict[str, Any], traces: Traces, record: dict[str, Any]
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """Write the change feed of an erasure: its rows, and those that named one of them; return its files and ops."""
    shards = int(before.get("shard_count") or 1)
    entries: dict[int, list[dict[str, Any]]] = {}
    for row_id, product_id in sorted(traces.in_snapshots):
        gone = {"row_id": row_id, "product_id": product_id, "op": changes.ERASE, "stages": []}
        entries.setdefault(shard_of(product_id, shards), []).append(gone)
    for file in before["files"]:
        uri = f"{root}/snapshots/{record['previous']}/{file['name']}"
        if uri in traces.files and traces.files[uri].rest.changed:
            data = storage.read(uri)
            old, new = (pq.read_table(io.BytesIO(of)) for of in (data, rest_of_rows(data, products).data or b""))
            for entry in changes.between(old, new)[0].to_pylist():
                if entry["op"] == "update":
                    entries.setdefault(shard_of(entry["product_id"], shards), []).append(entry)
    feed, ops = [], Counter[str]()
    for shard, of_shard in sorted(entries.items()):
        table = pa.Table.from_pylist(sorted(of_shard, key=lambda entry: entry["row_id"]), changes.CHANGES)
        uri = f"{root}/snapshots/{record['run_id']}/{CHANGES_FOLDER}/changes-{shard:05d}.parquet"
        feed.append(vars(run_files.write(storage, uri, run_files.parquet(table, "zstd"), ["op"])[0]))
        ops.update(entry["op"] for entry in of_shard)
    return feed, dict(ops)


def _rewrite(storage: Storage, traces: Traces, products: Products, lease: Lease) -> None:
    """Write what is left of each file."""
    for uri in traces.files:
        lease.confirm()
        _put(storage, uri, rest_of_rows(storage.read(uri), products).data)
        crash_point("file_erased")
    for uri in traces.records:
        lease.confirm()
        _put(storage, uri, rest_of_text(uri, storage.read(uri), products)[0])
        crash_point("record_erased")
    for uri in traces.notes:
        storage.delete(uri)


def _put(storage: Storage, uri: str, data: bytes | None) -> None:
    if data is None:
        storage.delete(uri)
    else:
        storage.write(uri, data)


def _pictures(storage: Storage, root: str) -> list[str]:
    """The pictures that no row names any more. Those that a run was at when it was cut off are among them: the lease is
    ours, and nobody else draws."""
    files = dict.fromkeys(published_runs.row_files(storage, f"{root}/snapshots"), "")
    now = datetime.now(UTC) + timedelta(days=1)  # whatever the store's clock says
    unneeded = picture_retention.unneeded(storage, root, picture_retention.needed(storage, files), now)
    return [uri for going in unneeded for uri in going]


def _mend_manifests(storage: Storage, root: str, record: dict[str, Any]) -> None:
    """Make manifests say what their files are now; those of parted copies last, which name their snapshot's."""
    runs = sorted({name.split("/")[1] for name in record["files"] if name.partition("/")[0] != "_runs"})
    for run_id in runs:
        uri = f"{root}/snapshots/{run_id}/_manifest.json"
        if (stored := storage.read_version(uri)) is None:
            continue
        manifest = json.loads(stored[0])
        folders = {
            "files": f"snapshots/{run_id}",
            "changes": f"snapshots/{run_id}/{CHANGES_FOLDER}",
            "dead_letters": f"dead_letters/{run_id}",
        }
        manifest |= {kind: _mended(manifest.get(kind, ()), record, folder) for kind, folder in folders.items()}
        manifest["erasures"] = sorted({*manifest.get("erasures", ()), record["erasure"]})
        storage.write(uri, json.dumps(manifest, ensure_ascii=False, indent=1).encode())
        crash_point("manifest_mended")
        parted = f"{root}/partitioned/{run_id}/_manifest.json"
        if (stored := storage.read_version(parted)) is not None:
            content = json.loads(stored[0])
            content["files"] = _mended(content["files"], record)
            content["source"] = list(commit_of(manifest, content["column"]))
            storage.write(parted, json.dumps(content, indent=1).encode())


def _mended(files: Sequence[dict[str, Any]], record: dict[str, Any], folder: str = "") -> list[dict[str, Any]]:
    """A manifest's files, whose names are those below `folder`, as the erasure left them; one of which nothing is left
    is no more."""
    mended = []
    for file in files:
        done = record["files"].get(f"{folder}/{file['name']}".lstrip("/"))
        if done is None or done["before"] != file["sha256"]:
            mended.append(file)
        elif done["after"]:
            changed = {"rows": done["rows"], "bytes": done["bytes"], "sha256": done["after"]}
            mended.append({**file, **changed, **({"version": ""} if "version" in file else {})})
    return mended
