"""A night and the registry: an adapter that is promoted in its midst serves from the next night on."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from layoutgen.io.adapter_registry import AdapterRegistry
from layoutgen.io.storage import Storage
from layoutgen.models.vlm import tiny
from layoutgen.models.weights import weights_sha
from layoutgen.pipelines import run_layouts
from layoutgen.runs.job import WHOLE
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import published, settings, write_manifest

SIDE = 112
COVER = {"application": "video_cover", "title": "三分钟学会"}
ROWS = (
    *({"product_id": f"poster-{number}", "image": "0.jpg", "title": f"Vase {number}"} for number in range(3)),
    *({"product_id": f"ad-{n}", "image": "1.jpg", "title": f"Vase {n}", "application": "marketing"} for n in range(2)),
    *({"product_id": f"cover-{number}", "image": "1.jpg", **COVER} for number in range(2)),
)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A manifest of every application, a checkpoint, and two versions of an adapter, of which the first serves."""
    folder = tmp_path_factory.mktemp("shop")
    for number in range(2):
        (folder / f"{number}.jpg").write_bytes(encoded(photo(160, 200, seed=number)))
    write_manifest(folder, [*ROWS])
    base = tiny.build_checkpoint("qwen2_5_vl", folder / "base")
    registry = registry_in(folder)
    for seed, version in enumerate(("first", "second")):
        registry.add("layouts", version, tiny.build_adapter(base, folder / version, max_side=SIDE, seed=seed), {})
    registry.swap("layouts", "first", registry.serving("layouts"), "promote", "a test")
    return folder


def registry_in(folder: Path) -> AdapterRegistry:
    return AdapterRegistry(Storage(), str(folder / "adapters"))


def test_a_run_keeps_what_served_when_it_began_and_the_next_takes_the_new_one(shop: Path, tmp_path: Path) -> None:
    registry = registry_in(shop)
    answers = {"engine": "qwen_vl", "model": str(shop / "base"), "image_side": SIDE, "max_new_tokens": 768}
    config = settings(
        rows_per_shard=2,
        compose={**answers, "adapter": "registry:layouts", "registry": registry.root},
        protect={"engine": "none", "faces": "", "saliency": {"model": "border"}},
        cover={"canvases": ["1:1"]},
    )

    def promoting(steps: Any, tables: Sequence[Any], **cluster: Any) -> Iterator[dict[str, Any]]:
        for number, row in enumerate(in_process(steps, tables, **cluster)):
            if number == 0 and registry.serving("layouts").version == "first":
                assert len(tables) > 2, "the promotion is to come before the last shard"
                registry.swap("layouts", "second", registry.serving("layouts"), "promote", "a test")
            yield row

    def night(stream: Any) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
        summary = run_layouts(config, str(shop / "catalogue.jsonl"), str(tmp_path), WHOLE, stream)
        return summary, {row["product_id"]: row for row in published(str(tmp_path))}

    first, before = night(promoting)
    assert (first["computed"], first["dead_letters"]) == (7, 0)
    assert registry.serving("layouts").version == "second"
    second, after = night(in_process)
    assert (second["computed"], second["unchanged"]) == (5, 2)
    for name in before:
        is_cover = name.startswith("cover")
        adapters = [
            None if is_cover else f"{registry.root}/layouts/{v} {weights_sha(shop / v)[:12]}"
            for v in ("first", "second")
        ]
        assert [before[name]["adapter"], after[name]["adapter"]] == adapters
        assert (before[name] == after[name]) is is_cover
