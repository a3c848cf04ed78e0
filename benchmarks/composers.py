"""The embedded models against the embedded rules: the same products through the whole job with each composer.

    python -m benchmarks.composers --output DIR [--products PRODUCTS.jsonl [--products-alone]] [--limit N]
        [--composers qwen_vl radm layout_image] [--models DIR] [--keep FILE]

Runs `jobs.layouts` with each composer on the demo's catalogue and, where given, on a manifest of photos; then
`jobs.evaluate` on what the solver made of the proposals, and on the proposals as they were (a table whose elements are
the suggestions, without fonts or colours, so that nothing about type is measured there). Prints a JSON line a set and
stage: each metric's means over the rows that both published, its paired difference with a 95 % interval, and the
verdict; and how many rows each published and lost. With `--limit` the first N products are taken, and with `--models`
`radm` and `layout_image` are folders in it instead of the embedded networks.
"""

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.reporting import cpu
from layoutgen.core.schema import LAYOUTS
from layoutgen.goods import catalogue

TELLING = (
    *("ralf_overlap", "ralf_alignment", "ralf_occlusion", "ralf_unreadability", "ralf_utilization"),
    *("pku_und_s", "own_product_occlusion"),
    *("own_violations", "own_contrast", "own_smallest_font", "own_count_error"),
)
_DEMO = Path(__file__).parents[1] / "layoutgen" / "demo"
_BARE = {
    "lines": [], "font": "", "font_px": 0, "line_height_px": 0, "colour": "#000000", "alignment": "left",
    "opacity": 1.0, "radius_px": 0,
}  # fmt: skip
COMPOSERS = ("qwen_vl", "radm", "layout_image")


def _config(composer: str, output: Path, models: Path | None) -> Path:
    """The demo's settings with a composer."""
    if composer == "qwen_vl":
        return _DEMO / "demo.qwen_vl.toml"
    if composer == "rules":
        return _DEMO / "demo.toml"
    model = json.dumps(str(models / composer) if models else "embedded")
    told = f'[compose]\nengine = "{composer}"\nmodel = {model}\n'
    path = output / f"{composer}.toml"
    path.write_text((_DEMO / "demo.toml").read_text("utf-8").replace("[compose]\n", told), "utf-8")
    return path


def laid_out(name: str, manifest: Path, composer: str, output: Path, limit: int | None, models: Path | None
             ) -> dict[str, Any]:  # fmt: skip
    """Lay a manifest out, unless that has been done; returns the run's summary."""
    table = output / f"{name}-{composer}"
    limited = ["--limit", str(limit)] if limit else []
    config = _config(composer, output, models)
    if not (table / "CURRENT").exists():
        _job("layouts", "--input", str(manifest), "--output", str(table), "--config", str(config), *limited)
    return _write_proposals(table)


def compare(name: str, composer: str, summaries: dict[str, dict[str, Any]], output: Path) -> list[dict[str, Any]]:
    """A composer against the rules on one manifest: a line for proposals and one for placed layouts."""
    lines = []
    for stage, suffix in (("proposals", "-proposals.parquet"), ("placed", "")):
        ours, theirs = (f"{output / name}-{one}{suffix}" for one in (composer, "rules"))
        folder = output / f"{name}-{composer}-{stage}"
        _job("evaluate", "--layouts", ours, "--baseline", theirs, "--output", str(folder))
        found = json.loads((folder / "report.json").read_text("utf-8"))["comparison"]
        lines.append({
            "bench": "composers", "set": name, "composer": composer, "stage": stage, "pairs": found["pairs"],
            "rows": {one: _told(summaries[one]) for one in (composer, "rules")},
            "metrics": {metric: _numbers(found["metrics"][metric]) for metric in TELLING if metric in found["metrics"]},
            "hardware": cpu(),
        })  # fmt: skip
    return lines


def _told(summary: dict[str, Any]) -> dict[str, Any]:
    return {key: summary[key] for key in ("published", "dead_letters", "failed")}


def _numbers(found: dict[str, Any]) -> dict[str, Any]:
    names = {"ours": "ours", "rules": "baseline", "low": "difference_low", "high": "difference_high"}
    told = {name: None if found[key] is None else round(found[key], 5) for name, key in names.items()}
    return {**told, "better": found["better"], "verdict": found["verdict"]}


def _write_proposals(table: Path) -> dict[str, Any]:
    """Write beside a table the same rows with the composer's suggestions as elements; returns the run's summary."""
    snapshot = table / "snapshots" / (table / "CURRENT").read_text("utf-8").splitlines()[0]
    rows = pa.concat_tables(pq.read_table(file) for file in sorted(snapshot.glob("*.parquet")))
    proposed = [
        [{**_BARE, **one, "role": _drawn(one), "z": z} for z, one in enumerate(found or ())]
        for found in rows.column("suggestion").to_pylist()
    ]
    kind = LAYOUTS.field("elements").type
    at = rows.column_names.index("elements")
    pq.write_table(rows.set_column(at, "elements", pa.array(proposed, kind)), f"{table}-proposals.parquet")
    return dict(json.loads((snapshot / "_manifest.json").read_text("utf-8"))["summary"])


def _drawn(one: dict[str, Any]) -> str:
    """A brand's name in letters is a text like others: an element without lines that is a logo is drawn as an image."""
    return "other" if one["role"] == "logo" and one["text"] else str(one["role"])


def _job(name: str, *arguments: str) -> dict[str, Any]:
    command = [sys.executable, "-m", f"jobs.{name}", *arguments]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
    if done.returncode:
        raise SystemExit(f"jobs.{name} {' '.join(arguments)} ended with {done.returncode}")
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def main() -> None:
    """Compare on the catalogue and on the products that are given."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--output", type=Path, required=True, help="a folder; tables that are there are not made again")
    parser.add_argument("--products", type=Path, help="a manifest of photos")
    parser.add_argument("--products-alone", action="store_true", help="not on the demo's catalogue")
    parser.add_argument("--composers", nargs="+", choices=COMPOSERS, default=COMPOSERS)
    parser.add_argument("--models", type=Path, help="a folder with the folders of other networks than the embedded")
    parser.add_argument("--limit", type=int)
    parser.add_argument("--keep", type=Path, help="a file to append the lines to")
    given = parser.parse_args()
    output = given.output.resolve()
    drawn = output / "catalogue" / "catalogue.jsonl"
    manifests = {"products": given.products.resolve()} if given.products else {}
    if not given.products_alone:
        manifests["catalogue"] = drawn if drawn.exists() else catalogue.draw(output / "catalogue")
    for name, manifest in manifests.items():
        summaries = {
            one: laid_out(name, manifest, one, output, given.limit, given.models) for one in ("rules", *given.composers)
        }
        for line in (line for one in given.composers for line in compare(name, one, summaries, output)):
            text = json.dumps(line, ensure_ascii=False)
            print(text, flush=True)
            if given.keep:
                with given.keep.open("a", encoding="utf-8") as file:
                    file.write(text + "\n")


if __name__ == "__main__":
    main()
