"""Published sets, built small with their known faults, become data sets; what can't be learnt from is counted."""

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from layoutgen.config.training import DataSettings, IngestConfig, RetrainConfig
from layoutgen.core.layout import Role, iou
from layoutgen.io.storage import Storage
from layoutgen.models.vlm.checkpoints import GIVEN_RECORD
from layoutgen.streaming import in_process
from layoutgen.training import ingesting
from layoutgen.training.data.datasets import read_snapshot
from layoutgen.training.data.opening import open_data
from layoutgen.training.examples.about import DataSetError
from layoutgen.training.examples.examples import REASONS
from layoutgen.training.published.records import PublishedError
from layoutgen.training.retraining import retrain
from tests.pipeline.retraining import base_of, settings, undisturbed
from tests.training.published import sets
from tests.training.published.sets import BUILDERS, LICENCE, POSTERS, TOLD, drawn

pytestmark = pytest.mark.slow
ALL = {"shares": [1, 0, 0]}
SHARES = {"shares": [0.5, 0.25, 0.25], "salt": "134"}
READ = ("pku", "cgl")  # the others say their texts

DROPPED = {
    "pku": {"box_outside": 1, "count_differs": 1, "image_gone": 1, "not_annotated": 1, "unknown_role": 1},
    "cgl": {"duplicate_id": 2, "image_missing": 1},
    "cgl2": {"text_unknown": 1},
    "radm": {"text_unknown": 1},
    "crello": {"rotated": 1},
    "qbposter": {"box_broken": 1},
    "labelstudio": {"not_a_box": 1, "not_annotated": 1, "rotated": 1, "several_classes": 1},
    "coco": {"image_missing": 1, "not_annotated": 1},
}
MENDED = {
    "pku": {"cut": 1, "empty": 1, "reordered": 5, "repeated": 1},
    "cgl": {"highlight": 1},
    "qbposter": {"unknown_class": 1},
    "labelstudio": {"other_annotation": 1},
    "coco": {"unknown_class": 1},
}
_TEXTS = {"logo": 1, "selling_point": 1, "subtitle": 1, "title": 1, "underlay": 1}
ROLES = {
    **dict.fromkeys(DROPPED, _TEXTS),
    "crello": {"selling_point": 1, "subtitle": 1, "title": 1},
    "labelstudio": {"logo": 1, "selling_point": 2, "title": 1, "underlay": 1},
}


def ingest(folder: Path, form: Any, output: Path, **more: Any) -> dict[str, Any]:
    shares = more.pop("shares", SHARES)
    config = IngestConfig.model_validate({"select": shares, "reader": "ocr" if form in READ else "none"})
    if (labels := folder / "labels.toml").exists():
        more = {"labels": str(labels), **more}
    return ingesting.ingest(config, form, str(folder), str(output), stream=in_process, **{"licence": LICENCE, **more})


