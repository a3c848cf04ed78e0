"""The whole way of what a designer decides and prefers: two nights, the gallery that compares them, what is exported
there, a data set, a training, and the next night, which serves what was learnt."""

import json
from functools import partial
from pathlib import Path

import pytest

from layoutgen import pipelines
from layoutgen.config.base import Pool
from layoutgen.config.jobs import EvaluateConfig
from layoutgen.config.stages import ComposeSettings
from layoutgen.config.training import ExamplesConfig
from layoutgen.core import feedback
from layoutgen.core.gallery import files as gallery
from layoutgen.evaluation.adoption import evaluate_adoption
from layoutgen.evaluation.preferences import evaluate_preferences
from layoutgen.io.storage import Storage
from layoutgen.io.tables import published_runs
from layoutgen.streaming import in_process
from layoutgen.training.gathering import gather
from layoutgen.training.retraining import retrain
from tests.browser import Browser, find
from tests.drawn import encoded, photo
from tests.pipeline import runs
from tests.pipeline.retraining import base_of, settings
from tests.pipeline.runs import published, write_manifest

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(find() is None, reason="no chromium, chrome or google-chrome on PATH"),
]
PRODUCTS = 12
CHOICES = ("ArrowLeft", "ArrowRight", "ArrowLeft", "t")
run_layouts = partial(pipelines.run_layouts, stream=in_process)


def decided_in_the_gallery(rows, before, folder: Path) -> tuple[str, str]:
    """What a designer exports who rejects every sixth layout for two reasons, edits every fourth, adopts the rest, and
    then says of the first pairs with the night before that the left one, the right one, neither is better."""
    names = {"rows": rows[0]["run_id"], "against": before[0]["run_id"]}
    others = {"against": gallery.OtherRows(before, names["against"], {"names": names})}
    for name, content in gallery.files(rows, [], rows[0]["run_id"], others=others):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    (folder / "browser").mkdir()
    with Browser(folder / "browser") as page:
        page.open((folder / "index.html").as_uri())
        page.set("#annotator", "Mei")
        page.focus(".card")
        page.press("Enter")
        for number in range(len(rows)):
            page.wait(f"document.querySelector('#viewer .bar .quiet')?.textContent.startsWith('{number + 1} of')")
            if number % 6 == 5:
                page.press("1", "6", "r")
            elif number % 4 == 3:
                page.press("6", "e")
                page.wait("document.querySelectorAll('.handle').length > 0")
                page.press("ArrowRight", "ArrowDown", "Enter")
            else:
                page.press("a")
            page.wait(f"gallery.decisions.count() === {number + 1}")
        page.press("Escape")
        page.click("#comparing")
        page.wait("gallery.by('compare').open")
        assert page.run("gallery.pairs.all.length") == len(rows)
        for number, key in enumerate(CHOICES, 1):
            page.press(key)
            page.wait(f"gallery.pairs.exported().split('\\n').length === {number + 1}")
        assert page.errors == []
        return page.run("gallery.decisions.exported()"), page.run("gallery.pairs.exported()")


def test_decisions_of_a_night_are_learnt_and_serve_the_next(tmp_path: Path) -> None:
    for number in range(PRODUCTS):
        (tmp_path / f"{number}.jpg").write_bytes(encoded(photo(seed=number)))
    products = [
        {"product_id": f"v{i}", "image": f"{i}.jpg", "title": f"Kettle {i}", "selling_points": ["1.5 l", "$12"]}
        for i in range(PRODUCTS)
    ]
    manifest, output = write_manifest(tmp_path, products), str(tmp_path / "out")
    nights = []
    for style in ("tech", "plain"):
        assert run_layouts(runs.settings(style={"use": style}), manifest, output)["computed"] == PRODUCTS
        nights.append(published_runs.read(Storage(), output).to_pylist())

    exported, preferred = decided_in_the_gallery(nights[1], nights[0], tmp_path / "gallery")
    decisions, errors = feedback.read(exported)
    assert errors == []
    counts = {name: [one.decision for one in decisions].count(name) for name in feedback.DECISIONS}
    assert counts == {"adopt": 8, "edit": 2, "reject": 2}
    (tmp_path / "feedback.jsonl").write_text(exported, encoding="utf-8")
    report = evaluate_adoption(
        EvaluateConfig(), Storage(), output, str(tmp_path / "feedback.jsonl"), str(tmp_path / "r")
    )
    assert report["adoption_rate"]["value"] == pytest.approx(10 / 12)

    (tmp_path / "preferences.jsonl").write_text(preferred, encoding="utf-8")
    compared = evaluate_preferences(
        EvaluateConfig(), Storage(), str(tmp_path / "preferences.jsonl"), str(tmp_path / "p")
    )
    assert (compared["choices"], compared["malformed"]) == (len(CHOICES), 0)
    ((sides, rates),) = compared["win_rates"].items()
    assert all(night[0]["run_id"] in sides and night[0]["run_id"] in rates for night in nights)

    select = {"shares": [0.5, 0.25, 0.25]}
    data = gather(
        ExamplesConfig.model_validate({"select": select}), str(tmp_path / "sets"), layouts=output,
        decisions=str(tmp_path / "feedback.jsonl"), preferences=str(tmp_path / "preferences.jsonl"), stream=in_process,
    )  # fmt: skip
    assert data["by_source"] == {"adopt": 6, "edit": 2, "preference": 3}, "two adopted layouts are also preferred ones"
    assert data["preferences"] == 5, "an edit of a crowded layout says that ours was worse, a choice that the other is"
    card = json.loads((Path(data["data"]) / "card.json").read_text())
    assert card["by_reason"] == {"crowded": 4, "title_too_small": 2}
    assert card["by_annotator"] == {"Mei": 11}

    learnt = settings(base_of(tmp_path / "base"), Path(data["data"]), steps=2)
    summary = retrain(learnt, str(tmp_path / "runs"), str(tmp_path / "adapters"), force=True, in_process=True)
    assert summary["promoted"]
    compose = ComposeSettings(
        engine="qwen_vl", model=str(tmp_path / "base"), adapter="registry:poster", registry=str(tmp_path / "adapters"),
        image_side=56, max_new_tokens=400,
    )  # fmt: skip
    small = Pool(size=1, num_cpus=0.2).model_dump()
    night = runs.settings(compose={**compose.model_dump(), "pool": small, "prepare": small})
    assert run_layouts(night, manifest, output)["computed"] == PRODUCTS
    serving = f"{tmp_path}/adapters/poster/{summary['version']}"
    # Of two steps' answers some can't be laid out; rules lay these rows out.
    assert serving in {(row["adapter"] or "").partition(" ")[0] for row in published(output)} <= {serving, ""}
