"""What is counted in a shard's file: applications, verdicts of the acceptance check, finished pictures, and rows that
a model was asked about, or that lack what it said, as it could not be read."""

from collections import Counter
from typing import Any

import pyarrow as pa

from layoutgen.core.covers.key_elements import UNKNOWN
from layoutgen.core.reading.grounding import SIGN
from layoutgen.core.schema import RESULTS
from layoutgen.io.tables import picture_files

_COLUMNS = ("row_id", "application", "accepted", "reasons", "annotator", "notes", *RESULTS["render"])


def columns(schema: pa.Schema) -> list[str]:
    """What `of_table` reads of a file of published rows of this schema."""
    return [name for name in _COLUMNS if name in schema.names]


def of_table(table: pa.Table) -> dict[str, Any]:
    """The counts of a file, of which `columns` were read, by the fields of `ledger.ShardReport`."""
    names = table.column_names
    has_pictures = len(table) and {*RESULTS["render"]} <= {*names}
    return {
        "applications": dict(Counter(table.column("application").to_pylist())) if "application" in names else {},
        "verdicts": _verdicts(table) if "accepted" in names else {},
        "asked": _asked(table) if "annotator" in names else 0,
        "unread": _unread(table) if "notes" in names else 0,
        "pictures": picture_files.counted(picture_files.of_table(table)) if has_pictures else {},
    }


def _verdicts(table: pa.Table) -> dict[str, int]:
    """How many rows the acceptance check accepted, and refused for each reason."""
    verdicts: Counter[str] = Counter()
    for row in table.select(["accepted", "reasons"]).to_pylist():
        if row["accepted"] is not None:
            verdicts["accepted"] += row["accepted"]
            verdicts.update(f"refused/{reason}" for reason in {text.partition(":")[0] for text in row["reasons"] or ()})
    return dict(verdicts)


def _asked(table: pa.Table) -> int:
    """Of how many rows a language model was asked about the texts in the picture."""
    return sum(SIGN in annotator for annotator in table.column("annotator").to_pylist() if annotator)


def _unread(table: pa.Table) -> int:
    """Of how many rows a language model's key elements could not be read."""
    return sum(any(note.startswith(UNKNOWN) for note in notes or ()) for notes in table.column("notes").to_pylist())
