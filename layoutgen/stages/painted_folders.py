"""painted folders: addresses of references' folders in; each with a painted picture gets its finished picture, or the
check that refuses it; a row a folder out."""

from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Any

import pyarrow as pa

from layoutgen.imaging.documents import formats
from layoutgen.imaging.documents.rasters import Encoding
from layoutgen.imaging.image_faults import FileFault
from layoutgen.imaging.references import importing
from layoutgen.io.storage import Storage

TAKEN = pa.schema([(name, pa.string()) for name in ("folder", "picture", "kind", "message")])
"""A row a folder: its finished picture, or why there is none; `kind` is `waiting` where nothing is painted yet."""


class TakeBack:
    """Takes painted pictures back, and writes `finished` beside them in a format."""

    def __init__(self, storage: Storage, name: str, encoding: Encoding, font_files: tuple[str, ...]) -> None:
        self._storage, self._format, self._encoding, self._fonts = storage, name, encoding, font_files

    def __call__(self, table: pa.Table) -> pa.Table:
        """Take back the folders of `table`."""
        return pa.Table.from_pylist([self._taken(folder) for folder in table.column("folder").to_pylist()], TAKEN)

    def _taken(self, folder: str) -> dict[str, Any]:
        uris = {PurePosixPath(uri).name: uri for uri in self._storage.list(folder)}
        painted = next((uris[name] for name in importing.PAINTED if name in uris), None)
        if painted is None:
            return {"folder": folder, "kind": "waiting", "message": f"no {', '.join(importing.PAINTED)} is there"}
        try:
            picture = self._finished(folder, uris, self._storage.read(painted))
        except FileFault as fault:
            return {"folder": folder, "kind": fault.kind, "message": fault.message}
        return {"folder": folder, "picture": picture}

    def _finished(self, folder: str, uris: Mapping[str, str], painted: bytes) -> str:
        files = {name: self._storage.read(uris[name]) for name in importing.READ if name in uris}
        page = importing.finished(files, painted, self._fonts)
        uri = self._storage.join(folder, f"finished.{formats.FORMATS[self._format].ending}")
        self._storage.write(uri, formats.write(page, self._format, self._encoding))
        return uri
