"""What a language model loses whose layers are kept in 8 bits: the embedded Qwen2.5-VL's layouts, both ways.

    python -m benchmarks.int8 [--products PRODUCTS.jsonl] [--limit 8] [--full] [--output results.jsonl]

Each product, of a manifest or of drawn posters, is laid out on three canvases by the whole job in this process, by the
weights in 8 bits and in float32. JSON lines:

- `answers`: share of the rows whose answer is the same, letter by letter; `iou` is the mean over their elements, each
  with that of its role and text, 0 where there is none.
- `objections`: what the judge holds against a placed layout; its difference has a 95 % interval that draws rows.
- `layers`: bytes of the layers that are kept so, of all that the model has as `whole`, MB.
- `time`: milliseconds of CPU time a layout.
"""

import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.benchmark import Benchmark
from benchmarks.repair import drawn_products, night, scored
from layoutgen.core.layout import iou
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.models.decoding.int8 import Int8Linear, quantised
from layoutgen.models.vlm.checkpoints import load_model
from layoutgen.models.weights import fetch_weights

BENCHMARK = Benchmark(
    "int8",
    "layouts by the embedded language model with its layers in 8 bits",
    "the same in float32",
    seconds=60,
    full="60 products, about 6 minutes",
    uses="one core",
)
_DRAWS = 2000


def main() -> None:
    """Make both tables and compare them."""
    parser = BENCHMARK.parser(__doc__)
    parser.add_argument("--products", type=Path, help="a manifest of photos; left out, drawn posters' photos")
    parser.add_size("--limit", 8, 60, "products, from the first")
    given = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory(prefix="layoutgen-int8-") as name:
        folder = Path(name)
        drawn = not given.products
        manifest = drawn_products(folder, given.limit) if drawn else _first(given.products, given.limit, folder)
        lines = manifest.read_text("utf-8").splitlines()
        (folder / "one.jsonl").write_text(lines[0], "utf-8")
        night(folder / "one.jsonl", folder / "begun", "qwen_vl", 0)  # whose imports and first grammar count for neither
        eight, eight_ms = night(manifest, folder / "eight", "qwen_vl", 0, int8=True)
        whole, whole_ms = night(manifest, folder / "whole", "qwen_vl", 0)
        both = sorted(eight.keys() & whole.keys())
        size = f"{len(both)} rows that both have, of {len(eight)} and {len(whole)}"
        same = np.mean([eight[key]["answer"] == whole[key]["answer"] for key in both])
        near = np.mean([each for key in both for each in _ious(eight[key], whole[key])])
        BENCHMARK.line("answers", size=size, ours=round(float(same), 3), unit="share the same", iou=round(near, 3))
        _objections(folder, both)
    BENCHMARK.compare("time", eight_ms["compose"], whole_ms["compose"], "ms a layout", size=size)
    _layers(Path(fetch_weights("embedded", Path("~/.cache/layoutgen").expanduser(), Storage())))


def _first(products: Path, limit: int, folder: Path) -> Path:
    """The first rows of a manifest, whose images are found from where they stand."""
    lines = products.read_text("utf-8").splitlines()[:limit]
    (folder / "products.jsonl").write_text(
        "\n".join(line.replace('"image": "', f'"image": "{products.parent.resolve()}/') for line in lines), "utf-8"
    )
    return folder / "products.jsonl"


def _ious(row: dict[str, Any], other: dict[str, Any]) -> list[float]:
    boxes = {(element["role"], element["text"]): element["box"] for element in other["suggestion"]}
    pairs = [(element["box"], boxes.get((element["role"], element["text"]))) for element in row["suggestion"]]
    return [iou(box, box_of_other) if box_of_other else 0.0 for box, box_of_other in pairs]


def _objections(folder: Path, both: list[str]) -> None:
    judged = []
    for table in ("eight", "whole"):
        rows = scored(published_runs.read(Storage(), str(folder / table))).to_pylist()
        objections = {row["row_id"]: row["own_objections"] for row in rows}
        judged.append(np.array([objections[key] for key in both], float))
    apart = judged[0] - judged[1]
    rng = np.random.default_rng(0)
    means = rng.choice(apart, (_DRAWS, len(apart))).mean(1)
    interval = [round(float(side), 3) for side in np.percentile(means, (2.5, 97.5))]
    ours, other = (round(float(each.mean()), 3) for each in judged)
    BENCHMARK.line("objections", ours=ours, other=other, unit="objections a layout", interval=interval)


def _layers(weights: Path) -> None:
    model = load_model(weights, None, "cpu", torch.float32)
    whole = sum(tensor.nbytes for tensor in model.state_dict().values())
    smaller = quantised(model)
    layers = [module for module in smaller.modules() if isinstance(module, Int8Linear)]
    eight = sum(tensor.nbytes for layer in layers for tensor in layer.buffers())
    left = sum(tensor.nbytes for tensor in smaller.state_dict().values())
    BENCHMARK.compare("layers", eight / 1e6, (whole - left + eight) / 1e6, "MB", whole=round(whole / 1e6, 2))


if __name__ == "__main__":
    main()
