"""Reads the layouts that ranking heads learn from, with the variants beside them, out of published tables."""

from collections.abc import Collection, Sequence

import pyarrow as pa

from layoutgen.core.manifest.keys import first_variant
from layoutgen.core.taste.layouts import COLUMNS, Catalogue, layout
from layoutgen.io.storage import Storage
from layoutgen.io.tables import layout_tables


def read(
    storage: Storage, sources: Sequence[str], row_ids: Collection[str], runs: Collection[str], version: str
) -> Catalogue:
    """The layouts with these row_ids and their canvases' variants, in tables: jobs' outputs, of which also the `runs`
    that are still there, snapshots' folders, or files. Features are those of a `version`. Raises TableError."""
    catalogue, wanted = Catalogue(), {first_variant(row_id) for row_id in row_ids}
    for folder in _folders(storage, sources, runs):
        layouts = []
        for uri in layout_tables.parts(storage, folder):
            keys = layout_tables.columns(storage, uri, ["row_id"]).column("row_id").to_pylist()
            places = [i for i, key in enumerate(keys) if first_variant(key) in wanted]
            if places:
                table = layout_tables.columns(storage, uri, COLUMNS).take(pa.array(places, pa.int64()))
                layouts += [layout(row, version) for row in table.to_pylist()]
        catalogue.add(layouts)
    return catalogue


def _folders(storage: Storage, sources: Sequence[str], runs: Collection[str]) -> list[str]:
    """Where the tables are, the newest of each first."""
    folders = []
    for source in sources:
        newest = layout_tables.folder_of(storage, source, None)
        folders.append(newest)
        if newest != source:  # a job's output: also what earlier runs of it published
            older = [layout_tables.folder_of(storage, source, run_id) for run_id in sorted(runs, reverse=True)]
            folders += [uri for uri in older if uri != newest and storage.exists(f"{uri}/_SUCCESS")]
    return list(dict.fromkeys(folders))
