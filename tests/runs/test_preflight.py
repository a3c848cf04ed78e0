"""What is looked at before a run: all that it will need, with a message that names value, place and mend."""

import json
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from jobs import command
from layoutgen.config.jobs import CoversConfig, LayoutsConfig
from layoutgen.models.finders.onnx_graph import Graph
from layoutgen.pipelines import run_covers, run_layouts
from layoutgen.runs.job import RunError, RunOptions
from layoutgen.streaming import in_process
from tests.chaos.quick import SETTINGS, night
from tests.drawn import encoded, photo
from tests.pipeline.runs import write_manifest

# All but the cluster is looked at.
look = partial(run_layouts, options=RunOptions(preflight_only=True), stream=in_process)
look_at_covers = partial(run_covers, options=RunOptions(preflight_only=True), stream=in_process)


def _rows(folder: Path, image: str, count: int = 9, column: str = "image") -> str:
    (folder / "vase.jpg").write_bytes(encoded(photo(48, 64)))
    rows = [{"product_id": f"v{number}", column: image, "title": "Vase"} for number in range(count)]
    return write_manifest(folder, rows)


def _look(folder: Path, source: str, **sections: Any) -> dict[str, Any]:
    values = SETTINGS.model_dump()
    config = LayoutsConfig.model_validate({name: values[name] | sections.get(name, {}) for name in values})
    return look(config, source, str(folder / "deep" / "out"))


def _look_at_covers(folder: Path, source: str = "", **protect: Any) -> dict[str, Any]:
    source = source or _rows(folder, "vase.jpg", column="cover")
    config = CoversConfig.model_validate({"protect": protect})
    return look_at_covers(config, source, str(folder / "out"))


def _network(path: Path, *outputs: str) -> str:
    graph = Graph()
    picture = graph.input("picture", (1, 3, 32, 32))
    for name in outputs:
        graph.add("Relu", picture, name=name)
    path.write_bytes(graph.model(dict.fromkeys(outputs, (1, 3, 32, 32))))
    return str(path)


def test_a_look_alone_leaves_nothing_behind_and_says_what_it_looked_at(tmp_path: Path) -> None:
    source = _rows(tmp_path, "vase.jpg")
    before = sorted(tmp_path.rglob("*"))
    said = _look(tmp_path, source)
    assert sorted(tmp_path.rglob("*")) == before
    assert "current" not in said, "there is no table yet"
    assert said["looked_at"]["table"] == f"{tmp_path / 'deep' / 'out'} is new"
    assert {"rows", "images", "annotate", "compose", "annotate.saliency", "fonts", "disk", "output"} < said[
        "looked_at"
    ].keys()


def test_a_look_at_a_table_names_its_run_and_changes_no_file(tmp_path: Path) -> None:
    source = _rows(tmp_path, "vase.jpg")
    night(source, str(tmp_path / "deep" / "out"), run_id="a")
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()}
    assert "CURRENT is a" in _look(tmp_path, source)["looked_at"]["table"]
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*") if path.is_file()} == before


def test_a_table_of_another_kind_is_refused(tmp_path: Path) -> None:
    source = _rows(tmp_path, "vase.jpg")
    night(source, str(tmp_path / "out"))
    with pytest.raises(ValueError, match="is a table of layouts, not of covers; give another --output"):
        _look_at_covers(tmp_path)


def test_images_that_nobody_may_read_are_refused_before_the_night(tmp_path: Path) -> None:
    source = _rows(tmp_path, "s3://elsewhere/vase.jpg", 20)
    with pytest.raises(
        RunError, match=r"none of the first 20 rows .*'v0': bad_path.*add its prefix to input.allowed_pre"
    ):
        _look(tmp_path, source)


