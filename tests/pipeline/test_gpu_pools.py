"""Pools with GPUs, on GPUs that Ray counts and nobody needs to have: tables stay whole, actors get what they ask."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from layoutgen.config.base import Pool, load
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.models.vlm import tiny
from layoutgen.pipelines import run_annotations, run_covers, run_layouts
from layoutgen.streaming import Step, opened, packed, stream
from tests.drawn import encoded, photo
from tests.pipeline.noting import HasABrokenCard, LosesItsDevice, Note, Notes, WaitsForOthers, WaitsForRest
from tests.pipeline.runs import published, write_manifest
from tests.rehearsal.settings import scaled

REPOSITORY = Path(__file__).resolve().parents[2]

SIZES = [5, 9, 3, 0, 1, 700, 2, 64, 8, 1, 1, 30]
"""Rows of the tables that are sent through."""


def _through(**pools: Pool) -> list[dict[str, Any]]:
    tables = [
        pa.table({"table": pa.array([k] * n, pa.int32()), "row": pa.array(range(n), pa.int32())})
        for k, n in enumerate(SIZES)
    ]
    return list(stream([Step(name, partial(Note, name), pool) for name, pool in pools.items()], tables))


@pytest.mark.usefixtures("ray_cluster")
def test_tables_stay_whole_through_two_stages_that_have_gpus_at_once() -> None:
    rows = _through(
        read=Pool(size=1, num_cpus=0.2),
        one=Pool(size=2, num_cpus=0.2, num_gpus=1.0),
        half=Pool(size=3, num_cpus=0.2, num_gpus=0.5),
        write=Pool(size=1, num_cpus=0.2),
    )
    assert sorted((row["table"], row["row"]) for row in rows) == [(k, i) for k, n in enumerate(SIZES) for i in range(n)]
    for row in rows:
        noted = [row[name].split(" ") for name in ("read", "one", "half", "write")]
        assert {int(count) for *_, count in noted} == {SIZES[row["table"]]}, "a stage was given another block"
        assert [len(gpus.split(",")) if gpus else 0 for _, gpus, _ in noted] == [0, 1, 1, 0]
    one, half = ({tuple(row[name].split(" ")[:2]) for row in rows} for name in ("one", "half"))
    assert len({gpu for _, gpu in one}) == len(one), "two actors that reserve a whole GPU share one"
    assert not {gpu for _, gpu in one} & {gpu for _, gpu in half}


@pytest.mark.usefixtures("ray_cluster")
def test_a_pool_grows_with_its_queue_up_to_its_most(tmp_path: Path) -> None:
    pool = Pool(min=1, max=3, num_cpus=0.2, num_gpus=1)
    rows = stream(
        [Step("compose", partial(WaitsForOthers, str(tmp_path), 3), pool)],
        [pa.table({"table": [number]}) for number in range(16)],
    )
    assert sorted(row["table"] for row in rows) == [*range(16)]
    assert len([*tmp_path.glob("actor-*")]) == 3


@pytest.mark.usefixtures("ray_cluster")
def test_a_pool_without_work_holds_no_gpu_before_its_first_table_and_in_mid_run(tmp_path: Path) -> None:
    pool = Pool(min=0, max=2, rest_after_s=0.2, num_cpus=0.2, num_gpus=1)
    steps = [
        Step("fetch", partial(WaitsForRest, str(tmp_path), (0, 4)), Pool(num_cpus=0.2)),
        Step("compose", partial(Notes, str(tmp_path)), pool),
    ]
    rows = [*stream(steps, [pa.table({"table": [number]}) for number in range(8)])]
    assert sorted(row["table"] for row in rows) == [*range(8)]
    before, after = ({(tmp_path / str(n)).read_text() for n in numbers} for numbers in (range(4), range(4, 8)))
    assert not before & after, "the actors of before the lull are gone"


@pytest.mark.usefixtures("ray_cluster")
def test_a_device_that_is_lost_ends_its_process_and_no_table_and_not_the_run(tmp_path: Path) -> None:
    step = Step("compose", partial(LosesItsDevice, str(tmp_path), 3), Pool(size=2, num_cpus=0.2, num_gpus=1))
    rows = stream([step], [pa.table({"table": [number]}) for number in range(8)])
    assert sorted(row["table"] for row in rows) == [*range(8)]
    assert (tmp_path / "lost").exists()


@pytest.mark.usefixtures("ray_cluster")
def test_a_broken_card_is_given_to_nobody_any_more_and_the_run_ends_on_the_others() -> None:
    step = Step("compose", partial(HasABrokenCard, "0"), Pool(size=3, num_cpus=0.2, num_gpus=1))
    rows = list(stream([step], [pa.table({"table": [number]}) for number in range(12)]))
    assert sorted(row["table"] for row in rows) == [*range(12)]
    assert {row["compose"].split()[1] for row in rows} <= {"1", "2", "3"}


@pytest.mark.ray
@pytest.mark.slow
def test_a_cluster_without_gpus_is_told_before_anything_is_done(tmp_path: Path) -> None:
    (tmp_path / "vase.jpg").write_bytes(encoded(photo()))
    manifest = write_manifest(tmp_path, [{"product_id": "v", "image": "vase.jpg", "title": "Vase"}])
    embedded = {"model": "embedded", "adapter": ""}
    changes = {"compose": embedded, "protect": {"model": "embedded"}}
    config, output = scaled("layouts.cluster.toml", tmp_path / "night.toml", changes), str(tmp_path / "out")
    there = {"RAY_OVERRIDE_RESOURCES": json.dumps({"CPU": 64, "memory": 64 * 10**9})}
    environment = {name: value for name, value in os.environ.items() if name != "RAY_ADDRESS"} | there
    command = [sys.executable, "-m", "jobs.layouts", "--input", manifest, "--output", output, "--config", config]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 2, done.stderr[-3000:]
    said = done.stderr.strip().splitlines()[-1]
    asked = "the pools ask for 1 point actors of 4 CPU, 1 GPU each and the cluster's nodes hold 0 (64 CPU, 64 GB)"
    assert said.startswith(f"python -m jobs.layouts: {asked}; lower the pool's size"), said
    assert "name the cluster by ray_address in the settings" in said
    assert not done.stdout and not [path for path in (tmp_path / "out").rglob("*") if path.is_file()]


def test_a_table_is_opened_as_it_was_packed_without_a_copy() -> None:
    names = pa.chunked_array([["a", "b"], ["b", "c"]]).dictionary_encode()
    pixels = pa.chunked_array([[b"1" * 100_000, None], [b"2" * 100_000, b""]])
    table = pa.table({"name": names, "pixels": pixels, "box": [[0.1, 0.2], [], None, [1.0]]})
    for some in (table, table.slice(1, 2), table.slice(0, 0), pa.table({})):
        assert opened(packed(some)).equals(some)
    assert opened(packed(table)).schema.equals(table.schema, check_metadata=True)
    several = pa.concat_tables([packed(table.slice(3)), packed(table)]).combine_chunks()
    before = pa.total_allocated_bytes()
    found = opened(several.slice(1, 1))
    assert pa.total_allocated_bytes() - before < 50_000
    assert found.equals(table)


def test_blocks_that_were_merged_are_refused() -> None:
    block = packed(pa.table({"row": [1, 2, 3]}))
    with pytest.raises(ValueError, match="a block holds 2 tables where one is handed over"):
        opened(pa.concat_tables([block, block]))


def _layouts(folder: Path, manifest: str, output: str) -> None:
    """The settings for clusters, with a tiny checkpoint, fewer actors and a slice of a CPU for each."""
    base = tiny.build_checkpoint("qwen2_5_vl", folder / "base")
    config = load(LayoutsConfig, REPOSITORY / "jobs" / "layouts.cluster.toml")
    small: dict[str, Any] = {
        name: getattr(config, name).model_copy(update={"pool": getattr(config, name).pool.model_copy(update=_SMALL)})
        for name in ("images", "load", "place", "write")
    }
    own = {"model": str(base), "adapter": "", "device": "cpu", "dtype": "float32", "image_side": 112}
    pools = {"pool": config.compose.pool.model_copy(update=_SMALL | {"size": 2}), "prepare": Pool(**_SMALL)}
    small["compose"] = config.compose.model_copy(update=own | pools)
    assert small["compose"].pool.num_gpus == 1.0
    reading = {"engine": "none", "pool": Pool(num_gpus=0.5, **_SMALL)}
    small["protect"] = config.protect.model_copy(update={"engine": "ocr", "model": "", "device": "cpu"})
    small["annotate"] = config.annotate.model_copy(update=reading)
    small["run"] = config.run.model_copy(update={"rows_per_shard": 2, "autoscaling": False})
    small["input"] = config.input.model_copy(update={"canvases": ("1:1",)})
    run_layouts(config.model_copy(update=small), manifest, output)


def _annotations(folder: Path, manifest: str, output: str) -> None:
    told = {"engine": "none", "pool": {"num_gpus": 0.5, **_SMALL}}
    run_annotations(AnnotateConfig.model_validate({**_SECTIONS, "annotate": told}), manifest, output)


def _covers(folder: Path, manifest: str, output: str) -> None:
    protect = {"engine": "none", "saliency": {"model": "border"}, "faces": "", "pool": {"num_gpus": 1.0, **_SMALL}}
    place = {"pool": {"num_gpus": 0.25, **_SMALL}}
    told = {**_SECTIONS, "input": {"canvases": ("3:4",), "short_side": 540}, "protect": protect, "place": place}
    run_covers(CoversConfig.model_validate(told), manifest, output)


_SMALL: dict[str, Any] = {"size": 1, "num_cpus": 0.15, "memory_gb": 0.0}
_SECTIONS = {"run": {"rows_per_shard": 2}, **{name: {"pool": _SMALL} for name in ("images", "load", "write")}}


@pytest.mark.slow
@pytest.mark.usefixtures("ray_cluster")
@pytest.mark.parametrize(("job", "column"), [(_layouts, "image"), (_annotations, "image"), (_covers, "cover")])
def test_a_job_whose_models_have_gpus_publishes_every_row(
    tmp_path: Path, job: Callable[[Path, str, str], None], column: str
) -> None:
    rows = []
    for number in range(3):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(300, 400, seed=number)))
        rows.append({"product_id": f"v{number}", column: f"{number}.jpg", "title": f"Vase {number}"})
    job(tmp_path, write_manifest(tmp_path, rows), str(tmp_path / "out"))
    assert len({row["row_id"] for row in published(str(tmp_path / "out"))}) == 3