@pytest.fixture(scope="module")
def ingested(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The summary of each form's small set, made when it is first asked for."""
    root, summaries = tmp_path_factory.mktemp("published"), {}

    def of_form(form: str) -> dict[str, Any]:
        if form not in summaries:
            BUILDERS[form](root / form)
            summaries[form] = ingest(root / form, form, root / f"sets-{form}")
        return summaries[form]

    return of_form


@pytest.mark.parametrize("form", BUILDERS)
def test_every_poster_is_learnt_or_counted_and_training_reads_them(ingested: Any, form: str) -> None:
    summary = ingested(form)
    whole = POSTERS if form in READ else TOLD
    assert (summary["examples"], summary["by_source"]) == (whole, {"poster": whole})
    assert summary["dropped"] == DROPPED[form]
    assert set(summary["dropped"]) <= set(REASONS)
    card = json.loads((Path(summary["data"]) / "card.json").read_text())
    assert card.get("mended", {}) == MENDED.get(form, {})
    assert card["licence"] == f"{form}: {LICENCE}"
    assert card["by_role"] == {role: whole * count for role, count in ROLES[form].items()}
    assert not list(Path(summary["data"]).parent.rglob("_making/*/*"))
    data = open_data(DataSettings(source=summary["data"], side=448), "", Storage(), lambda width, height: (126, 182))
    data.check()
    sample = data.train.sample(0, 0)
    assert sample.pixels.shape == (182, 126, 3)
    assert "Ready in" in sample.answer
    assert data.card["licence"] == card["licence"]


@pytest.mark.parametrize("form", BUILDERS)
def test_texts_and_boxes_are_those_that_were_drawn(ingested: Any, form: str) -> None:
    """Poster 0 has a turned box, or ornaments or unknown classes besides; 1 swapped corners, or classes as choices."""
    examples = [e for split in read_snapshot(Storage(), ingested(form)["data"]).splits.values() for e in split]
    names = {"pku": "train/{}.png", "cgl": "O1CN_{}!!x.jpg", "cgl2": "O1CN_{}!!x_mask002.jpg", "crello": "5d{}"}
    names |= {"radm": names["cgl2"], "qbposter": "vid{}", "labelstudio": "{}", "coco": "poster{}.jpg"}
    by_id = {example.row_id: example for example in examples}
    for number in (0, 1, 2, POSTERS - 1):
        example = by_id[names[form].format(number + (form == "pku"))]
        texts = [(text, box) for _, box, text in drawn(number).elements if text]
        assert example.copy.title == texts[0][0]
        assert {element.text for element in example.target} - {""} == {text for text, _ in texts}
        for text, box in texts:
            (element,) = (element for element in example.target if element.text == text)
            normal = tuple(v / side for v, side in zip(box, (sets.WIDTH, sets.HEIGHT) * 2, strict=True))
            assert iou(element.box, normal) > 0.95


@pytest.mark.parametrize(
    "form", [pytest.param(form, marks=() if form == "crello" else pytest.mark.nightly) for form in BUILDERS]
)
def test_a_retraining_learns_from_the_set(ingested: Any, form: str, tmp_path: Path) -> None:
    learnt = settings(base_of(tmp_path / "base"), Path(ingested(form)["data"]), steps=1)
    learnt = RetrainConfig.model_validate(
        {**learnt.model_dump(), "data": {"source": ingested(form)["data"], "fixed": 2}}
    )
    summary = retrain(learnt, str(tmp_path / "runs"), str(tmp_path / "adapters"), force=True, in_process=True)
    card = json.loads((Path(summary["adapter"]) / "card.json").read_text())
    assert card["data"]["examples"] == ingested(form)["sha"]
    assert card["data"]["licence"] == f"{form}: {LICENCE}"


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return base_of(tmp_path_factory.mktemp("base"))


@pytest.mark.parametrize("form", [form for form in BUILDERS if form != "crello"])
def test_a_step_is_learnt_from_every_other_set(ingested: Any, base: Path, form: str, tmp_path: Path) -> None:
    """As jobs.retrain trains, without its judging, which the nightly test above has."""
    source = ingested(form)["data"]
    learnt = settings(base, Path(source), steps=1).model_dump()
    data = {"source": source, "fixed": 2, "augment": {"draw_given": form == "coco"}}
    config = RetrainConfig.model_validate({**learnt, "data": data})
    outcome = undisturbed(config, tmp_path / "run")
    assert outcome["steps"] == 1 and outcome["stopped"] is None
    lines = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if line["kind"] == "step"]
    given = tmp_path / "run" / outcome["folder"] / GIVEN_RECORD
    assert given.exists() is (form == "coco")  # so that serving draws what is given, too
    assert losses and all(math.isfinite(loss) and loss > 0 for loss in losses)


