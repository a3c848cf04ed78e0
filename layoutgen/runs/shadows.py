"""Shadow tables: what other settings make of the same input, published beside a table and never seen by its readers.

OUTPUT/shadows/<name>/    a table of its own: CURRENT, snapshots, dead letters, ledger, pictures
"""

import re

from layoutgen.io.storage import Storage
from layoutgen.runs.job import RunError

FOLDER = "shadows"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


def root_of(output: str, name: str) -> str:
    """Where a table's shadow of this name lies. Raises RunError for a name that is none."""
    if not _NAME.fullmatch(name):
        raise RunError(
            f"--shadow {name!r} can't be a folder's name; give up to 64 letters, digits, '.', '_' and '-', such as "
            "new-adapter"
        )
    return f"{output.rstrip('/')}/{FOLDER}/{name}"


def names(storage: Storage, output: str) -> list[str]:
    """The shadows of a table, sorted."""
    start = f"{output.rstrip('/')}/{FOLDER}/"
    tables = (uri for uri in storage.list(start.rstrip("/")) if uri.endswith("/_table.json"))
    candidates = (uri.rpartition(start)[2].removesuffix("/_table.json") for uri in tables)
    return sorted(name for name in candidates if _NAME.fullmatch(name))
