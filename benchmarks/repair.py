"""What repair makes of layouts: the judge's objections with it, against layouts as they were placed.

    python -m benchmarks.repair [--engines rules radm …] [--manifest FILE] [--products N] [--full] [--output FILE]

Products are photos and copy of drawn posters, or those of a manifest; each is laid out on three canvases by the whole
job in this process, once without repair and once with it. A line a composer, each value [without, with]: `objections`,
their mean; `sent_back`, the share of layouts with one and more; `ms`, CPU time of the place stage a layout, judge and
repair in it; and `changed`, the share of layouts with a note of repair, `worse`, how many have more objections than
before. Of what `jobs.evaluate` says, by another finder's subject: `evaluated`, the judge's objections, `held_out`, the
held-out judge's, by which nothing is repaired, `critic`, the mean of its ratings, and `preferred`, the share of changed
layouts that the critic rates higher than what they were.
"""

import json
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from benchmarks.benchmark import Benchmark
from layoutgen.config.jobs import LayoutsConfig, ScoreSettings
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.building import finders
from layoutgen.pipelines import run_layouts
from layoutgen.stages.score import Score
from layoutgen.streaming import Step
from layoutgen.training.corpus.posters import Corpus, CorpusSpec

BENCHMARK = Benchmark(
    "repair",
    "objections to layouts after repair",
    "the same as they were placed",
    seconds=30,
    full="100 products by all composers, about 10 minutes",
    uses="one core",
)
_CANVASES = ["1:1", "3:4", "16:9"]
_ALL = ("rules", "radm", "layout_image", "qwen_vl")


class Clocked:
    """A stream in this process that adds up the CPU time of each stage."""

    def __init__(self) -> None:
        self.seconds = defaultdict[str, float](float)

    def __call__(self, steps: Sequence[Step], tables: Iterable[pa.Table], **_: Any) -> Iterator[dict[str, Any]]:
        """Yield the last step's rows."""
        stages = {step.name: step.build() for step in steps}
        for planned in tables:
            table = planned
            for name, stage in stages.items():
                began = time.process_time()
                table = stage(table)
                self.seconds[name] += time.process_time() - began
            yield from table.to_pylist()


def drawn_products(folder: Path, count: int) -> Path:
    """Write photos and copy of drawn posters as a manifest."""
    corpus = Corpus(CorpusSpec(seed=11, goods="held_back"))
    lines = []
    for number in range(count):
        poster = corpus.poster(number)
        (folder / f"{number}.jpg").write_bytes(images.encode_jpeg(poster.photo))
        copy = {"title": poster.copy.title, "selling_points": poster.copy.selling_points, "brand": poster.copy.brand}
        offer = {role.value: text for role, text in poster.copy.offers.items()}
        row = {"product_id": str(number), "image": f"{number}.jpg", "category": poster.category, **copy, **offer}
        lines.append(json.dumps(row, ensure_ascii=False))
    path = folder / "products.jsonl"
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def night(
    manifest: Path, output: Path, engine: str, rounds: int, **more: Any
) -> tuple[dict[str, dict[str, Any]], dict[str, float]]:
    """The rows of a run by their keys, and milliseconds of each stage a row; `more` are settings of the compose
    stage."""
    compose: dict[str, Any] = (
        {"engine": engine} if engine == "rules" else {"engine": engine, "model": "embedded", **more}
    )
    if engine == "qwen_vl":
        compose["image_side"] = 224
    sections: dict[str, Any] = {"compose": compose, "annotate": {"engine": "none"}, "repair": {"rounds": rounds}}
    images = {str(Path(json.loads(line)["image"]).parent) for line in manifest.read_text("utf-8").splitlines()}
    sections["input"] = {"canvases": _CANVASES, "allowed_prefixes": [str(manifest.parent), *sorted(images)]}
    stream = Clocked()
    run_layouts(LayoutsConfig.model_validate(sections), str(manifest), str(output), stream=stream)
    rows = published_runs.read(Storage(), str(output)).to_pylist()
    ms = {name: 1000 * seconds / max(1, len(rows)) for name, seconds in stream.seconds.items()}
    return {row["row_id"]: row for row in rows}, ms


def scored(table: pa.Table) -> pa.Table:
    """Rows of a table as `jobs.evaluate` scores them."""
    settings = ScoreSettings()
    return Score(Storage(), finders.saliency(settings.saliency), settings, "", critic=finders.critic()).add(table)


def evaluated(tables: Sequence[Path], changed: Sequence[str]) -> dict[str, Any]:
    """What evaluation says of a run's table without repair and with it; `changed` rows were repaired."""
    plain, mended = (
        {row["row_id"]: row for row in scored(published_runs.read(Storage(), str(table))).to_pylist()}
        for table in tables
    )
    ids = [row_id for row_id in plain if row_id in mended]

    def means(name: str) -> list[float]:
        values = [[rows[row_id][name] for row_id in ids] for rows in (plain, mended)]
        return [round(sum(of_side) / len(of_side), 3) for of_side in values]

    rises = [mended[row_id]["own_critic"] > plain[row_id]["own_critic"] for row_id in changed]
    return {
        "evaluated": means("own_objections"),
        "held_out": means("own_second_objections"),
        "critic": means("own_critic"),
        "preferred": round(sum(rises) / len(rises), 3) if rises else None,
    }


def main() -> None:
    """Lay out with and without repair, by each composer."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_size("--engines", ("rules", "radm"), _ALL, nargs="*")
    parser.add_size("--products", 6, 100)
    parser.add_argument("--manifest", type=Path)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        manifest = given.manifest or drawn_products(folder, given.products)
        for engine in given.engines:
            (plain, before_ms), (mended, after_ms) = (
                night(manifest, folder / f"{engine}{rounds}", engine, rounds) for rounds in (0, 1)
            )
            pairs = [
                (plain[row_id]["objections"], mended[row_id]["objections"]) for row_id in plain if row_id in mended
            ]
            changed = [key for key, row in mended.items() if any(n.startswith("repaired") for n in row["notes"])]
            BENCHMARK.line(
                engine,
                layouts=len(pairs),
                objections=[round(sum(values) / len(pairs), 3) for values in zip(*pairs, strict=True)],
                sent_back=[round(sum(v >= 1 for v in values) / len(pairs), 3) for values in zip(*pairs, strict=True)],
                changed=round(len(changed) / len(pairs), 3),
                worse=sum(after > before + 1e-6 for before, after in pairs),
                ms=[round(ms["place"], 1) for ms in (before_ms, after_ms)],
                **evaluated([folder / f"{engine}{rounds}" for rounds in (0, 1)], changed),
            )


if __name__ == "__main__":
    main()
