"""The jobs against what one would write by hand with Ray Data: the same models on the same photos, no table kept.

    python -m benchmarks.by_hand [--case rapidocr|map_batches] [--products FILE] [--posters FILE] [--full] [--output …]

On two CPUs of one Ray, in turns, from the first read to the last file written; models are loaded by both sides, Ray is
there before. `ratio` above 1 means ours is better. A run of ours is a whole one: planned, checked and published.

- `rapidocr`: `ray.data.read_images` → RapidOCR's own `__call__` → `write_parquet`, against `jobs.annotate`, which says
  what a line is for too, and finds the subject. Drawn posters, or those of a file of JSON lines (`file`).
- `map_batches`: `ray.data.read_images` → annotate, compose and place, each a `map_batches` over its own actors →
  `write_parquet`, against `jobs.layouts` with the shipped settings, finished pictures left out. Drawn products in three
  canvases, or a manifest of JSON lines; `--canvases` has others.
"""

import json
import shutil
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import ray
from PIL import Image

from benchmarks.benchmark import Benchmark
from benchmarks.grounding import draw_posters
from benchmarks.incremental import product
from benchmarks.stream import start_ray
from layoutgen import pipelines
from layoutgen.config.base import load
from layoutgen.config.jobs import AnnotateConfig, LayoutsConfig
from layoutgen.core import rows, schema
from layoutgen.core.brands.kits import NO_KITS
from layoutgen.core.manifest.plan import plan
from layoutgen.core.manifest.products import Rules
from layoutgen.imaging import images
from layoutgen.io.storage import Storage
from layoutgen.models.building import styles
from layoutgen.streaming import Stage

BENCHMARK = Benchmark(
    "by_hand",
    "layouts and annotations a second by the jobs",
    "the same models in plain maps of Ray Data",
    seconds=80,
    full="201 products and 20 posters, three rounds, about 10 minutes",
    uses="2 CPUs for Ray",
)
SETTINGS = Path(__file__).parent.parent / "jobs"
ROWS, QUALITY = 24, 92
_LEFT = 0.95  # CPUs for all actors by hand: tasks that read and write ask for a whole one, and would wait for ever
Way = Callable[[Path], int]


def main() -> None:
    """Run the cases asked for."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--case", choices=CASES, action="append")
    parser.add_argument("--products", type=Path, help="manifest of JSON lines, images beside it (default: drawn ones)")
    parser.add_argument("--posters", type=Path, help="JSON lines that name posters beside it (default: drawn ones)")
    parser.add_argument("--canvases", nargs="+", help="(default: the settings' own)")
    parser.add_size("--most", 12, 201, "products, and posters")
    parser.add_size("--rounds", 1, 3, "the best counts")
    given = parser.parse_args()
    start_ray()
    for case in given.case or CASES:
        with tempfile.TemporaryDirectory(prefix="layoutgen-by-hand-") as name:
            CASES[case](Path(name), given)
    ray.shutdown()


def rapidocr(folder: Path, given: Any) -> None:
    """Posters read."""
    if given.posters:
        lines = given.posters.read_text("utf-8").splitlines()[: given.most]
        files = [_beside(folder, given.posters.parent / json.loads(line)["file"]) for line in lines]
    else:
        files = [folder / f"{number}.jpg" for number in range(given.most)]
        for file, poster in zip(files, draw_posters(given.most), strict=True):
            Image.fromarray(poster.pixels).save(file, quality=QUALITY)
    source = folder / "posters.jsonl"
    source.write_text("".join(json.dumps({"image": str(file)}) + "\n" for file in files), encoding="utf-8")
    config = load(AnnotateConfig, SETTINGS / "annotate.toml")
    config = _sharded(config, -(-len(files) // 2))
    ways: dict[str, Way] = {
        "ours": lambda output: pipelines.run_annotations(config, str(source), str(output))["published"],
        "by hand": partial(_read_by_hand, files),
    }
    _in_turns("rapidocr", folder, ways, given.rounds, f"{len(files)} posters", "images/s")


def map_batches(folder: Path, given: Any) -> None:
    """Products laid out."""
    if given.products:
        catalogue = [json.loads(line) for line in given.products.read_text("utf-8").splitlines()][: given.most]
        catalogue = [
            entry | {"image": str(_beside(folder, given.products.parent / entry["image"]))} for entry in catalogue
        ]
    else:
        catalogue = [product(folder, number) for number in range(given.most)]
        catalogue = [entry | {"image": str(folder / entry["image"])} for entry in catalogue]
    source = folder / "catalogue.jsonl"
    source.write_text("".join(json.dumps(entry) + "\n" for entry in catalogue), encoding="utf-8")
    config = load(LayoutsConfig, SETTINGS / "layouts.toml")
    canvases = tuple(given.canvases or config.input.canvases)
    config = config.model_copy(
        update={
            "render": config.render.model_copy(update={"formats": ()}),
            "input": config.input.model_copy(update={"canvases": canvases}),
        }
    )
    config = _sharded(config, ROWS)
    ways: dict[str, Way] = {
        "ours": lambda output: pipelines.run_layouts(config, str(source), str(output))["published"],
        "by hand": partial(_lay_out_by_hand, config, catalogue),
    }
    size = f"{len(catalogue)} products, {len(canvases)} canvases"
    _in_turns("map_batches", folder, ways, given.rounds, size, "layouts/s")


CASES: dict[str, Callable[[Path, Any], None]] = {"rapidocr": rapidocr, "map_batches": map_batches}


def _sharded(config: Any, rows_per_shard: int) -> Any:
    """Settings whose shards let both CPUs work on a small catalogue."""
    return config.model_copy(update={"run": config.run.model_copy(update={"rows_per_shard": rows_per_shard})})


def _beside(folder: Path, picture: Path) -> Path:
    """A picture in the manifest's folder, outside which a job reads none."""
    file = folder / picture.name
    shutil.copyfile(picture, file)
    return file


