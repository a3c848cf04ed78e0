"""render: placed rows in; their finished pictures and files drawn from the originals, stored, and named by the rows.

Rows whose `render` key is the same as in the snapshot before keep their files where these are there. All the drawing is
`stages.finishing`'s.
"""

from typing import Any

import pyarrow as pa

from layoutgen.core import rows, schema
from layoutgen.imaging.image_faults import FileFault
from layoutgen.io.storage import Storage
from layoutgen.io.tables import picture_files
from layoutgen.stages.finishing import Finish, Finisher
from layoutgen.stages.originals import Originals

_READ = (
    *("row_id", "image", "image_sha256", "image_width", "image_height", "frame_s", "logo", "canvas_width"),
    *("canvas_height", *rows.FRAMING, "elements", "language", "composer", "adapter"),
)
_OF_POSTERS = ("painter", "painter_sha")


class Render:
    """The render stage of a table at `root`; limits of the originals are those of the fetch stage."""

    def __init__(self, storage: Storage, root: str, finish: Finish, max_bytes: int, max_pixels: int) -> None:
        self._storage, self._formats = storage, tuple(finish.recipes)
        self._finisher = Finisher(
            storage,
            Originals(storage, max_bytes, max_pixels),
            finish.here(storage),
            lambda _, name, ending: picture_files.uri_of(storage, root, name, ending),
        )

    def __call__(self, table: pa.Table) -> pa.Table:
        """Add the rendered columns."""
        work = rows.open_rows(table)
        before = picture_files.of_table(table)
        same = rows.kept(table, "render")
        same -= picture_files.lacking(self._storage, table, sorted(same), self._formats)
        drawn = [i for i in work if i not in same]
        names = [*_READ, *(name for name in _OF_POSTERS if name in table.column_names)]
        wanted = rows.shown(table.take(pa.array(drawn, pa.int64()))).select(names).to_pylist()
        files: dict[int, list[dict[str, Any]]] = {i: before[i] for i in same}
        faults: dict[int, tuple[str, str]] = {}
        for i, outcome in zip(drawn, self._finisher.files(wanted, [before[i] for i in drawn]), strict=True):
            if isinstance(outcome, FileFault):
                faults[i] = (outcome.kind, outcome.message)
            else:
                files[i] = outcome
        count = range(len(table))
        added = {
            "picture_file": [files[i][0] if i in files else None for i in count],
            "further_files": [files[i][1:] if i in files else None for i in count],
        }
        return rows.fail(rows.add(table, added, schema.RENDERED), "render", faults)
