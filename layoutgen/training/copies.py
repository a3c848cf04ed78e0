"""Products taken out of what was made of a table elsewhere: feedback, data sets, finished files of jobs.render, folders
of jobs.references, reports and pages.

A page that names a product (a gallery, a report for people) goes whole, with its pictures: the job that made it makes
it again. What is not named like a part of such a page stays.
"""

import io
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.errors import Refusal
from layoutgen.core.gallery.files import assets
from layoutgen.io.objects.locations import ConflictError, locate, remove_empty_folders
from layoutgen.io.storage import Storage, StorageError
from layoutgen.io.tables.erased_products import Products, rest_of_json, rest_of_lines, rest_of_rows, touches
from layoutgen.io.tables.merged_lines import WITHDRAWN
from layoutgen.training.data.datasets import read_snapshot, write_snapshot
from layoutgen.training.examples.selection import DataSet
from layoutgen.training.examples.table import CARD, PARTS

_LINES = (".jsonl", f".jsonl{WITHDRAWN}")
_PAGES = (".html", ".js")
_ENDS = (*_LINES, ".parquet", ".json", *_PAGES)
_OF_GALLERY: tuple[str, ...] = ("data", "previews", "against", "earlier", "pictures")
_OF_REPORT: tuple[str, ...] = ("worst",)
_ATTEMPTS = 20


def check(storage: Storage, paths: Sequence[str], output: str) -> None:
    """See that there is something at each of these paths, and that none is the table at `output` or a part of it, which
    is dealt with by itself. Raises Refusal, StorageError."""
    root = output.rstrip("/") + "/"
    for path in paths:
        if (path.rstrip("/") + "/").startswith(root):
            raise Refusal(f"--also {path} is a part of --output {output}, which is erased from anyway; leave it out")
        if not _files(storage, path):
            raise Refusal(f"--also {path}: there is no file that jobs write ({', '.join(_ENDS)}); correct the path")


def erase(storage: Storage, path: str, products: Products) -> dict[str, int]:
    """Erase products from a file, or from all files below a folder; return how many lines, rows, examples, finished
    files, folders of references, records of reports and files of pages went. A data set becomes another one, with its
    own sha, beside the old one, which goes. Run again after it was cut off, it goes on. Raises DataSetError where a
    data set is broken, StorageError."""
    counts: Counter[str] = Counter()
    for uri in _files(storage, path):
        if uri.endswith(".parquet"):
            folder, is_part, _ = uri.rpartition(f"/{PARTS}/")
            if not _is_touched(storage, uri, products):
                continue
            if is_part and storage.exists(f"{folder}/{CARD}"):
                counts["examples"] += _erase_examples(storage, folder, products)
            else:
                _erase_rows(storage, uri, path.rstrip("/"), products, counts)
        elif uri.endswith(_LINES):
            counts["lines"] += _erase_lines(storage, uri, products)
        elif storage.exists(uri):
            _erase_documents(storage, uri, products, counts)
    return {name: count for name, count in sorted(counts.items()) if count}


def _files(storage: Storage, path: str) -> list[str]:
    if path.endswith(_ENDS):
        return [uri for uri in (path, path + WITHDRAWN) if uri.endswith(_ENDS) and storage.exists(uri)]
    return [uri for uri in storage.list(path.rstrip("/")) if uri.endswith(_ENDS)]


def _is_touched(storage: Storage, uri: str, products: Products) -> bool:
    if not storage.exists(uri):
        return False  # of a data set that is another one by now
    try:
        with pq.ParquetFile(io.BytesIO(storage.read(uri))) as file:
            return touches(file, products)
    except pa.ArrowInvalid as error:
        raise StorageError(f"{uri} is no Parquet file ({error}); restore or remove it") from None


def _erase_examples(storage: Storage, folder: str, products: Products) -> int:
    """Write a data set anew without the products' examples, then remove the old one: its card first, so that nobody
    takes what is left of it for a whole one."""
    data = read_snapshot(storage, folder)
    splits = {
        split: tuple(example for example in of if not products.own_row(example.product_id, example.row_id))
        for split, of in data.splits.items()
    }
    left = DataSet(splits, (), data.sources, data.shares, data.salt, licence=data.licence)
    write_snapshot(storage, folder.rpartition("/")[0], left)
    old = storage.list(folder)
    for uri in sorted(old, key=lambda uri: not uri.endswith(f"/{CARD}")):
        storage.delete(uri)
    if isinstance(where := locate(folder), Path):
        remove_empty_folders(where)
    return sum(map(len, data.splits.values())) - sum(map(len, splits.values()))


def _erase_rows(storage: Storage, uri: str, root: str, products: Products, counts: Counter[str]) -> None:
    """Rewrite a Parquet file, after the finished files went that its rows name below `root`."""
    rest = rest_of_rows(storage.read(uri), products)
    for file in sorted(rest.named):
        if file.startswith(f"{root}/") and storage.exists(file):
            storage.delete(file)
            counts["files"] += 1
            if isinstance(where := locate(file), Path):
                remove_empty_folders(where.parent)  # it is named by the product
    if rest.data is None:
        storage.delete(uri)
    else:
        storage.write(uri, rest.data)
    counts["rows"] += len(rest.gone)


def _erase_documents(storage: Storage, uri: str, products: Products, counts: Counter[str]) -> None:
    """Erase products from a report, or all of a page or of a row's folder of references that is of one."""
    folder, _, name = uri.rpartition("/")
    data = storage.read(uri)
    if uri.endswith(_PAGES):
        if products.stand_in_page(data):
            counts["files of pages"] += _remove_page(storage, uri)
        return
    try:
        left, count = rest_of_json(data, products)
    except ValueError as error:
        raise StorageError(f"{uri} is not JSON ({error}); restore or remove it") from None
    if count and name == "layout.json":
        for part in sorted(storage.list(folder), key=lambda part: part == uri):  # last, so that what is cut off goes on
            storage.delete(part)
        if isinstance(where := locate(folder), Path):
            remove_empty_folders(where.parent)  # they are named by the product
        counts["folders"] += 1
    elif count:
        storage.write(uri, left)
        counts["records"] += count


def _remove_page(storage: Storage, uri: str) -> int:
    """Remove a page and what it alone shows, what names the product last; return how many files went."""
    folder, _, name = uri.rpartition("/")
    root, _, part = folder.rpartition("/")
    if part == "data" and storage.exists(f"{root}/index.html"):
        folder, name = root, "index.html"
    parts, shown = _OF_REPORT, list[str]()
    if name == "index.html" and storage.exists(f"{folder}/data/index.js"):
        parts, shown = _OF_GALLERY, [file for file in (f"{folder}/{name}" for name in assets()) if storage.exists(file)]
    shown += [file for part in parts for file in storage.list(f"{folder}/{part}")]
    going = [*(file for file in shown if file != uri), uri]
    for file in going:
        storage.delete(file)
    return len(going)


def _erase_lines(storage: Storage, uri: str, products: Products) -> int:
    """Rewrite a file of lines where it still is what was read: who writes to it meanwhile loses nothing."""
    for _ in range(_ATTEMPTS):
        stored = storage.read_version(uri)
        left, count = rest_of_lines(stored[0], products) if stored else (b"", 0)
        if not stored or not count:
            return 0
        try:
            storage.write_if(uri, left, stored[1])
        except ConflictError:
            continue
        return count
    raise ConflictError(f"{uri} is changed by others all the time; end what writes it, and try again")
