"""What is counted in a shard's file: applications, verdicts of the acceptance check, finished pictures, and rows that
a model was asked about, or that lack what it said, as it could not be read."""

from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from layoutgen.core.arms import RUN
from layoutgen.core.covers.key_elements import UNKNOWN
from layoutgen.core.reading.grounding import SIGN
from layoutgen.core.schema import RESULTS
from layoutgen.io.tables import picture_files

_MEASURED = ("product_id", "canvas_width", "canvas_height", "elements", "subject_covered", "objections")
_COLUMNS = (*_MEASURED, "arm", "row_id", "application", "accepted", "reasons", "annotator", "notes", *RESULTS["render"])


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
        "measures": _measures(table) if "elements" in names else {},
        "arms": _arms(table) if "arm" in names else {},
        "pictures": picture_files.counted(picture_files.of_table(table)) if has_pictures else {},
    }


def with_failed(counted: dict[str, Any], arms: list[str | None]) -> dict[str, Any]:
    """The counts of a file, with a failed row for each of these arms."""
    by_arm = {name: dict(of_arm) for name, of_arm in counted["arms"].items()}
    for name, count in Counter(arm or RUN for arm in arms).items():
        by_arm.setdefault(name, {})["failed"] = count
    return counted | {"arms": by_arm}


def _arms(table: pa.Table) -> dict[str, dict[str, float]]:
    """Of each arm its rows, how many are judged, and what the judge holds against them in all."""
    arms = table.column("arm").to_pylist()
    held = table.column("objections").to_pylist() if "objections" in table.column_names else [None] * len(arms)
    by_arm: dict[str, Counter[str]] = {}
    for arm, objections in zip(arms, held, strict=True):
        of_arm = by_arm.setdefault(arm or RUN, Counter(rows=0, judged=0, objections=0))
        of_arm.update(rows=1, judged=objections is not None, objections=objections or 0)
    return {name: dict(of_arm) for name, of_arm in by_arm.items()}


def _measures(table: pa.Table) -> dict[str, list[float]]:
    """Of the judge's objections, the subject covered, all rows' fonts and each canvas's roles: products, rows, sum and
    sum of squares. A font and a role are 1 in a row that has them and 0 in another; their group is 1 in all."""
    products = table.column("product_id").to_pylist()
    sizes = zip(*(table.column(f"canvas_{side}").to_pylist() for side in ("width", "height")), strict=True)
    canvases = [f"roles {width}x{height}" for width, height in sizes]
    present: Counter[str] = Counter()
    elements = table.column("elements").combine_chunks()
    parents = pc.list_parent_indices(elements).to_pylist()
    fonts, roles = (pc.struct_field(pc.list_flatten(elements), name).to_pylist() for name in ("font", "role"))
    present.update(f"fonts/{name}" for _, name in {*zip(parents, fonts, strict=True)} if name)
    present.update(f"{canvases[row]}/{name}" for row, name in {*zip(parents, roles, strict=True)} if name)
    members: dict[str, list[str]] = {"fonts": products} if products else {}
    for canvas, product in zip(canvases, products, strict=True):
        members.setdefault(canvas, []).append(product)
    sizes_of = {group: (len({*ids}), len(ids)) for group, ids in members.items()}
    sums: dict[str, list[float]] = {group: [*size, size[1], size[1]] for group, size in sizes_of.items()}
    sums |= {name: [*sizes_of[name.partition("/")[0]], count, count] for name, count in present.items()}
    for name in ("subject_covered", "objections"):
        pairs = [pair for pair in zip(products, table.column(name).to_pylist(), strict=True) if pair[1] is not None]
        values = [value for _, value in pairs]
        if values:
            sums[name] = [len({ids for ids, _ in pairs}), len(values), sum(values), sum(v * v for v in values)]
    return sums


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
