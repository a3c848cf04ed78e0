"""A Parquet file's rows, a batch at a time."""

import re
from collections.abc import Iterator, Mapping

import pyarrow as pa
import pyarrow.parquet as pq

from layoutgen.core.manifest.contracts import JobKind
from layoutgen.io.manifests import columns
from layoutgen.io.manifests.columns import ManifestError
from layoutgen.io.storage import Storage


def batches(uri: str, storage: Storage, kind: JobKind, size: int, rename: Mapping[str, str]) -> Iterator[pa.Table]:
    """Yield tables of at most `size` rows, in plain types, with columns renamed. Raises ManifestError for a file that
    can't be read, also where only a part of it can't."""
    filesystem, path = storage.filesystem(uri)
    read = 0
    with storage.reading(uri):
        try:
            with pq.ParquetFile(path, filesystem=filesystem) as file:
                columns.check_rename(file.schema_arrow.names, uri, rename)
                columns.check(file.schema_arrow.names, uri, kind, rename)
                columns.check_types(file.schema_arrow, uri)
                for batch in file.iter_batches(batch_size=size):
                    batch.validate(full=True)  # text that is not UTF-8 would fail at the first row that is looked at
                    yield columns.typed(pa.Table.from_batches([batch]), rename)
                    read += len(batch)
        except (pa.ArrowException, OSError, UnicodeDecodeError) as error:  # the last: of a column's name
            if isinstance(error, OSError) and (error.errno or error.__cause__):
                raise  # storage's own failure
            raise ManifestError(f"manifest {uri} is not a readable Parquet file {_fault(read, error)}") from None


def _fault(read: int, error: Exception) -> str:
    """What is wrong with a file of which some rows were read, and the mend."""
    reason = str(error).splitlines()[0].rstrip(".")
    if "crypt" in reason.lower():
        return f"({reason}): it is encrypted; write it without"
    if re.search("footer|magic bytes|size is 0 bytes", reason, re.IGNORECASE):
        return f"({reason}): it was cut short, or is no Parquet; write it again"
    return f"after its row {read:,} ({reason}); write it again"