def _in_turns(case: str, folder: Path, ways: dict[str, Way], rounds: int, size: str, unit: str) -> None:
    best = dict.fromkeys(ways, 0.0)
    for turn in range(rounds):
        for name, way in ways.items():
            began = time.perf_counter()
            count = way(folder / f"{name}-{turn}")
            seconds = time.perf_counter() - began
            BENCHMARK.say(f"{case}, round {turn + 1} of {rounds}, {name}: {count} in {seconds:.1f} s")
            best[name] = max(best[name], count / seconds)
    BENCHMARK.compare(case, best["ours"], best["by hand"], unit, size=size)


class _RapidOcr:
    def __init__(self) -> None:
        from rapidocr import RapidOCR

        self._read = RapidOCR(params={"Global.log_level": "error", "EngineConfig.onnxruntime.intra_op_num_threads": 1})

    def __call__(self, row: dict[str, Any]) -> dict[str, Any]:
        answer: Any = self._read(np.ascontiguousarray(row["image"][:, :, ::-1]))
        if answer.boxes is None:
            return {"image": row["path"], "texts": [], "boxes": []}
        boxes = np.asarray(answer.boxes).reshape(-1, 8).tolist()
        return {"image": row["path"], "texts": list(answer.txts), "boxes": boxes}


def _read_by_hand(files: Sequence[Path], output: Path) -> int:
    dataset = ray.data.read_images([str(file) for file in files], include_paths=True, mode="RGB")
    pool = ray.data.ActorPoolStrategy(size=2)
    dataset.map(_RapidOcr, compute=pool, num_cpus=_LEFT / 2).write_parquet(str(output))
    return len(files)


class _Rows:
    """What `jobs.layouts` knows of a photo once it is read: a row a canvas, with the photo at the models' size."""

    def __init__(self, config: LayoutsConfig, catalogue: Sequence[dict[str, Any]]) -> None:
        self._of = {entry["image"]: entry for entry in catalogue}
        self._side = config.images.side
        self._rules = Rules(config.input.canvases, config.input.short_side, "poster", str, "layouts")

    def __call__(self, batch: dict[str, np.ndarray]) -> pa.Table:
        photos = {}
        for path, pixels in zip(batch["path"], batch["image"], strict=True):
            picture = Image.fromarray(pixels)
            picture.thumbnail((self._side, self._side))
            photos[path] = (images.encode_jpeg(np.asarray(picture), QUALITY), pixels.shape[1], pixels.shape[0])
        raw = pa.Table.from_pylist([self._of[path] for path in photos])
        planned = pa.concat_tables(plan(raw, self._rules).shards)
        of_rows = [photos[uris[0]] for uris in planned.column("images").to_pylist()]
        columns = {
            "image": [uris[0] for uris in planned.column("images").to_pylist()],
            "pixels": pa.array([jpeg for jpeg, _, _ in of_rows], pa.binary()).dictionary_encode(),
            "image_width": [width for _, width, _ in of_rows],
            "image_height": [height for _, _, height in of_rows],
        }
        unknown = set(schema.FETCHED.names) - {*planned.column_names, *columns}
        columns |= {name: pa.nulls(len(planned), schema.FETCHED.field(name).type) for name in unknown}
        return rows.add(planned, columns, schema.FETCHED)


class _Staged:
    def __init__(self, build: Callable[[], Stage]) -> None:
        self._stage = build()

    def __call__(self, table: pa.Table) -> pa.Table:
        return self._stage(table)


def _lay_out_by_hand(config: LayoutsConfig, catalogue: Sequence[dict[str, Any]], output: Path) -> int:
    storage, wardrobe = Storage(), styles.wardrobe(config.style, Storage())
    paths = [entry["image"] for entry in catalogue]
    dataset = ray.data.read_images(paths, include_paths=True, mode="RGB")
    dataset = dataset.map_batches(_Rows(config, catalogue), batch_size=ROWS // len(config.input.canvases))
    for build in (
        partial(pipelines._annotate, config.annotate, storage),
        partial(pipelines._compose, config, storage, wardrobe, NO_KITS),
        partial(pipelines._place, config, storage, wardrobe, NO_KITS),
    ):
        dataset = dataset.map_batches(
            _Staged,
            fn_constructor_args=(build,),
            batch_size=ROWS,
            batch_format="pyarrow",
            compute=ray.data.ActorPoolStrategy(size=2),
            num_cpus=_LEFT / 6,
        )
    dataset.drop_columns(["pixels", "subject_map"]).write_parquet(str(output))
    return sum(pq.read_metadata(file).num_rows for file in output.glob("*.parquet"))


if __name__ == "__main__":
    main()
