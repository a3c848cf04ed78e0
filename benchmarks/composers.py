"""The embedded models against the embedded rules: the same products through the whole job with each composer.

    python -m benchmarks.composers [--composers ensemble radm qwen_vl layout_image] [--products PRODUCTS.jsonl]
        [--limit 10] [--members radm] [--candidates 1] [--repair] [--models DIR] [--tables DIR] [--full]
        [--output results.jsonl]

Each product, of a manifest or of drawn posters, is laid out on three canvases by the whole job in this process, and the
rows are scored as `jobs.evaluate` scores them: as they were proposed (the suggestions as elements, without fonts and
colours, so that nothing about type is measured there) and as the solver placed them. Prints a JSON line a composer and
stage: each metric's means over the rows that both made, its paired difference with a 95 % interval that draws whole
products, and the verdict; how many metrics of `ISSUE` are better and worse; and of an ensemble, which asks `--members`
besides the rules, whose layouts it took. `ms` is CPU time of the compose stage a layout, and the rules' (null where
the tables were there). Composers take the best of `--candidates`; layouts are repaired with
`--repair` alone, for what repair gives back may be the rules'. With `--limit` the first N products are taken (0: all),
with `--models` weights are folders in DIR, named as the engines, instead of the embedded networks, and with `--tables`
tables stay in a folder, where those that are there are not made again.
"""

import json
import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.benchmark import Benchmark
from benchmarks.repair import drawn_products, night, scored
from layoutgen.core.reports.evaluation_report import Draws, comparison
from layoutgen.core.schema import LAYOUTS
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.composers.ensemble import PROPOSED

COMPOSERS = ("ensemble", "qwen_vl", "radm", "layout_image")
BENCHMARK = Benchmark(
    "composers",
    "layouts of the embedded models through the whole job",
    "the embedded rules",
    seconds=60,
    full="every composer on 100 products, about 15 minutes",
    uses="one core",
)
TELLING = {
    "proposals": (
        *("own_product_occlusion", "ralf_overlay", "ralf_alignment", "ralf_utilization", "own_count_error"),
        *("ralf_occlusion", "ralf_unreadability"),
    ),
    "placed": (
        *("own_product_occlusion", "ralf_overlay", "ralf_alignment", "ralf_utilization", "own_count_error"),
        *("own_contrast", "own_hierarchy", "own_critic", "own_objections", "own_sent_back", "own_second_objections"),
        *("ralf_occlusion", "ralf_unreadability", "pku_und_s", "own_violations", "own_smallest_font"),
    ),
}
ISSUE = TELLING["placed"][:8]
_BARE = {
    "lines": [], "font": "", "font_px": 0, "line_height_px": 0, "colour": "#000000", "alignment": "left",
    "opacity": 1.0, "radius_px": 0,
}  # fmt: skip


@dataclass(frozen=True)
class Laid:
    """The scored rows of a composer, as they were proposed and as they were placed, and ms of the compose stage a row,
    None where the table was there."""

    rows: dict[str, pa.Table]
    ms: float | None


def laid_out(manifest: Path, table: Path, engine: str, repair: bool, **compose: Any) -> Laid:
    """A composer's layouts."""
    ms = None
    if not (table / "CURRENT").exists():
        ms = round(night(manifest, table, engine, int(repair), **compose)[1]["compose"], 1)
    placed = published_runs.read(Storage(), str(table))
    return Laid({"proposals": scored(_proposals(placed)), "placed": scored(placed)}, ms)


def _proposals(placed: pa.Table) -> pa.Table:
    """The same rows with the composer's suggestions as elements."""
    proposed = [
        [{**_BARE, **element, "z": z} for z, element in enumerate(suggestion or ())]
        for suggestion in placed.column("suggestion").to_pylist()
    ]
    at = placed.column_names.index("elements")
    return placed.set_column(at, "elements", pa.array(proposed, LAYOUTS.field("elements").type))


def report(case: str, ours: Laid, rules: Laid) -> None:
    """A composer against the rules: a line for proposals and one for placed layouts."""
    for stage, telling in TELLING.items():
        compared = comparison(ours.rows[stage], rules.rows[stage], Draws(2000, 0.95, 0))
        metrics = {name: compared["metrics"][name] for name in telling}
        verdicts = [metrics[name]["verdict"] for name in ISSUE if name in metrics]
        BENCHMARK.line(
            f"{case}, {stage}", pairs=compared["pairs"], better=verdicts.count("better"), worse=verdicts.count("worse"),
            metrics={name: _numbers(metric) for name, metric in metrics.items()}, **_proposers(ours.rows[stage]),
            ms=[ours.ms, rules.ms],
        )  # fmt: skip


def _proposers(rows: pa.Table) -> dict[str, Any]:
    """The share of the rows of an ensemble that each member's layouts are, and of those that are the rules' first."""
    notes = [note for of_row in rows.column("notes").to_pylist() for note in of_row or ()]
    taken = Counter(
        "rules' first" if note.endswith(", their first") else note.partition(",")[0].removeprefix(PROPOSED)
        for note in notes
        if note.startswith(PROPOSED)
    )
    return {"taken": {name: round(count / len(rows), 3) for name, count in taken.items()}} if taken else {}


def _numbers(metric: dict[str, Any]) -> dict[str, Any]:
    names = {"ours": "ours", "rules": "baseline", "low": "difference_low", "high": "difference_high"}
    rounded = {name: None if metric[key] is None else round(metric[key], 5) for name, key in names.items()}
    return {**rounded, "better": metric["better"], "verdict": metric["verdict"]}


def main() -> None:
    """Compare on the products that are given, or on drawn ones."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--tables", type=Path, metavar="DIR", help="where tables stay; left out, they are removed")
    parser.add_argument("--products", type=Path, help="a manifest of photos; left out, drawn posters' photos")
    parser.add_size("--composers", ("ensemble", "radm"), COMPOSERS, nargs="+", choices=COMPOSERS)
    parser.add_argument("--members", nargs="*", default=[], help="networks that the ensemble asks besides the rules")
    parser.add_argument("--models", type=Path, help="a folder with the folders of other networks than the embedded")
    parser.add_argument("--candidates", type=int, default=1, help="layouts of which the best is taken")
    parser.add_argument("--repair", action="store_true", help="mend layouts, as a night does")
    parser.add_size("--limit", 10, 100, "products, from the first; 0: all")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="layoutgen-composers-") as folder:
        tables = (given.tables or Path(folder)).resolve()
        tables.mkdir(parents=True, exist_ok=True)
        manifest = tables / "products.jsonl"
        if given.products is None:
            drawn_products(tables, given.limit or 100)
        else:
            manifest.write_text(_first(given.products, given.limit), "utf-8")
        rules = laid_out(manifest, tables / "rules", "rules", given.repair)
        for engine in given.composers:
            compose: dict[str, Any] = {"candidates": given.candidates}
            if engine == "ensemble":
                compose["members"] = given.members
            if given.models:
                compose["model"] = str(given.models / engine)
            report(engine, laid_out(manifest, tables / engine, engine, given.repair, **compose), rules)


def _first(manifest: Path, limit: int) -> str:
    """The first lines of a manifest, with pictures where they are."""
    lines = [json.loads(line) for line in manifest.read_text("utf-8").splitlines() if line.strip()]
    chosen = lines[:limit] if limit else lines
    rows = [{**row, "image": str((manifest.parent / row["image"]).resolve())} for row in chosen]
    return "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)


if __name__ == "__main__":
    main()
