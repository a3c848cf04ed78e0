"""The embedded models against the embedded rules: the same products through the whole job with each composer.

    python -m benchmarks.composers [--tables DIR] [--products PRODUCTS.jsonl [--products-alone]] [--limit 6]
        [--composers radm qwen_vl layout_image] [--models DIR] [--full] [--output results.jsonl]

Runs `jobs.layouts` with each composer on the demo's catalogue and, where given, on a manifest of photos; then
`jobs.evaluate` on what the solver made of the proposals, and on the proposals as they were (a table whose elements are
the suggestions, without fonts or colours, so that nothing about type is measured there). Prints a JSON line a set and
stage: each metric's means over the rows that both published, its paired difference with a 95 % interval, and the
verdict; and how many rows each published and lost. With `--limit` the first N products are taken (0: all), with
`--models` `radm` and `layout_image` are folders in it instead of the embedded networks, and with `--tables` the tables
stay in a folder, where those that are there are not made again.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.benchmark import Benchmark
from layoutgen.core.schema import LAYOUTS
from layoutgen.goods import catalogue

COMPOSERS = ("qwen_vl", "radm", "layout_image")
BENCHMARK = Benchmark(
    "composers",
    "layouts of the embedded models through the whole job",
    "the embedded rules",
    seconds=90,
    full="every composer and product, about 20 minutes, and an hour with 201 photos",
)
_TELLING = (
    *("ralf_overlap", "ralf_alignment", "ralf_occlusion", "ralf_unreadability", "ralf_utilization"),
    *("pku_und_s", "own_product_occlusion"),
    *("own_violations", "own_contrast", "own_smallest_font", "own_count_error"),
)
_DEMO = Path(__file__).parents[1] / "layoutgen" / "demo"
_BARE = {
    "lines": [], "font": "", "font_px": 0, "line_height_px": 0, "colour": "#000000", "alignment": "left",
    "opacity": 1.0, "radius_px": 0,
}  # fmt: skip


def _config(composer: str, tables: Path, models: Path | None) -> Path:
    """The demo's settings with a composer."""
    if composer == "qwen_vl":
        return _DEMO / "demo.qwen_vl.toml"
    if composer == "rules":
        return _DEMO / "demo.toml"
    model = json.dumps(str(models / composer) if models else "embedded")
    section = f'[compose]\nengine = "{composer}"\nmodel = {model}\n'
    path = tables / f"{composer}.toml"
    path.write_text((_DEMO / "demo.toml").read_text("utf-8").replace("[compose]\n", section), "utf-8")
    return path


def laid_out(name: str, manifest: Path, composer: str, given: argparse.Namespace) -> dict[str, Any]:
    """Lay a manifest out, unless that has been done; returns the run's summary."""
    table = given.tables / f"{name}-{composer}"
    limited = ["--limit", str(given.limit)] if given.limit else []
    config = _config(composer, given.tables, given.models)
    if not (table / "CURRENT").exists():
        _job("layouts", "--input", str(manifest), "--output", str(table), "--config", str(config), *limited)
    return _write_proposals(table)


def compare(name: str, composer: str, summaries: dict[str, dict[str, Any]], tables: Path) -> None:
    """A composer against the rules on one manifest: a line for proposals and one for placed layouts."""
    rows = {
        engine: {key: summaries[engine][key] for key in ("published", "dead_letters", "failed")}
        for engine in (composer, "rules")
    }
    for stage, suffix in (("proposals", "-proposals.parquet"), ("placed", "")):
        ours, theirs = (f"{tables / name}-{engine}{suffix}" for engine in (composer, "rules"))
        folder = tables / f"{name}-{composer}-{stage}"
        _job("evaluate", "--layouts", ours, "--baseline", theirs, "--output", str(folder))
        comparison = json.loads((folder / "report.json").read_text("utf-8"))["comparison"]
        metrics = comparison["metrics"]
        BENCHMARK.line(
            f"{name}, {composer}, {stage}", set=name, composer=composer, stage=stage, pairs=comparison["pairs"],
            rows=rows, metrics={metric: _numbers(metrics[metric]) for metric in _TELLING if metric in metrics},
        )  # fmt: skip


def _numbers(metric: dict[str, Any]) -> dict[str, Any]:
    names = {"ours": "ours", "rules": "baseline", "low": "difference_low", "high": "difference_high"}
    rounded = {name: None if metric[key] is None else round(metric[key], 5) for name, key in names.items()}
    return {**rounded, "better": metric["better"], "verdict": metric["verdict"]}


def _write_proposals(table: Path) -> dict[str, Any]:
    """Write beside a table the same rows with the composer's suggestions as elements; returns the run's summary."""
    snapshot = table / "snapshots" / (table / "CURRENT").read_text("utf-8").splitlines()[0]
    rows = pa.concat_tables(pq.read_table(file) for file in sorted(snapshot.glob("*.parquet")))
    proposed = [
        [{**_BARE, **element, "role": _drawn(element), "z": z} for z, element in enumerate(suggestion or ())]
        for suggestion in rows.column("suggestion").to_pylist()
    ]
    kind = LAYOUTS.field("elements").type
    at = rows.column_names.index("elements")
    pq.write_table(rows.set_column(at, "elements", pa.array(proposed, kind)), f"{table}-proposals.parquet")
    return dict(json.loads((snapshot / "_manifest.json").read_text("utf-8"))["summary"])


def _drawn(element: dict[str, Any]) -> str:
    """A brand's name in letters is a text like others: an element without lines that is a logo is drawn as an image."""
    return "other" if element["role"] == "logo" and element["text"] else str(element["role"])


def _job(name: str, *arguments: str) -> dict[str, Any]:
    BENCHMARK.say(f"jobs.{name} {' '.join(arguments)}")
    command = [sys.executable, "-m", f"jobs.{name}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"jobs.{name} {' '.join(arguments)} ended with {done.returncode}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Compare on the catalogue and on the products that are given."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--tables", type=Path, metavar="DIR", help="where tables stay; left out, they are removed")
    parser.add_argument("--products", type=Path, help="a manifest of photos")
    parser.add_argument("--products-alone", action="store_true", help="not on the demo's catalogue")
    parser.add_size("--composers", ("radm",), COMPOSERS, nargs="+", choices=COMPOSERS)
    parser.add_argument("--models", type=Path, help="a folder with the folders of other networks than the embedded")
    parser.add_size("--limit", 6, 0, "products, from the first; 0: all")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="layoutgen-composers-") as folder:
        given.tables = (given.tables or Path(folder)).resolve()
        drawn = given.tables / "catalogue" / "catalogue.jsonl"
        manifests = {"products": given.products.resolve()} if given.products else {}
        if not given.products_alone:
            manifests["catalogue"] = drawn if drawn.exists() else catalogue.draw(drawn.parent)
        for name, manifest in manifests.items():
            engines = ("rules", *given.composers)
            summaries = {engine: laid_out(name, manifest, engine, given) for engine in engines}
            for engine in given.composers:
                compare(name, engine, summaries, given.tables)


if __name__ == "__main__":
    main()
