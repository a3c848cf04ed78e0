"""Every setting that names a file or folder of weights, letters or words: what is not there is told before a run
starts, with the setting, its value and the mend."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from jobs import retrain
from layoutgen.config.base import Settings
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.config.training import RetrainConfig
from layoutgen.core.errors import Refusal
from layoutgen.pipelines import run_annotations, run_covers, run_layouts
from layoutgen.runs.job import RunOptions
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.pipeline.runs import write_manifest

RUNS: dict[type[Settings], Any] = {
    LayoutsConfig: run_layouts,
    AnnotateConfig: run_annotations,
    CoversConfig: run_covers,
}
ENGINES = {"annotate": ("internvl", "grounded"), "compose": ("qwen_vl", "radm", "layout_image"), "protect": ("vlm",)}
NAMES = ("model", "adapter", "faces", "regular_font", "bold_font", "emoji_font", "words")
GONE = "/nowhere/it"
MENDS = {
    "saliency.model": "can't be read (No such file or directory); give `net`, `border` or the path of an ONNX file",
    "faces": "can't be read (No such file or directory); give `mtcnn` or the path of a YuNet ONNX file",
    "font": "can't be read (No such file or directory); give a font file's path, or none for the embedded fonts",
    "words": "can't be read (No such file or directory); give a UTF-8 text file with a word a line",
    "weights": f"weights {GONE!r} are not a folder on this machine; give a folder, an s3:// prefix or owner/name@",
}


def _named(kind: type[Settings], section: str = "") -> Iterator[str]:
    """The settings of a job that name such a file, as `compose.model`."""
    for name, field in kind.model_fields.items():
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, Settings):
            yield from _named(annotation, f"{section}{name}.")
        elif name in NAMES:
            yield section + name


def _cases() -> Iterator[tuple[type[Settings], str, dict[str, Any]]]:
    for kind in RUNS:
        for setting in _named(kind):
            section, *inner, name = setting.split(".")
            settings: dict[str, Any] = {name: GONE}
            for outer in inner:
                settings = {outer: settings}
            asking = name == "adapter" or (name == "model" and not inner)
            for engine in ENGINES[section] if asking else [None]:
                if name == "adapter" and engine in ("radm", "layout_image"):
                    continue  # take none
                more = {"engine": engine, **({"model": "embedded"} if name == "adapter" else {})} if engine else {}
                yield kind, setting, {section: {**more, **settings}}


def _mend(setting: str) -> str:
    return next((mend for name, mend in MENDS.items() if name in setting), MENDS["weights"])


def test_the_settings_are_those_that_the_docs_name() -> None:
    assert {*_named(LayoutsConfig)} >= {
        "annotate.model",
        "compose.adapter",
        "protect.saliency.model",
        "cover.emoji_font",
    }


@pytest.mark.parametrize(("kind", "setting", "settings"), _cases())
def test_what_is_not_there_is_told_before_a_run_starts(
    tmp_path: Path, kind: type[Settings], setting: str, settings: dict[str, Any]
) -> None:
    (tmp_path / "0.jpg").write_bytes(encoded(photo(160, 200)))
    column = "cover" if kind is CoversConfig else "image"
    manifest = write_manifest(tmp_path, [{"product_id": "vase", column: "0.jpg", "title": "Vase"}])
    options = RunOptions(preflight_only=True)
    with pytest.raises(Refusal) as said:
        RUNS[kind](kind.model_validate(settings), manifest, str(tmp_path / "out"), options, in_process)
    message = str(said.value)
    assert setting.replace("cover.words", "place.words") in message
    assert GONE in message and _mend(setting) in message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("setting", ["model", "backbone", "encoder"])
def test_a_training_tells_what_is_not_there(tmp_path: Path, setting: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert setting in RetrainConfig().train.model_dump()
    new = "" if setting == "model" else 'model = "radm"\nmethod = "full"\nzero = 0\ndense_steps = 0\n'
    (tmp_path / "retrain.toml").write_text(f'[train]\n{new}{setting} = "{GONE}"\n')
    arguments = ["--data", str(tmp_path / "data.arrow"), "--output", str(tmp_path / "out")]
    arguments += ["--registry", str(tmp_path / "adapters"), "--config", str(tmp_path / "retrain.toml")]
    assert retrain.main(arguments, in_process=True) == 2
    said = capsys.readouterr().err
    assert f"train.{setting} = {GONE!r}: {MENDS['weights']}" in said