def test_a_set_of_which_every_poster_is_erased_badly_is_refused(tmp_path: Path) -> None:
    """Boxes are about half as wide as their texts, whose ends stay and can be read."""
    sets.pku(tmp_path / "pku", 3)
    table = tmp_path / "pku" / "annotation" / "train_csv_9973.csv"
    for canvas in (tmp_path / "pku" / "train" / "inpainted_poster").iterdir():
        canvas.unlink()
    rows = table.read_text().splitlines()
    moved = [rows[0]]
    for row in rows[1:]:
        path, total, kind, *box = row.replace('"', "").split(",")
        x1, y1, x2, y2 = (int(float(side.strip(" []"))) for side in box)
        moved.append(f'{path},{total},{kind},"[{x1}, {y1}, {x1 + (x2 - x1) * 11 // 20}, {y2}]"')
    table.write_text("\n".join(moved))
    with pytest.raises(DataSetError, match=r"every poster is erased badly .*its boxes are not where its texts are"):
        ingest(tmp_path / "pku", "pku", tmp_path / "sets")
    assert not list((tmp_path / "sets").rglob("card.json"))


def test_an_erased_canvas_that_still_shows_its_text_is_not_learnt_from(tmp_path: Path) -> None:
    sets.cgl(tmp_path / "cgl", 3)
    for number in range(3):
        made = drawn(number)
        shifted = Image.fromarray(np.roll(np.asarray(made.poster), 48, axis=0))  # letters beside their boxes
        path = tmp_path / "cgl" / "inpainted" / f"O1CN_{number}!!x.png"
        path.parent.mkdir(exist_ok=True)
        shifted.save(path)
    summary = ingest(tmp_path / "cgl", "cgl", tmp_path / "sets", shares=ALL)
    card = json.loads((Path(summary["data"]) / "card.json").read_text())
    assert card["mended"]["canvas_badly_erased"] == 3
    (examples,) = (examples for examples in read_snapshot(Storage(), summary["data"]).splits.values() if examples)
    assert all("layout_imgs" in example.image for example in examples)
    assert {element.role for element in examples[0].target} >= {Role.TITLE, Role.LOGO, Role.UNDERLAY}


@pytest.mark.parametrize(("form", "numbers"), [("cgl", {"logo": 2, "text": 1, "underlay": 3}), ("pku", None)])
def test_classes_that_are_numbered_as_in_the_other_set_are_seen(form: str, numbers: Any, tmp_path: Path) -> None:
    """A file of CGL with PKU's numbers and no names, and the other way round."""
    if form == "cgl":
        sets.cgl(tmp_path / form, 3, names=None)
        path = tmp_path / form / "layout_train_6w_fixed_v2.json"
        whole = json.loads(path.read_text())
        names = {number: name for name, number in sets.CGL_NUMBERS.items()}
        for annotation in (a for part in whole["annotations"] for a in part):
            annotation["category_id"] = numbers.get(names.get(annotation["category_id"]), annotation["category_id"])
        path.write_text(json.dumps(whole))
    else:
        sets.pku(tmp_path / form, 3)
        path = tmp_path / form / "annotation" / "train_csv_9973.csv"
        other = {"1": "2", "2": "1"}
        rows = [row.split(",", 3) for row in path.read_text().splitlines()]
        path.write_text("\n".join(",".join([*row[:2], other.get(row[2], row[2]), row[3]]) for row in rows))
    with pytest.raises(PublishedError, match="its classes are numbered otherwise than this form's; say what they are"):
        ingest(tmp_path / form, form, tmp_path / "sets")
    assert not list((tmp_path / "sets").rglob("*.parquet"))


