"""Nights whose covers a language model points at, with tiny checkpoints in the published layouts, in this process."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest

from layoutgen import pipelines
from layoutgen.config.jobs import AnnotateConfig, CoversConfig, LayoutsConfig
from layoutgen.core.covers.key_elements import UNKNOWN
from layoutgen.core.prompts.covers import KeyElement, Kind
from layoutgen.models.base import Fault
from layoutgen.models.building import annotators
from layoutgen.models.vlm.internvl2.convert import convert
from layoutgen.models.vlm.tiny import build_checkpoint
from layoutgen.models.weights import weights_sha
from layoutgen.runs.job import RunError
from layoutgen.streaming import in_process
from tests.drawn import encoded, photo
from tests.models.vlm.internvl2.original import build_original
from tests.pipeline.runs import dead, published, settings, write_manifest

pytestmark = pytest.mark.slow

COVER = {"application": "video_cover", "title": "三分钟学会"}


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("checkpoints")
    original = build_original(folder / "original", "internlm2", llm={"max_position_embeddings": 8192})
    return {
        "original": original,
        "internvl2": convert(original, folder / "converted"),
        "qwen2_5_vl": build_checkpoint("qwen2_5_vl", folder / "qwen"),
    }


def protect(model: object, **more: Any) -> dict[str, Any]:
    asks = {"engine": "vlm", "model": str(model), "image_side": 112, "max_new_tokens": 400}
    return {**asks, "faces": "", "saliency": {"model": "border"}, **more}


def shop(folder: Path, *rows: dict[str, Any]) -> str:
    for number in range(3):
        (folder / f"{number}.jpg").write_bytes(encoded(photo(160, 120, seed=number)))
    return write_manifest(folder, [{"product_id": f"p{i}", **row} for i, row in enumerate(rows)])


def covers(model: object, **more: Any) -> CoversConfig:
    sections = {"run": {"max_failed_fraction": 1.0}, "input": {"canvases": ["1:1", "3:4"], "short_side": 320}}
    return CoversConfig.model_validate({**sections, "protect": protect(model, **more)})


run_covers = partial(pipelines.run_covers, stream=in_process)
run_layouts = partial(pipelines.run_layouts, stream=in_process)
run_annotations = partial(pipelines.run_annotations, stream=in_process)


@pytest.mark.parametrize("name", ["internvl2", "qwen2_5_vl"])
def test_a_night_of_covers_is_pointed_at_and_the_next_asks_nothing(
    checkpoints: dict[str, Path], tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    manifest = shop(tmp_path, {"cover": "0.jpg", "title": "一"}, {"cover": "1.jpg", "title": "二"})
    config, output = covers(checkpoints[name]), str(tmp_path / "out")
    first = run_covers(config, manifest, output)
    assert (first["published"], first["dead_letters"]) == (4, 0)
    rows = published(output)
    for row in rows:
        assert f"{weights_sha(checkpoints[name])[:12]}, cover-1, key-elements-1" in row["annotator"]
        assert (row["key_elements"] is None) == any(note.startswith(UNKNOWN) for note in row["notes"])
        for element in row["key_elements"] or ():
            assert element["kind"] in tuple(Kind) and element["weight"] in (0, 1, pytest.approx(0.3))
            assert 0 <= element["box"][0] < element["box"][2] <= 1

    def unwanted(*_: Any) -> None:
        raise AssertionError("a model is built though nothing changed")

    monkeypatch.setattr(annotators, "pointer", unwanted)
    again = run_covers(config, manifest, output)
    assert (again["unchanged"], again["computed"]) == (4, 0)
    unread = sum(row["key_elements"] is None for row in rows)
    assert first["key_elements_unread"] == again["key_elements_unread"] == unread
    assert published(output) == rows
    smaller = config.model_copy(update={"place": config.place.model_copy(update={"max_font": 0.06})})
    anew = run_covers(smaller, manifest, output)
    assert anew["computed"] == 4, "covers are placed anew by the elements of before"
    kept = ("key_elements", "annotator", "notes")
    assert [[row[key] for key in kept] for row in published(output)] == [[row[key] for key in kept] for row in rows]


def test_in_a_mixed_night_covers_alone_are_pointed_at(checkpoints: dict[str, Path], tmp_path: Path) -> None:
    manifest = shop(
        tmp_path,
        {"image": "0.jpg", "title": "静音破壁机"},
        {"image": "1.jpg", **COVER},
        {"image": "2.jpg", "title": "静音破壁机", "application": "marketing"},
    )
    config: LayoutsConfig = settings(protect=protect(checkpoints["internvl2"]), cover={"canvases": ["1:1"]})
    output = str(tmp_path / "out")
    run_layouts(config, manifest, output)
    poster, cover, ad = published(output)
    assert poster["key_elements"] is ad["key_elements"] is None
    assert "cover-1" not in poster["annotator"]
    assert "cover-1" in cover["annotator"] and cover["accepted"] is not None
    second = run_layouts(
        config.model_copy(update={"protect": config.protect.model_copy(update={"engine": "ocr"})}), manifest, output
    )
    assert (second["computed"], second["unchanged"]) == (1, 2)
    assert published(output)[1]["key_elements"] is None


class Points:
    """A language model that names what lies in the upper half; late with dark pictures, unreadable of light ones."""

    def point(self, images: list[Any]) -> list[Any]:
        upper = (KeyElement(Kind.FACE, "somebody", (0.0, 0.0, 0.9, 0.44)),)
        said = {0: upper, 1: Fault("unparsable_answer", "answer is cut off", "[{"), 2: Fault("deadline", "late")}
        return [said[int(image[0, 0, 0]) // 100] for image in images]


def test_titles_go_elsewhere_and_faults_end_where_they_should(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import numpy as np
    from PIL import Image

    for number, light in enumerate((30, 130, 230)):
        picture = np.full((320, 320, 3), light, np.uint8)
        picture[280:300, 140:180] = 255 - light
        (tmp_path / f"{number}.jpg").write_bytes(encoded(Image.fromarray(picture)))
    rows = [{"product_id": f"p{n}", "cover": f"{n}.jpg", "title": "三分钟学会", "ratios": ["1:1"]} for n in range(3)]
    manifest = write_manifest(tmp_path, rows)
    monkeypatch.setattr(annotators, "pointer", lambda *_: (Points(), "points-1"))
    summary = run_covers(covers("embedded", zones={}), manifest, str(tmp_path / "out"))
    first, second = published(str(tmp_path / "out"))
    (title,) = (element for element in first["elements"] if element["role"] == "title")
    (free,) = (element for element in second["elements"] if element["role"] == "title")
    assert title["box"][1] >= 0.44 > free["box"][1]
    assert second["key_elements"] is None and f"{UNKNOWN}: answer is cut off" in second["notes"]
    assert summary["failed"] == {"point": {"deadline": 1}}
    assert summary["key_elements_unread"] == 1
    assert [row["kind"] for row in dead(str(tmp_path / "out"), summary["run_id"])] == ["deadline"]


def test_a_checkpoint_that_can_not_be_used_is_told_before_anything_is_written(
    checkpoints: dict[str, Path], tmp_path: Path
) -> None:
    manifest = shop(tmp_path, {"cover": "0.jpg", "title": "一"})
    original = checkpoints["original"]
    reading = {"engine": "grounded", "model": str(original)}
    mixed = settings(protect=protect(original), cover={"canvases": ["1:1"]})
    annotations = AnnotateConfig.model_validate({"annotate": reading})
    runs = (("protect", run_covers, covers(original)), ("protect", run_layouts, mixed))
    for section, run, config in (*runs, ("annotate", run_annotations, annotations)):
        with pytest.raises(RunError, match=rf"{section}\.model.*convert it once: python -m jobs\.convert {original}"):
            run(config, manifest, str(tmp_path / "out"))
    assert not (tmp_path / "out").exists()
