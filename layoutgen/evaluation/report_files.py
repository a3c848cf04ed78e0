"""Writes what an evaluation ends in: `report.json` and, for people, `report.html`."""

import json
from datetime import datetime
from typing import Any

import pyarrow as pa

from layoutgen.io.storage import Storage


def write(storage: Storage, output: str, report: dict[str, Any], page: str) -> None:
    """Write both into a folder. Raises ValueError for NaN and infinity, which JSON has not."""
    text = json.dumps(report, ensure_ascii=False, indent=1, allow_nan=False, default=_plain)
    storage.write(storage.join(output, "report.html"), page.encode("utf-8", "backslashreplace"))
    storage.write(storage.join(output, "report.json"), text.encode("utf-8", "backslashreplace"))


def _plain(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, pa.Scalar):
        return value.as_py()
    raise TypeError(f"{type(value).__name__} has no place in a report")
