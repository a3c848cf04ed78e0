"""What is counted in a file: applications, the acceptance check's verdicts, and rows that a model was asked about."""

import io
from collections import Counter

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.reading.grounding import SIGN


def verdicts(data: bytes | None, schema: pa.Schema) -> dict[str, int]:
    """How many rows of a file the acceptance check accepted, and refused for each reason, where rows have it."""
    if "accepted" not in schema.names:
        return {}
    found: Counter[str] = Counter()
    table = pq.read_table(io.BytesIO(data), columns=["accepted", "reasons"]) if data else None
    for row in table.to_pylist() if table is not None else []:
        if row["accepted"] is not None:
            found["accepted"] += row["accepted"]
            found.update({f"refused/{reason.partition(':')[0]}" for reason in row["reasons"] or ()})
    return dict(found)


def applications(data: bytes | None) -> dict[str, int]:
    """How many rows of a file are for which application."""
    if data is None:
        return {}
    return dict(Counter(pq.read_table(io.BytesIO(data), columns=["application"]).column("application").to_pylist()))


def asked(data: bytes | None, schema: pa.Schema) -> int:
    """Of how many rows of a file a language model was asked about the texts in the picture."""
    if data is None or "annotator" not in schema.names:
        return 0
    annotators = pq.read_table(io.BytesIO(data), columns=["annotator"]).column("annotator").to_pylist()
    return sum(SIGN in annotator for annotator in annotators if annotator)