def test_names_in_the_file_go_before_the_form_s_numbers_and_the_user_s_before_both(tmp_path: Path) -> None:
    sets.qbposter(tmp_path / "qb", 3)
    table = tmp_path / "table.json"
    table.write_text(json.dumps({"sticker": "ignore", "Item": "erase", "text": "disclaimer"}))
    summary = ingest(tmp_path / "qb", "qbposter", tmp_path / "sets", labels=str(table), shares=ALL)
    card = json.loads((Path(summary["data"]) / "card.json").read_text())
    assert "mended" not in card
    assert card["by_role"]["other"] == 3, "a disclaimer is learnt as another text"
    table.write_text('{"text": "headline"}')
    with pytest.raises(PublishedError, match=r"table.json says 'headline' of the class 'text'; say one of title"):
        ingest(tmp_path / "qb", "qbposter", tmp_path / "sets", labels=str(table), shares=ALL)


def test_numbers_of_types_that_nobody_names_are_refused_and_px_are_taken(tmp_path: Path) -> None:
    sets.crello(tmp_path / "plain", 3, names=None)
    with pytest.raises(PublishedError, match="does not say what its numbers of `type` mean; say it with --labels"):
        ingest(tmp_path / "plain", "crello", tmp_path / "sets")
    sets.crello(tmp_path / "px", 3, names=["ImageElement", "TextElement", "SvgElement"], px=True)
    assert ingest(tmp_path / "px", "crello", tmp_path / "sets", shares=ALL)["examples"] == 3


@pytest.mark.parametrize(
    ("files", "licence", "expected"),
    [
        ({"README.md": "---\nlicense:\n- cc-by-nc-4.0\nlanguage: zh\n---\n# A set\n"}, None, "cc-by-nc-4.0"),
        ({"README.md": "---\nlicense: mit\n---\n", "LICENSE": "Other"}, "CC0", "CC0"),
        ({"LICENSE.txt": "\n# Community Data License 2.0\nText"}, None, "Community Data License 2.0"),
        ({"README.md": "---\nlicense: unknown\n---\n"}, None, None),
        ({}, "  ", None),
    ],
)
def test_a_licence_is_given_or_read_or_asked_for(files: Any, licence: Any, expected: Any, tmp_path: Path) -> None:
    sets.qbposter(tmp_path / "qb", 3)
    for name, text in files.items():
        (tmp_path / "qb" / name).write_text(text)
    if expected is None:
        with pytest.raises(PublishedError, match=r"nobody says under which licence .* give it with --licence"):
            ingest(tmp_path / "qb", "qbposter", tmp_path / "sets", licence=licence, shares=ALL)
        return
    summary = ingest(tmp_path / "qb", "qbposter", tmp_path / "sets", licence=licence, shares=ALL)
    assert read_snapshot(Storage(), summary["data"]).licence == f"qbposter: {expected}"


@pytest.mark.parametrize(
    ("form", "name", "content", "message"),
    [
        ("pku", "a.csv", "poster,cls\n1,2\n", r"a.csv has the columns \['poster', 'cls'\], PKU's are poster_path"),
        ("pku", "a.png", "", "has no CSV file such as train_csv_9973.csv"),
        ("cgl", "a.json", "[1]", "has no JSON file with `images` and `annotations`"),
        ("coco", "a.json", "{", "a.json is no JSON"),
        ("radm", "texts/train.txt", "no literal\n", "has no JSON file with `images`"),
        ("crello", "a.parquet", "no parquet", "a.parquet is no readable Parquet file"),
        ("crello", "a.txt", "", "has no Parquet file"),
        ("qbposter", "a.json", "{}", "has no annotation.json of QB-Poster"),
        ("labelstudio", "a.json", '[{"image": 1}]', "export as JSON, not as JSON-MIN"),
    ],
)
def test_what_is_no_set_of_the_form_is_told(form: Any, name: str, content: str, message: str, tmp_path: Path) -> None:
    path = tmp_path / "set" / name
    path.parent.mkdir(parents=True)
    path.write_text(content)
    with pytest.raises(PublishedError, match=message):
        ingest(tmp_path / "set", form, tmp_path / "sets")
    with pytest.raises(PublishedError, match="there is no file below"):
        ingest(tmp_path / "nothing", form, tmp_path / "sets")