def test_some_images_that_nobody_may_read_are_named(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    source = Path(_rows(tmp_path, "vase.jpg"))
    source.write_text(source.read_text().replace("vase.jpg", "/etc/passwd", 1))
    said = _look(tmp_path, str(source))
    assert "1 of the first 9 rows can't be used, such as 'v0': bad_path, row 1: " in said["looked_at"]["rows"]
    assert "bad_path" in caplog.text


def test_clips_that_are_not_there_are_seen(tmp_path: Path) -> None:
    lines = [{"product_id": f"v{number}", "video": f"gone-{number}.mp4", "title": "Vase"} for number in range(9)]
    with pytest.raises(RunError, match=r"none of the first 8 images can be used, such as .*gone-0.mp4: not_found"):
        _look_at_covers(tmp_path, write_manifest(tmp_path, lines))


Setting = Callable[[Path, str, str], Any]
SETTINGS_WITH_FILES: dict[str, Setting] = {
    "annotate.saliency": lambda folder, source, file: _look(folder, source, annotate={"saliency": {"model": file}}),
    "protect.saliency": lambda folder, _, file: _look_at_covers(folder, saliency={"model": file}),
    "protect.faces": lambda folder, _, file: _look_at_covers(folder, faces=file),
    "place.bold_font": lambda folder, source, file: _look(folder, source, place={"bold_font": file}),
}


@pytest.mark.parametrize("setting", SETTINGS_WITH_FILES)
@pytest.mark.parametrize("kind", ["missing", "junk", "folder"])
def test_a_file_that_the_settings_name_is_opened_before_the_night(tmp_path: Path, setting: str, kind: str) -> None:
    file = tmp_path / "model.bin"
    if kind == "junk":
        file.write_bytes(b"junk" * 100)
    elif kind == "folder":
        file.mkdir()
    with pytest.raises((RunError, ValueError)) as refused:
        SETTINGS_WITH_FILES[setting](tmp_path, _rows(tmp_path, "vase.jpg"), str(file))
    assert str(file) in str(refused.value)
    assert "; give " in str(refused.value)
    assert " at 0x" not in str(refused.value)


def test_a_network_of_another_kind_is_no_face_detector(tmp_path: Path) -> None:
    with pytest.raises(RunError, match=r"protect.faces = .*is no YuNet: it has no bbox_16"):
        _look_at_covers(tmp_path, faces=_network(tmp_path / "other.onnx", "map"))
    names = [f"{name}_{stride}" for name in ("cls", "obj", "bbox") for stride in (8, 16, 32)]
    said = _look_at_covers(tmp_path, faces=_network(tmp_path / "yunet.onnx", *names))
    assert said["looked_at"]["protect.faces"].endswith("yunet.onnx")


def test_the_command_prints_what_was_looked_at_and_ends_with_0(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["--input", _rows(tmp_path, "vase.jpg"), "--output", str(tmp_path / "out"), "--preflight-only"]
    assert command.main("layouts", "", LayoutsConfig, partial(run_layouts, stream=in_process), arguments) == 0
    assert json.loads(capsys.readouterr().out)["looked_at"]["images"] == "the first image can be used"


def test_a_line_that_is_no_row_is_told_by_its_number(tmp_path: Path) -> None:
    source = Path(_rows(tmp_path, "vase.jpg"))
    source.write_text(source.read_text() + "no row\n")
    said = _look(tmp_path, str(source))["looked_at"]["rows"]
    assert "1 of the first 10 rows can't be used, such as one without a product_id: bad_row, row 10: " in said
    assert "None" not in said


def test_a_model_that_its_card_does_not_hold_is_refused_before_anything_starts(tmp_path: Path) -> None:
    compose = {"engine": "qwen_vl", "model": "embedded", "image_side": 224, "device": "cuda", "batch": 64}
    compose["pool"] = {"num_gpus": 1.0}
    nodes = [{"cpus": 8, "gpus": 1, "gpu_memory_gb": 0.5}]
    with pytest.raises(
        RunError, match=r"embedded with compose\.batch = 64 may take 3\.0 GiB .* has 0\.5 GiB of a card"
    ):
        _look(tmp_path, _rows(tmp_path, "vase.jpg"), compose=compose, run={"nodes": nodes})
    nodes[0]["gpu_memory_gb"] = 24.0
    said = _look(tmp_path, _rows(tmp_path, "vase.jpg"), compose=compose, run={"nodes": nodes})
    assert said["looked_at"]["compose.card"].endswith("of 24 GiB on a card")
